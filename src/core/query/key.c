/* key.c -- the bytes that stand for a row's key. */
#include "ldb/query/key.h"

#include <math.h>

/* Before each value, so that a NULL is no value and the parts of a key do not run together. */
#define MARK_NULL 0
#define MARK_VALUE 1

#define NS_PER_US 1000
#define MS_PER_DAY 86400000

static bool
is_nanoseconds(const LdbType *type)
{
	return type->unit == LDB_UNIT_NS &&
		   (type->kind == LDB_TYPE_TIME64 || type->kind == LDB_TYPE_TIMESTAMP ||
			type->kind == LDB_TYPE_DURATION);
}

bool
ldb_key_accepts(const LdbType *type, LdbKeyForm form)
{
	const LdbType *value = ldb_type_value(type);
	bool is_string = value->kind == LDB_TYPE_STRING || value->kind == LDB_TYPE_LARGE_STRING;

	switch (form)
	{
		case LDB_KEY_PLAIN:
			return value->kind != LDB_TYPE_NULL && value->kind != LDB_TYPE_STRUCT &&
				   value->kind != LDB_TYPE_FIXED_SIZE_LIST && !ldb_type_is_list(value->kind);
		case LDB_KEY_TRIMMED:
		case LDB_KEY_HEX:
			return is_string;
		case LDB_KEY_MICROSECONDS:
			return is_nanoseconds(value);
		case LDB_KEY_DAYS:
			return value->kind == LDB_TYPE_DATE64;
	}
	return false;
}

/* --- one value --- */

static bool
append_number(LdbBuffer *bytes, uint64_t number)
{
	return ldb_buffer_append(bytes, &number, sizeof number);
}

static int64_t
floor_divide(int64_t value, int64_t by)
{
	int64_t quotient = value / by;

	return value % by < 0 ? quotient - 1 : quotient;
}

static bool
append_divided(LdbBuffer *bytes, const LdbArray *array, size_t row, int64_t by)
{
	int64_t value = (int64_t) ldb_load_u64((const uint8_t *) array->values + row * 8);

	return append_number(bytes, (uint64_t) floor_divide(value, by));
}

static bool
append_half(LdbBuffer *bytes, const LdbArray *array, size_t row)
{
	uint16_t bits = ldb_load_u16((const uint8_t *) array->values + row * 2);

	if ((bits & 0x7fff) == 0)
		bits = 0;
	if ((bits & 0x7fff) > 0x7c00)
		bits = 0x7e00;
	return ldb_buffer_append(bytes, &bits, sizeof bits);
}

static bool
append_float(LdbBuffer *bytes, const LdbArray *array, size_t row)
{
	float value;

	memcpy(&value, (const uint8_t *) array->values + row * sizeof value, sizeof value);
	if (isnan(value))
		value = NAN;
	else if (fpclassify(value) == FP_ZERO)
		value = 0;
	return ldb_buffer_append(bytes, &value, sizeof value);
}

static bool
append_double(LdbBuffer *bytes, const LdbArray *array, size_t row)
{
	double value;

	memcpy(&value, (const uint8_t *) array->values + row * sizeof value, sizeof value);
	if (isnan(value))
		value = (double) NAN;
	else if (fpclassify(value) == FP_ZERO)
		value = 0;
	return ldb_buffer_append(bytes, &value, sizeof value);
}

static bool
append_fixed(LdbBuffer *bytes, const LdbArray *array, size_t row)
{
	size_t width = (size_t) (ldb_type_bits(array->type) / 8);

	return ldb_buffer_append(bytes, (const uint8_t *) array->values + row * width, width);
}

static bool
append_bool(LdbBuffer *bytes, const LdbArray *array, size_t row)
{
	uint8_t value = ldb_bit_get(array->values, row);

	return ldb_buffer_append(bytes, &value, 1);
}

static bool
append_text(LdbBuffer *bytes, LdbSlice text)
{
	return append_number(bytes, text.length) && ldb_buffer_append(bytes, text.data, text.length);
}

static bool
append_trimmed(LdbBuffer *bytes, LdbSlice text)
{
	while (text.length > 0 && text.data[text.length - 1] == ' ')
		text.length--;
	return append_text(bytes, text);
}

static bool
is_hex_digit(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Case, hyphens and braces are a matter of taste; what is no uuid cannot be read as one either. */
static bool
append_hex(LdbBuffer *bytes, LdbSlice text)
{
	for (size_t i = 0; i < text.length; i++)
	{
		uint8_t c = text.data[i];

		if (c >= 'A' && c <= 'F')
			c = (uint8_t) (c - 'A' + 'a');
		if (is_hex_digit(c) && !ldb_buffer_append(bytes, &c, 1))
			return false;
	}
	return true;
}

static bool
append_string(LdbBuffer *bytes, LdbSlice text, LdbKeyForm form)
{
	if (form == LDB_KEY_TRIMMED)
		return append_trimmed(bytes, text);
	if (form == LDB_KEY_HEX)
		return append_hex(bytes, text);
	return append_text(bytes, text);
}

static bool
append_value(LdbBuffer *bytes, const LdbArray *array, size_t row, LdbKeyForm form)
{
	if (form == LDB_KEY_MICROSECONDS)
		return append_divided(bytes, array, row, NS_PER_US);
	if (form == LDB_KEY_DAYS)
		return append_divided(bytes, array, row, MS_PER_DAY);
	if (ldb_type_is_variable(array->type->kind))
		return append_string(bytes, array->views[row], form);
	switch (array->type->kind)
	{
		case LDB_TYPE_BOOL:
			return append_bool(bytes, array, row);
		case LDB_TYPE_HALF:
			return append_half(bytes, array, row);
		case LDB_TYPE_FLOAT:
			return append_float(bytes, array, row);
		case LDB_TYPE_DOUBLE:
			return append_double(bytes, array, row);
		default:
			return append_fixed(bytes, array, row);
	}
}

LdbStatus
ldb_key_of_row(const LdbKeySpec *spec, const LdbArray *columns, size_t row, LdbBuffer *bytes,
			   bool *has_key, LdbError *err)
{
	static const uint8_t marks[] = {MARK_NULL, MARK_VALUE};
	bool enough = true;

	bytes->length = 0;
	*has_key = true;
	for (size_t i = 0; i < spec->column_count && enough; i++)
	{
		bool is_null = ldb_array_is_null(&columns[i], row);

		if (is_null && !spec->nulls_equal)
		{
			*has_key = false;
			return LDB_OK;
		}
		enough = ldb_buffer_append(bytes, &marks[is_null ? MARK_NULL : MARK_VALUE], 1) &&
				 (is_null || append_value(bytes, &columns[i], row, spec->columns[i].form));
	}
	if (!enough)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a key");
	return LDB_OK;
}

/* --- hash: words are folded in by a 128-bit product, whose halves are put together --- */

static uint64_t
fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128) a * b;

	return (uint64_t) product ^ (uint64_t) (product >> 64);
}

uint64_t
ldb_key_hash(LdbSlice key, uint64_t seed)
{
	static const uint64_t odd[] = {0x9e3779b97f4a7c15u, 0xc2b2ae3d27d4eb4fu, 0xd6e8feb86659fd93u};
	uint64_t hash = fold(seed ^ odd[0], odd[1] ^ key.length);
	size_t at = 0;
	uint64_t rest = 0;

	for (; key.length - at >= 8; at += 8)
		hash = fold(hash ^ ldb_load_u64(key.data + at), odd[1]);
	if (at < key.length)
		memcpy(&rest, key.data + at, key.length - at);
	return fold(fold(hash ^ rest, odd[2]), odd[0]);
}
