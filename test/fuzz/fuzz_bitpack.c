/* fuzz_bitpack.c -- input: packed integers, and integers that must survive being packed. */
#include "fuzz.h"
#include "src/core/format/codec_bitpack.h"

#define MOST_VALUES 2100u

static const unsigned word_widths[4] = {8, 16, 32, 64};

/* Straight from the definition: docs/format.md, "Bitpacking". */
static void
pack_block(unsigned word_bits, unsigned packed_bits, const uint64_t *values, uint8_t *packed)
{
	static const unsigned order[8] = {0, 4, 2, 6, 1, 5, 3, 7};
	unsigned lanes = LDB_BITPACK_BLOCK / word_bits;

	memset(packed, 0, ldb_bitpack_block_bytes(packed_bits));
	for (unsigned i = 0; i < word_bits * lanes * packed_bits; i++)
	{
		unsigned bit = i % packed_bits;
		unsigned lane = i / packed_bits % lanes;
		unsigned row = i / packed_bits / lanes;
		unsigned at = row * packed_bits + bit;
		unsigned to = (at / word_bits * lanes + lane) * word_bits + at % word_bits;

		if (values[order[row / 8] * 16 + row % 8 * 128 + lane] >> bit & 1)
			packed[to / 8] |= (uint8_t) (1u << to % 8);
	}
}

static void
require_same(const uint64_t *values, const void *decoded, size_t count, unsigned word_bits)
{
	for (size_t i = 0; i < count; i++)
	{
		uint64_t word = 0;

		memcpy(&word, (const uint8_t *) decoded + i * (word_bits / 8), word_bits / 8);
		FUZZ_REQUIRE(word == values[i]);
	}
}

/* As many values as the input holds, of packed_bits each. */
static size_t
take_values(LdbSlice input, unsigned packed_bits, uint64_t *values)
{
	size_t count = 0;

	memset(values, 0, (MOST_VALUES + LDB_BITPACK_BLOCK) * sizeof *values);
	while (input.length > 0 && count < MOST_VALUES)
	{
		uint64_t value = fuzz_take(&input, 1 + packed_bits / 16);

		values[count++] = packed_bits == 64 ? value : value & (((uint64_t) 1 << packed_bits) - 1);
	}
	return count;
}

static void
round_trip(LdbSlice input, unsigned word_bits, unsigned packed_bits)
{
	static uint64_t values[MOST_VALUES + LDB_BITPACK_BLOCK];
	size_t count = take_values(input, packed_bits, values);
	size_t block = ldb_bitpack_block_bytes(packed_bits);
	size_t blocks = count / LDB_BITPACK_BLOCK;
	size_t tail = count % LDB_BITPACK_BLOCK;
	uint8_t *packed = malloc(8 + (blocks + 1) * block);
	size_t length = blocks * block;
	LdbArena *arena = fuzz_arena();
	uint64_t width = packed_bits;
	LdbError err;
	void *decoded;

	FUZZ_REQUIRE(packed != NULL);
	for (size_t i = 0; i < blocks; i++)
		pack_block(word_bits, packed_bits, values + i * LDB_BITPACK_BLOCK, packed + i * block);
	/* a writer keeps the tail as it is when packing does not make it shorter */
	for (size_t i = 0; tail * (word_bits / 8) <= block && i < tail; i++, length += word_bits / 8)
		memcpy(packed + length, &values[blocks * LDB_BITPACK_BLOCK + i], word_bits / 8);
	if (tail * (word_bits / 8) > block)
	{
		pack_block(word_bits, packed_bits, values + blocks * LDB_BITPACK_BLOCK, packed + length);
		length += block;
	}
	FUZZ_REQUIRE(ldb_bitpack_outline_decode(ldb_slice(packed, length), word_bits, packed_bits,
											count, arena, &decoded, &err) == LDB_OK);
	require_same(values, decoded, count, word_bits);
	memcpy(packed, &width, word_bits / 8);
	pack_block(word_bits, packed_bits, values, packed + word_bits / 8);
	count = count > LDB_BITPACK_BLOCK ? LDB_BITPACK_BLOCK : count;
	FUZZ_REQUIRE(ldb_bitpack_inline_decode(ldb_slice(packed, word_bits / 8 + block), word_bits,
										   count, arena, &decoded, &err) == LDB_OK);
	require_same(values, decoded, count, word_bits);
	ldb_arena_free(arena);
	free(packed);
}

static void
decode(LdbSlice input, unsigned kind, uint64_t word_bits, uint64_t packed_bits)
{
	uint64_t count = fuzz_take(&input, 2);
	uint64_t first = kind == 2 ? fuzz_take(&input, 2) : 0;
	LdbArena *arena = fuzz_arena();
	uint8_t *copy = fuzz_copy(input);
	LdbSlice buffer = ldb_slice(copy, input.length);
	LdbBitStream stream = {buffer, word_bits, packed_bits, (first & 1) != 0};
	LdbError err = {0};
	LdbStatus status;
	void *values;

	if (kind == 0)
		status = ldb_bitpack_inline_decode(buffer, word_bits, count, arena, &values, &err);
	else if (kind == 1)
		status =
			ldb_bitpack_outline_decode(buffer, word_bits, packed_bits, count, arena, &values, &err);
	else
		status = ldb_bitstream_decode(&stream, first, count, arena, &values, &err);
	if (fuzz_judge(status, &err))
		fuzz_touch(values, (size_t) (count * word_bits / 8));
	free(copy);
	ldb_arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LdbSlice input = ldb_slice(data, size);
	unsigned kind = (unsigned) fuzz_take(&input, 1) % 4;
	unsigned width = (unsigned) fuzz_take(&input, 1);
	unsigned word_bits = word_widths[width % 4];
	unsigned packed_bits = (unsigned) fuzz_take(&input, 1);

	if (kind == 3)
		round_trip(input, word_bits, packed_bits % word_bits + 1);
	else
		decode(input, kind, width > 250 ? width : word_bits, packed_bits);
	return 0;
}
