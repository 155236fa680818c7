/*
 * encode_rle.h -- fixed-width values as runs: values in one buffer, u8 run lengths in another.
 *
 * The mirror of codec_rle.h. A run of more than 255 equal values is stored as several.
 * Width is in bytes, 1 to 32. Nothing can fail: room is counted first.
 */
#ifndef LDB_FORMAT_ENCODE_RLE_H
#define LDB_FORMAT_ENCODE_RLE_H

#include <stddef.h>
#include <stdint.h>

#define LDB_RLE_MOST 255

/* How many runs the values make, counted no further than `most` + 1. It pays when
 * runs * (width + 1) is less than what else the values would take. */
size_t ldb_rle_count(const void *values, size_t width, size_t count, size_t most);

/* As many runs as ldb_rle_count says: width bytes each into run_values, one byte into lengths. */
void ldb_rle_encode(const void *values, size_t width, size_t count, uint8_t *run_values,
					uint8_t *lengths);

/* Both in one block: u64 byte size of the values, values, lengths. */
static inline size_t
ldb_rle_block_bytes(size_t run_count, size_t width)
{
	return sizeof(uint64_t) + run_count * (width + 1);
}
void ldb_rle_encode_block(const void *values, size_t width, size_t count, size_t run_count,
						  uint8_t *out);

#endif
