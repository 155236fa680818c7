/* query_vector.c -- the vector that a search compares with, out of the datum the query gave. */
#include "vector/query_vector.h"

#include "utils/array.h"

#include "ldb/simd/distance.h"

const float *
lancedb_array_vector(ArrayType *array, int *dimension)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						errmsg("a vector must be a one-dimensional array, not one of %d dimensions",
							   ARR_NDIM(array))));
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("a vector must not contain NULL elements")));
	*dimension = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return (const float *) ARR_DATA_PTR(array);
}

void
lancedb_dimension_mismatch(int left, int right)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
					errmsg("different vector dimensions %d and %d", left, right)));
}

float *
lancedb_query_vector(Datum datum, LancedbVectorKind kind, int *dimension)
{
	LancedbStoredVector *vector;
	Size header = offsetof(LancedbStoredVector, numbers);
	Size element = kind == LANCEDB_VECTOR_HALFVEC ? sizeof(uint16) : sizeof(float);
	float *result;

	if (kind == LANCEDB_VECTOR_REAL_ARRAY)
	{
		const float *from = lancedb_array_vector(DatumGetArrayTypeP(datum), dimension);

		result = palloc(Max(*dimension, 1) * sizeof(float));
		memcpy(result, from, *dimension * sizeof(float));
		return result;
	}
	vector = (LancedbStoredVector *) PG_DETOAST_DATUM(datum);
	if (VARSIZE(vector) < header || vector->dimension < 0 ||
		VARSIZE(vector) - header < vector->dimension * element)
		ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
						errmsg("the query vector is shorter than its dimension says")));
	*dimension = vector->dimension;
	result = palloc(Max(*dimension, 1) * sizeof(float));
	if (kind == LANCEDB_VECTOR_HALFVEC)
		ldb_kernels->f16_to_f32((const uint16 *) vector->numbers, result, *dimension);
	else
		memcpy(result, vector->numbers, *dimension * sizeof(float));
	return result;
}
