/* test_codec_split.c -- bytes of split values find each other; short streams are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "codec_split.h"

static void
puts_the_bytes_of_each_value_together(void **state)
{
	enum
	{
		COUNT = 1000
	};
	static uint8_t values[COUNT * 8];
	static uint8_t split[COUNT * 8];
	LdbArena *arena = ldb_arena_new(0);

	(void) state;
	for (size_t i = 0; i < sizeof values; i++)
		values[i] = (uint8_t) rand();
	for (size_t width = 1; width <= 8; width++)
	{
		void *out;

		for (size_t i = 0; i < COUNT; i++)
			for (size_t byte = 0; byte < width; byte++)
				split[byte * COUNT + i] = values[i * width + byte];
		assert_int_equal(
			ldb_split_decode(ldb_slice(split, COUNT * width), width * 8, COUNT, arena, &out, NULL),
			LDB_OK);
		assert_memory_equal(out, values, COUNT * width);
		assert_int_equal(ldb_split_decode(ldb_slice(split, COUNT * width - 1), width * 8, COUNT,
										  arena, &out, NULL),
						 LDB_CORRUPT);
	}
	ldb_arena_free(arena);
}

static void
refuses_widths_and_counts_that_cannot_be(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	uint8_t bytes[64] = {0};
	LdbSlice buffer = ldb_slice(bytes, sizeof bytes);
	void *out;

	(void) state;
	assert_int_equal(ldb_split_decode(buffer, 0, 1, arena, &out, NULL), LDB_CORRUPT);
	assert_int_equal(ldb_split_decode(buffer, 12, 1, arena, &out, NULL), LDB_CORRUPT);
	assert_int_equal(ldb_split_decode(buffer, 64, UINT64_MAX / 4, arena, &out, NULL), LDB_CORRUPT);
	assert_int_equal(ldb_split_decode(buffer, UINT64_MAX - 7, 2, arena, &out, NULL), LDB_CORRUPT);
	ldb_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_the_bytes_of_each_value_together),
		cmocka_unit_test(refuses_widths_and_counts_that_cannot_be),
	};

	return cmocka_run_group_tests_name("codec_split", tests, NULL, NULL);
}
