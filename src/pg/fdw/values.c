/* values.c -- brings one SQL value into the domain in which the core compares a column. */
#include "fdw/push.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#define INT128_LARGEST ((__int128) (~(unsigned __int128) 0 >> 1))

void *
lancedb_arena_zalloc(LdbArena *arena, size_t count, size_t size)
{
	void *memory = ldb_arena_zalloc_array(arena, count, size);

	if (memory == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
						errdetail("Failed on %zu values of a pushed condition.", count)));
	return memory;
}

bool
lancedb_push_value_fits(const LancedbPushColumn *column, Oid value_type)
{
	switch (column->typid)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return value_type == INT2OID || value_type == INT4OID || value_type == INT8OID;
		case FLOAT4OID:
		case FLOAT8OID:
			return value_type == FLOAT4OID || value_type == FLOAT8OID;
		case DATEOID:
		case TIMESTAMPOID:
			/* with timestamptz the session's zone would decide */
			return value_type == DATEOID || value_type == TIMESTAMPOID;
		default:
			return value_type == column->typid;
	}
}

static LancedbRounding
beyond(bool above, LdbScalar *scalar)
{
	scalar->integer = above ? PG_INT64_MAX : PG_INT64_MIN;
	scalar->wide = above ? INT128_LARGEST : -INT128_LARGEST - 1;
	return above ? VALUE_ABOVE_ALL : VALUE_BELOW_ALL;
}

/* The magnitude of a printed number times 10^scale, cut; false when it does not fit. */
static bool
read_magnitude(const char *text, int32 scale, __int128 *magnitude, bool *cut)
{
	bool in_fraction = false;

	*magnitude = 0;
	*cut = false;
	for (; *text != '\0'; text++)
	{
		if (*text == '.')
		{
			in_fraction = true;
			continue;
		}
		if (in_fraction && scale-- <= 0)
		{
			*cut |= *text != '0';
			continue;
		}
		if (*magnitude > (INT128_LARGEST - 9) / 10)
			return false;
		*magnitude = *magnitude * 10 + (*text - '0');
	}
	for (; scale > 0; scale--)
	{
		if (*magnitude > INT128_LARGEST / 10)
			return false;
		*magnitude *= 10;
	}
	return true;
}

static LancedbRounding
numeric_value(const LancedbPushColumn *column, Datum datum, LdbScalar *scalar)
{
	Numeric number = DatumGetNumeric(datum);
	char *text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
	bool negative = *text == '-';
	bool cut;

	if (numeric_is_nan(number))
		return beyond(true, scalar);
	if (numeric_is_inf(number) ||
		!read_magnitude(text + negative, column->scale, &scalar->wide, &cut))
		return beyond(!negative, scalar);
	if (negative)
		scalar->wide = -scalar->wide - cut;
	if (column->domain == LDB_DOMAIN_INT)
	{
		if (scalar->wide > PG_INT64_MAX || scalar->wide < PG_INT64_MIN)
			return beyond(!negative, scalar);
		scalar->integer = (int64) scalar->wide;
	}
	return cut ? VALUE_BETWEEN : VALUE_EXACT;
}

static LancedbRounding
date_value(const LancedbPushColumn *column, DateADT date, LdbScalar *scalar)
{
	if (DATE_NOT_FINITE(date))
		return beyond(DATE_IS_NOEND(date), scalar);
	scalar->integer = (int64) date + LANCEDB_EPOCH_DAYS;
	if (column->typid == TIMESTAMPOID &&
		pg_mul_s64_overflow(scalar->integer, USECS_PER_DAY, &scalar->integer))
		return beyond(date > 0, scalar);
	return VALUE_EXACT;
}

static LancedbRounding
timestamp_value(const LancedbPushColumn *column, Timestamp when, LdbScalar *scalar)
{
	int64 days;

	if (TIMESTAMP_NOT_FINITE(when))
		return beyond(TIMESTAMP_IS_NOEND(when), scalar);
	if (column->typid != DATEOID)
		return pg_add_s64_overflow(when, LANCEDB_EPOCH_US, &scalar->integer) ? beyond(true, scalar)
																			 : VALUE_EXACT;
	days = when / USECS_PER_DAY;
	if (when % USECS_PER_DAY < 0)
		days--;
	scalar->integer = days + LANCEDB_EPOCH_DAYS;
	return when == days * USECS_PER_DAY ? VALUE_EXACT : VALUE_BETWEEN;
}

static LancedbRounding
bytes_value(Datum datum, LdbArena *arena, LdbScalar *scalar)
{
	struct varlena *bytes = PG_DETOAST_DATUM_PACKED(datum);
	size_t length = VARSIZE_ANY_EXHDR(bytes);
	void *copy = lancedb_arena_zalloc(arena, Max(length, 1), 1);

	memcpy(copy, VARDATA_ANY(bytes), length);
	scalar->text = ldb_slice(copy, length);
	return VALUE_EXACT;
}

LancedbRounding
lancedb_push_value(const LancedbPushColumn *column, Oid value_type, Datum datum, LdbArena *arena,
				   LdbScalar *scalar)
{
	switch (value_type)
	{
		case BOOLOID:
			scalar->integer = DatumGetBool(datum);
			return VALUE_EXACT;
		case INT2OID:
			scalar->integer = DatumGetInt16(datum);
			return VALUE_EXACT;
		case INT4OID:
			scalar->integer = DatumGetInt32(datum);
			return VALUE_EXACT;
		case INT8OID:
			scalar->integer = DatumGetInt64(datum);
			return VALUE_EXACT;
		case TIMEOID:
			scalar->integer = DatumGetTimeADT(datum);
			return VALUE_EXACT;
		case FLOAT4OID:
			scalar->number = DatumGetFloat4(datum);
			return VALUE_EXACT;
		case FLOAT8OID:
			scalar->number = DatumGetFloat8(datum);
			return VALUE_EXACT;
		case NUMERICOID:
			return numeric_value(column, datum, scalar);
		case DATEOID:
			return date_value(column, DatumGetDateADT(datum), scalar);
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return timestamp_value(column, DatumGetTimestamp(datum), scalar);
		case TEXTOID:
		case BYTEAOID:
			return bytes_value(datum, arena, scalar);
		default:
			elog(ERROR, "type %u in a pushed condition", value_type);
	}
}
