/* fuzz_rle.c -- input: runs, or values that must survive being run-length encoded. */
#include "fuzz.h"
#include "src/core/format/codec_rle.h"

static void
hostile(LdbSlice input, uint64_t value_bits, uint64_t length_bits, bool block)
{
	uint64_t count = fuzz_take(&input, 2);
	size_t cut = (size_t) fuzz_take(&input, 2) % (input.length + 1);
	uint8_t *values = fuzz_copy(ldb_slice(input.data, cut));
	uint8_t *rest = fuzz_copy(ldb_slice(input.data + cut, input.length - cut));
	LdbRuns runs = {ldb_slice(values, cut), ldb_slice(rest, input.length - cut), value_bits,
					length_bits};
	LdbArena *arena = fuzz_arena();
	LdbError err = {0};
	void *decoded;

	if (!block ||
		fuzz_judge(ldb_rle_split_block(ldb_slice(rest, input.length - cut), &runs, &err), &err))
		if (fuzz_judge(ldb_rle_decode(&runs, count, arena, &decoded, &err), &err))
			fuzz_touch(decoded, (size_t) (count * value_bits / 8));
	free(values);
	free(rest);
	ldb_arena_free(arena);
}

/* Runs of at most 255, of values of value_bytes. */
static void
round_trip(LdbSlice input, size_t value_bytes)
{
	size_t count = input.length / value_bytes;
	LdbArena *arena = fuzz_arena();
	uint8_t *values = ldb_arena_alloc(arena, input.length + 1);
	uint8_t *lengths = ldb_arena_alloc(arena, count + 1);
	size_t run_count = 0;
	LdbRuns runs = {{NULL, 0}, {NULL, 0}, value_bytes * 8, 8};
	LdbError err;
	void *decoded;

	for (size_t i = 0; i < count; i++)
	{
		const uint8_t *value = input.data + i * value_bytes;

		if (run_count > 0 && lengths[run_count - 1] < UINT8_MAX &&
			memcmp(values + (run_count - 1) * value_bytes, value, value_bytes) == 0)
		{
			lengths[run_count - 1]++;
			continue;
		}
		memcpy(values + run_count * value_bytes, value, value_bytes);
		lengths[run_count++] = 1;
	}
	runs.values = ldb_slice(values, run_count * value_bytes);
	runs.lengths = ldb_slice(lengths, run_count);
	FUZZ_REQUIRE(ldb_rle_decode(&runs, count, arena, &decoded, &err) == LDB_OK);
	FUZZ_REQUIRE(count == 0 || memcmp(decoded, input.data, count * value_bytes) == 0);
	ldb_arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LdbSlice input = ldb_slice(data, size);
	unsigned kind = (unsigned) fuzz_take(&input, 1);
	uint64_t value_bytes = fuzz_take(&input, 1) % 32 + 1;

	if (kind % 3 == 0)
		round_trip(input, (size_t) value_bytes);
	else
		hostile(input, value_bytes * 8, (uint64_t) 8 << (kind / 3) % 4, kind % 3 == 1);
	return 0;
}
