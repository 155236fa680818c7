/* draft_columns.c -- columns that a draft adds, drops, renames or changes. */
#include "draft_impl.h"

#include <inttypes.h>
#include <string.h>

#include "copy.h"
#include "draft_columns.h"

/* ---- checks ---- */

static LdbStatus
find_column(const LdbDraft *draft, const char *name, size_t *column, LdbError *err)
{
	long found = ldb_schema_index(draft->schema, name);

	if (found < 0)
		LDB_FAIL(err, LDB_NOT_FOUND, "column \"%s\" does not exist in table \"%s\"", name,
				 draft->uri);
	*column = (size_t) found;
	return LDB_OK;
}

/* Columns of types that this build does not read have names, too. */
static LdbStatus
check_new_name(const LdbDraft *draft, const char *name, LdbError *err)
{
	const LdbManifest *manifest =
		draft->content->dataset == NULL ? NULL : draft->content->dataset->manifest;
	bool taken = ldb_schema_index(draft->schema, name) >= 0;

	for (size_t i = 0; manifest != NULL && i < manifest->unread_count; i++)
		taken |= strcmp(manifest->unread[i].name, name) == 0;
	if (taken)
		LDB_FAIL(err, LDB_INVALID, "column \"%s\" exists already in table \"%s\"", name,
				 draft->uri);
	return LDB_OK;
}

/* ---- new schemas ---- */

/* The columns as they are, in a list of their own with room for one more. */
static LdbStatus
copy_list(LdbDraft *draft, LdbSchema **schema, LdbError *err)
{
	const LdbSchema *old = draft->schema;
	LdbSchema *made;

	LDB_NEW(draft->arena, made, 1, err);
	LDB_NEW(draft->arena, made->fields, old->field_count + 1, err);
	made->field_count = old->field_count;
	if (old->field_count > 0)
		memcpy(made->fields, old->fields, old->field_count * sizeof made->fields[0]);
	*schema = made;
	return LDB_OK;
}

static LdbStatus
give_ids(LdbField *field, int32_t parent, int32_t *next, LdbError *err)
{
	if (*next == INT32_MAX)
		LDB_FAIL(err, LDB_UNSUPPORTED, "there are no more ids for columns");
	field->id = (*next)++;
	field->parent_id = parent;
	for (size_t i = 0; i < field->child_count; i++)
		LDB_TRY(give_ids(field->children[i], field->id, next, err));
	return LDB_OK;
}

LdbStatus
ldb_draft_new_field(LdbDraft *draft, const LdbField *field, LdbField **made, LdbError *err)
{
	LDB_TRY(ldb_field_copy(field, draft->arena, made, err));
	return give_ids(*made, -1, &draft->next_field_id, err);
}

LdbStatus
ldb_draft_schema_with(LdbDraft *draft, LdbField *field, const char *replaces, LdbSchema **schema,
					  LdbError *err)
{
	size_t column = draft->schema->field_count;

	if (replaces != NULL)
		LDB_TRY(find_column(draft, replaces, &column, err));
	if (replaces == NULL || strcmp(replaces, field->name) != 0)
		LDB_TRY(check_new_name(draft, field->name, err));
	LDB_TRY(copy_list(draft, schema, err));
	(*schema)->fields[column] = field;
	if (replaces == NULL)
		(*schema)->field_count++;
	return LDB_OK;
}

static LdbStatus
use_schema(LdbDraft *draft, const LdbSchema *schema, LdbMark mark, LdbError *err)
{
	LdbDraftEntry *entry;

	LDB_TRY(ldb_draft_reserve_entry(draft, err));
	entry = ldb_draft_add_entry(draft, LDB_DRAFT_SCHEMA, ldb_draft_mark(draft, mark));
	entry->schema = draft->schema;
	draft->schema = schema;
	return LDB_OK;
}

/* ---- changes ---- */

LdbStatus
ldb_draft_add_column(LdbDraft *draft, const LdbField *field, LdbMark mark, LdbError *err)
{
	LdbSchema *schema;
	LdbField *made;

	LDB_TRY(ldb_draft_new_field(draft, field, &made, err));
	LDB_TRY(ldb_draft_schema_with(draft, made, NULL, &schema, err));
	return use_schema(draft, schema, mark, err);
}

LdbStatus
ldb_draft_drop_column(LdbDraft *draft, const char *name, LdbMark mark, LdbError *err)
{
	LdbSchema *schema;
	size_t column;

	LDB_TRY(find_column(draft, name, &column, err));
	LDB_TRY(copy_list(draft, &schema, err));
	schema->field_count--;
	memmove(schema->fields + column, schema->fields + column + 1,
			(schema->field_count - column) * sizeof schema->fields[0]);
	return use_schema(draft, schema, mark, err);
}

/* A copy of the column that the schema has in place of it. */
static LdbStatus
copy_column(LdbDraft *draft, const char *name, LdbSchema **schema, LdbField **made, LdbError *err)
{
	size_t column;

	LDB_TRY(find_column(draft, name, &column, err));
	LDB_TRY(copy_list(draft, schema, err));
	LDB_TRY(ldb_field_copy_shallow(draft->schema->fields[column], draft->arena, made, err));
	(*schema)->fields[column] = *made;
	return LDB_OK;
}

LdbStatus
ldb_draft_rename_column(LdbDraft *draft, const char *name, const char *new_name, LdbMark mark,
						LdbError *err)
{
	LdbSchema *schema;
	LdbField *made;

	LDB_TRY(check_new_name(draft, new_name, err));
	LDB_TRY(copy_column(draft, name, &schema, &made, err));
	made->name = ldb_arena_strdup(draft->arena, new_name);
	if (made->name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the name of a column");
	return use_schema(draft, schema, mark, err);
}

LdbStatus
ldb_draft_change_column(LdbDraft *draft, const char *name, const LdbField *field, LdbMark mark,
						LdbError *err)
{
	LdbSchema *schema;
	LdbField *made, *wanted;

	LDB_TRY(copy_column(draft, name, &schema, &made, err));
	LDB_TRY(ldb_field_copy_shallow(field, draft->arena, &wanted, err));
	made->nullable = wanted->nullable;
	made->metadata_count = wanted->metadata_count;
	made->metadata_keys = wanted->metadata_keys;
	made->metadata_values = wanted->metadata_values;
	return use_schema(draft, schema, mark, err);
}
