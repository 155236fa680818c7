/* guc.c -- the settings lancedb.*. */
#include "lancedb/pg.h"

#include "datatype/timestamp.h"
#include "utils/datetime.h"
#include "utils/guc.h"

bool lancedb_enable_pushdown = true;
bool lancedb_enable_vector_scan = true;
int lancedb_max_threads = 2;
char *lancedb_as_of = NULL;

static bool
is_timestamp(const char *text)
{
	char work[MAXDATELEN + MAXDATEFIELDS];
	char *fields[MAXDATEFIELDS];
	int types[MAXDATEFIELDS];
	int field_count;
	int type;
	int zone;
	fsec_t fraction;
	struct pg_tm when;

	return ParseDateTime(text, work, sizeof(work), fields, types, MAXDATEFIELDS, &field_count) ==
			   0 &&
		   lancedb_decode_datetime(fields, types, field_count, &type, &when, &fraction, &zone) == 0;
}

/*
 * Syntax only: what "yesterday" means depends on the time zone and the transaction that reads the
 * setting, and which versions and tags there are on the table. The parser is called by itself
 * because timestamptz_in would raise an ERROR, which a check of postgresql.conf must not.
 */
static bool
check_as_of(char **value, void **extra, GucSource source)
{
	uint64 version;
	const char *tag;

	if (*value == NULL || **value == '\0' || lancedb_as_of_is_version(*value, &version) ||
		lancedb_as_of_is_tag(*value, &tag) || is_timestamp(*value))
		return true;
	GUC_check_errdetail("It must be empty, a version such as 7, a tag such as tag:prod, or a "
						"timestamp such as 2024-05-01 12:00:00+00.");
	return false;
}

/* Digits alone are a version, so a day is written with its dashes. */
bool
lancedb_as_of_is_version(const char *text, uint64 *version)
{
	char *end;

	if (*text < '1' || *text > '9' || strspn(text, "0123456789") != strlen(text))
		return false;
	errno = 0;
	*version = strtoull(text, &end, 10);
	return errno == 0 && *version <= PG_INT64_MAX;
}

bool
lancedb_as_of_is_tag(const char *text, const char **tag)
{
	if (strncmp(text, "tag:", 4) != 0 || text[4] == '\0')
		return false;
	*tag = text + 4;
	return true;
}

void
lancedb_define_settings(void)
{
	DefineCustomBoolVariable("lancedb.enable_pushdown",
							 "Evaluates conditions on Lance tables while their files are read.",
							 NULL, &lancedb_enable_pushdown, true, PGC_USERSET, 0, NULL, NULL,
							 NULL);
	DefineCustomBoolVariable(
		"lancedb.enable_ann",
		"Lets the planner order rows of Lance tables by vector distance itself.", NULL,
		&lancedb_enable_vector_scan, true, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("lancedb.max_threads",
							"Threads that one exact vector search may use, the backend included.",
							NULL, &lancedb_max_threads, 2, 1, 64, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("lancedb.as_of", "Reads Lance tables as they were at this time.",
							   "A version such as 7, a tag such as tag:prod, or a timestamp. Empty "
							   "means now. A table's own version, tag or as_of wins.",
							   &lancedb_as_of, "", PGC_USERSET, 0, check_as_of, NULL, NULL);
	MarkGUCPrefixReserved("lancedb");
}
