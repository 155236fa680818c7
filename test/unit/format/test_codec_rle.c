/* test_codec_rle.c -- runs are repeated; buffers that hold too few values are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "codec_rle.h"

static void
repeats_values_of_every_width(void **state)
{
	static const uint8_t lengths[] = {3, 255, 0, 1, 20};
	enum
	{
		RUNS = sizeof lengths,
		COUNT = 3 + 255 + 0 + 1 + 20
	};
	LdbArena *arena = ldb_arena_new(0);

	(void) state;
	for (size_t width = 1; width <= 32; width++)
	{
		uint8_t values[RUNS * 32];
		LdbRuns runs = {ldb_slice(values, RUNS * width), ldb_slice(lengths, RUNS), width * 8, 8};
		void *out;
		size_t at = 0;

		for (size_t i = 0; i < RUNS * width; i++)
			values[i] = (uint8_t) (i * 7 + width);
		assert_int_equal(ldb_rle_decode(&runs, COUNT, arena, &out, NULL), LDB_OK);
		for (size_t run = 0; run < RUNS; run++)
			for (size_t i = 0; i < lengths[run]; i++, at++)
				assert_memory_equal((uint8_t *) out + at * width, values + run * width, width);
	}
	ldb_arena_free(arena);
}

static void
stops_after_the_values_that_are_wanted(void **state)
{
	LdbArena *arena = ldb_arena_new(4096);
	const uint16_t values[] = {7, 8};
	const uint64_t lengths[] = {2, UINT64_MAX};
	LdbRuns runs = {ldb_slice(values, 4), ldb_slice(lengths, 16), 16, 64};
	const uint16_t expected[] = {7, 7, 8, 8, 8};
	void *out;

	(void) state;
	assert_int_equal(ldb_rle_decode(&runs, 5, arena, &out, NULL), LDB_OK);
	assert_memory_equal(out, expected, sizeof expected);
	/* an endless run is bounded by the arena */
	assert_int_equal(ldb_rle_decode(&runs, UINT64_MAX / 2, arena, &out, NULL), LDB_NOMEM);
	ldb_arena_free(arena);
}

static void
refuses_too_few_runs_and_impossible_widths(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	const uint32_t values[] = {1, 2, 3};
	const uint8_t lengths[] = {1, 1, 1, 200};
	LdbRuns runs = {ldb_slice(values, 12), ldb_slice(lengths, 4), 32, 8};
	void *out;

	(void) state;
	assert_int_equal(ldb_rle_decode(&runs, 3, arena, &out, NULL), LDB_OK);
	/* the fourth length has no value */
	assert_int_equal(ldb_rle_decode(&runs, 4, arena, &out, NULL), LDB_CORRUPT);
	runs.values.length = 11;
	assert_int_equal(ldb_rle_decode(&runs, 3, arena, &out, NULL), LDB_CORRUPT);
	runs.lengths.length = 0;
	assert_int_equal(ldb_rle_decode(&runs, 1, arena, &out, NULL), LDB_CORRUPT);
	runs.value_bits = 0;
	assert_int_equal(ldb_rle_decode(&runs, 1, arena, &out, NULL), LDB_CORRUPT);
	runs.value_bits = 12;
	assert_int_equal(ldb_rle_decode(&runs, 1, arena, &out, NULL), LDB_CORRUPT);
	runs.value_bits = 32;
	runs.length_bits = 24;
	assert_int_equal(ldb_rle_decode(&runs, 1, arena, &out, NULL), LDB_CORRUPT);
	ldb_arena_free(arena);
}

static void
splits_a_block_into_values_and_lengths(void **state)
{
	uint8_t block[8 + 4 + 2] = {4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 9, 8};
	LdbRuns runs = {{NULL, 0}, {NULL, 0}, 16, 8};

	(void) state;
	assert_int_equal(ldb_rle_split_block(ldb_slice(block, sizeof block), &runs, NULL), LDB_OK);
	assert_int_equal(runs.values.length, 4);
	assert_ptr_equal(runs.values.data, block + 8);
	assert_int_equal(runs.lengths.length, 2);
	assert_ptr_equal(runs.lengths.data, block + 12);
	block[0] = 7;
	assert_int_equal(ldb_rle_split_block(ldb_slice(block, sizeof block), &runs, NULL), LDB_CORRUPT);
	memset(block, 0xff, 8);
	assert_int_equal(ldb_rle_split_block(ldb_slice(block, sizeof block), &runs, NULL), LDB_CORRUPT);
	assert_int_equal(ldb_rle_split_block(ldb_slice(block, 7), &runs, NULL), LDB_CORRUPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeats_values_of_every_width),
		cmocka_unit_test(stops_after_the_values_that_are_wanted),
		cmocka_unit_test(refuses_too_few_runs_and_impossible_widths),
		cmocka_unit_test(splits_a_block_into_values_and_lengths),
	};

	return cmocka_run_group_tests_name("codec_rle", tests, NULL, NULL);
}
