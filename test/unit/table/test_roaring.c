/* test_roaring.c -- bitmaps that CRoaring wrote are read; whatever else is refused. */
#include "table/table_test.h"

#include <roaring/roaring.h>

#include "ldb/base/bitmap.h"
#include "roaring.h"

#define ROWS 300000u

static LdbSlice
serialize(const roaring_bitmap_t *set)
{
	size_t length = roaring_bitmap_portable_size_in_bytes(set);
	char *bytes = malloc(length);

	assert_non_null(bytes);
	assert_int_equal(roaring_bitmap_portable_serialize(set, bytes), length);
	return ldb_slice(bytes, length);
}

static LdbStatus
decode(LdbSlice bytes, uint8_t *bits, uint64_t *count, LdbError *err)
{
	memset(bits, 0, ldb_bitmap_bytes(ROWS));
	memset(err, 0, sizeof *err);
	return ldb_roaring_decode(bytes, "f.bin", bits, ROWS, count, err);
}

static void
check_equal(const roaring_bitmap_t *set, bool has_runs)
{
	static uint8_t bits[ROWS / 8 + 1];
	LdbSlice bytes = serialize(set);
	uint64_t count;
	LdbError err;

	assert_int_equal(ldb_load_u16(bytes.data) == 12347, has_runs);
	must(decode(bytes, bits, &count, &err), &err);
	assert_int_equal(count, roaring_bitmap_get_cardinality(set));
	for (uint32_t row = 0; row < ROWS; row++)
		assert_int_equal(ldb_bit_get(bits, row), roaring_bitmap_contains(set, row));
	free((void *) bytes.data);
}

/* Members in arrays, bitmaps and, when optimised, runs. */
static roaring_bitmap_t *
make_set(unsigned containers, bool dense, bool runs)
{
	roaring_bitmap_t *set = roaring_bitmap_create();

	for (uint32_t i = 0; i < containers; i++)
	{
		uint32_t base = i * 65536;

		if (runs)
		{
			roaring_bitmap_add_range(set, base + 10, base + 5000);
			roaring_bitmap_add_range(set, base + 60000, base + 65536);
			roaring_bitmap_add(set, base);
		}
		else
			for (uint32_t j = 0; j < 60000; j += dense ? 3 : 97)
				roaring_bitmap_add(set, base + j);
	}
	if (runs)
		roaring_bitmap_run_optimize(set);
	return set;
}

static void
reads_arrays_bitmaps_and_runs(void **state)
{
	(void) state;
	for (unsigned containers = 1; containers <= 4; containers++)
	{
		for (int kind = 0; kind < 3; kind++)
		{
			roaring_bitmap_t *set = make_set(containers, kind == 1, kind == 2);

			check_equal(set, kind == 2);
			roaring_bitmap_free(set);
		}
	}
}

static void
reads_an_empty_set_and_mixed_containers(void **state)
{
	roaring_bitmap_t *set = roaring_bitmap_create();

	(void) state;
	check_equal(set, false);
	roaring_bitmap_add_range(set, 0, 65536);
	for (uint32_t i = 70000; i < 130000; i += 2)
		roaring_bitmap_add(set, i);
	roaring_bitmap_add(set, 299999);
	roaring_bitmap_run_optimize(set);
	check_equal(set, true);
	roaring_bitmap_free(set);
}

static void
a_row_beyond_the_fragment_is_refused(void **state)
{
	static uint8_t bits[ROWS / 8 + 1];
	roaring_bitmap_t *set = roaring_bitmap_create();
	LdbSlice bytes;
	uint64_t count;
	LdbError err;

	(void) state;
	roaring_bitmap_add(set, ROWS);
	bytes = serialize(set);
	assert_fails(decode(bytes, bits, &count, &err), LDB_CORRUPT, "row 300000");
	free((void *) bytes.data);
	roaring_bitmap_free(set);
}

/* Truncated anywhere, or with any byte changed, a set is refused or some other set. */
static void
hostile_bytes_are_refused_or_read(void **state)
{
	static uint8_t bits[ROWS / 8 + 1];

	(void) state;
	for (int kind = 0; kind < 3; kind++)
	{
		roaring_bitmap_t *set = make_set(2, kind == 1, kind == 2);
		LdbSlice bytes = serialize(set);
		size_t step = bytes.length > 2000 ? 7 : 1;
		uint64_t count;
		LdbError err;

		for (size_t length = 0; length < bytes.length; length += step)
		{
			LdbSlice cut = tight_copy(ldb_slice(bytes.data, length));

			assert_fails(decode(cut, bits, &count, &err), LDB_CORRUPT, "f.bin");
			free((void *) cut.data);
		}
		for (size_t at = 0; at < bytes.length; at += at < 64 ? 1 : step)
		{
			LdbSlice copy = tight_copy(bytes);

			((uint8_t *) copy.data)[at] ^= (uint8_t) (1u << at % 8);
			if (decode(copy, bits, &count, &err) == LDB_OK)
				assert_int_equal(count, ldb_bitmap_count(bits, 0, ROWS));
			else
				assert_non_null(strstr(err.message, "f.bin"));
			free((void *) copy.data);
		}
		free((void *) bytes.data);
		roaring_bitmap_free(set);
	}
}

static void
says_what_breaks_the_format(void **state)
{
	static const struct
	{
		const char *words;
		size_t length;
		uint8_t bytes[32];
	} cases[] = {
		{"not a Roaring bitmap", 4, {1, 2, 3, 4}},
		{"claims 65537 containers", 8, {0x3a, 0x30, 0, 0, 1, 0, 1, 0}},
		{"bytes are missing", 8, {0x3a, 0x30, 0, 0, 1, 0, 0, 0}},
		/* an array of two equal numbers */
		{"do not ascend", 20, {0x3a, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 16, 0, 0, 0, 5, 0, 5, 0}},
		/* two containers with the same key */
		{"do not ascend", 28, {0x3a, 0x30, 0,  0, 2, 0, 0,  0, 0, 0, 0, 0, 0, 0,
							   0,    0,    24, 0, 0, 0, 26, 0, 0, 0, 5, 0, 6, 0}},
		/* one container of runs: a run beyond its end, overlapping runs, a wrong cardinality */
		{"do not ascend", 15, {0x3b, 0x30, 0, 0, 1, 0, 0, 9, 0, 1, 0, 0xff, 0xff, 9, 0}},
		{"do not ascend", 19, {0x3b, 0x30, 0, 0, 1, 0, 0, 9, 0, 2, 0, 1, 0, 4, 0, 5, 0, 4, 0}},
		{"has 5 members instead of 10", 15, {0x3b, 0x30, 0, 0, 1, 0, 0, 9, 0, 1, 0, 1, 0, 4, 0}},
	};
	static uint8_t bits[ROWS / 8 + 1];

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
	{
		uint64_t count;
		LdbError err;

		assert_fails(decode(ldb_slice(cases[i].bytes, cases[i].length), bits, &count, &err),
					 LDB_CORRUPT, cases[i].words);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_arrays_bitmaps_and_runs),
		cmocka_unit_test(reads_an_empty_set_and_mixed_containers),
		cmocka_unit_test(a_row_beyond_the_fragment_is_refused),
		cmocka_unit_test(hostile_bytes_are_refused_or_read),
		cmocka_unit_test(says_what_breaks_the_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
