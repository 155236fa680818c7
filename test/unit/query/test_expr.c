/* test_expr.c -- AND, OR, NOT, IS NULL, constants, and what a filter needs. */
#include "query/columns.h"

#include <math.h>

static LdbExpr *
constant(LdbExprKind kind)
{
	return connective(kind, NULL, 0);
}

/* Rows that are true, false and unknown, as a column of booleans. */
static LdbExpr *
column_is_true(size_t column)
{
	return compare(LDB_OP_EQ, LDB_DOMAIN_INT, column, integer(1));
}

static void
and_and_or_follow_three_valued_logic(void **state)
{
	LdbArray both[] = {bools("tttffffff", "......nnn"), bools("tffttffff", "..n..n..n")};
	LdbExpr *children[] = {column_is_true(0), column_is_true(1)};

	(void) state;
	/*          a: t t t f f f u u u
	 *          b: t f u t t u f f u */
	assert_string_equal(truths(connective(LDB_EXPR_AND, children, 2), both, 2), "tfufffffu");
	assert_string_equal(truths(connective(LDB_EXPR_OR, children, 2), both, 2), "tttttuuuu");
	assert_string_equal(truths(negation(children[0]), both, 2), "fffttt"
																"uuu");
}

static void
no_operands_give_the_neutral_answer(void **state)
{
	LdbArray array = INT32S(NULL, 1, 2);

	(void) state;
	assert_string_equal(truths_of(connective(LDB_EXPR_AND, NULL, 0), array), "tt");
	assert_string_equal(truths_of(connective(LDB_EXPR_OR, NULL, 0), array), "ff");
	assert_string_equal(truths_of(constant(LDB_EXPR_TRUE), array), "tt");
	assert_string_equal(truths_of(constant(LDB_EXPR_FALSE), array), "ff");
	assert_string_equal(truths_of(constant(LDB_EXPR_NULL), array), "uu");
	assert_string_equal(truths_of(negation(constant(LDB_EXPR_NULL)), array), "uu");
}

static void
is_null_is_never_unknown(void **state)
{
	LdbArray array = TEXTS("", NULL, "a");
	LdbArray nulls = {.type = type_of(LDB_TYPE_NULL), .length = 2};
	LdbArray list = fixed_list_of(FLOATS("....", 1, 2, 3, 4), 2, ".n");

	(void) state;
	set_nulls(&nulls, "nn");
	assert_string_equal(truths_of(leaf(LDB_EXPR_IS_NULL, 0, 0, NULL, 0), array), "ftf");
	assert_string_equal(truths_of(leaf(LDB_EXPR_IS_NOT_NULL, 0, 0, NULL, 0), array), "tft");
	assert_string_equal(truths_of(leaf(LDB_EXPR_IS_NULL, 0, 0, NULL, 0), nulls), "tt");
	assert_string_equal(truths_of(leaf(LDB_EXPR_IS_NOT_NULL, 0, 0, NULL, 0), list), "tf");
	assert_string_equal(truths_of(leaf(LDB_EXPR_IS_NULL, 0, 0, NULL, 0), INT32S(NULL, 1)), "f");
}

static void
a_batch_without_rows_keeps_none(void **state)
{
	LdbArray array = fixed(type_of(LDB_TYPE_INT64), NULL, 8, 0, NULL);

	(void) state;
	assert_string_equal(truths_of(column_is_true(0), array), "");
}

/* --- random trees against an evaluation row by row --- */

enum
{
	ROWS = 700
};

typedef struct Table
{
	int32_t a[ROWS];
	double b[ROWS];
	const char *c[ROWS];
	char a_nulls[ROWS + 1];
	char b_nulls[ROWS + 1];
	LdbArray columns[3];
} Table;

static Table table;
static unsigned int seed = 7;

static size_t
below(size_t bound)
{
	return (size_t) rand_r(&seed) % bound;
}

static const double doubles[] = {-INFINITY, -1, -0.0, 0.0, 0.5, 3, INFINITY, NAN};
static const char *const words[] = {"", "a", "ab", "abc", "b", "ba", "%", NULL};

static void
fill_table(void)
{
	for (size_t i = 0; i < ROWS; i++)
	{
		table.a[i] = (int32_t) below(7) - 3;
		table.b[i] = doubles[below(8)];
		table.c[i] = words[below(8)];
		table.a_nulls[i] = below(5) == 0 ? 'n' : '.';
		table.b_nulls[i] = below(9) == 0 ? 'n' : '.';
	}
	table.columns[0] = fixed(type_of(LDB_TYPE_INT32), table.a, 4, ROWS, table.a_nulls);
	table.columns[1] = fixed(type_of(LDB_TYPE_DOUBLE), table.b, 8, ROWS, table.b_nulls);
	table.columns[2] = texts_of(LDB_TYPE_STRING, table.c, ROWS);
}

static LdbExpr *
random_leaf(void)
{
	LdbScalar values[4];
	LdbExpr *expr;
	size_t column = below(3);
	LdbDomain domain = column == 0   ? LDB_DOMAIN_INT
					   : column == 1 ? LDB_DOMAIN_FLOAT
									 : LDB_DOMAIN_TEXT;
	static const LdbExprKind kinds[] = {LDB_EXPR_COMPARE, LDB_EXPR_COMPARE, LDB_EXPR_COMPARE,
										LDB_EXPR_IN,      LDB_EXPR_NOT_IN,  LDB_EXPR_IS_NULL,
										LDB_EXPR_NULL};
	LdbExprKind kind = kinds[below(7)];
	size_t count = kind == LDB_EXPR_COMPARE ? 1 : below(5);

	for (size_t i = 0; i < count; i++)
	{
		values[i] = column == 0   ? integer((int64_t) below(7) - 3)
					: column == 1 ? number(doubles[below(8)])
								  : text(words[below(7)]);
	}
	expr = leaf(kind, domain, column, values, count);
	expr->op = (LdbCompareOp) below(6);
	expr->has_null_value = kind != LDB_EXPR_COMPARE && below(4) == 0;
	return expr;
}

static LdbExpr *
random_tree(int depth)
{
	LdbExpr *children[4];
	size_t count = below(4) + 1;

	if (depth == 0 || below(4) == 0)
		return random_leaf();
	if (below(4) == 0)
		return negation(random_tree(depth - 1));
	for (size_t i = 0; i < count; i++)
		children[i] = random_tree(depth - 1);
	return connective(below(2) == 0 ? LDB_EXPR_AND : LDB_EXPR_OR, children, count);
}

static int
order_of(const LdbExpr *expr, size_t value, size_t row)
{
	const LdbScalar *scalar = &expr->values[value];
	double x = table.b[row];
	double y = scalar->number;

	if (expr->column == 0)
		return (table.a[row] > scalar->integer) - (table.a[row] < scalar->integer);
	if (expr->column == 1)
		return isnan(x) || isnan(y) ? !!isnan(x) - !!isnan(y) : (x > y) - (x < y);
	return strcmp(table.c[row], (const char *) scalar->text.data);
}

static char
compare_row(const LdbExpr *expr, size_t row)
{
	int order = order_of(expr, 0, row);
	bool answers[] = {order == 0, order != 0, order<0, order <= 0, order> 0, order >= 0};

	return answers[expr->op] ? 't' : 'f';
}

static char
opposite(char truth)
{
	return truth == 't' ? 'f' : truth == 'f' ? 't' : 'u';
}

static char
row_is_in(const LdbExpr *expr, size_t row, bool is_null)
{
	if (expr->value_count == 0 && !expr->has_null_value)
		return 'f';
	if (is_null)
		return 'u';
	for (size_t i = 0; i < expr->value_count; i++)
		if (order_of(expr, i, row) == 0)
			return 't';
	return expr->has_null_value ? 'u' : 'f';
}

static char
truth_of(const LdbExpr *expr, size_t row)
{
	bool is_null = expr->column == 0   ? table.a_nulls[row] == 'n'
				   : expr->column == 1 ? table.b_nulls[row] == 'n'
									   : table.c[row] == NULL;
	char best = expr->kind == LDB_EXPR_AND ? 't' : 'f';

	switch (expr->kind)
	{
		case LDB_EXPR_NULL:
			return 'u';
		case LDB_EXPR_IS_NULL:
			return is_null ? 't' : 'f';
		case LDB_EXPR_COMPARE:
			return is_null ? 'u' : compare_row(expr, row);
		case LDB_EXPR_IN:
			return row_is_in(expr, row, is_null);
		case LDB_EXPR_NOT_IN:
			return opposite(row_is_in(expr, row, is_null));
		case LDB_EXPR_NOT:
			return opposite(truth_of(expr->children[0], row));
		default:
			break;
	}
	for (size_t i = 0; i < expr->child_count; i++)
	{
		char truth = truth_of(expr->children[i], row);

		if (truth == opposite(expr->kind == LDB_EXPR_AND ? 't' : 'f'))
			return truth;
		if (truth == 'u')
			best = 'u';
	}
	return best;
}

static void
random_trees_agree_with_an_evaluation_row_by_row(void **state)
{
	char expected[ROWS + 1] = "";

	(void) state;
	for (int i = 0; i < 2000; i++)
	{
		LdbExpr *expr;

		ldb_arena_reset(arena);
		fill_table();
		expr = random_tree(4);
		for (size_t row = 0; row < ROWS; row++)
			expected[row] = truth_of(expr, row);
		assert_string_equal(truths(expr, table.columns, 3), expected);
	}
}

/* --- refusals --- */

static void
deep_nesting_is_refused_before_the_stack_ends(void **state)
{
	LdbExpr *expr = column_is_true(0);

	(void) state;
	for (int i = 0; i < 900; i++)
		expr = negation(expr);
	assert_string_equal(truths_of(expr, bools("tf", NULL)), "tf");
	for (int i = 0; i < 100000; i++)
		expr = negation(expr);
	assert_string_equal(refusal(expr, type_of(LDB_TYPE_BOOL)),
						"a filter must not be nested deeper than 1000");
}

static void
wrong_operands_are_refused(void **state)
{
	LdbExpr *two[] = {column_is_true(0), column_is_true(0)};

	(void) state;
	refusal(connective(LDB_EXPR_NOT, two, 2), type_of(LDB_TYPE_BOOL));
	refusal(connective(LDB_EXPR_NOT, NULL, 0), type_of(LDB_TYPE_BOOL));
	refusal(column_is_true(1), type_of(LDB_TYPE_BOOL));
	refusal(leaf((LdbExprKind) 99, LDB_DOMAIN_INT, 0, NULL, 0), type_of(LDB_TYPE_BOOL));
}

static LdbStatus
select_from(const LdbExpr *expr, const LdbType *made_for, LdbArray *columns, size_t column_count)
{
	LdbBatch batch = {.row_count = columns[0].length,
					  .column_count = column_count,
					  .columns = columns,
					  .arena = arena};
	uint32_t kept[8];
	size_t count;
	LdbFilter *filter;
	LdbError err;
	LdbStatus status;

	assert_int_equal(ldb_filter_new(expr, &made_for, 1, NULL, &filter, &err), LDB_OK);
	status = ldb_filter_select(filter, &batch, kept, &count, &err);
	ldb_filter_free(filter);
	return status;
}

static void
a_batch_of_another_shape_is_refused(void **state)
{
	LdbArray array = INT64S(NULL, 1);
	LdbArray other = TEXTS("a");

	(void) state;
	assert_int_equal(select_from(column_is_true(0), array.type, &array, 1), LDB_OK);
	assert_int_equal(select_from(column_is_true(0), array.type, &other, 1), LDB_INVALID);
	assert_int_equal(select_from(column_is_true(0), array.type, &array, 0), LDB_INVALID);
}

static void
dictionaries_are_filtered_by_their_values(void **state)
{
	LdbType *dictionary = type_of(LDB_TYPE_DICTIONARY);
	LdbArray decoded = TEXTS("a", "b");

	(void) state;
	dictionary->item = type_of(LDB_TYPE_STRING);
	assert_int_equal(
		select_from(compare(LDB_OP_EQ, LDB_DOMAIN_TEXT, 0, text("a")), dictionary, &decoded, 1),
		LDB_OK);
}

static void
no_memory_is_an_error_at_every_allocation(void **state)
{
	LdbScalar values[] = {integer(1), integer(2)};
	LdbExpr *children[] = {leaf(LDB_EXPR_IN, LDB_DOMAIN_INT, 0, values, 2), column_is_true(0)};
	LdbExpr *expr = connective(LDB_EXPR_OR, children, 2);
	const LdbType *type = type_of(LDB_TYPE_INT64);
	LdbStatus status = LDB_NOMEM;
	LdbFilter *filter;
	LdbError err;

	(void) state;
	for (uint64_t n = 1; status == LDB_NOMEM; n++)
	{
		assert_true(n < 100);
		ldb_heap_fail_after(n);
		status = ldb_filter_new(expr, &type, 1, NULL, &filter, &err);
		assert_true(status == LDB_OK || filter == NULL);
	}
	ldb_heap_fail_after(0);
	assert_int_equal(status, LDB_OK);
	ldb_filter_free(filter);
	ldb_filter_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(and_and_or_follow_three_valued_logic),
		TEST(no_operands_give_the_neutral_answer),
		TEST(is_null_is_never_unknown),
		TEST(a_batch_without_rows_keeps_none),
		TEST(random_trees_agree_with_an_evaluation_row_by_row),
		TEST(deep_nesting_is_refused_before_the_stack_ends),
		TEST(wrong_operands_are_refused),
		TEST(a_batch_of_another_shape_is_refused),
		TEST(dictionaries_are_filtered_by_their_values),
		TEST(no_memory_is_an_error_at_every_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
