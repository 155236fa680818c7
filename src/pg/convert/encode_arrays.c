/* encode_arrays.c -- arrays, vector and halfvec as lists and vectors. */
#include "convert/encode_impl.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/arrayaccess.h"
#include "utils/lsyscache.h"

#include "ldb/simd/distance.h"

#include "convert/convert_impl.h"
#include "convert/half.h"
#include "convert/vectors.h"
#include "vector/query_vector.h"

static bool
is_vector(const LancedbEncoder *encoder)
{
	return encoder->type->kind == LDB_TYPE_FIXED_SIZE_LIST;
}

static void
check_dimension(const LancedbEncoder *encoder, int count)
{
	if (is_vector(encoder) && count != encoder->type->width)
		lancedb_encode_error(
			encoder, ERRCODE_DATA_EXCEPTION,
			psprintf("expected %d dimensions, not %d,", encoder->type->width, count));
}

/* Numbers as Lance stores them, which only vectors want to be finite. */
static void
check_finite(const LancedbEncoder *encoder, const char *numbers, size_t count)
{
	bool finite = true;

	if (!is_vector(encoder))
		return;
	if (encoder->item->type->kind == LDB_TYPE_HALF)
		finite = lancedb_halves_finite(numbers, count);
	else if (encoder->item->type->kind == LDB_TYPE_FLOAT)
		finite = lancedb_floats_finite(numbers, count);
	else if (encoder->item->type->kind == LDB_TYPE_DOUBLE)
		finite = lancedb_doubles_finite(numbers, count);
	if (!finite)
		lancedb_encode_error(encoder, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
							 "vector with a NaN or infinite element");
}

static void
add_numbers(LancedbEncoder *encoder, const char *numbers, size_t count, LdbBuilder *builder)
{
	LdbError err;

	check_finite(encoder, numbers, count);
	if (is_vector(encoder))
	{
		lancedb_add_fixed(builder, numbers);
		return;
	}
	lancedb_check(ldb_builder_fixed_rows(ldb_builder_child(builder, 0), numbers, count, &err),
				  &err);
	lancedb_close_row(builder);
}

/* Floats where Lance has halves. */
static void
add_as_halves(LancedbEncoder *encoder, const char *numbers, size_t count, LdbBuilder *builder)
{
	if (!lancedb_floats_finite(numbers, count))
		lancedb_encode_error(encoder, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
							 "vector with a NaN or infinite element");
	for (size_t i = 0; i < count; i++)
	{
		float4 number;

		memcpy(&number, numbers + i * sizeof(number), sizeof(number));
		if (!lancedb_half_of_float(number, &encoder->halves[i]))
			lancedb_encode_error(encoder, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
								 psprintf("value %g is out of range", number));
	}
	lancedb_add_fixed(builder, encoder->halves);
}

static void
add_item_by_item(LancedbEncoder *encoder, ArrayType *array, int count, LdbBuilder *builder)
{
	LdbBuilder *items = ldb_builder_child(builder, 0);
	array_iter iterator;

	array_iter_setup(&iterator, (AnyArrayType *) array);
	for (int i = 0; i < count; i++)
	{
		bool isnull;
		Datum value = array_iter_next(&iterator, &isnull, i, encoder->item_length,
									  encoder->item_by_value, encoder->item_align);

		lancedb_encode(encoder->item, value, isnull, items);
	}
	lancedb_close_row(builder);
}

static void
encode_array(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	ArrayType *array = DatumGetArrayTypeP(value);
	int count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	bool plain = !ARR_HASNULL(array) || !array_contains_nulls(array);

	if (ARR_NDIM(array) > 1)
		lancedb_encode_error(encoder, ERRCODE_ARRAY_SUBSCRIPT_ERROR,
							 "array of more than one dimension");
	check_dimension(encoder, count);
	if (is_vector(encoder) && !plain)
		lancedb_encode_error(encoder, ERRCODE_NULL_VALUE_NOT_ALLOWED, "vector with NULL elements");
	if (plain && encoder->halves != NULL)
		add_as_halves(encoder, ARR_DATA_PTR(array), (size_t) count, builder);
	else if (plain && encoder->items_alike)
		add_numbers(encoder, ARR_DATA_PTR(array), (size_t) count, builder);
	else
		add_item_by_item(encoder, array, count, builder);
	if ((Pointer) array != DatumGetPointer(value))
		pfree(array);
}

/* pgvector's own types: numbers as Lance stores them, or floats where it has halves. */
static void
encode_vector(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	LancedbStoredVector *vector = (LancedbStoredVector *) PG_DETOAST_DATUM(value);
	size_t count = (size_t) vector->dimension;

	check_dimension(encoder, vector->dimension);
	if (encoder->items_alike)
		add_numbers(encoder, vector->numbers, count, builder);
	else if (encoder->halves != NULL)
		add_as_halves(encoder, vector->numbers, count, builder);
	else
	{
		for (size_t i = 0; i < count; i++)
		{
			float4 number;

			memcpy(&number, vector->numbers + i * sizeof(number), sizeof(number));
			encoder->item->encode(encoder->item, Float4GetDatum(number),
								  ldb_builder_child(builder, 0));
		}
		lancedb_close_row(builder);
	}
	if ((Pointer) vector != DatumGetPointer(value))
		pfree(vector);
}

static bool
make_vector_encoder(LancedbEncoder *encoder, const LdbType *item)
{
	const char *name = lancedb_pgvector_type_name(encoder->typid);
	bool is_half = strcmp(name, "halfvec") == 0;

	if (!is_half && strcmp(name, "vector") != 0)
		return false;
	encoder->encode = encode_vector;
	encoder->items_alike = item->kind == (is_half ? LDB_TYPE_HALF : LDB_TYPE_FLOAT);
	/* of halfvec only that which needs no conversion can be read back */
	return is_half ? encoder->items_alike : encoder->items_alike || item->kind == LDB_TYPE_HALF;
}

bool
lancedb_make_array_encoder(LancedbEncoder *encoder, const LdbField *field)
{
	const LdbField *item_field;
	const LdbType *item = lancedb_list_item(encoder->type, field, &item_field);
	Oid item_typid = get_element_type(encoder->typid);
	bool of_pgvector = !OidIsValid(item_typid);

	if (item == NULL || (of_pgvector && !make_vector_encoder(encoder, item)))
		return false;
	if (of_pgvector)
		item_typid = FLOAT4OID;
	encoder->item =
		lancedb_encoder_of_type(item, item_field, encoder->column, item_typid, encoder->typmod);
	if (encoder->item == NULL)
		return false;
	encoder->item->is_part = true;
	encoder->item->in_vector = is_vector(encoder);
	encoder->item->nullable = !is_vector(encoder) && (item_field == NULL || item_field->nullable);
	if (!of_pgvector)
	{
		encoder->encode = encode_array;
		encoder->items_alike = lancedb_bytes_stored_alike(item->kind, encoder->item->typid) > 0;
		get_typlenbyvalalign(item_typid, &encoder->item_length, &encoder->item_by_value,
							 &encoder->item_align);
	}
	if (is_vector(encoder) && item->kind == LDB_TYPE_HALF && !encoder->items_alike &&
		encoder->item->typid == FLOAT4OID)
		encoder->halves = MemoryContextAllocHuge(CurrentMemoryContext,
												 sizeof(uint16) * (Size) encoder->type->width);
	return true;
}
