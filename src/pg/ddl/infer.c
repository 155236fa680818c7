/* infer.c -- gives CREATE FOREIGN TABLE t () the columns of its Lance table. */
#include "fdw/fdw.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "commands/event_trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static int
count_columns(Oid relid)
{
	Relation relation = table_open(relid, AccessShareLock);
	int count = RelationGetNumberOfAttributes(relation);

	table_close(relation, NoLock);
	return count;
}

static bool
says_nothing_of_columns(const Node *statement)
{
	const CreateStmt *table;

	if (!IsA(statement, CreateForeignTableStmt))
		return false;
	table = &((const CreateForeignTableStmt *) statement)->base;
	return table->tableElts == NIL && table->inhRelations == NIL && table->partbound == NULL &&
		   table->ofTypename == NULL;
}

static void
run(const char *sql, int expected)
{
	if (SPI_execute(sql, false, 0) != expected)
		elog(ERROR, "could not run \"%s\"", sql);
}

/*
 * The table that the statement made, or InvalidOid when it is none of ours. Asked of the server and
 * not looked up by name: IF NOT EXISTS leaves alone what is there, which may be somebody else's.
 */
static Oid
created_table(void)
{
	run("SELECT classid, objid FROM pg_catalog.pg_event_trigger_ddl_commands()", SPI_OK_SELECT);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple command = SPI_tuptable->vals[i];
		bool isnull;
		Oid catalog = DatumGetObjectId(SPI_getbinval(command, SPI_tuptable->tupdesc, 1, &isnull));
		Oid object = DatumGetObjectId(SPI_getbinval(command, SPI_tuptable->tupdesc, 2, &isnull));

		if (catalog == RelationRelationId && lancedb_is_lance_table(object) &&
			count_columns(object) == 0)
			return object;
	}
	return InvalidOid;
}

static void
add_columns(Oid relid, List *columns)
{
	StringInfoData sql;
	ListCell *cell;

	initStringInfo(&sql);
	appendStringInfo(&sql, "ALTER FOREIGN TABLE %s",
					 quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
												get_rel_name(relid)));
	foreach (cell, columns)
		appendStringInfo(&sql, "%s ADD COLUMN %s", foreach_current_index(cell) == 0 ? "" : ",",
						 lancedb_column_definition(lfirst(cell)));
	run(sql.data, SPI_OK_UTILITY);
}

static void
infer_columns(void)
{
	Oid relid = created_table();
	LancedbTable *table;
	List *columns;

	if (!OidIsValid(relid))
		return;
	table = lancedb_table_open(relid, InvalidOid, 0, CurrentMemoryContext);
	columns = lancedb_columns_of(table->manifest, get_rel_name(relid));
	if (columns != NIL)
		add_columns(relid, columns);
}

PG_FUNCTION_INFO_V1(lancedb_infer_columns);

Datum
lancedb_infer_columns(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("lancedb.infer_columns is called by its event trigger only")));
	/* pg_upgrade makes tables as they were, columns or not */
	if (!IsBinaryUpgrade &&
		says_nothing_of_columns(((EventTriggerData *) fcinfo->context)->parsetree))
	{
		if (SPI_connect() != SPI_OK_CONNECT)
			elog(ERROR, "SPI_connect failed");
		infer_columns();
		SPI_finish();
	}
	PG_RETURN_NULL();
}
