/* test_slice.c -- slices and copies of arrays hold the rows they were made of. */
#include "random_array.h"

static LdbField *
list_field(void)
{
	LdbField *item = make_field("list", 1, (LdbField *[]){make_field("int32", 0, NULL)});

	return make_field("list", 1, &item);
}

static void
a_slice_has_the_rows_of_its_range(void **state)
{
	(void) state;
	for (unsigned seed = 0; seed < 50; seed++)
	{
		LdbField *field = seed % 2 == 0 ? make_deep_field() : list_field();
		size_t first = random_below(60);
		size_t count = random_below(100 - first + 1);
		LdbArray array;
		LdbArray slice;

		srand(seed);
		array = make_random(field, &field->type, 100);
		assert_int_equal(ldb_array_slice(&array, first, count, arena, &slice, NULL), LDB_OK);
		assert_int_equal(slice.length, count);
		assert_int_equal(slice.null_count, count_nulls(&slice));
		for (size_t i = 0; i < count; i++)
			check_row(&array, first + i, &slice, i);
	}
}

static void
lists_of_a_slice_start_at_0_and_have_no_other_items(void **state)
{
	LdbField *field = list_field();
	LdbArray array = make_random(field, &field->type, 50);
	LdbArray slice;

	(void) state;
	assert_int_equal(ldb_array_slice(&array, 10, 20, arena, &slice, NULL), LDB_OK);
	assert_int_equal(slice.offsets[0], 0);
	assert_int_equal(slice.offsets[20], array.offsets[30] - array.offsets[10]);
	assert_int_equal(slice.children[0].length, slice.offsets[20]);
}

static void
values_of_a_slice_stay_where_they_are(void **state)
{
	LdbField *field = make_field("fixed_size_list:float:4", 0, NULL);
	LdbArray array = make_random(field, &field->type, 50);
	LdbArray slice;

	(void) state;
	assert_int_equal(ldb_array_slice(&array, 7, 20, arena, &slice, NULL), LDB_OK);
	assert_ptr_equal(slice.children[0].values, (const uint8_t *) array.children[0].values + 7 * 16);
}

static void
a_copy_outlives_what_it_was_made_of(void **state)
{
	LdbField *field = make_deep_field();
	LdbArena *own = ldb_arena_new(0);
	LdbArray expected;
	LdbArray array;
	LdbArray copy;

	(void) state;
	srand(5);
	expected = make_random(field, &field->type, 80);
	/* made of its own, then wiped */
	assert_int_equal(ldb_array_copy(&expected, own, &array, NULL), LDB_OK);
	assert_int_equal(ldb_array_copy(&array, arena, &copy, NULL), LDB_OK);
	for (size_t i = 0; i < 80; i++)
		if (array.children[0].views[i].length > 0)
			memset((uint8_t *) (uintptr_t) array.children[0].views[i].data, '#',
				   array.children[0].views[i].length);
	ldb_arena_free(own);
	for (size_t i = 0; i < 80; i++)
		check_row(&expected, i, &copy, i);
}

static void
a_copy_keeps_empty_strings_apart_from_nulls(void **state)
{
	LdbField *field = make_field("string", 0, NULL);
	LdbSlice views[] = {{NULL, 0}, {(const uint8_t *) "", 0}, {(const uint8_t *) "a", 1}};
	uint8_t validity = 6;
	LdbArray array = {
		.type = &field->type, .length = 3, .null_count = 1, .validity = &validity, .views = views};
	LdbArray copy;

	(void) state;
	assert_int_equal(ldb_array_copy(&array, arena, &copy, NULL), LDB_OK);
	assert_null(copy.views[0].data);
	assert_non_null(copy.views[1].data);
	assert_true(ldb_slice_equal(copy.views[2], views[2]));
	assert_ptr_not_equal(copy.views[2].data, views[2].data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_slice_has_the_rows_of_its_range, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lists_of_a_slice_start_at_0_and_have_no_other_items, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(values_of_a_slice_stay_where_they_are, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_copy_outlives_what_it_was_made_of, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_copy_keeps_empty_strings_apart_from_nulls, set_up,
										tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
