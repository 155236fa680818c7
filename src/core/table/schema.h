/*
 * schema.h -- the tree of columns, from the flat list of fields that a manifest holds.
 */
#ifndef LDB_TABLE_SCHEMA_H
#define LDB_TABLE_SCHEMA_H

#include "lance_file.pb-c.h"
#include "ldb/table/manifest.h"

#define LDB_SCHEMA_MAX_DEPTH 64

/* Fills schema and unread columns of the manifest. `name` is the manifest's, for messages. */
LdbStatus ldb_schema_build(Ldb__Field *const *fields, size_t field_count, const char *name,
						   LdbArena *arena, LdbManifest *manifest, LdbError *err);

#endif
