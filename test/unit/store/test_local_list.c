/* test_local_list.c -- what a list of a folder shows, hides and survives. */
#include "store/store_test.h"

static bool
stop_at_the_third_look(void *context)
{
	return ++*(int *) context >= 3;
}

static void
lists_in_byte_order_at_any_depth(void **state)
{
	const char *names[] = {"b", "a/x", "a-b", "a/b/c", "Z", "\xc3\xa4", "a.b", "aa"};
	Place place;

	(void) state;
	open_place(&place);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_int_equal(put_text(place.store, names[i], "x", LDB_PUT_CREATE, &place.err), LDB_OK);
	assert_list(place.store, "", false, "Z a-b a.b a/b/c a/x aa b \xc3\xa4");
	assert_list(place.store, "", true, "Z a-b a.b a/ aa b \xc3\xa4");
	assert_list(place.store, "a/", false, "a/b/c a/x");
	assert_list(place.store, "a/", true, "a/b/ a/x");
	assert_list(place.store, "a/b", true, "a/b/");
	assert_list(place.store, "a", true, "a-b a.b a/ aa");
	close_place(&place);
}

static void
gives_an_empty_list_of_a_missing_folder(void **state)
{
	Place place;

	(void) state;
	open_place(&place);
	write_file(at(&place, "root/file"), "x");
	assert_list(place.store, "missing/", true, "");
	assert_list(place.store, "missing/below/", false, "");
	assert_list(place.store, "file/", true, "");
	close_place(&place);
}

static void
hides_the_temporary_files_of_writers(void **state)
{
	Place place;

	(void) state;
	open_place(&place);
	write_file(at(&place, "root/1.manifest#1"), "x");
	write_file(at(&place, "root/1.manifest#23"), "x");
	write_file(at(&place, "root/.tmpA1b2C3"), "x");
	write_file(at(&place, "root/.tmp-0123456789abcdef"), "x");
	write_file(at(&place, "root/a#b"), "x");
	write_file(at(&place, "root/a#"), "x");
	write_file(at(&place, "root/1.manifest"), "x");
	assert_list(place.store, "", true, "1.manifest a# a#b");
	close_place(&place);
}

static void
describes_what_it_lists(void **state)
{
	Place place;
	LdbObjectInfo *objects;
	LdbObjectInfo info;
	size_t count;

	(void) state;
	open_place(&place);
	assert_int_equal(put_text(place.store, "a", "12345", LDB_PUT_CREATE, &place.err), LDB_OK);
	assert_int_equal(put_text(place.store, "b/c", "1", LDB_PUT_CREATE, &place.err), LDB_OK);
	assert_int_equal(
		ldb_store_list(place.store, "", false, place.arena, &objects, &count, NULL, &place.err),
		LDB_OK);
	assert_int_equal(count, 2);
	assert_int_equal(ldb_store_head(place.store, "a", place.arena, &info, NULL, &place.err),
					 LDB_OK);
	assert_int_equal(objects[0].size, 5);
	assert_int_equal(objects[0].modified_us, info.modified_us);
	assert_memory_equal(objects[0].identity, info.identity, sizeof info.identity);
	assert_string_equal(objects[1].name, "b/c");
	assert_int_equal(objects[1].size, 1);
	close_place(&place);
}

static void
does_not_follow_links_out_or_in_circles(void **state)
{
	Place place;

	(void) state;
	open_place(&place);
	write_file(at(&place, "secret"), "x");
	assert_int_equal(put_text(place.store, "folder/x", "x", LDB_PUT_CREATE, &place.err), LDB_OK);
	assert_int_equal(symlink("..", at(&place, "root/out")), 0);
	assert_int_equal(symlink("../secret", at(&place, "root/leak")), 0);
	assert_int_equal(symlink(".", at(&place, "root/circle")), 0);
	assert_int_equal(symlink("folder/x", at(&place, "root/inside")), 0);
	assert_int_equal(symlink("missing", at(&place, "root/dangling")), 0);
	assert_list(place.store, "", false, "folder/x inside");
	assert_list(place.store, "", true, "circle/ folder/ inside");
	assert_list(place.store, "circle/folder/", true, "circle/folder/x");
	close_place(&place);
}

static void
lists_thousands_of_objects_in_many_folders(void **state)
{
	Place place;
	LdbObjectInfo *objects;
	size_t count;

	(void) state;
	open_place(&place);
	for (int folder = 0; folder < 50; folder++)
	{
		char name[64];

		snprintf(name, sizeof name, "root/%02d", folder);
		assert_int_equal(mkdir(at(&place, name), 0777), 0);
		for (int file = 0; file < 40; file++)
		{
			snprintf(name, sizeof name, "root/%02d/%02d", folder, file);
			write_file(at(&place, name), "x");
		}
	}
	assert_int_equal(
		ldb_store_list(place.store, "", false, place.arena, &objects, &count, NULL, &place.err),
		LDB_OK);
	assert_int_equal(count, 2000);
	for (size_t i = 0; i < count; i++)
	{
		char name[32];

		snprintf(name, sizeof name, "%02zu/%02zu", i / 40, i % 40);
		assert_string_equal(objects[i].name, name);
	}
	close_place(&place);
}

static void
stops_when_cancelled_and_closes_its_folder(void **state)
{
	int looks = 0;
	const LdbCancel cancel = {.requested = stop_at_the_third_look, .context = &looks};
	Place place;
	LdbObjectInfo *objects;
	size_t count;
	size_t before;

	(void) state;
	open_place(&place);
	write_file(at(&place, "root/a"), "x");
	before = count_open_files();
	assert_int_equal(
		ldb_store_list(place.store, "", false, place.arena, &objects, &count, &cancel, &place.err),
		LDB_CANCELLED);
	assert_int_equal(count_open_files(), before);
	close_place(&place);
}

static void
survives_every_failing_allocation(void **state)
{
	Place place;
	LdbObjectInfo *objects;
	size_t count = 0;
	LdbStatus status = LDB_NOMEM;
	size_t before;

	(void) state;
	open_place(&place);
	for (int i = 0; i < 40; i++)
	{
		char name[32];

		snprintf(name, sizeof name, "f%d/a%d", i % 4, i);
		assert_int_equal(put_text(place.store, name, "x", LDB_PUT_CREATE, &place.err), LDB_OK);
	}
	before = count_open_files();
	for (uint64_t n = 1; status != LDB_OK; n++)
	{
		ldb_arena_reset(place.arena);
		ldb_heap_fail_after(n);
		status =
			ldb_store_list(place.store, "", false, place.arena, &objects, &count, NULL, &place.err);
		ldb_heap_fail_after(0);
		assert_true(status == LDB_OK || status == LDB_NOMEM);
		assert_int_equal(count_open_files(), before);
	}
	assert_int_equal(count, 40);
	close_place(&place);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_in_byte_order_at_any_depth),
		cmocka_unit_test(gives_an_empty_list_of_a_missing_folder),
		cmocka_unit_test(hides_the_temporary_files_of_writers),
		cmocka_unit_test(describes_what_it_lists),
		cmocka_unit_test(does_not_follow_links_out_or_in_circles),
		cmocka_unit_test(lists_thousands_of_objects_in_many_folders),
		cmocka_unit_test(stops_when_cancelled_and_closes_its_folder),
		cmocka_unit_test(survives_every_failing_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
