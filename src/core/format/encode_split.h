/*
 * encode_split.h -- byte stream split: the first bytes of all values, then the second bytes, ...
 *
 * The mirror of codec_split.h. It saves nothing by itself: general compression of the result does.
 */
#ifndef LDB_FORMAT_ENCODE_SPLIT_H
#define LDB_FORMAT_ENCODE_SPLIT_H

#include <stddef.h>
#include <stdint.h>

/* `out` has room for count * width bytes. */
void ldb_split_encode(const void *values, size_t width, size_t count, uint8_t *out);

#endif
