/*
 * leaf_writer.h -- how pages of a leaf column of versions 2.1 and 2.2 are made; between the files
 * that do it. The mirror of page_impl.h.
 *
 *   write21.c         leaves of a field; which layout a page gets
 *   shred.c           lists, structs and nulls -> levels
 *   leaf_values.c     an array -> values side by side; packed_values.c: those of a packed struct
 *   value_encoding.c  which encoding values get in chunks, and the bytes of a chunk
 *   zip_encoding.c    which encoding values of variable width get one by one
 *   level_coder.c     levels as blocks
 *   write_mini.c, write_zip.c, write_constant.c, write_blob.c
 *   layout_message.c  the messages
 *
 * All memory is the scratch arena of the page.
 */
#ifndef LDB_FORMAT_LEAF_WRITER_H
#define LDB_FORMAT_LEAF_WRITER_H

#include "encode_fsst.h"
#include "lance_encodings.pb-c.h"
#include "page_impl.h"
#include "shred.h"
#include "writer_impl.h"

/* Values of a page: visible entries only. */
typedef struct LdbLeafValues
{
	const LdbType *type; /* a dictionary's value type */
	size_t count;
	size_t valid_count;
	const uint8_t *valid; /* NULL = all */
	bool variable;
	/* fixed width */
	uint32_t item_bits;
	size_t items_per_value;
	size_t value_bytes; /* 0 when items are single bits */
	const uint8_t *fixed;
	size_t fsl_depth;
	size_t fsl_items[LDB_MAX_FSL_DEPTH];            /* items of that level in one value */
	const uint8_t *fsl_validity[LDB_MAX_FSL_DEPTH]; /* NULL = all valid */
	const LdbField *packed; /* rows of a packed struct, fields side by side */
	/* variable width; null values are empty */
	uint32_t offset_bits; /* 32, or 64 for large types */
	const LdbSlice *views;
	size_t longest;
	uint64_t total_bytes;
} LdbLeafValues;

/* A page on its way. */
typedef struct LdbLeafPageWriter
{
	const LdbField *field; /* the leaf */
	int version;
	const LdbCancel *cancel;
	LdbPageSink *sink;
	uint32_t column;
	size_t row_count;
	const LdbShred *shred;
	const LdbLeafValues *values;
	const LdbLayers *blob_layers; /* not NULL: the page describes blobs that have these layers */
	LdbArena *arena;
} LdbLeafPageWriter;

/* Bytes that grow in an arena: what they grew out of stays there until the page is done. */
typedef struct LdbGrowing
{
	LdbArena *arena;
	uint8_t *data;
	size_t length;
	size_t capacity;
} LdbGrowing;

/* Makes room for `bytes` more; *at is where they go. The length grows by them. */
LdbStatus ldb_growing_take(LdbGrowing *growing, size_t bytes, uint8_t **at, LdbError *err);

static inline LdbSlice
ldb_growing_slice(const LdbGrowing *growing)
{
	return ldb_slice(growing->data, growing->length);
}

/* ---- values ---- */

/* LDB_UNSUPPORTED: nulls inside of a packed struct. */
LdbStatus ldb_packed_values(const LdbField *field, const LdbArray *array, LdbArena *arena,
							LdbLeafValues *rows, LdbError *err);
/* Down through the lists to the items: type and count are set. */
LdbStatus ldb_values_set_items(const LdbArray *array, LdbLeafValues *values, LdbError *err);
/* A copy with zeros in null slots: what stood there is nobody's, and may not compress. */
LdbStatus ldb_values_clear_nulls(LdbLeafValues *values, LdbArena *arena, LdbError *err);
LdbStatus ldb_leaf_values(const LdbField *field, const LdbShred *shred, LdbArena *arena,
						  LdbLeafValues *values, LdbError *err);

/* ---- messages: all in the arena ---- */

LdbStatus ldb_encoding_flat(LdbArena *arena, uint64_t bits, LdbEncoding **encoding, LdbError *err);
LdbStatus ldb_encoding_variable(LdbArena *arena, uint64_t offset_bits, LdbEncoding **encoding,
								LdbError *err);
LdbStatus ldb_encoding_inline_bitpacking(LdbArena *arena, uint64_t word_bits,
										 LdbEncoding **encoding, LdbError *err);
LdbStatus ldb_encoding_outline_bitpacking(LdbArena *arena, uint64_t word_bits, uint64_t packed_bits,
										  LdbEncoding **encoding, LdbError *err);
LdbStatus ldb_encoding_rle(LdbArena *arena, uint64_t value_bits, LdbEncoding **encoding,
						   LdbError *err);
LdbStatus ldb_encoding_split(LdbArena *arena, uint64_t value_bits, LdbEncoding **encoding,
							 LdbError *err);
LdbStatus ldb_encoding_fsst(LdbArena *arena, LdbSlice table, LdbEncoding *values,
							LdbEncoding **encoding, LdbError *err);
LdbStatus ldb_encoding_general(LdbArena *arena, int scheme, LdbEncoding *values,
							   LdbEncoding **encoding, LdbError *err);
/* The encoding of whole values that are flat: lists and packed structs around their items. */
LdbStatus ldb_encoding_of_flat(const LdbLeafValues *values, LdbArena *arena, LdbEncoding **encoding,
							   LdbError *err);
/* Of rows of a packed struct that has fields of variable width. */
LdbStatus ldb_encoding_packed_text(const LdbField *field, LdbArena *arena, LdbEncoding **encoding,
								   LdbError *err);
/* Layer kinds as a message has them. */
LdbStatus ldb_layers_message(const LdbLayers *layers, LdbArena *arena, int32_t **kinds,
							 LdbError *err);
/* Packs the layout and gives the page to the sink. */
LdbStatus ldb_leaf_page_put(const LdbLeafPageWriter *page, const Ldb__PageLayout *layout,
							const LdbSlice *buffers, size_t buffer_count, LdbError *err);

/* ---- levels ---- */

typedef struct LdbLevelCoder
{
	const uint16_t *levels; /* NULL = there are none */
	unsigned bits;          /* of the largest */
	bool runs; /* since 2.2, where they take less: nulls and lists often come together */
} LdbLevelCoder;

LdbLevelCoder ldb_level_coder(const uint16_t *levels, uint16_t max, size_t count, int version);
/* Of levels [first, first + count) as one block; put needs as much room. */
size_t ldb_level_coder_bytes(const LdbLevelCoder *coder, size_t first, size_t count);
void ldb_level_coder_put(const LdbLevelCoder *coder, size_t first, size_t count, uint8_t *out);
/* Leaves *encoding alone when there are no levels. */
LdbStatus ldb_level_coder_message(const LdbLevelCoder *coder, LdbArena *arena,
								  LdbEncoding **encoding, LdbError *err);

/* ---- values in chunks ---- */

typedef struct LdbValueEncoding LdbValueEncoding;

/* Value buffers of one chunk; arena. */
typedef struct LdbNewChunk
{
	size_t buffer_count;
	LdbSlice buffers[LDB_MAX_CHUNK_BUFFERS];
} LdbNewChunk;

struct LdbValueEncoding
{
	const LdbLeafValues *values;
	LdbEncoding *message;
	LdbEncoding *dictionary; /* NULL = none */
	LdbSlice dictionary_bytes;
	uint64_t dictionary_count;
	size_t buffer_count;
	/* How many values a chunk from `first` on may have at most: a power of two, or all that are left. */
	size_t (*chunk_values)(const LdbValueEncoding *encoding, size_t first);
	LdbStatus (*chunk)(const LdbValueEncoding *encoding, size_t first, size_t count,
					   LdbNewChunk *chunk, LdbArena *arena, LdbError *err);
	/* of the encodings */
	const LdbSlice *views; /* variable: as they are stored */
	const uint8_t *words;  /* dictionary indices, or the values */
	size_t word_bytes;
};

/* Looks at the values and takes what is smallest. */
LdbStatus ldb_value_encoding_choose(const LdbLeafPageWriter *page, LdbValueEncoding *encoding,
									LdbError *err);

/* Views compressed with FSST and the table around the encoding; both stay what they are when that takes more
 * than the values do: what the symbols were learned from may have been another kind of text. */
LdbStatus ldb_values_compress(const LdbLeafValues *values, const LdbFsstEncoder *fsst,
							  LdbArena *arena, const LdbSlice **views, LdbEncoding **message,
							  LdbError *err);

/* The choice for full-zip pages of variable width: *views as they are stored. */
LdbStatus ldb_value_encoding_of_zip(const LdbLeafPageWriter *page, const LdbSlice **views,
									LdbEncoding **encoding, LdbError *err);

/* Whether all values that are valid are the same, and fit a constant page of 2.2. */
bool ldb_values_same(const LdbLeafValues *values, LdbSlice *value);

/* ---- layouts ---- */

/* *fits = false: a chunk would need more levels than it can have; nothing was put then. */
LdbStatus ldb_write_mini(const LdbLeafPageWriter *page, bool *fits, LdbError *err);
LdbStatus ldb_write_zip(const LdbLeafPageWriter *page, LdbError *err);
/* value NULL: every entry is null or of an empty list. */
LdbStatus ldb_write_constant(const LdbLeafPageWriter *page, const LdbSlice *value, LdbError *err);
LdbStatus ldb_write_blob(const LdbLeafPageWriter *page, LdbError *err);

#endif
