/* distance.c -- the SQL operators' distances, made from the kernels' sums. */
#include "ldb/simd/distance.h"

#include <math.h>

/* Rounding can carry the similarity of parallel vectors past 1, and pgvector's <=> never gives
 * less than 0 or more than 2. A zero vector gives 0 / 0: NaN, which stays. */
static double
cosine_distance(LdbCosineSums sums)
{
	double similarity = (double) sums.ab / sqrt((double) sums.aa * (double) sums.bb);

	if (similarity > 1)
		similarity = 1;
	else if (similarity < -1)
		similarity = -1;
	return 1 - similarity;
}

double
ldb_distance_f32(LdbMetric metric, const float *a, const float *b, size_t n)
{
	double distance;

	ldb_distance_rows_f32(metric, a, b, n * sizeof *b, 1, n, &distance);
	return distance;
}

double
ldb_distance_f16(LdbMetric metric, const float *a, const uint16_t *b, size_t n)
{
	double distance;

	ldb_distance_rows_f16(metric, a, b, n * sizeof *b, 1, n, &distance);
	return distance;
}

#define ROWS(stored, expression)                                   \
	for (size_t row = 0; row < rows; row++, at += stride)          \
	{                                                              \
		const stored *vector = (const stored *) (const void *) at; \
                                                                   \
		out[row] = (expression);                                   \
	}

void
ldb_distance_rows_f32(LdbMetric metric, const float *query, const void *vectors, size_t stride,
					  size_t rows, size_t n, double *out)
{
	const LdbKernels *kernels = ldb_kernels;
	const uint8_t *at = vectors;

	switch (metric)
	{
		case LDB_METRIC_L2:
			ROWS(float, sqrt((double) kernels->l2_f32(query, vector, n)));
			break;
		case LDB_METRIC_DOT:
			ROWS(float, -(double) kernels->dot_f32(query, vector, n));
			break;
		case LDB_METRIC_COSINE:
			ROWS(float, cosine_distance(kernels->cosine_f32(query, vector, n)));
			break;
		case LDB_METRIC_L1:
			ROWS(float, (double) kernels->l1_f32(query, vector, n));
			break;
	}
}

void
ldb_distance_rows_f16(LdbMetric metric, const float *query, const void *vectors, size_t stride,
					  size_t rows, size_t n, double *out)
{
	const LdbKernels *kernels = ldb_kernels;
	const uint8_t *at = vectors;

	switch (metric)
	{
		case LDB_METRIC_L2:
			ROWS(uint16_t, sqrt((double) kernels->l2_f16(query, vector, n)));
			break;
		case LDB_METRIC_DOT:
			ROWS(uint16_t, -(double) kernels->dot_f16(query, vector, n));
			break;
		case LDB_METRIC_COSINE:
			ROWS(uint16_t, cosine_distance(kernels->cosine_f16(query, vector, n)));
			break;
		case LDB_METRIC_L1:
			ROWS(uint16_t, (double) kernels->l1_f16(query, vector, n));
			break;
	}
}
