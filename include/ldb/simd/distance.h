/*
 * distance.h -- distances between vectors, on the best instructions this CPU has.
 *
 * Units: l2 is the squared Euclidean distance, dot the inner product, l1 the sum of absolute
 * differences. cosine gives the three sums (a.b, a.a, b.b) from which the caller forms
 * 1 - ab / sqrt(aa * bb). SQL's conversions (root, sign) are ldb_distance_* below, so operator and
 * search agree to the last bit.
 * Tolerance: all sums are accumulated in float; tables differ by the order of their additions, by
 * at most (n + 1) * FLT_EPSILON * (the sum of the absolute terms).
 * f16 vectors are IEEE 754 binary16 bit patterns; the query of a mixed kernel is float.
 * Shapes: any n including 0, any alignment. Threads: pure functions.
 * A *_rows kernel compares one query with `rows` vectors, `stride` bytes apart, and gives exactly
 * the numbers that the pair kernel gives for each.
 */
#ifndef LDB_SIMD_DISTANCE_H
#define LDB_SIMD_DISTANCE_H

#include <stddef.h>
#include <stdint.h>

typedef struct LdbCosineSums
{
	float ab;
	float aa;
	float bb;
} LdbCosineSums;

typedef struct LdbKernels
{
	const char *name;
	float (*l2_f32)(const float *a, const float *b, size_t n);
	float (*dot_f32)(const float *a, const float *b, size_t n);
	float (*l1_f32)(const float *a, const float *b, size_t n);
	LdbCosineSums (*cosine_f32)(const float *a, const float *b, size_t n);
	float (*l2_f16)(const float *a, const uint16_t *b, size_t n);
	float (*dot_f16)(const float *a, const uint16_t *b, size_t n);
	float (*l1_f16)(const float *a, const uint16_t *b, size_t n);
	LdbCosineSums (*cosine_f16)(const float *a, const uint16_t *b, size_t n);
	void (*f16_to_f32)(const uint16_t *from, float *to, size_t n);
} LdbKernels;

/* Never NULL: the scalar table before ldb_simd_init(). */
extern const LdbKernels *ldb_kernels;

extern const LdbKernels ldb_kernels_scalar;

/* Picks the table for this CPU, or the one that LDB_SIMD names (scalar, avx2, avx512, neon). */
void ldb_simd_init(void);

/* The tables that this CPU can run, scalar first; for tests. Returns how many. */
size_t ldb_simd_tables(const LdbKernels *tables[], size_t capacity);

typedef enum LdbMetric
{
	LDB_METRIC_L2 = 0,     /* <->: Euclidean distance, with root */
	LDB_METRIC_DOT = 1,    /* <#>: negative inner product */
	LDB_METRIC_COSINE = 2, /* <=>: 1 - cosine similarity; NaN when a vector is zero */
	LDB_METRIC_L1 = 3      /* <+>: taxicab distance */
} LdbMetric;

/* The SQL operator's value. Pair forms; `b` of the f16 form is the stored vector. */
double ldb_distance_f32(LdbMetric metric, const float *a, const float *b, size_t n);
double ldb_distance_f16(LdbMetric metric, const float *a, const uint16_t *b, size_t n);
/* One query against `rows` vectors `stride` bytes apart; out[i] as the pair form gives it. */
void ldb_distance_rows_f32(LdbMetric metric, const float *query, const void *vectors, size_t stride,
						   size_t rows, size_t n, double *out);
void ldb_distance_rows_f16(LdbMetric metric, const float *query, const void *vectors, size_t stride,
						   size_t rows, size_t n, double *out);

#endif
