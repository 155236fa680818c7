/*
 * names.h -- what the files of a dataset are called.
 *
 * Roots and results are names within a store; "" is the store's own root.
 */
#ifndef LDB_TABLE_NAMES_H
#define LDB_TABLE_NAMES_H

#include "ldb/base/arena.h"
#include "ldb/table/manifest.h"

/* Versions with the top bit set are detached: outside of the linear history. */
#define LDB_DETACHED_VERSION ((uint64_t) 1 << 63)

/* root/tail, or tail when root is empty; NULL when memory is out. */
const char *ldb_name_join(LdbArena *arena, const char *root, const char *tail);

/* The version that a file name (without its folder) stands for; false for detached versions and
 * for everything that is not a manifest. */
bool ldb_name_is_version(const char *file_name, uint64_t *version);

/* Names of a manifest in the current (V2) and the old (V1) scheme; NULL when memory is out. */
const char *ldb_name_manifest_v2(LdbArena *arena, const char *root, uint64_t version);
const char *ldb_name_manifest_v1(LdbArena *arena, const char *root, uint64_t version);

/* Without its folder. */
const char *ldb_name_deletion(LdbArena *arena, uint64_t fragment_id,
							  const LdbDeletionFile *deletion);

/* A name within data/ that nobody else has: random. */
LdbStatus ldb_name_data_file(LdbArena *arena, const char **name, LdbError *err);

/* LDB_DENIED unless the name may stand in a path. Tags have one part, branches one or more. */
LdbStatus ldb_name_check_tag(const char *tag, LdbError *err);
LdbStatus ldb_name_check_branch(const char *branch, LdbError *err);

/* NULL for the branch that has no name of its own in files, however it is spelt. */
const char *ldb_name_branch(const char *branch);

/* tree/<branch> below root, and the file that describes the branch; NULL when memory is out. */
const char *ldb_name_branch_root(LdbArena *arena, const char *root, const char *branch);
const char *ldb_name_branch_file(LdbArena *arena, const char *root, const char *branch);
const char *ldb_name_tag_file(LdbArena *arena, const char *root, const char *tag);

#endif
