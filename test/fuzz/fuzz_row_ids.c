/* fuzz_row_ids.c -- input: a sequence of stable row ids, and how many rows it should have. */
#include "fuzz.h"
#include "src/core/table/dataset_impl.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LdbSlice input = ldb_slice(data, size);
	LdbFragment fragment = {.id = 7, .physical_rows = fuzz_take(&input, 2)};
	LdbManifest manifest = {
		.reader_flags = LDB_FLAG_STABLE_ROW_IDS, .fragment_count = 1, .fragments = &fragment};
	LdbDataset dataset = {.manifest = &manifest};
	uint8_t *copy = fuzz_copy(input);
	LdbArena *arena = fuzz_arena();
	const uint64_t *row_ids;
	LdbError err = {0};

	fragment.inline_row_ids = ldb_slice(copy, input.length);
	if (fuzz_judge(ldb_dataset_row_ids(&dataset, 0, arena, &row_ids, NULL, &err), &err))
		fuzz_touch(row_ids, (size_t) fragment.physical_rows * sizeof *row_ids);
	free(copy);
	ldb_arena_free(arena);
	return 0;
}
