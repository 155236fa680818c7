/* test_codec_variable.c -- offsets become views; those that lead elsewhere are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "codec_variable.h"

#define COUNT 4

static const char *const texts[COUNT] = {"one", "", "three", "x"};

static void
put_word(uint8_t *at, uint64_t value, unsigned bits)
{
	memcpy(at, &value, bits / 8);
}

/* Offsets from `base`, then the texts. Returns the end. */
static size_t
put_values(uint8_t *buffer, size_t at, unsigned bits, uint64_t base)
{
	size_t bytes = at + (COUNT + 1) * (bits / 8);

	put_word(buffer + at, base, bits);
	for (size_t i = 0; i < COUNT; i++)
	{
		memcpy(buffer + bytes, texts[i], strlen(texts[i]));
		bytes += strlen(texts[i]);
		base += strlen(texts[i]);
		put_word(buffer + at + (i + 1) * (bits / 8), base, bits);
	}
	return bytes;
}

static LdbSlice
make_chunk(uint8_t *buffer, unsigned bits)
{
	return ldb_slice(buffer, put_values(buffer, 0, bits, (COUNT + 1) * (bits / 8)));
}

static LdbSlice
make_block(uint8_t *buffer, unsigned bits)
{
	size_t word = bits / 8;

	put_word(buffer, bits, bits);
	put_word(buffer + word, (2 + COUNT + 1) * word, bits);
	return ldb_slice(buffer, put_values(buffer, 2 * word, bits, 0));
}

/* Before 2.1 was released: u8 width, number of values, place of the bytes. */
static LdbSlice
make_old_block(uint8_t *buffer, unsigned bits)
{
	size_t word = bits / 8;

	buffer[0] = (uint8_t) bits;
	put_word(buffer + 1, COUNT, bits);
	put_word(buffer + 1 + word, 1 + (2 + COUNT + 1) * word, bits);
	return ldb_slice(buffer, put_values(buffer, 1 + 2 * word, bits, 0));
}

static void
check_views(const LdbSlice *views)
{
	for (size_t i = 0; i < COUNT; i++)
		assert_true(ldb_slice_equal(views[i], ldb_slice_of(texts[i])));
}

static void
reads_chunks_with_offsets_of_both_widths(void **state)
{
	LdbSlice views[COUNT];
	uint8_t buffer[256];

	(void) state;
	for (unsigned bits = 32; bits <= 64; bits += 32)
	{
		assert_int_equal(
			ldb_variable_decode_chunk(make_chunk(buffer, bits), bits, COUNT, views, NULL), LDB_OK);
		check_views(views);
	}
	assert_int_equal(ldb_variable_decode_chunk(ldb_slice(NULL, 0), 32, 0, views, NULL), LDB_OK);
}

static void
reads_blocks_of_both_widths_and_of_the_old_form(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	uint8_t buffer[256];
	LdbSlice *views;

	(void) state;
	for (unsigned bits = 32; bits <= 64; bits += 32)
	{
		assert_int_equal(
			ldb_variable_decode_block(make_block(buffer, bits), COUNT, arena, &views, NULL),
			LDB_OK);
		check_views(views);
		assert_int_equal(
			ldb_variable_decode_block(make_old_block(buffer, bits), COUNT, arena, &views, NULL),
			LDB_OK);
		check_views(views);
	}
	ldb_arena_free(arena);
}

static void
refuses_offsets_that_lead_back_out_or_into_the_offsets(void **state)
{
	LdbSlice views[COUNT];
	uint8_t buffer[256];
	LdbSlice chunk;

	(void) state;
	for (size_t i = 0; i <= COUNT; i++)
	{
		static const uint32_t bad[] = {0, 19, 30, UINT32_MAX};

		for (size_t j = 0; j < sizeof bad / sizeof *bad; j++)
		{
			chunk = make_chunk(buffer, 32); /* 20 bytes of offsets, 9 of text */
			put_word(buffer + i * 4, bad[j], 32);
			assert_int_equal(ldb_variable_decode_chunk(chunk, 32, COUNT, views, NULL), LDB_CORRUPT);
		}
	}
	chunk = make_chunk(buffer, 64);
	put_word(buffer + 16, UINT64_MAX, 64);
	assert_int_equal(ldb_variable_decode_chunk(chunk, 64, COUNT, views, NULL), LDB_CORRUPT);
}

static void
refuses_every_truncation_and_counts_that_do_not_fit(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbSlice views[COUNT];
	LdbSlice *block_views;
	uint8_t buffer[256];
	LdbSlice whole;

	(void) state;
	whole = make_chunk(buffer, 32);
	for (size_t length = 0; length < whole.length; length++)
		assert_int_equal(
			ldb_variable_decode_chunk(ldb_slice(buffer, length), 32, COUNT, views, NULL),
			LDB_CORRUPT);
	assert_int_equal(ldb_variable_decode_chunk(whole, 32, UINT64_MAX, views, NULL), LDB_CORRUPT);
	assert_int_equal(ldb_variable_decode_chunk(whole, 16, 1, views, NULL), LDB_CORRUPT);
	for (unsigned bits = 32; bits <= 64; bits += 32)
	{
		whole = make_block(buffer, bits);
		for (size_t length = 0; length < whole.length; length++)
			assert_int_equal(ldb_variable_decode_block(ldb_slice(buffer, length), COUNT, arena,
													   &block_views, NULL),
							 LDB_CORRUPT);
		assert_int_equal(ldb_variable_decode_block(whole, UINT64_MAX, arena, &block_views, NULL),
						 LDB_CORRUPT);
		assert_int_equal(ldb_variable_decode_block(whole, COUNT + 1, arena, &block_views, NULL),
						 LDB_CORRUPT);
	}
	ldb_arena_free(arena);
}

static void
refuses_block_headers_that_point_nowhere(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	uint8_t buffer[256];
	LdbSlice block = make_block(buffer, 32);
	LdbSlice *views;

	(void) state;
	put_word(buffer + 4, 7, 32); /* before the offsets */
	assert_int_equal(ldb_variable_decode_block(block, COUNT, arena, &views, NULL), LDB_CORRUPT);
	put_word(buffer + 4, 1000, 32);
	assert_int_equal(ldb_variable_decode_block(block, COUNT, arena, &views, NULL), LDB_CORRUPT);
	put_word(buffer, 48, 32);
	assert_int_equal(ldb_variable_decode_block(block, COUNT, arena, &views, NULL), LDB_CORRUPT);
	block = make_block(buffer, 64);
	put_word(buffer + 8, UINT64_MAX, 64);
	assert_int_equal(ldb_variable_decode_block(block, COUNT, arena, &views, NULL), LDB_CORRUPT);
	ldb_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_chunks_with_offsets_of_both_widths),
		cmocka_unit_test(reads_blocks_of_both_widths_and_of_the_old_form),
		cmocka_unit_test(refuses_offsets_that_lead_back_out_or_into_the_offsets),
		cmocka_unit_test(refuses_every_truncation_and_counts_that_do_not_fit),
		cmocka_unit_test(refuses_block_headers_that_point_nowhere),
	};

	return cmocka_run_group_tests_name("codec_variable", tests, NULL, NULL);
}
