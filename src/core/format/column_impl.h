/*
 * column_impl.h -- between a column reader and the page decoders of one file version.
 *
 * column.c owns what every version shares: which sources belong to a field, checks of the caller's
 * ranges, the reader's memory. A decoder (ldb_column_init_v20, ldb_column_init_v21) fills ops and
 * state. file.c gives a decoder the pages of a physical column, unpacked on first use and kept as
 * long as the file: every buffer lies within the file, page lengths do not overflow when summed.
 */
#ifndef LDB_FORMAT_COLUMN_IMPL_H
#define LDB_FORMAT_COLUMN_IMPL_H

#include "ldb/format/file.h"

typedef struct LdbPageInfo
{
	uint64_t first_row; /* lengths of the pages before, summed */
	uint64_t length;    /* 2.1 and later: top-level rows; 2.0: values of this array */
	size_t buffer_count;
	const LdbRange *buffers; /* file arena */
	LdbSlice encoding;       /* the message inside of the Any, not yet unpacked */
} LdbPageInfo;

typedef struct LdbColumnPages
{
	uint32_t column;
	size_t page_count;
	const LdbPageInfo *pages; /* file arena */
	uint64_t length;          /* of all pages */
	uint64_t bytes;           /* of all page buffers */
	size_t buffer_count;      /* buffers of the column as a whole */
	const LdbRange *buffers;
	LdbSlice encoding; /* a ColumnEncoding message; empty when there is none */
} LdbColumnPages;

/* Unpacks the metadata of a physical column, or gives what it unpacked before. */
LdbStatus ldb_file_column(LdbFile *file, uint32_t column, const LdbColumnPages **pages,
						  LdbError *err);

/* Where a global buffer lies. LDB_CORRUPT when there is no such buffer. */
LdbStatus ldb_file_buffer(const LdbFile *file, uint32_t index, LdbRange *range, LdbError *err);

/* The page that holds the row (below pages->length). */
size_t ldb_pages_find(const LdbColumnPages *pages, uint64_t row);

typedef struct LdbColumnOps
{
	/* The ranges were checked: ascending, apart, not empty, within row_count; `rows` is their
	 * sum, at least 1. */
	LdbStatus (*read)(LdbColumnReader *reader, const LdbRowRange *ranges, size_t range_count,
					  size_t rows, LdbArena *arena, LdbArray *out, const LdbCancel *cancel,
					  LdbError *err);
	/* Frees what the decoder holds outside of the reader's arena; NULL when there is nothing. */
	void (*close)(LdbColumnReader *reader);
} LdbColumnOps;

struct LdbColumnReader
{
	const LdbColumnOps *ops;
	const LdbField *field; /* borrowed */
	uint64_t row_count;
	size_t source_count;
	const LdbColumnSource *sources; /* only those of this field's tree; arena */
	LdbArena *arena;                /* owned; the reader itself lies in it */
	void *state;                    /* the decoder's own */
};

/* The source of this field id, or NULL. */
const LdbColumnSource *ldb_column_source(const LdbColumnReader *reader, int32_t field_id);

/* Called with everything but ops and state filled, and with at least one source, all of the
 * version. On failure the caller frees the arena and does not call close. */
LdbStatus ldb_column_init_v20(LdbColumnReader *reader, LdbError *err);
LdbStatus ldb_column_init_v21(LdbColumnReader *reader, LdbError *err);

#endif
