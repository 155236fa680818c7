/* change_view.c -- a dataset with a change that no version has yet. */
#include "ldb/table/change.h"

#include <inttypes.h>

#include "copy.h"
#include "dataset_impl.h"
#include "ldb/base/bitmap.h"
#include "ldb/base/checked.h"

#define ADDED SIZE_MAX

typedef struct Maker
{
	LdbDataset *view; /* under construction */
	const LdbChange *change;
	LdbDataset *content;     /* whose fragments the change is about; NULL = none */
	const LdbCancel *cancel; /* borrowed */
	size_t count;            /* fragments so far */
} Maker;

void
ldb_memory_files_release(LdbMemoryFiles *memory)
{
	if (memory == NULL || --memory->users > 0)
		return;
	ldb_store_close(memory->store);
	ldb_heap_free(memory);
}

/* ---- deletions ---- */

/* Both sets in a new bitmap; `length` bytes each. *count = rows in it. */
static LdbStatus
join_bits(const uint8_t *one, const uint8_t *other, uint64_t rows, uint8_t **joined,
		  uint64_t *count, LdbError *err)
{
	size_t length = ldb_bitmap_bytes((size_t) rows);
	uint8_t *bits = ldb_heap_zalloc(length + 1);

	if (bits == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the deleted rows of a fragment");
	memcpy(bits, one, length);
	if (other != NULL)
	{
		for (size_t i = 0; i < length; i++)
			bits[i] |= other[i];
	}
	*count = ldb_bitmap_count(bits, 0, (size_t) rows);
	*joined = bits;
	return LDB_OK;
}

/* Gives the next fragment its deletions; `before`: those that it has in the base. */
static LdbStatus
set_deletions(const Maker *maker, LdbFragment *fragment, const uint8_t *before,
			  const uint8_t *deleted, uint64_t deleted_rows, LdbError *err)
{
	uint64_t expected = deleted_rows;
	LdbDeletionFile *deletion;
	uint64_t count;

	if (fragment->deletion != NULL)
		expected += fragment->deletion->deleted_rows;
	LDB_TRY(join_bits(deleted, before, fragment->physical_rows,
					  &maker->view->deletions[maker->count], &count, err));
	if (count != expected)
		LDB_FAIL(err, LDB_INVALID,
				 "a change deletes %" PRIu64 " rows of fragment %" PRIu64 ", which has %" PRIu64
				 " deleted ones then",
				 deleted_rows, fragment->id, count);
	LDB_NEW(maker->view->arena, deletion, 1, err);
	deletion->is_bitmap = true;
	deletion->base_id = LDB_NO_BASE;
	deletion->deleted_rows = count;
	fragment->deletion = deletion;
	return LDB_OK;
}

/* ---- fragments ---- */

static LdbFragment *
next_fragment(const Maker *maker)
{
	return &maker->view->manifest->fragments[maker->count];
}

static LdbStatus
change_fragment(const Maker *maker, size_t index, const LdbFragmentChange *change, LdbError *err)
{
	LdbFragment *fragment = next_fragment(maker);
	const uint8_t *before;

	if (change->file_count > 0)
	{
		LDB_TRY(ldb_data_files_copy(change->files, change->file_count, maker->view->arena,
									&fragment->files, err));
		fragment->file_count = change->file_count;
	}
	if (change->deleted == NULL)
		return LDB_OK;
	if (change->physical_rows != fragment->physical_rows)
		LDB_FAIL(err, LDB_INVALID,
				 "a change says that fragment %" PRIu64 " has %" PRIu64 " rows instead of %" PRIu64,
				 fragment->id, change->physical_rows, fragment->physical_rows);
	LDB_TRY(ldb_dataset_deletions(maker->content, index, &before, NULL, maker->cancel, err));
	return set_deletions(maker, fragment, before, change->deleted, change->deleted_rows, err);
}

static LdbStatus
add_old_fragments(Maker *maker, LdbError *err)
{
	const LdbChange *change = maker->change;
	const LdbManifest *old = maker->content == NULL ? NULL : maker->content->manifest;
	size_t changed = 0;

	for (size_t i = 0; old != NULL && i < old->fragment_count; i++)
	{
		const LdbFragmentChange *next =
			changed < change->fragment_count ? &change->fragments[changed] : NULL;

		if (next != NULL && next->id == old->fragments[i].id)
			changed++;
		else
			next = NULL;
		if (next != NULL && next->removed)
			continue;
		*next_fragment(maker) = old->fragments[i];
		maker->view->view->base_index[maker->count] = i;
		if (next != NULL)
			LDB_TRY(change_fragment(maker, i, next, err));
		maker->count++;
	}
	if (changed < change->fragment_count)
		LDB_FAIL(err, LDB_INVALID, "a change names fragment %" PRIu64 ", which does not exist",
				 change->fragments[changed].id);
	return LDB_OK;
}

static LdbStatus
add_row_ids(Maker *maker, size_t number, uint64_t *next_row_id, LdbError *err)
{
	const LdbNewFragment *added = &maker->change->new_fragments[number];
	LdbChangeView *view = maker->view->view;
	size_t count = (size_t) added->physical_rows;

	view->next_row_id[number] = *next_row_id;
	if (added->row_ids == NULL)
	{
		*next_row_id += count;
		return LDB_OK;
	}
	LDB_NEW(maker->view->arena, view->row_ids[number], count, err);
	for (size_t i = 0; i < count; i++)
		view->row_ids[number][i] =
			added->row_ids[i] == LDB_NEW_ROW_ID ? (*next_row_id)++ : added->row_ids[i];
	return LDB_OK;
}

static LdbStatus
add_new_fragment(Maker *maker, size_t number, LdbError *err)
{
	const LdbNewFragment *added = &maker->change->new_fragments[number];
	LdbFragment *fragment = next_fragment(maker);

	*fragment = (LdbFragment){.id = LDB_STAGED_FRAGMENT + number,
							  .file_count = added->file_count,
							  .physical_rows = added->physical_rows};
	if (added->physical_rows > UINT32_MAX || number > UINT32_MAX - LDB_STAGED_FRAGMENT)
		LDB_FAIL(err, LDB_INVALID, "a change adds more rows than row addresses can hold");
	LDB_TRY(ldb_data_files_copy(added->files, added->file_count, maker->view->arena,
								&fragment->files, err));
	maker->view->view->base_index[maker->count] = ADDED;
	if (added->deleted != NULL)
		LDB_TRY(set_deletions(maker, fragment, NULL, added->deleted, added->deleted_rows, err));
	maker->count++;
	return LDB_OK;
}

static LdbStatus
add_new_fragments(Maker *maker, LdbError *err)
{
	LdbManifest *manifest = maker->view->manifest;
	bool stable = (manifest->reader_flags & LDB_FLAG_STABLE_ROW_IDS) != 0;
	uint64_t next_row_id = manifest->next_row_id;

	for (size_t i = 0; i < maker->change->new_count; i++)
	{
		LDB_TRY(add_new_fragment(maker, i, err));
		if (stable)
			LDB_TRY(add_row_ids(maker, i, &next_row_id, err));
	}
	return LDB_OK;
}

static void
number_rows(LdbManifest *manifest)
{
	manifest->live_rows = 0;
	for (size_t i = 0; i < manifest->fragment_count; i++)
	{
		LdbFragment *fragment = &manifest->fragments[i];

		fragment->first_ordinal = manifest->live_rows;
		manifest->live_rows += ldb_fragment_live_rows(fragment);
		if (fragment->deletion != NULL)
			manifest->reader_flags |= LDB_FLAG_DELETION_FILES;
	}
}

static LdbStatus
add_fragments(Maker *maker, LdbError *err)
{
	LdbDataset *view = maker->view;
	LdbManifest *manifest = view->manifest;
	size_t most = maker->content == NULL ? 0 : maker->content->manifest->fragment_count;
	LdbArena *arena = view->arena;

	if (!ldb_size_add(most, maker->change->new_count, &most))
		LDB_FAIL(err, LDB_INVALID, "a change adds too many fragments");
	LDB_NEW(arena, manifest->fragments, most, err);
	LDB_NEW(arena, view->deletions, most, err);
	/* so that what is there is freed whatever comes */
	manifest->fragment_count = most;
	LDB_NEW(arena, view->view->base_index, most, err);
	LDB_NEW(arena, view->view->row_ids, maker->change->new_count, err);
	LDB_NEW(arena, view->view->next_row_id, maker->change->new_count, err);
	LDB_TRY(add_old_fragments(maker, err));
	LDB_TRY(add_new_fragments(maker, err));
	manifest->fragment_count = maker->count;
	number_rows(manifest);
	return LDB_OK;
}

/* ---- the rest of the manifest ---- */

static LdbStatus
start_new_table(const Maker *maker, LdbLocations *locations, const char *uri, LdbError *err)
{
	LdbDataset *view = maker->view;
	const LdbNewTable *table = maker->change->create;

	view->uri = ldb_arena_strdup(view->arena, uri);
	view->manifest->data_version = ldb_arena_strdup(view->arena, table->data_version);
	if (view->uri == NULL || view->manifest->data_version == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for table \"%s\"", uri);
	view->manifest->writer_library = view->manifest->writer_version = "";
	if (table->stable_row_ids)
		view->manifest->reader_flags = LDB_FLAG_STABLE_ROW_IDS;
	view->home.has_folders = true;
	LDB_TRY(ldb_locations_resolve(locations, uri, view->arena, &view->home.store, &view->home.root,
								  err));
	return ldb_schema_copy(table->schema, view->arena, &view->manifest->schema, err);
}

/* Everything but the fragments is as in the version that they come from. */
static void
start_with_content(const Maker *maker, const LdbDataset *base)
{
	LdbDataset *view = maker->view;

	view->uri = base->uri;
	view->home = base->home;
	view->bases = maker->content->bases;
	*view->manifest = *maker->content->manifest;
	view->manifest->fragment_count = 0;
	view->manifest->version = base->manifest->version;
}

static LdbStatus
make(Maker *maker, LdbDataset *base, LdbLocations *locations, const char *uri, LdbError *err)
{
	LdbDataset *view = maker->view;

	view->arena = ldb_arena_new(0);
	if (view->arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a view of a table");
	LDB_NEW(view->arena, view->view, 1, err);
	LDB_NEW(view->arena, view->manifest, 1, err);
	view->view->base = maker->content;
	if (maker->content == NULL)
		LDB_TRY(start_new_table(maker, locations, uri, err));
	else
		start_with_content(maker, base);
	if (maker->change->schema != NULL)
		LDB_TRY(ldb_schema_copy(maker->change->schema, view->arena, &view->manifest->schema, err));
	return add_fragments(maker, err);
}

/* Restored datasets are only read, but for what they load later. */
static LdbDataset *
content_of(LdbDataset *base, const LdbChange *change)
{
	union
	{
		const LdbDataset *read;
		LdbDataset *loading;
	} restored = {change->restored};

	return change->restored == NULL ? base : restored.loading;
}

LdbStatus
ldb_change_view_open(LdbDataset *base, LdbLocations *locations, const char *uri,
					 const LdbChange *change, LdbMemoryFiles *memory, LdbDataset **dataset,
					 const LdbCancel *cancel, LdbError *err)
{
	Maker maker = {.change = change, .content = content_of(base, change), .cancel = cancel};
	LdbDataset *view;
	LdbStatus status;

	if ((base == NULL) != (change->create != NULL) ||
		(base != NULL && base->manifest->version != change->base_version))
		LDB_FAIL(err, LDB_INVALID, "a change was made against another version of the table");
	view = ldb_heap_zalloc(sizeof *view);
	if (view == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a view of a table");
	pthread_mutex_init(&view->lock, NULL);
	maker.view = view;
	status = make(&maker, base, locations, uri, err);
	if (status != LDB_OK)
	{
		ldb_dataset_close(view);
		return status;
	}
	if (memory != NULL)
	{
		memory->users++;
		view->view->memory = memory;
		view->view->memory_base = (LdbBase){memory->store, "", false};
	}
	*dataset = view;
	return LDB_OK;
}

LdbStatus
ldb_dataset_with_change(LdbDataset *base, LdbLocations *locations, const char *uri,
						const LdbChange *change, LdbDataset **dataset, const LdbCancel *cancel,
						LdbError *err)
{
	return ldb_change_view_open(base, locations, uri, change, NULL, dataset, cancel, err);
}

/* ---- row ids ---- */

static LdbStatus
new_row_ids(const LdbDataset *dataset, size_t fragment_index, LdbArena *arena,
			const uint64_t **row_ids, LdbError *err)
{
	const LdbFragment *fragment = &dataset->manifest->fragments[fragment_index];
	size_t number = (size_t) (fragment->id - LDB_STAGED_FRAGMENT);
	uint64_t first = dataset->view->next_row_id[number];
	uint64_t *ids;

	*row_ids = dataset->view->row_ids[number];
	if (*row_ids != NULL)
		return LDB_OK;
	if ((dataset->manifest->reader_flags & LDB_FLAG_STABLE_ROW_IDS) == 0)
		first = ldb_row_address(fragment->id, 0);
	LDB_NEW(arena, ids, (size_t) fragment->physical_rows, err);
	for (uint64_t i = 0; i < fragment->physical_rows; i++)
		ids[i] = first + i;
	*row_ids = ids;
	return LDB_OK;
}

LdbStatus
ldb_change_view_row_ids(LdbDataset *dataset, size_t fragment_index, LdbArena *arena,
						const uint64_t **row_ids, const LdbCancel *cancel, LdbError *err)
{
	const LdbChangeView *view = dataset->view;

	if (view->base_index[fragment_index] == ADDED)
		return new_row_ids(dataset, fragment_index, arena, row_ids, err);
	return ldb_dataset_row_ids(view->base, view->base_index[fragment_index], arena, row_ids, cancel,
							   err);
}
