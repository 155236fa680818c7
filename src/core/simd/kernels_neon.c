/* kernels_neon.c -- the distance kernels with NEON, which every 64-bit ARM has. */
#include "kernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>

enum
{
	LANES = 4
};

/* Loads go through bytes because vld1q_f32 asks for the alignment of a float. */
static inline float32x4_t
load_f32(const float *at)
{
	return vreinterpretq_f32_u8(vld1q_u8((const uint8_t *) at));
}

static inline float32x4_t
load_f32_tail(const float *at, size_t rest)
{
	float padded[LANES] = {0};

	__builtin_memcpy(padded, at, rest * sizeof *at);
	return load_f32(padded);
}

static inline float32x4_t
load_f16(const uint16_t *at)
{
	return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8((const uint8_t *) at)));
}

static inline float32x4_t
load_f16_tail(const uint16_t *at, size_t rest)
{
	uint16_t padded[LANES] = {0};

	__builtin_memcpy(padded, at, rest * sizeof *at);
	return load_f16(padded);
}

static inline float32x4_t
add_square(float32x4_t sum, float32x4_t x, float32x4_t y)
{
	float32x4_t difference = vsubq_f32(x, y);

	return vfmaq_f32(sum, difference, difference);
}

static inline float32x4_t
add_product(float32x4_t sum, float32x4_t x, float32x4_t y)
{
	return vfmaq_f32(sum, x, y);
}

static inline float32x4_t
add_absolute(float32x4_t sum, float32x4_t x, float32x4_t y)
{
	return vaddq_f32(sum, vabdq_f32(x, y));
}

/* Four sums, because one would wait for its own addition; the tail is padded with zeros, which
 * add nothing in any metric. */
#define SUM_KERNEL(name, stored, load_stored, add)                                           \
	static float name(const float *a, const stored *b, size_t n)                             \
	{                                                                                        \
		float32x4_t sum0 = vdupq_n_f32(0);                                                   \
		float32x4_t sum1 = sum0;                                                             \
		float32x4_t sum2 = sum0;                                                             \
		float32x4_t sum3 = sum0;                                                             \
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
		return vaddvq_f32(vaddq_f32(vaddq_f32(sum0, sum1), vaddq_f32(sum2, sum3)));          \
	}

SUM_KERNEL(l2_f32, float, load_f32, add_square)
SUM_KERNEL(dot_f32, float, load_f32, add_product)
SUM_KERNEL(l1_f32, float, load_f32, add_absolute)
SUM_KERNEL(l2_f16, uint16_t, load_f16, add_square)
SUM_KERNEL(dot_f16, uint16_t, load_f16, add_product)
SUM_KERNEL(l1_f16, uint16_t, load_f16, add_absolute)

typedef struct CosineLanes
{
	float32x4_t ab;
	float32x4_t aa;
	float32x4_t bb;
} CosineLanes;

static inline CosineLanes
add_cosine(CosineLanes sums, float32x4_t x, float32x4_t y)
{
	sums.ab = vfmaq_f32(sums.ab, x, y);
	sums.aa = vfmaq_f32(sums.aa, x, x);
	sums.bb = vfmaq_f32(sums.bb, y, y);
	return sums;
}

/* Two groups of three sums keep as many additions in flight as the plain kernels' four. */
#define COSINE_KERNEL(name, stored, load_stored)                                                  \
	static LdbCosineSums name(const float *a, const stored *b, size_t n)                          \
	{                                                                                             \
		float32x4_t zero = vdupq_n_f32(0);                                                        \
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
		LdbCosineSums sums = {vaddvq_f32(vaddq_f32(even.ab, odd.ab)),                             \
							  vaddvq_f32(vaddq_f32(even.aa, odd.aa)),                             \
							  vaddvq_f32(vaddq_f32(even.bb, odd.bb))};                            \
		return sums;                                                                              \
	}

COSINE_KERNEL(cosine_f32, float, load_f32)
COSINE_KERNEL(cosine_f16, uint16_t, load_f16)

static void
f16_to_f32(const uint16_t *from, float *to, size_t n)
{
	size_t i = 0;

	for (; n - i >= LANES; i += LANES)
		vst1q_u8((uint8_t *) (to + i), vreinterpretq_u8_f32(load_f16(from + i)));
	if (i < n)
	{
		float32x4_t tail = load_f16_tail(from + i, n - i);

		__builtin_memcpy(to + i, &tail, (n - i) * sizeof *to);
	}
}

const LdbKernels ldb_kernels_neon = {
	.name = "neon",
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
