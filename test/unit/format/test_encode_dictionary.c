/* test_encode_dictionary.c -- every row finds its value again; too many values end the attempt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encode_dictionary.h"
#include "ldb/base/bitmap.h"

#define COUNT 50000

static LdbSlice
value_at(const LdbDistinctSource *source, size_t row)
{
	if (source->views != NULL)
		return source->views[row];
	return ldb_slice(source->fixed + row * source->width, source->width);
}

static void
check(const LdbDistinctSource *source, const LdbDictionary *dictionary)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < dictionary->item_count; i++)
	{
		bytes += value_at(source, dictionary->rows[i]).length;
		/* a value's first row has the value's number, so no value comes twice */
		assert_int_equal(dictionary->indices[dictionary->rows[i]], i);
		assert_true(i == 0 || dictionary->rows[i] > dictionary->rows[i - 1]);
	}
	assert_int_equal(bytes, dictionary->item_bytes);
	for (size_t row = 0; row < source->count; row++)
	{
		bool valid = source->validity == NULL || ldb_bit_get(source->validity, row);

		if (!valid)
			assert_int_equal(dictionary->indices[row], 0);
		else if (!ldb_slice_equal(value_at(source, row),
								  value_at(source, dictionary->rows[dictionary->indices[row]])))
			fail_msg("row %zu", row);
	}
}

/* Strings of every length from 0 on, `distinct` different ones, some rows null. */
static LdbDistinctSource
make_strings(LdbArena *arena, size_t distinct)
{
	LdbSlice *views = ldb_arena_zalloc_array(arena, COUNT, sizeof *views);
	uint8_t *validity = ldb_arena_zalloc(arena, COUNT / 8 + 1);

	for (size_t row = 0; row < COUNT; row++)
	{
		size_t which = (size_t) rand() % distinct;
		const char *text = ldb_arena_printf(arena, "%zu%0*d", which, (int) (which % 40), 0);

		if (row % 10 == 3)
			continue;
		ldb_bit_set(validity, row);
		views[row] = which == 0 ? ldb_slice("", 0) : ldb_slice_of(text);
	}
	return (LdbDistinctSource){.views = views, .validity = validity, .count = COUNT};
}

static void
numbers_strings_in_order_of_first_appearance(void **state)
{
	LdbArena *arena = ldb_arena_new(0);

	(void) state;
	srand(5);
	for (size_t distinct = 1; distinct < 10000; distinct = distinct * 3 + 1)
	{
		LdbDistinctSource source = make_strings(arena, distinct);
		LdbDictionary dictionary;
		bool found;

		assert_int_equal(ldb_dictionary_build(&source, 10000, arena, &dictionary, &found, NULL),
						 LDB_OK);
		assert_true(found);
		assert_true(dictionary.item_count <= distinct &&
					dictionary.item_count >= distinct - distinct / 50);
		check(&source, &dictionary);
		ldb_arena_reset(arena);
	}
	ldb_arena_free(arena);
}

static void
numbers_values_of_fixed_width(void **state)
{
	static uint8_t values[COUNT * 16];
	LdbArena *arena = ldb_arena_new(0);

	(void) state;
	for (size_t width = 1; width <= 16; width++)
	{
		LdbDistinctSource source = {.fixed = values, .width = width, .count = COUNT};
		LdbDictionary dictionary;
		bool found;

		for (size_t i = 0; i < COUNT; i++)
		{
			memset(values + i * width, 7, width);
			values[i * width + (size_t) rand() % width] = (uint8_t) rand();
		}
		assert_int_equal(ldb_dictionary_build(&source, 5000, arena, &dictionary, &found, NULL),
						 LDB_OK);
		assert_true(found);
		assert_int_equal(dictionary.item_count, width * 255 + 1);
		check(&source, &dictionary);
		ldb_arena_reset(arena);
	}
	ldb_arena_free(arena);
}

static void
gives_up_at_the_bound_and_not_before(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	uint32_t values[101];
	LdbDistinctSource source = {.fixed = (const uint8_t *) values, .width = 4, .count = 101};
	LdbDictionary dictionary;
	bool found;

	(void) state;
	for (uint32_t i = 0; i < 101; i++)
		values[i] = i;
	assert_int_equal(ldb_dictionary_build(&source, 101, arena, &dictionary, &found, NULL), LDB_OK);
	assert_true(found);
	assert_int_equal(ldb_dictionary_build(&source, 100, arena, &dictionary, &found, NULL), LDB_OK);
	assert_false(found);
	source.count = 0;
	assert_int_equal(ldb_dictionary_build(&source, 100, arena, &dictionary, &found, NULL), LDB_OK);
	assert_true(found);
	assert_int_equal(dictionary.item_count, 0);
	ldb_arena_free(arena);
}

/* Were all rows hashed, the numbers of the rows and a table of slots would be taken. */
static void
sees_in_a_sample_that_all_values_differ(void **state)
{
	static uint64_t values[400000];
	LdbArena *arena = ldb_arena_new(0);
	LdbDistinctSource source = {.fixed = (const uint8_t *) values, .width = 8, .count = 400000};
	LdbDictionary dictionary;
	bool found;

	(void) state;
	for (size_t i = 0; i < 400000; i++)
		values[i] = i;
	assert_int_equal(ldb_dictionary_build(&source, 100000, arena, &dictionary, &found, NULL),
					 LDB_OK);
	assert_false(found);
	assert_true(ldb_arena_used(arena) < 400000);
	/* 60,000 values are below the bound, also when neighbours are equal */
	for (size_t i = 0; i < 400000; i++)
		values[i] = i * 3 / 20;
	assert_int_equal(ldb_dictionary_build(&source, 100000, arena, &dictionary, &found, NULL),
					 LDB_OK);
	assert_true(found);
	assert_int_equal(dictionary.item_count, 60000);
	check(&source, &dictionary);
	ldb_arena_free(arena);
}

static void
reports_that_memory_is_out(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbDistinctSource source = make_strings(arena, 4000);
	LdbDictionary dictionary;
	size_t failed = 0;
	bool found;

	(void) state;
	for (uint64_t n = 1;; n++)
	{
		LdbArena *small = ldb_arena_new(0);
		LdbStatus status;

		ldb_heap_fail_after(n);
		status = ldb_dictionary_build(&source, 10000, small, &dictionary, &found, NULL);
		ldb_heap_fail_after(0);
		ldb_arena_free(small);
		if (status == LDB_OK)
			break;
		assert_int_equal(status, LDB_NOMEM);
		failed++;
	}
	assert_true(failed > 0);
	ldb_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_strings_in_order_of_first_appearance),
		cmocka_unit_test(numbers_values_of_fixed_width),
		cmocka_unit_test(gives_up_at_the_bound_and_not_before),
		cmocka_unit_test(sees_in_a_sample_that_all_values_differ),
		cmocka_unit_test(reports_that_memory_is_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
