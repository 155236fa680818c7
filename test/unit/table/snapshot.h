/*
 * snapshot.h -- for tests: a golden dataset opened at a version, tag or branch of its JSON.
 *
 * Datasets lie below the folder that their manifests name, whatever is there on this machine: the
 * locations map it to test/data, or to a copy in memory.
 */
#ifndef TABLE_SNAPSHOT_H
#define TABLE_SNAPSHOT_H

#pragma GCC diagnostic ignored "-Wunused-function"

#include "format/golden.h"
#include "ldb/store/location.h"
#include "ldb/table/dataset.h"
#include "ldb/table/scan.h"

#define SNAPSHOT_ROOT "/tmp/lancedb-golden"

typedef struct Snapshot
{
	LdbLocations *locations;
	LdbStore *store; /* owned by the locations */
	LdbDataset *dataset;
	json_t *json;
	json_t *schema;
	json_t *rows;
	char uri[256];
	const char *tag;
	const char *branch;
	uint64_t version;
} Snapshot;

static LdbStore *
snapshot_local_store(void)
{
	LdbStore *store;
	LdbError err;

	golden_ok(ldb_store_open_local(GOLDEN_FOLDER, &store, &err), &err);
	return store;
}

static void
snapshot_copy(LdbStore *from, const char *prefix, LdbStore *to)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbObjectInfo *objects;
	LdbError err;
	size_t count;

	golden_ok(ldb_store_list(from, prefix, false, arena, &objects, &count, NULL, &err), &err);
	assert_true(count > 0);
	for (size_t i = 0; i < count; i++)
	{
		LdbRange all = {0, UINT64_MAX};
		LdbSlice bytes;

		golden_ok(ldb_store_get(from, objects[i].name, all, arena, &bytes, NULL, NULL, &err), &err);
		golden_ok(ldb_store_put(to, objects[i].name, bytes, LDB_PUT_REPLACE, NULL, &err), &err);
	}
	ldb_arena_free(arena);
}

/* The dataset, and the one that it is a clone of. */
static LdbStore *
snapshot_memory_store(const char *name)
{
	LdbStore *local = snapshot_local_store();
	LdbStore *store;
	LdbError err;
	char prefix[256];

	golden_ok(ldb_store_open_memory(&store, &err), &err);
	snprintf(prefix, sizeof prefix, "%s.lance/", name);
	snapshot_copy(local, prefix, store);
	if (strcmp(name, "refs_clone") == 0)
		snapshot_copy(local, "refs.lance/", store);
	ldb_store_close(local);
	return store;
}

/* Reads the JSON and puts the store in place; nothing is opened yet. */
static void
snapshot_prepare(Snapshot *snapshot, const char *name, size_t index, LdbStore *store)
{
	char path[256];
	json_error_t problem;
	json_t *chosen;
	LdbError err;

	memset(snapshot, 0, sizeof *snapshot);
	snprintf(path, sizeof path, GOLDEN_FOLDER "/%s.json", name);
	snapshot->json = json_load_file(path, JSON_ALLOW_NUL, &problem);
	if (snapshot->json == NULL)
		fail_msg("%s: %s", path, problem.text);
	chosen = json_array_get(json_object_get(snapshot->json, "snapshots"), index);
	snapshot->schema = json_object_get(chosen, "schema");
	snapshot->rows = json_object_get(chosen, "rows");
	snapshot->tag = json_string_value(json_object_get(chosen, "tag"));
	snapshot->branch = json_string_value(json_object_get(chosen, "branch"));
	snapshot->version = (uint64_t) json_integer_value(json_object_get(chosen, "version"));
	snprintf(snapshot->uri, sizeof snapshot->uri, SNAPSHOT_ROOT "/%s.lance", name);
	snapshot->store = store;
	golden_ok(ldb_locations_new(&snapshot->locations, &err), &err);
	golden_ok(ldb_locations_add_store(snapshot->locations, SNAPSHOT_ROOT, store, &err), &err);
}

static LdbStatus
snapshot_open_dataset(Snapshot *snapshot, LdbError *err)
{
	LdbVersionChoice choice = {.branch = snapshot->branch, .tag = snapshot->tag};

	if (snapshot->tag == NULL)
		choice.version = snapshot->version;
	return ldb_dataset_open(snapshot->locations, snapshot->uri, &choice, NULL, &snapshot->dataset,
							err);
}

static void
snapshot_open(Snapshot *snapshot, const char *name, size_t index, bool mapped)
{
	LdbError err;

	snapshot_prepare(snapshot, name, index,
					 mapped ? snapshot_local_store() : snapshot_memory_store(name));
	golden_ok(snapshot_open_dataset(snapshot, &err), &err);
}

static void
snapshot_close(Snapshot *snapshot)
{
	ldb_dataset_close(snapshot->dataset);
	ldb_locations_free(snapshot->locations);
	json_decref(snapshot->json);
}

static size_t
snapshot_count(const char *name)
{
	char path[256];
	json_error_t problem;
	json_t *json;
	size_t count;

	snprintf(path, sizeof path, GOLDEN_FOLDER "/%s.json", name);
	json = json_load_file(path, JSON_ALLOW_NUL, &problem);
	assert_non_null(json);
	count = json_array_size(json_object_get(json, "snapshots"));
	json_decref(json);
	return count;
}

static const LdbSchema *
snapshot_schema(const Snapshot *snapshot)
{
	return &ldb_dataset_manifest(snapshot->dataset)->schema;
}

/* All columns, in order; to be freed. */
static size_t *
snapshot_columns(const Snapshot *snapshot)
{
	size_t count = snapshot_schema(snapshot)->field_count;
	size_t *columns = calloc(count + 1, sizeof *columns);

	for (size_t i = 0; i < count; i++)
		columns[i] = i;
	return columns;
}

/* Row `row` of a column of a batch is row `expected` of the JSON. */
static void
snapshot_check_value(const Snapshot *snapshot, size_t column, const LdbArray *array, size_t row,
					 size_t expected)
{
	json_t *value = json_array_get(json_array_get(snapshot->rows, expected), column);
	const LdbField *field = snapshot_schema(snapshot)->fields[column];
	char *text;

	if (golden_equal(value, field, array, row))
		return;
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	fail_msg("%s version %" PRIu64 ": column \"%s\" row %zu is not %.300s", snapshot->uri,
			 snapshot->version, field->name, expected, text);
}

static void
snapshot_check_row(const Snapshot *snapshot, const LdbBatch *batch, const size_t *columns,
				   size_t row, size_t expected)
{
	for (size_t i = 0; i < batch->column_count; i++)
		snapshot_check_value(snapshot, columns[i], &batch->columns[i], row, expected);
}

#endif
