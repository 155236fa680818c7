/* test_listing.c -- long lists are sorted, free of doubles, and cost what they hold. */
#include "store/store_test.h"

static void
sorts_many_names_and_drops_doubles(void **state)
{
	enum
	{
		FOLDERS = 300
	};
	LdbStore *store;
	LdbArena *arena = ldb_arena_new(0);
	LdbObjectInfo *objects;
	size_t count;

	(void) state;
	assert_int_equal(ldb_store_open_memory(&store, NULL), LDB_OK);
	for (int i = 0; i < FOLDERS * 5; i++)
	{
		char name[32];

		/* 7919 is prime to the number of names, so each comes once, in no order. */
		snprintf(name, sizeof name, "%03d/%d", i * 7919 % FOLDERS, i);
		assert_int_equal(put_text(store, name, "", LDB_PUT_CREATE, NULL), LDB_OK);
	}
	assert_int_equal(ldb_store_list(store, "", true, arena, &objects, &count, NULL, NULL), LDB_OK);
	assert_int_equal(count, FOLDERS);
	for (size_t i = 0; i < count; i++)
	{
		char name[32];

		snprintf(name, sizeof name, "%03zu/", i);
		assert_string_equal(objects[i].name, name);
	}
	assert_int_equal(ldb_store_list(store, "", false, arena, &objects, &count, NULL, NULL), LDB_OK);
	assert_int_equal(count, FOLDERS * 5);
	for (size_t i = 1; i < count; i++)
		assert_true(strcmp(objects[i - 1].name, objects[i].name) < 0);
	ldb_arena_free(arena);
	ldb_store_close(store);
}

static void
says_nomem_when_a_list_passes_the_limit_of_the_arena(void **state)
{
	LdbArena *small = ldb_arena_new(2000);
	LdbObjectInfo *objects;
	LdbStore *store;
	size_t count;

	(void) state;
	assert_int_equal(ldb_store_open_memory(&store, NULL), LDB_OK);
	for (int i = 0; i < 100; i++)
	{
		char name[16];

		snprintf(name, sizeof name, "%d", i);
		assert_int_equal(put_text(store, name, "", LDB_PUT_CREATE, NULL), LDB_OK);
	}
	assert_int_equal(ldb_store_list(store, "", false, small, &objects, &count, NULL, NULL),
					 LDB_NOMEM);
	ldb_arena_free(small);
	ldb_store_close(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_many_names_and_drops_doubles),
		cmocka_unit_test(says_nomem_when_a_list_passes_the_limit_of_the_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
