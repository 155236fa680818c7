/* draft_files.c -- data files of a draft: their names, writing and deleting them. */
#include "draft_impl.h"

#include "names.h"

LdbStatus
ldb_draft_new_path(LdbDraft *draft, const char **path, LdbError *err)
{
	LDB_TRY(ldb_draft_reserve(&draft->paths, &draft->path_capacity, draft->path_count + 1,
							  sizeof *draft->paths, err));
	LDB_TRY(ldb_name_data_file(draft->arena, path, err));
	draft->paths[draft->path_count++] = *path;
	return LDB_OK;
}

LdbStatus
ldb_draft_file_name(const LdbDraft *draft, const char *path, LdbArena *arena, const char **name,
					LdbError *err)
{
	const char *tail = ldb_arena_printf(arena, "data/%s", path);

	*name = tail == NULL ? NULL : ldb_name_join(arena, draft->root, tail);
	if (*name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the name of a file");
	return LDB_OK;
}

LdbStatus
ldb_draft_open_writer(LdbDraft *draft, LdbStore *store, const char *name, const LdbSchema *schema,
					  LdbFileWriter **writer, LdbError *err)
{
	LdbFileWriterOptions options = {.version = draft->data_version,
									.memory_bytes =
										draft->options.memory_bytes - draft->builder_bytes,
									.cancel = draft->options.cancel};

	return ldb_file_writer_open(store, name, schema, &options, writer, err);
}

LdbStatus
ldb_draft_finish_writer(LdbFileWriter *writer, const char *path, uint64_t rows, LdbArena *arena,
						LdbDataFile *file, LdbError *err)
{
	LdbFileSummary summary;

	LDB_TRY(ldb_file_writer_finish(writer, arena, &summary, err));
	if (summary.row_count != rows)
		LDB_FAIL(err, LDB_INVALID, "data file \"%s\" was written with a wrong number of rows",
				 path);
	*file = (LdbDataFile){.path = path,
						  .field_count = summary.field_count,
						  .field_ids = summary.field_ids,
						  .column_indices = summary.column_indices,
						  .major = summary.major,
						  .minor = summary.minor,
						  .size_bytes = summary.size_bytes,
						  .base_id = LDB_NO_BASE};
	return LDB_OK;
}

/* Who deletes is cleaning up, so nobody's cancel counts. */
static bool
remove_file(const LdbDraft *draft, const char *path)
{
	LdbArena *arena = ldb_arena_new(0);
	const char *name;
	bool done = arena != NULL && ldb_draft_file_name(draft, path, arena, &name, NULL) == LDB_OK &&
				ldb_store_remove(draft->store, name, NULL, NULL) == LDB_OK;

	ldb_arena_free(arena);
	return done;
}

bool
ldb_draft_delete_file(LdbDraft *draft, const char *path)
{
	size_t i = draft->path_count;

	/* the last ones go first */
	while (i > 0 && draft->paths[i - 1] != path)
		i--;
	if (i == 0)
		return true;
	if (!remove_file(draft, path))
		return false;
	draft->paths[i - 1] = draft->paths[--draft->path_count];
	return true;
}

void
ldb_draft_delete_unneeded(LdbDraft *draft, bool (*is_needed)(const void *context, const char *path),
						  const void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < draft->path_count; i++)
	{
		if (is_needed(context, draft->paths[i]) || !remove_file(draft, draft->paths[i]))
			draft->paths[kept++] = draft->paths[i];
	}
	draft->path_count = kept;
}

static bool
is_never_needed(const void *context, const char *path)
{
	(void) context;
	(void) path;
	return false;
}

size_t
ldb_draft_discard(LdbDraft *draft)
{
	ldb_draft_close_open(draft);
	ldb_draft_delete_unneeded(draft, is_never_needed, NULL);
	/* no folder stays of a table that there will not be */
	if (draft->base == NULL && draft->root[0] != '\0')
		(void) ldb_store_prune(draft->store, draft->root, false, NULL, NULL);
	return draft->path_count;
}
