/*
 * bitmap.h -- bits in Arrow order: bit i is bit i % 8 of byte i / 8, least significant first.
 */
#ifndef LDB_BASE_BITMAP_H
#define LDB_BASE_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ldb/base/slice.h"

static inline size_t
ldb_bitmap_bytes(size_t bit_count)
{
	return bit_count / 8 + (bit_count % 8 != 0);
}

static inline bool
ldb_bit_get(const uint8_t *bits, size_t i)
{
	return (bits[i >> 3] >> (i & 7)) & 1;
}

static inline void
ldb_bit_set(uint8_t *bits, size_t i)
{
	bits[i >> 3] = (uint8_t) (bits[i >> 3] | (1u << (i & 7)));
}

static inline void
ldb_bit_clear(uint8_t *bits, size_t i)
{
	bits[i >> 3] = (uint8_t) (bits[i >> 3] & ~(1u << (i & 7)));
}

/* Copies `count` bits from position from_bit of `from` to position to_bit of `to`. */
void ldb_bitmap_copy(uint8_t *to, size_t to_bit, const uint8_t *from, size_t from_bit,
					 size_t count);

/* Sets `count` bits from position first_bit on. */
void ldb_bitmap_fill(uint8_t *bits, size_t first_bit, size_t count);

/* How many of `count` bits from first_bit on are 1. */
size_t ldb_bitmap_count(const uint8_t *bits, size_t first_bit, size_t count);

#endif
