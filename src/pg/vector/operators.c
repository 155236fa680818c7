/* operators.c -- distances between real[] values: the SQL functions behind <-> <#> <=> <+>. */
#include "lancedb/pg.h"

#include "vector/query_vector.h"

#include "ldb/simd/distance.h"

static double
distance_of(LdbMetric metric, FunctionCallInfo fcinfo)
{
	ArrayType *left = PG_GETARG_ARRAYTYPE_P(0);
	ArrayType *right = PG_GETARG_ARRAYTYPE_P(1);
	int left_dimension;
	int right_dimension;
	const float *a = lancedb_array_vector(left, &left_dimension);
	const float *b = lancedb_array_vector(right, &right_dimension);
	double distance;

	if (left_dimension != right_dimension)
		lancedb_dimension_mismatch(left_dimension, right_dimension);
	distance = ldb_distance_f32(metric, a, b, (size_t) left_dimension);
	PG_FREE_IF_COPY(left, 0);
	PG_FREE_IF_COPY(right, 1);
	return distance;
}

PG_FUNCTION_INFO_V1(lancedb_l2_distance);
Datum
lancedb_l2_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(distance_of(LDB_METRIC_L2, fcinfo));
}

PG_FUNCTION_INFO_V1(lancedb_negative_inner_product);
Datum
lancedb_negative_inner_product(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(distance_of(LDB_METRIC_DOT, fcinfo));
}

PG_FUNCTION_INFO_V1(lancedb_inner_product);
Datum
lancedb_inner_product(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(-distance_of(LDB_METRIC_DOT, fcinfo));
}

PG_FUNCTION_INFO_V1(lancedb_cosine_distance);
Datum
lancedb_cosine_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(distance_of(LDB_METRIC_COSINE, fcinfo));
}

PG_FUNCTION_INFO_V1(lancedb_l1_distance);
Datum
lancedb_l1_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(distance_of(LDB_METRIC_L1, fcinfo));
}
