/*
 * store.h -- bytes by name: the seam between the table format and where it lies.
 *
 * Names are relative to the store's root, parts divided by '/', with no empty part, no "." or "..",
 * no leading or trailing '/', no NUL, at most 255 bytes a part and 4000 in all; anything else is
 * LDB_DENIED, by name. A store never gives
 * access to anything outside of its root.
 * Errors: LDB_NOT_FOUND (no such name), LDB_CONFLICT (create of a name that exists), LDB_DENIED
 * (leads outside, or no permission), LDB_IO (anything else; retry may help), LDB_CORRUPT never.
 * Threads: a store may be used by several threads at once.
 */
#ifndef LDB_STORE_STORE_H
#define LDB_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ldb/base/arena.h"
#include "ldb/base/cancel.h"
#include "ldb/base/error.h"
#include "ldb/base/slice.h"

typedef struct LdbStore LdbStore;
typedef struct LdbStoreWriter LdbStoreWriter;
typedef struct LdbMapping LdbMapping; /* ldb/store/mapping.h */

typedef enum LdbPutMode
{
	LDB_PUT_CREATE,    /* fails with LDB_CONFLICT if the name exists: commits rest on this */
	LDB_PUT_UNSETTLED, /* the same, and durable after ldb_store_settle */
	LDB_PUT_REPLACE,
	LDB_PUT_CARELESS /* replaces, and a crash of the machine may take it again or leave it empty */
} LdbPutMode;

static inline bool
ldb_put_creates(LdbPutMode mode)
{
	return mode == LDB_PUT_CREATE || mode == LDB_PUT_UNSETTLED;
}

typedef struct LdbRange
{
	uint64_t offset;
	uint64_t length;
} LdbRange;

typedef struct LdbObjectInfo
{
	const char *name; /* relative to the store's root; arena */
	uint64_t size;
	int64_t modified_us;  /* microseconds since 1970-01-01 UTC, 0 = unknown */
	uint64_t identity[2]; /* inode and change time, or a hash of the ETag: differs when replaced */
} LdbObjectInfo;

/*
 * Listing: `list` gives names that start with `prefix` (a folder with a trailing '/', or empty),
 * non-recursive when delimited (sub-folders come as names with a trailing '/'), in byte order.
 * A missing folder is an empty list. Size, time and identity may be 0 in a delimited list: a store
 * that would have to ask for each object does not.
 */
typedef struct LdbStoreOps
{
	const char *kind; /* "file", "memory", "retry", ... */
	/* length UINT64_MAX = to the end. Reading beyond the end is LDB_IO "short". *size may be NULL. */
	LdbStatus (*get)(LdbStore *store, const char *name, LdbRange range, LdbArena *arena,
					 LdbSlice *bytes, uint64_t *size, const LdbCancel *cancel, LdbError *err);
	/* One slice for each range. */
	LdbStatus (*get_many)(LdbStore *store, const char *name, const LdbRange *ranges, size_t count,
						  LdbArena *arena, LdbSlice *bytes, const LdbCancel *cancel, LdbError *err);
	LdbStatus (*put)(LdbStore *store, const char *name, LdbSlice bytes, LdbPutMode mode,
					 const LdbCancel *cancel, LdbError *err);
	LdbStatus (*list)(LdbStore *store, const char *prefix, bool delimited, LdbArena *arena,
					  LdbObjectInfo **objects, size_t *count, const LdbCancel *cancel,
					  LdbError *err);
	/* A name that does not exist is not an error. */
	LdbStatus (*remove)(LdbStore *store, const char *name, const LdbCancel *cancel, LdbError *err);
	LdbStatus (*head)(LdbStore *store, const char *name, LdbArena *arena, LdbObjectInfo *info,
					  const LdbCancel *cancel, LdbError *err);
	/* Maps a whole object into memory; NULL where the store has no files of its own. */
	LdbStatus (*map)(LdbStore *store, const char *name, LdbMapping **mapping,
					 const LdbCancel *cancel, LdbError *err);
	/* An object that is written piece by piece; NULL where that is not possible. */
	LdbStatus (*create)(LdbStore *store, const char *name, const LdbCancel *cancel,
						LdbStoreWriter **writer, LdbError *err);
	/* NULL where whatever is written is durable at once. */
	LdbStatus (*settle)(LdbStore *store, const char *const *names, size_t count,
						LdbStoreWriter *staged, const LdbCancel *cancel, LdbError *err);
	/* NULL where names need no folders. */
	LdbStatus (*prune)(LdbStore *store, const char *folder, bool unfinished,
					   const LdbCancel *cancel, LdbError *err);
	void (*close)(LdbStore *store);
} LdbStoreOps;

/*
 * A new object on its way: nothing is visible under its name before finish, and then all of it. It is
 * durable when the writer was settled before, which is as a put with LDB_PUT_CREATE then; else after
 * ldb_store_settle of its name, and when the finish failed nothing is left. finish and abandon free
 * the writer.
 */
typedef struct LdbStoreWriterOps
{
	LdbStatus (*append)(LdbStoreWriter *writer, LdbSlice bytes, const LdbCancel *cancel,
						LdbError *err);
	LdbStatus (*finish)(LdbStoreWriter *writer, const LdbCancel *cancel, LdbError *err);
	void (*abandon)(LdbStoreWriter *writer);
} LdbStoreWriterOps;

struct LdbStoreWriter
{
	const LdbStoreWriterOps *ops;
};

struct LdbStore
{
	const LdbStoreOps *ops;
	/* A put that failed may still happen after a look showed nothing, as over a network. Decorators
	 * are as what they wrap. */
	bool puts_late;
	/* New objects need ldb_store_settle. Decorators are as what they wrap. */
	bool settles;
};

/* Thin calls over ops; each checks the name first (LDB_DENIED). */
LdbStatus ldb_store_get(LdbStore *store, const char *name, LdbRange range, LdbArena *arena,
						LdbSlice *bytes, uint64_t *size, const LdbCancel *cancel, LdbError *err);
LdbStatus ldb_store_get_many(LdbStore *store, const char *name, const LdbRange *ranges,
							 size_t count, LdbArena *arena, LdbSlice *bytes,
							 const LdbCancel *cancel, LdbError *err);
LdbStatus ldb_store_put(LdbStore *store, const char *name, LdbSlice bytes, LdbPutMode mode,
						const LdbCancel *cancel, LdbError *err);
LdbStatus ldb_store_list(LdbStore *store, const char *prefix, bool delimited, LdbArena *arena,
						 LdbObjectInfo **objects, size_t *count, const LdbCancel *cancel,
						 LdbError *err);
LdbStatus ldb_store_remove(LdbStore *store, const char *name, const LdbCancel *cancel,
						   LdbError *err);
LdbStatus ldb_store_head(LdbStore *store, const char *name, LdbArena *arena, LdbObjectInfo *info,
						 const LdbCancel *cancel, LdbError *err);
/* LDB_UNSUPPORTED where the store has no map; look at ops->map first. */
LdbStatus ldb_store_map(LdbStore *store, const char *name, LdbMapping **mapping,
						const LdbCancel *cancel, LdbError *err);
/* LDB_CONFLICT for a name that exists is seen at the finish. Bytes are not kept to be sent again:
 * retry repeats the create alone, a failed append or finish is for the caller to begin anew. */
LdbStatus ldb_store_create(LdbStore *store, const char *name, const LdbCancel *cancel,
						   LdbStoreWriter **writer, LdbError *err);
LdbStatus ldb_store_append(LdbStoreWriter *writer, LdbSlice bytes, const LdbCancel *cancel,
						   LdbError *err);
LdbStatus ldb_store_finish(LdbStoreWriter *writer, const LdbCancel *cancel, LdbError *err);
void ldb_store_abandon(LdbStoreWriter *writer); /* NULL is fine */
/*
 * Makes durable, all at once: the objects with their names, and what was appended to `staged`, an
 * object of this store that is not finished yet (NULL = none). Those of one folder stand together.
 * When it fails they may be lost, also when a second call should find nothing wrong: an operating
 * system tells once that it could not write. So nobody repeats it, retry included; write anew.
 */
LdbStatus ldb_store_settle(LdbStore *store, const char *const *names, size_t count,
						   LdbStoreWriter *staged, const LdbCancel *cancel, LdbError *err);
/* Removes the folder and those in it as far as they hold no object; `unfinished`: what writers
 * left who crashed goes too, and what others are just writing. Elsewhere nothing needs to be done. */
LdbStatus ldb_store_prune(LdbStore *store, const char *folder, bool unfinished,
						  const LdbCancel *cancel, LdbError *err);
void ldb_store_close(LdbStore *store); /* NULL is fine */

/* LDB_DENIED unless the name obeys the rules above. `prefix` allows "" and one trailing '/'. */
LdbStatus ldb_store_check_name(const char *name, bool prefix, LdbError *err);

/*
 * A folder. Names are opened beneath a descriptor of the root (openat2 RESOLVE_BENEATH), so neither
 * ".." nor a symbolic link leads outside, also when the tree changes while it is read.
 * put: temporary file, fsync, link or rename, fsync of the folder. LDB_PUT_UNSETTLED and finish: without
 * the two fsyncs, unless the file is so large that its bytes were sent to the disk on the way.
 */
LdbStatus ldb_store_open_local(const char *root, LdbStore **store, LdbError *err);

/* Objects in memory, for tests. */
LdbStatus ldb_store_open_memory(LdbStore **store, LdbError *err);

/* Decorators: stores that wrap a store. Closing one closes what it wraps; when wrapping fails, the
 * inner store stays with the caller. */

typedef struct LdbRetryPolicy
{
	int attempts;       /* in all; at least 1 */
	int first_delay_ms; /* doubles each time, with full jitter */
	int longest_delay_ms;
	int budget_ms; /* no new attempt starts after this much time */
} LdbRetryPolicy;

/* Repeats calls that fail with LDB_IO. A put with LDB_PUT_CREATE that conflicts after a failed
 * attempt is read back and counts as done when the bytes are ours. */
LdbStatus ldb_store_wrap_retry(LdbStore *inner, const LdbRetryPolicy *policy, LdbStore **store,
							   LdbError *err);

typedef struct LdbStoreStats
{
	uint64_t get_requests;
	uint64_t put_requests;
	uint64_t list_requests;
	uint64_t head_requests;
	uint64_t delete_requests;
	uint64_t map_requests;
	uint64_t settle_requests;
	uint64_t bytes_read;
	uint64_t bytes_written;
	uint64_t errors;
} LdbStoreStats;

LdbStatus ldb_store_wrap_stats(LdbStore *inner, LdbStore **store, LdbError *err);
/* Of a store made by ldb_store_wrap_stats. */
void ldb_store_stats_read(LdbStore *store, LdbStoreStats *stats);

/* Tests: the n-th call from now fails with LDB_IO (0 = none). `sticky`: all later ones too. Calls of
 * writers (append, finish) count like those of the store. */
LdbStatus ldb_store_wrap_fault(LdbStore *inner, LdbStore **store, LdbError *err);
void ldb_store_fault_after(LdbStore *store, uint64_t n, bool sticky);
/* Puts, finishes, settles and removes that are to fail do their work before, as when an answer is lost. */
void ldb_store_fault_late(LdbStore *store, bool late);

#endif
