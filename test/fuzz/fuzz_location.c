/* fuzz_location.c -- input: a URI; where it leads must be a root or below one. */
#include "fuzz.h"
#include "ldb/store/location.h"

static void
check_path(const char *path)
{
	FUZZ_REQUIRE(path[0] == '/');
	FUZZ_REQUIRE(strstr(path, "//") == NULL);
	FUZZ_REQUIRE(fuzz_stays_below(path + 1));
}

/* True when a status is one that a URI can cause. */
static bool
judge_uri(LdbStatus status, LdbError *err)
{
	if (status == LDB_INVALID) /* here the caller's text is what is wrong */
		err->status = status = LDB_CORRUPT;
	return fuzz_judge(status, err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LdbArena *arena = fuzz_arena();
	char *uri = ldb_arena_strndup(arena, (const char *) data, size);
	LdbLocations *locations;
	LdbStore *memory;
	LdbStore *store;
	const char *name;
	const char *path;
	LdbError err = {0};

	FUZZ_REQUIRE(ldb_locations_new(&locations, &err) == LDB_OK);
	FUZZ_REQUIRE(ldb_store_open_memory(&memory, &err) == LDB_OK);
	FUZZ_REQUIRE(ldb_locations_add_store(locations, "memory:/box", memory, &err) == LDB_OK);
	if (judge_uri(ldb_locations_resolve(locations, uri, arena, &store, &name, &err), &err))
	{
		FUZZ_REQUIRE(store == memory && strncmp(uri, "memory:", 7) == 0);
		FUZZ_REQUIRE(fuzz_stays_below(name));
	}
	if (judge_uri(ldb_location_normalize(uri, arena, &path, &err), &err))
		check_path(path);
	(void) ldb_store_check_name(uri, (size & 1) != 0, &err);
	ldb_locations_free(locations);
	ldb_arena_free(arena);
	return 0;
}
