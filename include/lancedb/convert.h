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

/*
 * Row `row` of the array as a datum in the current memory context. row_address is for messages.
 * Errors: 22-class, naming column and row.
 */
extern Datum lancedb_convert(LancedbConverter *converter, const LdbArray *array, size_t row,
							 uint64 row_address, bool *isnull);

#endif
