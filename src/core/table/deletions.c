/* deletions.c -- which rows of a fragment are deleted. */
#include "ldb/table/dataset.h"

#include <inttypes.h>

#include "arrow_ipc.h"
#include "dataset_impl.h"
#include "ldb/base/bitmap.h"
#include "names.h"
#include "roaring.h"

/* A bitmap has a bit for each row that the manifest claims, before anything proves the claim. */
#define MOST_ROWS (UINT64_C(1) << 31)

static LdbStatus
decode(const LdbFragment *fragment, LdbSlice bytes, const char *name, uint8_t *bits,
	   LdbArena *scratch, LdbError *err)
{
	const LdbDeletionFile *deletion = fragment->deletion;
	uint64_t count = 0;

	if (deletion->is_bitmap)
		LDB_TRY(ldb_roaring_decode(bytes, name, bits, fragment->physical_rows, &count, err));
	else
		LDB_TRY(ldb_arrow_ipc_decode(bytes, name, deletion->deleted_rows, bits,
									 fragment->physical_rows, scratch, &count, err));
	if (count != deletion->deleted_rows)
		LDB_FAIL(err, LDB_CORRUPT,
				 "deletion file \"%s\" holds %" PRIu64 " rows, the manifest says %" PRIu64, name,
				 count, deletion->deleted_rows);
	return LDB_OK;
}

static LdbStatus
load(const LdbDataset *dataset, const LdbFragment *fragment, LdbArena *scratch, uint8_t **bits,
	 LdbReadStats *stats, const LdbCancel *cancel, LdbError *err)
{
	LdbRange all = {0, UINT64_MAX};
	const char *file = ldb_name_deletion(scratch, fragment->id, fragment->deletion);
	const char *name;
	LdbStore *store;
	LdbSlice bytes;
	LdbStatus status;

	if (file == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the name of a file");
	if (fragment->physical_rows > MOST_ROWS)
		LDB_FAIL(err, LDB_UNSUPPORTED,
				 "fragment %" PRIu64 " has %" PRIu64 " rows, too many for one with deleted rows",
				 fragment->id, fragment->physical_rows);
	LDB_TRY(ldb_dataset_locate(dataset, fragment->deletion->base_id, "_deletions", file, scratch,
							   &store, &name, err));
	LDB_TRY(ldb_store_get(store, name, all, scratch, &bytes, NULL, cancel, err));
	if (stats != NULL)
	{
		stats->bytes += bytes.length;
		stats->requests++;
	}
	/* never empty, so that a loaded bitmap differs from one that is not */
	*bits = ldb_heap_zalloc(ldb_bitmap_bytes((size_t) fragment->physical_rows) + 1);
	if (*bits == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the deleted rows of a fragment");
	status = decode(fragment, bytes, name, *bits, scratch, err);
	if (status != LDB_OK)
	{
		ldb_heap_free(*bits);
		*bits = NULL;
	}
	return status;
}

static LdbStatus
load_once(LdbDataset *dataset, size_t fragment_index, LdbReadStats *stats, const LdbCancel *cancel,
		  LdbError *err)
{
	LdbArena *scratch;
	LdbStatus status;

	if (dataset->deletions[fragment_index] != NULL)
		return LDB_OK;
	scratch = ldb_arena_new(0);
	if (scratch == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the deleted rows of a fragment");
	status = load(dataset, &dataset->manifest->fragments[fragment_index], scratch,
				  &dataset->deletions[fragment_index], stats, cancel, err);
	ldb_arena_free(scratch);
	return status;
}

LdbStatus
ldb_dataset_deletions(LdbDataset *dataset, size_t fragment_index, const uint8_t **deleted,
					  LdbReadStats *stats, const LdbCancel *cancel, LdbError *err)
{
	LdbStatus status;

	*deleted = NULL;
	if (dataset->manifest->fragments[fragment_index].deletion == NULL)
		return LDB_OK;
	/* a view has from the start what its change deleted, and borrows the rest */
	if (dataset->view != NULL && dataset->deletions[fragment_index] == NULL)
		return ldb_dataset_deletions(dataset->view->base, dataset->view->base_index[fragment_index],
									 deleted, stats, cancel, err);
	pthread_mutex_lock(&dataset->lock);
	status = load_once(dataset, fragment_index, stats, cancel, err);
	*deleted = dataset->deletions[fragment_index];
	pthread_mutex_unlock(&dataset->lock);
	return status;
}
