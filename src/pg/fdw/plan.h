/* plan.h -- what planning knows about one Lance table, and how the plan tells the executor. */
#ifndef LANCEDB_PLAN_H
#define LANCEDB_PLAN_H

#include "lancedb/table.h"

#include "nodes/pathnodes.h"

/* fdw_private of a base relation of ours. */
typedef struct LancedbRelPlan
{
	LancedbTable *table;
	List *pushed;              /* RestrictInfos of baserestrictinfo that the core evaluates */
	List *local;               /* and the others */
	Bitmapset *output;         /* columns that the scan hands out; see lancedb_plan_columns */
	double filter_bytes;       /* of columns that the pushed conditions read */
	double output_bytes;       /* of columns that are read for surviving rows alone */
	double pushed_selectivity; /* share of rows that the pushed conditions leave */
} LancedbRelPlan;

/* Slots of ForeignScan.fdw_private. */
typedef enum LancedbPlanSlot
{
	LANCEDB_PLAN_KIND,    /* Integer: LancedbPlanKind */
	LANCEDB_PLAN_OIDS,    /* OidList: the table, the role whose rights apply (0 = current) */
	LANCEDB_PLAN_COLUMNS, /* IntList: attribute numbers to read, ascending */
	LANCEDB_PLAN_ROWS,    /* Integer: rows that a batch needs, 0 = many */
	LANCEDB_PLAN_COUNTED  /* Boolean, of a direct DELETE: the command counts its rows */
} LancedbPlanSlot;

typedef enum LancedbPlanKind
{
	LANCEDB_PLAN_SCAN, /* pushed conditions in fdw_recheck_quals */
	LANCEDB_PLAN_COUNT /* pushed conditions in fdw_exprs */
} LancedbPlanKind;

/* size.c: the base relation's planning data, or NULL when it is not one of ours. */
extern LancedbRelPlan *lancedb_rel_plan(PlannerInfo *root, RelOptInfo *rel);

/* size.c: the columns that expressions over the relation use; a whole-row reference uses all. */
extern Bitmapset *lancedb_plan_columns(const LancedbTable *table, Index varno, List *exprs);

/* size.c: bytes in storage of a set of columns (attribute numbers, no offset). */
extern double lancedb_plan_bytes(const LancedbTable *table, const Bitmapset *columns);

/* cost.c: what reading and testing costs. */
typedef struct LancedbCost
{
	Cost startup;
	Cost run;
} LancedbCost;

extern LancedbCost lancedb_scan_cost(RelOptInfo *rel, const LancedbRelPlan *plan,
									 double selectivity);

/* plan.c: the slots above. */
extern List *lancedb_plan_private(LancedbPlanKind kind, Oid relid, Oid userid,
								  const Bitmapset *columns, double limit);

/* count.c: the plan of a path made by lancedb_get_upper_paths. */
extern ForeignScan *lancedb_count_plan(PlannerInfo *root, ForeignPath *best_path, List *tlist);

#endif
