/* errors.c -- the only bridge from errors of the core to ereport. */
#include "lancedb/pg.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"

static int
sqlstate_of(LdbStatus status)
{
	switch (status)
	{
		case LDB_INVALID:
			return ERRCODE_INVALID_PARAMETER_VALUE;
		case LDB_NOT_FOUND:
			return ERRCODE_FDW_TABLE_NOT_FOUND;
		case LDB_CONFLICT:
			return ERRCODE_T_R_SERIALIZATION_FAILURE;
		case LDB_NOMEM:
			return ERRCODE_OUT_OF_MEMORY;
		case LDB_UNSUPPORTED:
			return ERRCODE_FEATURE_NOT_SUPPORTED;
		case LDB_CANCELLED:
			return ERRCODE_QUERY_CANCELED;
		case LDB_DENIED:
			return ERRCODE_INSUFFICIENT_PRIVILEGE;
		case LDB_CORRUPT:
		case LDB_IO:
		case LDB_OK:
			break;
	}
	return ERRCODE_FDW_ERROR;
}

/* Names in messages come from files: bytes that are no text here must not break the message. */
const char *
lancedb_message_text(const char *message)
{
	char *text;

	if (GetDatabaseEncoding() == PG_UTF8 &&
		pg_verify_mbstr(PG_UTF8, message, (int) strlen(message), true))
		return message;
	text = pstrdup(message);
	for (char *c = text; *c != '\0'; c++)
	{
		if (IS_HIGHBIT_SET(*c))
			*c = '?';
	}
	return text;
}

/* The core's advice, or what its locations are called here. */
static const char *
hint_of(LdbStatus status, const LdbError *err)
{
	if (err->hint[0] != '\0')
		return lancedb_message_text(err->hint);
	if (status == LDB_DENIED)
		return "A table's files must lie below the server's option \"uri\" or a folder in its "
			   "option \"allowed_base_paths\".";
	return NULL;
}

void
lancedb_check(LdbStatus status, const LdbError *err)
{
	const char *hint;

	if (likely(status == LDB_OK))
		return;
	/* The server knows whether it was a user, a timeout or a shutdown, and says so. */
	if (status == LDB_CANCELLED)
	{
		CHECK_FOR_INTERRUPTS();
		ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
						errmsg("canceling statement due to user request")));
	}
	hint = hint_of(status, err);
	ereport(ERROR, (errcode(sqlstate_of(status)), errmsg("%s", lancedb_message_text(err->message)),
					hint == NULL ? 0 : errhint("%s", hint)));
}
