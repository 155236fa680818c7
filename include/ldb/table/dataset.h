/*
 * dataset.h -- a Lance table: finding its versions, opening one, reading its fragments.
 *
 * Threads: an open dataset is read-only; several threads may scan it at once, each with its own
 * scan, when its store allows (all do).
 * Ownership: the dataset owns manifest, deletion vectors and row ids that it loaded; the
 * locations are borrowed and must outlive it.
 */
#ifndef LDB_TABLE_DATASET_H
#define LDB_TABLE_DATASET_H

#include "ldb/base/cancel.h"
#include "ldb/store/location.h"
#include "ldb/store/object.h"
#include "ldb/table/manifest.h"

typedef struct LdbDataset LdbDataset;

/* Which version: at most one of version, tag and as_of_us. */
typedef struct LdbVersionChoice
{
	uint64_t version;   /* 0 = the latest */
	const char *tag;    /* NULL = none */
	const char *branch; /* NULL = main */
	bool has_as_of;
	int64_t as_of_us; /* the latest version committed at or before; microseconds since 1970 UTC */
} LdbVersionChoice;

/* Opens <uri>; LDB_NOT_FOUND says whether the table, the version, tag or branch is missing. */
LdbStatus ldb_dataset_open(LdbLocations *locations, const char *uri, const LdbVersionChoice *choice,
						   const LdbCancel *cancel, LdbDataset **dataset, LdbError *err);
void ldb_dataset_close(LdbDataset *dataset); /* NULL is fine */

/*
 * Resolves only: which version number a choice means now (one list at most). identity (may be
 * NULL) is that of the manifest's object (LdbObjectInfo): it differs when the dataset was dropped
 * and made again, with the same version numbers, under the same name.
 */
LdbStatus ldb_dataset_resolve(LdbLocations *locations, const char *uri,
							  const LdbVersionChoice *choice, const LdbCancel *cancel,
							  uint64_t *version, uint64_t identity[2], LdbError *err);

/* Whether there is a manifest of this version of main: one or two small requests. */
LdbStatus ldb_dataset_has_version(LdbLocations *locations, const char *uri, uint64_t version,
								  bool *exists, const LdbCancel *cancel, LdbError *err);

const LdbManifest *ldb_dataset_manifest(const LdbDataset *dataset);
const char *ldb_dataset_uri(const LdbDataset *dataset);

typedef struct LdbVersionInfo
{
	uint64_t version;
	int64_t timestamp_us;
	uint64_t rows;
	uint64_t fragments;
	const char *operation; /* NULL = unknown */
	const char *tags;      /* comma-separated names of tags on it, "" = none */
} LdbVersionInfo;

typedef struct LdbTagInfo
{
	const char *name;
	const char *branch; /* NULL = main */
	uint64_t version;
} LdbTagInfo;

/* All versions that still have a manifest, ascending; of the branch or main. */
LdbStatus ldb_dataset_versions(LdbLocations *locations, const char *uri, const char *branch,
							   LdbArena *arena, LdbVersionInfo **versions, size_t *count,
							   const LdbCancel *cancel, LdbError *err);
/* All tags, by name. */
LdbStatus ldb_dataset_tags(LdbLocations *locations, const char *uri, LdbArena *arena,
						   LdbTagInfo **tags, size_t *count, const LdbCancel *cancel,
						   LdbError *err);
/* Names of "<name>.lance" folders right below uri, without the suffix, in byte order. */
LdbStatus ldb_database_tables(LdbLocations *locations, const char *uri, LdbArena *arena,
							  const char ***names, size_t *count, const LdbCancel *cancel,
							  LdbError *err);

/*
 * The deleted rows of a fragment as a bitmap of physical_rows bits (1 = deleted), or NULL when
 * there are none. Loaded once and kept. The count must match the manifest's (LDB_CORRUPT).
 */
LdbStatus ldb_dataset_deletions(LdbDataset *dataset, size_t fragment_index, const uint8_t **deleted,
								LdbReadStats *stats, const LdbCancel *cancel, LdbError *err);

/* Row ids of a fragment, one for each physical row: addresses, or the stable ids. */
LdbStatus ldb_dataset_row_ids(LdbDataset *dataset, size_t fragment_index, LdbArena *arena,
							  const uint64_t **row_ids, const LdbCancel *cancel, LdbError *err);

/* For tables with stable row ids: the version that first had each physical row; NULL = not known. */
LdbStatus ldb_dataset_created_versions(LdbDataset *dataset, size_t fragment_index, LdbArena *arena,
									   const uint64_t **versions, LdbError *err);

/* Whether the version has the row at an address. */
LdbStatus ldb_dataset_row_is_live(LdbDataset *dataset, uint64_t address, const LdbCancel *cancel,
								  bool *live, LdbError *err);

/* (fragment id << 32) | offset among its physical rows */
static inline uint64_t
ldb_row_address(uint64_t fragment_id, uint64_t offset)
{
	return fragment_id << 32 | offset;
}

/* The fragment with this id, or -1. */
long ldb_manifest_fragment_index(const LdbManifest *manifest, uint64_t fragment_id);

/* Bytes in files of a top-level column, over all fragments; an estimate from the files' sizes and
 * the footers of a few fragments, so it costs no more than a handful of reads. */
LdbStatus ldb_dataset_column_bytes(LdbDataset *dataset, size_t column, uint64_t *bytes,
								   const LdbCancel *cancel, LdbError *err);

#endif
