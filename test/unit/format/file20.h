/*
 * file20.h -- for tests: version 2.0 files made by hand, one page a column, or some all alike.
 *
 * Page encodings are messages built with the functions below; buffers are numbered in the order in
 * which they were added to the column.
 */
#ifndef TEST_FORMAT_FILE20_H
#define TEST_FORMAT_FILE20_H

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

typedef Ldb__ArrayEncoding E;

#define MOST_BUFFERS 8
#define MOST_COLUMNS 4
#define MOST_PAGES 8

typedef struct MadeColumn
{
	E *encoding;
	uint64_t length;   /* of a page */
	size_t page_count; /* all alike; 0 counts as 1 */
	size_t buffer_count;
	LdbSlice buffers[MOST_BUFFERS];
} MadeColumn;

typedef struct Made
{
	LdbArena *arena;
	LdbStore *store;
	LdbFile *file;
	uint64_t row_count;
	size_t column_count;
	MadeColumn columns[MOST_COLUMNS];
} Made;

/* ---- encodings; all in one arena ---- */

static LdbArena *made_arena;

#define MAKE(variable, type, init)                                   \
	type *variable = ldb_arena_zalloc(made_arena, sizeof *variable); \
	*variable = (type) init

static E *
make_encoding(Ldb__ArrayEncoding__KindCase kind, void *content)
{
	MAKE(e, E, LDB__ARRAY_ENCODING__INIT);
	e->kind_case = kind;
	e->flat = content; /* any member of the union */
	return e;
}

static Ldb__BufferRef *
make_reference(uint32_t index)
{
	MAKE(reference, Ldb__BufferRef, LDB__BUFFER_REF__INIT);
	reference->has_buffer_index = 1;
	reference->buffer_index = index;
	return reference;
}

static E *
flat(uint64_t bits, uint32_t buffer)
{
	MAKE(made, Ldb__ArrayEncoding__Flat, LDB__ARRAY_ENCODING__FLAT__INIT);
	made->has_bits_per_value = 1;
	made->bits_per_value = bits;
	made->buffer = make_reference(buffer);
	return make_encoding(LDB__ARRAY_ENCODING__KIND_FLAT, made);
}

static E *
compressed_flat(uint64_t bits, uint32_t buffer, const char *scheme)
{
	MAKE(compression, Ldb__ArrayEncoding__Compression, LDB__ARRAY_ENCODING__COMPRESSION__INIT);
	E *made = flat(bits, buffer);

	compression->scheme = ldb_arena_strdup(made_arena, scheme);
	made->flat->compression = compression;
	return made;
}

static E *
no_nulls(E *values)
{
	MAKE(inner, Ldb__ArrayEncoding__Nullable__NoNulls,
		 LDB__ARRAY_ENCODING__NULLABLE__NO_NULLS__INIT);
	MAKE(made, Ldb__ArrayEncoding__Nullable, LDB__ARRAY_ENCODING__NULLABLE__INIT);
	inner->values = values;
	made->nullability_case = LDB__ARRAY_ENCODING__NULLABLE__NULLABILITY_NO_NULLS;
	made->no_nulls = inner;
	return make_encoding(LDB__ARRAY_ENCODING__KIND_NULLABLE, made);
}

static E *
some_nulls(E *validity, E *values)
{
	MAKE(inner, Ldb__ArrayEncoding__Nullable__SomeNulls,
		 LDB__ARRAY_ENCODING__NULLABLE__SOME_NULLS__INIT);
	MAKE(made, Ldb__ArrayEncoding__Nullable, LDB__ARRAY_ENCODING__NULLABLE__INIT);
	inner->validity = validity;
	inner->values = values;
	made->nullability_case = LDB__ARRAY_ENCODING__NULLABLE__NULLABILITY_SOME_NULLS;
	made->some_nulls = inner;
	return make_encoding(LDB__ARRAY_ENCODING__KIND_NULLABLE, made);
}

static E *
fixed_size_list(uint32_t dimension, E *items)
{
	MAKE(made, Ldb__ArrayEncoding__FixedSizeList, LDB__ARRAY_ENCODING__FIXED_SIZE_LIST__INIT);
	made->has_dimension = 1;
	made->dimension = dimension;
	made->items = items;
	return make_encoding(LDB__ARRAY_ENCODING__KIND_FIXED_SIZE_LIST, made);
}

static E *
binary(E *indices, E *bytes, uint64_t adjustment)
{
	MAKE(made, Ldb__ArrayEncoding__Binary, LDB__ARRAY_ENCODING__BINARY__INIT);
	made->indices = indices;
	made->bytes = bytes;
	made->has_null_adjustment = 1;
	made->null_adjustment = adjustment;
	return make_encoding(LDB__ARRAY_ENCODING__KIND_BINARY, made);
}

static E *
list_of(E *offsets, uint64_t adjustment, uint64_t items)
{
	MAKE(made, Ldb__ArrayEncoding__List, LDB__ARRAY_ENCODING__LIST__INIT);
	made->offsets = offsets;
	made->has_null_offset_adjustment = made->has_num_items = 1;
	made->null_offset_adjustment = adjustment;
	made->num_items = items;
	return make_encoding(LDB__ARRAY_ENCODING__KIND_LIST, made);
}

static E *
dictionary(E *indices, E *items, uint32_t count)
{
	MAKE(made, Ldb__ArrayEncoding__Dictionary, LDB__ARRAY_ENCODING__DICTIONARY__INIT);
	made->indices = indices;
	made->items = items;
	made->has_num_dictionary_items = 1;
	made->num_dictionary_items = count;
	return make_encoding(LDB__ARRAY_ENCODING__KIND_DICTIONARY, made);
}

static E *
fixed_size_binary(E *bytes, uint32_t width)
{
	MAKE(made, Ldb__ArrayEncoding__FixedSizeBinary, LDB__ARRAY_ENCODING__FIXED_SIZE_BINARY__INIT);
	made->bytes = bytes;
	made->has_byte_width = 1;
	made->byte_width = width;
	return make_encoding(LDB__ARRAY_ENCODING__KIND_FIXED_SIZE_BINARY, made);
}

static E *
bitpacked(uint64_t packed_bits, uint64_t bits, uint32_t buffer, bool is_signed)
{
	MAKE(made, Ldb__ArrayEncoding__Bitpacked, LDB__ARRAY_ENCODING__BITPACKED__INIT);
	made->has_compressed_bits_per_value = made->has_uncompressed_bits_per_value = 1;
	made->compressed_bits_per_value = packed_bits;
	made->uncompressed_bits_per_value = bits;
	made->buffer = make_reference(buffer);
	made->has_is_signed = 1;
	made->is_signed = is_signed;
	return make_encoding(LDB__ARRAY_ENCODING__KIND_BITPACKED, made);
}

static E *
bitpacked_blocks(uint64_t packed_bits, uint64_t bits, uint32_t buffer)
{
	MAKE(made, Ldb__ArrayEncoding__BitpackedForNonNeg,
		 LDB__ARRAY_ENCODING__BITPACKED_FOR_NON_NEG__INIT);
	made->has_compressed_bits_per_value = made->has_uncompressed_bits_per_value = 1;
	made->compressed_bits_per_value = packed_bits;
	made->uncompressed_bits_per_value = bits;
	made->buffer = make_reference(buffer);
	return make_encoding(LDB__ARRAY_ENCODING__KIND_BITPACKED_FOR_NON_NEG, made);
}

static E *
constant(const void *value, size_t length)
{
	MAKE(made, Ldb__ArrayEncoding__Constant, LDB__ARRAY_ENCODING__CONSTANT__INIT);
	made->has_value = 1;
	made->value.data = ldb_arena_copy(made_arena, value, length);
	made->value.len = length;
	return make_encoding(LDB__ARRAY_ENCODING__KIND_CONSTANT, made);
}

static E *
fsst(E *values, const void *table, size_t length)
{
	MAKE(made, Ldb__ArrayEncoding__Fsst, LDB__ARRAY_ENCODING__FSST__INIT);
	made->binary = values;
	made->has_symbol_table = 1;
	made->symbol_table.data = ldb_arena_copy(made_arena, table, length);
	made->symbol_table.len = length;
	return make_encoding(LDB__ARRAY_ENCODING__KIND_FSST, made);
}

static E *
packed_struct(E **inner, size_t count, uint32_t buffer)
{
	MAKE(made, Ldb__ArrayEncoding__PackedStruct, LDB__ARRAY_ENCODING__PACKED_STRUCT__INIT);
	made->inner = inner;
	made->n_inner = count;
	made->buffer = make_reference(buffer);
	return make_encoding(LDB__ARRAY_ENCODING__KIND_PACKED_STRUCT, made);
}

/* ---- files ---- */

static void
made_start(Made *made, uint64_t row_count)
{
	memset(made, 0, sizeof *made);
	made->arena = ldb_arena_new(0);
	made->row_count = row_count;
	made_arena = made->arena;
}

static void
made_buffer(Made *made, size_t column, const void *bytes, size_t length)
{
	MadeColumn *to = &made->columns[column];

	assert_true(to->buffer_count < MOST_BUFFERS);
	to->buffers[to->buffer_count++] = ldb_slice(ldb_arena_copy(made->arena, bytes, length), length);
}

static void
made_column(Made *made, E *encoding, uint64_t length)
{
	MadeColumn *column = &made->columns[made->column_count++];

	column->encoding = encoding;
	column->length = length;
}

static LdbSlice
made_packed(const ProtobufCMessage *message)
{
	size_t length = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = ldb_arena_alloc(made_arena, length);

	protobuf_c_message_pack(message, bytes);
	return ldb_slice(bytes, length);
}

static LdbSlice
made_metadata(const MadeColumn *column, uint64_t *offsets, uint64_t *sizes)
{
	Ldb__Any any = LDB__ANY__INIT;
	Ldb__DirectEncoding direct = LDB__DIRECT_ENCODING__INIT;
	Ldb__Encoding encoding = LDB__ENCODING__INIT;
	Ldb__Page page = LDB__PAGE__INIT;
	Ldb__Page *pages[MOST_PAGES];
	Ldb__ColumnMetadata metadata = LDB__COLUMN_METADATA__INIT;
	LdbSlice packed = made_packed(&column->encoding->base);
	char url[] = "/lance.encodings.ArrayEncoding";

	any.type_url = url;
	any.has_value = 1;
	any.value.data = (uint8_t *) packed.data;
	any.value.len = packed.length;
	packed = made_packed(&any.base);
	direct.has_encoding = 1;
	direct.encoding.data = (uint8_t *) packed.data;
	direct.encoding.len = packed.length;
	encoding.location_case = LDB__ENCODING__LOCATION_DIRECT;
	encoding.direct = &direct;
	page.has_length = 1;
	page.length = column->length;
	page.encoding = &encoding;
	page.n_buffer_offsets = page.n_buffer_sizes = column->buffer_count;
	page.buffer_offsets = offsets;
	page.buffer_sizes = sizes;
	metadata.n_pages = column->page_count == 0 ? 1 : column->page_count;
	assert_true(metadata.n_pages <= MOST_PAGES);
	for (size_t i = 0; i < metadata.n_pages; i++)
		pages[i] = &page;
	metadata.pages = pages;
	return made_packed(&metadata.base);
}

static void
put(LdbBuffer *out, const void *bytes, size_t length)
{
	assert_true(ldb_buffer_append(out, bytes, length));
}

static void
put_u64(LdbBuffer *out, uint64_t value)
{
	put(out, &value, 8);
}

static void
made_write(const Made *made, LdbBuffer *out)
{
	Ldb__FileDescriptor descriptor = LDB__FILE_DESCRIPTOR__INIT;
	uint64_t offsets[MOST_COLUMNS][MOST_BUFFERS] = {{0}};
	uint64_t sizes[MOST_COLUMNS][MOST_BUFFERS] = {{0}};
	uint64_t metadata[MOST_COLUMNS][2];
	uint64_t start;
	uint64_t tables[2];
	uint32_t counts[2] = {1, (uint32_t) made->column_count};
	uint16_t version[2] = {0, 3};
	LdbSlice packed;

	for (size_t i = 0; i < made->column_count; i++)
		for (size_t j = 0; j < made->columns[i].buffer_count; j++)
		{
			while (out->length % 64 != 0)
				put(out, "H", 1);
			offsets[i][j] = out->length;
			sizes[i][j] = made->columns[i].buffers[j].length;
			put(out, made->columns[i].buffers[j].data, made->columns[i].buffers[j].length);
		}
	descriptor.has_length = 1;
	descriptor.length = made->row_count;
	packed = made_packed(&descriptor.base);
	start = out->length;
	put(out, packed.data, packed.length);
	for (size_t i = 0; i < made->column_count; i++)
	{
		LdbSlice bytes = made_metadata(&made->columns[i], offsets[i], sizes[i]);

		metadata[i][0] = out->length;
		metadata[i][1] = bytes.length;
		put(out, bytes.data, bytes.length);
	}
	tables[0] = out->length;
	put(out, metadata, made->column_count * 16);
	tables[1] = out->length;
	put_u64(out, start);
	put_u64(out, packed.length);
	put_u64(out, made->column_count == 0 ? 0 : metadata[0][0]);
	put(out, tables, sizeof tables);
	put(out, counts, sizeof counts);
	put(out, version, sizeof version);
	put(out, "LANC", 4);
}

static void
made_open(Made *made)
{
	LdbError err = {0};
	LdbBuffer bytes = {0};
	LdbObject *object;

	made_write(made, &bytes);
	assert_int_equal(ldb_store_open_memory(&made->store, NULL), LDB_OK);
	assert_int_equal(ldb_store_put(made->store, "made.lance", ldb_slice(bytes.data, bytes.length),
								   LDB_PUT_CREATE, NULL, NULL),
					 LDB_OK);
	ldb_buffer_free(&bytes);
	assert_int_equal(ldb_object_open(made->store, "made.lance", 0, NULL, NULL, &object, NULL),
					 LDB_OK);
	if (ldb_file_open(object, NULL, &made->file, &err) != LDB_OK)
		fail_msg("%s", err.message);
}

static void
made_end(Made *made)
{
	ldb_file_close(made->file);
	ldb_store_close(made->store);
	ldb_arena_free(made->arena);
}

/* Opens the field, whose columns are the file's in order of ids, and reads rows. */
static LdbStatus
made_read(Made *made, const LdbField *field, const LdbRowRange *ranges, size_t range_count,
		  LdbArray *out, LdbError *err)
{
	LdbColumnSource sources[MOST_COLUMNS];
	LdbColumnReader *reader;
	LdbStatus status;

	if (made->file == NULL)
		made_open(made);
	for (size_t i = 0; i < made->column_count; i++)
		sources[i] = (LdbColumnSource){(int32_t) i, made->file, (uint32_t) i};
	status = ldb_column_open(field, sources, made->column_count, made->row_count, &reader, err);
	if (status != LDB_OK)
		return status;
	status = ldb_column_read(reader, ranges, range_count, made->arena, out, NULL, err);
	ldb_column_close(reader);
	return status;
}

static LdbField *
made_field(const char *logical_type, int32_t id, size_t child_count, LdbField **children)
{
	LdbField *field = ldb_arena_zalloc(made_arena, sizeof *field);

	assert_int_equal(ldb_type_parse(logical_type, made_arena, &field->type, NULL), LDB_OK);
	field->name = "made";
	field->id = id;
	field->nullable = true;
	field->child_count = child_count;
	field->children = ldb_arena_copy(made_arena, children, child_count * sizeof *children);
	return field;
}

#endif
