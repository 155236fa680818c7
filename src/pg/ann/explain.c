/* explain.c -- what EXPLAIN says about a distance-ordered scan. */
#include "ann/ann_state.h"

#include "commands/explain.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "fdw/explain.h"

static const char *
operator_symbol(LdbMetric metric)
{
	switch (metric)
	{
		case LDB_METRIC_L2:
			return "<->";
		case LDB_METRIC_DOT:
			return "<#>";
		case LDB_METRIC_COSINE:
			return "<=>";
		case LDB_METRIC_L1:
			return "<+>";
	}
	return "?";
}

static void
explain_order(LancedbAnnState *state, List *ancestors, ExplainState *es)
{
	CustomScan *plan = (CustomScan *) state->css.ss.ps.plan;
	int column = intVal(list_nth(plan->custom_private, ANN_PRIVATE_COLUMN));
	Relation relation = state->css.ss.ss_currentRelation;
	List *context = set_deparse_context_plan(es->deparse_cxt, (Plan *) plan, ancestors);
	char *query = deparse_expression(linitial(plan->custom_exprs), context, es->verbose, false);
	char *name = get_attname(RelationGetRelid(relation), column, false);

	ExplainPropertyText(
		"Order By",
		psprintf("%s %s %s", quote_identifier(name), operator_symbol(state->metric), query), es);
}

/* The vectors, what conditions test, and what is taken of the rows that come out. */
static Bitmapset *
columns_read(LancedbAnnState *state)
{
	CustomScan *plan = (CustomScan *) state->css.ss.ps.plan;
	Bitmapset *columns = lancedb_plan_columns(
		state->table, plan->custom_scan_tlist != NIL ? INDEX_VAR : plan->scan.scanrelid,
		state->pushed);

	columns = bms_add_member(columns, intVal(list_nth(plan->custom_private, ANN_PRIVATE_COLUMN)));
	for (int i = 0; i < state->wanted_count; i++)
		columns = bms_add_member(columns, state->wanted[i]);
	return columns;
}

void
lancedb_ann_explain(CustomScanState *css, List *ancestors, ExplainState *es)
{
	LancedbAnnState *state = (LancedbAnnState *) css;
	PlanState *node = &css->ss.ps;
	LdbScanStats taken = {0};

	explain_order(state, ancestors, es);
	lancedb_explain_filter(state->filter != NULL ? state->pushed : NIL, node->plan, ancestors, es);
	if (es->analyze)
	{
		if (state->take != NULL)
			taken = *ldb_take_stats(state->take);
		lancedb_explain_counter(node, "Searches", state->searches, es);
		lancedb_explain_counter(node, "Vectors Compared", state->stats.rows_returned, es);
		if (state->filter != NULL)
			lancedb_explain_counter(node, "Rows Removed by Pushed Filter",
									state->stats.rows_scanned - state->stats.rows_returned, es);
		lancedb_explain_counter(node, "Bytes Read", state->stats.read.bytes + taken.read.bytes, es);
		lancedb_explain_counter(node, "Read Requests",
								state->stats.read.requests + taken.read.requests, es);
	}
	lancedb_explain_table(state->table, columns_read(state), es);
}
