/* slice.c -- consecutive rows of an array, borrowed from it where that is possible. */
#include <string.h>

#include "ldb/arrow/array.h"

static LdbStatus
slice_bits(const uint8_t *bits, size_t first, size_t count, LdbArena *arena, const uint8_t **out,
		   LdbError *err)
{
	uint8_t *copy;

	if (first % 8 == 0)
	{
		*out = bits + first / 8;
		return LDB_OK;
	}
	LDB_NEW(arena, copy, ldb_bitmap_bytes(count), err);
	ldb_bitmap_copy(copy, 0, bits, first, count);
	*out = copy;
	return LDB_OK;
}

static LdbStatus
slice_validity(const LdbArray *array, size_t first, size_t count, LdbArena *arena, LdbArray *out,
			   LdbError *err)
{
	if (array->type->kind == LDB_TYPE_NULL)
		out->null_count = count;
	if (array->validity == NULL || count == 0)
		return LDB_OK;
	out->null_count = count - ldb_bitmap_count(array->validity, first, count);
	if (out->null_count == 0)
		return LDB_OK;
	return slice_bits(array->validity, first, count, arena, &out->validity, err);
}

/* Items of the lists, with offsets from 0 again. */
static LdbStatus
slice_lists(const LdbArray *array, size_t first, size_t count, LdbArena *arena, LdbArray *out,
			LdbError *err)
{
	int64_t start = array->offsets[first];
	size_t items = (size_t) (array->offsets[first + count] - start);
	int64_t *offsets;

	LDB_NEW(arena, offsets, count + 1, err);
	for (size_t i = 0; i <= count; i++)
		offsets[i] = array->offsets[first + i] - start;
	out->offsets = offsets;
	return ldb_array_slice(&array->children[0], (size_t) start, items, arena, &out->children[0],
						   err);
}

static LdbStatus
slice_children(const LdbArray *array, size_t first, size_t count, LdbArena *arena, LdbArray *out,
			   LdbError *err)
{
	size_t width = array->type->kind == LDB_TYPE_FIXED_SIZE_LIST ? (size_t) array->type->width : 1;

	LDB_NEW(arena, out->children, array->child_count, err);
	out->child_count = array->child_count;
	if (ldb_type_is_list(array->type->kind))
		return slice_lists(array, first, count, arena, out, err);
	for (size_t i = 0; i < array->child_count; i++)
		LDB_TRY(ldb_array_slice(&array->children[i], first * width, count * width, arena,
								&out->children[i], err));
	return LDB_OK;
}

/* Depth is that of the type. */
LdbStatus
ldb_array_slice(const LdbArray *array, size_t first, size_t count, LdbArena *arena, LdbArray *out,
				LdbError *err)
{
	memset(out, 0, sizeof *out);
	out->type = array->type;
	out->length = count;
	LDB_TRY(slice_validity(array, first, count, arena, out, err));
	if (array->views != NULL)
		out->views = array->views + first;
	if (array->child_count > 0)
		return slice_children(array, first, count, arena, out, err);
	if (array->values == NULL)
		return LDB_OK;
	if (array->type->kind == LDB_TYPE_BOOL)
	{
		const uint8_t *bits;

		LDB_TRY(slice_bits(array->values, first, count, arena, &bits, err));
		out->values = bits;
		return LDB_OK;
	}
	out->values = (const uint8_t *) array->values + first * (ldb_type_bits(array->type) / 8);
	return LDB_OK;
}
