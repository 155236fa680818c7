/* test_arena.c -- alignment, limits, reuse and failing allocations of arenas and the heap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ldb/base/arena.h"

static void
aligns_large_pieces_to_cache_lines_and_small_ones_to_16(void **state)
{
	LdbArena *arena = ldb_arena_new(0);

	(void) state;
	for (size_t bytes = 0; bytes < 3000; bytes += 7)
	{
		unsigned char *piece = ldb_arena_alloc(arena, bytes);

		assert_non_null(piece);
		assert_int_equal((uintptr_t) piece % (bytes >= 64 ? 64 : 16), 0);
		memset(piece, 0xaa, bytes);
	}
	ldb_arena_free(arena);
}

static void
keeps_pieces_apart(void **state)
{
	enum
	{
		PIECES = 2000
	};
	LdbArena *arena = ldb_arena_new(0);
	unsigned char *pieces[PIECES];
	size_t sizes[PIECES];

	(void) state;
	srand(1);
	for (size_t i = 0; i < PIECES; i++)
	{
		sizes[i] = (size_t) rand() % (i % 50 == 0 ? 100000 : 200);
		pieces[i] = ldb_arena_alloc(arena, sizes[i]);
		assert_non_null(pieces[i]);
		memset(pieces[i], (int) (i & 0xff), sizes[i]);
	}
	for (size_t i = 0; i < PIECES; i++)
		for (size_t k = 0; k < sizes[i]; k++)
			if (pieces[i][k] != (i & 0xff))
				fail_msg("piece %zu was overwritten at %zu", i, k);
	ldb_arena_free(arena);
}

static void
refuses_what_passes_the_limit_and_works_after_a_reset(void **state)
{
	LdbArena *arena = ldb_arena_new(100000);
	size_t got = 0;

	(void) state;
	assert_null(ldb_arena_alloc(arena, 100001));
	assert_null(ldb_arena_alloc(arena, SIZE_MAX));
	assert_null(ldb_arena_alloc(arena, SIZE_MAX - 63));
	while (ldb_arena_alloc(arena, 1000) != NULL)
		got++;
	assert_in_range(got, 90, 100);
	assert_true(ldb_arena_used(arena) <= 100000);
	ldb_arena_reset(arena);
	assert_int_equal(ldb_arena_used(arena), 0);
	assert_non_null(ldb_arena_alloc(arena, 90000));
	ldb_arena_free(arena);
}

static void
takes_another_limit_but_not_below_what_is_handed_out(void **state)
{
	LdbArena *arena = ldb_arena_new(1000);

	(void) state;
	assert_non_null(ldb_arena_alloc(arena, 500));
	ldb_arena_set_limit(arena, 100);
	assert_null(ldb_arena_alloc(arena, 1));
	ldb_arena_set_limit(arena, 2000);
	assert_non_null(ldb_arena_alloc(arena, 1200));
	assert_null(ldb_arena_alloc(arena, 1200));
	ldb_arena_set_limit(arena, 0);
	assert_non_null(ldb_arena_alloc(arena, 1200));
	ldb_arena_free(arena);
}

static void
uses_the_limit_to_the_last_byte(void **state)
{
	LdbArena *arena = ldb_arena_new(64);

	(void) state;
	assert_non_null(ldb_arena_alloc(arena, 48));
	assert_non_null(ldb_arena_alloc(arena, 16));
	assert_null(ldb_arena_alloc(arena, 1));
	assert_null(ldb_arena_alloc(arena, 0));
	ldb_arena_free(arena);
}

static void
refuses_arrays_whose_size_overflows(void **state)
{
	LdbArena *arena = ldb_arena_new(0);

	(void) state;
	assert_null(ldb_arena_alloc_array(arena, SIZE_MAX / 2, 3));
	assert_null(ldb_arena_zalloc_array(arena, SIZE_MAX / 8 + 2, 8));
	assert_null(ldb_arena_strndup(arena, "x", SIZE_MAX));
	assert_non_null(ldb_arena_zalloc_array(arena, 0, 8));
	ldb_arena_free(arena);
}

static LdbStatus
make_numbers(LdbArena *arena, size_t count, uint64_t **numbers, LdbError *err)
{
	LDB_NEW(arena, *numbers, count, err);
	return LDB_OK;
}

static void
ldb_new_gives_zeroes_or_leaves_with_nomem(void **state)
{
	LdbArena *arena = ldb_arena_new(10000);
	LdbError err = {0};
	uint64_t *numbers;

	(void) state;
	memset(ldb_arena_alloc(arena, 5000), 0xff, 5000);
	ldb_arena_reset(arena);
	assert_int_equal(make_numbers(arena, 600, &numbers, &err), LDB_OK);
	for (size_t i = 0; i < 600; i++)
		assert_int_equal(numbers[i], 0);
	assert_int_equal(make_numbers(arena, SIZE_MAX / 4, &numbers, &err), LDB_NOMEM);
	assert_int_equal(err.status, LDB_NOMEM);
	ldb_arena_free(arena);
}

static void
copies_text_and_formats_it(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	char *text;

	(void) state;
	assert_string_equal(ldb_arena_strdup(arena, "hello"), "hello");
	assert_string_equal(ldb_arena_strndup(arena, "hello", 2), "he");
	assert_string_equal(ldb_arena_strndup(arena, NULL, 0), "");
	assert_memory_equal(ldb_arena_copy(arena, "a\0b", 3), "a\0b", 3);
	assert_non_null(ldb_arena_copy(arena, NULL, 0));
	text = ldb_arena_printf(arena, "%s/%0500d", "x", 5);
	assert_int_equal(strlen(text), 502);
	assert_string_equal(text + 499, "005");
	ldb_arena_free(arena);
	ldb_arena_free(NULL);
}

static void
serves_equal_rounds_from_one_kept_block(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	void *first = NULL;

	(void) state;
	for (int round = 0; round < 5; round++)
	{
		void *piece = ldb_arena_alloc(arena, 500000);

		for (int i = 0; i < 3; i++)
			assert_non_null(ldb_arena_alloc(arena, 500000));
		if (round == 3)
			first = piece;
		if (round == 4)
			assert_ptr_equal(piece, first);
		ldb_arena_reset(arena);
	}
	ldb_arena_free(arena);
}

static void
holds_all_arenas_and_the_heap_to_one_limit(void **state)
{
	size_t before = ldb_memory_held();
	LdbArena *first = ldb_arena_new(0);
	LdbArena *second = ldb_arena_new(0);
	size_t half = LDB_MEMORY_LIMIT / 2;
	void *heap;

	(void) state;
	assert_non_null(ldb_arena_alloc(first, half));
	assert_null(ldb_arena_alloc(second, half));
	assert_null(ldb_heap_zalloc(half));
	heap = ldb_heap_zalloc(1000);
	assert_non_null(heap);
	assert_null(ldb_heap_realloc(heap, half));
	ldb_arena_reset(first);
	heap = ldb_heap_realloc(heap, half);
	assert_non_null(heap);
	assert_null(ldb_arena_alloc(second, half));
	ldb_heap_free(heap);
	assert_non_null(ldb_arena_alloc(second, half));
	assert_null(ldb_heap_zalloc(SIZE_MAX));
	ldb_arena_free(first);
	assert_true(ldb_memory_held() > before + half);
	ldb_arena_free(second);
	assert_true(ldb_memory_held() == before);
}

static void
fails_exactly_the_nth_allocation(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	void *heap;

	(void) state;
	ldb_heap_fail_after(3);
	assert_non_null(ldb_arena_alloc(arena, 10));
	heap = ldb_heap_zalloc(10);
	assert_non_null(heap);
	assert_null(ldb_arena_alloc(arena, 10));
	assert_non_null(ldb_arena_alloc(arena, 10));
	ldb_heap_fail_after(1);
	assert_null(ldb_heap_realloc(heap, 100));
	ldb_heap_fail_after(1);
	assert_null(ldb_heap_strdup("x"));
	ldb_heap_fail_after(1);
	assert_null(ldb_arena_new(0));
	ldb_heap_fail_after(1);
	ldb_heap_fail_after(0);
	heap = ldb_heap_realloc(heap, 0);
	assert_non_null(heap);
	ldb_heap_free(heap);
	heap = ldb_heap_strdup("abc");
	assert_string_equal(heap, "abc");
	ldb_heap_free(heap);
	ldb_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligns_large_pieces_to_cache_lines_and_small_ones_to_16),
		cmocka_unit_test(keeps_pieces_apart),
		cmocka_unit_test(refuses_what_passes_the_limit_and_works_after_a_reset),
		cmocka_unit_test(takes_another_limit_but_not_below_what_is_handed_out),
		cmocka_unit_test(uses_the_limit_to_the_last_byte),
		cmocka_unit_test(refuses_arrays_whose_size_overflows),
		cmocka_unit_test(ldb_new_gives_zeroes_or_leaves_with_nomem),
		cmocka_unit_test(copies_text_and_formats_it),
		cmocka_unit_test(serves_equal_rounds_from_one_kept_block),
		cmocka_unit_test(holds_all_arenas_and_the_heap_to_one_limit),
		cmocka_unit_test(fails_exactly_the_nth_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
