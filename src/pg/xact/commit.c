/*
 * commit.c -- makes the changes of a transaction versions of their datasets, and takes them back.
 *
 * Order, for all datasets together: lock, check and prepare, write audit rows, make the server's own
 * commit durable, put the manifests. Everything that can fail for a good reason fails before the
 * first put. What is put when an error comes all the same is taken back by the abort.
 */
#include "xact/xact.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/predicate.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/* With the pauses between them, a second or two. */
#define MOST_ROUNDS_IN_VAIN 8

/* From here on a cancel must not leave a question open: a put, or the way back. */
static bool must_finish = false;

static bool
must_stop(void *context)
{
	return !must_finish && lancedb_cancel.requested(lancedb_cancel.context);
}

static const LdbCancel commit_cancel = {must_stop, NULL};

/* ---- what is to be done ---- */

static int
compare_writes(const ListCell *a, const ListCell *b)
{
	return strcmp(((LancedbWriteState *) lfirst(a))->shown.uri,
				  ((LancedbWriteState *) lfirst(b))->shown.uri);
}

static List *
writes_to_commit(void)
{
	List *writes = NIL;
	dlist_iter at;

	dlist_foreach(at, &lancedb_writes)
	{
		LancedbWriteState *state = dlist_container(LancedbWriteState, node, at.cur);

		if (!ldb_draft_is_empty(state->shown.draft))
			writes = lappend(writes, state);
	}
	list_sort(writes, compare_writes);
	return writes;
}

static int
compare_texts(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

static bool
is_written(List *writes, const char *uri)
{
	ListCell *cell;

	foreach (cell, writes)
	{
		if (strcmp(((LancedbWriteState *) lfirst(cell))->shown.uri, uri) == 0)
			return true;
	}
	return false;
}

/* In one order everywhere, or two commits could wait for each other. */
static void
lock_datasets(List *writes, List *read_uris)
{
	List *uris = list_copy(read_uris);
	const char *last = NULL;
	ListCell *cell;

	foreach (cell, writes)
		uris = lappend(uris, unconstify(char *, ((LancedbWriteState *) lfirst(cell))->shown.uri));
	list_sort(uris, compare_texts);
	foreach (cell, uris)
	{
		const char *uri = lfirst(cell);

		if (last != NULL && strcmp(last, uri) == 0)
			continue;
		lancedb_lock_commit(uri, is_written(writes, uri) ? ExclusiveLock : ShareLock);
		last = uri;
	}
}

/* ---- prepare ---- */

/* Keys that others added since the base of the draft. */
static void
recheck_keys(LancedbWriteState *state)
{
	LancedbVersion newest;
	LdbDataset *latest;

	if (state->shown.keys == NULL || lancedb_keys_recheck_hook == NULL || state->base.number == 0)
		return;
	latest = lancedb_open_newest(state->options, CurrentMemoryContext, &newest);
	if (latest != NULL && newest.number > state->base.number)
		lancedb_keys_recheck_hook(&state->shown, ldb_draft_base(state->shown.draft), latest);
}

static void
prepare(LancedbWriteState *state)
{
	LdbCommitOptions options = {.property_count = LANCEDB_PROPERTY_COUNT,
								.properties = state->id.properties,
								.cancel = &commit_cancel};
	LdbError err;

	recheck_keys(state);
	lancedb_make_commit_id(&state->id);
	state->arena = lancedb_arena_new(state->shown.context);
	lancedb_check(
		ldb_draft_change(state->shown.draft, UINT32_MAX, state->arena, &state->change, &err), &err);
	lancedb_check(ldb_commit_new(state->locations, state->options->uri, &state->change, &options,
								 &state->commit, &err),
				  &err);
	lancedb_write_check(state, ldb_commit_prepare(state->commit, &err), &err);
}

static void
write_audit(LancedbWriteState *state)
{
	LancedbAudit audit = {
		.uuid = state->id.uuid,
		.uri = state->shown.uri,
		.version = ldb_commit_version(state->commit),
		.relid = state->shown.relid,
		.has_counts = true,
	};
	LdbError err;

	lancedb_check(ldb_draft_counts(state->shown.draft, &audit.counts, &err), &err);
	lancedb_audit_insert(&audit);
}

/* ---- put ---- */

static LdbStatus
put_once(LancedbWriteState *state, LdbError *err)
{
	LdbStatus status;

	must_finish = true;
	status = ldb_commit_put(state->commit, err);
	must_finish = false;
	return status;
}

/* Another writer, one that does not know our locks, made the version that was to be ours. */
static void
prepare_again(LancedbWriteState *state, int attempt)
{
	LdbError err;

	CHECK_FOR_INTERRUPTS();
	lancedb_check(ldb_commit_pause(attempt, &commit_cancel, &err), &err);
	PushActiveSnapshot(GetTransactionSnapshot());
	recheck_keys(state);
	lancedb_write_check(state, ldb_commit_prepare(state->commit, &err), &err);
	lancedb_audit_set_version(&state->id.uuid, ldb_commit_version(state->commit));
	PopActiveSnapshot();
}

/*
 * Each round another writer was faster, so the next is for a higher version. Where it is not, the
 * name is taken by what is no version, a folder for instance, and will be for ever.
 */
static void
check_progress(const LancedbWriteState *state, uint64 version, int *rounds_in_vain)
{
	*rounds_in_vain = ldb_commit_version(state->commit) == version ? *rounds_in_vain + 1 : 0;
	if (*rounds_in_vain == MOST_ROUNDS_IN_VAIN)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_FILE),
				 errmsg("could not write version " UINT64_FORMAT " of Lance table \"%s\"", version,
						state->name),
				 errdetail("The name of its manifest is taken by something that is no manifest."),
				 errhint("Look into \"%s/_versions\".", state->options->uri)));
}

static void
put(LancedbWriteState *state)
{
	int rounds_in_vain = 0;
	LdbError err;
	LdbStatus status;

	for (int attempt = 1; (status = put_once(state, &err)) == LDB_CONFLICT; attempt++)
	{
		uint64 version = ldb_commit_version(state->commit);

		prepare_again(state, attempt);
		check_progress(state, version, &rounds_in_vain);
	}
	lancedb_check(status, &err);
}

static void
prepare_all(List *writes)
{
	ListCell *cell;

	PushActiveSnapshot(GetTransactionSnapshot());
	lock_datasets(writes, lancedb_read_uris());
	lancedb_check_reads();
	foreach (cell, writes)
		prepare(lfirst(cell));
	foreach (cell, writes)
		write_audit(lfirst(cell));
	PopActiveSnapshot();
}

void
lancedb_pre_commit(void)
{
	List *writes = writes_to_commit();
	bool check_reads =
		lancedb_has_reads() && (writes != NIL || TransactionIdIsValid(GetTopTransactionIdIfAny()));
	MemoryContext context;
	MemoryContext before;
	ListCell *cell;

	if (!check_reads)
		lancedb_forget_reads();
	if (writes == NIL && !check_reads)
		return;
	context = AllocSetContextCreate(TopTransactionContext, "lancedb commit", ALLOCSET_SMALL_SIZES);
	before = MemoryContextSwitchTo(context);
	prepare_all(writes);
	if (writes != NIL)
	{
		/* the version is there for good, so the audit row must be */
		ForceSyncCommit();
		/* the server does this later too; what it finds now need not be taken back */
		if (IsolationIsSerializable())
			PreCommit_CheckForSerializationFailure();
		foreach (cell, writes)
			put(lfirst(cell));
	}
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
}

/* ---- the way back: nothing here may raise an error ---- */

static void
warn_of_version(const LancedbWriteState *state, const LdbError *err)
{
	ereport(WARNING,
			(errmsg("version " UINT64_FORMAT " of Lance table \"%s\" could not be taken back",
					(uint64) ldb_commit_version(state->commit), state->options->uri),
			 errdetail("%s", lancedb_message_text(err->message)),
			 errhint("Its transaction is rolled back. It is listed in lancedb.unresolved, where "
					 "lancedb.resolve keeps or withdraws it.")));
}

static void
undo(LancedbWriteState *state)
{
	LdbError err;
	size_t left;

	if (state->commit != NULL && ldb_commit_take_back(state->commit, &err) != LDB_OK)
		warn_of_version(state, &err);
	if (state->commit != NULL && ldb_commit_sent(state->commit))
		return;
	left = ldb_draft_discard(state->shown.draft);
	if (left > 0)
		ereport(WARNING, (errmsg("%zu data files of Lance table \"%s\" could not be deleted", left,
								 state->options->uri),
						  errdetail("No version names them.")));
}

void
lancedb_after_abort(void)
{
	must_finish = true;
	/* in the opposite order of the puts, as far as they came */
	while (!dlist_is_empty(&lancedb_writes))
	{
		LancedbWriteState *state = dlist_tail_element(LancedbWriteState, node, &lancedb_writes);

		undo(state);
		lancedb_write_free(state);
	}
	must_finish = false;
}
