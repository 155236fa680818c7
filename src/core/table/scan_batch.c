/* scan_batch.c -- batches of the rows that are left of a window. */
#include "row_plan.h"
#include "scan_impl.h"

#define SMALL_PAGE_BYTES ((uint64_t) 256 * 1024)

/* What one attempt to build a batch works with. */
typedef struct Build
{
	LdbScan *scan;
	size_t row_count;
	LdbRowPlan plan;           /* of the columns that the filter did not read */
	const uint32_t *positions; /* of the rows in the filter's columns */
	bool is_whole;             /* the filter's columns are the batch's as they are */
	LdbArray *by_slot;         /* what is built already */
	bool *is_built;
} Build;

static LdbStatus
find_positions(Build *build, LdbError *err)
{
	const LdbScanWindow *window = &build->scan->window;
	uint32_t *positions;

	build->is_whole = build->row_count == window->live_count;
	if (build->is_whole)
		return LDB_OK;
	if (window->kept != NULL)
	{
		build->positions = window->kept + window->given;
		return LDB_OK;
	}
	LDB_NEW(build->scan->batch_arena, positions, build->row_count, err);
	for (size_t i = 0; i < build->row_count; i++)
		positions[i] = (uint32_t) (window->given + i);
	build->positions = positions;
	return LDB_OK;
}

static LdbStatus
build_column(Build *build, size_t slot, LdbError *err)
{
	LdbScan *scan = build->scan;
	LdbArray *out = &build->by_slot[slot];
	LdbColumnReader *column;

	if (scan->is_filtered[slot])
	{
		*out = scan->window.filtered[slot];
		if (build->is_whole)
			return LDB_OK;
		return ldb_array_take(&scan->window.filtered[slot], build->positions, build->row_count,
							  scan->batch_arena, out, err);
	}
	LDB_TRY(ldb_fragment_column(scan->reader, slot, &column, scan->options.cancel, err));
	return ldb_row_plan_read(&build->plan, column, scan->batch_arena, out, scan->options.cancel,
							 err);
}

static LdbStatus
build_columns(Build *build, LdbError *err)
{
	LdbScan *scan = build->scan;
	LdbBatch *batch = &scan->batch;

	LDB_NEW(scan->batch_arena, build->by_slot, scan->projection.column_count, err);
	LDB_NEW(scan->batch_arena, build->is_built, scan->projection.column_count, err);
	LDB_NEW(scan->batch_arena, batch->columns, scan->options.column_count, err);
	for (size_t i = 0; i < scan->options.column_count; i++)
	{
		size_t slot = scan->output_slots[i];

		if (!build->is_built[slot])
		{
			LDB_TRY(build_column(build, slot, err));
			ldb_array_touch(&build->by_slot[slot]);
			build->is_built[slot] = true;
		}
		batch->columns[i] = build->by_slot[slot];
	}
	return LDB_OK;
}

static LdbStatus
list_addresses(Build *build, LdbError *err)
{
	LdbScan *scan = build->scan;
	const LdbScanWindow *window = &scan->window;
	uint64_t first = ldb_row_address(scan->dataset->manifest->fragments[scan->fragment_index].id,
									 window->first_row);
	uint64_t *addresses;

	LDB_NEW(scan->batch_arena, addresses, build->row_count, err);
	for (size_t i = 0; i < build->row_count; i++)
	{
		size_t row = window->given + i;

		addresses[i] = first + (window->rows == NULL ? row : window->rows[row]);
	}
	scan->batch.row_addresses = addresses;
	return LDB_OK;
}

static LdbStatus
build_batch(LdbScan *scan, size_t row_count, LdbError *err)
{
	const LdbScanWindow *window = &scan->window;
	Build build = {.scan = scan, .row_count = row_count};

	ldb_scan_start_attempt(scan, scan->batch_arena, row_count);
	scan->batch = (LdbBatch){.row_count = row_count,
							 .column_count = scan->options.column_count,
							 .arena = scan->batch_arena};
	if (window->rows == NULL)
		LDB_TRY(ldb_row_plan_init(&build.plan, window->first_row + window->given, NULL, row_count,
								  scan->batch_arena, err));
	else
		LDB_TRY(ldb_row_plan_init(&build.plan, window->first_row, window->rows + window->given,
								  row_count, scan->batch_arena, err));
	LDB_TRY(find_positions(&build, err));
	LDB_TRY(list_addresses(&build, err));
	LDB_TRY(build_columns(&build, err));
	return ldb_fragment_check(scan->reader, err);
}

/* Vectors are used where they lie unless a batch spans two pages: then they would be copied. Pages
 * that are small are better read together. */
static LdbStatus
stay_within_pages(LdbScan *scan, size_t *rows, LdbError *err)
{
	uint64_t first = scan->window.first_row + scan->window.given;

	for (size_t i = 0; scan->window.rows == NULL && i < scan->options.column_count; i++)
	{
		size_t slot = scan->output_slots[i];
		const LdbType *type = &scan->projection.fields[slot]->type;
		LdbColumnReader *column;
		LdbRowRange page;

		if (scan->is_filtered[slot] || type->kind != LDB_TYPE_FIXED_SIZE_LIST)
			continue;
		LDB_TRY(ldb_fragment_column(scan->reader, slot, &column, scan->options.cancel, err));
		LDB_TRY(ldb_column_page(column, first, &page, err));
		if (page.count >= SMALL_PAGE_BYTES / (ldb_type_bits(type) / 8 + 1) &&
			page.first + page.count - first < *rows)
			*rows = (size_t) (page.first + page.count - first);
	}
	return LDB_OK;
}

LdbStatus
ldb_scan_read_batch(LdbScan *scan, LdbError *err)
{
	LdbScanWindow *window = &scan->window;
	size_t rows_left = window->row_count - window->given;
	LdbStatus status;
	size_t rows;

	LDB_CHECK_CANCEL(scan->options.cancel, err);
	LDB_TRY(ldb_scan_budget_rows(scan, &scan->batch_budget, scan->output_slots,
								 scan->options.column_count, &rows, err));
	if (rows > rows_left)
		rows = rows_left;
	LDB_TRY(stay_within_pages(scan, &rows, err));
	while ((status = build_batch(scan, rows, err)) == LDB_NOMEM && rows > 1)
		rows /= 2;
	ldb_arena_set_limit(scan->batch_arena, 0);
	LDB_TRY(status);
	ldb_scan_budget_learn(scan, &scan->batch_budget, rows, ldb_arena_used(scan->batch_arena));
	window->given += rows;
	scan->stats.rows_returned += rows;
	scan->stats.batches++;
	return LDB_OK;
}
