/* test_commit.c -- changes become versions: whole, once, with everything else as it was. */
#include "table/foreign.h"

#include <pthread.h>
#include <time.h>

static void
creates_a_table_and_appends(void **state)
{
	CommitTable table;
	LdbChange change;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	assert_ids(&table, 0, "0-9");
	change = commit_begin(&table);
	commit_add(&table, &change, 20, 5);
	commit_add(&table, &change, 30, 5);
	commit_do(&table, &change);
	assert_ids(&table, 1, "0-9");
	assert_ids(&table, 2, "0-9 20-24 30-34");
	commit_close(&table);
}

static void
deletes_updates_and_removes(void **state)
{
	CommitTable table;
	LdbChange change;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	change = commit_begin(&table);
	commit_delete(&table, &change, 0, 10, 2, 3);
	commit_do(&table, &change);
	assert_ids(&table, 0, "0-1 5-9");
	change = commit_begin(&table);
	commit_delete(&table, &change, 0, 10, 5, 1);
	commit_add(&table, &change, 100, 2);
	commit_do(&table, &change);
	assert_ids(&table, 0, "0-1 6-9 100-101");
	change = commit_begin(&table);
	commit_remove(&table, &change, 0);
	commit_do(&table, &change);
	assert_ids(&table, 0, "100-101");
	change = commit_begin(&table);
	commit_delete(&table, &change, 1, 2, 0, 2);
	commit_do(&table, &change);
	assert_ids(&table, 0, "");
	assert_ids(&table, 3, "0-1 6-9 100-101");
	commit_close(&table);
}

static void
creates_a_table_only_once(void **state)
{
	CommitTable table;
	LdbNewTable new_table;
	LdbChange change = {.create = &new_table};
	LdbCommit *commit;
	LdbError err;

	(void) state;
	commit_open(&table, false);
	new_table = commit_new_table(&table, false);
	must(ldb_commit_new(table.locations, COMMIT_URI, &change, NULL, &commit, &err), &err);
	must(ldb_commit_prepare(commit, &err), &err);
	assert_int_equal(ldb_commit_version(commit), 1);
	commit_create(&table, false, 3);
	assert_fails(ldb_commit_put(commit, &err), LDB_CONFLICT, "exists already");
	assert_false(ldb_commit_sent(commit));
	assert_fails(ldb_commit_prepare(commit, &err), LDB_CONFLICT, "exists already");
	ldb_commit_free(commit);
	assert_ids(&table, 0, "0-2");
	commit_close(&table);
}

static void
refuses_what_cannot_be(void **state)
{
	CommitTable table;
	LdbChange change = {.base_version = 1};
	LdbCommit *commit;
	LdbError err;

	(void) state;
	commit_open(&table, false);
	assert_fails(commit_try(&table, &change, &err), LDB_NOT_FOUND, "does not exist");
	commit_create(&table, false, 3);
	change = commit_begin(&table);
	commit_delete(&table, &change, 7, 10, 0, 1);
	assert_fails(commit_try(&table, &change, &err), LDB_CONFLICT, "does not have fragment 7");
	change = commit_begin(&table);
	commit_delete(&table, &change, 0, 10, 0, 1);
	assert_fails(commit_try(&table, &change, &err), LDB_CONFLICT, "does not have fragment 0");
	must(ldb_commit_new(table.locations, COMMIT_URI, &change, NULL, &commit, &err), &err);
	assert_fails(ldb_commit_put(commit, &err), LDB_INVALID, "before it was prepared");
	ldb_commit_free(commit);
	ldb_commit_free(NULL);
	change = commit_begin(&table);
	must(ldb_commit_new(table.locations, COMMIT_URI, &change, NULL, &commit, &err), &err);
	must(ldb_commit_prepare(commit, &err), &err);
	must(ldb_commit_put(commit, &err), &err);
	assert_true(ldb_commit_sent(commit));
	assert_fails(ldb_commit_prepare(commit, &err), LDB_INVALID, "prepared again");
	ldb_commit_free(commit);
	commit_close(&table);
}

static const Ldb__Manifest *
read_message(CommitTable *table, Foreign *foreign)
{
	foreign_begin(table, foreign);
	ldb_head_close(&foreign->head);
	return foreign->head.message;
}

static void
says_what_it_did_and_who_did_it(void **state)
{
	static const LdbProperty properties[] = {{"a", "1"}, {"b", ""}};
	const LdbCommitOptions options = {.property_count = 2, .properties = properties};
	const LdbTransactionInfo *info;
	const Ldb__Manifest *message;
	CommitTable table;
	LdbChange change;
	Foreign foreign;
	LdbError err;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	change = commit_begin(&table);
	commit_delete(&table, &change, 0, 10, 0, 1);
	commit_add(&table, &change, 10, 1);
	must(commit_try_with(&table, &change, &options, NULL, &err), &err);
	info = commit_transaction(&table, 2);
	assert_string_equal(info->operation, "Update");
	assert_int_equal(info->read_version, 1);
	assert_int_equal(info->property_count, 2);
	assert_string_equal(info->properties[0].key, "a");
	assert_string_equal(info->properties[0].value, "1");
	assert_string_equal(info->properties[1].key, "b");
	assert_string_equal(info->properties[1].value, "");
	assert_true(info->timestamp_us / 1000000 - time(NULL) <= 1);
	info = commit_transaction(&table, 1);
	assert_string_equal(info->operation, "Overwrite");
	assert_int_equal(info->property_count, 0);
	message = read_message(&table, &foreign);
	assert_non_null(message->writer_version);
	assert_string_not_equal(message->writer_version->library, "lance");
	assert_int_equal(message->max_fragment_id, 1);
	assert_int_equal(message->reader_feature_flags, LDB_FLAG_DELETION_FILES);
	assert_int_equal(message->writer_feature_flags, LDB_FLAG_DELETION_FILES);
	assert_string_equal(message->data_format->version, "2.1");
	commit_close(&table);
}

static void
writes_the_hint_for_others(void **state)
{
	CommitTable table;
	LdbChange change;
	LdbSlice text;
	LdbError err;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 1);
	change = commit_begin(&table);
	commit_do(&table, &change);
	must(ldb_store_get(table.fault, "t.lance/_versions/latest_version_hint.json",
					   (LdbRange){0, UINT64_MAX}, table.arena, &text, NULL, NULL, &err),
		 &err);
	assert_true(ldb_slice_equal(text, ldb_slice_of("{\"version\":2}")));
	commit_close(&table);
}

/* A field that no description knows, in front of whatever else the message holds. */
static void
add_unknown(CommitTable *table, ProtobufCMessage *message, const char *text)
{
	ProtobufCMessageUnknownField *unknown = ldb_arena_zalloc(table->arena, sizeof *unknown);

	*unknown =
		(ProtobufCMessageUnknownField){.tag = 900,
									   .wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
									   .len = strlen(text) + 1,
									   .data = ldb_arena_alloc(table->arena, strlen(text) + 2)};
	unknown->data[0] = (uint8_t) strlen(text);
	memcpy(unknown->data + 1, text, strlen(text));
	message->n_unknown_fields = 1;
	message->unknown_fields = unknown;
}

static void
assert_unknown(const ProtobufCMessage *message, const char *text)
{
	assert_int_equal(message->n_unknown_fields, 1);
	assert_int_equal(message->unknown_fields[0].tag, 900);
	assert_memory_equal(message->unknown_fields[0].data + 1, text, strlen(text));
}

typedef struct Luggage
{
	Ldb__ConfigEntry config, metadata;
	Ldb__ConfigEntry *configs[1], *metadatas[1];
	Ldb__MetadataEntry schema;
	Ldb__MetadataEntry *schemas[1];
	Ldb__BasePath base;
	Ldb__BasePath *bases[1];
} Luggage;

/* A version of another writer with everything that a manifest may have. */
static void
pack_everything(CommitTable *table, Foreign *foreign, Luggage *luggage)
{
	Ldb__Manifest *message;

	foreign_begin(table, foreign);
	message = &foreign->message;
	ldb__config_entry__init(&luggage->config);
	ldb__config_entry__init(&luggage->metadata);
	ldb__metadata_entry__init(&luggage->schema);
	ldb__base_path__init(&luggage->base);
	luggage->config.key = luggage->metadata.key = luggage->schema.key = "key";
	luggage->config.value = "configuration";
	luggage->metadata.value = "of the table";
	luggage->schema.has_value = true;
	luggage->schema.value = (ProtobufCBinaryData){4, (uint8_t *) "meta"};
	luggage->base.has_id = true;
	luggage->base.id = 5;
	luggage->base.path = "memory:/elsewhere";
	luggage->configs[0] = &luggage->config;
	luggage->metadatas[0] = &luggage->metadata;
	luggage->schemas[0] = &luggage->schema;
	luggage->bases[0] = &luggage->base;
	message->n_config = message->n_table_metadata = 1;
	message->n_schema_metadata = message->n_base_paths = 1;
	message->config = luggage->configs;
	message->table_metadata = luggage->metadatas;
	message->schema_metadata = luggage->schemas;
	message->base_paths = luggage->bases;
	message->branch = "somewhere";
	message->tag = "old";
	message->transaction_file = "1-x.txn";
	message->writer_feature_flags |= LDB_FLAG_NO_TRANSACTION_FILE;
	add_unknown(table, &message->base, "manifest");
	add_unknown(table, &message->fields[1]->base, "field");
	add_unknown(table, &message->fragments[0]->base, "fragment");
	add_unknown(table, &message->fragments[0]->files[0]->base, "file");
	foreign->indices = ldb_slice_of("\n\x06\x1a\x04name");
}

static void
assert_everything(CommitTable *table)
{
	Foreign foreign;
	const Ldb__Manifest *message = read_message(table, &foreign);

	assert_string_equal(message->config[0]->value, "configuration");
	assert_string_equal(message->table_metadata[0]->value, "of the table");
	assert_memory_equal(message->schema_metadata[0]->value.data, "meta", 4);
	assert_string_equal(message->base_paths[0]->path, "memory:/elsewhere");
	assert_string_equal(message->branch, "somewhere");
	assert_null(message->tag);
	assert_null(message->transaction_file);
	assert_int_equal(message->reader_feature_flags & LDB_FLAG_BASE_PATHS, LDB_FLAG_BASE_PATHS);
	assert_int_equal(message->reader_feature_flags & LDB_FLAG_TABLE_CONFIG, 0);
	assert_int_equal(message->writer_feature_flags &
						 ~(uint64_t) (LDB_FLAG_DELETION_FILES | LDB_FLAG_V2_FORMAT),
					 LDB_FLAG_BASE_PATHS | LDB_FLAG_TABLE_CONFIG | LDB_FLAG_NO_TRANSACTION_FILE);
	assert_unknown(&message->base, "manifest");
	assert_unknown(&message->fields[1]->base, "field");
	assert_unknown(&message->fragments[0]->base, "fragment");
	assert_unknown(&message->fragments[0]->files[0]->base, "file");
	assert_true(ldb_slice_equal(foreign.indices, ldb_slice_of("\n\x06\x1a\x04name")));
}

static void
carries_over_whatever_it_does_not_change(void **state)
{
	CommitTable table;
	LdbChange change;
	Foreign foreign;
	Luggage luggage;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	pack_everything(&table, &foreign, &luggage);
	foreign_put(&table, &foreign);
	change = commit_begin(&table);
	commit_add(&table, &change, 10, 5);
	commit_do(&table, &change);
	assert_everything(&table);
	change = commit_begin(&table);
	commit_delete(&table, &change, 0, 10, 0, 2);
	commit_do(&table, &change);
	assert_everything(&table);
	change = commit_begin(&table);
	change.schema = &table.schema;
	commit_do(&table, &change);
	assert_everything(&table);
	change = commit_begin(&table);
	change.restored = commit_open_version(&table, 3);
	commit_do(&table, &change);
	ldb_dataset_close((LdbDataset *) change.restored);
	assert_everything(&table);
	assert_ids(&table, 0, "0-14");
	commit_close(&table);
}

/* Configuration is no content: what was set since the version that is restored stays. */
static void
restores_rows_and_columns_but_not_configuration(void **state)
{
	CommitTable table;
	LdbChange change;
	Foreign foreign;
	Luggage luggage;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	pack_everything(&table, &foreign, &luggage);
	foreign_put(&table, &foreign);
	change = commit_begin(&table);
	change.restored = commit_open_version(&table, 1);
	commit_add(&table, &change, 50, 1);
	commit_delete(&table, &change, 0, 10, 0, 1);
	commit_do(&table, &change);
	ldb_dataset_close((LdbDataset *) change.restored);
	assert_ids(&table, 0, "1-9 50-50");
	foreign.head.message = NULL;
	assert_string_equal(read_message(&table, &foreign)->config[0]->value, "configuration");
	assert_string_equal(foreign.head.message->base_paths[0]->path, "memory:/elsewhere");
	assert_int_equal(foreign.head.message->base.n_unknown_fields, 0);
	commit_close(&table);
}

static void
gives_no_fragment_id_twice(void **state)
{
	CommitTable table;
	LdbChange change;
	LdbDataset *dataset;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	change = commit_begin(&table);
	commit_add(&table, &change, 10, 1);
	commit_do(&table, &change);
	change = commit_begin(&table);
	change.restored = commit_open_version(&table, 1);
	commit_do(&table, &change);
	ldb_dataset_close((LdbDataset *) change.restored);
	change = commit_begin(&table);
	commit_remove(&table, &change, 0);
	commit_do(&table, &change);
	change = commit_begin(&table);
	commit_add(&table, &change, 20, 1);
	commit_do(&table, &change);
	dataset = commit_open_version(&table, 0);
	assert_int_equal(ldb_dataset_manifest(dataset)->fragment_count, 1);
	assert_int_equal(ldb_dataset_manifest(dataset)->fragments[0].id, 2);
	ldb_dataset_close(dataset);
	commit_close(&table);
}

static void
keeps_to_the_scheme_of_names_that_the_table_has(void **state)
{
	CommitTable table;
	LdbChange change;
	Foreign foreign;
	LdbError err;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	foreign_begin(&table, &foreign);
	foreign_put_named(&table, &foreign, true);
	for (int i = 0; i < 2; i++)
	{
		change = commit_begin(&table);
		commit_add(&table, &change, 10 + i, 1);
		commit_do(&table, &change);
	}
	must(ldb_store_remove(table.fault, "t.lance/_versions/4.manifest", NULL, &err), &err);
	assert_int_equal(commit_latest(&table), 3);
	assert_int_equal(commit_count_objects(&table, "t.lance/_versions/3.manifest"), 1);
	commit_close(&table);
}

static void
read_row_ids(CommitTable *table, size_t fragment, uint64_t *ids, size_t count)
{
	LdbDataset *dataset = commit_open_version(table, 0);
	const uint64_t *row_ids;
	LdbError err;

	assert_int_equal(ldb_dataset_manifest(dataset)->fragments[fragment].physical_rows, count);
	must(ldb_dataset_row_ids(dataset, fragment, table->arena, &row_ids, NULL, &err), &err);
	memcpy(ids, row_ids, count * sizeof *ids);
	ldb_dataset_close(dataset);
}

static uint64_t
version_of_row(ProtobufCBinaryData bytes, size_t row)
{
	Ldb__RowDatasetVersionSequence *sequence =
		ldb__row_dataset_version_sequence__unpack(NULL, bytes.len, bytes.data);
	uint64_t version = 0;

	for (size_t i = 0; i < sequence->n_runs && version == 0; i++)
	{
		uint64_t length =
			sequence->runs[i]->span->range->end - sequence->runs[i]->span->range->start;

		if (row < length)
			version = sequence->runs[i]->version;
		row -= length;
	}
	ldb__row_dataset_version_sequence__free_unpacked(sequence, NULL);
	return version;
}

static void
keeps_stable_row_ids_and_gives_new_ones_once(void **state)
{
	const uint64_t kept[] = {3, LDB_NEW_ROW_ID, 4, LDB_NEW_ROW_ID};
	const uint64_t created[] = {1, 0, 0, 0};
	LdbNewFragment fragments[2];
	const Ldb__DataFragment *added;
	CommitTable table;
	LdbChange change, other;
	Foreign foreign;
	uint64_t ids[4];

	(void) state;
	commit_open(&table, false);
	commit_create(&table, true, 10);
	change = commit_begin(&table);
	commit_delete(&table, &change, 0, 10, 3, 2);
	fragments[0] = commit_rows(&table, 20, 4);
	fragments[0].row_ids = kept;
	fragments[0].created_versions = created;
	fragments[1] = commit_rows(&table, 30, 3);
	change.new_count = 2;
	change.new_fragments = fragments;
	other = commit_begin(&table);
	commit_add(&table, &other, 50, 5);
	commit_do(&table, &other);
	commit_do(&table, &change);
	assert_ids(&table, 0, "0-2 5-9 20-23 30-32 50-54");
	read_row_ids(&table, 2, ids, 4);
	assert_int_equal(ids[0], 3);
	assert_int_equal(ids[1], 15);
	assert_int_equal(ids[2], 4);
	assert_int_equal(ids[3], 16);
	read_row_ids(&table, 3, ids, 3);
	assert_int_equal(ids[0], 17);
	assert_int_equal(ids[2], 19);
	assert_int_equal(read_message(&table, &foreign)->next_row_id, 20);
	assert_int_equal(foreign.head.message->reader_feature_flags,
					 LDB_FLAG_STABLE_ROW_IDS | LDB_FLAG_DELETION_FILES);
	added = foreign.head.message->fragments[2];
	assert_int_equal(version_of_row(added->inline_created_at_versions, 0), 1);
	assert_int_equal(version_of_row(added->inline_created_at_versions, 1), 3);
	assert_int_equal(version_of_row(added->inline_created_at_versions, 2), 1);
	assert_int_equal(version_of_row(added->inline_last_updated_at_versions, 0), 3);
	commit_close(&table);
}

static void
gives_no_row_id_back_when_an_older_version_is_restored(void **state)
{
	CommitTable table;
	LdbChange change;
	uint64_t ids[1];

	(void) state;
	commit_open(&table, false);
	commit_create(&table, true, 10);
	change = commit_begin(&table);
	commit_add(&table, &change, 20, 5);
	commit_do(&table, &change);
	change = commit_begin(&table);
	change.restored = commit_open_version(&table, 1);
	commit_do(&table, &change);
	ldb_dataset_close((LdbDataset *) change.restored);
	change = commit_begin(&table);
	commit_add(&table, &change, 40, 1);
	commit_do(&table, &change);
	read_row_ids(&table, 1, ids, 1);
	assert_int_equal(ids[0], 15);
	commit_close(&table);
}

static void
writes_deletions_of_new_rows_too(void **state)
{
	uint8_t deleted[2] = {0x05, 0x01};
	uint8_t all[1] = {0x07};
	LdbNewFragment fragments[2];
	CommitTable table;
	LdbChange change;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 2);
	change = commit_begin(&table);
	fragments[0] = commit_rows(&table, 10, 10);
	fragments[0].deleted = deleted;
	fragments[0].deleted_rows = 3;
	fragments[1] = commit_rows(&table, 30, 3);
	fragments[1].deleted = all;
	fragments[1].deleted_rows = 3;
	change.new_count = 2;
	change.new_fragments = fragments;
	commit_do(&table, &change);
	assert_ids(&table, 0, "0-1 11-11 13-17 19-19");
	commit_close(&table);
}

static LdbSchema
columns_without_value(CommitTable *table)
{
	LdbField *fields[2] = {table->schema.fields[0],
						   commit_field(table->arena, "extra", 2, "int64", true)};

	return commit_schema(table->arena, 2, fields);
}

static Ldb__IndexMetadata *
new_index(CommitTable *table, const char *name, int32_t field)
{
	static uint8_t fragments[] = {0x3a, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0};
	Ldb__IndexMetadata *index = ldb_arena_zalloc(table->arena, sizeof *index);

	ldb__index_metadata__init(index);
	index->name = ldb_arena_strdup(table->arena, name);
	index->n_fields = 1;
	index->fields = ldb_arena_copy(table->arena, &field, sizeof field);
	index->has_fragment_bitmap = true;
	index->fragment_bitmap = (ProtobufCBinaryData){sizeof fragments, fragments};
	add_unknown(table, &index->base, "index");
	return index;
}

static void
put_indices(CommitTable *table)
{
	Ldb__IndexSection section = LDB__INDEX_SECTION__INIT;
	Ldb__IndexMetadata *indices[2] = {new_index(table, "by_id", 0),
									  new_index(table, "by_value", 1)};
	Foreign foreign;
	LdbError err;

	foreign_begin(table, &foreign);
	section.n_indices = 2;
	section.indices = indices;
	must(ldb_proto_pack(&section.base, table->arena, "test", &foreign.indices, &err), &err);
	foreign_put(table, &foreign);
}

static const Ldb__IndexSection *
read_indices(CommitTable *table)
{
	ProtobufCMessage *message;
	Foreign foreign;
	LdbError err;

	read_message(table, &foreign);
	must(ldb_proto_unpack(&ldb__index_section__descriptor, foreign.indices, table->arena, "test",
						  &message, &err),
		 &err);
	return (const Ldb__IndexSection *) message;
}

static void
drops_indices_and_files_of_columns_that_are_gone(void **state)
{
	const Ldb__IndexSection *indices;
	LdbDataFile files[2];
	LdbFragmentChange fragment = {.id = 0, .file_count = 2, .files = files};
	CommitTable table;
	LdbChange change;
	LdbSchema schema, extra;
	LdbDataset *dataset;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	put_indices(&table);
	schema = columns_without_value(&table);
	extra = (LdbSchema){1, schema.fields + 1};
	dataset = commit_open_version(&table, 0);
	files[0] = ldb_dataset_manifest(dataset)->fragments[0].files[0];
	files[1] = *commit_write_columns(&table, &extra, 0, 10);
	change = commit_begin(&table);
	change.schema = &schema;
	change.rewrites_columns = true;
	change.fragments = &fragment;
	change.fragment_count = 1;
	commit_do(&table, &change);
	ldb_dataset_close(dataset);
	assert_string_equal(commit_transaction(&table, 3)->operation, "Merge");
	indices = read_indices(&table);
	assert_int_equal(indices->n_indices, 1);
	assert_string_equal(indices->indices[0]->name, "by_id");
	assert_unknown(&indices->indices[0]->base, "index");
	/* then the column with the second file goes too */
	schema = commit_schema(table.arena, 1, table.schema.fields);
	change = commit_begin(&table);
	change.schema = &schema;
	commit_do(&table, &change);
	assert_string_equal(commit_transaction(&table, 4)->operation, "Project");
	dataset = commit_open_version(&table, 0);
	assert_int_equal(ldb_dataset_manifest(dataset)->fragments[0].file_count, 1);
	ldb_dataset_close(dataset);
	assert_ids(&table, 0, "0-9");
	commit_close(&table);
}

/* A column whose values lie in another file now, under the id that it had. */
static void
uncovers_fragments_whose_indexed_values_were_rewritten(void **state)
{
	const Ldb__IndexSection *indices;
	LdbDataFile files[2];
	LdbFragmentChange fragment = {.id = 0, .file_count = 2, .files = files};
	LdbSchema value;
	CommitTable table;
	LdbChange change;
	LdbDataset *dataset;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	put_indices(&table);
	dataset = commit_open_version(&table, 0);
	value = (LdbSchema){1, table.schema.fields + 1};
	files[0] = ldb_dataset_manifest(dataset)->fragments[0].files[0];
	files[1] = *commit_write_columns(&table, &value, 100, 10);
	change = commit_begin(&table);
	change.rewrites_columns = true;
	change.fragments = &fragment;
	change.fragment_count = 1;
	commit_do(&table, &change);
	ldb_dataset_close(dataset);
	indices = read_indices(&table);
	assert_int_equal(indices->n_indices, 2);
	assert_int_equal(indices->indices[0]->fragment_bitmap.len, 18);
	assert_int_equal(indices->indices[1]->fragment_bitmap.len, 8);
	dataset = commit_open_version(&table, 0);
	assert_int_equal(ldb_dataset_manifest(dataset)->fragments[0].files[0].field_ids[1],
					 LDB_FIELD_TOMBSTONE);
	ldb_dataset_close(dataset);
	commit_close(&table);
}

static void
keeps_columns_that_it_cannot_read(void **state)
{
	CommitTable table;
	LdbChange change;
	LdbSchema schema;
	Foreign foreign;
	LdbDataset *dataset;
	Ldb__Field *fields[4];
	Ldb__Field strange = LDB__FIELD__INIT, below = LDB__FIELD__INIT;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	foreign_begin(&table, &foreign);
	strange.name = "strange";
	strange.has_id = strange.has_parent_id = below.has_id = below.has_parent_id = true;
	strange.id = 7;
	strange.parent_id = -1;
	strange.logical_type = "struct";
	below.name = "part";
	below.id = 8;
	below.parent_id = 7;
	below.logical_type = "hologram";
	fields[0] = foreign.message.fields[0];
	fields[1] = &strange;
	fields[2] = &below;
	fields[3] = foreign.message.fields[1];
	foreign.message.n_fields = 4;
	foreign.message.fields = fields;
	foreign_put(&table, &foreign);
	schema = columns_without_value(&table);
	change = commit_begin(&table);
	change.schema = &schema;
	commit_do(&table, &change);
	dataset = commit_open_version(&table, 0);
	assert_int_equal(ldb_dataset_manifest(dataset)->unread_count, 1);
	assert_string_equal(ldb_dataset_manifest(dataset)->unread[0].name, "strange");
	assert_int_equal(ldb_dataset_manifest(dataset)->schema.field_count, 2);
	ldb_dataset_close(dataset);
	commit_close(&table);
}

static void
refuses_to_write_on_what_it_does_not_know(void **state)
{
	CommitTable table;
	LdbChange change;
	Foreign foreign;
	LdbDataset *dataset;
	LdbError err;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	foreign_begin(&table, &foreign);
	foreign.message.writer_feature_flags |= 1024;
	foreign_put(&table, &foreign);
	change = commit_begin(&table);
	assert_fails(commit_try(&table, &change, &err), LDB_UNSUPPORTED,
				 "writer feature 1024 (tagged fragment-reuse index)");
	dataset = commit_open_version(&table, 0);
	assert_fails(ldb_dataset_check_writable(dataset, &err), LDB_UNSUPPORTED, "version 2");
	ldb_dataset_close(dataset);
	dataset = commit_open_version(&table, 1);
	must(ldb_dataset_check_writable(dataset, &err), &err);
	ldb_dataset_close(dataset);
	foreign_begin(&table, &foreign);
	foreign.message.writer_feature_flags = (uint64_t) 1 << 40;
	foreign_put(&table, &foreign);
	assert_fails(commit_try(&table, &change, &err), LDB_UNSUPPORTED, "not known");
	commit_close(&table);
}

static void
never_goes_back_in_time(void **state)
{
	CommitTable table;
	LdbChange change;
	Foreign foreign;
	LdbDataset *dataset;
	int64_t future;

	(void) state;
	commit_open(&table, false);
	commit_create(&table, false, 10);
	foreign_begin(&table, &foreign);
	foreign.message.timestamp->seconds += 1000000;
	future = foreign.message.timestamp->seconds;
	foreign_put(&table, &foreign);
	change = commit_begin(&table);
	commit_do(&table, &change);
	dataset = commit_open_version(&table, 0);
	assert_int_equal(ldb_dataset_manifest(dataset)->timestamp_us / 1000000, future);
	ldb_dataset_close(dataset);
	commit_close(&table);
}

enum
{
	WRITERS = 2,
	APPENDS = 100
};

typedef struct Racer
{
	CommitTable *table;
	LdbChange changes[APPENDS]; /* all against the first version */
	int retries;
	pthread_t thread;
} Racer;

static void *
append_again_and_again(void *argument)
{
	Racer *racer = argument;

	for (int i = 0; i < APPENDS; i++)
	{
		LdbCommit *commit = NULL;
		LdbStatus status = ldb_commit_new(racer->table->locations, COMMIT_URI, &racer->changes[i],
										  NULL, &commit, NULL);

		for (int attempt = 1; status == LDB_OK; attempt++)
		{
			status = ldb_commit_prepare(commit, NULL);
			if (status == LDB_OK)
				status = ldb_commit_put(commit, NULL);
			if (status != LDB_CONFLICT)
				break;
			racer->retries++;
			status = ldb_commit_pause(attempt, NULL, NULL);
		}
		ldb_commit_free(commit);
		if (status != LDB_OK)
			return racer;
	}
	return NULL;
}

static void
loses_nothing_when_two_race(bool local)
{
	Racer *racers = calloc(WRITERS, sizeof *racers);
	CommitTable table;
	LdbTransactionInfo *infos;
	void *failed;
	size_t count;
	LdbError err;

	commit_open(&table, local);
	commit_create(&table, false, 10);
	for (int w = 0; w < WRITERS; w++)
	{
		racers[w].table = &table;
		for (int i = 0; i < APPENDS; i++)
		{
			racers[w].changes[i] = commit_begin(&table);
			commit_add(&table, &racers[w].changes[i], 10 + (w * APPENDS + i) * 3, 3);
		}
	}
	for (int w = 0; w < WRITERS; w++)
		assert_int_equal(
			pthread_create(&racers[w].thread, NULL, append_again_and_again, &racers[w]), 0);
	for (int w = 0; w < WRITERS; w++)
	{
		pthread_join(racers[w].thread, &failed);
		assert_null(failed);
	}
	assert_ids(&table, 0, "0-609");
	must(ldb_dataset_transactions(table.locations, COMMIT_URI, 0, table.arena, &infos, &count, NULL,
								  &err),
		 &err);
	assert_int_equal(count, 1 + WRITERS * APPENDS);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(infos[i].version, i + 1);
	free(racers);
	commit_close(&table);
}

static void
loses_nothing_when_two_race_in_memory(void **state)
{
	(void) state;
	loses_nothing_when_two_race(false);
}

static void
loses_nothing_when_two_race_in_a_folder(void **state)
{
	(void) state;
	loses_nothing_when_two_race(true);
}

static bool
at_once(void *context)
{
	(void) context;
	return true;
}

static void
waits_longer_each_time_until_it_is_cancelled(void **state)
{
	const LdbCancel cancel = {.requested = at_once};
	struct timespec before, after;
	LdbError err;

	(void) state;
	clock_gettime(CLOCK_MONOTONIC, &before);
	for (int i = 0; i < 20; i++)
		must(ldb_commit_pause(1, NULL, &err), &err);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec < 2);
	assert_int_equal(ldb_commit_pause(20, &cancel, &err), LDB_CANCELLED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creates_a_table_and_appends),
		cmocka_unit_test(deletes_updates_and_removes),
		cmocka_unit_test(creates_a_table_only_once),
		cmocka_unit_test(refuses_what_cannot_be),
		cmocka_unit_test(says_what_it_did_and_who_did_it),
		cmocka_unit_test(writes_the_hint_for_others),
		cmocka_unit_test(carries_over_whatever_it_does_not_change),
		cmocka_unit_test(restores_rows_and_columns_but_not_configuration),
		cmocka_unit_test(gives_no_fragment_id_twice),
		cmocka_unit_test(keeps_to_the_scheme_of_names_that_the_table_has),
		cmocka_unit_test(keeps_stable_row_ids_and_gives_new_ones_once),
		cmocka_unit_test(gives_no_row_id_back_when_an_older_version_is_restored),
		cmocka_unit_test(writes_deletions_of_new_rows_too),
		cmocka_unit_test(drops_indices_and_files_of_columns_that_are_gone),
		cmocka_unit_test(uncovers_fragments_whose_indexed_values_were_rewritten),
		cmocka_unit_test(keeps_columns_that_it_cannot_read),
		cmocka_unit_test(refuses_to_write_on_what_it_does_not_know),
		cmocka_unit_test(never_goes_back_in_time),
		cmocka_unit_test(loses_nothing_when_two_race_in_memory),
		cmocka_unit_test(loses_nothing_when_two_race_in_a_folder),
		cmocka_unit_test(waits_longer_each_time_until_it_is_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
