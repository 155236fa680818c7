/* test_array.c -- rows are taken, put end to end and made null, at every depth of a type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "random_array.h"

static void
takes_rows_in_any_order_and_more_than_once(void **state)
{
	LdbField *field = make_deep_field();
	LdbArray array;
	LdbArray taken;
	uint32_t rows[500];

	(void) state;
	srand(2);
	array = make_random(field, &field->type, 200);
	for (size_t i = 0; i < 500; i++)
		rows[i] = i < 100 ? (uint32_t) i + 50 : (uint32_t) random_below(200);
	assert_int_equal(ldb_array_take(&array, rows, 500, arena, &taken, NULL), LDB_OK);
	assert_int_equal(taken.length, 500);
	assert_int_equal(taken.null_count, count_nulls(&taken));
	for (size_t i = 0; i < 500; i++)
		check_row(&array, rows[i], &taken, i);
}

static void
takes_every_width(void **state)
{
	static const char *const types[] = {"bool",
										"int8",
										"int16",
										"float",
										"int64",
										"string",
										"decimal:256:70:1",
										"fixed_size_binary:7",
										"fixed_size_list:halffloat:9"};
	uint32_t rows[64];

	(void) state;
	srand(3);
	for (size_t t = 0; t < sizeof types / sizeof *types; t++)
	{
		LdbField *field = make_field(types[t], 0, NULL);
		LdbArray array = make_random(field, &field->type, 40);
		LdbArray taken;

		for (size_t i = 0; i < 64; i++)
			rows[i] = (uint32_t) random_below(40);
		assert_int_equal(ldb_array_take(&array, rows, 64, arena, &taken, NULL), LDB_OK);
		for (size_t i = 0; i < 64; i++)
			check_row(&array, rows[i], &taken, i);
		assert_int_equal(ldb_array_take(&array, rows, 0, arena, &taken, NULL), LDB_OK);
		assert_int_equal(taken.length, 0);
		assert_int_equal(taken.null_count, 0);
	}
}

static void
forgets_the_validity_when_no_null_was_taken(void **state)
{
	uint8_t validity = 0x0e;
	int32_t values[] = {0, 1, 2, 3};
	LdbType type = {.kind = LDB_TYPE_INT32};
	LdbArray array = {
		.type = &type, .length = 4, .null_count = 1, .validity = &validity, .values = values};
	uint32_t rows[] = {1, 3};
	LdbArray taken;

	(void) state;
	assert_int_equal(ldb_array_take(&array, rows, 2, arena, &taken, NULL), LDB_OK);
	assert_null(taken.validity);
	assert_int_equal(taken.null_count, 0);
	rows[0] = 0;
	assert_int_equal(ldb_array_take(&array, rows, 2, arena, &taken, NULL), LDB_OK);
	assert_int_equal(taken.null_count, 1);
	assert_true(ldb_array_is_null(&taken, 0));
}

static void
puts_parts_end_to_end(void **state)
{
	LdbField *field = make_deep_field();
	LdbArray parts[5];
	LdbArray joined;
	size_t at = 0;

	(void) state;
	srand(4);
	for (size_t i = 0; i < 5; i++)
		parts[i] = make_random(field, &field->type, i == 2 ? 0 : 30 + i * 7);
	assert_int_equal(ldb_array_concat(parts, 5, arena, &joined, NULL), LDB_OK);
	for (size_t i = 0; i < 5; i++)
		for (size_t row = 0; row < parts[i].length; row++)
			check_row(&parts[i], row, &joined, at++);
	assert_int_equal(joined.length, at);
	assert_int_equal(joined.null_count, count_nulls(&joined));
	assert_int_equal(ldb_array_concat(parts, 1, arena, &joined, NULL), LDB_OK);
	assert_ptr_equal(joined.children, parts[0].children);
	assert_int_equal(ldb_array_concat(parts, 0, arena, &joined, NULL), LDB_INVALID);
}

static void
makes_nulls_shaped_like_the_field(void **state)
{
	LdbField *field = make_deep_field();
	LdbArray nulls;

	(void) state;
	assert_int_equal(ldb_array_nulls(field, 20, arena, &nulls, NULL), LDB_OK);
	assert_int_equal(nulls.null_count, 20);
	assert_int_equal(count_nulls(&nulls), 20);
	assert_int_equal(nulls.child_count, 4);
	assert_int_equal(nulls.children[0].length, 20);
	assert_null(nulls.children[0].views[19].data);
	assert_int_equal(nulls.children[1].offsets[20], 0);
	assert_int_equal(nulls.children[1].children[0].length, 0);
	assert_int_equal(nulls.children[1].children[0].child_count, 3);
	assert_int_equal(nulls.children[3].children[0].length, 40);
	assert_int_equal(ldb_load_u32((const uint8_t *) nulls.children[3].children[0].values + 156), 0);
	assert_int_equal(ldb_array_nulls(field, 0, arena, &nulls, NULL), LDB_OK);
	assert_int_equal(nulls.null_count, 0);
	assert_null(nulls.validity);
}

static void
gives_a_dictionary_of_nulls_its_values_type(void **state)
{
	LdbField *field = make_field("dict:string:int8:false", 0, NULL);
	LdbArray nulls;

	(void) state;
	assert_int_equal(ldb_array_nulls(field, 3, arena, &nulls, NULL), LDB_OK);
	assert_int_equal(nulls.type->kind, LDB_TYPE_STRING);
	assert_non_null(nulls.views);
}

static void
fails_cleanly_when_memory_is_out(void **state)
{
	LdbField *field = make_field("fixed_size_list:double:1000000", 0, NULL);
	LdbArena *small = ldb_arena_new(1 << 20);
	LdbArray nulls;

	(void) state;
	assert_int_equal(ldb_array_nulls(field, 1000, small, &nulls, NULL), LDB_NOMEM);
	assert_int_equal(ldb_array_nulls(field, SIZE_MAX / 2, small, &nulls, NULL), LDB_NOMEM);
	ldb_arena_free(small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(takes_rows_in_any_order_and_more_than_once, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(takes_every_width, set_up, tear_down),
		cmocka_unit_test_setup_teardown(forgets_the_validity_when_no_null_was_taken, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(puts_parts_end_to_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(makes_nulls_shaped_like_the_field, set_up, tear_down),
		cmocka_unit_test_setup_teardown(gives_a_dictionary_of_nulls_its_values_type, set_up,
										tear_down),
		cmocka_unit_test_setup_teardown(fails_cleanly_when_memory_is_out, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("array", tests, NULL, NULL);
}
