/*
 * expr.h -- filters with PostgreSQL's meaning, evaluated over batches of columns.
 *
 * Three-valued logic; a row is kept when the whole is true. The shell has already brought constants
 * and columns to one comparison domain; evaluation brings each column value there:
 *   INT    bool (0, 1), all integers up to 64 bits signed and uint32; date32 and date64 as days;
 *          time as microseconds; timestamp as microseconds since 1970. Nanoseconds and milliseconds
 *          of date64 are truncated the way the shell shows them (toward negative infinity).
 *   WIDE   uint64 and decimal128 as a 128-bit integer at the node's `scale`
 *   FLOAT  half, float, double as double; NaN equals NaN and is greater than all others;
 *          -0 equals 0
 *   TEXT   strings and binaries by bytes (memcmp, shorter first)
 * Ownership: nodes live in the caller's arena.
 */
#ifndef LDB_QUERY_EXPR_H
#define LDB_QUERY_EXPR_H

#include "ldb/arrow/array.h"
#include "ldb/base/cancel.h"
#include "ldb/table/scan.h"

typedef enum LdbExprKind
{
	LDB_EXPR_TRUE,
	LDB_EXPR_FALSE,
	LDB_EXPR_NULL, /* unknown for every row */
	LDB_EXPR_AND,  /* children */
	LDB_EXPR_OR,   /* children */
	LDB_EXPR_NOT,  /* one child */
	LDB_EXPR_IS_NULL,
	LDB_EXPR_IS_NOT_NULL,
	LDB_EXPR_COMPARE,         /* column op values[0] */
	LDB_EXPR_COMPARE_COLUMNS, /* column op other_column */
	LDB_EXPR_IN,              /* column = ANY (values); has_null_value makes misses unknown */
	LDB_EXPR_NOT_IN,          /* column <> ALL (values); likewise */
	LDB_EXPR_LIKE,            /* column LIKE values[0], a pattern with % _ and \ */
	LDB_EXPR_NOT_LIKE,
	LDB_EXPR_CONTAINS_ALL, /* list column @> values; has_null_value makes it false */
	LDB_EXPR_OVERLAPS,     /* list column && values; null values are ignored */
	LDB_EXPR_HAS_ITEM      /* values[0] = ANY (list column); a miss beside a null item is unknown */
} LdbExprKind;

typedef enum LdbCompareOp
{
	LDB_OP_EQ,
	LDB_OP_NE,
	LDB_OP_LT,
	LDB_OP_LE,
	LDB_OP_GT,
	LDB_OP_GE
} LdbCompareOp;

typedef enum LdbDomain
{
	LDB_DOMAIN_INT,
	LDB_DOMAIN_WIDE,
	LDB_DOMAIN_FLOAT,
	LDB_DOMAIN_TEXT
} LdbDomain;

typedef struct LdbScalar
{
	int64_t integer;
	double number;
	__int128 wide;
	LdbSlice text;
} LdbScalar;

typedef struct LdbExpr
{
	LdbExprKind kind;
	LdbCompareOp op;
	LdbDomain domain; /* of the column and all values (list kinds: of its items) */
	int32_t scale;    /* WIDE: decimal digits after the point, of the values */
	size_t column;    /* position in the filter's batch */
	size_t other_column;
	size_t value_count;
	LdbScalar *values;
	bool has_null_value;
	size_t child_count;
	struct LdbExpr **children;
} LdbExpr;

/* A filter made of an expression, ready for many batches (IN lists sorted or hashed). */
typedef struct LdbFilter LdbFilter;

/* The expression and its arena are borrowed. types[i] is the type of batch column i; a domain that
 * does not fit its column is LDB_INVALID. */
LdbStatus ldb_filter_new(const LdbExpr *expr, const LdbType *const *types, size_t type_count,
						 const LdbCancel *cancel, LdbFilter **filter, LdbError *err);
void ldb_filter_free(LdbFilter *filter); /* NULL is fine */

/* For LdbRowFilter.select, with the LdbFilter as context. */
LdbStatus ldb_filter_select(void *filter, const LdbBatch *batch, uint32_t *kept, size_t *kept_count,
							LdbError *err);

#endif
