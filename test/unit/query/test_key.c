/* test_key.c -- two rows have the same key bytes exactly when PostgreSQL calls their keys equal. */
#include "query/columns.h"

#include <math.h>

#include "ldb/query/key.h"

static LdbSlice
key_of(const LdbKeySpec *spec, const LdbArray *columns, size_t row)
{
	LdbBuffer bytes = {0};
	bool has_key;
	LdbError err;
	LdbSlice key;

	assert_int_equal(ldb_key_of_row(spec, columns, row, &bytes, &has_key, &err), LDB_OK);
	assert_true(has_key);
	key = ldb_slice(keep(bytes.data, bytes.length), bytes.length);
	ldb_buffer_free(&bytes);
	return key;
}

static bool
has_key(const LdbKeySpec *spec, const LdbArray *columns, size_t row)
{
	LdbBuffer bytes = {0};
	bool answer;
	LdbError err;

	assert_int_equal(ldb_key_of_row(spec, columns, row, &bytes, &answer, &err), LDB_OK);
	ldb_buffer_free(&bytes);
	return answer;
}

/* same: one letter for each row; rows with one letter have one key. */
static void
check_classes(LdbArray column, LdbKeyForm form, const char *same)
{
	LdbKeyColumn part = {0, form};
	LdbKeySpec spec = {1, &part, false};

	assert_true(ldb_key_accepts(column.type, form));
	assert_int_equal(column.length, strlen(same));
	for (size_t a = 0; a < column.length; a++)
	{
		for (size_t b = 0; b < column.length; b++)
		{
			LdbSlice left = key_of(&spec, &column, a);
			LdbSlice right = key_of(&spec, &column, b);

			if (ldb_slice_equal(left, right) != (same[a] == same[b]))
				fail_msg("rows %zu and %zu of \"%s\"", a, b, same);
			if (same[a] == same[b])
				assert_int_equal(ldb_key_hash(left, 7), ldb_key_hash(right, 7));
			else
				assert_int_not_equal(ldb_key_hash(left, 7), ldb_key_hash(right, 7));
		}
	}
}

static void
plain_values_are_equal_when_their_bytes_are(void **state)
{
	(void) state;
	check_classes(INT32S(NULL, 1, -1, 0, 1, INT32_MIN), LDB_KEY_PLAIN, "abcad");
	check_classes(INT64S(NULL, 5, 6, 5), LDB_KEY_PLAIN, "aba");
	check_classes(bools("tft", NULL), LDB_KEY_PLAIN, "aba");
	check_classes(TEXTS("a", "A", "", "a", "a "), LDB_KEY_PLAIN, "abcad");
}

static void
zeros_are_one_number_and_so_are_all_nans(void **state)
{
	double odd_nan;
	uint64_t bits = 0xfff8000000000123u;
	uint16_t halves[] = {0, 0x8000, 0x7e00, 0xfe01, 0x3c00};

	(void) state;
	memcpy(&odd_nan, &bits, sizeof odd_nan);
	check_classes(DOUBLES(NULL, 0.0, -0.0, (double) NAN, odd_nan, 1.5), LDB_KEY_PLAIN, "aabbc");
	check_classes(FLOATS(NULL, 0.0f, -0.0f, NAN, -NAN, INFINITY, -INFINITY), LDB_KEY_PLAIN,
				  "aabbcd");
	check_classes(fixed(type_of(LDB_TYPE_HALF), halves, 2, 5, NULL), LDB_KEY_PLAIN, "aabbc");
}

static void
blanks_at_the_end_do_not_count_in_trimmed_strings(void **state)
{
	(void) state;
	check_classes(TEXTS("ab", "ab  ", " ab", "", "  "), LDB_KEY_TRIMMED, "aabcc");
}

static void
a_uuid_is_its_digits_however_it_is_written(void **state)
{
	(void) state;
	check_classes(
		TEXTS("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
			  "{a0eebc999c0b4ef8bb6d6bb9bd380a11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12"),
		LDB_KEY_HEX, "aaab");
}

static void
what_a_conversion_cuts_off_does_not_count(void **state)
{
	const LdbType *ns = type_with_unit(LDB_TYPE_TIMESTAMP, LDB_UNIT_NS);
	int64_t values[] = {1000, 1999, 2000, -1, -1000, -1001};
	int64_t days[] = {0, 86399999, 86400000, -1};

	(void) state;
	check_classes(fixed(ns, values, 8, 6, NULL), LDB_KEY_MICROSECONDS, "aabccd");
	check_classes(fixed(ns, values, 8, 6, NULL), LDB_KEY_PLAIN, "abcdef");
	check_classes(fixed(type_of(LDB_TYPE_DATE64), days, 8, 4, NULL), LDB_KEY_DAYS, "aabc");
}

static void
forms_are_for_types_that_have_them(void **state)
{
	(void) state;
	assert_false(ldb_key_accepts(type_of(LDB_TYPE_INT32), LDB_KEY_TRIMMED));
	assert_false(ldb_key_accepts(type_of(LDB_TYPE_BINARY), LDB_KEY_HEX));
	assert_false(
		ldb_key_accepts(type_with_unit(LDB_TYPE_TIMESTAMP, LDB_UNIT_US), LDB_KEY_MICROSECONDS));
	assert_false(ldb_key_accepts(type_of(LDB_TYPE_LIST), LDB_KEY_PLAIN));
	assert_false(ldb_key_accepts(type_of(LDB_TYPE_STRUCT), LDB_KEY_PLAIN));
	assert_false(ldb_key_accepts(type_of(LDB_TYPE_NULL), LDB_KEY_PLAIN));
}

static void
parts_of_a_key_do_not_run_together(void **state)
{
	LdbKeyColumn parts[] = {{0, LDB_KEY_PLAIN}, {1, LDB_KEY_PLAIN}};
	LdbKeySpec spec = {2, parts, false};
	LdbArray columns[] = {TEXTS("a", "ab", "a", ""), TEXTS("bc", "c", "bc", "abc")};

	(void) state;
	assert_false(ldb_slice_equal(key_of(&spec, columns, 0), key_of(&spec, columns, 1)));
	assert_false(ldb_slice_equal(key_of(&spec, columns, 0), key_of(&spec, columns, 3)));
	assert_true(ldb_slice_equal(key_of(&spec, columns, 0), key_of(&spec, columns, 2)));
}

static void
a_row_with_a_null_has_no_key_unless_nulls_are_equal(void **state)
{
	LdbKeyColumn parts[] = {{0, LDB_KEY_PLAIN}, {1, LDB_KEY_PLAIN}};
	LdbKeySpec distinct = {2, parts, false};
	LdbKeySpec equal = {2, parts, true};
	LdbArray columns[] = {INT32S("n.nn", 1, 1, 1, 0), INT32S("...n", 2, 2, 2, 0)};

	(void) state;
	assert_false(has_key(&distinct, columns, 0));
	assert_true(has_key(&distinct, columns, 1));
	assert_true(ldb_slice_equal(key_of(&equal, columns, 0), key_of(&equal, columns, 2)));
	assert_false(ldb_slice_equal(key_of(&equal, columns, 0), key_of(&equal, columns, 1)));
	assert_false(ldb_slice_equal(key_of(&equal, columns, 0), key_of(&equal, columns, 3)));
}

static void
hashes_of_numbers_spread(void **state)
{
	uint32_t buckets[256] = {0};

	(void) state;
	for (uint64_t i = 0; i < 256 * 256; i++)
		buckets[ldb_key_hash(ldb_slice(&i, sizeof i), 1) >> 56]++;
	for (size_t i = 0; i < 256; i++)
		assert_in_range(buckets[i], 150, 370);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain_values_are_equal_when_their_bytes_are),
		TEST(zeros_are_one_number_and_so_are_all_nans),
		TEST(blanks_at_the_end_do_not_count_in_trimmed_strings),
		TEST(a_uuid_is_its_digits_however_it_is_written),
		TEST(what_a_conversion_cuts_off_does_not_count),
		TEST(forms_are_for_types_that_have_them),
		TEST(parts_of_a_key_do_not_run_together),
		TEST(a_row_with_a_null_has_no_key_unless_nulls_are_equal),
		TEST(hashes_of_numbers_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
