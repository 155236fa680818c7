/* created.c -- which table a CREATE FOREIGN TABLE has made. */
#include "ddl/created.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"

int
lancedb_count_columns(Oid relid)
{
	Relation relation = table_open(relid, AccessShareLock);
	TupleDesc columns = RelationGetDescr(relation);
	int count = 0;

	for (int i = 0; i < columns->natts; i++)
		count += !TupleDescAttr(columns, i)->attisdropped;
	table_close(relation, NoLock);
	return count;
}

bool
lancedb_says_nothing_of_columns(const Node *statement)
{
	const CreateStmt *table;

	if (!IsA(statement, CreateForeignTableStmt))
		return false;
	table = &((const CreateForeignTableStmt *) statement)->base;
	return table->tableElts == NIL && table->inhRelations == NIL && table->partbound == NULL &&
		   table->ofTypename == NULL;
}

void
lancedb_run(const char *sql, int expected)
{
	if (SPI_execute(sql, false, 0) != expected)
		elog(ERROR, "could not run \"%s\"", sql);
}

Oid
lancedb_created_table(void)
{
	lancedb_run("SELECT classid, objid FROM pg_catalog.pg_event_trigger_ddl_commands()",
				SPI_OK_SELECT);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple command = SPI_tuptable->vals[i];
		bool isnull;
		Oid catalog = DatumGetObjectId(SPI_getbinval(command, SPI_tuptable->tupdesc, 1, &isnull));
		Oid object = DatumGetObjectId(SPI_getbinval(command, SPI_tuptable->tupdesc, 2, &isnull));

		if (catalog == RelationRelationId && lancedb_is_lance_table(object))
			return object;
	}
	return InvalidOid;
}
