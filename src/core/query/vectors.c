/* vectors.c -- computes distances straight on the buffers of a vector column. */
#include "vectors.h"

#include <string.h>

static bool
is_element(const LdbType *type)
{
	switch (type->kind)
	{
		case LDB_TYPE_HALF:
		case LDB_TYPE_FLOAT:
		case LDB_TYPE_DOUBLE:
		case LDB_TYPE_INT8:
		case LDB_TYPE_UINT8:
		case LDB_TYPE_INT16:
		case LDB_TYPE_UINT16:
		case LDB_TYPE_INT32:
		case LDB_TYPE_UINT32:
		case LDB_TYPE_INT64:
		case LDB_TYPE_UINT64:
			return true;
		default:
			return false;
	}
}

bool
ldb_is_vector_field(const LdbField *field)
{
	if (field->type.kind == LDB_TYPE_FIXED_SIZE_LIST)
		return field->type.item != NULL && is_element(field->type.item);
	return (field->type.kind == LDB_TYPE_LIST || field->type.kind == LDB_TYPE_LARGE_LIST) &&
		   field->child_count == 1 && is_element(&field->children[0]->type);
}

static size_t
first_item(const LdbArray *array, size_t row)
{
	if (array->type->kind == LDB_TYPE_FIXED_SIZE_LIST)
		return row * (size_t) array->type->width;
	return (size_t) array->offsets[row];
}

static LdbStatus
check_row(size_t dimension, const LdbArray *array, uint64_t address, size_t row, LdbError *err)
{
	const LdbArray *items = &array->children[0];
	size_t first = first_item(array, row);
	size_t count = first_item(array, row + 1) - first;
	unsigned long long fragment = address >> 32;
	unsigned long long offset = address & UINT32_MAX;

	if (count != dimension)
		LDB_FAIL(err, LDB_INVALID,
				 "different vector dimensions %zu and %zu (row %llu of fragment %llu)", count,
				 dimension, offset, fragment);
	if (items->validity != NULL && ldb_bitmap_count(items->validity, first, count) < count)
		LDB_FAIL(err, LDB_INVALID, "vector must not contain nulls (row %llu of fragment %llu)",
				 offset, fragment);
	return LDB_OK;
}

/* Only a fixed-size list without NULL elements needs no look at each row. */
static LdbStatus
check_rows(size_t dimension, const LdbArray *array, const uint64_t *row_addresses, size_t first,
		   size_t count, LdbError *err)
{
	if (array->type->kind == LDB_TYPE_FIXED_SIZE_LIST && array->children[0].validity == NULL &&
		(size_t) array->type->width == dimension)
		return LDB_OK;
	for (size_t row = first; row < first + count; row++)
		LDB_TRY(check_row(dimension, array, row_addresses[row], row, err));
	return LDB_OK;
}

#define CONVERT(stored)                                         \
	for (size_t i = 0; i < count; i++)                          \
	{                                                           \
		stored value;                                           \
                                                                \
		memcpy(&value, bytes + i * sizeof value, sizeof value); \
		out[i] = (float) value;                                 \
	}                                                           \
	break

static void
convert(const LdbArray *items, size_t first, size_t count, float *out)
{
	const uint8_t *bytes =
		(const uint8_t *) items->values + first * (size_t) (ldb_type_bits(items->type) / 8);

	switch (items->type->kind)
	{
		case LDB_TYPE_INT8:
			CONVERT(int8_t);
		case LDB_TYPE_UINT8:
			CONVERT(uint8_t);
		case LDB_TYPE_INT16:
			CONVERT(int16_t);
		case LDB_TYPE_UINT16:
			CONVERT(uint16_t);
		case LDB_TYPE_INT32:
			CONVERT(int32_t);
		case LDB_TYPE_UINT32:
			CONVERT(uint32_t);
		case LDB_TYPE_INT64:
			CONVERT(int64_t);
		case LDB_TYPE_UINT64:
			CONVERT(uint64_t);
		default:
			CONVERT(double);
	}
}

LdbStatus
ldb_vector_distances(const LdbVectorQuery *query, const LdbBatch *batch, size_t first, size_t count,
					 double *out, LdbError *err)
{
	const LdbArray *array = &batch->columns[0];
	const LdbArray *items = &array->children[0];
	size_t n = query->dimension;
	size_t start = first_item(array, first);
	const uint8_t *bytes = items->values;
	float *converted;

	LDB_TRY(check_rows(n, array, batch->row_addresses, first, count, err));
	if (items->type->kind == LDB_TYPE_FLOAT)
	{
		ldb_distance_rows_f32(query->metric, query->values, bytes + start * sizeof(float),
							  n * sizeof(float), count, n, out);
		return LDB_OK;
	}
	if (items->type->kind == LDB_TYPE_HALF)
	{
		ldb_distance_rows_f16(query->metric, query->values, bytes + start * sizeof(uint16_t),
							  n * sizeof(uint16_t), count, n, out);
		return LDB_OK;
	}
	LDB_NEW(batch->arena, converted, n, err);
	for (size_t i = 0; i < count; i++)
	{
		convert(items, start + i * n, n, converted);
		out[i] = ldb_distance_f32(query->metric, query->values, converted, n);
	}
	return LDB_OK;
}
