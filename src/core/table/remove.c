/* remove.c -- deletes a table with everything that belongs to it. */
#include <string.h>

#include "ldb/table/commit.h"
#include "names.h"
#include "versions.h"

/* What lies in a table's folder besides its versions. Anything else is not ours to delete. */
static const char *const parts[] = {"data/",  "_transactions/", "_deletions/", "_indices/",
									"_refs/", "tree/",          "_versions/",  "_latest.manifest"};

typedef struct Removal
{
	LdbVersionHome home;
	LdbArena *arena;
	const LdbCancel *cancel;
	uint64_t files;
} Removal;

static LdbStatus
remove_object(Removal *removal, const char *name, LdbError *err)
{
	LDB_TRY(ldb_store_remove(removal->home.store, name, removal->cancel, err));
	removal->files++;
	return LDB_OK;
}

/* The newest last: until it goes, the table is whole; then it is no table any more. */
static LdbStatus
remove_versions(Removal *removal, const LdbVersionEntry *entries, size_t count, LdbError *err)
{
	for (size_t i = 0; i < count; i++)
		LDB_TRY(remove_object(removal, entries[i].name, err));
	return LDB_OK;
}

static LdbStatus
remove_below(Removal *removal, const char *part, LdbError *err)
{
	const char *prefix = ldb_name_join(removal->arena, removal->home.root, part);
	LdbObjectInfo *objects;
	size_t count;

	if (prefix == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory to remove a table");
	LDB_TRY(ldb_store_list(removal->home.store, prefix, false, removal->arena, &objects, &count,
						   removal->cancel, err));
	for (size_t i = 0; i < count; i++)
		LDB_TRY(remove_object(removal, objects[i].name, err));
	return LDB_OK;
}

/* A folder of this name that has no version is what an earlier removal did not finish. */
static bool
is_named_like_a_table(const char *root)
{
	size_t length = strlen(root);

	return length > 6 && strcmp(root + length - 6, ".lance") == 0;
}

static LdbStatus
remove_table(Removal *removal, LdbLocations *locations, const char *uri, LdbError *err)
{
	static const LdbVersionChoice latest = {0};
	LdbVersionEntry *entries;
	uint64_t unused;
	size_t count;

	LDB_TRY(ldb_versions_find_home(locations, uri, &latest, removal->arena, &removal->home, &unused,
								   removal->cancel, err));
	LDB_TRY(
		ldb_versions_list(&removal->home, removal->arena, &entries, &count, removal->cancel, err));
	if (count == 0 && !is_named_like_a_table(removal->home.root))
		LDB_FAIL(err, LDB_NOT_FOUND, "table \"%s\" does not exist", uri);
	LDB_TRY(remove_versions(removal, entries, count, err));
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		LDB_TRY(remove_below(removal, parts[i], err));
	if (removal->home.root[0] != '\0')
		LDB_TRY(
			ldb_store_prune(removal->home.store, removal->home.root, true, removal->cancel, err));
	if (removal->files == 0)
		LDB_FAIL(err, LDB_NOT_FOUND, "table \"%s\" does not exist", uri);
	return LDB_OK;
}

LdbStatus
ldb_dataset_remove(LdbLocations *locations, const char *uri, uint64_t *files,
				   const LdbCancel *cancel, LdbError *err)
{
	Removal removal = {.arena = ldb_arena_new(0), .cancel = cancel};
	LdbStatus status;

	*files = 0;
	if (removal.arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory to remove a table");
	status = remove_table(&removal, locations, uri, err);
	*files = removal.files;
	ldb_arena_free(removal.arena);
	return status;
}
