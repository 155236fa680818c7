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

#if PG_VERSION_NUM < 150000
#error "lancedb needs PostgreSQL 15 or newer"
#endif

/* PostgreSQL 16 began to declare _PG_init in fmgr.h. */
#if PG_VERSION_NUM < 160000
extern PGDLLEXPORT void _PG_init(void);
#endif

#endif
