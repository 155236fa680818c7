/* scan.c -- rows of a dataset, batch by batch, filter columns first. */
#include "ldb/table/scan.h"

#include <string.h>

#include "ldb/base/bitmap.h"
#include "scan_impl.h"

#define DEFAULT_BATCH_ROWS 8192u
#define DEFAULT_BATCH_BYTES ((size_t) 4 * 1024 * 1024)
#define FIRST_BATCH_ROWS 1024u

/* Files decide how large one row is; together the two stay far below what a backend may use. */
#define WINDOW_LIMIT ((size_t) 128 * 1024 * 1024)
#define BATCH_LIMIT ((size_t) 256 * 1024 * 1024)

/* Columns of a scan while they are collected: each once, in the order of their first use. */
typedef struct Columns
{
	const LdbManifest *manifest;
	size_t *list;
	size_t *position; /* by schema column, from 1 on; 0 = not in the list */
	size_t count;
} Columns;

static LdbStatus
add_columns(Columns *columns, const size_t *wanted, size_t wanted_count, LdbArena *arena,
			const size_t **slots, LdbError *err)
{
	size_t *result;

	LDB_NEW(arena, result, wanted_count, err);
	for (size_t i = 0; i < wanted_count; i++)
	{
		if (wanted[i] >= columns->manifest->schema.field_count)
			LDB_FAIL(err, LDB_INVALID, "column %zu of a table with %zu columns", wanted[i],
					 columns->manifest->schema.field_count);
		if (columns->position[wanted[i]] == 0)
		{
			columns->list[columns->count++] = wanted[i];
			columns->position[wanted[i]] = columns->count;
		}
		result[i] = columns->position[wanted[i]] - 1;
	}
	*slots = result;
	return LDB_OK;
}

static LdbStatus
choose_columns(LdbScan *scan, LdbError *err)
{
	Columns columns = {.manifest = scan->dataset->manifest};
	size_t field_count = columns.manifest->schema.field_count;

	LDB_NEW(scan->arena, columns.list, field_count, err);
	LDB_NEW(scan->arena, columns.position, field_count, err);
	LDB_NEW(scan->arena, scan->is_filtered, field_count, err);
	LDB_TRY(add_columns(&columns, scan->filter.columns, scan->filter.column_count, scan->arena,
						&scan->filter_slots, err));
	for (size_t i = 0; i < columns.count; i++)
		scan->is_filtered[i] = true;
	LDB_TRY(add_columns(&columns, scan->options.columns, scan->options.column_count, scan->arena,
						&scan->output_slots, err));
	return ldb_projection_init(&scan->projection, columns.manifest, columns.list, columns.count,
							   scan->arena, err);
}

static void
set_options(LdbScan *scan, const LdbScanOptions *options)
{
	scan->options = *options;
	scan->has_filter = options->filter != NULL;
	if (scan->has_filter)
		scan->filter = *options->filter;
	if (scan->options.batch_rows == 0)
		scan->options.batch_rows = DEFAULT_BATCH_ROWS;
	if (scan->options.batch_rows > LDB_SCAN_TASK_ROWS)
		scan->options.batch_rows = LDB_SCAN_TASK_ROWS;
	if (scan->options.batch_bytes == 0)
		scan->options.batch_bytes = DEFAULT_BATCH_BYTES;
	scan->batch_budget.rows =
		scan->options.batch_rows < FIRST_BATCH_ROWS ? scan->options.batch_rows : FIRST_BATCH_ROWS;
	scan->batch_budget.row_bytes = LDB_UNKNOWN_BYTES;
	scan->window_budget = scan->batch_budget;
}

static LdbStatus
init_scan(LdbScan *scan, LdbError *err)
{
	scan->window_arena = ldb_arena_new(WINDOW_LIMIT);
	scan->batch_arena = ldb_arena_new(BATCH_LIMIT);
	if (scan->window_arena == NULL || scan->batch_arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a scan");
	LDB_TRY(ldb_tasks_init(&scan->tasks, scan->dataset->manifest, scan->arena, err));
	return choose_columns(scan, err);
}

LdbStatus
ldb_scan_open(LdbDataset *dataset, const LdbScanOptions *options, LdbScan **scan, LdbError *err)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbScan *made = arena == NULL ? NULL : ldb_arena_zalloc(arena, sizeof *made);
	LdbStatus status;

	if (made == NULL)
	{
		ldb_arena_free(arena);
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a scan");
	}
	made->arena = arena;
	made->dataset = dataset;
	set_options(made, options);
	status = init_scan(made, err);
	if (status != LDB_OK)
	{
		ldb_scan_close(made);
		return status;
	}
	*scan = made;
	return LDB_OK;
}

void
ldb_scan_close(LdbScan *scan)
{
	if (scan == NULL)
		return;
	ldb_fragment_close(scan->reader);
	ldb_arena_free(scan->window_arena);
	ldb_arena_free(scan->batch_arena);
	ldb_arena_free(scan->arena);
}

const LdbScanStats *
ldb_scan_stats(const LdbScan *scan)
{
	return &scan->stats;
}

LdbStatus
ldb_scan_restart(LdbScan *scan, LdbError *err)
{
	if (scan->options.next_task != NULL)
		LDB_FAIL(err, LDB_INVALID, "a scan that shares its tasks cannot start again");
	scan->next_task = 0;
	scan->next_row = scan->end_row = 0;
	scan->window = (LdbScanWindow){0};
	return LDB_OK;
}

/* Goes on until the window holds a row that was not handed out; *end when there is none left. */
static LdbStatus
find_rows(LdbScan *scan, bool *end, LdbError *err)
{
	*end = false;
	while (scan->window.given == scan->window.row_count)
	{
		if (scan->next_row < scan->end_row)
			LDB_TRY(ldb_scan_read_window(scan, err));
		else
		{
			LDB_TRY(ldb_scan_next_task(scan, end, err));
			if (*end)
				return LDB_OK;
		}
	}
	return LDB_OK;
}

LdbStatus
ldb_scan_next(LdbScan *scan, const LdbBatch **batch, LdbError *err)
{
	bool end;

	*batch = NULL;
	/* the caller has read the batch before this one since it was last looked at */
	if (scan->reader != NULL)
		LDB_TRY(ldb_fragment_check(scan->reader, err));
	LDB_TRY(find_rows(scan, &end, err));
	if (end)
		return LDB_OK;
	LDB_TRY(ldb_scan_read_batch(scan, err));
	*batch = &scan->batch;
	return LDB_OK;
}

LdbStatus
ldb_scan_check(const LdbScan *scan, LdbError *err)
{
	if (scan->reader == NULL || !ldb_fragment_damaged(scan->reader))
		return LDB_OK;
	return ldb_fragment_check(scan->reader, err);
}

/* Rows of tasks that nothing of is read yet: the manifest counts them, fragment by fragment. */
static uint64_t
count_whole_fragments(LdbScan *scan)
{
	const LdbManifest *manifest = scan->dataset->manifest;
	uint64_t rows = 0;

	while (scan->next_task < ldb_tasks_count(&scan->tasks))
	{
		size_t index = ldb_tasks_find(&scan->tasks, scan->next_task).fragment_index;

		if (scan->tasks.first_task[index] != scan->next_task)
			break;
		rows += ldb_fragment_live_rows(&manifest->fragments[index]);
		scan->next_task = scan->tasks.first_task[index + 1];
	}
	return rows;
}

LdbStatus
ldb_scan_count(LdbScan *scan, uint64_t *rows, LdbError *err)
{
	bool end = false;

	*rows = 0;
	while (!end)
	{
		LdbScanWindow *window = &scan->window;

		*rows += window->row_count - window->given;
		scan->stats.rows_returned += window->row_count - window->given;
		window->given = window->row_count;
		if (scan->next_row == scan->end_row && !scan->has_filter && scan->options.next_task == NULL)
		{
			uint64_t counted = count_whole_fragments(scan);

			*rows += counted;
			scan->stats.rows_returned += counted;
		}
		LDB_TRY(find_rows(scan, &end, err));
	}
	return LDB_OK;
}
