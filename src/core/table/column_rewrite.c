/* column_rewrite.c -- values for a new column, one more data file for each fragment. */
#include <inttypes.h>
#include <string.h>

#include "copy.h"
#include "draft_columns.h"
#include "draft_impl.h"

/* Rows without a value that are written at once. */
#define FILLER_ROWS ((uint64_t) 1024)

typedef struct Written
{
	size_t index; /* of the fragment in the view */
	const char *path;
	LdbDataFile file;
} Written;

struct LdbColumnRewrite
{
	LdbDraft *draft;       /* borrowed */
	uint64_t changes;      /* of the draft when it began */
	LdbArena *arena;       /* owned; the rewrite itself lies in it */
	LdbArena *batch_arena; /* owned */
	LdbDataset *view;      /* owned */
	LdbScan *scan;         /* owned */
	LdbSchema *schema;     /* of the draft afterwards; its arena */
	LdbField *field;
	LdbSchema column;    /* the field alone */
	LdbBuilder *builder; /* owned; one row for those that are deleted */
	LdbArray filler;
	const LdbBatch *batch; /* that waits for its values */
	LdbFileWriter *writer; /* owned; NULL = none */
	size_t fragment;       /* of the writer; index in the view */
	uint64_t next_row;     /* physical, of the writer */
	Written *written;      /* room for each fragment; arena */
	size_t count;          /* the last one may still be written */
};

/* ---- what deleted rows get ---- */

/* NULL, or an empty value where the column must not have NULL: other readers check before they look
 * at deletions. */
static LdbStatus
build_filler(LdbBuilder *builder, const LdbField *field, LdbError *err)
{
	const LdbType *type = ldb_type_value(&field->type);
	uint64_t bits = ldb_type_bits(type);

	if (field->nullable || type->kind == LDB_TYPE_NULL)
		return ldb_builder_null(builder, err);
	if (ldb_type_is_variable(type->kind))
		return ldb_builder_bytes_value(builder, ldb_slice("", 0), err);
	if (bits > 0)
	{
		uint8_t *zeros = ldb_heap_zalloc((size_t) (bits / 8 + 1));
		LdbStatus status;

		if (zeros == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for a value of a column");
		status = ldb_builder_fixed(builder, zeros, err);
		ldb_heap_free(zeros);
		return status;
	}
	for (size_t i = 0; type->kind == LDB_TYPE_STRUCT && i < field->child_count; i++)
		LDB_TRY(build_filler(ldb_builder_child(builder, i), field->children[i], err));
	return ldb_builder_close_row(builder, err);
}

static LdbStatus
make_filler(LdbColumnRewrite *rewrite, LdbError *err)
{
	LDB_TRY(ldb_builder_new(rewrite->field, &rewrite->builder, err));
	LDB_TRY(build_filler(rewrite->builder, rewrite->field, err));
	return ldb_builder_array(rewrite->builder, rewrite->arena, &rewrite->filler, err);
}

static LdbStatus
append_fillers(LdbColumnRewrite *rewrite, uint64_t count, LdbError *err)
{
	LdbArena *arena = rewrite->batch_arena;

	while (count > 0)
	{
		size_t rows = (size_t) (count < FILLER_ROWS ? count : FILLER_ROWS);
		LdbArray array;
		uint32_t *first;

		LDB_CHECK_CANCEL(rewrite->draft->options.cancel, err);
		ldb_arena_reset(arena);
		LDB_NEW(arena, first, rows, err);
		LDB_TRY(ldb_array_take(&rewrite->filler, first, rows, arena, &array, err));
		LDB_TRY(ldb_file_writer_append(rewrite->writer, &array, rows, err));
		rewrite->next_row += rows;
		count -= rows;
	}
	return LDB_OK;
}

/* ---- files ---- */

static const LdbFragment *
fragment_at(const LdbColumnRewrite *rewrite, size_t index)
{
	return &ldb_dataset_manifest(rewrite->view)->fragments[index];
}

static LdbStatus
start_file(LdbColumnRewrite *rewrite, size_t index, LdbError *err)
{
	LdbDraft *draft = rewrite->draft;
	Written *written = &rewrite->written[rewrite->count];
	const char *name;

	LDB_TRY(ldb_draft_new_path(draft, &written->path, err));
	rewrite->count++;
	written->index = index;
	LDB_TRY(ldb_draft_file_name(draft, written->path, rewrite->arena, &name, err));
	LDB_TRY(
		ldb_draft_open_writer(draft, draft->store, name, &rewrite->column, &rewrite->writer, err));
	rewrite->fragment = index;
	rewrite->next_row = 0;
	return LDB_OK;
}

static LdbStatus
finish_file(LdbColumnRewrite *rewrite, LdbError *err)
{
	Written *written = &rewrite->written[rewrite->count - 1];
	uint64_t rows;
	LdbFileWriter *writer = rewrite->writer;

	if (writer == NULL)
		return LDB_OK;
	rows = fragment_at(rewrite, rewrite->fragment)->physical_rows;
	LDB_TRY(append_fillers(rewrite, rows - rewrite->next_row, err));
	rewrite->writer = NULL;
	return ldb_draft_finish_writer(writer, written->path, rows, rewrite->draft->arena,
								   &written->file, err);
}

/* ---- rows ---- */

static LdbStatus
open_scan(LdbColumnRewrite *rewrite, const size_t *sources, size_t source_count, LdbError *err)
{
	LdbScanOptions options = {
		.columns = sources, .column_count = source_count, .cancel = rewrite->draft->options.cancel};
	size_t *columns;

	LDB_NEW(rewrite->arena, columns, source_count, err);
	if (source_count > 0)
		memcpy(columns, sources, source_count * sizeof columns[0]);
	options.columns = columns;
	LDB_TRY(ldb_draft_view(rewrite->draft, UINT32_MAX, &rewrite->view, err));
	LDB_NEW(rewrite->arena, rewrite->written, ldb_dataset_manifest(rewrite->view)->fragment_count,
			err);
	return ldb_scan_open(rewrite->view, &options, &rewrite->scan, err);
}

static LdbStatus
start(LdbColumnRewrite *rewrite, const LdbField *field, const char *replaces, const size_t *sources,
	  size_t source_count, LdbError *err)
{
	LdbDraft *draft = rewrite->draft;

	rewrite->batch_arena = ldb_arena_new(0);
	if (rewrite->batch_arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for writing a column");
	LDB_TRY(ldb_draft_new_field(draft, field, &rewrite->field, err));
	LDB_TRY(ldb_draft_schema_with(draft, rewrite->field, replaces, &rewrite->schema, err));
	rewrite->column = (LdbSchema){1, &rewrite->field};
	LDB_TRY(make_filler(rewrite, err));
	/* a fragment that is still written cannot get another file */
	LDB_TRY(ldb_draft_finish_open(draft, err));
	LDB_TRY(open_scan(rewrite, sources, source_count, err));
	rewrite->changes = draft->changes;
	return LDB_OK;
}

LdbStatus
ldb_column_rewrite_open(LdbDraft *draft, const LdbField *field, const char *replaces,
						const size_t *sources, size_t source_count, LdbColumnRewrite **rewrite,
						LdbError *err)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbColumnRewrite *made = arena == NULL ? NULL : ldb_arena_zalloc(arena, sizeof *made);
	LdbStatus status;

	if (made == NULL)
	{
		ldb_arena_free(arena);
		LDB_FAIL(err, LDB_NOMEM, "out of memory for writing a column");
	}
	made->arena = arena;
	made->draft = draft;
	status = start(made, field, replaces, sources, source_count, err);
	if (status != LDB_OK)
	{
		ldb_column_rewrite_abandon(made);
		return status;
	}
	*rewrite = made;
	return LDB_OK;
}

LdbStatus
ldb_column_rewrite_next(LdbColumnRewrite *rewrite, const LdbBatch **batch, LdbError *err)
{
	if (rewrite->batch != NULL)
		LDB_FAIL(err, LDB_INVALID, "rows of a column that is written got no values");
	LDB_TRY(ldb_scan_next(rewrite->scan, &rewrite->batch, err));
	*batch = rewrite->batch;
	return LDB_OK;
}

/* The values in the places of their rows, up to the last one, with fillers in between. */
static LdbStatus
spread(LdbColumnRewrite *rewrite, const LdbArray *values, uint64_t first_row, size_t rows,
	   LdbArray *out, LdbError *err)
{
	LdbArena *arena = rewrite->batch_arena;
	const uint64_t *addresses = rewrite->batch->row_addresses;
	LdbArray parts[2] = {*values, rewrite->filler};
	LdbArray joined;
	uint32_t *from;

	LDB_TRY(ldb_array_concat(parts, 2, arena, &joined, err));
	LDB_NEW(arena, from, rows, err);
	for (size_t i = 0; i < rows; i++)
		from[i] = (uint32_t) values->length;
	for (size_t i = 0; i < values->length; i++)
		from[(addresses[i] & UINT32_MAX) - first_row] = (uint32_t) i;
	return ldb_array_take(&joined, from, rows, arena, out, err);
}

/* Batches of a scan never cross fragments, and come in order. */
static LdbStatus
append_batch(LdbColumnRewrite *rewrite, const LdbArray *values, LdbError *err)
{
	const LdbBatch *batch = rewrite->batch;
	uint64_t first = batch->row_addresses[0] & UINT32_MAX;
	uint64_t last = batch->row_addresses[batch->row_count - 1] & UINT32_MAX;
	size_t rows = (size_t) (last - first) + 1;
	LdbArray spread_values;

	LDB_TRY(append_fillers(rewrite, first - rewrite->next_row, err));
	ldb_arena_reset(rewrite->batch_arena);
	if (rows != batch->row_count)
	{
		LDB_TRY(spread(rewrite, values, first, rows, &spread_values, err));
		values = &spread_values;
	}
	LDB_TRY(ldb_file_writer_append(rewrite->writer, values, rows, err));
	rewrite->next_row += rows;
	return LDB_OK;
}

LdbStatus
ldb_column_rewrite_append(LdbColumnRewrite *rewrite, const LdbArray *values, LdbError *err)
{
	long index;

	if (rewrite->batch == NULL || values->length != rewrite->batch->row_count)
		LDB_FAIL(err, LDB_INVALID, "%zu values for %zu rows of a column", values->length,
				 rewrite->batch == NULL ? (size_t) 0 : rewrite->batch->row_count);
	index = ldb_manifest_fragment_index(ldb_dataset_manifest(rewrite->view),
										rewrite->batch->row_addresses[0] >> 32);
	if (rewrite->writer == NULL || rewrite->fragment != (size_t) index)
	{
		LDB_TRY(finish_file(rewrite, err));
		LDB_TRY(start_file(rewrite, (size_t) index, err));
	}
	LDB_TRY(append_batch(rewrite, values, err));
	rewrite->batch = NULL;
	return LDB_OK;
}

/* ---- the end ---- */

static void
close_rewrite(LdbColumnRewrite *rewrite)
{
	ldb_scan_close(rewrite->scan);
	ldb_dataset_close(rewrite->view);
	ldb_builder_free(rewrite->builder);
	ldb_arena_free(rewrite->batch_arena);
	ldb_arena_free(rewrite->arena);
}

void
ldb_column_rewrite_abandon(LdbColumnRewrite *rewrite)
{
	if (rewrite == NULL)
		return;
	ldb_file_writer_abandon(rewrite->writer);
	for (size_t i = 0; i < rewrite->count; i++)
		ldb_draft_delete_file(rewrite->draft, rewrite->written[i].path);
	close_rewrite(rewrite);
}

/* All files of the fragment, the new one last. */
static LdbStatus
extend_files(const LdbColumnRewrite *rewrite, const Written *written, LdbDataFile **files,
			 LdbError *err)
{
	const LdbFragment *fragment = fragment_at(rewrite, written->index);
	LdbArena *arena = rewrite->draft->arena;
	LdbDataFile *copies;

	LDB_NEW(arena, *files, fragment->file_count + 1, err);
	LDB_TRY(ldb_data_files_copy(fragment->files, fragment->file_count, arena, &copies, err));
	if (fragment->file_count > 0)
		memcpy(*files, copies, fragment->file_count * sizeof copies[0]);
	(*files)[fragment->file_count] = written->file;
	return LDB_OK;
}

/* Where the draft has a fragment of the view; own files keep their own paths, by which they are
 * known. */
static LdbStatus
find_fragment(const LdbColumnRewrite *rewrite, const Written *written, LdbDataFile *files,
			  LdbDraftFragment **found, LdbError *err)
{
	LdbDraft *draft = rewrite->draft;
	const LdbFragment *fragment = fragment_at(rewrite, written->index);
	long index;

	if (fragment->id >= LDB_STAGED_FRAGMENT)
		*found = draft->staged[fragment->id - LDB_STAGED_FRAGMENT];
	else
	{
		index = ldb_manifest_fragment_index(draft->content->dataset->manifest, fragment->id);
		LDB_TRY(ldb_draft_touch(draft->content, (size_t) index, found, err));
	}
	for (size_t i = 0; i < (*found)->file_count; i++)
		files[i].path = (*found)->files[i].path;
	return LDB_OK;
}

typedef struct Outcome
{
	LdbFilesBefore *before;
	const char **paths;
	LdbDataFile **files;
} Outcome;

static LdbStatus
prepare_outcome(const LdbColumnRewrite *rewrite, Outcome *outcome, LdbError *err)
{
	LdbArena *arena = rewrite->draft->arena;

	LDB_NEW(arena, outcome->before, rewrite->count, err);
	LDB_NEW(arena, outcome->paths, rewrite->count, err);
	LDB_NEW(rewrite->arena, outcome->files, rewrite->count, err);
	for (size_t i = 0; i < rewrite->count; i++)
	{
		const Written *written = &rewrite->written[i];
		LdbFilesBefore *before = &outcome->before[i];

		LDB_TRY(extend_files(rewrite, written, &outcome->files[i], err));
		LDB_TRY(find_fragment(rewrite, written, outcome->files[i], &before->fragment, err));
		before->file_count = before->fragment->file_count;
		before->files = before->fragment->files;
		outcome->paths[i] = written->path;
	}
	return ldb_draft_reserve_entry(rewrite->draft, err);
}

static LdbStatus
finish(LdbColumnRewrite *rewrite, LdbMark mark, LdbError *err)
{
	LdbDraft *draft = rewrite->draft;
	LdbDraftEntry *entry;
	Outcome outcome;

	if (rewrite->batch != NULL)
		LDB_FAIL(err, LDB_INVALID, "rows of a column that is written got no values");
	if (rewrite->changes != draft->changes)
		LDB_FAIL(err, LDB_INVALID, "a table was changed while a column was written");
	LDB_TRY(finish_file(rewrite, err));
	LDB_TRY(prepare_outcome(rewrite, &outcome, err));
	entry = ldb_draft_add_entry(draft, LDB_DRAFT_FILES, ldb_draft_mark(draft, mark));
	entry->schema = draft->schema;
	entry->file_count = rewrite->count;
	entry->files = outcome.before;
	entry->paths = outcome.paths;
	for (size_t i = 0; i < rewrite->count; i++)
	{
		outcome.before[i].fragment->file_count =
			fragment_at(rewrite, rewrite->written[i].index)->file_count + 1;
		outcome.before[i].fragment->files = outcome.files[i];
	}
	draft->schema = rewrite->schema;
	return LDB_OK;
}

LdbStatus
ldb_column_rewrite_finish(LdbColumnRewrite *rewrite, LdbMark mark, LdbError *err)
{
	LdbStatus status = finish(rewrite, mark, err);

	if (status == LDB_OK)
		close_rewrite(rewrite);
	else
		ldb_column_rewrite_abandon(rewrite);
	return status;
}
