/*
 * view.c -- what a transaction sees of a dataset that it changed itself.
 *
 * A view holds the changes of all earlier commands on top of the version that the statement reads. It
 * is a dataset like any other, so scans do not know the difference. Planner and executor of one
 * command share one.
 */
#include "xact/xact.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

struct LancedbView
{
	MemoryContext context; /* owns this, the dataset and the hold on its base */
	CommandId before;      /* changes of earlier commands are in it */
	LdbDataset *dataset;
	int user_count;
	bool current; /* the next one who looks may share it */
};

static void
let_go(LancedbView *view)
{
	if (view->user_count == 0 && !view->current)
		MemoryContextDelete(view->context);
}

static void
release(void *handle)
{
	LancedbView *view = handle;

	view->user_count--;
	let_go(view);
}

void
lancedb_view_forget(LancedbWriteState *state)
{
	LancedbView *view = state->view;

	state->view = NULL;
	if (view == NULL)
		return;
	view->current = false;
	let_go(view);
}

static void
close_dataset(void *dataset)
{
	ldb_dataset_close(dataset);
}

/* Commands that the statement sees; a command of the server's own (DDL) sees all so far. */
static CommandId
commands_seen(void)
{
	return ActiveSnapshotSet() ? GetActiveSnapshot()->curcid : GetCurrentCommandId(false);
}

static LancedbView *
make_view(LancedbWriteState *state, CommandId before)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "lancedb view", ALLOCSET_SMALL_SIZES);
	LancedbView *view = MemoryContextAllocZero(context, sizeof(*view));
	LdbError err;

	view->context = context;
	view->before = before;
	/* before the view, so that it is let go after it */
	if (state->base.number != 0)
		(void) lancedb_open_version(state->options, &state->base, context);
	lancedb_check(ldb_draft_view(state->shown.draft, before, &view->dataset, &err), &err);
	lancedb_own(context, view->dataset, close_dataset);
	MemoryContextSetParent(context, TopMemoryContext);
	view->current = true;
	return view;
}

LancedbWrite *
lancedb_write_seen_by(const LancedbOptions *options)
{
	if (dlist_is_empty(&lancedb_writes) || !lancedb_reads_newest(options))
		return NULL;
	return lancedb_write_find(lancedb_canonical_path(options->uri));
}

/* Under READ COMMITTED each statement sees what others committed before it. */
static void
follow(LancedbWriteState *state, const LancedbOptions *options, LancedbPinPurpose purpose,
	   MemoryContext context)
{
	LancedbVersion version;

	if (state->base.number == 0)
		return;
	version = lancedb_pinned_version(options, purpose, context);
	if (version.number > state->base.number)
		lancedb_write_rebase(state, &version);
}

LdbDataset *
lancedb_write_view(LancedbWrite *write, const LancedbOptions *options, LancedbPinPurpose purpose,
				   MemoryContext context, LancedbVersion *base)
{
	LancedbWriteState *state = (LancedbWriteState *) write;
	CommandId before = commands_seen();

	follow(state, options, purpose, context);
	if (state->view == NULL || state->view->before != before)
	{
		LancedbView *view = make_view(state, before);

		lancedb_view_forget(state);
		state->view = view;
	}
	state->view->user_count++;
	lancedb_own(context, state->view, release);
	*base = state->base;
	return state->view->dataset;
}

LdbSlice
lancedb_write_pack(LancedbWrite *write, MemoryContext context)
{
	LdbArena *arena = lancedb_arena_new(context);
	LdbChange change = {0};
	LdbSlice bytes = {0};
	LdbError err;

	lancedb_check(ldb_draft_change(write->draft, commands_seen(), arena, &change, &err), &err);
	lancedb_check(ldb_change_pack(&change, arena, &bytes, &err), &err);
	return bytes;
}

LdbDataset *
lancedb_view_unpack(const LancedbOptions *options, uint64 base_version, LdbSlice bytes,
					MemoryContext context, LancedbVersion *base)
{
	LdbArena *arena = lancedb_arena_new(CurrentMemoryContext);
	LdbLocations *locations = lancedb_open_locations(options, context);
	LdbDataset *below = NULL;
	LdbDataset *restored = NULL;
	LdbDataset *dataset = NULL;
	LancedbVersion old;
	LdbChange change = {0};
	uint64_t number = 0;
	LdbError err;

	if (base_version != 0)
		below = lancedb_open_numbered(options, base_version, context, base);
	lancedb_check(ldb_change_restored(bytes, &number, &err), &err);
	if (number != 0)
		restored = lancedb_open_numbered(options, number, context, &old);
	lancedb_check(ldb_change_unpack(bytes, restored, arena, &change, &err), &err);
	lancedb_check(ldb_dataset_with_change(below, locations, options->uri, &change, &dataset,
										  &lancedb_cancel, &err),
				  &err);
	lancedb_own(context, dataset, close_dataset);
	return dataset;
}
