/*
 * search.c -- looks for a row that has a key, in all places where there may be one.
 *
 * These are: the version that the statement sees with the changes of earlier commands; rows that this
 * command added, in the journal or, when they are too many for it, in a view of their own; and the
 * newest version, once others committed one. What a set of keys proposes counts when the row is
 * live: for the transaction's draft, and in the newest version.
 */
#include "keys/statement.h"

#include "xact/xact.h"

#include "utils/memutils.h"

static LdbSlice
key_of(const LancedbKeyIndex *index)
{
	return ldb_slice(index->key.data, index->key.length);
}

static bool
is_live_in_draft(const LancedbKeys *keys, uint64 address)
{
	bool live;
	LdbError err;

	lancedb_check(ldb_draft_row_is_live(keys->write->draft, address, &live, &err), &err);
	return live;
}

static bool
is_live(LdbDataset *dataset, uint64 address)
{
	bool live;
	LdbError err;

	lancedb_check(ldb_dataset_row_is_live(dataset, address, &lancedb_cancel, &live, &err), &err);
	return live;
}

/* The next row of the cover with the key. */
static bool
next_row(LdbKeyCover *cover, const LancedbKeyIndex *index, LdbKeyWalk *walk, uint64 *address)
{
	uint64_t at = 0;
	bool found;
	LdbError err;

	lancedb_check(ldb_key_cover_next(cover, key_of(index), walk, &at, &found, &err), &err);
	*address = at;
	return found;
}

/* ---- rows that the transaction added ---- */

static bool
search_journal(LancedbKeys *keys, LancedbKeyIndex *index, LancedbKeyHit *hit)
{
	const LdbKeyEntry *entry;
	size_t place = 0;

	while ((entry = ldb_key_journal_next(index->own->journal, key_of(index), &place)) != NULL)
	{
		uint64_t address;
		LdbError err;
		LdbStatus status = ldb_draft_row_address(keys->write->draft, entry->number, &address, &err);

		/* rolled back with a savepoint */
		if (status == LDB_NOT_FOUND)
			continue;
		lancedb_check(status, &err);
		if (!is_live_in_draft(keys, address))
			continue;
		hit->address = address;
		hit->same_command = entry->command >= keys->command;
		hit->dataset = keys->table->dataset;
		return true;
	}
	return false;
}

static void
close_dataset(void *dataset)
{
	ldb_dataset_close(dataset);
}

/* A view of everything takes the place of the journal that was emptied. */
static void
follow_spill(LancedbKeys *keys, LancedbKeyIndex *index)
{
	LancedbWriteState *state = (LancedbWriteState *) keys->write;
	LdbDataset *view;
	LdbError err;

	if (index->spill_count == index->own->spill_count)
		return;
	if (index->spill_context == NULL)
		index->spill_context =
			AllocSetContextCreate(keys->context, "lancedb added keys", ALLOCSET_SMALL_SIZES);
	index->spilled = NULL;
	MemoryContextReset(index->spill_context);
	/* what the view is based on must stay, wherever the draft moves */
	if (state->base.number != 0)
		(void) lancedb_open_version(state->options, &state->base, index->spill_context);
	lancedb_check(ldb_draft_view(keys->write->draft, UINT32_MAX, &view, &err), &err);
	lancedb_own(index->spill_context, view, close_dataset);
	index->spilled = lancedb_cover_keys(keys->write->uri, &index->own->spec, view, UINT64_MAX,
										index->spill_context);
	index->spill_count = index->own->spill_count;
}

static bool
search_spilled(LancedbKeys *keys, LancedbKeyIndex *index, LancedbKeyHit *hit)
{
	LdbKeyWalk walk = {0};
	uint64 address;

	follow_spill(keys, index);
	if (index->spilled == NULL)
		return false;
	while (next_row(index->spilled, index, &walk, &address))
	{
		if (address >> 32 < LDB_STAGED_FRAGMENT || !is_live_in_draft(keys, address))
			continue;
		hit->address = address;
		hit->same_command = !is_live(keys->table->dataset, address);
		hit->dataset = keys->table->dataset;
		return true;
	}
	return false;
}

/* ---- rows that the statement sees, and those that others committed since ---- */

static void
cover_seen(LancedbKeys *keys, LancedbKeyIndex *index)
{
	/* rows in the journal need not be read back */
	uint64 below =
		lancedb_journal_is_complete(index->own, keys->write) ? LDB_STAGED_FRAGMENT : UINT64_MAX;

	if (index->seen == NULL)
		index->seen = lancedb_cover_keys(keys->write->uri, &index->own->spec, keys->table->dataset,
										 below, keys->context);
}

static void
cover_latest(LancedbKeys *keys, LancedbKeyIndex *index)
{
	if (keys->latest == NULL || index->latest_version == keys->newest.number)
		return;
	index->latest = lancedb_cover_keys(keys->write->uri, &index->own->spec, keys->latest,
									   UINT64_MAX, keys->context);
	index->latest_version = keys->newest.number;
}

/* Others may have deleted the row, or changed its key, in a version that the draft is not on yet. */
static bool
is_still_there(const LancedbKeys *keys, const LancedbKeyIndex *index, uint64 address)
{
	if (keys->latest == NULL || address >> 32 >= LDB_STAGED_FRAGMENT)
		return true;
	return ldb_key_cover_shares(index->seen, address, index->latest) &&
		   is_live(keys->latest, address);
}

static bool
search_seen(LancedbKeys *keys, LancedbKeyIndex *index, LancedbKeyHit *hit)
{
	LdbKeyWalk walk = {0};
	uint64 address;

	cover_seen(keys, index);
	while (next_row(index->seen, index, &walk, &address))
	{
		if (!is_live_in_draft(keys, address) || !is_still_there(keys, index, address))
			continue;
		hit->address = address;
		hit->same_command = false;
		hit->dataset = keys->table->dataset;
		return true;
	}
	return false;
}

/* Once the draft is on that version it tells which of its rows this transaction deleted. */
static bool
search_latest(LancedbKeys *keys, LancedbKeyIndex *index, LancedbKeyHit *hit)
{
	bool draft_is_there = keys->latest != NULL &&
						  ((LancedbWriteState *) keys->write)->base.number >= keys->newest.number;
	LdbKeyWalk walk = {0};
	uint64 address;

	if (keys->latest == NULL)
		return false;
	while (next_row(index->latest, index, &walk, &address))
	{
		if (ldb_key_cover_shares(index->latest, address, index->seen) ||
			(draft_is_there && !is_live_in_draft(keys, address)))
			continue;
		hit->address = address;
		hit->same_command = false;
		hit->dataset = keys->latest;
		return true;
	}
	return false;
}

bool
lancedb_search_key(LancedbKeys *keys, LancedbKeyIndex *index, LancedbKeyHit *hit)
{
	if (lancedb_lock_key(index->own, index->lock_seed, key_of(index)))
		lancedb_keys_look_for_latest(keys);
	cover_latest(keys, index);
	hit->index = index->indexid;
	return search_journal(keys, index, hit) || search_spilled(keys, index, hit) ||
		   search_seen(keys, index, hit) || search_latest(keys, index, hit);
}
