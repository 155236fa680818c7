/* latest.c -- whether others committed a version since the one that a statement sees. */
#include "keys/statement.h"

#include "xact/xact.h"

#include "utils/memutils.h"

/* A version right behind the newest one that is known: a small question, asked for each key. */
static bool
is_outdated(const LancedbWriteState *state, uint64 known)
{
	bool exists;
	LdbError err;

	lancedb_check(ldb_dataset_has_version(state->locations, state->options->uri, known + 1, &exists,
										  &lancedb_cancel, &err),
				  &err);
	return exists;
}

/* A trigger's statement may have moved the draft on. */
static void
take_base(LancedbKeys *keys, const LancedbWriteState *state)
{
	if (state->base.number <= keys->newest.number)
		return;
	keys->latest = lancedb_open_version(state->options, &state->base, keys->context);
	keys->newest = state->base;
}

void
lancedb_keys_look_for_latest(LancedbKeys *keys)
{
	LancedbWriteState *state = (LancedbWriteState *) keys->write;
	LancedbVersion newest;
	LdbDataset *dataset;

	/* a table that this transaction makes */
	if (state->base.number == 0)
		return;
	take_base(keys, state);
	if (!is_outdated(state, keys->newest.number))
		return;
	dataset = lancedb_open_newest(state->options, keys->context, &newest);
	if (dataset == NULL || newest.number <= keys->newest.number)
		return;
	keys->latest = dataset;
	keys->newest = newest;
}

/* Rows of the newest version have addresses in the draft from here on. */
void
lancedb_keys_move_to_latest(LancedbKeys *keys)
{
	LancedbWriteState *state = (LancedbWriteState *) keys->write;

	if (keys->latest != NULL && keys->newest.number > state->base.number)
		lancedb_write_rebase(state, &keys->newest);
}
