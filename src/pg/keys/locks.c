/*
 * locks.c -- locks on keys, until the transaction ends.
 *
 * Two transactions that add the same key take turns, so the second one sees what became of the
 * first. Each locked key is an entry of the server's lock table, which is not large: beyond some
 * number a transaction locks all keys of the table at once, if nobody else is adding keys just then.
 * Otherwise it locks nothing more and trusts the check at commit: waiting here could only end in a
 * deadlock with another that wants the same.
 * Tags are those of advisory locks of no database, as in xact/locks.c, with classes of our own.
 */
#include "keys/statement.h"

#include "access/twophase.h"
#include "storage/lock.h"

#define LOCK_CLASS_KEY 5
#define LOCK_CLASS_KEYS 6

/* Of the table's lock. Who locks single keys holds the first, who locks them all the second. */
#define SOME_KEYS RowExclusiveLock
#define ALL_KEYS ShareRowExclusiveLock

#define MOST_KEYS 1000

/* A few transactions of this kind must fit the lock table. */
static int
most_keys(void)
{
	int room = max_locks_per_xact * (MaxBackends + max_prepared_xacts);

	return Min(MOST_KEYS, room / 8);
}

static void
set_tag(LOCKTAG *tag, uint64 hash, uint16 class)
{
	SET_LOCKTAG_ADVISORY(*tag, InvalidOid, (uint32) (hash >> 32), (uint32) hash, class);
}

static bool
lock(const LOCKTAG *tag, LOCKMODE mode)
{
	return LockAcquire(tag, mode, false, false) != LOCKACQUIRE_ALREADY_HELD;
}

/* Locks are looked up anew each time: a savepoint that was rolled back took its own with it. */
bool
lancedb_lock_key(LancedbOwnKeys *own, uint64 seed, LdbSlice key)
{
	LOCKTAG table_tag;
	LOCKTAG key_tag;

	if (own->locks_nothing)
		return false;
	set_tag(&table_tag, seed, LOCK_CLASS_KEYS);
	if (!own->locks_table && own->lock_count >= most_keys())
	{
		own->locks_table = LockAcquire(&table_tag, ALL_KEYS, false, true) != LOCKACQUIRE_NOT_AVAIL;
		own->locks_nothing = !own->locks_table;
		return own->locks_table;
	}
	if (own->locks_table)
		return lock(&table_tag, ALL_KEYS);
	(void) lock(&table_tag, SOME_KEYS);
	set_tag(&key_tag, ldb_key_hash(key, seed), LOCK_CLASS_KEY);
	if (!lock(&key_tag, ExclusiveLock))
		return false;
	own->lock_count++;
	return true;
}

void
lancedb_lock_freed_key(LancedbOwnKeys *own, uint64 seed, LdbSlice key)
{
	if (!own->locks_table && !own->locks_nothing && own->lock_count < most_keys())
		(void) lancedb_lock_key(own, seed, key);
}
