/* test_location.c -- which URIs lead to a store, and which are refused by name. */
#include "store/store_test.h"

#include "ldb/store/location.h"

static void
assert_normal(const char *uri, const char *expected)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbError err = {0};
	const char *path = NULL;

	if (ldb_location_normalize(uri, arena, &path, &err) != LDB_OK)
		fail_msg("%s", err.message);
	assert_string_equal(path, expected);
	ldb_arena_free(arena);
}

static void
assert_refused(const char *uri, LdbStatus expected, const char *message)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbError err = {0};
	const char *path;

	assert_int_equal(ldb_location_normalize(uri, arena, &path, &err), expected);
	if (strstr(err.message, message) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", message, err.message);
	ldb_arena_free(arena);
}

static void
gives_one_spelling_of_local_uris(void **state)
{
	(void) state;
	assert_normal("/a/b", "/a/b");
	assert_normal("/a/b/", "/a/b");
	assert_normal("//a///b//", "/a/b");
	assert_normal("/", "/");
	assert_normal("file:///a/b", "/a/b");
	assert_normal("file:/a/b", "/a/b");
	assert_normal("file://localhost/a/b/", "/a/b");
	assert_normal("file:///", "/");
	assert_normal("file:///a%20b/%C3%A4", "/a b/\xc3\xa4");
	assert_normal("file:///100%/a%zz", "/100%/a%zz");
	assert_normal("/100%20", "/100%20");
	assert_normal("/a:b/..c/...", "/a:b/..c/...");
}

static void
refuses_relative_paths_and_dots(void **state)
{
	(void) state;
	assert_refused("", LDB_DENIED, "absolute");
	assert_refused("a/b", LDB_DENIED, "\"a/b\"");
	assert_refused("./a", LDB_DENIED, "\"./a\"");
	assert_refused("file:a", LDB_DENIED, "\"file:a\"");
	assert_refused("/a/../b", LDB_DENIED, "\"/a/../b\" may not contain \"..\"");
	assert_refused("/..", LDB_DENIED, "\"..\"");
	assert_refused("/a/./b", LDB_DENIED, "\".\"");
	assert_refused("file:///a/%2e%2e/b", LDB_DENIED, "\"..\"");
	assert_refused("file:///a%2f..%2Fb", LDB_DENIED, "\"..\"");
	assert_refused("file:///a%00b", LDB_DENIED, "zero byte");
}

static void
names_a_scheme_it_does_not_know_but_not_its_keys(void **state)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbError err = {0};
	const char *path;

	(void) state;
	assert_refused("s3://bucket/x", LDB_UNSUPPORTED, "\"s3:\"");
	assert_refused("FILE:///x", LDB_UNSUPPORTED, "\"FILE:\"");
	assert_refused("memory:/x", LDB_UNSUPPORTED, "\"memory:\"");
	assert_refused("file://server/share", LDB_UNSUPPORTED, "host");
	assert_int_equal(
		ldb_location_normalize("az://user:hunter2@account/x?sig=hunter2", arena, &path, &err),
		LDB_UNSUPPORTED);
	assert_null(strstr(err.message, "hunter2"));
	ldb_arena_free(arena);
}

static LdbStore *
add_memory(LdbLocations *locations, const char *uri)
{
	LdbStore *store;

	assert_int_equal(ldb_store_open_memory(&store, NULL), LDB_OK);
	assert_int_equal(ldb_locations_add_store(locations, uri, store, NULL), LDB_OK);
	return store;
}

static void
assert_resolved(LdbLocations *locations, const char *uri, LdbStore *store, const char *name)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbError err = {0};
	LdbStore *found = NULL;
	const char *found_name = NULL;

	if (ldb_locations_resolve(locations, uri, arena, &found, &found_name, &err) != LDB_OK)
		fail_msg("%s", err.message);
	assert_ptr_equal(found, store);
	assert_string_equal(found_name, name);
	ldb_arena_free(arena);
}

static void
assert_unresolved(LdbLocations *locations, const char *uri, LdbStatus expected)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbError err = {0};
	LdbStore *found;
	const char *name;

	assert_int_equal(ldb_locations_resolve(locations, uri, arena, &found, &name, &err), expected);
	assert_true(err.message[0] != '\0');
	ldb_arena_free(arena);
}

static void
resolves_to_the_longest_root_at_a_slash(void **state)
{
	LdbLocations *locations;
	LdbStore *data;
	LdbStore *below;

	(void) state;
	assert_int_equal(ldb_locations_new(&locations, NULL), LDB_OK);
	data = add_memory(locations, "/data/");
	below = add_memory(locations, "file:///data/lake");
	assert_resolved(locations, "/data", data, "");
	assert_resolved(locations, "/data/t.lance", data, "t.lance");
	assert_resolved(locations, "file:///data//t.lance/", data, "t.lance");
	assert_resolved(locations, "/data/lake", below, "");
	assert_resolved(locations, "/data/lake/a/b", below, "a/b");
	assert_resolved(locations, "/data/lakes/a", data, "lakes/a");
	assert_unresolved(locations, "/database/t", LDB_DENIED);
	assert_unresolved(locations, "/dat", LDB_DENIED);
	assert_unresolved(locations, "/", LDB_DENIED);
	assert_unresolved(locations, "/data/../etc/passwd", LDB_DENIED);
	assert_unresolved(locations, "t.lance", LDB_DENIED);
	assert_unresolved(locations, "s3://data/t.lance", LDB_UNSUPPORTED);
	assert_unresolved(locations, "memory:/data", LDB_DENIED);
	ldb_locations_free(locations);
}

static void
resolves_memory_stores_by_their_own_scheme(void **state)
{
	LdbLocations *locations;
	LdbStore *all;
	LdbStore *one;

	(void) state;
	assert_int_equal(ldb_locations_new(&locations, NULL), LDB_OK);
	all = add_memory(locations, "memory:");
	one = add_memory(locations, "memory://one");
	assert_resolved(locations, "memory:", all, "");
	assert_resolved(locations, "memory:t.lance", all, "t.lance");
	assert_resolved(locations, "memory:///a/t.lance", all, "a/t.lance");
	assert_resolved(locations, "memory:/one/t.lance", one, "t.lance");
	assert_unresolved(locations, "memory:/one/../two", LDB_DENIED);
	assert_unresolved(locations, "/one/t.lance", LDB_DENIED);
	assert_int_equal(ldb_locations_add(locations, "memory:/two", NULL), LDB_UNSUPPORTED);
	ldb_locations_free(locations);
}

static void
allows_everything_below_the_root_of_the_file_system_if_told_so(void **state)
{
	LdbLocations *locations;
	LdbStore *store;

	(void) state;
	assert_int_equal(ldb_locations_new(&locations, NULL), LDB_OK);
	store = add_memory(locations, "/");
	assert_resolved(locations, "/", store, "");
	assert_resolved(locations, "/a/b", store, "a/b");
	ldb_locations_free(locations);
}

static void
opens_a_folder_once_and_only_when_it_is_needed(void **state)
{
	Place place;
	LdbLocations *locations;
	LdbStore *store = NULL;
	LdbStore *again = NULL;
	const char *name = NULL;
	size_t before;

	(void) state;
	open_place(&place);
	write_file(at(&place, "root/x"), "text");
	before = count_open_files();
	assert_int_equal(ldb_locations_new(&locations, NULL), LDB_OK);
	assert_int_equal(ldb_locations_add(locations, place.root, NULL), LDB_OK);
	assert_int_equal(ldb_locations_add(locations, at(&place, "missing"), NULL), LDB_OK);
	assert_int_equal(count_open_files(), before);
	assert_int_equal(ldb_locations_resolve(locations, at(&place, "root/x"), place.arena, &store,
										   &name, &place.err),
					 LDB_OK);
	assert_object(store, name, "text");
	assert_int_equal(ldb_locations_resolve(locations, at(&place, "root/y"), place.arena, &again,
										   &name, &place.err),
					 LDB_OK);
	assert_ptr_equal(again, store);
	assert_unresolved(locations, at(&place, "missing/x"), LDB_NOT_FOUND);
	assert_unresolved(locations, place.folder, LDB_DENIED);
	ldb_locations_free(locations);
	ldb_locations_free(NULL);
	assert_int_equal(count_open_files(), before);
	close_place(&place);
}

static LdbStatus
add_two_and_resolve(LdbError *err)
{
	LdbLocations *locations = NULL;
	LdbArena *arena = NULL;
	LdbStore *store = NULL;
	const char *name = NULL;
	LdbStatus status = ldb_locations_new(&locations, err);

	if (status == LDB_OK)
		status = ldb_store_open_memory(&store, err);
	if (status == LDB_OK)
		status = ldb_locations_add_store(locations, "memory:", store, err);
	if (status == LDB_OK)
		status = ldb_locations_add(locations, "/tmp", err);
	if (status == LDB_OK)
		status = (arena = ldb_arena_new(0)) == NULL ? LDB_NOMEM : LDB_OK;
	if (status == LDB_OK)
		status = ldb_locations_resolve(locations, "file:///tmp/x", arena, &store, &name, err);
	ldb_arena_free(arena);
	ldb_locations_free(locations);
	return status;
}

static void
survives_every_failing_allocation(void **state)
{
	LdbStatus status = LDB_NOMEM;
	uint64_t n;

	(void) state;
	for (n = 1; status != LDB_OK; n++)
	{
		ldb_heap_fail_after(n);
		status = add_two_and_resolve(NULL);
		ldb_heap_fail_after(0);
		assert_true(status == LDB_OK || status == LDB_NOMEM);
	}
	assert_true(n > 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_one_spelling_of_local_uris),
		cmocka_unit_test(refuses_relative_paths_and_dots),
		cmocka_unit_test(names_a_scheme_it_does_not_know_but_not_its_keys),
		cmocka_unit_test(resolves_to_the_longest_root_at_a_slash),
		cmocka_unit_test(resolves_memory_stores_by_their_own_scheme),
		cmocka_unit_test(allows_everything_below_the_root_of_the_file_system_if_told_so),
		cmocka_unit_test(opens_a_folder_once_and_only_when_it_is_needed),
		cmocka_unit_test(survives_every_failing_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
