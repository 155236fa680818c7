/* draft_change.c -- what a draft changes, as of a command: for views and for the commit. */
#include "draft_impl.h"

#include <string.h>

#include "ldb/base/bitmap.h"

typedef struct Build
{
	LdbDraft *draft;
	const LdbDraftShape *shape;
	LdbArena *arena;
	LdbChange *change;
	size_t entry_count; /* of these and these runs the change consists */
	size_t run_count;
	const LdbDraftContent *content; /* as of then */
	const LdbSchema *schema;
	LdbFragmentChange *fragments;
	LdbNewFragment *added;
} Build;

static size_t
content_fragments(const LdbDraftContent *content)
{
	return content->dataset == NULL ? 0 : content->dataset->manifest->fragment_count;
}

/* ---- as of when ---- */

static void
find_end(Build *build)
{
	const LdbDraft *draft = build->draft;

	build->content = draft->content;
	build->schema = draft->schema;
	build->entry_count = draft->entry_count;
	build->run_count = draft->run_count;
	if (build->shape->before == UINT32_MAX)
		return;
	while (build->run_count > 0 &&
		   draft->runs[build->run_count - 1].mark.command >= build->shape->before)
		build->run_count--;
	while (build->entry_count > 0 &&
		   draft->entries[build->entry_count - 1].mark.command >= build->shape->before)
	{
		const LdbDraftEntry *entry = &draft->entries[--build->entry_count];

		if (entry->kind != LDB_DRAFT_DELETION)
			build->schema = entry->schema;
		if (entry->kind == LDB_DRAFT_CONTENT)
			build->content = entry->content;
	}
}

/* The earliest later rewrite knows what a fragment had before it. */
static const LdbDataFile *
files_then(const Build *build, const LdbDraftFragment *fragment, size_t *count)
{
	const LdbDraft *draft = build->draft;

	for (size_t i = build->entry_count; i < draft->entry_count; i++)
	{
		const LdbDraftEntry *entry = &draft->entries[i];

		for (size_t j = 0; j < entry->file_count; j++)
		{
			if (entry->files[j].fragment != fragment)
				continue;
			*count = entry->files[j].file_count;
			return entry->files[j].files;
		}
	}
	*count = fragment->file_count;
	return fragment->files;
}

/* ---- deleted rows ---- */

static LdbStatus
copy_bits(const Build *build, LdbDraftFragment *fragment, LdbError *err)
{
	size_t bytes = ldb_bitmap_bytes((size_t) fragment->physical_rows);

	LDB_NEW(build->arena, fragment->shown, bytes + 1, err);
	if (bytes > fragment->deleted_bytes)
		bytes = fragment->deleted_bytes;
	if (bytes > 0)
		memcpy(fragment->shown, fragment->deleted, bytes);
	return LDB_OK;
}

static LdbStatus
copy_all_bits(const Build *build, LdbError *err)
{
	for (size_t i = 0; i < content_fragments(build->content); i++)
	{
		LdbDraftFragment *fragment = build->content->fragments[i];

		if (fragment != NULL && fragment->deleted_rows > 0)
			LDB_TRY(copy_bits(build, fragment, err));
	}
	for (size_t i = 0; i < build->draft->staged_count; i++)
	{
		if (build->draft->staged[i]->deleted_rows > 0)
			LDB_TRY(copy_bits(build, build->draft->staged[i], err));
	}
	return LDB_OK;
}

/* Deletions by later commands did not happen yet. */
static void
take_back_later(const Build *build)
{
	const LdbDraft *draft = build->draft;

	for (size_t i = build->entry_count; i < draft->entry_count; i++)
	{
		const LdbDraftEntry *entry = &draft->entries[i];
		const LdbDraftFragment *fragment = entry->fragment;

		if (entry->kind == LDB_DRAFT_DELETION && fragment->shown != NULL)
			ldb_row_set_clear_in(&entry->rows, fragment->shown,
								 ldb_bitmap_bytes((size_t) fragment->physical_rows));
	}
}

static void
forget_bits(const Build *build)
{
	for (size_t i = 0; i < content_fragments(build->content); i++)
	{
		if (build->content->fragments[i] != NULL)
			build->content->fragments[i]->shown = NULL;
	}
	for (size_t i = 0; i < build->draft->staged_count; i++)
		build->draft->staged[i]->shown = NULL;
}

static uint64_t
count_shown(const LdbDraftFragment *fragment)
{
	return fragment->shown == NULL
			   ? 0
			   : ldb_bitmap_count(fragment->shown, 0, (size_t) fragment->physical_rows);
}

/* ---- files ---- */

static bool
is_own_file(const LdbDraft *draft, const char *path)
{
	for (size_t i = 0; i < draft->path_count; i++)
	{
		if (draft->paths[i] == path)
			return true;
	}
	return false;
}

static bool
has_field(const LdbDataFile *file, int32_t id)
{
	for (size_t i = 0; i < file->field_count; i++)
	{
		if (file->field_ids[i] == id)
			return true;
	}
	return false;
}

/* Whether the fragment still reads some column from its file `index`. */
static bool
is_read(const Build *build, const LdbDataFile *files, size_t count, size_t index)
{
	for (size_t i = 0; i < files[index].field_count; i++)
	{
		int32_t id = files[index].field_ids[i];
		bool is_superseded = ldb_schema_find(build->schema, id) == NULL;

		for (size_t j = index + 1; j < count && !is_superseded; j++)
			is_superseded = has_field(&files[j], id);
		if (!is_superseded)
			return true;
	}
	return false;
}

/* Leaves out files of the draft that nothing reads any more, so that no version names them. */
static LdbStatus
drop_unread(const Build *build, const LdbDataFile **files, size_t *count, LdbError *err)
{
	LdbDataFile *kept;
	size_t kept_count = 0;

	if (!build->shape->is_final || *count < 2)
		return LDB_OK;
	LDB_NEW(build->arena, kept, *count, err);
	for (size_t i = 0; i < *count; i++)
	{
		/* a fragment without any file would be strange to other readers */
		if ((kept_count == 0 && i + 1 == *count) || is_read(build, *files, *count, i) ||
			!is_own_file(build->draft, (*files)[i].path))
			kept[kept_count++] = (*files)[i];
	}
	*files = kept;
	*count = kept_count;
	return LDB_OK;
}

/* ---- fragments of the version below ---- */

static LdbStatus
add_changed(Build *build, size_t index, LdbError *err)
{
	const LdbDraftFragment *fragment = build->content->fragments[index];
	const LdbFragment *below = &build->content->dataset->manifest->fragments[index];
	LdbFragmentChange change = {
		.id = fragment->id, .removed = fragment->removed, .physical_rows = fragment->physical_rows};

	if (!fragment->removed)
	{
		change.deleted_rows = count_shown(fragment);
		change.deleted = change.deleted_rows > 0 ? fragment->shown : NULL;
		change.files = files_then(build, fragment, &change.file_count);
		LDB_TRY(drop_unread(build, &change.files, &change.file_count, err));
		if (build->shape->is_final && change.deleted_rows > 0 &&
			change.deleted_rows == ldb_fragment_live_rows(below))
			change = (LdbFragmentChange){.id = fragment->id, .removed = true};
	}
	if (!change.removed && change.deleted == NULL && change.file_count == 0)
		return LDB_OK;
	build->change->rewrites_columns |= change.file_count > 0;
	build->fragments[build->change->fragment_count++] = change;
	return LDB_OK;
}

static LdbStatus
add_all_changed(Build *build, LdbError *err)
{
	size_t count = 0;

	for (size_t i = 0; i < content_fragments(build->content); i++)
		count += build->content->fragments[i] != NULL;
	LDB_NEW(build->arena, build->fragments, count, err);
	build->change->fragments = build->fragments;
	for (size_t i = 0; i < content_fragments(build->content); i++)
	{
		if (build->content->fragments[i] != NULL)
			LDB_TRY(add_changed(build, i, err));
	}
	return LDB_OK;
}

/* ---- staged fragments ---- */

/* Runs of one staged fragment. */
typedef struct Runs
{
	const LdbDraftRun *items;
	size_t count;
	uint64_t rows; /* of those that the change has */
} Runs;

static bool
is_in(const Build *build, const LdbDraftRun *run)
{
	return run->number >= build->content->first_number;
}

/* Those of the fragment, which start at *next, or none. */
static Runs
next_runs(const Build *build, size_t staged, size_t *next)
{
	Runs runs = {build->draft->runs + *next, 0, 0};

	for (; *next < build->run_count && build->draft->runs[*next].staged == staged; ++*next)
	{
		runs.count++;
		if (is_in(build, &build->draft->runs[*next]))
			runs.rows += build->draft->runs[*next].count;
	}
	return runs;
}

/* Rows that no run has are hidden: of later commands, rolled back, or truncated. */
static LdbStatus
hide_others(const Build *build, LdbDraftFragment *fragment, const Runs *runs, LdbError *err)
{
	uint64_t next = 0;

	if (runs->rows == fragment->physical_rows)
		return LDB_OK;
	if (fragment->shown == NULL)
		LDB_TRY(copy_bits(build, fragment, err));
	for (size_t i = 0; i < runs->count; i++)
	{
		const LdbDraftRun *run = &runs->items[i];

		if (!is_in(build, run))
			continue;
		ldb_bitmap_fill(fragment->shown, (size_t) next, (size_t) (run->first - next));
		next = run->first + run->count;
	}
	ldb_bitmap_fill(fragment->shown, (size_t) next, (size_t) (fragment->physical_rows - next));
	return LDB_OK;
}

static LdbStatus
add_live(Build *build, LdbDraftFragment *fragment, const Runs *runs, LdbNewFragment *added,
		 LdbError *err)
{
	LdbDraft *draft = build->draft;

	if (fragment->is_lost)
		LDB_FAIL(err, draft->loss.status, "rows added before could not be written: %s",
				 draft->loss.message);
	LDB_TRY(hide_others(build, fragment, runs, err));
	added->deleted_rows = count_shown(fragment);
	if (added->deleted_rows == fragment->physical_rows)
	{
		added->deleted_rows = 0;
		return LDB_OK;
	}
	added->deleted = added->deleted_rows > 0 ? fragment->shown : NULL;
	added->physical_rows = fragment->physical_rows;
	added->row_ids = fragment->row_ids;
	added->created_versions = fragment->row_ids == NULL ? NULL : fragment->created;
	if (draft->has_stable_row_ids)
		LDB_TRY(ldb_draft_show_origin(fragment, build->arena, &added->origin, err));
	if (fragment == draft->open.fragment)
	{
		added->files = &draft->open.memory_file;
		added->file_count = 1;
		return LDB_OK;
	}
	added->files = files_then(build, fragment, &added->file_count);
	return drop_unread(build, &added->files, &added->file_count, err);
}

/* A fragment without rows keeps its place in a view, for the addresses of those behind it. */
static LdbStatus
add_staged(Build *build, LdbError *err)
{
	LdbDraft *draft = build->draft;
	size_t count = build->run_count == 0 ? 0 : draft->runs[build->run_count - 1].staged + 1;
	size_t next = 0;

	LDB_NEW(build->arena, build->added, count, err);
	build->change->new_fragments = build->added;
	for (size_t i = 0; i < count; i++)
	{
		LdbNewFragment *added = &build->added[build->change->new_count];
		Runs runs = next_runs(build, i, &next);

		*added = (LdbNewFragment){0};
		if (runs.rows > 0)
			LDB_TRY(add_live(build, draft->staged[i], &runs, added, err));
		if (added->physical_rows > 0 || !build->shape->is_final)
			build->change->new_count++;
	}
	return LDB_OK;
}

/* ---- buffered rows ---- */

static bool
has_live_row(const Build *build, size_t staged)
{
	uint64_t rows = 0;

	for (size_t i = build->run_count; i > 0 && build->draft->runs[i - 1].staged == staged; i--)
	{
		if (is_in(build, &build->draft->runs[i - 1]))
			rows += ldb_draft_live_rows(build->draft, &build->draft->runs[i - 1]);
	}
	return rows > 0;
}

/* Rows that the change has must be readable. */
static LdbStatus
settle(const Build *build, LdbError *err)
{
	LdbDraft *draft = build->draft;
	size_t last = draft->staged_count - 1;

	if (draft->open.fragment == NULL || build->run_count == 0 ||
		draft->runs[build->run_count - 1].staged != last)
		return LDB_OK;
	if (build->shape->in_memory)
		return ldb_draft_settle(draft, err);
	if (build->shape->is_final && !has_live_row(build, last))
		return LDB_OK;
	return ldb_draft_finish_open(draft, err);
}

/* ---- the change ---- */

static LdbStatus
fill_change(Build *build, LdbError *err)
{
	const LdbDraft *draft = build->draft;
	LdbChange *change = build->change;

	if (draft->base == NULL)
	{
		LdbNewTable *table;

		LDB_NEW(build->arena, table, 1, err);
		*table = draft->table;
		table->schema = build->schema;
		change->create = table;
	}
	else
	{
		change->base_version = draft->base->manifest->version;
		change->base_timestamp_us = draft->base->manifest->timestamp_us;
		change->schema = build->schema == build->content->schema ? NULL : build->schema;
	}
	if (build->content->is_restored)
		change->restored = build->content->dataset;
	LDB_TRY(copy_all_bits(build, err));
	take_back_later(build);
	LDB_TRY(add_all_changed(build, err));
	return add_staged(build, err);
}

static bool
names_file(const LdbDataFile *files, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++)
	{
		if (files[i].path == path)
			return true;
	}
	return false;
}

static bool
change_needs(const void *context, const char *path)
{
	const LdbChange *change = context;

	for (size_t i = 0; i < change->new_count; i++)
	{
		if (names_file(change->new_fragments[i].files, change->new_fragments[i].file_count, path))
			return true;
	}
	for (size_t i = 0; i < change->fragment_count; i++)
	{
		if (names_file(change->fragments[i].files, change->fragments[i].file_count, path))
			return true;
	}
	return false;
}

LdbStatus
ldb_draft_build_change(LdbDraft *draft, const LdbDraftShape *shape, LdbArena *arena,
					   LdbChange *change, LdbError *err)
{
	Build build = {.draft = draft, .shape = shape, .arena = arena, .change = change};
	LdbStatus status;

	*change = (LdbChange){0};
	find_end(&build);
	if (shape->is_final && build.schema->field_count == 0)
		LDB_FAIL(err, LDB_UNSUPPORTED, "table \"%s\" would have no column", draft->uri);
	LDB_TRY(settle(&build, err));
	status = fill_change(&build, err);
	forget_bits(&build);
	return status;
}

LdbStatus
ldb_draft_change(LdbDraft *draft, uint32_t before, LdbArena *arena, LdbChange *change,
				 LdbError *err)
{
	LdbDraftShape shape = {.before = before, .is_final = before == UINT32_MAX};

	LDB_TRY(ldb_draft_build_change(draft, &shape, arena, change, err));
	if (shape.is_final)
		ldb_draft_delete_unneeded(draft, change_needs, change);
	return LDB_OK;
}

LdbStatus
ldb_draft_view(LdbDraft *draft, uint32_t before, LdbDataset **view, LdbError *err)
{
	LdbDraftShape shape = {.before = before, .in_memory = true};
	LdbArena *arena = ldb_arena_new(0);
	LdbChange change;
	LdbStatus status;

	if (arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a view of a table");
	status = ldb_draft_build_change(draft, &shape, arena, &change, err);
	if (status == LDB_OK)
		status = ldb_change_view_open(draft->base, draft->locations, draft->uri, &change,
									  draft->open.memory, view, draft->options.cancel, err);
	ldb_arena_free(arena);
	return status;
}
