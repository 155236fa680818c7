/* test_scan.c -- scans give the rows that LanceDB's own reader gave, however they are asked. */
#include "table/snapshot.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ldb/store/mapping.h"
#include "table/table_test.h"

static const char *const datasets[] = {
	"types_20",     "types_21",       "types_22",      "strings_20",       "strings_21",
	"strings_22",   "nested_20",      "nested_21",     "nested_22",        "vectors_20",
	"vectors_21",   "vectors_22",     "blobs_20",      "blobs_21",         "encodings_20",
	"encodings_21", "encodings_22",   "large_list_20", "large_list_21",    "history",
	"history_20",   "history_stable", "fragments",     "bitmap_deletions", "refs",
	"refs_clone",   "empty",
};

#define DATASET_COUNT (sizeof datasets / sizeof datasets[0])

/* Keeps each row whose number among all live ones is in a pattern. */
typedef struct Pattern
{
	size_t seen;
	size_t modulus; /* 0 = keeps none, 1 = all */
	const Snapshot *snapshot;
	const LdbRowFilter *filter;
} Pattern;

static bool
in_pattern(const Pattern *pattern, size_t row)
{
	return pattern->modulus != 0 && row * 7 % pattern->modulus == 0;
}

static LdbStatus
select_pattern(void *context, const LdbBatch *batch, uint32_t *kept, size_t *kept_count,
			   LdbError *err)
{
	Pattern *pattern = context;

	(void) err;
	*kept_count = 0;
	for (size_t i = 0; i < batch->row_count; i++, pattern->seen++)
	{
		snapshot_check_row(pattern->snapshot, batch, pattern->filter->columns, i, pattern->seen);
		if (in_pattern(pattern, pattern->seen))
			kept[(*kept_count)++] = (uint32_t) i;
	}
	return LDB_OK;
}

/* The address of each live row, in table order; to be freed. */
static uint64_t *
live_addresses(const Snapshot *snapshot, size_t *count)
{
	const LdbManifest *manifest = ldb_dataset_manifest(snapshot->dataset);
	uint64_t *addresses = calloc((size_t) manifest->live_rows + 1, sizeof *addresses);

	*count = 0;
	for (size_t i = 0; i < manifest->fragment_count; i++)
	{
		const uint8_t *deleted;
		LdbError err;

		must(ldb_dataset_deletions(snapshot->dataset, i, &deleted, NULL, NULL, &err), &err);
		for (uint64_t row = 0; row < manifest->fragments[i].physical_rows; row++)
		{
			if (deleted == NULL || !ldb_bit_get(deleted, row))
				addresses[(*count)++] = ldb_row_address(manifest->fragments[i].id, row);
		}
	}
	assert_int_equal(*count, manifest->live_rows);
	return addresses;
}

/* Runs the scan to its end; rows must be those of the pattern (NULL = all), in order. */
static void
check_scan(const Snapshot *snapshot, LdbScan *scan, const LdbScanOptions *options,
		   const Pattern *pattern)
{
	size_t row = 0, returned = 0, live_count;
	uint64_t *live = live_addresses(snapshot, &live_count);
	const LdbBatch *batch;
	LdbError err;

	for (;;)
	{
		must(ldb_scan_next(scan, &batch, &err), &err);
		if (batch == NULL)
			break;
		assert_true(batch->row_count > 0);
		assert_true(options->batch_rows == 0 || batch->row_count <= options->batch_rows);
		assert_int_equal(batch->column_count, options->column_count);
		for (size_t i = 0; i < batch->row_count; i++, row++, returned++)
		{
			while (pattern != NULL && !in_pattern(pattern, row))
				row++;
			assert_true(row < live_count);
			assert_int_equal(batch->row_addresses[i], live[row]);
			snapshot_check_row(snapshot, batch, options->columns, i, row);
		}
	}
	for (; row < live_count; row++)
		assert_true(pattern != NULL && !in_pattern(pattern, row));
	assert_int_equal(live_count, json_array_size(snapshot->rows));
	assert_int_equal(ldb_scan_stats(scan)->rows_returned, returned);
	assert_int_equal(ldb_scan_stats(scan)->rows_scanned, live_count);
	free(live);
}

static void
scan_all(const Snapshot *snapshot, size_t batch_rows, size_t batch_bytes)
{
	size_t *columns = snapshot_columns(snapshot);
	LdbScanOptions options = {.column_count = snapshot_schema(snapshot)->field_count,
							  .columns = columns,
							  .batch_rows = batch_rows,
							  .batch_bytes = batch_bytes};
	LdbScan *scan;
	LdbError err;

	must(ldb_scan_open(snapshot->dataset, &options, &scan, &err), &err);
	check_scan(snapshot, scan, &options, NULL);
	ldb_scan_close(scan);
	free(columns);
}

static void
scan_filtered(const Snapshot *snapshot, const size_t *filter_columns, size_t filter_count,
			  size_t modulus, size_t batch_rows)
{
	size_t *columns = snapshot_columns(snapshot);
	LdbRowFilter filter = {filter_count, filter_columns, select_pattern, NULL};
	Pattern pattern = {0, modulus, snapshot, &filter};
	LdbScanOptions options = {.column_count = snapshot_schema(snapshot)->field_count,
							  .columns = columns,
							  .filter = &filter,
							  .batch_rows = batch_rows};
	LdbScan *scan;
	LdbError err;

	filter.context = &pattern;
	must(ldb_scan_open(snapshot->dataset, &options, &scan, &err), &err);
	check_scan(snapshot, scan, &options, &pattern);
	ldb_scan_close(scan);
	free(columns);
}

/* Reads one column, planned in batches that hold less than its larger values take. */
static void
check_overshoot(const Snapshot *snapshot, size_t column)
{
	LdbScanOptions options = {.column_count = 1, .columns = &column, .batch_bytes = 500};
	const LdbBatch *batch;
	uint64_t rows = 0;
	LdbScan *scan;
	LdbError err;

	must(ldb_scan_open(snapshot->dataset, &options, &scan, &err), &err);
	for (;;)
	{
		must(ldb_scan_next(scan, &batch, &err), &err);
		if (batch == NULL)
			break;
		assert_true(batch->row_count == 1 || ldb_arena_used(batch->arena) <= 16 * 500);
		rows += batch->row_count;
	}
	assert_int_equal(rows, ldb_dataset_manifest(snapshot->dataset)->live_rows);
	ldb_scan_close(scan);
}

static void
only_single_rows_take_far_more_than_a_batch_should(void **state)
{
	static const char *const names[] = {"strings_20", "strings_21", "strings_22", "nested_21"};

	(void) state;
	for (size_t i = 0; i < 2 * sizeof names / sizeof names[0]; i++)
	{
		Snapshot snapshot;

		snapshot_open(&snapshot, names[i / 2], 0, i % 2 == 0);
		for (size_t column = 0; column < snapshot_schema(&snapshot)->field_count; column++)
			check_overshoot(&snapshot, column);
		snapshot_close(&snapshot);
	}
}

static void
check_names(const Snapshot *snapshot)
{
	const LdbManifest *manifest = ldb_dataset_manifest(snapshot->dataset);

	assert_int_equal(manifest->unread_count, 0);
	assert_int_equal(manifest->version, snapshot->version);
	if (json_array_size(snapshot->rows) == 0) /* the JSON has no columns then */
		return;
	assert_int_equal(manifest->schema.field_count, json_array_size(snapshot->schema));
	for (size_t i = 0; i < manifest->schema.field_count; i++)
		assert_string_equal(
			manifest->schema.fields[i]->name,
			json_string_value(json_object_get(json_array_get(snapshot->schema, i), "name")));
}

static void
reads_every_snapshot_as_lancedb_does(void **state)
{
	(void) state;
	for (size_t i = 0; i < DATASET_COUNT * 2; i++)
	{
		const char *name = datasets[i / 2];
		size_t count = snapshot_count(name);

		assert_true(count > 0);
		for (size_t j = 0; j < count; j++)
		{
			Snapshot snapshot;

			snapshot_open(&snapshot, name, j, i % 2 == 0);
			check_names(&snapshot);
			scan_all(&snapshot, 0, 0);
			scan_all(&snapshot, 7, 0);
			scan_all(&snapshot, 0, 1000);
			snapshot_close(&snapshot);
		}
	}
}

static void
tables_of_legacy_and_newer_versions_are_refused_by_name(void **state)
{
	static const struct
	{
		const char *name, *words, *hint;
	} cases[] = {
		{"refused_legacy", "legacy version 0.1", "data storage version 2.0 or later"},
		{"refused_23", "\"2.3\" is not supported", "data storage version 2.2 or earlier"},
	};

	(void) state;
	for (size_t i = 0; i < 2; i++)
	{
		Snapshot snapshot;
		LdbError err;

		snapshot_prepare(&snapshot, cases[i].name, 0, snapshot_local_store());
		assert_fails(snapshot_open_dataset(&snapshot, &err), LDB_UNSUPPORTED, cases[i].words);
		assert_non_null(strstr(err.hint, cases[i].hint));
		snapshot_close(&snapshot);
	}
}

static void
filters_first_and_reads_the_rest_for_survivors(void **state)
{
	static const size_t moduli[] = {0, 1, 2, 3, 11, 97};
	static const char *const names[] = {"types_21",       "nested_20",       "nested_21",
										"strings_22",     "fragments",       "vectors_21",
										"history_stable", "bitmap_deletions"};

	(void) state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
	{
		Snapshot snapshot;
		size_t last;

		snapshot_open(&snapshot, names[i], snapshot_count(names[i]) - 1, true);
		last = snapshot_schema(&snapshot)->field_count - 1;
		for (size_t j = 0; j < sizeof moduli / sizeof moduli[0]; j++)
		{
			size_t columns[] = {last, 0, last};

			scan_filtered(&snapshot, columns, 0, moduli[j], 0);
			scan_filtered(&snapshot, columns, 1, moduli[j], 0);
			scan_filtered(&snapshot, columns, 3, moduli[j], 13);
		}
		snapshot_close(&snapshot);
	}
}

static void
filter_columns_come_first_and_others_not_at_all_when_no_row_is_left(void **state)
{
	size_t columns[] = {0, 1, 2, 3};
	LdbRowFilter filter = {1, columns, select_pattern, NULL};
	Pattern pattern;
	Snapshot snapshot;
	LdbScanOptions options = {.column_count = 4, .columns = columns, .filter = &filter};
	uint64_t requests_all, requests_none;
	const LdbBatch *batch;
	LdbScan *scan;
	LdbError err;

	(void) state;
	snapshot_open(&snapshot, "fragments", 1, false);
	pattern = (Pattern){0, 1, &snapshot, &filter};
	filter.context = &pattern;
	must(ldb_scan_open(snapshot.dataset, &options, &scan, &err), &err);
	check_scan(&snapshot, scan, &options, &pattern);
	requests_all = ldb_scan_stats(scan)->read.bytes;
	ldb_scan_close(scan);
	pattern = (Pattern){0, 0, &snapshot, &filter};
	must(ldb_scan_open(snapshot.dataset, &options, &scan, &err), &err);
	must(ldb_scan_next(scan, &batch, &err), &err);
	assert_null(batch);
	requests_none = ldb_scan_stats(scan)->read.bytes;
	assert_true(requests_none < requests_all);
	ldb_scan_close(scan);
	snapshot_close(&snapshot);
}

static uint64_t
count_rows(const Snapshot *snapshot, Pattern *pattern, size_t batches_before)
{
	size_t column = 0;
	LdbRowFilter filter = {1, &column, select_pattern, pattern};
	LdbScanOptions options = {.batch_rows = 10, .filter = pattern == NULL ? NULL : &filter};
	const LdbBatch *batch;
	uint64_t rows;
	LdbScan *scan;
	LdbError err;

	if (pattern != NULL)
		pattern->filter = &filter;
	must(ldb_scan_open(snapshot->dataset, &options, &scan, &err), &err);
	for (size_t i = 0; i < batches_before; i++)
		must(ldb_scan_next(scan, &batch, &err), &err);
	must(ldb_scan_count(scan, &rows, &err), &err);
	ldb_scan_close(scan);
	return rows;
}

static void
counts_what_a_scan_would_return_from_here_on(void **state)
{
	Snapshot snapshot;

	(void) state;
	snapshot_open(&snapshot, "fragments", 1, true);
	assert_int_equal(count_rows(&snapshot, NULL, 0), 747);
	assert_int_equal(count_rows(&snapshot, NULL, 3), 717);
	for (size_t modulus = 0; modulus < 5; modulus++)
	{
		Pattern pattern = {0, modulus, &snapshot, NULL};
		size_t expected = 0;

		for (size_t row = 0; row < 747; row++)
			expected += in_pattern(&pattern, row);
		assert_int_equal(count_rows(&snapshot, &pattern, 0), expected);
	}
	snapshot_close(&snapshot);
}

static void
counting_all_rows_reads_no_data(void **state)
{
	LdbScanOptions options = {0};
	LdbStoreStats before, after;
	Snapshot snapshot;
	LdbStore *store;
	uint64_t rows;
	LdbScan *scan;
	LdbError err;

	(void) state;
	must(ldb_store_wrap_stats(snapshot_local_store(), &store, &err), &err);
	snapshot_prepare(&snapshot, "fragments", 1, store);
	must(snapshot_open_dataset(&snapshot, &err), &err);
	ldb_store_stats_read(store, &before);
	must(ldb_scan_open(snapshot.dataset, &options, &scan, &err), &err);
	must(ldb_scan_count(scan, &rows, &err), &err);
	ldb_store_stats_read(store, &after);
	assert_int_equal(rows, 747);
	assert_memory_equal(&before, &after, sizeof before);
	ldb_scan_close(scan);
	snapshot_close(&snapshot);
}

static void
stopping_early_opens_no_further_fragment(void **state)
{
	size_t columns[] = {0, 1, 2, 3};
	LdbScanOptions options = {.column_count = 4, .columns = columns};
	const LdbBatch *batch;
	Snapshot snapshot;
	LdbScan *scan;
	LdbError err;

	(void) state;
	snapshot_open(&snapshot, "fragments", 0, true);
	must(ldb_scan_open(snapshot.dataset, &options, &scan, &err), &err);
	must(ldb_scan_next(scan, &batch, &err), &err);
	assert_int_equal(batch->row_count, 100);
	assert_int_equal(ldb_scan_stats(scan)->fragments, 1);
	ldb_scan_close(scan);
	snapshot_close(&snapshot);
}

static uint64_t
shared_next(void *context)
{
	return (*(uint64_t *) context)++;
}

static void
scans_that_share_their_tasks_divide_the_rows(void **state)
{
	size_t column = 0;
	uint64_t counter = 0;
	LdbScanOptions options = {.column_count = 1,
							  .columns = &column,
							  .next_task = shared_next,
							  .next_task_context = &counter};
	const LdbBatch *batches[2] = {NULL, NULL};
	uint64_t rows = 0;
	Snapshot snapshot;
	LdbScan *scans[2];
	bool *seen;
	LdbError err;

	(void) state;
	snapshot_open(&snapshot, "fragments", 1, true);
	seen = calloc(2000, sizeof *seen);
	for (size_t i = 0; i < 2; i++)
		must(ldb_scan_open(snapshot.dataset, &options, &scans[i], &err), &err);
	do
	{
		for (size_t i = 0; i < 2; i++)
		{
			must(ldb_scan_next(scans[i], &batches[i], &err), &err);
			for (size_t j = 0; batches[i] != NULL && j < batches[i]->row_count; j++, rows++)
			{
				uint64_t address = batches[i]->row_addresses[j];
				size_t at = (size_t) ((address >> 32) * 100 + (uint32_t) address);

				assert_false(seen[at]);
				seen[at] = true;
			}
		}
	} while (batches[0] != NULL || batches[1] != NULL);
	assert_int_equal(rows, 747);
	assert_true(ldb_scan_stats(scans[0])->rows_returned > 0);
	assert_true(ldb_scan_stats(scans[1])->rows_returned > 0);
	assert_true(counter >= ldb_scan_task_count(ldb_dataset_manifest(snapshot.dataset)));
	assert_fails(ldb_scan_restart(scans[0], &err), LDB_INVALID, "shares its tasks");
	for (size_t i = 0; i < 2; i++)
		ldb_scan_close(scans[i]);
	free(seen);
	snapshot_close(&snapshot);
}

static void
starts_again_from_anywhere(void **state)
{
	size_t columns[] = {3, 0, 3};
	LdbScanOptions options = {.column_count = 3, .columns = columns, .batch_rows = 30};
	const LdbBatch *batch;
	Snapshot snapshot;
	LdbScan *scan;
	LdbError err;

	(void) state;
	snapshot_open(&snapshot, "fragments", 1, true);
	for (size_t stop = 0; stop < 40; stop += 3)
	{
		size_t rows = 0;

		must(ldb_scan_open(snapshot.dataset, &options, &scan, &err), &err);
		for (size_t i = 0; i < stop; i++)
			must(ldb_scan_next(scan, &batch, &err), &err);
		must(ldb_scan_restart(scan, &err), &err);
		for (;;)
		{
			must(ldb_scan_next(scan, &batch, &err), &err);
			if (batch == NULL)
				break;
			for (size_t i = 0; i < batch->row_count; i++)
				snapshot_check_row(&snapshot, batch, columns, i, rows++);
		}
		assert_int_equal(rows, 747);
		ldb_scan_close(scan);
	}
	snapshot_close(&snapshot);
}

static bool
requested_after(void *context)
{
	int *left = context;

	return (*left)-- <= 0;
}

static void
stops_when_the_caller_asks(void **state)
{
	size_t column = 0;
	int left = 0;
	LdbCancel cancel = {requested_after, &left};
	LdbScanOptions options = {.column_count = 1, .columns = &column, .cancel = &cancel};
	const LdbBatch *batch;
	Snapshot snapshot;
	uint64_t rows;
	LdbScan *scan;
	LdbError err;

	(void) state;
	snapshot_open(&snapshot, "fragments", 1, true);
	must(ldb_scan_open(snapshot.dataset, &options, &scan, &err), &err);
	assert_int_equal(ldb_scan_next(scan, &batch, &err), LDB_CANCELLED);
	assert_null(batch);
	left = 1000000;
	must(ldb_scan_next(scan, &batch, &err), &err);
	left = 0;
	assert_int_equal(ldb_scan_next(scan, &batch, &err), LDB_CANCELLED);
	assert_int_equal(ldb_scan_count(scan, &rows, &err), LDB_OK);
	ldb_scan_close(scan);
	snapshot_close(&snapshot);
}

static void
columns_that_do_not_exist_are_refused(void **state)
{
	size_t column = 4;
	LdbRowFilter filter = {1, &column, select_pattern, NULL};
	LdbScanOptions wrong_column = {.column_count = 1, .columns = &column};
	LdbScanOptions wrong_filter = {.filter = &filter};
	Snapshot snapshot;
	LdbScan *scan;
	LdbError err;

	(void) state;
	snapshot_open(&snapshot, "fragments", 1, true);
	assert_fails(ldb_scan_open(snapshot.dataset, &wrong_column, &scan, &err), LDB_INVALID,
				 "column 4 of a table with 4");
	assert_fails(ldb_scan_open(snapshot.dataset, &wrong_filter, &scan, &err), LDB_INVALID,
				 "column 4 of a table with 4");
	snapshot_close(&snapshot);
}

static LdbStatus
select_nothing_and_fail(void *context, const LdbBatch *batch, uint32_t *kept, size_t *kept_count,
						LdbError *err)
{
	int *calls = context;

	(void) batch;
	(void) kept;
	(void) kept_count;
	(*calls)++;
	LDB_FAIL(err, LDB_NOMEM, "filter is out of memory");
}

static void
a_filter_that_fails_is_called_once(void **state)
{
	int calls = 0;
	size_t column = 0;
	LdbRowFilter filter = {1, &column, select_nothing_and_fail, &calls};
	LdbScanOptions options = {.filter = &filter};
	const LdbBatch *batch;
	Snapshot snapshot;
	LdbScan *scan;
	LdbError err;

	(void) state;
	snapshot_open(&snapshot, "fragments", 1, true);
	must(ldb_scan_open(snapshot.dataset, &options, &scan, &err), &err);
	assert_fails(ldb_scan_next(scan, &batch, &err), LDB_NOMEM, "filter is out of memory");
	assert_int_equal(calls, 1);
	ldb_scan_close(scan);
	snapshot_close(&snapshot);
}

/* Opens, scans and counts; whatever fails. */
static LdbStatus
read_everything(Snapshot *snapshot, LdbError *err)
{
	size_t *columns;
	LdbScanOptions options = {0};
	const LdbBatch *batch;
	LdbScan *scan;
	LdbStatus status;
	size_t rows = 0;

	LDB_TRY(snapshot_open_dataset(snapshot, err));
	columns = snapshot_columns(snapshot);
	options.column_count = snapshot_schema(snapshot)->field_count;
	options.columns = columns;
	status = ldb_scan_open(snapshot->dataset, &options, &scan, err);
	if (status == LDB_OK)
	{
		while ((status = ldb_scan_next(scan, &batch, err)) == LDB_OK && batch != NULL)
		{
			for (size_t i = 0; i < batch->row_count; i++)
				snapshot_check_row(snapshot, batch, columns, i, rows++);
		}
		ldb_scan_close(scan);
	}
	free(columns);
	if (status == LDB_OK)
		assert_int_equal(rows, json_array_size(snapshot->rows));
	return status;
}

static void
fail_each_call(const char *name, size_t index, bool mapped)
{
	LdbStatus status = LDB_IO;
	uint64_t n;

	for (n = 1; status != LDB_OK; n++)
	{
		LdbStore *inner = mapped ? snapshot_local_store() : snapshot_memory_store(name);
		Snapshot snapshot;
		LdbStore *store;
		LdbError err;

		must(ldb_store_wrap_fault(inner, &store, &err), &err);
		snapshot_prepare(&snapshot, name, index, store);
		ldb_store_fault_after(store, n, false);
		status = read_everything(&snapshot, &err);
		assert_true(status == LDB_OK || status == LDB_IO);
		snapshot_close(&snapshot);
	}
	assert_true(n > 3);
}

static void
every_failed_call_of_the_store_is_reported(void **state)
{
	(void) state;
	for (int mapped = 0; mapped < 2; mapped++)
	{
		fail_each_call("fragments", 1, mapped);
		fail_each_call("refs", 1, mapped);
		fail_each_call("refs", 2, mapped);
		fail_each_call("refs_clone", 0, mapped);
		fail_each_call("history_stable", 8, mapped);
		fail_each_call("nested_21", 0, mapped);
	}
}

static void
every_failed_allocation_is_reported(void **state)
{
	static const char *const names[] = {"history", "nested_20", "bitmap_deletions"};

	(void) state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
	{
		LdbStatus status = LDB_NOMEM;

		for (uint64_t n = 1; status != LDB_OK; n++)
		{
			Snapshot snapshot;
			LdbError err;

			snapshot_prepare(&snapshot, names[i], snapshot_count(names[i]) - 1,
							 snapshot_local_store());
			ldb_heap_fail_after(n);
			status = read_everything(&snapshot, &err);
			ldb_heap_fail_after(0);
			if (status != LDB_OK && status != LDB_NOMEM)
				fail_msg("allocation %" PRIu64 ": status %d: %s", n, (int) status, err.message);
			snapshot_close(&snapshot);
		}
	}
}

static void
a_file_with_other_rows_than_its_fragment_is_corrupt(void **state)
{
	size_t column = 0;
	LdbScanOptions options = {.column_count = 1, .columns = &column};
	const LdbBatch *batch;
	Snapshot snapshot;
	LdbScan *scan;
	LdbError err;

	(void) state;
	snapshot_open(&snapshot, "fragments", 0, true);
	((LdbManifest *) ldb_dataset_manifest(snapshot.dataset))->fragments[0].physical_rows = 99;
	must(ldb_scan_open(snapshot.dataset, &options, &scan, &err), &err);
	assert_fails(ldb_scan_next(scan, &batch, &err), LDB_CORRUPT, "has 100 rows, fragment 0 has 99");
	assert_fails(ldb_scan_next(scan, &batch, &err), LDB_CORRUPT, "has 100 rows, fragment 0 has 99");
	ldb_scan_close(scan);
	snapshot_close(&snapshot);
}

static void
a_column_beyond_the_file_is_corrupt(void **state)
{
	size_t column = 0;
	LdbScanOptions options = {.column_count = 1, .columns = &column};
	const LdbBatch *batch;
	Snapshot snapshot;
	LdbScan *scan;
	LdbError err;

	(void) state;
	snapshot_open(&snapshot, "fragments", 0, true);
	((int32_t *) ldb_dataset_manifest(snapshot.dataset)->fragments[0].files[0].column_indices)[0] =
		50;
	must(ldb_scan_open(snapshot.dataset, &options, &scan, &err), &err);
	assert_fails(ldb_scan_next(scan, &batch, &err), LDB_CORRUPT, "names column 50");
	ldb_scan_close(scan);
	snapshot_close(&snapshot);
}

/* Reads column 0 of the first fragment, where the second one's file is listed as well. */
static void
read_with_second_file(int32_t field_id, int32_t column_index, LdbArray *out, Snapshot *snapshot,
					  LdbScan **scan)
{
	static LdbDataFile files[2];
	static int32_t ids[1], indices[1];
	size_t column = 0;
	LdbScanOptions options = {.column_count = 1, .columns = &column};
	LdbFragment *fragment;
	const LdbBatch *batch;
	LdbError err;

	snapshot_open(snapshot, "fragments", 0, true);
	fragment = ((LdbManifest *) ldb_dataset_manifest(snapshot->dataset))->fragments;
	files[0] = fragment[0].files[0];
	files[1] = fragment[1].files[0];
	ids[0] = field_id;
	indices[0] = column_index;
	files[1].field_count = 1;
	files[1].field_ids = ids;
	files[1].column_indices = indices;
	fragment->files = files;
	fragment->file_count = 2;
	must(ldb_scan_open(snapshot->dataset, &options, scan, &err), &err);
	must(ldb_scan_next(*scan, &batch, &err), &err);
	*out = batch->columns[0];
}

static void
the_last_file_that_lists_a_field_holds_it(void **state)
{
	static const struct
	{
		int32_t field_id;
		int32_t column_index;
	} cases[] = {
		{0, 0},                   /* supersedes the first file */
		{LDB_FIELD_TOMBSTONE, 0}, /* is superseded itself */
		{0, -1},                  /* has no column of its own */
		{5000, 0},                /* held a column that was dropped */
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
	{
		Snapshot snapshot;
		LdbScan *scan;
		LdbArray array;
		bool is_first;

		read_with_second_file(cases[i].field_id, cases[i].column_index, &array, &snapshot, &scan);
		is_first = golden_equal(json_array_get(json_array_get(snapshot.rows, 2), 0),
								snapshot_schema(&snapshot)->fields[0], &array, 2);
		assert_int_equal(is_first, i != 0);
		ldb_scan_close(scan);
		snapshot_close(&snapshot);
	}
}

/* A copy of a dataset's data files that a test may break; *path names the first data file. */
static LdbStore *
breakable_store(const char *name, char *folder, char *path, size_t path_bytes)
{
	LdbStore *local = snapshot_local_store();
	LdbArena *arena = ldb_arena_new(0);
	char prefix[128];
	LdbObjectInfo *objects;
	LdbStore *store;
	LdbError err;
	size_t count;

	assert_non_null(mkdtemp(folder));
	must(ldb_store_open_local(folder, &store, &err), &err);
	snprintf(prefix, sizeof prefix, "%s.lance/", name);
	snapshot_copy(local, prefix, store);
	snprintf(prefix, sizeof prefix, "%s.lance/data/", name);
	must(ldb_store_list(store, prefix, true, arena, &objects, &count, NULL, &err), &err);
	assert_true(count > 0);
	snprintf(path, path_bytes, "%s/%s", folder, objects[0].name);
	ldb_arena_free(arena);
	ldb_store_close(local);
	return store;
}

/* Zeros that replace a lost page must not reach the caller as values. */
static void
a_file_cut_during_a_scan_ends_it(void **state)
{
	size_t columns[] = {0, 1, 2, 3};
	LdbScanOptions options = {.column_count = 4, .columns = columns, .batch_rows = 10};
	char folder[] = "/tmp/ldb-test-XXXXXX";
	char path[512], command[128];
	const LdbBatch *batch;
	Snapshot snapshot;
	LdbStore *store;
	LdbScan *scan;
	LdbStatus status;
	LdbError err;
	size_t rows = 0;

	(void) state;
	ldb_mapping_install_handler();
	store = breakable_store("strings_21", folder, path, sizeof path);
	snapshot_prepare(&snapshot, "strings_21", 0, store);
	must(snapshot_open_dataset(&snapshot, &err), &err);
	must(ldb_scan_open(snapshot.dataset, &options, &scan, &err), &err);
	must(ldb_scan_next(scan, &batch, &err), &err);
	assert_int_equal(truncate(path, 0), 0);
	while ((status = ldb_scan_next(scan, &batch, &err)) == LDB_OK && batch != NULL)
	{
		for (size_t i = 0; i < batch->row_count; i++)
			snapshot_check_row(&snapshot, batch, columns, i, 10 + rows++);
	}
	assert_int_equal(status, LDB_IO);
	assert_non_null(strstr(err.message, strrchr(path, '/') + 1));
	ldb_scan_close(scan);
	snapshot_close(&snapshot);
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
}

/* Ours: cmocka puts one of its own in its place for each test. */
static struct sigaction bus_handler;

static void
touch(LdbSlice bytes)
{
	volatile uint8_t sum = 0;

	for (size_t i = 0; i < bytes.length; i++)
		sum = (uint8_t) (sum + bytes.data[i]);
}

/* Who stops within a batch hears of it as well, before what was copied out is believed. */
static void
a_file_cut_behind_a_batch_is_noticed_when_it_is_read(void **state)
{
	size_t columns[] = {0, 1, 2, 3};
	LdbScanOptions options = {.column_count = 4, .columns = columns};
	char folder[] = "/tmp/ldb-test-XXXXXX";
	char path[512], command[128];
	uint64_t address;
	const LdbBatch *batch;
	Snapshot snapshot;
	LdbStore *store;
	LdbScan *scan;
	LdbTake *take;
	LdbError err;

	(void) state;
	sigaction(SIGBUS, &bus_handler, NULL);
	store = breakable_store("strings_21", folder, path, sizeof path);
	snapshot_prepare(&snapshot, "strings_21", 0, store);
	must(snapshot_open_dataset(&snapshot, &err), &err);
	must(ldb_scan_open(snapshot.dataset, &options, &scan, &err), &err);
	must(ldb_scan_next(scan, &batch, &err), &err);
	must(ldb_scan_check(scan, &err), &err);
	address = batch->row_addresses[0];
	must(ldb_take_open(snapshot.dataset, columns, 4, NULL, &take, &err), &err);
	must(ldb_take_rows(take, &address, 1, &batch, &err), &err);
	must(ldb_take_check(take, &err), &err);
	must(ldb_scan_restart(scan, &err), &err);
	must(ldb_scan_next(scan, &batch, &err), &err);
	assert_int_equal(truncate(path, 0), 0);
	for (size_t i = 0; i < 4; i++)
		for (size_t row = 0; batch->columns[i].views != NULL && row < batch->row_count; row++)
			touch(batch->columns[i].views[row]);
	assert_int_equal(ldb_scan_check(scan, &err), LDB_IO);
	assert_non_null(strstr(err.message, strrchr(path, '/') + 1));
	ldb_take_close(take);
	ldb_scan_close(scan);
	snapshot_close(&snapshot);
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
}

/* Reads all it can; values of a broken file may be any, so only their number is looked at. */
static LdbStatus
read_damaged(Snapshot *snapshot, LdbError *err)
{
	size_t *columns;
	LdbScanOptions options = {0};
	const LdbBatch *batch;
	LdbScan *scan = NULL;
	LdbStatus status;
	uint64_t rows = 0;

	LDB_TRY(snapshot_open_dataset(snapshot, err));
	columns = snapshot_columns(snapshot);
	options.column_count = snapshot_schema(snapshot)->field_count;
	options.columns = columns;
	status = ldb_scan_open(snapshot->dataset, &options, &scan, err);
	while (status == LDB_OK && (status = ldb_scan_next(scan, &batch, err)) == LDB_OK)
	{
		if (batch == NULL)
			break;
		rows += batch->row_count;
	}
	if (status == LDB_OK)
		assert_int_equal(rows, ldb_dataset_manifest(snapshot->dataset)->live_rows);
	ldb_scan_close(scan);
	free(columns);
	return status;
}

/* Changes one file, reads, puts it back. `random` decides what becomes of the file. */
static void
read_with_damage(Snapshot *snapshot, const LdbObjectInfo *object, uint32_t random)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbRange all = {0, UINT64_MAX};
	LdbSlice bytes;
	LdbError err = {0};
	LdbStatus status;
	uint8_t *copy;
	size_t at;

	must(ldb_store_get(snapshot->store, object->name, all, arena, &bytes, NULL, NULL, &err), &err);
	at = random / 8 % (bytes.length == 0 ? 1 : bytes.length);
	copy = ldb_arena_copy(arena, bytes.data, bytes.length);
	if (random % 8 == 0)
		must(ldb_store_put(snapshot->store, object->name, ldb_slice(copy, at), LDB_PUT_REPLACE,
						   NULL, &err),
			 &err);
	else
	{
		copy[at] ^= (uint8_t) (1u << random % 8);
		must(ldb_store_put(snapshot->store, object->name, ldb_slice(copy, bytes.length),
						   LDB_PUT_REPLACE, NULL, &err),
			 &err);
	}
	status = read_damaged(snapshot, &err);
	if (status != LDB_OK && err.message[0] == '\0')
		fail_msg("status %d without a message", (int) status);
	ldb_dataset_close(snapshot->dataset);
	snapshot->dataset = NULL;
	must(ldb_store_put(snapshot->store, object->name, bytes, LDB_PUT_REPLACE, NULL, &err), &err);
	ldb_arena_free(arena);
}

static void
damaged_files_give_rows_or_an_error(void **state)
{
	static const char *const names[] = {"fragments", "history_stable", "nested_21", "types_20"};
	uint32_t random = 12345;

	(void) state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
	{
		LdbArena *arena = ldb_arena_new(0);
		LdbObjectInfo *objects;
		Snapshot snapshot;
		LdbError err;
		size_t count;

		snapshot_prepare(&snapshot, names[i], snapshot_count(names[i]) - 1,
						 snapshot_memory_store(names[i]));
		must(ldb_store_list(snapshot.store, "", false, arena, &objects, &count, NULL, &err), &err);
		for (int variant = 0; variant < 400; variant++)
		{
			random = random * 1664525 + 1013904223;
			read_with_damage(&snapshot, &objects[(random >> 8) % count], random >> 4);
		}
		ldb_arena_free(arena);
		snapshot_close(&snapshot);
	}
}

static void
estimates_what_a_column_takes(void **state)
{
	Snapshot snapshot;
	uint64_t ids, names, all = 0;
	LdbError err;

	(void) state;
	snapshot_open(&snapshot, "fragments", 0, true);
	must(ldb_dataset_column_bytes(snapshot.dataset, 0, &ids, NULL, &err), &err);
	must(ldb_dataset_column_bytes(snapshot.dataset, 1, &names, NULL, &err), &err);
	for (size_t i = 0; i < 10; i++)
		all += ldb_dataset_manifest(snapshot.dataset)->fragments[i].files[0].size_bytes;
	assert_true(ids > 0 && names > 0 && ids + names < all);
	assert_fails(ldb_dataset_column_bytes(snapshot.dataset, 9, &ids, NULL, &err), LDB_INVALID,
				 "column 9");
	snapshot_close(&snapshot);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_snapshot_as_lancedb_does),
		cmocka_unit_test(only_single_rows_take_far_more_than_a_batch_should),
		cmocka_unit_test(tables_of_legacy_and_newer_versions_are_refused_by_name),
		cmocka_unit_test(filters_first_and_reads_the_rest_for_survivors),
		cmocka_unit_test(filter_columns_come_first_and_others_not_at_all_when_no_row_is_left),
		cmocka_unit_test(counts_what_a_scan_would_return_from_here_on),
		cmocka_unit_test(counting_all_rows_reads_no_data),
		cmocka_unit_test(stopping_early_opens_no_further_fragment),
		cmocka_unit_test(scans_that_share_their_tasks_divide_the_rows),
		cmocka_unit_test(starts_again_from_anywhere),
		cmocka_unit_test(stops_when_the_caller_asks),
		cmocka_unit_test(columns_that_do_not_exist_are_refused),
		cmocka_unit_test(a_filter_that_fails_is_called_once),
		cmocka_unit_test(every_failed_call_of_the_store_is_reported),
		cmocka_unit_test(every_failed_allocation_is_reported),
		cmocka_unit_test(a_file_with_other_rows_than_its_fragment_is_corrupt),
		cmocka_unit_test(a_column_beyond_the_file_is_corrupt),
		cmocka_unit_test(the_last_file_that_lists_a_field_holds_it),
		cmocka_unit_test(a_file_cut_during_a_scan_ends_it),
		cmocka_unit_test(a_file_cut_behind_a_batch_is_noticed_when_it_is_read),
		cmocka_unit_test(damaged_files_give_rows_or_an_error),
		cmocka_unit_test(estimates_what_a_column_takes),
	};

	ldb_mapping_install_handler();
	sigaction(SIGBUS, NULL, &bus_handler);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
