/* test_bitmap.c -- runs of bits at any position, against one bit at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ldb/base/bitmap.h"

enum
{
	BYTES = 48
};

static void
fill_randomly(uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t) rand();
}

static void
copies_any_run_and_nothing_beside_it(void **state)
{
	(void) state;
	srand(7);
	for (int round = 0; round < 20000; round++)
	{
		size_t count = (size_t) rand() % 300;
		size_t from_bit = (size_t) rand() % 20;
		size_t to_bit = (size_t) rand() % 20;
		/* Exactly as long as needed, so that the sanitizer sees a read past the end. */
		size_t from_bytes = ldb_bitmap_bytes(from_bit + count);
		uint8_t *from = malloc(from_bytes + 1);
		uint8_t *exact = malloc(from_bytes == 0 ? 1 : from_bytes);
		uint8_t to[BYTES];
		uint8_t expected[BYTES];

		fill_randomly(from, from_bytes);
		memcpy(exact, from, from_bytes);
		fill_randomly(to, BYTES);
		memcpy(expected, to, BYTES);
		for (size_t i = 0; i < count; i++)
		{
			if (ldb_bit_get(exact, from_bit + i))
				ldb_bit_set(expected, to_bit + i);
			else
				ldb_bit_clear(expected, to_bit + i);
		}
		ldb_bitmap_copy(to, to_bit, exact, from_bit, count);
		assert_memory_equal(to, expected, BYTES);
		free(from);
		free(exact);
	}
}

static void
fills_any_run_and_nothing_beside_it(void **state)
{
	(void) state;
	srand(8);
	for (int round = 0; round < 20000; round++)
	{
		size_t count = (size_t) rand() % 300;
		size_t first = (size_t) rand() % 20;
		uint8_t bits[BYTES];
		uint8_t expected[BYTES];

		fill_randomly(bits, BYTES);
		memcpy(expected, bits, BYTES);
		for (size_t i = 0; i < count; i++)
			ldb_bit_set(expected, first + i);
		ldb_bitmap_fill(bits, first, count);
		assert_memory_equal(bits, expected, BYTES);
	}
}

static void
counts_the_ones_of_any_run(void **state)
{
	(void) state;
	srand(9);
	for (int round = 0; round < 20000; round++)
	{
		size_t count = (size_t) rand() % 300;
		size_t first = (size_t) rand() % 20;
		size_t expected = 0;
		uint8_t bits[BYTES];

		fill_randomly(bits, BYTES);
		for (size_t i = 0; i < count; i++)
			expected += ldb_bit_get(bits, first + i);
		assert_int_equal(ldb_bitmap_count(bits, first, count), expected);
	}
}

static void
counts_none_where_there_is_no_bitmap(void **state)
{
	(void) state;
	assert_int_equal(ldb_bitmap_count(NULL, 0, 0), 0);
}

static void
knows_how_many_bytes_bits_take(void **state)
{
	(void) state;
	assert_int_equal(ldb_bitmap_bytes(0), 0);
	assert_int_equal(ldb_bitmap_bytes(1), 1);
	assert_int_equal(ldb_bitmap_bytes(8), 1);
	assert_int_equal(ldb_bitmap_bytes(9), 2);
	assert_true(ldb_bitmap_bytes(SIZE_MAX) == SIZE_MAX / 8 + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_any_run_and_nothing_beside_it),
		cmocka_unit_test(fills_any_run_and_nothing_beside_it),
		cmocka_unit_test(counts_the_ones_of_any_run),
		cmocka_unit_test(counts_none_where_there_is_no_bitmap),
		cmocka_unit_test(knows_how_many_bytes_bits_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
