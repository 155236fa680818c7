/*
 * slice.h -- bytes that are borrowed (LdbSlice) and bytes that are owned (LdbBuffer).
 */
#ifndef LDB_BASE_SLICE_H
#define LDB_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct LdbSlice
{
	const uint8_t *data; /* borrowed; may be NULL when length is 0 */
	size_t length;
} LdbSlice;

/* Growable bytes on the heap. Zero-initialised is empty and valid; free with ldb_buffer_free. */
typedef struct LdbBuffer
{
	uint8_t *data; /* owned */
	size_t length;
	size_t capacity;
} LdbBuffer;

/* All return false when memory is out; the buffer is unchanged then. */
bool ldb_buffer_reserve(LdbBuffer *buffer, size_t capacity);
bool ldb_buffer_append(LdbBuffer *buffer, const void *data, size_t length);
void ldb_buffer_free(LdbBuffer *buffer);

static inline LdbSlice
ldb_slice(const void *data, size_t length)
{
	LdbSlice slice = {(const uint8_t *) data, length};

	return slice;
}

static inline LdbSlice
ldb_slice_of(const char *text)
{
	return ldb_slice(text, strlen(text));
}

/* The part [offset, offset + length) of a slice; false when it does not lie within. */
static inline bool
ldb_slice_part(LdbSlice whole, uint64_t offset, uint64_t length, LdbSlice *part)
{
	if (offset > whole.length || length > whole.length - offset)
		return false;
	part->data = whole.data == NULL ? NULL : whole.data + offset;
	part->length = (size_t) length;
	return true;
}

static inline bool
ldb_slice_equal(LdbSlice a, LdbSlice b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* Little-endian loads from unaligned memory. The caller has checked the bounds. */
static inline uint16_t
ldb_load_u16(const void *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof v);
	return v;
}

static inline uint32_t
ldb_load_u32(const void *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof v);
	return v;
}

static inline uint64_t
ldb_load_u64(const void *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof v);
	return v;
}

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the Lance format is little-endian and so far is this reader"
#endif

#endif
