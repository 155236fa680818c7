/* encode_times.c -- dates, times, timestamps and intervals in Lance's units. */
#include "convert/encode_impl.h"

#include "common/int.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#define MILLISECONDS_PER_DAY INT64CONST(86400000)

pg_noreturn static void
out_of_range(const LancedbEncoder *encoder, const char *what)
{
	lancedb_encode_error(encoder, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE,
						 psprintf("%s out of range", what));
}

pg_noreturn static void
too_fine(const LancedbEncoder *encoder, const char *unit)
{
	lancedb_encode_error(encoder, ERRCODE_DATETIME_FIELD_OVERFLOW,
						 psprintf("value finer than a %s", unit));
}

static void
refuse_infinity(const LancedbEncoder *encoder, bool is_infinite)
{
	if (is_infinite)
		lancedb_encode_error(encoder, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "infinity");
}

static void
add_time(LancedbEncoder *encoder, int64 value, LdbBuilder *builder)
{
	/* of 32-bit types the lower half is the value */
	lancedb_add_fixed(builder, &value);
}

/* Microseconds in the unit of the type; what the unit cannot tell is an error. */
static void
add_microseconds(LancedbEncoder *encoder, int64 microseconds, LdbBuilder *builder)
{
	int64 value = microseconds;

	switch (encoder->type->unit)
	{
		case LDB_UNIT_S:
			if (microseconds % USECS_PER_SEC != 0)
				too_fine(encoder, "second");
			value = microseconds / USECS_PER_SEC;
			break;
		case LDB_UNIT_MS:
			if (microseconds % 1000 != 0)
				too_fine(encoder, "millisecond");
			value = microseconds / 1000;
			break;
		case LDB_UNIT_NS:
			if (pg_mul_s64_overflow(microseconds, 1000, &value))
				out_of_range(encoder, "value");
			break;
		default:
			break;
	}
	add_time(encoder, value, builder);
}

void
lancedb_encode_date(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	DateADT date = DatumGetDateADT(value);
	int64 days = (int64) date + LANCEDB_EPOCH_DAYS;

	refuse_infinity(encoder, DATE_NOT_FINITE(date));
	add_time(encoder, encoder->type->kind == LDB_TYPE_DATE64 ? days * MILLISECONDS_PER_DAY : days,
			 builder);
}

static int64
unix_microseconds(const LancedbEncoder *encoder, Datum value)
{
	Timestamp timestamp = DatumGetTimestamp(value);
	int64 microseconds;

	refuse_infinity(encoder, TIMESTAMP_NOT_FINITE(timestamp));
	if (pg_add_s64_overflow(timestamp, LANCEDB_EPOCH_US, &microseconds))
		out_of_range(encoder, "timestamp");
	return microseconds;
}

void
lancedb_date_of_timestamp(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	int64 microseconds = unix_microseconds(encoder, value);

	if (encoder->type->kind == LDB_TYPE_DATE64)
		add_microseconds(encoder, microseconds, builder);
	else if (microseconds % USECS_PER_DAY != 0)
		too_fine(encoder, "day");
	else
		add_time(encoder, microseconds / USECS_PER_DAY, builder);
}

void
lancedb_encode_time(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	add_microseconds(encoder, DatumGetTimeADT(value), builder);
}

void
lancedb_encode_timestamp(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	add_microseconds(encoder, unix_microseconds(encoder, value), builder);
}

/* A day is 24 hours, as where PostgreSQL compares intervals; a month has no length. */
void
lancedb_duration_of_interval(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	const Interval *interval = DatumGetIntervalP(value);
	int64 microseconds;

	if (interval->month != 0)
		lancedb_encode_error(encoder, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE,
							 "interval with months or years");
	if (pg_mul_s64_overflow(interval->day, USECS_PER_DAY, &microseconds) ||
		pg_add_s64_overflow(microseconds, interval->time, &microseconds))
		out_of_range(encoder, "interval");
	add_microseconds(encoder, microseconds, builder);
}
