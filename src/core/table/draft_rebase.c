/* draft_rebase.c -- moves a draft on top of a newer version of the table. */
#include <inttypes.h>
#include <string.h>

#include "copy.h"
#include "draft_impl.h"
#include "ldb/table/commit.h"

/* A content on top of the newer version, before anything is changed. */
typedef struct Moved
{
	LdbDraftContent *content;
	LdbDraftFragment **fragments; /* by their index in the newer version; owned until it is used */
} Moved;

typedef struct Rebase
{
	LdbDraft *draft;
	LdbDataset *newer;
	LdbArena *arena;
	const LdbSchema *schema; /* in place of that of the old base */
	Moved *moved;
	size_t count;
} Rebase;

/* ---- columns ---- */

static bool
same_fields(LdbField *const *a, LdbField *const *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
	{
		if (a[i]->id != b[i]->id || a[i]->nullable != b[i]->nullable ||
			strcmp(a[i]->name, b[i]->name) != 0 ||
			strcmp(a[i]->logical_type, b[i]->logical_type) != 0 ||
			a[i]->child_count != b[i]->child_count ||
			!same_fields(a[i]->children, b[i]->children, a[i]->child_count))
			return false;
	}
	return true;
}

static bool
is_same_schema(const LdbSchema *a, const LdbSchema *b)
{
	return a->field_count == b->field_count && same_fields(a->fields, b->fields, a->field_count);
}

static bool
changes_columns(const LdbDraft *draft)
{
	for (size_t i = 0; i < draft->entry_count; i++)
	{
		LdbDraftKind kind = draft->entries[i].kind;

		if (kind == LDB_DRAFT_SCHEMA || kind == LDB_DRAFT_FILES)
			return true;
	}
	return false;
}

static const LdbSchema *
base_schema(const LdbDraft *draft)
{
	for (size_t i = 0; i < draft->entry_count; i++)
	{
		if (draft->entries[i].kind == LDB_DRAFT_CONTENT)
			return draft->entries[i].content->schema;
	}
	return draft->content->schema;
}

/* Changes of columns were made to columns as they were; what others changed must not be undone. */
static LdbStatus
prepare_schema(Rebase *rebase, LdbError *err)
{
	LdbDraft *draft = rebase->draft;
	const LdbSchema *newer = &rebase->newer->manifest->schema;
	LdbSchema *copy;

	rebase->schema = base_schema(draft);
	if (is_same_schema(rebase->schema, newer))
		return LDB_OK;
	if (changes_columns(draft))
		LDB_FAIL(err, LDB_CONFLICT,
				 "columns of table \"%s\" were changed by version %" PRIu64 " and here", draft->uri,
				 rebase->newer->manifest->version);
	LDB_NEW(draft->arena, copy, 1, err);
	LDB_TRY(ldb_schema_copy(newer, draft->arena, copy, err));
	rebase->schema = copy;
	return LDB_OK;
}

/* ---- fragments ---- */

static LdbStatus
gone(const Rebase *rebase, const LdbDraftFragment *fragment, LdbError *err)
{
	LDB_FAIL(err, LDB_CONFLICT,
			 "fragment %" PRIu64
			 " of table \"%s\" was changed here and replaced by version %" PRIu64,
			 fragment->id, rebase->draft->uri, rebase->newer->manifest->version);
}

static LdbStatus
move_fragment(const Rebase *rebase, Moved *moved, LdbDraftFragment *fragment, LdbError *err)
{
	const LdbManifest *manifest = rebase->newer->manifest;
	long index = ldb_manifest_fragment_index(manifest, fragment->id);
	bool is_used = fragment->last_deletion != 0 || fragment->file_count > 0;
	const uint8_t *unused;

	if (index < 0)
		return is_used ? gone(rebase, fragment, err) : LDB_OK;
	if (manifest->fragments[index].physical_rows != fragment->physical_rows)
		return gone(rebase, fragment, err);
	moved->fragments[index] = fragment;
	/* loaded now, so that nothing can fail later */
	if (fragment->last_deletion != 0)
		LDB_TRY(ldb_dataset_deletions(rebase->newer, (size_t) index, &unused, NULL,
									  rebase->draft->options.cancel, err));
	return LDB_OK;
}

static LdbStatus
prepare_content(Rebase *rebase, LdbDraftContent *content, LdbError *err)
{
	size_t old_count = content->dataset->manifest->fragment_count;
	Moved *moved;

	if (content->is_restored)
		return LDB_OK;
	moved = &rebase->moved[rebase->count];
	moved->content = content;
	moved->fragments =
		ldb_heap_zalloc((rebase->newer->manifest->fragment_count + 1) * sizeof(LdbDraftFragment *));
	if (moved->fragments == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for changes of a table");
	rebase->count++;
	for (size_t i = 0; i < old_count; i++)
	{
		if (content->fragments[i] != NULL)
			LDB_TRY(move_fragment(rebase, moved, content->fragments[i], err));
	}
	return LDB_OK;
}

static LdbStatus
prepare(Rebase *rebase, LdbError *err)
{
	LdbDraft *draft = rebase->draft;

	LDB_TRY(prepare_schema(rebase, err));
	LDB_NEW(rebase->arena, rebase->moved, draft->entry_count + 1, err);
	LDB_TRY(prepare_content(rebase, draft->content, err));
	for (size_t i = 0; i < draft->entry_count; i++)
	{
		if (draft->entries[i].content != NULL)
			LDB_TRY(prepare_content(rebase, draft->entries[i].content, err));
	}
	return LDB_OK;
}

/* ---- no more failures ---- */

/* Rows that others deleted meanwhile are not the draft's to delete any more. */
static void
give_up_rows(const Rebase *rebase, LdbDraftFragment *fragment, size_t index)
{
	LdbDraft *draft = rebase->draft;
	size_t length = ldb_bitmap_bytes((size_t) fragment->physical_rows);
	const uint8_t *theirs;
	size_t entry = fragment->last_deletion;

	if (entry == 0 || ldb_dataset_deletions(rebase->newer, index, &theirs, NULL, NULL, NULL) != 0 ||
		theirs == NULL)
		return;
	for (size_t i = 0; i < length && i < fragment->deleted_bytes; i++)
		fragment->deleted[i] = (uint8_t) (fragment->deleted[i] & ~theirs[i]);
	fragment->deleted_rows = 0;
	for (; entry != 0; entry = draft->entries[entry - 1].last_deletion)
	{
		ldb_row_set_subtract(&draft->entries[entry - 1].rows, theirs, length);
		fragment->deleted_rows += draft->entries[entry - 1].rows.count;
	}
}

/* Frees the states of fragments that are not there any more; they were untouched, or truncated. */
static void
finish_content(const Rebase *rebase, Moved *moved)
{
	LdbDraftContent *content = moved->content;
	const LdbManifest *newer = rebase->newer->manifest;

	for (size_t i = 0; i < content->dataset->manifest->fragment_count; i++)
	{
		LdbDraftFragment *fragment = content->fragments[i];

		if (fragment != NULL && ldb_manifest_fragment_index(newer, fragment->id) < 0)
			ldb_draft_fragment_free(fragment);
	}
	ldb_heap_free(content->fragments);
	content->fragments = moved->fragments;
	content->dataset = rebase->newer;
	content->schema = rebase->schema;
	for (size_t i = 0; i < newer->fragment_count; i++)
	{
		if (content->fragments[i] != NULL)
			give_up_rows(rebase, content->fragments[i], i);
	}
}

static void
finish(Rebase *rebase)
{
	LdbDraft *draft = rebase->draft;
	const LdbSchema *old = base_schema(draft);

	if (draft->schema == old)
		draft->schema = rebase->schema;
	for (size_t i = 0; i < draft->entry_count; i++)
	{
		if (draft->entries[i].schema == old)
			draft->entries[i].schema = rebase->schema;
	}
	for (size_t i = 0; i < rebase->count; i++)
		finish_content(rebase, &rebase->moved[i]);
	if (rebase->newer->manifest->max_field_id >= draft->next_field_id)
		draft->next_field_id = rebase->newer->manifest->max_field_id + 1;
	draft->base = rebase->newer;
	draft->changes++;
	ldb_draft_forget_row_ids(draft);
}

static LdbStatus
check(const Rebase *rebase, LdbError *err)
{
	LdbDraftShape shape = {.before = UINT32_MAX, .in_memory = true};
	LdbDraft *draft = rebase->draft;
	LdbChange change;

	if (ldb_draft_is_empty(draft))
		return LDB_OK;
	LDB_TRY(ldb_draft_build_change(draft, &shape, rebase->arena, &change, err));
	return ldb_change_check(draft->locations, draft->uri, &change, rebase->newer,
							draft->options.cancel, err);
}

LdbStatus
ldb_draft_rebase(LdbDraft *draft, LdbDataset *newer, LdbError *err)
{
	Rebase rebase = {.draft = draft, .newer = newer};
	LdbStatus status;

	if (draft->base == NULL)
		LDB_FAIL(err, LDB_CONFLICT, "table \"%s\" exists already", draft->uri);
	if (newer == draft->base)
		return LDB_OK;
	rebase.arena = ldb_arena_new(0);
	if (rebase.arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for changes of a table");
	status = check(&rebase, err);
	if (status == LDB_OK)
		status = prepare(&rebase, err);
	if (status == LDB_OK)
		finish(&rebase);
	for (size_t i = 0; i < rebase.count && status != LDB_OK; i++)
		ldb_heap_free(rebase.moved[i].fragments);
	ldb_arena_free(rebase.arena);
	return status;
}
