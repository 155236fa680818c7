/*
 * array20.h -- arrays of version 2.0 pages; between the files that decode them.
 *
 *   column20.c          the columns of a field, lists and structs, rows -> pages
 *   array20.c           one page's values: nulls, fixed-size lists, dictionaries, packed structs
 *   array20_fixed.c     fixed-width values
 *   array20_variable.c  strings and binaries
 *   array20_buffer.c    bytes of a page's buffers
 *
 * A pick says which values of an array are wanted; encodings pass picks down to their parts
 * (a list of 128 items picks 128 times as many) until buffers are sliced, so that only the bytes
 * that are needed are touched. Compressed buffers are decompressed whole and kept for the page.
 * Lifetimes: what comes out lies in the caller's arena or in the mapped file.
 */
#ifndef LDB_FORMAT_ARRAY20_H
#define LDB_FORMAT_ARRAY20_H

#include "column_impl.h"
#include "lance_encodings.pb-c.h"

typedef Ldb__ArrayEncoding LdbArrayEncoding;
typedef struct LdbWholeBuffer LdbWholeBuffer;

/* Decompressed buffers of the page that was read last. Zero-initialised is valid. */
typedef struct LdbPageCache
{
	LdbArena *arena;         /* owned; NULL until something is kept */
	const LdbPageInfo *page; /* whose buffers they are */
	LdbWholeBuffer *first;
} LdbPageCache;

void ldb_page_cache_free(LdbPageCache *cache);

/* A page being read. */
typedef struct LdbPage20
{
	LdbFile *file;
	const LdbColumnPages *column;
	const LdbPageInfo *info;
	LdbPageCache *cache;
	LdbArena *arena; /* of the caller */
	const LdbCancel *cancel;
} LdbPage20;

/* Ranges ascend but may touch or overlap by a value. */
typedef struct LdbPick
{
	const LdbRowRange *ranges;
	size_t range_count;
	size_t rows; /* sum of the counts */
} LdbPick;

/* ---- array20_buffer.c ---- */

/* A buffer as an encoding names it. `compression` may be NULL; `key` tells buffers apart. */
typedef struct LdbBufferName
{
	const Ldb__BufferRef *reference;
	const Ldb__ArrayEncoding__Compression *compression;
	const void *key;
} LdbBufferName;

/* The byte ranges of the buffer's plain contents, one slice each. */
LdbStatus ldb_page20_bytes(const LdbPage20 *page, const LdbBufferName *name,
						   const LdbRowRange *ranges, size_t count, LdbSlice *slices,
						   LdbError *err);

/* A pick whose ranges are `factor` times those of another. */
LdbStatus ldb_pick_scale(const LdbPage20 *page, const LdbPick *pick, uint64_t factor,
						 LdbPick *scaled, LdbError *err);

/* ---- array20_fixed.c ---- */

typedef struct LdbFixed20
{
	uint64_t bits;      /* of one value */
	const void *values; /* of the picked rows, end to end */
} LdbFixed20;

/* flat, bitpacked, bitpacked_for_non_neg, fixed_size_binary, also inside nullable.no_nulls */
LdbStatus ldb_array20_fixed(const LdbPage20 *page, const LdbArrayEncoding *encoding,
							const LdbPick *pick, LdbFixed20 *out, LdbError *err);

/* The same when values must be unsigned integers of 8, 16, 32 or 64 bits. */
LdbStatus ldb_array20_integers(const LdbPage20 *page, const LdbArrayEncoding *encoding,
							   const LdbPick *pick, LdbFixed20 *out, LdbError *err);

static inline uint64_t
ldb_fixed20_integer(const LdbFixed20 *integers, size_t i)
{
	const uint8_t *values = integers->values;

	switch (integers->bits)
	{
		case 8:
			return values[i];
		case 16:
			return ldb_load_u16(values + i * 2);
		case 32:
			return ldb_load_u32(values + i * 4);
		default:
			return ldb_load_u64(values + i * 8);
	}
}

/* One value for every row. */
LdbStatus ldb_array20_repeat(const LdbPage20 *page, LdbSlice value, const LdbPick *pick,
							 LdbFixed20 *out, LdbError *err);

/* ---- array20_variable.c ---- */

/* Ends of values: what binary and list have in common. ends[i] belongs to picked row i; starts
 * differ from the end before where a range begins. */
typedef struct LdbSpans20
{
	uint64_t *starts;
	uint64_t *ends;
	uint8_t *validity; /* NULL when nothing is null */
	size_t null_count;
} LdbSpans20;

/* An end at or above `adjustment` is a null's; taken off, the ends ascend up to `most`, across the
 * pick's ranges too. */
LdbStatus ldb_array20_spans(const LdbPage20 *page, const LdbArrayEncoding *ends,
							uint64_t adjustment, uint64_t most, const LdbPick *pick,
							LdbSpans20 *out, LdbError *err);

/* binary, fsst, fixed_size_binary, constant for a type whose values are views */
LdbStatus ldb_array20_variable(const LdbPage20 *page, const LdbArrayEncoding *encoding,
							   const LdbType *type, const LdbPick *pick, LdbArray *out,
							   LdbError *err);

/* ---- array20.c ---- */

/* What nullable.no_nulls wraps, or the encoding itself; NULL when it is missing. */
const LdbArrayEncoding *ldb_array20_bare(const LdbArrayEncoding *encoding);

/* The number of an encoding for messages, also of one that is not known. */
int ldb_array20_number(const LdbArrayEncoding *encoding);

/* Values of a leaf: `field` for packed structs, else NULL and the type counts. */
LdbStatus ldb_array20_decode(const LdbPage20 *page, const LdbArrayEncoding *encoding,
							 const LdbField *field, const LdbType *type, const LdbPick *pick,
							 LdbArray *out, LdbError *err);

/* Rows of several fixed-width values side by side, taken apart: one array for each type. */
LdbStatus ldb_array20_packed(const LdbPage20 *page, const LdbArrayEncoding *encoding,
							 const LdbType *const *types, size_t type_count, const LdbPick *pick,
							 LdbArray *arrays, LdbError *err);

#endif
