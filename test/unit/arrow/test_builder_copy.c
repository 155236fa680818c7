/* test_builder_copy.c -- rows copied from an array are the rows of the array, of every type. */
#include "ldb/arrow/builder.h"

#include "random_array.h"

static const char *const flat_types[] = {
	"null",
	"bool",
	"int8",
	"uint64",
	"halffloat",
	"decimal:256:70:1",
	"string",
	"fixed_size_binary:7",
	"timestamp:us:UTC",
	"fixed_size_list:float:9",
	"fixed_size_list:bool:11",
	"fixed_size_list:fixed_size_list:int16:2:3",
};

/* Rows in another order than they lie, some twice. */
static void
check_copies(const LdbField *field, const LdbArray *array)
{
	LdbBuilder *builder;
	LdbArray built;

	assert_int_equal(ldb_builder_new(field, &builder, NULL), LDB_OK);
	for (size_t i = 0; i < 2 * array->length; i++)
		assert_int_equal(ldb_builder_copy(builder, array, i * 7 % array->length, NULL), LDB_OK);
	assert_int_equal(ldb_builder_array(builder, arena, &built, NULL), LDB_OK);
	assert_int_equal(built.length, 2 * array->length);
	for (size_t i = 0; i < built.length; i++)
		check_row(array, i * 7 % array->length, &built, i);
	ldb_builder_free(builder);
}

static void
copies_rows_of_every_flat_type(void **state)
{
	(void) state;
	srand(11);
	for (size_t t = 0; t < sizeof flat_types / sizeof *flat_types; t++)
	{
		LdbField *field = make_field(flat_types[t], 0, NULL);
		LdbArray array = make_random(field, &field->type, 300);

		check_copies(field, &array);
	}
}

static void
copies_nested_rows_with_all_below_them(void **state)
{
	LdbField *field = make_deep_field();
	LdbArray array;

	(void) state;
	srand(12);
	array = make_random(field, &field->type, 300);
	check_copies(field, &array);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(copies_rows_of_every_flat_type),
		TEST(copies_nested_rows_with_all_below_them),
	};

	return cmocka_run_group_tests_name("builder_copy", tests, NULL, NULL);
}
