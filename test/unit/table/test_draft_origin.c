/*
 * test_draft_origin.c -- which indices cover rows that were replaced: those that still say the truth.
 *
 * Tables of six fragments of ten rows each, with indices on parts of them.
 */
#include "table/foreign.h"

#include "ldb/table/draft.h"
#include "roaring.h"

#define FRAGMENTS 6
#define ID 1 /* bits of fields */
#define VALUE 2
#define ANY (-1)

typedef struct Bench
{
	CommitTable table;
	LdbDataset *base;
	LdbDraft *draft;
	LdbMark mark;
	size_t index_count;
	Ldb__IndexMetadata *indices[8];
} Bench;

/* `fragments`: their digits. */
static void
add_index(Bench *bench, const char *name, const char *kind, int32_t field, const char *fragments)
{
	LdbArena *arena = bench->table.arena;
	Ldb__IndexMetadata *index = ldb_arena_zalloc(arena, sizeof *index);
	uint8_t bits[4] = {0};
	LdbSlice bytes;
	LdbError err;

	ldb__index_metadata__init(index);
	index->name = ldb_arena_strdup(arena, name);
	index->n_fields = 1;
	index->fields = ldb_arena_copy(arena, &field, sizeof field);
	for (const char *digit = fragments; *digit != '\0'; digit++)
		ldb_bit_set(bits, (size_t) (*digit - '0'));
	must(ldb_roaring_encode(bits, 32, arena, &bytes, &err), &err);
	index->has_fragment_bitmap = true;
	index->fragment_bitmap =
		(ProtobufCBinaryData){bytes.length, ldb_arena_copy(arena, bytes.data, bytes.length)};
	index->index_details = ldb_arena_zalloc(arena, sizeof *index->index_details);
	ldb__any__init(index->index_details);
	index->index_details->type_url = ldb_arena_printf(arena, "/lance.table.%sIndexDetails", kind);
	bench->indices[bench->index_count++] = index;
}

static void
open_bench(Bench *bench, bool stable)
{
	LdbChange change;

	memset(bench, 0, sizeof *bench);
	commit_open(&bench->table, false);
	commit_create(&bench->table, stable, 10);
	for (int i = 1; i < FRAGMENTS; i++)
	{
		change = commit_begin(&bench->table);
		commit_add(&bench->table, &change, i * 10, 10);
		commit_do(&bench->table, &change);
	}
	bench->mark = (LdbMark){1, 1};
}

/* With the indices that were added. */
static void
begin_draft(Bench *bench)
{
	Ldb__IndexSection section = LDB__INDEX_SECTION__INIT;
	Foreign foreign;
	LdbError err;

	if (bench->index_count > 0)
	{
		foreign_begin(&bench->table, &foreign);
		section.n_indices = bench->index_count;
		section.indices = bench->indices;
		must(ldb_proto_pack(&section.base, bench->table.arena, "test", &foreign.indices, &err),
			 &err);
		foreign_put(&bench->table, &foreign);
		bench->index_count = 0;
	}
	bench->base = commit_open_version(&bench->table, 0);
	must(ldb_draft_new(bench->base, bench->table.locations, NULL, &bench->draft, &err), &err);
}

static void
commit_draft(Bench *bench)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbChange change;
	LdbError err;

	must(ldb_draft_change(bench->draft, UINT32_MAX, arena, &change, &err), &err);
	commit_do(&bench->table, &change);
	ldb_arena_free(arena);
	ldb_draft_free(bench->draft);
	ldb_dataset_close(bench->base);
}

/* The new copy of a row, or with UINT64_MAX a new one; gives its address. */
static uint64_t
put_row(Bench *bench, uint64_t replaced, int64_t id, int differs)
{
	int64_t value = id * 10;
	uint8_t bits = (uint8_t) differs;
	uint64_t number, address;
	LdbBuilder **builders;
	LdbError err;
	bool done;

	if (replaced != UINT64_MAX)
	{
		must(ldb_draft_delete(bench->draft, &replaced, 1, bench->mark, &done, &err), &err);
		assert_true(done);
	}
	ldb_draft_expect(bench->draft, replaced);
	must(ldb_draft_row(bench->draft, &builders, &err), &err);
	must(ldb_builder_fixed(builders[0], &id, &err), &err);
	must(ldb_builder_fixed(builders[1], &value, &err), &err);
	if (differs != ANY)
		ldb_draft_row_differs(bench->draft, &bits);
	must(ldb_draft_row_done(bench->draft, bench->mark, replaced, &number, &err), &err);
	must(ldb_draft_row_address(bench->draft, number, &address, &err), &err);
	return address;
}

static uint64_t
update(Bench *bench, uint64_t fragment, uint64_t row, int differs)
{
	return put_row(bench, ldb_row_address(fragment, row), (int64_t) (fragment * 10 + row), differs);
}

/* All rows of a fragment. */
static void
update_all(Bench *bench, uint64_t fragment, int differs)
{
	for (uint64_t row = 0; row < 10; row++)
		update(bench, fragment, row, differs);
}

static const Ldb__IndexSection *
read_section(Bench *bench)
{
	ProtobufCMessage *message;
	Foreign foreign;
	LdbError err;

	foreign_begin(&bench->table, &foreign);
	ldb_head_close(&foreign.head);
	must(ldb_proto_unpack(&ldb__index_section__descriptor, foreign.indices, bench->table.arena,
						  "test", &message, &err),
		 &err);
	return (const Ldb__IndexSection *) message;
}

/* The indices of the newest version and what they cover: "name:digits name:digits". */
static void
assert_covered(Bench *bench, const char *wanted)
{
	const Ldb__IndexSection *section = read_section(bench);
	char text[256] = "";
	size_t length = 0;

	for (size_t i = 0; i < section->n_indices; i++)
	{
		const Ldb__IndexMetadata *index = section->indices[i];
		uint8_t bits[4] = {0};
		uint64_t count;
		LdbError err;

		must(ldb_roaring_decode(ldb_slice(index->fragment_bitmap.data, index->fragment_bitmap.len),
								"test", bits, 32, &count, &err),
			 &err);
		length += (size_t) snprintf(text + length, sizeof text - length, "%s%s:", i == 0 ? "" : " ",
									index->name);
		for (size_t id = 0; id < 32; id++)
		{
			if (ldb_bit_get(bits, id))
				length += (size_t) snprintf(text + length, sizeof text - length, "%zu", id);
		}
	}
	assert_string_equal(text, wanted);
}

static void
close_bench(Bench *bench)
{
	commit_close(&bench->table);
}

/* ---- tests ---- */

static void
covers_copies_whose_column_is_as_it_was(void **state)
{
	Bench bench;

	(void) state;
	open_bench(&bench, true);
	add_index(&bench, "i", "BTree", 0, "01");
	add_index(&bench, "v", "Vector", 1, "01");
	begin_draft(&bench);
	update(&bench, 0, 3, VALUE);
	update(&bench, 1, 4, VALUE);
	commit_draft(&bench);
	assert_covered(&bench, "i:016 v:01");
	begin_draft(&bench);
	put_row(&bench, ldb_row_address(6, 0), 3, 0);
	update(&bench, 0, 5, 0);
	commit_draft(&bench);
	/* the copy of the copy, whose value the second index does not have, lies apart */
	assert_covered(&bench, "i:01678 v:018");
	assert_ids(&bench.table, 0, "0-59");
	close_bench(&bench);
}

static void
covers_nothing_when_anything_may_have_changed(void **state)
{
	Bench bench;

	(void) state;
	open_bench(&bench, true);
	add_index(&bench, "i", "BTree", 0, "01");
	begin_draft(&bench);
	update(&bench, 0, 3, 0);
	update(&bench, 0, 4, ANY);
	commit_draft(&bench);
	assert_covered(&bench, "i:01");
	close_bench(&bench);
}

static void
covers_nothing_without_stable_row_ids(void **state)
{
	Bench bench;

	(void) state;
	open_bench(&bench, false);
	add_index(&bench, "i", "BTree", 0, "01");
	begin_draft(&bench);
	update(&bench, 0, 3, VALUE);
	commit_draft(&bench);
	assert_covered(&bench, "i:01");
	close_bench(&bench);
}

static void
covers_nothing_by_an_index_of_places(void **state)
{
	Bench bench;

	(void) state;
	open_bench(&bench, true);
	add_index(&bench, "z", "ZoneMap", 0, "01");
	add_index(&bench, "x", "SomeNewKindOf", 0, "01");
	begin_draft(&bench);
	update(&bench, 0, 3, VALUE);
	commit_draft(&bench);
	assert_covered(&bench, "z:01 x:01");
	close_bench(&bench);
}

static void
separates_rows_that_different_parts_of_an_index_cover(void **state)
{
	Bench bench;

	(void) state;
	open_bench(&bench, true);
	add_index(&bench, "v", "Vector", 0, "01");
	add_index(&bench, "v", "Vector", 0, "23");
	begin_draft(&bench);
	update(&bench, 0, 1, VALUE);
	update(&bench, 1, 1, VALUE); /* 6 */
	update(&bench, 2, 1, VALUE);
	update(&bench, 3, 1, VALUE); /* 7 */
	update(&bench, 4, 1, VALUE);
	put_row(&bench, UINT64_MAX, 60, ANY); /* 8 */
	update(&bench, 3, 2, VALUE);          /* 9 */
	commit_draft(&bench);
	assert_covered(&bench, "v:016 v:2379");
	assert_ids(&bench.table, 0, "0-60");
	close_bench(&bench);
}

/* Rows in a wild order: few fragments, and none of those that are mixed is covered. */
static void
mixes_rows_rather_than_make_a_fragment_of_each(void **state)
{
	LdbDataset *dataset;
	Bench bench;

	(void) state;
	open_bench(&bench, true);
	add_index(&bench, "v", "Vector", 0, "0");
	begin_draft(&bench);
	for (uint64_t row = 0; row < 10; row++)
	{
		update(&bench, 0, row, VALUE);
		update(&bench, 1, row, VALUE);
	}
	commit_draft(&bench);
	dataset = commit_open_version(&bench.table, 0);
	assert_in_range(ldb_dataset_manifest(dataset)->fragment_count, 4 + 2, 4 + 17);
	ldb_dataset_close(dataset);
	/* 6, 8, ... have rows of fragment 0 alone, the last one has both */
	assert_covered(&bench, "v:068101214161820");
	assert_ids(&bench.table, 0, "0-59");
	close_bench(&bench);
}

static void
remembers_what_an_earlier_copy_changed(void **state)
{
	uint64_t address;
	Bench bench;

	(void) state;
	open_bench(&bench, true);
	add_index(&bench, "i", "BTree", 0, "0");
	add_index(&bench, "v", "Vector", 1, "0");
	begin_draft(&bench);
	address = update(&bench, 0, 3, VALUE);
	bench.mark.command++;
	put_row(&bench, address, 3, 0);
	commit_draft(&bench);
	assert_covered(&bench, "i:06 v:0");
	/* and a row that is new in this transaction has no entry to go on with */
	begin_draft(&bench);
	address = put_row(&bench, UINT64_MAX, 60, ANY);
	bench.mark.command++;
	put_row(&bench, address, 60, 0);
	update(&bench, 0, 4, 0);
	commit_draft(&bench);
	assert_covered(&bench, "i:068 v:08");
	close_bench(&bench);
}

static void
tells_which_fields_changed(void **state)
{
	static const struct
	{
		int differs[2];
		size_t count;
		uint32_t fields[2];
	} cases[] = {
		{{VALUE, 0}, 1, {1}}, {{0, 0}, 0, {0}}, {{ID, VALUE}, 2, {0, 1}}, {{0, ANY}, 2, {0, 1}}};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
	{
		const Ldb__Transaction__Update *theirs;
		ProtobufCMessage *message;
		Foreign foreign;
		LdbSlice section;
		Bench bench;
		LdbError err;

		open_bench(&bench, true);
		begin_draft(&bench);
		update(&bench, 0, 1, cases[i].differs[0]);
		update(&bench, 0, 2, cases[i].differs[1]);
		commit_draft(&bench);
		foreign_begin(&bench.table, &foreign);
		must(ldb_manifest_section(foreign.head.file, "test",
								  foreign.head.message->transaction_section, &section, &err),
			 &err);
		must(ldb_proto_unpack(&ldb__transaction__descriptor, section, bench.table.arena, "test",
							  &message, &err),
			 &err);
		theirs = ((const Ldb__Transaction *) message)->update;
		assert_int_equal(theirs->n_fields_for_preserving_frag_bitmap, cases[i].count);
		for (size_t j = 0; j < cases[i].count; j++)
			assert_int_equal(theirs->fields_for_preserving_frag_bitmap[j], cases[i].fields[j]);
		ldb_head_close(&foreign.head);
		close_bench(&bench);
	}
}

static void
drops_parts_of_indices_that_cover_nothing(void **state)
{
	for (int stable = 0; stable < 2; stable++)
	{
		Bench bench;

		(void) state;
		open_bench(&bench, stable == 1);
		add_index(&bench, "i", "BTree", 1, "0");
		add_index(&bench, "v", "Vector", 1, "0");
		add_index(&bench, "w", "Vector", 1, "01");
		add_index(&bench, "p", "BTree", 1, "0");
		add_index(&bench, "p", "BTree", 1, "1");
		begin_draft(&bench);
		update_all(&bench, 0, VALUE);
		commit_draft(&bench);
		/* bitmaps of those that stay go on to name what is gone */
		assert_covered(&bench, "i:0 w:01 p:1");
		begin_draft(&bench);
		update_all(&bench, 1, VALUE);
		commit_draft(&bench);
		assert_covered(&bench, "i:0 p:1");
		assert_ids(&bench.table, 0, "0-59");
		close_bench(&bench);
	}
}

static void
drops_vector_indices_with_the_last_row(void **state)
{
	Bench bench;
	LdbError err;

	(void) state;
	open_bench(&bench, false);
	add_index(&bench, "i", "BTree", 0, "01");
	add_index(&bench, "i", "BTree", 0, "23");
	add_index(&bench, "v", "Vector", 1, "01");
	begin_draft(&bench);
	must(ldb_draft_truncate(bench.draft, bench.mark, &err), &err);
	commit_draft(&bench);
	assert_covered(&bench, "i:01");
	close_bench(&bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(covers_copies_whose_column_is_as_it_was),
		cmocka_unit_test(covers_nothing_when_anything_may_have_changed),
		cmocka_unit_test(covers_nothing_without_stable_row_ids),
		cmocka_unit_test(covers_nothing_by_an_index_of_places),
		cmocka_unit_test(separates_rows_that_different_parts_of_an_index_cover),
		cmocka_unit_test(mixes_rows_rather_than_make_a_fragment_of_each),
		cmocka_unit_test(remembers_what_an_earlier_copy_changed),
		cmocka_unit_test(tells_which_fields_changed),
		cmocka_unit_test(drops_parts_of_indices_that_cover_nothing),
		cmocka_unit_test(drops_vector_indices_with_the_last_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
