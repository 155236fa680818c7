/* encode_numerics.c -- numeric as integers and decimals. */
#include "convert/encode_impl.h"

#include "common/int.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#define DECIMAL256_LIMBS 8

/* A number as a whole number of units of 10^-scale. */
typedef struct Units
{
	char *digits; /* without leading zeros */
	int count;
	bool negative;
} Units;

pg_noreturn static void
out_of_range(const LancedbEncoder *encoder)
{
	lancedb_encode_error(encoder, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range");
}

/* `count` digits that the type has no place for. */
static void
check_zeros(const LancedbEncoder *encoder, const char *digits, int count)
{
	if ((int) strspn(digits, "0") < count)
		lancedb_encode_error(encoder, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
							 "value with more digits than its scale");
}

static void
read_units(const LancedbEncoder *encoder, Datum value, int scale, Units *units)
{
	char *text = DatumGetCString(DirectFunctionCall1(numeric_out, value));
	char *point;
	int whole;
	int fraction;
	int kept;

	units->negative = *text == '-';
	text += units->negative;
	if (*text < '0' || *text > '9') /* NaN, infinity */
		out_of_range(encoder);
	point = strchr(text, '.');
	whole = point == NULL ? (int) strlen(text) : (int) (point - text);
	fraction = point == NULL ? 0 : (int) strlen(point + 1);
	kept = Max(whole + scale, 0);
	units->digits = palloc((Size) whole + fraction + abs(scale) + 1);
	memcpy(units->digits, text, whole);
	if (fraction > 0)
		memcpy(units->digits + whole, point + 1, fraction);
	memset(units->digits + whole + fraction, '0', abs(scale));
	units->digits[whole + fraction + abs(scale)] = '\0';
	if (whole + scale < 0)
		check_zeros(encoder, units->digits, whole + fraction);
	else
		check_zeros(encoder, units->digits + kept, whole + fraction - kept);
	units->digits[kept] = '\0';
	units->digits += strspn(units->digits, "0");
	units->count = (int) strlen(units->digits);
}

/* Up to 20 digits. False when they are beyond 64 bits. */
static bool
magnitude_of(const Units *units, uint64 *magnitude)
{
	*magnitude = 0;
	for (int i = 0; i < units->count; i++)
	{
		if (pg_mul_u64_overflow(*magnitude, 10, magnitude) ||
			pg_add_u64_overflow(*magnitude, (uint64) (units->digits[i] - '0'), magnitude))
			return false;
	}
	return true;
}

void
lancedb_integer_of_numeric(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	Units units;
	uint64 magnitude;
	const uint64 lowest = (uint64) PG_INT64_MAX + 1;

	read_units(encoder, value, 0, &units);
	if (!magnitude_of(&units, &magnitude))
		out_of_range(encoder);
	if (encoder->type->kind == LDB_TYPE_UINT64 && !units.negative)
		lancedb_add_fixed(builder, &magnitude);
	else if (magnitude > (units.negative ? lowest : (uint64) PG_INT64_MAX))
		out_of_range(encoder);
	else if (units.negative)
		lancedb_add_integer(encoder, (int64) (0 - magnitude), builder);
	else
		lancedb_add_integer(encoder, (int64) magnitude, builder);
}

static void
add_digit(uint32 *limbs, int limb_count, uint32 digit)
{
	uint64 carry = digit;

	for (int i = 0; i < limb_count; i++)
	{
		carry += (uint64) limbs[i] * 10;
		limbs[i] = (uint32) carry;
		carry >>= 32;
	}
}

/* Two's complement, least significant limb first. */
static void
negate(uint32 *limbs, int limb_count)
{
	uint64 carry = 1;

	for (int i = 0; i < limb_count; i++)
	{
		carry += (uint32) ~limbs[i];
		limbs[i] = (uint32) carry;
		carry >>= 32;
	}
}

void
lancedb_decimal_of_numeric(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	int limb_count = encoder->type->kind == LDB_TYPE_DECIMAL256 ? DECIMAL256_LIMBS : 4;
	uint32 limbs[DECIMAL256_LIMBS] = {0};
	Units units;

	read_units(encoder, value, encoder->type->scale, &units);
	if (units.count > encoder->type->precision)
		out_of_range(encoder);
	for (int i = 0; i < units.count; i++)
		add_digit(limbs, limb_count, (uint32) (units.digits[i] - '0'));
	if (units.negative)
		negate(limbs, limb_count);
	lancedb_add_fixed(builder, limbs);
}
