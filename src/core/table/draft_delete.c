/* draft_delete.c -- rows that a draft takes away: some, all, or all for those of an older version. */
#include "draft_impl.h"

#include <inttypes.h>

#include "copy.h"
#include "ldb/base/bitmap.h"

#define LOW_HALF UINT64_C(0xffffffff)

/* A row that is to be deleted. */
typedef struct Target
{
	LdbDraftFragment *fragment; /* NULL = the row went with all others */
	uint32_t offset;
	uint64_t most_rows; /* that the fragment will ever have */
} Target;

static LdbStatus
no_such_row(uint64_t address, LdbError *err)
{
	LDB_FAIL(err, LDB_INVALID, "row %" PRIu64 " of fragment %" PRIu64 " does not exist",
			 address & LOW_HALF, address >> 32);
}

/* ---- finding ---- */

static LdbStatus
find_staged(LdbDraft *draft, uint64_t address, Target *target, LdbError *err)
{
	size_t staged = (size_t) ((address >> 32) - LDB_STAGED_FRAGMENT);
	const LdbDraftRun *run = ldb_draft_find_run(draft, staged, address & LOW_HALF);

	if (run == NULL)
		return no_such_row(address, err);
	if (run->number < draft->content->first_number)
		return LDB_OK;
	target->fragment = draft->staged[staged];
	target->most_rows = target->fragment->physical_rows;
	if (target->fragment == draft->open.fragment)
		target->most_rows = draft->options.fragment_rows;
	return LDB_OK;
}

static LdbStatus
find_below(LdbDraft *draft, uint64_t address, Target *target, LdbError *err)
{
	LdbDraftContent *content = draft->content;
	uint64_t offset = address & LOW_HALF;
	const uint8_t *before;
	LdbDraftFragment *fragment;
	long index = -1;

	if (content->dataset != NULL)
		index = ldb_manifest_fragment_index(content->dataset->manifest, address >> 32);
	if (index < 0)
		return no_such_row(address, err);
	LDB_TRY(ldb_draft_touch(content, (size_t) index, &fragment, err));
	LDB_TRY(ldb_dataset_deletions(content->dataset, (size_t) index, &before, NULL,
								  draft->options.cancel, err));
	if (offset >= fragment->physical_rows ||
		(before != NULL && ldb_bit_get(before, (size_t) offset)))
		return no_such_row(address, err);
	target->most_rows = fragment->physical_rows;
	if (!fragment->removed)
		target->fragment = fragment;
	return LDB_OK;
}

/* Room for a bit in the fragment's bitmap. */
static LdbStatus
reserve_bit(LdbDraftFragment *fragment, uint32_t offset, uint64_t most_rows, LdbError *err)
{
	size_t most = ldb_bitmap_bytes((size_t) most_rows);
	size_t bytes = fragment->deleted_bytes == 0 ? 64 : fragment->deleted_bytes;
	uint8_t *grown;

	if (offset / 8 < fragment->deleted_bytes)
		return LDB_OK;
	/* a version's fragment has all its rows already */
	if (fragment->id < LDB_STAGED_FRAGMENT)
		bytes = most;
	while (bytes <= offset / 8)
		bytes *= 2;
	grown = ldb_heap_realloc(fragment->deleted, bytes);
	if (grown == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the deleted rows of a fragment");
	memset(grown + fragment->deleted_bytes, 0, bytes - fragment->deleted_bytes);
	fragment->deleted = grown;
	fragment->deleted_bytes = bytes;
	return LDB_OK;
}

static LdbStatus
find_row(LdbDraft *draft, uint64_t address, Target *target, LdbError *err)
{
	*target = (Target){.offset = (uint32_t) (address & LOW_HALF)};
	if (address >> 32 >= LDB_STAGED_FRAGMENT)
		LDB_TRY(find_staged(draft, address, target, err));
	else
		LDB_TRY(find_below(draft, address, target, err));
	if (target->fragment == NULL)
		return LDB_OK;
	return reserve_bit(target->fragment, target->offset, target->most_rows, err);
}

/* ---- deleting ---- */

static bool
is_same_mark(LdbMark a, LdbMark b)
{
	return a.command == b.command && a.level == b.level;
}

/* The entry of this mark for the fragment, with room for `count` more rows. */
static LdbStatus
reserve_entry(LdbDraft *draft, const Target *target, size_t count, LdbMark mark, LdbError *err)
{
	LdbDraftFragment *fragment = target->fragment;
	LdbDraftEntry *entry;

	if (fragment->last_deletion == 0 ||
		!is_same_mark(draft->entries[fragment->last_deletion - 1].mark, mark))
	{
		LDB_TRY(ldb_draft_reserve_entry(draft, err));
		entry = ldb_draft_add_entry(draft, LDB_DRAFT_DELETION, mark);
		entry->fragment = fragment;
		entry->schema = draft->schema;
		entry->last_deletion = fragment->last_deletion;
		fragment->last_deletion = draft->entry_count;
	}
	entry = &draft->entries[fragment->last_deletion - 1];
	return ldb_row_set_reserve(&entry->rows, count, target->most_rows, err);
}

/* How many of the addresses, from the first on, lie in its fragment. */
static size_t
count_neighbours(const uint64_t *addresses, size_t count)
{
	size_t same = 1;

	while (same < count && addresses[same] >> 32 == addresses[0] >> 32)
		same++;
	return same;
}

static void
delete_row(LdbDraft *draft, const Target *target, bool *done)
{
	LdbDraftFragment *fragment = target->fragment;

	*done = fragment != NULL && !ldb_bit_get(fragment->deleted, target->offset);
	if (!*done)
		return;
	ldb_bit_set(fragment->deleted, target->offset);
	fragment->deleted_rows++;
	ldb_row_set_add(&draft->entries[fragment->last_deletion - 1].rows, target->offset);
}

static void
restore_row(LdbDraft *draft, const Target *target)
{
	LdbDraftFragment *fragment = target->fragment;

	ldb_bit_clear(fragment->deleted, target->offset);
	fragment->deleted_rows--;
	ldb_row_set_take_back(&draft->entries[fragment->last_deletion - 1].rows, target->offset);
}

/* Rows of one fragment. */
static LdbStatus
delete_neighbours(LdbDraft *draft, const Target *targets, size_t count, LdbMark mark, bool *done,
				  LdbError *err)
{
	const Target *first = &targets[0];

	/* rows that a truncate took have no fragment any more, and others of theirs may still have */
	for (size_t i = 1; i < count && first->fragment == NULL; i++)
		first = &targets[i];
	if (first->fragment != NULL)
		LDB_TRY(reserve_entry(draft, first, count, mark, err));
	for (size_t i = 0; i < count; i++)
		delete_row(draft, &targets[i], &done[i]);
	return LDB_OK;
}

static LdbStatus
delete_targets(LdbDraft *draft, const uint64_t *addresses, const Target *targets, size_t count,
			   LdbMark mark, bool *done, LdbError *err)
{
	size_t at = 0;

	while (at < count)
	{
		size_t same = count_neighbours(addresses + at, count - at);
		LdbStatus status = delete_neighbours(draft, targets + at, same, mark, done + at, err);

		if (status != LDB_OK)
		{
			for (; at > 0; at--)
			{
				if (done[at - 1])
					restore_row(draft, &targets[at - 1]);
			}
			return status;
		}
		at += same;
	}
	return LDB_OK;
}

static LdbStatus
find_and_delete(LdbDraft *draft, const uint64_t *addresses, size_t count, LdbMark mark,
				LdbArena *arena, bool *done, LdbError *err)
{
	Target *targets;

	LDB_NEW(arena, targets, count, err);
	for (size_t i = 0; i < count; i++)
		LDB_TRY(find_row(draft, addresses[i], &targets[i], err));
	return delete_targets(draft, addresses, targets, count, mark, done, err);
}

LdbStatus
ldb_draft_delete(LdbDraft *draft, const uint64_t *addresses, size_t count, LdbMark mark, bool *done,
				 LdbError *err)
{
	LdbArena *arena;
	LdbStatus status;

	mark = ldb_draft_mark(draft, mark);
	if (count == 1)
	{
		Target target;

		LDB_TRY(find_row(draft, addresses[0], &target, err));
		return delete_targets(draft, addresses, &target, 1, mark, done, err);
	}
	arena = ldb_arena_new(0);
	if (arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for rows to delete");
	status = find_and_delete(draft, addresses, count, mark, arena, done, err);
	ldb_arena_free(arena);
	return status;
}

/* ---- all rows ---- */

static LdbStatus
remove_fragments(LdbDraftContent *content, LdbError *err)
{
	if (content->dataset == NULL)
		return LDB_OK;
	for (size_t i = 0; i < content->dataset->manifest->fragment_count; i++)
	{
		LdbDraftFragment *fragment;

		LDB_TRY(ldb_draft_touch(content, i, &fragment, err));
		fragment->removed = true;
	}
	return LDB_OK;
}

/* The rows added before stay where they are, for views of earlier commands; new ones go elsewhere. */
static void
replace_content(LdbDraft *draft, LdbDraftContent *content, const LdbSchema *schema, LdbMark mark)
{
	LdbDraftEntry *entry =
		ldb_draft_add_entry(draft, LDB_DRAFT_CONTENT, ldb_draft_mark(draft, mark));

	entry->content = draft->content;
	entry->schema = draft->schema;
	draft->content = content;
	draft->schema = schema;
	draft->open.is_ending = draft->open.writer != NULL;
}

LdbStatus
ldb_draft_truncate(LdbDraft *draft, LdbMark mark, LdbError *err)
{
	LdbDraftContent *content;
	LdbStatus status;

	LDB_TRY(ldb_draft_reserve_entry(draft, err));
	LDB_TRY(ldb_draft_content_new(draft, draft->content->dataset, &content, err));
	content->is_restored = draft->content->is_restored;
	content->schema = draft->content->schema;
	status = remove_fragments(content, err);
	if (status != LDB_OK)
	{
		ldb_draft_content_free(content);
		return status;
	}
	replace_content(draft, content, draft->schema, mark);
	return LDB_OK;
}

LdbStatus
ldb_draft_restore(LdbDraft *draft, LdbDataset *old, LdbMark mark, LdbError *err)
{
	LdbDraftContent *content;
	LdbSchema *schema;

	if (draft->base == NULL)
		LDB_FAIL(err, LDB_INVALID, "a table that is not there yet has no older version");
	LDB_NEW(draft->arena, schema, 1, err);
	LDB_TRY(ldb_schema_copy(&old->manifest->schema, draft->arena, schema, err));
	LDB_TRY(ldb_draft_reserve_entry(draft, err));
	LDB_TRY(ldb_draft_content_new(draft, old, &content, err));
	content->is_restored = true;
	content->schema = schema;
	if (old->manifest->max_field_id >= draft->next_field_id)
		draft->next_field_id = old->manifest->max_field_id + 1;
	replace_content(draft, content, schema, mark);
	return LDB_OK;
}
