/* test_encode_bitpack.c -- what is packed comes back, in the size that was said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "encode_bitpack.h"

#define MOST 5000

static uint64_t
random_bits(unsigned bits)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 5; i++)
		value = value << 15 ^ (uint64_t) rand();
	return bits == 0 ? 0 : value >> (64 - bits);
}

/* Words of at most `bits` bits; the first has them all. */
static void
random_words(uint8_t *words, unsigned word_bits, unsigned bits, size_t count)
{
	for (size_t i = 0; i < count; i++)
	{
		uint64_t value = i == 0 && bits > 0 ? UINT64_MAX >> (64 - bits) : random_bits(bits);

		memcpy(words + i * (word_bits / 8), &value, word_bits / 8);
	}
}

static void
gives_back_a_block_of_every_width_from_any_address(void **state)
{
	static uint8_t values[8192 + 1];
	static uint8_t packed[8192 + 3 + 1];
	static uint64_t out[1024];

	(void) state;
	srand(1);
	for (unsigned word_bits = 8; word_bits <= 64; word_bits *= 2)
		for (unsigned width = 0; width <= word_bits; width++)
		{
			uint8_t *to = packed + width % 3;

			random_words(values + 1, word_bits, width, 1024);
			assert_int_equal(ldb_bit_width(word_bits, values + 1, 1024), width);
			memset(packed, 0xee, sizeof packed);
			ldb_bitpack_1024(word_bits, width, values + 1, to);
			assert_int_equal(to[ldb_bitpack_block_bytes(width)], 0xee);
			ldb_bitunpack_1024(word_bits, width, to, out);
			assert_memory_equal(out, values + 1, 1024 * word_bits / 8);
		}
}

static void
says_the_width_of_the_largest_value(void **state)
{
	int32_t negative[3] = {1, -1, 2};
	uint16_t small[40] = {0};
	uint64_t large[1] = {UINT64_C(1) << 63};

	(void) state;
	assert_int_equal(ldb_bit_width(32, negative, 1), 1);
	assert_int_equal(ldb_bit_width(32, negative, 3), 32);
	assert_int_equal(ldb_bit_width(32, negative, 0), 0);
	assert_int_equal(ldb_bit_width(16, small, 40), 0);
	for (size_t i = 0; i < 40; i++)
	{
		small[i] = 300;
		assert_int_equal(ldb_bit_width(16, small, 40), 9);
		small[i] = 0;
	}
	assert_int_equal(ldb_bit_width(64, large, 1), 64);
}

static void
gives_back_a_block_with_its_width_in_front(void **state)
{
	static uint8_t values[8192];
	static uint8_t buffer[8192 + 8 + 1];
	LdbArena *arena = ldb_arena_new(0);

	(void) state;
	for (unsigned word_bits = 8; word_bits <= 64; word_bits *= 2)
		for (unsigned width = 0; width <= word_bits; width++)
		{
			size_t count = width % 5 == 0 ? 1024 : (size_t) rand() % 1024 + 1;
			size_t bytes = ldb_bitpack_inline_bytes(word_bits, width);
			void *out;

			random_words(values, word_bits, width, count);
			memset(buffer, 0xee, sizeof buffer);
			ldb_bitpack_inline_encode(word_bits, width, values, count, buffer);
			assert_int_equal(buffer[bytes], 0xee);
			assert_int_equal(ldb_bitpack_inline_decode(ldb_slice(buffer, bytes), word_bits, count,
													   arena, &out, NULL),
							 LDB_OK);
			assert_memory_equal(out, values, count * word_bits / 8);
		}
	ldb_arena_free(arena);
}

static void
check_outline(unsigned word_bits, unsigned width, size_t count, LdbArena *arena)
{
	static uint8_t values[MOST * 8];
	static uint8_t buffer[MOST * 8 + 8192 + 1];
	size_t bytes = ldb_bitpack_outline_bytes(word_bits, width, count);
	void *out;

	random_words(values, word_bits, width, count);
	memset(buffer, 0xee, sizeof buffer);
	ldb_bitpack_outline_encode(word_bits, width, values, count, buffer);
	assert_int_equal(buffer[bytes], 0xee);
	assert_int_equal(ldb_bitpack_outline_decode(ldb_slice(buffer, bytes), word_bits, width, count,
												arena, &out, NULL),
					 LDB_OK);
	assert_memory_equal(out, values, count * word_bits / 8);
	ldb_arena_reset(arena);
}

static void
gives_back_blocks_with_a_tail_of_any_length(void **state)
{
	LdbArena *arena = ldb_arena_new(0);

	(void) state;
	for (unsigned word_bits = 8; word_bits <= 64; word_bits *= 2)
		for (unsigned width = 1; width <= word_bits; width++)
		{
			/* around where a packed tail has the size of one of words */
			size_t even = 1024 * width / word_bits;

			for (size_t tail = even - 1; tail <= even + 1; tail++)
				check_outline(word_bits, width, 2048 + tail, arena);
			check_outline(word_bits, width, 1, arena);
			check_outline(word_bits, width, 1023, arena);
			check_outline(word_bits, width, 1024, arena);
			check_outline(word_bits, width, (size_t) rand() % MOST + 1, arena);
		}
	ldb_arena_free(arena);
}

static void
packs_a_short_tail_as_words_when_that_is_smaller(void **state)
{
	(void) state;
	assert_int_equal(ldb_bitpack_outline_bytes(16, 1, 0), 0);
	assert_int_equal(ldb_bitpack_outline_bytes(16, 1, 10), 20);
	assert_int_equal(ldb_bitpack_outline_bytes(16, 1, 64), 128);
	assert_int_equal(ldb_bitpack_outline_bytes(16, 1, 65), 128);
	assert_int_equal(ldb_bitpack_outline_bytes(16, 2, 1024 + 1000), 512);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_a_block_of_every_width_from_any_address),
		cmocka_unit_test(says_the_width_of_the_largest_value),
		cmocka_unit_test(gives_back_a_block_with_its_width_in_front),
		cmocka_unit_test(gives_back_blocks_with_a_tail_of_any_length),
		cmocka_unit_test(packs_a_short_tail_as_words_when_that_is_smaller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
