/* test_sort.c -- sorts any number of items of any size, and stops when it is told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ldb/base/sort.h"

typedef struct Item
{
	int key;
	char rest[9];
} Item;

static int
item_order(const void *a, const void *b)
{
	const Item *x = a;
	const Item *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static Item *
random_items(size_t count, int keys)
{
	Item *items = calloc(count + 1, sizeof *items);

	assert_non_null(items);
	for (size_t i = 0; i < count; i++)
	{
		items[i].key = rand() % keys;
		memset(items[i].rest, items[i].key % 251, sizeof items[i].rest);
	}
	return items;
}

/* Asks `left` times more without being cancelled. */
typedef struct Patience
{
	size_t left;
} Patience;

static bool
is_over(void *context)
{
	Patience *patience = context;

	if (patience->left == 0)
		return true;
	patience->left--;
	return false;
}

static void
sorts_like_qsort_around_the_lengths_of_runs(void **state)
{
	static const size_t counts[] = {0,    1,    2,     3,     4095,  4096,  4097,
									8191, 8192, 12289, 20481, 40960, 65536, 100001};

	(void) state;
	srand(11);
	for (size_t i = 0; i < 2 * sizeof counts / sizeof counts[0]; i++)
	{
		size_t count = counts[i / 2];
		Item *items = random_items(count, i % 2 == 0 ? 5 : 1 << 30);
		Item *expected = calloc(count + 1, sizeof *expected);
		LdbError err;

		assert_non_null(expected);
		memcpy(expected, items, count * sizeof *items);
		qsort(expected, count, sizeof *expected, item_order);
		assert_int_equal(ldb_sort(items, count, sizeof *items, item_order, NULL, &err), LDB_OK);
		for (size_t at = 0; at < count; at++)
		{
			assert_int_equal(items[at].key, expected[at].key);
			assert_memory_equal(items[at].rest, expected[at].rest, sizeof items[at].rest);
		}
		free(items);
		free(expected);
	}
}

static void
asks_often_whether_it_should_stop_and_stops(void **state)
{
	enum
	{
		COUNT = 100000
	};
	Patience patience = {SIZE_MAX};
	LdbCancel cancel = {is_over, &patience};
	Item *items = random_items(COUNT, 1 << 30);
	size_t asked;
	LdbError err;

	(void) state;
	assert_int_equal(ldb_sort(items, COUNT, sizeof *items, item_order, &cancel, &err), LDB_OK);
	asked = SIZE_MAX - patience.left;
	assert_true(asked > 2 * COUNT / 4096);
	for (size_t stop = 0; stop < asked; stop += 7)
	{
		patience.left = stop;
		free(items);
		items = random_items(COUNT, 1 << 30);
		assert_int_equal(ldb_sort(items, COUNT, sizeof *items, item_order, &cancel, &err),
						 LDB_CANCELLED);
		assert_int_equal(patience.left, 0);
	}
	free(items);
}

static void
refuses_what_memory_cannot_hold(void **state)
{
	Item item = {1, {0}};
	LdbError err;

	(void) state;
	assert_int_equal(ldb_sort(&item, SIZE_MAX / 4, sizeof item, item_order, NULL, &err), LDB_NOMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_like_qsort_around_the_lengths_of_runs),
		cmocka_unit_test(asks_often_whether_it_should_stop_and_stops),
		cmocka_unit_test(refuses_what_memory_cannot_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
