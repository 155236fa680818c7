/* test_transactions.c -- what each version says about itself, as far as anybody can know. */
#include "table/foreign.h"

static size_t
list(CommitTable *table, uint64_t after, LdbTransactionInfo **infos)
{
	LdbError err;
	size_t count;

	must(ldb_dataset_transactions(table->locations, COMMIT_URI, after, table->arena, infos, &count,
								  NULL, &err),
		 &err);
	return count;
}

static void
lists_versions_after_one_in_their_order(void **state)
{
	LdbTransactionInfo *infos;
	CommitTable table;
	LdbChange change;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 5);
	change = commit_begin(&table);
	commit_add(&table, &change, 10, 5);
	commit_do(&table, &change);
	change = commit_begin(&table);
	commit_remove(&table, &change, 0);
	commit_do(&table, &change);
	assert_int_equal(list(&table, 0, &infos), 3);
	assert_string_equal(infos[0].operation, "Overwrite");
	assert_string_equal(infos[2].operation, "Delete");
	assert_int_equal(infos[2].read_version, 2);
	assert_int_equal(list(&table, 1, &infos), 2);
	assert_string_equal(infos[0].operation, "Append");
	assert_int_equal(list(&table, 3, &infos), 0);
	assert_int_equal(list(&table, 100, &infos), 0);
	commit_close(&table);
}

static void
lists_versions_of_which_nothing_is_known(void **state)
{
	LdbTransactionInfo *infos;
	CommitTable table;
	Foreign foreign;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 5);
	foreign_begin(&table, &foreign);
	foreign.without_transaction = true;
	foreign_put(&table, &foreign);
	foreign_begin(&table, &foreign);
	foreign.without_transaction = true;
	foreign.message.transaction_file = "removed.txn";
	foreign_put(&table, &foreign);
	assert_int_equal(list(&table, 0, &infos), 3);
	assert_string_equal(infos[1].operation, "");
	assert_string_equal(infos[2].operation, "");
	assert_int_equal(infos[2].version, 3);
	assert_true(infos[2].timestamp_us > 0);
	commit_close(&table);
}

static void
says_when_there_is_no_table_or_a_broken_one(void **state)
{
	LdbTransactionInfo *infos;
	CommitTable table;
	Foreign foreign;
	LdbError err;
	size_t count;

	(void) state;
	commit_open(&table, false);
	assert_fails(ldb_dataset_transactions(table.locations, COMMIT_URI, 0, table.arena, &infos,
										  &count, NULL, &err),
				 LDB_NOT_FOUND, "does not exist");
	commit_create(&table, false, 5);
	foreign_begin(&table, &foreign);
	foreign.without_transaction = true;
	foreign.message.transaction_file = "../../secret";
	foreign_put(&table, &foreign);
	assert_fails(ldb_dataset_transactions(table.locations, COMMIT_URI, 0, table.arena, &infos,
										  &count, NULL, &err),
				 LDB_DENIED, "transaction file");
	commit_close(&table);
}

/* Any byte of a manifest with a transaction may be wrong. */
static void
survives_every_damaged_byte(void **state)
{
	static const LdbProperty property = {"key", "value"};
	const LdbCommitOptions options = {.property_count = 1, .properties = &property};
	LdbRange all = {0, UINT64_MAX};
	LdbTransactionInfo *infos;
	CommitTable table;
	LdbChange change;
	const char *name;
	LdbSlice bytes;
	size_t count;
	LdbError err;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 5);
	change = commit_begin(&table);
	must(commit_try_with(&table, &change, &options, NULL, &err), &err);
	name = ldb_name_manifest_v2(table.arena, "t.lance", 2);
	must(ldb_store_get(table.fault, name, all, table.arena, &bytes, NULL, NULL, &err), &err);
	for (size_t i = 0; i < bytes.length; i++)
	{
		LdbArena *arena = ldb_arena_new(0);
		uint8_t *copy = ldb_arena_copy(arena, bytes.data, bytes.length);
		LdbStatus status;

		copy[i] ^= (uint8_t) (1u << (i % 8));
		must(ldb_store_put(table.fault, name, ldb_slice(copy, bytes.length), LDB_PUT_REPLACE, NULL,
						   &err),
			 &err);
		status = ldb_dataset_transactions(table.locations, COMMIT_URI, 1, arena, &infos, &count,
										  NULL, &err);
		assert_true(status == LDB_OK || status == LDB_CORRUPT || status == LDB_DENIED ||
					status == LDB_UNSUPPORTED);
		change.base_version = 1;
		change.base_timestamp_us = 0;
		status = commit_try(&table, &change, &err);
		if (status == LDB_OK)
			must(ldb_store_remove(table.fault, ldb_name_manifest_v2(arena, "t.lance", 3), NULL,
								  &err),
				 &err);
		else
			assert_true(status == LDB_CORRUPT || status == LDB_CONFLICT || status == LDB_DENIED ||
						status == LDB_UNSUPPORTED);
		ldb_arena_free(arena);
	}
	commit_close(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_versions_after_one_in_their_order),
		cmocka_unit_test(lists_versions_of_which_nothing_is_known),
		cmocka_unit_test(says_when_there_is_no_table_or_a_broken_one),
		cmocka_unit_test(survives_every_damaged_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
