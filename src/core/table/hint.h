/*
 * hint.h -- latest_version_hint.json, which some readers begin with.
 *
 * Nobody may trust it, ourselves least of all: it is written for others, after the fact.
 */
#ifndef LDB_TABLE_HINT_H
#define LDB_TABLE_HINT_H

#include "versions.h"

LdbStatus ldb_hint_write(const LdbVersionHome *home, uint64_t version, LdbError *err);
void ldb_hint_remove(const LdbVersionHome *home);

#endif
