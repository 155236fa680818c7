/* test_withdraw.c -- takes back what one version did, and nothing that others did. */
#include "table/foreign.h"

static LdbWithdrawal
withdraw(CommitTable *table, uint64_t version)
{
	LdbWithdrawal result;
	LdbError err;

	must(ldb_version_withdraw(table->locations, COMMIT_URI, version, NULL, &result, &err), &err);
	return result;
}

static void
append(CommitTable *table, int64_t first, size_t count)
{
	LdbChange change = commit_begin(table);

	commit_add(table, &change, first, count);
	commit_do(table, &change);
}

static void
delete_rows(CommitTable *table, uint64_t fragment, uint64_t rows, size_t first, size_t count)
{
	LdbChange change = commit_begin(table);

	commit_delete(table, &change, fragment, rows, first, count);
	commit_do(table, &change);
}

static void
restores_the_version_before_the_newest(void **state)
{
	static const LdbProperty property = {"who", "me"};
	const LdbCommitOptions options = {.property_count = 1, .properties = &property};
	const LdbTransactionInfo *info;
	CommitTable table;
	LdbChange change;
	LdbWithdrawal result;
	LdbError err;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	change = commit_begin(&table);
	commit_delete(&table, &change, 0, 10, 0, 3);
	commit_add(&table, &change, 20, 5);
	commit_do(&table, &change);
	must(ldb_version_withdraw(table.locations, COMMIT_URI, 2, &options, &result, &err), &err);
	assert_int_equal(result.new_version, 3);
	assert_int_equal(result.rows_removed, 5);
	assert_int_equal(result.rows_lost, 3);
	assert_ids(&table, 0, "0-9");
	info = commit_transaction(&table, 3);
	assert_string_equal(info->operation, "Restore");
	assert_int_equal(info->property_count, 2);
	assert_string_equal(info->properties[0].value, "me");
	assert_string_equal(info->properties[1].key, LDB_PROPERTY_WITHDRAWS);
	assert_string_equal(info->properties[1].value, "2");
	commit_close(&table);
}

static void
deletes_the_rows_of_a_version_under_later_ones(void **state)
{
	CommitTable table;
	LdbWithdrawal result;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	append(&table, 20, 5);
	delete_rows(&table, 0, 10, 0, 1);
	delete_rows(&table, 1, 5, 4, 1);
	append(&table, 30, 5);
	result = withdraw(&table, 2);
	assert_int_equal(result.new_version, 6);
	assert_int_equal(result.rows_removed, 4);
	assert_int_equal(result.rows_lost, 0);
	assert_ids(&table, 0, "1-9 30-34");
	/* what a version deleted stays deleted once others built on it */
	result = withdraw(&table, 3);
	assert_int_equal(result.rows_removed, 0);
	assert_int_equal(result.rows_lost, 1);
	assert_ids(&table, 0, "1-9 30-34");
	assert_int_equal(result.new_version, 7);
	commit_close(&table);
}

static void
takes_away_rows_that_a_restore_brought_back(void **state)
{
	CommitTable table;
	LdbChange change;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	delete_rows(&table, 0, 10, 0, 4);
	change = commit_begin(&table);
	change.restored = commit_open_version(&table, 1);
	commit_do(&table, &change);
	ldb_dataset_close((LdbDataset *) change.restored);
	append(&table, 50, 1);
	assert_ids(&table, 0, "0-9 50-50");
	assert_int_equal(withdraw(&table, 3).rows_removed, 4);
	assert_ids(&table, 0, "4-9 50-50");
	commit_close(&table);
}

static void
removes_a_table_that_has_no_other_version(void **state)
{
	CommitTable table;
	LdbWithdrawal result;

	(void) state;
	commit_open(&table, true);
	commit_create(&table, false, 10);
	result = withdraw(&table, 1);
	assert_int_equal(result.new_version, 0);
	assert_int_equal(result.rows_removed, 10);
	assert_int_equal(commit_count_objects(&table, ""), 0);
	commit_close(&table);
}

static void
empties_a_table_that_others_filled_further(void **state)
{
	CommitTable table;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	append(&table, 20, 5);
	assert_int_equal(withdraw(&table, 1).rows_removed, 10);
	assert_ids(&table, 0, "20-24");
	commit_close(&table);
}

/* Fragments 1 and 0, in this order, become fragments 4 (3 rows) and 5 (the rest). */
static void
compact(CommitTable *table, size_t first_rows, size_t second_rows, int64_t *ids)
{
	Ldb__Transaction__Rewrite operation = LDB__TRANSACTION__REWRITE__INIT;
	Ldb__Transaction__Rewrite__Group group = LDB__TRANSACTION__REWRITE__GROUP__INIT;
	Ldb__Transaction__Rewrite__Group *groups[1] = {&group};
	Ldb__DataFragment *old[2], *fragments[3];
	Ldb__DataFragment made[2];
	size_t rows[2] = {first_rows, second_rows};
	Foreign foreign;

	foreign_begin(table, &foreign);
	old[0] = foreign.message.fragments[1];
	old[1] = foreign.message.fragments[0];
	for (int i = 0; i < 2; i++)
	{
		LdbDataFile *file = commit_write_columns(table, &table->schema, *ids, rows[i]);
		Ldb__DataFile *copy = ldb_arena_copy(table->arena, old[0]->files[0], sizeof *copy);

		/* ids run on: the caller chose rows so that they do */
		*ids += (int64_t) rows[i];
		copy->path = (char *) file->path;
		copy->file_size_bytes = file->size_bytes;
		made[i] = *old[0];
		made[i].id = 4 + (uint64_t) i;
		made[i].has_id = true;
		made[i].physical_rows = rows[i];
		made[i].deletion_file = NULL;
		made[i].files = ldb_arena_copy(table->arena, &copy, sizeof copy);
		fragments[1 + i] = &made[i];
	}
	fragments[0] = foreign.message.fragments[2];
	group.n_old_fragments = group.n_new_fragments = 2;
	group.old_fragments = old;
	group.new_fragments = fragments + 1;
	operation.n_groups = 1;
	operation.groups = groups;
	foreign.message.n_fragments = 3;
	foreign.message.fragments = fragments;
	foreign.message.max_fragment_id = 5;
	foreign.transaction.operation_case = LDB__TRANSACTION__OPERATION_REWRITE;
	foreign.transaction.rewrite = &operation;
	foreign_put(table, &foreign);
}

/* Fragment 1 has 10-14 without 10, fragment 0 has 15-24: together 11-24 in that order. */
static void
open_compacted(CommitTable *table, size_t second_rows)
{
	LdbNewTable new_table;
	LdbChange change = {.create = &new_table};
	int64_t ids = 11;

	commit_open(table, false);
	new_table = commit_new_table(table, false);
	commit_add(table, &change, 15, 10);
	commit_do(table, &change);
	append(table, 10, 5);
	append(table, 30, 2);
	delete_rows(table, 1, 5, 0, 1);
	compact(table, 3, second_rows, &ids);
}

static void
follows_rows_that_were_compacted(void **state)
{
	CommitTable table;

	(void) state;
	open_compacted(&table, 11);
	assert_ids(&table, 0, "11-24 30-31");
	assert_int_equal(withdraw(&table, 2).rows_removed, 4);
	assert_ids(&table, 0, "15-24 30-31");
	assert_int_equal(withdraw(&table, 1).rows_removed, 10);
	assert_ids(&table, 0, "30-31");
	commit_close(&table);
}

static void
says_when_rows_cannot_be_followed(void **state)
{
	CommitTable table;
	LdbWithdrawal result;
	Foreign foreign;
	LdbError err;

	(void) state;
	/* the new fragments have fewer rows than went in */
	open_compacted(&table, 10);
	assert_fails(ldb_version_withdraw(table.locations, COMMIT_URI, 2, NULL, &result, &err),
				 LDB_UNSUPPORTED, "cannot be followed");
	assert_int_equal(commit_latest(&table), 5);
	commit_close(&table);
	/* nobody knows where the fragment went */
	commit_open(&table, false);
	commit_create(&table, false, 10);
	foreign_begin(&table, &foreign);
	foreign.message.n_fragments = 0;
	foreign.without_transaction = true;
	foreign_put(&table, &foreign);
	assert_fails(ldb_version_withdraw(table.locations, COMMIT_URI, 1, NULL, &result, &err),
				 LDB_UNSUPPORTED, "cannot be followed");
	commit_close(&table);
}

/* Row 1 is updated by a later version and stays the row that version 2 added. */
static void
finds_rows_by_their_stable_ids(void **state)
{
	static const uint64_t kept[] = {11};
	LdbNewFragment fragment;
	CommitTable table;
	LdbChange change;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, true, 10);
	append(&table, 20, 5);
	change = commit_begin(&table);
	commit_delete(&table, &change, 1, 5, 1, 1);
	fragment = commit_rows(&table, 99, 1);
	fragment.row_ids = kept;
	change.new_fragments = &fragment;
	change.new_count = 1;
	commit_do(&table, &change);
	append(&table, 40, 1);
	assert_ids(&table, 0, "0-9 20-20 22-24 40-40 99-99");
	assert_int_equal(withdraw(&table, 2).rows_removed, 5);
	assert_ids(&table, 0, "0-9 40-40");
	commit_close(&table);
}

/* LanceDB gives row ids again after it restored an older version. */
static void
does_not_trust_stable_ids_across_a_restore(void **state)
{
	Ldb__Transaction__Restore operation = LDB__TRANSACTION__RESTORE__INIT;
	CommitTable table;
	Foreign foreign;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, true, 10);
	append(&table, 20, 5);
	foreign_begin(&table, &foreign);
	foreign.message.n_fragments = 1;
	foreign.message.next_row_id = 10;
	foreign.transaction.operation_case = LDB__TRANSACTION__OPERATION_RESTORE;
	foreign.transaction.restore = &operation;
	foreign_put(&table, &foreign);
	append(&table, 30, 5);
	assert_int_equal(withdraw(&table, 2).rows_removed, 0);
	assert_ids(&table, 0, "0-9 30-34");
	commit_close(&table);
}

/* Another writer began the table anew, and its second fragment has the id and size of ours. */
static void
takes_no_rows_of_a_table_that_was_overwritten(void **state)
{
	Ldb__Transaction__Overwrite operation = LDB__TRANSACTION__OVERWRITE__INIT;
	Ldb__DataFragment made;
	Ldb__DataFile copy;
	Ldb__DataFile *files[1] = {&copy};
	Ldb__DataFragment *fragments[1] = {&made};
	const LdbDataFile *file;
	CommitTable table;
	Foreign foreign;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	append(&table, 20, 5);
	foreign_begin(&table, &foreign);
	file = commit_write_columns(&table, &table.schema, 70, 5);
	made = *foreign.message.fragments[1];
	copy = *made.files[0];
	copy.path = ldb_arena_strdup(table.arena, file->path);
	copy.file_size_bytes = file->size_bytes;
	made.files = files;
	foreign.message.n_fragments = 1;
	foreign.message.fragments = fragments;
	foreign.transaction.operation_case = LDB__TRANSACTION__OPERATION_OVERWRITE;
	foreign.transaction.overwrite = &operation;
	foreign_put(&table, &foreign);
	assert_ids(&table, 0, "70-74");
	assert_int_equal(withdraw(&table, 2).rows_removed, 0);
	assert_ids(&table, 0, "70-74");
	commit_close(&table);
}

static void
knows_which_versions_there_are(void **state)
{
	CommitTable table;
	LdbWithdrawal result;
	LdbError err;

	(void) state;
	commit_open(&table, false);
	assert_fails(ldb_version_withdraw(table.locations, COMMIT_URI, 1, NULL, &result, &err),
				 LDB_NOT_FOUND, "does not exist");
	commit_create(&table, false, 10);
	append(&table, 20, 5);
	append(&table, 30, 5);
	assert_fails(ldb_version_withdraw(table.locations, COMMIT_URI, 0, NULL, &result, &err),
				 LDB_NOT_FOUND, "does not exist");
	assert_fails(ldb_version_withdraw(table.locations, COMMIT_URI, 9, NULL, &result, &err),
				 LDB_NOT_FOUND, "version 9");
	must(ldb_store_remove(table.fault, ldb_name_manifest_v2(table.arena, "t.lance", 1), NULL, &err),
		 &err);
	assert_fails(ldb_version_withdraw(table.locations, COMMIT_URI, 2, NULL, &result, &err),
				 LDB_NOT_FOUND, "version 1");
	commit_close(&table);
}

static void
leaves_everything_as_it_was_when_a_call_or_allocation_fails(void **state)
{
	(void) state;
	for (int allocations = 0; allocations < 2; allocations++)
	{
		LdbStatus status = LDB_IO;
		uint64_t n;

		for (n = 1; status != LDB_OK; n++)
		{
			CommitTable table;
			LdbWithdrawal result;
			LdbError err;

			open_compacted(&table, 11);
			if (allocations)
				ldb_heap_fail_after(n);
			else
				ldb_store_fault_after(table.fault, n, false);
			status = ldb_version_withdraw(table.locations, COMMIT_URI, 2, NULL, &result, &err);
			ldb_heap_fail_after(0);
			ldb_store_fault_after(table.fault, 0, false);
			if (status != LDB_OK)
			{
				assert_int_equal(status, allocations ? LDB_NOMEM : LDB_IO);
				assert_ids(&table, 0, "11-24 30-31");
				withdraw(&table, 2);
			}
			assert_ids(&table, 0, "15-24 30-31");
			commit_close(&table);
		}
		assert_true(n > 5);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(restores_the_version_before_the_newest),
		cmocka_unit_test(deletes_the_rows_of_a_version_under_later_ones),
		cmocka_unit_test(takes_away_rows_that_a_restore_brought_back),
		cmocka_unit_test(removes_a_table_that_has_no_other_version),
		cmocka_unit_test(empties_a_table_that_others_filled_further),
		cmocka_unit_test(follows_rows_that_were_compacted),
		cmocka_unit_test(says_when_rows_cannot_be_followed),
		cmocka_unit_test(finds_rows_by_their_stable_ids),
		cmocka_unit_test(does_not_trust_stable_ids_across_a_restore),
		cmocka_unit_test(takes_no_rows_of_a_table_that_was_overwritten),
		cmocka_unit_test(knows_which_versions_there_are),
		cmocka_unit_test(leaves_everything_as_it_was_when_a_call_or_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
