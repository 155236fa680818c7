/* trace.c -- see trace.h. */
#include "trace.h"

#include <inttypes.h>
#include <string.h>

#include "ldb/base/bitmap.h"
#include "ldb/proto/proto.h"
#include "trace_ids.h"
#include "transaction.h"

static LdbStatus
add_item(LdbTrace *trace, uint64_t fragment_id, uint64_t physical_rows, const char *path,
		 LdbTraced **item, LdbError *err)
{
	/* a power of two is a full list */
	if ((trace->count & (trace->count - 1)) == 0)
	{
		LdbTraced *grown;

		LDB_NEW(trace->arena, grown, trace->count == 0 ? 1 : trace->count * 2, err);
		if (trace->count > 0)
			memcpy(grown, trace->items, trace->count * sizeof *grown);
		trace->items = grown;
	}
	*item = &trace->items[trace->count];
	**item = (LdbTraced){.fragment_id = fragment_id, .physical_rows = physical_rows};
	LDB_NEW(trace->arena, (*item)->rows, ldb_bitmap_bytes((size_t) physical_rows) + 1, err);
	(*item)->path = path == NULL ? NULL : ldb_arena_strdup(trace->arena, path);
	if (path != NULL && (*item)->path == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the name of a data file");
	trace->count++;
	return LDB_OK;
}

/* An id alone may be that of another fragment by now; data files have names of their own. */
static bool
is_fragment(const LdbTrace *trace, const LdbTraced *item, const LdbFragment *fragment)
{
	if (item->fragment_id != fragment->id)
		return false;
	if (!trace->ids_may_repeat || item->path == NULL)
		return true;
	for (size_t i = 0; i < fragment->file_count; i++)
	{
		if (strcmp(fragment->files[i].path, item->path) == 0)
			return true;
	}
	return false;
}

static LdbTraced *
find_item(const LdbTrace *trace, const LdbFragment *fragment)
{
	for (size_t i = 0; i < trace->count; i++)
	{
		if (is_fragment(trace, &trace->items[i], fragment))
			return &trace->items[i];
	}
	return NULL;
}

static void
set_row(LdbTraced *item, size_t row)
{
	item->count += !ldb_bit_get(item->rows, row);
	ldb_bit_set(item->rows, row);
}

/* Rows of `of` that are alive there and not in `in`. With `trace` they are kept, else only counted. */
static LdbStatus
compare_fragment(LdbTrace *trace, LdbDataset *of, size_t index, LdbDataset *in, bool keep,
				 uint64_t *rows, LdbError *err)
{
	const LdbFragment *fragment = &ldb_dataset_manifest(of)->fragments[index];
	long other =
		in == NULL ? -1 : ldb_manifest_fragment_index(ldb_dataset_manifest(in), fragment->id);
	const uint8_t *gone, *other_gone = NULL;
	LdbTraced *item = NULL;

	LDB_TRY(ldb_dataset_deletions(of, index, &gone, NULL, trace->cancel, err));
	if (other >= 0)
		LDB_TRY(ldb_dataset_deletions(in, (size_t) other, &other_gone, NULL, trace->cancel, err));
	if (other >= 0 && other_gone == NULL)
		return LDB_OK;
	if (keep)
		LDB_TRY(add_item(trace, fragment->id, fragment->physical_rows,
						 fragment->file_count == 0 ? NULL : fragment->files[0].path, &item, err));
	for (size_t i = 0; i < fragment->physical_rows; i++)
	{
		if ((gone != NULL && ldb_bit_get(gone, i)) || (other >= 0 && !ldb_bit_get(other_gone, i)))
			continue;
		(*rows)++;
		if (item != NULL)
			set_row(item, i);
	}
	if (item != NULL && item->count == 0)
		trace->count--;
	return LDB_OK;
}

static LdbStatus
compare_datasets(LdbTrace *trace, LdbDataset *of, LdbDataset *in, bool keep, uint64_t *rows,
				 LdbError *err)
{
	for (size_t i = 0; i < ldb_dataset_manifest(of)->fragment_count; i++)
	{
		LDB_CHECK_CANCEL(trace->cancel, err);
		LDB_TRY(compare_fragment(trace, of, i, in, keep, rows, err));
	}
	return LDB_OK;
}

LdbStatus
ldb_trace_start(LdbTrace *trace, LdbDataset *version, LdbDataset *parent, LdbError *err)
{
	LDB_TRY(compare_datasets(trace, version, parent, true, &trace->rows, err));
	if (parent == NULL)
		return LDB_OK;
	return compare_datasets(trace, parent, version, false, &trace->rows_lost, err);
}

/* One group of a compaction: which of its live rows are traced, in their order. */
typedef struct Move
{
	const Ldb__Transaction__Rewrite__Group *group;
	LdbDataset *before;
	size_t to;     /* new fragment that the next live row goes to */
	uint64_t row;  /* in it */
	LdbTraced *at; /* its item, NULL until a traced row goes there */
} Move;

static LdbStatus
cannot_follow(const LdbTrace *trace, LdbError *err)
{
	LDB_FAIL(err, LDB_UNSUPPORTED,
			 "rows of table \"%s\" were compacted in a way that cannot be followed", trace->uri);
}

static LdbStatus
move_row(LdbTrace *trace, Move *move, bool traced, LdbError *err)
{
	const Ldb__DataFragment *target;

	while (move->to < move->group->n_new_fragments &&
		   move->row >= move->group->new_fragments[move->to]->physical_rows)
	{
		move->to++;
		move->row = 0;
		move->at = NULL;
	}
	if (move->to >= move->group->n_new_fragments)
		return cannot_follow(trace, err);
	target = move->group->new_fragments[move->to];
	if (traced && move->at == NULL)
		LDB_TRY(add_item(trace, target->id, target->physical_rows,
						 target->n_files == 0 ? NULL : target->files[0]->path, &move->at, err));
	if (traced)
		set_row(move->at, (size_t) move->row);
	move->row++;
	return LDB_OK;
}

static LdbStatus
move_fragment(LdbTrace *trace, Move *move, size_t index, LdbError *err)
{
	const LdbFragment *fragment = &ldb_dataset_manifest(move->before)->fragments[index];
	const LdbTraced *found = find_item(trace, fragment);
	/* the list of items may move when one is added */
	const uint8_t *rows = found == NULL ? NULL : found->rows;
	const uint8_t *gone;

	LDB_TRY(ldb_dataset_deletions(move->before, index, &gone, NULL, trace->cancel, err));
	for (size_t i = 0; i < fragment->physical_rows; i++)
	{
		if (gone == NULL || !ldb_bit_get(gone, i))
			LDB_TRY(move_row(trace, move, rows != NULL && ldb_bit_get(rows, i), err));
	}
	return LDB_OK;
}

static LdbStatus
follow_group(LdbTrace *trace, const Ldb__Transaction__Rewrite__Group *group, LdbDataset *before,
			 LdbError *err)
{
	const LdbManifest *manifest = ldb_dataset_manifest(before);
	Move move = {.group = group, .before = before};
	bool concerned = false;

	for (size_t i = 0; i < group->n_old_fragments; i++)
	{
		long index = ldb_manifest_fragment_index(manifest, group->old_fragments[i]->id);

		if (index < 0)
			return cannot_follow(trace, err);
		concerned = concerned || find_item(trace, &manifest->fragments[index]) != NULL;
	}
	for (size_t i = 0; i < group->n_old_fragments && concerned; i++)
	{
		LDB_CHECK_CANCEL(trace->cancel, err);
		LDB_TRY(move_fragment(
			trace, &move,
			(size_t) ldb_manifest_fragment_index(manifest, group->old_fragments[i]->id), err));
	}
	return LDB_OK;
}

static LdbStatus
follow_rewrite(LdbTrace *trace, const Ldb__Transaction__Rewrite *rewrite, uint64_t version,
			   LdbError *err)
{
	LdbVersionChoice choice = {.version = version - 1};
	LdbDataset *before;
	LdbStatus status;

	if (rewrite->n_old_fragments > 0)
		return cannot_follow(trace, err);
	LDB_TRY(ldb_dataset_open(trace->locations, trace->uri, &choice, trace->cancel, &before, err));
	status = LDB_OK;
	for (size_t i = 0; i < rewrite->n_groups && status == LDB_OK; i++)
		status = follow_group(trace, rewrite->groups[i], before, err);
	ldb_dataset_close(before);
	return status;
}

static LdbStatus
read_transaction(const LdbTrace *trace, const LdbVersionHome *home, uint64_t version,
				 LdbArena *scratch, const Ldb__Transaction **transaction, LdbError *err)
{
	LdbVersionEntry entry = {.version = version};
	ProtobufCMessage *message;
	LdbSlice file, bytes;
	LdbStatus status = ldb_versions_read(home, &entry, scratch, &file, trace->cancel, err);

	*transaction = NULL;
	if (status == LDB_NOT_FOUND)
		return LDB_OK;
	LDB_TRY(status);
	LDB_TRY(ldb_transaction_find(home, file, entry.name, scratch, &bytes, trace->cancel, err));
	if (bytes.data == NULL)
		return LDB_OK;
	LDB_TRY(ldb_proto_unpack(&ldb__transaction__descriptor, bytes, scratch, "transaction", &message,
							 err));
	*transaction = (const Ldb__Transaction *) message;
	return LDB_OK;
}

static LdbStatus
follow_version(LdbTrace *trace, const LdbVersionHome *home, uint64_t version, LdbArena *scratch,
			   LdbError *err)
{
	const Ldb__Transaction *transaction;

	LDB_CHECK_CANCEL(trace->cancel, err);
	ldb_arena_reset(scratch);
	LDB_TRY(read_transaction(trace, home, version, scratch, &transaction, err));
	if (transaction == NULL)
	{
		trace->incomplete = true;
		return LDB_OK;
	}
	switch (transaction->operation_case)
	{
		case LDB__TRANSACTION__OPERATION_REWRITE:
			return follow_rewrite(trace, transaction->rewrite, version, err);
		case LDB__TRANSACTION__OPERATION_RESTORE:
		case LDB__TRANSACTION__OPERATION_OVERWRITE:
			trace->ids_may_repeat = true;
			return LDB_OK;
		case LDB__TRANSACTION__OPERATION__NOT_SET:
			trace->incomplete = true;
			return LDB_OK;
		default:
			return LDB_OK;
	}
}

LdbStatus
ldb_trace_follow(LdbTrace *trace, uint64_t from, uint64_t to, LdbError *err)
{
	static const LdbVersionChoice latest = {0};
	LdbArena *scratch = ldb_arena_new(0);
	LdbVersionHome home;
	uint64_t unused;
	LdbStatus status;

	if (scratch == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for transactions");
	status = ldb_versions_find_home(trace->locations, trace->uri, &latest, trace->arena, &home,
									&unused, trace->cancel, err);
	for (uint64_t v = from + 1; v <= to && status == LDB_OK; v++)
		status = follow_version(trace, &home, v, scratch, err);
	ldb_arena_free(scratch);
	return status;
}

/* The traced rows of a fragment that are alive. */
static LdbStatus
take_live(LdbTrace *trace, LdbDataset *newest, size_t index, LdbTraced *item, LdbError *err)
{
	const LdbFragment *fragment = &ldb_dataset_manifest(newest)->fragments[index];
	const LdbTraced *traced = find_item(trace, fragment);
	const uint8_t *gone;

	*item = (LdbTraced){.fragment_id = fragment->id, .physical_rows = fragment->physical_rows};
	if (traced == NULL)
		return LDB_OK;
	if (traced->physical_rows != fragment->physical_rows)
		return cannot_follow(trace, err);
	LDB_TRY(ldb_dataset_deletions(newest, index, &gone, NULL, trace->cancel, err));
	LDB_NEW(trace->arena, item->rows, ldb_bitmap_bytes((size_t) fragment->physical_rows) + 1, err);
	for (size_t i = 0; i < fragment->physical_rows; i++)
	{
		if (ldb_bit_get(traced->rows, i) && (gone == NULL || !ldb_bit_get(gone, i)))
			set_row(item, i);
	}
	return LDB_OK;
}

static bool
is_lost(const LdbTrace *trace, const LdbManifest *newest)
{
	for (size_t i = 0; i < trace->count; i++)
	{
		if (ldb_manifest_fragment_index(newest, trace->items[i].fragment_id) < 0)
			return true;
	}
	return false;
}

LdbStatus
ldb_trace_finish(LdbTrace *trace, LdbDataset *version, LdbDataset *newest, LdbTraced **found,
				 size_t *found_count, LdbError *err)
{
	const LdbManifest *manifest = ldb_dataset_manifest(newest);

	*found_count = 0;
	if (trace->incomplete && is_lost(trace, manifest))
		return cannot_follow(trace, err);
	if (!trace->ids_may_repeat && (manifest->reader_flags & LDB_FLAG_STABLE_ROW_IDS) != 0)
		return ldb_trace_by_ids(trace, version, newest, found, found_count, err);
	LDB_NEW(trace->arena, *found, manifest->fragment_count, err);
	for (size_t i = 0; i < manifest->fragment_count; i++)
	{
		LDB_CHECK_CANCEL(trace->cancel, err);
		LDB_TRY(take_live(trace, newest, i, &(*found)[*found_count], err));
		*found_count += (*found)[*found_count].count > 0;
	}
	return LDB_OK;
}
