/* test_encode_rle.c -- runs come back as the values they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "codec_rle.h"
#include "encode_rle.h"

#define MOST 6000

/* Values of `width` bytes in runs of up to `longest`. */
static void
make_runs(uint8_t *values, size_t width, size_t count, size_t longest)
{
	size_t left = 0;
	uint8_t value = 0;

	for (size_t i = 0; i < count; i++, left--)
	{
		if (left == 0)
		{
			left = (size_t) rand() % longest + 1;
			value = (uint8_t) rand();
		}
		memset(values + i * width, 0, width);
		values[i * width + width - 1] = value;
	}
}

static void
check(const uint8_t *values, size_t width, size_t count, LdbArena *arena)
{
	size_t runs = ldb_rle_count(values, width, count, SIZE_MAX - 1);
	size_t bytes = ldb_rle_block_bytes(runs, width);
	uint8_t *block = ldb_arena_alloc(arena, bytes + 1);
	LdbRuns stored = {.value_bits = width * 8, .length_bits = 8};
	void *out;

	block[bytes] = 0xee;
	ldb_rle_encode_block(values, width, count, runs, block);
	assert_int_equal(block[bytes], 0xee);
	assert_int_equal(ldb_rle_split_block(ldb_slice(block, bytes), &stored, NULL), LDB_OK);
	assert_int_equal(stored.lengths.length, runs);
	assert_int_equal(ldb_rle_decode(&stored, count, arena, &out, NULL), LDB_OK);
	assert_memory_equal(out, values, count * width);
	/* and not one value more is in them */
	assert_int_equal(ldb_rle_decode(&stored, count + 1, arena, &out, NULL), LDB_CORRUPT);
	ldb_arena_reset(arena);
}

static void
gives_back_runs_of_every_width(void **state)
{
	static const size_t widths[] = {1, 2, 3, 4, 8, 16, 32};
	static const size_t longest[] = {1, 3, 255, 256, 2000};
	static uint8_t values[MOST * 32];
	LdbArena *arena = ldb_arena_new(0);

	(void) state;
	srand(2);
	for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
		for (size_t l = 0; l < sizeof longest / sizeof *longest; l++)
		{
			size_t count = (size_t) rand() % MOST + 1;

			make_runs(values, widths[w], count, longest[l]);
			check(values, widths[w], count, arena);
		}
	ldb_arena_free(arena);
}

static void
splits_runs_longer_than_a_length_takes(void **state)
{
	static uint32_t same[511];

	(void) state;
	assert_int_equal(ldb_rle_count(same, 4, 0, 100), 0);
	assert_int_equal(ldb_rle_count(same, 4, 255, 100), 1);
	assert_int_equal(ldb_rle_count(same, 4, 256, 100), 2);
	assert_int_equal(ldb_rle_count(same, 4, 511, 100), 3);
}

static void
stops_counting_where_it_cannot_pay(void **state)
{
	uint16_t values[100];

	(void) state;
	for (uint16_t i = 0; i < 100; i++)
		values[i] = i;
	assert_int_equal(ldb_rle_count(values, 2, 100, 1000), 100);
	assert_int_equal(ldb_rle_count(values, 2, 100, 10), 11);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_runs_of_every_width),
		cmocka_unit_test(splits_runs_longer_than_a_length_takes),
		cmocka_unit_test(stops_counting_where_it_cannot_pay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
