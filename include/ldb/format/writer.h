/*
 * writer.h -- one Lance data file as it is written: columns in, pages out, footer last.
 *
 * Versions 2.0, 2.1 and 2.2. Source: docs/format.md. Encodings are chosen page by page from the values:
 * what LanceDB would choose, or smaller; the file is read by LanceDB and by ldb_file_open alike.
 * Version 2.0 does not store which structs are null: a null struct is written, by LanceDB too, as one
 * whose fields are all null, and is refused when a field takes no nulls.
 * Memory: rows are buffered until a column has a page (page_bytes), or all columns together have
 * memory_bytes; then the largest are written out as pages.
 * Durability: nothing is visible under the file's name before finish, and then all of it; it is durable after
 * ldb_store_settle of its name, where the store needs that.
 * Threads: one. Ownership: schema and store are borrowed and outlive the writer.
 */
#ifndef LDB_FORMAT_WRITER_H
#define LDB_FORMAT_WRITER_H

#include "ldb/arrow/array.h"
#include "ldb/base/cancel.h"
#include "ldb/store/store.h"

typedef struct LdbFileWriter LdbFileWriter;

typedef struct LdbFileWriterOptions
{
	int version;             /* 20, 21 or 22 */
	size_t page_bytes;       /* 0 = 8 MiB */
	size_t memory_bytes;     /* 0 = 64 MiB */
	const LdbCancel *cancel; /* borrowed; NULL = never */
} LdbFileWriterOptions;

/* What a manifest says about the finished file; arrays are in the arena of finish. */
typedef struct LdbFileSummary
{
	uint64_t row_count;
	uint64_t size_bytes;
	size_t field_count;
	int32_t *field_ids;      /* 2.0: every field; 2.1 and later: leaves */
	int32_t *column_indices; /* one for each */
	uint32_t major;          /* as a manifest has them: 2 and 0, 1 or 2 */
	uint32_t minor;
} LdbFileSummary;

/*
 * `schema`: top-level fields with their ids (metadata goes into the file's own schema).
 * Errors: LDB_UNSUPPORTED names a type or nesting that the version cannot store (map and packed
 * variable struct before 2.2, ...); LDB_CONFLICT when the name exists (seen at finish).
 */
LdbStatus ldb_file_writer_open(LdbStore *store, const char *name, const LdbSchema *schema,
							   const LdbFileWriterOptions *options, LdbFileWriter **writer,
							   LdbError *err);

/* columns: one for each field of the schema, each of row_count rows; borrowed for the call only. Types
 * are the fields' (ldb_type_value of them). */
LdbStatus ldb_file_writer_append(LdbFileWriter *writer, const LdbArray *columns, size_t row_count,
								 LdbError *err);

/* Another memory_bytes from now on; writes out what is above it. */
LdbStatus ldb_file_writer_set_memory(LdbFileWriter *writer, size_t memory_bytes, LdbError *err);

uint64_t ldb_file_writer_rows(const LdbFileWriter *writer);
/* Bytes written, and an estimate of what is buffered: for whoever wants files of a certain size. */
uint64_t ldb_file_writer_bytes(const LdbFileWriter *writer);

/* Writes the rest and the footer and closes the writer, on failure too (nothing is left then). */
LdbStatus ldb_file_writer_finish(LdbFileWriter *writer, LdbArena *arena, LdbFileSummary *summary,
								 LdbError *err);
/* Leaves nothing behind. NULL is fine. */
void ldb_file_writer_abandon(LdbFileWriter *writer);

#endif
