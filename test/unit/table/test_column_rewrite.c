/* test_column_rewrite.c -- a column written beside the rows that are there, or nothing at all. */
#include "table/draft_test.h"

#include "dataset_impl.h"
#include "draft_impl.h"

static const LdbMark first = {1, 1};

static const LdbField doubled = {.name = "doubled",
								 .logical_type = "int64",
								 .type = {.kind = LDB_TYPE_INT64},
								 .parent_id = -1,
								 .nullable = false};

/* 30 rows in three fragments and 5 new ones, some of either deleted. */
static void
start(Bench *bench)
{
	static const uint64_t gone[] = {0,
									1,
									5,
									9,
									(uint64_t) 1 << 32 | 4,
									(LDB_STAGED_FRAGMENT) << 32 | 1,
									(LDB_STAGED_FRAGMENT) << 32 | 4};
	bool done[7];
	LdbError err;

	bench_open(bench, "2.1", false);
	bench_publish(bench, 30, 10);
	bench_on_base(bench, NULL);
	for (uint32_t id = 30; id < 35; id++)
		add_row(bench, id, first);
	must(ldb_draft_delete(bench->draft, gone, 7, first, done, &err), &err);
}

/* Twice the id of each row. */
static LdbStatus
answer(LdbColumnRewrite *rewrite, const LdbBatch *batch, LdbError *err)
{
	int64_t *values = calloc(batch->row_count, sizeof *values);
	LdbArray array = {.type = &doubled.type, .length = batch->row_count, .values = values};
	LdbStatus status;

	for (size_t i = 0; i < batch->row_count; i++)
	{
		int32_t id;

		memcpy(&id, (const uint8_t *) batch->columns[0].values + i * 4, 4);
		values[i] = id * 2;
	}
	status = ldb_column_rewrite_append(rewrite, &array, err);
	free(values);
	return status;
}

static LdbStatus
write_values(LdbColumnRewrite *rewrite, LdbError *err)
{
	const LdbBatch *batch;

	for (;;)
	{
		LDB_TRY(ldb_column_rewrite_next(rewrite, &batch, err));
		if (batch == NULL)
			return LDB_OK;
		LDB_TRY(answer(rewrite, batch, err));
	}
}

static LdbStatus
try_rewrite(Bench *bench, LdbMark mark, LdbError *err)
{
	size_t source = 0;
	LdbColumnRewrite *rewrite;
	LdbStatus status;

	LDB_TRY(ldb_column_rewrite_open(bench->draft, &doubled, NULL, &source, 1, &rewrite, err));
	status = write_values(rewrite, err);
	if (status == LDB_OK)
		return ldb_column_rewrite_finish(rewrite, mark, err);
	ldb_column_rewrite_abandon(rewrite);
	return status;
}

static void
check_doubled(Bench *bench)
{
	static const size_t columns[] = {0, 2};
	LdbScanOptions options = {.column_count = 2, .columns = columns};
	const LdbBatch *batch;
	LdbDataset *view;
	LdbScan *scan;
	size_t seen = 0;
	LdbError err;

	must(ldb_draft_view(bench->draft, UINT32_MAX, &view, &err), &err);
	must(ldb_scan_open(view, &options, &scan, &err), &err);
	for (must(ldb_scan_next(scan, &batch, &err), &err); batch != NULL;
		 must(ldb_scan_next(scan, &batch, &err), &err))
	{
		for (size_t i = 0; i < batch->row_count; i++, seen++)
		{
			int64_t value;
			int32_t id;

			memcpy(&id, (const uint8_t *) batch->columns[0].values + i * 4, 4);
			memcpy(&value, (const uint8_t *) batch->columns[1].values + i * 8, 8);
			assert_int_equal(value, id * 2);
		}
	}
	assert_int_equal(seen, 28);
	ldb_scan_close(scan);
	ldb_dataset_close(view);
}

static void
each_fragment_gets_one_more_file(void **state)
{
	LdbChange change;
	LdbError err;
	Bench bench;

	(void) state;
	start(&bench);
	must(try_rewrite(&bench, first, &err), &err);
	check_doubled(&bench);
	must(ldb_draft_change(bench.draft, UINT32_MAX, bench.table.arena, &change, &err), &err);
	assert_true(change.rewrites_columns);
	assert_int_equal(change.fragment_count, 3);
	for (size_t i = 0; i < 3; i++)
	{
		assert_int_equal(change.fragments[i].file_count, 2);
		assert_int_equal(change.fragments[i].files[1].field_count, 1);
		assert_int_equal(change.fragments[i].files[1].field_ids[0], 2);
	}
	assert_int_equal(change.new_fragments[0].file_count, 2);
	assert_int_equal(count_data_files(&bench), 3 + 3 + 2);
	bench_close(&bench);
}

/* Other readers look for NULL before they look at deletions. */
static void
deleted_rows_of_a_required_column_are_not_null(void **state)
{
	static const size_t column = 2;
	LdbScanOptions options = {.column_count = 1, .columns = &column};
	const LdbBatch *batch;
	LdbDataset *view;
	LdbScan *scan;
	size_t seen = 0;
	LdbError err;
	Bench bench;

	(void) state;
	start(&bench);
	must(try_rewrite(&bench, first, &err), &err);
	must(ldb_draft_view(bench.draft, UINT32_MAX, &view, &err), &err);
	for (size_t i = 0; i < view->manifest->fragment_count; i++)
		view->manifest->fragments[i].deletion = NULL;
	must(ldb_scan_open(view, &options, &scan, &err), &err);
	for (must(ldb_scan_next(scan, &batch, &err), &err); batch != NULL;
		 must(ldb_scan_next(scan, &batch, &err), &err))
	{
		assert_int_equal(batch->columns[0].null_count, 0);
		seen += batch->row_count;
	}
	assert_int_equal(seen, 35);
	ldb_scan_close(scan);
	ldb_dataset_close(view);
	bench_close(&bench);
}

static void
a_savepoint_takes_column_and_files_back(void **state)
{
	LdbError err;
	Bench bench;

	(void) state;
	start(&bench);
	must(try_rewrite(&bench, (LdbMark){2, 2}, &err), &err);
	assert_int_equal(count_data_files(&bench), 3 + 1 + 4);
	ldb_draft_roll_back(bench.draft, 2);
	assert_int_equal(count_data_files(&bench), 3 + 1);
	assert_int_equal(ldb_draft_schema(bench.draft)->field_count, 2);
	must(try_rewrite(&bench, (LdbMark){3, 1}, &err), &err);
	check_doubled(&bench);
	/* an id is never given twice */
	assert_int_equal(ldb_draft_schema(bench.draft)->fields[2]->id, 3);
	bench_close(&bench);
}

static void
refuses_values_that_are_not_those_of_the_rows(void **state)
{
	size_t source = 0;
	LdbColumnRewrite *rewrite;
	const LdbBatch *batch;
	LdbArray array = {.type = &doubled.type};
	LdbError err;
	Bench bench;

	(void) state;
	start(&bench);
	must(ldb_column_rewrite_open(bench.draft, &doubled, NULL, &source, 1, &rewrite, &err), &err);
	assert_fails(ldb_column_rewrite_append(rewrite, &array, &err), LDB_INVALID, "0 values for 0");
	must(ldb_column_rewrite_next(rewrite, &batch, &err), &err);
	assert_fails(ldb_column_rewrite_append(rewrite, &array, &err), LDB_INVALID, "0 values for");
	assert_fails(ldb_column_rewrite_next(rewrite, &batch, &err), LDB_INVALID, "no values");
	assert_fails(ldb_column_rewrite_finish(rewrite, first, &err), LDB_INVALID, "no values");
	must(ldb_column_rewrite_open(bench.draft, &doubled, NULL, &source, 1, &rewrite, &err), &err);
	must(write_values(rewrite, &err), &err);
	add_row(&bench, 70, first);
	assert_fails(ldb_column_rewrite_finish(rewrite, first, &err), LDB_INVALID, "was changed");
	assert_fails(
		ldb_column_rewrite_open(bench.draft, &bench.fields[0], NULL, NULL, 0, &rewrite, &err),
		LDB_INVALID, "exists already");
	assert_fails(ldb_column_rewrite_open(bench.draft, &doubled, "none", NULL, 0, &rewrite, &err),
				 LDB_NOT_FOUND, "\"none\"");
	assert_int_equal(ldb_draft_discard(bench.draft), 0);
	assert_int_equal(count_data_files(&bench), 3);
	bench_close(&bench);
}

/* Nothing is there that was not before, and the same works afterwards. */
static void
check_again(Bench *bench, LdbStatus status)
{
	LdbError err;

	if (status != LDB_OK)
	{
		assert_int_equal(ldb_draft_schema(bench->draft)->field_count, 2);
		must(try_rewrite(bench, first, &err), &err);
	}
	check_doubled(bench);
	assert_int_equal(ldb_draft_discard(bench->draft), 0);
	assert_int_equal(count_data_files(bench), 3);
	bench_close(bench);
}

static void
faults_leave_the_draft_as_it_was(void **state)
{
	LdbStatus status = LDB_IO;
	uint64_t failures = 0;

	(void) state;
	for (uint64_t n = 1; status != LDB_OK; n++, failures++)
	{
		LdbError err;
		Bench bench;

		start(&bench);
		ldb_store_fault_after(bench.table.store, n, false);
		status = try_rewrite(&bench, first, &err);
		ldb_store_fault_after(bench.table.store, 0, false);
		check_again(&bench, status);
	}
	assert_true(failures > 10);
}

static void
so_does_memory_that_runs_out(void **state)
{
	LdbStatus status = LDB_NOMEM;
	uint64_t failures = 0;

	(void) state;
	for (uint64_t n = 1; status != LDB_OK; n++, failures++)
	{
		LdbError err;
		Bench bench;

		start(&bench);
		ldb_heap_fail_after(n);
		status = try_rewrite(&bench, first, &err);
		ldb_heap_fail_after(0);
		check_again(&bench, status);
	}
	assert_true(failures > 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fragment_gets_one_more_file),
		cmocka_unit_test(deleted_rows_of_a_required_column_are_not_null),
		cmocka_unit_test(a_savepoint_takes_column_and_files_back),
		cmocka_unit_test(refuses_values_that_are_not_those_of_the_rows),
		cmocka_unit_test(faults_leave_the_draft_as_it_was),
		cmocka_unit_test(so_does_memory_that_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
