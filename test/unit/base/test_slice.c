/* test_slice.c -- parts of slices and growing buffers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ldb/base/arena.h"
#include "ldb/base/slice.h"

static void
gives_a_part_only_when_it_lies_within(void **state)
{
	LdbSlice whole = ldb_slice_of("0123456789");
	LdbSlice part;

	(void) state;
	assert_true(ldb_slice_part(whole, 3, 4, &part));
	assert_true(ldb_slice_equal(part, ldb_slice_of("3456")));
	assert_true(ldb_slice_part(whole, 10, 0, &part));
	assert_false(ldb_slice_part(whole, 10, 1, &part));
	assert_false(ldb_slice_part(whole, 11, 0, &part));
	assert_false(ldb_slice_part(whole, 5, UINT64_MAX, &part));
	assert_false(ldb_slice_part(whole, UINT64_MAX, 5, &part));
	assert_true(ldb_slice_part(ldb_slice(NULL, 0), 0, 0, &part));
	assert_true(ldb_slice_equal(part, ldb_slice_of("")));
	assert_false(ldb_slice_equal(ldb_slice_of("a"), ldb_slice_of("b")));
}

static void
grows_a_buffer_and_keeps_its_bytes(void **state)
{
	LdbBuffer buffer = {0};

	(void) state;
	assert_true(ldb_buffer_append(&buffer, NULL, 0));
	for (unsigned i = 0; i < 10000; i++)
	{
		uint8_t byte = (uint8_t) (i * 7);

		assert_true(ldb_buffer_append(&buffer, &byte, 1));
	}
	assert_int_equal(buffer.length, 10000);
	for (unsigned i = 0; i < 10000; i++)
		assert_int_equal(buffer.data[i], (uint8_t) (i * 7));
	ldb_buffer_free(&buffer);
	assert_null(buffer.data);
	assert_int_equal(buffer.capacity, 0);
}

static void
leaves_a_buffer_as_it_was_when_memory_is_out(void **state)
{
	LdbBuffer buffer = {0};

	(void) state;
	assert_true(ldb_buffer_append(&buffer, "abc", 3));
	assert_false(ldb_buffer_append(&buffer, "x", SIZE_MAX));
	ldb_heap_fail_after(1);
	assert_false(ldb_buffer_reserve(&buffer, 1000));
	assert_int_equal(buffer.length, 3);
	assert_memory_equal(buffer.data, "abc", 3);
	assert_true(ldb_buffer_reserve(&buffer, 1000));
	assert_true(buffer.capacity >= 1000);
	ldb_buffer_free(&buffer);
}

static void
loads_little_endian_numbers_from_odd_places(void **state)
{
	const uint8_t bytes[] = {0xff, 1, 2, 3, 4, 5, 6, 7, 8};

	(void) state;
	assert_int_equal(ldb_load_u16(bytes + 1), 0x0201);
	assert_int_equal(ldb_load_u32(bytes + 1), 0x04030201);
	assert_true(ldb_load_u64(bytes + 1) == UINT64_C(0x0807060504030201));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_a_part_only_when_it_lies_within),
		cmocka_unit_test(grows_a_buffer_and_keeps_its_bytes),
		cmocka_unit_test(leaves_a_buffer_as_it_was_when_memory_is_out),
		cmocka_unit_test(loads_little_endian_numbers_from_odd_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
