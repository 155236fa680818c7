/*
 * array.h -- values of one column in memory.
 *
 * Layout follows Arrow (validity bitmaps, fixed-width buffers, list offsets) with two differences,
 * for speed: strings and binaries are views (pointer and length) into wherever the bytes already
 * lie (a mapped file, a dictionary, the batch's arena), and dictionary columns are decoded to
 * their values. Ownership is the arena's of the batch, not a release callback per array; views
 * and values may also point into a file mapping, so an array lives no longer than its reader.
 * All buffers start at row 0: there is no offset field.
 */
#ifndef LDB_ARROW_ARRAY_H
#define LDB_ARROW_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ldb/arrow/type.h"
#include "ldb/base/arena.h"
#include "ldb/base/bitmap.h"
#include "ldb/base/slice.h"

typedef struct LdbArray
{
	const LdbType *type; /* never a dictionary: ldb_type_value() of the column's type */
	size_t length;
	size_t null_count;
	const uint8_t *validity; /* 1 = valid; NULL when null_count is 0 */
	const void *values;      /* fixed width: little-endian, any alignment; bool: bitmap */
	const LdbSlice *views;   /* strings and binaries; {NULL, 0} for null */
	const int64_t *offsets;  /* list, map: length + 1 positions in the child, first is 0 */
	size_t child_count;
	struct LdbArray *children; /* list: items; map: entries (a struct); struct: fields;
	                              fixed_size_list: length * width items */
} LdbArray;

static inline bool
ldb_array_is_null(const LdbArray *array, size_t row)
{
	return array->validity != NULL && !ldb_bit_get(array->validity, row);
}

/* An array of `length` nulls, shaped for the field (children included). */
LdbStatus ldb_array_nulls(const LdbField *field, size_t length, LdbArena *arena, LdbArray *out,
						  LdbError *err);
/* The same for a bare type (fixed_size_list items have no field). */
LdbStatus ldb_array_nulls_of_type(const LdbType *type, size_t length, LdbArena *arena,
								  LdbArray *out, LdbError *err);

/* The rows at the given positions, in that order; positions may repeat. Bounds are the caller's
 * duty. Views still point where they pointed. */
LdbStatus ldb_array_take(const LdbArray *array, const uint32_t *rows, size_t row_count,
						 LdbArena *arena, LdbArray *out, LdbError *err);

/* Rows [first, first + count), which lie within the array. Values and views are borrowed; bitmaps and
 * offsets, which cannot start anywhere, are copied. */
LdbStatus ldb_array_slice(const LdbArray *array, size_t first, size_t count, LdbArena *arena,
						  LdbArray *out, LdbError *err);

/* All rows, the bytes that views point to, and the types: nothing is borrowed. */
LdbStatus ldb_array_copy(const LdbArray *array, LdbArena *arena, LdbArray *out, LdbError *err);

/* Several arrays of one type end to end. With one part it is returned as it is. */
LdbStatus ldb_array_concat(const LdbArray *parts, size_t part_count, LdbArena *arena, LdbArray *out,
						   LdbError *err);

#endif
