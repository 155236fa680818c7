/* draft_live.c -- whether a row is there after all changes of a draft. */
#include "draft_impl.h"

#include "ldb/base/bitmap.h"

static bool
is_deleted(const LdbDraftFragment *fragment, uint32_t offset)
{
	return fragment->removed ||
		   (fragment->deleted != NULL && offset / 8 < fragment->deleted_bytes &&
			ldb_bit_get(fragment->deleted, offset));
}

static bool
is_staged_row_live(const LdbDraft *draft, size_t staged, uint32_t offset)
{
	const LdbDraftRun *run =
		staged < draft->staged_count ? ldb_draft_find_run(draft, staged, offset) : NULL;

	return run != NULL && run->number >= draft->content->first_number &&
		   !is_deleted(draft->staged[staged], offset);
}

LdbStatus
ldb_draft_row_is_live(LdbDraft *draft, uint64_t address, bool *live, LdbError *err)
{
	const LdbDraftContent *content = draft->content;
	uint32_t offset = (uint32_t) address;
	long index;

	*live = false;
	if (address >> 32 >= LDB_STAGED_FRAGMENT)
	{
		*live = is_staged_row_live(draft, (size_t) ((address >> 32) - LDB_STAGED_FRAGMENT), offset);
		return LDB_OK;
	}
	if (content->dataset == NULL)
		return LDB_OK;
	index = ldb_manifest_fragment_index(ldb_dataset_manifest(content->dataset), address >> 32);
	if (index < 0 ||
		(content->fragments[index] != NULL && is_deleted(content->fragments[index], offset)))
		return LDB_OK;
	return ldb_dataset_row_is_live(content->dataset, address, draft->options.cancel, live, err);
}

uint64_t
ldb_draft_next_number(const LdbDraft *draft)
{
	return draft->next_number;
}
