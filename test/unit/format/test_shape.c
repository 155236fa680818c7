/* test_shape.c -- levels become validity and offsets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "page_impl.h"

#define MOST 8

typedef struct Fixture
{
	LdbArena *arena;
	LdbShape shape;
	LdbLayer kinds[MOST];
	LdbLayers layers;
	LdbError err;
} Fixture;

static void
start(Fixture *fixture, const LdbLayer *kinds, size_t count, size_t rows)
{
	bool is_list[MOST];

	memset(fixture, 0, sizeof *fixture);
	memcpy(fixture->kinds, kinds, count * sizeof *kinds);
	fixture->layers.count = count;
	fixture->layers.kinds = fixture->kinds;
	assert_int_equal(ldb_layers_count(&fixture->layers, NULL), LDB_OK);
	for (size_t i = 0; i < count; i++)
		is_list[i] = kinds[i] != LDB_LAYER_ALL_VALID_ITEM && kinds[i] != LDB_LAYER_NULLABLE_ITEM;
	fixture->arena = ldb_arena_new(0);
	assert_int_equal(ldb_shape_init(&fixture->shape, count, is_list, rows, fixture->arena, NULL),
					 LDB_OK);
}

static LdbStatus
append(Fixture *fixture, const uint16_t *rep, const uint16_t *def, size_t entries, size_t rows)
{
	LdbLevels levels = {entries, entries, NULL, NULL};

	if (rep != NULL)
		levels.rep = ldb_arena_copy(fixture->arena, rep, entries * sizeof *rep);
	if (def != NULL)
	{
		levels.def = ldb_arena_copy(fixture->arena, def, entries * sizeof *def);
		levels.visible_count = ldb_levels_count(def, entries, fixture->layers.max_visible);
	}
	return ldb_shape_append(&fixture->shape, &fixture->layers, &levels, rows, &fixture->err);
}

static bool
valid(const Fixture *fixture, size_t layer, size_t i)
{
	const uint8_t *validity = fixture->shape.layers[layer].validity;

	return validity == NULL || ldb_bit_get(validity, i);
}

static void
keeps_no_bitmap_while_everything_is_valid(void **state)
{
	static const uint16_t zeros[100] = {0};
	Fixture fixture;

	(void) state;
	start(&fixture, (LdbLayer[]){LDB_LAYER_NULLABLE_ITEM}, 1, 150);
	assert_int_equal(append(&fixture, NULL, NULL, 50, 50), LDB_OK);
	assert_int_equal(append(&fixture, NULL, zeros, 100, 100), LDB_OK);
	assert_null(fixture.shape.layers[0].validity);
	assert_int_equal(fixture.shape.layers[0].length, 150);
	ldb_arena_free(fixture.arena);
}

static void
sets_bits_at_any_position_and_length(void **state)
{
	(void) state;
	for (size_t first = 0; first < 20; first++)
	{
		for (size_t count = 1; count < 70; count++)
		{
			uint16_t def[70];
			Fixture fixture;

			start(&fixture, (LdbLayer[]){LDB_LAYER_NULLABLE_ITEM}, 1, first + count);
			for (size_t i = 0; i < count; i++)
				def[i] = (uint16_t) (i * i % 3 == 1);
			assert_int_equal(append(&fixture, NULL, NULL, first, first), LDB_OK);
			assert_int_equal(append(&fixture, NULL, def, count, count), LDB_OK);
			for (size_t i = 0; i < first + count; i++)
				assert_int_equal(valid(&fixture, 0, i), i < first || def[i - first] == 0);
			ldb_arena_free(fixture.arena);
		}
	}
}

static void
makes_children_of_null_structs_null_too(void **state)
{
	/* leaf without nulls of its own in a nullable struct in a nullable struct */
	static const uint16_t def[] = {0, 1, 2};
	Fixture fixture;

	(void) state;
	start(&fixture,
		  (LdbLayer[]){LDB_LAYER_ALL_VALID_ITEM, LDB_LAYER_NULLABLE_ITEM, LDB_LAYER_NULLABLE_ITEM},
		  3, 3);
	assert_int_equal(append(&fixture, NULL, def, 3, 3), LDB_OK);
	assert_int_equal(fixture.shape.layers[0].null_count, 2);
	assert_int_equal(fixture.shape.layers[1].null_count, 2);
	assert_int_equal(fixture.shape.layers[2].null_count, 1);
	assert_false(valid(&fixture, 2, 2));
	ldb_arena_free(fixture.arena);
}

/* [[1, null], null, [], [3]]: null item 1, null list 2, empty list 3 */
static void
tells_null_items_null_lists_and_empty_lists_apart(void **state)
{
	static const uint16_t rep[] = {1, 0, 1, 1, 1};
	static const uint16_t def[] = {0, 1, 2, 3, 0};
	static const int64_t offsets[] = {0, 2, 2, 2, 3};
	Fixture fixture;

	(void) state;
	start(&fixture, (LdbLayer[]){LDB_LAYER_NULLABLE_ITEM, LDB_LAYER_NULL_AND_EMPTY_LIST}, 2, 4);
	assert_int_equal(append(&fixture, rep, def, 5, 4), LDB_OK);
	assert_memory_equal(fixture.shape.layers[1].offsets, offsets, sizeof offsets);
	assert_int_equal(fixture.shape.layers[0].length, 3);
	assert_false(valid(&fixture, 0, 1));
	assert_true(valid(&fixture, 1, 0));
	assert_false(valid(&fixture, 1, 1));
	assert_true(valid(&fixture, 1, 2));
	assert_int_equal(fixture.shape.layers[1].null_count, 1);
	ldb_arena_free(fixture.arena);
}

/* A list of all-valid lists whose first item is null still is a list. */
static void
starts_lists_with_null_items(void **state)
{
	static const uint16_t rep[] = {1, 0, 1};
	static const uint16_t def[] = {1, 0, 1};
	static const int64_t offsets[] = {0, 2, 3};
	Fixture fixture;

	(void) state;
	start(&fixture, (LdbLayer[]){LDB_LAYER_NULLABLE_ITEM, LDB_LAYER_ALL_VALID_LIST}, 2, 2);
	assert_int_equal(append(&fixture, rep, def, 3, 2), LDB_OK);
	assert_memory_equal(fixture.shape.layers[1].offsets, offsets, sizeof offsets);
	assert_int_equal(fixture.shape.layers[0].null_count, 2);
	ldb_arena_free(fixture.arena);
}

/*
 * list<struct<list<int>>>: rows [{[1, 2]}, {null}], null, [null, {[]}].
 * Levels from inside: inner null 1, inner empty 2, struct null 3, outer null 4.
 */
static void
unravels_lists_of_structs_of_lists(void **state)
{
	static const uint16_t rep[] = {2, 0, 1, 2, 2, 1};
	static const uint16_t def[] = {0, 0, 1, 4, 3, 2};
	static const int64_t inner[] = {0, 2, 2, 2, 2};
	static const int64_t outer[] = {0, 2, 2, 4};
	Fixture fixture;

	(void) state;
	start(&fixture,
		  (LdbLayer[]){LDB_LAYER_ALL_VALID_ITEM, LDB_LAYER_NULL_AND_EMPTY_LIST,
					   LDB_LAYER_NULLABLE_ITEM, LDB_LAYER_NULLABLE_LIST},
		  4, 3);
	assert_int_equal(append(&fixture, rep, def, 6, 3), LDB_OK);
	assert_int_equal(fixture.shape.layers[0].length, 2);
	assert_int_equal(fixture.shape.layers[1].length, 4);
	assert_memory_equal(fixture.shape.layers[1].offsets, inner, sizeof inner);
	assert_false(valid(&fixture, 1, 1));
	assert_false(valid(&fixture, 1, 2)); /* below the null struct */
	assert_true(valid(&fixture, 1, 3));
	assert_int_equal(fixture.shape.layers[2].length, 4);
	assert_int_equal(fixture.shape.layers[2].null_count, 1);
	assert_false(valid(&fixture, 2, 2));
	assert_memory_equal(fixture.shape.layers[3].offsets, outer, sizeof outer);
	assert_false(valid(&fixture, 3, 1));
	ldb_arena_free(fixture.arena);
}

static void
goes_on_where_the_last_page_ended(void **state)
{
	static const uint16_t rep[] = {1, 0, 1};
	static const uint16_t def[] = {0, 0, 1};
	Fixture fixture;

	(void) state;
	start(&fixture, (LdbLayer[]){LDB_LAYER_ALL_VALID_ITEM, LDB_LAYER_NULLABLE_LIST}, 2, 1);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(append(&fixture, rep, def, 3, 2), LDB_OK);
	assert_int_equal(fixture.shape.layers[1].length, 20);
	assert_int_equal(fixture.shape.layers[1].offsets[20], 20);
	assert_int_equal(fixture.shape.layers[1].null_count, 10);
	assert_false(valid(&fixture, 1, 19));
	assert_true(valid(&fixture, 1, 18));
	ldb_arena_free(fixture.arena);
}

static void
refuses_levels_that_contradict_each_other(void **state)
{
	static const uint16_t continued_null[] = {1, 0};
	static const uint16_t nulls[] = {0, 1};
	static const uint16_t high[] = {1, 2};
	Fixture fixture;

	(void) state;
	start(&fixture, (LdbLayer[]){LDB_LAYER_ALL_VALID_ITEM, LDB_LAYER_NULLABLE_LIST}, 2, 2);
	assert_int_equal(append(&fixture, continued_null, nulls, 2, 1), LDB_CORRUPT);
	assert_int_equal(append(&fixture, high, NULL, 2, 2), LDB_CORRUPT);
	assert_int_equal(append(&fixture, continued_null, high, 2, 1), LDB_CORRUPT);
	assert_int_equal(append(&fixture, NULL, NULL, 2, 2), LDB_CORRUPT);
	assert_int_equal(append(&fixture, continued_null, NULL, 2, 2), LDB_CORRUPT);
	ldb_arena_free(fixture.arena);
}

/* Before the first start, or below a list that is null further out. */
static void
refuses_items_that_belong_to_no_list(void **state)
{
	static const LdbLayer lists[] = {LDB_LAYER_ALL_VALID_ITEM, LDB_LAYER_ALL_VALID_LIST,
									 LDB_LAYER_NULLABLE_LIST};
	static const uint16_t within_row[] = {1, 2, 0, 1, 2};
	static const uint16_t below_null[] = {2, 0, 2};
	static const uint16_t null_first[] = {1, 0, 0};
	Fixture fixture;

	(void) state;
	start(&fixture, lists, 3, 4);
	assert_int_equal(append(&fixture, within_row, NULL, 5, 2), LDB_CORRUPT);
	ldb_arena_free(fixture.arena);
	start(&fixture, lists, 3, 4);
	assert_int_equal(append(&fixture, below_null, null_first, 3, 2), LDB_CORRUPT);
	ldb_arena_free(fixture.arena);
	start(&fixture, lists, 3, 4);
	assert_int_equal(append(&fixture, within_row + 1, NULL, 4, 2), LDB_OK);
	assert_int_equal(fixture.shape.layers[1].offsets[0], 0);
	assert_int_equal(fixture.shape.layers[2].offsets[0], 0);
	ldb_arena_free(fixture.arena);
}

static void
counts_levels_in_long_runs(void **state)
{
	size_t count = 16 * 65535 * 2 + 5;
	uint16_t *def = test_calloc(count, sizeof *def);

	(void) state;
	assert_int_equal(ldb_levels_count(def, count, 0), count);
	def[count - 1] = def[17] = 3;
	assert_int_equal(ldb_levels_count(def, count, 2), count - 2);
	test_free(def);
}

static void
names_a_layer_that_is_not_known(void **state)
{
	LdbLayer kind = (LdbLayer) 7;
	LdbLayers layers = {.count = 1, .kinds = &kind};
	LdbError err;

	(void) state;
	assert_int_equal(ldb_layers_count(&layers, &err), LDB_UNSUPPORTED);
	assert_non_null(strstr(err.message, "7"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_no_bitmap_while_everything_is_valid),
		cmocka_unit_test(sets_bits_at_any_position_and_length),
		cmocka_unit_test(makes_children_of_null_structs_null_too),
		cmocka_unit_test(tells_null_items_null_lists_and_empty_lists_apart),
		cmocka_unit_test(starts_lists_with_null_items),
		cmocka_unit_test(unravels_lists_of_structs_of_lists),
		cmocka_unit_test(goes_on_where_the_last_page_ended),
		cmocka_unit_test(refuses_levels_that_contradict_each_other),
		cmocka_unit_test(refuses_items_that_belong_to_no_list),
		cmocka_unit_test(counts_levels_in_long_runs),
		cmocka_unit_test(names_a_layer_that_is_not_known),
	};

	return cmocka_run_group_tests_name("shape", tests, NULL, NULL);
}
