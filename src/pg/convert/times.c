/* times.c -- dates, times, timestamps and durations in PostgreSQL's units. */
#include "convert/convert_impl.h"

#include "common/int.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#define MILLISECONDS_PER_DAY INT64CONST(86400000)

static int64
floor_divide(int64 value, int64 by)
{
	int64 quotient = value / by;

	return value % by < 0 ? quotient - 1 : quotient;
}

/* Digits behind the second that values of the type may need; nanoseconds are truncated anyway. */
static int
unit_digits(LdbTimeUnit unit)
{
	switch (unit)
	{
		case LDB_UNIT_S:
			return 0;
		case LDB_UNIT_MS:
			return 3;
		default:
			return 6;
	}
}

bool
lancedb_precision_holds(const LdbType *type, int32 typmod)
{
	return typmod < 0 || typmod >= unit_digits(type->unit);
}

/* False when the value has no microseconds within 64 bits. */
static bool
to_microseconds(int64 value, LdbTimeUnit unit, int64 *microseconds)
{
	switch (unit)
	{
		case LDB_UNIT_S:
			return !pg_mul_s64_overflow(value, USECS_PER_SEC, microseconds);
		case LDB_UNIT_MS:
			return !pg_mul_s64_overflow(value, 1000, microseconds);
		case LDB_UNIT_NS:
			*microseconds = floor_divide(value, 1000);
			return true;
		default:
			*microseconds = value;
			return true;
	}
}

static int64
load_time(const LdbArray *array, size_t row)
{
	if (array->type->kind == LDB_TYPE_TIME32 || array->type->kind == LDB_TYPE_DATE32)
		return (int32) ldb_load_u32((const char *) array->values + 4 * row);
	return (int64) ldb_load_u64((const char *) array->values + 8 * row);
}

Datum
lancedb_date_of_date(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	int64 days = load_time(array, row);

	if (array->type->kind == LDB_TYPE_DATE64)
		days = floor_divide(days, MILLISECONDS_PER_DAY);
	days -= LANCEDB_EPOCH_DAYS;
	if (!IS_VALID_DATE(days))
		lancedb_value_error(converter, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "date out of range");
	return DateADTGetDatum((DateADT) days);
}

static Datum
timestamp_datum(LancedbConverter *converter, bool representable, int64 unix_microseconds)
{
	Timestamp value;

	if (!representable || pg_sub_s64_overflow(unix_microseconds, LANCEDB_EPOCH_US, &value) ||
		!IS_VALID_TIMESTAMP(value))
		lancedb_value_error(converter, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE,
							"timestamp out of range");
	return TimestampGetDatum(value);
}

Datum
lancedb_timestamp_of_date(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	bool in_days = array->type->kind == LDB_TYPE_DATE32;
	int64 microseconds = 0;
	bool representable =
		!pg_mul_s64_overflow(load_time(array, row), in_days ? USECS_PER_DAY : 1000, &microseconds);

	return timestamp_datum(converter, representable, microseconds);
}

Datum
lancedb_timestamp_of_timestamp(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	int64 microseconds = 0;
	bool representable = to_microseconds(load_time(array, row), array->type->unit, &microseconds);

	return timestamp_datum(converter, representable, microseconds);
}

Datum
lancedb_time_of_time(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	int64 microseconds = 0;

	if (!to_microseconds(load_time(array, row), array->type->unit, &microseconds) ||
		microseconds < 0 || microseconds > USECS_PER_DAY)
		lancedb_value_error(converter, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "time out of range");
	return TimeADTGetDatum(microseconds);
}

Datum
lancedb_interval_of_duration(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	Interval *value = palloc0(sizeof(*value));
	int64 microseconds = 0;

	if (!to_microseconds(load_time(array, row), array->type->unit, &microseconds))
		lancedb_value_error(converter, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE,
							"interval out of range");
	value->time = microseconds;
	return IntervalPGetDatum(value);
}
