/* fuzz_encode_fixed.c -- input: an encoder and values of fixed width, which must come back from it. */
#include "fuzz.h"
#include "src/core/format/codec_bitpack.h"
#include "src/core/format/codec_general.h"
#include "src/core/format/codec_rle.h"
#include "src/core/format/codec_split.h"
#include "src/core/format/encode_bitpack.h"
#include "src/core/format/encode_dictionary.h"
#include "src/core/format/encode_general.h"
#include "src/core/format/encode_rle.h"
#include "src/core/format/encode_split.h"

typedef struct Values
{
	const uint8_t *bytes;
	size_t width;
	size_t count;
	LdbArena *arena;
} Values;

static void
require_equal(const Values *values, const void *decoded)
{
	FUZZ_REQUIRE(values->count == 0 ||
				 memcmp(decoded, values->bytes, values->count * values->width) == 0);
}

/* Exactly as much room as the encoder says it takes. */
static uint8_t *
room_of(size_t bytes)
{
	uint8_t *room = malloc(bytes == 0 ? 1 : bytes);

	FUZZ_REQUIRE(room != NULL);
	return room;
}

static void
bitpacked(const Values *values, bool inline_form)
{
	unsigned bits = (unsigned) values->width * 8;
	unsigned packed = ldb_bit_width(bits, values->bytes, values->count);
	size_t bytes = inline_form ? ldb_bitpack_inline_bytes(bits, packed)
							   : ldb_bitpack_outline_bytes(bits, packed, values->count);
	uint8_t *room = room_of(bytes);
	LdbError err;
	void *decoded;

	if (inline_form)
	{
		ldb_bitpack_inline_encode(bits, packed, values->bytes, values->count, room);
		FUZZ_REQUIRE(ldb_bitpack_inline_decode(ldb_slice(room, bytes), bits, values->count,
											   values->arena, &decoded, &err) == LDB_OK);
	}
	else
	{
		ldb_bitpack_outline_encode(bits, packed, values->bytes, values->count, room);
		FUZZ_REQUIRE(ldb_bitpack_outline_decode(ldb_slice(room, bytes), bits, packed, values->count,
												values->arena, &decoded, &err) == LDB_OK);
	}
	require_equal(values, decoded);
	free(room);
}

static void
runs(const Values *values)
{
	size_t count = ldb_rle_count(values->bytes, values->width, values->count, values->count);
	size_t bytes = ldb_rle_block_bytes(count, values->width);
	uint8_t *room = room_of(bytes);
	LdbRuns stored = {.value_bits = values->width * 8, .length_bits = 8};
	LdbError err;
	void *decoded;

	ldb_rle_encode_block(values->bytes, values->width, values->count, count, room);
	FUZZ_REQUIRE(ldb_rle_split_block(ldb_slice(room, bytes), &stored, &err) == LDB_OK);
	FUZZ_REQUIRE(ldb_rle_decode(&stored, values->count, values->arena, &decoded, &err) == LDB_OK);
	require_equal(values, decoded);
	free(room);
}

static void
split(const Values *values)
{
	size_t bytes = values->count * values->width;
	uint8_t *room = room_of(bytes);
	LdbError err;
	void *decoded;

	ldb_split_encode(values->bytes, values->width, values->count, room);
	FUZZ_REQUIRE(ldb_split_decode(ldb_slice(room, bytes), values->width * 8, values->count,
								  values->arena, &decoded, &err) == LDB_OK);
	require_equal(values, decoded);
	free(room);
}

static void
numbered(const Values *values)
{
	LdbDistinctSource source = {
		.fixed = values->bytes, .width = values->width, .count = values->count};
	LdbDictionary dictionary;
	LdbError err;
	bool found;

	FUZZ_REQUIRE(ldb_dictionary_build(&source, values->count, values->arena, &dictionary, &found,
									  &err) == LDB_OK);
	for (size_t i = 0; found && i < values->count; i++)
	{
		size_t row = dictionary.rows[dictionary.indices[i]];

		FUZZ_REQUIRE(row <= i);
		FUZZ_REQUIRE(memcmp(values->bytes + row * values->width, values->bytes + i * values->width,
							values->width) == 0);
	}
}

static void
general(const Values *values, LdbScheme scheme)
{
	LdbSlice whole = ldb_slice(values->bytes, values->count * values->width);
	LdbCompressor *compressor;
	LdbSlice decoded;
	size_t written;
	uint8_t *room;
	LdbError err;

	FUZZ_REQUIRE(ldb_compressor_new(scheme, 0, &compressor, &err) == LDB_OK);
	room = room_of(ldb_compressor_bound(compressor, whole.length));
	FUZZ_REQUIRE(ldb_compressor_run(compressor, whole, room, &written, &err) == LDB_OK);
	FUZZ_REQUIRE(ldb_general_decode(scheme, ldb_slice(room, written), whole.length, values->arena,
									&decoded, &err) == LDB_OK);
	FUZZ_REQUIRE(ldb_slice_equal(decoded, whole));
	free(room);
	ldb_compressor_free(compressor);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LdbSlice input = ldb_slice(data, size);
	unsigned kind = (unsigned) fuzz_take(&input, 1) % 7;
	size_t width = (size_t) fuzz_take(&input, 1) % 32 + 1;
	uint8_t *copy;
	Values values;

	if (kind < 2)
		width = (size_t) 1 << width % 4;
	copy = fuzz_copy(input);
	values = (Values){copy, width, input.length / width, fuzz_arena()};
	if (kind == 0 && values.count > LDB_BITPACK_BLOCK)
		values.count = LDB_BITPACK_BLOCK;
	if (kind < 2)
		bitpacked(&values, kind == 0);
	else if (kind == 2)
		runs(&values);
	else if (kind == 3)
		split(&values);
	else if (kind == 4)
		numbered(&values);
	else
		general(&values, kind == 5 ? LDB_SCHEME_LZ4 : LDB_SCHEME_ZSTD);
	ldb_arena_free(values.arena);
	free(copy);
	return 0;
}
