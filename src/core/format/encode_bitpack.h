/*
 * encode_bitpack.h -- packs integers into as few bits as their largest needs: FastLanes blocks.
 *
 * The mirror of codec_bitpack.h. word_bits is the width of the type (8, 16, 32 or 64), packed_bits
 * at most that; values may lie at any address, and every value fits packed_bits (ldb_bit_width).
 * Room: `out` has exactly as many bytes as the matching _bytes function says. Nothing can fail.
 * Whether it pays is the caller's to compare: the _bytes functions against count * word_bits / 8.
 */
#ifndef LDB_FORMAT_ENCODE_BITPACK_H
#define LDB_FORMAT_ENCODE_BITPACK_H

#include "codec_bitpack.h"

/* Bits of the largest of `count` words taken as unsigned: 0 when all are 0 or there are none,
 * word_bits as soon as one is negative. */
unsigned ldb_bit_width(unsigned word_bits, const void *values, size_t count);

/* One block of 1024 values. */
void ldb_bitpack_1024(unsigned word_bits, unsigned packed_bits, const void *values, void *out);

/* The width in the first word, then one block: at most 1024 values, padded with zeros. */
static inline size_t
ldb_bitpack_inline_bytes(unsigned word_bits, unsigned packed_bits)
{
	return word_bits / 8 + ldb_bitpack_block_bytes(packed_bits);
}
void ldb_bitpack_inline_encode(unsigned word_bits, unsigned packed_bits, const void *values,
							   size_t count, uint8_t *out);

/* Whole blocks, then the rest: as words when that is smaller than one more block. */
size_t ldb_bitpack_outline_bytes(unsigned word_bits, unsigned packed_bits, size_t count);
void ldb_bitpack_outline_encode(unsigned word_bits, unsigned packed_bits, const void *values,
								size_t count, uint8_t *out);

#endif
