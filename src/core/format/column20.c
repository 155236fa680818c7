/* column20.c -- reads the columns of a field from version 2.0 files. */
#include <inttypes.h>

#include "array20.h"
#include "ldb/base/checked.h"
#include "ldb/proto/proto.h"

/*
 * A field and its physical column. Lists have a column of offsets, structs a column that only
 * carries lengths (2.0 does not store which structs are null), then come their children's columns.
 * Offset pages and item pages are cut independently: each list page says how many items it covers,
 * and the running sum of these is the place of its first item in the column of items.
 */
typedef struct Node
{
	const LdbField *field;        /* borrowed */
	LdbFile *file;                /* NULL = this column is not in any file */
	const LdbColumnPages *pages;  /* of the file */
	LdbArrayEncoding **encodings; /* one for each page, unpacked on first use; arena */
	bool is_blob;                 /* pages hold places in the file; the bytes lie there */
	bool any_source;              /* this column or one below it is in a file */
	const uint64_t *item_starts;  /* list: page_count + 1 sums, on first use; arena */
	LdbPageCache cache;
	size_t child_count;
	struct Node *children; /* arena */
} Node;

/* A call in progress. */
typedef struct Call
{
	LdbArena *reader_arena;
	LdbArena *arena;
	const LdbCancel *cancel;
} Call;

/* Ranges of one page, counted from its first value. */
typedef struct Cut
{
	size_t page;
	LdbPick pick;
} Cut;

static LdbStatus read_node(Call *call, Node *node, const LdbPick *pick, LdbArray *out,
						   LdbError *err);

static bool
is_plain_struct(const LdbField *field)
{
	return field->type.kind == LDB_TYPE_STRUCT && !field->packed;
}

/* ---- opening ---- */

static LdbStatus
find_blob(LdbArena *arena, Node *node, LdbError *err)
{
	ProtobufCMessage *message;

	if (node->pages->encoding.length == 0)
		return LDB_OK;
	LDB_TRY(ldb_proto_unpack(&ldb__column_encoding__descriptor, node->pages->encoding, arena,
							 "column encoding", &message, err));
	node->is_blob = ((Ldb__ColumnEncoding *) message)->kind_case == LDB__COLUMN_ENCODING__KIND_BLOB;
	return LDB_OK;
}

static LdbStatus
open_node(LdbColumnReader *reader, const LdbField *field, Node *node, LdbError *err)
{
	const LdbColumnSource *source = ldb_column_source(reader, field->id);

	node->field = field;
	if (source != NULL)
	{
		node->file = source->file;
		node->any_source = true;
		LDB_TRY(ldb_file_column(source->file, source->column_index, &node->pages, err));
		LDB_NEW(reader->arena, node->encodings, node->pages->page_count, err);
		LDB_TRY(find_blob(reader->arena, node, err));
	}
	if (!ldb_type_is_list(field->type.kind) && !is_plain_struct(field))
		return LDB_OK;
	if (ldb_type_is_list(field->type.kind) && field->child_count != 1)
		LDB_FAIL(err, LDB_CORRUPT, "list \"%s\" has %zu child fields", field->name,
				 field->child_count);
	LDB_NEW(reader->arena, node->children, field->child_count, err);
	node->child_count = field->child_count;
	for (size_t i = 0; i < field->child_count; i++)
	{
		LDB_TRY(open_node(reader, field->children[i], &node->children[i], err));
		node->any_source = node->any_source || node->children[i].any_source;
	}
	if (ldb_type_is_list(field->type.kind) && node->file == NULL && node->any_source)
		LDB_FAIL(err, LDB_CORRUPT, "list \"%s\" has a column of items but none of offsets",
				 field->name);
	return LDB_OK;
}

/* Items of lists may be fewer than their column holds, never more. */
static LdbStatus
check_length(const Node *node, uint64_t length, bool exact, LdbError *err)
{
	if (node->file != NULL &&
		(node->pages->length < length || (exact && node->pages->length != length)))
		LDB_FAIL(err, LDB_CORRUPT,
				 "\"%s\": column %" PRIu32 " of field \"%s\" has %" PRIu64 " values, not %" PRIu64,
				 ldb_object_name(ldb_file_object(node->file)), node->pages->column,
				 node->field->name, node->pages->length, length);
	if (!is_plain_struct(node->field))
		return LDB_OK;
	for (size_t i = 0; i < node->child_count; i++)
		LDB_TRY(check_length(&node->children[i], length, exact, err));
	return LDB_OK;
}

/* ---- pages ---- */

static LdbStatus
page_encoding(Call *call, Node *node, size_t page, const LdbArrayEncoding **encoding, LdbError *err)
{
	ProtobufCMessage *message;

	if (node->encodings[page] == NULL)
	{
		LDB_TRY(ldb_proto_unpack(&ldb__array_encoding__descriptor,
								 node->pages->pages[page].encoding, call->reader_arena,
								 "page encoding", &message, err));
		node->encodings[page] = (LdbArrayEncoding *) message;
	}
	*encoding = node->encodings[page];
	return LDB_OK;
}

static LdbPage20
page_of(Call *call, Node *node, size_t page)
{
	LdbPage20 context = {.file = node->file,
						 .column = node->pages,
						 .info = &node->pages->pages[page],
						 .cache = &node->cache,
						 .arena = call->arena,
						 .cancel = call->cancel};

	return context;
}

/* Cuts ranges at page borders. */
static LdbStatus
cut_pages(Call *call, const LdbColumnPages *pages, const LdbPick *pick, Cut **cuts,
		  size_t *cut_count, LdbError *err)
{
	size_t most = pick->range_count + pages->page_count;
	LdbRowRange *pieces;
	size_t piece_count = 0;

	*cut_count = 0;
	LDB_NEW(call->arena, pieces, most, err);
	LDB_NEW(call->arena, *cuts, most, err);
	for (size_t i = 0; i < pick->range_count; i++)
	{
		uint64_t first = pick->ranges[i].first;
		uint64_t left = pick->ranges[i].count;

		while (left > 0)
		{
			size_t at = ldb_pages_find(pages, first);
			const LdbPageInfo *page = &pages->pages[at];
			uint64_t in_page = first - page->first_row;
			uint64_t count = page->length - in_page < left ? page->length - in_page : left;
			Cut *cut = *cut_count == 0 ? NULL : &(*cuts)[*cut_count - 1];

			if (cut == NULL || cut->page != at)
			{
				cut = &(*cuts)[(*cut_count)++];
				cut->page = at;
				cut->pick.ranges = pieces + piece_count;
			}
			pieces[piece_count++] = (LdbRowRange){in_page, count};
			cut->pick.range_count++;
			cut->pick.rows += (size_t) count;
			first += count;
			left -= count;
		}
	}
	return LDB_OK;
}

static void
name_page(const Node *node, size_t page, LdbError *err)
{
	ldb_error_prefix(err, "\"%s\" column %" PRIu32 " page %zu",
					 ldb_object_name(ldb_file_object(node->file)), node->pages->column, page);
}

/* ---- leaves ---- */

/* The bytes that a blob page's places lead to. */
static LdbStatus
read_blobs(const LdbPage20 *page, const LdbArray places[2], LdbSlice *views, uint8_t *validity,
		   LdbError *err)
{
	LdbObject *object = ldb_file_object(page->file);
	size_t rows = places[0].length;
	LdbRange *ranges;

	LDB_NEW(page->arena, ranges, rows, err);
	for (size_t i = 0; i < rows; i++)
	{
		ranges[i].offset = ldb_load_u64((const uint8_t *) places[0].values + i * 8);
		ranges[i].length = ldb_load_u64((const uint8_t *) places[1].values + i * 8);
		/* position 1 with no bytes is a null, position 0 an empty value */
		if (ranges[i].length != 0 || ranges[i].offset != 1)
			ldb_bit_set(validity, i);
		if (ranges[i].length == 0)
			ranges[i].offset = 0;
	}
	if (!ldb_object_is_mapped(object))
		LDB_TRY(ldb_object_fetch(object, ranges, rows, page->cancel, err));
	for (size_t i = 0; i < rows; i++)
	{
		if (ranges[i].length == 0)
		{
			views[i] = ldb_slice(ldb_bit_get(validity, i) ? "" : NULL, 0);
			continue;
		}
		LDB_TRY(ldb_object_read(object, ranges[i].offset, ranges[i].length, page->arena, &views[i],
								page->cancel, err));
		if (ldb_object_is_mapped(object))
			continue;
		views[i].data = ldb_arena_copy(page->arena, views[i].data, views[i].length);
		if (views[i].data == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for a blob of %zu bytes", views[i].length);
	}
	return LDB_OK;
}

static LdbStatus
decode_blobs(const LdbPage20 *page, const LdbArrayEncoding *encoding, const LdbType *type,
			 const LdbPick *pick, LdbArray *out, LdbError *err)
{
	static const LdbType place_type = {.kind = LDB_TYPE_UINT64};
	const LdbType *types[2] = {&place_type, &place_type};
	LdbArray places[2];
	LdbSlice *views;
	uint8_t *validity;

	encoding = ldb_array20_bare(encoding);
	if (!ldb_type_is_variable(type->kind))
		LDB_FAIL(err, LDB_CORRUPT, "blobs in a column of type %s",
				 ldb_type_name(type, page->arena));
	if (encoding == NULL || encoding->kind_case != LDB__ARRAY_ENCODING__KIND_PACKED_STRUCT)
		return ldb_array20_decode(page, encoding, NULL, type, pick, out, err);
	LDB_TRY(ldb_array20_packed(page, encoding, types, 2, pick, places, err));
	LDB_NEW(page->arena, views, pick->rows, err);
	LDB_NEW(page->arena, validity, ldb_bitmap_bytes(pick->rows), err);
	LDB_TRY(read_blobs(page, places, views, validity, err));
	memset(out, 0, sizeof *out);
	out->type = type;
	out->length = pick->rows;
	out->views = views;
	out->null_count = pick->rows - ldb_bitmap_count(validity, 0, pick->rows);
	out->validity = out->null_count == 0 ? NULL : validity;
	return LDB_OK;
}

static LdbStatus
read_leaf_page(Call *call, Node *node, const Cut *cut, LdbArray *out, LdbError *err)
{
	LdbPage20 page = page_of(call, node, cut->page);
	const LdbField *packed = node->field->type.kind == LDB_TYPE_STRUCT ? node->field : NULL;
	const LdbArrayEncoding *encoding;

	LDB_TRY(page_encoding(call, node, cut->page, &encoding, err));
	if (node->is_blob)
		return decode_blobs(&page, encoding, &node->field->type, &cut->pick, out, err);
	return ldb_array20_decode(&page, encoding, packed, &node->field->type, &cut->pick, out, err);
}

static LdbStatus
read_leaf(Call *call, Node *node, const LdbPick *pick, LdbArray *out, LdbError *err)
{
	LdbArray *parts;
	Cut *cuts;
	size_t cut_count;

	LDB_TRY(cut_pages(call, node->pages, pick, &cuts, &cut_count, err));
	LDB_NEW(call->arena, parts, cut_count, err);
	for (size_t i = 0; i < cut_count; i++)
	{
		LdbStatus status;

		LDB_CHECK_CANCEL(call->cancel, err);
		status = read_leaf_page(call, node, &cuts[i], &parts[i], err);
		if (status != LDB_OK)
		{
			name_page(node, cuts[i].page, err);
			return status;
		}
	}
	return ldb_array_concat(parts, cut_count, call->arena, out, err);
}

/* ---- lists ---- */

static LdbStatus
list_encoding(Call *call, Node *node, size_t page, const Ldb__ArrayEncoding__List **list,
			  LdbError *err)
{
	const LdbArrayEncoding *encoding;

	LDB_TRY(page_encoding(call, node, page, &encoding, err));
	encoding = ldb_array20_bare(encoding);
	if (encoding == NULL || encoding->kind_case != LDB__ARRAY_ENCODING__KIND_LIST)
		LDB_FAIL(err, LDB_CORRUPT, "\"%s\" column %" PRIu32 " page %zu: not the encoding of a list",
				 ldb_object_name(ldb_file_object(node->file)), node->pages->column, page);
	*list = encoding->list;
	return LDB_OK;
}

static LdbStatus
sum_items(Call *call, Node *node, LdbError *err)
{
	uint64_t *starts;

	if (node->item_starts != NULL)
		return LDB_OK;
	LDB_NEW(call->reader_arena, starts, node->pages->page_count + 1, err);
	for (size_t page = 0; page < node->pages->page_count; page++)
	{
		const Ldb__ArrayEncoding__List *list;

		LDB_TRY(list_encoding(call, node, page, &list, err));
		if (!ldb_u64_add(starts[page], list->num_items, &starts[page + 1]))
			LDB_FAIL(err, LDB_CORRUPT, "numbers of list items overflow");
	}
	LDB_TRY(check_length(&node->children[0], starts[node->pages->page_count], false, err));
	node->item_starts = starts;
	return LDB_OK;
}

/* The array of lists being built, and the items it needs. */
typedef struct Lists
{
	size_t row;
	int64_t *offsets;
	uint8_t *validity;
	LdbRowRange *items;
	LdbPick pick; /* of the items */
} Lists;

static LdbStatus
add_list(Lists *lists, uint64_t first, uint64_t count, bool valid, LdbError *err)
{
	LdbRowRange *last =
		lists->pick.range_count == 0 ? NULL : &lists->items[lists->pick.range_count - 1];

	if (valid)
		ldb_bit_set(lists->validity, lists->row);
	else
		count = 0; /* items behind a null are skipped */
	if (count > 0)
	{
		if (!ldb_size_add(lists->pick.rows, count, &lists->pick.rows) ||
			lists->pick.rows > INT64_MAX)
			LDB_FAIL(err, LDB_CORRUPT, "numbers of list items overflow");
		if (last != NULL && last->first + last->count == first)
			last->count += count;
		else
			lists->items[lists->pick.range_count++] = (LdbRowRange){first, count};
	}
	lists->offsets[++lists->row] = (int64_t) lists->pick.rows;
	return LDB_OK;
}

static LdbStatus
read_list_page(Call *call, Node *node, const Cut *cut, Lists *lists, LdbError *err)
{
	LdbPage20 page = page_of(call, node, cut->page);
	const Ldb__ArrayEncoding__List *list;
	LdbSpans20 spans;

	LDB_TRY(list_encoding(call, node, cut->page, &list, err));
	LDB_TRY(ldb_array20_spans(&page, list->offsets, list->null_offset_adjustment, list->num_items,
							  &cut->pick, &spans, err));
	for (size_t i = 0; i < cut->pick.rows; i++)
		LDB_TRY(add_list(lists, node->item_starts[cut->page] + spans.starts[i],
						 spans.ends[i] - spans.starts[i],
						 spans.validity == NULL || ldb_bit_get(spans.validity, i), err));
	return LDB_OK;
}

static LdbStatus
read_list(Call *call, Node *node, const LdbPick *pick, LdbArray *out, LdbError *err)
{
	Lists lists = {0};
	Cut *cuts;
	size_t cut_count;

	LDB_TRY(sum_items(call, node, err));
	LDB_TRY(cut_pages(call, node->pages, pick, &cuts, &cut_count, err));
	LDB_NEW(call->arena, lists.offsets, pick->rows + 1, err);
	LDB_NEW(call->arena, lists.validity, ldb_bitmap_bytes(pick->rows), err);
	LDB_NEW(call->arena, lists.items, pick->rows, err);
	for (size_t i = 0; i < cut_count; i++)
	{
		LdbStatus status;

		LDB_CHECK_CANCEL(call->cancel, err);
		status = read_list_page(call, node, &cuts[i], &lists, err);
		if (status != LDB_OK)
		{
			name_page(node, cuts[i].page, err);
			return status;
		}
	}
	memset(out, 0, sizeof *out);
	out->type = &node->field->type;
	out->length = pick->rows;
	out->null_count = pick->rows - ldb_bitmap_count(lists.validity, 0, pick->rows);
	out->validity = out->null_count == 0 ? NULL : lists.validity;
	out->offsets = lists.offsets;
	out->child_count = 1;
	LDB_NEW(call->arena, out->children, 1, err);
	lists.pick.ranges = lists.items;
	return read_node(call, &node->children[0], &lists.pick, out->children, err);
}

/* ---- any field ---- */

static LdbStatus
read_struct(Call *call, Node *node, const LdbPick *pick, LdbArray *out, LdbError *err)
{
	memset(out, 0, sizeof *out);
	out->type = &node->field->type;
	out->length = pick->rows;
	out->child_count = node->child_count;
	LDB_NEW(call->arena, out->children, node->child_count, err);
	for (size_t i = 0; i < node->child_count; i++)
		LDB_TRY(read_node(call, &node->children[i], pick, &out->children[i], err));
	return LDB_OK;
}

static LdbStatus
read_node(Call *call, Node *node, const LdbPick *pick, LdbArray *out, LdbError *err)
{
	if (!node->any_source || pick->rows == 0)
		return ldb_array_nulls(node->field, pick->rows, call->arena, out, err);
	if (is_plain_struct(node->field))
		return read_struct(call, node, pick, out, err);
	if (ldb_type_is_list(node->field->type.kind))
		return read_list(call, node, pick, out, err);
	return read_leaf(call, node, pick, out, err);
}

static LdbStatus
read_column(LdbColumnReader *reader, const LdbRowRange *ranges, size_t range_count, size_t rows,
			LdbArena *arena, LdbArray *out, const LdbCancel *cancel, LdbError *err)
{
	Call call = {reader->arena, arena, cancel};
	LdbPick pick = {ranges, range_count, rows};

	return read_node(&call, reader->state, &pick, out, err);
}

static void
free_caches(Node *node)
{
	ldb_page_cache_free(&node->cache);
	for (size_t i = 0; i < node->child_count; i++)
		free_caches(&node->children[i]);
}

static void
close_column(LdbColumnReader *reader)
{
	free_caches(reader->state);
}

static const LdbColumnOps ops_v20 = {read_column, close_column};

LdbStatus
ldb_column_init_v20(LdbColumnReader *reader, LdbError *err)
{
	Node *root;

	LDB_NEW(reader->arena, root, 1, err);
	LDB_TRY(open_node(reader, reader->field, root, err));
	LDB_TRY(check_length(root, reader->row_count, true, err));
	reader->ops = &ops_v20;
	reader->state = root;
	return LDB_OK;
}
