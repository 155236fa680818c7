/*
 * vectors.h -- distances between a query and the rows of a vector column.
 *
 * Shapes: fixed_size_list, list or large_list of numbers. Elements other than half and float are
 * brought to float first.
 */
#ifndef LDB_QUERY_VECTORS_H
#define LDB_QUERY_VECTORS_H

#include "ldb/simd/distance.h"
#include "ldb/table/scan.h"

typedef struct LdbVectorQuery
{
	LdbMetric metric;
	const float *values; /* borrowed */
	size_t dimension;
} LdbVectorQuery;

bool ldb_is_vector_field(const LdbField *field);

/*
 * out[i] = the distance to row first + i of the batch's first column. None of the rows is NULL; one
 * that has another dimension or a NULL element is LDB_INVALID.
 */
LdbStatus ldb_vector_distances(const LdbVectorQuery *query, const LdbBatch *batch, size_t first,
							   size_t count, double *out, LdbError *err);

#endif
