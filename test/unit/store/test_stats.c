/* test_stats.c -- requests, bytes and errors are counted, each kind for itself. */
#include "store/store_test.h"

#include "ldb/store/mapping.h"

static void
counts_requests_bytes_and_errors(void **state)
{
	const LdbRange ranges[] = {{0, 1}, {2, 2}};
	Place place;
	LdbObjectInfo *objects;
	LdbObjectInfo info;
	LdbMapping *mapping;
	LdbStoreStats stats;
	LdbSlice bytes[2];
	size_t count;

	(void) state;
	open_place(&place);
	assert_int_equal(ldb_store_wrap_stats(place.store, &place.store, NULL), LDB_OK);
	assert_int_equal(put_text(place.store, "a", "12345", LDB_PUT_CREATE, NULL), LDB_OK);
	assert_int_equal(put_text(place.store, "a", "123", LDB_PUT_CREATE, NULL), LDB_CONFLICT);
	assert_int_equal(ldb_store_get(place.store, "a", WHOLE, place.arena, bytes, NULL, NULL, NULL),
					 LDB_OK);
	assert_int_equal(
		ldb_store_get_many(place.store, "a", ranges, 2, place.arena, bytes, NULL, NULL), LDB_OK);
	assert_int_equal(ldb_store_get(place.store, "b", WHOLE, place.arena, bytes, NULL, NULL, NULL),
					 LDB_NOT_FOUND);
	for (int i = 0; i < 2; i++)
		assert_int_equal(ldb_store_head(place.store, "a", place.arena, &info, NULL, NULL), LDB_OK);
	for (int i = 0; i < 4; i++)
		assert_int_equal(
			ldb_store_list(place.store, "", true, place.arena, &objects, &count, NULL, NULL),
			LDB_OK);
	for (int i = 0; i < 5; i++)
	{
		assert_int_equal(ldb_store_map(place.store, "a", &mapping, NULL, NULL), LDB_OK);
		ldb_mapping_close(mapping);
	}
	for (int i = 0; i < 6; i++)
		assert_int_equal(ldb_store_remove(place.store, "a", NULL, NULL), LDB_OK);
	ldb_store_stats_read(place.store, &stats);
	assert_int_equal(stats.put_requests, 2);
	assert_int_equal(stats.get_requests, 4);
	assert_int_equal(stats.head_requests, 2);
	assert_int_equal(stats.list_requests, 4);
	assert_int_equal(stats.map_requests, 5);
	assert_int_equal(stats.delete_requests, 6);
	assert_int_equal(stats.bytes_written, 5);
	assert_int_equal(stats.bytes_read, 5 + 1 + 2);
	assert_int_equal(stats.errors, 2);
	close_place(&place);
}

static void
maps_only_where_the_inner_store_does(void **state)
{
	LdbStore *inner;
	LdbStore *store;

	(void) state;
	assert_int_equal(ldb_store_open_memory(&inner, NULL), LDB_OK);
	ldb_heap_fail_after(1);
	assert_int_equal(ldb_store_wrap_stats(inner, &store, NULL), LDB_NOMEM);
	assert_int_equal(ldb_store_wrap_stats(inner, &store, NULL), LDB_OK);
	assert_null(store->ops->map);
	ldb_store_close(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_requests_bytes_and_errors),
		cmocka_unit_test(maps_only_where_the_inner_store_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
