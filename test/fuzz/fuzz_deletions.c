/* fuzz_deletions.c -- input: a deletion file, .bin or .arrow, and the rows it speaks of. */
#include "fuzz.h"
#include "ldb/base/bitmap.h"
#include "src/core/table/arrow_ipc.h"
#include "src/core/table/roaring.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LdbSlice input = ldb_slice(data, size);
	bool arrow = fuzz_take(&input, 1) % 2 == 0;
	uint64_t row_count = fuzz_take(&input, 3);
	uint8_t *copy = fuzz_copy(input);
	LdbSlice bytes = ldb_slice(copy, input.length);
	uint8_t *bits = calloc(1, ldb_bitmap_bytes((size_t) row_count) + 1);
	LdbArena *arena = fuzz_arena();
	LdbError err = {0};
	uint64_t count;
	LdbStatus status;

	FUZZ_REQUIRE(bits != NULL);
	if (arrow)
		status = ldb_arrow_ipc_decode(bytes, "d", row_count, bits, row_count, arena, &count, &err);
	else
		status = ldb_roaring_decode(bytes, "d", bits, row_count, &count, &err);
	if (fuzz_judge(status, &err))
		FUZZ_REQUIRE(ldb_bitmap_count(bits, 0, (size_t) row_count) == count);
	free(bits);
	free(copy);
	ldb_arena_free(arena);
	return 0;
}
