/*
 * writer_impl.h -- between file_writer.c, which owns the file, and what encodes its columns.
 *
 * A field encoder takes rows of one top-level field and gives pages: one encode call makes at least one page for
 * each physical column that has rows. file_writer.c decides how many rows a call gets, collects them
 * before, writes the pages' buffers to the file as they come and the messages behind them.
 *   write21.c     2.1 and 2.2: a column for each leaf
 *   write20.c     2.0: a column for each field
 */
#ifndef LDB_FORMAT_WRITER_IMPL_H
#define LDB_FORMAT_WRITER_IMPL_H

#include "ldb/format/writer.h"

/* A page as an encoder gives it. Everything is borrowed for the call of put. */
typedef struct LdbNewPage
{
	uint64_t length; /* 2.1 and later: top-level rows; 2.0: values of this array */
	size_t buffer_count;
	const LdbSlice *buffers;
	LdbSlice layout; /* packed PageLayout, or ArrayEncoding in 2.0: what the Any holds */
} LdbNewPage;

typedef struct LdbPageSink LdbPageSink;

struct LdbPageSink
{
	/* column: counted from the field's first one */
	LdbStatus (*put)(LdbPageSink *sink, uint32_t column, const LdbNewPage *page, LdbError *err);
	/* Bytes that lie outside of pages (a blob), 64-byte aligned; *position: where in the file. */
	LdbStatus (*put_bytes)(LdbPageSink *sink, LdbSlice bytes, uint64_t *position, LdbError *err);
};

/* One physical column. */
typedef struct LdbNewColumn
{
	int32_t field_id; /* the manifest's entry for it */
	bool blob;        /* its ColumnEncoding is blob, not values */
} LdbNewColumn;

typedef struct LdbFieldEncoder LdbFieldEncoder;

struct LdbFieldEncoder
{
	const LdbField *field; /* borrowed */
	int version;           /* 20, 21, 22 */
	const LdbCancel *cancel;
	bool whole; /* of each call: the rows are all that the file will have */
	/* filled by init */
	uint32_t column_count;
	LdbNewColumn *columns; /* depth-first; arena of init */
	void *state;           /* arena of init */
	/* rows: of the field, at least one, of its type; borrowed for the call. scratch is emptied by the
	 * caller afterwards. */
	LdbStatus (*encode)(LdbFieldEncoder *encoder, const LdbArray *rows, LdbPageSink *sink,
						LdbArena *scratch, LdbError *err);
	/* After the last rows: pages that are only known then. NULL = none. */
	LdbStatus (*finish)(LdbFieldEncoder *encoder, LdbPageSink *sink, LdbArena *scratch,
						LdbError *err);
};

/* Called with field, version and cancel filled. LDB_UNSUPPORTED names what the version cannot
 * store. Nothing needs to be freed but the arena. */
LdbStatus ldb_field_encoder_init_v20(LdbFieldEncoder *encoder, LdbArena *arena, LdbError *err);
LdbStatus ldb_field_encoder_init_v21(LdbFieldEncoder *encoder, LdbArena *arena, LdbError *err);

#endif
