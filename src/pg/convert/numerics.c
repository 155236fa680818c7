/* numerics.c -- integers and decimals as numeric. */
#include "convert/convert_impl.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#define DECIMAL256_LIMBS 8
/* Arrow allows any scale; nobody writes more than its 76 digits. */
#define MAX_DECIMAL_SCALE 200
/* 2^255 has 77 digits; sign, point, leading zero and the largest scale stay below this. */
#define DECIMAL_TEXT_BYTES 512

/* Decimal digits before and behind the point that any value of the type may need. */
static void
digits_of(const LdbType *type, int *whole, int *scale)
{
	*scale = 0;
	switch (type->kind)
	{
		case LDB_TYPE_INT8:
		case LDB_TYPE_UINT8:
			*whole = 3;
			break;
		case LDB_TYPE_INT16:
		case LDB_TYPE_UINT16:
			*whole = 5;
			break;
		case LDB_TYPE_INT32:
		case LDB_TYPE_UINT32:
			*whole = 10;
			break;
		case LDB_TYPE_INT64:
			*whole = 19;
			break;
		case LDB_TYPE_UINT64:
			*whole = 20;
			break;
		default:
			*whole = type->precision - type->scale;
			*scale = type->scale;
			break;
	}
}

bool
lancedb_numeric_holds(const LdbType *type, int32 typmod)
{
	int whole;
	int scale;
	int declared_precision;
	int declared_scale;

	if (abs(type->scale) > MAX_DECIMAL_SCALE)
		return false;
	if (typmod < (int32) VARHDRSZ)
		return true;
	digits_of(type, &whole, &scale);
	declared_precision = ((typmod - (int32) VARHDRSZ) >> 16) & 0xffff;
	/* eleven bits with a sign */
	declared_scale = (((typmod - (int32) VARHDRSZ) & 0x7ff) ^ 1024) - 1024;
	return declared_scale >= scale && declared_precision - declared_scale >= whole;
}

/* numeric(12,4) shows four digits whatever the Lance column's scale is. */
static Datum
with_declared_scale(const LancedbConverter *converter, Numeric value)
{
	if (converter->typmod < (int32) VARHDRSZ)
		return NumericGetDatum(value);
	return DirectFunctionCall2(numeric, NumericGetDatum(value), Int32GetDatum(converter->typmod));
}

static Numeric
parse_numeric(const char *text)
{
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text),
											   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

Datum
lancedb_numeric_of_integer(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	int64 value = lancedb_load_integer(array, row);

	if (array->type->kind == LDB_TYPE_UINT64 && value < 0)
		return with_declared_scale(converter,
								   parse_numeric(psprintf(UINT64_FORMAT, (uint64) value)));
	return with_declared_scale(converter, int64_to_numeric(value));
}

/* The magnitude of a two's complement number, least significant limb first. Returns its sign. */
static bool
split_sign(const uint8 *bytes, int limb_count, uint32 *limbs)
{
	bool negative = (bytes[limb_count * 4 - 1] & 0x80) != 0;
	uint64 carry = negative ? 1 : 0;

	for (int i = 0; i < limb_count; i++)
	{
		uint32 limb = ldb_load_u32(bytes + 4 * i);

		carry += negative ? (uint32) ~limb : limb;
		limbs[i] = (uint32) carry;
		carry >>= 32;
	}
	return negative;
}

/* Divides in place by 10 and returns the remainder; *left tells whether anything is left. */
static int
next_digit(uint32 *limbs, int limb_count, bool *left)
{
	uint64 remainder = 0;

	*left = false;
	for (int i = limb_count - 1; i >= 0; i--)
	{
		remainder = remainder << 32 | limbs[i];
		limbs[i] = (uint32) (remainder / 10);
		remainder %= 10;
		*left |= limbs[i] != 0;
	}
	return (int) remainder;
}

/* Writes from the end of the buffer towards its start, as digits come out of the division. */
static char *
decimal_text(const uint8 *bytes, int limb_count, int scale, char *buffer)
{
	uint32 limbs[DECIMAL256_LIMBS];
	bool negative = split_sign(bytes, limb_count, limbs);
	char *at = buffer + DECIMAL_TEXT_BYTES - 1;
	bool left = true;

	*at = '\0';
	for (int i = scale; i < 0; i++)
		*--at = '0';
	for (int written = 0; left || written <= scale; written++)
	{
		if (written == scale && scale > 0)
			*--at = '.';
		*--at = (char) ('0' + next_digit(limbs, limb_count, &left));
	}
	if (negative)
		*--at = '-';
	return at;
}

Datum
lancedb_numeric_of_decimal(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	bool wide = array->type->kind == LDB_TYPE_DECIMAL256;
	int width = wide ? 32 : 16;
	const uint8 *bytes = (const uint8 *) array->values + row * (size_t) width;
	int scale = array->type->scale;
	int64 low = (int64) ldb_load_u64(bytes);
	int64 high = (int64) ldb_load_u64(bytes + 8);
	char buffer[DECIMAL_TEXT_BYTES];

	/* Most values fit 64 bits: their upper half is only the sign. */
	if (!wide && scale >= 0 && high == (low < 0 ? -1 : 0))
		return with_declared_scale(converter, int64_div_fast_to_numeric(low, scale));
	return with_declared_scale(converter,
							   parse_numeric(decimal_text(bytes, width / 4, scale, buffer)));
}
