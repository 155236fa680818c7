/* test_expr_list.c -- @>, && and = ANY over list columns, as PostgreSQL's arrays do it. */
#include "query/columns.h"

#include <math.h>

/* {a,b}, {}, NULL, {b,NULL}, {NULL}, {a,a,c}, {c} */
static LdbArray
tags(LdbTypeKind kind)
{
	static const size_t sizes[] = {2, 0, 0, 2, 1, 3, 1};

	return list_of(kind, TEXTS("a", "b", "b", NULL, NULL, "a", "a", "c", "c"), sizes, 7, "..n....");
}

static LdbExpr *
about(LdbExprKind kind, const char *const *values, size_t count)
{
	LdbScalar scalars[8];

	for (size_t i = 0; i < count; i++)
		scalars[i] = text(values[i]);
	return leaf(kind, LDB_DOMAIN_TEXT, 0, scalars, count);
}

#define ABOUT(kind, ...)                         \
	about((kind), (const char *[]){__VA_ARGS__}, \
		  sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

static void
contains_needs_every_value_and_ignores_null_items(void **state)
{
	LdbExpr *with_null = ABOUT(LDB_EXPR_CONTAINS_ALL, "b");

	(void) state;
	assert_string_equal(truths_of(ABOUT(LDB_EXPR_CONTAINS_ALL, "b"), tags(LDB_TYPE_LIST)),
						"tfutfff");
	assert_string_equal(truths_of(ABOUT(LDB_EXPR_CONTAINS_ALL, "c", "a"), tags(LDB_TYPE_LIST)),
						"ffufftf");
	assert_string_equal(truths_of(ABOUT(LDB_EXPR_CONTAINS_ALL, "a", "a", "a"), tags(LDB_TYPE_LIST)),
						"tfufftf");
	assert_string_equal(truths_of(ABOUT(LDB_EXPR_CONTAINS_ALL, "b", "a"), tags(LDB_TYPE_LIST)),
						"tfuffff");
	assert_string_equal(truths_of(about(LDB_EXPR_CONTAINS_ALL, NULL, 0), tags(LDB_TYPE_LIST)),
						"ttutttt");
	with_null->has_null_value = true;
	assert_string_equal(truths_of(with_null, tags(LDB_TYPE_LIST)), "ffuffff");
}

static void
overlap_needs_one_value(void **state)
{
	LdbExpr *with_null = ABOUT(LDB_EXPR_OVERLAPS, "b");

	(void) state;
	assert_string_equal(truths_of(ABOUT(LDB_EXPR_OVERLAPS, "b", "c"), tags(LDB_TYPE_LARGE_LIST)),
						"tfutftt");
	assert_string_equal(truths_of(about(LDB_EXPR_OVERLAPS, NULL, 0), tags(LDB_TYPE_LIST)),
						"ffuffff");
	with_null->has_null_value = true;
	assert_string_equal(truths_of(with_null, tags(LDB_TYPE_LIST)), "tfutfff");
}

static void
equal_any_is_unknown_on_a_miss_beside_a_null_item(void **state)
{
	LdbExpr *of_null = about(LDB_EXPR_HAS_ITEM, NULL, 0);

	(void) state;
	assert_string_equal(truths_of(ABOUT(LDB_EXPR_HAS_ITEM, "b"), tags(LDB_TYPE_LIST)), "tfutuff");
	assert_string_equal(truths_of(ABOUT(LDB_EXPR_HAS_ITEM, "a"), tags(LDB_TYPE_LIST)), "tfuuutf");
	of_null->has_null_value = true;
	assert_string_equal(truths_of(of_null, tags(LDB_TYPE_LIST)), "ufuuuuu");
}

static void
negation_keeps_what_is_unknown(void **state)
{
	(void) state;
	assert_string_equal(truths_of(negation(ABOUT(LDB_EXPR_HAS_ITEM, "b")), tags(LDB_TYPE_LIST)),
						"ftufutt");
}

static void
lists_of_fixed_size_of_numbers(void **state)
{
	LdbArray items = INT32S(".....n..", 1, 2, 3, 4, 5, 6, 1, 9);
	LdbArray array = fixed_list_of(items, 2, "...n");
	LdbScalar one = integer(1);
	LdbScalar two[] = {integer(4), integer(3)};

	(void) state;
	assert_string_equal(truths_of(leaf(LDB_EXPR_HAS_ITEM, LDB_DOMAIN_INT, 0, &one, 1), array),
						"tfuu");
	assert_string_equal(truths_of(leaf(LDB_EXPR_CONTAINS_ALL, LDB_DOMAIN_INT, 0, two, 2), array),
						"ftfu");
	assert_string_equal(truths_of(leaf(LDB_EXPR_OVERLAPS, LDB_DOMAIN_INT, 0, two, 2), array),
						"ftfu");
}

static void
items_of_every_domain(void **state)
{
	static const size_t sizes[] = {2, 1};
	__int128 wides[] = {150, 1, 15};
	LdbScalar value = number(NAN);
	LdbScalar tenths = wide(15);
	LdbExpr *expr = leaf(LDB_EXPR_HAS_ITEM, LDB_DOMAIN_WIDE, 0, &tenths, 1);

	(void) state;
	assert_string_equal(truths_of(leaf(LDB_EXPR_HAS_ITEM, LDB_DOMAIN_FLOAT, 0, &value, 1),
								  list_of(LDB_TYPE_LIST, FLOATS(NULL, 1, NAN, 2), sizes, 2, NULL)),
						"tf");
	expr->scale = 1;
	assert_string_equal(
		truths_of(expr,
				  list_of(LDB_TYPE_LIST, fixed(decimal(2), wides, 16, 3, NULL), sizes, 2, NULL)),
		"tf");
	value = integer(1);
	assert_string_equal(truths_of(leaf(LDB_EXPR_HAS_ITEM, LDB_DOMAIN_INT, 0, &value, 1),
								  list_of(LDB_TYPE_LIST, bools("ftf", NULL), sizes, 2, NULL)),
						"tf");
}

/* Lists longer and shorter than a chunk of items, against a plain loop. */
static void
long_lists_cross_chunks(void **state)
{
	enum
	{
		ROWS = 300
	};
	size_t sizes[ROWS];
	int32_t items[ROWS * 40];
	uint32_t seed = 5;
	size_t total = 0;
	char expected_any[ROWS + 1] = "";
	char expected_all[ROWS + 1] = "";
	LdbScalar values[] = {integer(7), integer(13), integer(7)};
	LdbArray array;

	(void) state;
	for (size_t row = 0; row < ROWS; row++)
	{
		bool has7 = false;
		bool has13 = false;

		sizes[row] = row == 17 ? 2000 : row * 31 % 23;
		for (size_t i = 0; i < sizes[row]; i++)
		{
			seed = seed * 1664525u + 1013904223u;
			items[total] = (int32_t) (seed >> 27);
			has7 = has7 || items[total] == 7;
			has13 = has13 || items[total] == 13;
			total++;
		}
		expected_any[row] = has7 || has13 ? 't' : 'f';
		expected_all[row] = has7 && has13 ? 't' : 'f';
	}
	array = list_of(LDB_TYPE_LIST, fixed(type_of(LDB_TYPE_INT32), items, 4, total, NULL), sizes,
					ROWS, NULL);
	assert_string_equal(truths_of(leaf(LDB_EXPR_OVERLAPS, LDB_DOMAIN_INT, 0, values, 3), array),
						expected_any);
	assert_string_equal(truths_of(leaf(LDB_EXPR_CONTAINS_ALL, LDB_DOMAIN_INT, 0, values, 3), array),
						expected_all);
}

static void
what_is_not_a_list_or_holds_other_items_is_refused(void **state)
{
	LdbArray array = tags(LDB_TYPE_LIST);
	LdbScalar one = integer(1);
	LdbExpr *expr = leaf(LDB_EXPR_HAS_ITEM, LDB_DOMAIN_INT, 0, &one, 1);
	LdbBatch batch = {.row_count = 7, .column_count = 1, .columns = &array, .arena = arena};
	LdbFilter *filter;
	uint32_t kept[7];
	size_t count;
	LdbError err;

	(void) state;
	assert_string_equal(refusal(expr, type_of(LDB_TYPE_INT32)),
						"a column of type int32 is not a list");
	refusal(expr, fixed_list_of(FLOATS(NULL, 1, 2), 2, NULL).type);
	assert_int_equal(ldb_filter_new(expr, &array.type, 1, NULL, &filter, &err), LDB_OK);
	assert_int_equal(ldb_filter_select(filter, &batch, kept, &count, &err), LDB_INVALID);
	ldb_filter_free(filter);
	expr->value_count = 0;
	refusal(expr, array.type);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(contains_needs_every_value_and_ignores_null_items),
		TEST(overlap_needs_one_value),
		TEST(equal_any_is_unknown_on_a_miss_beside_a_null_item),
		TEST(negation_keeps_what_is_unknown),
		TEST(lists_of_fixed_size_of_numbers),
		TEST(items_of_every_domain),
		TEST(long_lists_cross_chunks),
		TEST(what_is_not_a_list_or_holds_other_items_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
