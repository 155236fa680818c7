/*
 * write.h -- what a transaction changes in Lance tables, from the first row to the commit.
 *
 * src/pg/xact keeps one LancedbWrite for each dataset that the current transaction changes, keyed by the
 * dataset's canonical URI (two foreign tables on one folder share it, so they make one version).
 * It owns the core's draft, follows savepoints, commits in PRE_COMMIT and discards at abort; whoever
 * changes rows or columns takes the draft from here and marks changes with lancedb_write_mark().
 */
#ifndef LANCEDB_WRITE_H
#define LANCEDB_WRITE_H

#include "lancedb/table.h"

#include "ldb/table/commit.h"
#include "ldb/table/draft.h"

/*
 * How a change locks the dataset until the transaction ends, in all databases of the server. Rows
 * may be added by many at once; UPDATE and DELETE wait for each other; TRUNCATE, ALTER and restore
 * wait for everybody who writes. Readers never wait.
 */
typedef enum LancedbLock
{
	LANCEDB_LOCK_APPEND,
	LANCEDB_LOCK_MODIFY,
	LANCEDB_LOCK_REPLACE
} LancedbLock;

typedef struct LancedbWrite
{
	const char *uri;       /* canonical: absolute, links resolved */
	Oid relid;             /* the first foreign table that it was changed through */
	MemoryContext context; /* goes with the transaction */
	LdbDraft *draft;
	/* What keys/ checks again when others committed since the draft's base; NULL = nothing. */
	void *keys;
} LancedbWrite;

/*
 * The write of this transaction to the dataset of the table; makes it on first use, on top of the
 * version that the current statement sees (rebased onto that when an earlier statement saw an older
 * one; 40001 when that cannot be). Takes the lock, gives the transaction an xid, refuses: read-only
 * transactions (25006), recovery, parallel mode, tables with updatable 'false', at a fixed version,
 * of a branch (0A000 / 55000), and datasets that ldb_dataset_check_writable refuses.
 */
extern LancedbWrite *lancedb_write_begin(Oid relid, Oid userid, LancedbLock lock);

/* For a table that CREATE FOREIGN TABLE just made and whose dataset is not there: it will be created
 * at commit. The table is copied. */
extern LancedbWrite *lancedb_write_create(Oid relid, const LdbNewTable *table);

/* The write under way to this dataset, or NULL. */
extern LancedbWrite *lancedb_write_find(const char *canonical_uri);

/* The mark of changes made now; the current command counts as one that changed something. */
extern LdbMark lancedb_write_mark(void);

/*
 * Only the lock, and versions pinned before a wait forgotten (READ COMMITTED): called before a
 * statement's scans pin their version, so that UPDATE sees what it waited for.
 */
extern void lancedb_lock_dataset(Oid relid, LancedbLock lock);

/* Locks and pins are keyed by this: where the dataset of a table lies, links resolved. */
extern const char *lancedb_canonical_uri(Oid relid);

/* The version of the dataset that is newest now, opened, until `context` is reset. For checks that
 * must see what others committed, whatever the statement sees. */
extern LdbDataset *lancedb_open_latest(Oid relid, MemoryContext context);

/*
 * At commit, for a write with keys, when others committed since its base: set by src/pg/keys when
 * the library is loaded (lancedb_keys_recheck in keys.h). May be called again with a later version.
 */
typedef void (*LancedbKeysRecheck)(LancedbWrite *write, LdbDataset *base, LdbDataset *latest);
extern LancedbKeysRecheck lancedb_keys_recheck_hook;

/* Callbacks of transactions; from _PG_init, before others of the kind. */
extern void lancedb_xact_register(void);

#endif
