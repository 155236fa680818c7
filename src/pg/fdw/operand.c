/* operand.c -- tells columns, lists and runtime values apart on the sides of an operator. */
#include "fdw/push.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

/* Casts that change nothing but the name of the type. */
Expr *
lancedb_push_strip(Expr *expr)
{
	while (expr != NULL && IsA(expr, RelabelType))
		expr = ((RelabelType *) expr)->arg;
	return expr;
}

/* The table's own column that a Var stands for, or NULL. */
static Var *
own_var(LancedbPushContext *context, Var *var)
{
	if (var->varlevelsup != 0)
		return NULL;
	if (context->scan_tlist != NIL && var->varno == INDEX_VAR)
	{
		TargetEntry *entry = list_nth_node(TargetEntry, context->scan_tlist, var->varattno - 1);

		return IsA(entry->expr, Var) ? (Var *) entry->expr : NULL;
	}
	return var->varno == context->varno ? var : NULL;
}

/* A column that this version of the table does not have is NULL in every row. */
static Node *
replace_missing(Node *node, LancedbPushContext *context)
{
	Var *var = node != NULL && IsA(node, Var) ? own_var(context, (Var *) node) : NULL;

	if (var != NULL && var->varattno > 0 && lancedb_table_field(context->table, var->varattno) < 0)
		return (Node *) makeNullConst(var->vartype, var->vartypmod, var->varcollid);
	return expression_tree_mutator(node, replace_missing, context);
}

Expr *
lancedb_push_replace_missing(LancedbPushContext *context, Expr *expr)
{
	return (Expr *) replace_missing((Node *) expr, context);
}

static bool
depends_on_row(Node *node, LancedbPushContext *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Var:
			return ((Var *) node)->varno == INDEX_VAR || own_var(context, (Var *) node) != NULL;
		case T_Param:
			return ((Param *) node)->paramkind != PARAM_EXTERN &&
				   ((Param *) node)->paramkind != PARAM_EXEC;
		case T_Aggref:
		case T_WindowFunc:
		case T_GroupingFunc:
		case T_CurrentOfExpr:
		case T_SetToDefault:
			return true;
		default:
			return expression_tree_walker(node, depends_on_row, context);
	}
}

/* The same for all rows of one scan: constants, parameters, columns of outer rows. */
bool
lancedb_push_is_runtime(LancedbPushContext *context, Expr *expr)
{
	return !depends_on_row((Node *) expr, context) && !contain_volatile_functions((Node *) expr) &&
		   !contain_subplans((Node *) expr);
}

static Var *
column_var(LancedbPushContext *context, Expr *expr, size_t *field)
{
	Var *var;
	int position;

	expr = lancedb_push_strip(expr);
	if (expr == NULL || !IsA(expr, Var))
		return NULL;
	var = own_var(context, (Var *) expr);
	if (var == NULL || var->varattno <= 0)
		return NULL;
	position = lancedb_table_field(context->table, var->varattno);
	if (position < 0)
		return NULL;
	*field = (size_t) position;
	return var;
}

bool
lancedb_push_field(LancedbPushContext *context, Expr *expr, size_t *field)
{
	return column_var(context, expr, field) != NULL;
}

static bool
is_small_integer(LdbTypeKind kind)
{
	return kind >= LDB_TYPE_INT8 && kind <= LDB_TYPE_INT64;
}

static bool
classify_numeric(const LdbType *type, int32 typmod, LancedbPushColumn *column)
{
	column->domain = LDB_DOMAIN_WIDE;
	column->scale = 0;
	if (type->kind == LDB_TYPE_DECIMAL128 && type->scale >= 0)
	{
		/* numeric's typmod: precision in the upper, scale in the lower 11 bits, sign extended */
		int32 declared = typmod < 0 ? -1 : (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024;

		column->scale = type->scale;
		return typmod < 0 || declared >= type->scale;
	}
	if (is_small_integer(type->kind))
		column->domain = LDB_DOMAIN_INT;
	return type->kind == LDB_TYPE_UINT64 || is_small_integer(type->kind);
}

static bool
classify_time(const LdbType *type, Oid typid, int32 typmod)
{
	if (typid == DATEOID)
		return type->kind == LDB_TYPE_DATE32 || type->kind == LDB_TYPE_DATE64;
	/* time(3), timestamp(0): what the converter does with the digits is its own affair */
	if (typmod >= 0 && typmod < 6)
		return false;
	switch (typid)
	{
		case TIMEOID:
			return type->kind == LDB_TYPE_TIME32 || type->kind == LDB_TYPE_TIME64;
		case TIMESTAMPOID:
			return type->kind == LDB_TYPE_TIMESTAMP && type->timezone == NULL;
		case TIMESTAMPTZOID:
			return type->kind == LDB_TYPE_TIMESTAMP && type->timezone != NULL;
		default:
			return false;
	}
}

static bool
classify_text(const LdbType *type)
{
	/* The core compares UTF-8; other encodings sort and even equate differently. */
	if (GetDatabaseEncoding() != PG_UTF8 && GetDatabaseEncoding() != PG_SQL_ASCII)
		return false;
	return type->kind == LDB_TYPE_STRING || type->kind == LDB_TYPE_LARGE_STRING;
}

/* In which domain the core can compare a Lance type that is declared as typid. */
static bool
classify(const LdbField *field, Oid typid, int32 typmod, LancedbPushColumn *column)
{
	const LdbType *type = ldb_type_value(&field->type);

	column->typid = typid;
	column->scale = 0;
	column->domain = LDB_DOMAIN_INT;
	switch (typid)
	{
		case BOOLOID:
			return type->kind == LDB_TYPE_BOOL;
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return is_small_integer(type->kind);
		case FLOAT4OID:
			column->domain = LDB_DOMAIN_FLOAT;
			return type->kind == LDB_TYPE_HALF || type->kind == LDB_TYPE_FLOAT;
		case FLOAT8OID:
			column->domain = LDB_DOMAIN_FLOAT;
			return type->kind >= LDB_TYPE_HALF && type->kind <= LDB_TYPE_DOUBLE;
		case NUMERICOID:
			return classify_numeric(type, typmod, column);
		case VARCHAROID:
		case TEXTOID:
			column->typid = TEXTOID;
			column->domain = LDB_DOMAIN_TEXT;
			return classify_text(type);
		case BYTEAOID:
			column->domain = LDB_DOMAIN_TEXT;
			return !field->blob &&
				   (type->kind == LDB_TYPE_BINARY || type->kind == LDB_TYPE_LARGE_BINARY ||
					type->kind == LDB_TYPE_FIXED_BINARY);
		default:
			return classify_time(type, typid, typmod);
	}
}

/* The integer in integer::numeric, which the parser writes around a column beside a constant like 1.5. */
static Expr *
integer_as_numeric(Expr *expr)
{
	FuncExpr *cast = (FuncExpr *) expr;

	if (!IsA(expr, FuncExpr) || (cast->funcid != F_NUMERIC_INT2 && cast->funcid != F_NUMERIC_INT4 &&
								 cast->funcid != F_NUMERIC_INT8))
		return NULL;
	return linitial(cast->args);
}

bool
lancedb_push_column(LancedbPushContext *context, Expr *expr, LancedbPushColumn *column)
{
	Expr *integer = integer_as_numeric(lancedb_push_strip(expr));
	Var *var = column_var(context, integer == NULL ? expr : integer, &column->field);
	int32 typmod;
	Oid typid;

	if (var == NULL)
		return false;
	typmod = var->vartypmod;
	typid = getBaseTypeAndTypmod(var->vartype, &typmod);
	if (integer != NULL)
	{
		typid = NUMERICOID;
		typmod = -1;
	}
	return classify(context->table->manifest->schema.fields[column->field], typid, typmod, column);
}

bool
lancedb_push_list(LancedbPushContext *context, Expr *expr, LancedbPushColumn *column)
{
	Var *var = column_var(context, expr, &column->field);
	const LdbField *field;
	int32 typmod;
	Oid item;

	if (var == NULL)
		return false;
	field = context->table->manifest->schema.fields[column->field];
	if ((field->type.kind != LDB_TYPE_LIST && field->type.kind != LDB_TYPE_LARGE_LIST) ||
		field->child_count != 1)
		return false;
	typmod = var->vartypmod;
	item = get_element_type(getBaseTypeAndTypmod(var->vartype, &typmod));
	/* Numbers that the items' scale cannot hold would need an answer for each single item. */
	return OidIsValid(item) && item != NUMERICOID &&
		   classify(field->children[0], item, typmod, column);
}
