/* test_local_settle.c -- files become durable when it is asked for, each once, their folders too. */
#include "store/sync_record.h"

static void
write_object(LdbStore *store, const char *name, size_t size)
{
	uint8_t *bytes = calloc(1, size + 1);
	LdbStoreWriter *writer;

	assert_int_equal(ldb_store_create(store, name, NULL, &writer, NULL), LDB_OK);
	assert_int_equal(ldb_store_append(writer, ldb_slice(bytes, size), NULL, NULL), LDB_OK);
	assert_int_equal(ldb_store_finish(writer, NULL, NULL), LDB_OK);
	free(bytes);
}

static LdbStoreWriter *
stage(LdbStore *store, const char *name)
{
	LdbStoreWriter *writer;

	assert_int_equal(ldb_store_create(store, name, NULL, &writer, NULL), LDB_OK);
	assert_int_equal(ldb_store_append(writer, ldb_slice_of("text"), NULL, NULL), LDB_OK);
	return writer;
}

/* Folders that a first file makes are durable at once; what follows is about files. */
static void
open_recorded(Place *place)
{
	static const char *const folders[] = {"d/x", "e/x", "v/x"};

	open_place(place);
	record_begin(place->root);
	assert_true(place->store->settles);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(put_text(place->store, folders[i], "", LDB_PUT_CREATE, NULL), LDB_OK);
	record_begin(place->root);
}

static void
leaves_new_objects_to_be_settled(void **state)
{
	Place place;

	(void) state;
	open_recorded(&place);
	write_object(place.store, "d/a", 1000);
	ASSERT_RECORDED("link d/a");
	assert_int_equal(put_text(place.store, "d/b", "1", LDB_PUT_UNSETTLED, NULL), LDB_OK);
	ASSERT_RECORDED("link d/b");
	assert_int_equal(put_text(place.store, "d/b", "2", LDB_PUT_UNSETTLED, NULL), LDB_CONFLICT);
	assert_object(place.store, "d/b", "1");
	assert_int_equal(count_entries(at(&place, "root/d")), 3);
	close_place(&place);
}

static void
makes_other_puts_durable_at_once(void **state)
{
	Place place;

	(void) state;
	open_recorded(&place);
	assert_int_equal(put_text(place.store, "d/a", "1", LDB_PUT_CREATE, NULL), LDB_OK);
	assert_string_equal(record.calls[0], "fsync d/(temporary)");
	assert_string_equal(record.calls[1], "link d/a");
	assert_string_equal(record.calls[2], "fsync d");
	assert_int_equal(record.count, 3);
	record.count = 0;
	assert_int_equal(put_text(place.store, "d/a", "2", LDB_PUT_REPLACE, NULL), LDB_OK);
	ASSERT_RECORDED("fsync d", "fsync d/(temporary)");
	assert_int_equal(put_text(place.store, "d/a", "3", LDB_PUT_CARELESS, NULL), LDB_OK);
	ASSERT_NOTHING_RECORDED();
	close_place(&place);
}

/* What was sent to the disk early may have failed there, and only its own descriptor is sure to know. */
static void
asks_the_descriptor_that_sent_bytes_early(void **state)
{
	Place place;

	(void) state;
	open_recorded(&place);
	write_object(place.store, "d/large", (size_t) 9 * 1024 * 1024);
	ASSERT_RECORDED("fsync d/(temporary)", "link d/large");
	record.broken = "temporary";
	{
		uint8_t *bytes = calloc(1, (size_t) 9 * 1024 * 1024);

		assert_int_equal(ldb_store_put(place.store, "d/lost",
									   ldb_slice(bytes, (size_t) 9 * 1024 * 1024),
									   LDB_PUT_UNSETTLED, NULL, NULL),
						 LDB_IO);
		free(bytes);
	}
	assert_int_equal(count_entries(at(&place, "root/d")), 2);
	close_place(&place);
}

static void
settles_each_file_and_each_folder_once(void **state)
{
	static const char *const names[] = {"d/a", "d/b", "e/c"};
	LdbStoreWriter *staged;
	Place place;

	(void) state;
	open_recorded(&place);
	for (size_t i = 0; i < 3; i++)
		write_object(place.store, names[i], 100);
	staged = stage(place.store, "v/m");
	record.count = 0;
	assert_int_equal(ldb_store_settle(place.store, names, 3, staged, NULL, NULL), LDB_OK);
	ASSERT_RECORDED("fsync d", "fsync d/a", "fsync d/b", "fsync e", "fsync e/c",
					"fsync v/(temporary)");
	assert_int_equal(ldb_store_append(staged, ldb_slice_of("more"), NULL, NULL), LDB_INVALID);
	assert_int_equal(ldb_store_finish(staged, NULL, NULL), LDB_OK);
	assert_string_equal(record.calls[0], "link v/m");
	assert_string_equal(record.calls[1], "fsync v");
	assert_int_equal(record.count, 2);
	assert_object(place.store, "v/m", "text");
	close_place(&place);
}

static void
settles_many_at_the_same_time(void **state)
{
	char texts[100][16], wanted[101][24];
	const char *names[100], *lines[101];
	Place place;
	size_t before;

	(void) state;
	open_recorded(&place);
	snprintf(wanted[0], sizeof wanted[0], "fsync d");
	for (size_t i = 0; i < 100; i++)
	{
		snprintf(texts[i], sizeof texts[i], "d/%03zu", i);
		snprintf(wanted[i + 1], sizeof wanted[0], "fsync %s", texts[i]);
		names[i] = texts[i];
		assert_int_equal(put_text(place.store, names[i], "x", LDB_PUT_UNSETTLED, NULL), LDB_OK);
	}
	for (size_t i = 0; i < 101; i++)
		lines[i] = wanted[i];
	record.count = 0;
	before = count_open_files();
	assert_int_equal(ldb_store_settle(place.store, names, 100, NULL, NULL, NULL), LDB_OK);
	assert_recorded(lines, 101);
	assert_int_equal(count_open_files(), before);
	close_place(&place);
}

static void
says_what_could_not_be_made_durable(void **state)
{
	static const char *const broken[] = {"d/b", "v/(temporary)"};
	static const char *const names[] = {"d/a", "d/b"};
	static const char *const missing[] = {"d/a", "d/nobody"};
	Place place;
	size_t before;

	(void) state;
	open_recorded(&place);
	write_object(place.store, "d/a", 1);
	write_object(place.store, "d/b", 1);
	before = count_open_files();
	for (size_t i = 0; i < 2; i++)
	{
		LdbStoreWriter *staged = stage(place.store, "v/m");

		record.broken = broken[i];
		assert_int_equal(ldb_store_settle(place.store, names, 2, staged, NULL, &place.err), LDB_IO);
		assert_non_null(strstr(place.err.message, "could not make durable"));
		assert_non_null(strstr(place.err.message, i == 0 ? "\"d/b\"" : "\"v/m\""));
		ldb_store_abandon(staged);
		assert_int_equal(count_entries(at(&place, "root/v")), 1);
	}
	record.broken = NULL;
	assert_int_equal(ldb_store_settle(place.store, missing, 2, NULL, NULL, &place.err),
					 LDB_NOT_FOUND);
	assert_int_equal(count_open_files(), before);
	close_place(&place);
}

static void
keeps_a_name_that_was_first_when_a_settled_object_comes_second(void **state)
{
	LdbStoreWriter *staged;
	Place place;

	(void) state;
	open_recorded(&place);
	staged = stage(place.store, "v/m");
	assert_int_equal(ldb_store_settle(place.store, NULL, 0, staged, NULL, NULL), LDB_OK);
	assert_int_equal(put_text(place.store, "v/m", "first", LDB_PUT_CREATE, NULL), LDB_OK);
	assert_int_equal(ldb_store_finish(staged, NULL, NULL), LDB_CONFLICT);
	assert_object(place.store, "v/m", "first");
	assert_int_equal(count_entries(at(&place, "root/v")), 2);
	close_place(&place);
}

static bool
yes(void *context)
{
	(void) context;
	return true;
}

static void
has_nothing_to_do_elsewhere_and_checks_names_everywhere(void **state)
{
	static const char *const absent[] = {"d/nobody"};
	static const char *const outside[] = {"../x"};
	const LdbCancel cancel = {.requested = yes};
	LdbStore *store;
	Place place;

	(void) state;
	assert_int_equal(ldb_store_open_memory(&store, NULL), LDB_OK);
	assert_int_equal(ldb_store_wrap_fault(store, &store, NULL), LDB_OK);
	assert_false(store->settles);
	assert_int_equal(ldb_store_settle(store, absent, 1, NULL, NULL, NULL), LDB_OK);
	assert_int_equal(ldb_store_settle(store, outside, 1, NULL, NULL, NULL), LDB_DENIED);
	ldb_store_close(store);
	open_recorded(&place);
	assert_int_equal(ldb_store_settle(place.store, outside, 1, NULL, NULL, NULL), LDB_DENIED);
	assert_int_equal(ldb_store_settle(place.store, absent, 1, NULL, &cancel, NULL), LDB_CANCELLED);
	assert_int_equal(ldb_store_settle(place.store, NULL, 0, NULL, NULL, NULL), LDB_OK);
	ASSERT_NOTHING_RECORDED();
	close_place(&place);
}

/* Through all of them at once; a failure is not repeated, since a second try could lie. */
static void
goes_through_every_decorator_once(void **state)
{
	static const char *const names[] = {"d/a"};
	const LdbRetryPolicy policy = {.attempts = 5, .budget_ms = 1000};
	LdbStoreWriter *staged;
	LdbStoreStats stats;
	LdbStore *counted;
	Place place;

	(void) state;
	open_recorded(&place);
	assert_int_equal(ldb_store_wrap_fault(place.store, &place.store, NULL), LDB_OK);
	assert_int_equal(ldb_store_wrap_stats(place.store, &counted, NULL), LDB_OK);
	assert_int_equal(ldb_store_wrap_retry(counted, &policy, &place.store, NULL), LDB_OK);
	assert_true(place.store->settles);
	write_object(place.store, "d/a", 1);
	staged = stage(place.store, "v/m");
	record.count = 0;
	record.broken = "d/a";
	assert_int_equal(ldb_store_settle(place.store, names, 1, NULL, NULL, NULL), LDB_IO);
	ldb_store_stats_read(counted, &stats);
	assert_int_equal(stats.settle_requests, 1);
	assert_int_equal(stats.errors, 1);
	record_begin(place.root);
	assert_int_equal(ldb_store_settle(place.store, names, 1, staged, NULL, NULL), LDB_OK);
	ASSERT_RECORDED("fsync d", "fsync d/a", "fsync v/(temporary)");
	assert_int_equal(ldb_store_finish(staged, NULL, NULL), LDB_OK);
	ASSERT_RECORDED("fsync v", "link v/m");
	close_place(&place);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_new_objects_to_be_settled),
		cmocka_unit_test(makes_other_puts_durable_at_once),
		cmocka_unit_test(asks_the_descriptor_that_sent_bytes_early),
		cmocka_unit_test(settles_each_file_and_each_folder_once),
		cmocka_unit_test(settles_many_at_the_same_time),
		cmocka_unit_test(says_what_could_not_be_made_durable),
		cmocka_unit_test(keeps_a_name_that_was_first_when_a_settled_object_comes_second),
		cmocka_unit_test(has_nothing_to_do_elsewhere_and_checks_names_everywhere),
		cmocka_unit_test(goes_through_every_decorator_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
