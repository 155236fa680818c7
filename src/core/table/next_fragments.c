/* next_fragments.c -- what becomes of the fragments that were there before. */
#include "next.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ldb/base/bitmap.h"

static int
compare_ids(const void *left, const void *right)
{
	uint64_t a = (*(Ldb__DataFragment *const *) left)->id;
	uint64_t b = (*(Ldb__DataFragment *const *) right)->id;

	return (a > b) - (a < b);
}

/* Copies that may be changed, in the order of the manifest's fragments. */
static LdbStatus
copy_fragments(const LdbNext *next, Ldb__DataFragment ***copies, LdbError *err)
{
	const Ldb__Manifest *message = next->content->message;
	Ldb__DataFragment *all;

	LDB_NEW(next->arena, *copies, message->n_fragments, err);
	LDB_NEW(next->arena, all, message->n_fragments, err);
	for (size_t i = 0; i < message->n_fragments; i++)
	{
		all[i] = *message->fragments[i];
		all[i].has_id = true;
		(*copies)[i] = &all[i];
	}
	if (message->n_fragments > 0)
		qsort(*copies, message->n_fragments, sizeof **copies, compare_ids);
	return LDB_OK;
}

static LdbStatus
not_as_expected(const LdbNext *next, uint64_t fragment_id, LdbError *err)
{
	LDB_FAIL(err, LDB_CONFLICT,
			 "version %" PRIu64 " of table \"%s\" does not have fragment %" PRIu64
			 " as this change expects it",
			 next->content->manifest->version, next->home->uri, fragment_id);
}

/* Old deletions and new ones together, in `deleted`. */
static LdbStatus
unite(LdbNext *next, size_t index, uint64_t rows, const LdbFragmentChange *change, uint8_t *deleted,
	  LdbError *err)
{
	size_t bytes = ldb_bitmap_bytes((size_t) rows);
	const uint8_t *before;

	memcpy(deleted, change->deleted, bytes);
	LDB_TRY(ldb_head_deletions(next->content, index, &before, next->options->cancel, err));
	for (size_t i = 0; before != NULL && i < bytes; i++)
		deleted[i] = (uint8_t) (deleted[i] | before[i]);
	return LDB_OK;
}

static LdbStatus
delete_rows(LdbNext *next, size_t index, Ldb__DataFragment *fragment,
			const LdbFragmentChange *change, bool *empty, LdbError *err)
{
	size_t rows = (size_t) fragment->physical_rows;
	uint8_t *deleted = ldb_heap_zalloc(ldb_bitmap_bytes(rows) + 1);
	LdbStatus status;
	size_t count;

	if (deleted == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the deleted rows of a fragment");
	status = unite(next, index, rows, change, deleted, err);
	if (status == LDB_OK)
	{
		count = ldb_bitmap_count(deleted, 0, rows);
		*empty = count == rows;
		if (!*empty)
			status = ldb_next_deletion(next, fragment, deleted, count, err);
	}
	ldb_heap_free(deleted);
	return status;
}

static LdbStatus
apply_change(LdbNext *next, size_t index, Ldb__DataFragment *fragment,
			 const LdbFragmentChange *change, LdbError *err)
{
	bool empty = change->removed;

	/* the bits of deleted rows are as many as the change says */
	if ((change->physical_rows != 0 || change->deleted != NULL) &&
		change->physical_rows != fragment->physical_rows)
		return not_as_expected(next, fragment->id, err);
	if (!empty && change->deleted != NULL && change->deleted_rows > 0)
		LDB_TRY(delete_rows(next, index, fragment, change, &empty, err));
	if (empty)
	{
		next->removed[next->removed_count++] = fragment->id;
		return LDB_OK;
	}
	if (change->files != NULL || next->change->schema != NULL)
		LDB_TRY(ldb_next_files(next, fragment, change, err));
	next->updated[next->updated_count++] = fragment;
	next->fragments[next->fragment_count++] = fragment;
	return LDB_OK;
}

static LdbStatus
keep_fragment(LdbNext *next, Ldb__DataFragment *fragment, LdbError *err)
{
	if (next->change->schema != NULL)
		LDB_TRY(ldb_next_files(next, fragment, NULL, err));
	next->fragments[next->fragment_count++] = fragment;
	return LDB_OK;
}

LdbStatus
ldb_next_old_fragments(LdbNext *next, LdbError *err)
{
	const LdbChange *change = next->change;
	size_t count = next->content == NULL ? 0 : next->content->message->n_fragments;
	Ldb__DataFragment **fragments = NULL;
	size_t changed = 0;

	LDB_NEW(next->arena, next->fragments, count + change->new_count, err);
	LDB_NEW(next->arena, next->updated, change->fragment_count, err);
	LDB_NEW(next->arena, next->removed, change->fragment_count, err);
	LDB_NEW(next->arena, next->written, change->fragment_count + change->new_count, err);
	if (count > 0)
		LDB_TRY(copy_fragments(next, &fragments, err));
	for (size_t i = 0; i < count; i++)
	{
		const LdbFragmentChange *wanted = &change->fragments[changed];

		LDB_CHECK_CANCEL(next->options->cancel, err);
		if (changed == change->fragment_count || wanted->id > fragments[i]->id)
			LDB_TRY(keep_fragment(next, fragments[i], err));
		else if (wanted->id < fragments[i]->id)
			break;
		else
		{
			LDB_TRY(apply_change(next, i, fragments[i], wanted, err));
			changed++;
		}
	}
	if (changed < change->fragment_count)
		return not_as_expected(next, change->fragments[changed].id, err);
	return LDB_OK;
}
