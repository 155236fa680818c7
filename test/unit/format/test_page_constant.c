/* test_page_constant.c -- pages where only levels differ. */
#include "file21.h"

static void
reads_a_page_of_nulls_without_buffers(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_STRING);
	LdbArray array;
	Draft draft;

	(void) state;
	draft_start(&draft, 3);
	draft_column(&draft);
	draft_constant(&draft, 3);
	draft_must_read(&draft, &field, &array);
	assert_int_equal(array.length, 3);
	assert_int_equal(array.null_count, 3);
	draft_end(&draft);
}

static void
repeats_an_inline_value_where_it_is_not_null(void **state)
{
	static const uint16_t def[] = {0, 1, 0};
	LdbField field = leaf_field(LDB_TYPE_INT32);
	uint8_t value[] = {7, 0, 0, 0};
	Constant *page;
	LdbArray array;
	Draft draft;

	(void) state;
	draft_start(&draft, 3);
	draft_column(&draft);
	page = draft_constant(&draft, 3);
	page->has_inline_value = 1;
	page->inline_value.data = value;
	page->inline_value.len = 4;
	draft_buffer(&draft, "", 0);
	draft_buffer(&draft, def, sizeof def);
	draft_must_read(&draft, &field, &array);
	assert_int_equal(array.null_count, 1);
	assert_true(ldb_array_is_null(&array, 1));
	assert_int_equal(ldb_load_u32((const uint8_t *) array.values + 8), 7);
	draft_end(&draft);
}

static void
repeats_true_as_bits(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_BOOL);
	uint8_t value[] = {1};
	Constant *page;
	LdbArray array;
	Draft draft;

	(void) state;
	draft_start(&draft, 11);
	draft_column(&draft);
	page = draft_constant(&draft, 11);
	page->has_inline_value = 1;
	page->inline_value.data = value;
	page->inline_value.len = 1;
	LAYERS(&draft, page, 1);
	draft_must_read(&draft, &field, &array);
	assert_int_equal(ldb_bitmap_count(array.values, 0, 11), 11);
	draft_end(&draft);
}

static void
start_text(Draft *draft)
{
	Constant *page;

	draft_start(draft, 2);
	draft_column(draft);
	page = draft_constant(draft, 2);
	LAYERS(draft, page, 1);
	BUFFER(draft, 2, 0, 0, 0, 8, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 'a', 'b', 'c');
}

static void
repeats_a_text_kept_as_a_one_row_array(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_STRING);
	LdbArray array;
	Draft draft;

	(void) state;
	start_text(&draft);
	draft_must_read(&draft, &field, &array);
	assert_null(array.validity);
	assert_true(ldb_slice_equal(array.views[1], ldb_slice_of("abc")));
	draft_end(&draft);
}

/* [[null], [], null, [null, null]]: item 1, empty 3, null list 2 */
static void
start_lists(Draft *draft)
{
	static const uint16_t rep[] = {1, 1, 1, 1, 0};
	static const uint16_t def[] = {1, 3, 2, 1, 1};
	Constant *page;

	draft_start(draft, 4);
	draft_column(draft);
	page = draft_constant(draft, 4);
	LAYERS(draft, page, 3, 6);
	draft_buffer(draft, rep, sizeof rep);
	draft_buffer(draft, def, sizeof def);
}

static void
reads_lists_of_nulls_forth_and_back(void **state)
{
	LdbField item = leaf_field(LDB_TYPE_INT32);
	LdbField *children[1] = {&item};
	LdbField field = leaf_field(LDB_TYPE_LIST);
	LdbColumnReader *reader;
	LdbColumnSource source;
	LdbArray array;
	Draft draft;

	(void) state;
	field.id = 100;
	field.children = children;
	field.child_count = 1;
	start_lists(&draft);
	draft_must_read(&draft, &field, &array);
	assert_int_equal(array.null_count, 1);
	assert_int_equal(array.offsets[1], 1);
	assert_int_equal(array.offsets[3], 1);
	assert_int_equal(array.offsets[4], 3);
	assert_int_equal(array.children[0].null_count, 3);
	source = (LdbColumnSource){0, draft.file, 0};
	assert_int_equal(ldb_column_open(&field, &source, 1, 4, &reader, NULL), LDB_OK);
	for (uint64_t row = 4; row-- > 0;)
	{
		static const int64_t items[] = {1, 0, 0, 2};

		assert_int_equal(
			ldb_column_read(reader, &(LdbRowRange){row, 1}, 1, draft.arena, &array, NULL, NULL),
			LDB_OK);
		assert_int_equal(array.offsets[1], items[row]);
		assert_int_equal(array.null_count, row == 2);
	}
	ldb_column_close(reader);
	draft_end(&draft);
}

static void
decodes_compressed_levels(void **state)
{
	/* definition levels 1, 1, 0 as runs: sizes of the values, values, lengths */
	static const uint8_t def[] = {4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 1};
	LdbField field = leaf_field(LDB_TYPE_INT16);
	uint8_t value[] = {9, 0};
	Constant *page;
	LdbArray array;
	Draft draft;

	(void) state;
	draft_start(&draft, 3);
	draft_column(&draft);
	page = draft_constant(&draft, 3);
	page->has_inline_value = 1;
	page->inline_value.data = value;
	page->inline_value.len = 2;
	page->def_compression = runs(&draft, 16, 8);
	page->has_num_def_values = 1;
	page->num_def_values = 3;
	draft_buffer(&draft, "", 0);
	draft_buffer(&draft, def, sizeof def);
	draft_must_read(&draft, &field, &array);
	assert_int_equal(array.null_count, 2);
	assert_false(ldb_array_is_null(&array, 2));
	draft_end(&draft);
}

static void
refuses_values_that_are_cut_off(void **state)
{
	LdbField text = leaf_field(LDB_TYPE_STRING);
	LdbField number = leaf_field(LDB_TYPE_INT64);
	uint8_t *bytes;
	Draft draft;

	(void) state;
	start_text(&draft);
	bytes = (uint8_t *) draft.columns[0].pages[0].buffers[0].data;
	bytes[16] = 4;
	draft_must_fail(&draft, &text, LDB_CORRUPT, "from byte 0 to 4 of 3");
	draft_end(&draft);
	start_text(&draft);
	bytes = (uint8_t *) draft.columns[0].pages[0].buffers[0].data;
	bytes[3] = 0x40;
	draft_must_fail(&draft, &text, LDB_CORRUPT, "buffers");
	draft_end(&draft);
	start_text(&draft);
	((uint8_t *) draft.columns[0].pages[0].buffers[0].data)[4] = 7;
	draft_must_fail(&draft, &number, LDB_CORRUPT, "constant of 7 bytes in a column of 8");
	draft_end(&draft);
}

static void
refuses_levels_of_another_number(void **state)
{
	LdbField item = leaf_field(LDB_TYPE_INT32);
	LdbField *children[1] = {&item};
	LdbField field = leaf_field(LDB_TYPE_LIST);
	Draft draft;

	(void) state;
	field.id = 100;
	field.children = children;
	field.child_count = 1;
	start_lists(&draft);
	draft.columns[0].pages[0].buffers[1].length = 8;
	draft_must_fail(&draft, &field, LDB_CORRUPT, "5 repetition levels, 4 definition levels");
	draft_end(&draft);
	start_lists(&draft);
	draft.columns[0].pages[0].buffers[0].length = 0;
	draft_must_fail(&draft, &field, LDB_CORRUPT, "no repetition levels");
	draft_end(&draft);
	start_lists(&draft);
	((uint16_t *) draft.columns[0].pages[0].buffers[0].data)[2] = 0;
	draft_must_fail(&draft, &field, LDB_CORRUPT, "levels give");
	draft_end(&draft);
}

static void
refuses_a_page_with_neither_value_nor_nulls(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_INT32);
	Constant *page;
	Draft draft;

	(void) state;
	draft_start(&draft, 1);
	draft_column(&draft);
	page = draft_constant(&draft, 1);
	LAYERS(&draft, page, 1);
	draft_must_fail(&draft, &field, LDB_CORRUPT, "neither a value nor nulls");
	draft_end(&draft);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_page_of_nulls_without_buffers),
		cmocka_unit_test(repeats_an_inline_value_where_it_is_not_null),
		cmocka_unit_test(repeats_true_as_bits),
		cmocka_unit_test(repeats_a_text_kept_as_a_one_row_array),
		cmocka_unit_test(reads_lists_of_nulls_forth_and_back),
		cmocka_unit_test(decodes_compressed_levels),
		cmocka_unit_test(refuses_values_that_are_cut_off),
		cmocka_unit_test(refuses_levels_of_another_number),
		cmocka_unit_test(refuses_a_page_with_neither_value_nor_nulls),
	};

	return cmocka_run_group_tests_name("page_constant", tests, NULL, NULL);
}
