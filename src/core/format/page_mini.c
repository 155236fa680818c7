/* page_mini.c -- mini-block pages: small chunks of values with their levels. */
#include <string.h>

#include "ldb/base/checked.h"
#include "page_impl.h"

#define LEVEL_BITS 16u

typedef struct MiniPage
{
	const Ldb__PageLayout__MiniBlock *layout; /* page arena */
	LdbCodec codec;
	LdbRange chunks;
	uint64_t item_count;
	size_t chunk_count;
	/* chunk_count + 1 of each: where a chunk starts; loaded */
	uint64_t *offsets; /* in the buffer of chunks */
	uint64_t *items;
	uint64_t *rows;      /* rows that ended before; only with lists */
	uint8_t *unfinished; /* with lists: 1 = the last row of the chunk goes on in the next */
	/* dictionary; loaded */
	LdbSlice *views;
	const uint8_t *fixed;
	bool in_place; /* views point into the mapping, so they may be handed out */
	size_t views_bytes;
} MiniPage;

static size_t
index_stride(const MiniPage *mini)
{
	return ((size_t) mini->layout->repetition_index_depth + 1) * sizeof(uint64_t);
}

static bool
is_variable(const LdbLeafPage *page)
{
	return ldb_type_is_variable(ldb_type_value(&page->leaf->field->type)->kind);
}

/* ---- layout ---- */

static const LdbPageOps mini_ops;

static LdbStatus
check_levels(const LdbLeafPage *page, const Ldb__PageLayout__MiniBlock *layout, LdbError *err)
{
	if (page->layers.max_rep > 0 &&
		(layout->rep_compression == NULL || layout->repetition_index_depth == 0))
		LDB_FAIL(err, LDB_CORRUPT, "page of lists has no repetition levels or no index of them");
	if (layout->repetition_index_depth > 16)
		LDB_FAIL(err, LDB_CORRUPT, "repetition index of depth %u", layout->repetition_index_depth);
	if (page->layers.max_rep == 0 && layout->num_items != page->info->length)
		LDB_FAIL(err, LDB_CORRUPT, "page of %llu rows has %llu items",
				 (unsigned long long) page->info->length, (unsigned long long) layout->num_items);
	return LDB_OK;
}

LdbStatus
ldb_page_init_mini(LdbLeafPage *page, const Ldb__PageLayout__MiniBlock *layout, LdbError *err)
{
	const LdbField *field = page->leaf->field;
	const LdbField *packed = field->type.kind == LDB_TYPE_STRUCT ? field : NULL;
	LdbRange table;
	MiniPage *mini;

	LDB_NEW(page->arena, mini, 1, err);
	mini->layout = layout;
	mini->item_count = layout->num_items;
	page->ops = &mini_ops;
	page->state = mini;
	LDB_TRY(ldb_page_set_layers(page, layout->layers, layout->n_layers, err));
	LDB_TRY(check_levels(page, layout, err));
	LDB_TRY(ldb_codec_compile(layout->value_compression, ldb_type_value(&field->type), packed,
							  layout->dictionary != NULL, page->arena, &mini->codec, err));
	if (mini->codec.buffer_count != layout->num_buffers)
		LDB_FAIL(err, LDB_CORRUPT, "chunks of %llu value buffers where the encoding has %zu",
				 (unsigned long long) layout->num_buffers, mini->codec.buffer_count);
	LDB_TRY(ldb_page_buffer(page, 0, &table, err));
	LDB_TRY(ldb_page_buffer(page, 1, &mini->chunks, err));
	mini->chunk_count = (size_t) (table.length / (layout->has_large_chunk ? 4 : 2));
	return LDB_OK;
}

static LdbStatus
index_ranges(LdbLeafPage *page, const LdbSegment *segment, LdbFetchList *list, LdbError *err)
{
	(void) segment;
	if (page->loaded)
		return LDB_OK;
	LDB_TRY(ldb_fetch_add(list, page->info->buffers[0], err));
	for (size_t i = 2; i < page->info->buffer_count; i++)
		LDB_TRY(ldb_fetch_add(list, page->info->buffers[i], err));
	return LDB_OK;
}

/* ---- tables ---- */

/* Chunk words: log2 of the items in the low 4 bits, bytes / 8 - 1 above. */
static LdbStatus
load_chunks(const LdbLeafPage *page, MiniPage *mini, LdbSlice table, LdbError *err)
{
	bool wide = mini->layout->has_large_chunk;
	uint64_t offset = 0;
	uint64_t item = 0;

	LDB_NEW(page->arena, mini->offsets, mini->chunk_count + 1, err);
	LDB_NEW(page->arena, mini->items, mini->chunk_count + 1, err);
	for (size_t i = 0; i < mini->chunk_count; i++)
	{
		uint32_t word = wide ? ldb_load_u32(table.data + i * 4) : ldb_load_u16(table.data + i * 2);

		mini->offsets[i] = offset;
		mini->items[i] = item;
		offset += ((uint64_t) (word >> 4) + 1) * 8;
		item += (uint64_t) 1 << (word & 15);
		/* only the last chunk may be partly filled */
		if (i + 1 < mini->chunk_count && item > mini->item_count)
			LDB_FAIL(err, LDB_CORRUPT, "chunk %zu of %zu ends at item %llu of %llu", i,
					 mini->chunk_count, (unsigned long long) item,
					 (unsigned long long) mini->item_count);
	}
	mini->offsets[mini->chunk_count] = offset;
	mini->items[mini->chunk_count] = mini->item_count;
	if (offset > mini->chunks.length)
		LDB_FAIL(err, LDB_CORRUPT, "%zu chunks take %llu bytes, the page has %llu",
				 mini->chunk_count, (unsigned long long) offset,
				 (unsigned long long) mini->chunks.length);
	if (mini->chunk_count == 0 && mini->item_count > 0)
		LDB_FAIL(err, LDB_CORRUPT, "page of %llu items has no chunk",
				 (unsigned long long) mini->item_count);
	return LDB_OK;
}

/* For each chunk: rows that end in it, level entries after that. */
static LdbStatus
load_repetition_index(const LdbLeafPage *page, MiniPage *mini, LdbSlice table, LdbError *err)
{
	size_t stride = index_stride(mini);
	uint64_t rows = 0;

	if (table.length / stride < mini->chunk_count)
		LDB_FAIL(err, LDB_CORRUPT, "repetition index of %zu bytes for %zu chunks", table.length,
				 mini->chunk_count);
	LDB_NEW(page->arena, mini->rows, mini->chunk_count + 1, err);
	LDB_NEW(page->arena, mini->unfinished, mini->chunk_count, err);
	for (size_t i = 0; i < mini->chunk_count; i++)
	{
		mini->rows[i] = rows;
		mini->unfinished[i] = ldb_load_u64(table.data + i * stride + 8) > 0;
		if (!ldb_u64_add(rows, ldb_load_u64(table.data + i * stride), &rows))
			LDB_FAIL(err, LDB_CORRUPT, "repetition index overflows");
	}
	mini->rows[mini->chunk_count] = rows;
	if (rows != page->info->length)
		LDB_FAIL(err, LDB_CORRUPT, "repetition index counts %llu rows, the page has %llu",
				 (unsigned long long) rows, (unsigned long long) page->info->length);
	return LDB_OK;
}

static LdbStatus
load_dictionary(LdbLeafPage *page, MiniPage *mini, LdbSlice block, LdbError *err)
{
	const LdbEncoding *encoding = mini->layout->dictionary;
	uint64_t count = mini->layout->num_dictionary_items;
	const LdbType *type = ldb_type_value(&page->leaf->field->type);
	uint64_t bits = ldb_type_bits(type);
	const void *fixed;
	bool in_place;

	if (!page->leaf->mapped)
	{
		/* fetched bytes go with the next fetch, a dictionary stays */
		block.data = ldb_arena_copy(page->arena, block.data, block.length);
		if (block.data == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu bytes", block.length);
	}
	if (!is_variable(page))
	{
		if (bits == 0 || bits % 8 != 0 || bits > UINT32_MAX)
			LDB_FAIL(err, LDB_CORRUPT, "dictionary of values of %llu bits",
					 (unsigned long long) bits);
		LDB_TRY(ldb_block_fixed(encoding, block, (uint32_t) bits, count, page->arena, &fixed, err));
		mini->fixed = fixed;
		return LDB_OK;
	}
	LDB_TRY(ldb_block_views(encoding, block, count, page->arena, &mini->views, &in_place, err));
	mini->in_place = in_place && page->leaf->mapped;
	for (uint64_t i = 0; i < count; i++)
		mini->views_bytes += mini->views[i].length;
	return LDB_OK;
}

static LdbStatus
load(LdbLeafPage *page, const LdbCancel *cancel, LdbError *err)
{
	MiniPage *mini = page->state;
	LdbArena *scratch = page->leaf->scratch;
	LdbRange range;
	LdbSlice bytes;

	LDB_TRY(ldb_page_read(page, page->info->buffers[0], scratch, &bytes, cancel, err));
	LDB_TRY(load_chunks(page, mini, bytes, err));
	if (page->layers.max_rep > 0)
	{
		LDB_TRY(ldb_page_buffer(page, mini->layout->dictionary == NULL ? 2 : 3, &range, err));
		LDB_TRY(ldb_page_read(page, range, scratch, &bytes, cancel, err));
		LDB_TRY(load_repetition_index(page, mini, bytes, err));
	}
	if (mini->layout->dictionary == NULL)
		return LDB_OK;
	LDB_TRY(ldb_page_buffer(page, 2, &range, err));
	LDB_TRY(ldb_page_read(page, range, scratch, &bytes, cancel, err));
	return load_dictionary(page, mini, bytes, err);
}

/* ---- finding chunks ---- */

/* The last i below count with starts[i] <= at; starts ascend and start at 0. */
static size_t
find_chunk(const uint64_t *starts, size_t count, uint64_t at)
{
	size_t low = 0;
	size_t high = count;

	while (high - low > 1)
	{
		size_t middle = low + (high - low) / 2;

		if (starts[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The chunk where the first entry of a row lies. */
static size_t
row_start_chunk(const MiniPage *mini, uint64_t row)
{
	size_t previous_end;

	if (row == 0)
		return 0;
	previous_end = find_chunk(mini->rows, mini->chunk_count, row - 1);
	if (mini->rows[previous_end + 1] > row || mini->unfinished[previous_end])
		return previous_end;
	return previous_end + 1;
}

static LdbStatus
locate(LdbLeafPage *page, LdbSegment *segment, const LdbCancel *cancel, LdbError *err)
{
	const MiniPage *mini = page->state;
	uint64_t last_row = segment->first + segment->count - 1;
	size_t first;
	size_t last;

	(void) cancel;
	if (page->layers.max_rep > 0)
	{
		first = row_start_chunk(mini, segment->first);
		last = find_chunk(mini->rows, mini->chunk_count, last_row);
	}
	else
	{
		first = find_chunk(mini->items, mini->chunk_count, segment->first);
		last = find_chunk(mini->items, mini->chunk_count, last_row);
	}
	if (first > last || last >= mini->chunk_count)
		LDB_FAIL(err, LDB_CORRUPT, "repetition index leads row %llu to chunk %zu of %zu",
				 (unsigned long long) segment->first, first, mini->chunk_count);
	segment->first_chunk = first;
	segment->chunk_count = last - first + 1;
	segment->data.offset = mini->chunks.offset + mini->offsets[first];
	segment->data.length = mini->offsets[last + 1] - mini->offsets[first];
	return LDB_OK;
}

/* ---- chunks ---- */

typedef struct ChunkParts
{
	size_t level_count;
	LdbSlice rep;
	LdbSlice def;
	LdbChunk values;
} ChunkParts;

typedef struct ChunkReader
{
	LdbSlice bytes;
	size_t position;
} ChunkReader;

static LdbStatus
take_size(ChunkReader *reader, size_t width, size_t *size, LdbError *err)
{
	if (reader->bytes.length - reader->position < width)
		LDB_FAIL(err, LDB_CORRUPT, "chunk of %zu bytes ends in its header", reader->bytes.length);
	*size = width == 4 ? ldb_load_u32(reader->bytes.data + reader->position)
					   : ldb_load_u16(reader->bytes.data + reader->position);
	reader->position += width;
	return LDB_OK;
}

/* The next part; parts start at multiples of 8. */
static LdbStatus
take_part(ChunkReader *reader, size_t length, LdbSlice *part, LdbError *err)
{
	size_t start = (reader->position + 7) & ~(size_t) 7;

	if (!ldb_slice_part(reader->bytes, start, length, part))
		LDB_FAIL(err, LDB_CORRUPT, "chunk of %zu bytes has a part of %zu at byte %zu",
				 reader->bytes.length, length, start);
	reader->position = start + length;
	return LDB_OK;
}

static LdbStatus
open_chunk(const LdbLeafPage *page, const LdbSegment *segment, size_t chunk, ChunkParts *parts,
		   LdbError *err)
{
	const MiniPage *mini = page->state;
	const Ldb__PageLayout__MiniBlock *layout = mini->layout;
	uint64_t base = mini->offsets[segment->first_chunk];
	size_t width = layout->has_large_chunk ? 4 : 2;
	size_t sizes[LDB_MAX_CHUNK_BUFFERS];
	size_t rep_bytes = 0;
	size_t def_bytes = 0;
	ChunkReader reader;

	reader.position = 0;
	if (!ldb_slice_part(segment->bytes, mini->offsets[chunk] - base,
						mini->offsets[chunk + 1] - mini->offsets[chunk], &reader.bytes))
		LDB_FAIL(err, LDB_CORRUPT, "chunk %zu is beyond its page", chunk);
	LDB_TRY(take_size(&reader, 2, &parts->level_count, err));
	if (layout->rep_compression != NULL)
		LDB_TRY(take_size(&reader, 2, &rep_bytes, err));
	if (layout->def_compression != NULL)
		LDB_TRY(take_size(&reader, 2, &def_bytes, err));
	for (size_t i = 0; i < mini->codec.buffer_count; i++)
		LDB_TRY(take_size(&reader, width, &sizes[i], err));
	LDB_TRY(take_part(&reader, rep_bytes, &parts->rep, err));
	LDB_TRY(take_part(&reader, def_bytes, &parts->def, err));
	for (size_t i = 0; i < mini->codec.buffer_count; i++)
		LDB_TRY(take_part(&reader, sizes[i], &parts->values.buffers[i], err));
	parts->values.buffer_count = mini->codec.buffer_count;
	parts->values.count = (size_t) (mini->items[chunk + 1] - mini->items[chunk]);
	parts->values.stable = page->leaf->mapped;
	return LDB_OK;
}

/* Empties a cache unless it holds this chunk. */
static void
claim_cache(LdbChunkCache *cache, const LdbLeafPage *page, size_t chunk)
{
	LdbArena *arena = cache->arena;

	if (cache->page == page && cache->chunk == chunk)
		return;
	ldb_arena_reset(arena);
	memset(cache, 0, sizeof *cache);
	cache->arena = arena;
	cache->page = page;
	cache->chunk = chunk;
}

/* ---- levels ---- */

/* The levels of a chunk, in the cache. */
static LdbStatus
chunk_levels(const LdbLeafPage *page, const LdbSegment *segment, size_t chunk,
			 LdbChunkCache **levels, LdbError *err)
{
	const MiniPage *mini = page->state;
	LdbChunkCache *cache = page->leaf->levels;
	const void *decoded;
	ChunkParts parts;

	*levels = cache;
	claim_cache(cache, page, chunk);
	if (cache->rep != NULL || cache->def != NULL)
		return LDB_OK;
	LDB_TRY(open_chunk(page, segment, chunk, &parts, err));
	cache->page = NULL; /* until it is complete */
	if (mini->layout->rep_compression != NULL)
	{
		LDB_TRY(ldb_block_fixed(mini->layout->rep_compression, parts.rep, LEVEL_BITS,
								parts.level_count, cache->arena, &decoded, err));
		cache->rep = decoded;
	}
	if (mini->layout->def_compression != NULL)
	{
		LDB_TRY(ldb_block_fixed(mini->layout->def_compression, parts.def, LEVEL_BITS,
								parts.level_count, cache->arena, &decoded, err));
		cache->def = decoded;
	}
	cache->level_count = parts.level_count;
	cache->page = page;
	return LDB_OK;
}

/* Without lists row, entry and item are the same. */
static LdbStatus
flat_levels(const LdbLeafPage *page, LdbSegment *segment, LdbLevels *levels, LdbError *err)
{
	const MiniPage *mini = page->state;
	uint64_t end = segment->first + segment->count;
	uint64_t at = segment->first;

	segment->item = segment->first;
	segment->item_count = segment->count;
	levels->entry_count = segment->count;
	levels->visible_count = segment->count;
	if (mini->layout->def_compression == NULL)
		return LDB_OK;
	levels->def = ldb_arena_alloc_array(page->leaf->scratch, segment->count, sizeof *levels->def);
	if (levels->def == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu levels", segment->count);
	for (size_t i = 0; i < segment->chunk_count; i++)
	{
		size_t chunk = segment->first_chunk + i;
		uint64_t stop = mini->items[chunk + 1] < end ? mini->items[chunk + 1] : end;
		LdbChunkCache *cache;

		LDB_TRY(chunk_levels(page, segment, chunk, &cache, err));
		if (cache->level_count != mini->items[chunk + 1] - mini->items[chunk])
			LDB_FAIL(err, LDB_CORRUPT, "chunk %zu has %zu levels for %llu items", chunk,
					 cache->level_count,
					 (unsigned long long) (mini->items[chunk + 1] - mini->items[chunk]));
		memcpy(levels->def + (at - segment->first), cache->def + (at - mini->items[chunk]),
			   (size_t) (stop - at) * sizeof *levels->def);
		at = stop;
	}
	return LDB_OK;
}

/* Levels of all chunks of a segment, end to end, in scratch memory. */
static LdbStatus
gather_levels(const LdbLeafPage *page, const LdbSegment *segment, LdbLevels *levels, LdbError *err)
{
	const MiniPage *mini = page->state;
	LdbArena *scratch = page->leaf->scratch;
	size_t room = 0;

	for (size_t i = 0; i < segment->chunk_count; i++)
	{
		ChunkParts parts;

		LDB_TRY(open_chunk(page, segment, segment->first_chunk + i, &parts, err));
		room += parts.level_count;
	}
	LDB_NEW(scratch, levels->rep, room, err);
	if (mini->layout->def_compression != NULL)
		LDB_NEW(scratch, levels->def, room, err);
	levels->entry_count = 0;
	for (size_t i = 0; i < segment->chunk_count; i++)
	{
		LdbChunkCache *cache;

		LDB_TRY(chunk_levels(page, segment, segment->first_chunk + i, &cache, err));
		memcpy(levels->rep + levels->entry_count, cache->rep,
			   cache->level_count * sizeof *levels->rep);
		if (levels->def != NULL)
			memcpy(levels->def + levels->entry_count, cache->def,
				   cache->level_count * sizeof *levels->def);
		levels->entry_count += cache->level_count;
	}
	return LDB_OK;
}

/* The position after `count` more row starts from `at` on, or the end. */
static size_t
skip_rows(const uint16_t *rep, size_t entry_count, uint16_t max_rep, size_t at, uint64_t count)
{
	while (at < entry_count)
	{
		if (rep[at] == max_rep && count-- == 0)
			return at;
		at++;
	}
	return at;
}

static size_t
count_visible(const LdbLayers *layers, const uint16_t *def, size_t from, size_t to)
{
	return def == NULL ? to - from : ldb_levels_count(def + from, to - from, layers->max_visible);
}

/* The row that starts first in a chunk; the one before it may go on there. */
static uint64_t
first_start(const MiniPage *mini, size_t chunk)
{
	return mini->rows[chunk] + (chunk > 0 && mini->unfinished[chunk - 1] ? 1 : 0);
}

/* Entries of a segment's rows among levels, and how many values come before them. */
typedef struct Extent
{
	size_t from;
	size_t to;
	size_t visible_before;
} Extent;

/* One chunk: goes on where the last rows of it were found, copies only what is needed. */
static LdbStatus
levels_of_chunk(const LdbLeafPage *page, const LdbSegment *segment, LdbLevels *levels,
				Extent *extent, LdbError *err)
{
	const LdbLayers *layers = &page->layers;
	LdbChunkCache *cache;
	size_t start;

	LDB_TRY(chunk_levels(page, segment, segment->first_chunk, &cache, err));
	if (!cache->found || cache->row > segment->first)
	{
		cache->row = first_start(page->state, segment->first_chunk);
		cache->entry = cache->visible = 0;
	}
	start = cache->entry;
	extent->from = skip_rows(cache->rep, cache->level_count, layers->max_rep, start,
							 segment->first - cache->row);
	extent->to =
		skip_rows(cache->rep, cache->level_count, layers->max_rep, extent->from, segment->count);
	extent->visible_before =
		cache->visible + count_visible(layers, cache->def, start, extent->from);
	levels->entry_count = extent->to - extent->from;
	levels->rep = ldb_arena_copy(page->leaf->scratch, cache->rep + extent->from,
								 levels->entry_count * sizeof *levels->rep);
	if (cache->def != NULL)
		levels->def = ldb_arena_copy(page->leaf->scratch, cache->def + extent->from,
									 levels->entry_count * sizeof *levels->def);
	if (levels->rep == NULL || (cache->def != NULL && levels->def == NULL))
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu levels", levels->entry_count);
	cache->found = true;
	cache->row = segment->first + segment->count;
	cache->entry = extent->to;
	cache->visible =
		extent->visible_before + count_visible(layers, levels->def, 0, levels->entry_count);
	return LDB_OK;
}

static LdbStatus
levels_of_chunks(const LdbLeafPage *page, const LdbSegment *segment, LdbLevels *levels,
				 Extent *extent, LdbError *err)
{
	const LdbLayers *layers = &page->layers;

	LDB_TRY(gather_levels(page, segment, levels, err));
	extent->from = skip_rows(levels->rep, levels->entry_count, layers->max_rep, 0,
							 segment->first - first_start(page->state, segment->first_chunk));
	extent->to =
		skip_rows(levels->rep, levels->entry_count, layers->max_rep, extent->from, segment->count);
	extent->visible_before = count_visible(layers, levels->def, 0, extent->from);
	levels->rep += extent->from;
	if (levels->def != NULL)
		levels->def += extent->from;
	levels->entry_count = extent->to - extent->from;
	return LDB_OK;
}

static LdbStatus
nested_levels(const LdbLeafPage *page, LdbSegment *segment, LdbLevels *levels, LdbError *err)
{
	const MiniPage *mini = page->state;
	size_t chunk = segment->first_chunk;
	size_t last = chunk + segment->chunk_count - 1;
	Extent extent;

	if (segment->first < first_start(mini, chunk))
		LDB_FAIL(err, LDB_CORRUPT, "repetition index leads row %llu to a chunk of row %llu",
				 (unsigned long long) segment->first,
				 (unsigned long long) first_start(mini, chunk));
	if (segment->chunk_count == 1)
		LDB_TRY(levels_of_chunk(page, segment, levels, &extent, err));
	else
		LDB_TRY(levels_of_chunks(page, segment, levels, &extent, err));
	segment->item = mini->items[chunk] + extent.visible_before;
	segment->item_count = count_visible(&page->layers, levels->def, 0, levels->entry_count);
	levels->visible_count = segment->item_count;
	if (segment->item_count > mini->items[last + 1] ||
		segment->item > mini->items[last + 1] - segment->item_count)
		LDB_FAIL(err, LDB_CORRUPT, "levels of chunks %zu to %zu have more values than the chunks",
				 chunk, last);
	return LDB_OK;
}

static LdbStatus
read_levels(LdbLeafPage *page, LdbSegment *segment, LdbLevels *levels, LdbError *err)
{
	return page->layers.max_rep > 0 ? nested_levels(page, segment, levels, err)
									: flat_levels(page, segment, levels, err);
}

/* ---- values ---- */

static LdbStatus
put_items(LdbLeafPage *page, const LdbSegment *segment, LdbSink *sink, LdbError *err)
{
	const MiniPage *mini = page->state;
	uint64_t end = segment->item + segment->item_count;
	uint64_t at = segment->item;

	for (size_t i = 0; i < segment->chunk_count && at < end; i++)
	{
		size_t chunk = segment->first_chunk + i;
		uint64_t stop = mini->items[chunk + 1] < end ? mini->items[chunk + 1] : end;
		LdbChunkCache *cache = page->leaf->values;
		ChunkParts parts;

		if (stop <= at)
			continue;
		LDB_TRY(open_chunk(page, segment, chunk, &parts, err));
		claim_cache(cache, page, chunk);
		LDB_TRY(ldb_codec_put_chunk(&mini->codec, &parts.values, (size_t) (at - mini->items[chunk]),
									(size_t) (stop - at), cache, sink, err));
		at = stop;
	}
	return LDB_OK;
}

static const LdbType index_types[] = {{.kind = LDB_TYPE_UINT8},
									  {.kind = LDB_TYPE_UINT16},
									  {.kind = LDB_TYPE_UINT32},
									  {.kind = LDB_TYPE_UINT64}};

static const LdbType *
index_type(uint32_t bits)
{
	return &index_types[bits == 8 ? 0 : bits == 16 ? 1 : bits == 32 ? 2 : 3];
}

static inline uint64_t
index_at(const uint8_t *indices, size_t i, uint32_t bits)
{
	switch (bits)
	{
		case 8:
			return indices[i];
		case 16:
			return ldb_load_u16(indices + i * 2);
		case 32:
			return ldb_load_u32(indices + i * 4);
		default:
			return ldb_load_u64(indices + i * 8);
	}
}

/* Null slots hold any index. */
static LdbStatus
check_missing(const LdbSink *sink, size_t value, uint64_t index, uint64_t count, LdbError *err)
{
	if (sink->validity == NULL || ldb_bit_get(sink->validity, value))
		LDB_FAIL(err, LDB_CORRUPT, "dictionary index %llu of %llu", (unsigned long long) index,
				 (unsigned long long) count);
	return LDB_OK;
}

/* The dictionary as it may be handed out: its bytes belong to a cache that may be dropped. */
static LdbStatus
own_dictionary(const MiniPage *mini, LdbArena *arena, const LdbSlice **views, LdbError *err)
{
	size_t count = (size_t) mini->layout->num_dictionary_items;
	LdbSlice *owned = ldb_arena_alloc_array(arena, count, sizeof *owned);
	uint8_t *bytes = ldb_arena_alloc(arena, mini->views_bytes);

	if (owned == NULL || bytes == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a dictionary of %zu bytes", mini->views_bytes);
	for (size_t i = 0; i < count; i++)
	{
		owned[i] = ldb_slice(bytes, mini->views[i].length);
		if (owned[i].length > 0)
			memcpy(bytes, mini->views[i].data, owned[i].length);
		bytes += owned[i].length;
	}
	*views = owned;
	return LDB_OK;
}

/* True when values copied one by one take less than the whole dictionary would. */
static bool
is_small_part(const MiniPage *mini, const uint8_t *indices, size_t count)
{
	uint64_t item_count = mini->layout->num_dictionary_items;
	size_t bytes = 0;

	for (size_t i = 0; i < count && count < item_count && bytes < mini->views_bytes; i++)
	{
		uint64_t index = index_at(indices, i, mini->codec.bits);

		bytes += index < item_count ? mini->views[index].length : 0;
	}
	return count < item_count && bytes < mini->views_bytes;
}

static LdbStatus
put_view_values(const MiniPage *mini, const uint8_t *indices, size_t count, LdbSink *sink,
				LdbError *err)
{
	uint64_t item_count = mini->layout->num_dictionary_items;
	bool copy_each = !mini->in_place && is_small_part(mini, indices, count);
	const LdbSlice *views = mini->views;

	if (!mini->in_place && !copy_each)
		LDB_TRY(own_dictionary(mini, sink->arena, &views, err));
	for (size_t i = 0; i < count; i++)
	{
		uint64_t index = index_at(indices, i, mini->codec.bits);
		LdbSlice *to = &sink->views[sink->length + i];

		if (index >= item_count)
		{
			LDB_TRY(check_missing(sink, sink->length + i, index, item_count, err));
			*to = ldb_slice(NULL, 0);
			continue;
		}
		*to = views[index];
		if (!copy_each)
			continue;
		to->data = ldb_arena_copy(sink->arena, to->data, to->length);
		if (to->data == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu bytes", to->length);
	}
	sink->length += count;
	return LDB_OK;
}

static LdbStatus
put_fixed_values(const MiniPage *mini, const uint8_t *indices, size_t count, LdbSink *sink,
				 LdbError *err)
{
	uint64_t item_count = mini->layout->num_dictionary_items;
	size_t width = sink->value_bytes;
	uint8_t *next;

	LDB_TRY(ldb_sink_room(sink, &next, err));
	for (size_t i = 0; i < count; i++)
	{
		uint64_t index = index_at(indices, i, mini->codec.bits);

		if (index < item_count)
			memcpy(next + i * width, mini->fixed + index * width, width);
		else
		{
			LDB_TRY(check_missing(sink, sink->length + i, index, item_count, err));
			memset(next + i * width, 0, width);
		}
	}
	sink->length += count;
	return LDB_OK;
}

static LdbStatus
read_values(LdbLeafPage *page, LdbSegment *segment, LdbSink *sink, LdbError *err)
{
	const MiniPage *mini = page->state;
	LdbSink indices;

	if (mini->layout->dictionary == NULL)
		return put_items(page, segment, sink, err);
	LDB_TRY(ldb_sink_init_type(&indices, index_type(mini->codec.bits), segment->item_count, NULL,
							   page->leaf->scratch, err));
	LDB_TRY(put_items(page, segment, &indices, err));
	if (indices.length != segment->item_count)
		LDB_FAIL(err, LDB_CORRUPT, "%zu dictionary indices for %zu values", indices.length,
				 segment->item_count);
	return is_variable(page) ? put_view_values(mini, indices.fixed, indices.length, sink, err)
							 : put_fixed_values(mini, indices.fixed, indices.length, sink, err);
}

static const LdbPageOps mini_ops = {index_ranges, load, locate, read_levels, read_values};
