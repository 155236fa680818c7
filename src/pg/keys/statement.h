/*
 * statement.h -- the unique keys of one target table in one statement, and of the transaction.
 */
#ifndef LANCEDB_KEYS_STATEMENT_H
#define LANCEDB_KEYS_STATEMENT_H

#include "keys/keys_impl.h"

#include "fdw/fdw.h"

#include "ldb/query/key_journal.h"

/*
 * What a transaction did to the rows of a dataset, as far as one key (columns and their forms) goes; all
 * indexes with that key share it, whatever foreign table they are on. Lives as long as the write.
 */
typedef struct LancedbOwnKeys
{
	struct LancedbOwnKeys *next; /* of the same write */
	LdbKeySpec spec;
	LdbKeyJournal *journal;
	uint64 next_number; /* the draft's rows below this one went through the journal */
	uint64 spill_count; /* how often the journal was emptied, because it had become too large */
	int lock_count;     /* keys locked, or tried to; see locks.c */
	bool locks_table;
	bool locks_nothing;
	bool upserts; /* some keys were looked for, not only refused */
	Oid relid;    /* for messages at commit */
	Oid indexid;
} LancedbOwnKeys;

/* own.c */
extern LancedbOwnKeys *lancedb_own_keys(LancedbWrite *write, const LdbKeySpec *spec, Oid relid,
										Oid indexid);
/* Whether the journal has all rows that the transaction added. */
extern bool lancedb_journal_is_complete(const LancedbOwnKeys *own, const LancedbWrite *write);

/* encode.c: the key of a slot, by way of the Lance columns that it would be stored in. */
typedef struct LancedbKeyEncoder LancedbKeyEncoder;

extern LancedbKeyEncoder *lancedb_key_encoder_new(const LancedbKeyColumns *columns,
												  Relation relation, MemoryContext context);
/* Replaces what is in `key`; false = the row has no key. */
extern bool lancedb_encode_key(LancedbKeyEncoder *encoder, TupleTableSlot *slot, LdbBuffer *key);

/* One unique index. */
typedef struct LancedbKeyIndex
{
	Oid indexid;
	LancedbKeyColumns *columns;
	LancedbKeyEncoder *encoder;
	LancedbOwnKeys *own;
	uint64 lock_seed; /* names dataset and key */

	LdbKeyCover *seen;           /* rows that the statement sees; NULL = not looked at yet */
	LdbKeyCover *spilled;        /* rows of this transaction that left the journal; NULL = none */
	MemoryContext spill_context; /* of `spilled` */
	uint64 spill_count;          /* of `own`, when these were made */
	LdbKeyCover *latest;         /* rows of keys->latest */
	uint64 latest_version;       /* of `latest`; 0 = not looked at yet */

	LdbBuffer key; /* of the row in work */
	bool has_key;
	const TupleTableSlot *slot; /* that it is the key of; NULL = of none any more */
	LdbBuffer freed;            /* key of the row that goes away for the one in work */
	bool has_freed;
} LancedbKeyIndex;

struct LancedbKeys
{
	Relation relation;
	LancedbTable *table;
	LancedbWrite *write;
	MemoryContext context;
	CommandId command;
	LdbDataset *latest;    /* NULL = nobody committed since the version that the statement sees */
	LancedbVersion newest; /* its version */
	int count;
	LancedbKeyIndex *indexes;
};

/* search.c: looks for a row that has index->key. */
extern bool lancedb_search_key(LancedbKeys *keys, LancedbKeyIndex *index, LancedbKeyHit *hit);

/* locks.c: waits until nobody else adds or frees the key. True = the lock is new: others may have
 * committed the key before. */
extern bool lancedb_lock_key(LancedbOwnKeys *own, uint64 seed, LdbSlice key);
/* The same for a key that becomes free, as long as that costs little. */
extern void lancedb_lock_freed_key(LancedbOwnKeys *own, uint64 seed, LdbSlice key);

/* latest.c: fills keys->latest when there is a newer version than the statement sees. */
extern void lancedb_keys_look_for_latest(LancedbKeys *keys);
/* Moves the transaction's changes on top of it. */
extern void lancedb_keys_move_to_latest(LancedbKeys *keys);

#endif
