/* test_change_view.c -- a dataset with a change shows what the change says, whoever reads it. */
#include "table/snapshot.h"

#include "ldb/base/bitmap.h"
#include "ldb/table/change.h"
#include "table/table_test.h"

#define MOST_FRAGMENTS 64

/* A change of a golden dataset, and which rows of the JSON are there with it. */
typedef struct Case
{
	Snapshot snapshot;
	LdbArena *arena;
	LdbChange change;
	LdbFragmentChange fragments[MOST_FRAGMENTS];
	LdbNewFragment added[MOST_FRAGMENTS];
	size_t *rows;        /* expected, in table order; into the JSON's */
	uint64_t *addresses; /* of these */
	size_t count;
	uint64_t random;
} Case;

static uint64_t
next_random(Case *c)
{
	c->random = c->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return c->random >> 33;
}

static void
case_open(Case *c, const char *name, size_t index, uint64_t seed)
{
	memset(c, 0, sizeof *c);
	snapshot_open(&c->snapshot, name, index, seed % 2 == 0);
	c->arena = ldb_arena_new(0);
	c->random = seed;
	c->change.base_version = ldb_dataset_manifest(c->snapshot.dataset)->version;
	c->change.fragments = c->fragments;
	c->change.new_fragments = c->added;
	c->rows = calloc(json_array_size(c->snapshot.rows) * 4 + 1, sizeof *c->rows);
	c->addresses = calloc(json_array_size(c->snapshot.rows) * 4 + 1, sizeof *c->addresses);
}

static void
case_close(Case *c)
{
	free(c->rows);
	free(c->addresses);
	ldb_arena_free(c->arena);
	snapshot_close(&c->snapshot);
}

static const LdbManifest *
case_manifest(const Case *c)
{
	return ldb_dataset_manifest(c->snapshot.dataset);
}

static bool
is_deleted(const uint8_t *bits, uint64_t row)
{
	return bits != NULL && ldb_bit_get(bits, (size_t) row);
}

/* Keeps, thins out or removes a fragment; adds the rows that are left to what is expected. */
static void
case_change_fragment(Case *c, size_t index)
{
	const LdbFragment *fragment = &case_manifest(c)->fragments[index];
	uint64_t kind = next_random(c) % 4;
	LdbFragmentChange *change = &c->fragments[c->change.fragment_count];
	uint8_t *bits = ldb_arena_zalloc(c->arena, ldb_bitmap_bytes(fragment->physical_rows) + 1);
	size_t next_row = (size_t) fragment->first_ordinal;
	const uint8_t *before;
	LdbError err;

	must(ldb_dataset_deletions(c->snapshot.dataset, index, &before, NULL, NULL, &err), &err);
	*change = (LdbFragmentChange){
		.id = fragment->id, .removed = kind == 1, .physical_rows = fragment->physical_rows};
	for (uint64_t row = 0; row < fragment->physical_rows; row++)
	{
		if (is_deleted(before, row))
			continue;
		if (kind > 1 && next_random(c) % 3 == 0)
		{
			ldb_bit_set(bits, row);
			change->deleted_rows++;
		}
		else if (kind != 1)
		{
			c->addresses[c->count] = ldb_row_address(fragment->id, row);
			c->rows[c->count++] = next_row;
		}
		next_row++;
	}
	if (kind > 1)
		change->deleted = bits;
	if (kind != 0)
		c->change.fragment_count++;
}

/* New rows that are those of an old fragment again, from the same files. */
static void
case_add_fragment(Case *c, size_t index)
{
	const LdbFragment *fragment = &case_manifest(c)->fragments[index];
	LdbNewFragment *added = &c->added[c->change.new_count];
	uint8_t *bits = ldb_arena_zalloc(c->arena, ldb_bitmap_bytes(fragment->physical_rows) + 1);
	size_t next_row = (size_t) fragment->first_ordinal;
	const uint8_t *before;
	LdbError err;

	must(ldb_dataset_deletions(c->snapshot.dataset, index, &before, NULL, NULL, &err), &err);
	*added = (LdbNewFragment){.file_count = fragment->file_count,
							  .files = fragment->files,
							  .physical_rows = fragment->physical_rows,
							  .deleted = bits};
	for (uint64_t row = 0; row < fragment->physical_rows; row++)
	{
		if (is_deleted(before, row) || next_random(c) % 5 == 0)
		{
			ldb_bit_set(bits, row);
			added->deleted_rows++;
		}
		else
		{
			c->addresses[c->count] =
				ldb_row_address(LDB_STAGED_FRAGMENT + c->change.new_count, row);
			c->rows[c->count++] = next_row;
		}
		next_row += !is_deleted(before, row);
	}
	c->change.new_count++;
}

static void
check_scan(const Case *c, LdbDataset *view)
{
	size_t *columns = snapshot_columns(&c->snapshot);
	LdbScanOptions options = {.columns = columns,
							  .column_count = snapshot_schema(&c->snapshot)->field_count};
	const LdbBatch *batch;
	size_t seen = 0;
	LdbScan *scan;
	LdbError err;

	must(ldb_scan_open(view, &options, &scan, &err), &err);
	for (must(ldb_scan_next(scan, &batch, &err), &err); batch != NULL;
		 must(ldb_scan_next(scan, &batch, &err), &err))
	{
		for (size_t row = 0; row < batch->row_count; row++, seen++)
		{
			assert_true(seen < c->count);
			assert_int_equal(batch->row_addresses[row], c->addresses[seen]);
			snapshot_check_row(&c->snapshot, batch, columns, row, c->rows[seen]);
		}
	}
	assert_int_equal(seen, c->count);
	ldb_scan_close(scan);
	free(columns);
}

static void
check_take(const Case *c, LdbDataset *view)
{
	size_t *columns = snapshot_columns(&c->snapshot);
	const LdbBatch *batch;
	LdbTake *take;
	LdbError err;

	must(
		ldb_take_open(view, columns, snapshot_schema(&c->snapshot)->field_count, NULL, &take, &err),
		&err);
	for (size_t i = 0; i < c->count; i += 1 + c->count / 50)
	{
		must(ldb_take_rows(take, &c->addresses[i], 1, &batch, &err), &err);
		snapshot_check_row(&c->snapshot, batch, columns, 0, c->rows[i]);
	}
	ldb_take_close(take);
	free(columns);
}

static void
check_count(const Case *c, LdbDataset *view)
{
	LdbScanOptions options = {0};
	LdbScan *scan;
	LdbError err;
	uint64_t rows;

	must(ldb_scan_open(view, &options, &scan, &err), &err);
	must(ldb_scan_count(scan, &rows, &err), &err);
	assert_int_equal(rows, c->count);
	assert_int_equal(ldb_dataset_manifest(view)->live_rows, c->count);
	ldb_scan_close(scan);
}

static void
shows_a_random_change_of(const char *name, size_t index, uint64_t seed)
{
	LdbDataset *view;
	uint64_t bytes;
	LdbError err;
	Case c;

	case_open(&c, name, index, seed);
	for (size_t i = 0; i < case_manifest(&c)->fragment_count; i++)
		case_change_fragment(&c, i);
	for (size_t i = 0; i < case_manifest(&c)->fragment_count && i < seed % 4; i++)
		case_add_fragment(&c, i);
	must(ldb_dataset_with_change(c.snapshot.dataset, NULL, NULL, &c.change, &view, NULL, &err),
		 &err);
	check_count(&c, view);
	check_scan(&c, view);
	check_take(&c, view);
	must(ldb_dataset_column_bytes(view, 0, &bytes, NULL, &err), &err);
	ldb_dataset_close(view);
	case_close(&c);
}

static void
every_reader_sees_the_rows_that_the_change_leaves_and_adds(void **state)
{
	(void) state;
	for (uint64_t seed = 1; seed <= 12; seed++)
	{
		shows_a_random_change_of("fragments", 0, seed);
		shows_a_random_change_of("fragments", 1, seed);
		shows_a_random_change_of("history", snapshot_count("history") - 1, seed);
		shows_a_random_change_of("history_stable", snapshot_count("history_stable") - 1, seed);
		shows_a_random_change_of("types_22", 0, seed);
	}
}

static void
an_empty_change_borrows_the_deletions_of_the_base(void **state)
{
	const LdbManifest *manifest;
	const uint8_t *before, *after;
	size_t checked = 0;
	LdbDataset *view;
	LdbError err;
	Case c;

	(void) state;
	case_open(&c, "bitmap_deletions", 0, 1);
	must(ldb_dataset_with_change(c.snapshot.dataset, NULL, NULL, &c.change, &view, NULL, &err),
		 &err);
	manifest = ldb_dataset_manifest(view);
	assert_int_equal(manifest->version, case_manifest(&c)->version);
	assert_int_equal(manifest->live_rows, case_manifest(&c)->live_rows);
	for (size_t i = 0; i < manifest->fragment_count; i++)
	{
		must(ldb_dataset_deletions(view, i, &after, NULL, NULL, &err), &err);
		must(ldb_dataset_deletions(c.snapshot.dataset, i, &before, NULL, NULL, &err), &err);
		assert_ptr_equal(before, after);
		checked += before != NULL;
	}
	assert_true(checked > 0);
	ldb_dataset_close(view);
	case_close(&c);
}

static void
new_rows_get_the_ids_that_a_commit_would_give(void **state)
{
	static const uint8_t deleted = 2;
	uint64_t ids[3] = {LDB_NEW_ROW_ID, 5, LDB_NEW_ROW_ID};
	const uint64_t *given, *old, *same;
	const LdbManifest *manifest;
	LdbDataset *view;
	uint64_t next;
	LdbError err;
	Case c;

	(void) state;
	case_open(&c, "history_stable", snapshot_count("history_stable") - 1, 1);
	next = case_manifest(&c)->next_row_id;
	assert_true(next > 0);
	c.added[0] = (LdbNewFragment){.physical_rows = 2};
	c.added[1] = (LdbNewFragment){
		.physical_rows = 3, .row_ids = ids, .deleted = &deleted, .deleted_rows = 1};
	c.change.new_count = 2;
	must(ldb_dataset_with_change(c.snapshot.dataset, NULL, NULL, &c.change, &view, NULL, &err),
		 &err);
	manifest = ldb_dataset_manifest(view);
	must(ldb_dataset_row_ids(view, manifest->fragment_count - 2, c.arena, &given, NULL, &err),
		 &err);
	assert_int_equal(given[0], next);
	assert_int_equal(given[1], next + 1);
	must(ldb_dataset_row_ids(view, manifest->fragment_count - 1, c.arena, &given, NULL, &err),
		 &err);
	assert_int_equal(given[0], next + 2);
	assert_int_equal(given[1], 5);
	assert_int_equal(given[2], next + 3);
	must(ldb_dataset_row_ids(view, 0, c.arena, &old, NULL, &err), &err);
	must(ldb_dataset_row_ids(c.snapshot.dataset, 0, c.arena, &same, NULL, &err), &err);
	assert_memory_equal(old, same, sizeof *old * manifest->fragments[0].physical_rows);
	ldb_dataset_close(view);
	case_close(&c);
}

static void
an_older_version_can_be_put_in_place_of_the_base(void **state)
{
	LdbDataset *view, *old;
	LdbError err;
	Case c;

	(void) state;
	case_open(&c, "history", snapshot_count("history") - 1, 2);
	must(ldb_dataset_open(c.snapshot.locations, c.snapshot.uri, &(LdbVersionChoice){.version = 1},
						  NULL, &old, &err),
		 &err);
	c.change.restored = old;
	must(ldb_dataset_with_change(c.snapshot.dataset, NULL, NULL, &c.change, &view, NULL, &err),
		 &err);
	assert_int_equal(ldb_dataset_manifest(view)->version, case_manifest(&c)->version);
	assert_int_equal(ldb_dataset_manifest(view)->live_rows, ldb_dataset_manifest(old)->live_rows);
	assert_int_equal(ldb_dataset_manifest(view)->schema.field_count,
					 ldb_dataset_manifest(old)->schema.field_count);
	ldb_dataset_close(view);
	ldb_dataset_close(old);
	case_close(&c);
}

static void
a_table_that_does_not_exist_yet_has_a_view(void **state)
{
	static const char *const version = "2.1";
	LdbNewTable table = {.data_version = version, .stable_row_ids = true};
	LdbDataset *view;
	LdbError err;
	Case c;

	(void) state;
	case_open(&c, "fragments", 0, 1);
	table.schema = snapshot_schema(&c.snapshot);
	c.change.base_version = 0;
	c.change.create = &table;
	must(ldb_dataset_with_change(NULL, c.snapshot.locations, SNAPSHOT_ROOT "/none.lance", &c.change,
								 &view, NULL, &err),
		 &err);
	assert_int_equal(ldb_dataset_manifest(view)->live_rows, 0);
	assert_string_equal(ldb_dataset_manifest(view)->data_version, version);
	assert_ptr_not_equal(ldb_dataset_manifest(view)->schema.fields[0],
						 snapshot_schema(&c.snapshot)->fields[0]);
	check_scan(&c, view);
	ldb_dataset_close(view);
	case_close(&c);
}

static void
refuses_a_change_that_does_not_fit_the_base(void **state)
{
	static const uint8_t none[1000];
	LdbDataset *view;
	LdbError err;
	Case c;

	(void) state;
	case_open(&c, "fragments", 0, 1);
#define TRY_CHANGE \
	ldb_dataset_with_change(c.snapshot.dataset, NULL, NULL, &c.change, &view, NULL, &err)
	c.change.base_version++;
	assert_fails(TRY_CHANGE, LDB_INVALID, "another version");
	c.change.base_version--;
	c.change.fragment_count = 1;
	c.fragments[0] = (LdbFragmentChange){.id = 12345};
	assert_fails(TRY_CHANGE, LDB_INVALID, "12345");
	c.fragments[0].id = case_manifest(&c)->fragments[0].id;
	c.fragments[0].deleted = none;
	c.fragments[0].physical_rows = 7;
	assert_fails(TRY_CHANGE, LDB_INVALID, "has 7 rows instead of");
	c.fragments[0].physical_rows = case_manifest(&c)->fragments[0].physical_rows;
	c.fragments[0].deleted_rows = 1;
	assert_fails(TRY_CHANGE, LDB_INVALID, "deletes 1 rows");
	case_close(&c);
}

static void
running_out_of_memory_leaves_nothing(void **state)
{
	LdbDataset *view;
	LdbError err;
	Case c;

	(void) state;
	case_open(&c, "fragments", 1, 2);
	for (size_t i = 0; i < case_manifest(&c)->fragment_count; i++)
		case_change_fragment(&c, i);
	case_add_fragment(&c, 0);
	for (uint64_t n = 1; n < 100; n++)
	{
		LdbStatus status;

		ldb_heap_fail_after(n);
		status =
			ldb_dataset_with_change(c.snapshot.dataset, NULL, NULL, &c.change, &view, NULL, &err);
		ldb_heap_fail_after(0);
		if (status == LDB_OK)
		{
			assert_true(n > 3);
			ldb_dataset_close(view);
			break;
		}
		assert_int_equal(status, LDB_NOMEM);
	}
	case_close(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reader_sees_the_rows_that_the_change_leaves_and_adds),
		cmocka_unit_test(an_empty_change_borrows_the_deletions_of_the_base),
		cmocka_unit_test(new_rows_get_the_ids_that_a_commit_would_give),
		cmocka_unit_test(an_older_version_can_be_put_in_place_of_the_base),
		cmocka_unit_test(a_table_that_does_not_exist_yet_has_a_view),
		cmocka_unit_test(refuses_a_change_that_does_not_fit_the_base),
		cmocka_unit_test(running_out_of_memory_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
