/*
 * key_journal.h -- the keys of rows that a transaction added to a draft.
 *
 * Keys are kept whole, so what is found is exact. Rows that are gone stay in the journal: the draft
 * tells whether a number still stands for a row. Threads: one. Ownership: memory is the heap's.
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
} LdbKeyEntry;

LdbStatus ldb_key_journal_new(LdbKeyJournal **journal, LdbError *err);
void ldb_key_journal_free(LdbKeyJournal *journal); /* NULL is fine */
size_t ldb_key_journal_bytes(const LdbKeyJournal *journal);
size_t ldb_key_journal_count(const LdbKeyJournal *journal);

LdbStatus ldb_key_journal_add(LdbKeyJournal *journal, LdbSlice key, LdbKeyEntry entry,
							  LdbError *err);

/* Another row with the key: *place is 0 at the start. NULL = no more. Valid until the next change. */
const LdbKeyEntry *ldb_key_journal_next(const LdbKeyJournal *journal, LdbSlice key, size_t *place);

/* Row i of those in the journal, in the order in which they came. */
const LdbKeyEntry *ldb_key_journal_entry(const LdbKeyJournal *journal, size_t i, LdbSlice *key);

/* Forgets all keys and gives memory back. */
void ldb_key_journal_clear(LdbKeyJournal *journal);

#endif
