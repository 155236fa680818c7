/* modify_direct.c -- DELETE whose conditions the core evaluates, without rows passing the executor. */
#include "fdw/modify.h"

#include "executor/instrument.h"
#include "utils/rel.h"

#include "fdw/fdw.h"
#include "fdw/scan.h"

/* The scan below a ModifyTable that gives the rows of one target. */
static ForeignScan *
scan_of_target(ModifyTable *plan, Index target, int subplan_index)
{
	Plan *node = outerPlan(plan);

	if (IsA(node, Result) && outerPlan(node) != NULL && IsA(outerPlan(node), Append))
		node = outerPlan(node);
	if (IsA(node, Append))
	{
		List *children = ((Append *) node)->appendplans;

		if (subplan_index >= list_length(children))
			return NULL;
		node = list_nth(children, subplan_index);
	}
	if (!IsA(node, ForeignScan) || ((ForeignScan *) node)->scan.scanrelid != target)
		return NULL;
	return (ForeignScan *) node;
}

bool
lancedb_plan_direct_modify(PlannerInfo *root, ModifyTable *plan, Index target, int subplan_index)
{
	ForeignScan *scan;

	if (plan->operation != CMD_DELETE || plan->returningLists != NIL)
		return false;
	scan = scan_of_target(plan, target, subplan_index);
	if (scan == NULL || scan->scan.plan.qual != NIL || !lancedb_enable_pushdown)
		return false;
	scan->operation = CMD_DELETE;
	scan->resultRelation = target;
	scan->fdw_private = lappend(list_copy(scan->fdw_private), makeBoolean(plan->canSetTag));
	return true;
}

struct LancedbDirectDelete
{
	LancedbWrite *write;
	size_t done_capacity;
	bool *done;
	uint64 rows_deleted;
};

void
lancedb_begin_direct_modify(ForeignScanState *node, int eflags)
{
	LancedbScanState *state;

	lancedb_begin_scan(node, eflags);
	state = node->fdw_state;
	state->direct = palloc0(sizeof(*state->direct));
	if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) == 0)
		state->direct->write =
			lancedb_write_begin(state->relid, state->userid, LANCEDB_LOCK_MODIFY);
}

static void
delete_rows(LancedbScanState *state, const uint64_t *addresses, size_t count)
{
	LancedbDirectDelete *direct = state->direct;
	LdbError err;

	if (direct->done_capacity < count)
	{
		direct->done = MemoryContextAllocHuge(state->context, count * sizeof(bool));
		direct->done_capacity = count;
	}
	lancedb_check(ldb_draft_delete(direct->write->draft, addresses, count, lancedb_write_mark(),
								   direct->done, &err),
				  &err);
	for (size_t i = 0; i < count; i++)
		direct->rows_deleted += direct->done[i];
}

/* Everything in one call: there are no rows to hand out. */
TupleTableSlot *
lancedb_iterate_direct_modify(ForeignScanState *node)
{
	LancedbScanState *state = node->fdw_state;
	const uint64_t *addresses;
	size_t count;

	while ((count = lancedb_scan_addresses(node, &addresses)) > 0)
	{
		delete_rows(state, addresses, count);
		CHECK_FOR_INTERRUPTS();
	}
	if (boolVal(lancedb_scan_slot(node, LANCEDB_PLAN_COUNTED)))
		node->ss.ps.state->es_processed += state->direct->rows_deleted;
	if (node->ss.ps.instrument != NULL)
		node->ss.ps.instrument->tuplecount += (double) state->direct->rows_deleted;
	return ExecClearTuple(node->ss.ss_ScanTupleSlot);
}

void
lancedb_end_direct_modify(ForeignScanState *node)
{
	lancedb_end_scan(node);
}
