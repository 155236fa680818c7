/* dataset_impl.h -- what an open dataset holds, for the files of this room. */
#ifndef LDB_TABLE_DATASET_IMPL_H
#define LDB_TABLE_DATASET_IMPL_H

#include <pthread.h>

#include "ldb/table/dataset.h"

/* A base path that fragments refer to, resolved. */
typedef struct LdbBase
{
	LdbStore *store;  /* borrowed from the locations; NULL = no fragment needs it */
	const char *root; /* within the store; arena */
	bool has_folders; /* a dataset with data/ and _deletions/, else a plain folder of files */
} LdbBase;

struct LdbDataset
{
	LdbArena *arena; /* owned; nothing is added after the open */
	const char *uri; /* arena */
	LdbBase home;    /* where files without a base lie */
	LdbManifest *manifest;
	LdbBase *bases;       /* one for each base of the manifest; arena */
	pthread_mutex_t lock; /* of what is loaded later */
	uint8_t **deletions;  /* one for each fragment, NULL until loaded; each on the heap, owned */
};

/* Store and name of a file that the manifest names: below `folder` of the base. */
LdbStatus ldb_dataset_locate(const LdbDataset *dataset, uint32_t base_id, const char *folder,
							 const char *path, LdbArena *arena, LdbStore **store, const char **name,
							 LdbError *err);

#endif
