/* columns.c -- which columns a foreign table gets when nobody says which. */
#include "fdw/fdw.h"

#include "catalog/heap.h"
#include "mb/pg_wchar.h"
#include "nodes/value.h"
#include "utils/builtins.h"

#include "lancedb/convert.h"

/* Room for "_" and the digits of a count. */
#define SUFFIX_BYTES 12

static bool
is_system_column(const char *name)
{
	return SystemAttributeByName(name) != NULL;
}

static bool
is_taken(const char *name, List *taken)
{
	return is_system_column(name) || list_member(taken, makeString(pstrdup(name)));
}

static char *
clipped(const char *name, int bytes)
{
	return pnstrdup(name, pg_mbcliplen(name, (int) strlen(name), bytes));
}

char *
lancedb_free_name(char *wanted, List *taken)
{
	char *name;

	if (*wanted == '\0')
		wanted = "column";
	name = clipped(wanted, NAMEDATALEN - 1);
	for (int i = 1; is_taken(name, taken); i++)
	{
		char suffix[SUFFIX_BYTES];

		snprintf(suffix, sizeof(suffix), "_%d", i);
		name = psprintf("%s%s", clipped(wanted, NAMEDATALEN - 1 - (int) strlen(suffix)), suffix);
	}
	return name;
}

/* The name as it is, when PostgreSQL can have it, or NULL. */
static char *
plain_name(char *name, List *taken)
{
	if (*name == '\0' || strlen(name) >= NAMEDATALEN || is_taken(name, taken))
		return NULL;
	return name;
}

static void
leave_out(StringInfo list, const char *name, const char *type)
{
	appendStringInfo(list, "%s\"%s\" (%s)", list->len == 0 ? "" : ", ", lancedb_message_text(name),
					 lancedb_message_text(type));
}

/* A column that cannot be had: no type, no name, or another column has the name already. */
static bool
is_mappable(const LdbSchema *schema, size_t i, LancedbInferredColumn *column)
{
	const LdbField *field = schema->fields[i];

	return lancedb_default_type(field, &column->typid, &column->typmod) &&
		   lancedb_server_name(field->name) != NULL &&
		   ldb_schema_index(schema, field->name) == (long) i;
}

static void
warn_of_left_out(const StringInfoData *left_out, const char *table_name)
{
	if (left_out->len > 0)
		ereport(
			WARNING,
			(errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
			 errmsg("columns of Lance table \"%s\" are left out: %s", table_name, left_out->data),
			 errdetail(
				 "They have no PostgreSQL type to map to, or a name that no column can have.")));
}

/* Names that need no change come first, so that they are not taken by one that was changed. */
static void
name_columns(const LdbSchema *schema, LancedbInferredColumn *columns)
{
	List *taken = NIL;

	for (size_t i = 0; i < schema->field_count; i++)
	{
		if (!OidIsValid(columns[i].typid))
			continue;
		columns[i].name = plain_name(lancedb_server_name(schema->fields[i]->name), taken);
		if (columns[i].name != NULL)
			taken = lappend(taken, makeString(pstrdup(columns[i].name)));
	}
	for (size_t i = 0; i < schema->field_count; i++)
	{
		char *lance_name;

		if (!OidIsValid(columns[i].typid) || columns[i].name != NULL)
			continue;
		lance_name = lancedb_server_name(schema->fields[i]->name);
		columns[i].name = lancedb_free_name(lance_name, taken);
		columns[i].column_name = lance_name;
		taken = lappend(taken, makeString(pstrdup(columns[i].name)));
	}
}

List *
lancedb_columns_of(const LdbManifest *manifest, const char *table_name)
{
	const LdbSchema *schema = &manifest->schema;
	LancedbInferredColumn *columns = palloc0(sizeof(*columns) * Max(schema->field_count, 1));
	LdbArena *arena = lancedb_arena_new(CurrentMemoryContext);
	StringInfoData left_out;
	List *result = NIL;

	initStringInfo(&left_out);
	for (size_t i = 0; i < schema->field_count; i++)
	{
		if (list_length(result) < MaxHeapAttributeNumber && is_mappable(schema, i, &columns[i]))
			result = lappend(result, &columns[i]);
		else
		{
			columns[i].typid = InvalidOid;
			leave_out(&left_out, schema->fields[i]->name,
					  ldb_type_name(&schema->fields[i]->type, arena));
		}
	}
	for (size_t i = 0; i < manifest->unread_count; i++)
		leave_out(&left_out, manifest->unread[i].name, manifest->unread[i].logical_type);
	warn_of_left_out(&left_out, table_name);
	name_columns(schema, columns);
	return result;
}

char *
lancedb_column_definition(const LancedbInferredColumn *column)
{
	StringInfoData definition;

	initStringInfo(&definition);
	appendStringInfo(&definition, "%s %s", quote_identifier(column->name),
					 format_type_extended(column->typid, column->typmod,
										  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
	if (column->column_name != NULL)
		appendStringInfo(&definition, " OPTIONS (column_name %s)",
						 quote_literal_cstr(column->column_name));
	return definition.data;
}
