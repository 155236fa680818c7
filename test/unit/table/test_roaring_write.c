/* test_roaring_write.c -- sets that CRoaring reads, and that come back as they were. */
#include "table/table_test.h"

#include <roaring/roaring.h>

#include "ldb/base/bitmap.h"
#include "roaring.h"

static void
check_round(const uint8_t *bits, uint64_t bit_count, uint64_t members)
{
	LdbArena *arena = ldb_arena_new(0);
	uint8_t *again = calloc(1, ldb_bitmap_bytes(bit_count) + 1);
	roaring_bitmap_t *other;
	uint64_t count = 0;
	LdbSlice bytes;
	LdbError err;

	must(ldb_roaring_encode(bits, bit_count, arena, &bytes, &err), &err);
	must(ldb_roaring_decode(bytes, "test", again, bit_count, &count, &err), &err);
	assert_int_equal(count, members);
	assert_memory_equal(again, bits, ldb_bitmap_bytes(bit_count));
	assert_int_equal(ldb_load_u32(bytes.data), 12346);
	other = roaring_bitmap_portable_deserialize_safe((const char *) bytes.data, bytes.length);
	assert_non_null(other);
	assert_int_equal(roaring_bitmap_get_cardinality(other), members);
	for (uint64_t i = 0; i < bit_count; i++)
		assert_int_equal(roaring_bitmap_contains(other, (uint32_t) i), ldb_bit_get(bits, i));
	assert_int_equal(roaring_bitmap_portable_size_in_bytes(other), bytes.length);
	roaring_bitmap_free(other);
	free(again);
	ldb_arena_free(arena);
}

static void
writes_the_bytes_of_the_reference(void **state)
{
	static const uint8_t wanted[] = {0x3a, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0};
	static const uint8_t one[1] = {1};
	LdbArena *arena = ldb_arena_new(0);
	LdbSlice bytes;
	LdbError err;

	(void) state;
	must(ldb_roaring_encode(one, 1, arena, &bytes, &err), &err);
	assert_true(ldb_slice_equal(bytes, ldb_slice(wanted, sizeof wanted)));
	must(ldb_roaring_encode(one, 0, arena, &bytes, &err), &err);
	assert_int_equal(bytes.length, 8);
	ldb_arena_free(arena);
}

static void
writes_arrays_and_bitmaps_around_their_border(void **state)
{
	static uint8_t bits[65536 / 8 * 4];

	(void) state;
	for (size_t members = 4095; members <= 4098; members++)
	{
		memset(bits, 0, sizeof bits);
		for (size_t i = 0; i < members; i++)
			ldb_bit_set(bits, 65536 + i * 16 % 65535);
		check_round(bits, 65536 * 2, ldb_bitmap_count(bits, 0, 65536 * 2));
	}
	memset(bits, 0xff, sizeof bits);
	check_round(bits, 65536 * 4, 65536 * 4);
}

static void
writes_random_sets(void **state)
{
	static uint8_t bits[40000];
	unsigned seed = 7;

	(void) state;
	for (int round = 0; round < 60; round++)
	{
		size_t bit_count = 1 + (size_t) rand_r(&seed) % 300000;
		unsigned rarity = 1u << (round % 12);

		memset(bits, 0, sizeof bits);
		for (size_t i = 0; i < bit_count; i++)
			if ((unsigned) rand_r(&seed) % rarity == 0)
				ldb_bit_set(bits, i);
		check_round(bits, bit_count, ldb_bitmap_count(bits, 0, bit_count));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_bytes_of_the_reference),
		cmocka_unit_test(writes_arrays_and_bitmaps_around_their_border),
		cmocka_unit_test(writes_random_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
