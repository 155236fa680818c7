/*
 * kept.h -- mappings that stay when nobody uses them, for the next reader of the same file.
 *
 * Mapping a large file costs little, touching its pages for the first time a lot: a search over
 * 600 MB spends a fifth of its time there. So large mappings are kept, a few of them, and handed out
 * again while the file behind the name is still the same one.
 * Threads: safe.
 */
#ifndef LDB_STORE_KEPT_H
#define LDB_STORE_KEPT_H

#include <pthread.h>
#include <sys/stat.h>

#include "ldb/store/mapping.h"

#define LDB_KEPT_MAPPINGS 16

typedef struct LdbKeptMapping
{
	LdbMapping *mapping; /* owned share; NULL = unused */
	struct stat status;  /* of the file when it was mapped */
	uint64_t last_use;
} LdbKeptMapping;

typedef struct LdbKept
{
	pthread_mutex_t mutex;
	uint64_t clock;
	LdbKeptMapping entries[LDB_KEPT_MAPPINGS];
} LdbKept;

void ldb_kept_init(LdbKept *kept);
void ldb_kept_free(LdbKept *kept);

/* A share of the mapping of this very file, or NULL. Lets go of mappings of files that changed. */
LdbMapping *ldb_kept_find(LdbKept *kept, const struct stat *status);

/* Remembers a mapping, for which it takes a share of its own; small ones are not worth it. */
void ldb_kept_add(LdbKept *kept, const struct stat *status, LdbMapping *mapping);

#endif
