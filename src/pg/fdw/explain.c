/* explain.c -- what EXPLAIN shows of a foreign scan: the version, the columns, what was pushed. */
#include "fdw/fdw.h"

#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"

#include "fdw/scan.h"

static void
show_counter(ForeignScanState *node, const char *label, uint64 value, ExplainState *es)
{
	double loops = node->ss.ps.instrument == NULL ? 1 : node->ss.ps.instrument->nloops;

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

static void
show_pushed_filter(ForeignScanState *node, ExplainState *es)
{
	List *clauses = pushed_clauses(node);
	bool prefixed = list_length(es->rtable) > 1 || es->verbose;
	List *context;

	if (clauses == NIL)
		return;
	context = set_deparse_context_plan(es->deparse_cxt, node->ss.ps.plan, NIL);
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

static void
show_columns(ForeignScanState *node, LancedbScanState *state, ExplainState *es)
{
	Bitmapset *columns = columns_read(node, state);
	List *names = NIL;
	int attnum = -1;

	while ((attnum = bms_next_member(columns, attnum)) >= 0)
	{
		char *name = get_attname(state->relid, (AttrNumber) attnum, true);

		if (name != NULL && lancedb_table_field(state->table, (AttrNumber) attnum) >= 0)
			names = lappend(names, name);
	}
	if (names != NIL || es->format != EXPLAIN_FORMAT_TEXT)
		ExplainPropertyList("Columns Read", names, es);
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
		show_counter(node, "Rows Removed by Pushed Filter", counters.rows_removed, es);
	show_counter(node, "Bytes Read", counters.bytes_read, es);
	show_counter(node, "Read Requests", counters.requests, es);
}

void
lancedb_explain_scan(ForeignScanState *node, ExplainState *es)
{
	LancedbScanState *state = node->fdw_state;

	lancedb_scan_open_table(state);
	show_count_source(node, state, es);
	show_pushed_filter(node, es);
	show_counters(node, state, es);
	show_columns(node, state, es);
	ExplainPropertyUInteger("Lance Version", NULL, state->table->manifest->version, es);
	ExplainPropertyUInteger("Fragments", NULL, state->table->manifest->fragment_count, es);
	if (es->verbose)
		ExplainPropertyText("Lance URI", state->table->uri, es);
}
