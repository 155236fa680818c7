/* test_array.c -- rows are taken, put end to end and made null, at every depth of a type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ldb/arrow/array.h"

static LdbArena *arena;

static int
set_up(void **state)
{
	(void) state;
	arena = ldb_arena_new(0);
	return arena == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void) state;
	ldb_arena_free(arena);
	return 0;
}

/* A field of the logical type, with children for lists ("item") and structs. */
static LdbField *
make_field(const char *logical_type, size_t child_count, LdbField **children)
{
	LdbField *field = ldb_arena_zalloc(arena, sizeof *field);

	assert_int_equal(ldb_type_parse(logical_type, arena, &field->type, NULL), LDB_OK);
	field->name = logical_type;
	field->nullable = true;
	field->child_count = child_count;
	field->children = ldb_arena_copy(arena, children, child_count * sizeof *children);
	return field;
}

/* struct{text, list<struct{vector of 3 bools, decimal, int16}>, null}: a bit of everything. */
static LdbField *
make_deep_field(void)
{
	LdbField *inner[] = {make_field("fixed_size_list:bool:3", 0, NULL),
						 make_field("decimal:128:10:2", 0, NULL), make_field("int16", 0, NULL)};
	LdbField *item[] = {make_field("struct", 3, inner)};
	LdbField *outer[] = {make_field("string", 0, NULL), make_field("list.struct", 1, item),
						 make_field("null", 0, NULL),
						 make_field("fixed_size_list:float:2", 0, NULL)};

	return make_field("struct", 4, outer);
}

static size_t
random_below(size_t n)
{
	return (size_t) rand() % n;
}

/* Random rows of a field; every value is different enough to be told apart. */
static LdbArray
make_random(const LdbField *field, const LdbType *type, size_t length)
{
	LdbArray array = {.type = type, .length = length};
	uint8_t *validity = ldb_arena_zalloc(arena, length / 8 + 1);

	for (size_t i = 0; i < length; i++)
	{
		if (random_below(4) > 0 && type->kind != LDB_TYPE_NULL)
			ldb_bit_set(validity, i);
		else
			array.null_count++;
	}
	array.validity = array.null_count == 0 ? NULL : validity;
	if (type->kind == LDB_TYPE_STRING)
	{
		LdbSlice *views = ldb_arena_zalloc_array(arena, length + 1, sizeof *views);

		for (size_t i = 0; i < length; i++)
			if (!ldb_array_is_null(&array, i))
				views[i] = ldb_slice_of(ldb_arena_printf(arena, "text %zu", random_below(1000)));
		array.views = views;
	}
	else if (type->kind == LDB_TYPE_LIST)
	{
		int64_t *offsets = ldb_arena_zalloc_array(arena, length + 1, sizeof *offsets);

		for (size_t i = 0; i < length; i++)
			offsets[i + 1] = offsets[i] + (int64_t) random_below(4);
		array.offsets = offsets;
		array.child_count = 1;
		array.children = ldb_arena_zalloc(arena, sizeof array);
		array.children[0] =
			make_random(field->children[0], &field->children[0]->type, (size_t) offsets[length]);
	}
	else if (type->kind == LDB_TYPE_STRUCT)
	{
		array.child_count = field->child_count;
		array.children = ldb_arena_zalloc_array(arena, field->child_count, sizeof array);
		for (size_t i = 0; i < field->child_count; i++)
			array.children[i] = make_random(field->children[i], &field->children[i]->type, length);
	}
	else if (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		array.child_count = 1;
		array.children = ldb_arena_zalloc(arena, sizeof array);
		array.children[0] = make_random(NULL, type->item, length * (size_t) type->width);
	}
	else if (type->kind != LDB_TYPE_NULL)
	{
		size_t bytes = (length * (size_t) ldb_type_bits(type) + 7) / 8;
		uint8_t *values = ldb_arena_alloc(arena, bytes + 1);

		for (size_t i = 0; i < bytes; i++)
			values[i + 1] = (uint8_t) rand();
		array.values = values + 1; /* at an odd address, as files have them */
	}
	return array;
}

static void
check_row(const LdbArray *a, size_t a_row, const LdbArray *b, size_t b_row)
{
	assert_int_equal(ldb_array_is_null(a, a_row), ldb_array_is_null(b, b_row));
	if (ldb_array_is_null(a, a_row))
		return;
	if (a->views != NULL)
		assert_true(ldb_slice_equal(a->views[a_row], b->views[b_row]));
	else if (a->offsets != NULL)
	{
		int64_t length = a->offsets[a_row + 1] - a->offsets[a_row];

		assert_int_equal(b->offsets[b_row + 1] - b->offsets[b_row], length);
		for (int64_t i = 0; i < length; i++)
			check_row(a->children, (size_t) (a->offsets[a_row] + i), b->children,
					  (size_t) (b->offsets[b_row] + i));
	}
	else if (a->type->kind == LDB_TYPE_STRUCT)
	{
		for (size_t i = 0; i < a->child_count; i++)
			check_row(&a->children[i], a_row, &b->children[i], b_row);
	}
	else if (a->type->kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		size_t width = (size_t) a->type->width;

		for (size_t i = 0; i < width; i++)
			check_row(a->children, a_row * width + i, b->children, b_row * width + i);
	}
	else if (a->type->kind == LDB_TYPE_BOOL)
		assert_int_equal(ldb_bit_get(a->values, a_row), ldb_bit_get(b->values, b_row));
	else
	{
		size_t bytes = (size_t) ldb_type_bits(a->type) / 8;

		assert_memory_equal((const uint8_t *) a->values + a_row * bytes,
							(const uint8_t *) b->values + b_row * bytes, bytes);
	}
}

static size_t
count_nulls(const LdbArray *array)
{
	size_t count = 0;

	for (size_t i = 0; i < array->length; i++)
		count += ldb_array_is_null(array, i);
	return count;
}

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
