/* domain.c -- brings column values to the domain in which they are compared. */
#include "domain.h"

#include <math.h>
#include <string.h>

#include "ldb/simd/distance.h"

bool
ldb_domain_fits(LdbDomain domain, const LdbType *type)
{
	switch (type->kind)
	{
		case LDB_TYPE_NULL:
			return true;
		case LDB_TYPE_BOOL:
		case LDB_TYPE_DATE32:
		case LDB_TYPE_DATE64:
		case LDB_TYPE_TIME32:
		case LDB_TYPE_TIME64:
		case LDB_TYPE_TIMESTAMP:
			return domain == LDB_DOMAIN_INT;
		case LDB_TYPE_INT8:
		case LDB_TYPE_UINT8:
		case LDB_TYPE_INT16:
		case LDB_TYPE_UINT16:
		case LDB_TYPE_INT32:
		case LDB_TYPE_UINT32:
		case LDB_TYPE_INT64:
			return domain == LDB_DOMAIN_INT || domain == LDB_DOMAIN_WIDE;
		case LDB_TYPE_UINT64:
		case LDB_TYPE_DECIMAL128:
			return domain == LDB_DOMAIN_WIDE;
		case LDB_TYPE_HALF:
		case LDB_TYPE_FLOAT:
		case LDB_TYPE_DOUBLE:
			return domain == LDB_DOMAIN_FLOAT;
		case LDB_TYPE_FIXED_BINARY:
			return domain == LDB_DOMAIN_TEXT;
		default:
			return domain == LDB_DOMAIN_TEXT && ldb_type_is_variable(type->kind);
	}
}

const char *
ldb_domain_name(LdbDomain domain)
{
	static const char *const names[] = {"integers", "wide integers", "floats", "texts"};

	return names[domain];
}

LdbIntScale
ldb_domain_int_scale(const LdbType *type)
{
	static const LdbIntScale units[] = {
		[LDB_UNIT_NONE] = {1, 1}, [LDB_UNIT_S] = {1000000, 1}, [LDB_UNIT_MS] = {1000, 1},
		[LDB_UNIT_US] = {1, 1},   [LDB_UNIT_NS] = {1, 1000},
	};
	static const LdbIntScale date64 = {1, 86400000};

	if (type->kind == LDB_TYPE_DATE64)
		return date64;
	if (type->kind == LDB_TYPE_TIME32 || type->kind == LDB_TYPE_TIME64 ||
		type->kind == LDB_TYPE_TIMESTAMP)
		return units[type->unit];
	return units[LDB_UNIT_NONE];
}

static void
scale_integers(LdbIntScale scale, size_t count, int64_t *values)
{
	for (size_t i = 0; scale.multiply != 1 && i < count; i++)
	{
		int64_t stored = values[i];

		if (__builtin_mul_overflow(stored, scale.multiply, &values[i]))
			values[i] = stored < 0 ? INT64_MIN : INT64_MAX;
	}
	for (size_t i = 0; scale.divide != 1 && i < count; i++)
		values[i] = values[i] / scale.divide - (values[i] % scale.divide < 0);
}

#define LOAD(stored, converted)                                           \
	for (size_t i = 0; i < count; i++)                                    \
	{                                                                     \
		stored value;                                                     \
                                                                          \
		memcpy(&value, bytes + (first + i) * sizeof value, sizeof value); \
		out[i] = (converted) value;                                       \
	}                                                                     \
	break

void
ldb_domain_load_int(const LdbArray *array, size_t first, size_t count, int64_t *out)
{
	const uint8_t *bytes = array->values;

	switch (array->type->kind)
	{
		case LDB_TYPE_BOOL:
			for (size_t i = 0; i < count; i++)
				out[i] = ldb_bit_get(bytes, first + i);
			break;
		case LDB_TYPE_INT8:
			LOAD(int8_t, int64_t);
		case LDB_TYPE_UINT8:
			LOAD(uint8_t, int64_t);
		case LDB_TYPE_INT16:
			LOAD(int16_t, int64_t);
		case LDB_TYPE_UINT16:
			LOAD(uint16_t, int64_t);
		case LDB_TYPE_INT32:
		case LDB_TYPE_DATE32:
		case LDB_TYPE_TIME32:
			LOAD(int32_t, int64_t);
		case LDB_TYPE_UINT32:
			LOAD(uint32_t, int64_t);
		default:
			LOAD(int64_t, int64_t);
	}
	scale_integers(ldb_domain_int_scale(array->type), count, out);
}

void
ldb_domain_load_wide(const LdbArray *array, size_t first, size_t count, __int128 *out)
{
	const uint8_t *bytes = array->values;
	int64_t integers[LDB_CHUNK_ROWS];

	switch (array->type->kind)
	{
		case LDB_TYPE_UINT64:
			LOAD(uint64_t, __int128);
		case LDB_TYPE_DECIMAL128:
			memcpy(out, bytes + first * sizeof *out, count * sizeof *out);
			break;
		default:
			ldb_domain_load_int(array, first, count, integers);
			for (size_t i = 0; i < count; i++)
				out[i] = integers[i];
	}
}

void
ldb_domain_load_float(const LdbArray *array, size_t first, size_t count, double *out)
{
	const uint8_t *bytes = array->values;
	float floats[LDB_CHUNK_ROWS];

	switch (array->type->kind)
	{
		case LDB_TYPE_HALF:
			ldb_kernels->f16_to_f32((const uint16_t *) (const void *) bytes + first, floats, count);
			for (size_t i = 0; i < count; i++)
				out[i] = (double) floats[i];
			break;
		case LDB_TYPE_FLOAT:
			LOAD(float, double);
		default:
			LOAD(double, double);
	}
}

LdbSlice
ldb_domain_text(const LdbArray *array, size_t row)
{
	size_t width;

	if (array->type->kind != LDB_TYPE_FIXED_BINARY)
		return array->views[row];
	width = (size_t) array->type->width;
	return ldb_slice((const uint8_t *) array->values + row * width, width);
}

int32_t
ldb_domain_wide_scale(const LdbType *type)
{
	return type->kind == LDB_TYPE_DECIMAL128 ? type->scale : 0;
}

int
ldb_float_compare(double a, double b)
{
	if (isnan(a) || isnan(b))
		return (isnan(a) != 0) - (isnan(b) != 0);
	return (a > b) - (a < b);
}

int
ldb_text_compare(LdbSlice a, LdbSlice b)
{
	size_t shared = a.length < b.length ? a.length : b.length;
	int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);

	if (order != 0)
		return order < 0 ? -1 : 1;
	return (a.length > b.length) - (a.length < b.length);
}

/* 10^38 is the largest power that 128 bits hold. */
enum
{
	MAX_POWER = 38
};

static __int128
power_of_10(int64_t exponent)
{
	__int128 power = 1;

	while (exponent-- > 0)
		power *= 10;
	return power;
}

/* value * 10^exponent; false when 128 bits do not hold it. */
static bool
multiply_by_power(__int128 value, int64_t exponent, __int128 *out)
{
	*out = 0;
	if (value == 0)
		return true;
	return exponent <= MAX_POWER && !__builtin_mul_overflow(value, power_of_10(exponent), out);
}

int
ldb_wide_compare(__int128 a, int32_t a_scale, __int128 b, int32_t b_scale)
{
	__int128 x = a;
	__int128 y = b;

	/* The number with fewer digits after the point is brought to the other's; when it does not
	 * fit, it is further from zero than anything that does. */
	if (a_scale < b_scale && !multiply_by_power(a, (int64_t) b_scale - a_scale, &x))
		return a < 0 ? -1 : 1;
	if (b_scale < a_scale && !multiply_by_power(b, (int64_t) a_scale - b_scale, &y))
		return b < 0 ? 1 : -1;
	return (x > y) - (x < y);
}

int
ldb_wide_rescale(__int128 value, int32_t from, int32_t to, __int128 *out, bool *exact)
{
	int64_t exponent = (int64_t) from - to;
	__int128 power;

	*exact = true;
	if (exponent <= 0)
		return multiply_by_power(value, -exponent, out) ? 0 : (value < 0 ? -1 : 1);
	if (exponent > MAX_POWER)
	{
		*exact = value == 0;
		*out = value < 0 ? -1 : 0;
		return 0;
	}
	power = power_of_10(exponent);
	*exact = value % power == 0;
	*out = value / power - (value % power < 0);
	return 0;
}
