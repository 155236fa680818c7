/* write.c -- the datasets that the current transaction changes. */
#include "xact/xact.h"

#include "access/table.h"
#include "access/xact.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "storage/predicate.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* A draft with less would write very small pages. */
#define SMALLEST_SHARE ((size_t) 256 * 1024)

dlist_head lancedb_writes = DLIST_STATIC_INIT(lancedb_writes);
LancedbKeysRecheck lancedb_keys_recheck_hook = NULL;

/* ---- who may write what ---- */

/* What the server refuses for ordinary tables, in its own words. */
static void
check_transaction(void)
{
	PreventCommandIfReadOnly("a change of a Lance table");
	PreventCommandIfParallelMode("a change of a Lance table");
	PreventCommandDuringRecovery("a change of a Lance table");
}

static void
check_newest(Oid relid, const LancedbOptions *options)
{
	LancedbOptions chosen = *options;

	if (options->branch != NULL)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("cannot change branch \"%s\" of Lance table \"%s\"", options->branch,
							   get_rel_name(relid)),
						errdetail("Branches can only be read.")));
	if (!lancedb_reads_newest(options))
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("cannot change an earlier version of Lance table \"%s\"",
							   get_rel_name(relid)),
						errdetail("The foreign table has an option version, tag or as_of.")));
	lancedb_apply_as_of(&chosen);
	if (!lancedb_reads_newest(&chosen))
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("cannot change Lance table \"%s\" while lancedb.as_of is set",
							   get_rel_name(relid)),
						errhint("RESET lancedb.as_of first.")));
}

static LancedbOptions *
check_table(Oid relid)
{
	LancedbOptions *options = lancedb_table_options(relid);

	if (!options->updatable)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("Lance table \"%s\" does not allow changes", get_rel_name(relid)),
						errdetail("Option updatable is false.")));
	check_newest(relid, options);
	lancedb_check_may_write(GetForeignServerIdByRelId(relid));
	return options;
}

/* ---- the list ---- */

LancedbWrite *
lancedb_write_find(const char *canonical_uri)
{
	dlist_iter at;

	dlist_foreach(at, &lancedb_writes)
	{
		LancedbWriteState *state = dlist_container(LancedbWriteState, node, at.cur);

		if (strcmp(state->shown.uri, canonical_uri) == 0)
			return &state->shown;
	}
	return NULL;
}

/* Not in the list yet; an error before that takes everything with the current context. */
static LancedbWriteState *
make_state(Oid relid, const LancedbOptions *options, const char *uri)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "lancedb write", ALLOCSET_SMALL_SIZES);
	LancedbWriteState *state = MemoryContextAllocZero(context, sizeof(*state));

	state->shown.uri = MemoryContextStrdup(context, uri);
	state->shown.relid = relid;
	state->name = MemoryContextStrdup(context, get_rel_name(relid));
	state->shown.context = context;
	state->level = GetCurrentTransactionNestLevel();
	state->options = lancedb_copy_options(options, context);
	state->locations = lancedb_open_locations(state->options, context);
	return state;
}

void
lancedb_write_free(LancedbWriteState *state)
{
	dlist_delete(&state->node);
	lancedb_view_forget(state);
	ldb_commit_free(state->commit);
	ldb_draft_free(state->shown.draft);
	MemoryContextDelete(state->shown.context);
}

/* Of `count` datasets that are changed at once, partitions mostly, each has a share. */
static size_t
memory_for_rows(int count)
{
	size_t all = Min((size_t) maintenance_work_mem * 1024, (size_t) LDB_MEMORY_LIMIT / 4);

	return Max(all / (size_t) count, SMALLEST_SHARE);
}

static void
share_memory(void)
{
	dlist_iter at;
	int count = 0;

	dlist_foreach(at, &lancedb_writes) count++;
	dlist_foreach(at, &lancedb_writes)
	{
		LancedbWriteState *state = dlist_container(LancedbWriteState, node, at.cur);
		LdbError err;

		lancedb_check(ldb_draft_set_memory(state->shown.draft, memory_for_rows(count), &err), &err);
	}
}

/* From here on transaction callbacks look after it. */
static LancedbWrite *
list_state(LancedbWriteState *state)
{
	MemoryContextSetParent(state->shown.context, TopMemoryContext);
	dlist_push_tail(&lancedb_writes, &state->node);
	share_memory();
	return &state->shown;
}

/* ---- beginning ---- */

void
lancedb_write_check(const LancedbWriteState *state, LdbStatus status, const LdbError *err)
{
	if (status == LDB_CONFLICT)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent change of Lance table \"%s\"",
						state->name),
				 errdetail("%s", lancedb_message_text(err->message)),
				 errhint("The transaction might succeed if retried.")));
	lancedb_check(status, err);
}

static LdbDataset *
open_base(LancedbWriteState *state, const LancedbVersion *version, MemoryContext *context)
{
	LdbDataset *dataset;
	LdbError err;

	*context =
		AllocSetContextCreate(CurrentMemoryContext, "lancedb base version", ALLOCSET_SMALL_SIZES);
	dataset = lancedb_open_version(state->options, version, *context);
	lancedb_check(ldb_dataset_check_writable(dataset, &err), &err);
	return dataset;
}

static LancedbWrite *
begin_on(LancedbWriteState *state, const LancedbVersion *version)
{
	LdbDraftOptions options = {.memory_bytes = memory_for_rows(1), .cancel = &lancedb_cancel};
	LdbDataset *base = open_base(state, version, &state->base_context);
	LdbError err;

	MemoryContextSetParent(state->base_context, state->shown.context);
	state->base = *version;
	lancedb_check(ldb_draft_new(base, state->locations, &options, &state->shown.draft, &err), &err);
	return list_state(state);
}

void
lancedb_write_rebase(LancedbWriteState *state, const LancedbVersion *version)
{
	MemoryContext context;
	LdbDataset *newer = open_base(state, version, &context);
	MemoryContext before = state->base_context;
	LdbError err;

	lancedb_write_check(state, ldb_draft_rebase(state->shown.draft, newer, &err), &err);
	MemoryContextSetParent(context, state->shown.context);
	state->base_context = context;
	state->base = *version;
	lancedb_view_forget(state);
	MemoryContextDelete(before);
}

/* Tells the server's own detection of dangerous structures, which knows the foreign table only. */
static void
note_write(Oid relid)
{
	Relation relation = table_open(relid, NoLock);

	CheckTableForSerializableConflictIn(relation);
	table_close(relation, NoLock);
}

static void
take_lock(Oid relid, const LancedbOptions *options, const char *uri, LancedbLock lock)
{
	lancedb_lock_rows(uri, lock);
	/* what the planner saw may be from before the lock */
	if (lock != LANCEDB_LOCK_APPEND)
		lancedb_pin_forget_planned(lancedb_pin_key(options));
}

LancedbWrite *
lancedb_write_begin(Oid relid, Oid userid, LancedbLock lock)
{
	LancedbOptions *options;
	LancedbVersion version;
	LancedbWriteState *state;
	const char *uri;

	check_transaction();
	options = check_table(relid);
	(void) GetCurrentTransactionId();
	uri = lancedb_canonical_path(options->uri);
	take_lock(relid, options, uri, lock);
	note_write(relid);
	state = (LancedbWriteState *) lancedb_write_find(uri);
	if (state != NULL && state->base.number == 0)
		return &state->shown;
	version = lancedb_pinned_version(options, LANCEDB_PIN_EXECUTION, CurrentMemoryContext);
	if (state == NULL)
		return begin_on(make_state(relid, options, uri), &version);
	if (version.number > state->base.number)
		lancedb_write_rebase(state, &version);
	return &state->shown;
}

static void
check_missing(const LancedbWriteState *state)
{
	LdbVersionChoice newest = {0};
	uint64_t version;
	LdbError err;
	LdbStatus status = ldb_dataset_resolve(state->locations, state->options->uri, &newest,
										   &lancedb_cancel, &version, NULL, &err);

	if (status == LDB_NOT_FOUND)
		return;
	lancedb_check(status, &err);
	ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					errmsg("Lance table \"%s\" was created by another transaction at the same time",
						   get_rel_name(state->shown.relid)),
					errhint("Run the statement again.")));
}

LancedbWrite *
lancedb_write_create(Oid relid, const LdbNewTable *table)
{
	LdbDraftOptions draft = {.memory_bytes = memory_for_rows(1), .cancel = &lancedb_cancel};
	LancedbOptions *options;
	LancedbWriteState *state;
	const char *uri;
	LdbError err;

	check_transaction();
	options = check_table(relid);
	(void) GetCurrentTransactionId();
	(void) GetCurrentCommandId(true);
	uri = lancedb_canonical_path(options->uri);
	lancedb_lock_rows(uri, LANCEDB_LOCK_REPLACE);
	if (lancedb_write_find(uri) != NULL)
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_TABLE),
						errmsg("Lance table \"%s\" is created by this transaction already",
							   get_rel_name(relid))));
	state = make_state(relid, options, uri);
	check_missing(state);
	lancedb_check(ldb_draft_new_table(state->locations, state->options->uri, table, &draft,
									  &state->shown.draft, &err),
				  &err);
	return list_state(state);
}

LdbMark
lancedb_write_mark(void)
{
	LdbMark mark = {GetCurrentCommandId(true), GetCurrentTransactionNestLevel()};

	return mark;
}

void
lancedb_lock_dataset(Oid relid, LancedbLock lock)
{
	LancedbOptions *options = lancedb_table_options(relid);

	take_lock(relid, options, lancedb_canonical_path(options->uri), lock);
}

const char *
lancedb_canonical_uri(Oid relid)
{
	return lancedb_canonical_path(lancedb_table_options(relid)->uri);
}

LdbDataset *
lancedb_open_latest(Oid relid, MemoryContext context)
{
	LancedbOptions *options = lancedb_table_options(relid);
	LancedbVersion version;
	LdbDataset *dataset = lancedb_open_newest(options, context, &version);

	if (dataset == NULL)
		ereport(ERROR, (errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
						errmsg("table \"%s\" does not exist", options->uri)));
	return dataset;
}
