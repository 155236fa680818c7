/* ldb_commit.c -- commits changes to a table of the columns id, value and vec, for tests with LanceDB. */
/*
 *   ldb_commit FOLDER TABLE.lance [@BASE] OPERATION ...      prints the version that it made
 *
 * BASE is the version that the change is made against, in place of the newest: what a writer does that
 * began before others committed. Exit: 0 done, 3 conflict, 1 anything else.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldb/format/writer.h"
#include "ldb/table/commit.h"
#include "ldb/table/scan.h"

typedef struct Job
{
	LdbLocations *locations;
	LdbStore *store;
	LdbArena *arena;
	char uri[1024];
	const char *table;
	uint64_t base;
	LdbDataset *dataset;
	LdbChange change;
	unsigned files;
	LdbError err;
} Job;

static void
must(Job *job, LdbStatus status)
{
	if (status == LDB_OK)
		return;
	fprintf(stderr, "%s\n", job->err.message);
	exit(status == LDB_CONFLICT ? 3 : 1);
}

static int
file_version(const char *data_version)
{
	if (strcmp(data_version, "2.0") == 0)
		return 20;
	return strcmp(data_version, "2.2") == 0 ? 22 : 21;
}

/* What a column holds in the row of an id: all follows from the id, and from what was added to values. */
static void
fill_column(Job *job, const LdbField *field, const int64_t *ids, size_t count, int64_t add,
			LdbArray *column)
{
	*column = (LdbArray){.type = &field->type, .length = count};
	if (field->type.kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		size_t width = (size_t) field->type.width;
		float *items = ldb_arena_alloc_array(job->arena, count * width, sizeof *items);
		LdbArray *child = ldb_arena_zalloc(job->arena, sizeof *child);

		for (size_t i = 0; i < count * width; i++)
			items[i] = (float) ((ids[i / width] * 7 + (int64_t) (i % width) * 13) % 101);
		*child = (LdbArray){.type = field->type.item, .length = count * width, .values = items};
		column->values = items;
		column->child_count = 1;
		column->children = child;
		return;
	}
	int64_t *values = ldb_arena_alloc_array(job->arena, count, sizeof *values);

	for (size_t i = 0; i < count; i++)
		values[i] = strcmp(field->name, "id") == 0 ? ids[i] : ids[i] * 10 + add;
	column->values = values;
}

static LdbDataFile *
write_file(Job *job, const LdbSchema *schema, const char *data_version, const int64_t *ids,
		   size_t count, int64_t add)
{
	LdbFileWriterOptions options = {.version = file_version(data_version)};
	LdbArray *columns = ldb_arena_zalloc_array(job->arena, schema->field_count, sizeof *columns);
	LdbDataFile *file = ldb_arena_zalloc(job->arena, sizeof *file);
	LdbFileSummary summary;
	LdbFileWriter *writer;
	uint64_t unique[2];
	FILE *random = fopen("/dev/urandom", "rb");

	if (random == NULL || fread(unique, sizeof unique, 1, random) != 1)
		exit(1);
	fclose(random);
	file->path =
		ldb_arena_printf(job->arena, "%016" PRIx64 "%016" PRIx64 ".lance", unique[0], unique[1]);
	for (size_t c = 0; c < schema->field_count; c++)
		fill_column(job, schema->fields[c], ids, count, add, &columns[c]);
	must(job, ldb_file_writer_open(
				  job->store, ldb_arena_printf(job->arena, "%s/data/%s", job->table, file->path),
				  schema, &options, &writer, &job->err));
	must(job, ldb_file_writer_append(writer, columns, count, &job->err));
	must(job, ldb_file_writer_finish(writer, job->arena, &summary, &job->err));
	*file = (LdbDataFile){.path = file->path,
						  .field_count = summary.field_count,
						  .field_ids = summary.field_ids,
						  .column_indices = summary.column_indices,
						  .major = summary.major,
						  .minor = summary.minor,
						  .size_bytes = summary.size_bytes,
						  .base_id = LDB_NO_BASE};
	return file;
}

static const LdbManifest *
manifest(const Job *job)
{
	return ldb_dataset_manifest(job->dataset);
}

static void
begin(Job *job)
{
	LdbVersionChoice choice = {.version = job->base};

	must(job, ldb_dataset_open(job->locations, job->uri, &choice, NULL, &job->dataset, &job->err));
	must(job, ldb_dataset_check_writable(job->dataset, &job->err));
	job->change = (LdbChange){.base_version = manifest(job)->version,
							  .base_timestamp_us = manifest(job)->timestamp_us};
}

static void
add_rows(Job *job, const LdbSchema *schema, const char *version, const int64_t *ids, size_t count,
		 int64_t add, const uint64_t *row_ids)
{
	LdbNewFragment *fragment = ldb_arena_zalloc(job->arena, sizeof *fragment);

	fragment->file_count = 1;
	fragment->files = write_file(job, schema, version, ids, count, add);
	fragment->physical_rows = count;
	fragment->row_ids = row_ids;
	job->change.new_fragments = fragment;
	job->change.new_count = 1;
}

static int64_t *
run_of_ids(Job *job, int64_t first, size_t count)
{
	int64_t *ids = ldb_arena_alloc_array(job->arena, count, sizeof *ids);

	for (size_t i = 0; i < count; i++)
		ids[i] = first + (int64_t) i;
	return ids;
}

/* Deletes the rows of these ids; gives the ids that were there, and the rows' stable ids. */
static size_t
delete_ids(Job *job, int64_t low, int64_t high, int64_t *ids, uint64_t *row_ids)
{
	size_t fragments = manifest(job)->fragment_count;
	LdbFragmentChange *changes = ldb_arena_zalloc_array(job->arena, fragments + 1, sizeof *changes);
	size_t column = (size_t) ldb_schema_index(&manifest(job)->schema, "id");
	LdbScanOptions options = {.column_count = 1, .columns = &column};
	const LdbBatch *batch;
	size_t found = 0;
	LdbScan *scan;

	for (size_t f = 0; f < fragments; f++)
	{
		uint64_t rows = manifest(job)->fragments[f].physical_rows;

		changes[f].id = manifest(job)->fragments[f].id;
		changes[f].physical_rows = rows;
		changes[f].deleted = ldb_arena_zalloc(job->arena, rows / 8 + 1);
	}
	must(job, ldb_scan_open(job->dataset, &options, &scan, &job->err));
	for (;;)
	{
		must(job, ldb_scan_next(scan, &batch, &job->err));
		if (batch == NULL)
			break;
		for (size_t i = 0; i < batch->row_count; i++)
		{
			uint64_t address = batch->row_addresses[i];
			size_t f = (size_t) ldb_manifest_fragment_index(manifest(job), address >> 32);
			const uint64_t *stable;
			int64_t id;

			memcpy(&id, (const uint8_t *) batch->columns[0].values + i * 8, 8);
			if (id < low || id >= high)
				continue;
			ldb_bit_set((uint8_t *) changes[f].deleted, (uint32_t) address);
			changes[f].deleted_rows++;
			must(job, ldb_dataset_row_ids(job->dataset, f, job->arena, &stable, NULL, &job->err));
			row_ids[found] = stable[(uint32_t) address];
			ids[found++] = id;
		}
	}
	ldb_scan_close(scan);
	for (size_t f = 0; f < fragments; f++)
	{
		if (changes[f].deleted_rows > 0)
			changes[job->change.fragment_count++] = changes[f];
	}
	job->change.fragments = changes;
	return found;
}

static void
update(Job *job, int64_t low, int64_t high, int64_t add)
{
	size_t most = (size_t) (high - low);
	int64_t *ids = ldb_arena_alloc_array(job->arena, most, sizeof *ids);
	uint64_t *row_ids = ldb_arena_alloc_array(job->arena, most, sizeof *row_ids);
	size_t count = delete_ids(job, low, high, ids, row_ids);
	bool stable = (manifest(job)->reader_flags & LDB_FLAG_STABLE_ROW_IDS) != 0;

	if (count > 0)
		add_rows(job, &manifest(job)->schema, manifest(job)->data_version, ids, count, add,
				 stable ? row_ids : NULL);
}

static LdbField *
new_field(Job *job, const char *name, int32_t id, const char *type, bool nullable)
{
	LdbField *field = ldb_arena_zalloc(job->arena, sizeof *field);

	*field = (LdbField){
		.name = name, .logical_type = type, .id = id, .parent_id = -1, .nullable = nullable};
	must(job, ldb_type_parse(type, job->arena, &field->type, &job->err));
	return field;
}

/* The schema without the column `without`, with `renamed` under its new name and `added` at the end. */
static void
change_schema(Job *job, const char *without, const char *renamed, const char *new_name,
			  LdbField *added)
{
	const LdbSchema *old = &manifest(job)->schema;
	LdbSchema *schema = ldb_arena_zalloc(job->arena, sizeof *schema);

	schema->fields =
		ldb_arena_zalloc_array(job->arena, old->field_count + 1, sizeof *schema->fields);
	for (size_t i = 0; i < old->field_count; i++)
	{
		LdbField *field = ldb_arena_copy(job->arena, old->fields[i], sizeof *field);

		if (without != NULL && strcmp(field->name, without) == 0)
			continue;
		if (renamed != NULL && strcmp(field->name, renamed) == 0)
			field->name = new_name;
		schema->fields[schema->field_count++] = field;
	}
	if (added != NULL)
		schema->fields[schema->field_count++] = added;
	job->change.schema = schema;
}

/* A file more for each fragment: value 7 in every row. */
static void
add_column(Job *job, const char *name)
{
	LdbField *field = new_field(job, name, manifest(job)->max_field_id + 1, "int64", true);
	LdbSchema alone = {1, &field};
	size_t count = manifest(job)->fragment_count;
	LdbFragmentChange *changes = ldb_arena_zalloc_array(job->arena, count + 1, sizeof *changes);

	for (size_t f = 0; f < count; f++)
	{
		const LdbFragment *fragment = &manifest(job)->fragments[f];
		int64_t *zeros = ldb_arena_zalloc_array(job->arena, fragment->physical_rows, 8);
		LdbDataFile *files =
			ldb_arena_zalloc_array(job->arena, fragment->file_count + 1, sizeof *files);

		memcpy(files, fragment->files, fragment->file_count * sizeof *files);
		files[fragment->file_count] = *write_file(job, &alone, manifest(job)->data_version, zeros,
												  (size_t) fragment->physical_rows, 7);
		changes[f] = (LdbFragmentChange){
			.id = fragment->id, .file_count = fragment->file_count + 1, .files = files};
	}
	change_schema(job, NULL, NULL, NULL, field);
	job->change.fragments = changes;
	job->change.fragment_count = count;
	job->change.rewrites_columns = true;
}

static void
commit(Job *job)
{
	static const LdbProperty property = {"writer", "ldb_commit"};
	LdbCommitOptions options = {.property_count = 1, .properties = &property};
	LdbCommit *under_way;
	LdbStatus status;

	must(job,
		 ldb_commit_new(job->locations, job->uri, &job->change, &options, &under_way, &job->err));
	for (int attempt = 1;; attempt++)
	{
		must(job, ldb_commit_prepare(under_way, &job->err));
		status = ldb_commit_put(under_way, &job->err);
		if (status != LDB_CONFLICT)
			break;
		must(job, ldb_commit_pause(attempt, NULL, &job->err));
	}
	must(job, status);
	printf("%" PRIu64 "\n", ldb_commit_version(under_way));
	ldb_commit_free(under_way);
}

static int64_t
number(const char *text)
{
	return strtoll(text, NULL, 10);
}

static void
create(Job *job, char **arguments)
{
	LdbField *fields[3] = {new_field(job, "id", 0, "int64", false),
						   new_field(job, "value", 1, "int64", true),
						   new_field(job, "vec", 2, "fixed_size_list:float:8", true)};
	LdbSchema schema = {3, fields};
	LdbNewTable table = {&schema, arguments[0], strcmp(arguments[1], "stable") == 0};
	size_t count = (size_t) number(arguments[3]);

	job->change = (LdbChange){.create = &table};
	if (count > 0)
		add_rows(job, &schema, arguments[0], run_of_ids(job, number(arguments[2]), count), count, 0,
				 NULL);
	commit(job);
}

static void
run_on_rows(Job *job, const char *operation, char **arguments)
{
	int64_t low = number(arguments[0]), high = number(arguments[1]);

	begin(job);
	if (strcmp(operation, "append") == 0)
		add_rows(job, &manifest(job)->schema, manifest(job)->data_version,
				 run_of_ids(job, low, (size_t) high), (size_t) high, 0, NULL);
	else if (strcmp(operation, "delete") == 0)
		delete_ids(job, low, high, ldb_arena_alloc_array(job->arena, (size_t) (high - low), 8),
				   ldb_arena_alloc_array(job->arena, (size_t) (high - low), 8));
	else
		update(job, low, high, number(arguments[2]));
	commit(job);
}

static void
run_on_columns(Job *job, const char *operation, char **arguments)
{
	begin(job);
	if (strcmp(operation, "drop") == 0)
		change_schema(job, arguments[0], NULL, NULL, NULL);
	else if (strcmp(operation, "rename") == 0)
		change_schema(job, NULL, arguments[0], arguments[1], NULL);
	else if (strcmp(operation, "addnull") == 0)
		change_schema(job, NULL, NULL, NULL,
					  new_field(job, arguments[0], manifest(job)->max_field_id + 1, "int64", true));
	else
		add_column(job, arguments[0]);
	commit(job);
}

static void
run_on_versions(Job *job, const char *operation, char **arguments)
{
	LdbVersionChoice choice = {.version = (uint64_t) number(arguments[0])};
	LdbWithdrawal withdrawal;
	LdbDataset *old;
	uint64_t files;

	if (strcmp(operation, "withdraw") == 0)
	{
		must(job, ldb_version_withdraw(job->locations, job->uri, choice.version, NULL, &withdrawal,
									   &job->err));
		printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", withdrawal.new_version,
			   withdrawal.rows_removed, withdrawal.rows_lost);
	}
	else if (strcmp(operation, "tag") == 0)
		must(job, ldb_tag_create(job->locations, job->uri, arguments[1], choice.version, NULL,
								 &job->err));
	else if (strcmp(operation, "remove") == 0)
		must(job, ldb_dataset_remove(job->locations, job->uri, &files, NULL, &job->err));
	else
	{
		begin(job);
		must(job, ldb_dataset_open(job->locations, job->uri, &choice, NULL, &old, &job->err));
		job->change.restored = old;
		commit(job);
		ldb_dataset_close(old);
	}
}

static void
run(Job *job, const char *operation, char **arguments)
{
	static const struct
	{
		const char *name;
		void (*run)(Job *job, const char *operation, char **arguments);
	} operations[] = {
		{"append", run_on_rows},  {"delete", run_on_rows},      {"update", run_on_rows},
		{"drop", run_on_columns}, {"rename", run_on_columns},   {"addnull", run_on_columns},
		{"add", run_on_columns},  {"restore", run_on_versions}, {"withdraw", run_on_versions},
		{"tag", run_on_versions}, {"remove", run_on_versions},
	};

	if (strcmp(operation, "create") == 0)
	{
		create(job, arguments);
		return;
	}
	for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
	{
		if (strcmp(operation, operations[i].name) != 0)
			continue;
		operations[i].run(job, operation, arguments);
		return;
	}
	fprintf(stderr, "no operation \"%s\"\n", operation);
	exit(1);
}

int
main(int argument_count, char **arguments)
{
	static char nothing[] = "0";
	char *padded[16];
	Job job = {.arena = ldb_arena_new(0)};
	int next = 3;

	if (argument_count < 4 || argument_count > 12)
	{
		fprintf(stderr, "usage: ldb_commit FOLDER TABLE.lance [@BASE] OPERATION ...\n");
		return 1;
	}
	job.table = arguments[2];
	snprintf(job.uri, sizeof job.uri, "%s/%s", arguments[1], arguments[2]);
	must(&job, ldb_store_open_local(arguments[1], &job.store, &job.err));
	must(&job, ldb_locations_new(&job.locations, &job.err));
	must(&job, ldb_locations_add_store(job.locations, arguments[1], job.store, &job.err));
	if (arguments[next][0] == '@')
		job.base = (uint64_t) number(arguments[next++] + 1);
	for (int i = 0; i < 8; i++)
		padded[i] = next + 1 + i < argument_count ? arguments[next + 1 + i] : nothing;
	run(&job, arguments[next], padded);
	ldb_dataset_close(job.dataset);
	ldb_locations_free(job.locations);
	ldb_arena_free(job.arena);
	return 0;
}
