/* page_blob.c -- blob pages: descriptors in an inner page, the bytes elsewhere in the file. */
#include "page_impl.h"

typedef struct BlobPage
{
	LdbLeaf leaf; /* of the descriptors */
	LdbPageInfo info;
	LdbLeafPage inner; /* shares the arena of the page around it */
	LdbField field;
	LdbField children[2];
	LdbField *child_list[2];
	bool is_list;
} BlobPage;

static const LdbPageOps blob_ops;

/* Descriptors are packed structs of position and size. */
static void
describe(BlobPage *blob)
{
	for (size_t i = 0; i < 2; i++)
	{
		blob->children[i].name = i == 0 ? "position" : "size";
		blob->children[i].type.kind = LDB_TYPE_UINT64;
		blob->child_list[i] = &blob->children[i];
	}
	blob->field.name = "descriptor";
	blob->field.type.kind = LDB_TYPE_STRUCT;
	blob->field.packed = true;
	blob->field.child_count = 2;
	blob->field.children = blob->child_list;
}

LdbStatus
ldb_page_init_blob(LdbLeafPage *page, const Ldb__PageLayout__Blob *layout, LdbError *err)
{
	LdbTypeKind kind = page->leaf->field->type.kind;
	BlobPage *blob;

	LDB_NEW(page->arena, blob, 1, err);
	page->ops = &blob_ops;
	page->state = blob;
	LDB_TRY(ldb_page_set_layers(page, layout->layers, layout->n_layers, err));
	if (!ldb_type_is_variable(kind))
		LDB_FAIL(err, LDB_CORRUPT, "blob page in a column of another type");
	if (page->layers.max_rep > 0)
		LDB_FAIL(err, LDB_UNSUPPORTED, "blobs within lists");
	if (layout->inner_layout == NULL ||
		layout->inner_layout->kind_case == LDB__PAGE_LAYOUT__KIND_BLOB)
		LDB_FAIL(err, LDB_CORRUPT, "blob page without a page of descriptors");
	describe(blob);
	blob->leaf = *page->leaf;
	blob->leaf.field = &blob->field;
	blob->leaf.layer_count = 1;
	blob->leaf.is_list = &blob->is_list;
	blob->info = *page->info;
	blob->inner.leaf = &blob->leaf;
	blob->inner.info = &blob->info;
	blob->inner.index = page->index;
	blob->inner.arena = page->arena;
	return ldb_page_init(&blob->inner, layout->inner_layout, err);
}

static LdbStatus
index_ranges(LdbLeafPage *page, const LdbSegment *segment, LdbFetchList *list, LdbError *err)
{
	BlobPage *blob = page->state;

	return blob->inner.ops->index_ranges(&blob->inner, segment, list, err);
}

static LdbStatus
load(LdbLeafPage *page, const LdbCancel *cancel, LdbError *err)
{
	BlobPage *blob = page->state;

	if (blob->inner.ops->load != NULL)
		LDB_TRY(blob->inner.ops->load(&blob->inner, cancel, err));
	blob->inner.loaded = true;
	return LDB_OK;
}

static LdbStatus
locate(LdbLeafPage *page, LdbSegment *segment, const LdbCancel *cancel, LdbError *err)
{
	BlobPage *blob = page->state;

	return blob->inner.ops->locate(&blob->inner, segment, cancel, err);
}

/* A size of 0 with a position means null, the position holds the levels: repetition in the low 16
 * bits, definition above. */
static LdbStatus
set_blobs(const LdbLeafPage *page, LdbSegment *segment, const LdbArray *descriptors,
		  LdbLevels *levels, LdbError *err)
{
	const uint8_t *positions = descriptors->children[0].values;
	const uint8_t *sizes = descriptors->children[1].values;
	LdbRange *blobs;

	LDB_NEW(page->leaf->scratch, blobs, segment->count, err);
	if (page->layers.max_def > 0)
		LDB_NEW(page->leaf->scratch, levels->def, segment->count, err);
	for (size_t i = 0; i < segment->count; i++)
	{
		uint64_t position = ldb_load_u64(positions + i * 8);

		blobs[i].length = ldb_load_u64(sizes + i * 8);
		if (blobs[i].length > 0)
			blobs[i].offset = position;
		else if (levels->def != NULL)
			levels->def[i] = (uint16_t) (position >> 16);
	}
	segment->blobs = blobs;
	return LDB_OK;
}

static LdbStatus
read_levels(LdbLeafPage *page, LdbSegment *segment, LdbLevels *levels, LdbError *err)
{
	BlobPage *blob = page->state;
	LdbSegment inner = *segment;
	LdbLevels ignored = {0, 0, NULL, NULL};
	LdbArray descriptors;
	LdbSink sink;

	inner.page = &blob->inner;
	LDB_TRY(blob->inner.ops->levels(&blob->inner, &inner, &ignored, err));
	LDB_TRY(ldb_sink_init(&sink, &blob->field, inner.item_count, NULL, page->leaf->scratch, err));
	LDB_TRY(blob->inner.ops->values(&blob->inner, &inner, &sink, err));
	LDB_TRY(ldb_sink_finish(&sink, 0, &descriptors, err));
	if (descriptors.length != segment->count)
		LDB_FAIL(err, LDB_CORRUPT, "%zu blob descriptors for %zu rows", descriptors.length,
				 segment->count);
	segment->item_count = segment->count;
	levels->entry_count = segment->count;
	levels->visible_count = segment->count;
	return set_blobs(page, segment, &descriptors, levels, err);
}

static LdbStatus
read_values(LdbLeafPage *page, LdbSegment *segment, LdbSink *sink, LdbError *err)
{
	for (size_t i = 0; i < segment->count; i++)
	{
		LdbSlice bytes = {NULL, 0};

		if (segment->blobs[i].length > 0)
			LDB_TRY(ldb_page_read(page, segment->blobs[i], sink->arena, &bytes, NULL, err));
		if (!page->leaf->mapped && bytes.length > 0)
		{
			bytes.data = ldb_arena_copy(sink->arena, bytes.data, bytes.length);
			if (bytes.data == NULL)
				LDB_FAIL(err, LDB_NOMEM, "out of memory for a blob of %zu bytes", bytes.length);
		}
		sink->views[sink->length++] = bytes;
	}
	return LDB_OK;
}

static const LdbPageOps blob_ops = {index_ranges, load, locate, read_levels, read_values};
