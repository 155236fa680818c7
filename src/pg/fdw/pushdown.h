/*
 * pushdown.h -- which conditions the core evaluates, and how they get there.
 *
 * Three steps. Planning splits the conditions of a scan (lancedb_split_clauses). The start of the
 * execution compiles the pushed ones, which travel in the plan as ordinary expressions
 * (lancedb_filter_compile). Each (re)scan evaluates their constants, parameters and expressions
 * without columns and builds the core's filter (lancedb_filter_bind).
 *
 * A condition is pushed only when the core gives PostgreSQL's own answer for every row.
 */
#ifndef LANCEDB_PUSHDOWN_H
#define LANCEDB_PUSHDOWN_H

#include "lancedb/table.h"

#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"

#include "ldb/table/scan.h"

typedef struct LancedbFilter LancedbFilter;

typedef enum LancedbFilterOutcome
{
	LANCEDB_ROWS_ALL,  /* nothing to test: every row passes */
	LANCEDB_ROWS_SOME, /* the row filter decides */
	LANCEDB_ROWS_NONE  /* no row can pass */
} LancedbFilterOutcome;

/*
 * Of the RestrictInfos given to GetForeignPlan or PlanCustomPath for a base relation of ours, the
 * bare clauses that are pushed and those that stay local, both in their order. Pseudoconstant
 * ones are left out, as extract_actual_clauses does.
 */
extern void lancedb_split_clauses(PlannerInfo *root, RelOptInfo *rel, List *restrictinfos,
								  List **pushed, List **local);

/* The same question for one condition. */
extern bool lancedb_is_pushable(PlannerInfo *root, RelOptInfo *rel, RestrictInfo *rinfo);

/*
 * Makes the pushed clauses of a finished plan ready. `varno` is the scan's range table index; Vars
 * of INDEX_VAR are looked up in scan_tlist. NULL when one of them cannot be pushed any more: the
 * table's files may have changed since a prepared statement was planned. Memory and handles belong
 * to the query (parent->state->es_query_cxt).
 */
extern LancedbFilter *lancedb_filter_compile(const LancedbTable *table, Index varno,
											 List *scan_tlist, List *clauses, PlanState *parent);

/*
 * Evaluates the values now. The row filter stays valid until the next bind; any scan that uses the
 * one before must be closed first.
 */
extern LancedbFilterOutcome lancedb_filter_bind(LancedbFilter *filter, ExprContext *econtext,
												const LdbRowFilter **row_filter);

/* True when a rescan with changed executor parameters can change the filter. */
extern bool lancedb_filter_has_params(const LancedbFilter *filter);

#endif
