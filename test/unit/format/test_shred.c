/* test_shred.c -- which layers a page has for the lists, structs and nulls around a leaf. */
#include "shred.h"

#include "arrow/random_array.h"
#include "ldb/arrow/builder.h"

/* struct<s: struct<y: list<int32>>>, and the way to its leaf */
typedef struct Fixture
{
	LdbField *item;
	LdbField *list;
	LdbField *inner;
	LdbField *outer;
	LdbBuilder *builder;
	LdbShred shred;
} Fixture;

static void
start(Fixture *fixture)
{
	fixture->item = make_field("int32", 0, NULL);
	fixture->list = make_field("list", 1, &fixture->item);
	fixture->inner = make_field("struct", 1, &fixture->list);
	fixture->outer = make_field("struct", 1, &fixture->inner);
	assert_int_equal(ldb_builder_new(fixture->outer, &fixture->builder, NULL), LDB_OK);
}

static LdbBuilder *
list_builder(const Fixture *fixture)
{
	return ldb_builder_child(ldb_builder_child(fixture->builder, 0), 0);
}

/* Closes a row over what is in the list's builder. */
static void
close_structs(const Fixture *fixture)
{
	assert_int_equal(ldb_builder_close_row(ldb_builder_child(fixture->builder, 0), NULL), LDB_OK);
	assert_int_equal(ldb_builder_close_row(fixture->builder, NULL), LDB_OK);
}

static void
add_list(const Fixture *fixture, int32_t item_count)
{
	LdbBuilder *list = list_builder(fixture);

	for (int32_t i = 0; i < item_count; i++)
		assert_int_equal(ldb_builder_fixed(ldb_builder_child(list, 0), &i, NULL), LDB_OK);
	assert_int_equal(ldb_builder_close_row(list, NULL), LDB_OK);
	close_structs(fixture);
}

static void
shred(Fixture *fixture)
{
	const LdbField *fields[] = {fixture->outer, fixture->inner, fixture->list, fixture->item};
	const size_t children[] = {0, 0, 0, 0};
	const LdbLeafPath path = {4, fields, children};
	LdbArray rows;

	assert_int_equal(ldb_builder_array(fixture->builder, arena, &rows, NULL), LDB_OK);
	assert_int_equal(ldb_shred(&path, &rows, arena, &fixture->shred, NULL), LDB_OK);
	assert_int_equal(fixture->shred.layers.count, 4);
}

static void
check_layers(const Fixture *fixture, LdbLayer item, LdbLayer list, LdbLayer inner, LdbLayer outer)
{
	const LdbLayer *kinds = fixture->shred.layers.kinds;

	assert_int_equal(kinds[0], item);
	assert_int_equal(kinds[1], list);
	assert_int_equal(kinds[2], inner);
	assert_int_equal(kinds[3], outer);
}

static void
end(Fixture *fixture)
{
	ldb_builder_free(fixture->builder);
}

static void
names_only_layers_that_have_nulls_or_empty_lists(void **state)
{
	Fixture fixture;

	(void) state;
	start(&fixture);
	add_list(&fixture, 2);
	add_list(&fixture, 1);
	shred(&fixture);
	check_layers(&fixture, LDB_LAYER_ALL_VALID_ITEM, LDB_LAYER_ALL_VALID_LIST,
				 LDB_LAYER_ALL_VALID_ITEM, LDB_LAYER_ALL_VALID_ITEM);
	add_list(&fixture, 0);
	shred(&fixture);
	check_layers(&fixture, LDB_LAYER_ALL_VALID_ITEM, LDB_LAYER_EMPTYABLE_LIST,
				 LDB_LAYER_ALL_VALID_ITEM, LDB_LAYER_ALL_VALID_ITEM);
	end(&fixture);
}

/* LanceDB's reader fails over such a page when it says that its lists are all valid. */
static void
takes_a_list_below_a_null_struct_for_null(void **state)
{
	Fixture fixture;

	(void) state;
	start(&fixture);
	add_list(&fixture, 2);
	assert_int_equal(ldb_builder_null(ldb_builder_child(fixture.builder, 0), NULL), LDB_OK);
	assert_int_equal(ldb_builder_close_row(fixture.builder, NULL), LDB_OK);
	shred(&fixture);
	check_layers(&fixture, LDB_LAYER_ALL_VALID_ITEM, LDB_LAYER_NULLABLE_LIST,
				 LDB_LAYER_NULLABLE_ITEM, LDB_LAYER_ALL_VALID_ITEM);
	assert_int_equal(fixture.shred.levels.entry_count, 3);
	assert_int_equal(fixture.shred.levels.visible_count, 2);
	/* the list's own null is level 1, though no row has it */
	assert_int_equal(fixture.shred.levels.def[2], 2);

	assert_int_equal(ldb_builder_null(fixture.builder, NULL), LDB_OK);
	add_list(&fixture, 0);
	shred(&fixture);
	check_layers(&fixture, LDB_LAYER_ALL_VALID_ITEM, LDB_LAYER_NULL_AND_EMPTY_LIST,
				 LDB_LAYER_NULLABLE_ITEM, LDB_LAYER_NULLABLE_ITEM);
	end(&fixture);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_only_layers_that_have_nulls_or_empty_lists),
		TEST(takes_a_list_below_a_null_struct_for_null),
	};

	return cmocka_run_group_tests_name("shred", tests, NULL, NULL);
}
