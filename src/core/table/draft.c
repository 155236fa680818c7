/* draft.c -- the next version of a table while a transaction prepares it: its life and journal. */
#include "draft_impl.h"

#include <string.h>

#include "copy.h"
#include "ldb/base/checked.h"

#define DEFAULT_FRAGMENT_ROWS ((uint64_t) 1048576)
#define DEFAULT_FRAGMENT_BYTES ((uint64_t) 4 << 30)
#define DEFAULT_MEMORY_BYTES ((size_t) 64 << 20)

LdbStatus
ldb_draft_reserve(void *list, size_t *capacity, size_t count, size_t item_bytes, LdbError *err)
{
	void **items = list;
	size_t wanted = *capacity == 0 ? 8 : *capacity;
	size_t bytes;
	void *grown;

	if (count <= *capacity)
		return LDB_OK;
	while (wanted < count && wanted <= SIZE_MAX / 2)
		wanted *= 2;
	grown = ldb_size_mul(wanted, item_bytes, &bytes) ? ldb_heap_realloc(*items, bytes) : NULL;
	if (grown == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu changes of a table", count);
	*items = grown;
	*capacity = wanted;
	return LDB_OK;
}

/* ---- fragments and content ---- */

LdbDraftFragment *
ldb_draft_fragment_new(uint64_t id, uint64_t physical_rows)
{
	LdbDraftFragment *fragment = ldb_heap_zalloc(sizeof *fragment);

	if (fragment != NULL)
	{
		fragment->id = id;
		fragment->physical_rows = physical_rows;
	}
	return fragment;
}

void
ldb_draft_fragment_free(LdbDraftFragment *fragment)
{
	if (fragment == NULL)
		return;
	ldb_heap_free(fragment->deleted);
	ldb_heap_free(fragment->row_ids);
	ldb_heap_free(fragment->created);
	ldb_heap_free(fragment->origin.sources);
	ldb_heap_free(fragment->origin.fields);
	ldb_heap_free(fragment);
}

static size_t
content_fragments(const LdbDraftContent *content)
{
	return content->dataset == NULL ? 0 : content->dataset->manifest->fragment_count;
}

void
ldb_draft_content_free(LdbDraftContent *content)
{
	if (content == NULL)
		return;
	if (content->fragments != NULL)
	{
		for (size_t i = 0; i < content_fragments(content); i++)
			ldb_draft_fragment_free(content->fragments[i]);
	}
	ldb_heap_free(content->fragments);
	ldb_heap_free(content);
}

LdbStatus
ldb_draft_content_new(LdbDraft *draft, LdbDataset *dataset, LdbDraftContent **content,
					  LdbError *err)
{
	LdbDraftContent *made = ldb_heap_zalloc(sizeof *made);

	if (made == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for changes of a table");
	made->dataset = dataset;
	made->first_number = draft->next_number;
	made->fragments = ldb_heap_zalloc(sizeof(LdbDraftFragment *) * (content_fragments(made) + 1));
	if (made->fragments == NULL)
	{
		ldb_heap_free(made);
		LDB_FAIL(err, LDB_NOMEM, "out of memory for changes of a table");
	}
	*content = made;
	return LDB_OK;
}

LdbStatus
ldb_draft_touch(LdbDraftContent *content, size_t index, LdbDraftFragment **fragment, LdbError *err)
{
	const LdbFragment *below = &content->dataset->manifest->fragments[index];

	if (content->fragments[index] == NULL)
		content->fragments[index] = ldb_draft_fragment_new(below->id, below->physical_rows);
	if (content->fragments[index] == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for changes of a fragment");
	*fragment = content->fragments[index];
	return LDB_OK;
}

/* ---- life ---- */

static void
set_options(LdbDraft *draft, const LdbDraftOptions *options)
{
	if (options != NULL)
		draft->options = *options;
	if (draft->options.fragment_rows == 0)
		draft->options.fragment_rows = DEFAULT_FRAGMENT_ROWS;
	if (draft->options.fragment_rows > UINT32_MAX)
		draft->options.fragment_rows = UINT32_MAX;
	if (draft->options.fragment_bytes == 0)
		draft->options.fragment_bytes = DEFAULT_FRAGMENT_BYTES;
	if (draft->options.memory_bytes == 0)
		draft->options.memory_bytes = DEFAULT_MEMORY_BYTES;
	draft->builder_bytes = draft->options.memory_bytes / LDB_BUILDER_PART;
}

/* A manifest may say "0.1" or nothing although all its files are 2.0: they know better. */
static int
version_of_files(const LdbManifest *manifest)
{
	for (size_t i = 0; i < manifest->fragment_count; i++)
	{
		const LdbFragment *fragment = &manifest->fragments[i];

		for (size_t j = 0; j < fragment->file_count; j++)
		{
			const LdbDataFile *file = &fragment->files[j];

			if (file->major == 2)
				return 20 + (int) file->minor;
			return file->minor == 3 ? 20 : 0;
		}
	}
	return (manifest->reader_flags & LDB_FLAG_V2_FORMAT) != 0 ? 20 : 0;
}

static LdbStatus
set_data_version(LdbDraft *draft, const char *text, LdbError *err)
{
	if (strcmp(text, "2.0") == 0)
		draft->data_version = 20;
	else if (strcmp(text, "2.1") == 0)
		draft->data_version = 21;
	else if (strcmp(text, "2.2") == 0)
		draft->data_version = 22;
	else if (draft->base != NULL)
		draft->data_version = version_of_files(draft->base->manifest);
	if (draft->data_version < 20 || draft->data_version > 22)
		LDB_FAIL(err, LDB_UNSUPPORTED, "data storage version \"%s\" cannot be written", text);
	return LDB_OK;
}

static LdbStatus
own_schema(LdbDraft *draft, const LdbSchema *schema, const LdbSchema **copy, LdbError *err)
{
	LdbSchema *made;

	LDB_NEW(draft->arena, made, 1, err);
	LDB_TRY(ldb_schema_copy(schema, draft->arena, made, err));
	*copy = made;
	return LDB_OK;
}

static int32_t
max_id(LdbField *const *fields, size_t count)
{
	int32_t most = -1;

	for (size_t i = 0; i < count; i++)
	{
		int32_t below = max_id(fields[i]->children, fields[i]->child_count);

		if (fields[i]->id > most)
			most = fields[i]->id;
		if (below > most)
			most = below;
	}
	return most;
}

static LdbStatus
start_on_base(LdbDraft *draft, LdbError *err)
{
	const LdbManifest *manifest = draft->base->manifest;
	const char *root;

	draft->uri = ldb_arena_strdup(draft->arena, draft->base->uri);
	draft->root = ldb_arena_strdup(draft->arena, draft->base->home.root);
	if (draft->uri == NULL || draft->root == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for changes of a table");
	/* not the base's own store: the base may be closed once the draft is on another version */
	LDB_TRY(ldb_locations_resolve(draft->locations, draft->uri, draft->arena, &draft->store, &root,
								  err));
	draft->has_stable_row_ids = (manifest->reader_flags & LDB_FLAG_STABLE_ROW_IDS) != 0;
	draft->next_field_id = manifest->max_field_id + 1;
	LDB_TRY(set_data_version(draft, manifest->data_version, err));
	return own_schema(draft, &manifest->schema, &draft->schema, err);
}

static LdbStatus
start_new_table(LdbDraft *draft, const char *uri, const LdbNewTable *table, LdbError *err)
{
	draft->uri = ldb_arena_strdup(draft->arena, uri);
	draft->table = *table;
	draft->table.data_version = ldb_arena_strdup(draft->arena, table->data_version);
	if (draft->uri == NULL || draft->table.data_version == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for changes of a table");
	LDB_TRY(ldb_locations_resolve(draft->locations, uri, draft->arena, &draft->store, &draft->root,
								  err));
	draft->has_stable_row_ids = table->stable_row_ids;
	LDB_TRY(set_data_version(draft, table->data_version, err));
	LDB_TRY(own_schema(draft, table->schema, &draft->schema, err));
	draft->table.schema = draft->schema;
	draft->next_field_id = max_id(draft->schema->fields, draft->schema->field_count) + 1;
	return LDB_OK;
}

static LdbStatus
start(LdbDraft *draft, const char *uri, const LdbNewTable *table, LdbError *err)
{
	draft->arena = ldb_arena_new(0);
	if (draft->arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for changes of a table");
	if (draft->base != NULL)
		LDB_TRY(start_on_base(draft, err));
	else
		LDB_TRY(start_new_table(draft, uri, table, err));
	LDB_TRY(ldb_draft_content_new(draft, draft->base, &draft->content, err));
	draft->content->schema = draft->schema;
	return LDB_OK;
}

static LdbStatus
make_draft(LdbDataset *base, LdbLocations *locations, const char *uri, const LdbNewTable *table,
		   const LdbDraftOptions *options, LdbDraft **draft, LdbError *err)
{
	LdbDraft *made = ldb_heap_zalloc(sizeof *made);
	LdbStatus status;

	if (made == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for changes of a table");
	made->base = base;
	made->locations = locations;
	set_options(made, options);
	status = start(made, uri, table, err);
	if (status != LDB_OK)
	{
		ldb_draft_free(made);
		return status;
	}
	*draft = made;
	return LDB_OK;
}

LdbStatus
ldb_draft_new(LdbDataset *base, LdbLocations *locations, const LdbDraftOptions *options,
			  LdbDraft **draft, LdbError *err)
{
	return make_draft(base, locations, NULL, NULL, options, draft, err);
}

LdbStatus
ldb_draft_new_table(LdbLocations *locations, const char *uri, const LdbNewTable *table,
					const LdbDraftOptions *options, LdbDraft **draft, LdbError *err)
{
	return make_draft(NULL, locations, uri, table, options, draft, err);
}

static void
free_entry(LdbDraftEntry *entry)
{
	ldb_row_set_free(&entry->rows);
	ldb_draft_content_free(entry->content);
}

void
ldb_draft_free(LdbDraft *draft)
{
	if (draft == NULL)
		return;
	ldb_draft_close_open(draft);
	for (size_t i = 0; i < draft->entry_count; i++)
		free_entry(&draft->entries[i]);
	for (size_t i = 0; i < draft->staged_count; i++)
		ldb_draft_fragment_free(draft->staged[i]);
	ldb_draft_content_free(draft->content);
	ldb_draft_forget_row_ids(draft);
	ldb_heap_free(draft->entries);
	ldb_heap_free(draft->staged);
	ldb_heap_free(draft->runs);
	ldb_heap_free(draft->paths);
	ldb_arena_free(draft->arena);
	ldb_heap_free(draft);
}

/* ---- what it holds ---- */

LdbDataset *
ldb_draft_base(const LdbDraft *draft)
{
	return draft->base;
}

const LdbSchema *
ldb_draft_schema(const LdbDraft *draft)
{
	return draft->schema;
}

bool
ldb_draft_has_stable_row_ids(const LdbDraft *draft)
{
	return draft->has_stable_row_ids;
}

uint64_t
ldb_draft_live_rows(const LdbDraft *draft, const LdbDraftRun *run)
{
	const LdbDraftFragment *fragment = draft->staged[run->staged];
	size_t bits = fragment->deleted_bytes * 8;
	size_t end = (size_t) (run->first + run->count);

	if (end > bits)
		end = bits;
	if (fragment->deleted_rows == 0 || end <= run->first)
		return run->count;
	return run->count -
		   ldb_bitmap_count(fragment->deleted, (size_t) run->first, end - (size_t) run->first);
}

/* Rows that were added and are still there. */
static uint64_t
staged_rows(const LdbDraft *draft)
{
	uint64_t rows = 0;

	for (size_t i = 0; i < draft->run_count; i++)
	{
		/* a truncate falls between two runs */
		if (draft->runs[i].number >= draft->content->first_number)
			rows += ldb_draft_live_rows(draft, &draft->runs[i]);
	}
	return rows;
}

static uint64_t
rows_deleted_below(const LdbDraft *draft)
{
	const LdbDraftContent *content = draft->content;
	uint64_t rows = 0;

	for (size_t i = 0; i < content_fragments(content); i++)
	{
		const LdbDraftFragment *fragment = content->fragments[i];

		if (fragment != NULL && fragment->removed)
			rows += ldb_fragment_live_rows(&content->dataset->manifest->fragments[i]);
		else if (fragment != NULL)
			rows += fragment->deleted_rows;
	}
	return rows;
}

LdbStatus
ldb_draft_counts(LdbDraft *draft, LdbDraftCounts *counts, LdbError *err)
{
	(void) err;
	*counts = (LdbDraftCounts){staged_rows(draft), rows_deleted_below(draft)};
	if (draft->content->is_restored)
	{
		counts->rows_added += draft->content->dataset->manifest->live_rows - counts->rows_deleted;
		counts->rows_deleted = draft->base->manifest->live_rows;
	}
	return LDB_OK;
}

static bool
has_changed_fragments(const LdbDraftContent *content)
{
	for (size_t i = 0; i < content_fragments(content); i++)
	{
		const LdbDraftFragment *fragment = content->fragments[i];

		if (fragment != NULL &&
			(fragment->removed || fragment->deleted_rows > 0 || fragment->file_count > 0))
			return true;
	}
	return false;
}

bool
ldb_draft_is_empty(const LdbDraft *draft)
{
	return draft->base != NULL && !draft->content->is_restored &&
		   draft->schema == draft->content->schema && !has_changed_fragments(draft->content) &&
		   staged_rows(draft) == 0;
}

/* ---- journal ---- */

LdbMark
ldb_draft_mark(const LdbDraft *draft, LdbMark mark)
{
	if (draft->run_count > 0 && draft->runs[draft->run_count - 1].mark.command > mark.command)
		mark.command = draft->runs[draft->run_count - 1].mark.command;
	if (draft->entry_count > 0 &&
		draft->entries[draft->entry_count - 1].mark.command > mark.command)
		mark.command = draft->entries[draft->entry_count - 1].mark.command;
	return mark;
}

LdbStatus
ldb_draft_reserve_entry(LdbDraft *draft, LdbError *err)
{
	return ldb_draft_reserve(&draft->entries, &draft->entry_capacity, draft->entry_count + 1,
							 sizeof *draft->entries, err);
}

LdbDraftEntry *
ldb_draft_add_entry(LdbDraft *draft, LdbDraftKind kind, LdbMark mark)
{
	LdbDraftEntry *entry = &draft->entries[draft->entry_count++];

	*entry = (LdbDraftEntry){.mark = mark, .kind = kind};
	draft->changes++;
	return entry;
}

static void
take_back_deletion(LdbDraftEntry *entry)
{
	LdbDraftFragment *fragment = entry->fragment;

	ldb_row_set_clear_in(&entry->rows, fragment->deleted, fragment->deleted_bytes);
	fragment->deleted_rows -= entry->rows.count;
	fragment->last_deletion = entry->last_deletion;
}

static void
take_back_files(LdbDraft *draft, LdbDraftEntry *entry)
{
	for (size_t i = 0; i < entry->file_count; i++)
	{
		entry->files[i].fragment->file_count = entry->files[i].file_count;
		entry->files[i].fragment->files = entry->files[i].files;
		ldb_draft_delete_file(draft, entry->paths[i]);
	}
}

static void
take_back(LdbDraft *draft, LdbDraftEntry *entry)
{
	if (entry->kind == LDB_DRAFT_DELETION)
		take_back_deletion(entry);
	else
		draft->schema = entry->schema;
	if (entry->kind == LDB_DRAFT_FILES)
		take_back_files(draft, entry);
	if (entry->kind == LDB_DRAFT_CONTENT)
	{
		ldb_draft_content_free(draft->content);
		draft->content = entry->content;
		entry->content = NULL;
	}
	free_entry(entry);
}

/* Savepoints end in the order in which they began, so what is at a level or deeper comes last. */
void
ldb_draft_roll_back(LdbDraft *draft, int level)
{
	while (draft->entry_count > 0 && draft->entries[draft->entry_count - 1].mark.level >= level)
		take_back(draft, &draft->entries[--draft->entry_count]);
	while (draft->run_count > 0 && draft->runs[draft->run_count - 1].mark.level >= level)
		ldb_draft_drop_run(draft);
	draft->changes++;
}

void
ldb_draft_release(LdbDraft *draft, int level)
{
	for (size_t i = draft->entry_count; i > 0 && draft->entries[i - 1].mark.level >= level; i--)
		draft->entries[i - 1].mark.level = level - 1;
	for (size_t i = draft->run_count; i > 0 && draft->runs[i - 1].mark.level >= level; i--)
		draft->runs[i - 1].mark.level = level - 1;
}
