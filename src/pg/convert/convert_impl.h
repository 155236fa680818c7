/*
 * convert_impl.h -- what the files of src/pg/convert share: the converter and its parts.
 */
#ifndef LANCEDB_CONVERT_IMPL_H
#define LANCEDB_CONVERT_IMPL_H

#include "lancedb/convert.h"

/* A value that is not NULL. */
typedef Datum (*LancedbConvertFn)(LancedbConverter *converter, const LdbArray *array, size_t row);

typedef struct JsonNode JsonNode;

struct LancedbConverter
{
	LancedbConvertFn convert;
	const LdbType *type; /* of the values, never a dictionary; borrowed from the manifest */
	const char *column;  /* for messages */
	Oid typid;           /* declared; of a domain its base type */
	int32 typmod;
	uint64 row_address; /* of the row in work, for messages */

	Oid domain; /* InvalidOid = none */
	void *domain_cache;
	MemoryContext context; /* owns the converter */

	FmgrInfo input; /* json, jsonb, uuid from text */
	Oid input_parameter;

	LancedbConverter *item; /* arrays, vectors */
	Oid item_typid;         /* declared; may be a domain */
	size_t item_copy_bytes; /* arrays: bytes of an item that both sides store alike, or 0 */
	int16 item_length;
	bool item_by_value;
	char item_align;

	JsonNode *json; /* json, jsonb from nested values */
};

/* converter.c: a converter of a bare type; `field` (may be NULL) gives a list's or struct's
 * children. NULL when the declared type cannot hold the values. */
extern LancedbConverter *lancedb_converter_of_type(const LdbType *type, const LdbField *field,
												   const char *column, Oid typid, int32 typmod);

/* converter.c: the default type of a type without parts; InvalidOid for lists, structs, maps. */
extern Oid lancedb_default_scalar(const LdbType *type);

/* The function that brings a plain Lance type to a declared type, or NULL. scalars.c */
extern LancedbConvertFn lancedb_scalar_function(const LdbType *type, Oid typid, int32 typmod);

/* texts.c */
extern Datum lancedb_text_of_string(LancedbConverter *converter, const LdbArray *array, size_t row);
extern Datum lancedb_varchar_of_string(LancedbConverter *converter, const LdbArray *array,
									   size_t row);
extern Datum lancedb_parsed_string(LancedbConverter *converter, const LdbArray *array, size_t row);
extern Datum lancedb_bytea_of_binary(LancedbConverter *converter, const LdbArray *array,
									 size_t row);
extern Datum lancedb_bytea_of_fixed(LancedbConverter *converter, const LdbArray *array, size_t row);
extern Datum lancedb_uuid_of_fixed(LancedbConverter *converter, const LdbArray *array, size_t row);

/* numerics.c */
extern bool lancedb_numeric_holds(const LdbType *type, int32 typmod);
extern Datum lancedb_numeric_of_integer(LancedbConverter *converter, const LdbArray *array,
										size_t row);
extern Datum lancedb_numeric_of_decimal(LancedbConverter *converter, const LdbArray *array,
										size_t row);

/* times.c */
extern bool lancedb_precision_holds(const LdbType *type, int32 typmod);
extern Datum lancedb_date_of_date(LancedbConverter *converter, const LdbArray *array, size_t row);
extern Datum lancedb_timestamp_of_date(LancedbConverter *converter, const LdbArray *array,
									   size_t row);
extern Datum lancedb_time_of_time(LancedbConverter *converter, const LdbArray *array, size_t row);
extern Datum lancedb_timestamp_of_timestamp(LancedbConverter *converter, const LdbArray *array,
											size_t row);
extern Datum lancedb_interval_of_duration(LancedbConverter *converter, const LdbArray *array,
										  size_t row);

/* arrays.c: bytes of an item when Lance and PostgreSQL store the type alike, or 0. */
extern size_t lancedb_bytes_stored_alike(LdbTypeKind kind, Oid typid);

/* arrays.c: sets up a converter to an array, vector or halfvec; false when it cannot be one. */
extern bool lancedb_make_array_converter(LancedbConverter *converter, const LdbField *field);

/* json.c: the type between Lance and JSON; InvalidOid for nested types. */
extern Oid lancedb_json_scalar(const LdbType *type);

/* json.c: likewise for json and jsonb from nested types. */
extern bool lancedb_make_json_converter(LancedbConverter *converter, const LdbField *field);

/* converter.c: lists, structs and maps. */
extern bool lancedb_is_nested(LdbTypeKind kind);

/* converter.c: for messages; with the item of a list, which only the field knows. */
extern const char *lancedb_field_type_name(const LdbField *field);

/* scalars.c: an integer of up to 64 bits, not uint64. */
extern int64 lancedb_load_integer(const LdbArray *array, size_t row);

/* The item of a list: its type and, where it has one, its field. converter.c */
extern const LdbType *lancedb_list_item(const LdbType *type, const LdbField *field,
										const LdbField **item_field);

/* The items of a row of a list or fixed_size_list, as positions in its child. arrays.c */
extern size_t lancedb_list_range(const LdbArray *array, size_t row, size_t *first);

/* ereport for one value: `what` "in column ... of row ...". converter.c */
pg_noreturn extern void lancedb_value_error(const LancedbConverter *converter, int sqlstate,
											const char *what);

/* Has errors of the server's own functions name column and row. Pop with lancedb_pop_context. */
extern void lancedb_push_context(ErrorContextCallback *callback, LancedbConverter *converter);
extern void lancedb_pop_context(ErrorContextCallback *callback);

#endif
