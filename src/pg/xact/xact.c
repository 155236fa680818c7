/* xact.c -- what the server tells about the course of transactions, and who is to hear it. */
#include "xact/xact.h"

#include "access/xact.h"
#include "miscadmin.h"

/* A prepared transaction ends in another session, without the drafts. */
static void
check_prepare(void)
{
	if (dlist_is_empty(&lancedb_writes) && !lancedb_has_reads())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot PREPARE a transaction that has operated on Lance tables"),
			 dlist_is_empty(&lancedb_writes) ? errdetail("It is SERIALIZABLE and has read them.")
											 : errdetail("It has changed them.")));
}

/* Drafts with nothing to commit may have files of rows that were deleted again. */
static void
after_commit(void)
{
	while (!dlist_is_empty(&lancedb_writes))
	{
		LancedbWriteState *state = dlist_head_element(LancedbWriteState, node, &lancedb_writes);

		if (state->commit == NULL)
			(void) ldb_draft_discard(state->shown.draft);
		lancedb_write_free(state);
	}
}

static void
transaction_callback(XactEvent event, void *argument)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			lancedb_pre_commit();
			break;
		case XACT_EVENT_PRE_PREPARE:
			check_prepare();
			break;
		case XACT_EVENT_COMMIT:
			after_commit();
			lancedb_forget_reads();
			break;
		case XACT_EVENT_ABORT:
			lancedb_after_abort();
			lancedb_forget_reads();
			break;
		case XACT_EVENT_PREPARE:
		case XACT_EVENT_PARALLEL_PRE_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
		case XACT_EVENT_PARALLEL_ABORT:
			break;
	}
}

static void
roll_back(LancedbWriteState *state, int level)
{
	if (state->level < level)
	{
		ldb_draft_roll_back(state->shown.draft, level);
		lancedb_view_forget(state);
		return;
	}
	(void) ldb_draft_discard(state->shown.draft);
	lancedb_write_free(state);
}

static void
release(LancedbWriteState *state, int level)
{
	ldb_draft_release(state->shown.draft, level);
	state->level = Min(state->level, level - 1);
}

static void
savepoint_callback(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *argument)
{
	int level = GetCurrentTransactionNestLevel();
	dlist_mutable_iter at;

	if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
		return;
	dlist_foreach_modify(at, &lancedb_writes)
	{
		LancedbWriteState *state = dlist_container(LancedbWriteState, node, at.cur);

		if (event == SUBXACT_EVENT_ABORT_SUB)
			roll_back(state, level);
		else
			release(state, level);
	}
}

/* The server calls the callback that was registered first last: as late as possible. */
void
lancedb_xact_register(void)
{
	RegisterXactCallback(transaction_callback, NULL);
	RegisterSubXactCallback(savepoint_callback, NULL);
}
