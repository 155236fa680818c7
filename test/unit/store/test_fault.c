/* test_fault.c -- the n-th call fails, whichever it is, and nothing leaks on the way. */
#include "store/store_test.h"

#include "ldb/store/mapping.h"
#include "ldb/store/object.h"

static LdbStore *
wrap(LdbStore *inner)
{
	LdbStore *store;

	assert_int_equal(ldb_store_wrap_fault(inner, &store, NULL), LDB_OK);
	return store;
}

static LdbStore *
memory_with_faults(void)
{
	LdbStore *inner;

	assert_int_equal(ldb_store_open_memory(&inner, NULL), LDB_OK);
	return wrap(inner);
}

static void
fails_the_nth_call_once(void **state)
{
	LdbStore *store = memory_with_faults();
	LdbError err = {0};

	(void) state;
	ldb_store_fault_after(store, 3, false);
	assert_int_equal(put_text(store, "a", "x", LDB_PUT_CREATE, &err), LDB_OK);
	assert_int_equal(put_text(store, "b", "x", LDB_PUT_CREATE, &err), LDB_OK);
	assert_int_equal(put_text(store, "c", "x", LDB_PUT_CREATE, &err), LDB_IO);
	assert_non_null(strstr(err.message, "\"c\""));
	assert_int_equal(put_text(store, "d", "x", LDB_PUT_CREATE, &err), LDB_OK);
	ldb_store_fault_after(store, 1, false);
	ldb_store_fault_after(store, 0, false);
	assert_list(store, "", false, "a b d");
	ldb_store_close(store);
}

static void
fails_every_call_from_the_nth_on_when_sticky(void **state)
{
	LdbStore *store = memory_with_faults();

	(void) state;
	ldb_store_fault_after(store, 2, true);
	assert_int_equal(put_text(store, "a", "x", LDB_PUT_CREATE, NULL), LDB_OK);
	for (int i = 0; i < 5; i++)
		assert_int_equal(put_text(store, "b", "x", LDB_PUT_CREATE, NULL), LDB_IO);
	ldb_store_fault_after(store, 0, true);
	assert_int_equal(put_text(store, "b", "x", LDB_PUT_CREATE, NULL), LDB_OK);
	ldb_store_close(store);
}

static LdbStatus
write_in_pieces(LdbStore *store, const char *name, LdbError *err)
{
	LdbStoreWriter *writer;
	LdbStatus status;

	LDB_TRY(ldb_store_create(store, name, NULL, &writer, err));
	status = ldb_store_append(writer, ldb_slice_of("12"), NULL, err);
	if (status == LDB_OK)
		return ldb_store_finish(writer, NULL, err);
	ldb_store_abandon(writer);
	return status;
}

/* One of each call; map and settle only where there is one. */
static LdbStatus
use_every_call(LdbStore *store, LdbArena *arena, LdbError *err)
{
	static const char *const names[] = {"f/a", "f/c"};
	const LdbRange ranges[] = {{0, 1}, {2, 2}};
	LdbObjectInfo *objects;
	LdbObjectInfo info;
	LdbMapping *mapping;
	LdbSlice bytes[2];
	size_t count;

	LDB_TRY(put_text(store, "f/a", "12345", LDB_PUT_CREATE, err));
	LDB_TRY(put_text(store, "f/b", "6789", LDB_PUT_REPLACE, err));
	LDB_TRY(write_in_pieces(store, "f/c", err));
	LDB_TRY(ldb_store_settle(store, names, 2, NULL, NULL, err));
	LDB_TRY(ldb_store_remove(store, "f/c", NULL, err));
	LDB_TRY(ldb_store_get(store, "f/a", WHOLE, arena, bytes, NULL, NULL, err));
	LDB_TRY(ldb_store_get_many(store, "f/b", ranges, 2, arena, bytes, NULL, err));
	LDB_TRY(ldb_store_head(store, "f/a", arena, &info, NULL, err));
	LDB_TRY(ldb_store_list(store, "f/", true, arena, &objects, &count, NULL, err));
	assert_int_equal(count, 2);
	if (store->ops->map != NULL)
	{
		LDB_TRY(ldb_store_map(store, "f/a", &mapping, NULL, err));
		ldb_mapping_close(mapping);
	}
	LDB_TRY(ldb_store_remove(store, "f/a", NULL, err));
	LDB_TRY(ldb_store_remove(store, "f/b", NULL, err));
	return ldb_store_prune(store, "f", true, NULL, err);
}

/* Gives how many calls failed before one round went well. */
static uint64_t
fail_each_call_in_turn(LdbStore *store)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbError err = {0};
	uint64_t n = 0;
	LdbStatus status;

	do
	{
		ldb_store_fault_after(store, ++n, false);
		status = use_every_call(store, arena, &err);
		ldb_store_fault_after(store, 0, false);
		assert_true(status == LDB_OK || status == LDB_IO);
		assert_int_equal(ldb_store_remove(store, "f/a", NULL, NULL), LDB_OK);
		assert_int_equal(ldb_store_remove(store, "f/b", NULL, NULL), LDB_OK);
		assert_int_equal(ldb_store_remove(store, "f/c", NULL, NULL), LDB_OK);
		assert_list(store, "", false, "");
		ldb_arena_reset(arena);
	} while (status != LDB_OK);
	ldb_arena_free(arena);
	return n - 1;
}

static void
fails_each_call_in_turn_in_memory(void **state)
{
	LdbStore *store = memory_with_faults();

	(void) state;
	assert_null(store->ops->map);
	assert_int_equal(fail_each_call_in_turn(store), 13);
	ldb_store_close(store);
}

static void
fails_each_call_in_turn_in_a_folder(void **state)
{
	Place place;
	size_t before;

	(void) state;
	open_place(&place);
	before = count_open_files();
	place.store = wrap(place.store);
	assert_int_equal(fail_each_call_in_turn(place.store), 15);
	assert_int_equal(count_open_files(), before);
	close_place(&place);
}

static void
survives_every_failing_allocation_of_every_call(void **state)
{
	Place place;
	LdbStatus status = LDB_NOMEM;
	size_t before;

	(void) state;
	open_place(&place);
	before = count_open_files();
	for (uint64_t n = 1; status != LDB_OK; n++)
	{
		ldb_arena_reset(place.arena);
		ldb_heap_fail_after(n);
		status = use_every_call(place.store, place.arena, &place.err);
		ldb_heap_fail_after(0);
		assert_true(status == LDB_OK || status == LDB_NOMEM);
		assert_int_equal(count_open_files(), before);
		assert_int_equal(ldb_store_remove(place.store, "f/a", NULL, NULL), LDB_OK);
		assert_int_equal(ldb_store_remove(place.store, "f/b", NULL, NULL), LDB_OK);
		assert_int_equal(ldb_store_remove(place.store, "f/c", NULL, NULL), LDB_OK);
		assert_int_equal(ldb_store_prune(place.store, "f", true, NULL, NULL), LDB_OK);
		assert_int_equal(count_entries(place.root), 0);
	}
	close_place(&place);
}

/* Open, fetch, read within and without; closes the object whatever happens. */
static LdbStatus
use_object(LdbStore *store, LdbArena *arena, LdbError *err)
{
	const LdbRange ranges[] = {{0, 3}, {8, 2}};
	LdbObject *object = NULL;
	LdbSlice bytes;
	LdbStatus status = ldb_object_open(store, "x", 10, NULL, NULL, &object, err);

	if (status == LDB_OK)
		status = ldb_object_fetch(object, ranges, 2, NULL, err);
	if (status == LDB_OK)
		status = ldb_object_read(object, 8, 2, arena, &bytes, NULL, err);
	if (status == LDB_OK && !ldb_slice_equal(bytes, ldb_slice_of("89")))
		fail_msg("wrong bytes");
	if (status == LDB_OK)
		status = ldb_object_check(object, err);
	ldb_object_close(object);
	return status;
}

static void
lets_an_object_fail_at_each_call_and_allocation(void **state)
{
	LdbStore *store = memory_with_faults();
	LdbArena *arena = ldb_arena_new(0);
	LdbStatus status = LDB_IO;
	uint64_t n;

	(void) state;
	assert_int_equal(put_text(store, "x", "0123456789", LDB_PUT_CREATE, NULL), LDB_OK);
	for (n = 1; status != LDB_OK; n++)
	{
		ldb_store_fault_after(store, n, false);
		status = use_object(store, arena, NULL);
		ldb_store_fault_after(store, 0, false);
		assert_true(status == LDB_OK || status == LDB_IO);
	}
	assert_int_equal(n - 2, 2);
	status = LDB_NOMEM;
	for (n = 1; status != LDB_OK; n++)
	{
		ldb_heap_fail_after(n);
		status = use_object(store, arena, NULL);
		ldb_heap_fail_after(0);
		assert_true(status == LDB_OK || status == LDB_NOMEM);
	}
	assert_true(n > 5);
	ldb_arena_free(arena);
	ldb_store_close(store);
}

static void
may_do_the_work_before_it_says_that_it_failed(void **state)
{
	LdbStore *store = memory_with_faults();
	LdbStoreWriter *writer;

	(void) state;
	ldb_store_fault_late(store, true);
	ldb_store_fault_after(store, 1, true);
	assert_int_equal(put_text(store, "a", "x", LDB_PUT_CREATE, NULL), LDB_IO);
	ldb_store_fault_after(store, 3, false);
	assert_int_equal(ldb_store_create(store, "b", NULL, &writer, NULL), LDB_OK);
	assert_int_equal(ldb_store_append(writer, ldb_slice_of("1"), NULL, NULL), LDB_OK);
	assert_int_equal(ldb_store_finish(writer, NULL, NULL), LDB_IO);
	assert_list(store, "", false, "a b");
	ldb_store_fault_after(store, 1, false);
	assert_int_equal(ldb_store_remove(store, "a", NULL, NULL), LDB_IO);
	assert_list(store, "", false, "b");
	ldb_store_close(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fails_the_nth_call_once),
		cmocka_unit_test(fails_every_call_from_the_nth_on_when_sticky),
		cmocka_unit_test(may_do_the_work_before_it_says_that_it_failed),
		cmocka_unit_test(fails_each_call_in_turn_in_memory),
		cmocka_unit_test(fails_each_call_in_turn_in_a_folder),
		cmocka_unit_test(survives_every_failing_allocation_of_every_call),
		cmocka_unit_test(lets_an_object_fail_at_each_call_and_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
