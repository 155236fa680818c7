/* row_live.c -- whether a version has a row. */
#include "ldb/base/bitmap.h"
#include "ldb/table/dataset.h"

LdbStatus
ldb_dataset_row_is_live(LdbDataset *dataset, uint64_t address, const LdbCancel *cancel, bool *live,
						LdbError *err)
{
	const LdbManifest *manifest = ldb_dataset_manifest(dataset);
	long index = ldb_manifest_fragment_index(manifest, address >> 32);
	uint64_t offset = (uint32_t) address;
	const uint8_t *deleted;

	*live = false;
	if (index < 0 || offset >= manifest->fragments[index].physical_rows)
		return LDB_OK;
	LDB_TRY(ldb_dataset_deletions(dataset, (size_t) index, &deleted, NULL, cancel, err));
	*live = deleted == NULL || !ldb_bit_get(deleted, (size_t) offset);
	return LDB_OK;
}
