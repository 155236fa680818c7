/* explain.c -- what EXPLAIN shows of a foreign scan: the version, the columns, what was pushed. */
#include "fdw/fdw.h"

#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"

#include "fdw/explain.h"
#include "fdw/scan.h"

void
lancedb_explain_counter(const PlanState *node, const char *label, uint64 value, ExplainState *es)
{
	double loops = node->instrument == NULL ? 1 : node->instrument->nloops;

	/* per loop, as the server shows its own counts */
	ExplainPropertyFloat(label, NULL, (double) value / Max(loops, 1), 0, es);
}

static List *
pushed_clauses(ForeignScanState *node)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	LancedbScanState *state = node->fdw_state;

	return state->kind == LANCEDB_PLAN_COUNT ? plan->fdw_exprs : plan->fdw_recheck_quals;
}

void
lancedb_explain_filter(List *clauses, Plan *plan, List *ancestors, ExplainState *es)
{
	bool prefixed = list_length(es->rtable) > 1 || es->verbose;
	List *context;

	if (clauses == NIL)
		return;
	context = set_deparse_context_plan(es->deparse_cxt, plan, ancestors);
	ExplainPropertyText("Pushed Filter",
						deparse_expression((Node *) make_ands_explicit(copyObject(clauses)),
										   context, prefixed, false),
						es);
}

/* The columns that are read, for output or to test the pushed conditions. */
static Bitmapset *
columns_read(ForeignScanState *node, LancedbScanState *state)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	Bitmapset *columns = NULL;
	ListCell *lc;

	foreach (lc, lancedb_scan_slot(node, LANCEDB_PLAN_COLUMNS))
		columns = bms_add_member(columns, lfirst_int(lc));
	if (state->kind == LANCEDB_PLAN_SCAN)
		return bms_add_members(columns, lancedb_plan_columns(state->table, plan->scan.scanrelid,
															 plan->fdw_recheck_quals));
	foreach (lc, plan->fdw_scan_tlist)
	{
		Var *var = (Var *) lfirst_node(TargetEntry, lc)->expr;

		if (IsA(var, Var) && var->varattno > 0)
			columns = bms_add_member(columns, var->varattno);
	}
	return columns;
}

void
lancedb_explain_table(const LancedbTable *table, const Bitmapset *columns, ExplainState *es)
{
	List *names = NIL;
	int attnum = -1;

	while ((attnum = bms_next_member(columns, attnum)) >= 0)
	{
		char *name = get_attname(table->relid, (AttrNumber) attnum, true);

		if (name != NULL && lancedb_table_field(table, (AttrNumber) attnum) >= 0)
			names = lappend(names, name);
	}
	if (names != NIL || es->format != EXPLAIN_FORMAT_TEXT)
		ExplainPropertyList("Columns Read", names, es);
	ExplainPropertyUInteger("Lance Version", NULL, table->manifest->version, es);
	ExplainPropertyUInteger("Fragments", NULL, table->manifest->fragment_count, es);
	if (es->verbose)
		ExplainPropertyText("Lance URI", table->uri, es);
}

static void
show_count_source(ForeignScanState *node, LancedbScanState *state, ExplainState *es)
{
	if (state->kind != LANCEDB_PLAN_COUNT)
		return;
	ExplainPropertyText("Relation", get_rel_name(state->relid), es);
	ExplainPropertyText("Lance Count",
						pushed_clauses(node) == NIL ? "from the manifest" : "in the scan", es);
}

static void
show_counters(ForeignScanState *node, LancedbScanState *state, ExplainState *es)
{
	LancedbCounters counters = lancedb_scan_counters(state);

	if (!es->analyze)
		return;
	if (pushed_clauses(node) != NIL)
		lancedb_explain_counter(&node->ss.ps, "Rows Removed by Pushed Filter",
								counters.rows_removed, es);
	lancedb_explain_counter(&node->ss.ps, "Bytes Read", counters.bytes_read, es);
	lancedb_explain_counter(&node->ss.ps, "Read Requests", counters.requests, es);
}

void
lancedb_explain_scan(ForeignScanState *node, ExplainState *es)
{
	LancedbScanState *state = node->fdw_state;

	lancedb_scan_open_table(state);
	show_count_source(node, state, es);
	lancedb_explain_filter(pushed_clauses(node), node->ss.ps.plan, NIL, es);
	show_counters(node, state, es);
	lancedb_explain_table(state->table, columns_read(node, state), es);
}
