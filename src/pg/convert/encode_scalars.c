/* encode_scalars.c -- booleans, integers and floats; and the table of all plain encoders. */
#include "convert/encode_impl.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/lsyscache.h"

#include "convert/half.h"

/* Up to this every integer has a double of its own. */
#define EXACT_DOUBLE_LIMIT 9007199254740992.0

static void
encode_bool(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	uint8 byte = DatumGetBool(value) ? 1 : 0;

	lancedb_add_fixed(builder, &byte);
}

static bool
fits(LdbTypeKind kind, int64 value)
{
	switch (kind)
	{
		case LDB_TYPE_INT8:
			return value >= PG_INT8_MIN && value <= PG_INT8_MAX;
		case LDB_TYPE_UINT8:
			return value >= 0 && value <= PG_UINT8_MAX;
		case LDB_TYPE_INT16:
			return value >= PG_INT16_MIN && value <= PG_INT16_MAX;
		case LDB_TYPE_UINT16:
			return value >= 0 && value <= PG_UINT16_MAX;
		case LDB_TYPE_INT32:
			return value >= PG_INT32_MIN && value <= PG_INT32_MAX;
		case LDB_TYPE_UINT32:
			return value >= 0 && value <= PG_UINT32_MAX;
		case LDB_TYPE_UINT64:
			return value >= 0;
		default:
			return true;
	}
}

void
lancedb_add_integer(LancedbEncoder *encoder, int64 value, LdbBuilder *builder)
{
	if (unlikely(!fits(encoder->type->kind, value)))
		lancedb_encode_error(encoder, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
							 psprintf("value " INT64_FORMAT " is out of range", value));
	lancedb_add_fixed(builder, &value);
}

static void
integer_of_int2(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	lancedb_add_integer(encoder, DatumGetInt16(value), builder);
}

static void
integer_of_int4(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	lancedb_add_integer(encoder, DatumGetInt32(value), builder);
}

static void
integer_of_int8(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	lancedb_add_integer(encoder, DatumGetInt64(value), builder);
}

static double
number_of(const LancedbEncoder *encoder, Datum value)
{
	return encoder->typid == FLOAT4OID ? (double) DatumGetFloat4(value) : DatumGetFloat8(value);
}

static void
integer_of_float(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	double number = number_of(encoder, value);

	/* not so for NaN either */
	if (!(fabs(number) <= EXACT_DOUBLE_LIMIT))
		lancedb_encode_error(encoder, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
							 psprintf("value %g is out of range", number));
	if (rint(number) != number)
		lancedb_encode_error(encoder, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
							 psprintf("value %g is not a whole number", number));
	lancedb_add_integer(encoder, (int64) number, builder);
}

/* Fewer digits are what floats are about; another order of magnitude is not. */
static void
encode_float(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	double number = number_of(encoder, value);
	float4 narrow = (float4) number;
	uint16 half = 0;
	bool held = true;

	if (encoder->in_vector && !isfinite(number))
		lancedb_encode_error(encoder, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
							 isnan(number) ? "vector with a NaN element"
										   : "vector with an infinite element");
	if (encoder->type->kind != LDB_TYPE_DOUBLE)
		held = isinf(narrow) == isinf(number) && (narrow == 0) == (number == 0);
	if (held && encoder->type->kind == LDB_TYPE_HALF)
		held = lancedb_half_of_float(narrow, &half);
	if (!held)
		lancedb_encode_error(encoder, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
							 psprintf("value %g is out of range", number));
	if (encoder->type->kind == LDB_TYPE_HALF)
		lancedb_add_fixed(builder, &half);
	else if (encoder->type->kind == LDB_TYPE_FLOAT)
		lancedb_add_fixed(builder, &narrow);
	else
		lancedb_add_fixed(builder, &number);
}

/* The other way round the same pairs as in scalars.c; pairs that cannot be read are refused before. */
typedef struct EncodeRule
{
	LdbTypeKind first; /* kinds from first to last */
	LdbTypeKind last;
	Oid typid;
	LancedbEncodeFn encode;
} EncodeRule;

static const EncodeRule rules[] = {
	{LDB_TYPE_BOOL, LDB_TYPE_BOOL, BOOLOID, encode_bool},

	{LDB_TYPE_INT8, LDB_TYPE_UINT64, INT2OID, integer_of_int2},
	{LDB_TYPE_INT8, LDB_TYPE_UINT64, INT4OID, integer_of_int4},
	{LDB_TYPE_INT8, LDB_TYPE_UINT64, INT8OID, integer_of_int8},
	{LDB_TYPE_INT8, LDB_TYPE_UINT64, FLOAT4OID, integer_of_float},
	{LDB_TYPE_INT8, LDB_TYPE_UINT64, FLOAT8OID, integer_of_float},
	{LDB_TYPE_INT8, LDB_TYPE_UINT64, NUMERICOID, lancedb_integer_of_numeric},

	{LDB_TYPE_HALF, LDB_TYPE_DOUBLE, FLOAT4OID, encode_float},
	{LDB_TYPE_HALF, LDB_TYPE_DOUBLE, FLOAT8OID, encode_float},
	{LDB_TYPE_DECIMAL128, LDB_TYPE_DECIMAL256, NUMERICOID, lancedb_decimal_of_numeric},

	{LDB_TYPE_STRING, LDB_TYPE_LARGE_STRING, TEXTOID, lancedb_string_of_text},
	{LDB_TYPE_STRING, LDB_TYPE_LARGE_STRING, VARCHAROID, lancedb_string_of_text},
	{LDB_TYPE_STRING, LDB_TYPE_LARGE_STRING, BPCHAROID, lancedb_string_of_char},
	{LDB_TYPE_STRING, LDB_TYPE_LARGE_STRING, JSONOID, lancedb_string_of_text},
	{LDB_TYPE_STRING, LDB_TYPE_LARGE_STRING, JSONBOID, lancedb_string_of_output},
	{LDB_TYPE_STRING, LDB_TYPE_LARGE_STRING, UUIDOID, lancedb_string_of_output},

	{LDB_TYPE_BINARY, LDB_TYPE_LARGE_BINARY, BYTEAOID, lancedb_binary_of_bytea},
	{LDB_TYPE_FIXED_BINARY, LDB_TYPE_FIXED_BINARY, BYTEAOID, lancedb_fixed_of_bytea},
	{LDB_TYPE_FIXED_BINARY, LDB_TYPE_FIXED_BINARY, UUIDOID, lancedb_fixed_of_uuid},

	{LDB_TYPE_DATE32, LDB_TYPE_DATE64, DATEOID, lancedb_encode_date},
	{LDB_TYPE_DATE32, LDB_TYPE_DATE64, TIMESTAMPOID, lancedb_date_of_timestamp},
	{LDB_TYPE_TIME32, LDB_TYPE_TIME64, TIMEOID, lancedb_encode_time},
	{LDB_TYPE_TIMESTAMP, LDB_TYPE_TIMESTAMP, TIMESTAMPOID, lancedb_encode_timestamp},
	{LDB_TYPE_TIMESTAMP, LDB_TYPE_TIMESTAMP, TIMESTAMPTZOID, lancedb_encode_timestamp},
	{LDB_TYPE_DURATION, LDB_TYPE_DURATION, INTERVALOID, lancedb_duration_of_interval},
};

LancedbEncodeFn
lancedb_encode_function(const LdbType *type, Oid typid)
{
	for (int i = 0; i < lengthof(rules); i++)
	{
		if (type->kind >= rules[i].first && type->kind <= rules[i].last && rules[i].typid == typid)
			return rules[i].encode;
	}
	if ((type->kind == LDB_TYPE_STRING || type->kind == LDB_TYPE_LARGE_STRING) &&
		type_is_enum(typid))
		return lancedb_string_of_output;
	return NULL;
}
