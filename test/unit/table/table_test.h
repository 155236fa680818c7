/* table_test.h -- what the tests of this room share: manifests made by hand. */
#ifndef TABLE_TEST_H
#define TABLE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lance_table.pb-c.h"
#include "ldb/base/arena.h"
#include "ldb/table/manifest.h"

#pragma GCC diagnostic ignored "-Wunused-function"

#define MANY 128

/* A manifest under construction; the message's lists point into it. */
typedef struct Draft
{
	LdbArena *arena;
	Ldb__Manifest message;
	Ldb__Field *fields[MANY];
	Ldb__DataFragment *fragments[MANY];
	Ldb__BasePath *bases[MANY];
	Ldb__Manifest__Timestamp time;
	Ldb__Manifest__DataFormat format;
	LdbSlice transaction; /* inline; empty = none */
} Draft;

static void
must(LdbStatus status, const LdbError *err)
{
	if (status != LDB_OK)
		fail_msg("status %d: %s", (int) status, err->message);
}

/* Fails as expected, and says these words. */
#define assert_fails(call, expected, words)                                              \
	do                                                                                   \
	{                                                                                    \
		LdbStatus status_ = (call);                                                      \
		if (status_ != (expected) || strstr(err.message, (words)) == NULL)               \
			fail_msg("status %d: \"%s\", wanted %d: \"%s\"", (int) status_, err.message, \
					 (int) (expected), (words));                                         \
	} while (0)

static Ldb__Field *
draft_field(Draft *draft, const char *name, int32_t id, int32_t parent, const char *type)
{
	Ldb__Field *field = ldb_arena_zalloc(draft->arena, sizeof *field);

	assert_true(draft->message.n_fields < MANY);
	ldb__field__init(field);
	field->name = ldb_arena_strdup(draft->arena, name);
	field->has_id = field->has_parent_id = field->has_nullable = true;
	field->id = id;
	field->parent_id = parent;
	field->nullable = true;
	field->logical_type = ldb_arena_strdup(draft->arena, type);
	draft->fields[draft->message.n_fields++] = field;
	return field;
}

static void
draft_metadata(Draft *draft, Ldb__Field *field, const char *key, const char *value)
{
	Ldb__MetadataEntry *entry = ldb_arena_zalloc(draft->arena, sizeof *entry);

	ldb__metadata_entry__init(entry);
	entry->key = ldb_arena_strdup(draft->arena, key);
	entry->has_value = true;
	entry->value.len = strlen(value);
	entry->value.data = ldb_arena_copy(draft->arena, value, strlen(value));
	field->metadata = ldb_arena_zalloc(draft->arena, sizeof *field->metadata);
	field->metadata[0] = entry;
	field->n_metadata = 1;
}

/* One file of version 2.1 that holds field 0 in column 0. */
static Ldb__DataFragment *
draft_fragment(Draft *draft, uint64_t id, uint64_t rows)
{
	Ldb__DataFragment *fragment = ldb_arena_zalloc(draft->arena, sizeof *fragment);
	Ldb__DataFile *file = ldb_arena_zalloc(draft->arena, sizeof *file);

	assert_true(draft->message.n_fragments < MANY);
	ldb__data_fragment__init(fragment);
	ldb__data_file__init(file);
	file->path = ldb_arena_printf(draft->arena, "f%" PRIu64 ".lance", id);
	file->n_fields = file->n_column_indices = 1;
	file->fields = ldb_arena_zalloc(draft->arena, sizeof(int32_t));
	file->column_indices = ldb_arena_zalloc(draft->arena, sizeof(int32_t));
	file->has_file_major_version = file->has_file_minor_version = true;
	file->file_major_version = 2;
	file->file_minor_version = 1;
	fragment->has_id = fragment->has_physical_rows = true;
	fragment->id = id;
	fragment->physical_rows = rows;
	fragment->n_files = 1;
	fragment->files = ldb_arena_zalloc(draft->arena, sizeof *fragment->files);
	fragment->files[0] = file;
	draft->fragments[draft->message.n_fragments++] = fragment;
	return fragment;
}

static Ldb__DeletionFile *
draft_deletion(Draft *draft, Ldb__DataFragment *fragment, bool is_bitmap, uint64_t rows)
{
	Ldb__DeletionFile *deletion = ldb_arena_zalloc(draft->arena, sizeof *deletion);

	ldb__deletion_file__init(deletion);
	deletion->has_file_type = deletion->has_read_version = deletion->has_id = true;
	deletion->has_num_deleted_rows = true;
	deletion->file_type = is_bitmap;
	deletion->read_version = 3;
	deletion->id = 77;
	deletion->num_deleted_rows = rows;
	fragment->deletion_file = deletion;
	return deletion;
}

static void
draft_base(Draft *draft, uint32_t id, const char *path, bool is_root)
{
	Ldb__BasePath *base = ldb_arena_zalloc(draft->arena, sizeof *base);

	ldb__base_path__init(base);
	base->has_id = base->has_is_dataset_root = true;
	base->id = id;
	base->is_dataset_root = is_root;
	base->path = ldb_arena_strdup(draft->arena, path);
	draft->bases[draft->message.n_base_paths++] = base;
}

/* Version 1 of a table with the column id int32 and no fragments. */
static void
draft_open(Draft *draft)
{
	memset(draft, 0, sizeof *draft);
	draft->arena = ldb_arena_new(0);
	assert_non_null(draft->arena);
	ldb__manifest__init(&draft->message);
	ldb__manifest__timestamp__init(&draft->time);
	ldb__manifest__data_format__init(&draft->format);
	draft->message.fields = draft->fields;
	draft->message.fragments = draft->fragments;
	draft->message.base_paths = draft->bases;
	draft->message.has_version = true;
	draft->message.version = 1;
	draft->message.timestamp = &draft->time;
	draft->time.has_seconds = true;
	draft->time.seconds = 1700000000;
	draft->message.data_format = &draft->format;
	draft->format.file_format = "lance";
	draft->format.version = "2.1";
	draft_field(draft, "id", 0, -1, "int32");
}

static void
draft_close(Draft *draft)
{
	ldb_arena_free(draft->arena);
}

static void
draft_flags(Draft *draft, uint64_t reader_flags)
{
	draft->message.has_reader_feature_flags = true;
	draft->message.reader_feature_flags = reader_flags;
}

static void
store_u32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof value);
}

static void
store_u64(uint8_t *at, uint64_t value)
{
	memcpy(at, &value, sizeof value);
}

/* The manifest file: an inline transaction when there is one, the message, the footer. */
static LdbSlice
draft_file(Draft *draft)
{
	size_t before = draft->transaction.length == 0 ? 0 : 4 + draft->transaction.length;
	size_t length;
	uint8_t *bytes;

	draft->message.has_transaction_section = before > 0;
	length = ldb__manifest__get_packed_size(&draft->message);
	bytes = ldb_arena_zalloc(draft->arena, before + 4 + length + 16);
	if (before > 0)
	{
		store_u32(bytes, (uint32_t) draft->transaction.length);
		memcpy(bytes + 4, draft->transaction.data, draft->transaction.length);
	}
	store_u32(bytes + before, (uint32_t) length);
	assert_int_equal(ldb__manifest__pack(&draft->message, bytes + before + 4), length);
	store_u64(bytes + before + 4 + length, before);
	bytes[before + 4 + length + 10] = 2;
	memcpy(bytes + before + 4 + length + 12, "LANC", 4);
	return ldb_slice(bytes, before + 4 + length + 16);
}

/* An exact copy on the heap, so that a sanitizer sees each read beyond its end. */
static LdbSlice
tight_copy(LdbSlice bytes)
{
	uint8_t *copy = malloc(bytes.length == 0 ? 1 : bytes.length);

	assert_non_null(copy);
	if (bytes.length > 0)
		memcpy(copy, bytes.data, bytes.length);
	return ldb_slice(copy, bytes.length);
}

#endif
