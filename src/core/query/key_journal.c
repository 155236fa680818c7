/* key_journal.c -- the keys of rows that a transaction added to a draft. */
#include "ldb/query/key_journal.h"

#include "ldb/base/arena.h"
#include "ldb/query/key.h"

#define FIRST_SLOTS 64

typedef struct Entry
{
	LdbKeyEntry public;
	uint64_t hash;
	size_t key_offset;
	size_t key_length;
} Entry;

/* Slots hold the index of an entry plus one; an entry is in the first slot that was free from its
 * home on. */
struct LdbKeyJournal
{
	LdbBuffer keys;
	Entry *entries; /* owned */
	size_t count;
	size_t capacity;
	uint32_t *slots; /* owned */
	size_t slot_count;
};

LdbStatus
ldb_key_journal_new(LdbKeyJournal **journal, LdbError *err)
{
	*journal = ldb_heap_zalloc(sizeof **journal);
	if (*journal == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for new keys");
	return LDB_OK;
}

void
ldb_key_journal_clear(LdbKeyJournal *journal)
{
	ldb_buffer_free(&journal->keys);
	ldb_heap_free(journal->entries);
	ldb_heap_free(journal->slots);
	*journal = (LdbKeyJournal){0};
}

void
ldb_key_journal_free(LdbKeyJournal *journal)
{
	if (journal == NULL)
		return;
	ldb_key_journal_clear(journal);
	ldb_heap_free(journal);
}

size_t
ldb_key_journal_bytes(const LdbKeyJournal *journal)
{
	return journal->keys.capacity + journal->capacity * sizeof *journal->entries +
		   journal->slot_count * sizeof *journal->slots;
}

size_t
ldb_key_journal_count(const LdbKeyJournal *journal)
{
	return journal->count;
}

/* --- slots; their number is a power of two --- */

static void
put(LdbKeyJournal *journal, size_t index)
{
	size_t mask = journal->slot_count - 1;
	size_t slot = (size_t) journal->entries[index].hash & mask;

	while (journal->slots[slot] != 0)
		slot = (slot + 1) & mask;
	journal->slots[slot] = (uint32_t) (index + 1);
}

static LdbStatus
grow_slots(LdbKeyJournal *journal, LdbError *err)
{
	size_t count = journal->slot_count == 0 ? FIRST_SLOTS : journal->slot_count * 2;
	uint32_t *slots;

	if (journal->count < journal->slot_count / 2)
		return LDB_OK;
	if (journal->count >= UINT32_MAX / 2)
		LDB_FAIL(err, LDB_NOMEM, "too many new keys");
	slots = ldb_heap_zalloc(count * sizeof *slots);
	if (slots == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for new keys");
	ldb_heap_free(journal->slots);
	journal->slots = slots;
	journal->slot_count = count;
	for (size_t i = 0; i < journal->count; i++)
		put(journal, i);
	return LDB_OK;
}

static LdbStatus
grow_entries(LdbKeyJournal *journal, LdbError *err)
{
	size_t capacity = journal->capacity == 0 ? FIRST_SLOTS : journal->capacity * 2;
	Entry *entries;

	if (journal->count < journal->capacity)
		return LDB_OK;
	entries = ldb_heap_realloc(journal->entries, capacity * sizeof *entries);
	if (entries == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for new keys");
	journal->entries = entries;
	journal->capacity = capacity;
	return LDB_OK;
}

/* --- keys --- */

LdbStatus
ldb_key_journal_add(LdbKeyJournal *journal, LdbSlice key, LdbKeyEntry entry, LdbError *err)
{
	size_t offset = journal->keys.length;

	LDB_TRY(grow_slots(journal, err));
	LDB_TRY(grow_entries(journal, err));
	if (!ldb_buffer_append(&journal->keys, key.data, key.length))
		LDB_FAIL(err, LDB_NOMEM, "out of memory for new keys");
	journal->entries[journal->count] = (Entry){.public = entry,
											   .hash = ldb_key_hash(key, 0),
											   .key_offset = offset,
											   .key_length = key.length};
	put(journal, journal->count);
	journal->count++;
	return LDB_OK;
}

const LdbKeyEntry *
ldb_key_journal_next(const LdbKeyJournal *journal, LdbSlice key, size_t *place)
{
	uint64_t hash = ldb_key_hash(key, 0);
	size_t mask = journal->slot_count - 1;

	if (journal->slot_count == 0)
		return NULL;
	for (;;)
	{
		size_t index = journal->slots[((size_t) hash + *place) & mask];
		const Entry *entry;

		if (index == 0)
			return NULL;
		(*place)++;
		entry = &journal->entries[index - 1];
		if (entry->hash == hash &&
			ldb_slice_equal(key,
							ldb_slice(journal->keys.data + entry->key_offset, entry->key_length)))
			return &entry->public;
	}
}

const LdbKeyEntry *
ldb_key_journal_entry(const LdbKeyJournal *journal, size_t i, LdbSlice *key)
{
	const Entry *entry = &journal->entries[i];

	*key = ldb_slice(journal->keys.data + entry->key_offset, entry->key_length);
	return &entry->public;
}
