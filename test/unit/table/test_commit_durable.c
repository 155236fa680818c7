/* test_commit_durable.c -- no manifest has a name before all that it names is on disk. */
#include "store/sync_record.h"

#include "table/commit_test.h"

#define DATA "t.lance/data"
#define DELETIONS "t.lance/_deletions"
#define VERSIONS "t.lance/_versions"

/* Ten rows, and folders that exist. */
static void
open_table(CommitTable *table)
{
	LdbChange change;

	commit_open(table, true);
	commit_create(table, false, 10);
	change = commit_begin(table);
	commit_delete(table, &change, 0, 10, 0, 1);
	commit_do(table, &change);
	record_begin(table->folder);
}

static LdbChange
update_some(CommitTable *table)
{
	LdbChange change = commit_begin(table);

	commit_delete(table, &change, 0, 10, 1, 1);
	commit_add(table, &change, 20, 2);
	commit_add(table, &change, 30, 2);
	return change;
}

static LdbCommit *
begin_commit(CommitTable *table, const LdbChange *change)
{
	LdbCommit *commit;
	LdbError err;

	must(ldb_commit_new(table->locations, COMMIT_URI, change, NULL, &commit, &err), &err);
	return commit;
}

/* How many recorded calls begin like this. */
static size_t
count_calls(const char *start)
{
	size_t count = 0;

	for (size_t i = 0; i < record.count; i++)
		count += strncmp(record.calls[i], start, strlen(start)) == 0;
	return count;
}

static void
assert_put_follows(CommitTable *table, LdbCommit *commit)
{
	LdbError err;

	record.count = 0;
	must(ldb_commit_put(commit, &err), &err);
	assert_int_equal(strncmp(record.calls[0], "link " VERSIONS "/", strlen("link " VERSIONS "/")),
					 0);
	assert_string_equal(record.calls[1], "fsync " VERSIONS);
	assert_int_equal(record.count, 2);
	assert_int_equal(commit_latest(table), ldb_commit_version(commit));
}

static void
settles_all_files_of_a_change_before_the_manifest_has_a_name(void **state)
{
	CommitTable table;
	LdbCommit *commit;
	LdbChange change;
	LdbError err;

	(void) state;
	open_table(&table);
	change = update_some(&table);
	assert_int_equal(count_calls("fsync "), 0);
	assert_int_equal(count_calls("link " DATA "/f"), 2);
	commit = begin_commit(&table, &change);
	record.count = 0;
	must(ldb_commit_prepare(commit, &err), &err);
	assert_int_equal(count_calls("link " DELETIONS "/0-"), 1);
	assert_int_equal(count_calls("fsync " DATA "/f1.lance"), 1);
	assert_int_equal(count_calls("fsync " DATA "/f2.lance"), 1);
	assert_int_equal(count_calls("fsync " DATA), 3);
	assert_int_equal(count_calls("fsync " DELETIONS "/0-"), 1);
	assert_int_equal(count_calls("fsync " DELETIONS), 2);
	assert_int_equal(count_calls("fsync " VERSIONS "/(temporary)"), 1);
	assert_int_equal(record.count, 7);
	assert_put_follows(&table, commit);
	ldb_commit_free(commit);
	assert_ids(&table, 0, "2-9 20-21 30-31");
	commit_close(&table);
}

static void
settles_files_that_a_fragment_gets_and_not_those_that_it_had(void **state)
{
	CommitTable table;
	LdbDataFile files[2];
	LdbFragmentChange fragment = {.id = 0, .physical_rows = 10, .file_count = 2, .files = files};
	LdbSchema schema = {0};
	LdbField *fields[3];
	LdbDataset *dataset;
	LdbCommit *commit;
	LdbChange change;
	LdbSchema added;
	LdbError err;

	(void) state;
	open_table(&table);
	change = commit_begin(&table);
	dataset = commit_open_version(&table, 0);
	memcpy(fields, table.schema.fields, 2 * sizeof fields[0]);
	fields[2] = commit_field(table.arena, "more", 2, "int64", true);
	schema = commit_schema(table.arena, 3, fields);
	added = commit_schema(table.arena, 1, &fields[2]);
	files[0] = ldb_dataset_manifest(dataset)->fragments[0].files[0];
	files[1] = *commit_write_columns(&table, &added, 0, 10);
	change.schema = &schema;
	change.rewrites_columns = true;
	change.fragment_count = 1;
	change.fragments = &fragment;
	commit = begin_commit(&table, &change);
	record.count = 0;
	must(ldb_commit_prepare(commit, &err), &err);
	ASSERT_RECORDED("fsync " VERSIONS "/(temporary)", "fsync " DATA, "fsync " DATA "/f1.lance");
	assert_put_follows(&table, commit);
	ldb_commit_free(commit);
	ldb_dataset_close(dataset);
	commit_close(&table);
}

/* Another writer is first: deletion files and manifest are new, data files are on disk already. */
static void
does_not_settle_data_files_again_when_it_prepares_again(void **state)
{
	CommitTable table;
	LdbCommit *commit;
	LdbChange change, other;
	LdbError err;

	(void) state;
	open_table(&table);
	change = update_some(&table);
	commit = begin_commit(&table, &change);
	must(ldb_commit_prepare(commit, &err), &err);
	other = commit_begin(&table);
	commit_add(&table, &other, 40, 1);
	commit_do(&table, &other);
	assert_fails(ldb_commit_put(commit, &err), LDB_CONFLICT, "another writer's");
	record.count = 0;
	must(ldb_commit_prepare(commit, &err), &err);
	assert_int_equal(count_calls("fsync " DATA), 0);
	assert_int_equal(count_calls("fsync " DELETIONS), 2);
	assert_int_equal(count_calls("fsync " VERSIONS "/(temporary)"), 1);
	assert_put_follows(&table, commit);
	ldb_commit_free(commit);
	assert_ids(&table, 0, "2-9 20-21 30-31 40-40");
	commit_close(&table);
}

/* Whatever cannot be made durable: no version, no orphan, and no second try that could lie. */
static void
gives_up_for_good_when_something_cannot_be_made_durable(void **state)
{
	static const char *const broken[] = {DATA "/f2", DELETIONS "/0-", VERSIONS "/(temporary)"};

	(void) state;
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
	{
		CommitTable table;
		LdbCommit *commit;
		LdbChange change;
		char versions[128];
		LdbError err;

		open_table(&table);
		snprintf(versions, sizeof versions, "%s/" VERSIONS, table.folder);
		change = update_some(&table);
		commit = begin_commit(&table, &change);
		record.broken = broken[i];
		record.count = 0;
		assert_fails(ldb_commit_prepare(commit, &err), LDB_IO, "could not make durable");
		record.broken = NULL;
		assert_int_equal(count_calls("link " VERSIONS), 0);
		record.count = 0;
		assert_fails(ldb_commit_put(commit, &err), LDB_INVALID, "before it was prepared");
		assert_fails(ldb_commit_prepare(commit, &err), LDB_IO, "could not be made durable");
		ASSERT_NOTHING_RECORDED();
		assert_false(ldb_commit_sent(commit));
		ldb_commit_free(commit);
		assert_int_equal(commit_latest(&table), 2);
		assert_int_equal(commit_count_objects(&table, DELETIONS "/"), 1);
		/* two manifests and the hint: no temporary file */
		assert_int_equal(count_entries(versions), 3);
		commit_close(&table);
	}
}

/* Prepared and given up: the manifest that had no name yet is gone, and the folder of a new table. */
static void
leaves_nothing_when_a_prepared_commit_is_given_up(void **state)
{
	CommitTable table;
	LdbNewTable new_table;
	LdbChange change = {.create = &new_table};
	LdbCommit *commit;
	LdbError err;

	(void) state;
	commit_open(&table, true);
	new_table = commit_new_table(&table, false);
	commit = begin_commit(&table, &change);
	must(ldb_commit_prepare(commit, &err), &err);
	assert_int_equal(count_entries(table.folder), 1);
	ldb_commit_free(commit);
	assert_int_equal(count_entries(table.folder), 0);
	commit_close(&table);
}

/* Of several tables all is on disk before the first of them has its new version. */
static void
settles_two_tables_before_the_first_put(void **state)
{
	CommitTable tables[2];
	LdbCommit *commits[2];
	LdbChange changes[2];
	LdbError err;

	(void) state;
	for (size_t i = 0; i < 2; i++)
	{
		open_table(&tables[i]);
		changes[i] = update_some(&tables[i]);
		commits[i] = begin_commit(&tables[i], &changes[i]);
	}
	for (size_t i = 0; i < 2; i++)
		must(ldb_commit_prepare(commits[i], &err), &err);
	for (size_t i = 0; i < 2; i++)
	{
		record_begin(tables[i].folder);
		assert_put_follows(&tables[i], commits[i]);
		ldb_commit_free(commits[i]);
		commit_close(&tables[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settles_all_files_of_a_change_before_the_manifest_has_a_name),
		cmocka_unit_test(settles_files_that_a_fragment_gets_and_not_those_that_it_had),
		cmocka_unit_test(does_not_settle_data_files_again_when_it_prepares_again),
		cmocka_unit_test(gives_up_for_good_when_something_cannot_be_made_durable),
		cmocka_unit_test(leaves_nothing_when_a_prepared_commit_is_given_up),
		cmocka_unit_test(settles_two_tables_before_the_first_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
