/*
 * match.c -- finds the distance in a query's ORDER BY.
 *
 * Operators are known by the C function behind them and by the extension that owns it (ours or
 * pgvector), never by name or OID alone: anybody may define another <->.
 * Besides the bare distance, expressions that rise or fall with it are seen through, since
 * applications sort by similarity: 1 - (embedding <=> $1) DESC, (embedding <#> $1) * -1 DESC.
 * Rounding keeps such functions weakly monotone, so the order by distance is an order by them too.
 */
#include "ann/ann.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "catalog/dependency.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

typedef struct DistanceFunction
{
	const char *extension;
	const char *symbol; /* pg_proc.prosrc */
	LdbMetric metric;
	LancedbVectorKind kind;
} DistanceFunction;

static const DistanceFunction distance_functions[] = {
	{"lancedb", "lancedb_l2_distance", LDB_METRIC_L2, LANCEDB_VECTOR_REAL_ARRAY},
	{"lancedb", "lancedb_negative_inner_product", LDB_METRIC_DOT, LANCEDB_VECTOR_REAL_ARRAY},
	{"lancedb", "lancedb_cosine_distance", LDB_METRIC_COSINE, LANCEDB_VECTOR_REAL_ARRAY},
	{"lancedb", "lancedb_l1_distance", LDB_METRIC_L1, LANCEDB_VECTOR_REAL_ARRAY},
	{"vector", "l2_distance", LDB_METRIC_L2, LANCEDB_VECTOR_PGVECTOR},
	{"vector", "vector_negative_inner_product", LDB_METRIC_DOT, LANCEDB_VECTOR_PGVECTOR},
	{"vector", "cosine_distance", LDB_METRIC_COSINE, LANCEDB_VECTOR_PGVECTOR},
	{"vector", "l1_distance", LDB_METRIC_L1, LANCEDB_VECTOR_PGVECTOR},
	{"vector", "halfvec_l2_distance", LDB_METRIC_L2, LANCEDB_VECTOR_HALFVEC},
	{"vector", "halfvec_negative_inner_product", LDB_METRIC_DOT, LANCEDB_VECTOR_HALFVEC},
	{"vector", "halfvec_cosine_distance", LDB_METRIC_COSINE, LANCEDB_VECTOR_HALFVEC},
	{"vector", "halfvec_l1_distance", LDB_METRIC_L1, LANCEDB_VECTOR_HALFVEC},
};

/* Is this function the C symbol `symbol`, owned by the extension of that name? */
static bool
function_is(Oid function, const char *extension, const char *symbol)
{
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Datum source;
	bool isnull;
	bool same = false;
	Oid owner;

	if (!HeapTupleIsValid(tuple))
		return false;
	source = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);
	if (!isnull)
	{
		char *name = TextDatumGetCString(source);

		same = strcmp(name, symbol) == 0;
		pfree(name);
	}
	ReleaseSysCache(tuple);
	if (!same)
		return false;
	owner = getExtensionOfObject(ProcedureRelationId, function);
	return OidIsValid(owner) && owner == get_extension_oid(extension, true);
}

static const DistanceFunction *
distance_function(Oid function)
{
	/* Built-in functions, by far the most common, need no look into the catalog. */
	if (function < FirstNormalObjectId)
		return NULL;
	for (size_t i = 0; i < lengthof(distance_functions); i++)
		if (function_is(function, distance_functions[i].extension, distance_functions[i].symbol))
			return &distance_functions[i];
	return NULL;
}

/* The column of this relation that an argument is, also behind pgvector's cast to real[]. */
static Var *
column_of(Expr *argument, RelOptInfo *rel)
{
	if (IsA(argument, RelabelType))
		argument = ((RelabelType *) argument)->arg;
	if (IsA(argument, FuncExpr))
	{
		FuncExpr *cast = (FuncExpr *) argument;

		if (cast->args == NIL || cast->funcid < FirstNormalObjectId ||
			(!function_is(cast->funcid, "vector", "vector_to_float4") &&
			 !function_is(cast->funcid, "vector", "halfvec_to_float4")))
			return NULL;
		argument = linitial(cast->args);
	}
	if (!IsA(argument, Var))
		return NULL;
	if (((Var *) argument)->varno != rel->relid || ((Var *) argument)->varattno <= 0 ||
		((Var *) argument)->varlevelsup != 0)
		return NULL;
	return (Var *) argument;
}

/* May the query vector be computed once, before the scan starts? */
static bool
is_fixed(PlannerInfo *root, RelOptInfo *rel, Expr *expr)
{
	return !bms_overlap(pull_varnos(root, (Node *) expr), rel->relids) &&
		   !contain_volatile_functions((Node *) expr) && !contain_subplans((Node *) expr);
}

/* A call of two arguments, written as an operator or as a function. */
static bool
call_of(Expr *expr, Oid *function, List **arguments)
{
	if (IsA(expr, OpExpr))
	{
		set_opfuncid((OpExpr *) expr);
		*function = ((OpExpr *) expr)->opfuncid;
		*arguments = ((OpExpr *) expr)->args;
	}
	else if (IsA(expr, FuncExpr))
	{
		*function = ((FuncExpr *) expr)->funcid;
		*arguments = ((FuncExpr *) expr)->args;
	}
	else
		return false;
	return list_length(*arguments) == 2;
}

static bool
match_distance(PlannerInfo *root, RelOptInfo *rel, Expr *expr, LancedbOrdering *ordering)
{
	const DistanceFunction *function;
	Oid funcid;
	List *arguments;
	Expr *left;
	Expr *right;

	if (!call_of(expr, &funcid, &arguments))
		return false;
	function = distance_function(funcid);
	if (function == NULL)
		return false;
	left = linitial(arguments);
	right = lsecond(arguments);
	ordering->column = column_of(left, rel);
	ordering->query = right;
	if (ordering->column == NULL || !is_fixed(root, rel, right))
	{
		ordering->column = column_of(right, rel);
		ordering->query = left;
		if (ordering->column == NULL || !is_fixed(root, rel, left))
			return false;
	}
	ordering->distance = expr;
	ordering->metric = function->metric;
	ordering->query_kind = function->kind;
	return true;
}

/* A double precision constant, finite and not NULL. */
static bool
constant_value(Expr *expr, double *value)
{
	Const *constant = (Const *) expr;

	if (!IsA(expr, Const) || constant->constisnull || constant->consttype != FLOAT8OID)
		return false;
	*value = DatumGetFloat8(constant->constvalue);
	return !isnan(*value) && !isinf(*value);
}

/*
 * Takes one arithmetic step off the expression: returns what is below it, and turns *falling
 * around when the step reverses the order. NULL when the step is not one of ours.
 */
static Expr *
unwrap(Expr *expr, bool *falling)
{
	OpExpr *op = (OpExpr *) expr;
	double constant;

	if (!IsA(expr, OpExpr))
		return NULL;
	set_opfuncid(op);
	if (op->opfuncid == F_FLOAT8UM)
	{
		*falling = !*falling;
		return linitial(op->args);
	}
	if (list_length(op->args) != 2)
		return NULL;
	if (constant_value(lsecond(op->args), &constant))
	{
		if (op->opfuncid == F_FLOAT8PL || op->opfuncid == F_FLOAT8MI)
			return linitial(op->args);
		if ((op->opfuncid == F_FLOAT8MUL || op->opfuncid == F_FLOAT8DIV) && constant != 0)
		{
			*falling ^= constant < 0;
			return linitial(op->args);
		}
		return NULL;
	}
	if (!constant_value(linitial(op->args), &constant))
		return NULL;
	if (op->opfuncid == F_FLOAT8PL)
		return lsecond(op->args);
	if (op->opfuncid == F_FLOAT8MI)
	{
		*falling = !*falling;
		return lsecond(op->args);
	}
	if (op->opfuncid == F_FLOAT8MUL && constant != 0)
	{
		*falling ^= constant < 0;
		return lsecond(op->args);
	}
	return NULL;
}

static bool
match_member(PlannerInfo *root, RelOptInfo *rel, Expr *expr, bool descending,
			 LancedbOrdering *ordering)
{
	bool falling = false;

	/* Sums and products of a distance may overflow to an error or reach infinity; each step
	 * keeps order all the same, and the executor above computes and raises it as ever. */
	while (expr != NULL)
	{
		if (match_distance(root, rel, expr, ordering))
			return falling == descending;
		expr = unwrap(expr, &falling);
	}
	return false;
}

bool
lancedb_match_ordering(PlannerInfo *root, RelOptInfo *rel, LancedbOrdering *ordering)
{
	PathKey *pathkey;
	EquivalenceMember *member;
	LancedbMemberIterator members;
	bool descending;

	if (root->query_pathkeys == NIL)
		return false;
	pathkey = linitial(root->query_pathkeys);
	/* ORDER BY .. USING may sort by another idea of what is less */
	if (pathkey->pk_eclass->ec_has_volatile ||
		pathkey->pk_opfamily != lookup_type_cache(FLOAT8OID, TYPECACHE_BTREE_OPFAMILY)->btree_opf)
		return false;
	descending = lancedb_pathkey_descends(pathkey);
	lancedb_members_of(&members, pathkey->pk_eclass, rel->relids);
	while ((member = lancedb_next_member(&members)) != NULL)
	{
		if (!bms_equal(member->em_relids, rel->relids))
			continue;
		if (!match_member(root, rel, member->em_expr, descending, ordering))
			continue;
		ordering->pathkey = pathkey;
		ordering->nan_first = descending; /* NaN is the greatest number there is */
		ordering->nulls_first = pathkey->pk_nulls_first;
		return true;
	}
	return false;
}
