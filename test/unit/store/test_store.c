/* test_store.c -- which names a store accepts, and what is refused before a store is asked. */
#include "store/store_test.h"

static bool
stop_at_once(void *context)
{
	(void) context;
	return true;
}

static void
accepts_relative_names(void **state)
{
	const char *names[] = {"a", "a/b", "a/b/c.lance", "..a", "a..", "...", ".hidden", "a b", "ä"};

	(void) state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
	{
		assert_int_equal(ldb_store_check_name(names[i], false, NULL), LDB_OK);
		assert_int_equal(ldb_store_check_name(names[i], true, NULL), LDB_OK);
	}
}

static void
refuses_names_that_lead_outside_or_have_two_spellings(void **state)
{
	const char *names[] = {"..", "../a", "a/..", "a/../b", "/",  "/a",  "//",    "a//b",
						   ".",  "./a",  "a/.",  "a/./b",  "./", "../", "a/../", "a//"};
	LdbError err;

	(void) state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
	{
		memset(&err, 0, sizeof err);
		assert_int_equal(ldb_store_check_name(names[i], false, &err), LDB_DENIED);
		assert_non_null(strstr(err.message, names[i]));
		assert_int_equal(ldb_store_check_name(names[i], true, NULL), LDB_DENIED);
	}
}

static void
allows_an_empty_name_and_a_last_slash_in_prefixes_only(void **state)
{
	(void) state;
	assert_int_equal(ldb_store_check_name("", true, NULL), LDB_OK);
	assert_int_equal(ldb_store_check_name("a/b/", true, NULL), LDB_OK);
	assert_int_equal(ldb_store_check_name("", false, NULL), LDB_DENIED);
	assert_int_equal(ldb_store_check_name("a/", false, NULL), LDB_DENIED);
}

static void
refuses_names_that_are_too_long(void **state)
{
	char name[5000];
	LdbError err = {0};

	(void) state;
	memset(name, 'a', sizeof name);
	name[255] = '\0';
	assert_int_equal(ldb_store_check_name(name, false, NULL), LDB_OK);
	name[255] = 'a';
	name[256] = '\0';
	assert_int_equal(ldb_store_check_name(name, false, NULL), LDB_DENIED);
	for (size_t i = 0; i < sizeof name; i++)
		name[i] = i % 2 == 0 ? 'a' : '/';
	name[3999] = '\0';
	assert_int_equal(ldb_store_check_name(name, false, NULL), LDB_OK);
	name[3999] = '/';
	name[4001] = '\0';
	assert_int_equal(ldb_store_check_name(name, false, &err), LDB_DENIED);
	assert_non_null(strstr(err.message, "too long"));
}

static void
checks_names_in_every_call(void **state)
{
	Place place;
	LdbObjectInfo info;
	LdbObjectInfo *objects;
	LdbMapping *mapping;
	LdbSlice bytes;
	LdbRange range = WHOLE;
	size_t count;

	(void) state;
	open_place(&place);
	write_file(at(&place, "secret"), "secret");
	assert_int_equal(
		ldb_store_get(place.store, "../secret", range, place.arena, &bytes, NULL, NULL, &place.err),
		LDB_DENIED);
	assert_int_equal(ldb_store_get_many(place.store, "../secret", &range, 1, place.arena, &bytes,
										NULL, &place.err),
					 LDB_DENIED);
	assert_int_equal(put_text(place.store, "../new", "x", LDB_PUT_CREATE, &place.err), LDB_DENIED);
	assert_int_equal(
		ldb_store_list(place.store, "../", true, place.arena, &objects, &count, NULL, &place.err),
		LDB_DENIED);
	assert_int_equal(ldb_store_remove(place.store, "../secret", NULL, &place.err), LDB_DENIED);
	assert_int_equal(ldb_store_head(place.store, "../secret", place.arena, &info, NULL, &place.err),
					 LDB_DENIED);
	assert_int_equal(ldb_store_map(place.store, "../secret", &mapping, NULL, &place.err),
					 LDB_DENIED);
	assert_int_equal(access(at(&place, "secret"), F_OK), 0);
	assert_int_equal(access(at(&place, "new"), F_OK), -1);
	close_place(&place);
}

static void
stops_before_a_call_when_cancelled(void **state)
{
	const LdbCancel cancel = {.requested = stop_at_once};
	Place place;

	(void) state;
	open_place(&place);
	assert_int_equal(
		ldb_store_put(place.store, "a", ldb_slice_of("x"), LDB_PUT_CREATE, &cancel, &place.err),
		LDB_CANCELLED);
	assert_list(place.store, "", false, "");
	close_place(&place);
}

static void
says_so_when_a_store_cannot_map(void **state)
{
	LdbStore *store;
	LdbMapping *mapping;
	LdbError err = {0};

	(void) state;
	assert_int_equal(ldb_store_open_memory(&store, &err), LDB_OK);
	assert_int_equal(ldb_store_map(store, "a", &mapping, NULL, &err), LDB_UNSUPPORTED);
	ldb_store_close(store);
	ldb_store_close(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_relative_names),
		cmocka_unit_test(refuses_names_that_lead_outside_or_have_two_spellings),
		cmocka_unit_test(allows_an_empty_name_and_a_last_slash_in_prefixes_only),
		cmocka_unit_test(refuses_names_that_are_too_long),
		cmocka_unit_test(checks_names_in_every_call),
		cmocka_unit_test(stops_before_a_call_when_cancelled),
		cmocka_unit_test(says_so_when_a_store_cannot_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
