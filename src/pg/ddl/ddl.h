/*
 * ddl.h -- commands on Lance tables that the server does not pass on to a foreign-data wrapper.
 */
#ifndef LANCEDB_DDL_H
#define LANCEDB_DDL_H

#include "lancedb/pg.h"

#include "nodes/parsenodes.h"

/* utility.c: looks at every utility command before the server runs it; from _PG_init. */
extern void lancedb_register_utility_hook(void);

#endif
