/* arrays.c -- lists and vectors as one-dimensional arrays. */
#include "convert/convert_impl.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "convert/vectors.h"
#include "ldb/simd/distance.h"

size_t
lancedb_list_range(const LdbArray *array, size_t row, size_t *first)
{
	if (array->type->kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		*first = row * (size_t) array->type->width;
		return (size_t) array->type->width;
	}
	*first = (size_t) array->offsets[row];
	return (size_t) (array->offsets[row + 1] - array->offsets[row]);
}

static void
check_size(LancedbConverter *converter, size_t count, size_t item_bytes)
{
	if (count > (MaxAllocSize - ARR_OVERHEAD_NONULLS(1)) / Max(item_bytes, sizeof(Datum)))
		lancedb_value_error(converter, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
							psprintf("array of %zu elements is too large", count));
}

/*
 * An array without NULLs whose items are stored as Lance stores them. By hand, because
 * construct_array copies item by item, forty times slower for an embedding.
 */
static ArrayType *
new_plain_array(LancedbConverter *converter, size_t count)
{
	size_t bytes = ARR_OVERHEAD_NONULLS(1) + count * (size_t) converter->item_length;
	ArrayType *result = palloc(bytes);

	SET_VARSIZE(result, bytes);
	result->ndim = 1;
	result->dataoffset = 0;
	result->elemtype = converter->item_typid;
	ARR_DIMS(result)[0] = (int) count;
	ARR_LBOUND(result)[0] = 1;
	return result;
}

static Datum
array_item_by_item(LancedbConverter *converter, const LdbArray *items, size_t first, size_t count)
{
	Datum *values = palloc(sizeof(Datum) * count);
	bool *nulls = palloc(sizeof(bool) * count);
	int dimension = (int) count;
	int lower_bound = 1;
	ArrayType *result;

	for (size_t i = 0; i < count; i++)
		values[i] =
			lancedb_convert(converter->item, items, first + i, converter->row_address, &nulls[i]);
	result =
		construct_md_array(values, nulls, 1, &dimension, &lower_bound, converter->item_typid,
						   converter->item_length, converter->item_by_value, converter->item_align);
	pfree(values);
	pfree(nulls);
	return PointerGetDatum(result);
}

static Datum
array_of_list(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	const LdbArray *items = &array->children[0];
	size_t first;
	size_t count = lancedb_list_range(array, row, &first);
	ArrayType *result;
	bool halves = items->type->kind == LDB_TYPE_HALF && converter->item->typid == FLOAT4OID;

	if (count == 0)
		return PointerGetDatum(construct_empty_array(converter->item_typid));
	check_size(converter, count, (size_t) Max(converter->item_length, 1));
	if ((converter->item_copy_bytes == 0 && !halves) ||
		(items->validity != NULL && ldb_bitmap_count(items->validity, first, count) != count))
		return array_item_by_item(converter, items, first, count);
	result = new_plain_array(converter, count);
	if (halves)
		ldb_kernels->f16_to_f32((const uint16_t *) items->values + first,
								(float4 *) ARR_DATA_PTR(result), count);
	else
		memcpy(ARR_DATA_PTR(result),
			   (const char *) items->values + first * converter->item_copy_bytes,
			   count * converter->item_copy_bytes);
	return PointerGetDatum(result);
}

size_t
lancedb_bytes_stored_alike(LdbTypeKind kind, Oid typid)
{
	static const struct
	{
		LdbTypeKind kind;
		Oid typid;
		size_t bytes;
	} alike[] = {
		{LDB_TYPE_INT16, INT2OID, 2},    {LDB_TYPE_INT32, INT4OID, 4},
		{LDB_TYPE_INT64, INT8OID, 8},    {LDB_TYPE_FLOAT, FLOAT4OID, 4},
		{LDB_TYPE_DOUBLE, FLOAT8OID, 8},
	};

	for (int i = 0; i < lengthof(alike); i++)
	{
		if (alike[i].kind == kind && alike[i].typid == typid)
			return alike[i].bytes;
	}
	return 0;
}

bool
lancedb_make_array_converter(LancedbConverter *converter, const LdbField *field)
{
	const LdbField *item_field;
	const LdbType *item = lancedb_list_item(converter->type, field, &item_field);
	Oid item_typid = get_element_type(converter->typid);

	if (item == NULL)
		return false;
	if (!OidIsValid(item_typid))
		return lancedb_make_vector_converter(converter, item);
	converter->item = lancedb_converter_of_type(item, item_field, converter->column, item_typid,
												converter->typmod);
	if (converter->item == NULL)
		return false;
	converter->item_typid = item_typid;
	get_typlenbyvalalign(item_typid, &converter->item_length, &converter->item_by_value,
						 &converter->item_align);
	if (!OidIsValid(converter->item->domain))
		converter->item_copy_bytes = lancedb_bytes_stored_alike(item->kind, item_typid);
	converter->convert = array_of_list;
	return true;
}
