/* import.c -- IMPORT FOREIGN SCHEMA: a foreign table for each Lance table of a folder. */
#include "fdw/fdw.h"

#include "foreign/foreign.h"
#include "mb/pg_wchar.h"
#include "nodes/parsenodes.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "lancedb/convert.h"

/* A folder of Lance tables is one namespace, which has the name that Lance tools show. */
#define REMOTE_SCHEMA "public"

static void
check_statement(const ImportForeignSchemaStmt *stmt)
{
	if (strcmp(stmt->remote_schema, REMOTE_SCHEMA) != 0)
		ereport(ERROR, (errcode(ERRCODE_FDW_SCHEMA_NOT_FOUND),
						errmsg("schema \"%s\" does not exist on server \"%s\"", stmt->remote_schema,
							   stmt->server_name),
						errhint("The tables of a folder are in schema \"%s\".", REMOTE_SCHEMA)));
	if (stmt->options != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("invalid option \"%s\"", linitial_node(DefElem, stmt->options)->defname),
				 errhint("IMPORT FOREIGN SCHEMA takes no options here.")));
}

static void
close_dataset(void *dataset)
{
	ldb_dataset_close(dataset);
}

/* NULL, after a WARNING, when the table cannot be read: the others still can. */
static const LdbManifest *
read_manifest(LdbLocations *locations, const char *uri, const char *table_name)
{
	LdbVersionChoice latest = {0};
	LdbDataset *dataset = NULL;
	LdbError err;
	LdbStatus status = ldb_dataset_open(locations, uri, &latest, &lancedb_cancel, &dataset, &err);

	if (status == LDB_CANCELLED)
		lancedb_check(status, &err);
	if (status != LDB_OK)
	{
		ereport(WARNING, (errcode(ERRCODE_FDW_ERROR),
						  errmsg("Lance table \"%s\" is left out: it cannot be read", table_name),
						  errdetail("%s", lancedb_message_text(err.message)),
						  err.hint[0] == '\0' ? 0 : errhint("%s", lancedb_message_text(err.hint))));
		return NULL;
	}
	lancedb_own(CurrentMemoryContext, dataset, close_dataset);
	return ldb_dataset_manifest(dataset);
}

/* table_name: the Lance table's, NULL when the foreign table has the same. */
static char *
table_definition(const char *local_name, const char *table_name, const char *server_name,
				 List *columns)
{
	StringInfoData sql;
	ListCell *cell;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE FOREIGN TABLE %s (", quote_identifier(local_name));
	foreach (cell, columns)
		appendStringInfo(&sql, "%s%s", foreach_current_index(cell) == 0 ? "" : ", ",
						 lancedb_column_definition(lfirst(cell)));
	appendStringInfo(&sql, ") SERVER %s", quote_identifier(server_name));
	if (table_name != NULL)
		appendStringInfo(&sql, " OPTIONS (\"table\" %s)", quote_literal_cstr(table_name));
	return sql.data;
}

/* LIMIT TO cannot mean it. */
static void
warn_of_name(const ImportForeignSchemaStmt *stmt, const char *name)
{
	if (stmt->list_type != FDW_IMPORT_SCHEMA_LIMIT_TO)
		ereport(WARNING, (errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
						  errmsg("Lance table \"%s\" is left out", lancedb_message_text(name)),
						  errdetail("Its name has no equivalent in encoding \"%s\".",
									GetDatabaseEncodingName())));
}

static List *
import_table(ImportForeignSchemaStmt *stmt, const LancedbOptions *server, LdbLocations *locations,
			 const char *utf8_name, List **taken, List *commands)
{
	MemoryContext keep = CurrentMemoryContext;
	char *table_name;
	char *local_name;
	const LdbManifest *manifest;
	MemoryContext work;

	table_name = lancedb_server_name(utf8_name);
	if (table_name == NULL)
	{
		warn_of_name(stmt, utf8_name);
		return commands;
	}
	local_name = lancedb_free_name(table_name, *taken);
	if (!IsImportableForeignTable(local_name, stmt))
		return commands;
	*taken = lappend(*taken, makeString(local_name));

	work = AllocSetContextCreate(keep, "lancedb import", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(work);
	manifest = read_manifest(locations, lancedb_dataset_uri(server, utf8_name), table_name);
	if (manifest != NULL)
	{
		char *sql =
			table_definition(local_name, strcmp(local_name, table_name) == 0 ? NULL : table_name,
							 server->server_name, lancedb_columns_of(manifest, table_name));

		MemoryContextSwitchTo(keep);
		commands = lappend(commands, pstrdup(sql));
	}
	MemoryContextSwitchTo(keep);
	MemoryContextDelete(work);
	return commands;
}

List *
lancedb_import_schema(ImportForeignSchemaStmt *stmt, Oid serverid)
{
	LancedbOptions *server = lancedb_server_options(serverid);
	LdbLocations *locations = lancedb_open_locations(server, CurrentMemoryContext);
	LdbArena *arena = lancedb_arena_new(CurrentMemoryContext);
	const char **names = NULL;
	size_t count = 0;
	List *taken = NIL;
	List *commands = NIL;
	LdbError err;

	check_statement(stmt);
	if (server->server_uri == NULL)
		(void) lancedb_dataset_uri(server, "");
	lancedb_check(ldb_database_tables(locations, server->server_uri, arena, &names, &count,
									  &lancedb_cancel, &err),
				  &err);
	for (size_t i = 0; i < count; i++)
		commands = import_table(stmt, server, locations, names[i], &taken, commands);
	return commands;
}
