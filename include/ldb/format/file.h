/*
 * file.h -- one Lance data file: its footer, its columns, and rows of them.
 *
 * Versions 2.0, 2.1 and 2.2. A legacy (0.1) file and 2.3 or later are LDB_UNSUPPORTED, with what
 * to do in the hint. Source: docs/format.md.
 * A column reader gives any rows of a top-level field, decoded to an LdbArray; a page's parsed
 * layout and the chunk decoded last are kept between calls, so reading on is cheap.
 * Threads: a file and its readers belong to one thread at a time.
 * Ownership: the file owns the object; readers borrow the file and must be closed before it.
 */
#ifndef LDB_FORMAT_FILE_H
#define LDB_FORMAT_FILE_H

#include "ldb/arrow/array.h"
#include "ldb/arrow/type.h"
#include "ldb/base/cancel.h"
#include "ldb/store/object.h"

typedef struct LdbFile LdbFile;
typedef struct LdbColumnReader LdbColumnReader;

/* Half-open, rows of the file (physical rows of the fragment). */
typedef struct LdbRowRange
{
	uint64_t first;
	uint64_t count;
} LdbRowRange;

/* Takes ownership of the object, also on failure. */
LdbStatus ldb_file_open(LdbObject *object, const LdbCancel *cancel, LdbFile **file, LdbError *err);
void ldb_file_close(LdbFile *file); /* NULL is fine */

uint64_t ldb_file_row_count(const LdbFile *file);
uint32_t ldb_file_column_count(const LdbFile *file);
/* 20, 21 or 22 */
int ldb_file_version(const LdbFile *file);
LdbObject *ldb_file_object(const LdbFile *file);
/* Bytes that the pages of a physical column take in the file. */
LdbStatus ldb_file_column_bytes(LdbFile *file, uint32_t column, uint64_t *bytes, LdbError *err);

/* Where a field id's values lie: filled from the manifest's DataFile entries of one fragment. */
typedef struct LdbColumnSource
{
	int32_t field_id;
	LdbFile *file; /* borrowed */
	uint32_t column_index;
} LdbColumnSource;

/*
 * A reader for a top-level field. Leaves without a source read as NULL; when no leaf has one the
 * whole column is NULL. row_count is the fragment's; a source with other lengths is LDB_CORRUPT.
 * The sources array is copied; the field is borrowed.
 */
LdbStatus ldb_column_open(const LdbField *field, const LdbColumnSource *sources,
						  size_t source_count, uint64_t row_count, LdbColumnReader **reader,
						  LdbError *err);
void ldb_column_close(LdbColumnReader *reader); /* NULL is fine */

/*
 * The rows of the ranges (ascending, not overlapping, within row_count), end to end. Each page and
 * chunk is fetched and decoded at most once a call; only what the ranges touch is fetched.
 * The array borrows from the arena and from the file (valid until either goes).
 * Non-null fixed-width values that lie contiguously in a mapped file are used in place when one
 * range falls into one page; blobs are read and come as binary.
 */
LdbStatus ldb_column_read(LdbColumnReader *reader, const LdbRowRange *ranges, size_t range_count,
						  LdbArena *arena, LdbArray *out, const LdbCancel *cancel, LdbError *err);

/* The rows of the file's page that holds this row: values can be used in place only within a page.
 * All rows when the column has no values in a file. */
LdbStatus ldb_column_page(LdbColumnReader *reader, uint64_t row, LdbRowRange *page, LdbError *err);

/* Average bytes of a row of this column in the file: what a scan plans its batches with. */
LdbStatus ldb_column_row_bytes(LdbColumnReader *reader, double *bytes, LdbError *err);

#endif
