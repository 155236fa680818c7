/* test_distance.c -- the SQL operators' values: pgvector's. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ldb/simd/distance.h"

static const LdbMetric metrics[] = {LDB_METRIC_L2, LDB_METRIC_DOT, LDB_METRIC_COSINE,
									LDB_METRIC_L1};

/* The expected numbers are what pgvector's operators answer for these vectors. */
static void
operators_give_the_values_of_pgvector(void **state)
{
	static const float a[] = {1, 2};
	static const float b[] = {4, 6};

	(void) state;
	assert_true(ldb_distance_f32(LDB_METRIC_L2, a, b, 2) == 5);
	assert_true(ldb_distance_f32(LDB_METRIC_DOT, a, b, 2) == -16);
	assert_true(ldb_distance_f32(LDB_METRIC_L1, a, b, 2) == 7);
	assert_true(fabs(ldb_distance_f32(LDB_METRIC_COSINE, a, b, 2) - 0.007722123286332) < 1e-12);
}

static void
half_vectors_are_measured_against_a_float_query(void **state)
{
	static const float a[] = {1, 2};
	static const uint16_t b[] = {0x4400, 0x4600};

	(void) state;
	assert_true(ldb_distance_f16(LDB_METRIC_L2, a, b, 2) == 5);
	assert_true(ldb_distance_f16(LDB_METRIC_DOT, a, b, 2) == -16);
	assert_true(ldb_distance_f16(LDB_METRIC_L1, a, b, 2) == 7);
	assert_true(fabs(ldb_distance_f16(LDB_METRIC_COSINE, a, b, 2) - 0.007722123286332) < 1e-12);
}

static void
cosine_stays_between_0_and_2(void **state)
{
	static const float scales[] = {1e-3f, 0.1f, 0.3f, 1.7f, 3.3f, 1e3f};

	(void) state;
	for (size_t s = 0; s < sizeof scales / sizeof *scales; s++)
	{
		float a[33];
		float b[33];
		float opposite[33];

		for (size_t i = 0; i < 33; i++)
		{
			a[i] = 0.1f + 0.37f * (float) i;
			b[i] = a[i] * scales[s];
			opposite[i] = -b[i];
		}
		double same = ldb_distance_f32(LDB_METRIC_COSINE, a, b, 33);
		double far = ldb_distance_f32(LDB_METRIC_COSINE, a, opposite, 33);

		assert_true(same >= 0 && same < 1e-6);
		assert_true(far <= 2 && far > 2 - 1e-6);
	}
}

static void
cosine_with_a_zero_vector_is_nan(void **state)
{
	static const float a[] = {1, 2, 3};
	static const float zero[] = {0, 0, 0};

	(void) state;
	assert_true(isnan(ldb_distance_f32(LDB_METRIC_COSINE, a, zero, 3)));
	assert_true(isnan(ldb_distance_f32(LDB_METRIC_COSINE, zero, a, 3)));
	assert_true(isnan(ldb_distance_f32(LDB_METRIC_COSINE, a, a, 0)));
}

/* pgvector accumulates in float: squares beyond its range are infinite, and so is the distance. */
static void
sums_beyond_the_range_of_float_are_infinite(void **state)
{
	static const float a[] = {3e38f};
	static const float b[] = {-3e38f};

	(void) state;
	assert_true(isinf(ldb_distance_f32(LDB_METRIC_L2, a, b, 1)));
	assert_true(ldb_distance_f32(LDB_METRIC_DOT, a, b, 1) == (double) INFINITY);
}

static void
check_rows(size_t n, size_t stride_items)
{
	enum
	{
		ROWS = 7
	};
	float query[70];
	float vectors[ROWS * 80];
	uint16_t halves[ROWS * 80];
	double out[ROWS];

	for (size_t i = 0; i < 70; i++)
		query[i] = sinf((float) i);
	for (size_t i = 0; i < ROWS * 80; i++)
	{
		vectors[i] = cosf((float) i * 1.3f);
		halves[i] = (uint16_t) (0x3000 + i * 7);
	}
	for (size_t m = 0; m < 4; m++)
	{
		ldb_distance_rows_f32(metrics[m], query, vectors, stride_items * sizeof(float), ROWS, n,
							  out);
		for (size_t row = 0; row < ROWS; row++)
		{
			double pair = ldb_distance_f32(metrics[m], query, vectors + row * stride_items, n);

			assert_memory_equal(&pair, &out[row], sizeof pair);
		}
		ldb_distance_rows_f16(metrics[m], query, halves, stride_items * sizeof(uint16_t), ROWS, n,
							  out);
		for (size_t row = 0; row < ROWS; row++)
		{
			double pair = ldb_distance_f16(metrics[m], query, halves + row * stride_items, n);

			assert_memory_equal(&pair, &out[row], sizeof pair);
		}
	}
}

static void
rows_give_the_bits_of_pairs_in_every_table(void **state)
{
	const LdbKernels *tables[8];
	size_t count = ldb_simd_tables(tables, 8);

	(void) state;
	for (size_t t = 0; t < count; t++)
	{
		ldb_kernels = tables[t];
		for (size_t n = 0; n <= 67; n++)
		{
			check_rows(n, n);
			check_rows(n, 80);
		}
	}
	ldb_kernels = tables[0];
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators_give_the_values_of_pgvector),
		cmocka_unit_test(half_vectors_are_measured_against_a_float_query),
		cmocka_unit_test(cosine_stays_between_0_and_2),
		cmocka_unit_test(cosine_with_a_zero_vector_is_nan),
		cmocka_unit_test(sums_beyond_the_range_of_float_are_infinite),
		cmocka_unit_test(rows_give_the_bits_of_pairs_in_every_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
