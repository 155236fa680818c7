/* test_kernels.c -- every table of kernels that this CPU can run agrees with the scalar one. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ldb/simd/distance.h"

#define MAX_N 67u
#define MAX_SHIFT 5u

static uint32_t seed;

static uint32_t
next_random(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8;
}

static float
random_float(void)
{
	return (float) next_random() / (float) (1u << 23) - 1;
}

/* Positive and negative normal numbers between 2^-4 and 2. */
static uint16_t
random_half(void)
{
	return (uint16_t) ((next_random() & 0x8000u) | (11 + next_random() % 5) << 10 |
					   (next_random() & 0x3ffu));
}

/* distance.h: tables differ by the order of their additions alone. `scale` is the sum of the
 * absolute terms. */
static void
check_close(float got, float wanted, double scale, size_t n, const char *table, const char *kernel)
{
	if (isnan(wanted) && isnan(got))
		return;
	if (isinf(wanted) && got == wanted)
		return;
	if (!(fabs((double) got - (double) wanted) <= (double) (n + 1) * FLT_EPSILON * scale))
		fail_msg("%s.%s, n = %zu: %.9g, scalar gives %.9g", table, kernel, n, (double) got,
				 (double) wanted);
}

static void
compare_f32(const LdbKernels *table, const float *a, const float *b, size_t n)
{
	const LdbKernels *scalar = &ldb_kernels_scalar;
	LdbCosineSums sums = table->cosine_f32(a, b, n);
	LdbCosineSums wanted = scalar->cosine_f32(a, b, n);
	double scale = 4.0 * (double) n;

	check_close(table->l2_f32(a, b, n), scalar->l2_f32(a, b, n), scale, n, table->name, "l2_f32");
	check_close(table->dot_f32(a, b, n), scalar->dot_f32(a, b, n), scale, n, table->name,
				"dot_f32");
	check_close(table->l1_f32(a, b, n), scalar->l1_f32(a, b, n), scale, n, table->name, "l1_f32");
	check_close(sums.ab, wanted.ab, scale, n, table->name, "cosine_f32.ab");
	check_close(sums.aa, wanted.aa, scale, n, table->name, "cosine_f32.aa");
	check_close(sums.bb, wanted.bb, scale, n, table->name, "cosine_f32.bb");
}

static void
compare_f16(const LdbKernels *table, const float *a, const uint16_t *b, size_t n)
{
	const LdbKernels *scalar = &ldb_kernels_scalar;
	LdbCosineSums sums = table->cosine_f16(a, b, n);
	LdbCosineSums wanted = scalar->cosine_f16(a, b, n);
	double scale = 9.0 * (double) n;

	check_close(table->l2_f16(a, b, n), scalar->l2_f16(a, b, n), scale, n, table->name, "l2_f16");
	check_close(table->dot_f16(a, b, n), scalar->dot_f16(a, b, n), scale, n, table->name,
				"dot_f16");
	check_close(table->l1_f16(a, b, n), scalar->l1_f16(a, b, n), scale, n, table->name, "l1_f16");
	check_close(sums.ab, wanted.ab, scale, n, table->name, "cosine_f16.ab");
	check_close(sums.aa, wanted.aa, scale, n, table->name, "cosine_f16.aa");
	check_close(sums.bb, wanted.bb, scale, n, table->name, "cosine_f16.bb");
}

/* Vectors lie at the very end of their allocations, so a sanitizer sees a read past the last
 * element; `shift` bytes move them off every alignment. */
static void
compare_at(const LdbKernels *table, size_t n, size_t shift)
{
	char *a = malloc(n * sizeof(float) + shift + 1);
	char *b = malloc(n * sizeof(float) + shift + 1);
	char *half = malloc(n * sizeof(uint16_t) + shift + 1);

	assert_true(a != NULL && b != NULL && half != NULL);
	for (size_t i = 0; i < n; i++)
	{
		float x = random_float();
		float y = random_float();
		uint16_t z = random_half();

		memcpy(a + shift + 1 + i * sizeof x, &x, sizeof x);
		memcpy(b + shift + 1 + i * sizeof y, &y, sizeof y);
		memcpy(half + shift + 1 + i * sizeof z, &z, sizeof z);
	}
	compare_f32(table, (const float *) (void *) (a + shift + 1),
				(const float *) (void *) (b + shift + 1), n);
	compare_f16(table, (const float *) (void *) (a + shift + 1),
				(const uint16_t *) (void *) (half + shift + 1), n);
	free(a);
	free(b);
	free(half);
}

static void
all_tables_agree_with_scalar_for_any_length_and_start(void **state)
{
	const LdbKernels *tables[8];
	size_t count = ldb_simd_tables(tables, 8);

	(void) state;
	for (size_t t = 0; t < count; t++)
		for (size_t n = 0; n <= MAX_N; n++)
			for (size_t shift = 0; shift <= MAX_SHIFT; shift++)
				compare_at(tables[t], n, shift);
}

static void
long_vectors_agree_too(void **state)
{
	static const size_t lengths[] = {128, 383, 768, 1536, 4095, 4096};
	const LdbKernels *tables[8];
	size_t count = ldb_simd_tables(tables, 8);

	(void) state;
	for (size_t t = 0; t < count; t++)
		for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
			compare_at(tables[t], lengths[i], 3);
}

static void
known_sums_are_exact(void **state)
{
	static const float a[] = {1, 2, 3, 4};
	static const float b[] = {5, -6, 7, 8};
	static const uint16_t half_b[] = {0x4500, 0xc600, 0x4700, 0x4800};
	const LdbKernels *tables[8];
	size_t count = ldb_simd_tables(tables, 8);

	(void) state;
	for (size_t t = 0; t < count; t++)
	{
		const LdbKernels *table = tables[t];
		LdbCosineSums sums = table->cosine_f32(a, b, 4);

		assert_true(table->l2_f32(a, b, 4) == 112 && table->l2_f16(a, half_b, 4) == 112);
		assert_true(table->dot_f32(a, b, 4) == 46 && table->dot_f16(a, half_b, 4) == 46);
		assert_true(table->l1_f32(a, b, 4) == 20 && table->l1_f16(a, half_b, 4) == 20);
		assert_true(sums.ab == 46 && sums.aa == 30 && sums.bb == 174);
		sums = table->cosine_f16(a, half_b, 4);
		assert_true(sums.ab == 46 && sums.aa == 30 && sums.bb == 174);
		assert_true(table->l2_f32(a, b, 0) == 0 && table->dot_f16(a, half_b, 0) == 0);
	}
}

/* An infinity or NaN at each position, so that the tail's padding is tried too. */
static void
infinities_and_nan_spread_as_in_scalar(void **state)
{
	static const float strange[] = {INFINITY, -INFINITY, NAN, FLT_MAX, -0.0f, FLT_TRUE_MIN};
	const LdbKernels *tables[8];
	size_t count = ldb_simd_tables(tables, 8);

	(void) state;
	for (size_t t = 0; t < count; t++)
		for (size_t n = 1; n <= MAX_N; n++)
			for (size_t s = 0; s < sizeof strange / sizeof *strange; s++)
			{
				float a[MAX_N];
				float b[MAX_N];

				for (size_t i = 0; i < n; i++)
				{
					a[i] = random_float();
					b[i] = random_float();
				}
				b[(n * 7 + s) % n] = strange[s];
				/* FLT_MAX overflows in the squares; its products stay finite but large. */
				double scale = strange[s] == FLT_MAX ? 2.0 * FLT_MAX : 4.0 * (double) n;

				check_close(tables[t]->l2_f32(a, b, n), ldb_kernels_scalar.l2_f32(a, b, n), scale,
							n, tables[t]->name, "l2_f32");
				check_close(tables[t]->dot_f32(a, b, n), ldb_kernels_scalar.dot_f32(a, b, n), scale,
							n, tables[t]->name, "dot_f32");
				check_close(tables[t]->l1_f32(a, b, n), ldb_kernels_scalar.l1_f32(a, b, n), scale,
							n, tables[t]->name, "l1_f32");
			}
}

static double
half_value(uint16_t half)
{
	double sign = (half & 0x8000) != 0 ? -1 : 1;
	int exponent = (half >> 10) & 31;
	int fraction = half & 1023;

	if (exponent == 31)
		return fraction != 0 ? (double) NAN : sign * (double) INFINITY;
	if (exponent == 0)
		return sign * ldexp(fraction, -24);
	return sign * ldexp(1024 + fraction, exponent - 25);
}

static void
every_half_converts_to_its_exact_value(void **state)
{
	static uint16_t from[65536];
	static float to[65536];
	static float scalar[65536];
	const LdbKernels *tables[8];
	size_t count = ldb_simd_tables(tables, 8);

	(void) state;
	for (size_t i = 0; i < 65536; i++)
		from[i] = (uint16_t) i;
	ldb_kernels_scalar.f16_to_f32(from, scalar, 65536);
	for (size_t t = 0; t < count; t++)
	{
		memset(to, 0xee, sizeof to);
		tables[t]->f16_to_f32(from, to, 65536);
		for (size_t i = 0; i < 65536; i++)
		{
			double wanted = half_value((uint16_t) i);

			if (isnan(wanted))
				assert_true(isnan(to[i]));
			else
				assert_true((double) to[i] == wanted && !signbit(to[i]) == !signbit(wanted));
		}
		assert_memory_equal(to, scalar, sizeof to);
	}
}

static void
conversion_writes_only_its_elements(void **state)
{
	const LdbKernels *tables[8];
	size_t count = ldb_simd_tables(tables, 8);
	uint16_t from[MAX_N + 1];

	(void) state;
	for (size_t i = 0; i <= MAX_N; i++)
		from[i] = random_half();
	for (size_t t = 0; t < count; t++)
		for (size_t n = 0; n <= MAX_N; n++)
		{
			float to[MAX_N + 1];

			to[n] = 42;
			tables[t]->f16_to_f32(from, to, n);
			assert_true(to[n] == 42);
			for (size_t i = 0; i < n; i++)
				assert_true((double) to[i] == half_value(from[i]));
		}
}

/* Subnormals, infinities and NaNs of binary16 through the mixed kernels, at each position. */
static void
strange_halves_spread_as_in_scalar(void **state)
{
	static const uint16_t strange[] = {0x0001, 0x83ff, 0x7c00, 0xfc00, 0x7e00, 0x7d01, 0x8000};
	const LdbKernels *tables[8];
	size_t count = ldb_simd_tables(tables, 8);

	(void) state;
	for (size_t t = 0; t < count; t++)
		for (size_t n = 1; n <= MAX_N; n++)
			for (size_t s = 0; s < sizeof strange / sizeof *strange; s++)
			{
				float a[MAX_N];
				uint16_t b[MAX_N];

				for (size_t i = 0; i < n; i++)
				{
					a[i] = random_float();
					b[i] = random_half();
				}
				b[(n * 5 + s) % n] = strange[s];
				compare_f16(tables[t], a, b, n);
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_tables_agree_with_scalar_for_any_length_and_start),
		cmocka_unit_test(long_vectors_agree_too),
		cmocka_unit_test(known_sums_are_exact),
		cmocka_unit_test(infinities_and_nan_spread_as_in_scalar),
		cmocka_unit_test(every_half_converts_to_its_exact_value),
		cmocka_unit_test(conversion_writes_only_its_elements),
		cmocka_unit_test(strange_halves_spread_as_in_scalar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
