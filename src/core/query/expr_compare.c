/* expr_compare.c -- a column compared with a constant. */
#include "domain.h"
#include "filter.h"

#include <math.h>
#include <string.h>

/* --- numbers that are integers where they lie: a comparison is a range of stored values --- */

/* LE and LT and EQ are ranges, GT and GE and NE their opposites. */
static LdbCompareOp
positive_op(LdbCompareOp op, bool *negate)
{
	*negate = op == LDB_OP_GT || op == LDB_OP_GE || op == LDB_OP_NE;
	if (op == LDB_OP_GT)
		return LDB_OP_LE;
	if (op == LDB_OP_GE)
		return LDB_OP_LT;
	return op == LDB_OP_NE ? LDB_OP_EQ : op;
}

static __int128
floor_divide(__int128 value, int64_t divisor)
{
	return value / divisor - (value % divisor < 0);
}

static LdbRawRange
int_range(LdbCompareOp op, int64_t constant, LdbIntScale scale)
{
	LdbRawRange range = {.low = INT64_MIN, .high = INT64_MAX};
	__int128 bound = constant;

	op = positive_op(op, &range.negate);
	if (op == LDB_OP_LT)
		bound -= 1;
	/* What is stored beyond the domain counts as its largest or smallest value. */
	if (bound != INT64_MAX)
		range.high = floor_divide(bound * scale.divide + (scale.divide - 1), scale.multiply);
	if (op == LDB_OP_EQ && bound != INT64_MIN)
		range.low = -floor_divide(-bound * scale.divide, scale.multiply);
	if (bound < INT64_MIN)
		range.high = (__int128) INT64_MIN - 1;
	if (range.low < INT64_MIN)
		range.low = INT64_MIN;
	if (range.high > INT64_MAX)
		range.high = INT64_MAX;
	range.empty = range.low > range.high;
	return range;
}

#define WIDE_MAX ((__int128) (((unsigned __int128) 1 << 127) - 1))
#define WIDE_MIN (-WIDE_MAX - 1)

static LdbRawRange
wide_range(LdbCompareOp op, __int128 constant, int32_t scale, int32_t stored_scale)
{
	LdbRawRange range = {.low = WIDE_MIN, .high = WIDE_MAX};
	__int128 bound = 0;
	bool exact;
	int beyond = ldb_wide_rescale(constant, scale, stored_scale, &bound, &exact);

	op = positive_op(op, &range.negate);
	if (op == LDB_OP_EQ)
	{
		range.empty = beyond != 0 || !exact;
		range.low = range.high = bound;
	}
	else if (beyond != 0)
		range.empty = beyond < 0;
	else if (op == LDB_OP_LT && exact)
	{
		range.empty = bound == WIDE_MIN;
		range.high = bound == WIDE_MIN ? bound : bound - 1;
	}
	else
		range.high = bound;
	return range;
}

static inline uint8_t
truth_of(bool inside, bool negate)
{
	return (uint8_t) ((inside != negate) * LDB_YES);
}

#define RANGE_LOOP(stored)                                                     \
	for (size_t i = 0; i < count; i++)                                         \
	{                                                                          \
		stored value;                                                          \
                                                                               \
		memcpy(&value, bytes + i * sizeof value, sizeof value);                \
		truth[i] = truth_of((uint64_t) (int64_t) value - low <= span, negate); \
	}                                                                          \
	break

/* One unsigned comparison does for both ends: below low, the difference wraps around. */
static void
compare_integers(const LdbArray *array, const LdbRawRange *range, uint8_t *truth)
{
	const uint8_t *bytes = array->values;
	size_t count = array->length;
	uint64_t low = (uint64_t) (int64_t) range->low;
	uint64_t span = (uint64_t) (int64_t) range->high - low;
	bool negate = range->negate;

	switch (array->type->kind)
	{
		case LDB_TYPE_BOOL:
			for (size_t i = 0; i < count; i++)
				truth[i] = truth_of((uint64_t) ldb_bit_get(bytes, i) - low <= span, negate);
			break;
		case LDB_TYPE_INT8:
			RANGE_LOOP(int8_t);
		case LDB_TYPE_UINT8:
			RANGE_LOOP(uint8_t);
		case LDB_TYPE_INT16:
			RANGE_LOOP(int16_t);
		case LDB_TYPE_UINT16:
			RANGE_LOOP(uint16_t);
		case LDB_TYPE_INT32:
		case LDB_TYPE_DATE32:
		case LDB_TYPE_TIME32:
			RANGE_LOOP(int32_t);
		case LDB_TYPE_UINT32:
			RANGE_LOOP(uint32_t);
		default:
			RANGE_LOOP(int64_t);
	}
}

static void
compare_wides(const LdbArray *array, const LdbRawRange *range, uint8_t *truth)
{
	__int128 values[LDB_CHUNK_ROWS];

	for (size_t first = 0; first < array->length; first += LDB_CHUNK_ROWS)
	{
		size_t count = array->length - first;

		if (count > LDB_CHUNK_ROWS)
			count = LDB_CHUNK_ROWS;
		ldb_domain_load_wide(array, first, count, values);
		for (size_t i = 0; i < count; i++)
			truth[first + i] =
				truth_of(values[i] >= range->low && values[i] <= range->high, range->negate);
	}
}

static LdbStatus
evaluate_range(const LdbFilterNode *node, const LdbFilterRun *run, const uint8_t *live,
			   uint8_t *truth, LdbError *err)
{
	const LdbArray *array;

	(void) live;
	LDB_TRY(ldb_filter_column(run, node->column, node->type, &array, err));
	if (array->type->kind == LDB_TYPE_NULL)
		memset(truth, LDB_UNKNOWN, array->length);
	else if (node->range.empty)
		memset(truth, node->range.negate ? LDB_YES : LDB_NO, array->length);
	else if (node->domain == LDB_DOMAIN_INT)
		compare_integers(array, &node->range, truth);
	else
		compare_wides(array, &node->range, truth);
	ldb_truth_nulls(array, truth);
	return LDB_OK;
}

/* --- floating point: C compares as PostgreSQL does but for NaN, which is equal to itself and
 * above all else; so above is "not below or equal", and a NaN constant goes the other way --- */

#define FLOAT_LOOP(stored, condition)                           \
	for (size_t i = 0; i < count; i++)                          \
	{                                                           \
		stored value;                                           \
                                                                \
		memcpy(&value, bytes + i * sizeof value, sizeof value); \
		double v = (double) value;                              \
                                                                \
		truth[i] = (uint8_t) ((condition) *LDB_YES);            \
	}                                                           \
	break

#define FLOAT_COMPARE(name, stored)                                                 \
	static void name(const uint8_t *bytes, size_t count, LdbCompareOp op, double c, \
					 uint8_t *truth)                                                \
	{                                                                               \
		switch (op)                                                                 \
		{                                                                           \
			case LDB_OP_EQ:                                                         \
				FLOAT_LOOP(stored, v == c);                                         \
			case LDB_OP_NE:                                                         \
				FLOAT_LOOP(stored, v != c);                                         \
			case LDB_OP_LT:                                                         \
				FLOAT_LOOP(stored, v < c);                                          \
			case LDB_OP_LE:                                                         \
				FLOAT_LOOP(stored, v <= c);                                         \
			case LDB_OP_GT:                                                         \
				FLOAT_LOOP(stored, !(v <= c));                                      \
			case LDB_OP_GE:                                                         \
				FLOAT_LOOP(stored, !(v < c));                                       \
		}                                                                           \
	}

FLOAT_COMPARE(compare_doubles, double)
FLOAT_COMPARE(compare_floats, float)

static void
compare_halves(const LdbArray *array, LdbCompareOp op, double constant, uint8_t *truth)
{
	double values[LDB_CHUNK_ROWS];

	for (size_t first = 0; first < array->length; first += LDB_CHUNK_ROWS)
	{
		size_t count = array->length - first;

		if (count > LDB_CHUNK_ROWS)
			count = LDB_CHUNK_ROWS;
		ldb_domain_load_float(array, first, count, values);
		compare_doubles((const uint8_t *) values, count, op, constant, truth + first);
	}
}

/* NaN as a constant: values are equal to it or below it. */
static LdbStatus
evaluate_nan(const LdbFilterNode *node, const LdbFilterRun *run, const uint8_t *live,
			 uint8_t *truth, LdbError *err)
{
	static const uint8_t answers[][2] = {
		[LDB_OP_EQ] = {LDB_NO, LDB_YES}, [LDB_OP_NE] = {LDB_YES, LDB_NO},
		[LDB_OP_LT] = {LDB_YES, LDB_NO}, [LDB_OP_LE] = {LDB_YES, LDB_YES},
		[LDB_OP_GT] = {LDB_NO, LDB_NO},  [LDB_OP_GE] = {LDB_NO, LDB_YES},
	};
	const LdbArray *array;
	double values[LDB_CHUNK_ROWS];

	(void) live;
	LDB_TRY(ldb_filter_column(run, node->column, node->type, &array, err));
	for (size_t first = 0; first < array->length; first += LDB_CHUNK_ROWS)
	{
		size_t count = array->length - first;

		if (count > LDB_CHUNK_ROWS)
			count = LDB_CHUNK_ROWS;
		ldb_domain_load_float(array, first, count, values);
		for (size_t i = 0; i < count; i++)
			truth[first + i] = answers[node->op][isnan(values[i]) != 0];
	}
	ldb_truth_nulls(array, truth);
	return LDB_OK;
}

static LdbStatus
evaluate_float(const LdbFilterNode *node, const LdbFilterRun *run, const uint8_t *live,
			   uint8_t *truth, LdbError *err)
{
	const LdbArray *array;

	(void) live;
	LDB_TRY(ldb_filter_column(run, node->column, node->type, &array, err));
	if (array->type->kind == LDB_TYPE_DOUBLE)
		compare_doubles(array->values, array->length, node->op, node->number, truth);
	else if (array->type->kind == LDB_TYPE_FLOAT)
		compare_floats(array->values, array->length, node->op, node->number, truth);
	else
		compare_halves(array, node->op, node->number, truth);
	ldb_truth_nulls(array, truth);
	return LDB_OK;
}

/* --- texts --- */

static bool
text_holds(LdbCompareOp op, LdbSlice a, LdbSlice b)
{
	switch (op)
	{
		case LDB_OP_EQ:
			return ldb_slice_equal(a, b);
		case LDB_OP_NE:
			return !ldb_slice_equal(a, b);
		case LDB_OP_LT:
			return ldb_text_compare(a, b) < 0;
		case LDB_OP_LE:
			return ldb_text_compare(a, b) <= 0;
		case LDB_OP_GT:
			return ldb_text_compare(a, b) > 0;
		default:
			return ldb_text_compare(a, b) >= 0;
	}
}

static LdbStatus
evaluate_text(const LdbFilterNode *node, const LdbFilterRun *run, const uint8_t *live,
			  uint8_t *truth, LdbError *err)
{
	const LdbArray *array;

	LDB_TRY(ldb_filter_column(run, node->column, node->type, &array, err));
	for (size_t i = 0; i < array->length; i++)
		truth[i] = ldb_is_live(live, i) && !ldb_array_is_null(array, i) &&
						   text_holds(node->op, ldb_domain_text(array, i), node->text)
					   ? LDB_YES
					   : LDB_NO;
	ldb_truth_nulls(array, truth);
	return LDB_OK;
}

LdbStatus
ldb_compare_prepare(const LdbExpr *expr, LdbFilterNode *node, LdbError *err)
{
	if (expr->value_count != 1)
		LDB_FAIL(err, LDB_INVALID, "a comparison needs one value, not %zu", expr->value_count);
	node->evaluate = evaluate_range;
	node->cost = 1;
	if (node->type->kind == LDB_TYPE_NULL)
		return LDB_OK;
	switch (expr->domain)
	{
		case LDB_DOMAIN_INT:
			node->range =
				int_range(expr->op, expr->values[0].integer, ldb_domain_int_scale(node->type));
			break;
		case LDB_DOMAIN_WIDE:
			node->range = wide_range(expr->op, expr->values[0].wide, expr->scale,
									 ldb_domain_wide_scale(node->type));
			break;
		case LDB_DOMAIN_FLOAT:
			node->number = expr->values[0].number;
			node->evaluate = isnan(node->number) ? evaluate_nan : evaluate_float;
			break;
		case LDB_DOMAIN_TEXT:
			node->text = expr->values[0].text;
			node->evaluate = evaluate_text;
			node->cost = LDB_COST_DEAR;
			break;
	}
	return LDB_OK;
}
