/* fuzz_dataset.c -- input: the files of a dataset; opened, scanned, filtered and taken from. */
#include "mutate.h"
#include "read_dataset.h"

#define FOOTER_BYTES 16u

/* The manifest file around a message, so that its length is always right. */
static LdbSlice
frame_manifest(LdbSlice message, LdbArena *arena)
{
	uint32_t length = (uint32_t) message.length;
	uint8_t *bytes = ldb_arena_zalloc(arena, message.length + 4 + FOOTER_BYTES);

	memcpy(bytes, &length, 4);
	memcpy(bytes + 4, message.data, message.length);
	bytes[4 + length + 10] = 2; /* version 0.2 of the framing, its message at byte 0 */
	memcpy(bytes + 4 + length + FOOTER_BYTES - 4, "LANC", 4);
	return ldb_slice(bytes, message.length + 4 + FOOTER_BYTES);
}

/* A part is a byte of length, a name, and what lies under that name. */
static void
put_file(LdbStore *store, LdbSlice part, LdbArena *arena)
{
	size_t length = (size_t) fuzz_take(&part, 1);
	char *name;
	LdbError err;

	if (length == 0 || length > part.length)
		return;
	name = ldb_arena_printf(arena, "t.lance/%.*s", (int) length, (const char *) part.data);
	part = ldb_slice(part.data + length, part.length - length);
	if (strstr(name, ".manifest") != NULL && part.length > 0)
		part = frame_manifest(part, arena);
	/* fails for names that no store would have */
	(void) ldb_store_put(store, name, part, LDB_PUT_REPLACE, NULL, &err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LdbArena *arena = fuzz_arena();
	FuzzParts parts;
	LdbLocations *locations;
	ReadResult result;
	LdbStore *store;
	LdbError err;

	FUZZ_REQUIRE(ldb_locations_new(&locations, &err) == LDB_OK);
	FUZZ_REQUIRE(ldb_store_open_memory(&store, &err) == LDB_OK);
	fuzz_split(ldb_slice(data, size), &parts);
	for (size_t i = 0; i < parts.count; i++)
		put_file(store, parts.parts[i], arena);
	FUZZ_REQUIRE(ldb_locations_add_store(locations, "memory:", store, &err) == LDB_OK);
	read_dataset(locations, "memory:/t.lance", &result);
	ldb_locations_free(locations);
	ldb_arena_free(arena);
	return 0;
}
