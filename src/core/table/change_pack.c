/* change_pack.c -- a change as bytes for another process of the same build, and back. */
#include <inttypes.h>
#include <string.h>

#include "ldb/base/bitmap.h"
#include "ldb/base/checked.h"
#include "ldb/table/change.h"

/* Numbers are 64 bits wide each, texts and arrays have their length before them. */
#define MAGIC UINT64_C(0x3145474e414843)
#define ABSENT UINT64_MAX
#define MOST_DEPTH 64

/* ---- packing ---- */

/* is_full: memory ran out; nothing more is added. */
typedef struct Packer
{
	LdbBuffer bytes;
	bool is_full;
} Packer;

static void
put_bytes(Packer *packer, const void *data, size_t length)
{
	if (length > 0 && !packer->is_full)
		packer->is_full = !ldb_buffer_append(&packer->bytes, data, length);
}

static void
put_number(Packer *packer, uint64_t number)
{
	put_bytes(packer, &number, sizeof number);
}

static void
put_slice(Packer *packer, const void *data, size_t length)
{
	put_number(packer, data == NULL ? ABSENT : length);
	if (data != NULL)
		put_bytes(packer, data, length);
}

static void
put_text(Packer *packer, const char *text)
{
	put_slice(packer, text, text == NULL ? 0 : strlen(text));
}

static void
put_files(Packer *packer, const LdbDataFile *files, size_t count)
{
	put_number(packer, count);
	for (size_t i = 0; i < count; i++)
	{
		const LdbDataFile *file = &files[i];

		put_text(packer, file->path);
		put_number(packer, file->field_count);
		put_bytes(packer, file->field_ids, file->field_count * sizeof(int32_t));
		put_bytes(packer, file->column_indices, file->field_count * sizeof(int32_t));
		put_number(packer, file->major);
		put_number(packer, file->minor);
		put_number(packer, file->size_bytes);
		put_number(packer, file->base_id);
	}
}

static void
put_bits(Packer *packer, const uint8_t *bits, uint64_t rows)
{
	put_slice(packer, bits, ldb_bitmap_bytes((size_t) rows));
}

static void
put_field(Packer *packer, const LdbField *field)
{
	put_text(packer, field->name);
	put_text(packer, field->logical_type);
	put_number(packer, (uint64_t) field->id);
	put_number(packer, (uint64_t) field->parent_id);
	put_number(packer, (uint64_t) field->nullable | (uint64_t) field->packed << 1 |
						   (uint64_t) field->blob << 2);
	put_number(packer, field->metadata_count);
	for (size_t i = 0; i < field->metadata_count; i++)
	{
		put_text(packer, field->metadata_keys[i]);
		put_slice(packer, field->metadata_values[i].data, field->metadata_values[i].length);
	}
	put_number(packer, field->child_count);
	for (size_t i = 0; i < field->child_count; i++)
		put_field(packer, field->children[i]);
}

static void
put_schema(Packer *packer, const LdbSchema *schema)
{
	put_number(packer, schema == NULL ? ABSENT : schema->field_count);
	for (size_t i = 0; schema != NULL && i < schema->field_count; i++)
		put_field(packer, schema->fields[i]);
}

static void
put_fragment(Packer *packer, const LdbFragmentChange *change)
{
	put_number(packer, change->id);
	put_number(packer, change->removed);
	put_number(packer, change->physical_rows);
	put_number(packer, change->deleted_rows);
	put_bits(packer, change->deleted, change->physical_rows);
	put_files(packer, change->files, change->file_count);
}

static void
put_new_fragment(Packer *packer, const LdbNewFragment *added)
{
	size_t numbers = (size_t) added->physical_rows * sizeof(uint64_t);

	put_number(packer, added->physical_rows);
	put_number(packer, added->deleted_rows);
	put_bits(packer, added->deleted, added->physical_rows);
	put_slice(packer, added->row_ids, numbers);
	put_slice(packer, added->created_versions, numbers);
	put_files(packer, added->files, added->file_count);
}

static void
put_change(Packer *packer, const LdbChange *change)
{
	put_number(packer, MAGIC);
	put_number(packer,
			   change->restored == NULL ? 0 : ldb_dataset_manifest(change->restored)->version);
	put_number(packer, change->base_version);
	put_number(packer, (uint64_t) change->base_timestamp_us);
	put_number(packer, change->create != NULL);
	if (change->create != NULL)
	{
		put_schema(packer, change->create->schema);
		put_text(packer, change->create->data_version);
		put_number(packer, change->create->stable_row_ids);
	}
	put_schema(packer, change->schema);
	put_number(packer, change->rewrites_columns);
	put_number(packer, change->fragment_count);
	for (size_t i = 0; i < change->fragment_count; i++)
		put_fragment(packer, &change->fragments[i]);
	put_number(packer, change->new_count);
	for (size_t i = 0; i < change->new_count; i++)
		put_new_fragment(packer, &change->new_fragments[i]);
}

LdbStatus
ldb_change_pack(const LdbChange *change, LdbArena *arena, LdbSlice *bytes, LdbError *err)
{
	Packer packer = {0};
	void *copy = NULL;

	put_change(&packer, change);
	if (!packer.is_full)
		copy = ldb_arena_copy(arena, packer.bytes.data, packer.bytes.length);
	*bytes = ldb_slice(copy, packer.bytes.length);
	ldb_buffer_free(&packer.bytes);
	if (copy == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the changes of a transaction");
	return LDB_OK;
}

/* ---- unpacking ---- */

typedef struct Unpacker
{
	LdbSlice rest;
	LdbArena *arena;
} Unpacker;

static LdbStatus
broken(LdbError *err)
{
	LDB_FAIL(err, LDB_CORRUPT, "packed changes of a transaction are broken");
}

/* Borrowed from what is unpacked. */
static LdbStatus
get_bytes(Unpacker *unpacker, uint64_t length, LdbSlice *bytes, LdbError *err)
{
	if (length > unpacker->rest.length)
		return broken(err);
	*bytes = ldb_slice(unpacker->rest.data, (size_t) length);
	unpacker->rest.data += length;
	unpacker->rest.length -= (size_t) length;
	return LDB_OK;
}

static LdbStatus
get_number(Unpacker *unpacker, uint64_t *number, LdbError *err)
{
	LdbSlice bytes;

	LDB_TRY(get_bytes(unpacker, sizeof *number, &bytes, err));
	*number = ldb_load_u64(bytes.data);
	return LDB_OK;
}

static LdbStatus
get_small(Unpacker *unpacker, uint64_t most, uint64_t *number, LdbError *err)
{
	LDB_TRY(get_number(unpacker, number, err));
	return *number > most ? broken(err) : LDB_OK;
}

static LdbStatus
get_flag(Unpacker *unpacker, bool *flag, LdbError *err)
{
	uint64_t number;

	LDB_TRY(get_small(unpacker, 1, &number, err));
	*flag = number == 1;
	return LDB_OK;
}

/* Of things that take at least so many bytes each. */
static LdbStatus
get_count(Unpacker *unpacker, size_t item_bytes, size_t *count, LdbError *err)
{
	uint64_t number;

	LDB_TRY(get_small(unpacker, unpacker->rest.length / item_bytes, &number, err));
	*count = (size_t) number;
	return LDB_OK;
}

/* An aligned copy; *data NULL when it is absent. `expected`: its length, ABSENT = any. */
static LdbStatus
get_array(Unpacker *unpacker, uint64_t expected, void **data, size_t *length, LdbError *err)
{
	LdbSlice bytes;
	uint64_t number;

	*data = NULL;
	*length = 0;
	LDB_TRY(get_number(unpacker, &number, err));
	if (number == ABSENT)
		return LDB_OK;
	if (expected != ABSENT && number != expected)
		return broken(err);
	LDB_TRY(get_bytes(unpacker, number, &bytes, err));
	/* one byte more, so that an empty array is none that is absent */
	*data = ldb_arena_zalloc(unpacker->arena, bytes.length + 1);
	if (*data == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the changes of a transaction");
	if (bytes.length > 0)
		memcpy(*data, bytes.data, bytes.length);
	*length = bytes.length;
	return LDB_OK;
}

static LdbStatus
get_text(Unpacker *unpacker, const char **text, LdbError *err)
{
	void *data;
	size_t length;

	LDB_TRY(get_array(unpacker, ABSENT, &data, &length, err));
	if (data == NULL || memchr(data, '\0', length) != NULL)
		return broken(err);
	*text = data;
	return LDB_OK;
}

static LdbStatus
get_numbers(Unpacker *unpacker, size_t count, const int32_t **numbers, LdbError *err)
{
	LdbSlice bytes;

	LDB_TRY(get_bytes(unpacker, (uint64_t) count * sizeof(int32_t), &bytes, err));
	*numbers = ldb_arena_copy(unpacker->arena, bytes.data, bytes.length);
	if (*numbers == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the changes of a transaction");
	return LDB_OK;
}

static LdbStatus
get_file(Unpacker *unpacker, LdbDataFile *file, LdbError *err)
{
	uint64_t major, minor, base_id;

	LDB_TRY(get_text(unpacker, &file->path, err));
	LDB_TRY(get_count(unpacker, 2 * sizeof(int32_t), &file->field_count, err));
	LDB_TRY(get_numbers(unpacker, file->field_count, &file->field_ids, err));
	LDB_TRY(get_numbers(unpacker, file->field_count, &file->column_indices, err));
	LDB_TRY(get_small(unpacker, UINT32_MAX, &major, err));
	LDB_TRY(get_small(unpacker, UINT32_MAX, &minor, err));
	LDB_TRY(get_number(unpacker, &file->size_bytes, err));
	LDB_TRY(get_small(unpacker, UINT32_MAX, &base_id, err));
	file->major = (uint32_t) major;
	file->minor = (uint32_t) minor;
	file->base_id = (uint32_t) base_id;
	return LDB_OK;
}

static LdbStatus
get_files(Unpacker *unpacker, const LdbDataFile **files, size_t *count, LdbError *err)
{
	LdbDataFile *made;

	LDB_TRY(get_count(unpacker, sizeof(uint64_t), count, err));
	*files = NULL;
	if (*count == 0)
		return LDB_OK;
	LDB_NEW(unpacker->arena, made, *count, err);
	for (size_t i = 0; i < *count; i++)
		LDB_TRY(get_file(unpacker, &made[i], err));
	*files = made;
	return LDB_OK;
}

static LdbStatus
get_bits(Unpacker *unpacker, uint64_t rows, const uint8_t **bits, LdbError *err)
{
	void *data;
	size_t length;

	LDB_TRY(get_array(unpacker, ldb_bitmap_bytes((size_t) rows), &data, &length, err));
	*bits = data;
	return LDB_OK;
}

static LdbStatus
get_metadata(Unpacker *unpacker, LdbField *field, LdbError *err)
{
	LdbSlice *values;

	LDB_TRY(get_count(unpacker, 2 * sizeof(uint64_t), &field->metadata_count, err));
	LDB_NEW(unpacker->arena, field->metadata_keys, field->metadata_count, err);
	LDB_NEW(unpacker->arena, values, field->metadata_count, err);
	for (size_t i = 0; i < field->metadata_count; i++)
	{
		void *data;
		size_t length;

		LDB_TRY(get_text(unpacker, &field->metadata_keys[i], err));
		LDB_TRY(get_array(unpacker, ABSENT, &data, &length, err));
		values[i] = ldb_slice(data, length);
	}
	field->metadata_values = values;
	return LDB_OK;
}

static LdbStatus
get_field(Unpacker *unpacker, int depth, LdbField **field, LdbError *err)
{
	uint64_t id, parent_id, flags;
	LdbField *made;

	if (depth > MOST_DEPTH)
		return broken(err);
	LDB_NEW(unpacker->arena, made, 1, err);
	LDB_TRY(get_text(unpacker, &made->name, err));
	LDB_TRY(get_text(unpacker, &made->logical_type, err));
	LDB_TRY(ldb_type_parse(made->logical_type, unpacker->arena, &made->type, err));
	LDB_TRY(get_number(unpacker, &id, err));
	LDB_TRY(get_number(unpacker, &parent_id, err));
	LDB_TRY(get_small(unpacker, 7, &flags, err));
	made->id = (int32_t) id;
	made->parent_id = (int32_t) parent_id;
	made->nullable = (flags & 1) != 0;
	made->packed = (flags & 2) != 0;
	made->blob = (flags & 4) != 0;
	LDB_TRY(get_metadata(unpacker, made, err));
	LDB_TRY(get_count(unpacker, sizeof(uint64_t), &made->child_count, err));
	LDB_NEW(unpacker->arena, made->children, made->child_count, err);
	for (size_t i = 0; i < made->child_count; i++)
		LDB_TRY(get_field(unpacker, depth + 1, &made->children[i], err));
	*field = made;
	return LDB_OK;
}

static LdbStatus
get_schema(Unpacker *unpacker, const LdbSchema **schema, LdbError *err)
{
	LdbSchema *made;
	uint64_t count;

	*schema = NULL;
	LDB_TRY(get_number(unpacker, &count, err));
	if (count == ABSENT)
		return LDB_OK;
	if (count > unpacker->rest.length / sizeof(uint64_t))
		return broken(err);
	LDB_NEW(unpacker->arena, made, 1, err);
	LDB_NEW(unpacker->arena, made->fields, (size_t) count, err);
	made->field_count = (size_t) count;
	for (size_t i = 0; i < made->field_count; i++)
		LDB_TRY(get_field(unpacker, 0, &made->fields[i], err));
	*schema = made;
	return LDB_OK;
}

static LdbStatus
get_table(Unpacker *unpacker, const LdbNewTable **table, LdbError *err)
{
	LdbNewTable *made;
	bool is_there;

	*table = NULL;
	LDB_TRY(get_flag(unpacker, &is_there, err));
	if (!is_there)
		return LDB_OK;
	LDB_NEW(unpacker->arena, made, 1, err);
	LDB_TRY(get_schema(unpacker, &made->schema, err));
	if (made->schema == NULL)
		return broken(err);
	LDB_TRY(get_text(unpacker, &made->data_version, err));
	LDB_TRY(get_flag(unpacker, &made->stable_row_ids, err));
	*table = made;
	return LDB_OK;
}

static LdbStatus
get_fragment(Unpacker *unpacker, LdbFragmentChange *change, LdbError *err)
{
	LDB_TRY(get_number(unpacker, &change->id, err));
	LDB_TRY(get_flag(unpacker, &change->removed, err));
	LDB_TRY(get_small(unpacker, UINT32_MAX, &change->physical_rows, err));
	LDB_TRY(get_small(unpacker, change->physical_rows, &change->deleted_rows, err));
	LDB_TRY(get_bits(unpacker, change->physical_rows, &change->deleted, err));
	return get_files(unpacker, &change->files, &change->file_count, err);
}

static LdbStatus
get_new_fragment(Unpacker *unpacker, LdbNewFragment *added, LdbError *err)
{
	void *row_ids, *created;
	size_t length;

	LDB_TRY(get_small(unpacker, UINT32_MAX, &added->physical_rows, err));
	LDB_TRY(get_small(unpacker, added->physical_rows, &added->deleted_rows, err));
	LDB_TRY(get_bits(unpacker, added->physical_rows, &added->deleted, err));
	LDB_TRY(get_array(unpacker, added->physical_rows * sizeof(uint64_t), &row_ids, &length, err));
	LDB_TRY(get_array(unpacker, added->physical_rows * sizeof(uint64_t), &created, &length, err));
	added->row_ids = row_ids;
	added->created_versions = created;
	return get_files(unpacker, &added->files, &added->file_count, err);
}

static LdbStatus
get_fragments(Unpacker *unpacker, LdbChange *change, LdbError *err)
{
	LdbFragmentChange *fragments;
	LdbNewFragment *added;

	LDB_TRY(get_count(unpacker, sizeof(uint64_t), &change->fragment_count, err));
	LDB_NEW(unpacker->arena, fragments, change->fragment_count, err);
	for (size_t i = 0; i < change->fragment_count; i++)
	{
		LDB_TRY(get_fragment(unpacker, &fragments[i], err));
		if (i > 0 && fragments[i].id <= fragments[i - 1].id)
			return broken(err);
	}
	change->fragments = fragments;
	LDB_TRY(get_count(unpacker, sizeof(uint64_t), &change->new_count, err));
	LDB_NEW(unpacker->arena, added, change->new_count, err);
	for (size_t i = 0; i < change->new_count; i++)
		LDB_TRY(get_new_fragment(unpacker, &added[i], err));
	change->new_fragments = added;
	return LDB_OK;
}

static LdbStatus
get_restored(Unpacker *unpacker, uint64_t *version, LdbError *err)
{
	uint64_t magic;

	LDB_TRY(get_number(unpacker, &magic, err));
	if (magic != MAGIC)
		return broken(err);
	return get_number(unpacker, version, err);
}

LdbStatus
ldb_change_restored(LdbSlice bytes, uint64_t *version, LdbError *err)
{
	Unpacker unpacker = {bytes, NULL};

	return get_restored(&unpacker, version, err);
}

LdbStatus
ldb_change_unpack(LdbSlice bytes, const LdbDataset *restored, LdbArena *arena, LdbChange *change,
				  LdbError *err)
{
	Unpacker unpacker = {bytes, arena};
	uint64_t version, timestamp;

	*change = (LdbChange){.restored = restored};
	LDB_TRY(get_restored(&unpacker, &version, err));
	if (version != (restored == NULL ? 0 : ldb_dataset_manifest(restored)->version))
		LDB_FAIL(err, LDB_INVALID, "packed changes restore version %" PRIu64 ", not the one given",
				 version);
	LDB_TRY(get_number(&unpacker, &change->base_version, err));
	LDB_TRY(get_number(&unpacker, &timestamp, err));
	change->base_timestamp_us = (int64_t) timestamp;
	LDB_TRY(get_table(&unpacker, &change->create, err));
	LDB_TRY(get_schema(&unpacker, &change->schema, err));
	LDB_TRY(get_flag(&unpacker, &change->rewrites_columns, err));
	LDB_TRY(get_fragments(&unpacker, change, err));
	return unpacker.rest.length == 0 ? LDB_OK : broken(err);
}
