/* fuzz_variable.c -- input: strings behind a table of offsets, as chunk or block, or ones to store. */
#include "fuzz.h"
#include "src/core/format/codec_variable.h"

static void
check_views(const LdbSlice *views, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fuzz_touch(views[i].data, views[i].length);
}

static void
hostile(LdbSlice input, bool block, uint64_t offset_bits)
{
	uint64_t count = fuzz_take(&input, 3);
	uint8_t *copy = fuzz_copy(input);
	LdbSlice bytes = ldb_slice(copy, input.length);
	LdbArena *arena = fuzz_arena();
	LdbSlice *views;
	LdbError err = {0};

	if (block)
	{
		if (fuzz_judge(ldb_variable_decode_block(bytes, count, arena, &views, &err), &err))
			check_views(views, (size_t) count);
	}
	else
	{
		count %= 40000;
		views = ldb_arena_zalloc_array(arena, (size_t) count, sizeof *views);
		if (fuzz_judge(ldb_variable_decode_chunk(bytes, offset_bits, count, views, &err), &err))
			check_views(views, (size_t) count);
	}
	free(copy);
	ldb_arena_free(arena);
}

/* Values end at each byte of 0. */
static void
round_trip(LdbSlice input, size_t offset_bytes)
{
	LdbArena *arena = fuzz_arena();
	LdbSlice *expected = ldb_arena_zalloc_array(arena, input.length + 1, sizeof *expected);
	LdbSlice *views;
	uint8_t *buffer;
	size_t count = 0;
	uint64_t at;
	LdbError err;

	for (size_t i = 0, start = 0; i < input.length; i++)
	{
		if (input.data[i] != 0)
			continue;
		expected[count++] = ldb_slice(input.data + start, i - start);
		start = i + 1;
	}
	at = (count + 1) * offset_bytes;
	buffer = ldb_arena_alloc(arena, (size_t) at + input.length);
	views = ldb_arena_zalloc_array(arena, count, sizeof *views);
	memcpy(buffer, &at, offset_bytes);
	for (size_t i = 0; i < count; i++)
	{
		if (expected[i].length > 0)
			memcpy(buffer + at, expected[i].data, expected[i].length);
		at += expected[i].length;
		memcpy(buffer + (i + 1) * offset_bytes, &at, offset_bytes);
	}
	FUZZ_REQUIRE(ldb_variable_decode_chunk(ldb_slice(buffer, (size_t) at), offset_bytes * 8, count,
										   views, &err) == LDB_OK);
	for (size_t i = 0; i < count; i++)
		FUZZ_REQUIRE(ldb_slice_equal(views[i], expected[i]));
	ldb_arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LdbSlice input = ldb_slice(data, size);
	unsigned kind = (unsigned) fuzz_take(&input, 1);

	if (kind % 3 == 0)
		round_trip(input, (kind & 4) != 0 ? 4 : 8);
	else
		hostile(input, kind % 3 == 1, (kind & 4) != 0 ? 32 : 64);
	return 0;
}
