/* expr_columns.c -- a column compared with another column of the same row. */
#include "domain.h"
#include "filter.h"

#include <string.h>

typedef struct Chunk
{
	const LdbArray *a;
	const LdbArray *b;
	size_t first;
	size_t count;
} Chunk;

static void
order_integers(const Chunk *chunk, int8_t *orders)
{
	int64_t a[LDB_CHUNK_ROWS];
	int64_t b[LDB_CHUNK_ROWS];

	ldb_domain_load_int(chunk->a, chunk->first, chunk->count, a);
	ldb_domain_load_int(chunk->b, chunk->first, chunk->count, b);
	for (size_t i = 0; i < chunk->count; i++)
		orders[i] = (int8_t) ((a[i] > b[i]) - (a[i] < b[i]));
}

static void
order_wides(const Chunk *chunk, int8_t *orders)
{
	__int128 a[LDB_CHUNK_ROWS];
	__int128 b[LDB_CHUNK_ROWS];
	int32_t a_scale = ldb_domain_wide_scale(chunk->a->type);
	int32_t b_scale = ldb_domain_wide_scale(chunk->b->type);

	ldb_domain_load_wide(chunk->a, chunk->first, chunk->count, a);
	ldb_domain_load_wide(chunk->b, chunk->first, chunk->count, b);
	for (size_t i = 0; i < chunk->count; i++)
		orders[i] = (int8_t) ldb_wide_compare(a[i], a_scale, b[i], b_scale);
}

static void
order_floats(const Chunk *chunk, int8_t *orders)
{
	double a[LDB_CHUNK_ROWS];
	double b[LDB_CHUNK_ROWS];

	ldb_domain_load_float(chunk->a, chunk->first, chunk->count, a);
	ldb_domain_load_float(chunk->b, chunk->first, chunk->count, b);
	for (size_t i = 0; i < chunk->count; i++)
		orders[i] = (int8_t) ldb_float_compare(a[i], b[i]);
}

static void
order_texts(const Chunk *chunk, int8_t *orders)
{
	for (size_t i = 0; i < chunk->count; i++)
	{
		size_t row = chunk->first + i;
		bool null = ldb_array_is_null(chunk->a, row) || ldb_array_is_null(chunk->b, row);

		orders[i] = null ? 0
						 : (int8_t) ldb_text_compare(ldb_domain_text(chunk->a, row),
													 ldb_domain_text(chunk->b, row));
	}
}

static LdbStatus
evaluate_columns(const LdbFilterNode *node, const LdbFilterRun *run, const uint8_t *live,
				 uint8_t *truth, LdbError *err)
{
	/* by order + 1: below, equal, above */
	static const uint8_t answers[][3] = {
		[LDB_OP_EQ] = {LDB_NO, LDB_YES, LDB_NO}, [LDB_OP_NE] = {LDB_YES, LDB_NO, LDB_YES},
		[LDB_OP_LT] = {LDB_YES, LDB_NO, LDB_NO}, [LDB_OP_LE] = {LDB_YES, LDB_YES, LDB_NO},
		[LDB_OP_GT] = {LDB_NO, LDB_NO, LDB_YES}, [LDB_OP_GE] = {LDB_NO, LDB_YES, LDB_YES},
	};
	static void (*const order[])(const Chunk *, int8_t *) = {
		[LDB_DOMAIN_INT] = order_integers,
		[LDB_DOMAIN_WIDE] = order_wides,
		[LDB_DOMAIN_FLOAT] = order_floats,
		[LDB_DOMAIN_TEXT] = order_texts,
	};
	Chunk chunk = {0};
	int8_t orders[LDB_CHUNK_ROWS];

	(void) live;
	LDB_TRY(ldb_filter_column(run, node->column, node->type, &chunk.a, err));
	LDB_TRY(ldb_filter_column(run, node->other_column, node->other_type, &chunk.b, err));
	memset(truth, LDB_UNKNOWN, chunk.a->length);
	if (node->type->kind == LDB_TYPE_NULL || node->other_type->kind == LDB_TYPE_NULL)
		return LDB_OK;
	for (; chunk.first < chunk.a->length; chunk.first += chunk.count)
	{
		chunk.count = chunk.a->length - chunk.first;
		if (chunk.count > LDB_CHUNK_ROWS)
			chunk.count = LDB_CHUNK_ROWS;
		order[node->domain](&chunk, orders);
		for (size_t i = 0; i < chunk.count; i++)
			truth[chunk.first + i] = answers[node->op][orders[i] + 1];
	}
	ldb_truth_nulls(chunk.a, truth);
	ldb_truth_nulls(chunk.b, truth);
	return LDB_OK;
}

LdbStatus
ldb_columns_prepare(const LdbExpr *expr, LdbFilterNode *node, LdbError *err)
{
	(void) err;
	node->evaluate = evaluate_columns;
	node->cost = expr->domain == LDB_DOMAIN_TEXT ? 3 : 2;
	return LDB_OK;
}
