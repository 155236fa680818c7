/* conflict.c -- see conflict.h. */
#include "conflict.h"

#include <inttypes.h>

#include "conflict_rows.h"
#include "ldb/proto/proto.h"
#include "ldb/table/commit.h"
#include "operation.h"
#include "transaction.h"

/* Our side of the matrix. */
typedef struct Mine
{
	const LdbChange *change;
	LdbOperation operation;
	bool changes_rows;    /* of fragments that were there */
	bool changes_columns; /* Merge or Project */
} Mine;

static Mine
describe(const LdbChange *change, const LdbSchema *schema)
{
	LdbOperation operation = ldb_change_operation(change, schema);

	return (Mine){
		.change = change,
		.operation = operation,
		.changes_rows = change->fragment_count > 0,
		.changes_columns = operation == LDB_OPERATION_MERGE || operation == LDB_OPERATION_PROJECT,
	};
}

static bool
touches(const LdbChange *change, uint64_t fragment_id)
{
	size_t low = 0, high = change->fragment_count;

	while (low < high)
	{
		size_t middle = low + (high - low) / 2;

		if (change->fragments[middle].id < fragment_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < change->fragment_count && change->fragments[low].id == fragment_id;
}

static bool
touches_any(const LdbChange *change, Ldb__DataFragment *const *fragments, size_t count)
{
	for (size_t i = 0; i < count; i++)
	{
		if (touches(change, fragments[i]->id))
			return true;
	}
	return false;
}

/* Each gives the reason why the two do not go together, or NULL. */

static const char *
against_rewrite(const Mine *mine, const Ldb__Transaction__Rewrite *theirs)
{
	if (mine->operation == LDB_OPERATION_MERGE)
		return "it moved rows to other files";
	if (touches_any(mine->change, theirs->old_fragments, theirs->n_old_fragments))
		return "it moved rows that this change deletes or updates";
	for (size_t i = 0; i < theirs->n_groups; i++)
	{
		if (touches_any(mine->change, theirs->groups[i]->old_fragments,
						theirs->groups[i]->n_old_fragments))
			return "it moved rows that this change deletes or updates";
	}
	return NULL;
}

static const char *
against_replacement(const Mine *mine, const Ldb__Transaction__DataReplacement *theirs)
{
	if (mine->operation == LDB_OPERATION_MERGE)
		return "it replaced data files";
	for (size_t i = 0; i < theirs->n_replacements; i++)
	{
		if (touches(mine->change, theirs->replacements[i]->fragment_id))
			return "it replaced data files of rows that this change deletes or updates";
	}
	return NULL;
}

static const char *
against_config(const Mine *mine, const Ldb__Transaction__UpdateConfig *theirs)
{
	if (mine->changes_columns &&
		(theirs->schema_metadata_updates != NULL || theirs->n_field_metadata_updates > 0))
		return "it changed metadata of columns, and so does this change";
	return NULL;
}

static const char *
against_columns(const Mine *mine, bool files_changed)
{
	if (mine->changes_columns)
		return "it changed columns, and so does this change";
	if (mine->changes_rows && files_changed)
		return "it changed columns of rows that this change deletes or updates";
	return NULL;
}

static const char *
find_reason(const Mine *mine, const Ldb__Transaction *theirs)
{
	switch (theirs->operation_case)
	{
		case LDB__TRANSACTION__OPERATION_APPEND:
		case LDB__TRANSACTION__OPERATION_DELETE:
		case LDB__TRANSACTION__OPERATION_UPDATE:
			return mine->operation == LDB_OPERATION_MERGE
					   ? "it changed rows while this change rewrites columns"
					   : NULL;
		case LDB__TRANSACTION__OPERATION_OVERWRITE:
			return "it replaced the whole table";
		case LDB__TRANSACTION__OPERATION_RESTORE:
			return "it went back to an older version";
		case LDB__TRANSACTION__OPERATION_REWRITE:
			return against_rewrite(mine, theirs->rewrite);
		case LDB__TRANSACTION__OPERATION_MERGE:
			return against_columns(mine, true);
		case LDB__TRANSACTION__OPERATION_PROJECT:
			return against_columns(mine, false);
		case LDB__TRANSACTION__OPERATION_UPDATE_CONFIG:
			return against_config(mine, theirs->update_config);
		case LDB__TRANSACTION__OPERATION_DATA_REPLACEMENT:
			return against_replacement(mine, theirs->data_replacement);
		case LDB__TRANSACTION__OPERATION_CREATE_INDEX:
		case LDB__TRANSACTION__OPERATION_RESERVE_FRAGMENTS:
		case LDB__TRANSACTION__OPERATION_UPDATE_BASES:
			return NULL;
		default:
			return "this build does not know what that means";
	}
}

static LdbStatus
lost_version(const LdbConflictCheck *check, uint64_t version, const char *what, LdbError *err)
{
	LDB_FAIL(err, LDB_CONFLICT,
			 "table \"%s\" was changed by another writer, and %s version %" PRIu64
			 " is gone, so nobody can say whether the changes go together",
			 check->home->uri, what, version);
}

static LdbStatus
judge(const LdbConflictCheck *check, const Mine *mine, uint64_t version, LdbSlice transaction,
	  LdbArena *scratch, LdbError *err)
{
	ProtobufCMessage *message;
	const char *reason;

	LDB_TRY(ldb_proto_unpack(&ldb__transaction__descriptor, transaction, scratch,
							 "transaction of another writer", &message, err));
	reason = find_reason(mine, (const Ldb__Transaction *) message);
	if (reason == NULL)
		return LDB_OK;
	ldb_error_set(err, LDB_CONFLICT,
				  "version %" PRIu64
				  " of table \"%s\", %s by another writer, does not go together with this change "
				  "(%s): %s",
				  version, check->home->uri, ldb_transaction_name(transaction),
				  ldb_operation_name(mine->operation), reason);
	return LDB_CONFLICT;
}

static LdbStatus
check_version(const LdbConflictCheck *check, const Mine *mine, uint64_t version, LdbArena *scratch,
			  LdbError *err)
{
	LdbVersionEntry entry = {.version = version};
	LdbSlice file, transaction;
	LdbStatus status;

	LDB_CHECK_CANCEL(check->cancel, err);
	status = ldb_versions_read(check->home, &entry, scratch, &file, check->cancel, err);
	if (status == LDB_NOT_FOUND)
		return lost_version(check, version, "the manifest of", err);
	LDB_TRY(status);
	LDB_TRY(ldb_transaction_find(check->home, file, entry.name, scratch, &transaction,
								 check->cancel, err));
	if (transaction.data == NULL)
		return lost_version(check, version, "the transaction of", err);
	return judge(check, mine, version, transaction, scratch, err);
}

static LdbStatus
check_transactions(const LdbConflictCheck *check, const Mine *mine, LdbError *err)
{
	LdbArena *scratch = ldb_arena_new(0);
	uint64_t newest = check->newest->manifest->version;
	LdbStatus status = LDB_OK;

	if (scratch == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for transactions of other writers");
	for (uint64_t v = check->change->base_version + 1; v <= newest && status == LDB_OK; v++)
	{
		ldb_arena_reset(scratch);
		status = check_version(check, mine, v, scratch, err);
	}
	ldb_arena_free(scratch);
	return status;
}

static LdbStatus
made_anew(const LdbConflictCheck *check, LdbError *err)
{
	LDB_FAIL(err, LDB_CONFLICT, "table \"%s\" was dropped and made anew by another writer",
			 check->home->uri);
}

static bool
is_same_base(const LdbChange *change, const LdbManifest *base)
{
	return change->base_timestamp_us == 0 || change->base_timestamp_us == base->timestamp_us;
}

/* *base = NULL when a cleanup took it. */
static LdbStatus
read_base(const LdbConflictCheck *check, LdbArena *arena, LdbManifest **base, LdbError *err)
{
	LdbVersionEntry entry = {.version = check->change->base_version};
	LdbSlice file;
	LdbStatus status = ldb_versions_read(check->home, &entry, arena, &file, check->cancel, err);

	*base = NULL;
	if (status == LDB_NOT_FOUND)
		return LDB_OK;
	LDB_TRY(status);
	return ldb_manifest_parse(file, entry.name, arena, base, err);
}

static LdbStatus
check_since_base(const LdbConflictCheck *check, LdbArena *arena, LdbError *err)
{
	Mine mine;
	LdbManifest *base;

	LDB_TRY(read_base(check, arena, &base, err));
	if (base != NULL && !is_same_base(check->change, base))
		return made_anew(check, err);
	if (check->change->restored != NULL)
		return LDB_OK;
	mine = describe(check->change, base == NULL ? &check->newest->manifest->schema : &base->schema);
	LDB_TRY(check_transactions(check, &mine, err));
	if (base == NULL && (mine.changes_rows || mine.change->new_count > 0))
		return lost_version(check, check->change->base_version, "the manifest of", err);
	if (base == NULL)
		return LDB_OK;
	LDB_TRY(ldb_conflict_check_columns(check, base, err));
	return ldb_conflict_check_rows(check, base, err);
}

LdbStatus
ldb_conflict_check(const LdbConflictCheck *check, LdbError *err)
{
	const LdbManifest *newest = check->newest->manifest;
	LdbArena *arena;
	LdbStatus status;

	if (newest->version < check->change->base_version ||
		(newest->version == check->change->base_version && !is_same_base(check->change, newest)))
		return made_anew(check, err);
	if (newest->version == check->change->base_version)
		return LDB_OK;
	arena = ldb_arena_new(0);
	if (arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for versions of other writers");
	status = check_since_base(check, arena, err);
	ldb_arena_free(arena);
	return status;
}

LdbStatus
ldb_change_check(LdbLocations *locations, const char *uri, const LdbChange *change,
				 LdbDataset *newer, const LdbCancel *cancel, LdbError *err)
{
	static const LdbVersionChoice latest = {0};
	LdbArena *arena = ldb_arena_new(0);
	LdbHead newest = {.locations = locations,
					  .uri = uri,
					  .manifest = ldb_dataset_manifest(newer),
					  .dataset = newer};
	LdbVersionHome home;
	LdbConflictCheck check = {&home, change, &newest, cancel};
	uint64_t unused;
	LdbStatus status;

	if (arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for table \"%s\"", uri);
	status = ldb_versions_find_home(locations, uri, &latest, arena, &home, &unused, cancel, err);
	if (status == LDB_OK && change->create != NULL)
	{
		ldb_error_set(err, LDB_CONFLICT, "table \"%s\" exists already", uri);
		status = LDB_CONFLICT;
	}
	else if (status == LDB_OK)
		status = ldb_conflict_check(&check, err);
	ldb_arena_free(arena);
	return status;
}
