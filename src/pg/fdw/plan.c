/* plan.c -- offers the ways to scan a Lance table and makes the plan of the one that was chosen. */
#include "fdw/fdw.h"

#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"

#include "ann/ann.h"
#include "fdw/plan.h"
#include "fdw/pushdown.h"

static void
add_plain_path(PlannerInfo *root, RelOptInfo *rel, const LancedbRelPlan *plan)
{
	LancedbCost cost = lancedb_scan_cost(rel, plan, plan->pushed_selectivity);
	ForeignPath *path = create_foreignscan_path(root, rel, NULL, rel->rows, 0, cost.startup,
												cost.startup + cost.run, NIL, rel->lateral_relids,
												NULL, rel->baserestrictinfo, NIL);

	/* Only a parallel-aware node can tell workers which version the leader has pinned. */
	path->path.parallel_safe = false;
	add_path(rel, (Path *) path);
}

static void
add_parallel_path(PlannerInfo *root, RelOptInfo *rel, const LancedbRelPlan *plan)
{
	LancedbCost cost = lancedb_scan_cost(rel, plan, plan->pushed_selectivity);
	uint64 tasks = ldb_scan_task_count(plan->table->manifest);
	ForeignPath *path;
	int workers;
	double share;

	if (!rel->consider_parallel || !bms_is_empty(rel->lateral_relids) || tasks < 2)
		return;
	workers =
		compute_parallel_worker(rel, (double) rel->pages, -1, max_parallel_workers_per_gather);
	workers = (int) Min((uint64) workers, tasks - 1);
	if (workers <= 0)
		return;
	/* as the server's own scans divide their rows: the leader helps less the more workers it has */
	share = workers;
	if (parallel_leader_participation && workers < 4)
		share += 1.0 - 0.3 * workers;
	path = create_foreignscan_path(root, rel, NULL, clamp_row_est(rel->rows / share), 0,
								   cost.startup, cost.startup + cost.run / share, NIL, NULL, NULL,
								   rel->baserestrictinfo, NIL);
	path->path.parallel_aware = true;
	path->path.parallel_safe = true;
	path->path.parallel_workers = workers;
	add_partial_path(rel, (Path *) path);
}

/* A scan for each row of other relations, with a condition on its columns pushed. */
static void
add_parameterized_path(PlannerInfo *root, RelOptInfo *rel, const LancedbRelPlan *plan,
					   ParamPathInfo *ppi)
{
	LancedbRelPlan with_joins = *plan;
	ListCell *lc;
	double selectivity;
	LancedbCost cost;
	Bitmapset *filter;

	foreach (lc, ppi->ppi_clauses)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);

		if (lancedb_is_pushable(root, rel, rinfo))
			with_joins.pushed = lappend(list_copy(with_joins.pushed), rinfo);
		else
			with_joins.local = lappend(list_copy(with_joins.local), rinfo);
	}
	filter = lancedb_plan_columns(plan->table, rel->relid,
								  extract_actual_clauses(with_joins.pushed, false));
	with_joins.filter_bytes = lancedb_plan_bytes(plan->table, filter);
	selectivity =
		clauselist_selectivity(root, with_joins.pushed, (int) rel->relid, JOIN_INNER, NULL);
	cost = lancedb_scan_cost(rel, &with_joins, selectivity);
	{
		ForeignPath *path = create_foreignscan_path(root, rel, NULL, ppi->ppi_rows, 0, cost.startup,
													cost.startup + cost.run, NIL,
													ppi->ppi_req_outer, NULL, NIL, NIL);

		path->path.parallel_safe = false;
		add_path(rel, (Path *) path);
	}
}

/* Notes who a pushable join condition depends on. */
static List *
note_join_clause(PlannerInfo *root, RelOptInfo *rel, RestrictInfo *rinfo, List *infos)
{
	Relids outer;

	if (!join_clause_is_movable_to(rinfo, rel) || !lancedb_is_pushable(root, rel, rinfo))
		return infos;
	outer = bms_union(rinfo->clause_relids, rel->lateral_relids);
	outer = bms_del_member(outer, (int) rel->relid);
	if (bms_is_empty(outer))
		return infos;
	return list_append_unique_ptr(infos, get_baserel_parampathinfo(root, rel, outer));
}

typedef struct ColumnSearch
{
	Expr *current; /* the member whose equalities are being collected */
	List *done;
} ColumnSearch;

static bool
is_next_member(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *ec, EquivalenceMember *em,
			   void *argument)
{
	ColumnSearch *search = argument;

	if (search->current != NULL)
		return equal(em->em_expr, search->current);
	if (list_member(search->done, em->em_expr))
		return false;
	search->current = em->em_expr;
	return true;
}

/* Equalities that the planner keeps as equivalence classes instead of join conditions. */
static List *
note_equivalences(PlannerInfo *root, RelOptInfo *rel, List *infos)
{
	ColumnSearch search = {0};

	for (;;)
	{
		List *clauses;
		ListCell *lc;

		search.current = NULL;
		clauses = generate_implied_equalities_for_column(root, rel, is_next_member, &search,
														 rel->lateral_referencers);
		if (search.current == NULL)
			return infos;
		foreach (lc, clauses)
			infos = note_join_clause(root, rel, lfirst_node(RestrictInfo, lc), infos);
		search.done = lappend(search.done, search.current);
	}
}

static void
add_parameterized_paths(PlannerInfo *root, RelOptInfo *rel, const LancedbRelPlan *plan)
{
	List *infos = NIL;
	ListCell *lc;

	foreach (lc, rel->joininfo)
		infos = note_join_clause(root, rel, lfirst_node(RestrictInfo, lc), infos);
	if (rel->has_eclass_joins)
		infos = note_equivalences(root, rel, infos);
	foreach (lc, infos)
		add_parameterized_path(root, rel, plan, lfirst(lc));
}

void
lancedb_get_paths(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	LancedbRelPlan *plan = lancedb_rel_plan(root, rel);

	add_plain_path(root, rel, plan);
	add_parallel_path(root, rel, plan);
	add_parameterized_paths(root, rel, plan);
	lancedb_ann_add_paths(root, rel, plan);
}

static List *
integers_of(const Bitmapset *set)
{
	List *list = NIL;
	int member = -1;

	while ((member = bms_next_member(set, member)) >= 0)
		list = lappend_int(list, member);
	return list;
}

List *
lancedb_plan_private(LancedbPlanKind kind, Oid relid, Oid userid, const Bitmapset *columns,
					 double limit)
{
	/* batches smaller than this cost more than they save */
	int rows = limit > 0 && limit < LDB_SCAN_TASK_ROWS ? (int) Max(limit, 128) : 0;

	return list_make4(makeInteger((int) kind), list_make2_oid(relid, userid), integers_of(columns),
					  makeInteger(rows));
}

/* Rows that the scan will be asked for, when nothing between it and LIMIT needs more; or 0. */
static double
rows_wanted(PlannerInfo *root, RelOptInfo *rel, List *clauses)
{
	if (clauses != NIL || root->query_pathkeys != NIL || root->limit_tuples <= 0 ||
		!bms_equal(root->all_baserels, rel->relids))
		return 0;
	return root->limit_tuples;
}

ForeignScan *
lancedb_get_plan(PlannerInfo *root, RelOptInfo *rel, Oid relid, ForeignPath *best_path, List *tlist,
				 List *scan_clauses, Plan *outer_plan)
{
	LancedbRelPlan *plan;
	List *pushed;
	List *local;
	Bitmapset *columns;

	if (IS_UPPER_REL(rel))
		return lancedb_count_plan(root, best_path, tlist);
	plan = lancedb_rel_plan(root, rel);
	lancedb_split_clauses(root, rel, scan_clauses, &pushed, &local);
	/* tlist is empty when a node above brings its own; the relation's target is what it uses */
	columns = lancedb_plan_columns(plan->table, rel->relid,
								   list_concat_copy(local, rel->reltarget->exprs));
	return make_foreignscan(tlist, local, rel->relid, NIL,
							lancedb_plan_private(LANCEDB_PLAN_SCAN, relid, rel->userid, columns,
												 rows_wanted(root, rel, scan_clauses)),
							NIL, pushed, outer_plan);
}
