/* fuzz_fsst.c -- input: a symbol table and compressed strings, or symbols and a string to compress. */
#include "fuzz.h"
#include "src/core/format/codec_fsst.h"

#define TABLE_BYTES 2312u
#define ESCAPE 255u

static void
decode(const LdbFsst *fsst, LdbSlice encoded)
{
	LdbArena *arena = fuzz_arena();
	uint8_t *copy = fuzz_copy(encoded);
	LdbSlice decoded[3];
	LdbSlice parts[3];
	LdbError err = {0};

	parts[0] = ldb_slice(copy, encoded.length);
	parts[1] = ldb_slice(NULL, 0);
	parts[2] = ldb_slice(copy + encoded.length / 2, encoded.length - encoded.length / 2);
	if (fuzz_judge(ldb_fsst_decode(fsst, parts[0], arena, &decoded[0], &err), &err))
		fuzz_touch(decoded[0].data, decoded[0].length);
	if (fuzz_judge(ldb_fsst_decode_many(fsst, parts, 3, arena, decoded, &err), &err))
	{
		for (size_t i = 0; i < 3; i++)
			fuzz_touch(decoded[i].data, decoded[i].length);
		FUZZ_REQUIRE(decoded[1].data == NULL && decoded[1].length == 0);
	}
	free(copy);
	ldb_arena_free(arena);
}

static void
hostile(LdbSlice input)
{
	size_t table_bytes = input.length < TABLE_BYTES ? input.length : TABLE_BYTES;
	uint8_t *table = fuzz_copy(ldb_slice(input.data, table_bytes));
	LdbFsst fsst;
	LdbError err = {0};

	if (fuzz_judge(ldb_fsst_parse(ldb_slice(table, table_bytes), &fsst, &err), &err))
		decode(&fsst, ldb_slice(input.data + table_bytes, input.length - table_bytes));
	free(table);
}

/* Symbols of the input's own bytes, then the rest of it in terms of them. */
static void
round_trip(LdbSlice input)
{
	static uint8_t table[TABLE_BYTES];
	size_t count = (size_t) fuzz_take(&input, 1) % 255 + 1;
	uint64_t header = (uint64_t) 0x46535354 << 32 | (uint64_t) 1 << 24 | count;
	uint8_t *lengths = table + 8 + 8 * count;
	LdbArena *arena = fuzz_arena();
	uint8_t *encoded;
	size_t length = 0;
	LdbSlice decoded;
	LdbFsst fsst;
	LdbError err;

	memset(table, 0, sizeof table);
	memcpy(table, &header, 8);
	for (size_t i = 0; i < count; i++)
	{
		uint64_t symbol;

		lengths[i] = (uint8_t) (1 + i % 8);
		symbol = fuzz_take(&input, lengths[i]);
		memcpy(table + 8 + 8 * i, &symbol, 8);
	}
	encoded = ldb_arena_alloc(arena, 2 * input.length + 1);
	for (size_t at = 0; at < input.length;)
	{
		size_t best = count;

		for (size_t i = 0; i < count; i++)
			if (lengths[i] <= input.length - at &&
				memcmp(input.data + at, table + 8 + 8 * i, lengths[i]) == 0)
				best = i;
		encoded[length++] = best == count ? ESCAPE : (uint8_t) best;
		if (best == count)
			encoded[length++] = input.data[at];
		at += best == count ? 1 : lengths[best];
	}
	FUZZ_REQUIRE(ldb_fsst_parse(ldb_slice(table, TABLE_BYTES), &fsst, &err) == LDB_OK);
	FUZZ_REQUIRE(ldb_fsst_decode(&fsst, ldb_slice(encoded, length), arena, &decoded, &err) ==
				 LDB_OK);
	FUZZ_REQUIRE(ldb_slice_equal(decoded, input));
	ldb_arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LdbSlice input = ldb_slice(data, size);

	if (fuzz_take(&input, 1) % 2 == 0)
		hostile(input);
	else
		round_trip(input);
	return 0;
}
