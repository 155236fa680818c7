/*
 * manifest.h -- one version of a table, as its manifest file says.
 *
 * Source: docs/format.md, "The manifest file". Feature flags are checked before anything else is believed:
 * an unknown reader flag is LDB_UNSUPPORTED and names the bit.
 * Ownership: everything lives in the manifest's arena.
 */
#ifndef LDB_TABLE_MANIFEST_H
#define LDB_TABLE_MANIFEST_H

#include "ldb/arrow/type.h"
#include "ldb/base/arena.h"
#include "ldb/base/error.h"
#include "ldb/base/slice.h"

#define LDB_FLAG_DELETION_FILES 1u
#define LDB_FLAG_STABLE_ROW_IDS 2u
#define LDB_FLAG_V2_FORMAT 4u
#define LDB_FLAG_TABLE_CONFIG 8u
#define LDB_FLAG_BASE_PATHS 16u
#define LDB_FLAG_NO_TRANSACTION_FILE 32u

#define LDB_NO_BASE UINT32_MAX
#define LDB_FIELD_TOMBSTONE (-2)

typedef struct LdbDataFile
{
	const char *path; /* relative to data/ of its base */
	size_t field_count;
	const int32_t *field_ids;      /* -2 = tombstone */
	const int32_t *column_indices; /* -1 = no column of its own */
	uint32_t major;
	uint32_t minor;
	uint64_t size_bytes; /* 0 = unknown */
	uint32_t base_id;    /* LDB_NO_BASE = the dataset's own root */
} LdbDataFile;

typedef struct LdbDeletionFile
{
	bool is_bitmap; /* .bin, else .arrow */
	uint64_t read_version;
	uint64_t id;
	uint64_t deleted_rows;
	uint32_t base_id;
} LdbDeletionFile;

typedef struct LdbFragment
{
	uint64_t id;
	size_t file_count;
	LdbDataFile *files;
	const LdbDeletionFile *deletion; /* NULL = no row deleted */
	uint64_t physical_rows;
	uint64_t first_ordinal;            /* live rows of all fragments before this one */
	LdbSlice inline_row_ids;           /* RowIdSequence bytes; empty = none */
	const char *external_row_ids_path; /* NULL = none; relative to the root */
	uint64_t external_row_ids_offset;
	uint64_t external_row_ids_bytes;
	LdbSlice inline_created_versions; /* RowDatasetVersionSequence bytes; empty = none here */
} LdbFragment;

static inline uint64_t
ldb_fragment_live_rows(const LdbFragment *fragment)
{
	return fragment->physical_rows -
		   (fragment->deletion == NULL ? 0 : fragment->deletion->deleted_rows);
}

typedef struct LdbBasePath
{
	uint32_t id;
	const char *name; /* may be NULL */
	bool is_dataset_root;
	const char *path; /* a URI or absolute path */
} LdbBasePath;

/* A top-level column of a type that this build does not read; the schema leaves it out. */
typedef struct LdbUnreadColumn
{
	const char *name;
	const char *logical_type; /* of the column, or of the part of it that is not known */
} LdbUnreadColumn;

typedef struct LdbManifest
{
	uint64_t version;
	int64_t timestamp_us; /* commit time, microseconds since 1970-01-01 UTC */
	uint64_t reader_flags;
	uint64_t writer_flags;
	const char *data_version;   /* "2.1"; "" when absent */
	const char *writer_library; /* "" when absent */
	const char *writer_version;
	const char *branch; /* NULL = main */
	LdbSchema schema;
	int32_t max_field_id; /* of all columns, unread ones and those in files included; -1 = none */
	size_t unread_count;
	LdbUnreadColumn *unread;
	size_t fragment_count;
	LdbFragment *fragments;   /* ascending ids */
	uint64_t max_fragment_id; /* that the table ever used */
	size_t base_count;
	LdbBasePath *bases; /* ascending ids */
	uint64_t live_rows;
	uint64_t next_row_id;   /* of tables with stable row ids */
	LdbSlice index_section; /* the same; as it lies in the file, not looked at; empty = none */
	const char *operation;  /* of its inline transaction: "Append", "Delete", ...; NULL = unknown */
	const char *transaction_file; /* NULL = none */
} LdbManifest;

/* bytes: the whole manifest file; `name` for messages. Strings and ids are copied to the arena. */
LdbStatus ldb_manifest_parse(LdbSlice bytes, const char *name, LdbArena *arena,
							 LdbManifest **manifest, LdbError *err);

#endif
