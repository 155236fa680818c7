/* draft_test.h -- for tests: drafts of a table of numbered rows, and what their views show. */
#ifndef TABLE_DRAFT_TEST_H
#define TABLE_DRAFT_TEST_H

#include "table/memory_table.h"

#include "ldb/base/bitmap.h"
#include "ldb/table/draft.h"

/* The table that drafts are made on: columns id (int32, as in table_test.h) and text (string). */
typedef struct Bench
{
	MemoryTable table;
	LdbSchema schema;
	LdbField fields[2];
	LdbField *list[2];
	const char *data_version;
	bool stable;
	Draft message; /* of the base version; bases are made of it by bench_publish */
	LdbDraft *draft;
} Bench;

static void
bench_open(Bench *bench, const char *data_version, bool stable)
{
	LdbStore *memory;
	LdbError err;

	memset(bench, 0, sizeof *bench);
	bench->table.arena = ldb_arena_new(0);
	must(ldb_store_open_memory(&memory, &err), &err);
	must(ldb_store_wrap_fault(memory, &bench->table.store, &err), &err);
	must(ldb_locations_new(&bench->table.locations, &err), &err);
	must(ldb_locations_add_store(bench->table.locations, MEMORY_ROOT, bench->table.store, &err),
		 &err);
	draft_open(&bench->message);
	draft_field(&bench->message, "text", 1, -1, "string");
	bench->fields[0] = (LdbField){.name = "id",
								  .logical_type = "int32",
								  .type = {.kind = LDB_TYPE_INT32},
								  .parent_id = -1,
								  .nullable = true};
	bench->fields[1] = (LdbField){.name = "text",
								  .logical_type = "string",
								  .type = {.kind = LDB_TYPE_STRING},
								  .id = 1,
								  .parent_id = -1,
								  .nullable = true};
	bench->list[0] = &bench->fields[0];
	bench->list[1] = &bench->fields[1];
	bench->schema = (LdbSchema){2, bench->list};
	bench->data_version = data_version;
	bench->stable = stable;
}

static void
bench_close(Bench *bench)
{
	ldb_draft_free(bench->draft);
	draft_close(&bench->message);
	memory_close(&bench->table);
}

static void
bench_new_table(Bench *bench, const LdbDraftOptions *options)
{
	LdbNewTable table = {&bench->schema, bench->data_version, bench->stable};
	LdbError err;

	ldb_draft_free(bench->draft);
	bench->draft = NULL;
	must(ldb_draft_new_table(bench->table.locations, MEMORY_TABLE, &table, options, &bench->draft,
							 &err),
		 &err);
}

static void
bench_on_base(Bench *bench, const LdbDraftOptions *options)
{
	LdbError err;

	ldb_draft_free(bench->draft);
	bench->draft = NULL;
	must(ldb_draft_new(bench->table.dataset, bench->table.locations, options, &bench->draft, &err),
		 &err);
}

/* What row `id` holds: long texts now and then, and NULL. */
static const char *
text_of(uint32_t id, char *room)
{
	if (id % 7 == 3)
		return NULL;
	snprintf(room, 64, "row number %" PRIu32 "%s", id,
			 id % 5 == 0 ? " of many that are there" : "");
	return room;
}

static LdbStatus
fill_row(LdbBuilder **builders, uint32_t id, LdbError *err)
{
	int32_t value = (int32_t) id;
	char room[64];
	const char *text = text_of(id, room);

	LDB_TRY(ldb_builder_fixed(builders[0], &value, err));
	if (text == NULL)
		return ldb_builder_null(builders[1], err);
	return ldb_builder_bytes_value(builders[1], ldb_slice_of(text), err);
}

static LdbStatus
try_row(LdbDraft *draft, uint32_t id, LdbMark mark, uint64_t replaced, uint64_t *number,
		LdbError *err)
{
	LdbBuilder **builders;

	LDB_TRY(ldb_draft_row(draft, &builders, err));
	LDB_TRY(fill_row(builders, id, err));
	return ldb_draft_row_done(draft, mark, replaced, number, err);
}

static uint64_t
add_row(Bench *bench, uint32_t id, LdbMark mark)
{
	uint64_t number;
	LdbError err;

	must(try_row(bench->draft, id, mark, UINT64_MAX, &number, &err), &err);
	return number;
}

static LdbStatus
fill_arrays(const Bench *bench, uint32_t first, size_t count, LdbBuilder **builders,
			LdbArray *arrays, LdbArena *arena, LdbError *err)
{
	for (size_t i = 0; i < 2; i++)
		LDB_TRY(ldb_builder_new(&bench->fields[i], &builders[i], err));
	for (size_t i = 0; i < count; i++)
		LDB_TRY(fill_row(builders, first + (uint32_t) i, err));
	for (size_t i = 0; i < 2; i++)
		LDB_TRY(ldb_builder_array(builders[i], arena, &arrays[i], err));
	return LDB_OK;
}

/* Rows first, first + 1, ... in one call. */
static LdbStatus
try_append(Bench *bench, uint32_t first, size_t count, LdbMark mark, LdbError *err)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbBuilder *builders[2] = {NULL, NULL};
	LdbArray arrays[2];
	LdbStatus status = LDB_NOMEM;

	if (arena != NULL)
		status = fill_arrays(bench, first, count, builders, arrays, arena, err);
	if (status == LDB_OK)
		status = ldb_draft_append(bench->draft, arrays, count, mark, err);
	for (size_t i = 0; i < 2; i++)
		ldb_builder_free(builders[i]);
	ldb_arena_free(arena);
	return status;
}

/* Rows of a dataset, read by a scan. */
typedef struct Seen
{
	size_t count;
	uint32_t *ids;
	uint64_t *addresses;
} Seen;

static void
seen_free(Seen *seen)
{
	free(seen->ids);
	free(seen->addresses);
}

static void
check_text(const LdbArray *texts, size_t row, uint32_t id)
{
	char room[64];
	const char *text = text_of(id, room);

	assert_int_equal(ldb_array_is_null(texts, row), text == NULL);
	if (text != NULL)
		assert_true(ldb_slice_equal(texts->views[row], ldb_slice_of(text)));
}

/* Columns 0 and 1 are id and text as text_of says. */
static Seen
read_dataset(LdbDataset *dataset)
{
	static const size_t columns[] = {0, 1};
	LdbScanOptions options = {.column_count = 2, .columns = columns};
	size_t rows = (size_t) ldb_dataset_manifest(dataset)->live_rows;
	Seen seen = {0, calloc(rows + 1, sizeof(uint32_t)), calloc(rows + 1, sizeof(uint64_t))};
	const LdbBatch *batch;
	LdbScan *scan;
	LdbError err;

	must(ldb_scan_open(dataset, &options, &scan, &err), &err);
	for (must(ldb_scan_next(scan, &batch, &err), &err); batch != NULL;
		 must(ldb_scan_next(scan, &batch, &err), &err))
	{
		for (size_t i = 0; i < batch->row_count; i++, seen.count++)
		{
			assert_true(seen.count < rows);
			assert_false(ldb_array_is_null(&batch->columns[0], i));
			memcpy(&seen.ids[seen.count], (const uint8_t *) batch->columns[0].values + i * 4, 4);
			seen.addresses[seen.count] = batch->row_addresses[i];
			check_text(&batch->columns[1], i, seen.ids[seen.count]);
		}
	}
	assert_int_equal(seen.count, rows);
	ldb_scan_close(scan);
	return seen;
}

static Seen
read_view(Bench *bench, uint32_t before)
{
	LdbDataset *view;
	LdbError err;
	Seen seen;

	must(ldb_draft_view(bench->draft, before, &view, &err), &err);
	seen = read_dataset(view);
	ldb_dataset_close(view);
	return seen;
}

static size_t
count_data_files(const Bench *bench)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbObjectInfo *objects;
	LdbError err;
	size_t count;

	must(ldb_store_list(bench->table.store, "t.lance/data/", false, arena, &objects, &count, NULL,
						&err),
		 &err);
	ldb_arena_free(arena);
	return count;
}

static void
publish_fragment(Bench *bench, const LdbNewFragment *added)
{
	Draft *message = &bench->message;
	Ldb__DataFragment *fragment =
		draft_fragment(message, message->message.n_fragments, added->physical_rows);
	const LdbDataFile *file = &added->files[0];
	Ldb__DataFile *named = fragment->files[0];

	assert_int_equal(added->file_count, 1);
	assert_null(added->deleted);
	named->path = ldb_arena_strdup(message->arena, file->path);
	named->n_fields = named->n_column_indices = file->field_count;
	named->fields = ldb_arena_copy(message->arena, file->field_ids, file->field_count * 4);
	named->column_indices =
		ldb_arena_copy(message->arena, file->column_indices, file->field_count * 4);
	named->file_major_version = file->major;
	named->file_minor_version = file->minor;
	named->has_file_size_bytes = true;
	named->file_size_bytes = file->size_bytes;
}

static void
give_row_ids(Bench *bench)
{
	uint64_t next = 1000;

	for (size_t i = 0; i < bench->message.message.n_fragments; i++)
	{
		Ldb__DataFragment *fragment = bench->message.fragments[i];
		Ldb__U64Segment__Range range = LDB__U64_SEGMENT__RANGE__INIT;
		Ldb__U64Segment segment = LDB__U64_SEGMENT__INIT;
		Ldb__U64Segment *segments[] = {&segment};
		Ldb__RowIdSequence sequence = LDB__ROW_ID_SEQUENCE__INIT;

		range.has_start = range.has_end = true;
		range.start = next;
		range.end = next += fragment->physical_rows;
		segment.kind_case = LDB__U64_SEGMENT__KIND_RANGE;
		segment.range = &range;
		sequence.n_segments = 1;
		sequence.segments = segments;
		fragment->row_ids_case = LDB__DATA_FRAGMENT__ROW_IDS_INLINE_ROW_IDS;
		fragment->inline_row_ids.len = ldb__row_id_sequence__get_packed_size(&sequence);
		fragment->inline_row_ids.data =
			ldb_arena_alloc(bench->message.arena, fragment->inline_row_ids.len);
		ldb__row_id_sequence__pack(&sequence, fragment->inline_row_ids.data);
	}
	bench->message.message.has_next_row_id = true;
	bench->message.message.next_row_id = next;
	draft_flags(&bench->message, LDB_FLAG_STABLE_ROW_IDS);
}

/* A first version with rows 0 .. count - 1, `fragment_rows` in each fragment. */
static void
bench_publish(Bench *bench, uint32_t count, uint64_t fragment_rows)
{
	LdbDraftOptions options = {.fragment_rows = fragment_rows};
	LdbChange change;
	LdbError err;

	bench_new_table(bench, &options);
	for (uint32_t id = 0; id < count; id++)
		add_row(bench, id, (LdbMark){1, 1});
	must(ldb_draft_change(bench->draft, UINT32_MAX, bench->table.arena, &change, &err), &err);
	assert_non_null(change.create);
	for (size_t i = 0; i < change.new_count; i++)
		publish_fragment(bench, &change.new_fragments[i]);
	bench->message.format.version = (char *) bench->data_version;
	if (bench->stable)
		give_row_ids(bench);
	memory_open_draft(&bench->table, &bench->message);
}

#endif
