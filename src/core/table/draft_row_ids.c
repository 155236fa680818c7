/* draft_row_ids.c -- the stable ids of rows that get a new copy. */
#include "draft_impl.h"

#include <inttypes.h>

#define LOW_HALF UINT64_C(0xffffffff)

static void
forget(LdbKeptRowIds *kept)
{
	ldb_arena_free(kept->arena);
	*kept = (LdbKeptRowIds){0};
}

void
ldb_draft_forget_row_ids(LdbDraft *draft)
{
	for (size_t i = 0; i < LDB_KEPT_ROW_IDS; i++)
		forget(&draft->kept[i]);
	ldb_heap_free(draft->groups.of_fragments);
	draft->groups = (LdbDraftGroups){0};
}

static LdbStatus
load(LdbDraft *draft, LdbKeptRowIds *kept, LdbDataset *dataset, size_t index, LdbError *err)
{
	LdbStatus status;

	kept->arena = ldb_arena_new(0);
	if (kept->arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for row ids");
	status = ldb_dataset_row_ids(dataset, index, kept->arena, &kept->row_ids, draft->options.cancel,
								 err);
	if (status == LDB_OK)
		status = ldb_dataset_created_versions(dataset, index, kept->arena, &kept->created, err);
	if (status != LDB_OK)
	{
		forget(kept);
		return status;
	}
	kept->dataset = dataset;
	kept->fragment_index = index;
	return LDB_OK;
}

/* Decoded once for all rows of a fragment that are replaced, in whichever order they come. */
static LdbStatus
find_kept(LdbDraft *draft, LdbDataset *dataset, size_t index, LdbKeptRowIds **found, LdbError *err)
{
	LdbKeptRowIds *oldest = &draft->kept[0];

	for (size_t i = 0; i < LDB_KEPT_ROW_IDS; i++)
	{
		LdbKeptRowIds *kept = &draft->kept[i];

		if (kept->last_use < oldest->last_use)
			oldest = kept;
		if (kept->dataset != dataset || kept->fragment_index != index)
			continue;
		kept->last_use = ++draft->kept_uses;
		*found = kept;
		return LDB_OK;
	}
	forget(oldest);
	LDB_TRY(load(draft, oldest, dataset, index, err));
	oldest->last_use = ++draft->kept_uses;
	*found = oldest;
	return LDB_OK;
}

static LdbStatus
no_such_row(uint64_t address, LdbError *err)
{
	LDB_FAIL(err, LDB_INVALID, "row %" PRIu64 " of fragment %" PRIu64 " does not exist",
			 address & LOW_HALF, address >> 32);
}

LdbStatus
ldb_draft_row_id(LdbDraft *draft, uint64_t address, uint64_t *row_id, uint64_t *created,
				 LdbError *err)
{
	LdbDataset *dataset = draft->content->dataset;
	uint64_t offset = address & LOW_HALF;
	LdbKeptRowIds *kept;
	long index = -1;

	if (address >> 32 >= LDB_STAGED_FRAGMENT)
	{
		size_t staged = (size_t) ((address >> 32) - LDB_STAGED_FRAGMENT);
		const LdbDraftFragment *fragment;

		if (ldb_draft_find_run(draft, staged, offset) == NULL)
			return no_such_row(address, err);
		fragment = draft->staged[staged];
		*row_id = fragment->row_ids == NULL ? LDB_NEW_ROW_ID : fragment->row_ids[offset];
		*created = fragment->row_ids == NULL ? 0 : fragment->created[offset];
		return LDB_OK;
	}
	if (dataset != NULL)
		index = ldb_manifest_fragment_index(dataset->manifest, address >> 32);
	if (index < 0 || offset >= dataset->manifest->fragments[index].physical_rows)
		return no_such_row(address, err);
	LDB_TRY(find_kept(draft, dataset, (size_t) index, &kept, err));
	*row_id = kept->row_ids[offset];
	*created = kept->created == NULL ? 0 : kept->created[offset];
	return LDB_OK;
}
