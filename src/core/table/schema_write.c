/* schema_write.c -- see schema_write.h. */
#include "schema_write.h"

#include <string.h>

typedef struct Builder
{
	const LdbFieldMessages *old;
	LdbArena *arena;
	LdbFieldMessages *fields;
} Builder;

static char *
copy_text(LdbArena *arena, const char *text)
{
	return ldb_arena_strdup(arena, text == NULL ? "" : text);
}

static const Ldb__Field *
find_old(const LdbFieldMessages *old, int32_t id)
{
	for (size_t i = 0; i < old->count; i++)
	{
		if (old->items[i]->id == id)
			return old->items[i];
	}
	return NULL;
}

static LdbStatus
set_metadata(const LdbField *field, LdbArena *arena, Ldb__Field *message, LdbError *err)
{
	message->n_metadata = field->metadata_count;
	LDB_NEW(arena, message->metadata, field->metadata_count, err);
	for (size_t i = 0; i < field->metadata_count; i++)
	{
		LdbSlice value = field->metadata_values[i];
		Ldb__MetadataEntry *entry;

		LDB_NEW(arena, entry, 1, err);
		ldb__metadata_entry__init(entry);
		entry->key = copy_text(arena, field->metadata_keys[i]);
		entry->has_value = true;
		entry->value.len = value.length;
		entry->value.data = ldb_arena_copy(arena, value.data, value.length);
		if (entry->key == NULL || entry->value.data == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for a schema");
		message->metadata[i] = entry;
	}
	return LDB_OK;
}

static LdbStatus
build_message(const Builder *builder, const LdbField *field, int32_t parent_id, Ldb__Field **result,
			  LdbError *err)
{
	const Ldb__Field *old = find_old(builder->old, field->id);
	Ldb__Field *message;

	LDB_NEW(builder->arena, message, 1, err);
	if (old == NULL)
		ldb__field__init(message);
	else
		*message = *old;
	message->name = copy_text(builder->arena, field->name);
	message->logical_type = copy_text(builder->arena, field->logical_type);
	if (message->name == NULL || message->logical_type == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a schema");
	message->has_id = message->has_parent_id = message->has_nullable = true;
	message->id = field->id;
	message->parent_id = parent_id;
	message->nullable = field->nullable;
	*result = message;
	return set_metadata(field, builder->arena, message, err);
}

/* Recursion ends at the depth that schemas may have. */
static LdbStatus
add_field(const Builder *builder, const LdbField *field, int32_t parent_id, LdbError *err)
{
	LdbFieldMessages *fields = builder->fields;

	LDB_TRY(build_message(builder, field, parent_id, &fields->items[fields->count], err));
	fields->count++;
	for (size_t i = 0; i < field->child_count; i++)
		LDB_TRY(add_field(builder, field->children[i], field->id, err));
	return LDB_OK;
}

static bool
is_unread(const char *name, const LdbUnreadColumn *unread, size_t unread_count)
{
	for (size_t i = 0; i < unread_count; i++)
	{
		if (strcmp(unread[i].name, name == NULL ? "" : name) == 0)
			return true;
	}
	return false;
}

/* Fields come depth first, so what follows a top-level column belongs to it. */
static void
add_unread(const Builder *builder, const LdbUnreadColumn *unread, size_t unread_count)
{
	LdbFieldMessages *fields = builder->fields;
	bool below = false;

	for (size_t i = 0; i < builder->old->count; i++)
	{
		Ldb__Field *message = builder->old->items[i];

		if (message->parent_id == -1)
			below = is_unread(message->name, unread, unread_count);
		if (below)
			fields->items[fields->count++] = message;
	}
}

LdbStatus
ldb_schema_messages(const LdbSchema *schema, const LdbFieldMessages *old,
					const LdbUnreadColumn *unread, size_t unread_count, LdbArena *arena,
					LdbFieldMessages *fields, LdbError *err)
{
	Builder builder = {old, arena, fields};
	size_t most = old->count;

	*fields = (LdbFieldMessages){0};
	for (size_t i = 0; i < schema->field_count; i++)
		most += ldb_field_count(schema->fields[i]);
	LDB_NEW(arena, fields->items, most, err);
	for (size_t i = 0; i < schema->field_count; i++)
		LDB_TRY(add_field(&builder, schema->fields[i], -1, err));
	add_unread(&builder, unread, unread_count);
	return LDB_OK;
}

LdbStatus
ldb_data_file_message(const LdbDataFile *file, LdbArena *arena, Ldb__DataFile **result,
					  LdbError *err)
{
	size_t bytes = file->field_count * sizeof(int32_t);
	Ldb__DataFile *message;

	LDB_NEW(arena, message, 1, err);
	ldb__data_file__init(message);
	message->path = copy_text(arena, file->path);
	message->n_fields = message->n_column_indices = file->field_count;
	message->fields = ldb_arena_copy(arena, file->field_ids, bytes);
	message->column_indices = ldb_arena_copy(arena, file->column_indices, bytes);
	if (message->path == NULL || message->fields == NULL || message->column_indices == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the data file \"%s\"", file->path);
	message->has_file_major_version = message->has_file_minor_version = true;
	message->file_major_version = file->major;
	message->file_minor_version = file->minor;
	message->has_file_size_bytes = file->size_bytes != 0;
	message->file_size_bytes = file->size_bytes;
	message->has_base_id = file->base_id != LDB_NO_BASE;
	message->base_id = file->base_id;
	*result = message;
	return LDB_OK;
}
