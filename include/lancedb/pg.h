/*
 * pg.h -- what every file of the shell may use: errors, memory, cancel, settings.
 */
#ifndef LANCEDB_PG_H
#define LANCEDB_PG_H

#include "lancedb/compat.h"

#include "datatype/timestamp.h"

#include "ldb/base/arena.h"
#include "ldb/base/cancel.h"
#include "ldb/base/error.h"

/*
 * errors.c: the only bridge from core errors to ereport. Returns only when status is LDB_OK.
 * SQLSTATE by status: HV-class for the FDW's own errors, 22-class for data, 57014 for cancel,
 * 42501 for LDB_DENIED, 53200 for LDB_NOMEM. Hints of the core become HINT.
 */
extern void lancedb_check(LdbStatus status, const LdbError *err);

/* The text of an LdbError, fit for ereport in any database: names in it come from files. */
extern const char *lancedb_message_text(const char *message);

/* memory.c: close(handle) runs when the context is reset or deleted: end of query and error
 * abort alike. Returns a token for lancedb_disown, which forgets the handle without closing it. */
extern void *lancedb_own(MemoryContext context, void *handle, void (*close)(void *handle));
extern void lancedb_disown(void *token);
/* An arena of the core that goes with the context. */
extern LdbArena *lancedb_arena_new(MemoryContext context);

/* cancel.c: true once this backend has a query cancel or a termination pending. */
extern const LdbCancel lancedb_cancel;

/* Lance counts time from 1970 on, PostgreSQL from 2000 on. */
#define LANCEDB_EPOCH_DAYS (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)
#define LANCEDB_EPOCH_US ((int64) LANCEDB_EPOCH_DAYS * USECS_PER_DAY)

/* guc.c */
extern void lancedb_define_settings(void);
extern bool lancedb_enable_pushdown;    /* lancedb.enable_pushdown */
extern bool lancedb_enable_vector_scan; /* lancedb.enable_ann: distance-ordered custom scan */
extern int lancedb_max_threads;         /* lancedb.max_threads: of one exact search */
extern char *lancedb_as_of;             /* lancedb.as_of: version, tag or timestamp, "" = now */
/* What its text means besides a timestamp: "7", "tag:prod". */
extern bool lancedb_as_of_is_version(const char *text, uint64 *version);
extern bool lancedb_as_of_is_tag(const char *text, const char **tag);

#endif
