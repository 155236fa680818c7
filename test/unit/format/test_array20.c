/* test_array20.c -- encodings of version 2.0 that LanceDB no longer writes, and lies in all. */
#include "file20.h"

#include <stdlib.h>

/* Reads one column of the logical type and expects the status. */
static void
check_status(Made *made, const char *type, LdbStatus expected, LdbArray *out)
{
	LdbRowRange all = {0, made->row_count};
	LdbError err = {0};
	LdbStatus status = made_read(made, made_field(type, 0, 0, NULL), &all, 1, out, &err);

	if (status != expected)
		fail_msg("%s: status %d, not %d: %s", type, (int) status, (int) expected, err.message);
	if (expected != LDB_OK)
		assert_non_null(strstr(err.message, "\"made.lance\""));
}

static void
check_refused(Made *made, E *encoding, const char *type, LdbStatus expected)
{
	LdbArray out;

	made_column(made, encoding, made->row_count);
	check_status(made, type, expected, &out);
	made_end(made);
}

static void
reads_signed_bit_streams(void **state)
{
	/* -2, 1, -1, 3 in three bits each */
	static const uint8_t stream[] = {0xce, 0x07};
	static const int16_t expected[] = {-2, 1, -1, 3};
	LdbRowRange last = {2, 2};
	LdbArray out;
	Made made;

	(void) state;
	made_start(&made, 4);
	made_buffer(&made, 0, stream, sizeof stream);
	made_column(&made, no_nulls(bitpacked(3, 16, 0, true)), 4);
	check_status(&made, "int16", LDB_OK, &out);
	assert_memory_equal(out.values, expected, sizeof expected);
	assert_int_equal(made_read(&made, made_field("int16", 0, 0, NULL), &last, 1, &out, NULL),
					 LDB_OK);
	assert_memory_equal(out.values, expected + 2, 4);
	made_end(&made);
}

static void
reads_ranges_across_packed_blocks(void **state)
{
	enum
	{
		ROWS = 3 * 1024
	};
	/* one bit a value; the second block is all ones */
	uint8_t blocks[3 * 128] = {0};
	LdbRowRange ranges[] = {{1000, 30}, {2040, 20}, {3071, 1}};
	LdbArray out;
	Made made;

	(void) state;
	memset(blocks + 128, 0xff, 128);
	made_start(&made, ROWS);
	made_buffer(&made, 0, blocks, sizeof blocks);
	made_column(&made, bitpacked_blocks(1, 32, 0), ROWS);
	assert_int_equal(made_read(&made, made_field("int32", 0, 0, NULL), ranges, 3, &out, NULL),
					 LDB_OK);
	assert_int_equal(out.length, 51);
	for (size_t i = 0; i < 51; i++)
	{
		size_t row = i < 30 ? 1000 + i : i < 50 ? 2040 + i - 30 : 3071;

		assert_int_equal(ldb_load_u32((const uint8_t *) out.values + 4 * i), row / 1024 == 1);
	}
	made_end(&made);
}

static void
reads_values_of_equal_width_as_binaries_and_as_strings(void **state)
{
	LdbArray out;
	Made made;

	(void) state;
	made_start(&made, 3);
	made_buffer(&made, 0, "abcdef", 6);
	made_column(&made, fixed_size_binary(flat(8, 0), 2), 3);
	check_status(&made, "fixed_size_binary:2", LDB_OK, &out);
	assert_memory_equal(out.values, "abcdef", 6);
	check_status(&made, "string", LDB_OK, &out);
	assert_true(ldb_slice_equal(out.views[1], ldb_slice_of("cd")));
	made_end(&made);
}

static void
reads_fixed_size_binaries_stored_as_lists_of_bytes(void **state)
{
	LdbArray out;
	Made made;

	(void) state;
	made_start(&made, 2);
	made_buffer(&made, 0, "abcdef", 6);
	made_column(&made, no_nulls(fixed_size_list(3, no_nulls(flat(8, 0)))), 2);
	check_status(&made, "fixed_size_binary:3", LDB_OK, &out);
	assert_memory_equal(out.values, "abcdef", 6);
	check_status(&made, "fixed_size_binary:2", LDB_CORRUPT, &out);
	made_end(&made);
}

static void
repeats_constants_of_every_kind(void **state)
{
	static const uint8_t number[] = {1, 2, 3, 4};
	LdbArray out;
	Made made;

	(void) state;
	made_start(&made, 3);
	made_column(&made, constant(number, 4), 3);
	check_status(&made, "int32", LDB_OK, &out);
	assert_int_equal(ldb_load_u32((const uint8_t *) out.values + 8), 0x04030201);
	check_status(&made, "bool", LDB_OK, &out);
	assert_int_equal(*(const uint8_t *) out.values & 7, 7);
	check_status(&made, "binary", LDB_OK, &out);
	assert_true(ldb_slice_equal(out.views[2], ldb_slice(number, 4)));
	check_status(&made, "fixed_size_list:int16:2", LDB_OK, &out);
	assert_int_equal(ldb_load_u16((const uint8_t *) out.children[0].values + 10), 0x0403);
	check_status(&made, "int64", LDB_CORRUPT, &out);
	made_end(&made);
}

static void
combines_nulls_of_keys_and_of_dictionary_items(void **state)
{
	static const uint8_t keys[] = {0, 1, 2, 1, 0};
	static const uint8_t key_validity = 0x17; /* row 3 is null */
	static const uint64_t ends[] = {1, 3 + 100, 3};
	LdbArray out;
	Made made;

	(void) state;
	made_start(&made, 5);
	made_buffer(&made, 0, keys, 5);
	made_buffer(&made, 0, &key_validity, 1);
	made_buffer(&made, 0, ends, sizeof ends);
	made_buffer(&made, 0, "abc", 3);
	/* items: "a", null over "bc", "" */
	made_column(
		&made,
		dictionary(some_nulls(flat(1, 1), flat(8, 0)), binary(flat(64, 2), flat(8, 3), 100), 3), 5);
	check_status(&made, "dict:string:uint8:false", LDB_OK, &out);
	assert_int_equal(out.type->kind, LDB_TYPE_STRING);
	assert_int_equal(out.null_count, 2);
	assert_true(ldb_slice_equal(out.views[0], ldb_slice_of("a")));
	assert_null(out.views[1].data);
	assert_non_null(out.views[2].data);
	assert_null(out.views[3].data);
	assert_true(ldb_slice_equal(out.views[4], ldb_slice_of("a")));
	made_end(&made);
}

static void
counts_keys_of_plain_strings_from_one(void **state)
{
	static const uint8_t keys[] = {2, 0, 1};
	static const uint64_t ends[] = {1, 3};
	LdbArray out;
	Made made;

	(void) state;
	made_start(&made, 3);
	made_buffer(&made, 0, keys, 3);
	made_buffer(&made, 0, ends, sizeof ends);
	made_buffer(&made, 0, "abc", 3);
	made_column(&made, dictionary(flat(8, 0), binary(flat(64, 1), flat(8, 2), 4), 2), 3);
	check_status(&made, "string", LDB_OK, &out);
	assert_true(ldb_slice_equal(out.views[0], ldb_slice_of("bc")));
	assert_true(ldb_array_is_null(&out, 1));
	assert_true(ldb_slice_equal(out.views[2], ldb_slice_of("a")));
	/* from zero, key 2 does not exist */
	check_status(&made, "dict:string:uint8:false", LDB_CORRUPT, &out);
	made_end(&made);
}

/* Three lists over five items: two items, null over one item that is skipped, two items. */
static void
make_lists(Made *made, uint64_t adjustment, uint64_t item_count)
{
	static const uint64_t ends[] = {2, 3 + 100, 5};
	static const uint16_t items[] = {10, 11, 12, 13, 14};

	made_start(made, 3);
	made_buffer(made, 0, ends, sizeof ends);
	made_buffer(made, 1, items, sizeof items);
	made_column(made, list_of(no_nulls(flat(64, 0)), adjustment, item_count), 3);
	made_column(made, no_nulls(flat(16, 0)), 5);
}

static LdbField *
list_field(void)
{
	LdbField *children[] = {made_field("int16", 1, 0, NULL)};

	return made_field("list", 0, 1, children);
}

static void
skips_items_behind_a_null_list(void **state)
{
	LdbRowRange all = {0, 3};
	LdbRowRange ends[] = {{0, 1}, {2, 1}};
	LdbArray out;
	Made made;

	(void) state;
	make_lists(&made, 100, 5);
	assert_int_equal(made_read(&made, list_field(), &all, 1, &out, NULL), LDB_OK);
	assert_int_equal(out.null_count, 1);
	assert_true(ldb_array_is_null(&out, 1));
	assert_int_equal(out.offsets[3], 4);
	assert_int_equal(out.children[0].length, 4);
	assert_int_equal(ldb_load_u16((const uint8_t *) out.children[0].values + 4), 13);
	assert_int_equal(made_read(&made, list_field(), ends, 2, &out, NULL), LDB_OK);
	assert_null(out.validity);
	assert_int_equal(out.offsets[2], 4);
	assert_int_equal(ldb_load_u16((const uint8_t *) out.children[0].values + 6), 14);
	made_end(&made);
}

static void
check_lists_refused(uint64_t adjustment, uint64_t item_count)
{
	LdbRowRange all = {0, 3};
	LdbError err = {0};
	LdbArray out;
	Made made;

	make_lists(&made, adjustment, item_count);
	assert_int_equal(made_read(&made, list_field(), &all, 1, &out, &err), LDB_CORRUPT);
	made_end(&made);
}

static void
refuses_lists_that_leave_their_items(void **state)
{
	(void) state;
	check_lists_refused(0, 5);   /* no mark for nulls */
	check_lists_refused(100, 4); /* the last list ends behind the items */
	check_lists_refused(100, 6); /* more items than the column holds */
	check_lists_refused(4, 5);   /* the last end, less 4, lies before the others */
	check_lists_refused(100, UINT64_MAX);
}

/* Each of the picked lists covers all items, which lie in many pages: every list would be cut into
 * as many pieces. */
static void
refuses_lists_that_go_back_behind_rows_left_out(void **state)
{
	enum
	{
		LISTS = 64
	};
	uint64_t ends[LISTS];
	LdbRowRange ranges[LISTS / 2];
	uint16_t items[8] = {0};
	LdbError err = {0};
	LdbArray out;
	Made made;

	(void) state;
	for (size_t i = 0; i < LISTS; i++)
		ends[i] = i % 2 == 0 ? 0 : 8;
	for (size_t i = 0; i < LISTS / 2; i++)
		ranges[i] = (LdbRowRange){i * 2 + 1, 1};
	made_start(&made, LISTS);
	made_buffer(&made, 0, ends, sizeof ends);
	made_buffer(&made, 1, items, sizeof items);
	made_column(&made, list_of(no_nulls(flat(64, 0)), 100, 8), LISTS);
	made_column(&made, no_nulls(flat(16, 0)), 1);
	made.columns[1].page_count = 8;
	assert_int_equal(made_read(&made, list_field(), ranges, LISTS / 2, &out, &err), LDB_CORRUPT);
	assert_non_null(strstr(err.message, "where an earlier one ends"));
	made_end(&made);
}

static void
refuses_buffers_that_are_missing_or_short(void **state)
{
	uint8_t bytes[64] = {0};
	Made made;

	(void) state;
	made_start(&made, 9);
	made_buffer(&made, 0, bytes, 35); /* nine int32 need 36 */
	check_refused(&made, flat(32, 0), "int32", LDB_CORRUPT);
	made_start(&made, 9);
	check_refused(&made, flat(32, 0), "int32", LDB_CORRUPT);
	made_start(&made, 9);
	made_buffer(&made, 0, bytes, 64);
	check_refused(&made, flat(32, 1), "int32", LDB_CORRUPT);
	made_start(&made, 17);
	made_buffer(&made, 0, bytes, 2); /* 17 bits need three bytes */
	check_refused(&made, flat(1, 0), "bool", LDB_CORRUPT);
	made_start(&made, 9);
	made_buffer(&made, 0, bytes, 64);
	check_refused(&made, some_nulls(flat(1, 2), flat(32, 0)), "int32", LDB_CORRUPT);
	made_start(&made, 1025);
	made_buffer(&made, 0, bytes, 64);
	check_refused(&made, bitpacked_blocks(3, 32, 0), "int32", LDB_CORRUPT);
	made_start(&made, 200);
	made_buffer(&made, 0, bytes, 64);
	check_refused(&made, bitpacked(3, 32, 0, false), "int32", LDB_CORRUPT);
}

static void
refuses_widths_that_are_not_the_types(void **state)
{
	static const uint64_t widths[] = {0, 1, 31, 64, 1024, UINT64_MAX, UINT64_MAX / 4, 1ULL << 61};
	uint8_t bytes[64] = {0};
	Made made;

	(void) state;
	for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
	{
		made_start(&made, 4);
		made_buffer(&made, 0, bytes, 64);
		check_refused(&made, flat(widths[i], 0), "int32", LDB_CORRUPT);
		made_start(&made, 4);
		made_buffer(&made, 0, bytes, 64);
		check_refused(&made, bitpacked(widths[i] | 33, 32, 0, false), "int32", LDB_CORRUPT);
		made_start(&made, 4);
		made_buffer(&made, 0, bytes, 64);
		check_refused(&made, bitpacked_blocks(widths[i] | 33, 32, 0), "int32", LDB_CORRUPT);
	}
	made_start(&made, 4);
	made_buffer(&made, 0, bytes, 64);
	check_refused(&made, fixed_size_list(3, flat(32, 0)), "fixed_size_list:float:4", LDB_CORRUPT);
	made_start(&made, 4);
	made_buffer(&made, 0, bytes, 64);
	check_refused(&made, fixed_size_list(4, flat(16, 0)), "fixed_size_list:float:4", LDB_CORRUPT);
	made_start(&made, 4);
	made_buffer(&made, 0, bytes, 64);
	check_refused(&made, some_nulls(flat(8, 0), flat(32, 0)), "int32", LDB_CORRUPT);
}

static void
refuses_encodings_that_do_not_fit_the_type_or_are_not_whole(void **state)
{
	uint8_t bytes[64] = {0};
	Made made;

	(void) state;
	made_start(&made, 2);
	made_buffer(&made, 0, bytes, 64);
	check_refused(&made, flat(32, 0), "string", LDB_UNSUPPORTED);
	made_start(&made, 2);
	made_buffer(&made, 0, bytes, 64);
	check_refused(&made, binary(flat(64, 0), flat(8, 0), 5), "int32", LDB_UNSUPPORTED);
	made_start(&made, 2);
	check_refused(&made, no_nulls(NULL), "int32", LDB_CORRUPT);
	made_start(&made, 2);
	check_refused(&made, some_nulls(NULL, NULL), "int32", LDB_CORRUPT);
	made_start(&made, 2);
	check_refused(&made, binary(NULL, NULL, 5), "string", LDB_CORRUPT);
	made_start(&made, 2);
	check_refused(&made, dictionary(NULL, NULL, 5), "string", LDB_CORRUPT);
	made_start(&made, 2);
	check_refused(&made, fsst(NULL, NULL, 0), "string", LDB_CORRUPT);
	made_start(&made, 2);
	check_refused(&made, fixed_size_list(4, NULL), "fixed_size_list:float:4", LDB_CORRUPT);
	made_start(&made, 2);
	check_refused(&made, fixed_size_binary(NULL, 4), "fixed_size_binary:4", LDB_CORRUPT);
	made_start(&made, 2);
	check_refused(&made, list_of(flat(64, 0), 5, 4), "int32", LDB_UNSUPPORTED);
	made_start(&made, 2);
	made_buffer(&made, 0, bytes, 64);
	check_refused(&made, compressed_flat(32, 0, "snappy"), "int32", LDB_UNSUPPORTED);
	made_start(&made, 2);
	made_buffer(&made, 0, bytes, 64);
	check_refused(&made, compressed_flat(32, 0, "zstd"), "int32", LDB_CORRUPT);
	made_start(&made, 2);
	check_refused(&made, make_encoding(LDB__ARRAY_ENCODING__KIND__NOT_SET, NULL), "int32",
				  LDB_UNSUPPORTED);
}

static void
refuses_string_ends_that_go_back_or_beyond(void **state)
{
	static const uint64_t bad[][3] = {{3, 2, 5},       {1, 2, 7},          {1, 2, 99},
									  {5, 1 + 100, 5}, {UINT64_MAX, 1, 2}, {0, 6 + 100, 6}};

	(void) state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
	{
		LdbArray out;
		Made made;

		made_start(&made, 3);
		made_buffer(&made, 0, bad[i], sizeof bad[i]);
		made_buffer(&made, 0, "abcde", 5);
		made_column(&made, binary(no_nulls(flat(64, 0)), no_nulls(flat(8, 1)), 100), 3);
		check_status(&made, "string", LDB_CORRUPT, &out);
		made_end(&made);
	}
}

static void
takes_packed_rows_apart_and_refuses_other_widths(void **state)
{
	static const uint8_t rows[] = {1, 0, 2, 0, 0, 0, 3, 0, 4, 0, 0, 0};
	E *inner[2];
	LdbField *children[2];
	LdbField *field;
	LdbRowRange last = {1, 1};
	LdbArray out;
	Made made;

	(void) state;
	made_start(&made, 2);
	inner[0] = flat(16, 0);
	inner[1] = no_nulls(flat(32, 0));
	children[0] = made_field("int16", 1, 0, NULL);
	children[1] = made_field("int32", 2, 0, NULL);
	field = made_field("struct", 0, 2, children);
	field->packed = true;
	made_buffer(&made, 0, rows, sizeof rows);
	made_column(&made, packed_struct(inner, 2, 0), 2);
	assert_int_equal(made_read(&made, field, &last, 1, &out, NULL), LDB_OK);
	assert_int_equal(ldb_load_u16(out.children[0].values), 3);
	assert_int_equal(ldb_load_u32(out.children[1].values), 4);
	children[1] = made_field("int64", 2, 0, NULL);
	field->children[1] = children[1];
	assert_int_equal(made_read(&made, field, &last, 1, &out, NULL), LDB_CORRUPT);
	field->child_count = 1;
	assert_int_equal(made_read(&made, field, &last, 1, &out, NULL), LDB_CORRUPT);
	made_end(&made);
}

static void
refuses_a_column_of_another_length_than_the_fragment(void **state)
{
	uint8_t bytes[64] = {0};
	LdbArray out;
	Made made;

	(void) state;
	made_start(&made, 4);
	made_buffer(&made, 0, bytes, 64);
	made_column(&made, flat(32, 0), 5);
	check_status(&made, "int32", LDB_CORRUPT, &out);
	made_end(&made);
}

static void
bounds_memory_for_rows_that_need_no_bytes(void **state)
{
	LdbRowRange all = {0, (uint64_t) 1 << 40};
	LdbError err = {0};
	LdbArray out;
	Made made;

	(void) state;
	made_start(&made, all.count);
	made_column(&made, constant("12345678", 8), all.count);
	assert_int_equal(made_read(&made, made_field("int64", 0, 0, NULL), &all, 1, &out, &err),
					 LDB_NOMEM);
	made_end(&made);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_signed_bit_streams),
		cmocka_unit_test(reads_ranges_across_packed_blocks),
		cmocka_unit_test(reads_values_of_equal_width_as_binaries_and_as_strings),
		cmocka_unit_test(reads_fixed_size_binaries_stored_as_lists_of_bytes),
		cmocka_unit_test(repeats_constants_of_every_kind),
		cmocka_unit_test(combines_nulls_of_keys_and_of_dictionary_items),
		cmocka_unit_test(counts_keys_of_plain_strings_from_one),
		cmocka_unit_test(skips_items_behind_a_null_list),
		cmocka_unit_test(refuses_lists_that_leave_their_items),
		cmocka_unit_test(refuses_lists_that_go_back_behind_rows_left_out),
		cmocka_unit_test(refuses_buffers_that_are_missing_or_short),
		cmocka_unit_test(refuses_widths_that_are_not_the_types),
		cmocka_unit_test(refuses_encodings_that_do_not_fit_the_type_or_are_not_whole),
		cmocka_unit_test(refuses_string_ends_that_go_back_or_beyond),
		cmocka_unit_test(takes_packed_rows_apart_and_refuses_other_widths),
		cmocka_unit_test(refuses_a_column_of_another_length_than_the_fragment),
		cmocka_unit_test(bounds_memory_for_rows_that_need_no_bytes),
	};

	return cmocka_run_group_tests_name("array20", tests, NULL, NULL);
}
