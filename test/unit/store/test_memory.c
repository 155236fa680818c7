/* test_memory.c -- objects in memory behave like those in a folder. */
#include "store/store_test.h"

#include <pthread.h>
#include <stdatomic.h>

static LdbStore *
new_store(void)
{
	LdbStore *store;

	assert_int_equal(ldb_store_open_memory(&store, NULL), LDB_OK);
	return store;
}

static void
keeps_and_gives_objects(void **state)
{
	LdbStore *store = new_store();
	LdbArena *arena = ldb_arena_new(0);
	LdbObjectInfo info;
	LdbObjectInfo replaced;
	LdbError err = {0};

	(void) state;
	assert_int_equal(put_text(store, "a/b", "first", LDB_PUT_CREATE, &err), LDB_OK);
	assert_int_equal(put_text(store, "a/b", "second", LDB_PUT_CREATE, &err), LDB_CONFLICT);
	assert_object(store, "a/b", "first");
	assert_int_equal(ldb_store_head(store, "a/b", arena, &info, NULL, &err), LDB_OK);
	assert_int_equal(info.size, 5);
	assert_string_equal(info.name, "a/b");
	assert_int_equal(put_text(store, "a/b", "other", LDB_PUT_REPLACE, &err), LDB_OK);
	assert_object(store, "a/b", "other");
	assert_int_equal(ldb_store_head(store, "a/b", arena, &replaced, NULL, &err), LDB_OK);
	assert_memory_not_equal(info.identity, replaced.identity, sizeof info.identity);
	assert_int_equal(put_text(store, "empty", "", LDB_PUT_REPLACE, &err), LDB_OK);
	assert_object(store, "empty", "");
	assert_int_equal(ldb_store_remove(store, "a/b", NULL, &err), LDB_OK);
	assert_int_equal(ldb_store_remove(store, "a/b", NULL, &err), LDB_OK);
	assert_int_equal(ldb_store_head(store, "a/b", arena, &info, NULL, &err), LDB_NOT_FOUND);
	assert_non_null(strstr(err.message, "\"a/b\""));
	ldb_arena_free(arena);
	ldb_store_close(store);
}

static void
gives_copies_that_outlive_the_object(void **state)
{
	LdbStore *store = new_store();
	LdbArena *arena = ldb_arena_new(0);
	const LdbRange ranges[] = {{4, 3}, {0, 2}, {8, UINT64_MAX}};
	LdbSlice bytes[3];

	(void) state;
	assert_int_equal(put_text(store, "x", "0123456789", LDB_PUT_CREATE, NULL), LDB_OK);
	assert_int_equal(ldb_store_get_many(store, "x", ranges, 3, arena, bytes, NULL, NULL), LDB_OK);
	ldb_store_close(store);
	assert_true(ldb_slice_equal(bytes[0], ldb_slice_of("456")));
	assert_true(ldb_slice_equal(bytes[1], ldb_slice_of("01")));
	assert_true(ldb_slice_equal(bytes[2], ldb_slice_of("89")));
	ldb_arena_free(arena);
}

static void
calls_a_read_beyond_the_end_short(void **state)
{
	LdbStore *store = new_store();
	LdbArena *arena = ldb_arena_new(0);
	const LdbRange ranges[] = {{9, 2}, {11, 0}, {11, UINT64_MAX}, {UINT64_MAX, 1}};
	LdbSlice bytes;
	LdbError err = {0};

	(void) state;
	assert_int_equal(put_text(store, "x", "0123456789", LDB_PUT_CREATE, NULL), LDB_OK);
	for (size_t i = 0; i < 4; i++)
	{
		assert_int_equal(ldb_store_get(store, "x", ranges[i], arena, &bytes, NULL, NULL, &err),
						 LDB_IO);
		assert_non_null(strstr(err.message, "short read"));
	}
	ldb_arena_free(arena);
	ldb_store_close(store);
}

static void
lists_in_byte_order_with_folders_once(void **state)
{
	const char *names[] = {"b", "a/x", "a-b", "a/b/c", "a/b/d", "Z", "aa"};
	LdbStore *store = new_store();

	(void) state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_int_equal(put_text(store, names[i], "x", LDB_PUT_CREATE, NULL), LDB_OK);
	assert_list(store, "", false, "Z a-b a/b/c a/b/d a/x aa b");
	assert_list(store, "", true, "Z a-b a/ aa b");
	assert_list(store, "a/", true, "a/b/ a/x");
	assert_list(store, "a/", false, "a/b/c a/b/d a/x");
	assert_list(store, "none/", true, "");
	ldb_store_close(store);
}

typedef struct Counter
{
	LdbStore *store;
	atomic_int winners;
} Counter;

static void *
create_hundred(void *argument)
{
	Counter *counter = argument;

	for (int i = 0; i < 100; i++)
	{
		char name[16];

		snprintf(name, sizeof name, "%d", i);
		if (put_text(counter->store, name, "x", LDB_PUT_CREATE, NULL) == LDB_OK)
			atomic_fetch_add(&counter->winners, 1);
	}
	return NULL;
}

static void
lets_one_of_many_creators_win(void **state)
{
	Counter counter = {.store = new_store()};
	pthread_t threads[4];

	(void) state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, create_hundred, &counter), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&counter.winners), 100);
	ldb_store_close(counter.store);
}

static void
survives_every_failing_allocation(void **state)
{
	LdbStatus status = LDB_NOMEM;

	(void) state;
	for (uint64_t n = 1; status != LDB_OK; n++)
	{
		LdbStore *store = new_store();

		ldb_heap_fail_after(n);
		status = LDB_OK;
		for (int i = 0; i < 40 && status == LDB_OK; i++)
		{
			char name[16];

			snprintf(name, sizeof name, "%d", i);
			status = put_text(store, name, "x", LDB_PUT_CREATE, NULL);
		}
		ldb_heap_fail_after(0);
		assert_true(status == LDB_OK || status == LDB_NOMEM);
		ldb_store_close(store);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_and_gives_objects),
		cmocka_unit_test(gives_copies_that_outlive_the_object),
		cmocka_unit_test(calls_a_read_beyond_the_end_short),
		cmocka_unit_test(lists_in_byte_order_with_folders_once),
		cmocka_unit_test(lets_one_of_many_creators_win),
		cmocka_unit_test(survives_every_failing_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
