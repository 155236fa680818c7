/* test_builder.c -- rows added one by one give the array they came from, whatever fails between. */
#include "ldb/arrow/builder.h"

#include "random_array.h"

static LdbBuilder *
new_builder(const LdbField *field)
{
	LdbBuilder *builder;

	assert_int_equal(ldb_builder_new(field, &builder, NULL), LDB_OK);
	return builder;
}

static LdbArray
array_of(const LdbBuilder *builder)
{
	LdbArray array;

	assert_int_equal(ldb_builder_array(builder, arena, &array, NULL), LDB_OK);
	return array;
}

/* Adds one row of an array the way an encoder would: items first, then what closes over them. */
static LdbStatus
copy_row(LdbBuilder *builder, const LdbArray *array, size_t row, LdbError *err)
{
	LdbTypeKind kind = array->type->kind;
	size_t first = row;
	size_t count = 1;

	if (kind == LDB_TYPE_NULL || ldb_array_is_null(array, row))
		return ldb_builder_null(builder, err);
	if (array->views != NULL)
		return ldb_builder_bytes_value(builder, array->views[row], err);
	if (kind == LDB_TYPE_BOOL)
	{
		uint8_t value = ldb_bit_get(array->values, row);

		return ldb_builder_fixed(builder, &value, err);
	}
	if (array->child_count == 0)
	{
		size_t bytes = (size_t) ldb_type_bits(array->type) / 8;

		return ldb_builder_fixed(builder, (const uint8_t *) array->values + row * bytes, err);
	}
	if (kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		count = (size_t) array->type->width;
		first = row * count;
	}
	else if (kind != LDB_TYPE_STRUCT)
	{
		first = (size_t) array->offsets[row];
		count = (size_t) array->offsets[row + 1] - first;
	}
	for (size_t child = 0; child < array->child_count; child++)
		for (size_t i = first; i < first + count; i++)
			LDB_TRY(copy_row(ldb_builder_child(builder, child), &array->children[child], i, err));
	return ldb_builder_close_row(builder, err);
}

static void
check_same(const LdbArray *expected, size_t first, const LdbArray *array)
{
	assert_int_equal(array->null_count, count_nulls(array));
	if (array->null_count == 0)
		assert_null(array->validity);
	for (size_t i = 0; i < array->length; i++)
		check_row(expected, first + i, array, i);
	if (array->offsets != NULL)
	{
		assert_int_equal(array->offsets[0], 0);
		assert_int_equal(array->children[0].length, array->offsets[array->length]);
	}
	if (array->type->kind == LDB_TYPE_STRUCT)
		for (size_t i = 0; i < array->child_count; i++)
			assert_int_equal(array->children[i].length, array->length);
	if (array->type->kind == LDB_TYPE_FIXED_SIZE_LIST)
		assert_int_equal(array->children[0].length, array->length * (size_t) array->type->width);
}

static const char *const flat_types[] = {"null",
										 "bool",
										 "int8",
										 "uint8",
										 "int16",
										 "uint16",
										 "int32",
										 "uint32",
										 "int64",
										 "uint64",
										 "halffloat",
										 "float",
										 "double",
										 "decimal:128:10:2",
										 "decimal:256:70:1",
										 "string",
										 "fixed_size_binary:7",
										 "date32:day",
										 "date64:ms",
										 "time32:s",
										 "time64:us",
										 "timestamp:us:UTC",
										 "duration:ns",
										 "fixed_size_list:halffloat:9",
										 "fixed_size_list:bool:11",
										 "fixed_size_list:fixed_size_list:int16:2:3"};

static void
gives_back_the_rows_of_every_flat_type(void **state)
{
	(void) state;
	srand(1);
	for (size_t t = 0; t < sizeof flat_types / sizeof *flat_types; t++)
	{
		LdbField *field = make_field(flat_types[t], 0, NULL);
		LdbArray array = make_random(field, &field->type, 300);
		LdbBuilder *builder = new_builder(field);
		LdbArray built;

		for (size_t i = 0; i < 300; i++)
			assert_int_equal(copy_row(builder, &array, i, NULL), LDB_OK);
		assert_int_equal(ldb_builder_length(builder), 300);
		built = array_of(builder);
		assert_int_equal(built.length, 300);
		check_same(&array, 0, &built);
		ldb_builder_free(builder);
	}
}

static void
gives_back_nested_rows_at_every_depth(void **state)
{
	LdbField *field = make_deep_field();
	LdbArray array;
	LdbArray built;
	LdbBuilder *builder = new_builder(field);

	(void) state;
	srand(2);
	array = make_random(field, &field->type, 500);
	for (size_t i = 0; i < 500; i++)
		assert_int_equal(copy_row(builder, &array, i, NULL), LDB_OK);
	built = array_of(builder);
	check_same(&array, 0, &built);
	for (size_t i = 0; i < built.child_count; i++)
		assert_int_equal(built.children[i].length, 500);
	ldb_builder_free(builder);
}

static void
builds_maps_as_lists_of_entries(void **state)
{
	LdbField *pair[] = {make_field("string", 0, NULL), make_field("int32", 0, NULL)};
	LdbField *entries[] = {make_field("struct", 2, pair)};
	LdbField *field = make_field("map", 1, entries);
	LdbBuilder *builder = new_builder(field);
	LdbBuilder *entry = ldb_builder_child(builder, 0);
	LdbArray built;

	(void) state;
	for (int32_t i = 0; i < 3; i++)
	{
		assert_int_equal(
			ldb_builder_bytes_value(ldb_builder_child(entry, 0), ldb_slice_of("k"), NULL), LDB_OK);
		assert_int_equal(ldb_builder_fixed(ldb_builder_child(entry, 1), &i, NULL), LDB_OK);
		assert_int_equal(ldb_builder_close_row(entry, NULL), LDB_OK);
		if (i > 0)
			assert_int_equal(ldb_builder_close_row(builder, NULL), LDB_OK);
	}
	built = array_of(builder);
	assert_int_equal(built.length, 2);
	assert_int_equal(built.offsets[1], 2);
	assert_int_equal(built.offsets[2], 3);
	assert_int_equal(built.children[0].length, 3);
	ldb_builder_free(builder);
}

static void
takes_whole_vectors_and_single_items_alike(void **state)
{
	LdbField *field = make_field("fixed_size_list:float:3", 0, NULL);
	LdbBuilder *builder = new_builder(field);
	float vector[] = {1, 2, 3};
	LdbArray built;

	(void) state;
	assert_int_equal(ldb_builder_fixed(builder, vector, NULL), LDB_OK);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(ldb_builder_fixed(ldb_builder_child(builder, 0), &vector[i], NULL),
						 LDB_OK);
	assert_int_equal(ldb_builder_close_row(builder, NULL), LDB_OK);
	built = array_of(builder);
	assert_int_equal(built.length, 2);
	assert_memory_equal(built.children[0].values, vector, sizeof vector);
	assert_memory_equal((const float *) built.children[0].values + 3, vector, sizeof vector);
	ldb_builder_free(builder);
}

static void
takes_many_numbers_at_once(void **state)
{
	LdbField *item[] = {make_field("int16", 0, NULL)};
	LdbBuilder *builder = new_builder(make_field("list", 1, item));
	LdbBuilder *child = ldb_builder_child(builder, 0);
	int16_t numbers[] = {1, 2, 3, 4, 5};
	LdbArray built;

	(void) state;
	assert_int_equal(ldb_builder_fixed_rows(child, numbers, 2, NULL), LDB_OK);
	assert_int_equal(ldb_builder_null(child, NULL), LDB_OK);
	assert_int_equal(ldb_builder_fixed_rows(child, numbers + 2, 3, NULL), LDB_OK);
	assert_int_equal(ldb_builder_fixed_rows(child, NULL, 0, NULL), LDB_OK);
	assert_int_equal(ldb_builder_close_row(builder, NULL), LDB_OK);
	built = array_of(builder);
	assert_int_equal(built.offsets[1], 6);
	assert_int_equal(built.children[0].null_count, 1);
	assert_true(ldb_array_is_null(&built.children[0], 2));
	assert_memory_equal((const int16_t *) built.children[0].values + 3, numbers + 2, 6);
	ldb_builder_free(builder);
}

static void
keeps_items_of_a_null_vector_zero_and_not_null(void **state)
{
	LdbField *field = make_field("fixed_size_list:float:3", 0, NULL);
	LdbBuilder *builder = new_builder(field);
	float zeros[3] = {0};
	LdbArray built;

	(void) state;
	assert_int_equal(ldb_builder_null(builder, NULL), LDB_OK);
	built = array_of(builder);
	assert_int_equal(built.null_count, 1);
	assert_int_equal(built.children[0].null_count, 0);
	assert_memory_equal(built.children[0].values, zeros, sizeof zeros);
	ldb_builder_free(builder);
}

static void
refuses_rows_that_do_not_close_over_their_items(void **state)
{
	LdbField *parts[] = {make_field("int32", 0, NULL), make_field("int32", 0, NULL)};
	LdbField *field = make_field("struct", 2, parts);
	LdbBuilder *builder = new_builder(field);
	LdbBuilder *vectors = new_builder(make_field("fixed_size_list:int32:2", 0, NULL));
	int32_t value[2] = {7, 8};

	(void) state;
	assert_int_equal(ldb_builder_fixed(ldb_builder_child(builder, 0), value, NULL), LDB_OK);
	assert_int_equal(ldb_builder_close_row(builder, NULL), LDB_INVALID);
	assert_int_equal(ldb_builder_null(builder, NULL), LDB_INVALID);
	assert_int_equal(ldb_builder_fixed(builder, value, NULL), LDB_INVALID);
	assert_int_equal(ldb_builder_bytes_value(builder, ldb_slice_of("x"), NULL), LDB_INVALID);
	assert_int_equal(ldb_builder_close_row(ldb_builder_child(builder, 0), NULL), LDB_INVALID);
	assert_int_equal(ldb_builder_fixed(ldb_builder_child(vectors, 0), value, NULL), LDB_OK);
	assert_int_equal(ldb_builder_close_row(vectors, NULL), LDB_INVALID);
	assert_int_equal(ldb_builder_fixed(vectors, value, NULL), LDB_INVALID);
	assert_int_equal(ldb_builder_null(vectors, NULL), LDB_INVALID);
	assert_int_equal(ldb_builder_length(vectors), 0);
	ldb_builder_truncate(vectors, 0);
	assert_int_equal(ldb_builder_fixed(vectors, value, NULL), LDB_OK);
	ldb_builder_free(vectors);
	ldb_builder_free(builder);
}

static void
refuses_a_list_without_an_item(void **state)
{
	LdbBuilder *builder;

	(void) state;
	assert_int_equal(ldb_builder_new(make_field("list", 0, NULL), &builder, NULL), LDB_INVALID);
	assert_null(builder);
}

static void
collects_the_values_of_a_dictionary(void **state)
{
	LdbBuilder *builder = new_builder(make_field("dict:string:int8:false", 0, NULL));
	LdbArray built;

	(void) state;
	assert_int_equal(ldb_builder_bytes_value(builder, ldb_slice_of(""), NULL), LDB_OK);
	assert_int_equal(ldb_builder_bytes_value(builder, ldb_slice_of("red"), NULL), LDB_OK);
	built = array_of(builder);
	assert_int_equal(built.type->kind, LDB_TYPE_STRING);
	assert_int_equal(built.views[0].length, 0);
	assert_true(ldb_slice_equal(built.views[1], ldb_slice_of("red")));
	ldb_builder_free(builder);
}

/* Adds what a row adds before something fails: a string, and items without their list. */
static void
add_half_a_row(LdbBuilder *builder)
{
	LdbBuilder *list = ldb_builder_child(builder, 1);
	int16_t value = 5;

	assert_int_equal(
		ldb_builder_bytes_value(ldb_builder_child(builder, 0), ldb_slice_of("half"), NULL), LDB_OK);
	assert_int_equal(
		ldb_builder_fixed(ldb_builder_child(ldb_builder_child(list, 0), 2), &value, NULL), LDB_OK);
}

static void
forgets_rows_and_half_rows_from_a_length_on(void **state)
{
	LdbField *field = make_deep_field();
	LdbBuilder *builder = new_builder(field);
	LdbArray array;
	LdbArray built;
	size_t from[64];
	size_t length = 0;

	(void) state;
	srand(5);
	array = make_random(field, &field->type, 400);
	for (size_t i = 0; i < 400; i++)
	{
		if (random_below(4) == 0)
		{
			add_half_a_row(builder);
			assert_int_equal(array_of(builder).children[0].length, length);
			length = random_below(length + 1);
			ldb_builder_truncate(builder, length);
		}
		if (length == 64)
			ldb_builder_truncate(builder, length = 3);
		assert_int_equal(copy_row(builder, &array, i, NULL), LDB_OK);
		from[length++] = i;
		assert_int_equal(ldb_builder_length(builder), length);
		built = array_of(builder);
		assert_int_equal(built.null_count, count_nulls(&built));
		for (size_t row = 0; row < length; row++)
			check_row(&array, from[row], &built, row);
	}
	ldb_builder_free(builder);
}

static void
leaves_no_bits_behind_the_rows_it_keeps(void **state)
{
	LdbBuilder *builder = new_builder(make_field("bool", 0, NULL));
	uint8_t yes = 1;
	LdbArray built;

	(void) state;
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(ldb_builder_fixed(builder, &yes, NULL), LDB_OK);
	assert_int_equal(ldb_builder_null(builder, NULL), LDB_OK);
	ldb_builder_truncate(builder, 9);
	built = array_of(builder);
	assert_null(built.validity);
	assert_int_equal(((const uint8_t *) built.values)[1], 1);
	assert_int_equal(ldb_builder_null(builder, NULL), LDB_OK);
	assert_int_equal(ldb_builder_null(builder, NULL), LDB_OK);
	built = array_of(builder);
	assert_int_equal(built.null_count, 2);
	assert_int_equal(((const uint8_t *) built.values)[1], 1);
	assert_int_equal(built.validity[1], 1);
	ldb_builder_free(builder);
}

static void
adds_nothing_when_memory_is_out(void **state)
{
	LdbField *field = make_deep_field();
	LdbArray array;

	(void) state;
	srand(6);
	array = make_random(field, &field->type, 120);
	for (uint64_t n = 1; n < 150; n++)
	{
		LdbBuilder *builder = NULL;
		LdbStatus status;
		size_t done = 0;

		ldb_heap_fail_after(n);
		status = ldb_builder_new(field, &builder, NULL);
		for (; status == LDB_OK && done < 120; done++)
			status = copy_row(builder, &array, done, NULL);
		ldb_heap_fail_after(0);
		if (status != LDB_OK)
			assert_int_equal(status, LDB_NOMEM);
		if (builder != NULL && status != LDB_OK)
		{
			done--;
			assert_int_equal(ldb_builder_length(builder), done);
			ldb_builder_truncate(builder, done);
		}
		for (; builder != NULL && done < 120; done++)
			assert_int_equal(copy_row(builder, &array, done, NULL), LDB_OK);
		if (builder != NULL)
		{
			LdbArray built = array_of(builder);

			check_same(&array, 0, &built);
		}
		ldb_builder_free(builder);
	}
}

static void
fails_for_a_vector_wider_than_memory(void **state)
{
	LdbBuilder *builder = new_builder(make_field("fixed_size_list:double:1000000000", 0, NULL));

	(void) state;
	assert_int_equal(ldb_builder_null(builder, NULL), LDB_NOMEM);
	assert_int_equal(ldb_builder_length(builder), 0);
	ldb_builder_free(builder);
}

static void
keeps_its_memory_over_a_reset_unless_it_is_much(void **state)
{
	LdbBuilder *builder = new_builder(make_field("fixed_size_list:float:1024", 0, NULL));
	static float vector[1024];
	size_t held;

	(void) state;
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(ldb_builder_fixed(builder, vector, NULL), LDB_OK);
	assert_true(ldb_builder_bytes(builder) >= 1000 * sizeof vector);
	held = ldb_memory_held();
	ldb_builder_reset(builder);
	assert_int_equal(ldb_builder_bytes(builder), 0);
	assert_int_equal(ldb_memory_held(), held);
	for (size_t i = 0; i < 30000; i++)
		assert_int_equal(ldb_builder_fixed(builder, vector, NULL), LDB_OK);
	ldb_builder_reset(builder);
	assert_true(ldb_memory_held() < held + ((size_t) 65 << 20));
	assert_int_equal(ldb_builder_null(builder, NULL), LDB_OK);
	assert_int_equal(array_of(builder).null_count, 1);
	ldb_builder_free(builder);
}

static void
is_as_new_after_a_reset(void **state)
{
	LdbField *field = make_deep_field();
	LdbBuilder *builder = new_builder(field);
	LdbArray array;

	(void) state;
	srand(8);
	array = make_random(field, &field->type, 90);
	for (size_t round = 0; round < 3; round++)
	{
		LdbArray built;

		for (size_t i = 0; i < 30; i++)
			assert_int_equal(copy_row(builder, &array, round * 30 + i, NULL), LDB_OK);
		built = array_of(builder);
		assert_int_equal(built.length, 30);
		check_same(&array, round * 30, &built);
		add_half_a_row(builder);
		ldb_builder_reset(builder);
	}
	assert_int_equal(array_of(builder).length, 0);
	ldb_builder_free(builder);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gives_back_the_rows_of_every_flat_type),
		TEST(gives_back_nested_rows_at_every_depth),
		TEST(builds_maps_as_lists_of_entries),
		TEST(takes_whole_vectors_and_single_items_alike),
		TEST(takes_many_numbers_at_once),
		TEST(keeps_items_of_a_null_vector_zero_and_not_null),
		TEST(refuses_rows_that_do_not_close_over_their_items),
		TEST(refuses_a_list_without_an_item),
		TEST(collects_the_values_of_a_dictionary),
		TEST(forgets_rows_and_half_rows_from_a_length_on),
		TEST(leaves_no_bits_behind_the_rows_it_keeps),
		TEST(adds_nothing_when_memory_is_out),
		TEST(fails_for_a_vector_wider_than_memory),
		TEST(keeps_its_memory_over_a_reset_unless_it_is_much),
		TEST(is_as_new_after_a_reset),
	};

	return cmocka_run_group_tests_name("builder", tests, NULL, NULL);
}
