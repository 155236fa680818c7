/* kernels_avx512.c -- the distance kernels with AVX-512 (F, BW, VL, DQ). */
#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum
{
	LANES = 16
};

static inline __mmask16
tail_mask(size_t rest)
{
	return (__mmask16) ((1u << rest) - 1);
}

static inline __m512
load_f32(const float *at)
{
	return _mm512_loadu_ps(at);
}

static inline __m512
load_f32_tail(const float *at, size_t rest)
{
	return _mm512_maskz_loadu_ps(tail_mask(rest), at);
}

static inline __m512
load_f16(const uint16_t *at)
{
	return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *) (const void *) at));
}

static inline __m512
load_f16_tail(const uint16_t *at, size_t rest)
{
	return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(tail_mask(rest), at));
}

static inline __m512
add_square(__m512 sum, __m512 x, __m512 y)
{
	__m512 difference = _mm512_sub_ps(x, y);

	return _mm512_fmadd_ps(difference, difference, sum);
}

static inline __m512
add_product(__m512 sum, __m512 x, __m512 y)
{
	return _mm512_fmadd_ps(x, y, sum);
}

static inline __m512
add_absolute(__m512 sum, __m512 x, __m512 y)
{
	return _mm512_add_ps(sum, _mm512_abs_ps(_mm512_sub_ps(x, y)));
}

/* Four sums, because one would wait for its own addition; the tail is padded with zeros, which
 * add nothing in any metric. */
#define SUM_KERNEL(name, stored, load_stored, add)                                           \
	static float name(const float *a, const stored *b, size_t n)                             \
	{                                                                                        \
		__m512 sum0 = _mm512_setzero_ps();                                                   \
		__m512 sum1 = sum0;                                                                  \
		__m512 sum2 = sum0;                                                                  \
		__m512 sum3 = sum0;                                                                  \
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
		return _mm512_reduce_add_ps(                                                         \
			_mm512_add_ps(_mm512_add_ps(sum0, sum1), _mm512_add_ps(sum2, sum3)));            \
	}

SUM_KERNEL(l2_f32, float, load_f32, add_square)
SUM_KERNEL(dot_f32, float, load_f32, add_product)
SUM_KERNEL(l1_f32, float, load_f32, add_absolute)
SUM_KERNEL(l2_f16, uint16_t, load_f16, add_square)
SUM_KERNEL(dot_f16, uint16_t, load_f16, add_product)
SUM_KERNEL(l1_f16, uint16_t, load_f16, add_absolute)

typedef struct CosineLanes
{
	__m512 ab;
	__m512 aa;
	__m512 bb;
} CosineLanes;

static inline CosineLanes
add_cosine(CosineLanes sums, __m512 x, __m512 y)
{
	sums.ab = _mm512_fmadd_ps(x, y, sums.ab);
	sums.aa = _mm512_fmadd_ps(x, x, sums.aa);
	sums.bb = _mm512_fmadd_ps(y, y, sums.bb);
	return sums;
}

/* Two groups of three sums keep as many additions in flight as the plain kernels' four. */
#define COSINE_KERNEL(name, stored, load_stored)                                                  \
	static LdbCosineSums name(const float *a, const stored *b, size_t n)                          \
	{                                                                                             \
		__m512 zero = _mm512_setzero_ps();                                                        \
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
		LdbCosineSums sums = {_mm512_reduce_add_ps(_mm512_add_ps(even.ab, odd.ab)),               \
							  _mm512_reduce_add_ps(_mm512_add_ps(even.aa, odd.aa)),               \
							  _mm512_reduce_add_ps(_mm512_add_ps(even.bb, odd.bb))};              \
		return sums;                                                                              \
	}

COSINE_KERNEL(cosine_f32, float, load_f32)
COSINE_KERNEL(cosine_f16, uint16_t, load_f16)

static void
f16_to_f32(const uint16_t *from, float *to, size_t n)
{
	size_t i = 0;

	for (; n - i >= LANES; i += LANES)
		_mm512_storeu_ps(to + i, load_f16(from + i));
	if (i < n)
		_mm512_mask_storeu_ps(to + i, tail_mask(n - i), load_f16_tail(from + i, n - i));
}

const LdbKernels ldb_kernels_avx512 = {
	.name = "avx512",
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
