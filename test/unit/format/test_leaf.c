/* test_leaf.c -- ranges over many pages, what is fetched for them, and what stays. */
#include "file21.h"

#define PAGES 11
#define PAGE_ROWS 4

/* Pages of four int32 values: value i of the column is i. Every third page is one of nulls, and
 * an empty page follows the fifth. */
static void
start_pages(Draft *draft)
{
	draft_start(draft, PAGES * PAGE_ROWS);
	draft_column(draft);
	for (uint8_t page = 0; page < PAGES; page++)
	{
		uint8_t base = (uint8_t) (page * PAGE_ROWS);

		if (page == 5)
			draft_constant(draft, 0);
		if (page % 3 == 2)
		{
			draft_constant(draft, PAGE_ROWS);
			continue;
		}
		draft_mini(draft, PAGE_ROWS, PAGE_ROWS, flat(draft, 32));
		BUFFER(draft, 0x20, 0);
		BUFFER(draft, 0, 0, 16, 0, 0xfe, 0xfe, 0xfe, 0xfe, base, 0, 0, 0, (uint8_t) (base + 1), 0,
			   0, 0, (uint8_t) (base + 2), 0, 0, 0, (uint8_t) (base + 3), 0, 0, 0);
	}
}

static void
check_rows(const LdbArray *array, const LdbRowRange *ranges, size_t range_count)
{
	size_t row = 0;

	for (size_t i = 0; i < range_count; i++)
		for (uint64_t at = ranges[i].first; at < ranges[i].first + ranges[i].count; at++, row++)
		{
			bool null = at / PAGE_ROWS % 3 == 2;

			assert_int_equal(ldb_array_is_null(array, row), null);
			if (!null)
				assert_int_equal(ldb_load_u32((const uint8_t *) array->values + row * 4), at);
		}
	assert_int_equal(array->length, row);
}

static void
reads_every_range_over_pages_of_different_layouts(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_INT32);
	LdbColumnReader *reader;
	LdbColumnSource source;
	LdbArray array;
	Draft draft;

	(void) state;
	start_pages(&draft);
	assert_int_equal(draft_open(&draft), LDB_OK);
	source = (LdbColumnSource){0, draft.file, 0};
	assert_int_equal(ldb_column_open(&field, &source, 1, draft.row_count, &reader, NULL), LDB_OK);
	for (uint64_t first = 0; first < draft.row_count; first++)
		for (uint64_t count = 1; count <= draft.row_count - first; count++)
		{
			LdbRowRange ranges[2] = {{first, count}, {draft.row_count - 1, 1}};
			size_t range_count = first + count < draft.row_count ? 2 : 1;

			if (ldb_column_read(reader, ranges, range_count, draft.arena, &array, NULL,
								&draft.err) != LDB_OK)
				fail_msg("%s", draft.err.message);
			check_rows(&array, ranges, range_count);
		}
	ldb_column_close(reader);
	draft_end(&draft);
}

static void
goes_back_to_pages_that_were_dropped(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_INT32);
	LdbColumnReader *reader;
	LdbColumnSource source;
	LdbArray array;
	Draft draft;

	(void) state;
	start_pages(&draft);
	assert_int_equal(draft_open(&draft), LDB_OK);
	source = (LdbColumnSource){0, draft.file, 0};
	assert_int_equal(ldb_column_open(&field, &source, 1, draft.row_count, &reader, NULL), LDB_OK);
	for (uint64_t i = 0; i < 500; i++)
	{
		LdbRowRange range = {i * 37 % draft.row_count, 1};

		assert_int_equal(ldb_column_read(reader, &range, 1, draft.arena, &array, NULL, NULL),
						 LDB_OK);
		check_rows(&array, &range, 1);
	}
	ldb_column_close(reader);
	draft_end(&draft);
}

static void
fetches_tables_once_and_then_only_chunks(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_INT32);
	LdbReadStats stats = {0, 0};
	LdbColumnReader *reader;
	LdbColumnSource source;
	LdbObject *object;
	LdbArray array;
	uint64_t before;
	LdbFile *file;
	Draft draft;

	(void) state;
	start_pages(&draft);
	assert_int_equal(draft_open(&draft), LDB_OK);
	assert_int_equal(ldb_object_open(draft.store, "draft.lance", 0, &stats, NULL, &object, NULL),
					 LDB_OK);
	assert_int_equal(ldb_file_open(object, NULL, &file, NULL), LDB_OK);
	source = (LdbColumnSource){0, file, 0};
	assert_int_equal(ldb_column_open(&field, &source, 1, draft.row_count, &reader, NULL), LDB_OK);
	before = stats.requests;
	assert_int_equal(ldb_column_read(reader, &(LdbRowRange){0, draft.row_count}, 1, draft.arena,
									 &array, NULL, NULL),
					 LDB_OK);
	/* the tables of all pages in one request, their chunks in another */
	assert_int_equal(stats.requests - before, 2);
	before = stats.requests;
	assert_int_equal(
		ldb_column_read(reader, &(LdbRowRange){40, 4}, 1, draft.arena, &array, NULL, NULL), LDB_OK);
	assert_int_equal(stats.requests - before, 1);
	ldb_column_close(reader);
	ldb_file_close(file);
	draft_end(&draft);
}

static bool
always(void *context)
{
	(void) context;
	return true;
}

static void
stops_when_cancelled(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_INT32);
	LdbCancel cancel = {always, NULL};
	LdbColumnReader *reader;
	LdbColumnSource source;
	LdbArray array;
	Draft draft;

	(void) state;
	start_pages(&draft);
	assert_int_equal(draft_open(&draft), LDB_OK);
	source = (LdbColumnSource){0, draft.file, 0};
	assert_int_equal(ldb_column_open(&field, &source, 1, draft.row_count, &reader, NULL), LDB_OK);
	assert_int_equal(
		ldb_column_read(reader, &(LdbRowRange){0, 9}, 1, draft.arena, &array, &cancel, &draft.err),
		LDB_CANCELLED);
	assert_int_equal(
		ldb_column_read(reader, &(LdbRowRange){0, 9}, 1, draft.arena, &array, NULL, &draft.err),
		LDB_OK);
	ldb_column_close(reader);
	draft_end(&draft);
}

static void
names_column_and_page_of_a_fault(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_INT32);
	Draft draft;

	(void) state;
	start_pages(&draft);
	draft.columns[0].pages[4].buffers[1].length = 8;
	draft_must_fail(&draft, &field, LDB_CORRUPT, "\"draft.lance\" column 0 page 4");
	draft_end(&draft);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_range_over_pages_of_different_layouts),
		cmocka_unit_test(goes_back_to_pages_that_were_dropped),
		cmocka_unit_test(fetches_tables_once_and_then_only_chunks),
		cmocka_unit_test(stops_when_cancelled),
		cmocka_unit_test(names_column_and_page_of_a_fault),
	};

	return cmocka_run_group_tests_name("leaf", tests, NULL, NULL);
}
