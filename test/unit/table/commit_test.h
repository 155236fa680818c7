/*
 * commit_test.h -- for tests: a table of the columns id and value that grows by commits.
 *
 * It lies in memory or in a folder, behind a store whose calls can be made to fail.
 */
#ifndef TABLE_COMMIT_TEST_H
#define TABLE_COMMIT_TEST_H

#include "table/table_test.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ldb/base/bitmap.h"
#include "ldb/format/writer.h"
#include "ldb/store/location.h"
#include "ldb/table/commit.h"
#include "ldb/table/scan.h"

#define COMMIT_URI "memory:/t.lance"
#define MOST_IDS 40000

typedef struct CommitTable
{
	LdbStore *fault; /* owned by the locations */
	LdbLocations *locations;
	LdbArena *arena;
	char folder[64]; /* empty in memory */
	LdbSchema schema;
	const char *data_version;
	unsigned files; /* data files so far */
} CommitTable;

static LdbField *
commit_field(LdbArena *arena, const char *name, int32_t id, const char *type, bool nullable)
{
	LdbField *field = ldb_arena_zalloc(arena, sizeof *field);
	LdbError err;

	field->name = ldb_arena_strdup(arena, name);
	field->logical_type = ldb_arena_strdup(arena, type);
	field->id = id;
	field->parent_id = -1;
	field->nullable = nullable;
	must(ldb_type_parse(type, arena, &field->type, &err), &err);
	return field;
}

static LdbSchema
commit_schema(LdbArena *arena, size_t count, LdbField *const *fields)
{
	LdbSchema schema = {.field_count = count};

	schema.fields = ldb_arena_copy(arena, fields, count * sizeof(LdbField *));
	return schema;
}

static void
commit_open(CommitTable *table, bool local)
{
	LdbField *fields[2];
	LdbStore *inner;
	LdbError err;

	memset(table, 0, sizeof *table);
	table->arena = ldb_arena_new(0);
	table->data_version = "2.1";
	if (local)
	{
		snprintf(table->folder, sizeof table->folder, "/tmp/ldb-test-XXXXXX");
		assert_non_null(mkdtemp(table->folder));
		must(ldb_store_open_local(table->folder, &inner, &err), &err);
	}
	else
		must(ldb_store_open_memory(&inner, &err), &err);
	must(ldb_store_wrap_fault(inner, &table->fault, &err), &err);
	must(ldb_locations_new(&table->locations, &err), &err);
	must(ldb_locations_add_store(table->locations, "memory:", table->fault, &err), &err);
	fields[0] = commit_field(table->arena, "id", 0, "int64", false);
	fields[1] = commit_field(table->arena, "value", 1, "int64", true);
	table->schema = commit_schema(table->arena, 2, fields);
}

static void
commit_close(CommitTable *table)
{
	char command[128];

	ldb_locations_free(table->locations);
	ldb_arena_free(table->arena);
	if (table->folder[0] == '\0')
		return;
	snprintf(command, sizeof command, "rm -rf '%s'", table->folder);
	assert_int_equal(system(command), 0);
}

/* Rows id = first.., of these columns; their value is ten times the id. */
static LdbDataFile *
commit_write_columns(CommitTable *table, const LdbSchema *schema, int64_t first, size_t count)
{
	LdbFileWriterOptions options = {.version = strcmp(table->data_version, "2.0") == 0   ? 20
											   : strcmp(table->data_version, "2.2") == 0 ? 22
																						 : 21};
	LdbArray *columns = ldb_arena_zalloc_array(table->arena, schema->field_count, sizeof *columns);
	LdbDataFile *file = ldb_arena_zalloc(table->arena, sizeof *file);
	LdbFileSummary summary;
	LdbFileWriter *writer;
	const char *name;
	LdbError err;

	file->path = ldb_arena_printf(table->arena, "f%u.lance", table->files++);
	name = ldb_arena_printf(table->arena, "t.lance/data/%s", file->path);
	for (size_t c = 0; c < schema->field_count; c++)
	{
		int64_t *values = ldb_arena_alloc_array(table->arena, count, sizeof *values);

		for (size_t i = 0; i < count; i++)
			values[i] = (first + (int64_t) i) * (schema->fields[c]->id == 0 ? 1 : 10);
		columns[c] =
			(LdbArray){.type = &schema->fields[c]->type, .length = count, .values = values};
	}
	must(ldb_file_writer_open(table->fault, name, schema, &options, &writer, &err), &err);
	must(ldb_file_writer_append(writer, columns, count, &err), &err);
	must(ldb_file_writer_finish(writer, table->arena, &summary, &err), &err);
	file->field_count = summary.field_count;
	file->field_ids = summary.field_ids;
	file->column_indices = summary.column_indices;
	file->major = summary.major;
	file->minor = summary.minor;
	file->size_bytes = summary.size_bytes;
	file->base_id = LDB_NO_BASE;
	return file;
}

static LdbNewFragment
commit_rows(CommitTable *table, int64_t first, size_t count)
{
	return (LdbNewFragment){.file_count = 1,
							.files = commit_write_columns(table, &table->schema, first, count),
							.physical_rows = count};
}

static LdbDataset *
commit_open_version(CommitTable *table, uint64_t version)
{
	LdbVersionChoice choice = {.version = version};
	LdbDataset *dataset;
	LdbError err;

	must(ldb_dataset_open(table->locations, COMMIT_URI, &choice, NULL, &dataset, &err), &err);
	return dataset;
}

static uint64_t
commit_latest(CommitTable *table)
{
	uint64_t version;
	LdbError err;

	must(ldb_dataset_resolve(table->locations, COMMIT_URI, NULL, NULL, &version, NULL, &err), &err);
	return version;
}

/* Changes are made with one of these; the base is the version that is newest when it is begun. */
static LdbChange
commit_begin(CommitTable *table)
{
	LdbDataset *dataset = commit_open_version(table, 0);
	LdbChange change = {.base_version = ldb_dataset_manifest(dataset)->version,
						.base_timestamp_us = ldb_dataset_manifest(dataset)->timestamp_us};

	ldb_dataset_close(dataset);
	return change;
}

static void
commit_add(CommitTable *table, LdbChange *change, int64_t first, size_t count)
{
	LdbNewFragment *fragments =
		ldb_arena_zalloc_array(table->arena, change->new_count + 1, sizeof *fragments);

	for (size_t i = 0; i < change->new_count; i++)
		fragments[i] = change->new_fragments[i];
	fragments[change->new_count++] = commit_rows(table, first, count);
	change->new_fragments = fragments;
}

/* Rows [first, first + count) of the fragment's physical ones. Fragments in ascending order. */
static void
commit_delete(CommitTable *table, LdbChange *change, uint64_t fragment, uint64_t rows, size_t first,
			  size_t count)
{
	LdbFragmentChange *fragments =
		ldb_arena_zalloc_array(table->arena, change->fragment_count + 1, sizeof *fragments);
	uint8_t *deleted = ldb_arena_zalloc(table->arena, ldb_bitmap_bytes(rows) + 1);

	for (size_t i = 0; i < change->fragment_count; i++)
		fragments[i] = change->fragments[i];
	ldb_bitmap_fill(deleted, first, count);
	fragments[change->fragment_count++] = (LdbFragmentChange){
		.id = fragment, .deleted = deleted, .deleted_rows = count, .physical_rows = rows};
	change->fragments = fragments;
}

static void
commit_remove(CommitTable *table, LdbChange *change, uint64_t fragment)
{
	LdbFragmentChange *fragments =
		ldb_arena_zalloc_array(table->arena, change->fragment_count + 1, sizeof *fragments);

	for (size_t i = 0; i < change->fragment_count; i++)
		fragments[i] = change->fragments[i];
	fragments[change->fragment_count++] = (LdbFragmentChange){.id = fragment, .removed = true};
	change->fragments = fragments;
}

/* As a writer does it: again and again while others are first, until it is done or cannot be. */
static LdbStatus
commit_try_with(CommitTable *table, const LdbChange *change, const LdbCommitOptions *options,
				bool *sent, LdbError *err)
{
	LdbCommit *commit;
	LdbStatus status;

	LDB_TRY(ldb_commit_new(table->locations, COMMIT_URI, change, options, &commit, err));
	do
	{
		status = ldb_commit_prepare(commit, err);
		if (status != LDB_OK)
			break;
		status = ldb_commit_put(commit, err);
	} while (status == LDB_CONFLICT);
	if (sent != NULL)
		*sent = ldb_commit_sent(commit);
	ldb_commit_free(commit);
	return status;
}

static LdbStatus
commit_try(CommitTable *table, const LdbChange *change, LdbError *err)
{
	memset(err, 0, sizeof *err);
	return commit_try_with(table, change, NULL, NULL, err);
}

static void
commit_do(CommitTable *table, const LdbChange *change)
{
	LdbError err;

	must(commit_try(table, change, &err), &err);
}

static LdbNewTable
commit_new_table(CommitTable *table, bool stable_row_ids)
{
	return (LdbNewTable){&table->schema, table->data_version, stable_row_ids};
}

/* Version 1 with the ids 0 .. rows - 1 in one fragment. */
static void
commit_create(CommitTable *table, bool stable_row_ids, size_t rows)
{
	LdbNewTable new_table = commit_new_table(table, stable_row_ids);
	LdbChange change = {.create = &new_table};

	if (rows > 0)
		commit_add(table, &change, 0, rows);
	commit_do(table, &change);
}

/* Ids of a version: a count for each, and how many rows in all. Values must fit their ids. */
typedef struct Ids
{
	unsigned char counts[MOST_IDS];
	size_t total;
} Ids;

static void
commit_count_batch(const LdbBatch *batch, Ids *ids)
{
	for (size_t i = 0; i < batch->row_count; i++)
	{
		int64_t id;

		memcpy(&id, (const uint8_t *) batch->columns[0].values + i * 8, 8);
		assert_in_range(id, 0, MOST_IDS - 1);
		ids->counts[id]++;
	}
	ids->total += batch->row_count;
}

static void
commit_read_ids(LdbDataset *dataset, Ids *ids)
{
	static const size_t columns[] = {0};
	LdbScanOptions options = {.column_count = 1, .columns = columns};
	const LdbBatch *batch;
	LdbScan *scan;
	LdbError err;

	memset(ids, 0, sizeof *ids);
	must(ldb_scan_open(dataset, &options, &scan, &err), &err);
	for (;;)
	{
		must(ldb_scan_next(scan, &batch, &err), &err);
		if (batch == NULL)
			break;
		commit_count_batch(batch, ids);
	}
	ldb_scan_close(scan);
}

/* Runs of ids, as text: "0-9 20-29"; each once. */
static void
assert_ids(CommitTable *table, uint64_t version, const char *wanted)
{
	static Ids ids;
	LdbDataset *dataset = commit_open_version(table, version);
	char text[4096] = "";
	size_t length = 0;

	commit_read_ids(dataset, &ids);
	assert_int_equal(ldb_dataset_manifest(dataset)->live_rows, ids.total);
	ldb_dataset_close(dataset);
	for (size_t i = 0; i < MOST_IDS; i++)
	{
		size_t first = i;

		if (ids.counts[i] == 0)
			continue;
		while (i + 1 < MOST_IDS && ids.counts[i + 1] == 1)
			i++;
		for (size_t k = first; k <= i; k++)
			if (ids.counts[k] != 1)
				fail_msg("id %zu is there %d times", k, ids.counts[k]);
		length += (size_t) snprintf(text + length, sizeof text - length, "%s%zu-%zu",
									length == 0 ? "" : " ", first, i);
	}
	assert_string_equal(text, wanted);
}

static size_t
commit_count_objects(CommitTable *table, const char *prefix)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbObjectInfo *objects;
	LdbError err;
	size_t count;

	must(ldb_store_list(table->fault, prefix, false, arena, &objects, &count, NULL, &err), &err);
	ldb_arena_free(arena);
	return count;
}

/* The transaction of a version, as ldb_dataset_transactions tells it. */
static const LdbTransactionInfo *
commit_transaction(CommitTable *table, uint64_t version)
{
	LdbTransactionInfo *infos;
	LdbError err;
	size_t count;

	must(ldb_dataset_transactions(table->locations, COMMIT_URI, version - 1, table->arena, &infos,
								  &count, NULL, &err),
		 &err);
	assert_true(count > 0);
	assert_int_equal(infos[0].version, version);
	return &infos[0];
}

#endif
