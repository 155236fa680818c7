/* test_commit_fault.c -- whichever call fails, there is the old version or the new one, and no third. */
#include "table/foreign.h"

typedef struct Fault
{
	uint64_t n;
	bool sticky;
	bool late; /* the call does its work, then fails */
} Fault;

/* A state to begin with, a change, and the ids before and after. */
typedef struct Scenario
{
	const char *name;
	const char *before; /* NULL = no table */
	const char *after;
	void (*prepare)(CommitTable *table);
	LdbChange (*change)(CommitTable *table);
} Scenario;

static LdbNewTable new_table;

static void
prepare_nothing(CommitTable *table)
{
	(void) table;
}

static LdbChange
change_create(CommitTable *table)
{
	LdbChange change = {.create = &new_table};

	new_table = commit_new_table(table, false);
	commit_add(table, &change, 0, 10);
	return change;
}

static void
prepare_deletions(CommitTable *table)
{
	LdbChange change;

	commit_create(table, false, 10);
	change = commit_begin(table);
	commit_delete(table, &change, 0, 10, 0, 1);
	commit_add(table, &change, 20, 5);
	commit_do(table, &change);
}

static LdbChange
change_append(CommitTable *table)
{
	LdbChange change = commit_begin(table);

	commit_add(table, &change, 30, 5);
	return change;
}

static LdbChange
change_update(CommitTable *table)
{
	LdbChange change = commit_begin(table);

	commit_delete(table, &change, 0, 10, 5, 2);
	commit_delete(table, &change, 1, 5, 0, 1);
	commit_add(table, &change, 30, 5);
	return change;
}

/* Somebody else commits in between, so transactions and the base are read too. */
static LdbChange
change_rebased(CommitTable *table)
{
	LdbChange change = change_update(table);
	LdbChange other = commit_begin(table);

	commit_delete(table, &other, 0, 10, 1, 1);
	commit_do(table, &other);
	return change;
}

static LdbChange
change_restore(CommitTable *table)
{
	LdbChange change = commit_begin(table);

	change.restored = commit_open_version(table, 1);
	commit_delete(table, &change, 0, 10, 9, 1);
	return change;
}

static const Scenario scenarios[] = {
	{"create", NULL, "0-9", prepare_nothing, change_create},
	{"append", "1-9 20-24", "1-9 20-24 30-34", prepare_deletions, change_append},
	{"update", "1-9 20-24", "1-4 7-9 21-24 30-34", prepare_deletions, change_update},
	{"rebased", "2-9 20-24", "2-4 7-9 21-24 30-34", prepare_deletions, change_rebased},
	{"restore", "1-9 20-24", "0-8", prepare_deletions, change_restore},
};

#define SCENARIO_COUNT (sizeof scenarios / sizeof scenarios[0])

static bool
exists(CommitTable *table)
{
	uint64_t version;
	LdbError err;
	LdbStatus status =
		ldb_dataset_resolve(table->locations, COMMIT_URI, NULL, NULL, &version, NULL, &err);

	assert_true(status == LDB_OK || status == LDB_NOT_FOUND);
	return status == LDB_OK;
}

static size_t
count_versions(CommitTable *table)
{
	LdbTransactionInfo *infos;
	LdbError err;
	size_t count;

	if (!exists(table))
		return 0;
	must(ldb_dataset_transactions(table->locations, COMMIT_URI, 0, table->arena, &infos, &count,
								  NULL, &err),
		 &err);
	assert_int_equal(infos[count - 1].version, count);
	return count;
}

static void
assert_state(CommitTable *table, const char *ids)
{
	if (ids == NULL)
		assert_false(exists(table));
	else
		assert_ids(table, 0, ids);
}

/* True when the fault was met. */
static bool
commit_under_fault(CommitTable *table, const Scenario *scenario, const LdbChange *change,
				   Fault fault)
{
	size_t versions = count_versions(table);
	size_t files = commit_count_objects(table, "t.lance/_deletions/");
	bool sent = false;
	LdbStatus status;
	LdbError err = {0};

	ldb_store_fault_late(table->fault, fault.late);
	ldb_store_fault_after(table->fault, fault.n, fault.sticky);
	status = commit_try_with(table, change, NULL, &sent, &err);
	ldb_store_fault_after(table->fault, 0, false);
	if (status == LDB_OK)
	{
		assert_int_equal(count_versions(table), versions + 1);
		assert_state(table, scenario->after);
		return false;
	}
	if (status != LDB_IO)
		fail_msg("%s, call %d: %s", scenario->name, (int) fault.n, err.message);
	if (count_versions(table) == versions)
	{
		assert_state(table, scenario->before);
		/* what could not be removed while everything failed is all that may be left */
		if (!sent && !fault.sticky && !fault.late)
			assert_int_equal(commit_count_objects(table, "t.lance/_deletions/"), files);
		must(commit_try(table, change, &err), &err);
	}
	else
	{
		assert_int_equal(count_versions(table), versions + 1);
		assert_true(sent);
	}
	assert_state(table, scenario->after);
	return true;
}

static bool
try_fault(const Scenario *scenario, bool local, Fault fault)
{
	CommitTable table;
	LdbChange change;
	bool met;

	commit_open(&table, local);
	scenario->prepare(&table);
	change = scenario->change(&table);
	met = commit_under_fault(&table, scenario, &change, fault);
	ldb_dataset_close((LdbDataset *) change.restored);
	commit_close(&table);
	return met;
}

static void
try_every_call(bool local)
{
	for (size_t s = 0; s < SCENARIO_COUNT; s++)
	{
		for (int kind = 0; kind < 4; kind++)
		{
			uint64_t n = 1;

			while (try_fault(&scenarios[s], local, (Fault){n, kind & 1, kind & 2}))
				n++;
			/* the list and the newest manifest at least; a lost answer to the put is found */
			assert_true(n > (scenarios[s].before == NULL ? 1 : 2));
		}
	}
}

static void
has_the_old_version_or_the_new_one_whatever_call_fails_in_memory(void **state)
{
	(void) state;
	try_every_call(false);
}

static void
has_the_old_version_or_the_new_one_whatever_call_fails_in_a_folder(void **state)
{
	(void) state;
	try_every_call(true);
}

static void
survives_every_failing_allocation(void **state)
{
	(void) state;
	for (size_t s = 0; s < SCENARIO_COUNT; s++)
	{
		LdbStatus status = LDB_NOMEM;
		uint64_t n;

		for (n = 1; status != LDB_OK; n++)
		{
			CommitTable table;
			LdbChange change;
			LdbError err = {0};

			commit_open(&table, false);
			scenarios[s].prepare(&table);
			change = scenarios[s].change(&table);
			ldb_heap_fail_after(n);
			status = commit_try_with(&table, &change, NULL, NULL, &err);
			ldb_heap_fail_after(0);
			if (status == LDB_NOMEM)
			{
				assert_state(&table, scenarios[s].before);
				must(commit_try(&table, &change, &err), &err);
			}
			else
				must(status, &err);
			assert_state(&table, scenarios[s].after);
			ldb_dataset_close((LdbDataset *) change.restored);
			commit_close(&table);
		}
		assert_true(n > 5);
	}
}

/* The answer to the put got lost, and meanwhile somebody built on what it made. */
static void
finds_its_version_when_the_answer_is_lost(void **state)
{
	CommitTable table;
	LdbChange change;
	LdbCommit *commit;
	LdbError err;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 5);
	change = commit_begin(&table);
	commit_add(&table, &change, 10, 1);
	must(ldb_commit_new(table.locations, COMMIT_URI, &change, NULL, &commit, &err), &err);
	must(ldb_commit_prepare(commit, &err), &err);
	ldb_store_fault_late(table.fault, true);
	ldb_store_fault_after(table.fault, 1, false);
	must(ldb_commit_put(commit, &err), &err);
	assert_true(ldb_commit_sent(commit));
	ldb_commit_free(commit);
	assert_ids(&table, 0, "0-4 10-10");
	commit_close(&table);
}

/* Nothing answers any more: it is said that nobody knows, and later a look finds out. */
static void
says_that_nobody_knows_and_finds_out_later(void **state)
{
	CommitTable table;
	LdbChange change;
	LdbCommit *commit;
	LdbError err;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 5);
	change = commit_begin(&table);
	commit_add(&table, &change, 10, 1);
	must(ldb_commit_new(table.locations, COMMIT_URI, &change, NULL, &commit, &err), &err);
	must(ldb_commit_prepare(commit, &err), &err);
	ldb_store_fault_late(table.fault, true);
	ldb_store_fault_after(table.fault, 1, true);
	assert_int_equal(ldb_commit_put(commit, &err), LDB_IO);
	assert_true(ldb_commit_sent(commit));
	assert_int_equal(ldb_commit_take_back(commit, &err), LDB_IO);
	ldb_store_fault_after(table.fault, 0, false);
	must(ldb_commit_put(commit, &err), &err);
	ldb_commit_free(commit);
	assert_int_equal(commit_latest(&table), 2);
	assert_ids(&table, 0, "0-4 10-10");
	commit_close(&table);
}

static void
does_not_take_anothers_version_for_its_own_after_a_lost_answer(void **state)
{
	CommitTable table;
	LdbChange change, other;
	LdbCommit *commit;
	LdbError err;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 5);
	change = commit_begin(&table);
	commit_add(&table, &change, 10, 1);
	must(ldb_commit_new(table.locations, COMMIT_URI, &change, NULL, &commit, &err), &err);
	must(ldb_commit_prepare(commit, &err), &err);
	other = commit_begin(&table);
	commit_add(&table, &other, 20, 1);
	commit_do(&table, &other);
	ldb_store_fault_after(table.fault, 1, false);
	assert_fails(ldb_commit_put(commit, &err), LDB_CONFLICT, "version 2 of table");
	assert_false(ldb_commit_sent(commit));
	must(ldb_commit_prepare(commit, &err), &err);
	assert_int_equal(ldb_commit_version(commit), 3);
	assert_int_equal(ldb_commit_parent(commit), 2);
	must(ldb_commit_put(commit, &err), &err);
	ldb_commit_free(commit);
	assert_ids(&table, 0, "0-4 10-10 20-20");
	commit_close(&table);
}

/* Version numbers as V2 names have them. */
static void
remove_manifest(CommitTable *table, uint64_t version)
{
	char name[64];
	LdbError err;

	snprintf(name, sizeof name, "t.lance/_versions/%020" PRIu64 ".manifest", UINT64_MAX - version);
	assert_int_equal(commit_count_objects(table, name), 1);
	must(ldb_store_remove(table->fault, name, NULL, &err), &err);
}

static void
does_not_put_a_version_below_the_newest_when_a_cleanup_made_room_there(void **state)
{
	CommitTable table;
	LdbChange change, other;
	LdbCommit *commit;
	LdbError err;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 5);
	change = commit_begin(&table);
	commit_add(&table, &change, 10, 1);
	must(ldb_commit_new(table.locations, COMMIT_URI, &change, NULL, &commit, &err), &err);
	must(ldb_commit_prepare(commit, &err), &err);
	for (int id = 20; id <= 30; id += 10)
	{
		other = commit_begin(&table);
		commit_add(&table, &other, id, 1);
		commit_do(&table, &other);
	}
	remove_manifest(&table, 1);
	remove_manifest(&table, 2);
	assert_fails(ldb_commit_put(commit, &err), LDB_CONFLICT, "version 2 of table");
	assert_false(ldb_commit_sent(commit));
	assert_int_equal(commit_count_objects(&table, "t.lance/_versions/"), 2); /* and the hint */
	assert_fails(ldb_commit_prepare(commit, &err), LDB_CONFLICT, "is gone");
	ldb_commit_free(commit);
	assert_ids(&table, 0, "0-4 20-20 30-30");
	commit_close(&table);
}

static LdbCommit *
commit_and_keep(CommitTable *table, const LdbChange *change)
{
	LdbCommit *commit;
	LdbError err;

	must(ldb_commit_new(table->locations, COMMIT_URI, change, NULL, &commit, &err), &err);
	must(ldb_commit_prepare(commit, &err), &err);
	must(ldb_commit_put(commit, &err), &err);
	return commit;
}

static void
takes_a_version_back_with_one_more(void **state)
{
	const LdbTransactionInfo *info;
	CommitTable table;
	LdbChange change;
	LdbCommit *commit;
	LdbError err;

	(void) state;
	commit_open(&table, false);
	prepare_deletions(&table);
	change = change_update(&table);
	commit = commit_and_keep(&table, &change);
	must(ldb_commit_take_back(commit, &err), &err);
	assert_true(ldb_commit_sent(commit));
	ldb_commit_free(commit);
	assert_int_equal(commit_latest(&table), 4);
	assert_ids(&table, 0, "1-9 20-24");
	assert_ids(&table, 3, "1-4 7-9 21-24 30-34");
	info = commit_transaction(&table, 4);
	assert_string_equal(info->operation, "Restore");
	assert_string_equal(info->properties[0].key, LDB_PROPERTY_WITHDRAWS);
	assert_string_equal(info->properties[0].value, "3");
	commit_close(&table);
}

static void
takes_a_new_table_back_by_removing_its_version(void **state)
{
	LdbObjectInfo *objects;
	size_t count;
	CommitTable table;
	LdbChange change;
	LdbCommit *commit;
	LdbError err;

	(void) state;
	commit_open(&table, true);
	change = change_create(&table);
	commit = commit_and_keep(&table, &change);
	must(ldb_commit_take_back(commit, &err), &err);
	assert_false(ldb_commit_sent(commit));
	assert_false(exists(&table));
	assert_int_equal(commit_count_objects(&table, "t.lance/_versions/"), 0);
	must(ldb_commit_take_back(commit, &err), &err);
	/* the data file is the draft's */
	must(ldb_store_remove(table.fault, "t.lance/data/f0.lance", NULL, &err), &err);
	ldb_commit_free(commit);
	must(ldb_store_list(table.fault, "", true, table.arena, &objects, &count, NULL, &err), &err);
	assert_int_equal(count, 0);
	commit_close(&table);
}

static void
takes_nothing_back_that_others_built_on(void **state)
{
	for (int create = 0; create < 2; create++)
	{
		CommitTable table;
		LdbChange change, other;
		LdbCommit *commit;
		LdbError err;

		(void) state;
		commit_open(&table, false);
		if (!create)
			prepare_deletions(&table);
		change = create ? change_create(&table) : change_append(&table);
		commit = commit_and_keep(&table, &change);
		other = commit_begin(&table);
		commit_add(&table, &other, 50, 1);
		commit_do(&table, &other);
		assert_fails(ldb_commit_take_back(commit, &err), LDB_CONFLICT, "was built on it");
		ldb_commit_free(commit);
		assert_ids(&table, 0, create ? "0-9 50-50" : "1-9 20-24 30-34 50-50");
		commit_close(&table);
	}
}

static void
removes_files_of_a_commit_that_is_not_put(void **state)
{
	CommitTable table;
	LdbChange change;
	LdbCommit *commit;
	LdbError err;
	size_t files;

	(void) state;
	commit_open(&table, false);
	prepare_deletions(&table);
	files = commit_count_objects(&table, "t.lance/_deletions/");
	change = change_update(&table);
	must(ldb_commit_new(table.locations, COMMIT_URI, &change, NULL, &commit, &err), &err);
	for (int i = 0; i < 3; i++)
	{
		must(ldb_commit_prepare(commit, &err), &err);
		assert_int_equal(commit_count_objects(&table, "t.lance/_deletions/"), files + 2);
	}
	ldb_commit_free(commit);
	assert_int_equal(commit_count_objects(&table, "t.lance/_deletions/"), files);
	assert_ids(&table, 0, "1-9 20-24");
	commit_close(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_the_old_version_or_the_new_one_whatever_call_fails_in_memory),
		cmocka_unit_test(has_the_old_version_or_the_new_one_whatever_call_fails_in_a_folder),
		cmocka_unit_test(survives_every_failing_allocation),
		cmocka_unit_test(finds_its_version_when_the_answer_is_lost),
		cmocka_unit_test(says_that_nobody_knows_and_finds_out_later),
		cmocka_unit_test(does_not_take_anothers_version_for_its_own_after_a_lost_answer),
		cmocka_unit_test(does_not_put_a_version_below_the_newest_when_a_cleanup_made_room_there),
		cmocka_unit_test(takes_a_version_back_with_one_more),
		cmocka_unit_test(takes_a_new_table_back_by_removing_its_version),
		cmocka_unit_test(takes_nothing_back_that_others_built_on),
		cmocka_unit_test(removes_files_of_a_commit_that_is_not_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
