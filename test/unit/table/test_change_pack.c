/* test_change_pack.c -- a change that went through bytes shows the same rows; broken bytes do not. */
#include "table/draft_test.h"

static const LdbMark first = {1, 1};

static LdbSlice
pack(Bench *bench, uint32_t before)
{
	LdbChange change;
	LdbSlice bytes;
	LdbError err;

	must(ldb_draft_change(bench->draft, before, bench->table.arena, &change, &err), &err);
	must(ldb_change_pack(&change, bench->table.arena, &bytes, &err), &err);
	return bytes;
}

static Seen
read_packed(Bench *bench, LdbSlice bytes)
{
	LdbDataset *base = ldb_draft_base(bench->draft);
	LdbDataset *view;
	LdbChange change;
	uint64_t version;
	LdbError err;
	Seen seen;

	must(ldb_change_restored(bytes, &version, &err), &err);
	assert_int_equal(version, 0);
	must(ldb_change_unpack(bytes, NULL, bench->table.arena, &change, &err), &err);
	must(ldb_dataset_with_change(base, bench->table.locations, MEMORY_TABLE, &change, &view, NULL,
								 &err),
		 &err);
	seen = read_dataset(view);
	ldb_dataset_close(view);
	return seen;
}

static void
check_same(Bench *bench, uint32_t before)
{
	LdbSlice bytes = tight_copy(pack(bench, before));
	Seen packed = read_packed(bench, bytes);
	Seen seen = read_view(bench, before);

	assert_int_equal(packed.count, seen.count);
	assert_memory_equal(packed.ids, seen.ids, seen.count * sizeof *seen.ids);
	assert_memory_equal(packed.addresses, seen.addresses, seen.count * sizeof *seen.addresses);
	seen_free(&packed);
	seen_free(&seen);
	free((void *) (uintptr_t) bytes.data);
}

/* Rows of two commands, deletions, a column. */
static void
change_much(Bench *bench)
{
	static const uint64_t gone[] = {1, (uint64_t) 1 << 32 | 3, (uint64_t) 2 << 32};
	LdbField column = {.name = "more",
					   .logical_type = "timestamp:us:UTC",
					   .type = {.kind = LDB_TYPE_TIMESTAMP},
					   .nullable = true};
	const char *key = "k";
	LdbSlice value = ldb_slice_of("v");
	bool done[3];
	LdbError err;

	column.metadata_count = 1;
	column.metadata_keys = &key;
	column.metadata_values = &value;
	for (uint32_t id = 100; id < 150; id++)
		must(try_row(bench->draft, id, (LdbMark){1 + id / 110, 1},
					 bench->stable && id % 2 == 0 ? id - 98 : UINT64_MAX, NULL, &err),
			 &err);
	must(ldb_draft_delete(bench->draft, gone, 3, (LdbMark){2, 1}, done, &err), &err);
	must(ldb_draft_add_column(bench->draft, &column, (LdbMark){3, 1}, &err), &err);
}

static void
another_process_sees_the_same_rows(void **state)
{
	static const LdbDraftOptions options = {.fragment_rows = 16};
	Bench bench;

	(void) state;
	for (int stable = 0; stable < 2; stable++)
	{
		bench_open(&bench, "2.1", stable == 1);
		bench_publish(&bench, 200, 64);
		bench_on_base(&bench, &options);
		check_same(&bench, UINT32_MAX - 1);
		change_much(&bench);
		for (uint32_t before = 1; before < 5; before++)
			check_same(&bench, before);
		bench_close(&bench);
	}
}

static void
a_new_table_goes_through_bytes(void **state)
{
	LdbChange change;
	LdbError err;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.2", true);
	bench_new_table(&bench, NULL);
	add_row(&bench, 3, first);
	check_same(&bench, 2);
	must(ldb_change_unpack(pack(&bench, 2), NULL, bench.table.arena, &change, &err), &err);
	assert_string_equal(change.create->data_version, "2.2");
	assert_true(change.create->stable_row_ids);
	bench_close(&bench);
}

static void
a_restored_version_is_told_by_its_number(void **state)
{
	LdbSlice bytes;
	LdbChange change;
	uint64_t version;
	LdbError err;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 20, 64);
	bench_on_base(&bench, NULL);
	must(ldb_draft_restore(bench.draft, bench.table.dataset, first, &err), &err);
	bytes = pack(&bench, 2);
	must(ldb_change_restored(bytes, &version, &err), &err);
	assert_int_equal(version, 1);
	assert_fails(ldb_change_unpack(bytes, NULL, bench.table.arena, &change, &err), LDB_INVALID,
				 "version 1");
	must(ldb_change_unpack(bytes, bench.table.dataset, bench.table.arena, &change, &err), &err);
	assert_ptr_equal(change.restored, bench.table.dataset);
	bench_close(&bench);
}

static void
broken_bytes_are_refused_or_read(void **state)
{
	static const LdbDraftOptions options = {.fragment_rows = 16};
	uint64_t random = 7;
	size_t refused = 0;
	LdbSlice bytes;
	LdbError err;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", true);
	bench_publish(&bench, 200, 64);
	bench_on_base(&bench, &options);
	change_much(&bench);
	bytes = pack(&bench, 9);
	for (size_t length = 0; length < bytes.length; length += 1 + length / 100)
	{
		LdbSlice cut = tight_copy(ldb_slice(bytes.data, length));
		LdbArena *arena = ldb_arena_new(0);
		LdbChange change;

		assert_int_equal(ldb_change_unpack(cut, NULL, arena, &change, &err), LDB_CORRUPT);
		ldb_arena_free(arena);
		free((void *) (uintptr_t) cut.data);
	}
	for (int i = 0; i < 3000; i++)
	{
		LdbSlice copy = tight_copy(bytes);
		LdbArena *arena = ldb_arena_new(0);
		LdbDataset *view;
		LdbChange change;

		random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
		((uint8_t *) (uintptr_t) copy.data)[(random >> 20) % copy.length] ^=
			(uint8_t) (1 + (random >> 56) % 255);
		if (ldb_change_unpack(copy, NULL, arena, &change, &err) != LDB_OK)
			refused++;
		else if (ldb_dataset_with_change(bench.table.dataset, NULL, NULL, &change, &view, NULL,
										 &err) == LDB_OK)
			ldb_dataset_close(view);
		ldb_arena_free(arena);
		free((void *) (uintptr_t) copy.data);
	}
	assert_true(refused > 100);
	bench_close(&bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_process_sees_the_same_rows),
		cmocka_unit_test(a_new_table_goes_through_bytes),
		cmocka_unit_test(a_restored_version_is_told_by_its_number),
		cmocka_unit_test(broken_bytes_are_refused_or_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
