/* flags.h -- feature flags of manifests: the ones this build can deal with, and names of others. */
#ifndef LDB_TABLE_FLAGS_H
#define LDB_TABLE_FLAGS_H

#include "ldb/table/manifest.h"

#define LDB_KNOWN_FLAGS                                                                   \
	((uint64_t) (LDB_FLAG_DELETION_FILES | LDB_FLAG_STABLE_ROW_IDS | LDB_FLAG_V2_FORMAT | \
				 LDB_FLAG_TABLE_CONFIG | LDB_FLAG_BASE_PATHS | LDB_FLAG_NO_TRANSACTION_FILE))

/* What a single flag beyond those stands for; NULL = not known. */
const char *ldb_flag_name(uint64_t flag);

#endif
