/* modify_explain.c -- what EXPLAIN shows of changes to a Lance table. */
#include "fdw/modify.h"

#include "commands/explain.h"

#include "fdw/fdw.h"

void
lancedb_explain_modify(ModifyTableState *node, ResultRelInfo *target, List *fdw_private,
					   int subplan_index, ExplainState *es)
{
	const LancedbModify *modify = target->ri_FdwState;

	if (modify == NULL)
		return;
	if (es->verbose)
		ExplainPropertyText("Lance URI", lancedb_table_options(modify->relid)->uri, es);
	if (!es->analyze)
		return;
	if (node->operation != CMD_DELETE)
		ExplainPropertyUInteger("Rows Written", NULL, modify->rows_added, es);
	if (node->operation != CMD_INSERT || modify->on_conflict == ONCONFLICT_UPDATE)
		ExplainPropertyUInteger("Rows Deleted", NULL, modify->rows_deleted, es);
}

/* It is a scan with its filter, and the server says "Foreign Delete" above it. */
void
lancedb_explain_direct_modify(ForeignScanState *node, ExplainState *es)
{
	lancedb_explain_scan(node, es);
}
