/* test_row_set.c -- sets of rows are the same whether they are lists or bits. */
#include "table/table_test.h"

#include "ldb/base/bitmap.h"
#include "row_set.h"

#define ROWS 5000

static bool
has_row(const LdbRowSet *set, uint32_t row)
{
	for (size_t i = 0; set->bits == NULL && i < set->count; i++)
	{
		if (set->rows[i] == row)
			return true;
	}
	return set->bits != NULL && ldb_bit_get(set->bits, row);
}

static void
add_rows(LdbRowSet *set, uint32_t first, uint32_t step, size_t count)
{
	LdbError err;

	for (size_t i = 0; i < count; i++)
	{
		must(ldb_row_set_reserve(set, 1, ROWS, &err), &err);
		ldb_row_set_add(set, first + step * (uint32_t) i);
	}
}

static void
few_rows_are_a_list_and_many_are_bits(void **state)
{
	LdbRowSet set = {0};

	(void) state;
	add_rows(&set, 7, 31, 100);
	assert_null(set.bits);
	add_rows(&set, 8, 31, 100);
	assert_non_null(set.bits);
	assert_null(set.rows);
	assert_int_equal(set.count, 200);
	for (uint32_t row = 0; row < ROWS; row++)
		assert_int_equal(has_row(&set, row),
						 row < 7 + 31 * 100 && (row % 31 == 7 || row % 31 == 8));
	ldb_row_set_free(&set);
	assert_int_equal(set.count, 0);
}

static void
rows_are_taken_back_in_reverse(void **state)
{
	(void) state;
	for (size_t count = 10; count <= 400; count += 390)
	{
		LdbRowSet set = {0};

		add_rows(&set, 0, 3, count);
		for (size_t i = count; i > 5; i--)
			ldb_row_set_take_back(&set, 3 * (uint32_t) (i - 1));
		assert_int_equal(set.count, 5);
		for (uint32_t row = 0; row < 100; row++)
			assert_int_equal(has_row(&set, row), row % 3 == 0 && row < 15);
		ldb_row_set_free(&set);
	}
}

static void
rows_are_cleared_as_far_as_a_bitmap_goes(void **state)
{
	(void) state;
	for (size_t count = 10; count <= 400; count += 390)
	{
		uint8_t *bits = malloc(3);
		LdbRowSet set = {0};

		memset(bits, 0xff, 3);
		add_rows(&set, 0, 5, count);
		ldb_row_set_clear_in(&set, bits, 3);
		for (uint32_t row = 0; row < 24; row++)
			assert_int_equal(ldb_bit_get(bits, row), row % 5 != 0);
		ldb_row_set_free(&set);
		free(bits);
	}
}

static void
rows_of_others_are_subtracted(void **state)
{
	(void) state;
	for (size_t count = 10; count <= 400; count += 390)
	{
		uint8_t theirs[2] = {0x01, 0x04}; /* rows 0 and 10 */
		LdbRowSet set = {0};

		add_rows(&set, 0, 5, count);
		ldb_row_set_subtract(&set, theirs, sizeof theirs);
		assert_int_equal(set.count, count - 2);
		assert_false(has_row(&set, 0));
		assert_true(has_row(&set, 5));
		assert_false(has_row(&set, 10));
		assert_true(has_row(&set, 45));
		ldb_row_set_free(&set);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_rows_are_a_list_and_many_are_bits),
		cmocka_unit_test(rows_are_taken_back_in_reverse),
		cmocka_unit_test(rows_are_cleared_as_far_as_a_bitmap_goes),
		cmocka_unit_test(rows_of_others_are_subtracted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
