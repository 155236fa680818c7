/* test_local_create.c -- objects written piece by piece appear at the end, whole and once. */
#include "store/store_test.h"

#include <sys/resource.h>

static LdbStoreWriter *
begin(LdbStore *store, const char *name)
{
	LdbStoreWriter *writer = NULL;
	LdbError err = {0};

	if (ldb_store_create(store, name, NULL, &writer, &err) != LDB_OK)
		fail_msg("%s", err.message);
	return writer;
}

static void
add(LdbStoreWriter *writer, const char *text)
{
	assert_int_equal(ldb_store_append(writer, ldb_slice_of(text), NULL, NULL), LDB_OK);
}

static void
show_nothing_before_the_end(LdbStore *store)
{
	LdbStoreWriter *writer = begin(store, "data/x.lance");

	add(writer, "one ");
	add(writer, "");
	assert_list(store, "", false, "");
	add(writer, "two");
	assert_list(store, "data/", false, "");
	assert_int_equal(ldb_store_finish(writer, NULL, NULL), LDB_OK);
	assert_object(store, "data/x.lance", "one two");
	writer = begin(store, "data/empty");
	assert_int_equal(ldb_store_finish(writer, NULL, NULL), LDB_OK);
	assert_object(store, "data/empty", "");
}

static void
leave_what_was_there_first(LdbStore *store)
{
	LdbStoreWriter *writer = begin(store, "x");
	LdbError err = {0};

	add(writer, "second");
	assert_int_equal(put_text(store, "x", "first", LDB_PUT_CREATE, NULL), LDB_OK);
	assert_int_equal(ldb_store_finish(writer, NULL, &err), LDB_CONFLICT);
	assert_string_equal(err.message, "\"x\" exists already");
	assert_object(store, "x", "first");
	assert_int_equal(ldb_store_remove(store, "x", NULL, NULL), LDB_OK);
}

static void
abandon_and_leave_nothing(LdbStore *store)
{
	LdbStoreWriter *writer = begin(store, "y");

	add(writer, "something");
	ldb_store_abandon(writer);
	ldb_store_abandon(NULL);
	assert_list(store, "", false, "data/empty data/x.lance");
}

static void
refuse_a_bad_name(LdbStore *store)
{
	LdbStoreWriter *writer = NULL;

	assert_int_equal(ldb_store_create(store, "../x", NULL, &writer, NULL), LDB_DENIED);
	assert_null(writer);
}

static void
use_a_store(LdbStore *store)
{
	show_nothing_before_the_end(store);
	leave_what_was_there_first(store);
	abandon_and_leave_nothing(store);
	refuse_a_bad_name(store);
}

static void
writes_whole_objects_or_none_in_memory(void **state)
{
	LdbStore *store;

	(void) state;
	assert_int_equal(ldb_store_open_memory(&store, NULL), LDB_OK);
	use_a_store(store);
	ldb_store_close(store);
}

static void
writes_whole_objects_or_none_in_a_folder(void **state)
{
	Place place;
	size_t before;

	(void) state;
	open_place(&place);
	before = count_open_files();
	use_a_store(place.store);
	assert_int_equal(count_entries(place.root), 1);
	assert_int_equal(count_entries(at(&place, "root/data")), 2);
	assert_int_equal(count_open_files(), before);
	close_place(&place);
}

static void
writes_whole_objects_or_none_through_every_decorator(void **state)
{
	const LdbRetryPolicy policy = {.attempts = 2, .budget_ms = 1000};
	Place place;

	(void) state;
	open_place(&place);
	assert_int_equal(ldb_store_wrap_fault(place.store, &place.store, NULL), LDB_OK);
	assert_int_equal(ldb_store_wrap_stats(place.store, &place.store, NULL), LDB_OK);
	assert_int_equal(ldb_store_wrap_retry(place.store, &policy, &place.store, NULL), LDB_OK);
	use_a_store(place.store);
	close_place(&place);
}

/* Pieces of all sizes around the one that is collected, 24 MiB in all. */
static void
keeps_every_byte_of_pieces_of_all_sizes(void **state)
{
	static const size_t sizes[] = {1, 100000, 262143, 262144, 262145, 7, 3000000, 0, 8388608};
	size_t total = 0;
	LdbStoreWriter *writer;
	LdbSlice bytes = {0};
	uint8_t *piece = malloc(8388608);
	Place place;

	(void) state;
	open_place(&place);
	writer = begin(place.store, "large");
	for (size_t i = 0; i < 18; i++)
	{
		size_t size = sizes[i % 9];

		for (size_t k = 0; k < size; k++)
			piece[k] = (uint8_t) ((total + k) * 31 >> 3);
		assert_int_equal(ldb_store_append(writer, ldb_slice(piece, size), NULL, NULL), LDB_OK);
		total += size;
	}
	assert_int_equal(ldb_store_finish(writer, NULL, NULL), LDB_OK);
	assert_int_equal(
		ldb_store_get(place.store, "large", WHOLE, place.arena, &bytes, NULL, NULL, NULL), LDB_OK);
	assert_int_equal(bytes.length, total);
	for (size_t k = 0; k < total; k++)
		if (bytes.data[k] != (uint8_t) (k * 31 >> 3))
			fail_msg("byte %zu differs", k);
	free(piece);
	close_place(&place);
}

static void
leaves_nothing_when_the_disk_is_full(void **state)
{
	struct rlimit before;
	struct rlimit small;
	uint8_t *piece = calloc(1, 600000);
	LdbStoreWriter *writer;
	LdbStatus status;
	Place place;

	(void) state;
	open_place(&place);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 500000;
	for (size_t size = 1000; size <= 600000; size += 599000)
	{
		writer = begin(place.store, "x");
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		status = LDB_OK;
		for (size_t written = 0; written <= 600000 && status == LDB_OK; written += size)
			status = ldb_store_append(writer, ldb_slice(piece, size), NULL, &place.err);
		if (status == LDB_OK)
			status = ldb_store_finish(writer, NULL, &place.err);
		else
			ldb_store_abandon(writer);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		assert_int_equal(status, LDB_IO);
		assert_non_null(strstr(place.err.message, "could not write \"x\""));
		assert_int_equal(count_entries(place.root), 0);
	}
	free(piece);
	close_place(&place);
}

static bool
yes(void *context)
{
	(void) context;
	return true;
}

static void
stops_when_cancelled(void **state)
{
	const LdbCancel cancel = {.requested = yes};
	LdbStoreWriter *writer = NULL;
	Place place;

	(void) state;
	open_place(&place);
	assert_int_equal(ldb_store_create(place.store, "x", &cancel, &writer, NULL), LDB_CANCELLED);
	writer = begin(place.store, "x");
	assert_int_equal(ldb_store_append(writer, ldb_slice_of("1"), &cancel, NULL), LDB_CANCELLED);
	add(writer, "2");
	assert_int_equal(ldb_store_finish(writer, &cancel, NULL), LDB_CANCELLED);
	assert_int_equal(count_entries(place.root), 0);
	close_place(&place);
}

static void
expect_unfinished(const char *name, const char *extension)
{
	LdbStoreWriter *writer;
	struct dirent *entry;
	size_t length = 0;
	Place place;
	DIR *entries;

	open_place(&place);
	writer = begin(place.store, name);
	entries = opendir(place.root);
	assert_non_null(entries);
	while ((entry = readdir(entries)) != NULL)
	{
		if (strncmp(entry->d_name, ".tmp-", 5) != 0)
			continue;
		length = strlen(entry->d_name);
		assert_string_equal(entry->d_name + 21, extension);
	}
	assert_int_equal(length, 21 + strlen(extension));
	closedir(entries);
	ldb_store_abandon(writer);
	close_place(&place);
}

/* LanceDB's cleanup deletes data and deletion files that no version names, which it knows by these. */
static void
keeps_the_extension_of_all_but_manifests_until_then(void **state)
{
	(void) state;
	expect_unfinished("1.lance", ".lance");
	expect_unfinished("0-1-2.arrow", ".arrow");
	expect_unfinished("0-1-2.bin", ".bin");
	expect_unfinished("18446744073709551614.manifest", "");
	expect_unfinished("none", "");
	expect_unfinished("x.much_too_long", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_whole_objects_or_none_in_memory),
		cmocka_unit_test(writes_whole_objects_or_none_in_a_folder),
		cmocka_unit_test(writes_whole_objects_or_none_through_every_decorator),
		cmocka_unit_test(keeps_every_byte_of_pieces_of_all_sizes),
		cmocka_unit_test(leaves_nothing_when_the_disk_is_full),
		cmocka_unit_test(stops_when_cancelled),
		cmocka_unit_test(keeps_the_extension_of_all_but_manifests_until_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
