/* write20.c -- makes the pages of a field's columns in version 2.0 files. */
#include <inttypes.h>

#include "encode20.h"
#include "ldb/proto/proto.h"
#include "writer_impl.h"

/*
 * A field and its physical column; the mirror of column20.c. Lists have a column of ends, structs
 * one that only carries lengths, then come their children's columns. Which structs are null is not
 * stored: what is in a null struct is written as null, as LanceDB does.
 */
typedef struct Node
{
	const LdbField *field; /* borrowed */
	uint32_t column;
	uint64_t rows; /* so far */
	LdbText20 text;
	size_t child_count;
	struct Node *children; /* arena of init */
} Node;

typedef struct Call
{
	LdbPageSink *sink;
	const LdbCancel *cancel;
	LdbArena *arena;
} Call;

static LdbStatus write_node(Call *call, Node *node, const LdbArray *array, size_t rows,
							const uint8_t *outer, LdbError *err);

static bool
is_plain_struct(const LdbField *field)
{
	return field->type.kind == LDB_TYPE_STRUCT && !field->packed;
}

/* ---- pages ---- */

static LdbStatus
put_page(Call *call, const Node *node, uint64_t length, const LdbPageBuffers *buffers,
		 const LdbArrayEncoding *encoding, LdbError *err)
{
	LdbNewPage page = {
		.length = length, .buffer_count = buffers->count, .buffers = buffers->buffers};

	LDB_CHECK_CANCEL(call->cancel, err);
	LDB_TRY(ldb_proto_pack(&encoding->base, call->arena, "page encoding", &page.layout, err));
	return call->sink->put(call->sink, node->column, &page, err);
}

/* ---- leaves ---- */

static LdbStatus
write_text(Call *call, Node *node, const LdbArray *array, size_t rows, const LdbMask *mask,
		   LdbError *err)
{
	LdbPageBuffers buffers = {.arena = call->arena};
	LdbArrayEncoding *encoding = NULL;

	if (node->field->type.kind == LDB_TYPE_STRING && node->text == LDB_TEXT20_PLAIN)
		LDB_TRY(ldb_encode20_few(&buffers, array->views, rows, mask, &encoding, err));
	if (encoding == NULL)
		LDB_TRY(
			ldb_encode20_variable(&buffers, array->views, rows, mask, node->text, &encoding, err));
	return put_page(call, node, rows, &buffers, encoding, err);
}

/* A page whose values its keys cannot number becomes two. */
static LdbStatus
write_keyed(Call *call, Node *node, const LdbArray *array, size_t rows, const uint8_t *outer,
			LdbError *err)
{
	LdbPageBuffers buffers = {.arena = call->arena};
	LdbArrayEncoding *encoding;
	LdbArray whole = *array;
	LdbArray part;
	LdbMask mask;
	size_t from = 0;

	LDB_TRY(ldb_mask_join(array, rows, outer, call->arena, &mask, err));
	LDB_TRY(ldb_encode20_keyed(&buffers, &node->field->type, array, rows, &mask, &encoding, err));
	if (encoding != NULL)
		return put_page(call, node, rows, &buffers, encoding, err);
	whole.validity = mask.bits;
	whole.null_count = mask.null_count;
	for (size_t count = rows / 2; from < rows; from += count, count = rows - from)
	{
		LDB_TRY(ldb_array_slice(&whole, from, count, call->arena, &part, err));
		LDB_TRY(write_keyed(call, node, &part, count, NULL, err));
	}
	return LDB_OK;
}

static LdbStatus
write_fixed(Call *call, Node *node, const LdbArray *array, size_t rows, const LdbMask *mask,
			LdbError *err)
{
	LdbPageBuffers buffers = {.arena = call->arena};
	LdbArrayEncoding *encoding;

	LDB_TRY(ldb_encode20_fixed(&buffers, array, rows, mask, &encoding, err));
	return put_page(call, node, rows, &buffers, encoding, err);
}

/* ---- several values side by side ---- */

/* A page of rows, each made of values of these types. */
static LdbStatus
put_packed(Call *call, Node *node, const LdbType *const *types, size_t type_count, size_t rows,
		   LdbSlice bytes, LdbError *err)
{
	LdbPageBuffers buffers = {.arena = call->arena, .count = 1, .buffers = {bytes}};
	Ldb__ArrayEncoding__PackedStruct *packed;
	LdbArrayEncoding *encoding;

	LDB_NEW(call->arena, packed, 1, err);
	*packed = (Ldb__ArrayEncoding__PackedStruct) LDB__ARRAY_ENCODING__PACKED_STRUCT__INIT;
	LDB_NEW(call->arena, packed->buffer, 1, err);
	*packed->buffer = (Ldb__BufferRef) LDB__BUFFER_REF__INIT;
	LDB_NEW(call->arena, packed->inner, type_count, err);
	packed->n_inner = type_count;
	for (size_t i = 0; i < type_count; i++)
		LDB_TRY(ldb_encode20_in_row(types[i], call->arena, &packed->inner[i], err));
	LDB_TRY(ldb_encode20_new(call->arena, LDB__ARRAY_ENCODING__KIND_PACKED_STRUCT, &encoding, err));
	encoding->packed_struct = packed;
	return put_page(call, node, rows, &buffers, encoding, err);
}

/* The bytes of fixed-width values, those of all items for lists. */
static const uint8_t *
bytes_of(const LdbArray *array)
{
	while (array->type->kind == LDB_TYPE_FIXED_SIZE_LIST)
		array = array->children;
	return array->values;
}

/* A null among the items of lists too. */
static bool
has_null(const LdbArray *array, size_t rows)
{
	if (array->validity != NULL && ldb_bitmap_count(array->validity, 0, rows) < rows)
		return true;
	return array->type->kind == LDB_TYPE_FIXED_SIZE_LIST &&
		   has_null(array->children, rows * (size_t) array->type->width);
}

static LdbStatus
write_packed(Call *call, Node *node, const LdbArray *array, size_t rows, const LdbMask *mask,
			 LdbError *err)
{
	const LdbType **types;
	size_t row_bytes = 0;
	size_t at = 0;
	uint8_t *bytes;

	LDB_NEW(call->arena, types, array->child_count, err);
	for (size_t i = 0; i < array->child_count; i++)
	{
		types[i] = array->children[i].type;
		row_bytes += (size_t) (ldb_type_bits(types[i]) / 8);
		if (mask->null_count > 0 || has_null(&array->children[i], rows))
			LDB_FAIL(err, LDB_UNSUPPORTED,
					 "a null in packed struct \"%s\", which file version 2.0 cannot store",
					 node->field->name);
	}
	bytes = ldb_arena_alloc_array(call->arena, rows, row_bytes);
	if (bytes == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu packed rows", rows);
	for (size_t i = 0; i < array->child_count; i++)
	{
		size_t width = (size_t) (ldb_type_bits(types[i]) / 8);
		const uint8_t *from = bytes_of(&array->children[i]);

		for (size_t row = 0; row < rows; row++)
			memcpy(bytes + row * row_bytes + at, from + row * width, width);
		at += width;
	}
	return put_packed(call, node, types, array->child_count, rows,
					  ldb_slice(bytes, rows * row_bytes), err);
}

/* Where each value lies in the file, and its size. Position 1 without bytes is a null, position 0
 * an empty value. */
static LdbStatus
write_blobs(Call *call, Node *node, const LdbArray *array, size_t rows, const LdbMask *mask,
			LdbError *err)
{
	static const LdbType place = {.kind = LDB_TYPE_UINT64};
	const LdbType *const types[2] = {&place, &place};
	uint64_t *places;

	LDB_NEW(call->arena, places, rows * 2, err);
	for (size_t row = 0; row < rows; row++)
	{
		LdbSlice value = array->views[row];

		if (mask->bits != NULL && !ldb_bit_get(mask->bits, row))
			places[row * 2] = 1;
		else if (value.length > 0)
		{
			LDB_CHECK_CANCEL(call->cancel, err);
			LDB_TRY(call->sink->put_bytes(call->sink, value, &places[row * 2], err));
			places[row * 2 + 1] = value.length;
		}
	}
	return put_packed(call, node, types, 2, rows, ldb_slice(places, rows * 2 * sizeof *places),
					  err);
}

/* ---- lists ---- */

/* Ends of the lists, those of null ones higher by the adjustment, and the items that are in them. */
typedef struct Lists
{
	uint64_t *ends;
	uint64_t item_count;
	LdbArray items; /* only these */
} Lists;

/* Items below null lists are left out. */
static LdbStatus
gather_items(const LdbArray *array, size_t rows, const LdbMask *mask, LdbArena *arena, Lists *lists,
			 LdbError *err)
{
	uint32_t *picked;
	size_t at = 0;

	lists->items = array->children[0];
	if ((uint64_t) array->offsets[rows] == lists->item_count)
		return LDB_OK;
	if (array->offsets[rows] > UINT32_MAX)
		LDB_FAIL(err, LDB_UNSUPPORTED, "lists of %" PRId64 " items at once", array->offsets[rows]);
	LDB_NEW(arena, picked, (size_t) lists->item_count, err);
	for (size_t row = 0; row < rows; row++)
		for (int64_t i = array->offsets[row]; i < array->offsets[row + 1]; i++)
			if (mask->bits == NULL || ldb_bit_get(mask->bits, row))
				picked[at++] = (uint32_t) i;
	return ldb_array_take(&array->children[0], picked, (size_t) lists->item_count, arena,
						  &lists->items, err);
}

static LdbStatus
collect_lists(const LdbArray *array, size_t rows, const LdbMask *mask, LdbArena *arena,
			  Lists *lists, LdbError *err)
{
	lists->item_count = 0;
	LDB_NEW(arena, lists->ends, rows, err);
	for (size_t row = 0; row < rows; row++)
	{
		if (mask->bits == NULL || ldb_bit_get(mask->bits, row))
			lists->item_count += (uint64_t) (array->offsets[row + 1] - array->offsets[row]);
		lists->ends[row] = lists->item_count;
	}
	for (size_t row = 0; row < rows && mask->bits != NULL; row++)
		if (!ldb_bit_get(mask->bits, row))
			lists->ends[row] += lists->item_count + 1;
	if (rows == 0)
		lists->items = array->children[0];
	return rows == 0 ? LDB_OK : gather_items(array, rows, mask, arena, lists, err);
}

static LdbStatus
write_list(Call *call, Node *node, const LdbArray *array, size_t rows, const LdbMask *mask,
		   LdbError *err)
{
	LdbPageBuffers buffers = {.arena = call->arena};
	Ldb__ArrayEncoding__List *list;
	LdbArrayEncoding *encoding;
	LdbArrayEncoding *flat;
	Lists lists;

	LDB_TRY(collect_lists(array, rows, mask, call->arena, &lists, err));
	LDB_NEW(call->arena, list, 1, err);
	*list = (Ldb__ArrayEncoding__List) LDB__ARRAY_ENCODING__LIST__INIT;
	list->has_null_offset_adjustment = true;
	list->null_offset_adjustment = lists.item_count + 1;
	list->has_num_items = lists.item_count > 0;
	list->num_items = lists.item_count;
	LDB_TRY(ldb_encode20_flat(&buffers, 64, ldb_slice(lists.ends, rows * sizeof *lists.ends), &flat,
							  err));
	LDB_TRY(ldb_encode20_no_nulls(call->arena, flat, &list->offsets, err));
	LDB_TRY(ldb_encode20_new(call->arena, LDB__ARRAY_ENCODING__KIND_LIST, &encoding, err));
	encoding->list = list;
	LDB_TRY(put_page(call, node, rows, &buffers, encoding, err));
	return write_node(call, &node->children[0], &lists.items, (size_t) lists.item_count, NULL, err);
}

/* ---- any field ---- */

/* Its own page comes at the end: LanceDB reads structs of one page only. */
static LdbStatus
write_struct(Call *call, Node *node, const LdbArray *array, size_t rows, const LdbMask *mask,
			 LdbError *err)
{
	for (size_t i = 0; i < node->child_count; i++)
		LDB_TRY(write_node(call, &node->children[i], &array->children[i], rows, mask->bits, err));
	return LDB_OK;
}

static LdbStatus
finish_struct(Call *call, Node *node, LdbError *err)
{
	LdbPageBuffers none = {.arena = call->arena};
	LdbArrayEncoding *encoding;

	LDB_TRY(ldb_encode20_new(call->arena, LDB__ARRAY_ENCODING__KIND_SIMPLE_STRUCT, &encoding, err));
	LDB_NEW(call->arena, encoding->simple_struct, 1, err);
	*encoding->simple_struct = (Ldb__Empty) LDB__EMPTY__INIT;
	return put_page(call, node, node->rows, &none, encoding, err);
}

/* Rows of the kind that the field is. */
static LdbStatus
write_rows(Call *call, Node *node, const LdbArray *array, size_t rows, const uint8_t *outer,
		   LdbError *err)
{
	const LdbField *field = node->field;
	LdbMask mask;

	LDB_TRY(ldb_mask_join(array, rows, outer, call->arena, &mask, err));
	if (mask.null_count > 0 && !field->nullable)
		LDB_FAIL(err, outer == NULL ? LDB_INVALID : LDB_UNSUPPORTED,
				 outer == NULL ? "null in field \"%s\", which takes none"
							   : "null struct around field \"%s\", which takes no nulls",
				 field->name);
	if (field->blob)
		return write_blobs(call, node, array, rows, &mask, err);
	if (is_plain_struct(field))
		return write_struct(call, node, array, rows, &mask, err);
	if (field->type.kind == LDB_TYPE_STRUCT)
		return write_packed(call, node, array, rows, &mask, err);
	if (ldb_type_is_list(field->type.kind))
		return write_list(call, node, array, rows, &mask, err);
	if (field->type.kind == LDB_TYPE_DICTIONARY)
		return write_keyed(call, node, array, rows, outer, err);
	if (ldb_type_is_variable(field->type.kind))
		return write_text(call, node, array, rows, &mask, err);
	return write_fixed(call, node, array, rows, &mask, err);
}

static LdbStatus
write_node(Call *call, Node *node, const LdbArray *array, size_t rows, const uint8_t *outer,
		   LdbError *err)
{
	node->rows += rows;
	return rows == 0 ? LDB_OK : write_rows(call, node, array, rows, outer, err);
}

/* What waited for the end, and columns of items that no list has: LanceDB gives them one page of
 * nothing. */
static LdbStatus
finish_node(Call *call, Node *node, LdbError *err)
{
	LdbArray nothing;

	if (is_plain_struct(node->field))
		LDB_TRY(finish_struct(call, node, err));
	else if (node->rows == 0)
	{
		LDB_TRY(ldb_array_nulls(node->field, 0, call->arena, &nothing, err));
		LDB_TRY(write_rows(call, node, &nothing, 0, NULL, err));
	}
	for (size_t i = 0; i < node->child_count; i++)
		LDB_TRY(finish_node(call, &node->children[i], err));
	return LDB_OK;
}

static LdbStatus
encode(LdbFieldEncoder *encoder, const LdbArray *rows, LdbPageSink *sink, LdbArena *scratch,
	   LdbError *err)
{
	Call call = {sink, encoder->cancel, scratch};

	return write_node(&call, encoder->state, rows, rows->length, NULL, err);
}

static LdbStatus
finish(LdbFieldEncoder *encoder, LdbPageSink *sink, LdbArena *scratch, LdbError *err)
{
	Call call = {sink, encoder->cancel, scratch};
	Node *root = encoder->state;

	return root->rows == 0 ? LDB_OK : finish_node(&call, root, err);
}

/* ---- what can be stored ---- */

/* Compression of strings that the field asks for. Others are ignored, as LanceDB does. */
static LdbText20
text_of(const LdbField *field)
{
	for (size_t i = 0; i < field->metadata_count; i++)
	{
		if (strcmp(field->metadata_keys[i], "lance-encoding:compression") != 0)
			continue;
		if (ldb_slice_equal(field->metadata_values[i], ldb_slice_of("zstd")))
			return LDB_TEXT20_ZSTD;
		if (ldb_slice_equal(field->metadata_values[i], ldb_slice_of("fsst")))
			return LDB_TEXT20_FSST;
	}
	return LDB_TEXT20_PLAIN;
}

static LdbStatus
check_type(const LdbField *field, const LdbType *type, LdbError *err)
{
	size_t depth = 0;

	for (; type->kind == LDB_TYPE_FIXED_SIZE_LIST; type = type->item)
		if (++depth > LDB_ENCODE20_FSL_DEPTH)
			LDB_FAIL(err, LDB_UNSUPPORTED, "fixed-size lists nested deeper than %d in field \"%s\"",
					 LDB_ENCODE20_FSL_DEPTH, field->name);
	if (type->kind == LDB_TYPE_DICTIONARY && !ldb_type_is_variable(type->item->kind) &&
		(type->item->kind == LDB_TYPE_FIXED_SIZE_LIST || ldb_type_bits(type->item) % 8 != 0))
		LDB_FAIL(err, LDB_UNSUPPORTED, "field \"%s\" is a dictionary of lists or booleans",
				 field->name);
	return LDB_OK;
}

static LdbStatus
check_packed(const LdbField *field, LdbError *err)
{
	for (size_t i = 0; i < field->child_count; i++)
	{
		const LdbType *type = &field->children[i]->type;
		uint64_t bits = ldb_type_bits(type);

		LDB_TRY(check_type(field->children[i], type, err));
		while (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
			type = type->item;
		if (bits == 0 || type->kind == LDB_TYPE_BOOL || type->kind == LDB_TYPE_DICTIONARY)
			LDB_FAIL(err, LDB_UNSUPPORTED,
					 "field \"%s\" cannot lie in a packed struct in file version 2.0",
					 field->children[i]->name);
	}
	if (field->child_count == 0)
		LDB_FAIL(err, LDB_UNSUPPORTED, "packed struct \"%s\" without fields", field->name);
	return LDB_OK;
}

static LdbStatus
check_field(const LdbField *field, LdbError *err)
{
	LDB_TRY(check_type(field, &field->type, err));
	if (field->type.kind == LDB_TYPE_MAP)
	{
		ldb_error_set(err, LDB_UNSUPPORTED,
					  "field \"%s\" is a map, which file version 2.0 cannot store", field->name);
		ldb_error_hint(err, "Maps need a table of data storage version 2.2.");
		return LDB_UNSUPPORTED;
	}
	if (ldb_type_is_list(field->type.kind) && field->child_count != 1)
		LDB_FAIL(err, LDB_INVALID, "list \"%s\" has %zu child fields", field->name,
				 field->child_count);
	if (field->blob && !ldb_type_is_variable(field->type.kind))
		LDB_FAIL(err, LDB_INVALID, "blob field \"%s\" is not binary", field->name);
	if (field->type.kind == LDB_TYPE_STRUCT && field->packed)
		return check_packed(field, err);
	return LDB_OK;
}

/* Columns are numbered in the order in which they are opened. */
static LdbStatus
open_node(LdbFieldEncoder *encoder, const LdbField *field, Node *node, LdbArena *arena,
		  LdbError *err)
{
	LDB_TRY(check_field(field, err));
	node->field = field;
	node->text = text_of(field);
	node->column = encoder->column_count++;
	encoder->columns[node->column] = (LdbNewColumn){field->id, field->blob};
	if (!ldb_type_is_list(field->type.kind) && !is_plain_struct(field))
		return LDB_OK;
	LDB_NEW(arena, node->children, field->child_count, err);
	node->child_count = field->child_count;
	for (size_t i = 0; i < field->child_count; i++)
		LDB_TRY(open_node(encoder, field->children[i], &node->children[i], arena, err));
	return LDB_OK;
}

LdbStatus
ldb_field_encoder_init_v20(LdbFieldEncoder *encoder, LdbArena *arena, LdbError *err)
{
	Node *root;

	LDB_NEW(arena, root, 1, err);
	LDB_NEW(arena, encoder->columns, ldb_field_count(encoder->field), err);
	encoder->column_count = 0;
	LDB_TRY(open_node(encoder, encoder->field, root, arena, err));
	encoder->state = root;
	encoder->encode = encode;
	encoder->finish = finish;
	return LDB_OK;
}
