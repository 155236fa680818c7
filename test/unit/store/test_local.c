/* test_local.c -- reading, describing, mapping and removing files of a folder. */
#include "store/store_test.h"

#include "ldb/store/mapping.h"

static bool
stop_at_the_third_look(void *context)
{
	return ++*(int *) context >= 3;
}

static void
reads_whole_objects_and_parts(void **state)
{
	Place place;
	LdbSlice bytes;
	uint64_t size;

	(void) state;
	open_place(&place);
	write_file(at(&place, "root/digits"), "0123456789");
	assert_object(place.store, "digits", "0123456789");
	assert_int_equal(ldb_store_get(place.store, "digits", (LdbRange){3, 4}, place.arena, &bytes,
								   &size, NULL, &place.err),
					 LDB_OK);
	assert_true(ldb_slice_equal(bytes, ldb_slice_of("3456")));
	assert_int_equal(size, 10);
	assert_int_equal(ldb_store_get(place.store, "digits", (LdbRange){7, UINT64_MAX}, place.arena,
								   &bytes, NULL, NULL, &place.err),
					 LDB_OK);
	assert_true(ldb_slice_equal(bytes, ldb_slice_of("789")));
	assert_int_equal(ldb_store_get(place.store, "digits", (LdbRange){10, 0}, place.arena, &bytes,
								   NULL, NULL, &place.err),
					 LDB_OK);
	assert_int_equal(bytes.length, 0);
	close_place(&place);
}

static void
calls_a_read_beyond_the_end_short(void **state)
{
	const LdbRange ranges[] = {
		{9, 2}, {11, 0}, {11, UINT64_MAX}, {UINT64_MAX, 1}, {1, UINT64_MAX - 1}};
	Place place;
	LdbSlice bytes[5];

	(void) state;
	open_place(&place);
	write_file(at(&place, "root/digits"), "0123456789");
	for (size_t i = 0; i < 5; i++)
	{
		assert_int_equal(ldb_store_get(place.store, "digits", ranges[i], place.arena, bytes, NULL,
									   NULL, &place.err),
						 LDB_IO);
		assert_non_null(strstr(place.err.message, "short read of \"digits\""));
	}
	assert_int_equal(
		ldb_store_get_many(place.store, "digits", ranges, 5, place.arena, bytes, NULL, &place.err),
		LDB_IO);
	close_place(&place);
}

static void
reads_many_ranges_in_the_order_asked(void **state)
{
	const LdbRange ranges[] = {{5, 5}, {0, 3}, {2, 4}, {10, 0}};
	Place place;
	LdbSlice bytes[4];

	(void) state;
	open_place(&place);
	write_file(at(&place, "root/digits"), "0123456789");
	assert_int_equal(
		ldb_store_get_many(place.store, "digits", ranges, 4, place.arena, bytes, NULL, &place.err),
		LDB_OK);
	assert_true(ldb_slice_equal(bytes[0], ldb_slice_of("56789")));
	assert_true(ldb_slice_equal(bytes[1], ldb_slice_of("012")));
	assert_true(ldb_slice_equal(bytes[2], ldb_slice_of("2345")));
	assert_int_equal(bytes[3].length, 0);
	assert_int_equal(
		ldb_store_get_many(place.store, "digits", NULL, 0, place.arena, NULL, NULL, &place.err),
		LDB_OK);
	close_place(&place);
}

static void
stops_a_long_read_when_cancelled(void **state)
{
	int looks = 0;
	const LdbCancel cancel = {.requested = stop_at_the_third_look, .context = &looks};
	Place place;
	LdbSlice bytes;

	(void) state;
	open_place(&place);
	write_file(at(&place, "root/long"), "x");
	assert_int_equal(truncate(at(&place, "root/long"), 100 * 1024 * 1024), 0);
	assert_int_equal(
		ldb_store_get(place.store, "long", WHOLE, place.arena, &bytes, NULL, &cancel, &place.err),
		LDB_CANCELLED);
	assert_int_equal(looks, 3);
	close_place(&place);
}

static void
says_nomem_when_an_object_passes_the_limit_of_the_arena(void **state)
{
	LdbArena *small = ldb_arena_new(1000);
	Place place;
	LdbSlice bytes;

	(void) state;
	open_place(&place);
	write_file(at(&place, "root/long"), "x");
	assert_int_equal(truncate(at(&place, "root/long"), 1024L * 1024 * 1024 * 1024), 0);
	assert_int_equal(
		ldb_store_get(place.store, "long", WHOLE, small, &bytes, NULL, NULL, &place.err),
		LDB_NOMEM);
	ldb_arena_free(small);
	close_place(&place);
}

static void
describes_an_object_and_notices_its_replacement(void **state)
{
	Place place;
	LdbObjectInfo before;
	LdbObjectInfo after;

	(void) state;
	open_place(&place);
	assert_int_equal(put_text(place.store, "a/b", "12345", LDB_PUT_CREATE, &place.err), LDB_OK);
	assert_int_equal(ldb_store_head(place.store, "a/b", place.arena, &before, NULL, &place.err),
					 LDB_OK);
	assert_string_equal(before.name, "a/b");
	assert_int_equal(before.size, 5);
	/* Between 2020 and 2100. */
	assert_in_range(before.modified_us / 1000000, 1577836800, 4102444800);
	assert_int_equal(ldb_store_head(place.store, "a/b", place.arena, &after, NULL, &place.err),
					 LDB_OK);
	assert_memory_equal(before.identity, after.identity, sizeof before.identity);
	assert_int_equal(put_text(place.store, "a/b", "54321", LDB_PUT_REPLACE, &place.err), LDB_OK);
	assert_int_equal(ldb_store_head(place.store, "a/b", place.arena, &after, NULL, &place.err),
					 LDB_OK);
	assert_memory_not_equal(before.identity, after.identity, sizeof before.identity);
	assert_int_equal(ldb_store_head(place.store, "a", place.arena, &after, NULL, &place.err),
					 LDB_NOT_FOUND);
	assert_int_equal(ldb_store_head(place.store, "c", place.arena, &after, NULL, &place.err),
					 LDB_NOT_FOUND);
	close_place(&place);
}

static void
maps_objects(void **state)
{
	Place place;
	LdbMapping *mapping;

	(void) state;
	open_place(&place);
	write_file(at(&place, "root/digits"), "0123456789");
	assert_int_equal(ldb_store_map(place.store, "digits", &mapping, NULL, &place.err), LDB_OK);
	assert_true(ldb_slice_equal(ldb_mapping_bytes(mapping), ldb_slice_of("0123456789")));
	ldb_mapping_close(mapping);
	assert_int_equal(ldb_store_map(place.store, "none", &mapping, NULL, &place.err), LDB_NOT_FOUND);
	close_place(&place);
}

static void
removes_objects_and_does_not_mind_when_there_are_none(void **state)
{
	Place place;

	(void) state;
	open_place(&place);
	write_file(at(&place, "root/file"), "x");
	assert_int_equal(mkdir(at(&place, "root/folder"), 0777), 0);
	assert_int_equal(ldb_store_remove(place.store, "file", NULL, &place.err), LDB_OK);
	assert_int_equal(access(at(&place, "root/file"), F_OK), -1);
	assert_int_equal(ldb_store_remove(place.store, "file", NULL, &place.err), LDB_OK);
	assert_int_equal(ldb_store_remove(place.store, "no/such/file", NULL, &place.err), LDB_OK);
	assert_int_equal(ldb_store_remove(place.store, "folder", NULL, &place.err), LDB_DENIED);
	assert_int_equal(access(at(&place, "root/folder"), F_OK), 0);
	close_place(&place);
}

static void
does_not_leak_descriptors_or_pass_them_on(void **state)
{
	Place place;
	LdbSlice bytes;
	LdbObjectInfo info;
	LdbMapping *mapping;
	size_t before;

	(void) state;
	open_place(&place);
	before = count_open_files();
	for (int i = 0; i < 5; i++)
	{
		assert_int_equal(put_text(place.store, "a/b/c", "x", LDB_PUT_REPLACE, NULL), LDB_OK);
		assert_int_equal(put_text(place.store, "a/b/c", "x", LDB_PUT_CREATE, NULL), LDB_CONFLICT);
		assert_int_equal(
			ldb_store_get(place.store, "a/b/c", WHOLE, place.arena, &bytes, NULL, NULL, NULL),
			LDB_OK);
		assert_int_equal(ldb_store_head(place.store, "a/b/c", place.arena, &info, NULL, NULL),
						 LDB_OK);
		assert_int_equal(ldb_store_map(place.store, "a/b/c", &mapping, NULL, NULL), LDB_OK);
		ldb_mapping_close(mapping);
		assert_list(place.store, "a/", false, "a/b/c");
		assert_int_equal(ldb_store_remove(place.store, "a/b/c", NULL, NULL), LDB_OK);
	}
	assert_int_equal(count_open_files(), before);
	for (int fd = 3; fd < 64; fd++)
	{
		int flags = fcntl(fd, F_GETFD);
		char path[64];
		char target[256] = "";

		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		if (flags >= 0 && readlink(path, target, sizeof target - 1) > 0 &&
			strncmp(target, place.folder, strlen(place.folder)) == 0)
			assert_true(flags & FD_CLOEXEC);
	}
	close_place(&place);
}

static void
says_nomem_when_there_is_none_for_a_store(void **state)
{
	LdbStore *store;
	LdbError err = {0};

	(void) state;
	ldb_heap_fail_after(1);
	assert_int_equal(ldb_store_open_local("/tmp", &store, &err), LDB_NOMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_whole_objects_and_parts),
		cmocka_unit_test(calls_a_read_beyond_the_end_short),
		cmocka_unit_test(reads_many_ranges_in_the_order_asked),
		cmocka_unit_test(stops_a_long_read_when_cancelled),
		cmocka_unit_test(says_nomem_when_an_object_passes_the_limit_of_the_arena),
		cmocka_unit_test(describes_an_object_and_notices_its_replacement),
		cmocka_unit_test(maps_objects),
		cmocka_unit_test(removes_objects_and_does_not_mind_when_there_are_none),
		cmocka_unit_test(does_not_leak_descriptors_or_pass_them_on),
		cmocka_unit_test(says_nomem_when_there_is_none_for_a_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
