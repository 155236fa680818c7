/* writable.h -- whether we may write on top of a version. */
#ifndef LDB_TABLE_WRITABLE_H
#define LDB_TABLE_WRITABLE_H

#include "ldb/table/manifest.h"

/* As ldb_dataset_check_writable. */
LdbStatus ldb_manifest_check_writable(const LdbManifest *manifest, const char *uri, LdbError *err);

#endif
