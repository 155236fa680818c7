/* memory_table.h -- for tests: a table in memory, put together file by file. */
#ifndef TABLE_MEMORY_TABLE_H
#define TABLE_MEMORY_TABLE_H

#include "ldb/store/location.h"
#include "ldb/table/dataset.h"
#include "table/table_test.h"

#define MEMORY_ROOT "memory:/db"
#define MEMORY_TABLE "memory:/db/t.lance"

typedef struct MemoryTable
{
	LdbLocations *locations;
	LdbStore *store; /* owned by the locations */
	LdbArena *arena;
	LdbDataset *dataset; /* the last one opened */
} MemoryTable;

static void
memory_open(MemoryTable *table)
{
	LdbError err;

	memset(table, 0, sizeof *table);
	table->arena = ldb_arena_new(0);
	must(ldb_store_open_memory(&table->store, &err), &err);
	must(ldb_locations_new(&table->locations, &err), &err);
	must(ldb_locations_add_store(table->locations, MEMORY_ROOT, table->store, &err), &err);
}

static void
memory_close(MemoryTable *table)
{
	ldb_dataset_close(table->dataset);
	ldb_locations_free(table->locations);
	ldb_arena_free(table->arena);
}

static void
memory_put(MemoryTable *table, const char *name, LdbSlice bytes)
{
	LdbError err;

	must(ldb_store_put(table->store, name, bytes, LDB_PUT_REPLACE, NULL, &err), &err);
}

static void
memory_put_text(MemoryTable *table, const char *name, const char *text)
{
	memory_put(table, name, ldb_slice_of(text));
}

/* The draft under the name of its version in the current scheme, below `root`. */
static void
memory_put_draft_below(MemoryTable *table, Draft *draft, const char *root)
{
	memory_put(table,
			   ldb_arena_printf(table->arena, "%s/_versions/%020" PRIu64 ".manifest", root,
								UINT64_MAX - draft->message.version),
			   draft_file(draft));
}

static void
memory_put_draft(MemoryTable *table, Draft *draft)
{
	memory_put_draft_below(table, draft, "t.lance");
}

static LdbStatus
memory_open_choice(MemoryTable *table, const LdbVersionChoice *choice, LdbError *err)
{
	memset(err, 0, sizeof *err);
	ldb_dataset_close(table->dataset);
	table->dataset = NULL;
	return ldb_dataset_open(table->locations, MEMORY_TABLE, choice, NULL, &table->dataset, err);
}

/* Puts the draft and opens it. */
static void
memory_open_draft(MemoryTable *table, Draft *draft)
{
	LdbError err;

	memory_put_draft(table, draft);
	must(memory_open_choice(table, NULL, &err), &err);
}

static uint64_t
memory_version(const MemoryTable *table)
{
	return ldb_dataset_manifest(table->dataset)->version;
}

#endif
