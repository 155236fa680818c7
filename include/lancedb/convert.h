/*
 * convert.h -- Lance values as PostgreSQL datums.
 *
 * src/pg/convert: which PostgreSQL type a Lance type gets by default, which declared types its
 * values convert to without loss, and the conversion of one value.
 */
#ifndef LANCEDB_CONVERT_H
#define LANCEDB_CONVERT_H

#include "lancedb/pg.h"

#include "ldb/arrow/array.h"
#include "ldb/arrow/builder.h"

typedef struct LancedbConverter LancedbConverter;

/* The default mapping. False when the Lance type has none. */
extern bool lancedb_default_type(const LdbField *field, Oid *typid, int32 *typmod);

/* A name of Lance in the server's encoding; NULL when it is no UTF-8 or has no equivalent there. */
extern char *lancedb_server_name(const char *utf8_name);

/*
 * A converter to the declared type, or an ERROR (HV004 fdw_invalid_data_type) naming column, Lance
 * type and declared type. Lives in the current memory context; borrows the field.
 */
extern LancedbConverter *lancedb_converter_new(const LdbField *field, const char *column_name,
											   Oid typid, int32 typmod);

/* Whether there is a converter to that type. */
extern bool lancedb_can_hold(const LdbField *field, Oid typid, int32 typmod);

/*
 * Row `row` of the array as a datum in the current memory context. row_address is for messages.
 * Errors: 22-class, naming column and row.
 */
extern Datum lancedb_convert(LancedbConverter *converter, const LdbArray *array, size_t row,
							 uint64 row_address, bool *isnull);

/*
 * The other way: datums into the builder of a Lance column.
 *
 * lancedb_encoder_new refuses (HV004, naming column and both types) pairs without a conversion that
 * keeps every value; lancedb_encode adds one row. Errors of values are class 22 and name the column: wrong
 * dimension, NaN or infinity in a vector (22P02 or 22003 as fits), out of range, no valid UTF-8,
 * NULL for a Lance column that is not nullable (23502).
 */
typedef struct LancedbEncoder LancedbEncoder;

extern LancedbEncoder *lancedb_encoder_new(const LdbField *field, const char *column_name,
										   Oid typid, int32 typmod);
extern void lancedb_encode(LancedbEncoder *encoder, Datum value, bool isnull, LdbBuilder *builder);

/*
 * The Lance field for a declared column when a dataset is created: 0A000 names column and type when
 * there is none, 22023 with a hint when a vector has no dimension. `dimension` 0 = not given. What the
 * Lance type does not say (varchar, enum, uuid, json ...) goes into the field's metadata, and
 * lancedb_default_type gives it back. In the arena; ids are for the draft to give.
 */
extern LdbField *lancedb_field_for(const char *lance_name, const char *column_name, Oid typid,
								   int32 typmod, int dimension, bool nullable, LdbArena *arena);

#endif
