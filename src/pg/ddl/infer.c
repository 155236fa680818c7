/* infer.c -- gives CREATE FOREIGN TABLE t () the columns of its Lance table. */
#include "ddl/created.h"

#include "commands/event_trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "ddl/alter.h"

static void
infer_columns(void)
{
	Oid relid = lancedb_created_table();
	LancedbTable *table;
	List *columns;

	if (!OidIsValid(relid) || lancedb_count_columns(relid) != 0)
		return;
	table = lancedb_table_open(relid, InvalidOid, 0, CurrentMemoryContext);
	columns = lancedb_columns_of(table->manifest, get_rel_name(relid));
	if (columns != NIL)
		lancedb_declare_columns(relid, columns);
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
		lancedb_says_nothing_of_columns(((EventTriggerData *) fcinfo->context)->parsetree))
	{
		if (SPI_connect() != SPI_OK_CONNECT)
			elog(ERROR, "SPI_connect failed");
		infer_columns();
		SPI_finish();
	}
	PG_RETURN_NULL();
}
