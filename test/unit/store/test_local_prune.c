/* test_local_prune.c -- empty folders go, with what crashed writers left; anything else stays. */
#include "store/store_test.h"

static void
removes_a_tree_of_empty_folders_and_unfinished_files(void **state)
{
	Place place;

	(void) state;
	open_place(&place);
	assert_int_equal(put_text(place.store, "t.lance/data/x", "", LDB_PUT_CREATE, NULL), LDB_OK);
	assert_int_equal(put_text(place.store, "t.lance/a/b/c/x", "", LDB_PUT_CREATE, NULL), LDB_OK);
	assert_int_equal(ldb_store_remove(place.store, "t.lance/data/x", NULL, NULL), LDB_OK);
	assert_int_equal(ldb_store_remove(place.store, "t.lance/a/b/c/x", NULL, NULL), LDB_OK);
	write_file(at(&place, "root/t.lance/data/.tmp-0123"), "half");
	write_file(at(&place, "root/t.lance/a/7.manifest#1"), "half");
	write_file(at(&place, "root/other"), "stays");
	assert_int_equal(ldb_store_prune(place.store, "t.lance", false, NULL, &place.err), LDB_OK);
	assert_int_equal(count_entries(at(&place, "root/t.lance/data")), 1);
	assert_int_equal(count_entries(at(&place, "root/t.lance/a")), 1);
	assert_int_equal(ldb_store_prune(place.store, "t.lance", true, NULL, &place.err), LDB_OK);
	assert_int_equal(count_entries(place.root), 1);
	assert_int_equal(ldb_store_prune(place.store, "t.lance", true, NULL, &place.err), LDB_OK);
	assert_int_equal(ldb_store_prune(place.store, "a/b/c", true, NULL, &place.err), LDB_OK);
	close_place(&place);
}

static void
keeps_objects_and_the_folders_that_hold_them(void **state)
{
	Place place;

	(void) state;
	open_place(&place);
	assert_int_equal(put_text(place.store, "t/a/notes", "x", LDB_PUT_CREATE, NULL), LDB_OK);
	assert_int_equal(mkdir(at(&place, "root/t/b"), 0777), 0);
	assert_int_equal(ldb_store_prune(place.store, "t", true, NULL, &place.err), LDB_OK);
	assert_object(place.store, "t/a/notes", "x");
	assert_int_equal(count_entries(at(&place, "root/t")), 1);
	close_place(&place);
}

static void
follows_no_link(void **state)
{
	Place place;

	(void) state;
	open_place(&place);
	assert_int_equal(mkdir(at(&place, "root/t"), 0777), 0);
	assert_int_equal(mkdir(at(&place, "outside"), 0777), 0);
	write_file(at(&place, "outside/.tmp-1"), "not ours");
	assert_int_equal(symlink(at(&place, "outside"), at(&place, "root/t/link")), 0);
	assert_int_equal(symlink(at(&place, "outside"), at(&place, "root/link")), 0);
	assert_int_equal(ldb_store_prune(place.store, "t", true, NULL, &place.err), LDB_OK);
	assert_int_equal(ldb_store_prune(place.store, "link", true, NULL, &place.err), LDB_OK);
	assert_int_equal(count_entries(at(&place, "outside")), 1);
	assert_int_equal(count_entries(at(&place, "root/t")), 1);
	assert_int_equal(ldb_store_prune(place.store, "link/x", true, NULL, &place.err), LDB_DENIED);
	assert_int_equal(ldb_store_prune(place.store, "../outside", true, NULL, &place.err),
					 LDB_DENIED);
	close_place(&place);
}

static void
has_nothing_to_do_where_names_need_no_folders(void **state)
{
	LdbStore *store;

	(void) state;
	assert_int_equal(ldb_store_open_memory(&store, NULL), LDB_OK);
	assert_int_equal(put_text(store, "t/x", "1", LDB_PUT_CREATE, NULL), LDB_OK);
	assert_int_equal(ldb_store_prune(store, "t", true, NULL, NULL), LDB_OK);
	assert_object(store, "t/x", "1");
	ldb_store_close(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(removes_a_tree_of_empty_folders_and_unfinished_files),
		cmocka_unit_test(keeps_objects_and_the_folders_that_hold_them),
		cmocka_unit_test(follows_no_link),
		cmocka_unit_test(has_nothing_to_do_where_names_need_no_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
