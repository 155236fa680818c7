/*
 * compat.h -- the one file where PG_VERSION_NUM may appear (make lint checks).
 *
 * Call sites are written for the newest server that we support; this file gives older servers
 * the new name or signature. One block per change, naming the version that removes it.
 */
#ifndef LANCEDB_COMPAT_H
#define LANCEDB_COMPAT_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/datetime.h"

#if PG_VERSION_NUM < 150000
#error "lancedb needs PostgreSQL 15 or newer"
#endif

/* PostgreSQL 16 began to declare _PG_init in fmgr.h. */
#if PG_VERSION_NUM < 160000
extern PGDLLEXPORT void _PG_init(void);
#endif

/* PostgreSQL 18 lets a module tell its name and version. */
#if PG_VERSION_NUM >= 180000
#define LANCEDB_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "lancedb")
#else
#define LANCEDB_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/* PostgreSQL 16 added an argument to DecodeDateTime: what is wrong, for soft errors. */
static inline int
lancedb_decode_datetime(char **fields, int *types, int field_count, int *type, struct pg_tm *when,
						fsec_t *fraction, int *zone)
{
#if PG_VERSION_NUM >= 160000
	DateTimeErrorExtra extra;

	return DecodeDateTime(fields, types, field_count, type, when, fraction, zone, &extra);
#else
	return DecodeDateTime(fields, types, field_count, type, when, fraction, zone);
#endif
}

#endif
