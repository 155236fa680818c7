/*
 * keys.h -- unique keys of Lance tables: CREATE UNIQUE INDEX, ON CONFLICT, duplicate keys.
 *
 * src/pg/keys. A unique index on a Lance table is a row in pg_index of access method lance_key and no
 * file; that keys are unique is checked here, at every INSERT, UPDATE and COPY, against the rows
 * that are there and the rows of this transaction, under a lock on the key until the transaction
 * ends, and again at commit against what others committed meanwhile. Other Lance writers do not
 * know about it, so the planner never takes it as proof.
 */
#ifndef LANCEDB_KEYS_H
#define LANCEDB_KEYS_H

#include "lancedb/write.h"

#include "executor/tuptable.h"
#include "nodes/execnodes.h"

/* The unique indexes of one target table, for one statement. */
typedef struct LancedbKeys LancedbKeys;

/* NULL when the table has no unique index. `table` is the view that the statement's scans see. */
extern LancedbKeys *lancedb_keys_open(Relation relation, LancedbTable *table, LancedbWrite *write,
									  MemoryContext context);

typedef struct LancedbKeyHit
{
	Oid index;
	uint64 address;    /* of the row that has the key, in terms of the draft's views */
	bool same_command; /* this command inserted or updated that row */
	/* Where the row is to be read: a dataset that has it (the statement's view, or a newer version
	 * committed by others while we waited for the key's lock). */
	LdbDataset *dataset;
} LancedbKeyHit;

/*
 * Locks the slot's keys and looks for a row that has one of them, in the given indexes (NIL = all).
 * Rows for which a key column is NULL have no key. False = none.
 */
extern bool lancedb_keys_find(LancedbKeys *keys, TupleTableSlot *slot, List *indexes,
							  LancedbKeyHit *hit);
/* 23505 with the server's usual message and detail, unless no row has one of the slot's keys. */
extern void lancedb_keys_check(LancedbKeys *keys, TupleTableSlot *slot);
/* The row was added to the draft under this number / an existing row goes away. */
extern void lancedb_keys_added(LancedbKeys *keys, TupleTableSlot *slot, uint64 number);
extern void lancedb_keys_removed(LancedbKeys *keys, TupleTableSlot *old_slot, uint64 address);

/* At commit, when the draft moves from its base to `latest`: 23505 (40001 for keys inserted with ON
 * CONFLICT) when a row that others added has a key that this transaction added. */
extern void lancedb_keys_recheck(LancedbWrite *write, LdbDataset *base, LdbDataset *latest);

/* CREATE UNIQUE INDEX on a Lance table, from the utility hook. */
struct IndexStmt;
extern void lancedb_create_index(struct IndexStmt *stmt, const char *query_string);
/* REINDEX: 23505 unless all keys are unique. */
struct RangeVar;
extern void lancedb_reindex_table(const struct RangeVar *name);
extern void lancedb_reindex_index(const struct RangeVar *name);
extern void lancedb_keys_register(void); /* hooks and access method; from _PG_init */

#endif
