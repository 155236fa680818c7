/* page.c -- one page of a leaf column: its layout message, its layers, its buffers. */
#include <string.h>

#include "ldb/proto/proto.h"
#include "page_impl.h"

LdbStatus
ldb_fetch_add(LdbFetchList *list, LdbRange range, LdbError *err)
{
	if (list->count == list->capacity)
	{
		size_t capacity = list->capacity == 0 ? 32 : list->capacity * 2;
		LdbRange *ranges = ldb_arena_alloc_array(list->arena, capacity, sizeof *ranges);

		if (ranges == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu ranges", capacity);
		if (list->count > 0)
			memcpy(ranges, list->ranges, list->count * sizeof *ranges);
		list->ranges = ranges;
		list->capacity = capacity;
	}
	list->ranges[list->count++] = range;
	return LDB_OK;
}

LdbStatus
ldb_page_buffer(const LdbLeafPage *page, size_t index, LdbRange *range, LdbError *err)
{
	if (index >= page->info->buffer_count)
		LDB_FAIL(err, LDB_CORRUPT, "page has %zu buffers, needs buffer %zu",
				 page->info->buffer_count, index);
	*range = page->info->buffers[index];
	return LDB_OK;
}

LdbStatus
ldb_page_read(const LdbLeafPage *page, LdbRange range, LdbArena *arena, LdbSlice *bytes,
			  const LdbCancel *cancel, LdbError *err)
{
	return ldb_object_read(page->leaf->object, range.offset, range.length, arena, bytes, cancel,
						   err);
}

LdbStatus
ldb_page_set_layers(LdbLeafPage *page, const int32_t *layers, size_t count, LdbError *err)
{
	const LdbLeaf *leaf = page->leaf;
	LdbLayer *kinds;

	if (count != leaf->layer_count)
		LDB_FAIL(err, LDB_CORRUPT, "page has %zu layers for a column nested %zu deep", count,
				 leaf->layer_count);
	LDB_NEW(page->arena, kinds, count, err);
	for (size_t i = 0; i < count; i++)
		kinds[i] = (LdbLayer) layers[i];
	page->layers.count = count;
	page->layers.kinds = kinds;
	LDB_TRY(ldb_layers_count(&page->layers, err));
	for (size_t i = 0; i < count; i++)
	{
		bool is_item = kinds[i] == LDB_LAYER_ALL_VALID_ITEM || kinds[i] == LDB_LAYER_NULLABLE_ITEM;

		if (is_item == leaf->is_list[i])
			LDB_FAIL(err, LDB_CORRUPT, "layer %zu of a page is of kind %d, the column's is %s", i,
					 (int) kinds[i], leaf->is_list[i] ? "a list" : "not a list");
	}
	return LDB_OK;
}

LdbStatus
ldb_page_init(LdbLeafPage *page, const Ldb__PageLayout *layout, LdbError *err)
{
	switch (layout->kind_case)
	{
		case LDB__PAGE_LAYOUT__KIND_MINI_BLOCK:
			return ldb_page_init_mini(page, layout->mini_block, err);
		case LDB__PAGE_LAYOUT__KIND_CONSTANT:
			return ldb_page_init_constant(page, layout->constant, err);
		case LDB__PAGE_LAYOUT__KIND_FULL_ZIP:
			return ldb_page_init_zip(page, layout->full_zip, err);
		case LDB__PAGE_LAYOUT__KIND_BLOB:
			return ldb_page_init_blob(page, layout->blob, err);
		default:
			LDB_FAIL(err, LDB_UNSUPPORTED,
					 "page layout %d is not known (or belongs to file version 2.3)",
					 (int) layout->kind_case);
	}
}

static LdbStatus
init(LdbLeafPage *page, LdbError *err)
{
	ProtobufCMessage *message;

	LDB_TRY(ldb_proto_unpack(&ldb__page_layout__descriptor, page->info->encoding, page->arena,
							 "page layout", &message, err));
	return ldb_page_init(page, (const Ldb__PageLayout *) message, err);
}

LdbStatus
ldb_page_open(LdbLeaf *leaf, size_t index, LdbLeafPage **page, LdbError *err)
{
	LdbArena *arena = ldb_arena_new(LDB_PAGE_BYTES);
	LdbLeafPage *opened = arena == NULL ? NULL : ldb_arena_zalloc(arena, sizeof *opened);
	LdbStatus status;

	if (opened == NULL)
	{
		ldb_arena_free(arena);
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a page");
	}
	opened->arena = arena;
	opened->leaf = leaf;
	opened->info = &leaf->pages->pages[index];
	opened->index = index;
	status = init(opened, err);
	if (status != LDB_OK)
	{
		ldb_arena_free(arena);
		return status;
	}
	*page = opened;
	return LDB_OK;
}

void
ldb_page_close(LdbLeafPage *page)
{
	if (page != NULL)
		ldb_arena_free(page->arena);
}
