/*
 * locks.c -- locks of datasets, in all databases of the server.
 *
 * They are the server's own heavyweight locks, so pg_locks shows them, deadlocks are found and they
 * end with the transaction (or the savepoint that took them). The tag is that of an advisory lock of
 * no database, which no SQL function can take: database 0 and a class of our own.
 */
#include "xact/xact.h"

#include "common/hashfn.h"
#include "storage/lmgr.h"

/* pg_advisory_lock uses 1 and 2. */
#define LOCK_CLASS_ROWS 3
#define LOCK_CLASS_COMMIT 4

/*
 * From the server's table of conflicts: adding goes together with adding and with changing rows,
 * changing rows waits for changing rows, and replacing waits for all.
 */
static const LOCKMODE modes[] = {
	[LANCEDB_LOCK_APPEND] = RowExclusiveLock,
	[LANCEDB_LOCK_MODIFY] = ShareUpdateExclusiveLock,
	[LANCEDB_LOCK_REPLACE] = AccessExclusiveLock,
};

static void
set_tag(LOCKTAG *tag, const char *canonical_uri, uint16 class)
{
	uint64 hash =
		hash_bytes_extended((const unsigned char *) canonical_uri, (int) strlen(canonical_uri), 0);

	SET_LOCKTAG_ADVISORY(*tag, InvalidOid, (uint32) (hash >> 32), (uint32) hash, class);
}

void
lancedb_lock_rows(const char *canonical_uri, LancedbLock lock)
{
	LOCKTAG tag;

	set_tag(&tag, canonical_uri, LOCK_CLASS_ROWS);
	(void) LockAcquire(&tag, modes[lock], false, false);
}

void
lancedb_lock_commit(const char *canonical_uri, LOCKMODE mode)
{
	LOCKTAG tag;

	set_tag(&tag, canonical_uri, LOCK_CLASS_COMMIT);
	(void) LockAcquire(&tag, mode, false, false);
}

void
lancedb_unlock_commit(const char *canonical_uri, LOCKMODE mode)
{
	LOCKTAG tag;

	set_tag(&tag, canonical_uri, LOCK_CLASS_COMMIT);
	(void) LockRelease(&tag, mode, false);
}
