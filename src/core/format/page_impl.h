/*
 * page_impl.h -- how a leaf column of versions 2.1 and 2.2 is read; between the files that do it.
 *
 *   column21.c  joins the leaves of a field into one array
 *   leaf.c      cuts ranges into segments, one page each, and drives the steps below
 *   page.c      a page's layout and layers; page_mini.c, page_zip.c, page_constant.c, page_blob.c
 *   shape.c     repetition and definition levels -> validity and offsets
 *   values.c    compressed values of a chunk -> fixed-width bytes or views
 *   sink.c      where the values of a call are put
 *
 * Lifetimes: what a call hands out lies in the caller's arena or in the mapped file, never in a
 * cache of the reader. Chunks that are wanted whole are decoded straight into the caller's arena;
 * of others, and of dictionaries, the wanted part is copied out of the cache.
 */
#ifndef LDB_FORMAT_PAGE_IMPL_H
#define LDB_FORMAT_PAGE_IMPL_H

#include "codec_fsst.h"
#include "column_impl.h"
#include "lance_encodings.pb-c.h"

/* What a reader may take besides the caller's arena. A page: dictionary, chunk table, levels of a
 * constant page. All pages of one call; those kept for the next one (the newest stays anyway). */
#define LDB_PAGE_BYTES ((size_t) 128 * 1024 * 1024)
#define LDB_CALL_PAGES_BYTES ((size_t) 256 * 1024 * 1024)
#define LDB_KEPT_PAGES_BYTES ((size_t) 32 * 1024 * 1024)
/* The chunk decoded last; levels and tables on their way. */
#define LDB_CHUNK_BYTES ((size_t) 64 * 1024 * 1024)
#define LDB_SCRATCH_BYTES ((size_t) 256 * 1024 * 1024)
#define LDB_MAX_FSL_DEPTH 8
#define LDB_MAX_CHUNK_BUFFERS (LDB_MAX_FSL_DEPTH + 1)

typedef Ldb__CompressiveEncoding LdbEncoding;
typedef struct LdbLeaf LdbLeaf;
typedef struct LdbLeafPage LdbLeafPage;

/* ---- shape: what surrounds the values ---- */

typedef enum LdbLayer
{
	LDB_LAYER_ALL_VALID_ITEM = 1,
	LDB_LAYER_ALL_VALID_LIST = 2,
	LDB_LAYER_NULLABLE_ITEM = 3,
	LDB_LAYER_NULLABLE_LIST = 4,
	LDB_LAYER_EMPTYABLE_LIST = 5,
	LDB_LAYER_NULL_AND_EMPTY_LIST = 6
} LdbLayer;

/* The layers of one page, from the leaf outward. */
typedef struct LdbLayers
{
	size_t count;
	const LdbLayer *kinds;
	uint16_t max_rep;     /* number of list layers */
	uint16_t max_def;     /* number of definition levels */
	uint16_t max_visible; /* an entry with a level above this owns no value */
} LdbLayers;

/* One layer of the array being built. */
typedef struct LdbShapeLayer
{
	bool is_list;
	size_t length;
	size_t capacity;
	size_t null_count;
	uint8_t *validity; /* arena; NULL while everything is valid */
	int64_t *offsets;  /* list: length + 1; arena */
} LdbShapeLayer;

typedef struct LdbShape
{
	size_t layer_count;
	LdbShapeLayer *layers; /* leaf first; arena */
	LdbArena *arena;       /* the caller's */
} LdbShape;

/* The entries of some whole rows. Both arrays NULL = plain valid values. */
typedef struct LdbLevels
{
	size_t entry_count;
	size_t visible_count;
	uint16_t *rep; /* scratch: overwritten by ldb_shape_append; NULL when there is no list */
	uint16_t *def; /* scratch; NULL when all are valid */
} LdbLevels;

/* row_capacity: slots to make room for at once (all that is needed when there are no lists). */
LdbStatus ldb_shape_init(LdbShape *shape, size_t layer_count, const bool *is_list,
						 size_t row_capacity, LdbArena *arena, LdbError *err);
/* Adds the slots of one page's rows to every layer. */
LdbStatus ldb_shape_append(LdbShape *shape, const LdbLayers *layers, LdbLevels *levels,
						   size_t row_count, LdbError *err);

/* Counts the levels of layers whose kinds are set. LDB_UNSUPPORTED names an unknown kind. */
LdbStatus ldb_layers_count(LdbLayers *layers, LdbError *err);

/* How many of the levels are at most `limit`. */
size_t ldb_levels_count(const uint16_t *def, size_t count, uint16_t limit);

/* ---- sink: where values go ---- */

typedef struct LdbSink
{
	const LdbType *type;     /* of a value */
	const LdbField *packed;  /* a packed struct, else NULL */
	size_t capacity;         /* values; puts never exceed it */
	size_t length;           /* values so far */
	const uint8_t *validity; /* of the values, NULL = all valid; borrowed */
	bool variable;
	/* fixed width, also the innermost items of fixed-size lists */
	uint32_t item_bits;
	size_t items_per_value;
	size_t value_bytes;      /* 0 when items are single bits */
	uint8_t *fixed;          /* arena; NULL until the first put */
	const uint8_t *borrowed; /* instead of `fixed`: bytes in a mapped file */
	/* fixed-size lists: validity of the items of each level, outermost first; NULL = all valid */
	size_t fsl_depth;
	size_t fsl_items[LDB_MAX_FSL_DEPTH]; /* items of that level in one value */
	uint8_t *fsl_validity[LDB_MAX_FSL_DEPTH];
	LdbSlice *views;
	size_t child_count; /* packed struct */
	struct LdbSink *children;
	LdbArena *arena;
} LdbSink;

/* A sink for `capacity` values of a leaf field, or of a bare type. */
LdbStatus ldb_sink_init(LdbSink *sink, const LdbField *field, size_t capacity,
						const uint8_t *validity, LdbArena *arena, LdbError *err);
LdbStatus ldb_sink_init_type(LdbSink *sink, const LdbType *type, size_t capacity,
							 const uint8_t *validity, LdbArena *arena, LdbError *err);
/* Where the next fixed-width value goes. */
LdbStatus ldb_sink_room(LdbSink *sink, uint8_t **next, LdbError *err);
/* Values [first, first + count) of a run of fixed-width values; single bits LSB-first. */
LdbStatus ldb_sink_put_fixed(LdbSink *sink, const uint8_t *values, size_t first, size_t count,
							 LdbError *err);
/* count times the same value of value_bytes (one byte with bit 0 when items are bits). */
LdbStatus ldb_sink_put_same(LdbSink *sink, const uint8_t *value, size_t count, LdbError *err);
/* Validity of the items of one list level, for `count` values from sink->length on; call before
 * the values are put. Bits from position first * items on. */
LdbStatus ldb_sink_put_items_valid(LdbSink *sink, size_t level, const uint8_t *bits, size_t first,
								   size_t count, LdbError *err);
/* Values that are all null: zeros and empty views. */
LdbStatus ldb_sink_put_nulls(LdbSink *sink, size_t count, LdbError *err);
/* The array of the values; its validity is the sink's. */
LdbStatus ldb_sink_finish(LdbSink *sink, size_t null_count, LdbArray *out, LdbError *err);

/* ---- values ---- */

typedef enum LdbCodecKind
{
	LDB_CODEC_FLAT,
	LDB_CODEC_BITPACKED,
	LDB_CODEC_RLE,
	LDB_CODEC_SPLIT,
	LDB_CODEC_VARIABLE,
	LDB_CODEC_CONSTANT,
	LDB_CODEC_VARIABLE_STRUCT
} LdbCodecKind;

/* A value compression, checked against the type once and then cheap to follow. */
typedef struct LdbCodec
{
	LdbCodecKind kind;
	int general;          /* LdbScheme around buffer 0 (full-zip: around each value) */
	uint32_t bits;        /* fixed width: of an item */
	uint32_t run_bits;    /* RLE: of a run length */
	uint32_t offset_bits; /* variable: 32 or 64 */
	const LdbFsst *fsst;  /* variable: NULL = plain; page arena */
	size_t items_per_value;
	size_t value_bytes; /* flat: of a whole value, 0 when items are bits */
	size_t fsl_depth;
	size_t fsl_items[LDB_MAX_FSL_DEPTH]; /* of that level in one value */
	bool fsl_validity[LDB_MAX_FSL_DEPTH];
	size_t buffer_count; /* of a mini-block chunk */
	LdbSlice constant;   /* page arena */
	size_t child_count;  /* variable packed struct: one codec for each child field */
	struct LdbCodec *children;
	uint32_t length_bits; /* as such a child: width of the length before a variable value */
} LdbCodec;

/* packed: the field of a packed struct, else NULL. indices: values are dictionary indices of any
 * unsigned width instead of the type's. */
LdbStatus ldb_codec_compile(const LdbEncoding *encoding, const LdbType *type,
							const LdbField *packed, bool indices, LdbArena *arena, LdbCodec *codec,
							LdbError *err);

/* The chunk decoded last: a batch that ends within a chunk is followed by one that goes on there,
 * and a filter often leaves several rows of one. */
typedef struct LdbChunkCache
{
	const LdbLeafPage *page; /* NULL = empty */
	size_t chunk;
	LdbArena *arena; /* owned */
	/* values: buffer 0 without its general compression, then what it decodes to */
	bool unwrapped;
	LdbSlice plain;
	const uint8_t *fixed;
	const LdbSlice *views; /* still FSST-compressed */
	/* levels */
	size_t level_count;
	const uint16_t *rep;
	const uint16_t *def;
	/* levels of lists: the entry where a row starts, and the values before it; the rows asked for
	 * next mostly come right behind */
	bool found;
	uint64_t row;
	size_t entry;
	size_t visible;
} LdbChunkCache;

/* A chunk's value buffers. stable: they outlive the call (a mapping). */
typedef struct LdbChunk
{
	size_t count; /* values */
	size_t buffer_count;
	LdbSlice buffers[LDB_MAX_CHUNK_BUFFERS];
	bool stable;
} LdbChunk;

/* Values [first, first + count) of a chunk. The cache belongs to this chunk. */
LdbStatus ldb_codec_put_chunk(const LdbCodec *codec, const LdbChunk *chunk, size_t first,
							  size_t count, LdbChunkCache *cache, LdbSink *sink, LdbError *err);
/* One value as full-zip pages keep it. */
LdbStatus ldb_codec_put_value(const LdbCodec *codec, LdbSlice value, bool stable, LdbSink *sink,
							  LdbError *err);

/* ---- blocks: levels and dictionaries ---- */

/* `count` values of `bits` each, in the arena. Bits are 8 to 256, a multiple of 8. */
LdbStatus ldb_block_fixed(const LdbEncoding *encoding, LdbSlice block, uint32_t bits,
						  uint64_t count, LdbArena *arena, const void **values, LdbError *err);
/* `count` variable values. *in_place: they point into the block itself. */
LdbStatus ldb_block_views(const LdbEncoding *encoding, LdbSlice block, uint64_t count,
						  LdbArena *arena, LdbSlice **views, bool *in_place, LdbError *err);

/* ---- pages ---- */

/* Rows of one page that a call wants. */
typedef struct LdbSegment
{
	LdbLeafPage *page; /* stays until the call ends */
	uint64_t first;    /* row of the page */
	size_t count;
	LdbRange data;      /* in the file: what levels and values need; filled by locate */
	LdbSlice bytes;     /* of data */
	uint64_t item;      /* first value (page-wide); filled by levels */
	size_t item_count;  /* filled by levels */
	size_t first_chunk; /* mini-block */
	size_t chunk_count;
	const LdbRange *blobs; /* blob: where each value lies; scratch */
} LdbSegment;

typedef struct LdbFetchList
{
	LdbRange *ranges;
	size_t count;
	size_t capacity;
	LdbArena *arena;
} LdbFetchList;

LdbStatus ldb_fetch_add(LdbFetchList *list, LdbRange range, LdbError *err);

typedef struct LdbPageOps
{
	/* Adds what must be read before `locate` can be called. */
	LdbStatus (*index_ranges)(LdbLeafPage *page, const LdbSegment *segment, LdbFetchList *list,
							  LdbError *err);
	/* Reads the page's own tables, once. NULL when it has none. */
	LdbStatus (*load)(LdbLeafPage *page, const LdbCancel *cancel, LdbError *err);
	/* Finds segment->data. */
	LdbStatus (*locate)(LdbLeafPage *page, LdbSegment *segment, const LdbCancel *cancel,
						LdbError *err);
	/* Entries and number of values of the segment; levels may be left without arrays. */
	LdbStatus (*levels)(LdbLeafPage *page, LdbSegment *segment, LdbLevels *levels, LdbError *err);
	LdbStatus (*values)(LdbLeafPage *page, LdbSegment *segment, LdbSink *sink, LdbError *err);
} LdbPageOps;

struct LdbLeafPage
{
	LdbLeaf *leaf; /* borrowed */
	const LdbPageInfo *info;
	size_t index;    /* in the column */
	LdbArena *arena; /* owned */
	const LdbPageOps *ops;
	void *state; /* of the layout; arena */
	LdbLayers layers;
	bool loaded;
	uint64_t last_used;
};

struct LdbLeaf
{
	const LdbField *field; /* the leaf; borrowed */
	size_t layer_count;    /* leaf to top-level field */
	const bool *is_list;   /* of each layer; reader's arena */
	LdbFile *file;         /* borrowed */
	LdbObject *object;     /* borrowed from the file */
	bool mapped;
	uint64_t row_count;
	const LdbColumnPages *pages;
	LdbLeafPage **cached; /* owned */
	size_t cached_count;
	size_t cached_capacity;
	uint64_t clock;
	LdbChunkCache *levels; /* a blob page's inner leaf shares those of its outer one */
	LdbChunkCache *values;
	LdbArena *scratch; /* owned; reset by every call */
};

/* Parses a page's layout; reads nothing from the file. */
LdbStatus ldb_page_open(LdbLeaf *leaf, size_t index, LdbLeafPage **page, LdbError *err);
void ldb_page_close(LdbLeafPage *page); /* NULL is fine */
/* Fills ops and state of a page for a layout message (also the one inside of a blob layout). */
LdbStatus ldb_page_init(LdbLeafPage *page, const Ldb__PageLayout *layout, LdbError *err);
LdbStatus ldb_page_init_mini(LdbLeafPage *page, const Ldb__PageLayout__MiniBlock *layout,
							 LdbError *err);
LdbStatus ldb_page_init_zip(LdbLeafPage *page, const Ldb__PageLayout__FullZip *layout,
							LdbError *err);
LdbStatus ldb_page_init_constant(LdbLeafPage *page, const Ldb__PageLayout__Constant *layout,
								 LdbError *err);
LdbStatus ldb_page_init_blob(LdbLeafPage *page, const Ldb__PageLayout__Blob *layout, LdbError *err);
/* Checks layer kinds against the leaf's nesting and counts levels. */
LdbStatus ldb_page_set_layers(LdbLeafPage *page, const int32_t *layers, size_t count,
							  LdbError *err);
/* The page buffer of this number. */
LdbStatus ldb_page_buffer(const LdbLeafPage *page, size_t index, LdbRange *range, LdbError *err);
LdbStatus ldb_page_read(const LdbLeafPage *page, LdbRange range, LdbArena *arena, LdbSlice *bytes,
						const LdbCancel *cancel, LdbError *err);

/* ---- leaves ---- */

/* path: fields from the leaf outward to the top. */
LdbStatus ldb_leaf_open(const LdbField *const *path, size_t path_length,
						const LdbColumnSource *source, uint64_t row_count, LdbArena *arena,
						LdbLeaf **leaf, LdbError *err);
void ldb_leaf_close(LdbLeaf *leaf); /* NULL is fine */
/* The values and, through shape, what surrounds them. */
LdbStatus ldb_leaf_read(LdbLeaf *leaf, const LdbRowRange *ranges, size_t range_count, size_t rows,
						LdbArena *arena, LdbShape *shape, LdbArray *values, const LdbCancel *cancel,
						LdbError *err);

#endif
