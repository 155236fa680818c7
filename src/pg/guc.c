/* guc.c -- the settings lancedb.*. */
#include "lancedb/pg.h"

#include "datatype/timestamp.h"
#include "utils/datetime.h"
#include "utils/guc.h"

bool lancedb_enable_pushdown = true;
bool lancedb_enable_vector_scan = true;
int lancedb_max_threads = 2;
char *lancedb_as_of = NULL;

/*
 * Syntax only: what "yesterday" means depends on the time zone and the transaction that reads the
 * setting. The parser is called by itself because timestamptz_in would raise an ERROR, which a
 * check of postgresql.conf must not.
 */
static bool
check_as_of(char **value, void **extra, GucSource source)
{
	char work[MAXDATELEN + MAXDATEFIELDS];
	char *fields[MAXDATEFIELDS];
	int types[MAXDATEFIELDS];
	int field_count;
	int type;
	int zone;
	fsec_t fraction;
	struct pg_tm when;

	if (*value == NULL || **value == '\0')
		return true;
	if (ParseDateTime(*value, work, sizeof(work), fields, types, MAXDATEFIELDS, &field_count) ==
			0 &&
		lancedb_decode_datetime(fields, types, field_count, &type, &when, &fraction, &zone) == 0)
		return true;
	GUC_check_errdetail("It must be empty or a timestamp, such as 2024-05-01 12:00:00+00.");
	return false;
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
							   "Empty means now. A table's own version, tag or as_of wins.",
							   &lancedb_as_of, "", PGC_USERSET, 0, check_as_of, NULL, NULL);
	MarkGUCPrefixReserved("lancedb");
}
