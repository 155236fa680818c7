/* hint.c -- see hint.h. */
#include "hint.h"

#include <inttypes.h>
#include <stdio.h>

#include "names.h"

#define HINT_NAME "_versions/latest_version_hint.json"

static LdbStatus
write_text(const LdbVersionHome *home, const char *text, LdbPutMode mode, LdbArena *arena,
		   LdbError *err)
{
	const char *name = ldb_name_join(arena, home->root, HINT_NAME);

	if (name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the hint at the latest version");
	return ldb_store_put(home->store, name, ldb_slice_of(text), mode, NULL, err);
}

LdbStatus
ldb_hint_write(const LdbVersionHome *home, uint64_t version, LdbPutMode mode, LdbError *err)
{
	LdbArena *arena = ldb_arena_new(0);
	char text[48];
	LdbStatus status;

	if (arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the hint at the latest version");
	snprintf(text, sizeof text, "{\"version\":%" PRIu64 "}", version);
	status = write_text(home, text, mode, arena, err);
	ldb_arena_free(arena);
	return status;
}

void
ldb_hint_remove(const LdbVersionHome *home)
{
	LdbArena *arena = ldb_arena_new(0);
	const char *name = arena == NULL ? NULL : ldb_name_join(arena, home->root, HINT_NAME);

	if (name != NULL)
		(void) ldb_store_remove(home->store, name, NULL, NULL);
	ldb_arena_free(arena);
}
