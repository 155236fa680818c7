/* test_history.c -- lists of versions, tags and tables. */
#include "table/memory_table.h"

static const uint8_t append_inline[] = {0x08, 0x01, 0xa2, 0x06, 0x00};
static const uint8_t delete_file[] = {0x08, 0x02, 0xaa, 0x06, 0x00};
static const uint8_t newer_operation[] = {0x08, 0x02, 0xa2, 0x07, 0x00};

static void
lists_versions_with_rows_operation_and_tags(void **state)
{
	LdbVersionInfo *versions;
	MemoryTable table;
	Draft draft;
	LdbError err;
	size_t count;

	(void) state;
	memory_open(&table);
	draft_open(&draft);
	draft.transaction = ldb_slice(append_inline, sizeof append_inline);
	draft_fragment(&draft, 0, 10);
	memory_put_draft(&table, &draft);
	draft.message.version = 2;
	draft.time.seconds = 1700000001;
	draft.transaction = ldb_slice(NULL, 0);
	draft.message.transaction_file = "1-x.txn";
	memory_put(&table, "t.lance/_transactions/1-x.txn", ldb_slice(delete_file, sizeof delete_file));
	draft_deletion(&draft, draft_fragment(&draft, 1, 5), true, 2);
	memory_put_draft(&table, &draft);
	draft.message.version = 3;
	draft.message.transaction_file = "2-gone.txn";
	draft_flags(&draft, 4096); /* listed, although it could not be opened */
	memory_put_draft(&table, &draft);
	memory_put_text(&table, "t.lance/_refs/tags/b.json", "{\"version\":2}");
	memory_put_text(&table, "t.lance/_refs/tags/a.json", "{\"version\":2}");
	memory_put_text(&table, "t.lance/_refs/tags/side.json", "{\"version\":1,\"branch\":\"other\"}");
	must(ldb_dataset_versions(table.locations, MEMORY_TABLE, NULL, table.arena, &versions, &count,
							  NULL, &err),
		 &err);
	assert_int_equal(count, 3);
	assert_int_equal(versions[0].version, 1);
	assert_int_equal(versions[0].rows, 10);
	assert_int_equal(versions[0].fragments, 1);
	assert_string_equal(versions[0].operation, "Append");
	assert_string_equal(versions[0].tags, "");
	assert_int_equal(versions[1].rows, 13);
	assert_int_equal(versions[1].fragments, 2);
	assert_int_equal(versions[1].timestamp_us, INT64_C(1700000001000000));
	assert_string_equal(versions[1].operation, "Delete");
	assert_string_equal(versions[1].tags, "a,b");
	assert_null(versions[2].operation);
	draft_close(&draft);
	memory_close(&table);
}

static void
an_operation_that_is_not_known_is_not_named(void **state)
{
	LdbVersionInfo *versions;
	MemoryTable table;
	Draft draft;
	LdbError err;
	size_t count;

	(void) state;
	memory_open(&table);
	draft_open(&draft);
	draft.transaction = ldb_slice(newer_operation, sizeof newer_operation);
	memory_put_draft(&table, &draft);
	must(ldb_dataset_versions(table.locations, MEMORY_TABLE, NULL, table.arena, &versions, &count,
							  NULL, &err),
		 &err);
	assert_null(versions[0].operation);
	draft_close(&draft);
	memory_close(&table);
}

static void
lists_versions_of_a_branch_with_its_own_tags(void **state)
{
	LdbVersionInfo *versions;
	MemoryTable table;
	Draft draft;
	LdbError err;
	size_t count;

	(void) state;
	memory_open(&table);
	draft_open(&draft);
	memory_put_draft(&table, &draft);
	draft.message.version = 2;
	memory_put_draft_below(&table, &draft, "t.lance/tree/dev/one");
	memory_put_text(&table, "t.lance/_refs/branches/dev%2Fone.json", "{}");
	memory_put_text(&table, "t.lance/_refs/tags/main2.json", "{\"version\":2}");
	memory_put_text(&table, "t.lance/_refs/tags/dev2.json",
					"{\"version\":2,\"branch\":\"dev/one\"}");
	must(ldb_dataset_versions(table.locations, MEMORY_TABLE, "dev/one", table.arena, &versions,
							  &count, NULL, &err),
		 &err);
	assert_int_equal(count, 1);
	assert_int_equal(versions[0].version, 2);
	assert_string_equal(versions[0].tags, "dev2");
	assert_fails(ldb_dataset_versions(table.locations, MEMORY_TABLE, "none", table.arena, &versions,
									  &count, NULL, &err),
				 LDB_NOT_FOUND, "branch \"none\"");
	draft_close(&draft);
	memory_close(&table);
}

static void
a_transaction_file_outside_is_denied(void **state)
{
	LdbVersionInfo *versions;
	MemoryTable table;
	Draft draft;
	LdbError err;
	size_t count;

	(void) state;
	memory_open(&table);
	draft_open(&draft);
	draft.message.transaction_file = "../../secret";
	memory_put_draft(&table, &draft);
	assert_fails(ldb_dataset_versions(table.locations, MEMORY_TABLE, NULL, table.arena, &versions,
									  &count, NULL, &err),
				 LDB_DENIED, "../../secret");
	draft_close(&draft);
	memory_close(&table);
}

static void
a_broken_version_is_named(void **state)
{
	LdbVersionInfo *versions;
	MemoryTable table;
	LdbError err;
	size_t count;

	(void) state;
	memory_open(&table);
	assert_fails(ldb_dataset_versions(table.locations, MEMORY_TABLE, NULL, table.arena, &versions,
									  &count, NULL, &err),
				 LDB_NOT_FOUND, "does not exist");
	memory_put_text(&table, "t.lance/_versions/3.manifest", "");
	assert_fails(ldb_dataset_versions(table.locations, MEMORY_TABLE, NULL, table.arena, &versions,
									  &count, NULL, &err),
				 LDB_CORRUPT, "3.manifest");
	memory_close(&table);
}

static void
lists_tags_by_name(void **state)
{
	LdbTagInfo *tags;
	MemoryTable table;
	LdbError err;
	size_t count;

	(void) state;
	memory_open(&table);
	must(ldb_dataset_tags(table.locations, MEMORY_TABLE, table.arena, &tags, &count, NULL, &err),
		 &err);
	assert_int_equal(count, 0);
	memory_put_text(&table, "t.lance/_refs/tags/v1.json", "{\"version\":5,\"branch\":null}");
	memory_put_text(&table, "t.lance/_refs/tags/v1-rc.json", "{\"version\":4,\"branch\":\"b\"}");
	memory_put_text(&table, "t.lance/_refs/tags/.json", "{\"version\":4}");
	memory_put_text(&table, "t.lance/_refs/tags/readme.txt", "no tag");
	must(ldb_dataset_tags(table.locations, MEMORY_TABLE, table.arena, &tags, &count, NULL, &err),
		 &err);
	assert_int_equal(count, 2);
	assert_string_equal(tags[0].name, "v1");
	assert_null(tags[0].branch);
	assert_int_equal(tags[0].version, 5);
	assert_string_equal(tags[1].name, "v1-rc");
	assert_string_equal(tags[1].branch, "b");
	memory_close(&table);
}

static void
lists_tables_by_name_without_their_suffix(void **state)
{
	static const char *const files[] = {
		"a-b.lance/_versions/1.manifest",
		"a.lance/_versions/1.manifest",
		"b.lance/data/x",
		"c.lance",
		".lance/x",
		"deep/d.lance/x",
		"e.lances/x",
		"\303\251.lance/x",
	};
	const char **names;
	MemoryTable table;
	LdbError err;
	size_t count;

	(void) state;
	memory_open(&table);
	must(ldb_database_tables(table.locations, MEMORY_ROOT, table.arena, &names, &count, NULL, &err),
		 &err);
	assert_int_equal(count, 0);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		memory_put_text(&table, files[i], "x");
	must(ldb_database_tables(table.locations, MEMORY_ROOT, table.arena, &names, &count, NULL, &err),
		 &err);
	assert_int_equal(count, 4);
	assert_string_equal(names[0], "a");
	assert_string_equal(names[1], "a-b");
	assert_string_equal(names[2], "b");
	assert_string_equal(names[3], "\303\251");
	must(ldb_database_tables(table.locations, MEMORY_ROOT "/deep", table.arena, &names, &count,
							 NULL, &err),
		 &err);
	assert_int_equal(count, 1);
	assert_string_equal(names[0], "d");
	assert_int_equal(
		ldb_database_tables(table.locations, "/etc", table.arena, &names, &count, NULL, &err),
		LDB_DENIED);
	memory_close(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_versions_with_rows_operation_and_tags),
		cmocka_unit_test(an_operation_that_is_not_known_is_not_named),
		cmocka_unit_test(lists_versions_of_a_branch_with_its_own_tags),
		cmocka_unit_test(a_transaction_file_outside_is_denied),
		cmocka_unit_test(a_broken_version_is_named),
		cmocka_unit_test(lists_tags_by_name),
		cmocka_unit_test(lists_tables_by_name_without_their_suffix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
