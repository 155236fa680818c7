/* scalars.c -- booleans, integers and floats; and the table of all plain conversions. */
#include "convert/convert_impl.h"

#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/uuid.h"

#include "ldb/simd/distance.h"

int64
lancedb_load_integer(const LdbArray *array, size_t row)
{
	const uint8 *values = array->values;

	switch (array->type->kind)
	{
		case LDB_TYPE_INT8:
			return (int8) values[row];
		case LDB_TYPE_UINT8:
			return values[row];
		case LDB_TYPE_INT16:
			return (int16) ldb_load_u16(values + 2 * row);
		case LDB_TYPE_UINT16:
			return ldb_load_u16(values + 2 * row);
		case LDB_TYPE_INT32:
			return (int32) ldb_load_u32(values + 4 * row);
		case LDB_TYPE_UINT32:
			return ldb_load_u32(values + 4 * row);
		default:
			return (int64) ldb_load_u64(values + 8 * row);
	}
}

static Datum
to_bool(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	return BoolGetDatum(ldb_bit_get(array->values, row));
}

static Datum
to_int2(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	return Int16GetDatum((int16) lancedb_load_integer(array, row));
}

static Datum
to_int4(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	return Int32GetDatum((int32) lancedb_load_integer(array, row));
}

static Datum
to_int8(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	return Int64GetDatum(lancedb_load_integer(array, row));
}

static Datum
integer_to_float4(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	return Float4GetDatum((float4) lancedb_load_integer(array, row));
}

static Datum
integer_to_float8(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	return Float8GetDatum((float8) lancedb_load_integer(array, row));
}

static float4
load_float(const LdbArray *array, size_t row)
{
	float4 value;

	memcpy(&value, (const char *) array->values + 4 * row, sizeof(value));
	return value;
}

static float4
load_half(const LdbArray *array, size_t row)
{
	uint16 bits = ldb_load_u16((const char *) array->values + 2 * row);
	float4 value;

	ldb_kernels->f16_to_f32(&bits, &value, 1);
	return value;
}

static Datum
half_to_float4(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	return Float4GetDatum(load_half(array, row));
}

static Datum
half_to_float8(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	return Float8GetDatum((float8) load_half(array, row));
}

static Datum
float_to_float4(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	return Float4GetDatum(load_float(array, row));
}

static Datum
float_to_float8(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	return Float8GetDatum((float8) load_float(array, row));
}

static Datum
double_to_float8(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	float8 value;

	memcpy(&value, (const char *) array->values + 8 * row, sizeof(value));
	return Float8GetDatum(value);
}

static bool
without_typmod(const LdbType *type, int32 typmod)
{
	return typmod < 0;
}

static bool
any_typmod(const LdbType *type, int32 typmod)
{
	return true;
}

static bool
without_zone(const LdbType *type, int32 typmod)
{
	return type->timezone == NULL && lancedb_precision_holds(type, typmod);
}

static bool
with_zone(const LdbType *type, int32 typmod)
{
	return type->timezone != NULL && lancedb_precision_holds(type, typmod);
}

static bool
is_uuid(const LdbType *type, int32 typmod)
{
	return type->width == UUID_LEN;
}

/* Every conversion that loses nothing. What is not listed is refused when the table is opened. */
typedef struct ScalarRule
{
	LdbTypeKind kind;
	Oid typid;
	LancedbConvertFn convert;
	bool (*holds)(const LdbType *type, int32 typmod);
} ScalarRule;

/* Up to 16 bits fit the 24 of a real's mantissa, up to 32 the 53 of a double precision's. */
static const ScalarRule rules[] = {
	{LDB_TYPE_BOOL, BOOLOID, to_bool, any_typmod},

	{LDB_TYPE_INT8, INT2OID, to_int2, any_typmod},
	{LDB_TYPE_UINT8, INT2OID, to_int2, any_typmod},
	{LDB_TYPE_INT16, INT2OID, to_int2, any_typmod},
	{LDB_TYPE_INT8, INT4OID, to_int4, any_typmod},
	{LDB_TYPE_UINT8, INT4OID, to_int4, any_typmod},
	{LDB_TYPE_INT16, INT4OID, to_int4, any_typmod},
	{LDB_TYPE_UINT16, INT4OID, to_int4, any_typmod},
	{LDB_TYPE_INT32, INT4OID, to_int4, any_typmod},
	{LDB_TYPE_INT8, INT8OID, to_int8, any_typmod},
	{LDB_TYPE_UINT8, INT8OID, to_int8, any_typmod},
	{LDB_TYPE_INT16, INT8OID, to_int8, any_typmod},
	{LDB_TYPE_UINT16, INT8OID, to_int8, any_typmod},
	{LDB_TYPE_INT32, INT8OID, to_int8, any_typmod},
	{LDB_TYPE_UINT32, INT8OID, to_int8, any_typmod},
	{LDB_TYPE_INT64, INT8OID, to_int8, any_typmod},
	{LDB_TYPE_INT8, FLOAT4OID, integer_to_float4, any_typmod},
	{LDB_TYPE_UINT8, FLOAT4OID, integer_to_float4, any_typmod},
	{LDB_TYPE_INT16, FLOAT4OID, integer_to_float4, any_typmod},
	{LDB_TYPE_UINT16, FLOAT4OID, integer_to_float4, any_typmod},
	{LDB_TYPE_INT8, FLOAT8OID, integer_to_float8, any_typmod},
	{LDB_TYPE_UINT8, FLOAT8OID, integer_to_float8, any_typmod},
	{LDB_TYPE_INT16, FLOAT8OID, integer_to_float8, any_typmod},
	{LDB_TYPE_UINT16, FLOAT8OID, integer_to_float8, any_typmod},
	{LDB_TYPE_INT32, FLOAT8OID, integer_to_float8, any_typmod},
	{LDB_TYPE_UINT32, FLOAT8OID, integer_to_float8, any_typmod},
	{LDB_TYPE_INT8, NUMERICOID, lancedb_numeric_of_integer, lancedb_numeric_holds},
	{LDB_TYPE_UINT8, NUMERICOID, lancedb_numeric_of_integer, lancedb_numeric_holds},
	{LDB_TYPE_INT16, NUMERICOID, lancedb_numeric_of_integer, lancedb_numeric_holds},
	{LDB_TYPE_UINT16, NUMERICOID, lancedb_numeric_of_integer, lancedb_numeric_holds},
	{LDB_TYPE_INT32, NUMERICOID, lancedb_numeric_of_integer, lancedb_numeric_holds},
	{LDB_TYPE_UINT32, NUMERICOID, lancedb_numeric_of_integer, lancedb_numeric_holds},
	{LDB_TYPE_INT64, NUMERICOID, lancedb_numeric_of_integer, lancedb_numeric_holds},
	{LDB_TYPE_UINT64, NUMERICOID, lancedb_numeric_of_integer, lancedb_numeric_holds},

	{LDB_TYPE_HALF, FLOAT4OID, half_to_float4, any_typmod},
	{LDB_TYPE_HALF, FLOAT8OID, half_to_float8, any_typmod},
	{LDB_TYPE_FLOAT, FLOAT4OID, float_to_float4, any_typmod},
	{LDB_TYPE_FLOAT, FLOAT8OID, float_to_float8, any_typmod},
	{LDB_TYPE_DOUBLE, FLOAT8OID, double_to_float8, any_typmod},
	{LDB_TYPE_DECIMAL128, NUMERICOID, lancedb_numeric_of_decimal, lancedb_numeric_holds},
	{LDB_TYPE_DECIMAL256, NUMERICOID, lancedb_numeric_of_decimal, lancedb_numeric_holds},

	{LDB_TYPE_STRING, TEXTOID, lancedb_text_of_string, any_typmod},
	{LDB_TYPE_LARGE_STRING, TEXTOID, lancedb_text_of_string, any_typmod},
	{LDB_TYPE_STRING, VARCHAROID, lancedb_varchar_of_string, any_typmod},
	{LDB_TYPE_LARGE_STRING, VARCHAROID, lancedb_varchar_of_string, any_typmod},
	{LDB_TYPE_STRING, BPCHAROID, lancedb_parsed_string, any_typmod},
	{LDB_TYPE_STRING, JSONOID, lancedb_parsed_string, any_typmod},
	{LDB_TYPE_LARGE_STRING, BPCHAROID, lancedb_parsed_string, any_typmod},
	{LDB_TYPE_LARGE_STRING, JSONOID, lancedb_parsed_string, any_typmod},
	{LDB_TYPE_STRING, JSONBOID, lancedb_parsed_string, any_typmod},
	{LDB_TYPE_LARGE_STRING, JSONBOID, lancedb_parsed_string, any_typmod},
	{LDB_TYPE_STRING, UUIDOID, lancedb_parsed_string, any_typmod},
	{LDB_TYPE_LARGE_STRING, UUIDOID, lancedb_parsed_string, any_typmod},

	{LDB_TYPE_BINARY, BYTEAOID, lancedb_bytea_of_binary, any_typmod},
	{LDB_TYPE_LARGE_BINARY, BYTEAOID, lancedb_bytea_of_binary, any_typmod},
	{LDB_TYPE_FIXED_BINARY, BYTEAOID, lancedb_bytea_of_fixed, any_typmod},
	{LDB_TYPE_FIXED_BINARY, UUIDOID, lancedb_uuid_of_fixed, is_uuid},

	{LDB_TYPE_DATE32, DATEOID, lancedb_date_of_date, any_typmod},
	{LDB_TYPE_DATE64, DATEOID, lancedb_date_of_date, any_typmod},
	{LDB_TYPE_DATE32, TIMESTAMPOID, lancedb_timestamp_of_date, any_typmod},
	{LDB_TYPE_DATE64, TIMESTAMPOID, lancedb_timestamp_of_date, lancedb_precision_holds},
	{LDB_TYPE_TIME32, TIMEOID, lancedb_time_of_time, lancedb_precision_holds},
	{LDB_TYPE_TIME64, TIMEOID, lancedb_time_of_time, lancedb_precision_holds},
	{LDB_TYPE_TIMESTAMP, TIMESTAMPOID, lancedb_timestamp_of_timestamp, without_zone},
	{LDB_TYPE_TIMESTAMP, TIMESTAMPTZOID, lancedb_timestamp_of_timestamp, with_zone},
	{LDB_TYPE_DURATION, INTERVALOID, lancedb_interval_of_duration, without_typmod},
};

LancedbConvertFn
lancedb_scalar_function(const LdbType *type, Oid typid, int32 typmod)
{
	for (int i = 0; i < lengthof(rules); i++)
	{
		if (rules[i].kind == type->kind && rules[i].typid == typid)
			return rules[i].holds(type, typmod) ? rules[i].convert : NULL;
	}
	if ((type->kind == LDB_TYPE_STRING || type->kind == LDB_TYPE_LARGE_STRING) &&
		type_is_enum(typid))
		return lancedb_parsed_string;
	return NULL;
}
