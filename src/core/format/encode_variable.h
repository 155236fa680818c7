/*
 * encode_variable.h -- strings and binaries behind a table of offsets.
 *
 * The mirror of codec_variable.h. offset_bits is 32 or 64; a null is an empty value. Nothing can
 * fail: the caller has seen that what the _bytes functions say fits the offsets, and made that room.
 */
#ifndef LDB_FORMAT_ENCODE_VARIABLE_H
#define LDB_FORMAT_ENCODE_VARIABLE_H

#include <stdint.h>

#include "ldb/base/slice.h"

/* Bytes of the values themselves. */
uint64_t ldb_variable_sum(const LdbSlice *values, size_t count);
/* Length of the longest, 0 when there are none. */
size_t ldb_variable_longest(const LdbSlice *values, size_t count);

/* A chunk's value buffer: offsets from its start, then the bytes, padded to the width of an
 * offset with zeros. `sum` is that of the values. */
uint64_t ldb_variable_chunk_bytes(unsigned offset_bits, uint64_t count, uint64_t sum);
void ldb_variable_encode_chunk(unsigned offset_bits, const LdbSlice *values, size_t count,
							   uint8_t *out);

/* A whole block, as dictionaries are stored: width, place of the bytes, offsets from there, bytes. */
uint64_t ldb_variable_block_bytes(unsigned offset_bits, uint64_t count, uint64_t sum);
void ldb_variable_encode_block(unsigned offset_bits, const LdbSlice *values, size_t count,
							   uint8_t *out);

#endif
