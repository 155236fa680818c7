/* rowid.c -- rows of a Lance table as ctid. */
#include "fdw/rowid.h"

/* Item pointers with offset 0 are invalid. */
#define ROWS_PER_BLOCK 65535u

struct LancedbRowIds
{
	const LdbManifest *manifest;
	size_t current; /* the fragment asked for last: rows mostly come in order */
	uint64 *first;  /* of fragment i: physical rows before it; one more for the end */
};

LancedbRowIds *
lancedb_row_ids_new(const LancedbTable *table, MemoryContext context)
{
	LancedbRowIds *ids = MemoryContextAllocZero(context, sizeof(*ids));
	size_t count = table->manifest->fragment_count;

	ids->manifest = table->manifest;
	ids->first = MemoryContextAllocHuge(context, (count + 1) * sizeof(uint64));
	ids->first[0] = 0;
	for (size_t i = 0; i < count; i++)
		ids->first[i + 1] = ids->first[i] + table->manifest->fragments[i].physical_rows;
	if (ids->first[count] / ROWS_PER_BLOCK >= MaxBlockNumber)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("Lance table \"%s\" has too many rows for ctid", table->uri)));
	return ids;
}

BlockNumber
lancedb_row_block_count(const LancedbRowIds *ids)
{
	return (BlockNumber) (ids->first[ids->manifest->fragment_count] / ROWS_PER_BLOCK) + 1;
}

static pg_noreturn void
no_such_row(void)
{
	ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					errmsg("a row is not in the version of the Lance table that the statement "
						   "reads")));
}

void
lancedb_row_ctid(LancedbRowIds *ids, uint64 address, ItemPointer ctid)
{
	const LdbManifest *manifest = ids->manifest;
	uint64 fragment = address >> 32;
	uint64 row;

	if (ids->current >= manifest->fragment_count ||
		manifest->fragments[ids->current].id != fragment)
	{
		long found = ldb_manifest_fragment_index(manifest, fragment);

		if (found < 0)
			no_such_row();
		ids->current = (size_t) found;
	}
	row = ids->first[ids->current] + (address & PG_UINT32_MAX);
	ItemPointerSet(ctid, (BlockNumber) (row / ROWS_PER_BLOCK),
				   (OffsetNumber) (row % ROWS_PER_BLOCK + 1));
}

/* The fragment that has this physical row. */
static size_t
find_fragment(const LancedbRowIds *ids, uint64 row)
{
	size_t low = 0;
	size_t high = ids->manifest->fragment_count;

	while (high - low > 1)
	{
		size_t middle = low + (high - low) / 2;

		if (ids->first[middle] <= row)
			low = middle;
		else
			high = middle;
	}
	return low;
}

uint64
lancedb_row_address(LancedbRowIds *ids, const ItemPointerData *ctid)
{
	uint64 row = (uint64) ItemPointerGetBlockNumberNoCheck(ctid) * ROWS_PER_BLOCK +
				 ItemPointerGetOffsetNumberNoCheck(ctid) - 1;

	if (ItemPointerGetOffsetNumberNoCheck(ctid) == InvalidOffsetNumber ||
		row >= ids->first[ids->manifest->fragment_count])
		no_such_row();
	if (row < ids->first[ids->current] || row >= ids->first[ids->current + 1])
		ids->current = find_fragment(ids, row);
	return ldb_row_address(ids->manifest->fragments[ids->current].id,
						   row - ids->first[ids->current]);
}
