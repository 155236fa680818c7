/* test_expr_columns.c -- a column op another column. */
#include "query/columns.h"

#include <math.h>

static LdbExpr *
columns(LdbCompareOp op, LdbDomain domain)
{
	LdbExpr *expr = leaf(LDB_EXPR_COMPARE_COLUMNS, domain, 0, NULL, 0);

	expr->op = op;
	expr->other_column = 1;
	return expr;
}

static const char *
compared(LdbCompareOp op, LdbDomain domain, LdbArray a, LdbArray b)
{
	LdbArray both[] = {a, b};

	return truths(columns(op, domain), both, 2);
}

static void
integers_of_any_width_meet(void **state)
{
	LdbArray a = INT32S("....n.", 1, 2, 3, -1, 5, 6);
	LdbArray b = INT64S(".....n", 2, 2, 2, INT64_MIN, 5, 6);

	(void) state;
	assert_string_equal(compared(LDB_OP_LT, LDB_DOMAIN_INT, a, b), "tfffuu");
	assert_string_equal(compared(LDB_OP_LE, LDB_DOMAIN_INT, a, b), "ttffuu");
	assert_string_equal(compared(LDB_OP_EQ, LDB_DOMAIN_INT, a, b), "ftffuu");
	assert_string_equal(compared(LDB_OP_NE, LDB_DOMAIN_INT, a, b), "tfttuu");
	assert_string_equal(compared(LDB_OP_GE, LDB_DOMAIN_INT, a, b), "ftttuu");
	assert_string_equal(compared(LDB_OP_GT, LDB_DOMAIN_INT, a, b), "ffttuu");
}

static void
timestamps_of_other_units_meet_in_microseconds(void **state)
{
	/* of the last two, a product cut to 64 bits has the other sign than of the two before */
	int64_t seconds[] = {1, -1, INT64_MAX, INT64_MIN, 20000000000000, -20000000000000};
	int64_t nanoseconds[] = {1000000999, -1000000001, 5, 5, 5, 5};
	LdbArray a = fixed(type_with_unit(LDB_TYPE_TIMESTAMP, LDB_UNIT_S), seconds, 8, 6, NULL);
	LdbArray b = fixed(type_with_unit(LDB_TYPE_TIMESTAMP, LDB_UNIT_NS), nanoseconds, 8, 6, NULL);

	(void) state;
	assert_string_equal(compared(LDB_OP_EQ, LDB_DOMAIN_INT, a, b), "tfffff");
	assert_string_equal(compared(LDB_OP_GT, LDB_DOMAIN_INT, a, b), "fttftf");
}

static void
decimals_of_any_scale_meet_exactly(void **state)
{
	__int128 huge = ((__int128) 1) << 126;
	__int128 a[] = {15, 15, -15, huge, -huge, 0};
	__int128 b[] = {1500, 1501, -1501, 1, 1, 0};
	LdbArray tenths = fixed(decimal(1), a, 16, 6, NULL);
	LdbArray thousandths = fixed(decimal(3), b, 16, 6, NULL);

	(void) state;
	assert_string_equal(compared(LDB_OP_EQ, LDB_DOMAIN_WIDE, tenths, thousandths), "tfffft");
	assert_string_equal(compared(LDB_OP_LT, LDB_DOMAIN_WIDE, tenths, thousandths), "ftfftf");
	assert_string_equal(compared(LDB_OP_GT, LDB_DOMAIN_WIDE, thousandths, tenths), "ftfftf");
}

static void
signed_and_unsigned_64_bits_meet_as_wide_numbers(void **state)
{
	LdbArray a = INT64S(NULL, -1, INT64_MAX, 7);
	LdbArray b = FIXED(LDB_TYPE_UINT64, NULL, ((uint64_t[]){UINT64_MAX, INT64_MAX, 6}));

	(void) state;
	assert_string_equal(compared(LDB_OP_LT, LDB_DOMAIN_WIDE, a, b), "tff");
	assert_string_equal(compared(LDB_OP_EQ, LDB_DOMAIN_WIDE, a, b), "ftf");
}

static void
nan_equals_nan_and_is_above_all(void **state)
{
	LdbArray a = FLOATS("....n", NAN, NAN, 1, -0.0f, 1);
	LdbArray b = DOUBLES(NULL, NAN, INFINITY, NAN, 0.0, 1);

	(void) state;
	assert_string_equal(compared(LDB_OP_EQ, LDB_DOMAIN_FLOAT, a, b), "tfftu");
	assert_string_equal(compared(LDB_OP_GT, LDB_DOMAIN_FLOAT, a, b), "ftffu");
	assert_string_equal(compared(LDB_OP_LE, LDB_DOMAIN_FLOAT, a, b), "tfttu");
}

static void
texts_meet_by_bytes(void **state)
{
	LdbArray a = TEXTS("", "a", "b", NULL, "x", NULL);
	LdbArray b = TEXTS("", "ab", "ab", "x", NULL, NULL);

	(void) state;
	assert_string_equal(compared(LDB_OP_EQ, LDB_DOMAIN_TEXT, a, b), "tffuuu");
	assert_string_equal(compared(LDB_OP_LT, LDB_DOMAIN_TEXT, a, b), "ftfuuu");
}

static void
chunks_join_without_a_seam(void **state)
{
	enum
	{
		ROWS = 1000
	};
	int32_t a[ROWS];
	int32_t b[ROWS];
	char expected[ROWS + 1] = "";
	LdbArray both[2];

	(void) state;
	for (int i = 0; i < ROWS; i++)
	{
		a[i] = i * 7919 % 101;
		b[i] = i * 104729 % 103;
		expected[i] = a[i] <= b[i] ? 't' : 'f';
	}
	both[0] = fixed(type_of(LDB_TYPE_INT32), a, 4, ROWS, NULL);
	both[1] = fixed(type_of(LDB_TYPE_INT32), b, 4, ROWS, NULL);
	assert_string_equal(truths(columns(LDB_OP_LE, LDB_DOMAIN_INT), both, 2), expected);
}

static void
a_column_that_is_not_there_or_does_not_fit_is_refused(void **state)
{
	LdbExpr *expr = columns(LDB_OP_EQ, LDB_DOMAIN_INT);

	(void) state;
	assert_string_equal(refusal(expr, type_of(LDB_TYPE_INT32)),
						"filter column 1, but there are only 1");
	expr->other_column = 0;
	refusal(expr, type_of(LDB_TYPE_STRING));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(integers_of_any_width_meet),
		TEST(timestamps_of_other_units_meet_in_microseconds),
		TEST(decimals_of_any_scale_meet_exactly),
		TEST(signed_and_unsigned_64_bits_meet_as_wide_numbers),
		TEST(nan_equals_nan_and_is_above_all),
		TEST(texts_meet_by_bytes),
		TEST(chunks_join_without_a_seam),
		TEST(a_column_that_is_not_there_or_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
