/*
 * versions.h -- which versions a table has, and which of them a caller means.
 *
 * latest_version_hint.json is never read: it may be missing, late or wrong, and the listing that
 * would correct it is all that is needed.
 */
#ifndef LDB_TABLE_VERSIONS_H
#define LDB_TABLE_VERSIONS_H

#include "ldb/store/store.h"
#include "ldb/table/dataset.h"

/* Where the manifests of a table, or of one of its branches, lie. */
typedef struct LdbVersionHome
{
	LdbStore *store;       /* borrowed from the locations */
	const char *uri;       /* borrowed from the caller; for messages */
	const char *main_root; /* of the dataset, within the store; arena */
	const char *root;      /* of the branch; main_root without one */
	const char *branch;    /* NULL = main */
} LdbVersionHome;

typedef struct LdbVersionEntry
{
	uint64_t version;
	const char *name;     /* of its manifest within the store; NULL = not looked up yet */
	bool is_latest;       /* found as the newest of a listing */
	uint64_t identity[2]; /* of the manifest's object, when it was looked up */
} LdbVersionEntry;

/* Follows uri, tag and branch of a choice. *version is what they name, 0 = the latest. */
LdbStatus ldb_versions_find_home(LdbLocations *locations, const char *uri,
								 const LdbVersionChoice *choice, LdbArena *arena,
								 LdbVersionHome *home, uint64_t *version, const LdbCancel *cancel,
								 LdbError *err);

/* All versions that have a manifest, ascending. */
LdbStatus ldb_versions_list(const LdbVersionHome *home, LdbArena *arena, LdbVersionEntry **entries,
							size_t *count, const LdbCancel *cancel, LdbError *err);

/* The version that a choice means. */
LdbStatus ldb_versions_choose(LdbLocations *locations, const char *uri,
							  const LdbVersionChoice *choice, LdbArena *arena, LdbVersionHome *home,
							  LdbVersionEntry *entry, const LdbCancel *cancel, LdbError *err);

/* Looks the manifest up by its name alone, unless its identity is known. */
LdbStatus ldb_versions_identify(const LdbVersionHome *home, LdbVersionEntry *entry, LdbArena *arena,
								const LdbCancel *cancel, LdbError *err);

/* The bytes of its manifest; fills the entry's name when it was not looked up. */
LdbStatus ldb_versions_read(const LdbVersionHome *home, LdbVersionEntry *entry, LdbArena *arena,
							LdbSlice *bytes, const LdbCancel *cancel, LdbError *err);

#endif
