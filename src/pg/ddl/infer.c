/* infer.c -- gives CREATE FOREIGN TABLE t () the columns of its Lance table. */
#include "fdw/fdw.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "commands/event_trigger.h"
#include "executor/spi.h"
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

/* InvalidOid unless the statement made a table of ours that says nothing of columns. */
static Oid
table_without_columns(const CreateForeignTableStmt *stmt)
{
	Oid relid;

	if (stmt->base.tableElts != NIL || stmt->base.inhRelations != NIL ||
		stmt->base.partbound != NULL || stmt->base.ofTypename != NULL)
		return InvalidOid;
	relid = get_relname_relid(stmt->base.relation->relname,
							  RangeVarGetCreationNamespace(stmt->base.relation));
	/* IF NOT EXISTS leaves alone what is there, and that may have columns */
	if (!OidIsValid(relid) || !lancedb_is_lance_table(relid) || count_columns(relid) != 0 ||
		has_superclass(relid))
		return InvalidOid;
	return relid;
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
	if (SPI_connect() != SPI_OK_CONNECT || SPI_execute(sql.data, false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not add columns to foreign table %u", relid);
	SPI_finish();
}

PG_FUNCTION_INFO_V1(lancedb_infer_columns);

Datum
lancedb_infer_columns(PG_FUNCTION_ARGS)
{
	EventTriggerData *event;
	Oid relid = InvalidOid;
	List *columns;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("lancedb.infer_columns is called by its event trigger only")));
	event = (EventTriggerData *) fcinfo->context;
	if (IsA(event->parsetree, CreateForeignTableStmt))
		relid = table_without_columns((CreateForeignTableStmt *) event->parsetree);
	if (OidIsValid(relid))
	{
		LancedbTable *table = lancedb_table_open(relid, InvalidOid, 0, CurrentMemoryContext);

		columns = lancedb_columns_of(table->manifest, get_rel_name(relid));
		if (columns != NIL)
			add_columns(relid, columns);
	}
	PG_RETURN_NULL();
}
