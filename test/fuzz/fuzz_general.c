/* fuzz_general.c -- input: zstd and LZ4 buffers with their length in front, or bytes to compress. */
#include <lz4.h>
#include <zstd.h>

#include "fuzz.h"
#include "src/core/format/codec_general.h"

static void
hostile(LdbSlice input, int scheme)
{
	uint64_t most = fuzz_take(&input, 1) % 2 == 0 ? SIZE_MAX : fuzz_take(&input, 3);
	uint8_t *copy = fuzz_copy(input);
	LdbArena *arena = fuzz_arena();
	LdbError err = {0};
	LdbSlice decoded;

	if (fuzz_judge(
			ldb_general_decode(scheme, ldb_slice(copy, input.length), most, arena, &decoded, &err),
			&err))
	{
		fuzz_touch(decoded.data, decoded.length);
		FUZZ_REQUIRE(scheme == LDB_SCHEME_NONE || decoded.length <= most);
	}
	free(copy);
	ldb_arena_free(arena);
}

static LdbSlice
compress(LdbSlice input, int scheme, LdbArena *arena)
{
	uint32_t short_length = (uint32_t) input.length;
	uint64_t long_length = input.length;
	size_t room = ZSTD_compressBound(input.length) + (size_t) LZ4_compressBound((int) short_length);
	uint8_t *out = ldb_arena_alloc(arena, room + 8);

	if (scheme == LDB_SCHEME_ZSTD)
	{
		memcpy(out, &long_length, 8);
		return ldb_slice(out, 8 + ZSTD_compress(out + 8, room, input.data, input.length, 1));
	}
	memcpy(out, &short_length, 4);
	return ldb_slice(out,
					 4 + (size_t) LZ4_compress_default((const char *) input.data, (char *) out + 4,
													   (int) short_length, (int) room));
}

static void
round_trip(LdbSlice input, int scheme)
{
	LdbArena *arena = fuzz_arena();
	LdbSlice decoded;
	LdbError err;

	if (input.length > 0)
	{
		LdbSlice compressed = compress(input, scheme, arena);

		FUZZ_REQUIRE(ldb_general_decode(scheme, compressed, input.length, arena, &decoded, &err) ==
					 LDB_OK);
		FUZZ_REQUIRE(ldb_slice_equal(decoded, input));
	}
	ldb_arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LdbSlice input = ldb_slice(data, size);
	unsigned kind = (unsigned) fuzz_take(&input, 1);

	if (kind % 4 == 0)
		round_trip(input, (kind & 4) != 0 ? LDB_SCHEME_ZSTD : LDB_SCHEME_LZ4);
	else
		hostile(input, (int) (kind / 4) % 4);
	return 0;
}
