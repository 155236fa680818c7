/* versions.c -- SQL functions that go back to a version of a Lance table, or give one a name. */
#include "fdw/fdw.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "foreign/foreign.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "ddl/alter.h"

LancedbOptions *
lancedb_owned_table(Oid relid)
{
	if (get_rel_name(relid) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation %u does not exist", relid)));
	/* before the lock: strangers must not hold up others */
	if (!lancedb_is_lance_table(relid))
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("\"%s\" is not a Lance table", get_rel_name(relid)),
						errhint("Name a foreign table of a server that uses lancedb_fdw.")));
	if (!object_ownercheck(RelationRelationId, relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_FOREIGN_TABLE, get_rel_name(relid));
	table_close(table_open(relid, ShareUpdateExclusiveLock), NoLock);
	return lancedb_table_options(relid);
}

static LancedbOptions *
changeable_table(Oid relid, const char *command)
{
	LancedbOptions *options;

	/* first, because a standby refuses the lock in words that do not help */
	PreventCommandIfReadOnly(command);
	PreventCommandDuringRecovery(command);
	options = lancedb_owned_table(relid);
	if (!lancedb_reads_newest(options))
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("foreign table \"%s\" stands for one version of a Lance table",
							   get_rel_name(relid)),
						errhint("Name a foreign table without the options version, tag, as_of and "
								"branch.")));
	if (!options->updatable)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("Lance table \"%s\" does not allow changes", get_rel_name(relid)),
						errdetail("Option updatable is false.")));
	return options;
}

static char *
utf8(text *value)
{
	char *name = text_to_cstring(value);

	return pg_server_to_any(name, (int) strlen(name), PG_UTF8);
}

static int64
restore(Oid relid, uint64 version, const char *tag)
{
	LancedbOptions *options = changeable_table(relid, "lancedb.restore()");
	LancedbWrite *write = lancedb_write_begin(relid, InvalidOid, LANCEDB_LOCK_REPLACE);
	LancedbVersion opened;
	LdbDataset *old;
	LdbError err;

	if (tag != NULL)
	{
		LdbVersionChoice choice = {.tag = tag};
		LdbLocations *locations = lancedb_open_locations(options, CurrentMemoryContext);

		lancedb_check(ldb_dataset_resolve(locations, options->uri, &choice, &lancedb_cancel,
										  &version, NULL, &err),
					  &err);
	}
	old = lancedb_open_numbered(options, version, write->context, &opened);
	lancedb_check(ldb_draft_restore(write->draft, old, lancedb_write_mark(), &err), &err);
	return (int64) ldb_dataset_manifest(old)->live_rows;
}

PG_FUNCTION_INFO_V1(lancedb_restore_version);

Datum
lancedb_restore_version(PG_FUNCTION_ARGS)
{
	int64 version = PG_GETARG_INT64(1);

	if (version < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a version of a Lance table is a positive number")));
	PG_RETURN_INT64(restore(PG_GETARG_OID(0), (uint64) version, NULL));
}

PG_FUNCTION_INFO_V1(lancedb_restore_tag);

Datum
lancedb_restore_tag(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(restore(PG_GETARG_OID(0), 0, utf8(PG_GETARG_TEXT_PP(1))));
}

/* A tag names what is committed, and at once: it is a file of its own, which no ROLLBACK knows. */
static uint64
version_to_tag(FunctionCallInfo fcinfo, Oid relid, const LancedbOptions *options)
{
	LancedbVersion newest;

	if (!PG_ARGISNULL(2))
	{
		if (PG_GETARG_INT64(2) < 1)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("a version of a Lance table is a positive number")));
		return (uint64) PG_GETARG_INT64(2);
	}
	if (lancedb_write_find(lancedb_canonical_uri(relid)) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("this transaction has changed the Lance table \"%s\"", get_rel_name(relid)),
				 errhint("Commit first, or say which version the tag is for.")));
	if (lancedb_open_newest(options, CurrentMemoryContext, &newest) == NULL)
		ereport(ERROR, (errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
						errmsg("Lance table \"%s\" does not exist", options->uri)));
	return newest.number;
}

PG_FUNCTION_INFO_V1(lancedb_tag_create);

Datum
lancedb_tag_create(PG_FUNCTION_ARGS)
{
	Oid relid;
	LancedbOptions *options;
	uint64 version;
	const char *tag;
	LdbStatus status;
	LdbError err;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	relid = PG_GETARG_OID(0);
	options = changeable_table(relid, "lancedb.tag_create()");
	lancedb_check_may_write(GetForeignServerIdByRelId(relid));
	version = version_to_tag(fcinfo, relid, options);
	tag = utf8(PG_GETARG_TEXT_PP(1));
	status = ldb_tag_create(lancedb_open_locations(options, CurrentMemoryContext), options->uri,
							tag, version, &lancedb_cancel, &err);
	/* another try would not help, unlike with other conflicts */
	if (status == LDB_CONFLICT)
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT),
						errmsg("tag \"%s\" exists already", lancedb_message_text(tag))));
	lancedb_check(status, &err);
	PG_RETURN_INT64((int64) version);
}

PG_FUNCTION_INFO_V1(lancedb_tag_drop);

Datum
lancedb_tag_drop(PG_FUNCTION_ARGS)
{
	Oid relid = PG_GETARG_OID(0);
	LancedbOptions *options = changeable_table(relid, "lancedb.tag_drop()");
	LdbError err;

	lancedb_check_may_write(GetForeignServerIdByRelId(relid));
	lancedb_check(ldb_tag_drop(lancedb_open_locations(options, CurrentMemoryContext), options->uri,
							   utf8(PG_GETARG_TEXT_PP(1)), &lancedb_cancel, &err),
				  &err);
	PG_RETURN_VOID();
}
