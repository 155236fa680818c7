/* test_draft_rebase.c -- a draft moves onto what others committed meanwhile, or says what they did. */
#include "table/draft_test.h"

#include "ldb/table/commit.h"

#define BASE_ROWS 60

static const LdbMark first = {1, 1};

static LdbDataset *
open_newest(Bench *bench)
{
	LdbDataset *dataset;
	LdbError err;

	must(ldb_dataset_open(bench->table.locations, MEMORY_TABLE, NULL, NULL, &dataset, &err), &err);
	return dataset;
}

static LdbStatus
try_commit(Bench *bench, LdbDraft *draft, LdbError *err)
{
	LdbChange change;
	LdbCommit *commit;
	LdbStatus status;

	LDB_TRY(ldb_draft_change(draft, UINT32_MAX, bench->table.arena, &change, err));
	LDB_TRY(ldb_commit_new(bench->table.locations, MEMORY_TABLE, &change, NULL, &commit, err));
	status = ldb_commit_prepare(commit, err);
	if (status == LDB_OK)
		status = ldb_commit_put(commit, err);
	ldb_commit_free(commit);
	return status;
}

/* What another writer does: adds ids, deletes base rows, and commits. */
static LdbDataset *
others_commit(Bench *bench, const uint32_t *added, size_t added_count, const uint64_t *deleted,
			  size_t deleted_count)
{
	LdbDataset *base = open_newest(bench);
	bool *done = calloc(deleted_count + 1, sizeof *done);
	LdbDraft *draft;
	LdbError err;

	must(ldb_draft_new(base, bench->table.locations, NULL, &draft, &err), &err);
	for (size_t i = 0; i < added_count; i++)
		must(try_row(draft, added[i], first, UINT64_MAX, NULL, &err), &err);
	must(ldb_draft_delete(draft, deleted, deleted_count, first, done, &err), &err);
	must(try_commit(bench, draft, &err), &err);
	ldb_draft_free(draft);
	ldb_dataset_close(base);
	free(done);
	return open_newest(bench);
}

static void
start(Bench *bench, bool stable)
{
	bench_open(bench, "2.1", stable);
	bench_publish(bench, BASE_ROWS, 20);
	bench_on_base(bench, NULL);
}

static bool
delete_row(Bench *bench, uint64_t address, LdbMark mark)
{
	bool done;
	LdbError err;

	must(ldb_draft_delete(bench->draft, &address, 1, mark, &done, &err), &err);
	return done;
}

static bool
has_id(const Seen *seen, uint32_t id)
{
	for (size_t i = 0; i < seen->count; i++)
	{
		if (seen->ids[i] == id)
			return true;
	}
	return false;
}

static void
rows_of_both_writers_are_there_afterwards(void **state)
{
	static const uint32_t theirs[] = {500, 501};
	static const uint64_t gone[] = {3, (uint64_t) 1 << 32 | 2};
	LdbDataset *newer, *last;
	LdbError err;
	Bench bench;
	Seen seen;

	(void) state;
	for (int stable = 0; stable < 2; stable++)
	{
		start(&bench, stable == 1);
		add_row(&bench, 700, first);
		assert_true(delete_row(&bench, 5, (LdbMark){2, 2}));
		assert_true(delete_row(&bench, (uint64_t) 2 << 32, (LdbMark){2, 2}));
		newer = others_commit(&bench, theirs, 2, gone, 2);
		must(ldb_draft_rebase(bench.draft, newer, &err), &err);
		assert_ptr_equal(ldb_draft_base(bench.draft), newer);
		seen = read_view(&bench, UINT32_MAX);
		assert_int_equal(seen.count, BASE_ROWS + 3 - 4);
		assert_true(has_id(&seen, 500) && has_id(&seen, 700));
		assert_false(has_id(&seen, 3) || has_id(&seen, 5) || has_id(&seen, 22) ||
					 has_id(&seen, 40));
		seen_free(&seen);
		/* the savepoint still knows what it did */
		ldb_draft_roll_back(bench.draft, 2);
		assert_true(delete_row(&bench, 6, first));
		seen = read_view(&bench, UINT32_MAX);
		assert_int_equal(seen.count, BASE_ROWS + 3 - 3);
		must(try_commit(&bench, bench.draft, &err), &err);
		ldb_draft_free(bench.draft);
		bench.draft = NULL;
		last = open_newest(&bench);
		assert_int_equal(ldb_dataset_manifest(last)->live_rows, seen.count);
		seen_free(&seen);
		ldb_dataset_close(last);
		ldb_dataset_close(newer);
		bench_close(&bench);
	}
}

static void
a_row_that_both_changed_is_a_conflict(void **state)
{
	static const uint64_t gone[] = {3};
	LdbDataset *newer;
	LdbError err;
	Bench bench;
	Seen seen;

	(void) state;
	start(&bench, false);
	assert_true(delete_row(&bench, 3, first));
	add_row(&bench, 700, first);
	newer = others_commit(&bench, NULL, 0, gone, 1);
	assert_fails(ldb_draft_rebase(bench.draft, newer, &err), LDB_CONFLICT, "");
	/* and the draft is as it was */
	assert_ptr_equal(ldb_draft_base(bench.draft), bench.table.dataset);
	seen = read_view(&bench, UINT32_MAX);
	assert_int_equal(seen.count, BASE_ROWS);
	seen_free(&seen);
	assert_int_equal(ldb_draft_discard(bench.draft), 0);
	ldb_draft_free(bench.draft);
	bench.draft = NULL;
	ldb_dataset_close(newer);
	bench_close(&bench);
}

static void
columns_that_others_changed_are_seen(void **state)
{
	LdbField column = {.name = "more",
					   .logical_type = "int32",
					   .type = {.kind = LDB_TYPE_INT32},
					   .parent_id = -1,
					   .nullable = true};
	LdbDataset *base, *newer;
	LdbDraft *other;
	LdbError err;
	Bench bench;

	(void) state;
	start(&bench, false);
	add_row(&bench, 700, first);
	base = open_newest(&bench);
	must(ldb_draft_new(base, bench.table.locations, NULL, &other, &err), &err);
	must(ldb_draft_add_column(other, &column, first, &err), &err);
	must(try_commit(&bench, other, &err), &err);
	ldb_draft_free(other);
	ldb_dataset_close(base);
	newer = open_newest(&bench);
	must(ldb_draft_rebase(bench.draft, newer, &err), &err);
	assert_int_equal(ldb_draft_schema(bench.draft)->field_count, 3);
	assert_int_equal(ldb_draft_schema(bench.draft)->fields[2]->id, 2);
	must(ldb_draft_add_column(bench.draft,
							  &(LdbField){.name = "mine",
										  .logical_type = "int32",
										  .type = {.kind = LDB_TYPE_INT32},
										  .nullable = true},
							  first, &err),
		 &err);
	assert_int_equal(ldb_draft_schema(bench.draft)->fields[3]->id, 3);
	must(try_commit(&bench, bench.draft, &err), &err);
	ldb_draft_free(bench.draft);
	bench.draft = NULL;
	ldb_dataset_close(newer);
	newer = open_newest(&bench);
	assert_int_equal(ldb_dataset_manifest(newer)->schema.field_count, 4);
	assert_int_equal(ldb_dataset_manifest(newer)->live_rows, BASE_ROWS + 1);
	ldb_dataset_close(newer);
	bench_close(&bench);
}

static void
a_truncate_leaves_what_others_added(void **state)
{
	static const uint32_t theirs[] = {500, 501};
	LdbDataset *newer;
	LdbError err;
	Bench bench;
	Seen seen;

	(void) state;
	start(&bench, false);
	must(ldb_draft_truncate(bench.draft, first, &err), &err);
	add_row(&bench, 700, first);
	newer = others_commit(&bench, theirs, 2, NULL, 0);
	must(ldb_draft_rebase(bench.draft, newer, &err), &err);
	seen = read_view(&bench, UINT32_MAX);
	assert_int_equal(seen.count, 3);
	seen_free(&seen);
	must(try_commit(&bench, bench.draft, &err), &err);
	ldb_draft_free(bench.draft);
	bench.draft = NULL;
	ldb_dataset_close(newer);
	bench_close(&bench);
}

static void
a_new_table_that_somebody_made_is_a_conflict(void **state)
{
	LdbError err;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 5, 20);
	bench_new_table(&bench, NULL);
	assert_fails(ldb_draft_rebase(bench.draft, bench.table.dataset, &err), LDB_CONFLICT, "exists");
	bench_close(&bench);
}

static void
memory_that_runs_out_leaves_the_draft_where_it_was(void **state)
{
	static const uint32_t theirs[] = {500};
	static const uint64_t gone[] = {3};
	LdbStatus status = LDB_NOMEM;

	(void) state;
	for (uint64_t n = 1; status != LDB_OK; n++)
	{
		LdbDataset *newer;
		LdbError err;
		Bench bench;
		Seen seen;

		start(&bench, true);
		add_row(&bench, 700, first);
		assert_true(delete_row(&bench, 5, first));
		newer = others_commit(&bench, theirs, 1, gone, 1);
		ldb_heap_fail_after(n);
		status = ldb_draft_rebase(bench.draft, newer, &err);
		ldb_heap_fail_after(0);
		seen = read_view(&bench, UINT32_MAX);
		assert_int_equal(seen.count, status == LDB_OK ? BASE_ROWS : BASE_ROWS);
		assert_int_equal(has_id(&seen, 500), status == LDB_OK);
		assert_int_equal(has_id(&seen, 3), status != LDB_OK);
		seen_free(&seen);
		ldb_draft_free(bench.draft);
		bench.draft = NULL;
		ldb_dataset_close(newer);
		bench_close(&bench);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_both_writers_are_there_afterwards),
		cmocka_unit_test(a_row_that_both_changed_is_a_conflict),
		cmocka_unit_test(columns_that_others_changed_are_seen),
		cmocka_unit_test(a_truncate_leaves_what_others_added),
		cmocka_unit_test(a_new_table_that_somebody_made_is_a_conflict),
		cmocka_unit_test(memory_that_runs_out_leaves_the_draft_where_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
