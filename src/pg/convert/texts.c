/* texts.c -- strings and binaries as text, bytea and what is parsed from text. */
#include "convert/convert_impl.h"

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

/* A varlena of this much payload, or an ERROR: a value of Lance may be larger than any of ours. */
static char *
new_varlena(LancedbConverter *converter, size_t length)
{
	char *value;

	if (length > MaxAllocSize - VARHDRSZ)
		lancedb_value_error(converter, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
							"value of more than 1 GB is too large");
	value = palloc(length + VARHDRSZ);
	SET_VARSIZE(value, length + VARHDRSZ);
	return value;
}

char *
lancedb_server_name(const char *utf8_name)
{
	int length = (int) strlen(utf8_name);
	int encoding = GetDatabaseEncoding();
	unsigned char *name;
	Oid conversion;

	if (!pg_verify_mbstr(PG_UTF8, utf8_name, length, true))
		return NULL;
	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII)
		return pstrdup(utf8_name);
	conversion = FindDefaultConversionProc(PG_UTF8, encoding);
	if (!OidIsValid(conversion))
		return NULL;
	name = palloc((Size) length * MAX_CONVERSION_GROWTH + 1);
	if (pg_do_encoding_conversion_buf(conversion, PG_UTF8, encoding, (unsigned char *) utf8_name,
									  length, name, length * MAX_CONVERSION_GROWTH + 1,
									  true) != length)
		return NULL;
	return (char *) name;
}

static void
check_utf8(LancedbConverter *converter, LdbSlice bytes)
{
	if (likely(bytes.length <= PG_INT32_MAX &&
			   pg_verify_mbstr(PG_UTF8, (const char *) bytes.data, (int) bytes.length, true)))
		return;
	if (bytes.length > MaxAllocSize)
		(void) new_varlena(converter, bytes.length);
	if (memchr(bytes.data, '\0', bytes.length) != NULL)
		lancedb_value_error(converter, ERRCODE_UNTRANSLATABLE_CHARACTER,
							"U+0000, which text cannot hold,");
	lancedb_value_error(converter, ERRCODE_CHARACTER_NOT_IN_REPERTOIRE, "invalid UTF-8");
}

/* The string in the database's encoding; *length may change. */
static const char *
to_server(LancedbConverter *converter, LdbSlice bytes, size_t *length)
{
	ErrorContextCallback callback;
	char *text;

	check_utf8(converter, bytes);
	*length = bytes.length;
	if (bytes.length == 0)
		return "";
	if (GetDatabaseEncoding() == PG_UTF8)
		return (const char *) bytes.data;
	lancedb_push_context(&callback, converter);
	text = pg_any_to_server((const char *) bytes.data, (int) bytes.length, PG_UTF8);
	lancedb_pop_context(&callback);
	if (text != (const char *) bytes.data)
		*length = strlen(text);
	return text;
}

Datum
lancedb_text_of_string(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	size_t length;
	const char *text = to_server(converter, array->views[row], &length);
	char *value = new_varlena(converter, length);

	memcpy(VARDATA(value), text, length);
	return PointerGetDatum(value);
}

Datum
lancedb_varchar_of_string(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	Datum value = lancedb_text_of_string(converter, array, row);
	int32 limit = converter->typmod - (int32) VARHDRSZ;
	const char *text = VARDATA(DatumGetPointer(value));

	if (converter->typmod >= (int32) VARHDRSZ &&
		pg_mbstrlen_with_len(text, (int) (VARSIZE(DatumGetPointer(value)) - VARHDRSZ)) > limit)
		lancedb_value_error(
			converter, ERRCODE_STRING_DATA_RIGHT_TRUNCATION,
			psprintf("value too long for type %s",
					 format_type_with_typemod(converter->typid, converter->typmod)));
	return value;
}

Datum
lancedb_parsed_string(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	ErrorContextCallback callback;
	size_t length;
	const char *text = to_server(converter, array->views[row], &length);
	Datum value;

	lancedb_push_context(&callback, converter);
	value = InputFunctionCall(&converter->input, pnstrdup(text, length), converter->input_parameter,
							  converter->typmod);
	lancedb_pop_context(&callback);
	return value;
}

Datum
lancedb_bytea_of_binary(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	LdbSlice bytes = array->views[row];
	char *value = new_varlena(converter, bytes.length);

	if (bytes.length > 0)
		memcpy(VARDATA(value), bytes.data, bytes.length);
	return PointerGetDatum(value);
}

Datum
lancedb_bytea_of_fixed(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	size_t width = (size_t) array->type->width;
	char *value = new_varlena(converter, width);

	memcpy(VARDATA(value), (const char *) array->values + row * width, width);
	return PointerGetDatum(value);
}

Datum
lancedb_uuid_of_fixed(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	pg_uuid_t *value = palloc(sizeof(*value));

	memcpy(value->data, (const char *) array->values + row * UUID_LEN, UUID_LEN);
	return UUIDPGetDatum(value);
}
