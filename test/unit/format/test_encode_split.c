/* test_encode_split.c -- split bytes come back together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "codec_split.h"
#include "encode_split.h"

static void
gives_back_values_of_any_width(void **state)
{
	uint8_t values[100 * 16];
	uint8_t split[100 * 16 + 1];
	LdbArena *arena = ldb_arena_new(0);

	(void) state;
	for (size_t width = 1; width <= 16; width++)
	{
		size_t bytes = 100 * width;
		void *out;

		for (size_t i = 0; i < bytes; i++)
			values[i] = (uint8_t) rand();
		split[bytes] = 0xee;
		ldb_split_encode(values, width, 100, split);
		assert_int_equal(split[bytes], 0xee);
		assert_int_equal(
			ldb_split_decode(ldb_slice(split, bytes), width * 8, 100, arena, &out, NULL), LDB_OK);
		assert_memory_equal(out, values, bytes);
	}
	ldb_arena_free(arena);
}

static void
puts_the_first_bytes_first(void **state)
{
	const uint16_t values[3] = {0x1234, 0x5678, 0x9abc};
	const uint8_t expected[6] = {0x34, 0x78, 0xbc, 0x12, 0x56, 0x9a};
	uint8_t split[6];

	(void) state;
	ldb_split_encode(values, 2, 3, split);
	assert_memory_equal(split, expected, 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_values_of_any_width),
		cmocka_unit_test(puts_the_first_bytes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
