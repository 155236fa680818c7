/* test_draft.c -- what a draft promises besides the right rows: addresses, files, memory, faults. */
#include "table/draft_test.h"

#include "draft_impl.h"

static const LdbMark first = {1, 1};

static uint64_t
address_of(Bench *bench, uint64_t number)
{
	uint64_t address;
	LdbError err;

	must(ldb_draft_row_address(bench->draft, number, &address, &err), &err);
	return address;
}

static bool
delete_row(Bench *bench, uint64_t address, LdbMark mark)
{
	bool done;
	LdbError err;

	must(ldb_draft_delete(bench->draft, &address, 1, mark, &done, &err), &err);
	return done;
}

static void
check_rows(Bench *bench, uint32_t before, const uint32_t *ids, size_t count)
{
	Seen seen = read_view(bench, before);

	assert_int_equal(seen.count, count);
	if (count > 0)
		assert_memory_equal(seen.ids, ids, count * sizeof *ids);
	seen_free(&seen);
}

/* ---- rows ---- */

static void
a_few_rows_are_shown_without_a_file(void **state)
{
	static const uint32_t ids[] = {7, 8};
	LdbChange change;
	LdbDataset *view;
	Seen seen;
	LdbError err;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_new_table(&bench, NULL);
	add_row(&bench, 7, first);
	must(ldb_draft_view(bench.draft, UINT32_MAX, &view, &err), &err);
	add_row(&bench, 8, first);
	check_rows(&bench, UINT32_MAX, ids, 2);
	assert_int_equal(count_data_files(&bench), 0);
	/* a change is for others, who need a file */
	must(ldb_draft_change(bench.draft, 2, bench.table.arena, &change, &err), &err);
	assert_int_equal(change.new_count, 1);
	assert_int_equal(count_data_files(&bench), 1);
	check_rows(&bench, UINT32_MAX, ids, 2);
	/* the view from before has what it had */
	seen = read_dataset(view);
	assert_int_equal(seen.count, 1);
	seen_free(&seen);
	ldb_dataset_close(view);
	bench_close(&bench);
}

static void
a_view_hides_rows_of_later_commands_in_the_same_file(void **state)
{
	static const uint32_t ids[] = {0, 1, 2, 3, 4, 5};
	LdbChange change;
	LdbError err;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_new_table(&bench, NULL);
	for (uint32_t id = 0; id < 6; id++)
		add_row(&bench, id, (LdbMark){1 + id / 2, 1});
	for (int i = 0; i < 2; i++)
	{
		check_rows(&bench, 1, ids, 0);
		check_rows(&bench, 2, ids, 2);
		check_rows(&bench, 3, ids, 4);
		check_rows(&bench, 4, ids, 6);
		must(ldb_draft_change(bench.draft, 4, bench.table.arena, &change, &err), &err);
	}
	bench_close(&bench);
}

static void
a_row_that_failed_halfway_leaves_nothing(void **state)
{
	static const uint32_t ids[] = {1, 2};
	LdbBuilder **builders;
	int32_t value = 5;
	LdbError err;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_new_table(&bench, NULL);
	add_row(&bench, 1, first);
	must(ldb_draft_row(bench.draft, &builders, &err), &err);
	must(ldb_builder_fixed(builders[0], &value, &err), &err);
	assert_fails(ldb_draft_row_done(bench.draft, first, UINT64_MAX, NULL, &err), LDB_INVALID,
				 "\"text\"");
	check_rows(&bench, UINT32_MAX, ids, 1);
	add_row(&bench, 2, first);
	check_rows(&bench, UINT32_MAX, ids, 2);
	assert_fails(ldb_draft_row_done(bench.draft, first, UINT64_MAX, NULL, &err), LDB_INVALID,
				 "not begun");
	bench_close(&bench);
}

static void
numbers_of_rows_become_addresses_that_stay(void **state)
{
	LdbDraftOptions options = {.fragment_rows = 3};
	uint64_t numbers[8], address;
	LdbError err;
	Bench bench;
	Seen seen;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_new_table(&bench, &options);
	for (uint32_t id = 0; id < 8; id++)
		numbers[id] = add_row(&bench, id, (LdbMark){1, id < 5 ? 1 : 2});
	seen = read_view(&bench, UINT32_MAX);
	for (uint32_t id = 0; id < 8; id++)
	{
		assert_int_equal(numbers[id], id);
		assert_int_equal(address_of(&bench, numbers[id]), seen.addresses[id]);
	}
	seen_free(&seen);
	ldb_draft_roll_back(bench.draft, 2);
	assert_int_equal(address_of(&bench, 4), ldb_row_address(LDB_STAGED_FRAGMENT + 1, 1));
	assert_fails(ldb_draft_row_address(bench.draft, 5, &address, &err), LDB_NOT_FOUND, "row 5");
	assert_int_equal(add_row(&bench, 9, first), 8);
	assert_fails(ldb_draft_row_address(bench.draft, 7, &address, &err), LDB_NOT_FOUND, "row 7");
	/* the file of row 5 was full and is there; that of row 6 was not written */
	assert_int_equal(address_of(&bench, 8), ldb_row_address(LDB_STAGED_FRAGMENT + 2, 0));
	bench_close(&bench);
}

static void
a_row_that_is_not_there_cannot_be_deleted(void **state)
{
	uint64_t bad[] = {ldb_row_address(0, 10), ldb_row_address(9, 0),
					  ldb_row_address(LDB_STAGED_FRAGMENT, 1),
					  ldb_row_address(LDB_STAGED_FRAGMENT + 3, 0)};
	uint64_t both[2] = {0};
	bool done[2];
	LdbError err;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 10, 100);
	bench_on_base(&bench, NULL);
	add_row(&bench, 20, first);
	add_row(&bench, 21, (LdbMark){1, 2});
	ldb_draft_roll_back(bench.draft, 2);
	for (size_t i = 0; i < 4; i++)
	{
		both[1] = bad[i];
		assert_fails(ldb_draft_delete(bench.draft, both, 2, first, done, &err), LDB_INVALID,
					 "does not exist");
	}
	/* and nothing was */
	assert_true(delete_row(&bench, 0, first));
	assert_false(delete_row(&bench, 0, first));
	bench_close(&bench);
}

/* ---- savepoints ---- */

static void
files_of_rolled_back_rows_are_deleted(void **state)
{
	static const uint32_t ids[] = {0, 1, 2, 3};
	LdbDraftOptions options = {.fragment_rows = 4};
	LdbError err;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_new_table(&bench, &options);
	for (uint32_t id = 0; id < 4; id++)
		add_row(&bench, id, first);
	must(try_append(&bench, 4, 40, (LdbMark){2, 2}, &err), &err);
	assert_in_range(count_data_files(&bench), 10, 11);
	ldb_draft_roll_back(bench.draft, 2);
	assert_int_equal(count_data_files(&bench), 1);
	check_rows(&bench, UINT32_MAX, ids, 4);
	/* a level that was released goes with the one above */
	must(try_append(&bench, 4, 40, (LdbMark){3, 3}, &err), &err);
	ldb_draft_release(bench.draft, 3);
	ldb_draft_roll_back(bench.draft, 3);
	assert_in_range(count_data_files(&bench), 10, 11);
	ldb_draft_roll_back(bench.draft, 2);
	assert_int_equal(count_data_files(&bench), 1);
	assert_int_equal(ldb_draft_discard(bench.draft), 0);
	assert_int_equal(count_data_files(&bench), 0);
	bench_close(&bench);
}

static void
what_has_no_row_left_is_no_part_of_the_commit(void **state)
{
	LdbDraftOptions options = {.fragment_rows = 2};
	LdbChange change;
	LdbError err;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 6, 3);
	bench_on_base(&bench, &options);
	for (uint32_t id = 10; id < 16; id++)
		add_row(&bench, id, first);
	/* the second of three new fragments, and the first old one */
	assert_true(delete_row(&bench, address_of(&bench, 2), first));
	assert_true(delete_row(&bench, address_of(&bench, 3), first));
	for (uint64_t row = 0; row < 3; row++)
		assert_true(delete_row(&bench, ldb_row_address(0, row), first));
	must(ldb_draft_change(bench.draft, UINT32_MAX, bench.table.arena, &change, &err), &err);
	assert_int_equal(change.fragment_count, 1);
	assert_true(change.fragments[0].removed);
	assert_int_equal(change.new_count, 2);
	assert_int_equal(count_data_files(&bench), 2 + 2);
	bench_close(&bench);
}

/* ---- stable row ids ---- */

static void
a_new_copy_of_a_row_keeps_its_id(void **state)
{
	const LdbManifest *manifest;
	const uint64_t *ids;
	LdbDataset *view;
	uint64_t number;
	LdbError err;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", true);
	bench_publish(&bench, 20, 8);
	bench_on_base(&bench, NULL);
	assert_true(ldb_draft_has_stable_row_ids(bench.draft));
	add_row(&bench, 30, first);
	must(try_row(bench.draft, 31, first, ldb_row_address(1, 3), &number, &err), &err);
	assert_true(delete_row(&bench, ldb_row_address(1, 3), first));
	/* the copy gets another copy, and so does a new row */
	must(try_row(bench.draft, 32, first, address_of(&bench, number), NULL, &err), &err);
	assert_true(delete_row(&bench, address_of(&bench, number), first));
	must(try_row(bench.draft, 33, first, address_of(&bench, 0), NULL, &err), &err);
	must(ldb_draft_view(bench.draft, UINT32_MAX, &view, &err), &err);
	manifest = ldb_dataset_manifest(view);
	must(ldb_dataset_row_ids(view, manifest->fragment_count - 1, bench.table.arena, &ids, NULL,
							 &err),
		 &err);
	assert_int_equal(ids[0], 1020);
	assert_int_equal(ids[1], 1000 + 8 + 3);
	assert_int_equal(ids[2], 1000 + 8 + 3);
	assert_int_equal(ids[3], 1021);
	ldb_dataset_close(view);
	assert_fails(try_row(bench.draft, 34, first, ldb_row_address(1, 8), NULL, &err), LDB_INVALID,
				 "does not exist");
	bench_close(&bench);
}

/* ---- columns ---- */

static void
ids_of_columns_are_never_given_twice(void **state)
{
	LdbField item = {.name = "item", .logical_type = "float", .type = {.kind = LDB_TYPE_FLOAT}};
	LdbField *items[] = {&item};
	LdbField list = {.name = "list",
					 .logical_type = "list",
					 .type = {.kind = LDB_TYPE_LIST},
					 .nullable = true,
					 .child_count = 1,
					 .children = items};
	const LdbSchema *schema;
	LdbError err;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 6, 3);
	bench_on_base(&bench, NULL);
	must(ldb_draft_add_column(bench.draft, &list, (LdbMark){1, 2}, &err), &err);
	schema = ldb_draft_schema(bench.draft);
	assert_int_equal(schema->fields[2]->id, 2);
	assert_int_equal(schema->fields[2]->children[0]->id, 3);
	assert_int_equal(schema->fields[2]->children[0]->parent_id, 2);
	ldb_draft_roll_back(bench.draft, 2);
	assert_int_equal(ldb_draft_schema(bench.draft)->field_count, 2);
	must(ldb_draft_drop_column(bench.draft, "text", first, &err), &err);
	must(ldb_draft_add_column(bench.draft, &list, first, &err), &err);
	assert_int_equal(ldb_draft_schema(bench.draft)->fields[1]->id, 4);
	assert_fails(ldb_draft_add_column(bench.draft, &list, first, &err), LDB_INVALID,
				 "\"list\" exists already");
	assert_fails(ldb_draft_drop_column(bench.draft, "text", first, &err), LDB_NOT_FOUND,
				 "\"text\"");
	assert_fails(ldb_draft_rename_column(bench.draft, "list", "id", first, &err), LDB_INVALID,
				 "\"id\" exists already");
	list.nullable = false;
	must(ldb_draft_change_column(bench.draft, "list", &list, first, &err), &err);
	assert_false(ldb_draft_schema(bench.draft)->fields[1]->nullable);
	assert_int_equal(ldb_draft_schema(bench.draft)->fields[1]->id, 4);
	bench_close(&bench);
}

/* ---- memory ---- */

static void
memory_is_bounded_whatever_is_added(void **state)
{
	LdbDraftOptions options = {.memory_bytes = 1 << 20};
	size_t before, most = 0;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", false);
	before = ldb_memory_held();
	bench_new_table(&bench, &options);
	for (uint32_t id = 0; id < 300000; id++)
	{
		add_row(&bench, id, first);
		/* what lies in the store of this test is memory, too */
		if (id % 1000 == 0 && ldb_memory_held() - before > most)
			most = ldb_memory_held() - before;
	}
	/* the texts alone are more than 6 MB; the file is not visible yet */
	assert_in_range(most, 0, 9u << 20);
	bench_close(&bench);
}

static void
memory_that_is_taken_away_is_given_back_at_once(void **state)
{
	LdbDraftOptions options = {.memory_bytes = 64 << 20};
	size_t buffered;
	Seen seen;
	LdbError err;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_new_table(&bench, &options);
	for (uint32_t id = 0; id < 50000; id++)
		add_row(&bench, id, first);
	buffered = ldb_builder_bytes(bench.draft->open.builders[0]);
	assert_true(bench.draft->open.buffered == 50000 && buffered > 100000);
	must(ldb_draft_set_memory(bench.draft, 64 << 10, &err), &err);
	assert_int_equal(bench.draft->open.buffered, 0);
	for (uint32_t id = 50000; id < 60000; id++)
	{
		add_row(&bench, id, first);
		assert_true(ldb_builder_bytes(bench.draft->open.builders[0]) < buffered / 4);
	}
	seen = read_view(&bench, UINT32_MAX);
	assert_int_equal(seen.count, 60000);
	for (uint32_t id = 0; id < 60000; id++)
		assert_int_equal(seen.ids[id], id);
	seen_free(&seen);
	bench_close(&bench);
}

static void
single_rows_of_a_large_table_are_deleted_cheaply(void **state)
{
	size_t before;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 400000, 0);
	bench_on_base(&bench, NULL);
	assert_true(delete_row(&bench, 0, first));
	before = ldb_memory_held();
	for (uint32_t i = 1; i < 1000; i++)
		assert_true(delete_row(&bench, i * 391, (LdbMark){i, 1}));
	/* a bitmap of the fragment has 50,000 bytes */
	assert_in_range(ldb_memory_held() - before, 0, 1000 * 400);
	bench_close(&bench);
}

static void
many_rows_deleted_at_once_take_a_bitmap(void **state)
{
	enum
	{
		COUNT = 300000
	};
	uint64_t *addresses = calloc(COUNT, sizeof *addresses);
	bool *done = calloc(COUNT, sizeof *done);
	size_t before;
	LdbError err;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 400000, 0);
	bench_on_base(&bench, NULL);
	for (size_t i = 0; i < COUNT; i++)
		addresses[i] = i;
	before = ldb_memory_held();
	for (size_t i = 0; i < COUNT; i += 100)
		must(ldb_draft_delete(bench.draft, addresses + i, 100, first, done + i, &err), &err);
	assert_in_range(ldb_memory_held() - before, 0, 120000);
	for (size_t i = 0; i < COUNT; i++)
		assert_true(done[i]);
	assert_int_equal(bench.draft->entry_count, 1);
	ldb_draft_roll_back(bench.draft, 1);
	assert_true(ldb_draft_is_empty(bench.draft));
	bench_close(&bench);
	free(addresses);
	free(done);
}

/* ---- faults ---- */

/* Some of everything, within a savepoint. */
static LdbStatus
do_much(Bench *bench, LdbError *err)
{
	LdbField column = {.name = "more", .logical_type = "int32", .type = {.kind = LDB_TYPE_INT32}};
	uint64_t address = 2;
	LdbDataset *view;
	LdbChange change;
	bool done;

	for (uint32_t id = 100; id < 130; id++)
		LDB_TRY(
			try_row(bench->draft, id, (LdbMark){1, 2}, bench->stable ? 3 : UINT64_MAX, NULL, err));
	LDB_TRY(try_append(bench, 130, 30, (LdbMark){2, 2}, err));
	LDB_TRY(ldb_draft_delete(bench->draft, &address, 1, (LdbMark){2, 2}, &done, err));
	LDB_TRY(ldb_draft_view(bench->draft, 2, &view, err));
	ldb_dataset_close(view);
	LDB_TRY(ldb_draft_truncate(bench->draft, (LdbMark){4, 2}, err));
	LDB_TRY(try_append(bench, 160, 30, (LdbMark){5, 2}, err));
	LDB_TRY(try_row(bench->draft, 190, (LdbMark){5, 2}, UINT64_MAX, NULL, err));
	LDB_TRY(ldb_draft_change(bench->draft, 9, bench->table.arena, &change, err));
	column.nullable = true;
	return ldb_draft_add_column(bench->draft, &column, (LdbMark){6, 2}, err);
}

static void
start_case(Bench *bench, bool stable)
{
	static const LdbDraftOptions options = {.fragment_rows = 16, .memory_bytes = 4000};
	LdbError err;

	bench_open(bench, "2.1", stable);
	bench_publish(bench, 6, 3);
	bench_on_base(bench, &options);
	for (uint32_t id = 50; id < 53; id++)
		add_row(bench, id, first);
	/* in a file of their own: a savepoint that shares one with earlier rows may lose them */
	must(ldb_draft_finish_open(bench->draft, &err), &err);
}

static void
check_usable(Bench *bench)
{
	static const uint32_t ids[] = {0, 1, 2, 3, 4, 5, 50, 51, 52, 200};

	ldb_draft_roll_back(bench->draft, 2);
	add_row(bench, 200, (LdbMark){10, 1});
	check_rows(bench, UINT32_MAX, ids, 10);
	assert_int_equal(ldb_draft_discard(bench->draft), 0);
	assert_int_equal(count_data_files(bench), 2);
	bench_close(bench);
}

static void
try_each_fault(bool late)
{
	LdbStatus status = LDB_IO;
	uint64_t failures = 0;

	for (uint64_t n = 1; status != LDB_OK; n++)
	{
		LdbError err;
		Bench bench;

		start_case(&bench, n % 2 == 0);
		ldb_store_fault_late(bench.table.store, late);
		ldb_store_fault_after(bench.table.store, n, false);
		status = do_much(&bench, &err);
		ldb_store_fault_after(bench.table.store, 0, false);
		failures += status != LDB_OK;
		check_usable(&bench);
	}
	assert_true(failures > 10);
}

static void
after_a_fault_of_the_store_a_savepoint_can_be_rolled_back(void **state)
{
	(void) state;
	try_each_fault(false);
	try_each_fault(true);
}

static void
after_running_out_of_memory_too(void **state)
{
	LdbStatus status = LDB_NOMEM;
	uint64_t failures = 0;

	(void) state;
	for (uint64_t n = 1; status != LDB_OK; n++)
	{
		LdbError err;
		Bench bench;

		start_case(&bench, n % 2 == 0);
		ldb_heap_fail_after(n);
		status = do_much(&bench, &err);
		ldb_heap_fail_after(0);
		failures += status != LDB_OK;
		check_usable(&bench);
	}
	assert_true(failures > 100);
}

/* Rows that are partly in a file that failed cannot be written again; nobody may think they were. */
static void
rows_that_were_lost_stop_what_needs_them(void **state)
{
	static const LdbDraftOptions options = {.memory_bytes = 400};
	static const uint32_t ids[] = {1, 2};
	LdbChange change;
	LdbDataset *view;
	LdbError err;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_new_table(&bench, &options);
	add_row(&bench, 1, first);
	add_row(&bench, 2, first);
	must(ldb_draft_finish_open(bench.draft, &err), &err);
	must(try_append(&bench, 10, 20, (LdbMark){2, 2}, &err), &err);
	add_row(&bench, 30, (LdbMark){2, 2});
	ldb_store_fault_after(bench.table.store, 1, true);
	assert_fails(ldb_draft_change(bench.draft, 9, bench.table.arena, &change, &err), LDB_IO,
				 "injected");
	ldb_store_fault_after(bench.table.store, 0, false);
	assert_fails(ldb_draft_change(bench.draft, 9, bench.table.arena, &change, &err), LDB_IO,
				 "could not be written");
	assert_fails(ldb_draft_view(bench.draft, 9, &view, &err), LDB_IO, "could not be written");
	add_row(&bench, 31, (LdbMark){2, 2});
	assert_fails(ldb_draft_view(bench.draft, 9, &view, &err), LDB_IO, "could not be written");
	/* what does not need them goes on */
	check_rows(&bench, 2, ids, 2);
	ldb_draft_roll_back(bench.draft, 2);
	check_rows(&bench, 9, ids, 2);
	assert_int_equal(ldb_draft_discard(bench.draft), 0);
	assert_int_equal(count_data_files(&bench), 0);
	bench_close(&bench);
}

/* Rows that are still in memory are not lost. */
static void
a_file_that_failed_is_written_again(void **state)
{
	static const uint32_t ids[] = {1, 2};
	LdbChange change;
	LdbError err;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_new_table(&bench, NULL);
	add_row(&bench, 1, first);
	add_row(&bench, 2, first);
	for (uint64_t n = 1;; n++)
	{
		ldb_store_fault_after(bench.table.store, n, false);
		if (ldb_draft_change(bench.draft, 9, bench.table.arena, &change, &err) == LDB_OK)
			break;
		assert_true(n < 20);
	}
	ldb_store_fault_after(bench.table.store, 0, false);
	check_rows(&bench, 9, ids, 2);
	must(ldb_draft_change(bench.draft, UINT32_MAX, bench.table.arena, &change, &err), &err);
	assert_int_equal(count_data_files(&bench), 1);
	bench_close(&bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_few_rows_are_shown_without_a_file),
		cmocka_unit_test(a_view_hides_rows_of_later_commands_in_the_same_file),
		cmocka_unit_test(a_row_that_failed_halfway_leaves_nothing),
		cmocka_unit_test(numbers_of_rows_become_addresses_that_stay),
		cmocka_unit_test(a_row_that_is_not_there_cannot_be_deleted),
		cmocka_unit_test(files_of_rolled_back_rows_are_deleted),
		cmocka_unit_test(what_has_no_row_left_is_no_part_of_the_commit),
		cmocka_unit_test(a_new_copy_of_a_row_keeps_its_id),
		cmocka_unit_test(ids_of_columns_are_never_given_twice),
		cmocka_unit_test(memory_is_bounded_whatever_is_added),
		cmocka_unit_test(single_rows_of_a_large_table_are_deleted_cheaply),
		cmocka_unit_test(many_rows_deleted_at_once_take_a_bitmap),
		cmocka_unit_test(after_a_fault_of_the_store_a_savepoint_can_be_rolled_back),
		cmocka_unit_test(after_running_out_of_memory_too),
		cmocka_unit_test(rows_that_were_lost_stop_what_needs_them),
		cmocka_unit_test(a_file_that_failed_is_written_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
