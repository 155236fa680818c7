/* local.h -- what the files of the local store share. */
#ifndef LDB_STORE_LOCAL_H
#define LDB_STORE_LOCAL_H

#include <sys/stat.h>

#include "beneath.h"
#include "kept.h"
#include "ldb/store/store.h"

typedef struct LdbLocalStore
{
	LdbStore base;
	LdbBeneath beneath;
	LdbKept kept;
} LdbLocalStore;

static inline const LdbBeneath *
ldb_local_beneath(const LdbStore *store)
{
	return &((const LdbLocalStore *) store)->beneath;
}

/* Everything but the name. */
void ldb_local_describe(const struct stat *status, LdbObjectInfo *info);

/* Writers, ourselves included, first write under such a name; lists leave it out. */
bool ldb_local_is_temporary(const char *base);

/* local_list.c, local_put.c, local_create.c, local_settle.c and local_prune.c; see LdbStoreOps. */
LdbStatus ldb_local_list(LdbStore *store, const char *prefix, bool delimited, LdbArena *arena,
						 LdbObjectInfo **objects, size_t *count, const LdbCancel *cancel,
						 LdbError *err);
LdbStatus ldb_local_put(LdbStore *store, const char *name, LdbSlice bytes, LdbPutMode mode,
						const LdbCancel *cancel, LdbError *err);
LdbStatus ldb_local_create(LdbStore *store, const char *name, const LdbCancel *cancel,
						   LdbStoreWriter **writer, LdbError *err);
LdbStatus ldb_local_settle(LdbStore *store, const char *const *names, size_t count,
						   LdbStoreWriter *staged, const LdbCancel *cancel, LdbError *err);
LdbStatus ldb_local_prune(LdbStore *store, const char *folder, bool unfinished,
						  const LdbCancel *cancel, LdbError *err);

/* local_create.c: the two steps by which the bytes of a writer become durable. */
LdbStatus ldb_local_writer_start_io(LdbStoreWriter *base, const LdbCancel *cancel, LdbError *err);
LdbStatus ldb_local_writer_settle(LdbStoreWriter *base, LdbError *err);

#endif
