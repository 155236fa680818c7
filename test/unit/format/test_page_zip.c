/* test_page_zip.c -- full-zip pages byte by byte, and control words that lie. */
#include "file21.h"

static LdbType float_type = {.kind = LDB_TYPE_FLOAT};

static LdbField
vector_field(int32_t width)
{
	LdbField field = leaf_field(LDB_TYPE_FIXED_SIZE_LIST);

	field.type.width = width;
	field.type.item = &float_type;
	return field;
}

static FullZip *
start_fixed(Draft *draft, uint64_t rows, uint32_t bits, E *values)
{
	FullZip *zip;

	draft_column(draft);
	zip = draft_zip(draft, rows, values);
	zip->width_case = LDB__PAGE_LAYOUT__FULL_ZIP__WIDTH_BITS_PER_VALUE;
	zip->bits_per_value = bits;
	zip->has_bits_def = zip->has_bits_rep = 1;
	return zip;
}

static FullZip *
start_variable(Draft *draft, uint64_t rows, E *values)
{
	FullZip *zip = start_fixed(draft, rows, 0, values);

	zip->width_case = LDB__PAGE_LAYOUT__FULL_ZIP__WIDTH_BITS_PER_OFFSET;
	zip->bits_per_offset = 32;
	return zip;
}

static float
float_at(const LdbArray *array, size_t i)
{
	float value;

	memcpy(&value, (const uint8_t *) array->values + i * 4, 4);
	return value;
}

static void
reads_rows_without_control_words_as_they_lie(void **state)
{
	static const float rows[] = {1, 2, 3, 4, 5, 6};
	static const LdbRowRange ranges[] = {{0, 1}, {2, 1}};
	LdbField field = vector_field(2);
	LdbArray array;
	Draft draft;

	(void) state;
	draft_start(&draft, 3);
	start_fixed(&draft, 3, 64, fixed_size_list(&draft, 2, false, flat(&draft, 32)));
	draft_buffer(&draft, rows, sizeof rows);
	draft_must_read(&draft, &field, &array);
	assert_int_equal(array.children[0].length, 6);
	assert_float_equal(float_at(&array.children[0], 5), 6, 0);
	assert_int_equal(draft_read(&draft, &field, ranges, 2, &array), LDB_OK);
	assert_int_equal(array.length, 2);
	assert_float_equal(float_at(&array.children[0], 1), 2, 0);
	assert_float_equal(float_at(&array.children[0], 2), 5, 0);
	draft_end(&draft);
}

static void
reads_null_rows_and_null_items(void **state)
{
	LdbField field = vector_field(2);
	LdbArray array;
	FullZip *zip;
	Draft draft;

	(void) state;
	draft_start(&draft, 2);
	zip = start_fixed(&draft, 2, 72, fixed_size_list(&draft, 2, true, flat(&draft, 32)));
	zip->bits_def = 1;
	LAYERS(&draft, zip, 3);
	BUFFER(&draft, 0, 2, 0, 0, 0, 0, 0, 0, 0x80, 0x3f, /* [null, 1.0] */
		   1, 0, 0, 0, 0, 0, 0, 0, 0, 0);              /* null */
	draft_must_read(&draft, &field, &array);
	assert_false(ldb_array_is_null(&array, 0));
	assert_true(ldb_array_is_null(&array, 1));
	assert_true(ldb_array_is_null(&array.children[0], 0));
	assert_false(ldb_array_is_null(&array.children[0], 1));
	assert_float_equal(float_at(&array.children[0], 1), 1, 0);
	draft_end(&draft);
}

/* ["ab", null, ""] */
static FullZip *
start_strings(Draft *draft)
{
	FullZip *zip;

	draft_start(draft, 3);
	zip = start_variable(draft, 3, variable(draft, 32));
	zip->bits_def = 1;
	LAYERS(draft, zip, 3);
	BUFFER(draft, 0, 2, 0, 0, 0, 'a', 'b', 1, 0, 0, 0, 0, 0);
	BUFFER(draft, 0, 7, 8, 13);
	return zip;
}

static void
reads_strings_through_the_index(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_STRING);
	LdbArray array;
	Draft draft;

	(void) state;
	start_strings(&draft);
	draft_must_read(&draft, &field, &array);
	assert_int_equal(array.null_count, 1);
	assert_true(ldb_slice_equal(array.views[0], ldb_slice_of("ab")));
	assert_null(array.views[1].data);
	assert_int_equal(array.views[2].length, 0);
	assert_int_equal(draft_read(&draft, &field, &(LdbRowRange){1, 2}, 1, &array), LDB_OK);
	assert_true(ldb_array_is_null(&array, 0));
	assert_false(ldb_array_is_null(&array, 1));
	draft_end(&draft);
}

/* [["x"], [], ["y", null]]: layers item 3, list 5; def 1 = null item, 2 = empty list */
static void
reads_lists_of_strings(void **state)
{
	LdbField item = leaf_field(LDB_TYPE_STRING);
	LdbField *children[1] = {&item};
	LdbField field = leaf_field(LDB_TYPE_LIST);
	LdbArray array;
	FullZip *zip;
	Draft draft;

	(void) state;
	field.id = 100;
	field.children = children;
	field.child_count = 1;
	draft_start(&draft, 3);
	zip = start_variable(&draft, 3, variable(&draft, 32));
	zip->bits_rep = 1;
	zip->bits_def = 2;
	LAYERS(&draft, zip, 3, 5);
	BUFFER(&draft, 4, 1, 0, 0, 0, 'x', 6, 4, 1, 0, 0, 0, 'y', 1);
	BUFFER(&draft, 0, 6, 7, 14);
	draft_must_read(&draft, &field, &array);
	assert_int_equal(array.offsets[1], 1);
	assert_int_equal(array.offsets[2], 1);
	assert_int_equal(array.offsets[3], 3);
	assert_true(ldb_slice_equal(array.children[0].views[1], ldb_slice_of("y")));
	assert_true(ldb_array_is_null(&array.children[0], 2));
	assert_int_equal(draft_read(&draft, &field, &(LdbRowRange){2, 1}, 1, &array), LDB_OK);
	assert_int_equal(array.offsets[1], 2);
	draft_end(&draft);
}

static void
reads_packed_rows_of_fixed_and_variable_fields(void **state)
{
	LdbField number = leaf_field(LDB_TYPE_INT16);
	LdbField text = leaf_field(LDB_TYPE_STRING);
	LdbField *children[2] = {&number, &text};
	LdbField field = leaf_field(LDB_TYPE_STRUCT);
	LdbArray array;
	Draft draft;

	(void) state;
	field.packed = true;
	field.children = children;
	field.child_count = 2;
	draft_start(&draft, 2);
	{
		MESSAGE(&draft, first, Ldb__CompressiveEncoding__VariablePackedStruct__Child,
				LDB__COMPRESSIVE_ENCODING__VARIABLE_PACKED_STRUCT__CHILD__INIT);
		MESSAGE(&draft, second, Ldb__CompressiveEncoding__VariablePackedStruct__Child,
				LDB__COMPRESSIVE_ENCODING__VARIABLE_PACKED_STRUCT__CHILD__INIT);
		MESSAGE(&draft, made, Ldb__CompressiveEncoding__VariablePackedStruct,
				LDB__COMPRESSIVE_ENCODING__VARIABLE_PACKED_STRUCT__INIT);
		Ldb__CompressiveEncoding__VariablePackedStruct__Child *fields[] = {first, second};

		first->value = flat(&draft, 16);
		first->width_case =
			LDB__COMPRESSIVE_ENCODING__VARIABLE_PACKED_STRUCT__CHILD__WIDTH_BITS_PER_VALUE;
		first->bits_per_value = 16;
		second->value = variable(&draft, 32);
		second->width_case =
			LDB__COMPRESSIVE_ENCODING__VARIABLE_PACKED_STRUCT__CHILD__WIDTH_BITS_PER_LENGTH;
		second->bits_per_length = 8;
		made->fields = ldb_arena_copy(draft.arena, fields, sizeof fields);
		made->n_fields = 2;
		start_variable(
			&draft, 2,
			encoding(&draft, LDB__COMPRESSIVE_ENCODING__KIND_VARIABLE_PACKED_STRUCT, made));
	}
	BUFFER(&draft, 5, 0, 0, 0, 7, 0, 2, 'h', 'i', 3, 0, 0, 0, 8, 0, 0);
	BUFFER(&draft, 0, 9, 16);
	draft_must_read(&draft, &field, &array);
	assert_int_equal(ldb_load_u16((const uint8_t *) array.children[0].values + 2), 8);
	assert_true(ldb_slice_equal(array.children[1].views[0], ldb_slice_of("hi")));
	assert_int_equal(array.children[1].views[1].length, 0);
	draft_end(&draft);
}

static void
repeats_a_constant(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_INT16);
	static const uint8_t value[] = {1, 2};
	LdbArray array;
	Draft draft;

	(void) state;
	draft_start(&draft, 3);
	start_fixed(&draft, 3, 0, constant(&draft, value, 2));
	draft_buffer(&draft, "", 0);
	draft_must_read(&draft, &field, &array);
	assert_int_equal(ldb_load_u16((const uint8_t *) array.values + 4), 0x0201);
	draft_end(&draft);
}

static void
strings_fail(size_t buffer, size_t at, uint8_t byte, const char *words)
{
	LdbField field = leaf_field(LDB_TYPE_STRING);
	Draft draft;

	start_strings(&draft);
	((uint8_t *) draft.columns[0].pages[0].buffers[buffer].data)[at] = byte;
	draft_must_fail(&draft, &field, LDB_CORRUPT, words);
	draft_end(&draft);
}

static void
refuses_values_and_offsets_that_lead_out(void **state)
{
	(void) state;
	strings_fail(0, 1, 200, "value of 200 bytes");
	strings_fail(0, 9, 1, "value of 1 bytes");
	strings_fail(0, 0, 1, "full-zip value"); /* the bytes of a value are taken for entries */
	strings_fail(1, 3, 14, "byte 14 of 13"); /* index beyond the data */
	strings_fail(1, 0, 7, "levels");         /* index that leaves out a row */
}

static void
refuses_an_index_of_another_size(void **state)
{
	LdbField field = leaf_field(LDB_TYPE_STRING);
	Draft draft;

	(void) state;
	start_strings(&draft);
	draft.columns[0].pages[0].buffers[1].length = 3;
	draft_must_fail(&draft, &field, LDB_CORRUPT, "repetition index of 3 bytes for 3 rows");
	draft_end(&draft);
	start_strings(&draft);
	draft.columns[0].pages[0].buffer_count = 1;
	draft_must_fail(&draft, &field, LDB_CORRUPT, "needs buffer 1");
	draft_end(&draft);
}

static void
refuses_widths_that_contradict_the_type(void **state)
{
	LdbField field = vector_field(2);
	Draft draft;

	(void) state;
	draft_start(&draft, 1);
	start_fixed(&draft, 1, 72, fixed_size_list(&draft, 2, false, flat(&draft, 32)));
	BUFFER(&draft, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	draft_must_fail(&draft, &field, LDB_CORRUPT, "values of 9 bytes where the encoding has 8");
	draft_end(&draft);
	draft_start(&draft, 1);
	start_fixed(&draft, 1, 96, fixed_size_list(&draft, 3, false, flat(&draft, 32)));
	draft_must_fail(&draft, &field, LDB_CORRUPT, "another shape");
	draft_end(&draft);
	draft_start(&draft, 4);
	start_fixed(&draft, 4, 64, fixed_size_list(&draft, 2, false, flat(&draft, 32)));
	BUFFER(&draft, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	draft_must_fail(&draft, &field, LDB_CORRUPT, "4 rows of 8 bytes in a page of 9");
	draft_end(&draft);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_rows_without_control_words_as_they_lie),
		cmocka_unit_test(reads_null_rows_and_null_items),
		cmocka_unit_test(reads_strings_through_the_index),
		cmocka_unit_test(reads_lists_of_strings),
		cmocka_unit_test(reads_packed_rows_of_fixed_and_variable_fields),
		cmocka_unit_test(repeats_a_constant),
		cmocka_unit_test(refuses_values_and_offsets_that_lead_out),
		cmocka_unit_test(refuses_an_index_of_another_size),
		cmocka_unit_test(refuses_widths_that_contradict_the_type),
	};

	return cmocka_run_group_tests_name("page_zip", tests, NULL, NULL);
}
