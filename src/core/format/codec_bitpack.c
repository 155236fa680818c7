/* codec_bitpack.c -- unpacks bit-packed integers. */
#include "codec_bitpack.h"

#include <inttypes.h>
#include <string.h>

#include "ldb/base/checked.h"

/* Order of the groups of eight rows within a block, so that neighbours in a lane are far apart
 * and one instruction unpacks many values; the layout of the FastLanes paper. */
static const uint8_t group_order[8] = {0, 4, 2, 6, 1, 5, 3, 7};

/*
 * A block is a matrix of packed_bits rows and 1024 / word_bits lanes. Each lane is a bit stream of
 * word_bits values; all lanes do the same shifts, so the inner loops are one vector operation.
 */
#define DEFINE_UNPACK(bits)                                                                \
	typedef uint##bits##_t any_u##bits __attribute__((aligned(1), may_alias));             \
                                                                                           \
	static void unpack_##bits(unsigned packed_bits, const any_u##bits *restrict packed,    \
							  uint##bits##_t *restrict out)                                \
	{                                                                                      \
		enum                                                                               \
		{                                                                                  \
			LANES = LDB_BITPACK_BLOCK / (bits)                                             \
		};                                                                                 \
		const uint##bits##_t mask = (uint##bits##_t)(UINT64_MAX >> (64 - packed_bits));    \
                                                                                           \
		for (unsigned row = 0; row < (bits); row++)                                        \
		{                                                                                  \
			unsigned bit = row * packed_bits;                                              \
			unsigned shift = bit % (bits);                                                 \
			const any_u##bits *from = packed + (size_t) (bit / (bits)) * LANES;            \
			uint##bits##_t *to = out + group_order[row / 8] * 16 + (row % 8) * 128;        \
                                                                                           \
			if (shift + packed_bits <= (bits))                                             \
			{                                                                              \
				for (unsigned lane = 0; lane < LANES; lane++)                              \
					to[lane] = (uint##bits##_t)((from[lane] >> shift) & mask);             \
				continue;                                                                  \
			}                                                                              \
			for (unsigned lane = 0; lane < LANES; lane++)                                  \
				to[lane] = (uint##bits##_t)(                                               \
					((uint##bits##_t)(from[lane] >> shift) |                               \
					 (uint##bits##_t)((uint64_t) from[lane + LANES] << ((bits) -shift))) & \
					mask);                                                                 \
		}                                                                                  \
	}

DEFINE_UNPACK(8)
DEFINE_UNPACK(16)
DEFINE_UNPACK(32)
DEFINE_UNPACK(64)

bool
ldb_bitpack_word_ok(uint64_t word_bits)
{
	return word_bits == 8 || word_bits == 16 || word_bits == 32 || word_bits == 64;
}

void
ldb_bitunpack_1024(unsigned word_bits, unsigned packed_bits, const uint8_t *packed, void *out)
{
	if (packed_bits == 0)
		memset(out, 0, (size_t) LDB_BITPACK_BLOCK * word_bits / 8);
	else if (word_bits == 8)
		unpack_8(packed_bits, (const any_u8 *) packed, out);
	else if (word_bits == 16)
		unpack_16(packed_bits, (const any_u16 *) packed, out);
	else if (word_bits == 32)
		unpack_32(packed_bits, (const any_u32 *) packed, out);
	else
		unpack_64(packed_bits, (const any_u64 *) packed, out);
}

static LdbStatus
check_widths(uint64_t word_bits, uint64_t packed_bits, LdbError *err)
{
	if (!ldb_bitpack_word_ok(word_bits))
		LDB_FAIL(err, LDB_CORRUPT, "bit-packed values of %" PRIu64 " bits do not exist", word_bits);
	if (packed_bits > word_bits)
		LDB_FAIL(err, LDB_CORRUPT, "values of %" PRIu64 " bits are packed into %" PRIu64 " bits",
				 word_bits, packed_bits);
	return LDB_OK;
}

/* Room for whole blocks, since blocks are unpacked whole. */
static LdbStatus
alloc_blocks(LdbArena *arena, uint64_t value_count, uint64_t word_bits, uint8_t **values,
			 LdbError *err)
{
	uint64_t blocks = value_count / LDB_BITPACK_BLOCK + (value_count % LDB_BITPACK_BLOCK != 0);

	*values = ldb_arena_alloc_array(arena, blocks, LDB_BITPACK_BLOCK * word_bits / 8);
	if (*values == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %" PRIu64 " bit-packed values", value_count);
	return LDB_OK;
}

static uint64_t
load_word(const uint8_t *at, uint64_t word_bits)
{
	uint64_t word = 0;

	memcpy(&word, at, word_bits / 8);
	return word;
}

LdbStatus
ldb_bitpack_inline_decode(LdbSlice buffer, uint64_t word_bits, uint64_t value_count,
						  LdbArena *arena, void **values, LdbError *err)
{
	uint64_t packed_bits;
	LdbSlice block;
	uint8_t *out;

	LDB_TRY(check_widths(word_bits, 0, err));
	if (value_count > LDB_BITPACK_BLOCK)
		LDB_FAIL(err, LDB_CORRUPT, "%" PRIu64 " values in a bit-packed block of 1024", value_count);
	if (buffer.length < word_bits / 8)
		LDB_FAIL(err, LDB_CORRUPT, "bit-packed block of %zu bytes has no header", buffer.length);
	packed_bits = load_word(buffer.data, word_bits);
	LDB_TRY(check_widths(word_bits, packed_bits, err));
	if (!ldb_slice_part(buffer, word_bits / 8, ldb_bitpack_block_bytes((unsigned) packed_bits),
						&block))
		LDB_FAIL(err, LDB_CORRUPT,
				 "bit-packed block has %zu bytes, too few for values of %" PRIu64 " bits",
				 buffer.length, packed_bits);
	LDB_TRY(alloc_blocks(arena, LDB_BITPACK_BLOCK, word_bits, &out, err));
	ldb_bitunpack_1024((unsigned) word_bits, (unsigned) packed_bits, block.data, out);
	*values = out;
	return LDB_OK;
}

LdbStatus
ldb_bitpack_outline_decode(LdbSlice buffer, uint64_t word_bits, uint64_t packed_bits,
						   uint64_t value_count, LdbArena *arena, void **values, LdbError *err)
{
	uint64_t whole = value_count / LDB_BITPACK_BLOCK;
	size_t tail = (size_t) (value_count % LDB_BITPACK_BLOCK);
	size_t block_bytes;
	size_t word_bytes;
	size_t rest;
	uint8_t *out;

	LDB_TRY(check_widths(word_bits, packed_bits, err));
	block_bytes = ldb_bitpack_block_bytes((unsigned) packed_bits);
	word_bytes = (size_t) word_bits / 8;
	if (block_bytes > 0 && whole > buffer.length / block_bytes)
		LDB_FAIL(err, LDB_CORRUPT,
				 "%zu bytes are too few for %" PRIu64 " values packed into %" PRIu64 " bits",
				 buffer.length, value_count, packed_bits);
	rest = buffer.length - (size_t) whole * block_bytes;
	if (tail > 0 && rest != tail * word_bytes && rest < block_bytes)
		LDB_FAIL(err, LDB_CORRUPT, "%zu bytes are left for the last %zu bit-packed values", rest,
				 tail);
	LDB_TRY(alloc_blocks(arena, value_count, word_bits, &out, err));
	*values = out;
	for (uint64_t i = 0; i < whole; i++)
		ldb_bitunpack_1024((unsigned) word_bits, (unsigned) packed_bits,
						   buffer.data + i * block_bytes, out + i * LDB_BITPACK_BLOCK * word_bytes);
	out += whole * LDB_BITPACK_BLOCK * word_bytes;
	if (tail > 0 && rest == tail * word_bytes)
		memcpy(out, buffer.data + whole * block_bytes, rest);
	else if (tail > 0)
		ldb_bitunpack_1024((unsigned) word_bits, (unsigned) packed_bits,
						   buffer.data + whole * block_bytes, out);
	return LDB_OK;
}

/* Up to 64 bits from any bit position; the caller has checked that they are there. */
static uint64_t
stream_value(const uint8_t *bytes, uint64_t bit, unsigned width)
{
	uint64_t value = 0;
	unsigned have = 0;

	while (have < width)
	{
		unsigned skip = (unsigned) (bit % 8);
		unsigned part = 8 - skip < width - have ? 8 - skip : width - have;
		uint64_t bits = ((uint64_t) bytes[bit / 8] >> skip) & ((1u << part) - 1);

		value |= bits << have;
		have += part;
		bit += part;
	}
	return value;
}

LdbStatus
ldb_bitstream_decode(const LdbBitStream *stream, uint64_t first, uint64_t count, LdbArena *arena,
					 void **values, LdbError *err)
{
	unsigned width = (unsigned) stream->packed_bits;
	size_t word_bytes = (size_t) stream->word_bits / 8;
	uint64_t end;
	uint64_t end_bit;
	uint8_t *out;

	LDB_TRY(check_widths(stream->word_bits, stream->packed_bits, err));
	if (!ldb_u64_add(first, count, &end) || !ldb_u64_mul(end, width, &end_bit) ||
		end_bit / 8 + (end_bit % 8 != 0) > stream->bytes.length)
		LDB_FAIL(err, LDB_CORRUPT,
				 "%zu bytes are too few for %" PRIu64 " + %" PRIu64 " values of %u bits",
				 stream->bytes.length, first, count, width);
	LDB_TRY(alloc_blocks(arena, count, stream->word_bits, &out, err));
	*values = out;
	for (uint64_t i = 0; i < count; i++)
	{
		uint64_t value = stream_value(stream->bytes.data, (first + i) * width, width);

		if (stream->is_signed && width > 0 && width < 64 && (value >> (width - 1)) != 0)
			value |= UINT64_MAX << width;
		memcpy(out + i * word_bytes, &value, word_bytes);
	}
	return LDB_OK;
}
