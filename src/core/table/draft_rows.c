/* draft_rows.c -- new rows of a draft: buffered, then in data files. */
#include "draft_impl.h"

#include <inttypes.h>

/* Buffered rows up to this size are shown to views from memory; more of them go into a file. */
#define MEMORY_FILE_BYTES ((size_t) 128 * 1024)
#define MEMORY_FILE_NAME "rows.lance"

/* Looking at the size of builders after each row would cost more than small rows do. */
#define MOST_UNTIL_CHECK 64

/* ---- builders ---- */

static void
forget_memory_file(LdbDraftOpen *open)
{
	if (open->memory == NULL)
		return;
	ldb_memory_files_release(open->memory);
	ldb_arena_free(open->memory_arena);
	open->memory = NULL;
	open->memory_arena = NULL;
}

static void
truncate_builders(LdbDraftOpen *open, size_t rows)
{
	for (size_t i = 0; i < open->builder_count; i++)
		ldb_builder_truncate(open->builders[i], rows);
	open->buffered = rows;
	open->half_built = false;
}

static void
reset_builders(LdbDraftOpen *open)
{
	for (size_t i = 0; i < open->builder_count; i++)
		ldb_builder_reset(open->builders[i]);
	open->buffered = 0;
	open->until_check = 0;
	open->half_built = false;
	forget_memory_file(open);
}

static void
free_builders(LdbDraftOpen *open)
{
	for (size_t i = 0; i < open->builder_count; i++)
		ldb_builder_free(open->builders[i]);
	ldb_heap_free(open->builders);
	open->builders = NULL;
	open->builder_count = 0;
	open->schema = NULL;
}

static LdbStatus
make_builders(LdbDraft *draft, LdbError *err)
{
	LdbDraftOpen *open = &draft->open;
	const LdbSchema *schema = draft->schema;

	if (open->schema == schema)
		return LDB_OK;
	free_builders(open);
	open->builders = ldb_heap_zalloc((schema->field_count + 1) * sizeof *open->builders);
	if (open->builders == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu columns", schema->field_count);
	for (size_t i = 0; i < schema->field_count; i++)
	{
		LdbStatus status = ldb_builder_new(schema->fields[i], &open->builders[i], err);

		if (status != LDB_OK)
		{
			free_builders(open);
			return status;
		}
		open->builder_count++;
	}
	open->schema = schema;
	return LDB_OK;
}

static size_t
buffered_bytes(const LdbDraftOpen *open)
{
	size_t bytes = 0;

	for (size_t i = 0; i < open->builder_count; i++)
		bytes += ldb_builder_bytes(open->builders[i]);
	return bytes;
}

/* ---- writing ---- */

/* Rows that went into the writer cannot be written once more. */
static LdbStatus
lose_fragment(LdbDraft *draft, LdbStatus status, const LdbError *err)
{
	LdbDraftOpen *open = &draft->open;

	if (err != NULL)
		draft->loss = *err;
	else
		ldb_error_set(&draft->loss, status, "a data file could not be written");
	open->fragment->is_lost = true;
	open->fragment = NULL;
	reset_builders(open);
	return status;
}

static void
abandon_writer(LdbDraft *draft)
{
	LdbDraftOpen *open = &draft->open;

	if (open->writer != NULL)
		ldb_file_writer_abandon(open->writer);
	if (open->path != NULL)
		ldb_draft_delete_file(draft, open->path);
	open->writer = NULL;
	open->path = NULL;
}

static uint64_t
written_rows(const LdbDraftOpen *open)
{
	return open->fragment->physical_rows - open->buffered;
}

/* After a failure: rows that are all still buffered are as they were. */
static LdbStatus
give_up_writing(LdbDraft *draft, LdbStatus status, const LdbError *err)
{
	abandon_writer(draft);
	return written_rows(&draft->open) == 0 ? status : lose_fragment(draft, status, err);
}

static LdbStatus
open_writer(LdbDraft *draft, LdbError *err)
{
	LdbDraftOpen *open = &draft->open;
	LdbArena *arena;
	const char *name;
	LdbStatus status;

	if (open->writer != NULL)
		return LDB_OK;
	arena = ldb_arena_new(0);
	if (arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a data file");
	status = ldb_draft_new_path(draft, &open->path, err);
	if (status == LDB_OK)
		status = ldb_draft_file_name(draft, open->path, arena, &name, err);
	if (status == LDB_OK)
		status = ldb_draft_open_writer(draft, draft->store, name, open->schema, &open->writer, err);
	ldb_arena_free(arena);
	return status;
}

/* The buffered rows, to whichever writer. */
static LdbStatus
append_buffered(const LdbDraftOpen *open, LdbFileWriter *writer, LdbError *err)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbStatus status = LDB_OK;
	LdbArray *columns;

	if (arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for buffered rows");
	columns = ldb_arena_zalloc_array(arena, open->builder_count, sizeof *columns);
	if (columns == NULL)
	{
		ldb_arena_free(arena);
		LDB_FAIL(err, LDB_NOMEM, "out of memory for buffered rows");
	}
	for (size_t i = 0; i < open->builder_count && status == LDB_OK; i++)
		status = ldb_builder_array(open->builders[i], arena, &columns[i], err);
	if (status == LDB_OK)
		status = ldb_file_writer_append(writer, columns, open->buffered, err);
	ldb_arena_free(arena);
	return status;
}

/* From the builders into the file. */
static LdbStatus
flush(LdbDraft *draft, LdbError *err)
{
	LdbDraftOpen *open = &draft->open;
	LdbStatus status = open_writer(draft, err);

	if (open->half_built)
		truncate_builders(open, open->buffered);
	if (status == LDB_OK)
		status = append_buffered(open, open->writer, err);
	if (status != LDB_OK)
		return give_up_writing(draft, status, err);
	reset_builders(open);
	return LDB_OK;
}

static LdbStatus
finish_writer(LdbDraft *draft, LdbError *err)
{
	LdbDraftOpen *open = &draft->open;
	LdbFileWriter *writer = open->writer;
	LdbDataFile *file;

	LDB_NEW(draft->arena, file, 1, err);
	open->writer = NULL;
	LDB_TRY(ldb_draft_finish_writer(writer, open->path, open->fragment->physical_rows, draft->arena,
									file, err));
	open->fragment->files = file;
	open->fragment->file_count = 1;
	return LDB_OK;
}

LdbStatus
ldb_draft_finish_open(LdbDraft *draft, LdbError *err)
{
	LdbDraftOpen *open = &draft->open;
	LdbStatus status;

	if (open->fragment == NULL || open->fragment->physical_rows == 0)
		return LDB_OK;
	if (open->half_built)
		truncate_builders(open, open->buffered);
	status = open_writer(draft, err);
	if (status == LDB_OK && open->buffered > 0)
		status = append_buffered(open, open->writer, err);
	if (status == LDB_OK)
		status = finish_writer(draft, err);
	if (status != LDB_OK)
		return give_up_writing(draft, status, err);
	open->fragment = NULL;
	open->path = NULL;
	reset_builders(open);
	return LDB_OK;
}

/* ---- for views ---- */

static LdbStatus
fill_memory_file(LdbDraft *draft, LdbError *err)
{
	LdbDraftOpen *open = &draft->open;
	LdbFileWriter *writer;
	LdbStatus status;

	LDB_TRY(ldb_store_open_memory(&open->memory->store, err));
	LDB_TRY(ldb_draft_open_writer(draft, open->memory->store, MEMORY_FILE_NAME, open->schema,
								  &writer, err));
	status = append_buffered(open, writer, err);
	if (status != LDB_OK)
	{
		ldb_file_writer_abandon(writer);
		return status;
	}
	LDB_TRY(ldb_draft_finish_writer(writer, MEMORY_FILE_NAME, open->buffered, open->memory_arena,
									&open->memory_file, err));
	open->memory_file.base_id = LDB_MEMORY_BASE;
	return LDB_OK;
}

static LdbStatus
make_memory_file(LdbDraft *draft, LdbError *err)
{
	LdbDraftOpen *open = &draft->open;
	LdbStatus status;

	if (open->memory != NULL)
		return LDB_OK;
	open->memory = ldb_heap_zalloc(sizeof *open->memory);
	if (open->memory == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for buffered rows");
	open->memory->users = 1;
	open->memory_arena = ldb_arena_new(0);
	if (open->memory_arena == NULL)
	{
		forget_memory_file(open);
		LDB_FAIL(err, LDB_NOMEM, "out of memory for buffered rows");
	}
	status = fill_memory_file(draft, err);
	if (status != LDB_OK)
		forget_memory_file(open);
	return status;
}

LdbStatus
ldb_draft_settle(LdbDraft *draft, LdbError *err)
{
	LdbDraftOpen *open = &draft->open;

	if (open->fragment == NULL || open->fragment->physical_rows == 0)
		return LDB_OK;
	if (open->half_built)
		truncate_builders(open, open->buffered);
	if (open->writer == NULL && buffered_bytes(open) <= MEMORY_FILE_BYTES)
		return make_memory_file(draft, err);
	return ldb_draft_finish_open(draft, err);
}

/* ---- adding rows ---- */

static LdbStatus
open_fragment(LdbDraft *draft, LdbError *err)
{
	LdbDraftFragment *fragment;

	if (draft->open.fragment != NULL)
		return LDB_OK;
	if (draft->staged_count >= UINT32_MAX - LDB_STAGED_FRAGMENT)
		LDB_FAIL(err, LDB_UNSUPPORTED, "a transaction added too many fragments to a table");
	LDB_TRY(ldb_draft_reserve(&draft->staged, &draft->staged_capacity, draft->staged_count + 1,
							  sizeof *draft->staged, err));
	fragment = ldb_draft_fragment_new(LDB_STAGED_FRAGMENT + draft->staged_count, 0);
	if (fragment == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a fragment");
	draft->staged[draft->staged_count++] = fragment;
	fragment->origin.group = draft->open.next_group;
	draft->open.fragment = fragment;
	draft->open.is_ending = false;
	return LDB_OK;
}

static bool
is_full(const LdbDraft *draft)
{
	const LdbDraftOpen *open = &draft->open;

	return open->is_ending || open->schema != draft->schema ||
		   open->fragment->physical_rows >= draft->options.fragment_rows ||
		   (open->writer != NULL &&
			ldb_file_writer_bytes(open->writer) >= draft->options.fragment_bytes);
}

/* A fragment with room for a row, and builders for it. */
static LdbStatus
make_room(LdbDraft *draft, LdbError *err)
{
	LdbDraftOpen *open = &draft->open;

	if (open->half_built)
		truncate_builders(open, open->buffered);
	if (open->fragment != NULL && is_full(draft))
		LDB_TRY(ldb_draft_finish_open(draft, err));
	LDB_TRY(make_builders(draft, err));
	return open_fragment(draft, err);
}

/* Empties the builders when their rows take the memory that they may. */
static LdbStatus
flush_when_large(LdbDraft *draft, LdbError *err)
{
	LdbDraftOpen *open = &draft->open;
	size_t bytes, most;

	if (open->buffered == 0)
		return LDB_OK;
	if (open->until_check > 0)
	{
		open->until_check--;
		return LDB_OK;
	}
	bytes = buffered_bytes(open);
	if (bytes >= draft->builder_bytes)
		return flush(draft, err);
	/* half of the rows that still fit, if the next ones are as large as those before */
	most = (draft->builder_bytes - bytes) / (bytes / open->buffered + 1) / 2;
	open->until_check = most < MOST_UNTIL_CHECK ? most : MOST_UNTIL_CHECK;
	return LDB_OK;
}

LdbStatus
ldb_draft_set_memory(LdbDraft *draft, size_t memory_bytes, LdbError *err)
{
	LdbDraftOpen *open = &draft->open;
	LdbStatus status;

	draft->options.memory_bytes = memory_bytes;
	draft->builder_bytes = memory_bytes / LDB_BUILDER_PART;
	open->until_check = 0;
	if (open->buffered > 0 && buffered_bytes(open) > draft->builder_bytes)
		LDB_TRY(flush(draft, err));
	if (open->writer == NULL)
		return LDB_OK;
	status = ldb_file_writer_set_memory(open->writer, memory_bytes - draft->builder_bytes, err);
	return status == LDB_OK ? LDB_OK : give_up_writing(draft, status, err);
}

LdbStatus
ldb_draft_row(LdbDraft *draft, LdbBuilder ***builders, LdbError *err)
{
	LDB_TRY(make_room(draft, err));
	LDB_TRY(flush_when_large(draft, err));
	draft->open.half_built = true;
	draft->open.differs = NULL;
	*builders = draft->open.builders;
	return LDB_OK;
}

static LdbStatus
reserve_row_ids(LdbDraftFragment *fragment, uint64_t count, LdbError *err)
{
	size_t capacity = fragment->row_id_capacity;
	size_t needed = (size_t) (fragment->physical_rows + count);

	LDB_TRY(
		ldb_draft_reserve(&fragment->row_ids, &capacity, needed, sizeof *fragment->row_ids, err));
	capacity = fragment->row_id_capacity;
	LDB_TRY(
		ldb_draft_reserve(&fragment->created, &capacity, needed, sizeof *fragment->created, err));
	fragment->row_id_capacity = capacity;
	return LDB_OK;
}

/* Ids of rows that are about to be added; a fragment whose rows are all new keeps none. */
static LdbStatus
note_row_ids(LdbDraftFragment *fragment, uint64_t count, uint64_t row_id, uint64_t created,
			 LdbError *err)
{
	bool is_first = fragment->row_ids == NULL;
	uint64_t from = is_first ? 0 : fragment->physical_rows;

	if (is_first && row_id == LDB_NEW_ROW_ID)
		return LDB_OK;
	LDB_TRY(reserve_row_ids(fragment, count, err));
	for (uint64_t i = from; i < fragment->physical_rows; i++)
	{
		fragment->row_ids[i] = LDB_NEW_ROW_ID;
		fragment->created[i] = 0;
	}
	for (uint64_t i = 0; i < count; i++)
	{
		fragment->row_ids[fragment->physical_rows + i] = row_id;
		fragment->created[fragment->physical_rows + i] = created;
	}
	return LDB_OK;
}

/* Where the last run can go on: same mark, and no row between was rolled back or truncated. */
static LdbDraftRun *
last_run(const LdbDraft *draft, LdbMark mark)
{
	LdbDraftRun *run = draft->run_count == 0 ? NULL : &draft->runs[draft->run_count - 1];

	if (run == NULL || run->mark.command != mark.command || run->mark.level != mark.level ||
		run->staged != draft->staged_count - 1 ||
		run->first + run->count != draft->open.fragment->physical_rows ||
		run->number + run->count != draft->next_number ||
		draft->content->first_number == draft->next_number)
		return NULL;
	return run;
}

/* Room for a run was reserved. */
static void
count_rows(LdbDraft *draft, LdbMark mark, uint64_t count)
{
	LdbDraftFragment *fragment = draft->open.fragment;
	LdbDraftRun *run = last_run(draft, mark);

	if (run == NULL)
	{
		run = &draft->runs[draft->run_count++];
		*run = (LdbDraftRun){.mark = mark,
							 .number = draft->next_number,
							 .staged = draft->staged_count - 1,
							 .first = fragment->physical_rows};
	}
	run->count += count;
	fragment->physical_rows += count;
	draft->next_number += count;
	draft->changes++;
	forget_memory_file(&draft->open);
}

static LdbStatus
reserve_run(LdbDraft *draft, LdbError *err)
{
	return ldb_draft_reserve(&draft->runs, &draft->run_capacity, draft->run_count + 1,
							 sizeof *draft->runs, err);
}

static LdbStatus
check_row(const LdbDraftOpen *open, LdbError *err)
{
	if (!open->half_built)
		LDB_FAIL(err, LDB_INVALID, "a row of a table ends that was not begun");
	for (size_t i = 0; i < open->builder_count; i++)
	{
		if (ldb_builder_length(open->builders[i]) != open->buffered + 1)
			LDB_FAIL(err, LDB_INVALID, "a row has no value, or several, for column \"%s\"",
					 open->schema->fields[i]->name);
	}
	return LDB_OK;
}

LdbStatus
ldb_draft_row_done(LdbDraft *draft, LdbMark mark, uint64_t replaced, uint64_t *number,
				   LdbError *err)
{
	uint64_t row_id = LDB_NEW_ROW_ID;
	uint64_t created = 0;

	LDB_TRY(check_row(&draft->open, err));
	if (draft->has_stable_row_ids)
	{
		if (replaced != UINT64_MAX)
			LDB_TRY(ldb_draft_row_id(draft, replaced, &row_id, &created, err));
		LDB_TRY(note_row_ids(draft->open.fragment, 1, row_id, created, err));
		LDB_TRY(ldb_draft_note_copy(draft, replaced, row_id, err));
	}
	LDB_TRY(reserve_run(draft, err));
	if (number != NULL)
		*number = draft->next_number;
	count_rows(draft, ldb_draft_mark(draft, mark), 1);
	draft->open.buffered++;
	draft->open.half_built = false;
	return LDB_OK;
}

/* ---- many rows at once ---- */

static LdbStatus
write_columns(LdbDraft *draft, const LdbArray *columns, size_t row_count, LdbMark mark,
			  LdbError *err)
{
	LdbStatus status;

	LDB_TRY(reserve_run(draft, err));
	if (draft->has_stable_row_ids)
	{
		LDB_TRY(note_row_ids(draft->open.fragment, row_count, LDB_NEW_ROW_ID, 0, err));
		ldb_draft_note_new_rows(draft);
	}
	status = open_writer(draft, err);
	if (status == LDB_OK)
		status = ldb_file_writer_append(draft->open.writer, columns, row_count, err);
	if (status != LDB_OK)
		return give_up_writing(draft, status, err);
	count_rows(draft, mark, row_count);
	return LDB_OK;
}

static LdbStatus
write_part(LdbDraft *draft, const LdbArray *columns, size_t first, size_t row_count, LdbMark mark,
		   LdbError *err)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbArray *part = NULL;
	LdbStatus status = LDB_OK;

	if (arena != NULL)
		part = ldb_arena_zalloc_array(arena, draft->open.builder_count, sizeof *part);
	if (part == NULL)
	{
		ldb_arena_free(arena);
		LDB_FAIL(err, LDB_NOMEM, "out of memory for rows of a table");
	}
	for (size_t i = 0; i < draft->open.builder_count && status == LDB_OK; i++)
		status = ldb_array_slice(&columns[i], first, row_count, arena, &part[i], err);
	if (status == LDB_OK)
		status = write_columns(draft, part, row_count, mark, err);
	ldb_arena_free(arena);
	return status;
}

LdbStatus
ldb_draft_append(LdbDraft *draft, const LdbArray *columns, size_t row_count, LdbMark mark,
				 LdbError *err)
{
	size_t done = 0;

	mark = ldb_draft_mark(draft, mark);
	while (done < row_count)
	{
		size_t rows = row_count - done;
		uint64_t room;

		LDB_TRY(make_room(draft, err));
		if (draft->open.buffered > 0)
			LDB_TRY(flush(draft, err));
		room = draft->options.fragment_rows - draft->open.fragment->physical_rows;
		if (rows > room)
			rows = (size_t) room;
		if (rows == row_count)
			LDB_TRY(write_columns(draft, columns, rows, mark, err));
		else
			LDB_TRY(write_part(draft, columns, done, rows, mark, err));
		done += rows;
	}
	return LDB_OK;
}

/* ---- finding rows ---- */

const LdbDraftRun *
ldb_draft_find_run(const LdbDraft *draft, size_t staged, uint64_t offset)
{
	size_t low = 0, high = draft->run_count;

	/* the last run that starts at or before the row */
	while (low < high)
	{
		size_t middle = low + (high - low) / 2;
		const LdbDraftRun *run = &draft->runs[middle];

		if (run->staged < staged || (run->staged == staged && run->first <= offset))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || draft->runs[low - 1].staged != staged ||
		offset - draft->runs[low - 1].first >= draft->runs[low - 1].count)
		return NULL;
	return &draft->runs[low - 1];
}

LdbStatus
ldb_draft_row_address(LdbDraft *draft, uint64_t number, uint64_t *address, LdbError *err)
{
	size_t low = 0, high = draft->run_count;
	const LdbDraftRun *run;

	while (low < high)
	{
		size_t middle = low + (high - low) / 2;

		if (draft->runs[middle].number <= number)
			low = middle + 1;
		else
			high = middle;
	}
	run = low == 0 ? NULL : &draft->runs[low - 1];
	if (run == NULL || number - run->number >= run->count)
		LDB_FAIL(err, LDB_NOT_FOUND, "added row %" PRIu64 " was rolled back or never there",
				 number);
	*address =
		ldb_row_address(LDB_STAGED_FRAGMENT + run->staged, run->first + (number - run->number));
	return LDB_OK;
}

/* ---- taking rows back ---- */

void
ldb_draft_close_open(LdbDraft *draft)
{
	LdbDraftOpen *open = &draft->open;

	ldb_file_writer_abandon(open->writer);
	open->writer = NULL;
	forget_memory_file(open);
	free_builders(open);
	open->fragment = NULL;
}

static void
drop_last_fragment(LdbDraft *draft)
{
	LdbDraftFragment *fragment = draft->staged[--draft->staged_count];

	if (draft->open.fragment == fragment)
	{
		abandon_writer(draft);
		reset_builders(&draft->open);
		draft->open.fragment = NULL;
	}
	for (size_t i = 0; i < fragment->file_count; i++)
		ldb_draft_delete_file(draft, fragment->files[i].path);
	ldb_draft_fragment_free(fragment);
}

/* Rows from `first` on go, as far as they are not in the writer yet. */
static void
truncate_open(LdbDraftOpen *open, uint64_t first)
{
	uint64_t written = written_rows(open);
	size_t kept = first > written ? (size_t) (first - written) : 0;

	truncate_builders(open, kept);
	open->fragment->physical_rows = written + kept;
	forget_memory_file(open);
}

void
ldb_draft_drop_run(LdbDraft *draft)
{
	const LdbDraftRun *run = &draft->runs[--draft->run_count];

	if (draft->run_count > 0 && run[-1].staged == run->staged)
	{
		if (draft->open.fragment == draft->staged[run->staged])
			truncate_open(&draft->open, run->first);
		return;
	}
	while (draft->staged_count > run->staged)
		drop_last_fragment(draft);
}
