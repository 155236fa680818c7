/* preload.c -- tells who should load the library before a session needs it. */
#include "keys/keys_impl.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "commands/event_trigger.h"
#include "nodes/parsenodes.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#define LIBRARY "lancedb"

static bool loaded_at_start = false;

void
lancedb_note_preload(void)
{
	loaded_at_start = process_shared_preload_libraries_in_progress;
}

/* "$libdir/lancedb.so", "lancedb" */
static bool
names_library(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;

	return strcmp(name, LIBRARY) == 0 || strcmp(name, LIBRARY DLSUFFIX) == 0;
}

static bool
lists_library(const char *setting)
{
	List *paths = NIL;
	ListCell *cell;

	if (setting == NULL || !SplitDirectoriesString(pstrdup(setting), ',', &paths))
		return false;
	foreach (cell, paths)
	{
		if (names_library(lfirst(cell)))
			return true;
	}
	return false;
}

static bool
is_preloaded(void)
{
	return loaded_at_start || lists_library(session_preload_libraries_string) ||
		   lists_library(local_preload_libraries_string);
}

#define PRELOAD_HINT                                                         \
	"Add lancedb to shared_preload_libraries and restart the server, or to " \
	"session_preload_libraries."

PG_FUNCTION_INFO_V1(lancedb_warn_unless_preloaded);

/* A WARNING, because CREATE EXTENSION hides notices of its script. */
Datum
lancedb_warn_unless_preloaded(PG_FUNCTION_ARGS)
{
	if (!is_preloaded())
		ereport(WARNING,
				(errmsg("lancedb is not loaded when sessions start"),
				 errdetail("CREATE INDEX on a Lance table fails in sessions that have not used one "
						   "before, also when a dump is restored."),
				 errhint(PRELOAD_HINT)));
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(lancedb_explain_create_index);

/*
 * For a Lance table the statement does not get here when the library was there before. It was loaded to
 * call this function, so the next attempt of this session goes well.
 */
Datum
lancedb_explain_create_index(PG_FUNCTION_ARGS)
{
	const IndexStmt *stmt;
	Oid relid;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("lancedb.explain_create_index is called by its event trigger only")));
	stmt = (const IndexStmt *) ((EventTriggerData *) fcinfo->context)->parsetree;
	if (!IsA(stmt, IndexStmt) || stmt->relation == NULL)
		PG_RETURN_NULL();
	relid = RangeVarGetRelid(stmt->relation, NoLock, true);
	if (OidIsValid(relid) && lancedb_is_lance_table(relid))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot create index on Lance table \"%s\": the library lancedb was "
						"not loaded when the session started",
						stmt->relation->relname),
				 errdetail("It is now: this session can try again."), errhint(PRELOAD_HINT)));
	PG_RETURN_NULL();
}
