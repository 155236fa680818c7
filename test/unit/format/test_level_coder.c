/* test_level_coder.c -- levels as blocks are decoded to what they were, packed or as runs. */
#include "leaf_writer.h"

#include "arrow/random_array.h"

static uint16_t *
random_levels(size_t count, uint16_t max, size_t run)
{
	uint16_t *levels = ldb_arena_alloc_array(arena, count + 1, sizeof *levels);

	for (size_t i = 0; i < count; i++)
		levels[i] = i % run == 0 ? (uint16_t) random_below((size_t) max + 1) : levels[i - 1];
	return levels;
}

static void
check(const LdbLevelCoder *coder, size_t first, size_t count)
{
	size_t bytes = ldb_level_coder_bytes(coder, first, count);
	uint8_t *block = ldb_arena_alloc(arena, bytes);
	LdbEncoding *encoding = NULL;
	const void *decoded;

	ldb_level_coder_put(coder, first, count, block);
	assert_int_equal(ldb_level_coder_message(coder, arena, &encoding, NULL), LDB_OK);
	assert_int_equal(
		ldb_block_fixed(encoding, ldb_slice(block, bytes), 16, count, arena, &decoded, NULL),
		LDB_OK);
	assert_memory_equal(decoded, coder->levels + first, count * sizeof *coder->levels);
}

static void
blocks_of_levels_decode_to_them(void **state)
{
	static const uint16_t maxima[] = {1, 2, 3, 4, 9, 1000};
	static const size_t runs[] = {1, 50, 5000};
	static const size_t counts[] = {1, 63, 64, 65, 1023, 1024, 1025, 5000};

	(void) state;
	for (int version = 21; version <= 22; version++)
		for (size_t i = 0; i < 6; i++)
			for (size_t j = 0; j < 3; j++)
				for (size_t k = 0; k < 8; k++)
				{
					uint16_t *levels = random_levels(6000, maxima[i], runs[j]);
					LdbLevelCoder coder = ldb_level_coder(levels, maxima[i], 6000, version);

					assert_int_equal(coder.runs, version == 22 && runs[j] > 1);
					check(&coder, 0, counts[k]);
					check(&coder, 333, counts[k]);
				}
}

static void
no_levels_take_no_bytes_and_no_message(void **state)
{
	LdbLevelCoder coder = ldb_level_coder(NULL, 0, 1000, 22);
	LdbEncoding *encoding = NULL;

	(void) state;
	assert_int_equal(ldb_level_coder_bytes(&coder, 0, 1000), 0);
	assert_int_equal(ldb_level_coder_message(&coder, arena, &encoding, NULL), LDB_OK);
	assert_null(encoding);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(blocks_of_levels_decode_to_them, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_levels_take_no_bytes_and_no_message, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
