/* page_zip.c -- full-zip pages: each value with its own control word, found through an index. */
#include <string.h>

#include "ldb/base/checked.h"
#include "page_impl.h"

typedef struct ZipPage
{
	LdbCodec codec;
	LdbRange data;
	LdbRange index; /* byte offset of the first entry of each row, then the end; length 0 = none */
	size_t index_width;
	uint32_t rep_bits;
	uint32_t def_bits;
	size_t control_bytes;
	bool variable;
	size_t value_bytes;  /* fixed: of a value in the page */
	size_t length_bytes; /* variable: of the length before a value */
} ZipPage;

static const LdbPageOps zip_ops;

/* ---- layout ---- */

static LdbStatus
set_control(ZipPage *zip, const Ldb__PageLayout__FullZip *layout, LdbError *err)
{
	uint32_t bits;

	if (layout->bits_rep > 16 || layout->bits_def > 16)
		LDB_FAIL(err, LDB_CORRUPT, "control words of %u + %u bits", layout->bits_rep,
				 layout->bits_def);
	bits = layout->bits_rep + layout->bits_def;
	zip->rep_bits = layout->bits_rep;
	zip->def_bits = layout->bits_def;
	zip->control_bytes = bits == 0 ? 0 : bits <= 8 ? 1 : bits <= 16 ? 2 : 4;
	return LDB_OK;
}

/* Bytes of a fixed value: validity of the list levels, then the items. */
static LdbStatus
check_value_bytes(const ZipPage *zip, LdbError *err)
{
	const LdbCodec *codec = &zip->codec;
	size_t bytes = codec->bits == 1 ? ldb_bitmap_bytes(codec->items_per_value) : codec->value_bytes;

	if (codec->kind == LDB_CODEC_CONSTANT)
		return LDB_OK;
	for (size_t level = 0; level < codec->fsl_depth; level++)
		if (codec->fsl_validity[level])
			bytes += ldb_bitmap_bytes(codec->fsl_items[level]);
	if (codec->kind != LDB_CODEC_FLAT || bytes != zip->value_bytes || codec->general != 0)
		LDB_FAIL(err, LDB_CORRUPT, "full-zip values of %zu bytes where the encoding has %zu",
				 zip->value_bytes, bytes);
	return LDB_OK;
}

static LdbStatus
set_width(ZipPage *zip, const Ldb__PageLayout__FullZip *layout, LdbError *err)
{
	if (layout->width_case == LDB__PAGE_LAYOUT__FULL_ZIP__WIDTH_BITS_PER_VALUE)
	{
		if (layout->bits_per_value % 8 != 0)
			LDB_FAIL(err, LDB_UNSUPPORTED, "full-zip values of %u bits", layout->bits_per_value);
		zip->value_bytes = layout->bits_per_value / 8;
		return check_value_bytes(zip, err);
	}
	if (layout->width_case != LDB__PAGE_LAYOUT__FULL_ZIP__WIDTH_BITS_PER_OFFSET ||
		(layout->bits_per_offset != 32 && layout->bits_per_offset != 64))
		LDB_FAIL(err, LDB_CORRUPT, "full-zip page without a width of its values");
	zip->variable = true;
	zip->length_bytes = layout->bits_per_offset / 8;
	if (zip->codec.kind != LDB_CODEC_VARIABLE && zip->codec.kind != LDB_CODEC_VARIABLE_STRUCT)
		LDB_FAIL(err, LDB_UNSUPPORTED, "full-zip values of variable width in encoding %d",
				 (int) zip->codec.kind);
	return LDB_OK;
}

static bool
needs_index(const LdbLeafPage *page, const ZipPage *zip)
{
	return zip->variable || page->layers.max_rep > 0;
}

static LdbStatus
set_index(const LdbLeafPage *page, ZipPage *zip, LdbError *err)
{
	uint64_t rows = page->info->length;
	uint64_t width;

	if (!needs_index(page, zip))
		return LDB_OK;
	if (zip->rep_bits == 0 && page->layers.max_rep > 0)
		LDB_FAIL(err, LDB_CORRUPT, "page of lists has no repetition levels");
	LDB_TRY(ldb_page_buffer(page, 1, &zip->index, err));
	width = rows == UINT64_MAX ? 0 : zip->index.length / (rows + 1);
	if ((width != 1 && width != 2 && width != 4 && width != 8) ||
		width * (rows + 1) != zip->index.length)
		LDB_FAIL(err, LDB_CORRUPT, "repetition index of %llu bytes for %llu rows",
				 (unsigned long long) zip->index.length, (unsigned long long) rows);
	zip->index_width = (size_t) width;
	return LDB_OK;
}

LdbStatus
ldb_page_init_zip(LdbLeafPage *page, const Ldb__PageLayout__FullZip *layout, LdbError *err)
{
	const LdbField *field = page->leaf->field;
	const LdbField *packed = field->type.kind == LDB_TYPE_STRUCT ? field : NULL;
	ZipPage *zip;

	LDB_NEW(page->arena, zip, 1, err);
	page->ops = &zip_ops;
	page->state = zip;
	LDB_TRY(ldb_page_set_layers(page, layout->layers, layout->n_layers, err));
	LDB_TRY(ldb_codec_compile(layout->value_compression, ldb_type_value(&field->type), packed,
							  false, page->arena, &zip->codec, err));
	LDB_TRY(set_control(zip, layout, err));
	LDB_TRY(set_width(zip, layout, err));
	LDB_TRY(ldb_page_buffer(page, 0, &zip->data, err));
	return set_index(page, zip, err);
}

/* ---- finding rows ---- */

static LdbRange
index_entry(const ZipPage *zip, uint64_t row)
{
	return (LdbRange){zip->index.offset + row * zip->index_width, zip->index_width};
}

static LdbStatus
index_ranges(LdbLeafPage *page, const LdbSegment *segment, LdbFetchList *list, LdbError *err)
{
	const ZipPage *zip = page->state;

	if (!needs_index(page, zip))
		return LDB_OK;
	LDB_TRY(ldb_fetch_add(list, index_entry(zip, segment->first), err));
	return ldb_fetch_add(list, index_entry(zip, segment->first + segment->count), err);
}

static LdbStatus
read_index(const LdbLeafPage *page, uint64_t row, const LdbCancel *cancel, uint64_t *offset,
		   LdbError *err)
{
	const ZipPage *zip = page->state;
	LdbSlice bytes;

	LDB_TRY(ldb_page_read(page, index_entry(zip, row), page->leaf->scratch, &bytes, cancel, err));
	*offset = 0;
	memcpy(offset, bytes.data, zip->index_width);
	if (*offset > zip->data.length)
		LDB_FAIL(err, LDB_CORRUPT, "repetition index leads row %llu to byte %llu of %llu",
				 (unsigned long long) row, (unsigned long long) *offset,
				 (unsigned long long) zip->data.length);
	return LDB_OK;
}

static LdbStatus
locate(LdbLeafPage *page, LdbSegment *segment, const LdbCancel *cancel, LdbError *err)
{
	const ZipPage *zip = page->state;
	uint64_t end_row = segment->first + segment->count;
	uint64_t stride = zip->control_bytes + zip->value_bytes;
	uint64_t from;
	uint64_t to;

	if (needs_index(page, zip))
	{
		LDB_TRY(read_index(page, segment->first, cancel, &from, err));
		LDB_TRY(read_index(page, end_row, cancel, &to, err));
		if (to < from)
			LDB_FAIL(err, LDB_CORRUPT, "repetition index leads from byte %llu back to %llu",
					 (unsigned long long) from, (unsigned long long) to);
	}
	else
	{
		if (!ldb_u64_mul(end_row, stride, &to) || to > zip->data.length)
			LDB_FAIL(err, LDB_CORRUPT, "%llu rows of %llu bytes in a page of %llu",
					 (unsigned long long) end_row, (unsigned long long) stride,
					 (unsigned long long) zip->data.length);
		from = segment->first * stride;
	}
	segment->data.offset = zip->data.offset + from;
	segment->data.length = to - from;
	return LDB_OK;
}

/* ---- entries ---- */

typedef struct Entry
{
	uint16_t rep;
	uint16_t def;
	bool visible;
	bool valid; /* of variable width: only valid ones have bytes */
	LdbSlice value;
} Entry;

typedef struct EntryReader
{
	const LdbLeafPage *page;
	const ZipPage *zip;
	LdbSlice bytes;
	size_t position;
} EntryReader;

static EntryReader
start_entries(const LdbLeafPage *page, const LdbSegment *segment)
{
	return (EntryReader){page, page->state, segment->bytes, 0};
}

static uint32_t
control_word(const uint8_t *at, size_t bytes)
{
	return bytes == 1 ? *at : bytes == 2 ? ldb_load_u16(at) : ldb_load_u32(at);
}

static LdbStatus
take_bytes(EntryReader *reader, uint64_t count, LdbSlice *part, LdbError *err)
{
	if (!ldb_slice_part(reader->bytes, reader->position, count, part))
		LDB_FAIL(err, LDB_CORRUPT, "full-zip value of %llu bytes at byte %zu of %zu",
				 (unsigned long long) count, reader->position, reader->bytes.length);
	reader->position += part->length;
	return LDB_OK;
}

static LdbStatus
take_value(EntryReader *reader, Entry *entry, LdbError *err)
{
	const ZipPage *zip = reader->zip;
	uint64_t length = 0;
	LdbSlice prefix;

	entry->value = ldb_slice(NULL, 0);
	if (!entry->visible)
		return LDB_OK;
	if (!zip->variable)
		return take_bytes(reader, zip->value_bytes, &entry->value, err);
	if (!entry->valid)
		return LDB_OK;
	LDB_TRY(take_bytes(reader, zip->length_bytes, &prefix, err));
	memcpy(&length, prefix.data, zip->length_bytes);
	return take_bytes(reader, length, &entry->value, err);
}

/* The next entry. The caller has seen that bytes are left, or that rows take none. */
static LdbStatus
next_entry(EntryReader *reader, Entry *entry, LdbError *err)
{
	const ZipPage *zip = reader->zip;
	LdbSlice control;
	uint32_t word = 0;

	if (zip->control_bytes > 0)
	{
		LDB_TRY(take_bytes(reader, zip->control_bytes, &control, err));
		word = control_word(control.data, zip->control_bytes);
	}
	if (word >> zip->def_bits > UINT16_MAX)
		LDB_FAIL(err, LDB_CORRUPT, "control word %u", word);
	entry->rep = (uint16_t) (word >> zip->def_bits);
	entry->def = (uint16_t) (word & ((1u << zip->def_bits) - 1));
	entry->visible = entry->def <= reader->page->layers.max_visible;
	entry->valid = entry->def == 0;
	return take_value(reader, entry, err);
}

/* ---- levels ---- */

static LdbStatus
alloc_levels(LdbArena *scratch, bool rep, bool def, size_t count, LdbLevels *levels, LdbError *err)
{
	if (rep)
		LDB_NEW(scratch, levels->rep, count, err);
	if (def)
		LDB_NEW(scratch, levels->def, count, err);
	return LDB_OK;
}

/* Fixed width, no lists: entries lie at equal distances. */
static LdbStatus
strided_levels(const LdbLeafPage *page, const LdbSegment *segment, LdbLevels *levels, LdbError *err)
{
	const ZipPage *zip = page->state;
	size_t stride = zip->control_bytes + zip->value_bytes;
	uint32_t mask = (1u << zip->def_bits) - 1;

	LDB_TRY(alloc_levels(page->leaf->scratch, false, true, segment->count, levels, err));
	for (size_t i = 0; i < segment->count; i++)
		levels->def[i] =
			(uint16_t) (control_word(segment->bytes.data + i * stride, zip->control_bytes) & mask);
	return LDB_OK;
}

/* How many entries the bytes hold; every entry has a control word, so this ends. */
static LdbStatus
count_entries(const LdbLeafPage *page, const LdbSegment *segment, size_t *count, LdbError *err)
{
	EntryReader reader = start_entries(page, segment);
	Entry entry;

	*count = 0;
	while (reader.position < reader.bytes.length)
	{
		LDB_TRY(next_entry(&reader, &entry, err));
		++*count;
	}
	return LDB_OK;
}

static LdbStatus
walked_levels(const LdbLeafPage *page, LdbSegment *segment, LdbLevels *levels, LdbError *err)
{
	const ZipPage *zip = page->state;
	EntryReader reader = start_entries(page, segment);
	size_t visible = 0;
	Entry entry;

	LDB_TRY(count_entries(page, segment, &levels->entry_count, err));
	LDB_TRY(alloc_levels(page->leaf->scratch, page->layers.max_rep > 0, zip->def_bits > 0,
						 levels->entry_count, levels, err));
	for (size_t i = 0; i < levels->entry_count; i++)
	{
		LDB_TRY(next_entry(&reader, &entry, err));
		if (levels->rep != NULL)
			levels->rep[i] = entry.rep;
		if (levels->def != NULL)
			levels->def[i] = entry.def;
		visible += entry.visible;
	}
	levels->visible_count = visible;
	segment->item_count = visible;
	return LDB_OK;
}

static LdbStatus
read_levels(LdbLeafPage *page, LdbSegment *segment, LdbLevels *levels, LdbError *err)
{
	const ZipPage *zip = page->state;

	if (needs_index(page, zip) && zip->control_bytes > 0)
		return walked_levels(page, segment, levels, err);
	segment->item_count = segment->count;
	levels->entry_count = segment->count;
	levels->visible_count = segment->count;
	return zip->def_bits > 0 ? strided_levels(page, segment, levels, err) : LDB_OK;
}

/* ---- values ---- */

/* Rows without control words are an array: used where it lies, or copied in one go. */
static LdbStatus
put_array(const LdbLeafPage *page, const LdbSegment *segment, LdbSink *sink, LdbError *err)
{
	if (page->leaf->mapped && sink->length == 0 && sink->capacity == segment->count)
	{
		sink->borrowed = segment->bytes.data;
		sink->length = segment->count;
		return LDB_OK;
	}
	return ldb_sink_put_fixed(sink, segment->bytes.data, 0, segment->count, err);
}

/* Control words are cut out, values are plain. */
static LdbStatus
put_strided(const LdbLeafPage *page, const LdbSegment *segment, LdbSink *sink, LdbError *err)
{
	const ZipPage *zip = page->state;
	size_t stride = zip->control_bytes + zip->value_bytes;
	const uint8_t *from = segment->bytes.data + zip->control_bytes;
	uint8_t *next;

	LDB_TRY(ldb_sink_room(sink, &next, err));
	for (size_t i = 0; i < segment->count; i++)
		memcpy(next + i * zip->value_bytes, from + i * stride, zip->value_bytes);
	sink->length += segment->count;
	return LDB_OK;
}

static LdbStatus
put_entries(const LdbLeafPage *page, const LdbSegment *segment, LdbSink *sink, LdbError *err)
{
	const ZipPage *zip = page->state;
	EntryReader reader = start_entries(page, segment);
	size_t end = sink->length + segment->item_count;
	Entry entry;

	while (sink->length < end && (reader.position < reader.bytes.length || zip->length_bytes == 0))
	{
		LDB_TRY(next_entry(&reader, &entry, err));
		if (!entry.visible)
			continue;
		if (zip->variable && !entry.valid)
			LDB_TRY(ldb_sink_put_nulls(sink, 1, err));
		else
			LDB_TRY(ldb_codec_put_value(&zip->codec, entry.value, page->leaf->mapped, sink, err));
	}
	if (sink->length != end)
		LDB_FAIL(err, LDB_CORRUPT, "full-zip rows of %zu bytes hold %zu values too few",
				 reader.bytes.length, end - sink->length);
	return LDB_OK;
}

static LdbStatus
read_values(LdbLeafPage *page, LdbSegment *segment, LdbSink *sink, LdbError *err)
{
	const ZipPage *zip = page->state;
	bool plain = sink->value_bytes > 0 && sink->value_bytes == zip->value_bytes &&
				 sink->packed == NULL && zip->codec.kind == LDB_CODEC_FLAT;

	if (zip->codec.kind == LDB_CODEC_CONSTANT)
	{
		LdbChunk chunk = {segment->item_count, 0, {{NULL, 0}}, false};

		return ldb_codec_put_chunk(&zip->codec, &chunk, 0, segment->item_count, NULL, sink, err);
	}
	if (plain && !needs_index(page, zip))
		return zip->control_bytes == 0 ? put_array(page, segment, sink, err)
									   : put_strided(page, segment, sink, err);
	return put_entries(page, segment, sink, err);
}

static const LdbPageOps zip_ops = {index_ranges, NULL, locate, read_levels, read_values};
