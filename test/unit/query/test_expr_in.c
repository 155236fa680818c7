/* test_expr_in.c -- column IN (values), NOT IN, and what NULL does to them. */
#include "query/columns.h"

#include <math.h>

#define SCALARS(...) \
	((LdbScalar[]){__VA_ARGS__}), sizeof((LdbScalar[]){__VA_ARGS__}) / sizeof(LdbScalar)

static void
integers_are_found_among_the_values(void **state)
{
	LdbArray array = INT32S("....n", 1, 2, 3, -7, 1);

	(void) state;
	assert_string_equal(
		truths_of(leaf(LDB_EXPR_IN, LDB_DOMAIN_INT, 0,
					   SCALARS(integer(3), integer(-7), integer(3), integer(INT64_MAX))),
				  array),
		"ffttu");
	assert_string_equal(
		truths_of(leaf(LDB_EXPR_NOT_IN, LDB_DOMAIN_INT, 0, SCALARS(integer(3), integer(-7))),
				  array),
		"ttffu");
}

static void
a_null_among_the_values_makes_misses_unknown(void **state)
{
	LdbArray array = INT32S("..n", 1, 2, 3);
	LdbExpr *in = leaf(LDB_EXPR_IN, LDB_DOMAIN_INT, 0, SCALARS(integer(1)));
	LdbExpr *not_in = leaf(LDB_EXPR_NOT_IN, LDB_DOMAIN_INT, 0, SCALARS(integer(1)));

	(void) state;
	in->has_null_value = not_in->has_null_value = true;
	assert_string_equal(truths_of(in, array), "tuu");
	assert_string_equal(truths_of(not_in, array), "fuu");
	in->value_count = not_in->value_count = 0;
	assert_string_equal(truths_of(in, array), "uuu");
	assert_string_equal(truths_of(not_in, array), "uuu");
}

/* PostgreSQL: x = ANY ('{}') is false and x <> ALL ('{}') true, for a NULL x too. */
static void
no_values_at_all_give_a_known_answer(void **state)
{
	LdbArray array = INT32S(".n", 1, 2);

	(void) state;
	assert_string_equal(truths_of(leaf(LDB_EXPR_IN, LDB_DOMAIN_INT, 0, NULL, 0), array), "ff");
	assert_string_equal(truths_of(leaf(LDB_EXPR_NOT_IN, LDB_DOMAIN_INT, 0, NULL, 0), array), "tt");
}

static void
nan_is_found_and_zeros_are_one_value(void **state)
{
	LdbArray array = DOUBLES("......n", NAN, 0.0, -0.0, 1.5, INFINITY, -INFINITY, 1.5);
	LdbExpr *expr = leaf(LDB_EXPR_IN, LDB_DOMAIN_FLOAT, 0,
						 SCALARS(number(-0.0), number(NAN), number(INFINITY), number(0.0)));

	(void) state;
	assert_string_equal(truths_of(expr, array), "tttftfu");
}

static void
texts_and_empty_texts_are_found(void **state)
{
	LdbArray array = TEXTS("", "a", "ab", "abc", NULL, "b");

	(void) state;
	assert_string_equal(truths_of(leaf(LDB_EXPR_IN, LDB_DOMAIN_TEXT, 0,
									   SCALARS(text("b"), text(""), text("ab"), text("zz"))),
								  array),
						"tftfut");
}

static void
decimals_are_found_at_any_scale(void **state)
{
	__int128 values[] = {150, 151, 0, -150, (__int128) 1 << 126};
	LdbArray cents = fixed(decimal(2), values, 16, 5, NULL);
	LdbExpr *tenths = leaf(LDB_EXPR_IN, LDB_DOMAIN_WIDE, 0, SCALARS(wide(15), wide(0)));
	LdbExpr *fine = leaf(LDB_EXPR_IN, LDB_DOMAIN_WIDE, 0, SCALARS(wide(15100), wide(-15000)));

	(void) state;
	tenths->scale = 1;
	fine->scale = 4;
	assert_string_equal(truths_of(tenths, cents), "tftff");
	assert_string_equal(truths_of(fine, cents), "ftftf");
	assert_string_equal(
		truths_of(leaf(LDB_EXPR_IN, LDB_DOMAIN_WIDE, 0, SCALARS(wide(UINT64_MAX), wide(3))),
				  FIXED(LDB_TYPE_UINT64, NULL, ((uint64_t[]){UINT64_MAX, 3, 4}))),
		"ttf");
}

static void
days_and_microseconds_are_found_in_any_unit(void **state)
{
	int64_t nanoseconds[] = {-1, 1999, 2000};
	int64_t milliseconds[] = {86399999, -1, 86400000};

	(void) state;
	assert_string_equal(
		truths_of(leaf(LDB_EXPR_IN, LDB_DOMAIN_INT, 0, SCALARS(integer(1), integer(-1))),
				  fixed(type_with_unit(LDB_TYPE_TIMESTAMP, LDB_UNIT_NS), nanoseconds, 8, 3, NULL)),
		"ttf");
	assert_string_equal(truths_of(leaf(LDB_EXPR_IN, LDB_DOMAIN_INT, 0, SCALARS(integer(0))),
								  fixed(type_of(LDB_TYPE_DATE64), milliseconds, 8, 3, NULL)),
						"tff");
}

static void
booleans_are_found(void **state)
{
	(void) state;
	assert_string_equal(
		truths_of(leaf(LDB_EXPR_IN, LDB_DOMAIN_INT, 0, SCALARS(integer(1))), bools("tft", "..n")),
		"tfu");
}

static void
many_values_and_many_rows(void **state)
{
	enum
	{
		VALUES = 50000, /* more than are sorted in one go */
		ROWS = 5000
	};
	LdbScalar *values = calloc(VALUES, sizeof *values);
	int64_t *rows = calloc(ROWS, sizeof *rows);
	char *expected = calloc(ROWS + 1, 1);

	(void) state;
	for (int64_t i = 0; i < VALUES; i++)
		values[i].integer = (i * 7919 % VALUES) * 3 - 4000;
	for (int64_t i = 0; i < ROWS; i++)
	{
		rows[i] = i * 104729 % 170000 - 10000;
		expected[i] = rows[i] >= -4000 && rows[i] < 146000 && (rows[i] + 4000) % 3 == 0 ? 't' : 'f';
	}
	assert_string_equal(truths_of(leaf(LDB_EXPR_IN, LDB_DOMAIN_INT, 0, values, VALUES),
								  fixed(type_of(LDB_TYPE_INT64), rows, 8, ROWS, NULL)),
						expected);
	free(values);
	free(rows);
	free(expected);
}

static bool
stop_soon(void *context)
{
	return (*(int *) context)++ > 3;
}

static void
a_long_list_can_be_cancelled_while_it_is_sorted(void **state)
{
	size_t count = 200000;
	LdbScalar *values = calloc(count, sizeof *values);
	const LdbType *type = type_of(LDB_TYPE_INT64);
	int polls = 0;
	LdbCancel cancel = {stop_soon, &polls};
	LdbFilter *filter;
	LdbError err;

	(void) state;
	for (size_t i = 0; i < count; i++)
		values[i].integer = (int64_t) (i * 7919 % count);
	assert_int_equal(ldb_filter_new(leaf(LDB_EXPR_IN, LDB_DOMAIN_INT, 0, values, count), &type, 1,
									&cancel, &filter, &err),
					 LDB_CANCELLED);
	assert_null(filter);
	free(values);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(integers_are_found_among_the_values),
		TEST(a_null_among_the_values_makes_misses_unknown),
		TEST(no_values_at_all_give_a_known_answer),
		TEST(nan_is_found_and_zeros_are_one_value),
		TEST(texts_and_empty_texts_are_found),
		TEST(decimals_are_found_at_any_scale),
		TEST(days_and_microseconds_are_found_in_any_unit),
		TEST(booleans_are_found),
		TEST(many_values_and_many_rows),
		TEST(a_long_list_can_be_cancelled_while_it_is_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
