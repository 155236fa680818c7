/* compile.c -- turns an SQL condition into a pushed one, or says that it must stay local. */
#include "fdw/push.h"

#include "access/transam.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

static LancedbPushNode *
negate(LancedbPushNode *child)
{
	LancedbPushNode *node = lancedb_push_node(PUSH_NOT);

	node->children = list_make1(child);
	return node;
}

/* The core refuses filters that are nested much deeper; nobody writes them by hand. */
#define MAX_DEPTH 200

static LancedbPushNode *
compile_junction(LancedbPushContext *context, BoolExpr *expr)
{
	LancedbPushNode *node = lancedb_push_node(expr->boolop == AND_EXPR ? PUSH_AND : PUSH_OR);
	ListCell *lc;

	foreach (lc, expr->args)
	{
		LancedbPushNode *child = lancedb_push_compile(context, lfirst(lc));

		if (child == NULL)
			return NULL;
		node->children = lappend(node->children, child);
	}
	return node;
}

static LancedbPushNode *
compile_bool(LancedbPushContext *context, BoolExpr *expr)
{
	bool negated = context->negated;
	LancedbPushNode *node = NULL;

	if (context->depth >= MAX_DEPTH)
		return NULL;
	context->depth++;
	if (expr->boolop == NOT_EXPR)
	{
		context->negated = true;
		node = lancedb_push_compile(context, linitial(expr->args));
		context->negated = negated;
		if (node != NULL)
			node = negate(node);
	}
	else
		node = compile_junction(context, expr);
	context->depth--;
	return node;
}

/* A boolean column by itself, or its comparison with a constant. */
static LancedbPushNode *
compile_flag(LancedbPushContext *context, Expr *expr, bool wanted)
{
	LancedbPushNode *node = lancedb_push_node(PUSH_COMPARE);

	if (!lancedb_push_column(context, expr, &node->column) || node->column.typid != BOOLOID)
		return NULL;
	node->op = LDB_OP_EQ;
	node->value = (Expr *) makeBoolConst(wanted, false);
	node->value_type = BOOLOID;
	return node;
}

static LancedbPushNode *
compile_null_test(LancedbPushContext *context, Expr *arg, NullTestType type)
{
	LancedbPushNode *node = lancedb_push_node(type == IS_NULL ? PUSH_IS_NULL : PUSH_IS_NOT_NULL);

	return lancedb_push_field(context, arg, &node->column.field) ? node : NULL;
}

/* flag IS TRUE is (flag = true AND flag IS NOT NULL): never unknown. */
static LancedbPushNode *
compile_boolean_test(LancedbPushContext *context, BooleanTest *test)
{
	bool wanted = test->booltesttype == IS_TRUE || test->booltesttype == IS_NOT_TRUE;
	LancedbPushNode *flag = compile_flag(context, test->arg, wanted);
	LancedbPushNode *node;

	if (flag == NULL)
		return NULL;
	if (test->booltesttype == IS_UNKNOWN)
		return compile_null_test(context, test->arg, IS_NULL);
	if (test->booltesttype == IS_NOT_UNKNOWN)
		return compile_null_test(context, test->arg, IS_NOT_NULL);
	node = lancedb_push_node(PUSH_AND);
	node->children = list_make2(flag, compile_null_test(context, test->arg, IS_NOT_NULL));
	if (test->booltesttype == IS_NOT_TRUE || test->booltesttype == IS_NOT_FALSE)
		return negate(node);
	return node;
}

/* A pattern that ends in the middle of an escape is an error, but only for rows that get there. */
static bool
pattern_is_whole(Expr *pattern)
{
	Const *constant = (Const *) lancedb_push_strip(pattern);
	const char *letters;
	size_t backslashes = 0;
	size_t length;

	if (!IsA(constant, Const) || constant->constisnull)
		return true;
	letters = TextDatumGetCString(constant->constvalue);
	for (length = strlen(letters); length > 0 && letters[length - 1] == '\\'; length--)
		backslashes++;
	return backslashes % 2 == 0;
}

static LancedbPushNode *
compile_like(LancedbPushContext *context, OpExpr *expr)
{
	LancedbPushNode *node =
		lancedb_push_node(expr->opno == OID_TEXT_LIKE_OP ? PUSH_LIKE : PUSH_NOT_LIKE);
	Expr *pattern = lsecond(expr->args);

	/* LIKE goes by characters, not by collation, when the collation is deterministic; characters
	 * of the core are those of UTF-8. */
	if (GetDatabaseEncoding() != PG_UTF8 || !OidIsValid(expr->inputcollid) ||
		!get_collation_isdeterministic(expr->inputcollid) ||
		!lancedb_push_column(context, linitial(expr->args), &node->column) ||
		node->column.typid != TEXTOID || !lancedb_push_is_runtime(context, pattern) ||
		!pattern_is_whole(pattern))
		return NULL;
	node->value = pattern;
	node->value_type = TEXTOID;
	return node;
}

static bool
is_integer_type(Oid typid)
{
	return typid == INT2OID || typid == INT4OID || typid == INT8OID;
}

static LancedbPushNode *
compile_columns(LancedbPushContext *context, OpExpr *expr)
{
	LancedbPushNode *node = lancedb_push_node(PUSH_COLUMNS);

	if (!lancedb_push_column(context, linitial(expr->args), &node->column) ||
		!lancedb_push_column(context, lsecond(expr->args), &node->other) ||
		!lancedb_push_comparison(expr->opno, &node->column, &node->op, &node->value_type) ||
		!lancedb_push_collation(&node->column, node->op, expr->inputcollid))
		return NULL;
	if (node->column.domain != node->other.domain || node->column.scale != node->other.scale)
		return NULL;
	if (node->column.typid != node->other.typid && node->column.domain != LDB_DOMAIN_FLOAT &&
		!(is_integer_type(node->column.typid) && is_integer_type(node->other.typid)))
		return NULL;
	return node;
}

/* column op value, in either order */
static LancedbPushNode *
compile_comparison(LancedbPushContext *context, OpExpr *expr, LancedbPushKind kind)
{
	Expr *left = linitial(expr->args);
	Expr *right = lsecond(expr->args);
	Oid opno = expr->opno;
	LancedbPushNode *node = lancedb_push_node(kind);

	if (!lancedb_push_is_runtime(context, right))
	{
		if (!lancedb_push_is_runtime(context, left))
			return kind == PUSH_COMPARE ? compile_columns(context, expr) : NULL;
		opno = get_commutator(opno);
		right = left;
		left = lsecond(expr->args);
	}
	if (!lancedb_push_column(context, left, &node->column) ||
		!lancedb_push_comparison(opno, &node->column, &node->op, &node->value_type) ||
		!lancedb_push_collation(&node->column, node->op, expr->inputcollid))
		return NULL;
	node->value = right;
	return node;
}

static LancedbPushNode *
compile_operator(LancedbPushContext *context, OpExpr *expr)
{
	if (list_length(expr->args) != 2)
		return NULL;
	set_opfuncid(expr);
	switch (expr->opfuncid)
	{
		case F_TEXTLIKE:
		case F_TEXTNLIKE:
			return expr->opno < FirstGenbkiObjectId ? compile_like(context, expr) : NULL;
		case F_ARRAYCONTAINS:
		case F_ARRAYCONTAINED:
		case F_ARRAYOVERLAP:
			return lancedb_push_array_operator(context, expr);
		default:
			return compile_comparison(context, expr, PUSH_COMPARE);
	}
}

/* DistinctExpr has the struct of OpExpr and the operator of equality; it is never unknown. */
static LancedbPushNode *
compile_distinct(LancedbPushContext *context, DistinctExpr *expr)
{
	LancedbPushNode *node = compile_comparison(context, (OpExpr *) expr, PUSH_DISTINCT);

	return node != NULL && node->op == LDB_OP_EQ ? node : NULL;
}

LancedbPushNode *
lancedb_push_compile(LancedbPushContext *context, Expr *expr)
{
	check_stack_depth();
	if (lancedb_push_is_runtime(context, expr))
	{
		LancedbPushNode *node = lancedb_push_node(PUSH_RUNTIME);

		node->value = expr;
		node->value_type = BOOLOID;
		return node;
	}
	switch (nodeTag(expr))
	{
		case T_BoolExpr:
			return compile_bool(context, (BoolExpr *) expr);
		case T_OpExpr:
			return compile_operator(context, (OpExpr *) expr);
		case T_DistinctExpr:
			return compile_distinct(context, (DistinctExpr *) expr);
		case T_ScalarArrayOpExpr:
			return lancedb_push_any_all(context, (ScalarArrayOpExpr *) expr);
		case T_BooleanTest:
			return compile_boolean_test(context, (BooleanTest *) expr);
		case T_NullTest:
			/* a composite value is null when all of its fields are: not what the core tests */
			if (((NullTest *) expr)->argisrow)
				return NULL;
			return compile_null_test(context, ((NullTest *) expr)->arg,
									 ((NullTest *) expr)->nulltesttype);
		case T_Var:
		case T_RelabelType:
			return compile_flag(context, expr, true);
		default:
			return NULL;
	}
}
