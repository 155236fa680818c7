/* test_row_versions.c -- which version first had each row, kept by new copies of rows. */
#include "table/draft_test.h"

#include "ldb/table/commit.h"

static const LdbMark first = {1, 1};

static void
commit_draft(Bench *bench)
{
	LdbChange change;
	LdbCommit *commit;
	LdbError err;

	must(ldb_draft_change(bench->draft, UINT32_MAX, bench->table.arena, &change, &err), &err);
	must(ldb_commit_new(bench->table.locations, MEMORY_TABLE, &change, NULL, &commit, &err), &err);
	must(ldb_commit_prepare(commit, &err), &err);
	must(ldb_commit_put(commit, &err), &err);
	ldb_commit_free(commit);
	ldb_draft_free(bench->draft);
	bench->draft = NULL;
	must(memory_open_choice(&bench->table, NULL, &err), &err);
}

static void
start(Bench *bench)
{
	bench_open(bench, "2.1", true);
	bench_new_table(bench, NULL);
	for (uint32_t id = 0; id < 4; id++)
		add_row(bench, id, first);
	commit_draft(bench);
}

static void
check_versions(Bench *bench, size_t fragment_index, const uint64_t *expected, size_t count)
{
	const uint64_t *versions;
	LdbError err;

	must(ldb_dataset_created_versions(bench->table.dataset, fragment_index, bench->table.arena,
									  &versions, &err),
		 &err);
	assert_non_null(versions);
	assert_memory_equal(versions, expected, count * sizeof *expected);
}

static void
new_copies_of_rows_keep_the_version_that_first_had_them(void **state)
{
	static const uint64_t ones[] = {1, 1, 1, 1};
	static const uint64_t mixed[] = {2, 1, 2};
	static const uint64_t later[] = {1, 2, 3};
	const uint64_t *ids;
	uint64_t address = 2;
	bool done;
	LdbError err;
	Bench bench;

	(void) state;
	start(&bench);
	check_versions(&bench, 0, ones, 4);
	bench_on_base(&bench, NULL);
	add_row(&bench, 10, first);
	must(try_row(bench.draft, 11, first, address, NULL, &err), &err);
	must(ldb_draft_delete(bench.draft, &address, 1, first, &done, &err), &err);
	add_row(&bench, 12, first);
	commit_draft(&bench);
	check_versions(&bench, 1, mixed, 3);
	must(ldb_dataset_row_ids(bench.table.dataset, 1, bench.table.arena, &ids, NULL, &err), &err);
	assert_int_equal(ids[1], 2);
	/* and copies of copies do */
	bench_on_base(&bench, NULL);
	must(try_row(bench.draft, 20, first, (uint64_t) 1 << 32 | 1, NULL, &err), &err);
	must(try_row(bench.draft, 21, first, (uint64_t) 1 << 32 | 2, NULL, &err), &err);
	add_row(&bench, 22, first);
	commit_draft(&bench);
	check_versions(&bench, 2, later, 3);
	must(ldb_dataset_row_ids(bench.table.dataset, 2, bench.table.arena, &ids, NULL, &err), &err);
	assert_int_equal(ids[0], 2);
	bench_close(&bench);
}

/* Hand-made sequences: version 7 for as many rows as the span says. */
static LdbStatus
read_span(Ldb__U64Segment *span, uint64_t rows, const uint64_t **versions, MemoryTable *table,
		  LdbError *err)
{
	Ldb__RowDatasetVersionRun run = LDB__ROW_DATASET_VERSION_RUN__INIT;
	Ldb__RowDatasetVersionRun *runs[] = {&run};
	Ldb__RowDatasetVersionSequence sequence = LDB__ROW_DATASET_VERSION_SEQUENCE__INIT;
	Ldb__DataFragment *fragment;
	Draft draft;

	run.span = span;
	run.has_version = true;
	run.version = 7;
	sequence.n_runs = 1;
	sequence.runs = runs;
	memory_open(table);
	draft_open(&draft);
	fragment = draft_fragment(&draft, 0, rows);
	fragment->has_inline_created_at_versions = true;
	fragment->inline_created_at_versions.len =
		ldb__row_dataset_version_sequence__get_packed_size(&sequence);
	fragment->inline_created_at_versions.data =
		ldb_arena_alloc(draft.arena, fragment->inline_created_at_versions.len);
	ldb__row_dataset_version_sequence__pack(&sequence, fragment->inline_created_at_versions.data);
	memory_open_draft(table, &draft);
	draft_close(&draft);
	memset(err, 0, sizeof *err);
	return ldb_dataset_created_versions(table->dataset, 0, table->arena, versions, err);
}

static void
check_span(Ldb__U64Segment *span, uint64_t rows)
{
	const uint64_t *versions;
	MemoryTable table;
	LdbError err;

	must(read_span(span, rows, &versions, &table, &err), &err);
	for (uint64_t i = 0; i < rows; i++)
		assert_int_equal(versions[i], 7);
	memory_close(&table);
	assert_fails(read_span(span, rows + 1, &versions, &table, &err), LDB_CORRUPT, "rows");
	memory_close(&table);
	assert_fails(read_span(span, rows - 1, &versions, &table, &err), LDB_CORRUPT, "run 0");
	memory_close(&table);
}

static void
every_kind_of_span_counts_its_values(void **state)
{
	uint8_t bytes[16] = {0xff, 0x0f};
	Ldb__U64Segment span = LDB__U64_SEGMENT__INIT;
	Ldb__U64Segment__Range range = LDB__U64_SEGMENT__RANGE__INIT;
	Ldb__U64Segment__RangeWithHoles holes = LDB__U64_SEGMENT__RANGE_WITH_HOLES__INIT;
	Ldb__U64Segment__RangeWithBitmap bitmap = LDB__U64_SEGMENT__RANGE_WITH_BITMAP__INIT;
	Ldb__EncodedU64Array array = LDB__ENCODED_U64_ARRAY__INIT;
	Ldb__EncodedU64Array__U16 small = LDB__ENCODED_U64_ARRAY__U16__INIT;

	(void) state;
	range.has_start = range.has_end = true;
	range.start = 100;
	range.end = 105;
	span.kind_case = LDB__U64_SEGMENT__KIND_RANGE;
	span.range = &range;
	check_span(&span, 5);
	small.has_offsets = true;
	small.offsets = (ProtobufCBinaryData){6, bytes};
	array.kind_case = LDB__ENCODED_U64_ARRAY__KIND_U16;
	array.u16 = &small;
	span.kind_case = LDB__U64_SEGMENT__KIND_ARRAY;
	span.array = &array;
	check_span(&span, 3);
	holes.has_start = holes.has_end = true;
	holes.start = 10;
	holes.end = 20;
	holes.holes = &array;
	span.kind_case = LDB__U64_SEGMENT__KIND_RANGE_WITH_HOLES;
	span.range_with_holes = &holes;
	check_span(&span, 7);
	bitmap.has_start = bitmap.has_end = bitmap.has_bitmap = true;
	bitmap.start = 0;
	bitmap.end = 16;
	bitmap.bitmap = (ProtobufCBinaryData){2, bytes};
	span.kind_case = LDB__U64_SEGMENT__KIND_RANGE_WITH_BITMAP;
	span.range_with_bitmap = &bitmap;
	check_span(&span, 12);
}

static void
a_fragment_that_says_nothing_has_none(void **state)
{
	const uint64_t *versions;
	LdbError err;
	Bench bench;

	(void) state;
	bench_open(&bench, "2.1", false);
	bench_publish(&bench, 10, 20);
	must(ldb_dataset_created_versions(bench.table.dataset, 0, bench.table.arena, &versions, &err),
		 &err);
	assert_null(versions);
	bench_close(&bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_copies_of_rows_keep_the_version_that_first_had_them),
		cmocka_unit_test(every_kind_of_span_counts_its_values),
		cmocka_unit_test(a_fragment_that_says_nothing_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
