/* store_test.h -- what the tests of this room share: a folder of one's own, and counting. */
#ifndef STORE_TEST_H
#define STORE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ldb/store/mapping.h"
#include "ldb/store/store.h"

#define WHOLE ((LdbRange){0, UINT64_MAX})

/* An empty folder, a store on its sub-folder "root" and an arena. */
typedef struct Place
{
	char folder[64];
	char root[80];
	LdbStore *store;
	LdbArena *arena;
	LdbError err;
} Place;

static inline void
open_place(Place *place)
{
	memset(place, 0, sizeof *place);
	snprintf(place->folder, sizeof place->folder, "%s", "/tmp/ldb-test-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->root, sizeof place->root, "%s/root", place->folder);
	assert_int_equal(mkdir(place->root, 0777), 0);
	assert_int_equal(ldb_store_open_local(place->root, &place->store, &place->err), LDB_OK);
	place->arena = ldb_arena_new(0);
	assert_non_null(place->arena);
}

static inline void
close_place(Place *place)
{
	char command[128];

	ldb_store_close(place->store);
	ldb_arena_free(place->arena);
	snprintf(command, sizeof command, "rm -rf '%s'", place->folder);
	assert_int_equal(system(command), 0);
}

/* A path below the folder of the place; valid until the fourth call after. */
static inline const char *
at(const Place *place, const char *name)
{
	static char paths[4][512];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", place->folder, name);
	return path;
}

static inline void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

static inline size_t
count_entries(const char *folder)
{
	DIR *entries = opendir(folder);
	size_t count = 0;

	assert_non_null(entries);
	while (readdir(entries) != NULL)
		count++;
	closedir(entries);
	return count - 2;
}

static inline size_t
count_open_files(void)
{
	return count_entries("/proc/self/fd");
}

static inline LdbStatus
put_text(LdbStore *store, const char *name, const char *text, LdbPutMode mode, LdbError *err)
{
	return ldb_store_put(store, name, ldb_slice_of(text), mode, NULL, err);
}

/* The whole object has this text. */
static inline void
assert_object(LdbStore *store, const char *name, const char *text)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbError err = {0};
	LdbSlice bytes = {0};
	uint64_t size = 0;

	if (ldb_store_get(store, name, WHOLE, arena, &bytes, &size, NULL, &err) != LDB_OK)
		fail_msg("%s", err.message);
	assert_int_equal(size, strlen(text));
	assert_true(ldb_slice_equal(bytes, ldb_slice_of(text)));
	ldb_arena_free(arena);
}

/* A list gives exactly these names, divided by blanks. */
static inline void
assert_list(LdbStore *store, const char *prefix, bool delimited, const char *names)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbBuffer joined = {0};
	LdbError err = {0};
	LdbObjectInfo *objects = NULL;
	size_t count = 0;

	if (ldb_store_list(store, prefix, delimited, arena, &objects, &count, NULL, &err) != LDB_OK)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < count; i++)
	{
		if (i > 0)
			assert_true(ldb_buffer_append(&joined, " ", 1));
		assert_true(ldb_buffer_append(&joined, objects[i].name, strlen(objects[i].name)));
	}
	assert_true(ldb_buffer_append(&joined, "", 1));
	assert_string_equal((char *) joined.data, names);
	ldb_buffer_free(&joined);
	ldb_arena_free(arena);
}

/* cmocka handles SIGBUS by itself while a test runs; a test that breaks a mapping takes ours back. */
static struct sigaction our_bus_handler;

static inline void
install_bus_handler(void)
{
	ldb_mapping_install_handler();
	sigaction(SIGBUS, NULL, &our_bus_handler);
}

static inline void
use_our_bus_handler(void)
{
	sigaction(SIGBUS, &our_bus_handler, NULL);
}

#endif
