/* fuzz_type.c -- input: a logical type; what it parses to can be named, measured and filled. */
#include "fuzz.h"
#include "ldb/arrow/array.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LdbArena *arena = fuzz_arena();
	const char *text = ldb_arena_strndup(arena, (const char *) data, size);
	LdbType type;
	LdbArray array;
	LdbError err = {0};

	if (fuzz_judge(ldb_type_parse(text, arena, &type, &err), &err))
	{
		const char *name = ldb_type_name(&type, arena);
		uint64_t bits = ldb_type_bits(&type);

		FUZZ_REQUIRE(name != NULL && name[0] != '\0');
		FUZZ_REQUIRE(ldb_type_value(&type) != NULL);
		if (fuzz_judge(ldb_array_nulls_of_type(ldb_type_value(&type), 3, arena, &array, &err),
					   &err) &&
			array.values != NULL)
			fuzz_touch(array.values, (size_t) (3 * bits + 7) / 8);
	}
	ldb_arena_free(arena);
	return 0;
}
