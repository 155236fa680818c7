/*
 * plan.c -- the path and the plan node of a distance-ordered scan.
 *
 * A CustomPath on the base relation, not a ForeignPath with pathkeys: its scan tuple may carry the
 * distance as one more column (custom_scan_tlist). setrefs then replaces each copy of the distance
 * expression above the scan by that column, so it is computed once, by the scan; and the finished
 * target list tells BeginCustomScan whether the vector itself is wanted by anybody.
 */
#include "ann/ann.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "fdw/pushdown.h"

/* A distance next to a simple operator, and taking a row by address next to reading on. */
#define DISTANCE_COST 4
#define TAKE_COST 4

/* Vectors are compared where they lie: a share of what it costs to read and copy pages of rows. */
#define IN_PLACE 0.25

/* How deep the first search goes when nobody knows how many rows are wanted. */
#define UNKNOWN_LIMIT_REACH 100

/* A larger limit is no hint any more. */
#define MOST_LIMIT 1000000

/* What custom_private of the path holds, for lancedb_plan_custom_path. */
enum
{
	PATH_DISTANCE,
	PATH_COLUMN,
	PATH_QUERY,
	PATH_NUMBERS /* the finished Integers of LancedbAnnPrivate */
};

static Plan *plan_custom_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *best, List *tlist,
							  List *clauses, List *custom_plans);

static const CustomPathMethods path_methods = {
	.CustomName = "Lance Distance Scan",
	.PlanCustomPath = plan_custom_path,
};

void
lancedb_ann_register(void)
{
	RegisterCustomScanMethods(&lancedb_ann_scan_methods);
}

/*
 * Can the core compute distances to what the column holds? Lists may differ in length, which is an
 * error that a condition may be there to avoid: one that is only tested behind the search comes
 * too late.
 */
static bool
is_searchable(const LancedbRelPlan *plan, AttrNumber attnum)
{
	const LancedbTable *table = plan->table;
	int field = lancedb_table_field(table, attnum);
	const LdbField *column;
	LdbTypeKind item;

	if (field < 0)
		return false;
	column = table->manifest->schema.fields[field];
	if (column->type.kind == LDB_TYPE_FIXED_SIZE_LIST)
		item = column->type.item->kind;
	else if (column->type.kind == LDB_TYPE_LIST && column->child_count == 1 && plan->local == NIL)
		item = column->children[0]->type.kind;
	else
		return false;
	return item == LDB_TYPE_HALF || item == LDB_TYPE_FLOAT;
}

/*
 * All of the cost of finding the order lies before the first row: every vector is compared. Behind
 * it each row is taken by its address; when more rows are pulled than the first search found, the
 * search runs again, deeper.
 */
static void
cost_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, const LancedbRelPlan *plan,
		  AttrNumber column)
{
	LancedbRelPlan filtered = *plan;
	Bitmapset *filter =
		lancedb_plan_columns(plan->table, rel->relid, extract_actual_clauses(plan->pushed, false));
	double compared = rel->tuples * plan->pushed_selectivity;
	double vector_pages =
		lancedb_plan_bytes(plan->table, bms_make_singleton(column)) / BLCKSZ * IN_PLACE;
	double passes = 1;
	LancedbCost scan;
	QualCost quals;
	Cost search;

	cost_qual_eval(&quals, plan->local, root);
	filtered.local = NIL;
	/* WHERE embedding IS NOT NULL does not read the vectors a second time. */
	filtered.filter_bytes = lancedb_plan_bytes(plan->table, bms_del_member(filter, column));
	filtered.output_bytes = 0;
	scan = lancedb_scan_cost(rel, &filtered, 0);
	search = scan.startup + (scan.run + vector_pages * seq_page_cost * plan->pushed_selectivity +
							 compared * DISTANCE_COST * cpu_operator_cost) /
								lancedb_max_threads;
	if (root->limit_tuples < 0)
		for (double reach = UNKNOWN_LIMIT_REACH; reach < rel->rows; reach *= 4)
			passes += 1;
	path->path.startup_cost = search + quals.startup;
	path->path.total_cost = path->path.startup_cost + search * (passes - 1) +
							compared * (TAKE_COST * cpu_tuple_cost + quals.per_tuple);
	path->path.rows = rel->rows;
}

void
lancedb_ann_add_paths(PlannerInfo *root, RelOptInfo *rel, const LancedbRelPlan *plan)
{
	LancedbOrdering ordering;
	CustomPath *path;
	double limit = Min(root->limit_tuples, MOST_LIMIT);
	List *numbers = NIL;

	if (!lancedb_enable_vector_scan || !lancedb_match_ordering(root, rel, &ordering) ||
		!is_searchable(plan, ordering.column->varattno))
		return;

	numbers = lappend(numbers, makeInteger(ordering.column->varattno));
	numbers = lappend(numbers, makeInteger((int) ordering.metric));
	numbers = lappend(numbers, makeInteger((int) ordering.query_kind));
	numbers = lappend(numbers, makeInteger(limit > 0 ? (int) limit : 0));
	numbers = lappend(numbers, makeInteger(0)); /* the distance's slot, by plan_custom_path */
	numbers = lappend(numbers, makeInteger(ordering.nan_first));
	numbers = lappend(numbers, makeInteger(ordering.nulls_first));
	numbers = lappend(numbers, makeInteger((int) rel->userid));

	path = makeNode(CustomPath);
	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = rel->reltarget;
	path->path.param_info = get_baserel_parampathinfo(root, rel, rel->lateral_relids);
	/* Only a parallel-aware node could tell workers which version the leader has pinned. */
	path->path.parallel_safe = false;
	path->path.pathkeys = list_make1(ordering.pathkey);
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->methods = &path_methods;
	path->custom_private = list_make4(ordering.distance, ordering.column, ordering.query, numbers);
	cost_path(root, rel, path, plan, ordering.column->varattno);
	add_path(rel, (Path *) path);
}

static bool
has_whole_row_or_system_vars(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return ((Var *) node)->varattno <= 0 && ((Var *) node)->varlevelsup == 0;
	return expression_tree_walker(node, has_whole_row_or_system_vars, context);
}

/*
 * May the scan tuple differ from the table's row? Not where EvalPlanQual may hand in stored rows
 * (row marks, updates), nor where a whole row or a system column is asked for.
 */
static bool
wants_plain_tuple(PlannerInfo *root, RelOptInfo *rel, List *quals)
{
	return root->rowMarks != NIL || root->parse->commandType != CMD_SELECT ||
		   has_whole_row_or_system_vars((Node *) rel->reltarget->exprs, NULL) ||
		   has_whole_row_or_system_vars((Node *) quals, NULL);
}

/* Every column of the table in its place, then the distance. */
static List *
scan_tuple_with_distance(PlannerInfo *root, RelOptInfo *rel, Expr *distance)
{
	RangeTblEntry *rte = planner_rt_fetch(rel->relid, root);
	Relation relation = table_open(rte->relid, NoLock);
	TupleDesc columns = RelationGetDescr(relation);
	List *tlist = NIL;

	for (int i = 1; i <= columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i - 1);
		Expr *expr;

		if (column->attisdropped)
			expr = (Expr *) makeNullConst(INT4OID, -1, InvalidOid);
		else
			expr = (Expr *) makeVar(rel->relid, i, column->atttypid, column->atttypmod,
									column->attcollation, 0);
		tlist = lappend(tlist, makeTargetEntry(expr, i, NULL, false));
	}
	tlist = lappend(tlist, makeTargetEntry(copyObject(distance), columns->natts + 1, NULL, false));
	table_close(relation, NoLock);
	return tlist;
}

/*
 * LIMIT and OFFSET as expressions, for plans that are made before their values are known. Only
 * hints: they must be the query's own, and cheap to evaluate twice.
 */
static List *
limit_expressions(PlannerInfo *root)
{
	Query *query = root->parse;
	Node *count = query->limitCount;
	Node *offset = query->limitOffset;

	if (count == NULL || query->groupClause || query->groupingSets || query->hasAggs ||
		query->distinctClause || query->hasWindowFuncs || query->hasTargetSRFs ||
		query->setOperations)
		return NIL;
	if (contain_subplans(count) || contain_volatile_functions(count) ||
		(offset != NULL && (contain_subplans(offset) || contain_volatile_functions(offset))))
		return NIL;
	if (offset == NULL)
		return list_make1(copyObject(count));
	return list_make2(copyObject(count), copyObject(offset));
}

static Plan *
plan_custom_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *best, List *tlist, List *clauses,
				 List *custom_plans)
{
	CustomScan *scan = makeNode(CustomScan);
	Expr *distance = list_nth(best->custom_private, PATH_DISTANCE);
	List *numbers = copyObject(list_nth(best->custom_private, PATH_NUMBERS));
	List *own = list_make1(list_nth(best->custom_private, PATH_QUERY));
	List *pushed;
	List *local;

	lancedb_split_clauses(root, rel, clauses, &pushed, &local);
	if (intVal(list_nth(numbers, ANN_PRIVATE_LIMIT)) == 0)
		own = list_concat(own, limit_expressions(root));
	if (!wants_plain_tuple(root, rel, local))
	{
		scan->custom_scan_tlist = scan_tuple_with_distance(root, rel, distance);
		lfirst(list_nth_cell(numbers, ANN_PRIVATE_DISTANCE_SLOT)) =
			makeInteger(list_length(scan->custom_scan_tlist));
	}
	numbers = lappend(numbers, makeInteger(list_length(own)));

	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = local;
	scan->scan.scanrelid = rel->relid;
	scan->flags = best->flags;
	scan->methods = &lancedb_ann_scan_methods;
	scan->custom_exprs = list_concat(own, pushed);
	scan->custom_private = numbers;
	return &scan->scan.plan;
}
