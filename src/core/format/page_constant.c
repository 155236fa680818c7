/* page_constant.c -- pages where every value is null, or the same; only levels differ. */
#include <string.h>

#include "ldb/base/checked.h"
#include "page_impl.h"

#define LEVEL_BITS 16u

typedef struct ConstantPage
{
	const Ldb__PageLayout__Constant *layout; /* page arena */
	bool has_value;
	LdbSlice value; /* fixed width, or of a view; page arena once loaded */
	size_t rep_buffer;
	bool has_levels; /* two buffers: repetition, definition levels */
	bool has_scalar; /* buffer 0 is a one-row array */
	/* loaded */
	size_t entry_count;
	const uint16_t *rep; /* page arena */
	const uint16_t *def;
	/* with lists: an entry where a row starts, and its number; reading on goes on from here */
	size_t entry;
	uint64_t row;
} ConstantPage;

static const LdbPageOps constant_ops;

LdbStatus
ldb_page_init_constant(LdbLeafPage *page, const Ldb__PageLayout__Constant *layout, LdbError *err)
{
	size_t buffers = page->info->buffer_count;
	ConstantPage *constant;

	LDB_NEW(page->arena, constant, 1, err);
	page->ops = &constant_ops;
	page->state = constant;
	constant->layout = layout;
	LDB_TRY(ldb_page_set_layers(page, layout->layers, layout->n_layers, err));
	if (buffers > 3)
		LDB_FAIL(err, LDB_CORRUPT, "constant page has %zu buffers", buffers);
	constant->has_levels = buffers >= 2;
	constant->has_scalar = buffers % 2 == 1;
	constant->rep_buffer = buffers % 2;
	if (layout->has_inline_value)
	{
		constant->has_value = true;
		constant->value = ldb_slice(layout->inline_value.data, layout->inline_value.len);
	}
	else
		constant->has_value = constant->has_scalar;
	if (page->layers.max_rep > 0 && !constant->has_levels)
		LDB_FAIL(err, LDB_CORRUPT, "page of lists has no repetition levels");
	return LDB_OK;
}

static LdbStatus
index_ranges(LdbLeafPage *page, const LdbSegment *segment, LdbFetchList *list, LdbError *err)
{
	(void) segment;
	for (size_t i = 0; !page->loaded && i < page->info->buffer_count; i++)
		LDB_TRY(ldb_fetch_add(list, page->info->buffers[i], err));
	return LDB_OK;
}

/* ---- the value ---- */

/* u32 number of buffers, u32 size of each, then the Arrow buffers of a one-row array. */
static LdbStatus
scalar_buffer(LdbSlice scalar, uint32_t index, LdbSlice *buffer, LdbError *err)
{
	uint32_t count;
	uint64_t offset;
	bool fits;

	if (scalar.length < 4)
		LDB_FAIL(err, LDB_CORRUPT, "constant of %zu bytes has no header", scalar.length);
	count = ldb_load_u32(scalar.data);
	if (count > (scalar.length - 4) / 4 || index >= count)
		LDB_FAIL(err, LDB_CORRUPT, "constant of %zu bytes with %u buffers has no buffer %u",
				 scalar.length, count, index);
	offset = 4 + 4 * (uint64_t) count;
	for (uint32_t i = 0; i < index; i++)
		offset += ldb_load_u32(scalar.data + 4 + 4 * (size_t) i);
	fits =
		ldb_slice_part(scalar, offset, ldb_load_u32(scalar.data + 4 + 4 * (size_t) index), buffer);
	if (!fits)
		LDB_FAIL(err, LDB_CORRUPT, "constant of %zu bytes has a buffer at byte %llu", scalar.length,
				 (unsigned long long) offset);
	return LDB_OK;
}

static LdbStatus
scalar_view(LdbSlice scalar, bool wide, LdbSlice *value, LdbError *err)
{
	size_t width = wide ? 8 : 4;
	LdbSlice offsets;
	LdbSlice bytes;
	uint64_t from;
	uint64_t to;

	LDB_TRY(scalar_buffer(scalar, 0, &offsets, err));
	LDB_TRY(scalar_buffer(scalar, 1, &bytes, err));
	if (offsets.length < 2 * width)
		LDB_FAIL(err, LDB_CORRUPT, "constant with %zu bytes of offsets", offsets.length);
	from = wide ? ldb_load_u64(offsets.data) : ldb_load_u32(offsets.data);
	to = wide ? ldb_load_u64(offsets.data + 8) : ldb_load_u32(offsets.data + 4);
	if (to < from || !ldb_slice_part(bytes, from, to - from, value))
		LDB_FAIL(err, LDB_CORRUPT, "constant from byte %llu to %llu of %zu",
				 (unsigned long long) from, (unsigned long long) to, bytes.length);
	return LDB_OK;
}

static LdbStatus
load_value(LdbLeafPage *page, ConstantPage *constant, const LdbCancel *cancel, LdbError *err)
{
	LdbTypeKind kind = ldb_type_value(&page->leaf->field->type)->kind;
	bool wide = kind == LDB_TYPE_LARGE_STRING || kind == LDB_TYPE_LARGE_BINARY;
	LdbSlice scalar;

	if (constant->layout->has_inline_value || !constant->has_scalar)
		return LDB_OK;
	LDB_TRY(ldb_page_read(page, page->info->buffers[0], page->leaf->scratch, &scalar, cancel, err));
	if (ldb_type_is_variable(kind))
		LDB_TRY(scalar_view(scalar, wide, &constant->value, err));
	else
		LDB_TRY(scalar_buffer(scalar, 0, &constant->value, err));
	constant->value.data =
		ldb_arena_copy(page->arena, constant->value.data, constant->value.length);
	if (constant->value.data == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu bytes", constant->value.length);
	return LDB_OK;
}

/* ---- levels ---- */

/* One of the two level buffers; NULL when it is empty. */
static LdbStatus
load_levels(LdbLeafPage *page, size_t buffer, const LdbEncoding *encoding, uint64_t count,
			const LdbCancel *cancel, const uint16_t **levels, size_t *level_count, LdbError *err)
{
	const void *decoded;
	LdbSlice bytes;

	*levels = NULL;
	*level_count = 0;
	LDB_TRY(
		ldb_page_read(page, page->info->buffers[buffer], page->leaf->scratch, &bytes, cancel, err));
	if (bytes.length == 0 && (encoding == NULL || count == 0))
		return LDB_OK;
	if (encoding != NULL)
	{
		LDB_TRY(ldb_block_fixed(encoding, bytes, LEVEL_BITS, count, page->arena, &decoded, err));
		*level_count = (size_t) count;
	}
	else
	{
		*level_count = bytes.length / sizeof(uint16_t);
		decoded = ldb_arena_copy(page->arena, bytes.data, *level_count * sizeof(uint16_t));
		if (decoded == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu levels", *level_count);
	}
	*levels = decoded;
	return LDB_OK;
}

static LdbStatus
load(LdbLeafPage *page, const LdbCancel *cancel, LdbError *err)
{
	ConstantPage *constant = page->state;
	const Ldb__PageLayout__Constant *layout = constant->layout;
	size_t rep_count;
	size_t def_count;

	LDB_TRY(load_value(page, constant, cancel, err));
	if (!constant->has_levels)
		return LDB_OK;
	LDB_TRY(load_levels(page, constant->rep_buffer, layout->rep_compression, layout->num_rep_values,
						cancel, &constant->rep, &rep_count, err));
	LDB_TRY(load_levels(page, constant->rep_buffer + 1, layout->def_compression,
						layout->num_def_values, cancel, &constant->def, &def_count, err));
	if (constant->rep != NULL && constant->def != NULL && rep_count != def_count)
		LDB_FAIL(err, LDB_CORRUPT, "%zu repetition levels, %zu definition levels", rep_count,
				 def_count);
	constant->entry_count = constant->rep != NULL ? rep_count : def_count;
	if (page->layers.max_rep > 0 && constant->rep == NULL)
		LDB_FAIL(err, LDB_CORRUPT, "page of lists has no repetition levels");
	if (page->layers.max_rep == 0 && constant->def != NULL && def_count != page->info->length)
		LDB_FAIL(err, LDB_CORRUPT, "%zu levels for %llu rows", def_count,
				 (unsigned long long) page->info->length);
	return LDB_OK;
}

static LdbStatus
locate(LdbLeafPage *page, LdbSegment *segment, const LdbCancel *cancel, LdbError *err)
{
	(void) page;
	(void) cancel;
	(void) err;
	segment->data = (LdbRange){0, 0};
	return LDB_OK;
}

/* Moves to the entry where the row starts. */
static void
seek(const LdbLeafPage *page, ConstantPage *constant, uint64_t row)
{
	uint16_t max_rep = page->layers.max_rep;

	if (row < constant->row)
	{
		constant->row = 0;
		constant->entry = 0;
	}
	while (constant->row < row && constant->entry < constant->entry_count)
	{
		constant->entry++;
		while (constant->entry < constant->entry_count && constant->rep[constant->entry] != max_rep)
			constant->entry++;
		constant->row++;
	}
}

static LdbStatus
copy_levels(LdbArena *scratch, const uint16_t *from, size_t count, uint16_t **to, LdbError *err)
{
	if (from == NULL)
		return LDB_OK;
	*to = ldb_arena_copy(scratch, from, count * sizeof **to);
	if (*to == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu levels", count);
	return LDB_OK;
}

/* All values of the page are null, and no level says it. */
static LdbStatus
null_levels(LdbLeafPage *page, size_t count, LdbLevels *levels, LdbError *err)
{
	LDB_NEW(page->leaf->scratch, levels->def, count, err);
	for (size_t i = 0; i < count; i++)
		levels->def[i] = 1;
	return LDB_OK;
}

static LdbStatus
read_levels(LdbLeafPage *page, LdbSegment *segment, LdbLevels *levels, LdbError *err)
{
	ConstantPage *constant = page->state;
	LdbArena *scratch = page->leaf->scratch;
	const uint16_t *rep = NULL;
	const uint16_t *def = constant->def;
	size_t first = (size_t) segment->first;

	levels->entry_count = segment->count;
	if (page->layers.max_rep > 0)
	{
		seek(page, constant, segment->first);
		first = constant->entry;
		seek(page, constant, segment->first + segment->count);
		levels->entry_count = constant->entry - first;
		rep = constant->rep + first;
	}
	if (def != NULL)
		def += first;
	levels->visible_count =
		def == NULL ? levels->entry_count
					: ldb_levels_count(def, levels->entry_count, page->layers.max_visible);
	segment->item_count = levels->visible_count;
	LDB_TRY(copy_levels(scratch, rep, levels->entry_count, &levels->rep, err));
	LDB_TRY(copy_levels(scratch, def, levels->entry_count, &levels->def, err));
	if (!constant->has_value && def == NULL && page->layers.max_rep == 0 &&
		page->layers.max_def > 0)
		return null_levels(page, segment->count, levels, err);
	return LDB_OK;
}

/* ---- values ---- */

static LdbStatus
put_view(const ConstantPage *constant, size_t count, LdbSink *sink, LdbError *err)
{
	LdbSlice view = constant->value;

	view.data = ldb_arena_copy(sink->arena, view.data, view.length);
	if (view.data == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu bytes", view.length);
	for (size_t i = 0; i < count; i++)
		sink->views[sink->length++] = view;
	return LDB_OK;
}

static LdbStatus
read_values(LdbLeafPage *page, LdbSegment *segment, LdbSink *sink, LdbError *err)
{
	const ConstantPage *constant = page->state;
	size_t needed =
		sink->item_bits == 1 ? ldb_bitmap_bytes(sink->items_per_value) : sink->value_bytes;

	if (!constant->has_value && page->layers.max_visible == 0 && segment->item_count > 0 &&
		sink->type->kind != LDB_TYPE_NULL)
		LDB_FAIL(err, LDB_CORRUPT, "constant page has neither a value nor nulls");
	if (!constant->has_value || sink->type->kind == LDB_TYPE_NULL)
		return ldb_sink_put_nulls(sink, segment->item_count, err);
	if (sink->packed != NULL)
		LDB_FAIL(err, LDB_UNSUPPORTED, "constant page of a packed struct");
	if (sink->variable)
		return put_view(constant, segment->item_count, sink, err);
	if (constant->value.length < needed)
		LDB_FAIL(err, LDB_CORRUPT, "constant of %zu bytes in a column of %zu",
				 constant->value.length, needed);
	if (sink->item_bits != 1 || sink->items_per_value == 1)
		return ldb_sink_put_same(sink, constant->value.data, segment->item_count, err);
	for (size_t i = 0; i < segment->item_count; i++)
		LDB_TRY(ldb_sink_put_fixed(sink, constant->value.data, 0, 1, err));
	return LDB_OK;
}

static const LdbPageOps constant_ops = {index_ranges, load, locate, read_levels, read_values};
