/* encode_texts.c -- texts, and what is stored as text, as UTF-8; bytea and uuid as bytes. */
#include "convert/encode_impl.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

static void
free_copy(void *copy, Datum value)
{
	if (copy != DatumGetPointer(value))
		pfree(copy);
}

/* In a database without an encoding any bytes are text; in one of UTF-8 the server has checked most. */
static void
add_text(LancedbEncoder *encoder, const char *text, size_t length, LdbBuilder *builder)
{
	int encoding = GetDatabaseEncoding();
	ErrorContextCallback callback;
	char *converted;

	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII)
	{
		if (unlikely(!pg_verify_mbstr(PG_UTF8, text, (int) length, true)))
			lancedb_encode_error(encoder, ERRCODE_CHARACTER_NOT_IN_REPERTOIRE, "invalid UTF-8");
		lancedb_add_bytes(builder, text, length);
		return;
	}
	lancedb_push_encoder(&callback, encoder);
	converted = pg_server_to_any(text, (int) length, PG_UTF8);
	lancedb_pop_encoder(&callback);
	if (converted == text)
		lancedb_add_bytes(builder, text, length);
	else
	{
		lancedb_add_bytes(builder, converted, strlen(converted));
		pfree(converted);
	}
}

void
lancedb_string_of_text(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	text *plain = DatumGetTextPP(value);

	add_text(encoder, VARDATA_ANY(plain), VARSIZE_ANY_EXHDR(plain), builder);
	free_copy(plain, value);
}

/* The blanks of char(n) mean nothing; reading puts them back. */
void
lancedb_string_of_char(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	BpChar *padded = DatumGetBpCharPP(value);
	int length = (int) VARSIZE_ANY_EXHDR(padded);

	if (encoder->typmod >= (int32) VARHDRSZ)
		length = bpchartruelen(VARDATA_ANY(padded), length);
	add_text(encoder, VARDATA_ANY(padded), (size_t) length, builder);
	free_copy(padded, value);
}

/* jsonb, uuid, enums */
void
lancedb_string_of_output(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	char *text = OutputFunctionCall(&encoder->output, value);

	add_text(encoder, text, strlen(text), builder);
	pfree(text);
}

void
lancedb_binary_of_bytea(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	bytea *bytes = DatumGetByteaPP(value);

	lancedb_add_bytes(builder, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	free_copy(bytes, value);
}

void
lancedb_fixed_of_bytea(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	bytea *bytes = DatumGetByteaPP(value);
	size_t length = VARSIZE_ANY_EXHDR(bytes);

	if (length != (size_t) encoder->type->width)
		lancedb_encode_error(encoder, ERRCODE_STRING_DATA_LENGTH_MISMATCH,
							 psprintf("%zu bytes instead of %d", length, encoder->type->width));
	lancedb_add_fixed(builder, VARDATA_ANY(bytes));
	free_copy(bytes, value);
}

void
lancedb_fixed_of_uuid(LancedbEncoder *encoder, Datum value, LdbBuilder *builder)
{
	lancedb_add_fixed(builder, DatumGetUUIDP(value)->data);
}
