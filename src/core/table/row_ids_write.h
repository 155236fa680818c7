/* row_ids_write.h -- stable row ids of a fragment, and when its rows were made, as a manifest has them. */
#ifndef LDB_TABLE_ROW_IDS_WRITE_H
#define LDB_TABLE_ROW_IDS_WRITE_H

#include "ldb/base/arena.h"
#include "ldb/base/error.h"
#include "ldb/base/slice.h"

/* A RowIdSequence: one id for each row. */
LdbStatus ldb_row_ids_encode(const uint64_t *ids, size_t count, LdbArena *arena, LdbSlice *bytes,
							 LdbError *err);
/* Of the ids first, first + 1, ... */
LdbStatus ldb_row_ids_encode_range(uint64_t first, uint64_t count, LdbArena *arena, LdbSlice *bytes,
								   LdbError *err);

/* A RowDatasetVersionSequence: one version for each row, or the same for all. */
LdbStatus ldb_row_versions_encode(const uint64_t *versions, size_t count, LdbArena *arena,
								  LdbSlice *bytes, LdbError *err);
LdbStatus ldb_row_versions_encode_same(uint64_t version, uint64_t count, LdbArena *arena,
									   LdbSlice *bytes, LdbError *err);

#endif
