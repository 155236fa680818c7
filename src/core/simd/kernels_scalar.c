/* kernels_scalar.c -- the distance kernels in plain C: the reference for all others. */
#include "kernels.h"

/* Vectors may start at any byte. */
static float
load_f32(const float *at)
{
	float value;

	__builtin_memcpy(&value, at, sizeof value);
	return value;
}

static float
bits_to_f32(uint32_t bits)
{
	float value;

	__builtin_memcpy(&value, &bits, sizeof value);
	return value;
}

/* IEEE 754: binary16 has 5 exponent bits with bias 15 and 10 bits of fraction. A signalling NaN
 * becomes a quiet one, as the conversion instructions do. */
static float
load_f16(const uint16_t *at)
{
	uint16_t half;

	__builtin_memcpy(&half, at, sizeof half);

	uint32_t sign = (uint32_t) (half & 0x8000u) << 16;
	uint32_t exponent = (half >> 10) & 0x1fu;
	uint32_t fraction = half & 0x3ffu;

	if (exponent == 31)
		return bits_to_f32(sign | 0x7f800000u | fraction << 13 | (fraction != 0 ? 0x400000u : 0));
	if (exponent != 0)
		return bits_to_f32(sign | (exponent + 112) << 23 | fraction << 13);

	float subnormal = (float) fraction * 0x1p-24f;

	return sign != 0 ? -subnormal : subnormal;
}

#define SUM_KERNEL(name, stored, load_stored, term)              \
	static float name(const float *a, const stored *b, size_t n) \
	{                                                            \
		float sum = 0;                                           \
                                                                 \
		for (size_t i = 0; i < n; i++)                           \
		{                                                        \
			float x = load_f32(a + i);                           \
			float y = load_stored(b + i);                        \
                                                                 \
			sum += (term);                                       \
		}                                                        \
		return sum;                                              \
	}

#define COSINE_KERNEL(name, stored, load_stored)                         \
	static LdbCosineSums name(const float *a, const stored *b, size_t n) \
	{                                                                    \
		LdbCosineSums sums = {0, 0, 0};                                  \
                                                                         \
		for (size_t i = 0; i < n; i++)                                   \
		{                                                                \
			float x = load_f32(a + i);                                   \
			float y = load_stored(b + i);                                \
                                                                         \
			sums.ab += x * y;                                            \
			sums.aa += x * x;                                            \
			sums.bb += y * y;                                            \
		}                                                                \
		return sums;                                                     \
	}

SUM_KERNEL(l2_f32, float, load_f32, (x - y) * (x - y))
SUM_KERNEL(dot_f32, float, load_f32, x *y)
SUM_KERNEL(l1_f32, float, load_f32, __builtin_fabsf(x - y))
COSINE_KERNEL(cosine_f32, float, load_f32)
SUM_KERNEL(l2_f16, uint16_t, load_f16, (x - y) * (x - y))
SUM_KERNEL(dot_f16, uint16_t, load_f16, x *y)
SUM_KERNEL(l1_f16, uint16_t, load_f16, __builtin_fabsf(x - y))
COSINE_KERNEL(cosine_f16, uint16_t, load_f16)

static void
f16_to_f32(const uint16_t *from, float *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		float value = load_f16(from + i);

		__builtin_memcpy(to + i, &value, sizeof value);
	}
}

const LdbKernels ldb_kernels_scalar = {
	.name = "scalar",
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
