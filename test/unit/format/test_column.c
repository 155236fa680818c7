/* test_column.c -- which sources a field has, and what may be asked of a reader. */
#include "file21.h"

/* Two int32 columns of three rows: 1 2 3 and 4 5 6. */
static void
start_columns(Draft *draft, bool in_struct)
{
	draft_start(draft, 3);
	for (uint8_t i = 0; i < 2; i++)
	{
		uint8_t base = (uint8_t) (1 + 3 * i);
		MiniBlock *mini;

		draft_column(draft);
		mini = draft_mini(draft, 3, 3, flat(draft, 32));
		if (in_struct)
			LAYERS(draft, mini, 1, 1);
		BUFFER(draft, 0x20, 0);
		BUFFER(draft, 0, 0, 12, 0, 0xfe, 0xfe, 0xfe, 0xfe, base, 0, 0, 0, (uint8_t) (base + 1), 0,
			   0, 0, (uint8_t) (base + 2), 0, 0, 0, 0xfe, 0xfe, 0xfe, 0xfe);
	}
	assert_int_equal(draft_open(draft), LDB_OK);
}

typedef struct Pair
{
	LdbField all;
	LdbField fields[2];
	LdbField *children[2];
} Pair;

static void
make_pair(Pair *pair)
{
	memset(pair, 0, sizeof *pair);
	pair->all = leaf_field(LDB_TYPE_STRUCT);
	pair->all.id = 10;
	for (int i = 0; i < 2; i++)
	{
		pair->fields[i] = leaf_field(LDB_TYPE_INT32);
		pair->fields[i].id = 11 + i;
		pair->children[i] = &pair->fields[i];
	}
	pair->all.children = pair->children;
	pair->all.child_count = 2;
}

static void
open_and_read(Draft *draft, const LdbField *field, const LdbColumnSource *sources, size_t count,
			  LdbArray *array)
{
	LdbColumnReader *reader;

	if (ldb_column_open(field, sources, count, 3, &reader, &draft->err) != LDB_OK ||
		ldb_column_read(reader, &(LdbRowRange){0, 3}, 1, draft->arena, array, NULL, &draft->err) !=
			LDB_OK)
		fail_msg("%s", draft->err.message);
	ldb_column_close(reader);
}

static void
joins_leaves_from_their_sources(void **state)
{
	LdbArray array;
	Draft draft;
	Pair pair;

	(void) state;
	start_columns(&draft, true);
	make_pair(&pair);
	/* in any order; ids of other fields are passed over */
	open_and_read(&draft, &pair.all,
				  (LdbColumnSource[]){{12, draft.file, 0}, {5, draft.file, 9}, {11, draft.file, 1}},
				  3, &array);
	assert_int_equal(array.child_count, 2);
	assert_int_equal(ldb_load_u32(array.children[0].values), 4);
	assert_int_equal(ldb_load_u32(array.children[1].values), 1);
	draft_end(&draft);
}

static void
gives_nulls_for_what_has_no_source(void **state)
{
	LdbArray array;
	Draft draft;
	Pair pair;

	(void) state;
	start_columns(&draft, true);
	make_pair(&pair);
	open_and_read(&draft, &pair.all, &(LdbColumnSource){12, draft.file, 0}, 1, &array);
	assert_int_equal(array.null_count, 0);
	assert_int_equal(array.children[0].null_count, 3);
	assert_int_equal(array.children[1].null_count, 0);
	open_and_read(&draft, &pair.all, NULL, 0, &array);
	assert_int_equal(array.null_count, 3);
	draft_end(&draft);
}

static void
refuses_ranges_that_descend_overlap_or_lead_out(void **state)
{
	static const LdbRowRange wrong[][2] = {{{1, 1}, {0, 1}},          {{0, 2}, {1, 1}},
										   {{0, 1}, {2, 2}},          {{0, 1}, {1, 0}},
										   {{0, 1}, {UINT64_MAX, 2}}, {{0, 1}, {4, 1}}};
	LdbField field = leaf_field(LDB_TYPE_INT32);
	LdbColumnReader *reader;
	LdbColumnSource source;
	LdbArray array;
	Draft draft;

	(void) state;
	start_columns(&draft, false);
	source = (LdbColumnSource){0, draft.file, 0};
	assert_int_equal(ldb_column_open(&field, &source, 1, 3, &reader, NULL), LDB_OK);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(
			ldb_column_read(reader, wrong[i], 2, draft.arena, &array, NULL, &draft.err),
			LDB_INVALID);
	assert_int_equal(ldb_column_read(reader, NULL, 0, draft.arena, &array, NULL, NULL), LDB_OK);
	assert_int_equal(array.length, 0);
	ldb_column_close(reader);
	draft_end(&draft);
}

static void
refuses_a_source_with_another_number_of_rows(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_INT32);
	LdbColumnReader *reader;
	LdbColumnSource source;
	Draft draft;

	(void) state;
	start_columns(&draft, false);
	source = (LdbColumnSource){0, draft.file, 0};
	assert_int_equal(ldb_column_open(&field, &source, 1, 4, &reader, &draft.err), LDB_CORRUPT);
	assert_non_null(strstr(draft.err.message, "3 rows, the fragment 4"));
	assert_null(reader);
	draft_end(&draft);
}

static void
says_how_many_bytes_a_row_takes(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_INT32);
	LdbColumnReader *reader;
	LdbColumnSource source;
	Draft draft;
	double bytes;

	(void) state;
	start_columns(&draft, false);
	source = (LdbColumnSource){0, draft.file, 0};
	assert_int_equal(ldb_column_open(&field, &source, 1, 3, &reader, NULL), LDB_OK);
	assert_int_equal(ldb_column_row_bytes(reader, &bytes, NULL), LDB_OK);
	assert_float_equal(bytes, 26.0 / 3, 1e-9);
	ldb_column_close(reader);
	draft_end(&draft);
}

static void
survives_every_failing_allocation(void **state)
{
	LdbStatus status = LDB_NOMEM;
	Draft draft;
	Pair pair;

	(void) state;
	start_columns(&draft, true);
	make_pair(&pair);
	for (uint64_t n = 1; status != LDB_OK && n < 1000; n++)
	{
		LdbColumnSource sources[] = {{11, draft.file, 0}, {12, draft.file, 1}};
		LdbColumnReader *reader = NULL;
		LdbArray array;

		ldb_heap_fail_after(n);
		status = ldb_column_open(&pair.all, sources, 2, 3, &reader, NULL);
		if (status == LDB_OK)
			status = ldb_column_read(reader, &(LdbRowRange){0, 3}, 1, draft.arena, &array, NULL,
									 &draft.err);
		ldb_heap_fail_after(0);
		assert_true(status == LDB_OK || status == LDB_NOMEM);
		ldb_column_close(reader);
	}
	assert_int_equal(status, LDB_OK);
	draft_end(&draft);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_leaves_from_their_sources),
		cmocka_unit_test(gives_nulls_for_what_has_no_source),
		cmocka_unit_test(refuses_ranges_that_descend_overlap_or_lead_out),
		cmocka_unit_test(refuses_a_source_with_another_number_of_rows),
		cmocka_unit_test(says_how_many_bytes_a_row_takes),
		cmocka_unit_test(survives_every_failing_allocation),
	};

	return cmocka_run_group_tests_name("column", tests, NULL, NULL);
}
