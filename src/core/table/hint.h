/*
 * hint.h -- latest_version_hint.json, which some readers begin with.
 *
 * Nobody may trust it, ourselves least of all: it is written for others, after the fact.
 */
#ifndef LDB_TABLE_HINT_H
#define LDB_TABLE_HINT_H

#include "versions.h"

/* mode: LDB_PUT_REPLACE makes the folder of the manifests durable with it, LDB_PUT_CARELESS costs
 * least. */
LdbStatus ldb_hint_write(const LdbVersionHome *home, uint64_t version, LdbPutMode mode,
						 LdbError *err);
void ldb_hint_remove(const LdbVersionHome *home);

#endif
