/* test_shred.c -- layers and levels of the lists, structs and nulls around a leaf. */
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

/* ---- levels ---- */

static LdbField *
leaf(const char *logical_type)
{
	return make_field(logical_type, 0, NULL);
}

static LdbShred
shred_rows(const LdbField *const *fields, const size_t *children, size_t length,
		   const LdbArray *rows)
{
	LdbLeafPath path = {length, fields, children};
	LdbShred result;

	assert_int_equal(ldb_shred(&path, rows, arena, &result, NULL), LDB_OK);
	return result;
}

static void
check_levels(const uint16_t *levels, const uint16_t *expected, size_t count)
{
	assert_non_null(levels);
	assert_memory_equal(levels, expected, count * sizeof *levels);
}

static void
check_kinds(const LdbShred *result, const LdbLayer *expected, size_t count)
{
	assert_int_equal(result->layers.count, count);
	assert_memory_equal(result->layers.kinds, expected, count * sizeof *expected);
}

static const size_t first_children[] = {0, 0, 0, 0};

static void
valid_values_have_no_levels(void **state)
{
	LdbField *field = leaf("int32");
	int32_t numbers[] = {1, 2, 3};
	LdbArray rows = {.type = &field->type, .length = 3, .values = numbers};
	const LdbField *fields[] = {field};
	LdbShred result = shred_rows(fields, first_children, 1, &rows);

	(void) state;
	check_kinds(&result, (LdbLayer[]){LDB_LAYER_ALL_VALID_ITEM}, 1);
	assert_null(result.levels.def);
	assert_null(result.levels.rep);
	assert_null(result.valid);
	assert_int_equal(result.levels.entry_count, 3);
	assert_ptr_equal(result.values.values, numbers);
}

/* [[7, 8], null, []] */
static void
null_and_empty_lists_have_levels_of_their_own(void **state)
{
	LdbField *item = leaf("int16");
	LdbField *field = make_field("list", 1, &item);
	int16_t numbers[] = {7, 8};
	int64_t offsets[] = {0, 2, 2, 2};
	uint8_t validity = 5;
	LdbArray items = {.type = &item->type, .length = 2, .values = numbers};
	LdbArray rows = {.type = &field->type,
					 .length = 3,
					 .null_count = 1,
					 .validity = &validity,
					 .offsets = offsets,
					 .child_count = 1,
					 .children = &items};
	const LdbField *fields[] = {field, item};
	LdbShred result = shred_rows(fields, first_children, 2, &rows);

	(void) state;
	check_kinds(&result, (LdbLayer[]){LDB_LAYER_ALL_VALID_ITEM, LDB_LAYER_NULL_AND_EMPTY_LIST}, 2);
	assert_int_equal(result.levels.entry_count, 4);
	check_levels(result.levels.rep, (uint16_t[]){1, 0, 1, 1}, 4);
	check_levels(result.levels.def, (uint16_t[]){0, 0, 1, 2}, 4);
	assert_int_equal(result.levels.visible_count, 2);
	assert_int_equal(result.values.length, 2);
}

/* {1}, {null}, null: the struct's null stands above the number's. */
static void
an_entry_has_the_level_of_its_outermost_null(void **state)
{
	LdbField *child = leaf("int32");
	LdbField *field = make_field("struct", 1, &child);
	int32_t numbers[] = {1, 2, 3};
	uint8_t valid_structs = 3;
	uint8_t valid_numbers = 1;
	LdbArray numbers_array = {.type = &child->type,
							  .length = 3,
							  .null_count = 2,
							  .validity = &valid_numbers,
							  .values = numbers};
	LdbArray rows = {.type = &field->type,
					 .length = 3,
					 .null_count = 1,
					 .validity = &valid_structs,
					 .child_count = 1,
					 .children = &numbers_array};
	const LdbField *fields[] = {field, child};
	LdbShred result = shred_rows(fields, first_children, 2, &rows);

	(void) state;
	check_kinds(&result, (LdbLayer[]){LDB_LAYER_NULLABLE_ITEM, LDB_LAYER_NULLABLE_ITEM}, 2);
	check_levels(result.levels.def, (uint16_t[]){0, 1, 2}, 3);
	assert_int_equal(result.levels.visible_count, 3);
	assert_int_equal(result.valid_count, 1);
	assert_int_equal(result.valid[0], 1);
}

/* A null list that has items all the same: [1], null over [2, 3], [4]. */
static void
items_of_null_lists_are_left_out(void **state)
{
	LdbField *item = leaf("int32");
	LdbField *field = make_field("list", 1, &item);
	int32_t numbers[] = {1, 2, 3, 4};
	int64_t offsets[] = {0, 1, 3, 4};
	uint8_t validity = 5;
	LdbArray items = {.type = &item->type, .length = 4, .values = numbers};
	LdbArray rows = {.type = &field->type,
					 .length = 3,
					 .null_count = 1,
					 .validity = &validity,
					 .offsets = offsets,
					 .child_count = 1,
					 .children = &items};
	const LdbField *fields[] = {field, item};
	LdbShred result = shred_rows(fields, first_children, 2, &rows);

	(void) state;
	assert_int_equal(result.values.length, 2);
	assert_int_equal(ldb_load_u32(result.values.values), 1);
	assert_int_equal(ldb_load_u32((const uint8_t *) result.values.values + 4), 4);
}

/* [[[1], []], null]: the inner list is number 1, the outer number 2. */
static void
lists_are_numbered_from_the_innermost(void **state)
{
	LdbField *item = leaf("int32");
	LdbField *inner = make_field("list", 1, &item);
	LdbField *outer = make_field("list", 1, &inner);
	int32_t numbers[] = {1};
	int64_t inner_offsets[] = {0, 1, 1};
	int64_t outer_offsets[] = {0, 2, 2};
	uint8_t validity = 1;
	LdbArray items = {.type = &item->type, .length = 1, .values = numbers};
	LdbArray lists = {.type = &inner->type,
					  .length = 2,
					  .offsets = inner_offsets,
					  .child_count = 1,
					  .children = &items};
	LdbArray rows = {.type = &outer->type,
					 .length = 2,
					 .null_count = 1,
					 .validity = &validity,
					 .offsets = outer_offsets,
					 .child_count = 1,
					 .children = &lists};
	const LdbField *fields[] = {outer, inner, item};
	LdbShred result = shred_rows(fields, first_children, 3, &rows);

	(void) state;
	check_kinds(
		&result,
		(LdbLayer[]){LDB_LAYER_ALL_VALID_ITEM, LDB_LAYER_EMPTYABLE_LIST, LDB_LAYER_NULLABLE_LIST},
		3);
	check_levels(result.levels.rep, (uint16_t[]){2, 1, 2}, 3);
	check_levels(result.levels.def, (uint16_t[]){0, 1, 2}, 3);
	assert_int_equal(result.layers.max_visible, 0);
}

/* [[7, 8], null, []] again, now with all that the layers could have. */
static void
wider_layers_mean_the_same(void **state)
{
	static const LdbLayer wide[] = {LDB_LAYER_NULLABLE_ITEM, LDB_LAYER_NULL_AND_EMPTY_LIST};
	LdbField *item = leaf("int16");
	LdbField *field = make_field("list", 1, &item);
	int16_t numbers[] = {7, 8};
	int64_t offsets[] = {0, 2, 2, 2};
	uint8_t validity = 5;
	LdbArray items = {.type = &item->type, .length = 2, .values = numbers};
	LdbArray rows = {.type = &field->type,
					 .length = 3,
					 .null_count = 1,
					 .validity = &validity,
					 .offsets = offsets,
					 .child_count = 1,
					 .children = &items};
	const LdbField *fields[] = {field, item};
	LdbShred result = shred_rows(fields, first_children, 2, &rows);

	(void) state;
	assert_int_equal(ldb_shred_widen(&result, wide, arena, NULL), LDB_OK);
	check_kinds(&result, wide, 2);
	check_levels(result.levels.def, (uint16_t[]){0, 0, 2, 3}, 4);
	assert_int_equal(result.layers.max_def, 3);
	assert_int_equal(result.layers.max_visible, 1);
	assert_int_equal(result.levels.visible_count, 2);
}

static void
wider_layers_get_levels_where_there_were_none(void **state)
{
	static const LdbLayer wide[] = {LDB_LAYER_NULLABLE_ITEM};
	LdbField *field = leaf("int32");
	int32_t numbers[] = {1, 2, 3};
	LdbArray rows = {.type = &field->type, .length = 3, .values = numbers};
	const LdbField *fields[] = {field};
	LdbShred result = shred_rows(fields, first_children, 1, &rows);

	(void) state;
	assert_int_equal(ldb_shred_widen(&result, wide, arena, NULL), LDB_OK);
	check_levels(result.levels.def, (uint16_t[]){0, 0, 0}, 3);
}

/* ---- against shape.c ---- */

static void
check_layer(const LdbShapeLayer *layer, const LdbArray *array, size_t row, size_t at)
{
	bool valid = layer->validity == NULL || ldb_bit_get(layer->validity, at);

	assert_int_equal(!valid, ldb_array_is_null(array, row));
	if (valid && layer->is_list)
		assert_int_equal(layer->offsets[at + 1] - layer->offsets[at],
						 array->offsets[row + 1] - array->offsets[row]);
}

/* list<struct<list<int32>>>, with nulls, empty lists and items below nulls. */
static void
shape_makes_of_the_levels_what_they_were_made_of(void **state)
{
	static const bool is_list[] = {false, true, false, true};
	LdbField *number = leaf("int32");
	LdbField *inner = make_field("list", 1, &number);
	LdbField *pair = make_field("struct", 1, &inner);
	LdbField *outer = make_field("list", 1, &pair);
	const LdbField *fields[] = {outer, pair, inner, number};

	(void) state;
	for (unsigned seed = 0; seed < 100; seed++)
	{
		size_t row_count = 1 + seed % 40;
		LdbShape shape;
		LdbShred result;
		LdbArray rows;
		size_t item = 0;

		srand(seed);
		rows = make_random(outer, &outer->type, row_count);
		result = shred_rows(fields, first_children, 4, &rows);
		assert_int_equal(ldb_shape_init(&shape, 4, is_list, row_count, arena, NULL), LDB_OK);
		assert_int_equal(ldb_shape_append(&shape, &result.layers, &result.levels, row_count, NULL),
						 LDB_OK);
		for (size_t row = 0; row < row_count; row++)
		{
			check_layer(&shape.layers[3], &rows, row, row);
			if (ldb_array_is_null(&rows, row))
				continue;
			for (int64_t i = rows.offsets[row]; i < rows.offsets[row + 1]; i++, item++)
			{
				check_layer(&shape.layers[2], rows.children, (size_t) i, item);
				if (!ldb_array_is_null(rows.children, (size_t) i))
					check_layer(&shape.layers[1], rows.children[0].children, (size_t) i, item);
			}
		}
		assert_int_equal(shape.layers[2].length, item);
		assert_int_equal(shape.layers[0].length, result.values.length);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_only_layers_that_have_nulls_or_empty_lists),
		TEST(takes_a_list_below_a_null_struct_for_null),
		TEST(valid_values_have_no_levels),
		TEST(null_and_empty_lists_have_levels_of_their_own),
		TEST(an_entry_has_the_level_of_its_outermost_null),
		TEST(items_of_null_lists_are_left_out),
		TEST(lists_are_numbered_from_the_innermost),
		TEST(wider_layers_mean_the_same),
		TEST(wider_layers_get_levels_where_there_were_none),
		TEST(shape_makes_of_the_levels_what_they_were_made_of),
	};

	return cmocka_run_group_tests_name("shred", tests, NULL, NULL);
}
