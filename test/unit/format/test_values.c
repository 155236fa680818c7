/* test_values.c -- chunks of every value encoding, whole and in part. */
#include <lz4.h>

#include "file21.h"

#include "page_impl.h"

static const LdbType int32_type = {.kind = LDB_TYPE_INT32};
static const LdbType string_type = {.kind = LDB_TYPE_STRING};

typedef struct Fixture
{
	Draft draft;
	LdbChunk chunk;
	LdbChunkCache cache;
	LdbCodec codec;
	LdbType type;
} Fixture;

static void
start(Fixture *fixture, const LdbType *type)
{
	memset(fixture, 0, sizeof *fixture);
	draft_start(&fixture->draft, 0);
	fixture->type = *type;
	fixture->cache.arena = ldb_arena_new(0);
}

static void
end(Fixture *fixture)
{
	ldb_arena_free(fixture->cache.arena);
	draft_end(&fixture->draft);
}

static void
chunk(Fixture *fixture, const E *values, size_t count)
{
	LdbError err;

	if (ldb_codec_compile(values, &fixture->type, NULL, false, fixture->draft.arena,
						  &fixture->codec, &err) != LDB_OK)
		fail_msg("%s", err.message);
	fixture->chunk.count = count;
}

static void
buffer(Fixture *fixture, const void *bytes, size_t length)
{
	fixture->chunk.buffers[fixture->chunk.buffer_count++] =
		ldb_slice(ldb_arena_copy(fixture->draft.arena, bytes, length), length);
}

static LdbStatus
get(Fixture *fixture, size_t first, size_t count, LdbArray *array)
{
	LdbError *err = &fixture->draft.err;
	LdbSink sink;

	LDB_TRY(ldb_sink_init_type(&sink, &fixture->type, count, NULL, fixture->draft.arena, err));
	LDB_TRY(ldb_codec_put_chunk(&fixture->codec, &fixture->chunk, first, count, &fixture->cache,
								&sink, err));
	return ldb_sink_finish(&sink, 0, array, err);
}

/* Every part of a chunk of int32 holds what the whole holds. */
static void
check_numbers(Fixture *fixture, const int32_t *expected)
{
	size_t total = fixture->chunk.count;
	LdbArray array;

	for (size_t first = 0; first < total; first++)
		for (size_t count = 1; count <= total - first; count++)
		{
			if (get(fixture, first, count, &array) != LDB_OK)
				fail_msg("%s", fixture->draft.err.message);
			assert_memory_equal(array.values, expected + first, count * sizeof *expected);
		}
}

static void
copies_flat_values(void **state)
{
	static const int32_t values[] = {1, -2, 3};
	Fixture fixture;

	(void) state;
	start(&fixture, &int32_type);
	chunk(&fixture, flat(&fixture.draft, 32), 3);
	buffer(&fixture, values, sizeof values);
	check_numbers(&fixture, values);
	end(&fixture);
}

static void
unpacks_bits(void **state)
{
	/* width 0: a header and no words; then width 32 with the first lane's values */
	static const int32_t zeros[5] = {0};
	static uint32_t packed[1 + 1024];
	static const int32_t first[] = {11, 12, 13, 14, 15, 16};
	Fixture fixture;

	(void) state;
	start(&fixture, &int32_type);
	chunk(&fixture, bitpacked(&fixture.draft, 32), 5);
	buffer(&fixture, zeros, 4);
	check_numbers(&fixture, zeros);
	end(&fixture);
	packed[0] = 32;
	memcpy(packed + 1, first, sizeof first);
	start(&fixture, &int32_type);
	chunk(&fixture, bitpacked(&fixture.draft, 32), 6);
	buffer(&fixture, packed, sizeof packed);
	check_numbers(&fixture, first);
	end(&fixture);
}

static void
repeats_runs(void **state)
{
	static const int32_t values[] = {7, 8};
	static const uint8_t lengths[] = {2, 9}; /* overshoots */
	static const int32_t expected[] = {7, 7, 8, 8, 8};
	Fixture fixture;

	(void) state;
	start(&fixture, &int32_type);
	chunk(&fixture, runs(&fixture.draft, 32, 8), 5);
	buffer(&fixture, values, sizeof values);
	buffer(&fixture, lengths, sizeof lengths);
	check_numbers(&fixture, expected);
	end(&fixture);
}

static void
joins_split_bytes(void **state)
{
	static const uint8_t streams[] = {1, 2, 0, 0, 0, 0, 0, 0xff};
	static const int32_t expected[] = {1, (int32_t) 0xff000002};
	Fixture fixture;

	(void) state;
	start(&fixture, &int32_type);
	chunk(&fixture, split(&fixture.draft, 32), 2);
	buffer(&fixture, streams, sizeof streams);
	check_numbers(&fixture, expected);
	end(&fixture);
}

static void
decompresses_the_first_buffer(void **state)
{
	int32_t values[64];
	uint8_t compressed[400];
	uint32_t length = sizeof values;
	Fixture fixture;
	int got;

	(void) state;
	for (int i = 0; i < 64; i++)
		values[i] = i / 8;
	memcpy(compressed, &length, 4);
	got = LZ4_compress_default((const char *) values, (char *) compressed + 4, sizeof values, 396);
	assert_true(got > 0);
	start(&fixture, &int32_type);
	chunk(&fixture, general(&fixture.draft, 1, flat(&fixture.draft, 32)), 64);
	buffer(&fixture, compressed, (size_t) got + 4);
	check_numbers(&fixture, values);
	end(&fixture);
}

static void
refuses_to_decompress_more_than_the_chunk_can_use(void **state)
{
	static const uint8_t claims[] = {0xff, 0xff, 0xff, 0, 0x1f, 0, 1, 0, 0xff, 0xff};
	LdbArray array;
	Fixture fixture;

	(void) state;
	start(&fixture, &int32_type);
	chunk(&fixture, general(&fixture.draft, 1, flat(&fixture.draft, 32)), 4);
	buffer(&fixture, claims, sizeof claims);
	assert_int_equal(get(&fixture, 0, 4, &array), LDB_CORRUPT);
	end(&fixture);
}

/* Offsets 16 17 17 20 and the bytes behind them. */
static const uint8_t text_chunk[] = {16, 0, 0,  0, 17, 0, 0,   0,   17,  0,
									 0,  0, 20, 0, 0,  0, 'a', 'c', 'c', 'c'};

static void
gives_views_into_stable_buffers_and_copies_of_others(void **state)
{
	(void) state;
	for (int stable = 0; stable < 2; stable++)
		for (size_t count = 2; count <= 3; count++)
		{
			LdbArray array;
			Fixture fixture;
			bool within;

			start(&fixture, &string_type);
			fixture.chunk.stable = stable;
			chunk(&fixture, variable(&fixture.draft, 32), 3);
			buffer(&fixture, text_chunk, sizeof text_chunk);
			assert_int_equal(get(&fixture, 3 - count, count, &array), LDB_OK);
			assert_int_equal(array.views[count - 2].length, 0);
			assert_true(ldb_slice_equal(array.views[count - 1], ldb_slice_of("ccc")));
			within = array.views[count - 1].data == fixture.chunk.buffers[0].data + 17;
			assert_int_equal(within, stable);
			end(&fixture);
		}
}

static void
keeps_the_validity_of_items(void **state)
{
	static const int32_t values[] = {1, 2, 3, 4, 5, 6};
	static const uint8_t bits[] = {0x37}; /* item 3 is null */
	LdbType type = {.kind = LDB_TYPE_FIXED_SIZE_LIST, .width = 2, .item = &int32_type};
	LdbArray array;
	Fixture fixture;

	(void) state;
	start(&fixture, &type);
	chunk(&fixture, fixed_size_list(&fixture.draft, 2, true, flat(&fixture.draft, 32)), 3);
	buffer(&fixture, bits, 1);
	buffer(&fixture, values, sizeof values);
	assert_int_equal(get(&fixture, 1, 2, &array), LDB_OK);
	assert_int_equal(array.children[0].null_count, 1);
	assert_true(ldb_array_is_null(&array.children[0], 1));
	assert_int_equal(ldb_load_u32(array.children[0].values), 3);
	end(&fixture);
}

static void
refuses_buffers_that_are_too_short(void **state)
{
	static const uint8_t bytes[64] = {9};
	E *kinds[6];
	Fixture fixture;
	LdbArray array;

	(void) state;
	start(&fixture, &int32_type);
	kinds[0] = flat(&fixture.draft, 32);
	kinds[1] = bitpacked(&fixture.draft, 32);
	kinds[2] = split(&fixture.draft, 32);
	kinds[3] = runs(&fixture.draft, 32, 8);
	for (size_t i = 0; i < 4; i++)
	{
		chunk(&fixture, kinds[i], 900);
		fixture.chunk.buffer_count = 0;
		buffer(&fixture, bytes, 63);
		buffer(&fixture, bytes, 2);
		assert_int_equal(get(&fixture, 0, 900, &array), LDB_CORRUPT);
		assert_int_equal(get(&fixture, 1, 2, &array), LDB_CORRUPT);
	}
	end(&fixture);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_flat_values),
		cmocka_unit_test(unpacks_bits),
		cmocka_unit_test(repeats_runs),
		cmocka_unit_test(joins_split_bytes),
		cmocka_unit_test(decompresses_the_first_buffer),
		cmocka_unit_test(refuses_to_decompress_more_than_the_chunk_can_use),
		cmocka_unit_test(gives_views_into_stable_buffers_and_copies_of_others),
		cmocka_unit_test(keeps_the_validity_of_items),
		cmocka_unit_test(refuses_buffers_that_are_too_short),
	};

	return cmocka_run_group_tests_name("values", tests, NULL, NULL);
}
