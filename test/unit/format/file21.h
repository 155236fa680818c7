/*
 * file21.h -- for tests: version 2.1 and 2.2 files made by hand.
 *
 * A draft has columns, a column has pages, a page has buffers and a layout message. The file is
 * written into a memory store and opened; reading goes the way that every reader goes.
 */
#ifndef TEST_FORMAT_FILE21_H
#define TEST_FORMAT_FILE21_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lance_encodings.pb-c.h"
#include "lance_file.pb-c.h"
#include "ldb/format/file.h"
#include "ldb/store/store.h"

#pragma GCC diagnostic ignored "-Wunused-function"

#define MOST_PAGES 12
#define MOST_BUFFERS 4
#define MOST_COLUMNS 4

typedef Ldb__CompressiveEncoding E;
typedef Ldb__PageLayout__MiniBlock MiniBlock;
typedef Ldb__PageLayout__FullZip FullZip;
typedef Ldb__PageLayout__Constant Constant;

typedef struct DraftPage
{
	uint64_t length;
	Ldb__PageLayout *layout;
	size_t buffer_count;
	LdbSlice buffers[MOST_BUFFERS];
	uint64_t offsets[MOST_BUFFERS];
	uint64_t sizes[MOST_BUFFERS];
} DraftPage;

typedef struct DraftColumn
{
	size_t page_count;
	DraftPage pages[MOST_PAGES];
	const char *type_url; /* NULL = a page layout */
} DraftColumn;

typedef struct Draft
{
	LdbArena *arena;
	uint64_t row_count;
	uint16_t version[2];
	uint32_t footer_columns; /* 0 = as many as there are */
	size_t column_count;
	DraftColumn columns[MOST_COLUMNS];
	LdbStore *store;
	LdbFile *file;
	LdbError err;
} Draft;

/* A message of this type in the draft's arena. */
#define MESSAGE(draft, variable, type, init)                             \
	type *variable = ldb_arena_zalloc((draft)->arena, sizeof *variable); \
	*variable = (type) init

static void
draft_start(Draft *draft, uint64_t row_count)
{
	memset(draft, 0, sizeof *draft);
	draft->arena = ldb_arena_new(0);
	draft->row_count = row_count;
	draft->version[0] = 2;
	draft->version[1] = 1;
}

static void
draft_end(Draft *draft)
{
	ldb_file_close(draft->file);
	ldb_store_close(draft->store);
	ldb_arena_free(draft->arena);
}

/* ---- encodings ---- */

static E *
encoding(Draft *draft, Ldb__CompressiveEncoding__KindCase kind, void *content)
{
	MESSAGE(draft, made, E, LDB__COMPRESSIVE_ENCODING__INIT);
	made->kind_case = kind;
	made->flat = content; /* any member of the union */
	return made;
}

static E *
flat(Draft *draft, uint64_t bits)
{
	MESSAGE(draft, made, Ldb__CompressiveEncoding__Flat, LDB__COMPRESSIVE_ENCODING__FLAT__INIT);
	made->has_bits_per_value = 1;
	made->bits_per_value = bits;
	return encoding(draft, LDB__COMPRESSIVE_ENCODING__KIND_FLAT, made);
}

static E *
variable(Draft *draft, uint64_t offset_bits)
{
	MESSAGE(draft, made, Ldb__CompressiveEncoding__Variable,
			LDB__COMPRESSIVE_ENCODING__VARIABLE__INIT);
	made->offsets = flat(draft, offset_bits);
	return encoding(draft, LDB__COMPRESSIVE_ENCODING__KIND_VARIABLE, made);
}

static E *
bitpacked(Draft *draft, uint64_t bits)
{
	MESSAGE(draft, made, Ldb__CompressiveEncoding__InlineBitpacking,
			LDB__COMPRESSIVE_ENCODING__INLINE_BITPACKING__INIT);
	made->has_uncompressed_bits_per_value = 1;
	made->uncompressed_bits_per_value = bits;
	return encoding(draft, LDB__COMPRESSIVE_ENCODING__KIND_INLINE_BITPACKING, made);
}

static E *
out_of_line(Draft *draft, uint64_t bits, uint64_t packed_bits)
{
	MESSAGE(draft, made, Ldb__CompressiveEncoding__OutOfLineBitpacking,
			LDB__COMPRESSIVE_ENCODING__OUT_OF_LINE_BITPACKING__INIT);
	made->has_uncompressed_bits_per_value = 1;
	made->uncompressed_bits_per_value = bits;
	made->values = flat(draft, packed_bits);
	return encoding(draft, LDB__COMPRESSIVE_ENCODING__KIND_OUT_OF_LINE_BITPACKING, made);
}

static E *
runs(Draft *draft, uint64_t bits, uint64_t length_bits)
{
	MESSAGE(draft, made, Ldb__CompressiveEncoding__Rle, LDB__COMPRESSIVE_ENCODING__RLE__INIT);
	made->values = flat(draft, bits);
	made->run_lengths = flat(draft, length_bits);
	return encoding(draft, LDB__COMPRESSIVE_ENCODING__KIND_RLE, made);
}

static E *
constant(Draft *draft, const void *value, size_t length)
{
	MESSAGE(draft, made, Ldb__CompressiveEncoding__Constant,
			LDB__COMPRESSIVE_ENCODING__CONSTANT__INIT);
	made->has_value = 1;
	made->value.data = ldb_arena_copy(draft->arena, value, length);
	made->value.len = length;
	return encoding(draft, LDB__COMPRESSIVE_ENCODING__KIND_CONSTANT, made);
}

static E *
general(Draft *draft, int scheme, E *values)
{
	MESSAGE(draft, compression, Ldb__BufferCompression, LDB__BUFFER_COMPRESSION__INIT);
	MESSAGE(draft, made, Ldb__CompressiveEncoding__General,
			LDB__COMPRESSIVE_ENCODING__GENERAL__INIT);
	compression->has_scheme = 1;
	compression->scheme = scheme;
	made->compression = compression;
	made->values = values;
	return encoding(draft, LDB__COMPRESSIVE_ENCODING__KIND_GENERAL, made);
}

static E *
split(Draft *draft, uint64_t bits)
{
	MESSAGE(draft, made, Ldb__CompressiveEncoding__ByteStreamSplit,
			LDB__COMPRESSIVE_ENCODING__BYTE_STREAM_SPLIT__INIT);
	made->values = flat(draft, bits);
	return encoding(draft, LDB__COMPRESSIVE_ENCODING__KIND_BYTE_STREAM_SPLIT, made);
}

static E *
fixed_size_list(Draft *draft, uint64_t items, bool has_validity, E *values)
{
	MESSAGE(draft, made, Ldb__CompressiveEncoding__FixedSizeList,
			LDB__COMPRESSIVE_ENCODING__FIXED_SIZE_LIST__INIT);
	made->has_items_per_value = made->has_has_validity = 1;
	made->items_per_value = items;
	made->has_validity = has_validity;
	made->values = values;
	return encoding(draft, LDB__COMPRESSIVE_ENCODING__KIND_FIXED_SIZE_LIST, made);
}

static E *
packed_struct(Draft *draft, uint64_t *bits, size_t count, E *values)
{
	MESSAGE(draft, made, Ldb__CompressiveEncoding__PackedStruct,
			LDB__COMPRESSIVE_ENCODING__PACKED_STRUCT__INIT);
	made->n_bits_per_value = count;
	made->bits_per_value = bits;
	made->values = values;
	return encoding(draft, LDB__COMPRESSIVE_ENCODING__KIND_PACKED_STRUCT, made);
}

/* ---- layouts ---- */

static int32_t *
layers_of(Draft *draft, const int32_t *kinds, size_t count)
{
	return ldb_arena_copy(draft->arena, kinds, count * sizeof *kinds);
}

#define LAYERS(draft, to, ...)                                                     \
	do                                                                             \
	{                                                                              \
		const int32_t kinds_[] = {__VA_ARGS__};                                    \
		(to)->n_layers = sizeof kinds_ / sizeof *kinds_;                           \
		(to)->layers = layers_of((draft), kinds_, sizeof kinds_ / sizeof *kinds_); \
	} while (0)

/* The layout of a page and the page itself, in the column that is being made. */
static DraftPage *
draft_page(Draft *draft, uint64_t length, Ldb__PageLayout__KindCase kind, void *content)
{
	DraftColumn *column = &draft->columns[draft->column_count - 1];
	DraftPage *page = &column->pages[column->page_count++];
	MESSAGE(draft, layout, Ldb__PageLayout, LDB__PAGE_LAYOUT__INIT);

	assert_true(column->page_count <= MOST_PAGES);
	layout->kind_case = kind;
	layout->mini_block = content; /* any member of the union */
	page->layout = layout;
	page->length = length;
	return page;
}

static void
draft_column(Draft *draft)
{
	assert_true(draft->column_count < MOST_COLUMNS);
	draft->column_count++;
}

/* A mini-block page of items with layer ALL_VALID_ITEM; callers change what differs. */
static MiniBlock *
draft_mini(Draft *draft, uint64_t rows, uint64_t items, E *values)
{
	MESSAGE(draft, mini, MiniBlock, LDB__PAGE_LAYOUT__MINI_BLOCK__INIT);

	mini->value_compression = values;
	mini->has_num_items = mini->has_num_buffers = 1;
	mini->num_items = items;
	mini->num_buffers = 1;
	LAYERS(draft, mini, 1);
	draft_page(draft, rows, LDB__PAGE_LAYOUT__KIND_MINI_BLOCK, mini);
	return mini;
}

static FullZip *
draft_zip(Draft *draft, uint64_t rows, E *values)
{
	MESSAGE(draft, zip, FullZip, LDB__PAGE_LAYOUT__FULL_ZIP__INIT);

	zip->value_compression = values;
	LAYERS(draft, zip, 1);
	draft_page(draft, rows, LDB__PAGE_LAYOUT__KIND_FULL_ZIP, zip);
	return zip;
}

static Constant *
draft_constant(Draft *draft, uint64_t rows)
{
	MESSAGE(draft, made, Constant, LDB__PAGE_LAYOUT__CONSTANT__INIT);

	LAYERS(draft, made, 3);
	draft_page(draft, rows, LDB__PAGE_LAYOUT__KIND_CONSTANT, made);
	return made;
}

/* The next buffer of the page made last. */
static void
draft_buffer(Draft *draft, const void *bytes, size_t length)
{
	DraftColumn *column = &draft->columns[draft->column_count - 1];
	DraftPage *page = &column->pages[column->page_count - 1];

	assert_true(page->buffer_count < MOST_BUFFERS);
	page->buffers[page->buffer_count++] =
		ldb_slice(ldb_arena_copy(draft->arena, bytes, length), length);
}

#define BUFFER(draft, ...)                            \
	do                                                \
	{                                                 \
		const uint8_t bytes_[] = {__VA_ARGS__};       \
		draft_buffer((draft), bytes_, sizeof bytes_); \
	} while (0)

/* ---- writing ---- */

static void
put(LdbBuffer *out, const void *bytes, size_t length)
{
	assert_true(ldb_buffer_append(out, bytes, length));
}

static LdbSlice
packed(Draft *draft, const ProtobufCMessage *message)
{
	size_t length = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = ldb_arena_alloc(draft->arena, length);

	protobuf_c_message_pack(message, bytes);
	return ldb_slice(bytes, length);
}

static Ldb__Encoding *
direct_encoding(Draft *draft, const char *type_url, const ProtobufCMessage *message)
{
	MESSAGE(draft, made, Ldb__Encoding, LDB__ENCODING__INIT);
	MESSAGE(draft, direct, Ldb__DirectEncoding, LDB__DIRECT_ENCODING__INIT);
	Ldb__Any any = LDB__ANY__INIT;
	LdbSlice bytes = packed(draft, message);

	any.type_url = ldb_arena_strdup(draft->arena, type_url);
	any.has_value = 1;
	any.value.data = (uint8_t *) bytes.data;
	any.value.len = bytes.length;
	bytes = packed(draft, &any.base);
	direct->has_encoding = 1;
	direct->encoding.data = (uint8_t *) bytes.data;
	direct->encoding.len = bytes.length;
	made->location_case = LDB__ENCODING__LOCATION_DIRECT;
	made->direct = direct;
	return made;
}

static LdbSlice
column_metadata(Draft *draft, DraftColumn *column)
{
	const char *url = column->type_url == NULL ? "/lance.encodings21.PageLayout" : column->type_url;
	Ldb__ColumnMetadata metadata = LDB__COLUMN_METADATA__INIT;
	Ldb__Page *pages[MOST_PAGES];

	for (size_t i = 0; i < column->page_count; i++)
	{
		DraftPage *from = &column->pages[i];
		MESSAGE(draft, page, Ldb__Page, LDB__PAGE__INIT);

		page->has_length = 1;
		page->length = from->length;
		page->encoding = direct_encoding(draft, url, &from->layout->base);
		page->n_buffer_offsets = page->n_buffer_sizes = from->buffer_count;
		page->buffer_offsets = from->offsets;
		page->buffer_sizes = from->sizes;
		pages[i] = page;
	}
	metadata.n_pages = column->page_count;
	metadata.pages = pages;
	return packed(draft, &metadata.base);
}

static void
write_buffers(Draft *draft, LdbBuffer *out)
{
	for (size_t i = 0; i < draft->column_count; i++)
		for (size_t j = 0; j < draft->columns[i].page_count; j++)
		{
			DraftPage *page = &draft->columns[i].pages[j];

			for (size_t k = 0; k < page->buffer_count; k++)
			{
				while (out->length % 64 != 0)
					put(out, "H", 1);
				page->offsets[k] = out->length;
				page->sizes[k] = page->buffers[k].length;
				put(out, page->buffers[k].data, page->buffers[k].length);
			}
		}
}

/* The whole file. */
static void
draft_write(Draft *draft, LdbBuffer *out)
{
	Ldb__FileDescriptor descriptor = LDB__FILE_DESCRIPTOR__INIT;
	uint64_t table[MOST_COLUMNS][2];
	uint64_t global[2];
	uint64_t places[3];
	uint32_t counts[2] = {1, (uint32_t) draft->column_count};
	LdbSlice bytes;

	write_buffers(draft, out);
	descriptor.has_length = 1;
	descriptor.length = draft->row_count;
	bytes = packed(draft, &descriptor.base);
	global[0] = out->length;
	global[1] = bytes.length;
	put(out, bytes.data, bytes.length);
	places[0] = out->length;
	for (size_t i = 0; i < draft->column_count; i++)
	{
		bytes = column_metadata(draft, &draft->columns[i]);
		table[i][0] = out->length;
		table[i][1] = bytes.length;
		put(out, bytes.data, bytes.length);
	}
	places[1] = out->length;
	put(out, table, draft->column_count * sizeof *table);
	places[2] = out->length;
	put(out, global, sizeof global);
	if (draft->footer_columns != 0)
		counts[1] = draft->footer_columns;
	put(out, places, sizeof places);
	put(out, counts, sizeof counts);
	put(out, draft->version, sizeof draft->version);
	put(out, "LANC", 4);
}

/* Opens bytes as a file; the draft's error says why not. */
static LdbStatus
draft_open_bytes(Draft *draft, LdbSlice bytes)
{
	LdbObject *object;

	if (draft->store == NULL)
		assert_int_equal(ldb_store_open_memory(&draft->store, NULL), LDB_OK);
	assert_int_equal(ldb_store_put(draft->store, "draft.lance", bytes, LDB_PUT_REPLACE, NULL, NULL),
					 LDB_OK);
	assert_int_equal(ldb_object_open(draft->store, "draft.lance", 0, NULL, NULL, &object, NULL),
					 LDB_OK);
	return ldb_file_open(object, NULL, &draft->file, &draft->err);
}

static LdbStatus
draft_open(Draft *draft)
{
	LdbBuffer bytes = {0};
	LdbStatus status;

	draft_write(draft, &bytes);
	status = draft_open_bytes(draft, ldb_slice(bytes.data, bytes.length));
	ldb_buffer_free(&bytes);
	return status;
}

/* Rows of a field whose leaves have ids 0, 1, ... and lie in the columns of these numbers. The
 * array lies in the draft's arena. */
static LdbStatus
draft_read(Draft *draft, const LdbField *field, const LdbRowRange *ranges, size_t range_count,
		   LdbArray *out)
{
	LdbColumnSource sources[MOST_COLUMNS];
	LdbColumnReader *reader;
	LdbStatus status;

	if (draft->file == NULL && draft_open(draft) != LDB_OK)
		return draft->err.status;
	for (size_t i = 0; i < draft->column_count; i++)
		sources[i] = (LdbColumnSource){(int32_t) i, draft->file, (uint32_t) i};
	status = ldb_column_open(field, sources, draft->column_count, draft->row_count, &reader,
							 &draft->err);
	if (status != LDB_OK)
		return status;
	status = ldb_column_read(reader, ranges, range_count, draft->arena, out, NULL, &draft->err);
	ldb_column_close(reader);
	return status;
}

static LdbStatus
draft_read_all(Draft *draft, const LdbField *field, LdbArray *out)
{
	return draft_read(draft, field, &(LdbRowRange){0, draft->row_count}, 1, out);
}

/* Reads all rows and expects success. */
static void
draft_must_read(Draft *draft, const LdbField *field, LdbArray *out)
{
	if (draft_read_all(draft, field, out) != LDB_OK)
		fail_msg("%s", draft->err.message);
}

/* Expects the read to fail in this way, with these words. */
static void
draft_must_fail(Draft *draft, const LdbField *field, LdbStatus expected, const char *words)
{
	LdbArray array;
	LdbStatus status = draft_read_all(draft, field, &array);

	if (status != expected || strstr(draft->err.message, words) == NULL)
		fail_msg("status %d: \"%s\", wanted %d: \"%s\"", (int) status, draft->err.message,
				 (int) expected, words);
}

/* ---- fields ---- */

static LdbField
leaf_field(LdbTypeKind kind)
{
	LdbField field = {0};

	field.name = "leaf";
	field.type.kind = kind;
	field.parent_id = -1;
	return field;
}

#endif
