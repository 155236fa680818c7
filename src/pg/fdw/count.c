/*
 * count.c -- answers count(*) without handing rows to the server.
 *
 * Without conditions the manifest knows the number; when the core evaluates all conditions it
 * counts what is left, reading only their columns.
 *
 * The scan tuple of such a plan is made up: the counts, then the columns that the conditions name.
 * These are always NULL and never read; they are there because setrefs finds the columns of a scan
 * without a relation in the scan tuple only.
 */
#include "fdw/fdw.h"

#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"

#include "fdw/scan.h"

/* count(*), or count of something that is never NULL */
static bool
is_row_count(Node *node)
{
	Aggref *aggregate = (Aggref *) node;
	Const *argument;

	if (!IsA(node, Aggref) || aggregate->agglevelsup != 0 || aggregate->aggdistinct != NIL ||
		aggregate->aggorder != NIL || aggregate->aggfilter != NULL ||
		aggregate->aggsplit != AGGSPLIT_SIMPLE)
		return false;
	if (aggregate->aggfnoid == F_COUNT_)
		return true;
	if (aggregate->aggfnoid != F_COUNT_ANY || list_length(aggregate->args) != 1)
		return false;
	argument = (Const *) linitial_node(TargetEntry, aggregate->args)->expr;
	return IsA(argument, Const) && !argument->constisnull;
}

/* The counts of a target list, or NIL when there is anything else that rows would be needed for. */
static List *
row_counts(List *exprs)
{
	List *parts =
		pull_var_clause((Node *) exprs, PVC_INCLUDE_AGGREGATES | PVC_INCLUDE_PLACEHOLDERS);
	List *counts = NIL;
	ListCell *lc;

	foreach (lc, parts)
	{
		if (!is_row_count(lfirst(lc)))
			return NIL;
		counts = list_append_unique(counts, lfirst(lc));
	}
	return counts;
}

static bool
is_plain_aggregation(const Query *query)
{
	return query->hasAggs && query->groupClause == NIL && query->groupingSets == NIL &&
		   query->havingQual == NULL && !query->hasTargetSRFs && query->rowMarks == NIL;
}

void
lancedb_get_upper_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
						RelOptInfo *output_rel, void *extra)
{
	LancedbRelPlan *plan;
	LancedbCost cost = {0};
	ForeignPath *path;
	ListCell *lc;

	if (stage != UPPERREL_GROUP_AGG || !lancedb_enable_pushdown ||
		input_rel->reloptkind != RELOPT_BASEREL || IS_DUMMY_REL(input_rel) ||
		!is_plain_aggregation(root->parse))
		return;
	plan = lancedb_rel_plan(root, input_rel);
	if (plan == NULL || row_counts(output_rel->reltarget->exprs) == NIL)
		return;
	foreach (lc, input_rel->baserestrictinfo)
	{
		if (!lancedb_is_pushable(root, input_rel, lfirst_node(RestrictInfo, lc)))
			return;
	}
	if (input_rel->baserestrictinfo != NIL)
	{
		LancedbRelPlan counting = *plan;

		counting.output_bytes = 0;
		cost = lancedb_scan_cost(input_rel, &counting, 0);
	}
	cost.startup += cost.run + cpu_tuple_cost + output_rel->reltarget->cost.startup;
	path = create_foreign_upper_path(root, output_rel, output_rel->reltarget, 1, 0, cost.startup,
									 cost.startup + output_rel->reltarget->cost.per_tuple, NIL,
									 NULL, NIL, list_make1(input_rel));
	path->path.parallel_safe = false;
	add_path(output_rel, (Path *) path);
}

ForeignScan *
lancedb_count_plan(PlannerInfo *root, ForeignPath *best_path, List *tlist)
{
	RelOptInfo *rel = linitial(best_path->fdw_private);
	LancedbRelPlan *plan = lancedb_rel_plan(root, rel);
	List *clauses = NIL;
	List *scan_tlist;
	ListCell *lc;

	foreach (lc, rel->baserestrictinfo)
		clauses = lappend(clauses, lfirst_node(RestrictInfo, lc)->clause);
	scan_tlist = add_to_flat_tlist(NIL, row_counts(best_path->path.pathtarget->exprs));
	scan_tlist =
		add_to_flat_tlist(scan_tlist, pull_var_clause((Node *) clauses, PVC_RECURSE_PLACEHOLDERS));
	return make_foreignscan(
		tlist, NIL, 0, clauses,
		lancedb_plan_private(LANCEDB_PLAN_COUNT, plan->table->relid, rel->userid, NULL, 0),
		scan_tlist, NIL, NULL);
}

static uint64
count_rows(ForeignScanState *node, LancedbScanState *state)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	LdbScanOptions options = {.cancel = &lancedb_cancel};
	LancedbFilterOutcome outcome;
	uint64_t rows;
	LdbError err;

	outcome = lancedb_scan_bind(node, 0, plan->fdw_scan_tlist, plan->fdw_exprs, &options.filter);
	if (state->recheck)
	{
		/* Nobody told the plan cache: without this, a prepared statement would fail for ever. */
		InvalidateSystemCaches();
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("the columns of Lance table \"%s\" changed after the query was "
							   "planned",
							   get_rel_name(state->relid)),
						errhint("Run the statement again.")));
	}
	if (outcome == LANCEDB_ROWS_NONE)
		return 0;
	if (outcome == LANCEDB_ROWS_ALL)
		return state->table->manifest->live_rows;
	lancedb_scan_start(state, &options);
	lancedb_check(ldb_scan_count(state->scan, &rows, &err), &err);
	return rows;
}

TupleTableSlot *
lancedb_iterate_count(ForeignScanState *node)
{
	LancedbScanState *state = node->fdw_state;
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	uint64 rows;
	ListCell *lc;

	ExecClearTuple(slot);
	if (state->done)
		return slot;
	lancedb_scan_open_table(state);
	rows = count_rows(node, state);
	state->done = true;
	foreach (lc, plan->fdw_scan_tlist)
	{
		bool is_count = IsA(lfirst_node(TargetEntry, lc)->expr, Aggref);
		int at = foreach_current_index(lc);

		slot->tts_values[at] = is_count ? Int64GetDatum((int64) rows) : (Datum) 0;
		slot->tts_isnull[at] = !is_count;
	}
	return ExecStoreVirtualTuple(slot);
}
