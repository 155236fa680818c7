/* expr_in.c -- column IN (values), column NOT IN (values). */
#include "filter.h"
#include "value_set.h"

#include <string.h>

static LdbStatus
evaluate_in(const LdbFilterNode *node, const LdbFilterRun *run, const uint8_t *live, uint8_t *truth,
			LdbError *err)
{
	const LdbArray *array;
	uint8_t yes = node->negate ? LDB_NO : LDB_YES;
	uint8_t no = node->has_null_value ? LDB_UNKNOWN : LDB_YES - yes;
	int32_t positions[LDB_CHUNK_ROWS];

	(void) live;
	LDB_TRY(ldb_filter_column(run, node->column, node->type, &array, err));
	memset(truth, no, array->length);
	for (size_t first = 0; first < array->length; first += LDB_CHUNK_ROWS)
	{
		size_t count = array->length - first;

		LDB_CHECK_CANCEL(run->cancel, err);
		if (count > LDB_CHUNK_ROWS)
			count = LDB_CHUNK_ROWS;
		ldb_value_set_find(&node->set, array, first, count, positions);
		for (size_t i = 0; i < count; i++)
			if (positions[i] != LDB_NOT_IN_SET)
				truth[first + i] = yes;
	}
	/* Of no comparisons at all the answer is known, even for NULL. */
	if (node->set.count != 0 || node->has_null_value)
		ldb_truth_nulls(array, truth);
	return LDB_OK;
}

LdbStatus
ldb_in_prepare(const LdbExpr *expr, LdbFilterNode *node, LdbArena *arena, const LdbCancel *cancel,
			   LdbError *err)
{
	LDB_TRY(ldb_value_set_init(expr, arena, &node->set, cancel, err));
	node->has_null_value = expr->has_null_value;
	node->negate = expr->kind == LDB_EXPR_NOT_IN;
	node->evaluate = evaluate_in;
	node->cost = 3;
	return LDB_OK;
}
