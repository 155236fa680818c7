/* test_take.c -- rows by address come in the order asked for, each as LanceDB's reader gave it. */
#include "table/snapshot.h"

#include "ldb/base/bitmap.h"
#include "table/table_test.h"

typedef struct Rows
{
	uint64_t *addresses; /* of all live rows, in table order */
	size_t count;
} Rows;

static void
rows_open(Rows *rows, const Snapshot *snapshot)
{
	const LdbManifest *manifest = ldb_dataset_manifest(snapshot->dataset);

	rows->count = 0;
	rows->addresses = calloc((size_t) manifest->live_rows + 1, sizeof *rows->addresses);
	for (size_t i = 0; i < manifest->fragment_count; i++)
	{
		const uint8_t *deleted;
		LdbError err;

		must(ldb_dataset_deletions(snapshot->dataset, i, &deleted, NULL, NULL, &err), &err);
		for (uint64_t row = 0; row < manifest->fragments[i].physical_rows; row++)
		{
			if (deleted == NULL || !ldb_bit_get(deleted, row))
				rows->addresses[rows->count++] = ldb_row_address(manifest->fragments[i].id, row);
		}
	}
}

static void
take_and_check(const Snapshot *snapshot, LdbTake *take, const Rows *rows, const size_t *columns,
			   const size_t *wanted, size_t count)
{
	uint64_t *addresses = calloc(count, sizeof *addresses);
	const LdbBatch *batch;
	LdbError err;

	for (size_t i = 0; i < count; i++)
		addresses[i] = rows->addresses[wanted[i]];
	must(ldb_take_rows(take, addresses, count, &batch, &err), &err);
	assert_int_equal(batch->row_count, count);
	assert_memory_equal(batch->row_addresses, addresses, count * sizeof *addresses);
	for (size_t i = 0; i < count; i++)
		snapshot_check_row(snapshot, batch, columns, i, wanted[i]);
	free(addresses);
}

/* One row, all, all backwards, scattered with repeats. */
static void
take_many_ways(const Snapshot *snapshot)
{
	size_t *columns = snapshot_columns(snapshot);
	size_t *wanted;
	LdbTake *take;
	LdbError err;
	Rows rows;

	rows_open(&rows, snapshot);
	wanted = calloc(rows.count * 2, sizeof *wanted);
	must(ldb_take_open(snapshot->dataset, columns, snapshot_schema(snapshot)->field_count, NULL,
					   &take, &err),
		 &err);
	for (size_t i = 0; i < rows.count; i++)
		wanted[i] = i;
	take_and_check(snapshot, take, &rows, columns, wanted, rows.count);
	for (size_t i = 0; i < rows.count; i++)
		wanted[i] = rows.count - 1 - i;
	take_and_check(snapshot, take, &rows, columns, wanted, rows.count);
	for (size_t i = 0; i < rows.count * 2; i++)
		wanted[i] = i * 7919 % rows.count;
	take_and_check(snapshot, take, &rows, columns, wanted, rows.count * 2);
	for (size_t i = 0; i < rows.count; i += 1 + i)
		take_and_check(snapshot, take, &rows, columns, &i, 1);
	ldb_take_close(take);
	free(wanted);
	free(rows.addresses);
	free(columns);
}

static void
takes_rows_in_any_order_with_repeats(void **state)
{
	static const char *const names[] = {
		"types_21",   "types_20",  "nested_21", "nested_20",        "strings_22",     "vectors_21",
		"vectors_20", "fragments", "refs",      "bitmap_deletions", "history_stable", "refs_clone",
	};

	(void) state;
	for (size_t i = 0; i < sizeof names / sizeof names[0] * 2; i++)
	{
		const char *name = names[i / 2];
		size_t index = strncmp(name, "history", 7) == 0 ? 8 : snapshot_count(name) - 1;
		Snapshot snapshot;

		snapshot_open(&snapshot, name, index, i % 2 == 0);
		take_many_ways(&snapshot);
		snapshot_close(&snapshot);
	}
}

static void
a_column_may_be_asked_for_twice(void **state)
{
	static const size_t columns[] = {1, 0, 1};
	static const size_t wanted[] = {5, 3, 700};
	Snapshot snapshot;
	LdbTake *take;
	LdbError err;
	Rows rows;

	(void) state;
	snapshot_open(&snapshot, "fragments", 1, true);
	rows_open(&rows, &snapshot);
	must(ldb_take_open(snapshot.dataset, columns, 3, NULL, &take, &err), &err);
	take_and_check(&snapshot, take, &rows, columns, wanted, 3);
	ldb_take_close(take);
	free(rows.addresses);
	snapshot_close(&snapshot);
}

static void
no_columns_still_means_rows(void **state)
{
	uint64_t address = 5;
	const LdbBatch *batch;
	Snapshot snapshot;
	LdbTake *take;
	LdbError err;

	(void) state;
	snapshot_open(&snapshot, "fragments", 0, true);
	must(ldb_take_open(snapshot.dataset, NULL, 0, NULL, &take, &err), &err);
	must(ldb_take_rows(take, &address, 1, &batch, &err), &err);
	assert_int_equal(batch->row_count, 1);
	assert_int_equal(batch->column_count, 0);
	ldb_take_close(take);
	snapshot_close(&snapshot);
}

static void
rows_that_do_not_exist_are_not_found(void **state)
{
	size_t column = 0;
	const uint8_t *deleted;
	const LdbBatch *batch;
	Snapshot snapshot;
	uint64_t address;
	LdbTake *take;
	LdbError err;

	(void) state;
	snapshot_open(&snapshot, "bitmap_deletions", 0, true);
	must(ldb_take_open(snapshot.dataset, &column, 1, NULL, &take, &err), &err);
	must(ldb_dataset_deletions(snapshot.dataset, 0, &deleted, NULL, NULL, &err), &err);
	for (address = 0; !ldb_bit_get(deleted, address); address++)
		;
	assert_fails(ldb_take_rows(take, &address, 1, &batch, &err), LDB_NOT_FOUND,
				 "of fragment 0 does not exist");
	assert_null(batch);
	address = ldb_row_address(0, 1u << 30);
	assert_fails(ldb_take_rows(take, &address, 1, &batch, &err), LDB_NOT_FOUND, "row 1073741824");
	address = ldb_row_address(9, 0);
	assert_fails(ldb_take_rows(take, &address, 1, &batch, &err), LDB_NOT_FOUND, "fragment 9");
	assert_fails(ldb_take_rows(take, &address, 0, &batch, &err), LDB_INVALID, "0 rows");
	ldb_take_close(take);
	column = 99;
	assert_fails(ldb_take_open(snapshot.dataset, &column, 1, NULL, &take, &err), LDB_INVALID,
				 "column 99");
	snapshot_close(&snapshot);
}

static void
files_stay_open_between_calls(void **state)
{
	static const size_t columns[] = {0, 1};
	uint64_t address = 5;
	LdbStoreStats first, second;
	const LdbBatch *batch;
	Snapshot snapshot;
	LdbStore *store;
	LdbTake *take;
	LdbError err;

	(void) state;
	must(ldb_store_wrap_stats(snapshot_local_store(), &store, &err), &err);
	snapshot_prepare(&snapshot, "fragments", 0, store);
	must(snapshot_open_dataset(&snapshot, &err), &err);
	must(ldb_take_open(snapshot.dataset, columns, 2, NULL, &take, &err), &err);
	must(ldb_take_rows(take, &address, 1, &batch, &err), &err);
	ldb_store_stats_read(store, &first);
	address = 7;
	must(ldb_take_rows(take, &address, 1, &batch, &err), &err);
	ldb_store_stats_read(store, &second);
	assert_int_equal(first.map_requests, second.map_requests);
	assert_int_equal(first.get_requests, second.get_requests);
	assert_int_equal(ldb_take_stats(take)->fragments, 1);
	assert_int_equal(ldb_take_stats(take)->rows_returned, 2);
	ldb_take_close(take);
	snapshot_close(&snapshot);
}

static LdbStatus
take_ends(Snapshot *snapshot, LdbError *err)
{
	uint64_t addresses[] = {ldb_row_address(9, 3), 4, ldb_row_address(9, 3)};
	static const size_t columns[] = {0, 1, 2};
	const LdbBatch *batch;
	LdbStatus status;
	LdbTake *take;

	LDB_TRY(snapshot_open_dataset(snapshot, err));
	LDB_TRY(ldb_take_open(snapshot->dataset, columns, 3, NULL, &take, err));
	status = ldb_take_rows(take, addresses, 3, &batch, err);
	/* an allocation that failed once leaves fewer rows */
	if (status == LDB_OK && batch->row_count < 3)
		status = LDB_NOMEM;
	else if (status == LDB_IO) /* a call that failed does not spoil the next */
	{
		must(ldb_take_rows(take, addresses, 3, &batch, err), err);
		assert_int_equal(batch->row_count, 3);
	}
	ldb_take_close(take);
	return status;
}

static void
every_failed_call_of_the_store_is_reported(void **state)
{
	(void) state;
	for (int mapped = 0; mapped < 2; mapped++)
	{
		LdbStatus status = LDB_IO;
		uint64_t n;

		for (n = 1; status != LDB_OK; n++)
		{
			LdbStore *inner = mapped ? snapshot_local_store() : snapshot_memory_store("fragments");
			Snapshot snapshot;
			LdbStore *store;
			LdbError err;

			must(ldb_store_wrap_fault(inner, &store, &err), &err);
			snapshot_prepare(&snapshot, "fragments", 0, store);
			ldb_store_fault_after(store, n, false);
			status = take_ends(&snapshot, &err);
			assert_true(status == LDB_OK || status == LDB_IO);
			snapshot_close(&snapshot);
		}
		assert_true(n > 3);
	}
}

static void
every_failed_allocation_is_reported(void **state)
{
	LdbStatus status = LDB_NOMEM;

	(void) state;
	for (uint64_t n = 1; status != LDB_OK; n++)
	{
		Snapshot snapshot;
		LdbError err;

		snapshot_prepare(&snapshot, "fragments", 0, snapshot_local_store());
		ldb_heap_fail_after(n);
		status = take_ends(&snapshot, &err);
		ldb_heap_fail_after(0);
		assert_true(status == LDB_OK || status == LDB_NOMEM);
		snapshot_close(&snapshot);
	}
}

static void
gives_the_first_rows_when_memory_is_short(void **state)
{
	static const size_t wanted[] = {700, 3, 5, 20};
	uint64_t addresses[4];
	size_t *columns;
	const LdbBatch *batch;
	Snapshot snapshot;
	LdbTake *take;
	LdbError err;
	Rows rows;

	(void) state;
	snapshot_open(&snapshot, "fragments", 1, true);
	rows_open(&rows, &snapshot);
	columns = snapshot_columns(&snapshot);
	for (size_t i = 0; i < 4; i++)
		addresses[i] = rows.addresses[wanted[i]];
	must(ldb_take_open(snapshot.dataset, columns, snapshot_schema(&snapshot)->field_count, NULL,
					   &take, &err),
		 &err);
	ldb_heap_fail_after(1);
	assert_int_equal(ldb_take_rows(take, addresses, 1, &batch, &err), LDB_NOMEM);
	ldb_heap_fail_after(1);
	must(ldb_take_rows(take, addresses, 4, &batch, &err), &err);
	assert_int_equal(batch->row_count, 2);
	assert_memory_equal(batch->row_addresses, addresses, 2 * sizeof *addresses);
	for (size_t i = 0; i < 2; i++)
		snapshot_check_row(&snapshot, batch, columns, i, wanted[i]);
	/* room is found again step by step */
	must(ldb_take_rows(take, addresses, 4, &batch, &err), &err);
	assert_int_equal(batch->row_count, 3);
	take_and_check(&snapshot, take, &rows, columns, wanted, 4);
	ldb_take_close(take);
	free(columns);
	free(rows.addresses);
	snapshot_close(&snapshot);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_rows_in_any_order_with_repeats),
		cmocka_unit_test(a_column_may_be_asked_for_twice),
		cmocka_unit_test(no_columns_still_means_rows),
		cmocka_unit_test(rows_that_do_not_exist_are_not_found),
		cmocka_unit_test(files_stay_open_between_calls),
		cmocka_unit_test(gives_the_first_rows_when_memory_is_short),
		cmocka_unit_test(every_failed_call_of_the_store_is_reported),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
