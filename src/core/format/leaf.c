/* leaf.c -- reads rows of one leaf column: which pages, what to fetch, in which order to decode. */
#include <string.h>

#include "page_impl.h"

/* Parsed pages that stay for the next call. */
#define KEPT_PAGES 8u
static LdbStatus
open_cache(LdbArena *arena, LdbChunkCache **cache, LdbError *err)
{
	LDB_NEW(arena, *cache, 1, err);
	(*cache)->arena = ldb_arena_new(LDB_CHUNK_BYTES);
	if ((*cache)->arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory");
	return LDB_OK;
}

static LdbStatus
init_leaf(LdbLeaf *leaf, const LdbField *const *path, size_t path_length,
		  const LdbColumnSource *source, LdbArena *arena, LdbError *err)
{
	bool *lists;

	leaf->field = path[0];
	leaf->layer_count = path_length;
	leaf->file = source->file;
	leaf->object = ldb_file_object(source->file);
	leaf->mapped = ldb_object_is_mapped(leaf->object);
	LDB_NEW(arena, lists, path_length, err);
	for (size_t i = 0; i < path_length; i++)
		lists[i] = ldb_type_is_list(path[i]->type.kind);
	leaf->is_list = lists;
	LDB_TRY(open_cache(arena, &leaf->levels, err));
	LDB_TRY(open_cache(arena, &leaf->values, err));
	leaf->scratch = ldb_arena_new(LDB_SCRATCH_BYTES);
	if (leaf->scratch == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory");
	LDB_TRY(ldb_file_column(leaf->file, source->column_index, &leaf->pages, err));
	if (leaf->pages->length != leaf->row_count)
		LDB_FAIL(err, LDB_CORRUPT, "\"%s\": column %u has %llu rows, the fragment %llu",
				 ldb_object_name(leaf->object), source->column_index,
				 (unsigned long long) leaf->pages->length, (unsigned long long) leaf->row_count);
	return LDB_OK;
}

LdbStatus
ldb_leaf_open(const LdbField *const *path, size_t path_length, const LdbColumnSource *source,
			  uint64_t row_count, LdbArena *arena, LdbLeaf **leaf, LdbError *err)
{
	LdbStatus status;

	LDB_NEW(arena, *leaf, 1, err);
	(*leaf)->row_count = row_count;
	status = init_leaf(*leaf, path, path_length, source, arena, err);
	if (status != LDB_OK)
	{
		ldb_leaf_close(*leaf);
		*leaf = NULL;
	}
	return status;
}

static void
close_cache(LdbChunkCache *cache)
{
	if (cache != NULL)
		ldb_arena_free(cache->arena);
}

void
ldb_leaf_close(LdbLeaf *leaf)
{
	if (leaf == NULL)
		return;
	for (size_t i = 0; i < leaf->cached_count; i++)
		ldb_page_close(leaf->cached[i]);
	ldb_heap_free(leaf->cached);
	close_cache(leaf->levels);
	close_cache(leaf->values);
	ldb_arena_free(leaf->scratch);
}

/* ---- pages ---- */

/* A cache that holds a chunk of this page, or of a page within it, is empty from now on. */
static void
forget_page(LdbChunkCache *cache, const LdbLeafPage *page)
{
	if (cache->page != NULL && cache->page->arena == page->arena)
		cache->page = NULL;
}

static void
drop_page(LdbLeaf *leaf, size_t i)
{
	forget_page(leaf->levels, leaf->cached[i]);
	forget_page(leaf->values, leaf->cached[i]);
	ldb_page_close(leaf->cached[i]);
	leaf->cached[i] = leaf->cached[--leaf->cached_count];
}

/* Ends a call, which may have needed many pages: the ones used last stay. */
static void
trim_pages(LdbLeaf *leaf)
{
	size_t bytes = 0;

	for (size_t i = 0; i < leaf->cached_count; i++)
		bytes += ldb_arena_used(leaf->cached[i]->arena);
	while (leaf->cached_count > KEPT_PAGES ||
		   (leaf->cached_count > 1 && bytes > LDB_KEPT_PAGES_BYTES))
	{
		size_t oldest = 0;

		for (size_t i = 1; i < leaf->cached_count; i++)
			if (leaf->cached[i]->last_used < leaf->cached[oldest]->last_used)
				oldest = i;
		bytes -= ldb_arena_used(leaf->cached[oldest]->arena);
		drop_page(leaf, oldest);
	}
}

static LdbStatus
keep_page(LdbLeaf *leaf, LdbLeafPage *page, LdbError *err)
{
	if (leaf->cached_count == leaf->cached_capacity)
	{
		size_t capacity = leaf->cached_capacity == 0 ? KEPT_PAGES : leaf->cached_capacity * 2;
		LdbLeafPage **cached = ldb_heap_realloc(leaf->cached, capacity * sizeof(*leaf->cached));

		if (cached == NULL)
		{
			ldb_page_close(page);
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu pages", capacity);
		}
		leaf->cached = cached;
		leaf->cached_capacity = capacity;
	}
	leaf->cached[leaf->cached_count++] = page;
	return LDB_OK;
}

static LdbStatus
use_page(LdbLeaf *leaf, size_t index, LdbLeafPage **page, LdbError *err)
{
	*page = NULL;
	for (size_t i = 0; i < leaf->cached_count; i++)
		if (leaf->cached[i]->index == index)
			*page = leaf->cached[i];
	if (*page == NULL)
	{
		LDB_TRY(ldb_page_open(leaf, index, page, err));
		LDB_TRY(keep_page(leaf, *page, err));
	}
	(*page)->last_used = ++leaf->clock;
	return LDB_OK;
}

/* ---- segments ---- */

typedef struct Plan
{
	LdbSegment *segments; /* scratch */
	size_t count;
	LdbArena *arena; /* the caller's */
	const LdbCancel *cancel;
	size_t page; /* being worked on; for messages */
} Plan;

static size_t
count_segments(const LdbLeaf *leaf, const LdbRowRange *ranges, size_t range_count)
{
	size_t count = 0;

	for (size_t i = 0; i < range_count; i++)
		count += ldb_pages_find(leaf->pages, ranges[i].first + ranges[i].count - 1) -
				 ldb_pages_find(leaf->pages, ranges[i].first) + 1;
	return count;
}

/* The parts of a range, page by page. */
static LdbStatus
add_segments(LdbLeaf *leaf, LdbRowRange range, Plan *plan, LdbError *err)
{
	size_t index = ldb_pages_find(leaf->pages, range.first);

	for (; range.count > 0; index++)
	{
		const LdbPageInfo *info = &leaf->pages->pages[index];
		uint64_t first = range.first - info->first_row;
		uint64_t left = info->length - first;
		LdbSegment *segment = &plan->segments[plan->count];

		if (left == 0)
			continue;
		plan->page = index;
		segment->first = first;
		segment->count = (size_t) (left < range.count ? left : range.count);
		range.first += segment->count;
		range.count -= segment->count;
		if (plan->count > 0 && segment[-1].page->index == index)
			segment->page = segment[-1].page;
		else
			LDB_TRY(use_page(leaf, index, &segment->page, err));
		plan->count++;
	}
	return LDB_OK;
}

static LdbStatus
make_plan(LdbLeaf *leaf, const LdbRowRange *ranges, size_t range_count, Plan *plan, LdbError *err)
{
	LDB_NEW(leaf->scratch, plan->segments, count_segments(leaf, ranges, range_count), err);
	for (size_t i = 0; i < range_count; i++)
		LDB_TRY(add_segments(leaf, ranges[i], plan, err));
	return LDB_OK;
}

/* ---- fetching ---- */

/* A mapping needs no telling: its pages come as they are touched. */
static LdbStatus
fetch(const LdbLeaf *leaf, const LdbFetchList *list, const LdbCancel *cancel, LdbError *err)
{
	if (leaf->mapped || list->count == 0)
		return LDB_OK;
	return ldb_object_fetch(leaf->object, list->ranges, list->count, cancel, err);
}

static LdbStatus
load_pages(LdbLeaf *leaf, Plan *plan, LdbError *err)
{
	LdbFetchList list = {NULL, 0, 0, leaf->scratch};
	size_t bytes = 0;

	for (size_t i = 0; i < plan->count && !leaf->mapped; i++)
	{
		LdbLeafPage *page = plan->segments[i].page;

		plan->page = plan->segments[i].page->index;
		LDB_TRY(page->ops->index_ranges(page, &plan->segments[i], &list, err));
	}
	LDB_TRY(fetch(leaf, &list, plan->cancel, err));
	for (size_t i = 0; i < plan->count; i++)
	{
		LdbLeafPage *page = plan->segments[i].page;

		plan->page = plan->segments[i].page->index;
		if (page->loaded)
			continue;
		LDB_CHECK_CANCEL(plan->cancel, err);
		if (page->ops->load != NULL)
			LDB_TRY(page->ops->load(page, plan->cancel, err));
		page->loaded = true;
		bytes += ldb_arena_used(page->arena);
		if (bytes > LDB_CALL_PAGES_BYTES)
			LDB_FAIL(err, LDB_NOMEM,
					 "dictionaries and tables of the pages take more than %zu bytes",
					 LDB_CALL_PAGES_BYTES);
	}
	return LDB_OK;
}

static LdbStatus
read_segment(LdbLeaf *leaf, const Plan *plan, LdbSegment *segment, LdbError *err)
{
	segment->bytes = ldb_slice(NULL, 0);
	if (segment->data.length == 0)
		return LDB_OK;
	return ldb_page_read(segment->page, segment->data, leaf->scratch, &segment->bytes, plan->cancel,
						 err);
}

static LdbStatus
fetch_data(LdbLeaf *leaf, Plan *plan, LdbError *err)
{
	LdbFetchList list = {NULL, 0, 0, leaf->scratch};

	for (size_t i = 0; i < plan->count; i++)
	{
		LdbSegment *segment = &plan->segments[i];

		plan->page = plan->segments[i].page->index;
		LDB_TRY(segment->page->ops->locate(segment->page, segment, plan->cancel, err));
		if (!leaf->mapped && segment->data.length > 0)
			LDB_TRY(ldb_fetch_add(&list, segment->data, err));
	}
	LDB_TRY(fetch(leaf, &list, plan->cancel, err));
	for (size_t i = 0; i < plan->count; i++)
	{
		plan->page = plan->segments[i].page->index;
		LDB_TRY(read_segment(leaf, plan, &plan->segments[i], err));
	}
	return LDB_OK;
}

/* What descriptors point to. Segments without blobs lose what was fetched before. */
static LdbStatus
fetch_blobs(LdbLeaf *leaf, Plan *plan, LdbError *err)
{
	LdbFetchList list = {NULL, 0, 0, leaf->scratch};

	for (size_t i = 0; i < plan->count && !leaf->mapped; i++)
	{
		const LdbSegment *segment = &plan->segments[i];

		for (size_t row = 0; segment->blobs != NULL && row < segment->count; row++)
			if (segment->blobs[row].length > 0)
				LDB_TRY(ldb_fetch_add(&list, segment->blobs[row], err));
	}
	if (list.count == 0)
		return LDB_OK;
	LDB_TRY(fetch(leaf, &list, plan->cancel, err));
	for (size_t i = 0; i < plan->count; i++)
		if (plan->segments[i].blobs == NULL)
			LDB_TRY(read_segment(leaf, plan, &plan->segments[i], err));
	return LDB_OK;
}

/* ---- decoding ---- */

static LdbStatus
decode_levels(Plan *plan, LdbShape *shape, size_t *item_count, LdbError *err)
{
	*item_count = 0;
	for (size_t i = 0; i < plan->count; i++)
	{
		LdbSegment *segment = &plan->segments[i];
		LdbLevels levels = {0, 0, NULL, NULL};

		plan->page = plan->segments[i].page->index;
		LDB_CHECK_CANCEL(plan->cancel, err);
		LDB_TRY(segment->page->ops->levels(segment->page, segment, &levels, err));
		LDB_TRY(ldb_shape_append(shape, &segment->page->layers, &levels, segment->count, err));
		*item_count += segment->item_count;
	}
	return LDB_OK;
}

static LdbStatus
decode_values(Plan *plan, LdbSink *sink, LdbError *err)
{
	for (size_t i = 0; i < plan->count; i++)
	{
		LdbSegment *segment = &plan->segments[i];

		plan->page = plan->segments[i].page->index;
		/* each time: a segment may be one row, and that a long text to decompress */
		LDB_CHECK_CANCEL(plan->cancel, err);
		LDB_TRY(segment->page->ops->values(segment->page, segment, sink, err));
	}
	return LDB_OK;
}

static LdbStatus
run_plan(LdbLeaf *leaf, Plan *plan, LdbShape *shape, LdbArray *values, LdbError *err)
{
	size_t item_count;
	LdbSink sink;

	LDB_TRY(load_pages(leaf, plan, err));
	LDB_TRY(fetch_data(leaf, plan, err));
	LDB_TRY(decode_levels(plan, shape, &item_count, err));
	LDB_TRY(fetch_blobs(leaf, plan, err));
	LDB_TRY(
		ldb_sink_init(&sink, leaf->field, item_count, shape->layers[0].validity, plan->arena, err));
	LDB_TRY(decode_values(plan, &sink, err));
	return ldb_sink_finish(&sink, shape->layers[0].null_count, values, err);
}

LdbStatus
ldb_leaf_read(LdbLeaf *leaf, const LdbRowRange *ranges, size_t range_count, size_t rows,
			  LdbArena *arena, LdbShape *shape, LdbArray *values, const LdbCancel *cancel,
			  LdbError *err)
{
	Plan plan = {NULL, 0, arena, cancel, 0};
	LdbStatus status;

	ldb_arena_reset(leaf->scratch);
	LDB_TRY(ldb_shape_init(shape, leaf->layer_count, leaf->is_list, rows, arena, err));
	status = make_plan(leaf, ranges, range_count, &plan, err);
	if (status == LDB_OK)
		status = run_plan(leaf, &plan, shape, values, err);
	if (status != LDB_OK && status != LDB_CANCELLED)
		ldb_error_prefix(err, "\"%s\" column %u page %zu", ldb_object_name(leaf->object),
						 leaf->pages->column, plan.page);
	trim_pages(leaf);
	return status;
}
