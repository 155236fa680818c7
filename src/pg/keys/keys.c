/* keys.c -- the unique keys of the rows that one statement adds, changes and removes. */
#include "keys/statement.h"

#include "access/genam.h"
#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/rel.h"

/* Keys of this transaction are kept in memory up to this; more of them are read from its files. As
 * many rows as a fragment has, since a look at the files ends the last one. */
#define JOURNAL_BYTES ((size_t) 96 << 20)
#define JOURNAL_KEYS 1048576

/* ---- opening ---- */

static void
free_buffer(void *buffer)
{
	ldb_buffer_free(buffer);
}

/* The same in all sessions and databases that have such an index on the dataset. */
static uint64
seed_of(const LancedbKeyColumns *columns, const char *uri)
{
	uint64 seed = ldb_key_hash(ldb_slice_of(uri), columns->spec.nulls_equal);

	for (int i = 0; i < columns->count; i++)
		seed = ldb_key_hash(ldb_slice_of(columns->fields[i]->name), seed);
	return seed;
}

static void
add_index(LancedbKeys *keys, Relation index)
{
	LancedbKeyIndex *added = &keys->indexes[keys->count++];
	Oid relid = RelationGetRelid(keys->relation);

	added->indexid = RelationGetRelid(index);
	added->columns = lancedb_key_columns(keys->table, keys->relation, index, keys->context);
	added->encoder = lancedb_key_encoder_new(added->columns, keys->relation, keys->context);
	added->own = lancedb_own_keys(keys->write, &added->columns->spec, relid, added->indexid);
	added->spill_count = added->own->spill_count;
	added->lock_seed = seed_of(added->columns, keys->write->uri);
	lancedb_own(keys->context, &added->key, free_buffer);
	lancedb_own(keys->context, &added->freed, free_buffer);
}

LancedbKeys *
lancedb_keys_open(Relation relation, LancedbTable *table, LancedbWrite *write,
				  MemoryContext context)
{
	List *indexes = RelationGetIndexList(relation);
	LancedbKeys *keys;
	ListCell *cell;

	if (indexes == NIL)
		return NULL;
	keys = MemoryContextAllocZero(context, sizeof(*keys));
	keys->relation = relation;
	keys->table = table;
	keys->write = write;
	keys->context = context;
	keys->command = GetCurrentCommandId(false);
	keys->newest.number = table->manifest->version;
	keys->indexes = MemoryContextAllocZero(context, sizeof(LancedbKeyIndex) * list_length(indexes));
	foreach (cell, indexes)
	{
		Relation index = index_open(lfirst_oid(cell), AccessShareLock);

		if (lancedb_is_key_index(index))
			add_index(keys, index);
		index_close(index, AccessShareLock);
	}
	return keys->count > 0 ? keys : NULL;
}

/* ---- looking for keys ---- */

static void
take_key(LancedbKeyIndex *index, TupleTableSlot *slot)
{
	index->has_key = lancedb_encode_key(index->encoder, slot, &index->key);
	index->slot = slot;
}

/* A row of the newest version can be changed once the transaction's changes are on top of it. */
static void
reach_row(LancedbKeys *keys, const LancedbKeyHit *hit)
{
	if (hit->dataset != keys->latest)
		return;
	if (IsolationUsesXactSnapshot())
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						errmsg("could not serialize access due to concurrent update")));
	lancedb_keys_move_to_latest(keys);
}

bool
lancedb_keys_find(LancedbKeys *keys, TupleTableSlot *slot, List *indexes, LancedbKeyHit *hit)
{
	for (int i = 0; i < keys->count; i++)
	{
		LancedbKeyIndex *index = &keys->indexes[i];

		if (indexes != NIL && !list_member_oid(indexes, index->indexid))
			continue;
		index->own->upserts = true;
		take_key(index, slot);
		if (!index->has_key || !lancedb_search_key(keys, index, hit))
			continue;
		reach_row(keys, hit);
		return true;
	}
	return false;
}

static void
report_duplicate(LancedbKeys *keys, const LancedbKeyIndex *found, TupleTableSlot *slot)
{
	Relation index = index_open(found->indexid, AccessShareLock);
	Datum values[INDEX_MAX_KEYS];
	bool isnull[INDEX_MAX_KEYS];
	char *key;

	for (int i = 0; i < found->columns->count; i++)
		values[i] = slot_getattr(slot, found->columns->attnums[i], &isnull[i]);
	key = lancedb_describe_values(keys->relation, index, values, isnull);
	ereport(ERROR, (errcode(ERRCODE_UNIQUE_VIOLATION),
					errmsg("duplicate key value violates unique constraint \"%s\"",
						   RelationGetRelationName(index)),
					key == NULL ? 0 : errdetail("Key %s already exists.", key),
					errtableconstraint(keys->relation, RelationGetRelationName(index))));
}

/* An UPDATE that leaves the key alone has nothing to look for. One that frees a key lets those wait who
 * want it. */
static bool
keeps_key(LancedbKeyIndex *index)
{
	LdbSlice freed = ldb_slice(index->freed.data, index->freed.length);

	if (!index->has_freed)
		return false;
	index->has_freed = false;
	if (index->has_key && ldb_slice_equal(ldb_slice(index->key.data, index->key.length), freed))
		return true;
	lancedb_lock_freed_key(index->own, index->lock_seed, freed);
	return false;
}

void
lancedb_keys_check(LancedbKeys *keys, TupleTableSlot *slot)
{
	for (int i = 0; i < keys->count; i++)
	{
		LancedbKeyIndex *index = &keys->indexes[i];
		LancedbKeyHit hit;

		take_key(index, slot);
		if (!keeps_key(index) && index->has_key && lancedb_search_key(keys, index, &hit))
			report_duplicate(keys, index, slot);
	}
}

/* ---- what became of rows ---- */

static void
write_journal(LancedbKeys *keys, LancedbKeyIndex *index, uint64 number)
{
	LancedbOwnKeys *own = index->own;
	LdbKeyEntry entry = {.number = number, .command = keys->command};
	LdbError err;

	if (index->has_key)
		lancedb_check(ldb_key_journal_add(
						  own->journal, ldb_slice(index->key.data, index->key.length), entry, &err),
					  &err);
	if (own->next_number == number)
		own->next_number++;
	if (ldb_key_journal_count(own->journal) < JOURNAL_KEYS &&
		ldb_key_journal_bytes(own->journal) <= JOURNAL_BYTES)
		return;
	ldb_key_journal_clear(own->journal);
	own->spill_count++;
}

void
lancedb_keys_added(LancedbKeys *keys, TupleTableSlot *slot, uint64 number)
{
	for (int i = 0; i < keys->count; i++)
	{
		LancedbKeyIndex *index = &keys->indexes[i];
		bool is_shared = false;

		if (index->slot != slot)
			take_key(index, slot);
		index->slot = NULL;
		/* two indexes on the same columns have one journal */
		for (int j = 0; j < i && !is_shared; j++)
			is_shared = keys->indexes[j].own == index->own;
		if (!is_shared)
			write_journal(keys, index, number);
	}
}

/* The draft knows that the row is gone; what becomes of its key is seen with the row that follows. */
void
lancedb_keys_removed(LancedbKeys *keys, TupleTableSlot *old_slot, uint64 address)
{
	for (int i = 0; i < keys->count; i++)
	{
		LancedbKeyIndex *index = &keys->indexes[i];

		index->has_freed = lancedb_encode_key(index->encoder, old_slot, &index->freed);
	}
}
