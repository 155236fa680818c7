/* scan_window.c -- rows of a fragment after deletions and filter. */
#include "ldb/base/bitmap.h"
#include "ldb/base/checked.h"
#include "row_plan.h"
#include "scan_impl.h"

/* What rows may take beyond the bytes that a batch is planned for. */
#define MOST_OVERSHOOT 16u

/* What a filter is given, and where it writes. */
typedef struct FilterRun
{
	LdbBatch batch;
	uint32_t *kept; /* positions among the live rows */
	uint32_t *rows; /* the same, counted from the window's first row */
} FilterRun;

static void
close_fragment(LdbScan *scan)
{
	ldb_fragment_close(scan->reader);
	scan->reader = NULL;
	scan->deleted = NULL;
	scan->window_budget.row_bytes = LDB_UNKNOWN_BYTES;
	scan->batch_budget.row_bytes = LDB_UNKNOWN_BYTES;
}

static LdbStatus
enter_fragment(LdbScan *scan, size_t fragment_index, LdbError *err)
{
	const uint8_t *deleted;

	if (scan->reader != NULL && scan->fragment_index == fragment_index)
		return LDB_OK;
	close_fragment(scan);
	/* first, so that there is no reader without its deletions */
	LDB_TRY(ldb_dataset_deletions(scan->dataset, fragment_index, &deleted, &scan->stats.read,
								  scan->options.cancel, err));
	LDB_TRY(ldb_fragment_open(scan->dataset, fragment_index, &scan->projection, &scan->stats.read,
							  &scan->reader, err));
	scan->deleted = deleted;
	scan->fragment_index = fragment_index;
	scan->stats.fragments++;
	return LDB_OK;
}

LdbStatus
ldb_scan_next_task(LdbScan *scan, bool *end, LdbError *err)
{
	uint64_t number = scan->options.next_task != NULL
						  ? scan->options.next_task(scan->options.next_task_context)
						  : scan->next_task++;
	LdbTask task;

	*end = number >= ldb_tasks_count(&scan->tasks);
	if (*end)
	{
		close_fragment(scan);
		return LDB_OK;
	}
	task = ldb_tasks_find(&scan->tasks, number);
	LDB_TRY(enter_fragment(scan, task.fragment_index, err));
	scan->next_row = task.first_row;
	scan->end_row = task.first_row + task.row_count;
	return LDB_OK;
}

LdbStatus
ldb_scan_budget_rows(LdbScan *scan, LdbRowBudget *budget, const size_t *slots, size_t slot_count,
					 size_t *rows, LdbError *err)
{
	double fitting;

	if (budget->row_bytes < 0)
	{
		double total = 0;

		for (size_t i = 0; i < slot_count; i++)
		{
			double bytes;

			LDB_TRY(
				ldb_fragment_row_bytes(scan->reader, slots[i], &bytes, scan->options.cancel, err));
			total += bytes;
		}
		budget->row_bytes = total;
	}
	fitting = (double) scan->options.batch_bytes / (budget->row_bytes + 1);
	*rows = budget->rows;
	if (fitting < (double) *rows)
		*rows = fitting < 1 ? 1 : (size_t) fitting;
	return LDB_OK;
}

void
ldb_scan_start_attempt(const LdbScan *scan, LdbArena *arena, size_t rows)
{
	size_t most;

	ldb_arena_reset(arena);
	if (rows == 1 || !ldb_size_mul(scan->options.batch_bytes, MOST_OVERSHOOT, &most))
		most = 0;
	ldb_arena_set_limit(arena, most);
}

void
ldb_scan_budget_learn(const LdbScan *scan, LdbRowBudget *budget, size_t rows, size_t used)
{
	size_t limit = scan->options.batch_bytes;
	size_t fitting = rows;

	if (used <= limit)
	{
		/* grow step by step: a caller who stops early did not pay for a full batch */
		budget->rows = budget->rows > scan->options.batch_rows / 2 ? scan->options.batch_rows
																   : budget->rows * 2;
		return;
	}
	if (used / 2 > limit)
		fitting = (size_t) ((double) rows * (double) limit / (double) used);
	budget->rows = fitting < 1 ? 1 : fitting;
}

/* Positions of the rows that are not deleted; live stays NULL when all are there. */
static LdbStatus
find_live(LdbScan *scan, uint64_t first_row, size_t row_count, LdbError *err)
{
	LdbScanWindow *window = &scan->window;
	uint32_t *live;
	size_t deleted;

	*window = (LdbScanWindow){.first_row = first_row, .live_count = row_count};
	if (scan->deleted == NULL)
		return LDB_OK;
	deleted = ldb_bitmap_count(scan->deleted, (size_t) first_row, row_count);
	if (deleted == 0)
		return LDB_OK;
	LDB_NEW(scan->window_arena, live, row_count - deleted, err);
	window->live_count = 0;
	for (size_t i = 0; i < row_count; i++)
	{
		if (!ldb_bit_get(scan->deleted, (size_t) first_row + i))
			live[window->live_count++] = (uint32_t) i;
	}
	window->live = live;
	return LDB_OK;
}

static LdbStatus
read_filter_columns(LdbScan *scan, LdbBatch *batch, LdbError *err)
{
	LdbScanWindow *window = &scan->window;
	LdbRowPlan plan;

	LDB_TRY(ldb_row_plan_init(&plan, window->first_row, window->live, window->live_count,
							  scan->window_arena, err));
	LDB_NEW(scan->window_arena, window->filtered, scan->projection.column_count, err);
	LDB_NEW(scan->window_arena, batch->columns, scan->filter.column_count, err);
	for (size_t i = 0; i < scan->filter.column_count; i++)
	{
		size_t slot = scan->filter_slots[i];
		LdbColumnReader *column;

		LDB_TRY(ldb_fragment_column(scan->reader, slot, &column, scan->options.cancel, err));
		LDB_TRY(ldb_row_plan_read(&plan, column, scan->window_arena, &window->filtered[slot],
								  scan->options.cancel, err));
		batch->columns[i] = window->filtered[slot];
	}
	return LDB_OK;
}

static LdbStatus
list_addresses(LdbScan *scan, const uint64_t **addresses, LdbError *err)
{
	const LdbScanWindow *window = &scan->window;
	uint64_t first = ldb_row_address(scan->dataset->manifest->fragments[scan->fragment_index].id,
									 window->first_row);
	uint64_t *result;

	LDB_NEW(scan->window_arena, result, window->live_count, err);
	for (size_t i = 0; i < window->live_count; i++)
		result[i] = first + (window->live == NULL ? i : window->live[i]);
	*addresses = result;
	return LDB_OK;
}

/* Everything that a filter needs, so that after it has seen the rows nothing can run out. */
static LdbStatus
prepare_filter(LdbScan *scan, FilterRun *run, LdbError *err)
{
	LdbScanWindow *window = &scan->window;

	run->batch = (LdbBatch){.row_count = window->live_count,
							.column_count = scan->filter.column_count,
							.arena = scan->window_arena};
	LDB_TRY(read_filter_columns(scan, &run->batch, err));
	LDB_TRY(list_addresses(scan, &run->batch.row_addresses, err));
	LDB_NEW(scan->window_arena, run->kept, window->live_count, err);
	run->rows = run->kept;
	if (window->live != NULL)
		LDB_NEW(scan->window_arena, run->rows, window->live_count, err);
	return LDB_OK;
}

static LdbStatus
run_filter(LdbScan *scan, FilterRun *run, LdbError *err)
{
	LdbScanWindow *window = &scan->window;
	size_t kept_count = 0;

	window->row_count = 0;
	LDB_TRY(scan->filter.select(scan->filter.context, &run->batch, run->kept, &kept_count, err));
	LDB_TRY(ldb_fragment_check(scan->reader, err));
	window->row_count = kept_count;
	if (kept_count == window->live_count)
		return LDB_OK;
	for (size_t i = 0; window->live != NULL && i < kept_count; i++)
		run->rows[i] = window->live[run->kept[i]];
	window->kept = run->kept;
	window->rows = run->rows;
	return LDB_OK;
}

static LdbStatus
read_rows(LdbScan *scan, size_t row_count, FilterRun *run, LdbError *err)
{
	LdbScanWindow *window = &scan->window;

	ldb_scan_start_attempt(scan, scan->window_arena, row_count);
	LDB_TRY(find_live(scan, scan->next_row, row_count, err));
	window->row_count = window->live_count;
	window->rows = window->live;
	if (!scan->has_filter || window->live_count == 0)
		return LDB_OK;
	return prepare_filter(scan, run, err);
}

LdbStatus
ldb_scan_read_window(LdbScan *scan, LdbError *err)
{
	LdbRowBudget *budget = &scan->window_budget;
	uint64_t rows_left = scan->end_row - scan->next_row;
	size_t rows = LDB_SCAN_TASK_ROWS;
	FilterRun run;
	LdbStatus status;

	LDB_CHECK_CANCEL(scan->options.cancel, err);
	if (scan->has_filter)
		LDB_TRY(ldb_scan_budget_rows(scan, budget, scan->filter_slots, scan->filter.column_count,
									 &rows, err));
	if (rows > rows_left)
		rows = (size_t) rows_left;
	/* values may be far larger than their average: try fewer before giving up */
	while ((status = read_rows(scan, rows, &run, err)) == LDB_NOMEM && rows > 1)
		rows /= 2;
	ldb_arena_set_limit(scan->window_arena, 0);
	if (status == LDB_OK && scan->has_filter && scan->window.live_count > 0)
		status = run_filter(scan, &run, err);
	if (status != LDB_OK)
	{
		scan->window = (LdbScanWindow){0};
		return status;
	}
	if (scan->has_filter)
		ldb_scan_budget_learn(scan, budget, rows, ldb_arena_used(scan->window_arena));
	scan->next_row += rows;
	scan->stats.rows_scanned += scan->window.live_count;
	return LDB_OK;
}
