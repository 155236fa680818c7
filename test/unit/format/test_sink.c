/* test_sink.c -- values of every kind end up in the right array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "page_impl.h"

static const LdbType int32_type = {.kind = LDB_TYPE_INT32};
static const LdbType bool_type = {.kind = LDB_TYPE_BOOL};
static const LdbType string_type = {.kind = LDB_TYPE_STRING};

static LdbArena *arena;

static int
set_up(void **state)
{
	(void) state;
	arena = ldb_arena_new(0);
	return 0;
}

static int
tear_down(void **state)
{
	(void) state;
	ldb_arena_free(arena);
	return 0;
}

static void
puts_runs_end_to_end(void **state)
{
	static const uint8_t values[] = {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0};
	LdbArray array;
	LdbSink sink;

	(void) state;
	assert_int_equal(ldb_sink_init_type(&sink, &int32_type, 4, NULL, arena, NULL), LDB_OK);
	assert_int_equal(ldb_sink_put_fixed(&sink, values, 1, 2, NULL), LDB_OK);
	assert_int_equal(ldb_sink_put_same(&sink, values, 2, NULL), LDB_OK);
	assert_int_equal(ldb_sink_finish(&sink, 0, &array, NULL), LDB_OK);
	assert_int_equal(ldb_load_u32(array.values), 2);
	assert_int_equal(ldb_load_u32((const uint8_t *) array.values + 4), 3);
	assert_int_equal(ldb_load_u32((const uint8_t *) array.values + 12), 1);
}

static void
repeats_a_value_any_number_of_times(void **state)
{
	static const uint8_t value[] = {5, 6, 7};
	LdbType type = {.kind = LDB_TYPE_FIXED_BINARY, .width = 3};

	(void) state;
	for (size_t count = 0; count < 20; count++)
	{
		LdbArray array;
		LdbSink sink;

		assert_int_equal(ldb_sink_init_type(&sink, &type, count, NULL, arena, NULL), LDB_OK);
		assert_int_equal(ldb_sink_put_same(&sink, value, count, NULL), LDB_OK);
		assert_int_equal(ldb_sink_finish(&sink, 0, &array, NULL), LDB_OK);
		for (size_t i = 0; i < count; i++)
			assert_memory_equal((const uint8_t *) array.values + i * 3, value, 3);
	}
}

static void
puts_bits_where_no_byte_starts(void **state)
{
	static const uint8_t bits[] = {0xb5, 1};
	LdbArray array;
	LdbSink sink;

	(void) state;
	assert_int_equal(ldb_sink_init_type(&sink, &bool_type, 12, NULL, arena, NULL), LDB_OK);
	assert_int_equal(ldb_sink_put_fixed(&sink, bits, 0, 3, NULL), LDB_OK);
	assert_int_equal(ldb_sink_put_fixed(&sink, bits, 2, 7, NULL), LDB_OK);
	assert_int_equal(ldb_sink_put_same(&sink, bits, 2, NULL), LDB_OK);
	assert_int_equal(ldb_sink_finish(&sink, 0, &array, NULL), LDB_OK);
	for (size_t i = 0; i < 12; i++)
		assert_int_equal(ldb_bit_get(array.values, i), i < 3    ? ldb_bit_get(bits, i)
													   : i < 10 ? ldb_bit_get(bits, i - 1)
																: 1);
}

static void
nests_fixed_size_lists_with_validity_of_each_level(void **state)
{
	static const uint8_t values[24] = {1};
	static const uint8_t inner[] = {0x3e}; /* the first item is null */
	LdbType pair = {.kind = LDB_TYPE_FIXED_SIZE_LIST, .width = 3, .item = &int32_type};
	LdbType type = {.kind = LDB_TYPE_FIXED_SIZE_LIST, .width = 2, .item = &pair};
	LdbArray array;
	LdbSink sink;

	(void) state;
	assert_int_equal(ldb_sink_init_type(&sink, &type, 2, NULL, arena, NULL), LDB_OK);
	assert_int_equal(ldb_sink_put_fixed(&sink, values, 0, 1, NULL), LDB_OK);
	assert_int_equal(ldb_sink_put_items_valid(&sink, 1, inner, 0, 1, NULL), LDB_OK);
	assert_int_equal(ldb_sink_put_fixed(&sink, values, 0, 1, NULL), LDB_OK);
	assert_int_equal(ldb_sink_finish(&sink, 0, &array, NULL), LDB_OK);
	assert_int_equal(array.children[0].length, 4);
	assert_null(array.children[0].validity);
	assert_int_equal(array.children[0].children[0].length, 12);
	assert_int_equal(array.children[0].children[0].null_count, 1);
	assert_true(ldb_array_is_null(&array.children[0].children[0], 6));
}

static void
clears_views_of_nulls(void **state)
{
	static const uint8_t validity[] = {2};
	LdbArray array;
	LdbSink sink;

	(void) state;
	assert_int_equal(ldb_sink_init_type(&sink, &string_type, 2, validity, arena, NULL), LDB_OK);
	sink.views[sink.length++] = ldb_slice_of("left over");
	sink.views[sink.length++] = ldb_slice_of("kept");
	assert_int_equal(ldb_sink_finish(&sink, 1, &array, NULL), LDB_OK);
	assert_null(array.views[0].data);
	assert_true(ldb_slice_equal(array.views[1], ldb_slice_of("kept")));
}

static void
makes_arrays_of_the_null_type(void **state)
{
	LdbType type = {.kind = LDB_TYPE_NULL};
	LdbArray array;
	LdbSink sink;

	(void) state;
	assert_int_equal(ldb_sink_init_type(&sink, &type, 9, NULL, arena, NULL), LDB_OK);
	assert_int_equal(ldb_sink_put_nulls(&sink, 9, NULL), LDB_OK);
	assert_int_equal(ldb_sink_finish(&sink, 0, &array, NULL), LDB_OK);
	assert_int_equal(array.null_count, 9);
	assert_true(ldb_array_is_null(&array, 8));
}

static void
is_not_finished_before_it_is_full(void **state)
{
	LdbArray array;
	LdbSink sink;
	LdbError err;

	(void) state;
	assert_int_equal(ldb_sink_init_type(&sink, &int32_type, 2, NULL, arena, NULL), LDB_OK);
	assert_int_equal(ldb_sink_put_nulls(&sink, 1, NULL), LDB_OK);
	assert_int_equal(ldb_sink_finish(&sink, 0, &array, &err), LDB_CORRUPT);
	assert_string_equal(err.message, "1 values decoded, not 2");
}

static void
refuses_what_would_not_fit_in_memory(void **state)
{
	LdbType type = {.kind = LDB_TYPE_FIXED_SIZE_LIST, .width = INT32_MAX, .item = &int32_type};
	LdbType twice = {.kind = LDB_TYPE_FIXED_SIZE_LIST, .width = INT32_MAX, .item = &type};
	uint8_t *next;
	LdbSink sink;

	(void) state;
	assert_int_equal(ldb_sink_init_type(&sink, &type, SIZE_MAX / 4, NULL, arena, NULL), LDB_OK);
	assert_int_equal(ldb_sink_room(&sink, &next, NULL), LDB_NOMEM);
	assert_int_equal(ldb_sink_init_type(&sink, &twice, 1, NULL, arena, NULL), LDB_OK);
	assert_int_equal(ldb_sink_room(&sink, &next, NULL), LDB_NOMEM);
	assert_int_equal(ldb_sink_init_type(&sink, &string_type, SIZE_MAX / 8, NULL, arena, NULL),
					 LDB_NOMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_runs_end_to_end),
		cmocka_unit_test(repeats_a_value_any_number_of_times),
		cmocka_unit_test(puts_bits_where_no_byte_starts),
		cmocka_unit_test(nests_fixed_size_lists_with_validity_of_each_level),
		cmocka_unit_test(clears_views_of_nulls),
		cmocka_unit_test(makes_arrays_of_the_null_type),
		cmocka_unit_test(is_not_finished_before_it_is_full),
		cmocka_unit_test(refuses_what_would_not_fit_in_memory),
	};

	return cmocka_run_group_tests_name("sink", tests, set_up, tear_down);
}
