/* layout_message.c -- the messages that describe a page of versions 2.1 and 2.2. */
#include <string.h>

#include "leaf_writer.h"

static LdbStatus
new_encoding(LdbArena *arena, LdbEncoding **encoding, LdbError *err)
{
	LDB_NEW(arena, *encoding, 1, err);
	ldb__compressive_encoding__init(*encoding);
	return LDB_OK;
}

LdbStatus
ldb_encoding_flat(LdbArena *arena, uint64_t bits, LdbEncoding **encoding, LdbError *err)
{
	Ldb__CompressiveEncoding__Flat *flat;

	LDB_TRY(new_encoding(arena, encoding, err));
	LDB_NEW(arena, flat, 1, err);
	ldb__compressive_encoding__flat__init(flat);
	flat->has_bits_per_value = bits != 0;
	flat->bits_per_value = bits;
	(*encoding)->kind_case = LDB__COMPRESSIVE_ENCODING__KIND_FLAT;
	(*encoding)->flat = flat;
	return LDB_OK;
}

LdbStatus
ldb_encoding_variable(LdbArena *arena, uint64_t offset_bits, LdbEncoding **encoding, LdbError *err)
{
	Ldb__CompressiveEncoding__Variable *variable;

	LDB_TRY(new_encoding(arena, encoding, err));
	LDB_NEW(arena, variable, 1, err);
	ldb__compressive_encoding__variable__init(variable);
	(*encoding)->kind_case = LDB__COMPRESSIVE_ENCODING__KIND_VARIABLE;
	(*encoding)->variable = variable;
	return ldb_encoding_flat(arena, offset_bits, &variable->offsets, err);
}

LdbStatus
ldb_encoding_inline_bitpacking(LdbArena *arena, uint64_t word_bits, LdbEncoding **encoding,
							   LdbError *err)
{
	Ldb__CompressiveEncoding__InlineBitpacking *packing;

	LDB_TRY(new_encoding(arena, encoding, err));
	LDB_NEW(arena, packing, 1, err);
	ldb__compressive_encoding__inline_bitpacking__init(packing);
	packing->has_uncompressed_bits_per_value = true;
	packing->uncompressed_bits_per_value = word_bits;
	(*encoding)->kind_case = LDB__COMPRESSIVE_ENCODING__KIND_INLINE_BITPACKING;
	(*encoding)->inline_bitpacking = packing;
	return LDB_OK;
}

LdbStatus
ldb_encoding_outline_bitpacking(LdbArena *arena, uint64_t word_bits, uint64_t packed_bits,
								LdbEncoding **encoding, LdbError *err)
{
	Ldb__CompressiveEncoding__OutOfLineBitpacking *packing;

	LDB_TRY(new_encoding(arena, encoding, err));
	LDB_NEW(arena, packing, 1, err);
	ldb__compressive_encoding__out_of_line_bitpacking__init(packing);
	packing->has_uncompressed_bits_per_value = true;
	packing->uncompressed_bits_per_value = word_bits;
	(*encoding)->kind_case = LDB__COMPRESSIVE_ENCODING__KIND_OUT_OF_LINE_BITPACKING;
	(*encoding)->out_of_line_bitpacking = packing;
	return ldb_encoding_flat(arena, packed_bits, &packing->values, err);
}

LdbStatus
ldb_encoding_rle(LdbArena *arena, uint64_t value_bits, LdbEncoding **encoding, LdbError *err)
{
	Ldb__CompressiveEncoding__Rle *rle;

	LDB_TRY(new_encoding(arena, encoding, err));
	LDB_NEW(arena, rle, 1, err);
	ldb__compressive_encoding__rle__init(rle);
	(*encoding)->kind_case = LDB__COMPRESSIVE_ENCODING__KIND_RLE;
	(*encoding)->rle = rle;
	LDB_TRY(ldb_encoding_flat(arena, value_bits, &rle->values, err));
	return ldb_encoding_flat(arena, 8, &rle->run_lengths, err);
}

LdbStatus
ldb_encoding_split(LdbArena *arena, uint64_t value_bits, LdbEncoding **encoding, LdbError *err)
{
	Ldb__CompressiveEncoding__ByteStreamSplit *split;

	LDB_TRY(new_encoding(arena, encoding, err));
	LDB_NEW(arena, split, 1, err);
	ldb__compressive_encoding__byte_stream_split__init(split);
	(*encoding)->kind_case = LDB__COMPRESSIVE_ENCODING__KIND_BYTE_STREAM_SPLIT;
	(*encoding)->byte_stream_split = split;
	return ldb_encoding_flat(arena, value_bits, &split->values, err);
}

LdbStatus
ldb_encoding_fsst(LdbArena *arena, LdbSlice table, LdbEncoding *values, LdbEncoding **encoding,
				  LdbError *err)
{
	Ldb__CompressiveEncoding__Fsst *fsst;

	LDB_TRY(new_encoding(arena, encoding, err));
	LDB_NEW(arena, fsst, 1, err);
	ldb__compressive_encoding__fsst__init(fsst);
	fsst->has_symbol_table = true;
	fsst->symbol_table.data = (uint8_t *) (uintptr_t) table.data;
	fsst->symbol_table.len = table.length;
	fsst->values = values;
	(*encoding)->kind_case = LDB__COMPRESSIVE_ENCODING__KIND_FSST;
	(*encoding)->fsst = fsst;
	return LDB_OK;
}

LdbStatus
ldb_encoding_general(LdbArena *arena, int scheme, LdbEncoding *values, LdbEncoding **encoding,
					 LdbError *err)
{
	Ldb__CompressiveEncoding__General *general;

	LDB_TRY(new_encoding(arena, encoding, err));
	LDB_NEW(arena, general, 1, err);
	ldb__compressive_encoding__general__init(general);
	LDB_NEW(arena, general->compression, 1, err);
	ldb__buffer_compression__init(general->compression);
	general->compression->has_scheme = true;
	general->compression->scheme = scheme;
	general->values = values;
	(*encoding)->kind_case = LDB__COMPRESSIVE_ENCODING__KIND_GENERAL;
	(*encoding)->general = general;
	return LDB_OK;
}

/* ---- flat values ---- */

static LdbStatus
packed_encoding(const LdbLeafValues *values, LdbArena *arena, LdbEncoding **encoding, LdbError *err)
{
	const LdbField *field = values->packed;
	Ldb__CompressiveEncoding__PackedStruct *packed;

	LDB_TRY(new_encoding(arena, encoding, err));
	LDB_NEW(arena, packed, 1, err);
	ldb__compressive_encoding__packed_struct__init(packed);
	(*encoding)->kind_case = LDB__COMPRESSIVE_ENCODING__KIND_PACKED_STRUCT;
	(*encoding)->packed_struct = packed;
	LDB_NEW(arena, packed->bits_per_value, field->child_count, err);
	packed->n_bits_per_value = field->child_count;
	for (size_t i = 0; i < field->child_count; i++)
		packed->bits_per_value[i] = ldb_type_bits(&field->children[i]->type);
	return ldb_encoding_flat(arena, values->value_bytes * 8, &packed->values, err);
}

/* The items of list level `level` and all below. */
static LdbStatus
list_encoding(const LdbLeafValues *values, LdbArena *arena, LdbEncoding **encoding, LdbError *err)
{
	size_t around = 1;

	for (size_t level = 0; level < values->fsl_depth; level++)
	{
		Ldb__CompressiveEncoding__FixedSizeList *list;

		LDB_TRY(new_encoding(arena, encoding, err));
		LDB_NEW(arena, list, 1, err);
		ldb__compressive_encoding__fixed_size_list__init(list);
		list->has_items_per_value = true;
		list->items_per_value = around == 0 ? 0 : values->fsl_items[level] / around;
		list->has_has_validity = values->fsl_validity[level] != NULL;
		list->has_validity = list->has_has_validity;
		(*encoding)->kind_case = LDB__COMPRESSIVE_ENCODING__KIND_FIXED_SIZE_LIST;
		(*encoding)->fixed_size_list = list;
		around = values->fsl_items[level];
		encoding = &list->values;
	}
	return ldb_encoding_flat(arena, values->item_bits, encoding, err);
}

LdbStatus
ldb_encoding_of_flat(const LdbLeafValues *values, LdbArena *arena, LdbEncoding **encoding,
					 LdbError *err)
{
	if (values->packed != NULL)
		return packed_encoding(values, arena, encoding, err);
	return list_encoding(values, arena, encoding, err);
}

/* ---- pages ---- */

LdbStatus
ldb_layers_message(const LdbLayers *layers, LdbArena *arena, int32_t **kinds, LdbError *err)
{
	LDB_NEW(arena, *kinds, layers->count, err);
	for (size_t i = 0; i < layers->count; i++)
		(*kinds)[i] = (int32_t) layers->kinds[i];
	return LDB_OK;
}

static LdbStatus
put_layout(const LdbLeafPageWriter *page, const Ldb__PageLayout *layout, const LdbSlice *buffers,
		   size_t buffer_count, LdbError *err)
{
	size_t length = ldb__page_layout__get_packed_size(layout);
	uint8_t *packed = ldb_arena_alloc(page->arena, length);
	LdbNewPage made = {page->row_count, buffer_count, buffers, {packed, length}};

	if (packed == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a message of %zu bytes", length);
	ldb__page_layout__pack(layout, packed);
	return page->sink->put(page->sink, page->column, &made, err);
}

LdbStatus
ldb_leaf_page_put(const LdbLeafPageWriter *page, const Ldb__PageLayout *layout,
				  const LdbSlice *buffers, size_t buffer_count, LdbError *err)
{
	Ldb__PageLayout outer = LDB__PAGE_LAYOUT__INIT;
	Ldb__PageLayout__Blob blob = LDB__PAGE_LAYOUT__BLOB__INIT;

	if (page->blob_layers == NULL)
		return put_layout(page, layout, buffers, buffer_count, err);
	outer.kind_case = LDB__PAGE_LAYOUT__KIND_BLOB;
	outer.blob = &blob;
	blob.inner_layout = (Ldb__PageLayout *) (uintptr_t) layout;
	blob.n_layers = page->blob_layers->count;
	LDB_TRY(ldb_layers_message(page->blob_layers, page->arena, &blob.layers, err));
	return put_layout(page, &outer, buffers, buffer_count, err);
}

LdbStatus
ldb_growing_take(LdbGrowing *growing, size_t bytes, uint8_t **at, LdbError *err)
{
	size_t needed = growing->length + bytes;

	if (needed > growing->capacity)
	{
		size_t capacity = growing->capacity * 2 > needed ? growing->capacity * 2 : needed;
		uint8_t *data = ldb_arena_alloc(growing->arena, capacity);

		if (data == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for a page of %zu bytes", capacity);
		if (growing->length > 0)
			memcpy(data, growing->data, growing->length);
		growing->data = data;
		growing->capacity = capacity;
	}
	*at = growing->data + growing->length;
	growing->length = needed;
	return LDB_OK;
}
