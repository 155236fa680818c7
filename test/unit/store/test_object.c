/* test_object.c -- random reads: bounds, coalescing, what stays resident, files that break. */
#include "store/store_test.h"

#include "ldb/store/mapping.h"
#include "ldb/store/object.h"

enum
{
	LENGTH = 1000000,
	GAP = 64 * 1024
};

/* An object of LENGTH bytes whose byte i is pattern(i), in a memory store behind counters. */
typedef struct Fixture
{
	LdbStore *store;
	LdbArena *arena;
	LdbObject *object;
	LdbReadStats stats;
	LdbError err;
} Fixture;

static uint8_t
pattern(uint64_t i)
{
	return (uint8_t) (i * 31 + i / 251);
}

static void
set_up(Fixture *fixture)
{
	uint8_t *bytes = malloc(LENGTH);

	memset(fixture, 0, sizeof *fixture);
	for (size_t i = 0; i < LENGTH; i++)
		bytes[i] = pattern(i);
	assert_int_equal(ldb_store_open_memory(&fixture->store, NULL), LDB_OK);
	assert_int_equal(
		ldb_store_put(fixture->store, "x", ldb_slice(bytes, LENGTH), LDB_PUT_CREATE, NULL, NULL),
		LDB_OK);
	free(bytes);
	assert_int_equal(ldb_store_wrap_stats(fixture->store, &fixture->store, NULL), LDB_OK);
	fixture->arena = ldb_arena_new(0);
	assert_int_equal(ldb_object_open(fixture->store, "x", LENGTH, &fixture->stats, NULL,
									 &fixture->object, &fixture->err),
					 LDB_OK);
}

static void
tear_down(Fixture *fixture)
{
	ldb_object_close(fixture->object);
	ldb_store_close(fixture->store);
	ldb_arena_free(fixture->arena);
}

static uint64_t
get_requests(const Fixture *fixture)
{
	LdbStoreStats stats;

	ldb_store_stats_read(fixture->store, &stats);
	return stats.get_requests;
}

static void
assert_read(Fixture *fixture, uint64_t offset, uint64_t length)
{
	LdbSlice bytes;

	if (ldb_object_read(fixture->object, offset, length, fixture->arena, &bytes, NULL,
						&fixture->err) != LDB_OK)
		fail_msg("%s", fixture->err.message);
	assert_int_equal(bytes.length, length);
	for (size_t i = 0; i < length; i++)
		if (bytes.data[i] != pattern(offset + i))
			fail_msg("byte %zu of the read at %zu is wrong", i, (size_t) offset);
}

static void
fetch(Fixture *fixture, const LdbRange *ranges, size_t count)
{
	if (ldb_object_fetch(fixture->object, ranges, count, NULL, &fixture->err) != LDB_OK)
		fail_msg("%s", fixture->err.message);
}

static void
knows_its_name_size_and_kind(void **state)
{
	Fixture fixture;

	(void) state;
	set_up(&fixture);
	assert_string_equal(ldb_object_name(fixture.object), "x");
	assert_int_equal(ldb_object_size(fixture.object), LENGTH);
	assert_false(ldb_object_is_mapped(fixture.object));
	assert_int_equal(ldb_object_check(fixture.object, NULL), LDB_OK);
	tear_down(&fixture);
	ldb_object_close(NULL);
}

static void
refuses_a_size_other_than_the_manifests(void **state)
{
	Fixture fixture;
	LdbObject *object;
	LdbError err = {0};

	(void) state;
	set_up(&fixture);
	assert_int_equal(ldb_object_open(fixture.store, "x", LENGTH + 1, NULL, NULL, &object, &err),
					 LDB_CORRUPT);
	assert_string_equal(err.message, "\"x\" has 1000000 bytes, its manifest says 1000001");
	assert_int_equal(ldb_object_open(fixture.store, "y", 0, NULL, NULL, &object, &err),
					 LDB_NOT_FOUND);
	assert_int_equal(ldb_object_open(fixture.store, "../y", 0, NULL, NULL, &object, &err),
					 LDB_DENIED);
	tear_down(&fixture);
}

static void
refuses_ranges_beyond_the_end(void **state)
{
	const LdbRange ranges[] = {{LENGTH, 1},     {LENGTH - 1, 2},          {LENGTH + 1, 0},
							   {0, UINT64_MAX}, {UINT64_MAX, UINT64_MAX}, {UINT64_MAX, 1}};
	Fixture fixture;
	LdbSlice bytes;

	(void) state;
	set_up(&fixture);
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
	{
		assert_int_equal(ldb_object_read(fixture.object, ranges[i].offset, ranges[i].length,
										 fixture.arena, &bytes, NULL, &fixture.err),
						 LDB_CORRUPT);
		assert_non_null(strstr(fixture.err.message, "\"x\" has 1000000 bytes"));
		assert_int_equal(ldb_object_fetch(fixture.object, &ranges[i], 1, NULL, &fixture.err),
						 LDB_CORRUPT);
	}
	assert_read(&fixture, LENGTH, 0);
	assert_read(&fixture, LENGTH - 1, 1);
	tear_down(&fixture);
}

static void
reads_without_a_fetch_in_one_request_each(void **state)
{
	Fixture fixture;

	(void) state;
	set_up(&fixture);
	assert_read(&fixture, 0, 10);
	assert_read(&fixture, 500, 1000);
	assert_int_equal(get_requests(&fixture), 2);
	/* Besides the look at its size. */
	assert_int_equal(fixture.stats.requests, 3);
	assert_int_equal(fixture.stats.bytes, 1010);
	assert_read(&fixture, 500, 0);
	assert_int_equal(get_requests(&fixture), 2);
	tear_down(&fixture);
}

static void
merges_ranges_that_lie_close_and_serves_reads_from_them(void **state)
{
	const LdbRange ranges[] = {{300000, 100}, {10, 5},     {300100 + GAP - 1, 10},
							   {12, 30},      {600000, 0}, {10, 5}};
	Fixture fixture;
	uint64_t bytes;

	(void) state;
	set_up(&fixture);
	bytes = fixture.stats.bytes;
	fetch(&fixture, ranges, 6);
	assert_int_equal(get_requests(&fixture), 2);
	assert_int_equal(fixture.stats.bytes - bytes, 32 + 100 + GAP - 1 + 10);
	assert_read(&fixture, 10, 32);
	assert_read(&fixture, 41, 1);
	assert_read(&fixture, 300050, GAP);
	assert_int_equal(get_requests(&fixture), 2);
	/* Neither reads that stick out nor those elsewhere are served from what is there. */
	assert_read(&fixture, 41, 2);
	assert_read(&fixture, 9, 2);
	assert_read(&fixture, 0, 1);
	assert_read(&fixture, 999999, 1);
	assert_int_equal(get_requests(&fixture), 6);
	tear_down(&fixture);
}

static void
keeps_ranges_apart_that_are_64_kib_from_each_other(void **state)
{
	const LdbRange ranges[] = {{0, 100}, {100 + GAP, 10}};
	Fixture fixture;

	(void) state;
	set_up(&fixture);
	fetch(&fixture, ranges, 2);
	assert_int_equal(get_requests(&fixture), 2);
	assert_int_equal(fixture.stats.bytes, 110);
	tear_down(&fixture);
}

static void
forgets_ranges_at_the_next_fetch(void **state)
{
	const LdbRange first = {0, 100};
	const LdbRange second = {500000, 100};
	Fixture fixture;

	(void) state;
	set_up(&fixture);
	fetch(&fixture, &first, 1);
	fetch(&fixture, &second, 1);
	assert_read(&fixture, 500000, 100);
	assert_int_equal(get_requests(&fixture), 2);
	assert_read(&fixture, 0, 100);
	assert_int_equal(get_requests(&fixture), 3);
	fetch(&fixture, NULL, 0);
	assert_read(&fixture, 500000, 100);
	assert_int_equal(get_requests(&fixture), 4);
	tear_down(&fixture);
}

static void
answers_random_reads_rightly_after_random_fetches(void **state)
{
	Fixture fixture;

	(void) state;
	set_up(&fixture);
	srand(3);
	for (int round = 0; round < 200; round++)
	{
		LdbRange ranges[40];
		size_t count = (size_t) rand() % 40;

		for (size_t i = 0; i < count; i++)
		{
			ranges[i].offset = (uint64_t) rand() % LENGTH;
			ranges[i].length = (uint64_t) rand() % 3000;
			if (ranges[i].length > LENGTH - ranges[i].offset)
				ranges[i].length = LENGTH - ranges[i].offset;
		}
		fetch(&fixture, ranges, count);
		for (size_t i = 0; i < count; i++)
		{
			uint64_t before = get_requests(&fixture);

			assert_read(&fixture, ranges[i].offset, ranges[i].length);
			assert_int_equal(get_requests(&fixture), before);
			assert_read(&fixture, (uint64_t) rand() % (LENGTH - 50), 50);
		}
		ldb_arena_reset(fixture.arena);
	}
	tear_down(&fixture);
}

static void
keeps_a_bounded_part_of_a_fetch_and_reads_the_rest_when_asked(void **state)
{
	const size_t length = 100 * 1024 * 1024;
	LdbRange ranges[] = {
		{0, 40 * 1024 * 1024}, {50 * 1024 * 1024, 40 * 1024 * 1024}, {length - 10, 10}};
	uint8_t *bytes = calloc(1, length);
	LdbArena *arena = ldb_arena_new(0);
	LdbReadStats stats = {0};
	LdbObject *object;
	LdbStore *store;
	LdbSlice got;

	(void) state;
	assert_int_equal(ldb_store_open_memory(&store, NULL), LDB_OK);
	bytes[60 * 1024 * 1024] = 7;
	assert_int_equal(
		ldb_store_put(store, "x", ldb_slice(bytes, length), LDB_PUT_CREATE, NULL, NULL), LDB_OK);
	free(bytes);
	assert_int_equal(ldb_object_open(store, "x", 0, &stats, NULL, &object, NULL), LDB_OK);
	assert_int_equal(ldb_object_fetch(object, ranges, 3, NULL, NULL), LDB_OK);
	assert_int_equal(stats.bytes, 40 * 1024 * 1024 + 10);
	assert_int_equal(ldb_object_read(object, 60 * 1024 * 1024, 5, arena, &got, NULL, NULL), LDB_OK);
	assert_int_equal(got.data[0], 7);
	assert_int_equal(stats.bytes, 40 * 1024 * 1024 + 15);
	ldb_object_close(object);
	ldb_store_close(store);
	ldb_arena_free(arena);
}

static void
serves_a_hundred_thousand_ranges_quickly(void **state)
{
	enum
	{
		COUNT = 100000
	};
	Fixture fixture;
	LdbRange *ranges = malloc(COUNT * sizeof *ranges);

	(void) state;
	set_up(&fixture);
	/* Backwards, so that they must be sorted; a quadratic way would take minutes. */
	for (size_t i = 0; i < COUNT; i++)
		ranges[i] = (LdbRange){(COUNT - 1 - i) * 10, 3};
	alarm(60);
	fetch(&fixture, ranges, COUNT);
	for (size_t i = 0; i < COUNT; i++)
		assert_read(&fixture, ranges[i].offset, 3);
	alarm(0);
	assert_int_equal(get_requests(&fixture), 1);
	free(ranges);
	tear_down(&fixture);
}

static bool
stop_at_once(void *context)
{
	(void) context;
	return true;
}

static void
stops_when_cancelled(void **state)
{
	const LdbCancel cancel = {.requested = stop_at_once};
	const LdbRange range = {0, 10};
	Fixture fixture;
	LdbObject *object;
	LdbSlice bytes;

	(void) state;
	set_up(&fixture);
	assert_int_equal(ldb_object_open(fixture.store, "x", 0, NULL, &cancel, &object, NULL),
					 LDB_CANCELLED);
	assert_int_equal(ldb_object_fetch(fixture.object, &range, 1, &cancel, NULL), LDB_CANCELLED);
	assert_int_equal(ldb_object_read(fixture.object, 0, 10, fixture.arena, &bytes, &cancel, NULL),
					 LDB_CANCELLED);
	tear_down(&fixture);
}

/* --- mapped objects --- */

static LdbObject *
open_mapped(Place *place, LdbReadStats *stats)
{
	LdbObject *object;
	uint8_t *bytes = malloc(LENGTH);

	for (size_t i = 0; i < LENGTH; i++)
		bytes[i] = pattern(i);
	assert_int_equal(
		ldb_store_put(place->store, "x", ldb_slice(bytes, LENGTH), LDB_PUT_REPLACE, NULL, NULL),
		LDB_OK);
	free(bytes);
	if (ldb_object_open(place->store, "x", LENGTH, stats, NULL, &object, &place->err) != LDB_OK)
		fail_msg("%s", place->err.message);
	assert_true(ldb_object_is_mapped(object));
	return object;
}

static void
reads_a_mapped_object_in_place(void **state)
{
	const LdbRange ranges[] = {{999990, 10}, {5, 10}, {0, LENGTH}};
	LdbReadStats stats = {0};
	Place place;
	LdbObject *object;
	LdbSlice whole;
	LdbSlice part;

	(void) state;
	open_place(&place);
	object = open_mapped(&place, &stats);
	assert_int_equal(stats.requests, 0);
	assert_int_equal(ldb_object_fetch(object, ranges, 3, NULL, NULL), LDB_OK);
	assert_int_equal(ldb_object_read(object, 0, LENGTH, place.arena, &whole, NULL, NULL), LDB_OK);
	assert_int_equal(ldb_object_read(object, 77777, 5, place.arena, &part, NULL, NULL), LDB_OK);
	assert_ptr_equal(part.data, whole.data + 77777);
	assert_int_equal(part.data[4], pattern(77781));
	assert_int_equal(ldb_arena_used(place.arena), 0);
	assert_int_equal(stats.bytes, LENGTH + 5);
	assert_int_equal(stats.requests, 1);
	assert_int_equal(ldb_object_read(object, 1, LENGTH, place.arena, &whole, NULL, &place.err),
					 LDB_CORRUPT);
	assert_int_equal(ldb_object_check(object, NULL), LDB_OK);
	ldb_object_close(object);
	close_place(&place);
}

static void
hints_at_large_ranges_of_a_mapped_object(void **state)
{
	const LdbRange ranges[] = {{3, 30000000}, {30000000, 90000000}, {0, 200000000}};
	LdbObject *object;
	Place place;

	(void) state;
	open_place(&place);
	write_file(at(&place, "root/sparse"), "x");
	assert_int_equal(truncate(at(&place, "root/sparse"), 200000000), 0);
	assert_int_equal(ldb_object_open(place.store, "sparse", 0, NULL, NULL, &object, NULL), LDB_OK);
	assert_int_equal(ldb_object_fetch(object, ranges, 3, NULL, &place.err), LDB_OK);
	assert_int_equal(ldb_object_check(object, &place.err), LDB_OK);
	ldb_object_close(object);
	close_place(&place);
}

static void
opens_an_empty_mapped_object(void **state)
{
	const LdbRange nothing = {0, 0};
	LdbObject *object;
	LdbSlice bytes;
	Place place;

	(void) state;
	open_place(&place);
	write_file(at(&place, "root/empty"), "");
	assert_int_equal(ldb_object_open(place.store, "empty", 0, NULL, NULL, &object, NULL), LDB_OK);
	assert_int_equal(ldb_object_size(object), 0);
	assert_int_equal(ldb_object_fetch(object, &nothing, 1, NULL, NULL), LDB_OK);
	assert_int_equal(ldb_object_read(object, 0, 0, place.arena, &bytes, NULL, NULL), LDB_OK);
	assert_int_equal(ldb_object_read(object, 0, 1, place.arena, &bytes, NULL, NULL), LDB_CORRUPT);
	assert_int_equal(ldb_object_check(object, NULL), LDB_OK);
	ldb_object_close(object);
	close_place(&place);
}

static void
fails_the_check_after_a_page_was_gone(void **state)
{
	LdbObject *object;
	LdbSlice bytes;
	Place place;

	(void) state;
	use_our_bus_handler();
	open_place(&place);
	object = open_mapped(&place, NULL);
	assert_int_equal(truncate(at(&place, "root/x"), 8192), 0);
	/* Gone by name, so only the broken mapping can tell. */
	assert_int_equal(rename(at(&place, "root/x"), at(&place, "root/y")), 0);
	assert_int_equal(ldb_object_check(object, &place.err), LDB_OK);
	assert_int_equal(ldb_object_read(object, 900000, 10, place.arena, &bytes, NULL, NULL), LDB_OK);
	assert_int_equal(*(const volatile uint8_t *) bytes.data, 0);
	assert_int_equal(ldb_object_check(object, &place.err), LDB_IO);
	assert_non_null(strstr(place.err.message, "\"x\""));
	ldb_object_close(object);
	close_place(&place);
}

static void
fails_the_check_when_the_file_was_cut_within_its_last_page(void **state)
{
	LdbObject *object;
	Place place;

	(void) state;
	open_place(&place);
	object = open_mapped(&place, NULL);
	assert_int_equal(truncate(at(&place, "root/x"), LENGTH - 1), 0);
	assert_int_equal(ldb_object_check(object, &place.err), LDB_IO);
	assert_non_null(strstr(place.err.message, "cut short"));
	ldb_object_close(object);
	close_place(&place);
}

static void
goes_on_reading_a_file_that_was_removed(void **state)
{
	LdbObject *object;
	LdbSlice bytes;
	Place place;

	(void) state;
	open_place(&place);
	object = open_mapped(&place, NULL);
	assert_int_equal(ldb_store_remove(place.store, "x", NULL, NULL), LDB_OK);
	assert_int_equal(ldb_object_read(object, 900000, 10, place.arena, &bytes, NULL, NULL), LDB_OK);
	assert_int_equal(bytes.data[0], pattern(900000));
	assert_int_equal(ldb_object_check(object, &place.err), LDB_OK);
	ldb_object_close(object);
	close_place(&place);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_its_name_size_and_kind),
		cmocka_unit_test(refuses_a_size_other_than_the_manifests),
		cmocka_unit_test(refuses_ranges_beyond_the_end),
		cmocka_unit_test(reads_without_a_fetch_in_one_request_each),
		cmocka_unit_test(merges_ranges_that_lie_close_and_serves_reads_from_them),
		cmocka_unit_test(keeps_ranges_apart_that_are_64_kib_from_each_other),
		cmocka_unit_test(forgets_ranges_at_the_next_fetch),
		cmocka_unit_test(answers_random_reads_rightly_after_random_fetches),
		cmocka_unit_test(keeps_a_bounded_part_of_a_fetch_and_reads_the_rest_when_asked),
		cmocka_unit_test(serves_a_hundred_thousand_ranges_quickly),
		cmocka_unit_test(stops_when_cancelled),
		cmocka_unit_test(reads_a_mapped_object_in_place),
		cmocka_unit_test(hints_at_large_ranges_of_a_mapped_object),
		cmocka_unit_test(opens_an_empty_mapped_object),
		cmocka_unit_test(fails_the_check_after_a_page_was_gone),
		cmocka_unit_test(fails_the_check_when_the_file_was_cut_within_its_last_page),
		cmocka_unit_test(goes_on_reading_a_file_that_was_removed),
	};

	install_bus_handler();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
