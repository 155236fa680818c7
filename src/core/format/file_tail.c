/* file_tail.c -- what stands behind the pages of a data file. */
#include "file_tail.h"

#include <string.h>

#include "lance_file.pb-c.h"
#include "ldb/base/checked.h"

#define FOOTER_BYTES 40u
#define PAIR_BYTES 16u

/* Fields as the descriptor lists them: depth-first. */
typedef struct FieldList
{
	Ldb__Field **fields;
	size_t count;
	LdbArena *arena;
} FieldList;

/* Numbers of the format; LanceDB writes them and reads without. */
enum
{
	FIELD_PLAIN = 1,
	FIELD_VARIABLE = 2,
	FIELD_DICTIONARY = 3
};

static void
set_field_encoding(const LdbField *field, Ldb__Field *message)
{
	LdbTypeKind kind = field->type.kind;

	if (kind == LDB_TYPE_STRUCT || kind == LDB_TYPE_NULL)
		return;
	message->has_encoding = true;
	message->encoding = ldb_type_is_variable(kind)    ? FIELD_VARIABLE
						: kind == LDB_TYPE_DICTIONARY ? FIELD_DICTIONARY
													  : FIELD_PLAIN;
}

static LdbStatus
copy_metadata(const LdbField *field, LdbArena *arena, Ldb__Field *message, LdbError *err)
{
	Ldb__MetadataEntry *entries;

	message->n_metadata = field->metadata_count;
	LDB_NEW(arena, message->metadata, field->metadata_count, err);
	LDB_NEW(arena, entries, field->metadata_count, err);
	for (size_t i = 0; i < field->metadata_count; i++)
	{
		LdbSlice value = field->metadata_values[i];

		ldb__metadata_entry__init(&entries[i]);
		entries[i].key = (char *) (uintptr_t) field->metadata_keys[i];
		entries[i].has_value = true;
		entries[i].value.data = (uint8_t *) (uintptr_t) value.data;
		entries[i].value.len = value.length;
		message->metadata[i] = &entries[i];
	}
	return LDB_OK;
}

/* Depth is that of the schema. */
static LdbStatus
list_field(FieldList *list, const LdbField *field, LdbError *err)
{
	Ldb__Field *message;

	LDB_NEW(list->arena, message, 1, err);
	ldb__field__init(message);
	message->name = (char *) (uintptr_t) field->name;
	message->logical_type = (char *) (uintptr_t) field->logical_type;
	message->has_id = field->id != 0;
	message->id = field->id;
	message->has_parent_id = field->parent_id != 0;
	message->parent_id = field->parent_id;
	message->has_nullable = field->nullable;
	message->nullable = field->nullable;
	set_field_encoding(field, message);
	LDB_TRY(copy_metadata(field, list->arena, message, err));
	list->fields[list->count++] = message;
	for (size_t i = 0; i < field->child_count; i++)
		LDB_TRY(list_field(list, field->children[i], err));
	return LDB_OK;
}

static LdbStatus
pack(const ProtobufCMessage *message, LdbArena *arena, LdbSlice *bytes, LdbError *err)
{
	size_t length = protobuf_c_message_get_packed_size(message);
	uint8_t *packed = ldb_arena_alloc(arena, length);

	if (packed == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a message of %zu bytes", length);
	protobuf_c_message_pack(message, packed);
	*bytes = ldb_slice(packed, length);
	return LDB_OK;
}

static LdbStatus
pack_descriptor(const LdbFileTail *tail, LdbArena *arena, LdbSlice *bytes, LdbError *err)
{
	Ldb__FileDescriptor descriptor = LDB__FILE_DESCRIPTOR__INIT;
	Ldb__Schema schema = LDB__SCHEMA__INIT;
	FieldList list = {NULL, 0, arena};
	size_t field_count = 0;

	for (size_t i = 0; i < tail->schema->field_count; i++)
		field_count += ldb_field_count(tail->schema->fields[i]);
	LDB_NEW(arena, list.fields, field_count, err);
	for (size_t i = 0; i < tail->schema->field_count; i++)
		LDB_TRY(list_field(&list, tail->schema->fields[i], err));
	schema.fields = list.fields;
	schema.n_fields = list.count;
	descriptor.schema = &schema;
	descriptor.has_length = tail->row_count != 0;
	descriptor.length = tail->row_count;
	return pack(&descriptor.base, arena, bytes, err);
}

/* ---- column metadata ---- */

/* The Any around a message, and the message that says it stands right here. */
static LdbStatus
wrap(const char *type_url, LdbSlice value, LdbArena *arena, Ldb__Encoding **encoding, LdbError *err)
{
	Ldb__Any any = LDB__ANY__INIT;
	LdbSlice packed;

	any.type_url = (char *) (uintptr_t) type_url;
	any.has_value = true;
	any.value.data = (uint8_t *) (uintptr_t) value.data;
	any.value.len = value.length;
	LDB_TRY(pack(&any.base, arena, &packed, err));
	LDB_NEW(arena, *encoding, 1, err);
	ldb__encoding__init(*encoding);
	(*encoding)->location_case = LDB__ENCODING__LOCATION_DIRECT;
	LDB_NEW(arena, (*encoding)->direct, 1, err);
	ldb__direct_encoding__init((*encoding)->direct);
	(*encoding)->direct->has_encoding = true;
	(*encoding)->direct->encoding.data = (uint8_t *) (uintptr_t) packed.data;
	(*encoding)->direct->encoding.len = packed.length;
	return LDB_OK;
}

static LdbStatus
make_page(const LdbFileTail *tail, const LdbTailPage *page, LdbArena *arena, Ldb__Page **message,
		  LdbError *err)
{
	LDB_NEW(arena, *message, 1, err);
	ldb__page__init(*message);
	(*message)->n_buffer_offsets = page->buffer_count;
	(*message)->buffer_offsets = page->offsets;
	(*message)->n_buffer_sizes = page->buffer_count;
	(*message)->buffer_sizes = page->sizes;
	(*message)->has_length = page->length != 0;
	(*message)->length = page->length;
	return wrap(tail->version == 20 ? "/lance.encodings.ArrayEncoding"
									: "/lance.encodings21.PageLayout",
				page->layout, arena, &(*message)->encoding, err);
}

static LdbStatus
pack_column(const LdbFileTail *tail, const LdbTailColumn *column, LdbArena *arena, LdbSlice *bytes,
			LdbError *err)
{
	/* ColumnEncoding messages: values {}, and blob { inner { values {} } } */
	static const uint8_t values[] = {0x0a, 0x00};
	static const uint8_t blob[] = {0x1a, 0x04, 0x0a, 0x02, 0x0a, 0x00};
	Ldb__ColumnMetadata metadata = LDB__COLUMN_METADATA__INIT;
	size_t count = 0;

	LDB_TRY(wrap("/lance.encodings.ColumnEncoding",
				 column->blob ? ldb_slice(blob, sizeof blob) : ldb_slice(values, sizeof values),
				 arena, &metadata.encoding, err));
	LDB_NEW(arena, metadata.pages, column->page_count, err);
	for (const LdbTailPage *page = column->first; page != NULL; page = page->next)
		LDB_TRY(make_page(tail, page, arena, &metadata.pages[count++], err));
	metadata.n_pages = count;
	return pack(&metadata.base, arena, bytes, err);
}

/* ---- the whole ---- */

static void
put(LdbBuffer *out, const void *bytes, size_t length)
{
	memcpy(out->data + out->length, bytes, length);
	out->length += length;
}

static void
put_u64(LdbBuffer *out, uint64_t value)
{
	put(out, &value, sizeof value);
}

static void
put_footer(LdbBuffer *out, const LdbFileTail *tail, const uint64_t positions[3])
{
	uint32_t counts[2] = {1, tail->column_count};
	/* 2.0 calls itself 0.3 here */
	uint16_t numbers[2] = {(uint16_t) (tail->version == 20 ? 0 : 2),
						   (uint16_t) (tail->version == 20 ? 3 : tail->version - 20)};

	for (size_t i = 0; i < 3; i++)
		put_u64(out, positions[i]);
	put(out, counts, sizeof counts);
	put(out, numbers, sizeof numbers);
	put(out, "LANC", 4);
}

/* `out` has room for everything. */
static void
put_all(LdbBuffer *out, const LdbFileTail *tail, uint64_t position, LdbSlice descriptor,
		const LdbSlice *columns)
{
	uint64_t positions[3];
	uint64_t column;

	put(out, descriptor.data, descriptor.length);
	positions[0] = position + out->length;
	for (uint32_t i = 0; i < tail->column_count; i++)
		put(out, columns[i].data, columns[i].length);
	positions[1] = position + out->length;
	column = positions[0];
	for (uint32_t i = 0; i < tail->column_count; i++)
	{
		put_u64(out, column);
		put_u64(out, columns[i].length);
		column += columns[i].length;
	}
	positions[2] = position + out->length;
	put_u64(out, position);
	put_u64(out, descriptor.length);
	put_footer(out, tail, positions);
}

LdbStatus
ldb_file_tail_build(const LdbFileTail *tail, uint64_t position, LdbArena *arena, LdbSlice *bytes,
					LdbError *err)
{
	LdbBuffer out = {0};
	LdbSlice descriptor;
	LdbSlice *columns;

	LDB_TRY(pack_descriptor(tail, arena, &descriptor, err));
	LDB_NEW(arena, columns, tail->column_count, err);
	out.capacity =
		descriptor.length + PAIR_BYTES * (tail->column_count + (size_t) 1) + FOOTER_BYTES;
	for (uint32_t i = 0; i < tail->column_count; i++)
	{
		LDB_TRY(pack_column(tail, &tail->columns[i], arena, &columns[i], err));
		out.capacity += columns[i].length;
	}
	out.data = ldb_arena_alloc(arena, out.capacity);
	if (out.data == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu bytes of metadata", out.capacity);
	put_all(&out, tail, position, descriptor, columns);
	*bytes = ldb_slice(out.data, out.length);
	return LDB_OK;
}
