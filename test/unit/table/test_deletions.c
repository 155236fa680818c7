/* test_deletions.c -- deleted rows are found, loaded once, and agree with the manifest. */
#include <roaring/roaring.h>

#include "ldb/base/bitmap.h"
#include "ldb/base/pool.h"
#include "table/ipc_file.h"
#include "table/memory_table.h"

#define BIN_NAME "t.lance/_deletions/4-3-77.bin"
#define ARROW_NAME "t.lance/_deletions/4-3-77.arrow"

static const IpcOddities none = {0};
static IpcFile file;

static LdbSlice
bin_file(LdbArena *arena, uint32_t first, uint32_t end)
{
	roaring_bitmap_t *set = roaring_bitmap_from_range(first, end, 1);
	size_t length = roaring_bitmap_portable_size_in_bytes(set);
	char *bytes = ldb_arena_alloc(arena, length);

	roaring_bitmap_portable_serialize(set, bytes);
	roaring_bitmap_free(set);
	return ldb_slice(bytes, length);
}

/* A fragment 4 of 100 rows that says it has this many deleted ones. */
static void
open_table(MemoryTable *table, bool is_bitmap, uint64_t deleted_rows)
{
	Draft draft;

	memory_open(table);
	draft_open(&draft);
	draft_fragment(&draft, 0, 10);
	draft_deletion(&draft, draft_fragment(&draft, 4, 100), is_bitmap, deleted_rows);
	memory_open_draft(table, &draft);
	draft_close(&draft);
}

static LdbStatus
load(MemoryTable *table, const uint8_t **bits, LdbReadStats *stats, LdbError *err)
{
	memset(err, 0, sizeof *err);
	return ldb_dataset_deletions(table->dataset, 1, bits, stats, NULL, err);
}

static void
reads_both_kinds_of_files(void **state)
{
	static const uint32_t rows[] = {99, 0, 50};
	const uint8_t *bits;
	MemoryTable table;
	LdbError err;

	(void) state;
	open_table(&table, true, 20);
	memory_put(&table, BIN_NAME, bin_file(table.arena, 30, 50));
	must(load(&table, &bits, NULL, &err), &err);
	assert_int_equal(ldb_bitmap_count(bits, 0, 100), 20);
	assert_int_equal(ldb_bitmap_count(bits, 30, 20), 20);
	memory_close(&table);

	open_table(&table, false, 3);
	memory_put(&table, ARROW_NAME, ipc_file(&file, rows, 3, 1, IPC_ZSTD, &none));
	must(load(&table, &bits, NULL, &err), &err);
	assert_int_equal(ldb_bitmap_count(bits, 0, 100), 3);
	assert_true(ldb_bit_get(bits, 0) && ldb_bit_get(bits, 50) && ldb_bit_get(bits, 99));
	memory_close(&table);
}

static void
a_fragment_without_deletions_has_no_bitmap(void **state)
{
	const uint8_t *bits;
	MemoryTable table;
	LdbError err;

	(void) state;
	open_table(&table, true, 20);
	must(ldb_dataset_deletions(table.dataset, 0, &bits, NULL, NULL, &err), &err);
	assert_null(bits);
	memory_close(&table);
}

static void
loads_a_file_once(void **state)
{
	const uint8_t *first, *second;
	LdbReadStats stats = {0, 0};
	MemoryTable table;
	LdbError err;

	(void) state;
	open_table(&table, true, 20);
	assert_int_equal(load(&table, &first, &stats, &err), LDB_NOT_FOUND);
	assert_null(first);
	memory_put(&table, BIN_NAME, bin_file(table.arena, 0, 20));
	must(load(&table, &first, &stats, &err), &err);
	assert_int_equal(stats.requests, 1);
	must(ldb_store_remove(table.store, BIN_NAME, NULL, &err), &err);
	must(load(&table, &second, &stats, &err), &err);
	assert_ptr_equal(first, second);
	assert_int_equal(stats.requests, 1);
	memory_close(&table);
}

static void
the_count_must_be_the_manifests(void **state)
{
	const uint8_t *bits;
	MemoryTable table;
	LdbError err;

	(void) state;
	open_table(&table, true, 19);
	memory_put(&table, BIN_NAME, bin_file(table.arena, 0, 20));
	assert_fails(load(&table, &bits, NULL, &err), LDB_CORRUPT,
				 "holds 20 rows, the manifest says 19");
	memory_put(&table, BIN_NAME, bin_file(table.arena, 90, 110));
	assert_fails(load(&table, &bits, NULL, &err), LDB_CORRUPT, "row 100");
	memory_put(&table, BIN_NAME, bin_file(table.arena, 0, 19));
	must(load(&table, &bits, NULL, &err), &err);
	memory_close(&table);
}

/* Half a gigabyte of bitmap for a claim that nothing backs. */
static void
claims_of_billions_of_rows_are_not_allocated(void **state)
{
	const uint8_t *bits;
	MemoryTable table;
	LdbError err;

	(void) state;
	open_table(&table, true, 20);
	memory_put(&table, BIN_NAME, bin_file(table.arena, 0, 20));
	((LdbManifest *) ldb_dataset_manifest(table.dataset))->fragments[1].physical_rows = UINT32_MAX;
	assert_fails(load(&table, &bits, NULL, &err), LDB_UNSUPPORTED, "4294967295 rows");
	memory_close(&table);
}

static void
files_of_a_clone_lie_below_its_base(void **state)
{
	const uint8_t *bits;
	MemoryTable table;
	Draft draft;
	LdbError err;

	(void) state;
	for (int is_root = 0; is_root < 2; is_root++)
	{
		Ldb__DeletionFile *deletion;

		memory_open(&table);
		draft_open(&draft);
		draft_fragment(&draft, 0, 10);
		deletion = draft_deletion(&draft, draft_fragment(&draft, 4, 100), true, 5);
		deletion->has_base_id = true;
		deletion->base_id = 2;
		draft_base(&draft, 2, MEMORY_ROOT "/source.lance", is_root);
		memory_open_draft(&table, &draft);
		memory_put(&table,
				   is_root ? "source.lance/_deletions/4-3-77.bin" : "source.lance/4-3-77.bin",
				   bin_file(table.arena, 7, 12));
		must(load(&table, &bits, NULL, &err), &err);
		assert_int_equal(ldb_bitmap_count(bits, 7, 5), 5);
		draft_close(&draft);
		memory_close(&table);
	}
}

static LdbStatus
load_in_thread(void *context, int worker, const atomic_bool *stop, LdbError *err)
{
	MemoryTable *table = context;
	const uint8_t *bits;

	(void) worker;
	(void) stop;
	LDB_TRY(load(table, &bits, NULL, err));
	if (ldb_bitmap_count(bits, 0, 100) != 20)
		LDB_FAIL(err, LDB_CORRUPT, "a bitmap that is not complete");
	return LDB_OK;
}

static void
several_threads_may_ask_at_once(void **state)
{
	MemoryTable table;
	LdbError err;

	(void) state;
	for (int i = 0; i < 50; i++)
	{
		open_table(&table, true, 20);
		memory_put(&table, BIN_NAME, bin_file(table.arena, 0, 20));
		must(ldb_pool_run(4, load_in_thread, &table, &err), &err);
		memory_close(&table);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_both_kinds_of_files),
		cmocka_unit_test(a_fragment_without_deletions_has_no_bitmap),
		cmocka_unit_test(loads_a_file_once),
		cmocka_unit_test(the_count_must_be_the_manifests),
		cmocka_unit_test(claims_of_billions_of_rows_are_not_allocated),
		cmocka_unit_test(files_of_a_clone_lie_below_its_base),
		cmocka_unit_test(several_threads_may_ask_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
