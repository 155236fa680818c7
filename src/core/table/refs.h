/* refs.h -- tags and branches: names for versions, kept as small JSON files under _refs. */
#ifndef LDB_TABLE_REFS_H
#define LDB_TABLE_REFS_H

#include "ldb/store/store.h"
#include "ldb/table/dataset.h"

/* root is the dataset's main root within the store, also for tags on branches. */
LdbStatus ldb_refs_read_tag(LdbStore *store, const char *root, const char *tag, LdbArena *arena,
							LdbTagInfo *info, const LdbCancel *cancel, LdbError *err);

/* All tags, by name. */
LdbStatus ldb_refs_list_tags(LdbStore *store, const char *root, LdbArena *arena, LdbTagInfo **tags,
							 size_t *count, const LdbCancel *cancel, LdbError *err);

/* LDB_NOT_FOUND unless the branch is registered. */
LdbStatus ldb_refs_check_branch(LdbStore *store, const char *root, const char *branch,
								LdbArena *arena, const LdbCancel *cancel, LdbError *err);

#endif
