/* test_encode_variable.c -- strings come back from chunks and blocks, nulls as empty ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "codec_variable.h"
#include "encode_variable.h"

#define COUNT 700

static uint8_t text[4096];
static LdbSlice values[COUNT];

static void
make_values(void)
{
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t) rand();
	for (size_t i = 0; i < COUNT; i++)
	{
		size_t length = rand() % 4 == 0 ? 0 : (size_t) rand() % 300;

		values[i] = ldb_slice(text + (size_t) rand() % (sizeof text - 300), length);
		if (length == 0 && i % 2 == 0)
			values[i].data = NULL;
	}
}

static void
check_views(const LdbSlice *views, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!ldb_slice_equal(views[i], values[i]))
			fail_msg("value %zu", i);
}

static void
gives_back_chunks(void **state)
{
	static LdbSlice views[COUNT];

	(void) state;
	srand(3);
	make_values();
	for (unsigned bits = 32; bits <= 64; bits += 32)
		for (size_t count = 0; count <= COUNT; count += 1 + count / 2)
		{
			uint64_t sum = ldb_variable_sum(values, count);
			uint64_t bytes = ldb_variable_chunk_bytes(bits, count, sum);
			uint8_t *chunk = malloc(bytes + 1);

			assert_int_equal(bytes % (bits / 8), 0);
			chunk[bytes] = 0xee;
			ldb_variable_encode_chunk(bits, values, count, chunk);
			assert_int_equal(chunk[bytes], 0xee);
			assert_int_equal(
				ldb_variable_decode_chunk(ldb_slice(chunk, bytes), bits, count, views, NULL),
				LDB_OK);
			check_views(views, count);
			free(chunk);
		}
}

static void
gives_back_blocks(void **state)
{
	LdbArena *arena = ldb_arena_new(0);

	(void) state;
	make_values();
	for (unsigned bits = 32; bits <= 64; bits += 32)
		for (size_t count = 0; count <= COUNT; count += 1 + count / 2)
		{
			uint64_t sum = ldb_variable_sum(values, count);
			uint64_t bytes = ldb_variable_block_bytes(bits, count, sum);
			uint8_t *block = malloc(bytes + 1);
			LdbSlice *views;

			block[bytes] = 0xee;
			ldb_variable_encode_block(bits, values, count, block);
			assert_int_equal(block[bytes], 0xee);
			assert_int_equal(
				ldb_variable_decode_block(ldb_slice(block, bytes), count, arena, &views, NULL),
				LDB_OK);
			check_views(views, count);
			free(block);
		}
	ldb_arena_free(arena);
}

/* As LanceDB lays out "a", null, "ccc". */
static void
writes_a_chunk_as_lancedb_does(void **state)
{
	static const uint8_t expected[20] = {16, 0, 0,  0, 17, 0, 0,   0,   17,  0,
										 0,  0, 20, 0, 0,  0, 'a', 'c', 'c', 'c'};
	LdbSlice three[3] = {ldb_slice("a", 1), ldb_slice(NULL, 0), ldb_slice("ccc", 3)};
	uint8_t chunk[20];

	(void) state;
	assert_int_equal(ldb_variable_chunk_bytes(32, 3, 4), 20);
	ldb_variable_encode_chunk(32, three, 3, chunk);
	assert_memory_equal(chunk, expected, 20);
	assert_int_equal(ldb_variable_longest(three, 3), 3);
	assert_int_equal(ldb_variable_longest(three, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_chunks),
		cmocka_unit_test(gives_back_blocks),
		cmocka_unit_test(writes_a_chunk_as_lancedb_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
