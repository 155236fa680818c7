/* test_row_live.c -- single questions: is this row there, is that version there? */
#include "table/draft_test.h"

static bool
is_live(LdbDataset *dataset, uint64_t address)
{
	bool live;
	LdbError err;

	must(ldb_dataset_row_is_live(dataset, address, NULL, &live, &err), &err);
	return live;
}

static void
a_row_is_there_when_its_fragment_has_it_and_nobody_deleted_it(void **state)
{
	uint64_t deleted = ldb_row_address(1, 4);
	Bench bench;
	LdbDataset *view;
	bool done;
	LdbError err;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 20, 10);
	bench_on_base(&bench, NULL);
	must(ldb_draft_delete(bench.draft, &deleted, 1, (LdbMark){1, 1}, &done, &err), &err);
	must(ldb_draft_view(bench.draft, UINT32_MAX, &view, &err), &err);
	assert_true(is_live(bench.table.dataset, deleted));
	assert_false(is_live(view, deleted));
	assert_true(is_live(view, deleted + 1));
	assert_false(is_live(view, ldb_row_address(1, 10)));
	assert_false(is_live(view, ldb_row_address(2, 0)));
	ldb_dataset_close(view);
	bench_close(&bench);
}

static bool
has_version(MemoryTable *table, uint64_t version)
{
	bool exists;
	LdbError err;

	must(ldb_dataset_has_version(table->locations, MEMORY_TABLE, version, &exists, NULL, &err),
		 &err);
	return exists;
}

static void
a_version_is_there_under_the_name_of_either_scheme(void **state)
{
	MemoryTable table;

	(void) state;
	memory_open(&table);
	assert_false(has_version(&table, 1));
	memory_put_text(&table, "t.lance/_versions/18446744073709551614.manifest", "x");
	memory_put_text(&table, "t.lance/_versions/7.manifest", "x");
	assert_true(has_version(&table, 1));
	assert_false(has_version(&table, 2));
	assert_true(has_version(&table, 7));
	memory_close(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_there_when_its_fragment_has_it_and_nobody_deleted_it),
		cmocka_unit_test(a_version_is_there_under_the_name_of_either_scheme),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
