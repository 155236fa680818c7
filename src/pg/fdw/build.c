/* build.c -- makes the core's expression of a pushed condition with the values of this moment. */
#include "fdw/push.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#define INT128_LARGEST ((__int128) (~(unsigned __int128) 0 >> 1))

static LdbExpr *
new_expr(LancedbPushBuilder *builder, LdbExprKind kind)
{
	LdbExpr *expr = lancedb_arena_zalloc(builder->arena, 1, sizeof(*expr));

	expr->kind = kind;
	return expr;
}

static size_t
batch_column(const LancedbPushBuilder *builder, size_t field)
{
	for (int i = 0; i < builder->column_count; i++)
	{
		if (builder->columns[i] == field)
			return (size_t) i;
	}
	elog(ERROR, "column %zu is not among those of the filter", field);
}

static LdbExpr *
column_expr(LancedbPushBuilder *builder, const LancedbPushColumn *column, LdbExprKind kind)
{
	LdbExpr *expr = new_expr(builder, kind);

	expr->domain = column->domain;
	expr->scale = column->scale;
	expr->column = batch_column(builder, column->field);
	return expr;
}

static LdbExpr *
null_test(LancedbPushBuilder *builder, const LancedbPushColumn *column, LdbExprKind kind)
{
	LdbExpr *expr = new_expr(builder, kind);

	expr->column = batch_column(builder, column->field);
	return expr;
}

/* The node's value, owned by the current memory context. */
static Datum
evaluate(LancedbPushBuilder *builder, const LancedbPushNode *node, bool *isnull)
{
	return ExecEvalExpr(node->state, builder->econtext, isnull);
}

static LdbExpr *
compare(LancedbPushBuilder *builder, const LancedbPushNode *node, LdbCompareOp op,
		const LdbScalar *value)
{
	LdbExpr *expr = column_expr(builder, &node->column, LDB_EXPR_COMPARE);

	expr->op = op;
	expr->value_count = 1;
	expr->values = lancedb_arena_zalloc(builder->arena, 1, sizeof(LdbScalar));
	expr->values[0] = *value;
	return expr;
}

/* True, or never true, for every row whose column is not NULL; unknown for the others. */
static LdbExpr *
settled(LancedbPushBuilder *builder, const LancedbPushNode *node, bool outcome)
{
	LdbScalar largest = {.integer = PG_INT64_MAX, .wide = INT128_LARGEST};

	return compare(builder, node, outcome ? LDB_OP_LE : LDB_OP_GT, &largest);
}

/* The comparison with a value that lies between two of the domain, or beyond its ends. */
static LdbExpr *
compare_rounded(LancedbPushBuilder *builder, const LancedbPushNode *node, LdbScalar *value,
				LancedbRounding rounding)
{
	bool wants_less = node->op == LDB_OP_LT || node->op == LDB_OP_LE;

	if (node->op == LDB_OP_EQ || node->op == LDB_OP_NE)
		return settled(builder, node, node->op == LDB_OP_NE);
	if (rounding == VALUE_BETWEEN)
		return compare(builder, node, wants_less ? LDB_OP_LE : LDB_OP_GT, value);
	return settled(builder, node, wants_less == (rounding == VALUE_ABOVE_ALL));
}

static LdbExpr *
build_compare(LancedbPushBuilder *builder, const LancedbPushNode *node)
{
	LdbScalar value = {0};
	LancedbRounding rounding;
	bool isnull;
	Datum datum = evaluate(builder, node, &isnull);

	if (isnull)
		return new_expr(builder, LDB_EXPR_NULL);
	rounding = lancedb_push_value(&node->column, node->value_type, datum, builder->arena, &value);
	if (rounding == VALUE_EXACT)
		return compare(builder, node, node->op, &value);
	return compare_rounded(builder, node, &value, rounding);
}

static LdbExpr *
join(LancedbPushBuilder *builder, LdbExprKind kind, LdbExpr *first, LdbExpr *second)
{
	LdbExpr *expr = new_expr(builder, kind);

	expr->child_count = 2;
	expr->children = lancedb_arena_zalloc(builder->arena, 2, sizeof(LdbExpr *));
	expr->children[0] = first;
	expr->children[1] = second;
	return expr;
}

static LdbExpr *
build_distinct(LancedbPushBuilder *builder, const LancedbPushNode *node)
{
	LancedbPushNode differs = *node;
	LdbExpr *expr;

	differs.op = LDB_OP_NE;
	expr = build_compare(builder, &differs);
	if (expr->kind == LDB_EXPR_NULL)
		return null_test(builder, &node->column, LDB_EXPR_IS_NOT_NULL);
	/* NULL differs from the value, and the comparison must not stay unknown then */
	expr =
		join(builder, LDB_EXPR_AND, expr, null_test(builder, &node->column, LDB_EXPR_IS_NOT_NULL));
	return join(builder, LDB_EXPR_OR, null_test(builder, &node->column, LDB_EXPR_IS_NULL), expr);
}

/*
 * The items of an array value in the column's domain. Inexact ones equal nothing: `keep_inexact`
 * keeps their stand-ins, which no valid row holds, where each item counts.
 */
static void
read_items(LancedbPushBuilder *builder, const LancedbPushNode *node, Datum datum, bool keep_inexact,
		   LdbExpr *expr)
{
	ArrayType *array = DatumGetArrayTypeP(datum);
	int16 length;
	bool by_value;
	char alignment;
	Datum *items;
	bool *nulls;
	int count;

	get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &alignment);
	deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, alignment, &items, &nulls,
					  &count);
	expr->values = lancedb_arena_zalloc(builder->arena, Max(count, 1), sizeof(LdbScalar));
	for (int i = 0; i < count; i++)
	{
		LancedbRounding rounding;

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
		{
			expr->has_null_value = true;
			continue;
		}
		rounding = lancedb_push_value(&node->column, node->value_type, items[i], builder->arena,
									  &expr->values[expr->value_count]);
		if (rounding == VALUE_EXACT || keep_inexact)
			expr->value_count++;
	}
}

static LdbExpr *
build_in(LancedbPushBuilder *builder, const LancedbPushNode *node)
{
	bool is_in = node->kind == PUSH_IN;
	LdbExpr *expr;
	bool isnull;
	Datum datum = evaluate(builder, node, &isnull);

	if (isnull)
		return new_expr(builder, LDB_EXPR_NULL);
	/* An empty list has its answer before the column is looked at, NULL or not. */
	if (ArrayGetNItems(ARR_NDIM(DatumGetArrayTypeP(datum)), ARR_DIMS(DatumGetArrayTypeP(datum))) ==
		0)
		return new_expr(builder, is_in ? LDB_EXPR_FALSE : LDB_EXPR_TRUE);
	expr = column_expr(builder, &node->column, is_in ? LDB_EXPR_IN : LDB_EXPR_NOT_IN);
	read_items(builder, node, datum, false, expr);
	if (expr->value_count == 0)
		return expr->has_null_value ? new_expr(builder, LDB_EXPR_NULL)
									: settled(builder, node, !is_in);
	return expr;
}

static LdbExpr *
build_list(LancedbPushBuilder *builder, const LancedbPushNode *node)
{
	LdbExpr *expr;
	bool isnull;
	Datum datum = evaluate(builder, node, &isnull);

	if (isnull)
		return new_expr(builder, LDB_EXPR_NULL);
	if (node->kind == PUSH_HAS_ITEM)
	{
		expr = column_expr(builder, &node->column, LDB_EXPR_HAS_ITEM);
		expr->value_count = 1;
		expr->values = lancedb_arena_zalloc(builder->arena, 1, sizeof(LdbScalar));
		lancedb_push_value(&node->column, node->value_type, datum, builder->arena, expr->values);
		return expr;
	}
	expr = column_expr(builder, &node->column,
					   node->kind == PUSH_CONTAINS ? LDB_EXPR_CONTAINS_ALL : LDB_EXPR_OVERLAPS);
	read_items(builder, node, datum, true, expr);
	return expr;
}

static LdbExpr *
build_like(LancedbPushBuilder *builder, const LancedbPushNode *node)
{
	LdbExpr *expr;
	LdbSlice pattern;
	size_t backslashes = 0;
	bool isnull;
	Datum datum = evaluate(builder, node, &isnull);

	if (isnull)
		return new_expr(builder, LDB_EXPR_NULL);
	expr = column_expr(builder, &node->column,
					   node->kind == PUSH_LIKE ? LDB_EXPR_LIKE : LDB_EXPR_NOT_LIKE);
	expr->value_count = 1;
	expr->values = lancedb_arena_zalloc(builder->arena, 1, sizeof(LdbScalar));
	lancedb_push_value(&node->column, node->value_type, datum, builder->arena, expr->values);
	pattern = expr->values[0].text;
	while (backslashes < pattern.length && pattern.data[pattern.length - 1 - backslashes] == '\\')
		backslashes++;
	if (backslashes % 2 != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_ESCAPE_SEQUENCE),
						errmsg("LIKE pattern must not end with escape character")));
	return expr;
}

static LdbExpr *
build_columns(LancedbPushBuilder *builder, const LancedbPushNode *node)
{
	LdbExpr *expr = column_expr(builder, &node->column, LDB_EXPR_COMPARE_COLUMNS);

	expr->op = node->op;
	expr->other_column = batch_column(builder, node->other.field);
	return expr;
}

static LdbExpr *
build_runtime(LancedbPushBuilder *builder, const LancedbPushNode *node)
{
	bool isnull;
	Datum datum = evaluate(builder, node, &isnull);

	if (isnull)
		return new_expr(builder, LDB_EXPR_NULL);
	return new_expr(builder, DatumGetBool(datum) ? LDB_EXPR_TRUE : LDB_EXPR_FALSE);
}

/*
 * AND, OR: a child that settles the whole ends it, so `$1 IS NULL OR x = 10 / $1` never divides;
 * children that cannot change it are dropped.
 */
static LdbExpr *
build_junction(LancedbPushBuilder *builder, const LancedbPushNode *node)
{
	bool is_and = node->kind == PUSH_AND;
	LdbExprKind settles = is_and ? LDB_EXPR_FALSE : LDB_EXPR_TRUE;
	LdbExprKind neutral = is_and ? LDB_EXPR_TRUE : LDB_EXPR_FALSE;
	LdbExpr *expr = new_expr(builder, is_and ? LDB_EXPR_AND : LDB_EXPR_OR);
	ListCell *lc;

	expr->children =
		lancedb_arena_zalloc(builder->arena, list_length(node->children), sizeof(LdbExpr *));
	foreach (lc, node->children)
	{
		LdbExpr *child = lancedb_push_build(builder, lfirst(lc));

		if (child->kind == settles)
			return child;
		if (child->kind != neutral)
			expr->children[expr->child_count++] = child;
	}
	if (expr->child_count == 0)
		return new_expr(builder, neutral);
	return expr->child_count == 1 ? expr->children[0] : expr;
}

static LdbExpr *
build_not(LancedbPushBuilder *builder, const LancedbPushNode *node)
{
	LdbExpr *child = lancedb_push_build(builder, linitial(node->children));
	LdbExpr *expr;

	if (child->kind == LDB_EXPR_NULL)
		return child;
	if (child->kind == LDB_EXPR_TRUE || child->kind == LDB_EXPR_FALSE)
		return new_expr(builder, child->kind == LDB_EXPR_TRUE ? LDB_EXPR_FALSE : LDB_EXPR_TRUE);
	expr = new_expr(builder, LDB_EXPR_NOT);
	expr->child_count = 1;
	expr->children = lancedb_arena_zalloc(builder->arena, 1, sizeof(LdbExpr *));
	expr->children[0] = child;
	return expr;
}

LdbExpr *
lancedb_push_build(LancedbPushBuilder *builder, const LancedbPushNode *node)
{
	switch (node->kind)
	{
		case PUSH_AND:
		case PUSH_OR:
			return build_junction(builder, node);
		case PUSH_NOT:
			return build_not(builder, node);
		case PUSH_RUNTIME:
			return build_runtime(builder, node);
		case PUSH_IS_NULL:
			return null_test(builder, &node->column, LDB_EXPR_IS_NULL);
		case PUSH_IS_NOT_NULL:
			return null_test(builder, &node->column, LDB_EXPR_IS_NOT_NULL);
		case PUSH_COMPARE:
			return build_compare(builder, node);
		case PUSH_DISTINCT:
			return build_distinct(builder, node);
		case PUSH_COLUMNS:
			return build_columns(builder, node);
		case PUSH_IN:
		case PUSH_NOT_IN:
			return build_in(builder, node);
		case PUSH_LIKE:
		case PUSH_NOT_LIKE:
			return build_like(builder, node);
		case PUSH_CONTAINS:
		case PUSH_OVERLAPS:
		case PUSH_HAS_ITEM:
			return build_list(builder, node);
	}
	elog(ERROR, "pushed condition of kind %d", (int) node->kind);
}
