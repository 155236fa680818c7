/*
 * head.h -- a version as the start of the next one: its manifest to read and to change.
 *
 * The message holds everything of the manifest file, unknown fields too; it may be changed. Everything
 * lives in the arena of ldb_head_read, but for the dataset.
 */
#ifndef LDB_TABLE_HEAD_H
#define LDB_TABLE_HEAD_H

#include "dataset_impl.h"
#include "lance_table.pb-c.h"
#include "versions.h"

typedef struct LdbHead
{
	LdbLocations *locations; /* borrowed */
	const char *uri;         /* borrowed */
	const char *name;        /* of the manifest within its store */
	LdbSlice file;
	const LdbManifest *manifest;
	Ldb__Manifest
		*message; /* the same, as it lies in the file; NULL when only the dataset was given */
	LdbDataset *dataset; /* NULL until it is needed */
	bool owns_dataset;
} LdbHead;

LdbStatus ldb_head_read(LdbLocations *locations, const LdbVersionHome *home, LdbVersionEntry *entry,
						LdbArena *arena, LdbHead *head, const LdbCancel *cancel, LdbError *err);

/* ldb_manifest_parse, and the message that it was made of: `manifest` borrows its texts. */
LdbStatus ldb_manifest_unpack(LdbSlice bytes, const char *name, LdbArena *arena,
							  LdbManifest **manifest, Ldb__Manifest **message, LdbError *err);

/* Opened on first use; closed by ldb_head_close. */
LdbStatus ldb_head_dataset(LdbHead *head, LdbDataset **dataset, const LdbCancel *cancel,
						   LdbError *err);
void ldb_head_close(LdbHead *head);

/* Deleted rows of a fragment, by its position in the manifest; NULL = none. */
LdbStatus ldb_head_deletions(LdbHead *head, size_t fragment_index, const uint8_t **deleted,
							 const LdbCancel *cancel, LdbError *err);

/* Bytes of the index section; empty = none. */
LdbStatus ldb_head_indices(const LdbHead *head, LdbSlice *section, LdbError *err);

#endif
