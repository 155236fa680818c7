/* drop.c -- lancedb.drop_dataset(): deletes a Lance table, which DROP FOREIGN TABLE never does. */
#include "xact/xact.h"

#include "access/xact.h"
#include "catalog/pg_foreign_server.h"
#include "foreign/foreign.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "ddl/alter.h"

static Oid
server_to_drop_from(const char *name)
{
	ForeignServer *server = GetForeignServerByName(name, false);

	if (!lancedb_is_lance_server(server->serverid))
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("server \"%s\" does not use lancedb_fdw", name)));
	if (!object_ownercheck(ForeignServerRelationId, server->serverid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_FOREIGN_SERVER, name);
	lancedb_check_may_write(server->serverid);
	return server->serverid;
}

/* Files that are gone do not come back with a ROLLBACK. */
static void
check_alone(void)
{
	if (IsTransactionBlock())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s cannot run inside a transaction block", "lancedb.drop_dataset()")));
}

static void
check_no_path(const char *name)
{
	if (*name == '\0' || strchr(name, '/') != NULL || strcmp(name, ".") == 0 ||
		strcmp(name, "..") == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid name of a Lance table: \"%s\"", name),
						errhint("Give the name without its folder and without \".lance\".")));
}

PG_FUNCTION_INFO_V1(lancedb_drop_dataset);

Datum
lancedb_drop_dataset(PG_FUNCTION_ARGS)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	LancedbOptions *options;
	const char *canonical;
	uint64 files = 0;
	LdbError err;

	PreventCommandIfReadOnly("lancedb.drop_dataset()");
	PreventCommandDuringRecovery("lancedb.drop_dataset()");
	check_alone();
	check_no_path(name);
	options = lancedb_server_options(server_to_drop_from(NameStr(*PG_GETARG_NAME(0))));
	options->uri =
		lancedb_dataset_uri(options, pg_server_to_any(name, (int) strlen(name), PG_UTF8));
	/* whoever writes to it now ends first */
	canonical = lancedb_canonical_path(options->uri);
	lancedb_lock_rows(canonical, LANCEDB_LOCK_REPLACE);
	lancedb_lock_commit(canonical, ExclusiveLock);
	lancedb_check(ldb_dataset_remove(lancedb_open_locations(options, CurrentMemoryContext),
									 options->uri, &files, &lancedb_cancel, &err),
				  &err);
	PG_RETURN_INT64((int64) files);
}
