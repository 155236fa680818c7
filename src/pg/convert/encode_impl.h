/*
 * encode_impl.h -- what the encoders of src/pg/convert share: the encoder and its parts.
 */
#ifndef LANCEDB_ENCODE_IMPL_H
#define LANCEDB_ENCODE_IMPL_H

#include "lancedb/convert.h"

/* Adds a row for a value that is not NULL. */
typedef void (*LancedbEncodeFn)(LancedbEncoder *encoder, Datum value, LdbBuilder *builder);

typedef struct JsonShape JsonShape;

struct LancedbEncoder
{
	LancedbEncodeFn encode;
	const LdbType *type; /* of the values, never a dictionary; borrowed from the manifest */
	const char *column;  /* for messages; of a JSON value with its path */
	Oid typid;           /* declared; of a domain its base type */
	int32 typmod;
	bool nullable;
	bool is_part;   /* of a list or struct, not a column */
	bool in_vector; /* item of a fixed_size_list: a float must be finite */

	FmgrInfo output; /* values that are stored as their text */

	LancedbEncoder *item; /* arrays, vectors */
	int16 item_length;
	bool item_by_value;
	char item_align;
	bool items_alike; /* both sides store an item the same way */
	uint16 *halves;   /* room for the items of a row that are stored as halves; NULL = are not */

	JsonShape *json; /* nested types from json, jsonb */
};

/* encoder.c: an encoder to a bare type; `field` (may be NULL) gives a list's or struct's children.
 * NULL when the declared type has no way there. */
extern LancedbEncoder *lancedb_encoder_of_type(const LdbType *type, const LdbField *field,
											   const char *column, Oid typid, int32 typmod);

/* encoder.c: "`what` in column ..." */
pg_noreturn extern void lancedb_encode_error(const LancedbEncoder *encoder, int sqlstate,
											 const char *what);

/* encoder.c: a row of the bytes of the type; low bytes of wider integers will do. */
extern void lancedb_add_fixed(LdbBuilder *builder, const void *value);
extern void lancedb_add_bytes(LdbBuilder *builder, const void *bytes, size_t length);
extern void lancedb_close_row(LdbBuilder *builder);

/* encoder.c: has errors of the server's own functions name the column. Pop with the other. */
extern void lancedb_push_encoder(ErrorContextCallback *callback, const LancedbEncoder *encoder);
extern void lancedb_pop_encoder(ErrorContextCallback *callback);

/* encode_scalars.c: the function that brings a plain type to a Lance type, or NULL. */
extern LancedbEncodeFn lancedb_encode_function(const LdbType *type, Oid typid);
/* Out of range is an error; uint64 has its own. */
extern void lancedb_add_integer(LancedbEncoder *encoder, int64 value, LdbBuilder *builder);

/* encode_numerics.c */
extern void lancedb_integer_of_numeric(LancedbEncoder *encoder, Datum value, LdbBuilder *builder);
extern void lancedb_decimal_of_numeric(LancedbEncoder *encoder, Datum value, LdbBuilder *builder);

/* encode_texts.c */
extern void lancedb_string_of_text(LancedbEncoder *encoder, Datum value, LdbBuilder *builder);
extern void lancedb_string_of_char(LancedbEncoder *encoder, Datum value, LdbBuilder *builder);
extern void lancedb_string_of_output(LancedbEncoder *encoder, Datum value, LdbBuilder *builder);
extern void lancedb_binary_of_bytea(LancedbEncoder *encoder, Datum value, LdbBuilder *builder);
extern void lancedb_fixed_of_bytea(LancedbEncoder *encoder, Datum value, LdbBuilder *builder);
extern void lancedb_fixed_of_uuid(LancedbEncoder *encoder, Datum value, LdbBuilder *builder);

/* encode_times.c */
extern void lancedb_encode_date(LancedbEncoder *encoder, Datum value, LdbBuilder *builder);
extern void lancedb_date_of_timestamp(LancedbEncoder *encoder, Datum value, LdbBuilder *builder);
extern void lancedb_encode_time(LancedbEncoder *encoder, Datum value, LdbBuilder *builder);
extern void lancedb_encode_timestamp(LancedbEncoder *encoder, Datum value, LdbBuilder *builder);
extern void lancedb_duration_of_interval(LancedbEncoder *encoder, Datum value, LdbBuilder *builder);

/* encode_arrays.c, encode_json.c: set up an encoder; false when it cannot be one. */
extern bool lancedb_make_array_encoder(LancedbEncoder *encoder, const LdbField *field);
extern bool lancedb_make_json_encoder(LancedbEncoder *encoder, const LdbField *field);

#endif
