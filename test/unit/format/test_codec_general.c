/* test_codec_general.c -- lz4 and zstd buffers open up; bombs and lies about lengths do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "codec_general.h"

#define TEXT_BYTES 5000

static uint8_t text[TEXT_BYTES];
static uint8_t packed[64 * 1024];

static void
make_text(void)
{
	for (size_t i = 0; i < TEXT_BYTES; i++)
		text[i] = (uint8_t) ("lance table "[i % 12] + (i % 97 == 0));
}

static LdbSlice
lz4_buffer(uint32_t claimed)
{
	int length = LZ4_compress_default((const char *) text, (char *) packed + 4, TEXT_BYTES,
									  (int) sizeof packed - 4);

	memcpy(packed, &claimed, 4);
	return ldb_slice(packed, (size_t) length + 4);
}

/* A frame as streaming writers make it: without its content size. */
static size_t
zstd_frame(uint8_t *to, size_t capacity, bool with_size)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t length;

	ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, with_size);
	length = ZSTD_compress2(context, to, capacity, text, TEXT_BYTES);
	ZSTD_freeCCtx(context);
	assert_false(ZSTD_isError(length));
	return length;
}

static LdbSlice
zstd_buffer(uint64_t claimed, bool with_size)
{
	memcpy(packed, &claimed, 8);
	return ldb_slice(packed, zstd_frame(packed + 8, sizeof packed - 8, with_size) + 8);
}

static void
check(int scheme, LdbSlice buffer, uint64_t most, LdbStatus expected)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbSlice decoded;

	assert_int_equal(ldb_general_decode(scheme, buffer, most, arena, &decoded, NULL), expected);
	if (expected == LDB_OK)
		assert_true(ldb_slice_equal(decoded, ldb_slice(text, TEXT_BYTES)));
	ldb_arena_free(arena);
}

static void
opens_lz4_and_both_forms_of_zstd(void **state)
{
	(void) state;
	make_text();
	check(LDB_SCHEME_LZ4, lz4_buffer(TEXT_BYTES), UINT64_MAX, LDB_OK);
	check(LDB_SCHEME_ZSTD, zstd_buffer(TEXT_BYTES, true), UINT64_MAX, LDB_OK);
	check(LDB_SCHEME_ZSTD, zstd_buffer(TEXT_BYTES, false), TEXT_BYTES, LDB_OK);
	check(LDB_SCHEME_ZSTD, ldb_slice(packed, zstd_frame(packed, sizeof packed, true)), TEXT_BYTES,
		  LDB_OK);
	check(LDB_SCHEME_ZSTD, ldb_slice(packed, zstd_frame(packed, sizeof packed, false)), TEXT_BYTES,
		  LDB_OK);
	check(LDB_SCHEME_NONE, ldb_slice(text, TEXT_BYTES), 0, LDB_OK);
}

static void
takes_an_empty_buffer_for_nothing(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbSlice nothing = {NULL, 0};
	LdbSlice decoded;

	(void) state;
	for (int scheme = 0; scheme <= 2; scheme++)
	{
		assert_int_equal(ldb_general_decode(scheme, nothing, 10, arena, &decoded, NULL), LDB_OK);
		assert_int_equal(decoded.length, 0);
	}
	ldb_arena_free(arena);
}

static void
refuses_lengths_that_are_not_true(void **state)
{
	static const uint64_t claims[] = {0,          1,          TEXT_BYTES - 1, TEXT_BYTES + 1,
									  1000000000, UINT32_MAX, UINT64_MAX,     (uint64_t) 1 << 63};

	(void) state;
	make_text();
	for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
	{
		check(LDB_SCHEME_ZSTD, zstd_buffer(claims[i], true), UINT64_MAX, LDB_CORRUPT);
		check(LDB_SCHEME_ZSTD, zstd_buffer(claims[i], false), TEXT_BYTES, LDB_CORRUPT);
		check(LDB_SCHEME_LZ4, lz4_buffer((uint32_t) claims[i]), UINT64_MAX, LDB_CORRUPT);
	}
}

static void
refuses_more_than_the_caller_can_use(void **state)
{
	(void) state;
	make_text();
	check(LDB_SCHEME_LZ4, lz4_buffer(TEXT_BYTES), TEXT_BYTES - 1, LDB_CORRUPT);
	check(LDB_SCHEME_ZSTD, zstd_buffer(TEXT_BYTES, false), TEXT_BYTES - 1, LDB_CORRUPT);
	check(LDB_SCHEME_ZSTD, ldb_slice(packed, zstd_frame(packed, sizeof packed, true)),
		  TEXT_BYTES - 1, LDB_CORRUPT);
	check(LDB_SCHEME_ZSTD, ldb_slice(packed, zstd_frame(packed, sizeof packed, false)),
		  TEXT_BYTES - 1, LDB_CORRUPT);
}

static void
refuses_every_truncation(void **state)
{
	LdbSlice buffer;

	(void) state;
	make_text();
	buffer = lz4_buffer(TEXT_BYTES);
	for (size_t length = 1; length < buffer.length; length++)
		check(LDB_SCHEME_LZ4, ldb_slice(buffer.data, length), UINT64_MAX, LDB_CORRUPT);
	buffer = zstd_buffer(TEXT_BYTES, true);
	for (size_t length = 1; length < buffer.length; length++)
		check(LDB_SCHEME_ZSTD, ldb_slice(buffer.data, length), UINT64_MAX, LDB_CORRUPT);
	buffer = ldb_slice(packed, zstd_frame(packed, sizeof packed, false));
	for (size_t length = 1; length < buffer.length; length++)
		check(LDB_SCHEME_ZSTD, ldb_slice(buffer.data, length), UINT64_MAX, LDB_CORRUPT);
}

/* A few kilobytes that would become a gigabyte. */
static LdbSlice
make_bomb(uint8_t *bomb, size_t capacity)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	ZSTD_outBuffer out = {bomb, capacity, 0};
	static const uint8_t zeros[1 << 20];

	for (int i = 0; i < 1024; i++)
	{
		ZSTD_inBuffer in = {zeros, sizeof zeros, 0};

		while (in.pos < in.size)
			assert_false(ZSTD_isError(ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue)));
	}
	assert_int_equal(ZSTD_compressStream2(context, &out, &(ZSTD_inBuffer){zeros, 0, 0}, ZSTD_e_end),
					 0);
	ZSTD_freeCCtx(context);
	return ldb_slice(bomb, out.pos);
}

static void
does_not_let_a_bomb_past_the_arena(void **state)
{
	static uint8_t bytes[256 * 1024];
	LdbArena *arena = ldb_arena_new(64 * 1024 * 1024);
	LdbSlice bomb = make_bomb(bytes + 8, sizeof bytes - 8);
	uint64_t claimed = (uint64_t) 1 << 30;
	LdbSlice decoded;

	(void) state;
	assert_int_equal(ldb_general_decode(LDB_SCHEME_ZSTD, bomb, UINT64_MAX, arena, &decoded, NULL),
					 LDB_NOMEM);
	memcpy(bytes, &claimed, 8);
	bomb = ldb_slice(bytes, bomb.length + 8);
	assert_int_equal(ldb_general_decode(LDB_SCHEME_ZSTD, bomb, UINT64_MAX, arena, &decoded, NULL),
					 LDB_NOMEM);
	assert_int_equal(ldb_general_decode(LDB_SCHEME_ZSTD, bomb, 1 << 20, arena, &decoded, NULL),
					 LDB_CORRUPT);
	ldb_arena_free(arena);
}

static void
knows_schemes_by_number_and_by_name(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbError err;
	LdbSlice decoded;
	int scheme;

	(void) state;
	assert_int_equal(ldb_general_decode(3, ldb_slice("x", 1), UINT64_MAX, arena, &decoded, &err),
					 LDB_UNSUPPORTED);
	assert_non_null(strstr(err.message, "3"));
	assert_int_equal(ldb_scheme_parse("zstd", &scheme, NULL), LDB_OK);
	assert_int_equal(scheme, LDB_SCHEME_ZSTD);
	assert_int_equal(ldb_scheme_parse("lz4", &scheme, NULL), LDB_OK);
	assert_int_equal(scheme, LDB_SCHEME_LZ4);
	assert_int_equal(ldb_scheme_parse(NULL, &scheme, NULL), LDB_OK);
	assert_int_equal(scheme, LDB_SCHEME_NONE);
	assert_int_equal(ldb_scheme_parse("brotli", &scheme, &err), LDB_UNSUPPORTED);
	assert_non_null(strstr(err.message, "brotli"));
	ldb_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_lz4_and_both_forms_of_zstd),
		cmocka_unit_test(takes_an_empty_buffer_for_nothing),
		cmocka_unit_test(refuses_lengths_that_are_not_true),
		cmocka_unit_test(refuses_more_than_the_caller_can_use),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(does_not_let_a_bomb_past_the_arena),
		cmocka_unit_test(knows_schemes_by_number_and_by_name),
	};

	return cmocka_run_group_tests_name("codec_general", tests, NULL, NULL);
}
