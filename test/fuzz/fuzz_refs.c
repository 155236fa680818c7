/* fuzz_refs.c -- input: the JSON of a tag, then names of tags and branches. */
#include "fuzz.h"
#include "src/core/table/names.h"
#include "src/core/table/refs.h"

static void
check_names(const char *name)
{
	LdbArena *arena = fuzz_arena();
	LdbError err;
	uint64_t version;

	if (fuzz_judge(ldb_name_check_tag(name, &err), &err))
		FUZZ_REQUIRE(fuzz_stays_below(ldb_name_tag_file(arena, "t", name)));
	if (fuzz_judge(ldb_name_check_branch(name, &err), &err))
		FUZZ_REQUIRE(fuzz_stays_below(ldb_name_branch_file(arena, "t", name)));
	if (ldb_name_is_version(name, &version))
		FUZZ_REQUIRE(version < LDB_DETACHED_VERSION);
	ldb_arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LdbArena *arena = fuzz_arena();
	LdbSlice input = ldb_slice(data, size);
	LdbTagInfo *tags;
	LdbTagInfo tag;
	LdbStore *store;
	size_t count;
	LdbError err = {0};

	FUZZ_REQUIRE(ldb_store_open_memory(&store, &err) == LDB_OK);
	FUZZ_REQUIRE(ldb_store_put(store, "_refs/tags/one.json", input, LDB_PUT_CREATE, NULL, &err) ==
				 LDB_OK);
	if (fuzz_judge(ldb_refs_read_tag(store, "", "one", arena, &tag, NULL, &err), &err))
	{
		FUZZ_REQUIRE(tag.version > 0);
		FUZZ_REQUIRE(tag.branch == NULL || ldb_name_check_branch(tag.branch, &err) == LDB_OK);
	}
	if (fuzz_judge(ldb_refs_list_tags(store, "", arena, &tags, &count, NULL, &err), &err))
		FUZZ_REQUIRE(count == 1);
	check_names(ldb_arena_strndup(arena, (const char *) data, size));
	ldb_store_close(store);
	ldb_arena_free(arena);
	return 0;
}
