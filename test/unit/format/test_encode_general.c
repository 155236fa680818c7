/* test_encode_general.c -- compressed buffers come back; schemes that compress nothing are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "encode_general.h"

static void
check(LdbScheme scheme, int level, LdbSlice buffer, size_t most)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbCompressor *compressor;
	LdbSlice decoded;
	size_t written;
	size_t bound;
	uint8_t *out;

	assert_int_equal(ldb_compressor_new(scheme, level, &compressor, NULL), LDB_OK);
	bound = ldb_compressor_bound(compressor, buffer.length);
	out = malloc(bound);
	for (int round = 0; round < 2; round++)
	{
		assert_int_equal(ldb_compressor_run(compressor, buffer, out, &written, NULL), LDB_OK);
		assert_true(written <= bound && written <= most);
		assert_int_equal(ldb_general_decode(scheme, ldb_slice(out, written), buffer.length, arena,
											&decoded, NULL),
						 LDB_OK);
		assert_true(ldb_slice_equal(decoded, buffer));
	}
	free(out);
	ldb_compressor_free(compressor);
	ldb_arena_free(arena);
}

static void
gives_back_what_was_compressed(void **state)
{
	static uint8_t noise[70000];
	static uint8_t zeros[70000];

	(void) state;
	srand(4);
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (uint8_t) rand();
	for (int scheme = LDB_SCHEME_LZ4; scheme <= LDB_SCHEME_ZSTD; scheme++)
	{
		check((LdbScheme) scheme, 0, ldb_slice(noise, sizeof noise), sizeof noise + 500);
		check((LdbScheme) scheme, 0, ldb_slice(zeros, sizeof zeros), 400);
		check((LdbScheme) scheme, 3, ldb_slice(noise, 1), 20);
		check((LdbScheme) scheme, 0, ldb_slice(NULL, 0), 0);
	}
}

static void
refuses_what_is_no_scheme(void **state)
{
	LdbCompressor *compressor;

	(void) state;
	assert_int_equal(ldb_compressor_new(LDB_SCHEME_NONE, 0, &compressor, NULL), LDB_INVALID);
	assert_int_equal(ldb_compressor_new((LdbScheme) 3, 0, &compressor, NULL), LDB_INVALID);
	ldb_compressor_free(NULL);
}

static void
refuses_buffers_that_lz4_cannot_take(void **state)
{
	LdbSlice huge = ldb_slice("", (size_t) 3 << 30); /* never looked at */
	LdbCompressor *compressor;
	uint8_t out[8];
	size_t written;

	(void) state;
	assert_int_equal(ldb_compressor_new(LDB_SCHEME_LZ4, 0, &compressor, NULL), LDB_OK);
	assert_int_equal(ldb_compressor_bound(compressor, huge.length), 0);
	assert_int_equal(ldb_compressor_run(compressor, huge, out, &written, NULL), LDB_INVALID);
	ldb_compressor_free(compressor);
}

static void
reports_that_memory_is_out(void **state)
{
	LdbCompressor *compressor;

	(void) state;
	ldb_heap_fail_after(1);
	assert_int_equal(ldb_compressor_new(LDB_SCHEME_ZSTD, 0, &compressor, NULL), LDB_NOMEM);
	ldb_heap_fail_after(0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_was_compressed),
		cmocka_unit_test(refuses_what_is_no_scheme),
		cmocka_unit_test(refuses_buffers_that_lz4_cannot_take),
		cmocka_unit_test(reports_that_memory_is_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
