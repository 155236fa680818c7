/*
 * codec_bitpack.h -- integers stored with fewer bits than their type has.
 *
 * Two layouts: FastLanes blocks of 1024 values (all versions), and the plain bit stream of early
 * 2.0 files. word_bits is the width of the type (8, 16, 32 or 64), packed_bits the stored width.
 * Signed numbers and floats are packed as bit patterns. Source: docs/format.md.
 */
#ifndef LDB_FORMAT_CODEC_BITPACK_H
#define LDB_FORMAT_CODEC_BITPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ldb/base/arena.h"
#include "ldb/base/error.h"
#include "ldb/base/slice.h"

#define LDB_BITPACK_BLOCK 1024

/* Bytes of one packed block. */
static inline size_t
ldb_bitpack_block_bytes(unsigned packed_bits)
{
	return (size_t) packed_bits * (LDB_BITPACK_BLOCK / 8);
}

/* True for the word widths that exist: 8, 16, 32, 64. */
bool ldb_bitpack_word_ok(uint64_t word_bits);

/* One block. The caller has checked word_bits, packed_bits <= word_bits and that the block is
 * whole; `out` is aligned for the word and takes 1024 of them. */
void ldb_bitunpack_1024(unsigned word_bits, unsigned packed_bits, const uint8_t *packed, void *out);

/* The packed width in the first word, then one block. At most 1024 values; *values has room for
 * 1024. Widths come as they stand in the file. */
LdbStatus ldb_bitpack_inline_decode(LdbSlice buffer, uint64_t word_bits, uint64_t value_count,
									LdbArena *arena, void **values, LdbError *err);

/* Whole blocks, then a tail that is one more block, or raw words when exactly as many as there
 * are values are left. */
LdbStatus ldb_bitpack_outline_decode(LdbSlice buffer, uint64_t word_bits, uint64_t packed_bits,
									 uint64_t value_count, LdbArena *arena, void **values,
									 LdbError *err);

/* Shape of a plain bit stream: value i is the bits [i * packed_bits, (i + 1) * packed_bits). */
typedef struct LdbBitStream
{
	LdbSlice bytes;
	uint64_t word_bits;
	uint64_t packed_bits;
	bool is_signed; /* the highest packed bit is copied upwards */
} LdbBitStream;

/* Values [first, first + count) of the stream as words. */
LdbStatus ldb_bitstream_decode(const LdbBitStream *stream, uint64_t first, uint64_t count,
							   LdbArena *arena, void **values, LdbError *err);

#endif
