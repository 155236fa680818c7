/* write_zip.c -- full-zip pages: each value behind its own control word. The mirror of page_zip.c. */
#include <string.h>

#include "encode_variable.h"
#include "leaf_writer.h"

typedef struct ZipWriter
{
	const LdbLeafPageWriter *page;
	const LdbLevels *levels;
	uint32_t rep_bits;
	uint32_t def_bits;
	size_t control_bytes;
	size_t row_bytes; /* fixed: of a value with the validity of its items */
	LdbGrowing data;
	uint64_t *starts; /* of each row, then the end; NULL when rows need no index */
	size_t row;
} ZipWriter;

/* Bits of the largest level. */
static uint32_t
bits_of(uint16_t max)
{
	return max == 0 ? 0 : 32 - (uint32_t) __builtin_clz(max);
}

static size_t
validity_bytes(const LdbLeafValues *values)
{
	size_t bytes = 0;

	for (size_t level = 0; level < values->fsl_depth; level++)
		if (values->fsl_validity[level] != NULL)
			bytes += ldb_bitmap_bytes(values->fsl_items[level]);
	return bytes;
}

static size_t
data_bytes(const LdbLeafValues *values)
{
	return values->value_bytes > 0 ? values->value_bytes
								   : ldb_bitmap_bytes(values->items_per_value);
}

/* ---- entries ---- */

static LdbStatus
put_control(ZipWriter *writer, size_t entry, LdbError *err)
{
	const LdbLevels *levels = writer->levels;
	uint32_t rep = levels->rep == NULL ? 0 : levels->rep[entry];
	uint32_t def = levels->def == NULL ? 0 : levels->def[entry];
	uint32_t word = rep << writer->def_bits | def;
	uint8_t *at;

	LDB_TRY(ldb_growing_take(&writer->data, writer->control_bytes, &at, err));
	memcpy(at, &word, writer->control_bytes);
	return LDB_OK;
}

static LdbStatus
put_fixed(ZipWriter *writer, size_t slot, LdbError *err)
{
	const LdbLeafValues *values = writer->page->values;
	uint8_t *at;

	LDB_TRY(ldb_growing_take(&writer->data, writer->row_bytes, &at, err));
	for (size_t level = 0; level < values->fsl_depth; level++)
	{
		size_t items = values->fsl_items[level];

		if (values->fsl_validity[level] == NULL)
			continue;
		memset(at, 0, ldb_bitmap_bytes(items));
		ldb_bitmap_copy(at, 0, values->fsl_validity[level], slot * items, items);
		at += ldb_bitmap_bytes(items);
	}
	if (values->value_bytes > 0)
	{
		memcpy(at, values->fixed + slot * values->value_bytes, values->value_bytes);
		return LDB_OK;
	}
	memset(at, 0, data_bytes(values));
	ldb_bitmap_copy(at, 0, values->fixed, slot * values->items_per_value, values->items_per_value);
	return LDB_OK;
}

static LdbStatus
put_variable(ZipWriter *writer, LdbSlice value, LdbError *err)
{
	size_t length_bytes = writer->page->values->offset_bits / 8;
	uint64_t length = value.length;
	uint8_t *at;

	LDB_TRY(ldb_growing_take(&writer->data, length_bytes + value.length, &at, err));
	memcpy(at, &length, length_bytes);
	if (value.length > 0)
		memcpy(at + length_bytes, value.data, value.length);
	return LDB_OK;
}

/* All of the page at once: values may be so large that they fit no second time. */
static LdbStatus
make_room(ZipWriter *writer, const LdbSlice *views, LdbError *err)
{
	const LdbLeafValues *values = writer->page->values;
	size_t bytes = writer->levels->entry_count * writer->control_bytes;
	uint8_t *at;

	if (views == NULL)
		bytes += values->count * writer->row_bytes;
	else
		bytes += (size_t) ldb_variable_sum(views, values->count) +
				 values->valid_count * (values->offset_bits / 8);
	LDB_TRY(ldb_growing_take(&writer->data, bytes, &at, err));
	writer->data.length = 0;
	return LDB_OK;
}

static LdbStatus
put_entries(ZipWriter *writer, const LdbSlice *views, LdbError *err)
{
	const LdbShred *shred = writer->page->shred;
	const LdbLevels *levels = writer->levels;
	size_t slot = 0;

	LDB_TRY(make_room(writer, views, err));
	for (size_t entry = 0; entry < levels->entry_count; entry++)
	{
		uint16_t def = levels->def == NULL ? 0 : levels->def[entry];

		if (entry % 65536 == 0)
			LDB_CHECK_CANCEL(writer->page->cancel, err);
		if (writer->starts != NULL &&
			(levels->rep == NULL || levels->rep[entry] == shred->layers.max_rep))
			writer->starts[writer->row++] = writer->data.length;
		if (writer->control_bytes > 0)
			LDB_TRY(put_control(writer, entry, err));
		if (def > shred->layers.max_visible)
			continue;
		if (views == NULL)
			LDB_TRY(put_fixed(writer, slot, err));
		else if (def == 0)
			LDB_TRY(put_variable(writer, views[slot], err));
		slot++;
	}
	return LDB_OK;
}

/* ---- the page ---- */

/* Offsets as wide as the largest needs. */
static LdbStatus
pack_starts(ZipWriter *writer, LdbSlice *index, LdbError *err)
{
	uint64_t end = writer->data.length;
	size_t width = end <= UINT8_MAX ? 1 : end <= UINT16_MAX ? 2 : end <= UINT32_MAX ? 4 : 8;
	size_t count = writer->page->row_count + 1;
	uint8_t *packed = ldb_arena_alloc_array(writer->page->arena, count, width);

	if (packed == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for an index of %zu rows", count);
	writer->starts[writer->row] = end;
	for (size_t i = 0; i < count; i++)
		memcpy(packed + i * width, &writer->starts[i], width);
	*index = ldb_slice(packed, count * width);
	return LDB_OK;
}

static LdbStatus
put_page(ZipWriter *writer, LdbEncoding *encoding, LdbSlice data, LdbError *err)
{
	const LdbLeafPageWriter *page = writer->page;
	Ldb__PageLayout layout = LDB__PAGE_LAYOUT__INIT;
	Ldb__PageLayout__FullZip zip = LDB__PAGE_LAYOUT__FULL_ZIP__INIT;
	LdbSlice buffers[2] = {data};

	layout.kind_case = LDB__PAGE_LAYOUT__KIND_FULL_ZIP;
	layout.full_zip = &zip;
	zip.has_bits_rep = writer->rep_bits > 0;
	zip.bits_rep = writer->rep_bits;
	zip.has_bits_def = writer->def_bits > 0;
	zip.bits_def = writer->def_bits;
	if (page->values->variable)
	{
		zip.width_case = LDB__PAGE_LAYOUT__FULL_ZIP__WIDTH_BITS_PER_OFFSET;
		zip.bits_per_offset = page->values->offset_bits;
	}
	else
	{
		zip.width_case = LDB__PAGE_LAYOUT__FULL_ZIP__WIDTH_BITS_PER_VALUE;
		zip.bits_per_value = (uint32_t) (writer->row_bytes * 8);
	}
	zip.has_num_items = true;
	zip.num_items = (uint32_t) writer->levels->entry_count;
	zip.has_num_visible_items = true;
	zip.num_visible_items = (uint32_t) writer->levels->visible_count;
	zip.value_compression = encoding;
	zip.n_layers = page->shred->layers.count;
	LDB_TRY(ldb_layers_message(&page->shred->layers, page->arena, &zip.layers, err));
	if (writer->starts != NULL)
		LDB_TRY(pack_starts(writer, &buffers[1], err));
	return ldb_leaf_page_put(page, &layout, buffers, writer->starts != NULL ? 2 : 1, err);
}

static LdbStatus
write_fixed(ZipWriter *writer, LdbError *err)
{
	const LdbLeafValues *values = writer->page->values;
	LdbEncoding *encoding;

	writer->row_bytes = validity_bytes(values) + data_bytes(values);
	if (writer->row_bytes > UINT32_MAX / 8)
		LDB_FAIL(err, LDB_UNSUPPORTED, "values of %zu bytes", writer->row_bytes);
	LDB_TRY(ldb_encoding_of_flat(values, writer->page->arena, &encoding, err));
	/* nothing between the values: they go to the file from where they are */
	if (writer->control_bytes == 0 && writer->row_bytes == values->value_bytes)
		return put_page(writer, encoding,
						ldb_slice(values->fixed, values->count * values->value_bytes), err);
	LDB_TRY(put_entries(writer, NULL, err));
	return put_page(writer, encoding, ldb_growing_slice(&writer->data), err);
}

static LdbStatus
write_variable(ZipWriter *writer, LdbError *err)
{
	const LdbSlice *views;
	LdbEncoding *encoding;

	LDB_TRY(ldb_value_encoding_of_zip(writer->page, &views, &encoding, err));
	LDB_TRY(put_entries(writer, views, err));
	return put_page(writer, encoding, ldb_growing_slice(&writer->data), err);
}

LdbStatus
ldb_write_zip(const LdbLeafPageWriter *page, LdbError *err)
{
	const LdbLayers *layers = &page->shred->layers;
	ZipWriter writer = {.page = page, .levels = &page->shred->levels};
	uint32_t bits;

	writer.data.arena = page->arena;
	writer.rep_bits = bits_of(layers->max_rep);
	writer.def_bits = bits_of(layers->max_def);
	bits = writer.rep_bits + writer.def_bits;
	writer.control_bytes = bits == 0 ? 0 : bits <= 8 ? 1 : bits <= 16 ? 2 : 4;
	if (page->values->variable || layers->max_rep > 0)
		LDB_NEW(page->arena, writer.starts, page->row_count + 1, err);
	if (page->values->variable)
		return write_variable(&writer, err);
	return write_fixed(&writer, err);
}
