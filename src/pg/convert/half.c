/* half.c -- floats as halves, and whether the numbers of a vector are finite. */
#include "convert/half.h"

#define HALF_INFINITY 0x7c00
#define FLOAT_EXPONENT_BIAS 127
#define HALF_EXPONENT_BIAS 15
#define FLOAT_MANTISSA_BITS 23
#define HALF_MANTISSA_BITS 10
#define DROPPED_BITS (FLOAT_MANTISSA_BITS - HALF_MANTISSA_BITS)
/* Below 2^-25 everything is nearer to 0 than to the smallest half. */
#define LOWEST_EXPONENT (-25)

/* Drops low bits, to nearest, ties to even. */
static uint32
drop_bits(uint32 value, int bits)
{
	uint32 half = (uint32) 1 << (bits - 1);
	uint32 odd = (value >> bits) & 1;

	return (value + half - 1 + odd) >> bits;
}

bool
lancedb_half_of_float(float4 value, uint16 *half)
{
	uint32 bits;
	uint32 mantissa;
	uint16 sign;
	int exponent;

	memcpy(&bits, &value, sizeof(bits));
	sign = (uint16) ((bits >> 16) & 0x8000);
	exponent = (int) ((bits >> FLOAT_MANTISSA_BITS) & 0xff) - FLOAT_EXPONENT_BIAS;
	mantissa = bits & (((uint32) 1 << FLOAT_MANTISSA_BITS) - 1);
	if (exponent == FLOAT_EXPONENT_BIAS + 1)
	{
		*half = (uint16) (sign | HALF_INFINITY | (mantissa != 0 ? 0x200 : 0));
		return true;
	}
	if (exponent < LOWEST_EXPONENT)
		*half = sign;
	else if (exponent <= -HALF_EXPONENT_BIAS)
		/* a denormal: the implicit bit becomes one of the mantissa's */
		*half = (uint16) (sign | drop_bits(mantissa | (uint32) 1 << FLOAT_MANTISSA_BITS,
										   DROPPED_BITS + 1 - HALF_EXPONENT_BIAS - exponent));
	else
	{
		/* rounding up may carry into the exponent, which is right */
		uint32 rounded =
			drop_bits((uint32) (exponent + HALF_EXPONENT_BIAS) << FLOAT_MANTISSA_BITS | mantissa,
					  DROPPED_BITS);

		if (exponent > HALF_EXPONENT_BIAS || rounded >= HALF_INFINITY)
			return false;
		*half = (uint16) (sign | rounded);
	}
	return true;
}

/*
 * A number is NaN or infinite when all bits of its exponent are set. Blocks of a fixed count, because
 * compilers then use vector instructions: this looks at every number that is ever written.
 */
#define BLOCK 16

#define ALL_FINITE(name, unsigned_type, exponent)                               \
	bool name(const char *numbers, size_t count)                                \
	{                                                                           \
		unsigned_type block[BLOCK];                                             \
		unsigned_type bad = 0;                                                  \
		size_t at = 0;                                                          \
                                                                                \
		for (; at + BLOCK <= count; at += BLOCK)                                \
		{                                                                       \
			memcpy(block, numbers + at * sizeof(*block), sizeof(block));        \
			for (int i = 0; i < BLOCK; i++)                                     \
				bad |= (unsigned_type) ((block[i] & (exponent)) == (exponent)); \
		}                                                                       \
		for (; at < count; at++)                                                \
		{                                                                       \
			memcpy(block, numbers + at * sizeof(*block), sizeof(*block));       \
			bad |= (unsigned_type) ((block[0] & (exponent)) == (exponent));     \
		}                                                                       \
		return bad == 0;                                                        \
	}

ALL_FINITE(lancedb_halves_finite, uint16, (uint16) HALF_INFINITY)
ALL_FINITE(lancedb_floats_finite, uint32, (uint32) 0x7f800000)
ALL_FINITE(lancedb_doubles_finite, uint64, UINT64CONST(0x7ff0000000000000))
