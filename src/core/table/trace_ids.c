/* trace_ids.c -- see trace_ids.h. */
#include "trace_ids.h"

#include <stdlib.h>

#include "ldb/base/bitmap.h"

typedef struct Ids
{
	uint64_t *items; /* ascending */
	size_t count;
} Ids;

static int
compare_numbers(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *) left;
	uint64_t b = *(const uint64_t *) right;

	return (a > b) - (a < b);
}

static bool
contains(const Ids *ids, uint64_t id)
{
	return ids->count > 0 &&
		   bsearch(&id, ids->items, ids->count, sizeof id, compare_numbers) != NULL;
}

static LdbStatus
add_ids(const LdbTrace *trace, const LdbTraced *item, LdbDataset *version, Ids *ids,
		LdbArena *scratch, LdbError *err)
{
	long index = ldb_manifest_fragment_index(ldb_dataset_manifest(version), item->fragment_id);
	const uint64_t *row_ids;

	if (index < 0)
		return LDB_OK;
	ldb_arena_reset(scratch);
	LDB_TRY(ldb_dataset_row_ids(version, (size_t) index, scratch, &row_ids, trace->cancel, err));
	for (size_t i = 0; i < item->physical_rows; i++)
	{
		if (ldb_bit_get(item->rows, i))
			ids->items[ids->count++] = row_ids[i];
	}
	return LDB_OK;
}

static LdbStatus
collect_ids(const LdbTrace *trace, LdbDataset *version, Ids *ids, LdbArena *scratch, LdbError *err)
{
	size_t most = 0;

	for (size_t i = 0; i < trace->count; i++)
		most += (size_t) trace->items[i].count;
	ids->count = 0;
	LDB_NEW(trace->arena, ids->items, most, err);
	for (size_t i = 0; i < trace->count; i++)
		LDB_TRY(add_ids(trace, &trace->items[i], version, ids, scratch, err));
	if (ids->count > 0)
		qsort(ids->items, ids->count, sizeof *ids->items, compare_numbers);
	return LDB_OK;
}

static LdbStatus
find_in_fragment(const LdbTrace *trace, LdbDataset *newest, size_t index, const Ids *ids,
				 LdbArena *scratch, LdbTraced *item, LdbError *err)
{
	const LdbFragment *fragment = &ldb_dataset_manifest(newest)->fragments[index];
	const uint64_t *row_ids;
	const uint8_t *gone;

	*item = (LdbTraced){.fragment_id = fragment->id, .physical_rows = fragment->physical_rows};
	ldb_arena_reset(scratch);
	LDB_TRY(ldb_dataset_row_ids(newest, index, scratch, &row_ids, trace->cancel, err));
	LDB_TRY(ldb_dataset_deletions(newest, index, &gone, NULL, trace->cancel, err));
	LDB_NEW(trace->arena, item->rows, ldb_bitmap_bytes((size_t) fragment->physical_rows) + 1, err);
	for (size_t i = 0; i < fragment->physical_rows; i++)
	{
		if ((gone != NULL && ldb_bit_get(gone, i)) || !contains(ids, row_ids[i]))
			continue;
		ldb_bit_set(item->rows, i);
		item->count++;
	}
	return LDB_OK;
}

static LdbStatus
find_all(const LdbTrace *trace, LdbDataset *version, LdbDataset *newest, LdbArena *scratch,
		 LdbTraced **found, size_t *found_count, LdbError *err)
{
	size_t count = ldb_dataset_manifest(newest)->fragment_count;
	Ids ids;

	LDB_TRY(collect_ids(trace, version, &ids, scratch, err));
	LDB_NEW(trace->arena, *found, count, err);
	for (size_t i = 0; i < count; i++)
	{
		LDB_CHECK_CANCEL(trace->cancel, err);
		LDB_TRY(find_in_fragment(trace, newest, i, &ids, scratch, &(*found)[*found_count], err));
		*found_count += (*found)[*found_count].count > 0;
	}
	return LDB_OK;
}

LdbStatus
ldb_trace_by_ids(LdbTrace *trace, LdbDataset *version, LdbDataset *newest, LdbTraced **found,
				 size_t *found_count, LdbError *err)
{
	LdbArena *scratch = ldb_arena_new(0);
	LdbStatus status;

	if (scratch == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for row ids");
	status = find_all(trace, version, newest, scratch, found, found_count, err);
	ldb_arena_free(scratch);
	return status;
}
