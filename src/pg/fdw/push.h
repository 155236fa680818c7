/*
 * push.h -- a pushed condition between compiling and binding.
 *
 * The tree has the shape of the SQL expression; what has no column of the table in it is one
 * runtime value, evaluated by PostgreSQL itself when a scan starts.
 */
#ifndef LANCEDB_PUSH_H
#define LANCEDB_PUSH_H

#include "fdw/pushdown.h"

#include "ldb/query/expr.h"

typedef enum LancedbPushKind
{
	PUSH_AND,
	PUSH_OR,
	PUSH_NOT,
	PUSH_RUNTIME, /* a boolean without columns */
	PUSH_IS_NULL,
	PUSH_IS_NOT_NULL,
	PUSH_COMPARE,  /* column op value */
	PUSH_DISTINCT, /* column IS DISTINCT FROM value */
	PUSH_COLUMNS,  /* column op other */
	PUSH_IN,       /* column = ANY (value) */
	PUSH_NOT_IN,   /* column <> ALL (value) */
	PUSH_LIKE,
	PUSH_NOT_LIKE,
	PUSH_CONTAINS, /* list column @> value */
	PUSH_OVERLAPS, /* list column && value */
	PUSH_HAS_ITEM  /* value = ANY (list column) */
} LancedbPushKind;

typedef struct LancedbPushColumn
{
	size_t field; /* position in the schema */
	Oid typid;    /* what its operators take: no domains, text for varchar; of a list its items */
	LdbDomain domain;
	int32 scale; /* WIDE */
} LancedbPushColumn;

typedef struct LancedbPushNode
{
	LancedbPushKind kind;
	LdbCompareOp op;
	LancedbPushColumn column;
	LancedbPushColumn other;
	Expr *value;      /* NULL = none */
	Oid value_type;   /* what the operator takes; of an array its items */
	ExprState *state; /* of value; set at the start of the execution */
	List *children;
} LancedbPushNode;

static inline LancedbPushNode *
lancedb_push_node(LancedbPushKind kind)
{
	LancedbPushNode *node = palloc0(sizeof(*node));

	node->kind = kind;
	return node;
}

typedef struct LancedbPushContext
{
	const LancedbTable *table;
	Index varno;
	List *scan_tlist; /* what INDEX_VARs mean; NIL = none */
	bool negated;     /* below a NOT: unknown and false differ */
	int depth;        /* of AND, OR and NOT around this condition */
} LancedbPushContext;

/* compile.c: NULL when the core cannot give PostgreSQL's answer. */
extern LancedbPushNode *lancedb_push_compile(LancedbPushContext *context, Expr *expr);

/* compile_array.c */
extern LancedbPushNode *lancedb_push_array_operator(LancedbPushContext *context, OpExpr *expr);
extern LancedbPushNode *lancedb_push_any_all(LancedbPushContext *context, ScalarArrayOpExpr *expr);

/* operand.c: a copy with NULL for each column that this version of the table does not have */
extern Expr *lancedb_push_replace_missing(LancedbPushContext *context, Expr *expr);

/* operand.c: what stands on the two sides of an operator */
extern Expr *lancedb_push_strip(Expr *expr);
extern bool lancedb_push_is_runtime(LancedbPushContext *context, Expr *expr);
extern bool lancedb_push_field(LancedbPushContext *context, Expr *expr, size_t *field);
extern bool lancedb_push_column(LancedbPushContext *context, Expr *expr, LancedbPushColumn *column);
extern bool lancedb_push_list(LancedbPushContext *context, Expr *expr, LancedbPushColumn *column);

/* operator.c: what an operator means */
extern bool lancedb_push_comparison(Oid opno, const LancedbPushColumn *column, LdbCompareOp *op,
									Oid *value_type);
extern bool lancedb_push_collation(const LancedbPushColumn *column, LdbCompareOp op, Oid collation);

/*
 * values.c: a value in the domain of a column. The domain may be coarser or narrower than the
 * value's type; then the scalar is the nearest one below or at the end of the domain.
 */
typedef enum LancedbRounding
{
	VALUE_EXACT,
	VALUE_BETWEEN,   /* above the scalar and below the next one */
	VALUE_ABOVE_ALL, /* above each value that the column can hold */
	VALUE_BELOW_ALL
} LancedbRounding;

extern bool lancedb_push_value_fits(const LancedbPushColumn *column, Oid value_type);
extern LancedbRounding lancedb_push_value(const LancedbPushColumn *column, Oid value_type,
										  Datum datum, LdbArena *arena, LdbScalar *scalar);

/* values.c: arena memory or an ERROR */
extern void *lancedb_arena_zalloc(LdbArena *arena, size_t count, size_t size);

/* build.c: the core's expression, with all values evaluated now */
typedef struct LancedbPushBuilder
{
	LdbArena *arena;
	ExprContext *econtext;
	const size_t *columns; /* schema positions, in the order of the filter's batch */
	int column_count;
} LancedbPushBuilder;

extern LdbExpr *lancedb_push_build(LancedbPushBuilder *builder, const LancedbPushNode *node);

#endif
