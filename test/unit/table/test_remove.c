/* test_remove.c -- a table goes with all that is its own, and nothing else does. */
#include "table/commit_test.h"

static uint64_t
remove_table(CommitTable *table)
{
	uint64_t files;
	LdbError err;

	must(ldb_dataset_remove(table->locations, COMMIT_URI, &files, NULL, &err), &err);
	return files;
}

static void
put(CommitTable *table, const char *name)
{
	LdbError err;

	must(ldb_store_put(table->fault, name, ldb_slice_of("x"), LDB_PUT_CREATE, NULL, &err), &err);
}

static void
fill(CommitTable *table)
{
	LdbChange change;
	LdbError err;

	commit_create(table, false, 3);
	change = commit_begin(table);
	commit_delete(table, &change, 0, 3, 0, 1);
	commit_do(table, &change);
	must(ldb_tag_create(table->locations, COMMIT_URI, "a", 1, NULL, &err), &err);
	put(table, "t.lance/_indices/uuid/index.idx");
	put(table, "t.lance/_transactions/1-x.txn");
	put(table, "t.lance/tree/dev/_versions/1.manifest");
}

static void
leaves_no_file_and_no_folder(void **state)
{
	char path[128];
	struct stat status;
	CommitTable table;
	FILE *file;

	(void) state;
	commit_open(&table, true);
	fill(&table);
	snprintf(path, sizeof path, "%s/t.lance/data/.tmp-crashed", table.folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(remove_table(&table), 9);
	snprintf(path, sizeof path, "%s/t.lance", table.folder);
	assert_int_not_equal(stat(path, &status), 0);
	commit_create(&table, false, 2);
	assert_ids(&table, 0, "0-1");
	commit_close(&table);
}

static void
leaves_what_is_not_the_tables(void **state)
{
	CommitTable table;

	(void) state;
	commit_open(&table, true);
	fill(&table);
	put(&table, "t.lance/notes.txt");
	put(&table, "other.lance/data/x");
	remove_table(&table);
	assert_int_equal(commit_count_objects(&table, ""), 2);
	commit_close(&table);
}

static void
says_when_there_is_no_table(void **state)
{
	CommitTable table;
	uint64_t files;
	LdbError err;

	(void) state;
	commit_open(&table, false);
	put(&table, "project/data/precious");
	assert_fails(ldb_dataset_remove(table.locations, COMMIT_URI, &files, NULL, &err), LDB_NOT_FOUND,
				 "does not exist");
	assert_fails(ldb_dataset_remove(table.locations, "memory:/project", &files, NULL, &err),
				 LDB_NOT_FOUND, "does not exist");
	assert_int_equal(commit_count_objects(&table, ""), 1);
	commit_close(&table);
}

static void
can_be_finished_after_any_failure(void **state)
{
	LdbStatus status = LDB_IO;
	uint64_t n;

	(void) state;
	for (n = 1; status != LDB_OK; n++)
	{
		CommitTable table;
		uint64_t files;
		LdbError err;

		commit_open(&table, false);
		fill(&table);
		ldb_store_fault_after(table.fault, n, true);
		status = ldb_dataset_remove(table.locations, COMMIT_URI, &files, NULL, &err);
		ldb_store_fault_after(table.fault, 0, false);
		if (status != LDB_OK)
		{
			LdbStatus again = ldb_dataset_remove(table.locations, COMMIT_URI, &files, NULL, &err);

			assert_int_equal(status, LDB_IO);
			/* only the folder was left, and there are none in memory */
			assert_true(again == LDB_OK || again == LDB_NOT_FOUND);
		}
		assert_int_equal(commit_count_objects(&table, ""), 0);
		commit_close(&table);
	}
	assert_true(n > 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_no_file_and_no_folder),
		cmocka_unit_test(leaves_what_is_not_the_tables),
		cmocka_unit_test(says_when_there_is_no_table),
		cmocka_unit_test(can_be_finished_after_any_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
