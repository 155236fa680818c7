/* kept.c -- see kept.h. */
#include "kept.h"

/* Below, mapping again is as cheap as looking for what was kept. */
#define LEAST_BYTES (1024 * 1024)

void
ldb_kept_init(LdbKept *kept)
{
	memset(kept, 0, sizeof *kept);
	pthread_mutex_init(&kept->mutex, NULL);
}

static void
let_go(LdbKeptMapping *entry)
{
	ldb_mapping_close(entry->mapping);
	entry->mapping = NULL;
}

void
ldb_kept_free(LdbKept *kept)
{
	for (int i = 0; i < LDB_KEPT_MAPPINGS; i++)
		let_go(&kept->entries[i]);
	pthread_mutex_destroy(&kept->mutex);
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool
unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
		   a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

LdbMapping *
ldb_kept_find(LdbKept *kept, const struct stat *status)
{
	LdbMapping *found = NULL;

	pthread_mutex_lock(&kept->mutex);
	for (int i = 0; i < LDB_KEPT_MAPPINGS && found == NULL; i++)
	{
		LdbKeptMapping *entry = &kept->entries[i];

		if (entry->mapping == NULL || !same_file(&entry->status, status))
			continue;
		if (!unchanged(&entry->status, status) || ldb_mapping_damaged(entry->mapping))
		{
			let_go(entry);
			continue;
		}
		entry->last_use = ++kept->clock;
		found = ldb_mapping_share(entry->mapping);
	}
	pthread_mutex_unlock(&kept->mutex);
	return found;
}

void
ldb_kept_add(LdbKept *kept, const struct stat *status, LdbMapping *mapping)
{
	LdbKeptMapping *oldest = &kept->entries[0];

	if (status->st_size < LEAST_BYTES)
		return;
	pthread_mutex_lock(&kept->mutex);
	for (int i = 1; i < LDB_KEPT_MAPPINGS && oldest->mapping != NULL; i++)
		if (kept->entries[i].mapping == NULL || kept->entries[i].last_use < oldest->last_use)
			oldest = &kept->entries[i];
	let_go(oldest);
	oldest->mapping = ldb_mapping_share(mapping);
	oldest->status = *status;
	oldest->last_use = ++kept->clock;
	pthread_mutex_unlock(&kept->mutex);
}
