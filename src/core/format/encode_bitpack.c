/* encode_bitpack.c -- packs integers into FastLanes blocks. */
#include "encode_bitpack.h"

#include <string.h>

/* The same order of groups as in codec_bitpack.c, where it is explained. */
static const uint8_t group_order[8] = {0, 4, 2, 6, 1, 5, 3, 7};

/*
 * All lanes do the same shifts, so the inner loops are vector operations. A word of the output is
 * stored when its lowest bits come and added to after that, so it need not be zeroed.
 */
#define DEFINE_PACK(bits)                                                                   \
	typedef uint##bits##_t any_u##bits __attribute__((aligned(1), may_alias));              \
                                                                                            \
	static void pack_##bits(unsigned packed_bits, const any_u##bits *restrict values,       \
							any_u##bits *restrict packed)                                   \
	{                                                                                       \
		enum                                                                                \
		{                                                                                   \
			LANES = LDB_BITPACK_BLOCK / (bits)                                              \
		};                                                                                  \
                                                                                            \
		for (unsigned row = 0; row < (bits); row++)                                         \
		{                                                                                   \
			unsigned bit = row * packed_bits;                                               \
			unsigned shift = bit % (bits);                                                  \
			any_u##bits *to = packed + (size_t) (bit / (bits)) * LANES;                     \
			const any_u##bits *from = values + group_order[row / 8] * 16 + (row % 8) * 128; \
                                                                                            \
			if (shift == 0)                                                                 \
				for (unsigned lane = 0; lane < LANES; lane++)                               \
					to[lane] = from[lane];                                                  \
			else                                                                            \
				for (unsigned lane = 0; lane < LANES; lane++)                               \
					to[lane] = (uint##bits##_t)(to[lane] | from[lane] << shift);            \
			if (shift + packed_bits > (bits))                                               \
				for (unsigned lane = 0; lane < LANES; lane++)                               \
					to[lane + LANES] = (uint##bits##_t)(from[lane] >> ((bits) -shift));     \
		}                                                                                   \
	}                                                                                       \
                                                                                            \
	static uint64_t all_bits_##bits(const any_u##bits *values, size_t count)                \
	{                                                                                       \
		uint##bits##_t blocks[16] = {0};                                                    \
		uint64_t all = 0;                                                                   \
		size_t i = 0;                                                                       \
                                                                                            \
		for (; i + 16 <= count; i += 16)                                                    \
			for (unsigned j = 0; j < 16; j++)                                               \
				blocks[j] |= values[i + j];                                                 \
		for (unsigned j = 0; j < 16; j++)                                                   \
			all |= blocks[j];                                                               \
		for (; i < count; i++)                                                              \
			all |= values[i];                                                               \
		return all;                                                                         \
	}

DEFINE_PACK(8)
DEFINE_PACK(16)
DEFINE_PACK(32)
DEFINE_PACK(64)

unsigned
ldb_bit_width(unsigned word_bits, const void *values, size_t count)
{
	uint64_t all;

	if (word_bits == 8)
		all = all_bits_8(values, count);
	else if (word_bits == 16)
		all = all_bits_16(values, count);
	else if (word_bits == 32)
		all = all_bits_32(values, count);
	else
		all = all_bits_64(values, count);
	return all == 0 ? 0 : 64 - (unsigned) __builtin_clzll(all);
}

void
ldb_bitpack_1024(unsigned word_bits, unsigned packed_bits, const void *values, void *out)
{
	if (packed_bits == 0)
		return;
	if (word_bits == 8)
		pack_8(packed_bits, values, out);
	else if (word_bits == 16)
		pack_16(packed_bits, values, out);
	else if (word_bits == 32)
		pack_32(packed_bits, values, out);
	else
		pack_64(packed_bits, values, out);
}

/* A block of fewer values than it takes. */
static void
pack_part(unsigned word_bits, unsigned packed_bits, const void *values, size_t count, uint8_t *out)
{
	uint64_t padded[LDB_BITPACK_BLOCK];
	size_t bytes = count * (word_bits / 8);

	if (packed_bits == 0)
		return;
	memcpy(padded, values, bytes);
	memset((uint8_t *) padded + bytes, 0, LDB_BITPACK_BLOCK * (word_bits / 8) - bytes);
	ldb_bitpack_1024(word_bits, packed_bits, padded, out);
}

void
ldb_bitpack_inline_encode(unsigned word_bits, unsigned packed_bits, const void *values,
						  size_t count, uint8_t *out)
{
	size_t word_bytes = word_bits / 8;

	memset(out, 0, word_bytes);
	out[0] = (uint8_t) packed_bits;
	if (count == LDB_BITPACK_BLOCK)
		ldb_bitpack_1024(word_bits, packed_bits, values, out + word_bytes);
	else
		pack_part(word_bits, packed_bits, values, count, out + word_bytes);
}

/* A reader takes the rest for words when exactly as many bytes are left as these would need, so a
 * block of that size is written as words too. */
static bool
tail_is_words(unsigned word_bits, unsigned packed_bits, size_t tail)
{
	return tail * (word_bits / 8) <= ldb_bitpack_block_bytes(packed_bits);
}

size_t
ldb_bitpack_outline_bytes(unsigned word_bits, unsigned packed_bits, size_t count)
{
	size_t tail = count % LDB_BITPACK_BLOCK;
	size_t bytes = count / LDB_BITPACK_BLOCK * ldb_bitpack_block_bytes(packed_bits);

	if (tail_is_words(word_bits, packed_bits, tail))
		return bytes + tail * (word_bits / 8);
	return bytes + ldb_bitpack_block_bytes(packed_bits);
}

void
ldb_bitpack_outline_encode(unsigned word_bits, unsigned packed_bits, const void *values,
						   size_t count, uint8_t *out)
{
	const uint8_t *from = values;
	size_t block_words = (size_t) LDB_BITPACK_BLOCK * (word_bits / 8);
	size_t tail = count % LDB_BITPACK_BLOCK;

	for (size_t i = 0; i < count / LDB_BITPACK_BLOCK; i++, from += block_words)
	{
		ldb_bitpack_1024(word_bits, packed_bits, from, out);
		out += ldb_bitpack_block_bytes(packed_bits);
	}
	if (tail == 0)
		return;
	if (tail_is_words(word_bits, packed_bits, tail))
		memcpy(out, from, tail * (word_bits / 8));
	else
		pack_part(word_bits, packed_bits, from, tail, out);
}
