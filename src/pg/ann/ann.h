/*
 * ann.h -- rows in order of distance: the custom scan below ORDER BY embedding <-> $1.
 *
 * The scan gives rows nearest first, in growing batches, and never absorbs LIMIT: a Limit node above
 * simply stops pulling, so joins, filters, OFFSET, cursors and partitions stay right.
 */
#ifndef LANCEDB_PG_ANN_H
#define LANCEDB_PG_ANN_H

#include "fdw/plan.h"

#include "nodes/extensible.h"

#include "ldb/simd/distance.h"

#include "vector/query_vector.h"

/* ORDER BY <something that grows or falls with the distance of one column from one value>. */
typedef struct LancedbOrdering
{
	PathKey *pathkey; /* what the query asked for */
	Expr *distance;   /* the distance itself, inside of that: an operator or its function */
	Var *column;      /* the stored vector */
	Expr *query;      /* the other side */
	LdbMetric metric;
	LancedbVectorKind query_kind;
	bool nan_first;   /* rows whose distance is NaN come before all others */
	bool nulls_first; /* rows without a distance come before even these */
} LancedbOrdering;

/* plan.c, called at load: makes the scan known to plans that cross processes. */
extern void lancedb_ann_register(void);

/* plan.c, from GetForeignPaths: adds the path when the query's first sort key asks for it. */
extern void lancedb_ann_add_paths(PlannerInfo *root, RelOptInfo *rel, const LancedbRelPlan *plan);

/* match.c: does the first sort key of the query order this relation by distance? */
extern bool lancedb_match_ordering(PlannerInfo *root, RelOptInfo *rel, LancedbOrdering *ordering);

/* scan.c */
extern const CustomScanMethods lancedb_ann_scan_methods;

/* Slots of CustomScan.custom_private, plan.c to scan.c. */
typedef enum LancedbAnnPrivate
{
	ANN_PRIVATE_COLUMN,     /* Integer: attribute number of the vector column */
	ANN_PRIVATE_METRIC,     /* Integer: LdbMetric */
	ANN_PRIVATE_QUERY_KIND, /* Integer: LancedbVectorKind */
	ANN_PRIVATE_LIMIT, /* Integer: rows the query wants as far as the planner knows, 0 = unknown */
	ANN_PRIVATE_DISTANCE_SLOT, /* Integer: position of the distance in the scan tuple, 0 = not there */
	ANN_PRIVATE_NAN_FIRST,     /* Integer, as boolean */
	ANN_PRIVATE_NULLS_FIRST, /* Integer, as boolean */
	ANN_PRIVATE_USER,        /* Integer: the role whose rights apply, 0 = the current one */
	ANN_PRIVATE_EXPRS, /* Integer: how many of custom_exprs are ours, the rest is pushed clauses */
	ANN_PRIVATE_COUNT
} LancedbAnnPrivate;

#endif
