/*
 * key_journal.h -- the keys of rows that a transaction added and nobody can read yet.
 *
 * Keys are kept whole, so what is found is exact. A savepoint that is rolled back takes its keys
 * with it. Threads: one. Ownership: memory is the heap's.
 */
#ifndef LDB_QUERY_KEY_JOURNAL_H
#define LDB_QUERY_KEY_JOURNAL_H

#include "ldb/base/error.h"
#include "ldb/base/slice.h"

typedef struct LdbKeyJournal LdbKeyJournal;

typedef struct LdbKeyEntry
{
	uint64_t number;  /* of the row in its draft */
	uint32_t command; /* that added it */
	int level;        /* of savepoints */
} LdbKeyEntry;

LdbStatus ldb_key_journal_new(LdbKeyJournal **journal, LdbError *err);
void ldb_key_journal_free(LdbKeyJournal *journal); /* NULL is fine */
size_t ldb_key_journal_bytes(const LdbKeyJournal *journal);

LdbStatus ldb_key_journal_add(LdbKeyJournal *journal, LdbSlice key, LdbKeyEntry entry,
							  LdbError *err);

/* The rows with the key, the oldest first: *place is 0 at the start. NULL = no more. Valid until the
 * next change. */
const LdbKeyEntry *ldb_key_journal_next(const LdbKeyJournal *journal, LdbSlice key, size_t *place);

/* Forgets keys added at the level and deeper / makes them the level above's. */
void ldb_key_journal_roll_back(LdbKeyJournal *journal, int level);
void ldb_key_journal_release(LdbKeyJournal *journal, int level);
/* Forgets all keys and gives memory back. */
void ldb_key_journal_clear(LdbKeyJournal *journal);

#endif
