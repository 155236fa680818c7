/*
 * unresolved.c -- versions that this installation made and whose transaction did not commit.
 *
 * A crash between the put of a manifest and the commit record leaves one; so does an abort that could
 * not take its version back. The version is what everybody reads, so the owner of the table says
 * whether it stays.
 */
#include "xact/xact.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_class.h"
#include "catalog/pg_foreign_table.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#define UNRESOLVED_COLUMNS 5
#define RESOLVED_COLUMNS 3

/* ---- one dataset ---- */

typedef struct Unresolved
{
	uint64 version;
	int64 timestamp_us;
	const char *operation;
	pg_uuid_t uuid;
} Unresolved;

/* By an abort, or by somebody's decision that his own transaction did not keep. */
static bool
was_taken_back(const LdbTransactionInfo *infos, size_t count, uint64 version)
{
	char number[24];

	snprintf(number, sizeof(number), UINT64_FORMAT, version);
	for (size_t i = 0; i < count; i++)
	{
		if (infos[i].version > version &&
			strcmp(lancedb_property(&infos[i], LDB_PROPERTY_WITHDRAWS), number) == 0)
			return true;
	}
	return false;
}

static List *
choose_unresolved(const LdbTransactionInfo *infos, size_t count,
				  const LancedbCommitId *installation)
{
	List *found = NIL;

	for (size_t i = 0; i < count; i++)
	{
		Unresolved *unresolved;
		pg_uuid_t uuid;

		CHECK_FOR_INTERRUPTS();
		if (!lancedb_commit_is_ours(&infos[i], installation, &uuid) ||
			lancedb_audit_exists(&uuid) || was_taken_back(infos, count, infos[i].version))
			continue;
		unresolved = palloc(sizeof(*unresolved));
		unresolved->version = infos[i].version;
		unresolved->timestamp_us = infos[i].timestamp_us;
		unresolved->operation = infos[i].operation;
		unresolved->uuid = uuid;
		found = lappend(found, unresolved);
	}
	return found;
}

/*
 * Of Unresolved. The caller holds the commit lock: whoever put a version of this installation before
 * has ended, so his audit row is there or will never be.
 */
static LdbStatus
find_unresolved(const LancedbOptions *options, const LancedbCommitId *installation,
				List **unresolved, LdbError *err)
{
	LdbArena *arena = lancedb_arena_new(CurrentMemoryContext);
	LdbLocations *locations = lancedb_open_locations(options, CurrentMemoryContext);
	LdbTransactionInfo *infos = NULL;
	size_t count = 0;

	*unresolved = NIL;
	LDB_TRY(ldb_dataset_transactions(locations, options->uri, 0, arena, &infos, &count,
									 &lancedb_cancel, err));
	*unresolved = choose_unresolved(infos, count, installation);
	return LDB_OK;
}

/* ---- all of them ---- */

static List *
all_foreign_tables(void)
{
	Relation catalog = table_open(ForeignTableRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	List *relids = NIL;
	HeapTuple tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		relids = lappend_oid(relids, ((Form_pg_foreign_table) GETSTRUCT(tuple))->ftrelid);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	list_sort(relids, list_oid_cmp);
	return relids;
}

static bool
has_location(Oid relid)
{
	ForeignTable *table = GetForeignTable(relid);
	List *options = list_concat_copy(GetForeignServer(table->serverid)->options, table->options);
	ListCell *cell;

	foreach (cell, options)
	{
		if (strcmp(((DefElem *) lfirst(cell))->defname, "uri") == 0)
			return true;
	}
	return false;
}

/* NULL when the table is not to be looked at, or is gone by now. */
static LancedbOptions *
options_to_look_at(Oid relid)
{
	LancedbOptions *options;

	/* before the lock, so that nobody waits for what he may not look at */
	if (get_rel_name(relid) == NULL ||
		pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		return NULL;
	LockRelationOid(relid, AccessShareLock);
	if (get_rel_name(relid) == NULL || !lancedb_is_lance_table(relid) || !has_location(relid))
		return NULL;
	options = lancedb_table_options(relid);
	return lancedb_reads_newest(options) ? options : NULL;
}

static void
put_rows(ReturnSetInfo *result, Oid relid, List *unresolved)
{
	ListCell *cell;

	foreach (cell, unresolved)
	{
		Unresolved *version = lfirst(cell);
		TimestampTz made = version->timestamp_us - LANCEDB_EPOCH_US;
		Datum values[UNRESOLVED_COLUMNS] = {
			ObjectIdGetDatum(relid), Int64GetDatum((int64) version->version),
			TimestampTzGetDatum(made), CStringGetTextDatum(version->operation),
			UUIDPGetDatum(&version->uuid)};
		bool nulls[UNRESOLVED_COLUMNS] = {false};

		nulls[2] = !IS_VALID_TIMESTAMP(made);
		nulls[3] = version->operation[0] == '\0';
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

static void
list_table(ReturnSetInfo *result, Oid relid, const LancedbCommitId *installation)
{
	LancedbOptions *options = options_to_look_at(relid);
	const char *uri;
	List *unresolved;
	LdbError err;
	LdbStatus status;

	if (options == NULL)
		return;
	uri = lancedb_canonical_path(options->uri);
	lancedb_lock_commit(uri, ShareLock);
	status = find_unresolved(options, installation, &unresolved, &err);
	lancedb_unlock_commit(uri, ShareLock);
	if (status == LDB_CANCELLED)
		lancedb_check(status, &err);
	if (status == LDB_OK)
		put_rows(result, relid, unresolved);
	else if (status != LDB_NOT_FOUND)
		ereport(WARNING,
				(errmsg("versions of Lance table \"%s\" could not be read", get_rel_name(relid)),
				 errdetail("%s", lancedb_message_text(err.message))));
}

static void
check_not_standby(void)
{
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("recovery is in progress"),
				 errdetail("A standby may not have heard yet of commits that Lance tables have."),
				 errhint("Ask the primary server.")));
}

PG_FUNCTION_INFO_V1(lancedb_unresolved_versions);

Datum
lancedb_unresolved_versions(PG_FUNCTION_ARGS)
{
	MemoryContext each =
		AllocSetContextCreate(CurrentMemoryContext, "lancedb unresolved", ALLOCSET_DEFAULT_SIZES);
	LancedbCommitId installation;
	MemoryContext before;
	ListCell *cell;

	check_not_standby();
	InitMaterializedSRF(fcinfo, 0);
	lancedb_make_commit_id(&installation);
	foreach (cell, all_foreign_tables())
	{
		before = MemoryContextSwitchTo(each);
		list_table((ReturnSetInfo *) fcinfo->resultinfo, lfirst_oid(cell), &installation);
		MemoryContextSwitchTo(before);
		MemoryContextReset(each);
	}
	return (Datum) 0;
}

/* ---- the owner's decision ---- */

static void
check_owned_lance_table(Oid relid)
{
	if (get_rel_name(relid) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation %u does not exist", relid)));
	LockRelationOid(relid, AccessShareLock);
	if (!lancedb_is_lance_table(relid))
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("\"%s\" is not a Lance table", get_rel_name(relid)),
						errhint("Name a foreign table of a server that uses lancedb_fdw.")));
	if (!object_ownercheck(RelationRelationId, relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_FOREIGN_TABLE, get_rel_name(relid));
}

static const Unresolved *
find_version(Oid relid, const LancedbOptions *options, const LancedbCommitId *id, uint64 version)
{
	List *unresolved;
	ListCell *cell;
	LdbError err;

	lancedb_check(find_unresolved(options, id, &unresolved, &err), &err);
	foreach (cell, unresolved)
	{
		const Unresolved *candidate = lfirst(cell);

		if (candidate->version == version)
			return candidate;
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("version " UINT64_FORMAT " of Lance table \"%s\" is not unresolved",
						   version, get_rel_name(relid)),
					errhint("The view lancedb.unresolved lists those that are.")));
}

static void
write_audit(Oid relid, const LancedbOptions *options, const Unresolved *version,
			const char *resolution)
{
	LancedbAudit audit = {.uuid = version->uuid,
						  .uri = lancedb_canonical_path(options->uri),
						  .version = version->version,
						  .relid = relid,
						  .resolution = resolution};

	lancedb_audit_insert(&audit);
}

/*
 * At once, not at the end of the transaction: the row of the audit comes first, so that nothing but
 * the commit itself can fail after it. The new version says of itself which one it takes back, so
 * nothing is left to decide if that fails.
 */
static LdbWithdrawal
withdraw(const LancedbOptions *options, const Unresolved *version)
{
	LdbCommitOptions commit = {.cancel = &lancedb_cancel};
	LdbLocations *locations = lancedb_open_locations(options, CurrentMemoryContext);
	LdbWithdrawal result = {0};
	LdbError err;

	lancedb_check(
		ldb_version_withdraw(locations, options->uri, version->version, &commit, &result, &err),
		&err);
	return result;
}

static LdbWithdrawal
resolve(Oid relid, uint64 number, bool keep)
{
	LancedbOptions *options = lancedb_table_options(relid);
	LdbWithdrawal result = {0};
	const Unresolved *version;
	LancedbCommitId id;

	lancedb_lock_dataset(relid, LANCEDB_LOCK_MODIFY);
	lancedb_lock_commit(lancedb_canonical_path(options->uri), ExclusiveLock);
	lancedb_make_commit_id(&id);
	version = find_version(relid, options, &id, number);
	(void) GetCurrentTransactionId();
	write_audit(relid, options, version, keep ? "kept" : "withdrawn");
	return keep ? result : withdraw(options, version);
}

PG_FUNCTION_INFO_V1(lancedb_resolve);

Datum
lancedb_resolve(PG_FUNCTION_ARGS)
{
	Oid relid = PG_GETARG_OID(0);
	int64 version = PG_GETARG_INT64(1);
	const char *decision = text_to_cstring(PG_GETARG_TEXT_PP(2));
	bool keep = strcmp(decision, "keep") == 0;
	Datum values[RESOLVED_COLUMNS] = {0};
	bool nulls[RESOLVED_COLUMNS] = {false};
	LdbWithdrawal result;
	TupleDesc columns;

	if (!keep && strcmp(decision, "withdraw") != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid decision \"%s\"", decision),
						errhint("Choose 'keep' or 'withdraw'.")));
	if (version <= 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a version of a Lance table is a positive number")));
	PreventCommandIfReadOnly("lancedb.resolve()");
	PreventCommandDuringRecovery("lancedb.resolve()");
	check_owned_lance_table(relid);
	if (!keep)
		lancedb_check_may_write(GetForeignServerIdByRelId(relid));
	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	result = resolve(relid, (uint64) version, keep);
	values[0] = Int64GetDatum((int64) result.new_version);
	values[1] = Int64GetDatum((int64) result.rows_removed);
	values[2] = Int64GetDatum((int64) result.rows_lost);
	nulls[0] = keep;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}
