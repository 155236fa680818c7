/* kernels_avx2.c -- the distance kernels with AVX2, FMA and F16C. */
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum
{
	LANES = 8
};

static const int32_t tail_masks[2 * LANES] = {-1, -1, -1, -1, -1, -1, -1, -1};

static inline __m256i
tail_mask(size_t rest)
{
	return _mm256_loadu_si256((const __m256i *) (const void *) (tail_masks + LANES - rest));
}

static inline __m256
load_f32(const float *at)
{
	return _mm256_loadu_ps(at);
}

static inline __m256
load_f32_tail(const float *at, size_t rest)
{
	return _mm256_maskload_ps(at, tail_mask(rest));
}

static inline __m256
load_f16(const uint16_t *at)
{
	return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) (const void *) at));
}

static inline __m256
load_f16_tail(const uint16_t *at, size_t rest)
{
	uint16_t padded[LANES] = {0};

	__builtin_memcpy(padded, at, rest * sizeof *at);
	return load_f16(padded);
}

static inline __m256
add_square(__m256 sum, __m256 x, __m256 y)
{
	__m256 difference = _mm256_sub_ps(x, y);

	return _mm256_fmadd_ps(difference, difference, sum);
}

static inline __m256
add_product(__m256 sum, __m256 x, __m256 y)
{
	return _mm256_fmadd_ps(x, y, sum);
}

static inline __m256
add_absolute(__m256 sum, __m256 x, __m256 y)
{
	return _mm256_add_ps(sum, _mm256_andnot_ps(_mm256_set1_ps(-0.0f), _mm256_sub_ps(x, y)));
}

static inline float
reduce(__m256 lanes)
{
	__m128 four = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
	__m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));

	return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* Four sums, because one would wait for its own addition; the tail is padded with zeros, which
 * add nothing in any metric. */
#define SUM_KERNEL(name, stored, load_stored, add)                                           \
	static float name(const float *a, const stored *b, size_t n)                             \
	{                                                                                        \
		__m256 sum0 = _mm256_setzero_ps();                                                   \
		__m256 sum1 = sum0;                                                                  \
		__m256 sum2 = sum0;                                                                  \
		__m256 sum3 = sum0;                                                                  \
		size_t i = 0;                                                                        \
                                                                                             \
		for (; n - i >= 4 * LANES; i += 4 * LANES)                                           \
		{                                                                                    \
			sum0 = add(sum0, load_f32(a + i), load_stored(b + i));                           \
			sum1 = add(sum1, load_f32(a + i + LANES), load_stored(b + i + LANES));           \
			sum2 = add(sum2, load_f32(a + i + 2 * LANES), load_stored(b + i + 2 * LANES));   \
			sum3 = add(sum3, load_f32(a + i + 3 * LANES), load_stored(b + i + 3 * LANES));   \
		}                                                                                    \
		for (; n - i >= LANES; i += LANES)                                                   \
			sum0 = add(sum0, load_f32(a + i), load_stored(b + i));                           \
		if (i < n)                                                                           \
			sum1 = add(sum1, load_f32_tail(a + i, n - i), load_stored##_tail(b + i, n - i)); \
		return reduce(_mm256_add_ps(_mm256_add_ps(sum0, sum1), _mm256_add_ps(sum2, sum3)));  \
	}

SUM_KERNEL(l2_f32, float, load_f32, add_square)
SUM_KERNEL(dot_f32, float, load_f32, add_product)
SUM_KERNEL(l1_f32, float, load_f32, add_absolute)
SUM_KERNEL(l2_f16, uint16_t, load_f16, add_square)
SUM_KERNEL(dot_f16, uint16_t, load_f16, add_product)
SUM_KERNEL(l1_f16, uint16_t, load_f16, add_absolute)

typedef struct CosineLanes
{
	__m256 ab;
	__m256 aa;
	__m256 bb;
} CosineLanes;

static inline CosineLanes
add_cosine(CosineLanes sums, __m256 x, __m256 y)
{
	sums.ab = _mm256_fmadd_ps(x, y, sums.ab);
	sums.aa = _mm256_fmadd_ps(x, x, sums.aa);
	sums.bb = _mm256_fmadd_ps(y, y, sums.bb);
	return sums;
}

/* Two groups of three sums keep as many additions in flight as the plain kernels' four. */
#define COSINE_KERNEL(name, stored, load_stored)                                                  \
	static LdbCosineSums name(const float *a, const stored *b, size_t n)                          \
	{                                                                                             \
		__m256 zero = _mm256_setzero_ps();                                                        \
		CosineLanes even = {zero, zero, zero};                                                    \
		CosineLanes odd = even;                                                                   \
		size_t i = 0;                                                                             \
                                                                                                  \
		for (; n - i >= 2 * LANES; i += 2 * LANES)                                                \
		{                                                                                         \
			even = add_cosine(even, load_f32(a + i), load_stored(b + i));                         \
			odd = add_cosine(odd, load_f32(a + i + LANES), load_stored(b + i + LANES));           \
		}                                                                                         \
		if (n - i >= LANES)                                                                       \
		{                                                                                         \
			even = add_cosine(even, load_f32(a + i), load_stored(b + i));                         \
			i += LANES;                                                                           \
		}                                                                                         \
		if (i < n)                                                                                \
			odd = add_cosine(odd, load_f32_tail(a + i, n - i), load_stored##_tail(b + i, n - i)); \
                                                                                                  \
		LdbCosineSums sums = {reduce(_mm256_add_ps(even.ab, odd.ab)),                             \
							  reduce(_mm256_add_ps(even.aa, odd.aa)),                             \
							  reduce(_mm256_add_ps(even.bb, odd.bb))};                            \
		return sums;                                                                              \
	}

COSINE_KERNEL(cosine_f32, float, load_f32)
COSINE_KERNEL(cosine_f16, uint16_t, load_f16)

static void
f16_to_f32(const uint16_t *from, float *to, size_t n)
{
	size_t i = 0;

	for (; n - i >= LANES; i += LANES)
		_mm256_storeu_ps(to + i, load_f16(from + i));
	if (i < n)
		_mm256_maskstore_ps(to + i, tail_mask(n - i), load_f16_tail(from + i, n - i));
}

const LdbKernels ldb_kernels_avx2 = {
	.name = "avx2",
	.l2_f32 = l2_f32,
	.dot_f32 = dot_f32,
	.l1_f32 = l1_f32,
	.cosine_f32 = cosine_f32,
	.l2_f16 = l2_f16,
	.dot_f16 = dot_f16,
	.l1_f16 = l1_f16,
	.cosine_f16 = cosine_f16,
	.f16_to_f32 = f16_to_f32,
};
#else
typedef int ldb_not_for_this_cpu;
#endif
