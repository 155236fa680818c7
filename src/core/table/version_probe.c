/* version_probe.c -- whether a version exists, without looking at others. */
#include "names.h"
#include "versions.h"

static LdbStatus
probe(const LdbVersionHome *home, const char *name, LdbArena *arena, bool *exists,
	  const LdbCancel *cancel, LdbError *err)
{
	LdbObjectInfo info;
	LdbStatus status;

	if (name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the versions of a table");
	status = ldb_store_head(home->store, name, arena, &info, cancel, err);
	*exists = status == LDB_OK;
	return status == LDB_NOT_FOUND ? LDB_OK : status;
}

static LdbStatus
probe_names(LdbLocations *locations, const char *uri, uint64_t version, LdbArena *arena,
			bool *exists, const LdbCancel *cancel, LdbError *err)
{
	LdbVersionChoice choice = {.version = version};
	LdbVersionHome home;
	uint64_t wanted;

	LDB_TRY(ldb_versions_find_home(locations, uri, &choice, arena, &home, &wanted, cancel, err));
	LDB_TRY(
		probe(&home, ldb_name_manifest_v2(arena, home.root, wanted), arena, exists, cancel, err));
	if (*exists)
		return LDB_OK;
	return probe(&home, ldb_name_manifest_v1(arena, home.root, wanted), arena, exists, cancel, err);
}

LdbStatus
ldb_dataset_has_version(LdbLocations *locations, const char *uri, uint64_t version, bool *exists,
						const LdbCancel *cancel, LdbError *err)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbStatus status;

	*exists = false;
	if (arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the versions of a table");
	status = probe_names(locations, uri, version, arena, exists, cancel, err);
	ldb_arena_free(arena);
	return status;
}
