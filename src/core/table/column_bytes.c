/* column_bytes.c -- estimates how much of a table's files one column takes. */
#include "ldb/table/dataset.h"

#include "fragment.h"

/* Fragments of one table are written by the same jobs; a few stand for all. */
#define SAMPLE_COUNT 4u

static LdbStatus
measure(LdbDataset *dataset, const LdbProjection *projection, size_t fragment_index,
		uint64_t *bytes, const LdbCancel *cancel, LdbError *err)
{
	LdbFragmentReader *reader;
	LdbStatus status;

	LDB_TRY(ldb_fragment_open(dataset, fragment_index, projection, NULL, &reader, err));
	status = ldb_fragment_column_bytes(reader, bytes, cancel, err);
	ldb_fragment_close(reader);
	return status;
}

static LdbStatus
estimate(LdbDataset *dataset, size_t column, LdbArena *arena, uint64_t *bytes,
		 const LdbCancel *cancel, LdbError *err)
{
	const LdbManifest *manifest = ldb_dataset_manifest(dataset);
	size_t samples =
		manifest->fragment_count < SAMPLE_COUNT ? manifest->fragment_count : SAMPLE_COUNT;
	double total_rows = 0, sampled_rows = 0, sampled_bytes = 0;
	LdbProjection projection;

	LDB_TRY(ldb_projection_init(&projection, manifest, &column, 1, arena, err));
	for (size_t i = 0; i < samples; i++)
	{
		size_t index = i * manifest->fragment_count / samples;
		uint64_t part;

		LDB_TRY(measure(dataset, &projection, index, &part, cancel, err));
		sampled_bytes += (double) part;
		sampled_rows += (double) manifest->fragments[index].physical_rows;
	}
	for (size_t i = 0; i < manifest->fragment_count; i++)
		total_rows += (double) manifest->fragments[i].physical_rows;
	*bytes = sampled_rows > 0 ? (uint64_t) (sampled_bytes * (total_rows / sampled_rows)) : 0;
	return LDB_OK;
}

LdbStatus
ldb_dataset_column_bytes(LdbDataset *dataset, size_t column, uint64_t *bytes,
						 const LdbCancel *cancel, LdbError *err)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbStatus status;

	if (arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the size of a column");
	status = estimate(dataset, column, arena, bytes, cancel, err);
	ldb_arena_free(arena);
	return status;
}
