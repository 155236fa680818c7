/* test_file.c -- what is a data file, of which version, and where its tables may lie. */
#include "file21.h"

#include "column_impl.h"

/* A file of one int32 column with three rows, as LanceDB writes it. */
static void
start_plain(Draft *draft)
{
	MiniBlock *mini;

	draft_start(draft, 3);
	draft_column(draft);
	mini = draft_mini(draft, 3, 3, flat(draft, 32));
	(void) mini;
	BUFFER(draft, 0x20, 0);
	BUFFER(draft, 0, 0, 12, 0, 0xfe, 0xfe, 0xfe, 0xfe, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0xfe,
		   0xfe, 0xfe, 0xfe);
}

static void
opens_a_file_and_says_what_it_holds(void **state)
{
	uint64_t bytes;
	Draft draft;

	(void) state;
	start_plain(&draft);
	assert_int_equal(draft_open(&draft), LDB_OK);
	assert_int_equal(ldb_file_row_count(draft.file), 3);
	assert_int_equal(ldb_file_column_count(draft.file), 1);
	assert_int_equal(ldb_file_version(draft.file), 21);
	assert_int_equal(ldb_file_column_bytes(draft.file, 0, &bytes, NULL), LDB_OK);
	assert_int_equal(bytes, 2 + 24);
	draft_end(&draft);
}

static LdbStatus
open_version(Draft *draft, uint16_t major, uint16_t minor)
{
	start_plain(draft);
	draft->version[0] = major;
	draft->version[1] = minor;
	return draft_open(draft);
}

static void
knows_the_versions_that_it_reads(void **state)
{
	static const struct
	{
		uint16_t major;
		uint16_t minor;
		int version;
	} known[] = {{0, 3, 20}, {2, 0, 20}, {2, 1, 21}, {2, 2, 22}};
	Draft draft;

	(void) state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
	{
		assert_int_equal(open_version(&draft, known[i].major, known[i].minor), LDB_OK);
		assert_int_equal(ldb_file_version(draft.file), known[i].version);
		draft_end(&draft);
	}
}

static void
refuses_other_versions_by_name_and_says_what_to_do(void **state)
{
	Draft draft;

	(void) state;
	assert_int_equal(open_version(&draft, 0, 2), LDB_UNSUPPORTED);
	assert_non_null(strstr(draft.err.message, "draft.lance"));
	assert_non_null(strstr(draft.err.message, "legacy"));
	assert_non_null(strstr(draft.err.hint, "2.1"));
	draft_end(&draft);
	assert_int_equal(open_version(&draft, 2, 3), LDB_UNSUPPORTED);
	assert_non_null(strstr(draft.err.message, "2.3"));
	assert_non_null(strstr(draft.err.hint, "Rewrite"));
	draft_end(&draft);
	assert_int_equal(open_version(&draft, 3, 0), LDB_UNSUPPORTED);
	draft_end(&draft);
}

static void
refuses_what_is_no_lance_file(void **state)
{
	Draft draft;

	(void) state;
	draft_start(&draft, 0);
	assert_int_equal(draft_open_bytes(&draft, ldb_slice("", 0)), LDB_CORRUPT);
	assert_int_equal(draft_open_bytes(&draft, ldb_slice_of("LANC")), LDB_CORRUPT);
	assert_int_equal(draft_open_bytes(&draft, ldb_slice_of("a text of more than forty bytes, "
														   "which is no Lance file")),
					 LDB_CORRUPT);
	assert_non_null(strstr(draft.err.message, "magic"));
	assert_int_equal(draft_open_bytes(&draft, ldb_slice("\2\0\1\0LANC", 8)), LDB_CORRUPT);
	draft_end(&draft);
}

static void
names_the_byte_of_a_table_beyond_the_end(void **state)
{
	LdbBuffer bytes = {0};
	Draft draft;

	(void) state;
	start_plain(&draft);
	draft.footer_columns = 1000000;
	draft_write(&draft, &bytes);
	assert_int_equal(draft_open_bytes(&draft, ldb_slice(bytes.data, bytes.length)), LDB_CORRUPT);
	assert_non_null(strstr(draft.err.message, "column metadata table at byte"));
	ldb_buffer_free(&bytes);
	draft_end(&draft);
}

static void
opens_no_truncated_file(void **state)
{
	LdbBuffer bytes = {0};
	Draft draft;

	(void) state;
	start_plain(&draft);
	draft_write(&draft, &bytes);
	for (size_t length = 0; length < bytes.length; length++)
	{
		assert_int_not_equal(draft_open_bytes(&draft, ldb_slice(bytes.data, length)), LDB_OK);
		assert_null(draft.file);
	}
	ldb_buffer_free(&bytes);
	draft_end(&draft);
}

static void
refuses_a_column_that_is_not_there(void **state)
{
	uint64_t bytes;
	Draft draft;

	(void) state;
	start_plain(&draft);
	assert_int_equal(draft_open(&draft), LDB_OK);
	assert_int_equal(ldb_file_column_bytes(draft.file, 1, &bytes, &draft.err), LDB_CORRUPT);
	assert_non_null(strstr(draft.err.message, "column 1 of 1"));
	draft_end(&draft);
}

static void
refuses_an_encoding_of_another_type(void **state)
{
	uint64_t bytes;
	Draft draft;

	(void) state;
	start_plain(&draft);
	draft.columns[0].type_url = "/lance.encodings.ArrayEncoding";
	assert_int_equal(draft_open(&draft), LDB_OK);
	assert_int_equal(ldb_file_column_bytes(draft.file, 0, &bytes, &draft.err), LDB_UNSUPPORTED);
	assert_non_null(strstr(draft.err.message, "ArrayEncoding"));
	draft_end(&draft);
}

static void
refuses_page_lengths_that_overflow(void **state)
{
	uint64_t bytes;
	Draft draft;

	(void) state;
	start_plain(&draft);
	draft_mini(&draft, UINT64_MAX, 1, flat(&draft, 32));
	assert_int_equal(draft_open(&draft), LDB_OK);
	assert_int_equal(ldb_file_column_bytes(draft.file, 0, &bytes, &draft.err), LDB_CORRUPT);
	assert_non_null(strstr(draft.err.message, "overflow"));
	draft_end(&draft);
}

static void
finds_the_page_of_a_row_past_empty_pages(void **state)
{
	LdbPageInfo infos[5] = {{0}, {0}, {0}, {0}, {0}};
	LdbColumnPages pages = {.page_count = 5, .pages = infos, .length = 8};
	static const uint64_t firsts[5] = {0, 0, 3, 3, 8};

	(void) state;
	for (size_t i = 0; i < 5; i++)
		infos[i].first_row = firsts[i];
	assert_int_equal(ldb_pages_find(&pages, 0), 1);
	assert_int_equal(ldb_pages_find(&pages, 2), 1);
	assert_int_equal(ldb_pages_find(&pages, 3), 3);
	assert_int_equal(ldb_pages_find(&pages, 7), 3);
}

static void
needs_one_request_for_a_small_file_and_none_for_its_columns(void **state)
{
	LdbReadStats stats = {0, 0};
	LdbBuffer bytes = {0};
	LdbObject *object;
	LdbFile *file;
	uint64_t column_bytes;
	Draft draft;

	(void) state;
	start_plain(&draft);
	draft_write(&draft, &bytes);
	assert_int_equal(draft_open_bytes(&draft, ldb_slice(bytes.data, bytes.length)), LDB_OK);
	assert_int_equal(
		ldb_object_open(draft.store, "draft.lance", bytes.length, &stats, NULL, &object, NULL),
		LDB_OK);
	stats.requests = 0; /* finding out its size took one */
	assert_int_equal(ldb_file_open(object, NULL, &file, NULL), LDB_OK);
	assert_int_equal(ldb_file_column_bytes(file, 0, &column_bytes, NULL), LDB_OK);
	assert_int_equal(stats.requests, 1);
	ldb_file_close(file);
	ldb_buffer_free(&bytes);
	draft_end(&draft);
}

static void
survives_every_failing_allocation(void **state)
{
	LdbBuffer bytes = {0};
	LdbStatus status = LDB_NOMEM;
	Draft draft;

	(void) state;
	start_plain(&draft);
	draft_write(&draft, &bytes);
	assert_int_equal(draft_open_bytes(&draft, ldb_slice(bytes.data, bytes.length)), LDB_OK);
	for (uint64_t n = 1; status != LDB_OK && n < 1000; n++)
	{
		LdbObject *object;
		LdbFile *file = NULL;

		assert_int_equal(ldb_object_open(draft.store, "draft.lance", 0, NULL, NULL, &object, NULL),
						 LDB_OK);
		ldb_heap_fail_after(n);
		status = ldb_file_open(object, NULL, &file, &draft.err);
		ldb_heap_fail_after(0);
		assert_true(status == LDB_OK || status == LDB_NOMEM);
		ldb_file_close(file);
	}
	assert_int_equal(status, LDB_OK);
	ldb_buffer_free(&bytes);
	draft_end(&draft);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_a_file_and_says_what_it_holds),
		cmocka_unit_test(knows_the_versions_that_it_reads),
		cmocka_unit_test(refuses_other_versions_by_name_and_says_what_to_do),
		cmocka_unit_test(refuses_what_is_no_lance_file),
		cmocka_unit_test(names_the_byte_of_a_table_beyond_the_end),
		cmocka_unit_test(opens_no_truncated_file),
		cmocka_unit_test(refuses_a_column_that_is_not_there),
		cmocka_unit_test(refuses_an_encoding_of_another_type),
		cmocka_unit_test(refuses_page_lengths_that_overflow),
		cmocka_unit_test(finds_the_page_of_a_row_past_empty_pages),
		cmocka_unit_test(needs_one_request_for_a_small_file_and_none_for_its_columns),
		cmocka_unit_test(survives_every_failing_allocation),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
