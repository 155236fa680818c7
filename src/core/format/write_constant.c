/* write_constant.c -- pages where every value is null, or the same. The mirror of page_constant.c. */
#include <string.h>

#include "leaf_writer.h"

/* Of a value within the message. */
#define MOST_INLINE_BYTES 32u

/* Since 2.2 levels may be packed. */
static LdbStatus
put_levels(const LdbLeafPageWriter *page, const uint16_t *levels, uint16_t max, LdbSlice *buffer,
		   LdbEncoding **encoding, LdbError *err)
{
	size_t count = page->shred->levels.entry_count;
	LdbLevelCoder coder = ldb_level_coder(levels, max, count, page->version);
	size_t bytes = ldb_level_coder_bytes(&coder, 0, count);
	uint8_t *packed;

	*buffer = ldb_slice("", 0);
	if (levels == NULL)
		return LDB_OK;
	*buffer = ldb_slice(levels, count * sizeof *levels);
	if (page->version < 22)
		return LDB_OK;
	packed = ldb_arena_alloc(page->arena, bytes);
	if (packed == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu levels", count);
	ldb_level_coder_put(&coder, 0, count, packed);
	*buffer = ldb_slice(packed, bytes);
	return ldb_level_coder_message(&coder, page->arena, encoding, err);
}

/* A one-row array: number of buffers, size of each, the buffers. */
static LdbStatus
put_scalar(const LdbLeafPageWriter *page, LdbSlice value, LdbSlice *buffer, LdbError *err)
{
	uint32_t offset_bytes = page->values->offset_bits / 8;
	uint32_t header[3] = {2, 2 * offset_bytes, (uint32_t) value.length};
	size_t bytes = sizeof header + 2 * (size_t) offset_bytes + value.length;
	uint64_t end = value.length;
	uint8_t *scalar = ldb_arena_zalloc(page->arena, bytes);

	if (scalar == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a value of %zu bytes", value.length);
	memcpy(scalar, header, sizeof header);
	memcpy(scalar + sizeof header + offset_bytes, &end, offset_bytes);
	if (value.length > 0)
		memcpy(scalar + sizeof header + 2 * (size_t) offset_bytes, value.data, value.length);
	*buffer = ldb_slice(scalar, bytes);
	return LDB_OK;
}

static LdbStatus
set_levels(const LdbLeafPageWriter *page, Ldb__PageLayout__Constant *constant, LdbSlice *buffers,
		   LdbError *err)
{
	const LdbShred *shred = page->shred;
	const LdbLevels *levels = &shred->levels;

	LDB_TRY(put_levels(page, levels->rep, shred->layers.max_rep, &buffers[0],
					   &constant->rep_compression, err));
	LDB_TRY(put_levels(page, levels->def, shred->layers.max_def, &buffers[1],
					   &constant->def_compression, err));
	constant->has_num_rep_values = constant->rep_compression != NULL;
	constant->num_rep_values = levels->entry_count;
	constant->has_num_def_values = constant->def_compression != NULL;
	constant->num_def_values = levels->entry_count;
	return LDB_OK;
}

LdbStatus
ldb_write_constant(const LdbLeafPageWriter *page, const LdbSlice *value, LdbError *err)
{
	const LdbLayers *layers = &page->shred->layers;
	Ldb__PageLayout layout = LDB__PAGE_LAYOUT__INIT;
	Ldb__PageLayout__Constant constant = LDB__PAGE_LAYOUT__CONSTANT__INIT;
	LdbSlice buffers[3];
	size_t count = 0;

	layout.kind_case = LDB__PAGE_LAYOUT__KIND_CONSTANT;
	layout.constant = &constant;
	constant.n_layers = layers->count;
	LDB_TRY(ldb_layers_message(layers, page->arena, &constant.layers, err));
	if (value != NULL && page->values->variable)
		LDB_TRY(put_scalar(page, *value, &buffers[count++], err));
	else if (value != NULL)
	{
		constant.has_inline_value = true;
		constant.inline_value.data = (uint8_t *) (uintptr_t) value->data;
		constant.inline_value.len = value->length;
	}
	/* one layer that is all null needs no levels */
	if (value == NULL ? layers->count > 1 : layers->max_def > 0 || layers->max_rep > 0)
	{
		LDB_TRY(set_levels(page, &constant, buffers + count, err));
		count += 2;
	}
	return ldb_leaf_page_put(page, &layout, buffers, count, err);
}

/* ---- whether all values are the same ---- */

static bool
same_views(const LdbLeafValues *values, LdbSlice *value)
{
	size_t first = SIZE_MAX;

	for (size_t i = 0; i < values->count; i++)
	{
		if (values->valid != NULL && !ldb_bit_get(values->valid, i))
			continue;
		if (first == SIZE_MAX)
			first = i;
		else if (!ldb_slice_equal(values->views[first], values->views[i]))
			return false;
	}
	*value = values->views[first];
	return true;
}

static bool
same_fixed(const LdbLeafValues *values, LdbSlice *value)
{
	size_t width = values->value_bytes;
	const uint8_t *first = NULL;

	for (size_t i = 0; i < values->count; i++)
	{
		const uint8_t *at = values->fixed + i * width;

		if (values->valid != NULL && !ldb_bit_get(values->valid, i))
			continue;
		if (first == NULL)
			first = at;
		else if (memcmp(first, at, width) != 0)
			return false;
	}
	*value = ldb_slice(first, width);
	return true;
}

/* A bit as LanceDB's scalars have it: the lowest of a byte. */
static bool
same_bits(const LdbLeafValues *values, LdbSlice *value)
{
	static const uint8_t bytes[] = {0, 1};
	bool first = ldb_bit_get(values->fixed, 0);

	for (size_t i = 1; i < values->count; i++)
	{
		if (ldb_bit_get(values->fixed, i) != first)
			return false;
	}
	*value = ldb_slice(&bytes[first], 1);
	return true;
}

bool
ldb_values_same(const LdbLeafValues *values, LdbSlice *value)
{
	if (values->valid_count == 0 || values->packed != NULL)
		return false;
	if (values->variable)
		return values->longest <= UINT16_MAX && same_views(values, value);
	if (values->fsl_depth > 0 || values->value_bytes > MOST_INLINE_BYTES)
		return false;
	if (values->value_bytes == 0)
		return values->valid_count == values->count && same_bits(values, value);
	return same_fixed(values, value);
}
