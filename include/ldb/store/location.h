/*
 * location.h -- which folders a caller may touch, and how a URI becomes store + name.
 *
 * A set of locations holds the server's root and the prefixes that its owner allowed besides.
 * Every URI (of a table, of a base path inside a dataset) is resolved here and nowhere else:
 * it must lie at or below one of the roots; "..", relative paths and unknown schemes are
 * LDB_DENIED or LDB_UNSUPPORTED, by name.
 * Schemes: "file:///path" (with %XX), "/path", and "memory:" stores handed in by tests: those are
 * added as "memory:" or "memory:/path" and found below that.
 * Threads: resolving is safe; adding and freeing is for one thread.
 */
#ifndef LDB_STORE_LOCATION_H
#define LDB_STORE_LOCATION_H

#include "ldb/base/arena.h"
#include "ldb/base/error.h"
#include "ldb/store/store.h"

typedef struct LdbLocations LdbLocations;

LdbStatus ldb_locations_new(LdbLocations **locations, LdbError *err);
void ldb_locations_free(LdbLocations *locations); /* closes all stores; NULL is fine */

/* Opens (lazily) a store at `uri` and allows everything below. */
LdbStatus ldb_locations_add(LdbLocations *locations, const char *uri, LdbError *err);
/* Takes ownership of an open store that answers to `uri`, also on failure; for tests and decorators. */
LdbStatus ldb_locations_add_store(LdbLocations *locations, const char *uri, LdbStore *store,
								  LdbError *err);

/* The store whose root is the longest prefix of uri, and the name within it ("" = the root).
 * The store stays owned by the locations. */
LdbStatus ldb_locations_resolve(LdbLocations *locations, const char *uri, LdbArena *arena,
								LdbStore **store, const char **name, LdbError *err);

/* Path of a local URI without scheme and doubled or trailing slashes; LDB_UNSUPPORTED for other
 * schemes, LDB_DENIED for relative paths and "..". */
LdbStatus ldb_location_normalize(const char *uri, LdbArena *arena, const char **path,
								 LdbError *err);

#endif
