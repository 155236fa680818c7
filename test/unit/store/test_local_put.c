/* test_local_put.c -- files appear whole, once and without leftovers. */
#include "store/store_test.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>

enum
{
	WRITERS = 8,
	ROUNDS = 50
};

static bool
stop_at_the_third_look(void *context)
{
	return ++*(int *) context >= 3;
}

static void
creates_once_and_keeps_what_was_first(void **state)
{
	Place place;

	(void) state;
	open_place(&place);
	assert_int_equal(put_text(place.store, "v/1", "first", LDB_PUT_CREATE, &place.err), LDB_OK);
	assert_int_equal(put_text(place.store, "v/1", "second", LDB_PUT_CREATE, &place.err),
					 LDB_CONFLICT);
	assert_string_equal(place.err.message, "\"v/1\" exists already");
	assert_object(place.store, "v/1", "first");
	assert_int_equal(count_entries(at(&place, "root/v")), 1);
	close_place(&place);
}

static void
replaces_and_makes_missing_folders(void **state)
{
	Place place;

	(void) state;
	open_place(&place);
	assert_int_equal(put_text(place.store, "a/b/c/d", "1", LDB_PUT_REPLACE, &place.err), LDB_OK);
	assert_int_equal(put_text(place.store, "a/b/c/d", "22", LDB_PUT_REPLACE, &place.err), LDB_OK);
	assert_int_equal(put_text(place.store, "a/e/f", "", LDB_PUT_CREATE, &place.err), LDB_OK);
	assert_object(place.store, "a/b/c/d", "22");
	assert_object(place.store, "a/e/f", "");
	assert_int_equal(put_text(place.store, "a/e/f", "3", LDB_PUT_CARELESS, &place.err), LDB_OK);
	assert_object(place.store, "a/e/f", "3");
	assert_int_equal(count_entries(at(&place, "root/a/e")), 1);
	assert_int_equal(count_entries(at(&place, "root/a/b/c")), 1);
	close_place(&place);
}

typedef struct Race
{
	LdbStore *store;
	pthread_barrier_t start;
	atomic_int winners[ROUNDS];
	atomic_int losers[ROUNDS];
	int winner[ROUNDS];
} Race;

typedef struct Writer
{
	Race *race;
	int number;
	pthread_t thread;
} Writer;

static void *
create_in_every_round(void *argument)
{
	Writer *writer = argument;
	Race *race = writer->race;

	for (int round = 0; round < ROUNDS; round++)
	{
		char name[32];
		char text[32];
		LdbStatus status;

		snprintf(name, sizeof name, "folder%d/object", round);
		snprintf(text, sizeof text, "writer %d", writer->number);
		pthread_barrier_wait(&race->start);
		status = put_text(race->store, name, text, LDB_PUT_CREATE, NULL);
		if (status == LDB_OK)
		{
			atomic_fetch_add(&race->winners[round], 1);
			race->winner[round] = writer->number;
		}
		if (status == LDB_CONFLICT)
			atomic_fetch_add(&race->losers[round], 1);
	}
	return NULL;
}

static void
lets_exactly_one_of_many_creators_win(void **state)
{
	Place place;
	Race race;
	Writer writers[WRITERS];

	(void) state;
	open_place(&place);
	memset(&race, 0, sizeof race);
	race.store = place.store;
	pthread_barrier_init(&race.start, NULL, WRITERS);
	for (int i = 0; i < WRITERS; i++)
	{
		writers[i] = (Writer){.race = &race, .number = i};
		assert_int_equal(
			pthread_create(&writers[i].thread, NULL, create_in_every_round, &writers[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i].thread, NULL);
	for (int round = 0; round < ROUNDS; round++)
	{
		char name[64];
		char text[32];

		assert_int_equal(atomic_load(&race.winners[round]), 1);
		assert_int_equal(atomic_load(&race.losers[round]), WRITERS - 1);
		snprintf(name, sizeof name, "folder%d/object", round);
		snprintf(text, sizeof text, "writer %d", race.winner[round]);
		assert_object(place.store, name, text);
		snprintf(name, sizeof name, "root/folder%d", round);
		assert_int_equal(count_entries(at(&place, name)), 1);
	}
	pthread_barrier_destroy(&race.start);
	close_place(&place);
}

static void
leaves_nothing_behind_when_cancelled(void **state)
{
	int looks = 0;
	const LdbCancel cancel = {.requested = stop_at_the_third_look, .context = &looks};
	size_t length = 8 * 1024 * 1024;
	char *bytes = calloc(1, length);
	Place place;

	(void) state;
	open_place(&place);
	assert_int_equal(ldb_store_put(place.store, "long", ldb_slice(bytes, length), LDB_PUT_CREATE,
								   &cancel, &place.err),
					 LDB_CANCELLED);
	assert_int_equal(count_entries(place.root), 0);
	free(bytes);
	close_place(&place);
}

static void
leaves_the_old_object_when_the_disk_refuses_the_new_one(void **state)
{
	struct rlimit before;
	struct rlimit small;
	char bytes[100000] = {0};
	Place place;
	LdbStatus status;

	(void) state;
	open_place(&place);
	assert_int_equal(put_text(place.store, "object", "old", LDB_PUT_REPLACE, &place.err), LDB_OK);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 5000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	status = ldb_store_put(place.store, "object", ldb_slice(bytes, sizeof bytes), LDB_PUT_REPLACE,
						   NULL, &place.err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(status, LDB_IO);
	assert_non_null(strstr(place.err.message, "could not write \"object\""));
	assert_object(place.store, "object", "old");
	assert_int_equal(count_entries(place.root), 1);
	close_place(&place);
}

static void
reports_a_folder_that_may_not_be_written(void **state)
{
	Place place;

	(void) state;
	/* Folders of /proc refuse new files to everybody, root included. */
	open_place(&place);
	ldb_store_close(place.store);
	assert_int_equal(ldb_store_open_local("/proc/self", &place.store, &place.err), LDB_OK);
	assert_int_not_equal(put_text(place.store, "new", "x", LDB_PUT_CREATE, &place.err), LDB_OK);
	assert_non_null(strstr(place.err.message, "\"new\""));
	close_place(&place);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creates_once_and_keeps_what_was_first),
		cmocka_unit_test(replaces_and_makes_missing_folders),
		cmocka_unit_test(lets_exactly_one_of_many_creators_win),
		cmocka_unit_test(leaves_nothing_behind_when_cancelled),
		cmocka_unit_test(leaves_the_old_object_when_the_disk_refuses_the_new_one),
		cmocka_unit_test(reports_a_folder_that_may_not_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
