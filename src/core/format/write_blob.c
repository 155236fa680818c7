/* write_blob.c -- blob pages: bytes by themselves, a page of their places. The mirror of page_blob.c. */
#include <string.h>

#include "leaf_writer.h"

#define DESCRIPTOR_BYTES 16u

/* Position and size; a null has size 0 and its level in the position. */
static LdbStatus
put_blobs(const LdbLeafPageWriter *page, uint8_t *descriptors, LdbError *err)
{
	const LdbLevels *levels = &page->shred->levels;

	for (size_t i = 0; i < page->values->count; i++)
	{
		LdbSlice bytes = page->values->views[i];
		uint64_t descriptor[2] = {0, bytes.length};

		LDB_CHECK_CANCEL(page->cancel, err);
		if (levels->def != NULL && levels->def[i] > 0)
			descriptor[0] = (uint64_t) levels->def[i] << 16;
		else if (bytes.length > 0)
			LDB_TRY(page->sink->put_bytes(page->sink, bytes, &descriptor[0], err));
		memcpy(descriptors + i * DESCRIPTOR_BYTES, descriptor, sizeof descriptor);
	}
	return LDB_OK;
}

/* The inner page is one of packed structs without nulls. */
static LdbStatus
write_descriptors(const LdbLeafPageWriter *page, const uint8_t *descriptors, LdbError *err)
{
	static const LdbType number = {.kind = LDB_TYPE_UINT64};
	static const LdbType descriptor = {.kind = LDB_TYPE_STRUCT};
	static const LdbLayer plain[] = {LDB_LAYER_ALL_VALID_ITEM};
	LdbField child = {.name = "position", .type = number};
	LdbField *children[2] = {&child, &child};
	LdbField packed = {.type = descriptor, .packed = true, .child_count = 2, .children = children};
	LdbShred shred = {.layers = {.count = 1, .kinds = plain}};
	LdbLeafValues values = {.type = &descriptor,
							.count = page->values->count,
							.valid_count = page->values->count,
							.item_bits = 8 * DESCRIPTOR_BYTES,
							.items_per_value = 1,
							.value_bytes = DESCRIPTOR_BYTES,
							.fixed = descriptors,
							.packed = &packed};
	LdbLeafPageWriter inner = *page;
	bool fits;

	shred.levels.entry_count = values.count;
	shred.levels.visible_count = values.count;
	shred.valid_count = values.count;
	inner.field = &packed;
	inner.shred = &shred;
	inner.values = &values;
	inner.blob_layers = &page->shred->layers;
	return ldb_write_mini(&inner, &fits, err);
}

LdbStatus
ldb_write_blob(const LdbLeafPageWriter *page, LdbError *err)
{
	uint8_t *descriptors;

	if (page->shred->layers.max_rep > 0)
		LDB_FAIL(err, LDB_UNSUPPORTED, "blobs within lists (column \"%s\")", page->field->name);
	descriptors = ldb_arena_alloc_array(page->arena, page->values->count, DESCRIPTOR_BYTES);
	if (descriptors == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu blobs", page->values->count);
	LDB_TRY(put_blobs(page, descriptors, err));
	return write_descriptors(page, descriptors, err);
}
