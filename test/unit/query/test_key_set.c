/* test_key_set.c -- a set of keys finds the rows that a look at all rows finds, version by version. */
#include "table/draft_test.h"

#include "ldb/query/key_set.h"

static const LdbKeyColumn id_column = {0, LDB_KEY_PLAIN};
static const LdbKeyColumn text_column = {1, LDB_KEY_PLAIN};

static LdbKeySet *
new_set(const LdbKeyColumn *column)
{
	LdbKeySpec spec = {1, column, false};
	LdbKeySet *set;
	LdbError err;

	must(ldb_key_set_new(&spec, 0, &set, &err), &err);
	return set;
}

static LdbKeyCover *
cover_of(LdbKeySet *set, LdbDataset *dataset)
{
	LdbKeyCover *cover;
	LdbError err;

	must(ldb_key_cover_new(set, dataset, UINT64_MAX, 2, NULL, &cover, &err), &err);
	return cover;
}

static LdbSlice
id_key(uint8_t room[5], uint32_t id)
{
	room[0] = 1;
	memcpy(room + 1, &id, 4);
	return ldb_slice(room, 5);
}

/* How many rows have the key; *address is that of the last. */
static size_t
count_rows(LdbKeyCover *cover, LdbSlice key, uint64_t *address)
{
	LdbKeyWalk walk = {0};
	size_t count = 0;
	bool found;
	LdbError err;

	for (;; count++)
	{
		must(ldb_key_cover_next(cover, key, &walk, address, &found, &err), &err);
		if (!found)
			return count;
	}
}

/* Each row of the dataset is found by its id, at its address, and no id beyond the last one is. */
static void
check_cover(LdbKeyCover *cover, uint32_t beyond)
{
	Seen seen = read_dataset(ldb_key_cover_dataset(cover));
	uint8_t *there = calloc(beyond, 1);
	uint8_t room[5];
	uint64_t address;

	for (size_t i = 0; i < seen.count; i++)
	{
		assert_int_equal(count_rows(cover, id_key(room, seen.ids[i]), &address), 1);
		assert_int_equal(address, seen.addresses[i]);
		there[seen.ids[i]] = 1;
	}
	for (uint32_t id = 0; id < beyond; id++)
	{
		if (!there[id])
			assert_int_equal(count_rows(cover, id_key(room, id), &address), 0);
	}
	free(there);
	seen_free(&seen);
}

static LdbDataset *
view_of(Bench *bench, uint32_t before)
{
	LdbDataset *view;
	LdbError err;

	must(ldb_draft_view(bench->draft, before, &view, &err), &err);
	return view;
}

static void
delete_rows(Bench *bench, uint64_t first, size_t count, LdbMark mark)
{
	LdbError err;

	for (size_t i = 0; i < count; i++)
	{
		uint64_t address = first + i;
		bool done;

		must(ldb_draft_delete(bench->draft, &address, 1, mark, &done, &err), &err);
		assert_true(done);
	}
}

static void
every_row_is_found_by_its_key(void **state)
{
	Bench bench;
	LdbKeySet *set = new_set(&id_column);
	LdbKeyCover *cover;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 50000, 20000);
	cover = cover_of(set, bench.table.dataset);
	assert_int_equal(ldb_key_cover_rows_read(cover), 50000);
	assert_true(ldb_key_set_bytes(set) < 50000 * 13);
	check_cover(cover, 50100);
	ldb_key_cover_free(cover);
	ldb_key_set_free(set);
	bench_close(&bench);
}

static void
a_version_that_is_known_is_not_read_again(void **state)
{
	Bench bench;
	LdbKeySet *set = new_set(&id_column);
	LdbKeyCover *cover;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 3000, 1000);
	cover = cover_of(set, bench.table.dataset);
	ldb_key_cover_free(cover);
	cover = cover_of(set, bench.table.dataset);
	assert_int_equal(ldb_key_cover_rows_read(cover), 0);
	check_cover(cover, 3100);
	assert_int_equal(ldb_key_set_idle_rows(set), 0);
	ldb_key_cover_free(cover);
	ldb_key_set_free(set);
	bench_close(&bench);
}

static void
rows_of_a_transaction_are_found_and_deleted_ones_are_not(void **state)
{
	Bench bench;
	LdbKeySet *set = new_set(&id_column);
	LdbKeyCover *before, *after;
	LdbDataset *view;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 3000, 1000);
	bench_on_base(&bench, NULL);
	before = cover_of(set, bench.table.dataset);
	for (uint32_t id = 3000; id < 3050; id++)
		add_row(&bench, id, (LdbMark){1, 1});
	delete_rows(&bench, ldb_row_address(1, 10), 500, (LdbMark){1, 1});
	view = view_of(&bench, UINT32_MAX);
	after = cover_of(set, view);
	assert_int_equal(ldb_key_cover_rows_read(after), 50);
	check_cover(after, 3100);
	/* the older cover still is what it was */
	check_cover(before, 3100);
	ldb_key_cover_free(after);
	ldb_key_cover_free(before);
	ldb_dataset_close(view);
	ldb_key_set_free(set);
	bench_close(&bench);
}

static void
rows_shown_from_memory_are_read_for_each_view(void **state)
{
	Bench bench;
	LdbKeySet *set = new_set(&id_column);

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 100, 1000);
	bench_on_base(&bench, NULL);
	for (uint32_t round = 0; round < 5; round++)
	{
		LdbMark mark = {round + 1, 2};
		LdbDataset *view;
		LdbKeyCover *cover;

		/* the same places hold other rows in each round */
		for (uint32_t i = 0; i < 10; i++)
			add_row(&bench, 100 + round * 10 + i, mark);
		view = view_of(&bench, UINT32_MAX);
		cover = cover_of(set, view);
		check_cover(cover, 200);
		ldb_key_cover_free(cover);
		ldb_dataset_close(view);
		ldb_draft_roll_back(bench.draft, 2);
	}
	ldb_key_set_free(set);
	bench_close(&bench);
}

static void
rows_that_come_back_are_found(void **state)
{
	Bench bench;
	LdbKeySet *set = new_set(&id_column);
	LdbKeyCover *cover;
	LdbDataset *view;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 3000, 1000);
	bench_on_base(&bench, NULL);
	delete_rows(&bench, ldb_row_address(2, 0), 700, (LdbMark){1, 1});
	/* read for the first time without these rows */
	view = view_of(&bench, UINT32_MAX);
	cover = cover_of(set, view);
	check_cover(cover, 3100);
	ldb_key_cover_free(cover);
	ldb_dataset_close(view);
	/* the version below has them, as a restored one would */
	cover = cover_of(set, bench.table.dataset);
	assert_int_equal(ldb_key_cover_rows_read(cover), 1000);
	check_cover(cover, 3100);
	assert_int_equal(ldb_key_set_idle_rows(set), 1000);
	ldb_key_cover_free(cover);
	ldb_key_set_free(set);
	bench_close(&bench);
}

static void
fragments_above_a_bound_are_left_out(void **state)
{
	Bench bench;
	LdbKeySet *set = new_set(&id_column);
	uint8_t room[5];
	LdbKeyCover *cover;
	uint64_t address;
	LdbError err;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 3000, 1000);
	must(ldb_key_cover_new(set, bench.table.dataset, 2, 1, NULL, &cover, &err), &err);
	assert_int_equal(ldb_key_cover_rows_read(cover), 2000);
	assert_int_equal(count_rows(cover, id_key(room, 1999), &address), 1);
	assert_int_equal(count_rows(cover, id_key(room, 2000), &address), 0);
	ldb_key_cover_free(cover);
	ldb_key_set_free(set);
	bench_close(&bench);
}

static void
rows_of_one_file_are_shared_by_covers(void **state)
{
	Bench bench;
	LdbKeySet *set = new_set(&id_column);
	LdbKeyCover *base, *cover;
	LdbDataset *view;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 2000, 1000);
	bench_on_base(&bench, NULL);
	add_row(&bench, 2000, (LdbMark){1, 1});
	view = view_of(&bench, UINT32_MAX);
	base = cover_of(set, bench.table.dataset);
	cover = cover_of(set, view);
	assert_true(ldb_key_cover_shares(cover, ldb_row_address(1, 5), base));
	assert_false(ldb_key_cover_shares(cover, ldb_row_address(LDB_STAGED_FRAGMENT, 0), base));
	assert_false(ldb_key_cover_shares(cover, ldb_row_address(77, 0), base));
	ldb_key_cover_free(cover);
	ldb_key_cover_free(base);
	ldb_dataset_close(view);
	ldb_key_set_free(set);
	bench_close(&bench);
}

static void
nulls_have_no_key_and_texts_are_compared_in_full(void **state)
{
	Bench bench;
	LdbKeySet *set = new_set(&text_column);
	LdbKeyCover *cover;
	uint64_t addresses[2];
	bool found;
	LdbError err;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 2000, 1000);
	cover = cover_of(set, bench.table.dataset);
	for (uint32_t id = 0; id < 2000; id++)
	{
		LdbSlice key;
		uint64_t address;
		bool has_key;

		must(ldb_key_cover_key(cover, ldb_row_address(id / 1000, id % 1000), &key, &has_key, &err),
			 &err);
		assert_int_equal(has_key, id % 7 != 3);
		if (has_key)
		{
			LdbBuffer copy = {0};

			assert_true(ldb_buffer_append(&copy, key.data, key.length));
			assert_int_equal(count_rows(cover, ldb_slice(copy.data, copy.length), &address), 1);
			assert_int_equal(address, ldb_row_address(id / 1000, id % 1000));
			ldb_buffer_free(&copy);
		}
	}
	must(ldb_key_cover_duplicate(cover, addresses, &found, &err), &err);
	assert_false(found);
	ldb_key_cover_free(cover);
	ldb_key_set_free(set);
	bench_close(&bench);
}

static void
two_rows_with_one_key_are_found_wherever_they_are(void **state)
{
	Bench bench;
	LdbKeySet *set = new_set(&id_column);
	LdbError err;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 3000, 1000);
	for (uint32_t id = 0; id < 3000; id += 331)
	{
		LdbDataset *view;
		LdbKeyCover *cover;
		uint64_t addresses[2];
		bool found;

		bench_on_base(&bench, NULL);
		add_row(&bench, id, (LdbMark){1, 1});
		view = view_of(&bench, UINT32_MAX);
		cover = cover_of(set, view);
		must(ldb_key_cover_duplicate(cover, addresses, &found, &err), &err);
		assert_true(found);
		assert_true(addresses[0] == ldb_row_address(id / 1000, id % 1000) ||
					addresses[1] == ldb_row_address(id / 1000, id % 1000));
		assert_true(addresses[0] >> 32 == LDB_STAGED_FRAGMENT ||
					addresses[1] >> 32 == LDB_STAGED_FRAGMENT);
		ldb_key_cover_free(cover);
		ldb_dataset_close(view);
		/* not when the older row is deleted */
		delete_rows(&bench, ldb_row_address(id / 1000, id % 1000), 1, (LdbMark){2, 1});
		view = view_of(&bench, UINT32_MAX);
		cover = cover_of(set, view);
		must(ldb_key_cover_duplicate(cover, addresses, &found, &err), &err);
		assert_false(found);
		ldb_key_cover_free(cover);
		ldb_dataset_close(view);
	}
	ldb_key_set_free(set);
	bench_close(&bench);
}

static void
more_rows_than_memory_allows_are_an_error_and_a_larger_set_works(void **state)
{
	Bench bench;
	LdbKeySpec spec = {1, &id_column, false};
	LdbKeySet *set;
	LdbKeyCover *cover;
	LdbError err;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 20000, 10000);
	must(ldb_key_set_new(&spec, 100000, &set, &err), &err);
	assert_fails(ldb_key_cover_new(set, bench.table.dataset, UINT64_MAX, 1, NULL, &cover, &err),
				 LDB_NOMEM, "memory");
	ldb_key_set_free(set);
	must(ldb_key_set_new(&spec, 400000, &set, &err), &err);
	cover = cover_of(set, bench.table.dataset);
	check_cover(cover, 20010);
	ldb_key_cover_free(cover);
	ldb_key_set_free(set);
	bench_close(&bench);
}

static void
a_scan_that_failed_leaves_a_set_that_can_go_on(void **state)
{
	Bench bench;
	LdbKeySet *set = new_set(&id_column);
	LdbKeyCover *cover = NULL;
	LdbError err;
	LdbStatus status = LDB_NOMEM;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 3000, 1000);
	for (uint64_t n = 1; status != LDB_OK; n++)
	{
		ldb_heap_fail_after(n);
		status = ldb_key_cover_new(set, bench.table.dataset, UINT64_MAX, 1, NULL, &cover, &err);
		ldb_heap_fail_after(0);
		assert_true(n < 100000);
	}
	check_cover(cover, 3100);
	ldb_key_cover_free(cover);
	ldb_key_set_free(set);
	bench_close(&bench);
}

static void
a_column_that_is_not_there_is_an_error(void **state)
{
	static const LdbKeyColumn nowhere = {9, LDB_KEY_PLAIN};
	Bench bench;
	LdbKeySet *set = new_set(&nowhere);
	LdbKeyCover *cover;
	LdbError err;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 10, 1000);
	assert_fails(ldb_key_cover_new(set, bench.table.dataset, UINT64_MAX, 1, NULL, &cover, &err),
				 LDB_NOT_FOUND, "column of the key");
	ldb_key_set_free(set);
	bench_close(&bench);
}

static void
an_empty_table_has_no_keys(void **state)
{
	Bench bench;
	LdbKeySet *set = new_set(&id_column);
	uint8_t room[5];
	LdbKeyCover *cover;
	LdbDataset *view;
	uint64_t address;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_new_table(&bench, NULL);
	view = view_of(&bench, UINT32_MAX);
	cover = cover_of(set, view);
	assert_int_equal(count_rows(cover, id_key(room, 0), &address), 0);
	ldb_key_cover_free(cover);
	ldb_dataset_close(view);
	ldb_key_set_free(set);
	bench_close(&bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_found_by_its_key),
		cmocka_unit_test(a_version_that_is_known_is_not_read_again),
		cmocka_unit_test(rows_of_a_transaction_are_found_and_deleted_ones_are_not),
		cmocka_unit_test(rows_shown_from_memory_are_read_for_each_view),
		cmocka_unit_test(rows_that_come_back_are_found),
		cmocka_unit_test(fragments_above_a_bound_are_left_out),
		cmocka_unit_test(rows_of_one_file_are_shared_by_covers),
		cmocka_unit_test(nulls_have_no_key_and_texts_are_compared_in_full),
		cmocka_unit_test(two_rows_with_one_key_are_found_wherever_they_are),
		cmocka_unit_test(more_rows_than_memory_allows_are_an_error_and_a_larger_set_works),
		cmocka_unit_test(a_scan_that_failed_leaves_a_set_that_can_go_on),
		cmocka_unit_test(a_column_that_is_not_there_is_an_error),
		cmocka_unit_test(an_empty_table_has_no_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
