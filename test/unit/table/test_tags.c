/* test_tags.c -- names for versions are given once, kept, and taken away. */
#include "table/commit_test.h"

static LdbStatus
create(CommitTable *table, const char *name, uint64_t version, LdbError *err)
{
	memset(err, 0, sizeof *err);
	return ldb_tag_create(table->locations, COMMIT_URI, name, version, NULL, err);
}

static void
names_a_version_until_it_is_dropped(void **state)
{
	LdbVersionChoice choice = {.tag = "prod"};
	CommitTable table;
	LdbChange change;
	uint64_t version;
	LdbTagInfo *tags;
	size_t count;
	LdbError err;

	(void) state;
	commit_open(&table, true);
	commit_create(&table, false, 3);
	change = commit_begin(&table);
	commit_do(&table, &change);
	must(create(&table, "prod", 1, &err), &err);
	must(create(&table, "v1.2_x-y", 2, &err), &err);
	must(ldb_dataset_resolve(table.locations, COMMIT_URI, &choice, NULL, &version, NULL, &err),
		 &err);
	assert_int_equal(version, 1);
	must(ldb_dataset_tags(table.locations, COMMIT_URI, table.arena, &tags, &count, NULL, &err),
		 &err);
	assert_int_equal(count, 2);
	assert_string_equal(tags[1].name, "v1.2_x-y");
	assert_null(tags[1].branch);
	must(ldb_tag_drop(table.locations, COMMIT_URI, "prod", NULL, &err), &err);
	assert_int_equal(
		ldb_dataset_resolve(table.locations, COMMIT_URI, &choice, NULL, &version, NULL, &err),
		LDB_NOT_FOUND);
	assert_fails(ldb_tag_drop(table.locations, COMMIT_URI, "prod", NULL, &err), LDB_NOT_FOUND,
				 "tag \"prod\" does not exist");
	commit_close(&table);
}

static void
gives_a_name_only_once(void **state)
{
	LdbVersionChoice choice = {.tag = "a"};
	CommitTable table;
	LdbChange change;
	uint64_t version;
	LdbError err;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 3);
	change = commit_begin(&table);
	commit_do(&table, &change);
	must(create(&table, "a", 1, &err), &err);
	assert_fails(create(&table, "a", 2, &err), LDB_CONFLICT, "tag \"a\" exists already");
	must(ldb_dataset_resolve(table.locations, COMMIT_URI, &choice, NULL, &version, NULL, &err),
		 &err);
	assert_int_equal(version, 1);
	commit_close(&table);
}

static void
refuses_versions_and_names_that_cannot_be(void **state)
{
	static const char *const bad[] = {"a b", ".a", "a.", "a..b", "a.lock", "\xc3\xa4", "a\"b"};
	CommitTable table;
	LdbError err;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 3);
	assert_fails(create(&table, "a", 2, &err), LDB_NOT_FOUND, "version 2");
	assert_fails(create(&table, "a", 0, &err), LDB_NOT_FOUND, "version 0");
	assert_fails(create(&table, "a", (uint64_t) 1 << 63, &err), LDB_NOT_FOUND, "does not exist");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_fails(create(&table, bad[i], 1, &err), LDB_INVALID, "tag name");
	assert_int_equal(create(&table, "a/b", 1, &err), LDB_DENIED);
	assert_int_equal(create(&table, "..", 1, &err), LDB_DENIED);
	assert_int_equal(create(&table, "", 1, &err), LDB_DENIED);
	assert_int_equal(commit_count_objects(&table, "t.lance/_refs/"), 0);
	commit_close(&table);
}

static void
survives_every_fault(void **state)
{
	(void) state;
	for (int allocations = 0; allocations < 2; allocations++)
	{
		LdbStatus status = LDB_IO;

		for (uint64_t n = 1; status != LDB_OK; n++)
		{
			CommitTable table;
			LdbError err;

			commit_open(&table, false);
			commit_create(&table, false, 3);
			if (allocations)
				ldb_heap_fail_after(n);
			else
				ldb_store_fault_after(table.fault, n, false);
			status = create(&table, "a", 1, &err);
			if (status == LDB_OK)
				status = ldb_tag_drop(table.locations, COMMIT_URI, "a", NULL, &err);
			ldb_heap_fail_after(0);
			ldb_store_fault_after(table.fault, 0, false);
			assert_true(status == LDB_OK || status == (allocations ? LDB_NOMEM : LDB_IO));
			commit_close(&table);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_a_version_until_it_is_dropped),
		cmocka_unit_test(gives_a_name_only_once),
		cmocka_unit_test(refuses_versions_and_names_that_cannot_be),
		cmocka_unit_test(survives_every_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
