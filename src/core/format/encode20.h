/*
 * encode20.h -- arrays as version 2.0 pages store them; between the files that write them.
 *
 *   write20.c            the columns of a field: lists, structs, blobs; arrays -> pages
 *   encode20.c           one page's values: nulls, fixed-size lists, strings
 *   encode20_dictionary.c  values that are stored once, and keys
 *
 * The mirror of array20.h. Encodings name the buffers of a page by number; what they add lies in the
 * arena or is the array's own.
 */
#ifndef LDB_FORMAT_ENCODE20_H
#define LDB_FORMAT_ENCODE20_H

#include <stdbool.h>

#include "lance_encodings.pb-c.h"
#include "ldb/arrow/array.h"

typedef Ldb__ArrayEncoding LdbArrayEncoding;

/* Fixed-size lists nested as deep as readers take them: a validity each, and the values. */
#define LDB_ENCODE20_FSL_DEPTH 8
#define LDB_ENCODE20_BUFFERS (LDB_ENCODE20_FSL_DEPTH + 4)

typedef struct LdbPageBuffers
{
	LdbArena *arena;
	size_t count;
	LdbSlice buffers[LDB_ENCODE20_BUFFERS];
} LdbPageBuffers;

/* Which rows are there; bits NULL = all. */
typedef struct LdbMask
{
	const uint8_t *bits;
	size_t null_count;
} LdbMask;

/* How strings are compressed, as the field's metadata asks; LanceDB does none of it by itself. */
typedef enum LdbText20
{
	LDB_TEXT20_PLAIN,
	LDB_TEXT20_ZSTD,
	LDB_TEXT20_FSST
} LdbText20;

/* Rows that are valid both in the array and in what surrounds it (`outer` NULL = everywhere). */
LdbStatus ldb_mask_join(const LdbArray *array, size_t rows, const uint8_t *outer, LdbArena *arena,
						LdbMask *mask, LdbError *err);

/* A new encoding of this kind; the message behind it is the caller's to set. */
LdbStatus ldb_encode20_new(LdbArena *arena, Ldb__ArrayEncoding__KindCase kind,
						   LdbArrayEncoding **encoding, LdbError *err);
/* Fixed-width values in a buffer of their own. */
LdbStatus ldb_encode20_flat(LdbPageBuffers *page, uint64_t bits, LdbSlice bytes,
							LdbArrayEncoding **encoding, LdbError *err);
/* Without nulls. */
LdbStatus ldb_encode20_no_nulls(LdbArena *arena, LdbArrayEncoding *values,
								LdbArrayEncoding **encoding, LdbError *err);
/* Values [0, rows) of a type of fixed width (fixed-size lists too), or of nulls. */
LdbStatus ldb_encode20_fixed(LdbPageBuffers *page, const LdbArray *array, size_t rows,
							 const LdbMask *mask, LdbArrayEncoding **encoding, LdbError *err);
/* The encoding that one value of a packed row has; it names buffer 0. */
LdbStatus ldb_encode20_in_row(const LdbType *type, LdbArena *arena, LdbArrayEncoding **encoding,
							  LdbError *err);
/* Strings and binaries. Null ones may be anything. */
LdbStatus ldb_encode20_variable(LdbPageBuffers *page, const LdbSlice *views, size_t rows,
								const LdbMask *mask, LdbText20 text, LdbArrayEncoding **encoding,
								LdbError *err);

/* Strings with so few distinct values that LanceDB stores each once: keys count from 1, 0 is null.
 * *encoding is NULL when there are more, and nothing was added to the page. */
LdbStatus ldb_encode20_few(LdbPageBuffers *page, const LdbSlice *views, size_t rows,
						   const LdbMask *mask, LdbArrayEncoding **encoding, LdbError *err);
/* Values of a dictionary column, keys from 0 in the type of its keys; nulls are one of the items.
 * *encoding is NULL when there are more of them than keys, and nothing was added. */
LdbStatus ldb_encode20_keyed(LdbPageBuffers *page, const LdbType *type, const LdbArray *array,
							 size_t rows, const LdbMask *mask, LdbArrayEncoding **encoding,
							 LdbError *err);

#endif
