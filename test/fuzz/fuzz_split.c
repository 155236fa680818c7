/* fuzz_split.c -- input: values whose bytes were taken apart, or that must survive it. */
#include "fuzz.h"
#include "src/core/format/codec_split.h"

static void
hostile(LdbSlice input, uint64_t value_bytes)
{
	uint64_t count = fuzz_take(&input, 4);
	uint8_t *copy = fuzz_copy(input);
	LdbArena *arena = fuzz_arena();
	LdbError err = {0};
	void *values;

	if (fuzz_judge(ldb_split_decode(ldb_slice(copy, input.length), value_bytes * 8, count, arena,
									&values, &err),
				   &err))
		fuzz_touch(values, (size_t) (count * value_bytes));
	free(copy);
	ldb_arena_free(arena);
}

static void
round_trip(LdbSlice input, size_t value_bytes)
{
	size_t count = input.length / value_bytes;
	LdbArena *arena = fuzz_arena();
	uint8_t *split = ldb_arena_alloc(arena, count * value_bytes);
	LdbError err;
	void *values;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < value_bytes; j++)
			split[j * count + i] = input.data[i * value_bytes + j];
	FUZZ_REQUIRE(ldb_split_decode(ldb_slice(split, count * value_bytes), value_bytes * 8, count,
								  arena, &values, &err) == LDB_OK);
	FUZZ_REQUIRE(count == 0 || memcmp(values, input.data, count * value_bytes) == 0);
	ldb_arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LdbSlice input = ldb_slice(data, size);
	unsigned kind = (unsigned) fuzz_take(&input, 1);
	size_t value_bytes = (kind >> 1) % 32 + 1;

	if (kind % 2 == 0)
		round_trip(input, value_bytes);
	else
		hostile(input, value_bytes);
	return 0;
}
