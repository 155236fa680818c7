/*
 * filter.h -- what the files of a filter share: truth values, nodes made ready, their values.
 *
 * Truth is a byte for each row, ordered so that AND is the minimum, OR the maximum and NOT the
 * distance from LDB_YES.
 * `live` marks the rows whose answer is still wanted (NULL = all); a node may leave any truth value
 * in the others. Cheap nodes do not look at it.
 * Ownership: everything lives in the filter's arena and does not change after ldb_filter_new.
 */
#ifndef LDB_QUERY_FILTER_H
#define LDB_QUERY_FILTER_H

#include "ldb/query/expr.h"

enum
{
	LDB_NO = 0,
	LDB_UNKNOWN = 1,
	LDB_YES = 2
};

/* Values are brought to their domain this many at a time, so that they stay in the first cache. */
#define LDB_CHUNK_ROWS 256u

/* Raw column values from low to high, or all others. */
typedef struct LdbRawRange
{
	bool empty;
	bool negate;
	__int128 low;
	__int128 high;
} LdbRawRange;

/* Distinct values, ascending. The array of the domain is set, the others are NULL. */
typedef struct LdbValueSet
{
	LdbDomain domain;
	int32_t scale;
	size_t count;
	int64_t *integers;
	double *numbers;
	__int128 *wides;
	LdbSlice *texts;
} LdbValueSet;

typedef struct LdbLikePattern LdbLikePattern;
typedef struct LdbFilterNode LdbFilterNode;

typedef struct LdbFilterRun
{
	const LdbBatch *batch;
	const LdbCancel *cancel;
} LdbFilterRun;

typedef LdbStatus (*LdbEvaluate)(const LdbFilterNode *node, const LdbFilterRun *run,
								 const uint8_t *live, uint8_t *truth, LdbError *err);

struct LdbFilterNode
{
	LdbEvaluate evaluate;
	int cost; /* of one row, roughly; from LDB_COST_DEAR on the node looks at `live` */
	LdbExprKind kind;
	LdbCompareOp op;
	LdbDomain domain;
	size_t column;
	const LdbType *type; /* of the column, a dictionary's values; borrowed */
	size_t other_column;
	const LdbType *other_type;
	bool negate;         /* the answer is the opposite of what the fields below say */
	bool has_null_value; /* of the set */
	LdbRawRange range;
	double number;
	LdbSlice text;
	LdbValueSet set;
	const LdbLikePattern *pattern;
	size_t child_count;
	LdbFilterNode **children; /* cheapest first */
};

#define LDB_COST_DEAR 4

/* Fill a node made from `expr`: its evaluate, its cost and what evaluate needs. */
LdbStatus ldb_compare_prepare(const LdbExpr *expr, LdbFilterNode *node, LdbError *err);
LdbStatus ldb_columns_prepare(const LdbExpr *expr, LdbFilterNode *node, LdbError *err);
LdbStatus ldb_in_prepare(const LdbExpr *expr, LdbFilterNode *node, LdbArena *arena,
						 const LdbCancel *cancel, LdbError *err);
LdbStatus ldb_like_prepare(const LdbExpr *expr, LdbFilterNode *node, LdbArena *arena,
						   LdbError *err);
LdbStatus ldb_list_prepare(const LdbExpr *expr, LdbFilterNode *node, LdbArena *arena,
						   const LdbCancel *cancel, LdbError *err);

/* The batch's column, which must have the type that the filter was made for. */
LdbStatus ldb_filter_column(const LdbFilterRun *run, size_t column, const LdbType *type,
							const LdbArray **array, LdbError *err);

/* Rows whose value is NULL become unknown. */
void ldb_truth_nulls(const LdbArray *array, uint8_t *truth);

static inline bool
ldb_is_live(const uint8_t *live, size_t row)
{
	return live == NULL || live[row] != 0;
}

#endif
