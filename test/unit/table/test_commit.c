/* test_commit.c -- changes become versions: whole, with everything else as it was. */
#include "table/commit_test.h"

static void
creates_a_table_and_appends(void **state)
{
	CommitTable table;
	LdbChange change;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	assert_ids(&table, 0, "0-9");
	change = commit_begin(&table);
	commit_add(&table, &change, 20, 5);
	commit_add(&table, &change, 30, 5);
	commit_do(&table, &change);
	assert_ids(&table, 1, "0-9");
	assert_ids(&table, 2, "0-9 20-24 30-34");
	commit_close(&table);
}

static void
deletes_updates_and_removes(void **state)
{
	CommitTable table;
	LdbChange change;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	change = commit_begin(&table);
	commit_delete(&table, &change, 0, 10, 2, 3);
	commit_do(&table, &change);
	assert_ids(&table, 0, "0-1 5-9");
	change = commit_begin(&table);
	commit_delete(&table, &change, 0, 10, 5, 1);
	commit_add(&table, &change, 100, 2);
	commit_do(&table, &change);
	assert_ids(&table, 0, "0-1 6-9 100-101");
	change = commit_begin(&table);
	commit_remove(&table, &change, 0);
	commit_do(&table, &change);
	assert_ids(&table, 0, "100-101");
	change = commit_begin(&table);
	commit_delete(&table, &change, 1, 2, 0, 2);
	commit_do(&table, &change);
	assert_ids(&table, 0, "");
	assert_ids(&table, 3, "0-1 6-9 100-101");
	commit_close(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creates_a_table_and_appends),
		cmocka_unit_test(deletes_updates_and_removes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
