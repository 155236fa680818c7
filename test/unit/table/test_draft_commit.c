/*
 * test_draft_commit.c -- transaction after transaction of random changes: what a view showed is what
 * the next version has, rows, columns and old versions alike.
 */
#include "table/memory_table.h"

#include "ldb/base/bitmap.h"
#include "ldb/table/commit.h"
#include "ldb/table/draft.h"

#define MOST_ROWS 600
#define MOST_COLUMNS 10
#define MOST_LEVELS 6
#define MOST_VERSIONS 60
#define ABSENT INT64_MIN

/* Columns hold numbers, as numbers or as their digits. */
typedef struct Column
{
	char name[24];
	bool is_text;
	bool nullable;
} Column;

typedef struct Content
{
	size_t row_count;
	size_t column_count;
	Column columns[MOST_COLUMNS];
	int64_t cells[MOST_ROWS][MOST_COLUMNS];
	uint64_t addresses[MOST_ROWS];
} Content;

typedef struct World
{
	MemoryTable table;
	const char *data_version;
	bool stable;
	LdbDraftOptions options;
	LdbDraft *draft;
	LdbDataset *base;     /* NULL before the first commit */
	LdbDataset *restored; /* NULL = none */
	Content *now;
	Content *before; /* as of the current command */
	Content *savepoints[MOST_LEVELS + 1];
	uint32_t commands[MOST_LEVELS + 1]; /* in which savepoints began */
	Content *versions[MOST_VERSIONS];
	uint64_t version;
	LdbMark mark;
	int64_t next_value;
	int next_name;
	uint64_t random;
} World;

static uint64_t
below(World *world, uint64_t limit)
{
	world->random = world->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (world->random >> 33) % limit;
}

static Content *
copy_content(const Content *content)
{
	Content *copy = malloc(sizeof *copy);

	memcpy(copy, content, sizeof *copy);
	return copy;
}

static LdbField
make_field(const Column *column)
{
	LdbField field = {.name = column->name,
					  .logical_type = column->is_text ? "string" : "int64",
					  .type = {.kind = column->is_text ? LDB_TYPE_STRING : LDB_TYPE_INT64},
					  .parent_id = -1,
					  .nullable = column->nullable};

	return field;
}

static void
name_column(World *world, Column *column)
{
	snprintf(column->name, sizeof column->name, "c%d", world->next_name++);
}

/* ---- comparing ---- */

static int64_t
cell_of(const Column *column, const LdbArray *array, size_t row)
{
	char digits[32] = "";
	int64_t value;

	if (ldb_array_is_null(array, row))
		return ABSENT;
	if (!column->is_text)
	{
		memcpy(&value, (const uint8_t *) array->values + row * 8, 8);
		return value;
	}
	assert_true(array->views[row].length < sizeof digits);
	if (array->views[row].length > 0)
		memcpy(digits, array->views[row].data, array->views[row].length);
	return strtoll(digits, NULL, 10);
}

static void
check_columns(const Content *content, const LdbManifest *manifest)
{
	assert_int_equal(manifest->schema.field_count, content->column_count);
	for (size_t i = 0; i < content->column_count; i++)
	{
		const LdbField *field = manifest->schema.fields[i];

		assert_string_equal(field->name, content->columns[i].name);
		assert_int_equal(field->type.kind,
						 content->columns[i].is_text ? LDB_TYPE_STRING : LDB_TYPE_INT64);
		assert_int_equal(field->nullable, content->columns[i].nullable);
		assert_true(field->id <= INT32_MAX / 2);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(field->id, manifest->schema.fields[j]->id);
	}
}

/* Rows have the addresses that views gave them before, unless `addresses` is there to learn. */
static void
check_dataset(Content *content, LdbDataset *dataset, bool learn)
{
	size_t columns[MOST_COLUMNS];
	LdbScanOptions options = {.columns = columns, .column_count = content->column_count};
	const LdbBatch *batch;
	size_t seen = 0;
	LdbScan *scan;
	LdbError err;

	check_columns(content, ldb_dataset_manifest(dataset));
	for (size_t i = 0; i < MOST_COLUMNS; i++)
		columns[i] = i;
	must(ldb_scan_open(dataset, &options, &scan, &err), &err);
	for (must(ldb_scan_next(scan, &batch, &err), &err); batch != NULL;
		 must(ldb_scan_next(scan, &batch, &err), &err))
	{
		for (size_t row = 0; row < batch->row_count; row++, seen++)
		{
			assert_true(seen < content->row_count);
			for (size_t i = 0; i < content->column_count; i++)
				assert_int_equal(cell_of(&content->columns[i], &batch->columns[i], row),
								 content->cells[seen][i]);
			if (learn)
				content->addresses[seen] = batch->row_addresses[row];
		}
	}
	assert_int_equal(seen, content->row_count);
	ldb_scan_close(scan);
}

static void
check_view(World *world, uint32_t before, Content *content)
{
	LdbDataset *view;
	LdbError err;

	must(ldb_draft_view(world->draft, before, &view, &err), &err);
	check_dataset(content, view, true);
	ldb_dataset_close(view);
}

/* ---- rows ---- */

static void
insert(World *world)
{
	Content *now = world->now;
	size_t count = 1 + below(world, 12);
	LdbBuilder **builders;
	LdbError err;

	for (size_t n = 0; n < count && now->row_count < MOST_ROWS; n++)
	{
		must(ldb_draft_row(world->draft, &builders, &err), &err);
		for (size_t i = 0; i < now->column_count; i++)
		{
			int64_t *cell = &now->cells[now->row_count][i];
			char digits[32];

			*cell = world->next_value++;
			if (now->columns[i].nullable && below(world, 5) == 0)
				*cell = ABSENT;
			snprintf(digits, sizeof digits, "%" PRId64, *cell);
			if (*cell == ABSENT)
				must(ldb_builder_null(builders[i], &err), &err);
			else if (now->columns[i].is_text)
				must(ldb_builder_bytes_value(builders[i], ldb_slice_of(digits), &err), &err);
			else
				must(ldb_builder_fixed(builders[i], cell, &err), &err);
		}
		must(ldb_draft_row_done(world->draft, world->mark, UINT64_MAX, NULL, &err), &err);
		now->row_count++;
	}
}

static void
delete_some(World *world)
{
	Content *now = world->now;
	size_t kept = 0;
	uint64_t addresses[MOST_ROWS];
	bool done[MOST_ROWS];
	size_t count = 0;
	uint64_t one_in = 1 + below(world, 10);
	LdbError err;

	check_view(world, UINT32_MAX, now);
	for (size_t i = 0; i < now->row_count; i++)
	{
		if (below(world, one_in) == 0)
		{
			addresses[count++] = now->addresses[i];
			continue;
		}
		memmove(now->cells[kept], now->cells[i], sizeof now->cells[i]);
		now->addresses[kept++] = now->addresses[i];
	}
	now->row_count = kept;
	must(ldb_draft_delete(world->draft, addresses, count, world->mark, done, &err), &err);
	for (size_t i = 0; i < count; i++)
		assert_true(done[i]);
}

/* ---- columns ---- */

static void
add_column(World *world)
{
	Content *now = world->now;
	Column *column = &now->columns[now->column_count];
	LdbField field;
	LdbError err;

	if (now->column_count == MOST_COLUMNS)
		return;
	*column = (Column){.is_text = below(world, 2) == 0, .nullable = true};
	name_column(world, column);
	field = make_field(column);
	must(ldb_draft_add_column(world->draft, &field, world->mark, &err), &err);
	for (size_t i = 0; i < now->row_count; i++)
		now->cells[i][now->column_count] = ABSENT;
	now->column_count++;
}

static void
answer(const Column *column, const int64_t *values, size_t count, LdbColumnRewrite *rewrite)
{
	LdbField field = make_field(column);
	LdbArena *arena = ldb_arena_new(0);
	LdbBuilder *builder;
	LdbArray array;
	LdbError err;

	must(ldb_builder_new(&field, &builder, &err), &err);
	for (size_t i = 0; i < count; i++)
	{
		char digits[32];

		snprintf(digits, sizeof digits, "%" PRId64, values[i]);
		if (values[i] == ABSENT)
			must(ldb_builder_null(builder, &err), &err);
		else if (column->is_text)
			must(ldb_builder_bytes_value(builder, ldb_slice_of(digits), &err), &err);
		else
			must(ldb_builder_fixed(builder, &values[i], &err), &err);
	}
	must(ldb_builder_array(builder, arena, &array, &err), &err);
	must(ldb_column_rewrite_append(rewrite, &array, &err), &err);
	ldb_builder_free(builder);
	ldb_arena_free(arena);
}

/* The new values are those of column `source`, or new ones; `target` is where they go. */
static void
rewrite_column(World *world, const Column *column, const char *replaces, size_t source,
			   size_t target)
{
	Content *now = world->now;
	LdbField field = make_field(column);
	bool has_source = source < now->column_count;
	bool abandons = below(world, 6) == 0;
	LdbColumnRewrite *rewrite;
	const LdbBatch *batch;
	size_t seen = 0;
	LdbError err;

	must(ldb_column_rewrite_open(world->draft, &field, replaces, &source, has_source, &rewrite,
								 &err),
		 &err);
	for (must(ldb_column_rewrite_next(rewrite, &batch, &err), &err); batch != NULL;
		 must(ldb_column_rewrite_next(rewrite, &batch, &err), &err))
	{
		int64_t values[MOST_ROWS];

		for (size_t i = 0; i < batch->row_count; i++)
		{
			values[i] = has_source ? cell_of(&now->columns[source], &batch->columns[0], i)
								   : world->next_value++;
			if (has_source)
				assert_int_equal(values[i], now->cells[seen + i][source]);
		}
		answer(column, values, batch->row_count, rewrite);
		for (size_t i = 0; i < batch->row_count && !abandons; i++)
			now->cells[seen + i][target] = values[i];
		seen += batch->row_count;
	}
	assert_int_equal(seen, now->row_count);
	if (abandons)
	{
		ldb_column_rewrite_abandon(rewrite);
		return;
	}
	must(ldb_column_rewrite_finish(rewrite, world->mark, &err), &err);
	now->columns[target] = *column;
	if (target == now->column_count)
		now->column_count++;
}

static void
add_filled_column(World *world)
{
	Column column = {.is_text = below(world, 2) == 0, .nullable = below(world, 2) == 0};

	if (world->now->column_count == MOST_COLUMNS)
		return;
	name_column(world, &column);
	rewrite_column(world, &column, NULL, SIZE_MAX, world->now->column_count);
}

static void
retype_column(World *world)
{
	size_t column = below(world, world->now->column_count);
	Column changed = world->now->columns[column];

	changed.is_text = !changed.is_text;
	rewrite_column(world, &changed, world->now->columns[column].name, column, column);
}

static void
drop_column(World *world)
{
	Content *now = world->now;
	size_t column = below(world, now->column_count);
	LdbError err;

	if (now->column_count == 1)
		return;
	must(ldb_draft_drop_column(world->draft, now->columns[column].name, world->mark, &err), &err);
	now->column_count--;
	for (size_t i = column; i < now->column_count; i++)
	{
		now->columns[i] = now->columns[i + 1];
		for (size_t row = 0; row < now->row_count; row++)
			now->cells[row][i] = now->cells[row][i + 1];
	}
}

static void
rename_column(World *world)
{
	Column *column = &world->now->columns[below(world, world->now->column_count)];
	Column renamed = *column;
	LdbError err;

	name_column(world, &renamed);
	must(ldb_draft_rename_column(world->draft, column->name, renamed.name, world->mark, &err),
		 &err);
	*column = renamed;
}

/* ---- all rows ---- */

static void
truncate_rows(World *world)
{
	LdbError err;

	must(ldb_draft_truncate(world->draft, world->mark, &err), &err);
	world->now->row_count = 0;
}

static void
restore(World *world)
{
	LdbVersionChoice choice;
	LdbError err;

	if (world->restored != NULL || world->version == 0)
		return;
	choice = (LdbVersionChoice){.version = 1 + below(world, world->version)};
	must(ldb_dataset_open(world->table.locations, MEMORY_TABLE, &choice, NULL, &world->restored,
						  &err),
		 &err);
	must(ldb_draft_restore(world->draft, world->restored, world->mark, &err), &err);
	memcpy(world->now, world->versions[choice.version], sizeof *world->now);
}

/* ---- transactions ---- */

static void
next_command(World *world)
{
	world->mark.command++;
	memcpy(world->before, world->now, sizeof *world->now);
}

static void
begin_savepoint(World *world)
{
	if (world->mark.level == MOST_LEVELS)
		return;
	world->commands[world->mark.level] = world->mark.command;
	world->savepoints[world->mark.level++] = copy_content(world->now);
}

static void
roll_back(World *world)
{
	if (world->mark.level == 1)
		return;
	ldb_draft_roll_back(world->draft, world->mark.level);
	free(world->now);
	world->now = world->savepoints[--world->mark.level];
	next_command(world);
}

static void
release(World *world)
{
	if (world->mark.level == 1)
		return;
	ldb_draft_release(world->draft, world->mark.level);
	free(world->savepoints[--world->mark.level]);
}

static void
begin(World *world)
{
	Column *id = &world->now->columns[0];
	LdbField field;
	LdbField *list[] = {&field};
	LdbSchema schema = {1, list};
	LdbNewTable table = {&schema, world->data_version, world->stable};
	LdbError err;

	world->mark = (LdbMark){1, 1};
	if (world->base != NULL)
	{
		must(ldb_draft_new(world->base, world->table.locations, &world->options, &world->draft,
						   &err),
			 &err);
		return;
	}
	*id = (Column){"id", false, true};
	world->now->column_count = 1;
	world->now->row_count = 0;
	field = make_field(id);
	must(ldb_draft_new_table(world->table.locations, MEMORY_TABLE, &table, &world->options,
							 &world->draft, &err),
		 &err);
	memcpy(world->before, world->now, sizeof *world->now);
}

static void
end(World *world)
{
	ldb_draft_free(world->draft);
	world->draft = NULL;
	ldb_dataset_close(world->restored);
	world->restored = NULL;
	ldb_dataset_close(world->base);
	world->base = NULL;
	if (world->version > 0)
	{
		must(ldb_dataset_open(world->table.locations, MEMORY_TABLE, NULL, NULL, &world->base,
							  &(LdbError){0}),
			 &(LdbError){0});
		assert_int_equal(ldb_dataset_manifest(world->base)->version, world->version);
	}
}

/* Names of data files that some version needs. */
static size_t
count_named_files(World *world)
{
	char *names[4096];
	size_t count = 0;
	LdbError err;

	for (uint64_t version = 1; version <= world->version; version++)
	{
		LdbVersionChoice choice = {.version = version};
		const LdbManifest *manifest;
		LdbDataset *dataset;

		must(ldb_dataset_open(world->table.locations, MEMORY_TABLE, &choice, NULL, &dataset, &err),
			 &err);
		manifest = ldb_dataset_manifest(dataset);
		for (size_t i = 0; i < manifest->fragment_count; i++)
		{
			for (size_t j = 0; j < manifest->fragments[i].file_count; j++)
			{
				const char *path = manifest->fragments[i].files[j].path;
				bool known = false;

				for (size_t k = 0; k < count && !known; k++)
					known = strcmp(names[k], path) == 0;
				if (!known)
					names[count++] = strdup(path);
				assert_true(count < 4096);
			}
		}
		ldb_dataset_close(dataset);
	}
	for (size_t k = 0; k < count; k++)
		free(names[k]);
	return count;
}

static void
check_files(World *world)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbObjectInfo *objects;
	size_t count;
	LdbError err;

	must(ldb_store_list(world->table.store, "t.lance/data/", false, arena, &objects, &count, NULL,
						&err),
		 &err);
	assert_int_equal(count, count_named_files(world));
	ldb_arena_free(arena);
}

static void
commit(World *world)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbCommit *prepared;
	LdbChange change;
	LdbError err;

	while (world->mark.level > 1)
		release(world);
	check_view(world, UINT32_MAX, world->now);
	if (!ldb_draft_is_empty(world->draft))
	{
		must(ldb_draft_change(world->draft, UINT32_MAX, arena, &change, &err), &err);
		must(ldb_commit_new(world->table.locations, MEMORY_TABLE, &change, &(LdbCommitOptions){0},
							&prepared, &err),
			 &err);
		must(ldb_commit_prepare(prepared, &err), &err);
		must(ldb_commit_put(prepared, &err), &err);
		assert_int_equal(ldb_commit_version(prepared), ++world->version);
		ldb_commit_free(prepared);
		world->versions[world->version] = copy_content(world->now);
	}
	else
		assert_int_equal(ldb_draft_discard(world->draft), 0);
	end(world);
	check_dataset(world->now, world->base, true);
	check_files(world);
	ldb_arena_free(arena);
}

static void
abandon(World *world)
{
	while (world->mark.level > 1)
		release(world);
	assert_int_equal(ldb_draft_discard(world->draft), 0);
	end(world);
	if (world->version > 0)
		memcpy(world->now, world->versions[world->version], sizeof *world->now);
	check_files(world);
}

static void
step(World *world)
{
	uint64_t kind = below(world, 100);

	if (kind < 22)
		insert(world);
	else if (kind < 36)
		delete_some(world);
	else if (kind < 40)
		add_column(world);
	else if (kind < 44)
		add_filled_column(world);
	else if (kind < 48)
		retype_column(world);
	else if (kind < 51)
		drop_column(world);
	else if (kind < 54)
		rename_column(world);
	else if (kind < 56)
		truncate_rows(world);
	else if (kind < 58)
		restore(world);
	else if (kind < 66)
		begin_savepoint(world);
	else if (kind < 70)
		roll_back(world);
	else if (kind < 74)
		release(world);
	else if (kind < 84)
		next_command(world);
	else if (kind < 92)
		check_view(world, UINT32_MAX, world->now);
	else
		check_view(world, world->mark.command, world->before);
}

static void
run_world(const char *data_version, bool stable, uint64_t seed)
{
	World world = {.data_version = data_version, .stable = stable, .random = seed};

	memory_open(&world.table);
	world.now = calloc(1, sizeof *world.now);
	world.before = calloc(1, sizeof *world.before);
	world.options.fragment_rows = seed % 2 == 0 ? 16 : 0;
	world.options.memory_bytes = seed % 3 == 0 ? 3000 : 0;
	for (int i = 0; i < 40; i++)
	{
		size_t steps = below(&world, 40);

		begin(&world);
		memcpy(world.before, world.now, sizeof *world.now);
		for (size_t n = 0; n < steps; n++)
			step(&world);
		if (below(&world, 4) == 0)
			abandon(&world);
		else
			commit(&world);
	}
	for (uint64_t version = 1; version <= world.version; version++)
		free(world.versions[version]);
	ldb_dataset_close(world.base);
	free(world.now);
	free(world.before);
	memory_close(&world.table);
}

static void
transactions_on_a_table_of_version_20(void **state)
{
	(void) state;
	run_world("2.0", false, 1);
	run_world("2.0", true, 6);
}

static void
transactions_on_a_table_of_version_21(void **state)
{
	(void) state;
	for (uint64_t seed = 1; seed <= 6; seed++)
		run_world("2.1", seed % 2 == 1, seed * 7);
}

static void
transactions_on_a_table_of_version_22(void **state)
{
	(void) state;
	run_world("2.2", false, 2);
	run_world("2.2", true, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transactions_on_a_table_of_version_20),
		cmocka_unit_test(transactions_on_a_table_of_version_21),
		cmocka_unit_test(transactions_on_a_table_of_version_22),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
