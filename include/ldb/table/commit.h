/*
 * commit.h -- makes a change the next version of a table, whoever else is writing.
 *
 * Steps: prepare (find the newest version, check what others committed since the base, rebase or
 * fail, write deletion files, build the manifest, make durable all files that it is the first to
 * name), put (create the manifest under the next version's name; the only moment that counts). When
 * another writer took that name, prepare and put again.
 * Several tables: prepare all, then put all.
 * What is carried over: everything of the newest manifest that the change does not name: index section,
 * config, metadata, base paths, branch, unknown fields. Source: docs/format.md, docs/transactions.md.
 * Conflicts: LDB_CONFLICT and a message that names version and operation of the other writer.
 * Threads: one. Ownership: locations and change are borrowed and outlive the commit.
 */
#ifndef LDB_TABLE_COMMIT_H
#define LDB_TABLE_COMMIT_H

#include "ldb/table/change.h"

typedef struct LdbProperty
{
	const char *key;
	const char *value;
} LdbProperty;

/* What a version that takes another back says of it: its number. */
#define LDB_PROPERTY_WITHDRAWS "lancedb.withdraws"

typedef struct LdbCommitOptions
{
	size_t property_count; /* go into the transaction of the manifest */
	const LdbProperty *properties;
	const LdbCancel *cancel;
} LdbCommitOptions; /* all is borrowed and outlives the commit */

typedef struct LdbCommit LdbCommit;

LdbStatus ldb_commit_new(LdbLocations *locations, const char *uri, const LdbChange *change,
						 const LdbCommitOptions *options /* NULL = none */, LdbCommit **commit,
						 LdbError *err);
/* LDB_CONFLICT = cannot be rebased: redo the work on fresh data. May be called again, but for a change
 * whose files could not be made durable: that stays LDB_IO. */
LdbStatus ldb_commit_prepare(LdbCommit *commit, LdbError *err);
/* Of the prepared commit: the version it would make, and the newest one that it builds on. */
uint64_t ldb_commit_version(const LdbCommit *commit);
uint64_t ldb_commit_parent(const LdbCommit *commit);
/*
 * LDB_OK: the version exists, durably, and is ours. LDB_CONFLICT: it is another's; prepare again.
 * An answer that leaves it open (a timeout) is resolved by reading back; LDB_IO = not even that
 * worked, and ldb_commit_sent stays true.
 */
LdbStatus ldb_commit_put(LdbCommit *commit, LdbError *err);
/* A manifest that names the change's files was sent and may exist: they must not be deleted. */
bool ldb_commit_sent(const LdbCommit *commit);
/* After a put: takes the version back with a new version without it, which has the property
 * LDB_PROPERTY_WITHDRAWS, if nobody built on it (LDB_CONFLICT otherwise). The first version of a table
 * is deleted instead; it does not count as sent any more, so the files that it named can go too. */
LdbStatus ldb_commit_take_back(LdbCommit *commit, LdbError *err);
/* Deletes the files that it wrote itself (deletion files) unless a manifest was sent. */
void ldb_commit_free(LdbCommit *commit); /* NULL is fine */

/* Waits a while before attempt number `attempt` (1, 2, ...): random, growing, stopped by cancel. */
LdbStatus ldb_commit_pause(int attempt, const LdbCancel *cancel, LdbError *err);

/* Whether the change can move from its base to the version that `newer` is, without writing anything.
 * LDB_CONFLICT as above. */
LdbStatus ldb_change_check(LdbLocations *locations, const char *uri, const LdbChange *change,
						   LdbDataset *newer, const LdbCancel *cancel, LdbError *err);

/* LDB_UNSUPPORTED, by name, when the version may not be written on top of: writer flags that we do
 * not know, or a legacy storage version. */
LdbStatus ldb_dataset_check_writable(const LdbDataset *dataset, LdbError *err);

/* What each version's transaction says; ascending versions that still have a manifest. */
typedef struct LdbTransactionInfo
{
	uint64_t version;
	int64_t timestamp_us;
	uint64_t read_version;
	const char *operation; /* "Append", ...; "" = not known */
	size_t property_count;
	LdbProperty *properties;
} LdbTransactionInfo;

LdbStatus ldb_dataset_transactions(LdbLocations *locations, const char *uri, uint64_t after_version,
								   LdbArena *arena, LdbTransactionInfo **transactions,
								   size_t *count, const LdbCancel *cancel, LdbError *err);

/*
 * Takes back what one version did, also when others were built on it: rows that it added are deleted
 * where they are now, rows that it deleted are only counted. One new version, with the property
 * LDB_PROPERTY_WITHDRAWS; when it is the newest, the version before it is restored, and a table
 * that has no other version is removed (new_version 0 then). LDB_UNSUPPORTED when nobody can say
 * where the rows are.
 */
typedef struct LdbWithdrawal
{
	uint64_t new_version;
	uint64_t rows_removed; /* added by the version, now deleted */
	uint64_t rows_lost;    /* deleted by the version; they stay deleted unless it was the newest */
} LdbWithdrawal;

LdbStatus ldb_version_withdraw(LdbLocations *locations, const char *uri, uint64_t version,
							   const LdbCommitOptions *options, LdbWithdrawal *result,
							   LdbError *err);

/* Tags of the main branch. create: LDB_CONFLICT when the name exists, LDB_NOT_FOUND for a version
 * that does not, LDB_INVALID for a name that LanceDB would not take; drop: LDB_NOT_FOUND. */
LdbStatus ldb_tag_create(LdbLocations *locations, const char *uri, const char *name,
						 uint64_t version, const LdbCancel *cancel, LdbError *err);
LdbStatus ldb_tag_drop(LdbLocations *locations, const char *uri, const char *name,
					   const LdbCancel *cancel, LdbError *err);

/* Deletes a table and everything in its folder that belongs to one, and the folder when nothing else
 * is in it. *files = how many were deleted. May be called again after it failed halfway. */
LdbStatus ldb_dataset_remove(LdbLocations *locations, const char *uri, uint64_t *files,
							 const LdbCancel *cancel, LdbError *err);

#endif
