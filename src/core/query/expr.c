/* expr.c -- makes an expression ready and tells which rows of a batch it keeps. */
#include "ldb/query/expr.h"

#include <string.h>

#include "domain.h"
#include "filter.h"

/* The recursion over nodes must not reach the end of any thread's stack. */
#define MAX_DEPTH 1000

struct LdbFilter
{
	LdbArena *arena; /* owned; holds the nodes */
	const LdbCancel *cancel;
	const LdbFilterNode *root;
};

typedef struct Compiler
{
	LdbArena *arena;
	const LdbType *const *types;
	size_t type_count;
	const LdbCancel *cancel;
} Compiler;

/* --- what the kinds of nodes share --- */

LdbStatus
ldb_filter_column(const LdbFilterRun *run, size_t column, const LdbType *type,
				  const LdbArray **array, LdbError *err)
{
	const LdbType *found;

	if (column >= run->batch->column_count)
		LDB_FAIL(err, LDB_INVALID, "filter column %zu of a batch of %zu columns", column,
				 run->batch->column_count);
	*array = &run->batch->columns[column];
	found = (*array)->type;
	if (found->kind != type->kind || found->unit != type->unit || found->scale != type->scale ||
		found->width != type->width || (*array)->length != run->batch->row_count)
		LDB_FAIL(err, LDB_INVALID, "filter column %zu is not of the type the filter was made for",
				 column);
	return LDB_OK;
}

void
ldb_truth_nulls(const LdbArray *array, uint8_t *truth)
{
	if (array->validity == NULL)
		return;
	for (size_t first = 0; first < array->length; first += 8)
	{
		uint8_t valid = array->validity[first / 8];

		for (size_t row = first; valid != 0xff && row < array->length && row < first + 8; row++)
			if (!ldb_bit_get(array->validity, row))
				truth[row] = LDB_UNKNOWN;
	}
}

static LdbStatus
evaluate(const LdbFilterNode *node, const LdbFilterRun *run, const uint8_t *live, uint8_t *truth,
		 LdbError *err)
{
	LDB_CHECK_CANCEL(run->cancel, err);
	return node->evaluate(node, run, live, truth, err);
}

static LdbStatus
evaluate_constant(const LdbFilterNode *node, const LdbFilterRun *run, const uint8_t *live,
				  uint8_t *truth, LdbError *err)
{
	int answer = LDB_UNKNOWN;

	(void) live;
	(void) err;
	if (node->kind != LDB_EXPR_NULL)
		answer = node->kind == LDB_EXPR_TRUE ? LDB_YES : LDB_NO;
	memset(truth, answer, run->batch->row_count);
	return LDB_OK;
}

static LdbStatus
evaluate_is_null(const LdbFilterNode *node, const LdbFilterRun *run, const uint8_t *live,
				 uint8_t *truth, LdbError *err)
{
	const LdbArray *array;
	uint8_t of_null = node->kind == LDB_EXPR_IS_NULL ? LDB_YES : LDB_NO;

	(void) live;
	LDB_TRY(ldb_filter_column(run, node->column, node->type, &array, err));
	memset(truth, LDB_YES - of_null, array->length);
	for (size_t row = 0; row < array->length; row++)
		if (array->type->kind == LDB_TYPE_NULL || ldb_array_is_null(array, row))
			truth[row] = of_null;
	return LDB_OK;
}

static LdbStatus
evaluate_not(const LdbFilterNode *node, const LdbFilterRun *run, const uint8_t *live,
			 uint8_t *truth, LdbError *err)
{
	LDB_TRY(evaluate(node->children[0], run, live, truth, err));
	for (size_t row = 0; row < run->batch->row_count; row++)
		truth[row] = (uint8_t) (LDB_YES - truth[row]);
	return LDB_OK;
}

/* --- AND, OR --- */

/* Marks the rows that are still wanted and not settled; returns how many. */
static size_t
mark_open(const uint8_t *truth, const uint8_t *live, uint8_t settled, size_t rows, uint8_t *open)
{
	size_t count = 0;

	for (size_t row = 0; row < rows; row++)
	{
		open[row] = ldb_is_live(live, row) && truth[row] != settled;
		count += open[row];
	}
	return count;
}

static void
combine(LdbExprKind kind, uint8_t *truth, const uint8_t *other, size_t rows)
{
	if (kind == LDB_EXPR_AND)
		for (size_t row = 0; row < rows; row++)
			truth[row] = truth[row] < other[row] ? truth[row] : other[row];
	else
		for (size_t row = 0; row < rows; row++)
			truth[row] = truth[row] > other[row] ? truth[row] : other[row];
}

/* Rows that a child has settled (false under AND, true under OR) stay so whatever the others say:
 * dear children leave them out, and the rest is skipped when no other rows are left. */
static LdbStatus
evaluate_connective(const LdbFilterNode *node, const LdbFilterRun *run, const uint8_t *live,
					uint8_t *truth, LdbError *err)
{
	size_t rows = run->batch->row_count;
	uint8_t settled = node->kind == LDB_EXPR_AND ? LDB_NO : LDB_YES;
	uint8_t *other;
	uint8_t *open;

	if (node->child_count == 0)
	{
		memset(truth, LDB_YES - settled, rows);
		return LDB_OK;
	}
	LDB_TRY(evaluate(node->children[0], run, live, truth, err));
	if (node->child_count == 1)
		return LDB_OK;
	LDB_NEW(run->batch->arena, other, rows, err);
	LDB_NEW(run->batch->arena, open, rows, err);
	for (size_t i = 1; i < node->child_count; i++)
	{
		if (mark_open(truth, live, settled, rows, open) == 0)
			return LDB_OK;
		LDB_TRY(evaluate(node->children[i], run, open, other, err));
		combine(node->kind, truth, other, rows);
	}
	return LDB_OK;
}

/* --- making a filter --- */

static LdbStatus compile(const Compiler *compiler, const LdbExpr *expr, int depth,
						 LdbFilterNode **out, LdbError *err);

static LdbStatus
compile_children(const Compiler *compiler, const LdbExpr *expr, int depth, LdbFilterNode *node,
				 LdbError *err)
{
	if (expr->kind == LDB_EXPR_NOT && expr->child_count != 1)
		LDB_FAIL(err, LDB_INVALID, "NOT needs one operand, not %zu", expr->child_count);
	node->evaluate = expr->kind == LDB_EXPR_NOT ? evaluate_not : evaluate_connective;
	node->child_count = expr->child_count;
	LDB_NEW(compiler->arena, node->children, expr->child_count, err);
	for (size_t i = 0; i < expr->child_count; i++)
	{
		LdbFilterNode *child;
		size_t at = i;

		LDB_TRY(compile(compiler, expr->children[i], depth + 1, &child, err));
		for (; at > 0 && node->children[at - 1]->cost > child->cost; at--)
			node->children[at] = node->children[at - 1];
		node->children[at] = child;
		if (child->cost > node->cost)
			node->cost = child->cost;
	}
	return LDB_OK;
}

static LdbStatus
column_type(const Compiler *compiler, size_t column, const LdbType **type, LdbError *err)
{
	if (column >= compiler->type_count)
		LDB_FAIL(err, LDB_INVALID, "filter column %zu, but there are only %zu", column,
				 compiler->type_count);
	*type = ldb_type_value(compiler->types[column]);
	return LDB_OK;
}

static LdbStatus
check_domain(const Compiler *compiler, const LdbType *type, LdbDomain domain, LdbError *err)
{
	const char *name;

	if (ldb_domain_fits(domain, type))
		return LDB_OK;
	name = ldb_type_name(type, compiler->arena);
	LDB_FAIL(err, LDB_INVALID, "a column of type %s cannot be compared with %s",
			 name == NULL ? "?" : name, ldb_domain_name(domain));
}

static LdbStatus
check_list(const Compiler *compiler, const LdbExpr *expr, const LdbType *type, LdbError *err)
{
	const char *name;

	if (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
		return check_domain(compiler, ldb_type_value(type->item), expr->domain, err);
	if (type->kind == LDB_TYPE_LIST || type->kind == LDB_TYPE_LARGE_LIST ||
		type->kind == LDB_TYPE_NULL)
		return LDB_OK;
	name = ldb_type_name(type, compiler->arena);
	LDB_FAIL(err, LDB_INVALID, "a column of type %s is not a list", name == NULL ? "?" : name);
}

/* Nodes about a column. */
static LdbStatus
compile_leaf(const Compiler *compiler, const LdbExpr *expr, LdbFilterNode *node, LdbError *err)
{
	LDB_TRY(column_type(compiler, expr->column, &node->type, err));
	switch (expr->kind)
	{
		case LDB_EXPR_IS_NULL:
		case LDB_EXPR_IS_NOT_NULL:
			node->evaluate = evaluate_is_null;
			node->cost = 1;
			return LDB_OK;
		case LDB_EXPR_CONTAINS_ALL:
		case LDB_EXPR_OVERLAPS:
		case LDB_EXPR_HAS_ITEM:
			LDB_TRY(check_list(compiler, expr, node->type, err));
			return ldb_list_prepare(expr, node, compiler->arena, compiler->cancel, err);
		default:
			break;
	}
	LDB_TRY(check_domain(compiler, node->type, expr->domain, err));
	switch (expr->kind)
	{
		case LDB_EXPR_COMPARE:
			return ldb_compare_prepare(expr, node, err);
		case LDB_EXPR_COMPARE_COLUMNS:
			LDB_TRY(column_type(compiler, expr->other_column, &node->other_type, err));
			LDB_TRY(check_domain(compiler, node->other_type, expr->domain, err));
			return ldb_columns_prepare(expr, node, err);
		case LDB_EXPR_IN:
		case LDB_EXPR_NOT_IN:
			return ldb_in_prepare(expr, node, compiler->arena, compiler->cancel, err);
		case LDB_EXPR_LIKE:
		case LDB_EXPR_NOT_LIKE:
			return ldb_like_prepare(expr, node, compiler->arena, err);
		default:
			LDB_FAIL(err, LDB_INVALID, "unknown kind of expression %d", (int) expr->kind);
	}
}

static LdbStatus
compile(const Compiler *compiler, const LdbExpr *expr, int depth, LdbFilterNode **out,
		LdbError *err)
{
	LdbFilterNode *node;

	if (depth > MAX_DEPTH)
		LDB_FAIL(err, LDB_INVALID, "a filter must not be nested deeper than %d", MAX_DEPTH);
	LDB_NEW(compiler->arena, node, 1, err);
	*out = node;
	node->kind = expr->kind;
	node->op = expr->op;
	node->domain = expr->domain;
	node->column = expr->column;
	node->other_column = expr->other_column;
	switch (expr->kind)
	{
		case LDB_EXPR_TRUE:
		case LDB_EXPR_FALSE:
		case LDB_EXPR_NULL:
			node->evaluate = evaluate_constant;
			return LDB_OK;
		case LDB_EXPR_AND:
		case LDB_EXPR_OR:
		case LDB_EXPR_NOT:
			return compile_children(compiler, expr, depth, node, err);
		default:
			return compile_leaf(compiler, expr, node, err);
	}
}

LdbStatus
ldb_filter_new(const LdbExpr *expr, const LdbType *const *types, size_t type_count,
			   const LdbCancel *cancel, LdbFilter **filter, LdbError *err)
{
	LdbArena *arena = ldb_arena_new(0);
	Compiler compiler = {arena, types, type_count, cancel};
	LdbFilterNode *root;
	LdbStatus status;

	*filter = NULL;
	if (arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a filter");
	status = compile(&compiler, expr, 0, &root, err);
	if (status == LDB_OK)
		*filter = ldb_arena_zalloc(arena, sizeof **filter);
	if (*filter == NULL)
	{
		ldb_arena_free(arena);
		if (status != LDB_OK)
			return status;
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a filter");
	}
	(*filter)->arena = arena;
	(*filter)->cancel = cancel;
	(*filter)->root = root;
	return LDB_OK;
}

void
ldb_filter_free(LdbFilter *filter)
{
	if (filter != NULL)
		ldb_arena_free(filter->arena);
}

/* --- selecting --- */

/* Eight truths at a time when none of them is LDB_YES, which alone has the second bit. */
static size_t
collect(const uint8_t *truth, size_t rows, uint32_t *kept)
{
	size_t count = 0;
	size_t row = 0;

	for (; rows - row >= 8; row += 8)
	{
		if ((ldb_load_u64(truth + row) & 0x0202020202020202u) == 0)
			continue;
		for (size_t i = row; i < row + 8; i++)
		{
			kept[count] = (uint32_t) i;
			count += truth[i] >> 1;
		}
	}
	for (; row < rows; row++)
	{
		kept[count] = (uint32_t) row;
		count += truth[row] >> 1;
	}
	return count;
}

LdbStatus
ldb_filter_select(void *context, const LdbBatch *batch, uint32_t *kept, size_t *kept_count,
				  LdbError *err)
{
	const LdbFilter *filter = context;
	LdbFilterRun run = {batch, filter->cancel};
	uint8_t *truth;

	*kept_count = 0;
	if (batch->row_count > UINT32_MAX)
		LDB_FAIL(err, LDB_INVALID, "a batch of %zu rows is too large", batch->row_count);
	LDB_NEW(batch->arena, truth, batch->row_count, err);
	LDB_TRY(evaluate(filter->root, &run, NULL, truth, err));
	*kept_count = collect(truth, batch->row_count, kept);
	return LDB_OK;
}
