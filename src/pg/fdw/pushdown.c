/* pushdown.c -- splits conditions between core and server, and runs the core's share. */
#include "fdw/push.h"

#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/restrictinfo.h"
#include "utils/memutils.h"

#include "fdw/plan.h"

struct LancedbFilter
{
	const LancedbTable *table; /* borrowed */
	List *nodes;               /* implicitly ANDed */
	int column_count;
	size_t *columns; /* positions in the schema */
	const LdbType **types;
	bool has_params;
	MemoryContext values; /* of one bind */
	LdbArena *arena;      /* owned; of one bind */
	LdbFilter *filter;    /* owned; of one bind */
	LdbRowFilter row_filter;
};

static LancedbPushNode *
compile(LancedbPushContext *context, Expr *clause)
{
	return lancedb_push_compile(context, lancedb_push_replace_missing(context, clause));
}

bool
lancedb_is_pushable(PlannerInfo *root, RelOptInfo *rel, RestrictInfo *rinfo)
{
	LancedbRelPlan *plan = lancedb_rel_plan(root, rel);
	LancedbPushContext context = {0};

	if (!lancedb_enable_pushdown || plan == NULL)
		return false;
	/* Behind a security barrier nothing may look at a row before the barrier's own conditions. */
	if (!restriction_is_securely_promotable(rinfo, rel))
		return false;
	context.table = plan->table;
	context.varno = rel->relid;
	return compile(&context, rinfo->clause) != NULL;
}

void
lancedb_split_clauses(PlannerInfo *root, RelOptInfo *rel, List *restrictinfos, List **pushed,
					  List **local)
{
	ListCell *lc;

	*pushed = NIL;
	*local = NIL;
	foreach (lc, restrictinfos)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);

		if (rinfo->pseudoconstant)
			continue;
		if (lancedb_is_pushable(root, rel, rinfo))
			*pushed = lappend(*pushed, rinfo->clause);
		else
			*local = lappend(*local, rinfo->clause);
	}
}

static bool
has_exec_param(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param))
		return ((Param *) node)->paramkind == PARAM_EXEC;
	return expression_tree_walker(node, has_exec_param, context);
}

static void
add_column(LancedbFilter *filter, size_t field)
{
	for (int i = 0; i < filter->column_count; i++)
	{
		if (filter->columns[i] == field)
			return;
	}
	filter->columns[filter->column_count] = field;
	filter->types[filter->column_count] =
		ldb_type_value(&filter->table->manifest->schema.fields[field]->type);
	filter->column_count++;
}

/* Collects the node's columns and prepares its values. */
static void
prepare_node(LancedbFilter *filter, LancedbPushNode *node, PlanState *parent)
{
	ListCell *lc;

	if (node->kind >= PUSH_IS_NULL)
		add_column(filter, node->column.field);
	if (node->kind == PUSH_COLUMNS)
		add_column(filter, node->other.field);
	if (node->value != NULL)
	{
		node->state = ExecInitExpr(node->value, parent);
		filter->has_params |= has_exec_param((Node *) node->value, NULL);
	}
	foreach (lc, node->children)
		prepare_node(filter, lfirst(lc), parent);
}

static void
close_filter(void *handle)
{
	LancedbFilter *filter = handle;

	ldb_filter_free(filter->filter);
	filter->filter = NULL;
	ldb_arena_free(filter->arena);
	filter->arena = NULL;
}

LancedbFilter *
lancedb_filter_compile(const LancedbTable *table, Index varno, List *scan_tlist, List *clauses,
					   PlanState *parent)
{
	MemoryContext query = parent->state->es_query_cxt;
	MemoryContext old = MemoryContextSwitchTo(query);
	LancedbPushContext context = {.table = table, .varno = varno, .scan_tlist = scan_tlist};
	LancedbFilter *filter = palloc0(sizeof(*filter));
	size_t field_count = table->manifest->schema.field_count;
	ListCell *lc;

	filter->table = table;
	filter->columns = palloc0((field_count + 1) * sizeof(size_t));
	filter->types = palloc0((field_count + 1) * sizeof(LdbType *));
	foreach (lc, clauses)
	{
		LancedbPushNode *node = compile(&context, lfirst(lc));

		if (node == NULL)
		{
			MemoryContextSwitchTo(old);
			return NULL;
		}
		prepare_node(filter, node, parent);
		filter->nodes = lappend(filter->nodes, node);
	}
	filter->values = AllocSetContextCreate(query, "lancedb filter values", ALLOCSET_SMALL_SIZES);
	lancedb_own(query, filter, close_filter);
	MemoryContextSwitchTo(old);
	return filter;
}

static LdbExpr *
build_all(LancedbFilter *filter, ExprContext *econtext)
{
	LancedbPushBuilder builder = {.arena = filter->arena,
								  .econtext = econtext,
								  .columns = filter->columns,
								  .column_count = filter->column_count};
	LancedbPushNode whole = {.kind = PUSH_AND, .children = filter->nodes};
	MemoryContext old = MemoryContextSwitchTo(filter->values);
	LdbExpr *expr = lancedb_push_build(&builder, &whole);

	MemoryContextSwitchTo(old);
	return expr;
}

LancedbFilterOutcome
lancedb_filter_bind(LancedbFilter *filter, ExprContext *econtext, const LdbRowFilter **row_filter)
{
	LdbExpr *expr;
	LdbError err;

	*row_filter = NULL;
	close_filter(filter);
	MemoryContextReset(filter->values);
	filter->arena = ldb_arena_new(0);
	if (filter->arena == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	expr = build_all(filter, econtext);
	if (expr->kind == LDB_EXPR_TRUE)
		return LANCEDB_ROWS_ALL;
	if (expr->kind == LDB_EXPR_FALSE || expr->kind == LDB_EXPR_NULL)
		return LANCEDB_ROWS_NONE;
	lancedb_check(ldb_filter_new(expr, filter->types, (size_t) filter->column_count,
								 &lancedb_cancel, &filter->filter, &err),
				  &err);
	filter->row_filter.column_count = (size_t) filter->column_count;
	filter->row_filter.columns = filter->columns;
	filter->row_filter.select = ldb_filter_select;
	filter->row_filter.context = filter->filter;
	*row_filter = &filter->row_filter;
	return LANCEDB_ROWS_SOME;
}

bool
lancedb_filter_has_params(const LancedbFilter *filter)
{
	return filter->has_params;
}
