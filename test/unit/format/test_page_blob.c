/* test_page_blob.c -- blobs: descriptors in an inner page, bytes elsewhere in the file. */
#include "file21.h"

/* Rows "blob", empty, null; the bytes lie in a buffer of a column before. */
static void
start_blobs(Draft *draft, uint64_t position, uint64_t size)
{
	static uint64_t bits[2] = {64, 64};
	uint64_t descriptors[] = {position, size, 0, 0, 1u << 16, 0};
	uint8_t chunk[56] = {0, 0, 48, 0};
	MiniBlock *mini;

	draft_start(draft, 3);
	draft_column(draft);
	{
		MESSAGE(draft, blob, Ldb__PageLayout__Blob, LDB__PAGE_LAYOUT__BLOB__INIT);
		MESSAGE(draft, inner, Ldb__PageLayout, LDB__PAGE_LAYOUT__INIT);

		mini = draft_mini(draft, 3, 3, packed_struct(draft, bits, 2, flat(draft, 128)));
		inner->kind_case = LDB__PAGE_LAYOUT__KIND_MINI_BLOCK;
		inner->mini_block = mini;
		blob->inner_layout = inner;
		LAYERS(draft, blob, 3);
		draft->columns[0].page_count = 0;
		draft_page(draft, 3, LDB__PAGE_LAYOUT__KIND_BLOB, blob);
	}
	memcpy(chunk + 8, descriptors, sizeof descriptors);
	BUFFER(draft, 0x60, 0);
	draft_buffer(draft, chunk, sizeof chunk);
}

static void
reads_the_bytes_that_descriptors_point_to(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_LARGE_BINARY);
	LdbArray array;
	Draft draft;

	(void) state;
	/* any bytes of the file will do: the chunk's own descriptors */
	start_blobs(&draft, 72, 16);
	draft_must_read(&draft, &field, &array);
	assert_int_equal(array.length, 3);
	assert_int_equal(array.null_count, 1);
	assert_int_equal(array.views[0].length, 16);
	assert_int_equal(ldb_load_u64(array.views[0].data), 72);
	assert_int_equal(array.views[1].length, 0);
	assert_true(ldb_array_is_null(&array, 2));
	assert_int_equal(draft_read(&draft, &field, &(LdbRowRange){1, 1}, 1, &array), LDB_OK);
	assert_int_equal(array.null_count, 0);
	draft_end(&draft);
}

static void
refuses_blobs_beyond_the_file(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_LARGE_BINARY);
	Draft draft;

	(void) state;
	start_blobs(&draft, 72, 1u << 20);
	draft_must_fail(&draft, &field, LDB_CORRUPT, "draft.lance");
	draft_end(&draft);
	start_blobs(&draft, UINT64_MAX - 3, 8);
	draft_must_fail(&draft, &field, LDB_CORRUPT, "draft.lance");
	draft_end(&draft);
}

static void
refuses_blobs_where_the_type_is_another(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_INT64);
	Draft draft;

	(void) state;
	start_blobs(&draft, 72, 16);
	draft_must_fail(&draft, &field, LDB_CORRUPT, "blob page in a column of another type");
	draft_end(&draft);
}

static void
refuses_a_blob_page_within_a_blob_page(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_LARGE_BINARY);
	Ldb__PageLayout *layout;
	Draft draft;

	(void) state;
	start_blobs(&draft, 72, 16);
	layout = draft.columns[0].pages[0].layout;
	layout->blob->inner_layout->kind_case = LDB__PAGE_LAYOUT__KIND_BLOB;
	{
		MESSAGE(&draft, empty, Ldb__PageLayout__Blob, LDB__PAGE_LAYOUT__BLOB__INIT);
		layout->blob->inner_layout->blob = empty;
	}
	draft_must_fail(&draft, &field, LDB_CORRUPT, "without a page of descriptors");
	draft_end(&draft);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_bytes_that_descriptors_point_to),
		cmocka_unit_test(refuses_blobs_beyond_the_file),
		cmocka_unit_test(refuses_blobs_where_the_type_is_another),
		cmocka_unit_test(refuses_a_blob_page_within_a_blob_page),
	};

	return cmocka_run_group_tests_name("page_blob", tests, NULL, NULL);
}
