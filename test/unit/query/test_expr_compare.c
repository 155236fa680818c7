/* test_expr_compare.c -- column op constant, in every domain. */
#include "query/columns.h"

#include <float.h>
#include <math.h>

static const LdbCompareOp ops[] = {LDB_OP_EQ, LDB_OP_NE, LDB_OP_LT,
								   LDB_OP_LE, LDB_OP_GT, LDB_OP_GE};

static bool
holds(LdbCompareOp op, int order)
{
	switch (op)
	{
		case LDB_OP_EQ:
			return order == 0;
		case LDB_OP_NE:
			return order != 0;
		case LDB_OP_LT:
			return order < 0;
		case LDB_OP_LE:
			return order <= 0;
		case LDB_OP_GT:
			return order > 0;
		default:
			return order >= 0;
	}
}

/* --- INT --- */

typedef struct IntColumn
{
	LdbTypeKind kind;
	LdbTimeUnit unit;
	size_t bytes;
	bool is_signed;
	int64_t multiply;
	int64_t divide;
} IntColumn;

static const IntColumn int_columns[] = {
	{LDB_TYPE_INT8, LDB_UNIT_NONE, 1, true, 1, 1},
	{LDB_TYPE_UINT8, LDB_UNIT_NONE, 1, false, 1, 1},
	{LDB_TYPE_INT16, LDB_UNIT_NONE, 2, true, 1, 1},
	{LDB_TYPE_UINT16, LDB_UNIT_NONE, 2, false, 1, 1},
	{LDB_TYPE_INT32, LDB_UNIT_NONE, 4, true, 1, 1},
	{LDB_TYPE_UINT32, LDB_UNIT_NONE, 4, false, 1, 1},
	{LDB_TYPE_INT64, LDB_UNIT_NONE, 8, true, 1, 1},
	{LDB_TYPE_DATE32, LDB_UNIT_NONE, 4, true, 1, 1},
	{LDB_TYPE_DATE64, LDB_UNIT_NONE, 8, true, 1, 86400000},
	{LDB_TYPE_TIME32, LDB_UNIT_S, 4, true, 1000000, 1},
	{LDB_TYPE_TIME32, LDB_UNIT_MS, 4, true, 1000, 1},
	{LDB_TYPE_TIME64, LDB_UNIT_US, 8, true, 1, 1},
	{LDB_TYPE_TIME64, LDB_UNIT_NS, 8, true, 1, 1000},
	{LDB_TYPE_TIMESTAMP, LDB_UNIT_S, 8, true, 1000000, 1},
	{LDB_TYPE_TIMESTAMP, LDB_UNIT_MS, 8, true, 1000, 1},
	{LDB_TYPE_TIMESTAMP, LDB_UNIT_US, 8, true, 1, 1},
	{LDB_TYPE_TIMESTAMP, LDB_UNIT_NS, 8, true, 1, 1000},
};

/* Numbers around every edge there is, as far as the column's type holds them. */
static size_t
edge_values(const IntColumn *column, int64_t *out)
{
	static const int64_t edges[] = {0,
									1,
									2,
									127,
									128,
									255,
									256,
									32767,
									65535,
									86399,
									86400000,
									86399999,
									172800000,
									999,
									1000,
									1001,
									1999,
									999999,
									1000000,
									INT32_MAX,
									UINT32_MAX,
									INT64_MAX,
									INT64_MAX - 1,
									INT64_MAX / 1000,
									INT64_MAX / 1000000,
									INT64_MAX / 1000000 + 1};
	__int128 low = column->is_signed ? -((__int128) 1 << (column->bytes * 8 - 1)) : 0;
	__int128 high = ((__int128) 1 << (column->bytes * 8 - column->is_signed)) - 1;
	size_t count = 0;

	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
		for (int sign = -1; sign <= 1; sign += 2)
		{
			__int128 value = (__int128) edges[i] * sign - (sign < 0 && edges[i] == INT64_MAX);

			if (value >= low && value <= high)
				out[count++] = (int64_t) value;
		}
	return count;
}

/* What the column's value is worth in the domain, by schoolbook arithmetic. */
static int64_t
worth(const IntColumn *column, int64_t stored)
{
	__int128 value = (__int128) stored * column->multiply;
	__int128 quotient = value / column->divide;

	if (value < 0 && quotient * column->divide != value)
		quotient--;
	if (quotient > INT64_MAX)
		return INT64_MAX;
	return quotient < INT64_MIN ? INT64_MIN : (int64_t) quotient;
}

static void
check_int_column(const IntColumn *column, LdbCompareOp op, int64_t constant)
{
	int64_t stored[64];
	uint8_t bytes[64 * 8];
	char expected[65] = "";
	size_t count = edge_values(column, stored);
	LdbArray array;
	const char *got;

	for (size_t i = 0; i < count; i++)
	{
		int64_t value = worth(column, stored[i]);

		memcpy(bytes + i * column->bytes, &stored[i], column->bytes);
		expected[i] = holds(op, (value > constant) - (value < constant)) ? 't' : 'f';
	}
	array = fixed(type_with_unit(column->kind, column->unit), bytes, column->bytes, count, NULL);
	got = truths_of(compare(op, LDB_DOMAIN_INT, 0, integer(constant)), array);
	if (strcmp(got, expected) != 0)
		fail_msg("kind %d unit %d op %d constant %lld: %s, not %s", (int) column->kind,
				 (int) column->unit, (int) op, (long long) constant, got, expected);
}

static void
integers_dates_and_times_compare_at_every_edge(void **state)
{
	IntColumn all = {LDB_TYPE_INT64, LDB_UNIT_NONE, 8, true, 1, 1};
	int64_t constants[64];
	size_t count = edge_values(&all, constants);

	(void) state;
	for (size_t c = 0; c < sizeof int_columns / sizeof *int_columns; c++)
		for (size_t o = 0; o < 6; o++)
			for (size_t i = 0; i < count; i++)
			{
				ldb_arena_reset(arena);
				check_int_column(&int_columns[c], ops[o], constants[i]);
				check_int_column(&int_columns[c], ops[o], worth(&int_columns[c], constants[i] / 7));
			}
}

static void
nanoseconds_before_1970_round_down(void **state)
{
	int64_t values[] = {-1, -1000, -1001, 999, 1000};
	LdbArray array = fixed(type_with_unit(LDB_TYPE_TIMESTAMP, LDB_UNIT_NS), values, 8, 5, NULL);

	(void) state;
	assert_string_equal(truths_of(compare(LDB_OP_EQ, LDB_DOMAIN_INT, 0, integer(-1)), array),
						"ttfff");
	assert_string_equal(truths_of(compare(LDB_OP_LT, LDB_DOMAIN_INT, 0, integer(0)), array),
						"tttff");
	assert_string_equal(truths_of(compare(LDB_OP_GE, LDB_DOMAIN_INT, 0, integer(1)), array),
						"fffft");
}

static void
date64_is_a_number_of_days(void **state)
{
	int64_t values[] = {-1, 0, 86399999, 86400000, -86400000, -86400001};
	LdbArray array = fixed(type_of(LDB_TYPE_DATE64), values, 8, 6, NULL);

	(void) state;
	assert_string_equal(truths_of(compare(LDB_OP_EQ, LDB_DOMAIN_INT, 0, integer(0)), array),
						"fttfff");
	assert_string_equal(truths_of(compare(LDB_OP_EQ, LDB_DOMAIN_INT, 0, integer(-1)), array),
						"tffftf");
}

static void
null_rows_are_unknown(void **state)
{
	(void) state;
	assert_string_equal(truths_of(compare(LDB_OP_GT, LDB_DOMAIN_INT, 0, integer(1)),
								  INT64S("n..n.....n", 5, 1, 2, 9, 3, 0, 4, -1, 2, 2)),
						"uftutftftu");
	assert_string_equal(
		truths_of(compare(LDB_OP_NE, LDB_DOMAIN_INT, 0, integer(1)), INT64S("nnn", 1, 2, 3)),
		"uuu");
	assert_string_equal(
		truths_of(compare(LDB_OP_NE, LDB_DOMAIN_FLOAT, 0, number(1)), DOUBLES(".n", 1, 2)), "fu");
	assert_string_equal(
		truths_of(compare(LDB_OP_LT, LDB_DOMAIN_INT, 0, integer(INT64_MIN)), INT64S(".n", 1, 2)),
		"fu");
}

static void
booleans_are_0_and_1(void **state)
{
	LdbArray array = bools("tftf", "..nn");

	(void) state;
	assert_string_equal(truths_of(compare(LDB_OP_EQ, LDB_DOMAIN_INT, 0, integer(1)), array),
						"tfuu");
	assert_string_equal(truths_of(compare(LDB_OP_LT, LDB_DOMAIN_INT, 0, integer(1)), array),
						"ftuu");
	assert_string_equal(truths_of(compare(LDB_OP_NE, LDB_DOMAIN_INT, 0, integer(0)), array),
						"tfuu");
}

/* --- WIDE --- */

#define POWER_38 ((__int128) 10000000000000000000u * 10000000000000000000u)
#define WIDE_MAX ((__int128) (((unsigned __int128) 1 << 127) - 1))

static LdbExpr *
compare_wide(LdbCompareOp op, __int128 value, int32_t scale)
{
	LdbExpr *expr = compare(op, LDB_DOMAIN_WIDE, 0, wide(value));

	expr->scale = scale;
	return expr;
}

static void
decimals_of_other_scales_compare_exactly(void **state)
{
	__int128 values[] = {150, 149, 151, -150, 0};
	LdbArray cents = fixed(decimal(2), values, 16, 5, NULL);

	(void) state;
	/* 1.50, 1.49, 1.51, -1.50, 0.00 */
	assert_string_equal(truths_of(compare_wide(LDB_OP_EQ, 15, 1), cents), "tffff");
	assert_string_equal(truths_of(compare_wide(LDB_OP_EQ, 1500, 3), cents), "tffff");
	assert_string_equal(truths_of(compare_wide(LDB_OP_EQ, 1501, 3), cents), "fffff");
	assert_string_equal(truths_of(compare_wide(LDB_OP_NE, 1501, 3), cents), "ttttt");
	assert_string_equal(truths_of(compare_wide(LDB_OP_LT, 1501, 3), cents), "ttftt");
	assert_string_equal(truths_of(compare_wide(LDB_OP_GT, 1499, 3), cents), "tftff");
	assert_string_equal(truths_of(compare_wide(LDB_OP_GE, -1501, 3), cents), "ttttt");
	assert_string_equal(truths_of(compare_wide(LDB_OP_LE, -1499, 3), cents), "ffftf");
	assert_string_equal(truths_of(compare_wide(LDB_OP_GE, 1, 0), cents), "tttff");
	assert_string_equal(truths_of(compare_wide(LDB_OP_LT, 1, -1), cents), "ttttt");
}

static void
negative_scales_are_hundreds_and_thousands(void **state)
{
	__int128 values[] = {1, 2, -1};
	LdbArray thousands = fixed(decimal(-3), values, 16, 3, NULL);

	(void) state;
	assert_string_equal(truths_of(compare_wide(LDB_OP_EQ, 1000, 0), thousands), "tff");
	assert_string_equal(truths_of(compare_wide(LDB_OP_GT, 1000, 0), thousands), "ftf");
	assert_string_equal(truths_of(compare_wide(LDB_OP_LE, 1999, 0), thousands), "tft");
	assert_string_equal(truths_of(compare_wide(LDB_OP_EQ, 10, -2), thousands), "tff");
	assert_string_equal(truths_of(compare_wide(LDB_OP_GE, -99900, 2), thousands), "ttf");
}

static void
numbers_beyond_128_bits_are_beyond_all_others(void **state)
{
	__int128 values[] = {POWER_38 - 1, -(POWER_38 - 1), WIDE_MAX, -WIDE_MAX - 1, 0};
	LdbArray fine = fixed(decimal(38), values, 16, 5, NULL);
	LdbArray absurd = fixed(decimal(INT32_MAX), values, 16, 5, NULL);
	LdbArray huge = fixed(decimal(INT32_MIN), values, 16, 5, NULL);

	(void) state;
	assert_string_equal(truths_of(compare_wide(LDB_OP_LT, POWER_38, 0), fine), "ttttt");
	assert_string_equal(truths_of(compare_wide(LDB_OP_LT, -POWER_38, 0), fine), "fffff");
	assert_string_equal(truths_of(compare_wide(LDB_OP_EQ, POWER_38, 0), fine), "fffff");
	assert_string_equal(truths_of(compare_wide(LDB_OP_GE, WIDE_MAX, 38), fine), "fftff");
	assert_string_equal(truths_of(compare_wide(LDB_OP_GT, WIDE_MAX, 38), fine), "fffff");
	assert_string_equal(truths_of(compare_wide(LDB_OP_LT, -WIDE_MAX - 1, 38), fine), "fffff");
	assert_string_equal(truths_of(compare_wide(LDB_OP_LE, -WIDE_MAX - 1, 38), fine), "ffftf");
	assert_string_equal(truths_of(compare_wide(LDB_OP_LT, 1, 0), absurd), "ttttt");
	assert_string_equal(truths_of(compare_wide(LDB_OP_EQ, 0, 0), absurd), "fffft");
	assert_string_equal(truths_of(compare_wide(LDB_OP_GT, WIDE_MAX, 0), huge), "tftff");
	assert_string_equal(truths_of(compare_wide(LDB_OP_EQ, 0, 0), huge), "fffft");
	assert_string_equal(truths_of(compare_wide(LDB_OP_LT, -1, 0), huge), "ftftf");
}

static void
unsigned_64_bits_compare_as_wide_numbers(void **state)
{
	LdbArray array =
		FIXED(LDB_TYPE_UINT64, "....n", ((uint64_t[]){0, INT64_MAX, 1ull << 63, UINT64_MAX, 7}));

	(void) state;
	assert_string_equal(truths_of(compare_wide(LDB_OP_GT, INT64_MAX, 0), array), "ffttu");
	assert_string_equal(truths_of(compare_wide(LDB_OP_EQ, (__int128) UINT64_MAX * 10, 1), array),
						"ffftu");
	assert_string_equal(truths_of(compare_wide(LDB_OP_GE, -1, 0), array), "ttttu");
	assert_string_equal(truths_of(compare_wide(LDB_OP_LT, 5, 1), array), "tfffu");
}

static void
small_integers_can_be_wide_too(void **state)
{
	(void) state;
	assert_string_equal(truths_of(compare_wide(LDB_OP_GE, 25, 1), INT32S(NULL, 1, 2, 3, -3)),
						"fftf");
}

/* --- FLOAT --- */

static int
postgres_order(double a, double b)
{
	if (isnan(a))
		return isnan(b) ? 0 : 1;
	if (isnan(b))
		return -1;
	return (a > b) - (a < b);
}

static void
floats_compare_like_postgresql_with_nan_above_all(void **state)
{
	static const double values[] = {-INFINITY, -1.5, -0.0, 0.0, 0.5, 1.5, 65504, INFINITY, NAN};
	static const uint16_t halves[] = {0xfc00, 0xbe00, 0x8000, 0x0000, 0x3800,
									  0x3e00, 0x7bff, 0x7c00, 0x7e00};
	float floats[9];

	(void) state;
	for (size_t i = 0; i < 9; i++)
		floats[i] = (float) values[i];
	for (size_t o = 0; o < 6; o++)
		for (size_t c = 0; c < 9; c++)
		{
			LdbExpr *expr = compare(ops[o], LDB_DOMAIN_FLOAT, 0, number(values[c]));
			char expected[10] = "";

			for (size_t i = 0; i < 9; i++)
				expected[i] = holds(ops[o], postgres_order(values[i], values[c])) ? 't' : 'f';
			assert_string_equal(
				truths_of(expr, fixed(type_of(LDB_TYPE_DOUBLE), values, 8, 9, NULL)), expected);
			assert_string_equal(truths_of(expr, fixed(type_of(LDB_TYPE_FLOAT), floats, 4, 9, NULL)),
								expected);
			assert_string_equal(truths_of(expr, fixed(type_of(LDB_TYPE_HALF), halves, 2, 9, NULL)),
								expected);
		}
}

/* real 0.1 is not double precision 0.1, in PostgreSQL either. */
static void
floats_are_compared_as_doubles(void **state)
{
	(void) state;
	assert_string_equal(
		truths_of(compare(LDB_OP_EQ, LDB_DOMAIN_FLOAT, 0, number(0.1)), FLOATS(NULL, 0.1f, 0.5f)),
		"ff");
	assert_string_equal(truths_of(compare(LDB_OP_EQ, LDB_DOMAIN_FLOAT, 0, number((double) 0.1f)),
								  FLOATS(NULL, 0.1f, 0.5f)),
						"tf");
}

/* --- TEXT --- */

static void
texts_compare_by_bytes_and_shorter_comes_first(void **state)
{
	LdbArray array = TEXTS("", "a", "ab", "b", NULL, "\xc3\xa9", "B");

	(void) state;
	assert_string_equal(truths_of(compare(LDB_OP_EQ, LDB_DOMAIN_TEXT, 0, text("ab")), array),
						"fftfuff");
	assert_string_equal(truths_of(compare(LDB_OP_NE, LDB_DOMAIN_TEXT, 0, text("ab")), array),
						"ttftutt");
	assert_string_equal(truths_of(compare(LDB_OP_LT, LDB_DOMAIN_TEXT, 0, text("ab")), array),
						"ttffuft");
	assert_string_equal(truths_of(compare(LDB_OP_LE, LDB_DOMAIN_TEXT, 0, text("ab")), array),
						"tttfuft");
	assert_string_equal(truths_of(compare(LDB_OP_GT, LDB_DOMAIN_TEXT, 0, text("ab")), array),
						"ffftutf");
	assert_string_equal(truths_of(compare(LDB_OP_GE, LDB_DOMAIN_TEXT, 0, text("")), array),
						"ttttutt");
	assert_string_equal(truths_of(compare(LDB_OP_EQ, LDB_DOMAIN_TEXT, 0, text("")), array),
						"tfffuff");
}

static void
binaries_of_fixed_width_are_texts(void **state)
{
	LdbType type = {.kind = LDB_TYPE_FIXED_BINARY, .width = 3};
	LdbScalar value = {.text = ldb_slice("a\0c", 3)};
	LdbArray array = fixed(&type, "a\0ca\0da\0bzzz", 3, 4, "...n");

	(void) state;
	assert_string_equal(truths_of(compare(LDB_OP_EQ, LDB_DOMAIN_TEXT, 0, value), array), "tffu");
	assert_string_equal(truths_of(compare(LDB_OP_LT, LDB_DOMAIN_TEXT, 0, value), array), "fftu");
}

static void
a_column_of_nulls_is_unknown_in_every_domain(void **state)
{
	LdbArray array = {.type = type_of(LDB_TYPE_NULL), .length = 3};

	(void) state;
	set_nulls(&array, "nnn");
	assert_string_equal(truths_of(compare(LDB_OP_EQ, LDB_DOMAIN_INT, 0, integer(1)), array), "uuu");
	assert_string_equal(truths_of(compare(LDB_OP_NE, LDB_DOMAIN_TEXT, 0, text("")), array), "uuu");
	assert_string_equal(truths_of(compare(LDB_OP_GE, LDB_DOMAIN_FLOAT, 0, number(NAN)), array),
						"uuu");
	assert_string_equal(truths_of(compare_wide(LDB_OP_LE, 1, 3), array), "uuu");
}

static void
a_domain_that_does_not_fit_the_column_is_refused(void **state)
{
	LdbExpr *expr = compare(LDB_OP_EQ, LDB_DOMAIN_INT, 0, integer(1));

	(void) state;
	assert_string_equal(refusal(expr, type_of(LDB_TYPE_STRING)),
						"a column of type string cannot be compared with integers");
	refusal(expr, type_of(LDB_TYPE_UINT64));
	refusal(expr, type_of(LDB_TYPE_DOUBLE));
	refusal(expr, type_of(LDB_TYPE_DURATION));
	refusal(expr, type_of(LDB_TYPE_STRUCT));
	refusal(compare(LDB_OP_EQ, LDB_DOMAIN_FLOAT, 0, number(1)), type_of(LDB_TYPE_INT32));
	refusal(compare(LDB_OP_EQ, LDB_DOMAIN_TEXT, 0, text("")), type_of(LDB_TYPE_BOOL));
	refusal(compare(LDB_OP_EQ, LDB_DOMAIN_WIDE, 0, wide(1)), type_of(LDB_TYPE_DECIMAL256));
	expr->value_count = 0;
	refusal(expr, type_of(LDB_TYPE_INT32));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(integers_dates_and_times_compare_at_every_edge),
		TEST(nanoseconds_before_1970_round_down),
		TEST(date64_is_a_number_of_days),
		TEST(null_rows_are_unknown),
		TEST(booleans_are_0_and_1),
		TEST(decimals_of_other_scales_compare_exactly),
		TEST(negative_scales_are_hundreds_and_thousands),
		TEST(numbers_beyond_128_bits_are_beyond_all_others),
		TEST(unsigned_64_bits_compare_as_wide_numbers),
		TEST(small_integers_can_be_wide_too),
		TEST(floats_compare_like_postgresql_with_nan_above_all),
		TEST(floats_are_compared_as_doubles),
		TEST(texts_compare_by_bytes_and_shorter_comes_first),
		TEST(binaries_of_fixed_width_are_texts),
		TEST(a_column_of_nulls_is_unknown_in_every_domain),
		TEST(a_domain_that_does_not_fit_the_column_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
