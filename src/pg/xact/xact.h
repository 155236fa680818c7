/*
 * xact.h -- what the files of src/pg/xact share, and what fdw/ needs of them to read.
 */
#ifndef LANCEDB_PG_XACT_H
#define LANCEDB_PG_XACT_H

#include "lancedb/write.h"

#include "fdw/fdw.h"

#include "lib/ilist.h"
#include "storage/lock.h"
#include "utils/uuid.h"

/* What a commit tells about itself: in the manifest's transaction and in the audit row. */
#define LANCEDB_PROPERTY_COUNT 4

typedef struct LancedbCommitId
{
	pg_uuid_t uuid;
	char text[37];
	char system[24];
	char database[16];
	char installation[37];
	LdbProperty properties[LANCEDB_PROPERTY_COUNT]; /* point to the texts above */
} LancedbCommitId;

typedef struct LancedbView LancedbView;

/* A write in full. */
typedef struct LancedbWriteState
{
	LancedbWrite shown; /* first: the pointer that others hold */
	dlist_node node;
	const char *name;        /* of the foreign table, for messages */
	int level;               /* of the savepoint in which it began, as long as that is open */
	LancedbOptions *options; /* also after the foreign table was dropped */
	LdbLocations *locations;
	LancedbVersion base;        /* number 0 = the dataset is made by this transaction */
	MemoryContext base_context; /* holds the base open; NULL without a base */
	LancedbView *view;          /* of the last command that looked; NULL = none */

	/* in PRE_COMMIT and after */
	LancedbCommitId id;
	LdbArena *arena;
	LdbChange change;
	LdbCommit *commit; /* owned; NULL before */
} LancedbWriteState;

/* write.c: the writes of this transaction, in the order in which they began. */
extern dlist_head lancedb_writes;
extern void lancedb_write_free(LancedbWriteState *state);
/* As lancedb_check; a conflict is told in the words that applications know from ordinary tables. */
extern void lancedb_write_check(const LancedbWriteState *state, LdbStatus status,
								const LdbError *err);
/* An ERROR with the conflict, when the draft cannot move to the version. */
extern void lancedb_write_rebase(LancedbWriteState *state, const LancedbVersion *version);

/* locks.c */
extern void lancedb_lock_rows(const char *canonical_uri, LancedbLock lock);
extern void lancedb_lock_commit(const char *canonical_uri, LOCKMODE mode);
extern void lancedb_unlock_commit(const char *canonical_uri, LOCKMODE mode);

/* view.c: what this transaction sees of a dataset that it changed. */
extern LancedbWrite *lancedb_write_seen_by(const LancedbOptions *options);
extern LdbDataset *lancedb_write_view(LancedbWrite *write, const LancedbOptions *options,
									  LancedbPinPurpose purpose, MemoryContext context,
									  LancedbVersion *base);
/* The next command makes a new one. */
extern void lancedb_view_forget(LancedbWriteState *state);
/* For parallel workers: the changes that the view of the active snapshot holds, and back. */
extern LdbSlice lancedb_write_pack(LancedbWrite *write, MemoryContext context);
extern LdbDataset *lancedb_view_unpack(const LancedbOptions *options, uint64 base_version,
									   LdbSlice change, MemoryContext context,
									   LancedbVersion *base);

/* reads.c: what a SERIALIZABLE transaction read. */
/* A scan of the table begins; who only adds rows has not read it. */
extern void lancedb_note_read(const LancedbTable *table);
extern bool lancedb_has_reads(void);
extern List *lancedb_read_uris(void); /* of char *, canonical */
extern void lancedb_check_reads(void);
extern void lancedb_forget_reads(void);

/* audit.c: the table lancedb.commits. */
extern void lancedb_make_commit_id(LancedbCommitId *id);
/* "" when there is none of that name. */
extern const char *lancedb_property(const LdbTransactionInfo *info, const char *key);
/* One of this cluster, database and installation of the extension? Then its id. */
extern bool lancedb_commit_is_ours(const LdbTransactionInfo *info, const LancedbCommitId *like,
								   pg_uuid_t *uuid);

typedef struct LancedbAudit
{
	pg_uuid_t uuid;
	const char *uri;
	uint64 version;
	Oid relid;
	const char *resolution; /* NULL = an ordinary commit */
	bool has_counts;
	LdbDraftCounts counts;
} LancedbAudit;

extern void lancedb_audit_insert(const LancedbAudit *audit);
extern void lancedb_audit_set_version(const pg_uuid_t *uuid, uint64 version);
extern bool lancedb_audit_exists(const pg_uuid_t *uuid);

/* commit.c */
extern void lancedb_pre_commit(void);
extern void lancedb_after_abort(void);

#endif
