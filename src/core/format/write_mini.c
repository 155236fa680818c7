/* write_mini.c -- mini-block pages: small chunks of values with their levels. The mirror of page_mini.c. */
#include <string.h>

#include "leaf_writer.h"

#define CHUNK_ALIGNMENT 8u
#define PAD_BYTE 0xfe
/* Of a chunk of 2.1, with everything. */
#define MOST_CHUNK_BYTES 32768u
/* What levels may take of that: a chunk's values take little more than 9 KiB at most. */
#define MOST_LEVEL_BYTES ((size_t) 20 * 1024)

typedef struct MiniWriter
{
	const LdbLeafPageWriter *page;
	const LdbLevels *levels;
	uint16_t max_visible;
	uint16_t max_rep;
	LdbLevelCoder rep;
	LdbLevelCoder def;
	size_t most_levels; /* of a chunk */
	LdbValueEncoding encoding;
	bool wide; /* has_large_chunk */
	LdbGrowing table;
	LdbGrowing chunks;
	LdbGrowing index;
	size_t chunk_count;
} MiniWriter;

/* A chunk: values [first, first + count), levels [first_level, first_level + level_count). */
typedef struct Extent
{
	size_t first;
	size_t count;
	size_t first_level;
	size_t level_count;
	bool last;
} Extent;

/* ---- where a chunk ends ---- */

/* Levels up to the last of `count` visible entries; SIZE_MAX when there are too many. The last chunk
 * takes all that are left. */
static size_t
count_levels(const MiniWriter *writer, const Extent *extent)
{
	const LdbLevels *levels = writer->levels;
	size_t left = levels->entry_count - extent->first_level;
	size_t visible = 0;
	size_t at = 0;

	if (levels->rep == NULL)
		return levels->def == NULL ? 0 : extent->count;
	if (extent->last)
		return left <= writer->most_levels ? left : SIZE_MAX;
	if (levels->def == NULL)
		return extent->count;
	while (visible < extent->count)
	{
		if (at == writer->most_levels)
			return SIZE_MAX;
		visible += levels->def[extent->first_level + at] <= writer->max_visible;
		at++;
	}
	return at;
}

static size_t
level_bytes(const LdbLevelCoder *coder, const Extent *extent)
{
	return ldb_level_coder_bytes(coder, extent->first_level, extent->level_count);
}

/* The bytes of either kind of levels are counted in 16 bits. */
static bool
runs_fit(const MiniWriter *writer, const Extent *extent)
{
	return (!writer->rep.runs || level_bytes(&writer->rep, extent) <= UINT16_MAX) &&
		   (!writer->def.runs || level_bytes(&writer->def, extent) <= UINT16_MAX);
}

/* As many values as the encoding wants, or half, or a quarter, until the levels fit. False when
 * the levels of a single value do not. */
static bool
find_extent(const MiniWriter *writer, Extent *extent)
{
	size_t left = writer->encoding.values->count - extent->first;

	extent->count = writer->encoding.chunk_values(&writer->encoding, extent->first);
	for (;;)
	{
		extent->last = extent->count == left;
		extent->level_count = count_levels(writer, extent);
		if (extent->level_count != SIZE_MAX && runs_fit(writer, extent))
			return true;
		if (extent->count <= 1)
			return false;
		/* the largest power of two below */
		extent->count = (size_t) 1 << (63 - __builtin_clzl(extent->count - 1));
	}
}

/* ---- the bytes of a chunk ---- */

static size_t
aligned(size_t bytes)
{
	return (bytes + CHUNK_ALIGNMENT - 1) / CHUNK_ALIGNMENT * CHUNK_ALIGNMENT;
}

static void
put_u16(uint8_t **at, size_t value)
{
	uint16_t stored = (uint16_t) value;

	memcpy(*at, &stored, sizeof stored);
	*at += sizeof stored;
}

static void
put_u32(uint8_t **at, size_t value)
{
	uint32_t stored = (uint32_t) value;

	memcpy(*at, &stored, sizeof stored);
	*at += sizeof stored;
}

static void
pad(uint8_t **at, size_t written)
{
	size_t padding = aligned(written) - written;

	memset(*at, PAD_BYTE, padding);
	*at += padding;
}

static void
put_levels(uint8_t **at, const LdbLevelCoder *coder, const Extent *extent)
{
	size_t bytes = level_bytes(coder, extent);

	ldb_level_coder_put(coder, extent->first_level, extent->level_count, *at);
	*at += bytes;
	pad(at, bytes);
}

static size_t
header_bytes(const MiniWriter *writer)
{
	size_t counts = 1u + (writer->levels->rep != NULL) + (writer->levels->def != NULL);

	return counts * 2 + writer->encoding.buffer_count * (writer->wide ? 4u : 2u);
}

static void
fill_chunk(const MiniWriter *writer, const Extent *extent, const LdbNewChunk *chunk, uint8_t *at)
{
	const LdbLevels *levels = writer->levels;
	const uint8_t *start = at;

	put_u16(&at, extent->level_count);
	if (levels->rep != NULL)
		put_u16(&at, level_bytes(&writer->rep, extent));
	if (levels->def != NULL)
		put_u16(&at, level_bytes(&writer->def, extent));
	for (size_t i = 0; i < chunk->buffer_count; i++)
		(writer->wide ? put_u32 : put_u16)(&at, chunk->buffers[i].length);
	pad(&at, (size_t) (at - start));
	put_levels(&at, &writer->rep, extent);
	put_levels(&at, &writer->def, extent);
	for (size_t i = 0; i < chunk->buffer_count; i++)
	{
		if (chunk->buffers[i].length > 0)
			memcpy(at, chunk->buffers[i].data, chunk->buffers[i].length);
		at += chunk->buffers[i].length;
		pad(&at, chunk->buffers[i].length);
	}
}

/* log2 of the items in the low 4 bits, bytes / 8 - 1 above. */
static LdbStatus
put_chunk_word(MiniWriter *writer, const Extent *extent, size_t bytes, LdbError *err)
{
	size_t log = extent->last ? 0 : 63 - (size_t) __builtin_clzl(extent->count);
	size_t word = (bytes / CHUNK_ALIGNMENT - 1) << 4 | log;
	uint8_t *at;

	if (!writer->wide && bytes > MOST_CHUNK_BYTES)
		LDB_FAIL(err, LDB_INVALID, "chunk of %zu bytes", bytes);
	LDB_TRY(ldb_growing_take(&writer->table, writer->wide ? 4 : 2, &at, err));
	(writer->wide ? put_u32 : put_u16)(&at, word);
	return LDB_OK;
}

/*
 * Rows that end in the chunk, and levels that belong to a row which goes on in the next. A row ends where
 * the next one starts; one that starts with the chunk has ended the chunk before.
 */
static LdbStatus
put_index(MiniWriter *writer, const Extent *extent, LdbError *err)
{
	const uint16_t *rep = writer->levels->rep + extent->first_level;
	uint64_t pair[2] = {0, 0};
	size_t last_start = 0;
	uint8_t *at;

	for (size_t i = 1; i < extent->level_count; i++)
		if (rep[i] == writer->max_rep)
		{
			pair[0]++;
			last_start = i;
		}
	if (extent->last || rep[extent->level_count] == writer->max_rep)
		pair[0]++;
	else
		pair[1] = extent->level_count - last_start;
	LDB_TRY(ldb_growing_take(&writer->index, sizeof pair, &at, err));
	memcpy(at, pair, sizeof pair);
	return LDB_OK;
}

static LdbStatus
put_chunk(MiniWriter *writer, const Extent *extent, LdbError *err)
{
	LdbNewChunk chunk = {0};
	size_t bytes = aligned(header_bytes(writer));
	uint8_t *at;

	LDB_TRY(writer->encoding.chunk(&writer->encoding, extent->first, extent->count, &chunk,
								   writer->page->arena, err));
	bytes += aligned(level_bytes(&writer->rep, extent));
	bytes += aligned(level_bytes(&writer->def, extent));
	for (size_t i = 0; i < chunk.buffer_count; i++)
		bytes += aligned(chunk.buffers[i].length);
	LDB_TRY(put_chunk_word(writer, extent, bytes, err));
	LDB_TRY(ldb_growing_take(&writer->chunks, bytes, &at, err));
	fill_chunk(writer, extent, &chunk, at);
	if (writer->levels->rep != NULL)
		LDB_TRY(put_index(writer, extent, err));
	writer->chunk_count++;
	return LDB_OK;
}

/* ---- the page ---- */

/* Runs are looked at chunk by chunk. */
static size_t
most_levels(const MiniWriter *writer)
{
	unsigned bits =
		(writer->rep.runs ? 0 : writer->rep.bits) + (writer->def.runs ? 0 : writer->def.bits);
	size_t most = bits == 0 ? UINT16_MAX : MOST_LEVEL_BYTES * 8 / bits;

	return most > UINT16_MAX ? UINT16_MAX : most;
}

static LdbStatus
put_page(MiniWriter *writer, LdbError *err)
{
	const LdbLeafPageWriter *page = writer->page;
	const LdbValueEncoding *encoding = &writer->encoding;
	Ldb__PageLayout layout = LDB__PAGE_LAYOUT__INIT;
	Ldb__PageLayout__MiniBlock mini = LDB__PAGE_LAYOUT__MINI_BLOCK__INIT;
	LdbSlice buffers[4];
	size_t count = 0;

	layout.kind_case = LDB__PAGE_LAYOUT__KIND_MINI_BLOCK;
	layout.mini_block = &mini;
	LDB_TRY(ldb_level_coder_message(&writer->rep, page->arena, &mini.rep_compression, err));
	LDB_TRY(ldb_level_coder_message(&writer->def, page->arena, &mini.def_compression, err));
	mini.value_compression = encoding->message;
	mini.dictionary = encoding->dictionary;
	mini.has_num_dictionary_items = encoding->dictionary != NULL;
	mini.num_dictionary_items = encoding->dictionary_count;
	mini.n_layers = page->shred->layers.count;
	LDB_TRY(ldb_layers_message(&page->shred->layers, page->arena, &mini.layers, err));
	mini.has_num_buffers = true;
	mini.num_buffers = encoding->buffer_count;
	mini.has_repetition_index_depth = writer->levels->rep != NULL;
	mini.repetition_index_depth = 1;
	mini.has_num_items = true;
	mini.num_items = encoding->values->count;
	mini.has_has_large_chunk = writer->wide;
	mini.has_large_chunk = writer->wide;
	buffers[count++] = ldb_growing_slice(&writer->table);
	buffers[count++] = ldb_growing_slice(&writer->chunks);
	if (encoding->dictionary != NULL)
		buffers[count++] = encoding->dictionary_bytes;
	if (writer->levels->rep != NULL)
		buffers[count++] = ldb_growing_slice(&writer->index);
	return ldb_leaf_page_put(page, &layout, buffers, count, err);
}

LdbStatus
ldb_write_mini(const LdbLeafPageWriter *page, bool *fits, LdbError *err)
{
	const LdbLevels *levels = &page->shred->levels;
	MiniWriter writer = {.page = page, .levels = levels, .wide = page->version >= 22};
	Extent extent = {0};

	writer.max_visible = page->shred->layers.max_visible;
	writer.max_rep = page->shred->layers.max_rep;
	writer.rep = ldb_level_coder(levels->rep, writer.max_rep, levels->entry_count, page->version);
	writer.def = ldb_level_coder(levels->def, page->shred->layers.max_def, levels->entry_count,
								 page->version);
	writer.most_levels = most_levels(&writer);
	writer.table.arena = page->arena;
	writer.chunks.arena = page->arena;
	writer.index.arena = page->arena;
	LDB_TRY(ldb_value_encoding_choose(page, &writer.encoding, err));
	*fits = true;
	while (extent.first < page->values->count)
	{
		if (writer.chunk_count % 64 == 0)
			LDB_CHECK_CANCEL(page->cancel, err);
		*fits = find_extent(&writer, &extent);
		if (!*fits)
			return LDB_OK;
		LDB_TRY(put_chunk(&writer, &extent, err));
		extent.first += extent.count;
		extent.first_level += extent.level_count;
	}
	return put_page(&writer, err);
}
