/* compile_array.c -- conditions with arrays: IN lists, and list columns with @> && and ANY. */
#include "fdw/push.h"

#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

/* What an array's items are called by operators: text for varchar, no domains. */
static Oid
item_type(Expr *array)
{
	Oid item = get_element_type(getBaseType(exprType((Node *) array)));

	if (!OidIsValid(item))
		return InvalidOid;
	item = getBaseType(item);
	return item == VARCHAROID ? TEXTOID : item;
}

/* list @> value, value <@ list, list && value */
LancedbPushNode *
lancedb_push_array_operator(LancedbPushContext *context, OpExpr *expr)
{
	LancedbPushNode *node;
	Expr *list = linitial(expr->args);
	Expr *value = lsecond(expr->args);
	bool swapped = false;

	if (!lancedb_push_is_runtime(context, value))
	{
		list = value;
		value = linitial(expr->args);
		swapped = true;
	}
	/* list <@ value asks about every item of the list: not among the core's questions */
	if (expr->opfuncid != F_ARRAYOVERLAP && (expr->opfuncid == F_ARRAYCONTAINED) != swapped)
		return NULL;
	node = lancedb_push_node(expr->opfuncid == F_ARRAYOVERLAP ? PUSH_OVERLAPS : PUSH_CONTAINS);
	if (!lancedb_push_is_runtime(context, value) ||
		!lancedb_push_list(context, list, &node->column) ||
		!lancedb_push_collation(&node->column, LDB_OP_EQ, expr->inputcollid))
		return NULL;
	node->value = value;
	node->value_type = item_type(value);
	return node->value_type == node->column.typid ? node : NULL;
}

/* column = ANY (values), column <> ALL (values) */
static LancedbPushNode *
compile_in(LancedbPushContext *context, ScalarArrayOpExpr *expr)
{
	LancedbPushNode *node = lancedb_push_node(expr->useOr ? PUSH_IN : PUSH_NOT_IN);

	if (!lancedb_push_column(context, linitial(expr->args), &node->column) ||
		!lancedb_push_comparison(expr->opno, &node->column, &node->op, &node->value_type) ||
		!lancedb_push_collation(&node->column, node->op, expr->inputcollid) ||
		node->op != (expr->useOr ? LDB_OP_EQ : LDB_OP_NE))
		return NULL;
	node->value = lsecond(expr->args);
	return node;
}

/*
 * For an empty list, NULL = ANY (list) is false, which the core takes for unknown like all other
 * comparisons with NULL. Only below a NOT does that make a difference.
 */
static bool
null_makes_no_difference(LancedbPushContext *context, Expr *value, bool negated)
{
	value = lancedb_push_strip(value);
	if (IsA(value, Const))
		return !((Const *) value)->constisnull;
	return !negated && !context->negated;
}

/* value = ANY (list column), value <> ALL (list column) */
static LancedbPushNode *
compile_has_item(LancedbPushContext *context, ScalarArrayOpExpr *expr)
{
	LancedbPushNode *node = lancedb_push_node(PUSH_HAS_ITEM);
	LancedbPushNode *inverse;
	Expr *value = linitial(expr->args);

	if (!null_makes_no_difference(context, value, !expr->useOr) ||
		!lancedb_push_list(context, lsecond(expr->args), &node->column) ||
		!lancedb_push_comparison(get_commutator(expr->opno), &node->column, &node->op,
								 &node->value_type) ||
		!lancedb_push_collation(&node->column, node->op, expr->inputcollid) ||
		node->op != (expr->useOr ? LDB_OP_EQ : LDB_OP_NE))
		return NULL;
	/* a date equals one timestamp in 86400000000: too rare a wish to round for */
	if (node->column.domain == LDB_DOMAIN_INT && node->value_type != node->column.typid &&
		(node->column.typid == DATEOID || node->value_type == DATEOID))
		return NULL;
	node->value = value;
	if (expr->useOr)
		return node;
	inverse = lancedb_push_node(PUSH_NOT);
	inverse->children = list_make1(node);
	return inverse;
}

LancedbPushNode *
lancedb_push_any_all(LancedbPushContext *context, ScalarArrayOpExpr *expr)
{
	if (lancedb_push_is_runtime(context, lsecond(expr->args)))
		return compile_in(context, expr);
	if (lancedb_push_is_runtime(context, linitial(expr->args)))
		return compile_has_item(context, expr);
	return NULL;
}
