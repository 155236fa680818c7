/* test_codec_bitpack.c -- packed integers come back; short or impossible buffers are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "codec_bitpack.h"

/* One value at a time, straight from the layout's definition: the slow way to write a block. */
static void
pack_block(unsigned word_bits, unsigned packed_bits, const uint64_t *values, uint8_t *packed)
{
	static const unsigned order[8] = {0, 4, 2, 6, 1, 5, 3, 7};
	unsigned lanes = 1024 / word_bits;

	memset(packed, 0, ldb_bitpack_block_bytes(packed_bits));
	for (unsigned row = 0; row < word_bits; row++)
		for (unsigned lane = 0; lane < lanes; lane++)
			for (unsigned bit = 0; bit < packed_bits; bit++)
			{
				uint64_t value = values[order[row / 8] * 16 + row % 8 * 128 + lane];
				unsigned at = row * packed_bits + bit; /* within the lane */
				unsigned word = at / word_bits * lanes + lane;
				unsigned to = word * word_bits + at % word_bits;

				if (value >> bit & 1)
					packed[to / 8] |= (uint8_t) (1u << to % 8);
			}
}

static uint64_t
random_bits(unsigned bits)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 5; i++)
		value = value << 15 ^ (uint64_t) rand();
	return bits == 0 ? 0 : value >> (64 - bits);
}

static void
random_values(uint64_t *values, size_t count, unsigned bits)
{
	for (size_t i = 0; i < count; i++)
		values[i] = random_bits(bits);
}

static uint64_t
word_at(const void *words, unsigned word_bits, size_t i)
{
	uint64_t word = 0;

	memcpy(&word, (const uint8_t *) words + i * (word_bits / 8), word_bits / 8);
	return word;
}

static void
check_words(const void *words, unsigned word_bits, const uint64_t *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (word_at(words, word_bits, i) != values[i])
			fail_msg("%u-bit word %zu", word_bits, i);
}

static void
unpacks_every_width_of_every_word_from_any_address(void **state)
{
	static uint64_t values[1024];
	static uint64_t out[1024];
	static uint8_t packed[8192 + 3];

	(void) state;
	srand(1);
	for (unsigned word_bits = 8; word_bits <= 64; word_bits *= 2)
		for (unsigned packed_bits = 0; packed_bits <= word_bits; packed_bits++)
		{
			random_values(values, 1024, packed_bits);
			pack_block(word_bits, packed_bits, values, packed + packed_bits % 3);
			memset(out, 0xee, sizeof out);
			ldb_bitunpack_1024(word_bits, packed_bits, packed + packed_bits % 3, out);
			check_words(out, word_bits, values, 1024);
		}
}

static void
reads_a_block_with_its_width_in_front(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	uint64_t values[1024];
	uint8_t buffer[8 + 4096] = {0};
	LdbSlice slice = ldb_slice(buffer, 4 + ldb_bitpack_block_bytes(11));
	void *out;

	(void) state;
	random_values(values, 1024, 11);
	buffer[0] = 11;
	pack_block(32, 11, values, buffer + 4);
	assert_int_equal(ldb_bitpack_inline_decode(slice, 32, 700, arena, &out, NULL), LDB_OK);
	check_words(out, 32, values, 700);
	assert_int_equal(ldb_bitpack_inline_decode(slice, 32, 1025, arena, &out, NULL), LDB_CORRUPT);
	slice.length--;
	assert_int_equal(ldb_bitpack_inline_decode(slice, 32, 700, arena, &out, NULL), LDB_CORRUPT);
	slice.length = 3;
	assert_int_equal(ldb_bitpack_inline_decode(slice, 32, 0, arena, &out, NULL), LDB_CORRUPT);
	ldb_arena_free(arena);
}

static void
refuses_widths_that_do_not_exist(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	uint8_t buffer[16384] = {0};
	LdbSlice slice = ldb_slice(buffer, sizeof buffer);
	LdbBitStream stream = {slice, 32, 33, false};
	LdbError err;
	void *out;

	(void) state;
	buffer[0] = 33; /* more than the word has */
	assert_int_equal(ldb_bitpack_inline_decode(slice, 32, 1, arena, &out, &err), LDB_CORRUPT);
	assert_non_null(strstr(err.message, "33"));
	memset(buffer, 0xff, 8);
	assert_int_equal(ldb_bitpack_inline_decode(slice, 64, 1, arena, &out, NULL), LDB_CORRUPT);
	assert_int_equal(ldb_bitpack_inline_decode(slice, 0, 1, arena, &out, NULL), LDB_CORRUPT);
	assert_int_equal(ldb_bitpack_inline_decode(slice, 24, 1, arena, &out, NULL), LDB_CORRUPT);
	assert_int_equal(ldb_bitpack_inline_decode(slice, 128, 1, arena, &out, NULL), LDB_CORRUPT);
	assert_int_equal(ldb_bitpack_outline_decode(slice, 16, 17, 1, arena, &out, NULL), LDB_CORRUPT);
	assert_int_equal(ldb_bitpack_outline_decode(slice, 16, UINT64_MAX, 1, arena, &out, NULL),
					 LDB_CORRUPT);
	assert_int_equal(ldb_bitpack_outline_decode(slice, 12, 3, 1, arena, &out, NULL), LDB_CORRUPT);
	assert_int_equal(ldb_bitstream_decode(&stream, 0, 1, arena, &out, NULL), LDB_CORRUPT);
	ldb_arena_free(arena);
}

static void
reads_tails_that_are_packed_or_raw(void **state)
{
	enum
	{
		COUNT = 2 * 1024 + 100,
		BITS = 5
	};
	LdbArena *arena = ldb_arena_new(0);
	static uint64_t values[3 * 1024];
	static uint8_t buffer[3 * 1024 * 2];
	size_t block = ldb_bitpack_block_bytes(BITS);
	LdbSlice slice;
	void *out;

	(void) state;
	random_values(values, COUNT, BITS);
	for (size_t i = 0; i < 3; i++)
		pack_block(16, BITS, values + i * 1024, buffer + i * block);
	slice = ldb_slice(buffer, 3 * block);
	assert_int_equal(ldb_bitpack_outline_decode(slice, 16, BITS, COUNT, arena, &out, NULL), LDB_OK);
	check_words(out, 16, values, COUNT);
	slice.length--;
	assert_int_equal(ldb_bitpack_outline_decode(slice, 16, BITS, COUNT, arena, &out, NULL),
					 LDB_CORRUPT);
	for (size_t i = 0; i < 100; i++)
	{
		buffer[2 * block + 2 * i] = (uint8_t) values[2048 + i];
		buffer[2 * block + 2 * i + 1] = (uint8_t) (values[2048 + i] >> 8);
	}
	slice.length = 2 * block + 200;
	assert_int_equal(ldb_bitpack_outline_decode(slice, 16, BITS, COUNT, arena, &out, NULL), LDB_OK);
	check_words(out, 16, values, COUNT);
	slice.length = block;
	assert_int_equal(ldb_bitpack_outline_decode(slice, 16, BITS, COUNT, arena, &out, NULL),
					 LDB_CORRUPT);
	assert_int_equal(ldb_bitpack_outline_decode(slice, 16, BITS, UINT64_MAX, arena, &out, NULL),
					 LDB_CORRUPT);
	ldb_arena_free(arena);
}

static void
bounds_memory_when_values_need_no_bytes(void **state)
{
	LdbArena *arena = ldb_arena_new(1 << 20);
	LdbSlice nothing = {NULL, 0};
	void *out;

	(void) state;
	assert_int_equal(ldb_bitpack_outline_decode(nothing, 64, 0, 5000, arena, &out, NULL), LDB_OK);
	assert_int_equal(word_at(out, 64, 4999), 0);
	assert_int_equal(ldb_bitpack_outline_decode(nothing, 64, 0, UINT64_MAX, arena, &out, NULL),
					 LDB_NOMEM);
	ldb_arena_free(arena);
}

static void
reads_any_part_of_a_bit_stream_with_sign(void **state)
{
	enum
	{
		COUNT = 300
	};
	LdbArena *arena = ldb_arena_new(0);
	int64_t values[COUNT];
	uint8_t bytes[COUNT * 8];

	(void) state;
	for (unsigned width = 1; width <= 64; width++)
	{
		LdbBitStream stream = {ldb_slice(bytes, (COUNT * width + 7) / 8), 64, width, true};
		void *out;

		memset(bytes, 0, sizeof bytes);
		for (unsigned i = 0; i < COUNT; i++)
		{
			uint64_t raw = random_bits(width);

			for (unsigned bit = 0; bit < width; bit++)
				if (raw >> bit & 1)
					bytes[(i * width + bit) / 8] |= (uint8_t) (1u << (i * width + bit) % 8);
			values[i] = (int64_t) (raw << (64 - width)) >> (64 - width);
		}
		assert_int_equal(ldb_bitstream_decode(&stream, 17, 200, arena, &out, NULL), LDB_OK);
		assert_memory_equal(out, values + 17, 200 * 8);
		stream.bytes.length--;
		assert_int_equal(ldb_bitstream_decode(&stream, 1, COUNT - 1, arena, &out, NULL),
						 LDB_CORRUPT);
		assert_int_equal(ldb_bitstream_decode(&stream, UINT64_MAX, 2, arena, &out, NULL),
						 LDB_CORRUPT);
	}
	ldb_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unpacks_every_width_of_every_word_from_any_address),
		cmocka_unit_test(reads_a_block_with_its_width_in_front),
		cmocka_unit_test(refuses_widths_that_do_not_exist),
		cmocka_unit_test(reads_tails_that_are_packed_or_raw),
		cmocka_unit_test(bounds_memory_when_values_need_no_bytes),
		cmocka_unit_test(reads_any_part_of_a_bit_stream_with_sign),
	};

	return cmocka_run_group_tests_name("codec_bitpack", tests, NULL, NULL);
}
