/*
 * file_tail.h -- what stands behind the pages of a data file: descriptor, column metadata, tables,
 * footer. The mirror of file.c.
 */
#ifndef LDB_FORMAT_FILE_TAIL_H
#define LDB_FORMAT_FILE_TAIL_H

#include "ldb/store/store.h"
#include "writer_impl.h"

/* A page that lies in the file. */
typedef struct LdbTailPage
{
	struct LdbTailPage *next;
	uint64_t length;
	size_t buffer_count;
	uint64_t *offsets;
	uint64_t *sizes;
	LdbSlice layout;
} LdbTailPage;

typedef struct LdbTailColumn
{
	bool blob;
	size_t page_count;
	LdbTailPage *first; /* arena, as all of it */
	LdbTailPage *last;
} LdbTailColumn;

typedef struct LdbFileTail
{
	int version; /* 20, 21, 22 */
	const LdbSchema *schema;
	uint64_t row_count;
	uint32_t column_count;
	LdbTailColumn *columns;
} LdbFileTail;

/* The bytes from `position`, which is a multiple of 64, to the end of the file. */
LdbStatus ldb_file_tail_build(const LdbFileTail *tail, uint64_t position, LdbArena *arena,
							  LdbSlice *bytes, LdbError *err);

#endif
