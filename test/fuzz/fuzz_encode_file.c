/*
 * fuzz_encode_file.c -- input: a type, and how rows of it are made; a file of them must give them back.
 *
 * Rows come from a generator that the input seeds, so that a few bytes make pages of many rows.
 */
#include "check_array.h"
#include "ldb/arrow/builder.h"
#include "ldb/format/file.h"
#include "ldb/format/writer.h"

#define MOST_DEPTH 4
#define MOST_FIELDS 24
#define MOST_ITEMS 40000

typedef struct Making
{
	LdbSlice input;
	uint64_t state; /* of the generator */
	LdbArena *arena;
	int32_t next_id;
	size_t items; /* made so far, at any depth */
} Making;

static uint32_t
next_random(Making *making)
{
	making->state = making->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t) (making->state >> 33);
}

/* ---- a type ---- */

static const char *const leaf_types[] = {"bool",
										 "int8",
										 "uint16",
										 "int32",
										 "int64",
										 "halffloat",
										 "float",
										 "double",
										 "decimal:128:10:2",
										 "decimal:256:60:3",
										 "date32:day",
										 "timestamp:us:-",
										 "string",
										 "large_string",
										 "binary",
										 "large_binary",
										 "fixed_size_binary:5",
										 "fixed_size_list:float:3",
										 "fixed_size_list:float:96",
										 "fixed_size_list:bool:5",
										 "fixed_size_list:fixed_size_list:int16:2:3",
										 "dict:string:int8:false",
										 "dict:int32:uint16:false",
										 "null"};
#define LEAF_COUNT (sizeof leaf_types / sizeof *leaf_types)

static LdbField *
new_field(Making *making, const char *name, const char *type, size_t child_count)
{
	LdbField *field = ldb_arena_zalloc(making->arena, sizeof *field);
	LdbError err = {0};

	field->name = name;
	field->logical_type = type;
	if (ldb_type_parse(type, making->arena, &field->type, &err) != LDB_OK)
	{
		fprintf(stderr, "%s\n", err.message);
		abort();
	}
	field->id = making->next_id++;
	field->nullable = true;
	field->child_count = child_count;
	field->children =
		ldb_arena_zalloc_array(making->arena, child_count + 1, sizeof *field->children);
	return field;
}

static LdbField *make_field(Making *making, const char *name, int depth);

static LdbField *
make_struct(Making *making, const char *name, int depth, unsigned choice)
{
	static const char *const names[] = {"a", "b", "c"};
	LdbField *field = new_field(making, name, "struct", 1 + choice % 3);

	field->packed = choice / 3 % 4 == 3;
	for (size_t i = 0; i < field->child_count; i++)
		field->children[i] = make_field(making, names[i], field->packed ? MOST_DEPTH : depth + 1);
	return field;
}

static LdbField *
make_map(Making *making, const char *name)
{
	LdbField *field = new_field(making, name, "map", 1);
	LdbField *entries = new_field(making, "entries", "struct", 2);

	entries->nullable = false;
	entries->children[0] = new_field(making, "key", "string", 0);
	entries->children[0]->nullable = false;
	entries->children[1] = make_field(making, "value", MOST_DEPTH);
	field->children[0] = entries;
	return field;
}

static LdbField *
make_field(Making *making, const char *name, int depth)
{
	unsigned choice = (unsigned) fuzz_take(&making->input, 1);
	LdbField *field;

	if (choice < 128 || depth >= MOST_DEPTH || making->next_id > MOST_FIELDS)
	{
		field = new_field(making, name, leaf_types[choice % LEAF_COUNT], 0);
		field->blob = field->type.kind == LDB_TYPE_LARGE_BINARY && choice / LEAF_COUNT % 2 == 1;
		return field;
	}
	if (choice < 190)
	{
		field = new_field(making, name, choice % 4 == 0 ? "large_list" : "list", 1);
		field->children[0] = make_field(making, "item", depth + 1);
		return field;
	}
	return choice < 245 ? make_struct(making, name, depth, choice) : make_map(making, name);
}

/* ---- rows ---- */

/* Of a field, the same for all its rows: how often null, how long, how different. */
typedef struct Style
{
	uint32_t null_percent;
	uint32_t most;   /* length of lists and strings */
	uint32_t values; /* different ones; 0 = any */
	uint32_t run;
} Style;

static Style
style_of(Making *making, const LdbField *field)
{
	static const uint32_t nulls[] = {0, 0, 10, 50, 100};
	static const uint32_t lengths[] = {0, 1, 3, 12, 60, 700};
	static const uint32_t counts[] = {1, 5, 90, 1000, 0, 0};
	uint64_t saved = making->state;
	Style style;

	making->state = (making->state & UINT64_C(0xff000000)) + (uint64_t) field->id * 977;
	next_random(making);
	style.null_percent = field->nullable ? nulls[next_random(making) % 5] : 0;
	style.most = lengths[next_random(making) % 6];
	style.values = counts[next_random(making) % 6];
	style.run = next_random(making) % 3 == 0 ? 20 : 1;
	making->state = saved;
	return style;
}

static void
add_fixed(Making *making, LdbBuilder *builder, const LdbType *type, Style style, size_t row)
{
	size_t bytes = (size_t) ((ldb_type_bits(type) + 7) / 8);
	uint8_t *value = ldb_arena_zalloc(making->arena, bytes);
	uint32_t pick = style.values == 0 ? next_random(making) : next_random(making) % style.values;

	if (style.run > 1)
		pick = (uint32_t) (row / style.run);
	for (size_t i = 0; i < bytes; i++)
		value[i] = (uint8_t) (style.values == 0 && style.run == 1 ? next_random(making)
							  : i < 4                             ? pick >> 8 * i
																  : 0);
	if (type->kind == LDB_TYPE_BOOL)
		*value &= 1;
	FUZZ_REQUIRE(ldb_builder_fixed(builder, value, NULL) == LDB_OK);
}

static void
add_text(Making *making, LdbBuilder *builder, Style style, size_t row)
{
	uint32_t pick = style.values == 0 ? next_random(making) : next_random(making) % style.values;
	size_t length = style.most == 0 ? 0 : pick % (style.most + 1);
	char *text = ldb_arena_alloc(making->arena, length + 1);

	if (style.run > 1)
		pick = (uint32_t) (row / style.run);
	for (size_t i = 0; i < length; i++)
		text[i] = (char) (style.most == 60 ? next_random(making) : 'a' + (pick >> i % 20) % 26);
	FUZZ_REQUIRE(ldb_builder_bytes_value(builder, ldb_slice(text, length), NULL) == LDB_OK);
}

/* Items one by one, some of them null. */
static void
add_items(Making *making, LdbBuilder *builder, const LdbType *type, Style style, size_t row)
{
	LdbBuilder *items = ldb_builder_child(builder, 0);

	for (int32_t i = 0; i < type->width; i++)
	{
		if (type->item->kind == LDB_TYPE_FIXED_SIZE_LIST)
			add_items(making, items, type->item, style, row);
		else if (style.null_percent == 50 && next_random(making) % 8 == 0)
			FUZZ_REQUIRE(ldb_builder_null(items, NULL) == LDB_OK);
		else
			add_fixed(making, items, type->item, style, row + (size_t) i);
	}
	FUZZ_REQUIRE(ldb_builder_close_row(builder, NULL) == LDB_OK);
}

static void
add_row(Making *making, LdbBuilder *builder, const LdbField *field, size_t row)
{
	const LdbType *type = ldb_type_value(&field->type);
	Style style = style_of(making, field);
	size_t count;

	making->items++;
	if (type->kind == LDB_TYPE_NULL || next_random(making) % 100 < style.null_percent)
	{
		FUZZ_REQUIRE(ldb_builder_null(builder, NULL) == LDB_OK);
		return;
	}
	if (ldb_type_is_variable(type->kind))
		add_text(making, builder, style, row);
	else if (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
		add_items(making, builder, type, style, row);
	else if (!ldb_type_is_list(type->kind) && type->kind != LDB_TYPE_STRUCT)
		add_fixed(making, builder, type, style, row);
	else
	{
		count = type->kind == LDB_TYPE_STRUCT ? 1
				: style.most == 0             ? 0
											  : next_random(making) % (style.most + 1);
		if (making->items > MOST_ITEMS && type->kind != LDB_TYPE_STRUCT)
			count = 0;
		for (size_t i = 0; i < count; i++)
			for (size_t child = 0; child < field->child_count; child++)
				add_row(making, ldb_builder_child(builder, child), field->children[child], row + i);
		FUZZ_REQUIRE(ldb_builder_close_row(builder, NULL) == LDB_OK);
	}
}

/* ---- comparing ---- */

typedef struct Side
{
	const LdbArray *array;
	size_t row;
	bool null; /* what surrounds it is */
} Side;

static bool
side_is_null(Side side)
{
	return side.null || side.array->type->kind == LDB_TYPE_NULL ||
		   ldb_array_is_null(side.array, side.row);
}

static void require_same(Side wrote, Side read, int version);

static void
require_same_items(Side wrote, size_t first, Side read, size_t read_first, size_t count,
				   int version)
{
	for (size_t i = 0; i < count; i++)
		require_same((Side){wrote.array->children, first + i, false},
					 (Side){read.array->children, read_first + i, false}, version);
}

static void
require_same_value(Side wrote, Side read)
{
	const LdbType *type = wrote.array->type;
	size_t bytes = (size_t) (ldb_type_bits(type) / 8);

	if (ldb_type_is_variable(type->kind))
		FUZZ_REQUIRE(ldb_slice_equal(wrote.array->views[wrote.row], read.array->views[read.row]));
	else if (type->kind == LDB_TYPE_BOOL)
		FUZZ_REQUIRE(ldb_bit_get(wrote.array->values, wrote.row) ==
					 ldb_bit_get(read.array->values, read.row));
	else
		FUZZ_REQUIRE(memcmp((const uint8_t *) wrote.array->values + wrote.row * bytes,
							(const uint8_t *) read.array->values + read.row * bytes, bytes) == 0);
}

static void
require_same(Side wrote, Side read, int version)
{
	const LdbType *type = wrote.array->type;
	bool lost = version == 20 && type->kind == LDB_TYPE_STRUCT; /* not stored which are null */
	size_t first;
	size_t read_first;

	FUZZ_REQUIRE(lost || side_is_null(wrote) == side_is_null(read));
	if (side_is_null(wrote) && !lost)
		return;
	if (type->kind == LDB_TYPE_STRUCT)
	{
		for (size_t i = 0; i < wrote.array->child_count; i++)
			require_same((Side){&wrote.array->children[i], wrote.row, side_is_null(wrote)},
						 (Side){&read.array->children[i], read.row, false}, version);
		return;
	}
	if (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
	{
		size_t width = (size_t) type->width;

		require_same_items(wrote, wrote.row * width, read, read.row * width, width, version);
		return;
	}
	if (!ldb_type_is_list(type->kind))
	{
		require_same_value(wrote, read);
		return;
	}
	first = (size_t) wrote.array->offsets[wrote.row];
	read_first = (size_t) read.array->offsets[read.row];
	FUZZ_REQUIRE(wrote.array->offsets[wrote.row + 1] - wrote.array->offsets[wrote.row] ==
				 read.array->offsets[read.row + 1] - read.array->offsets[read.row]);
	require_same_items(wrote, first, read, read_first,
					   (size_t) wrote.array->offsets[wrote.row + 1] - first, version);
}

/* ---- through a file ---- */

typedef struct Trip
{
	LdbStore *store;
	LdbField *field;
	LdbSchema schema;
	LdbFileWriterOptions options;
	size_t batch;
	LdbArray rows;
	LdbFileSummary summary;
	LdbArena *arena;
} Trip;

/* False when the version cannot store the type. */
static bool
write_rows(Trip *trip, LdbError *err)
{
	LdbFileWriter *writer;
	LdbStatus status =
		ldb_file_writer_open(trip->store, "file", &trip->schema, &trip->options, &writer, err);

	if (!fuzz_judge(status, err))
	{
		FUZZ_REQUIRE(status == LDB_UNSUPPORTED);
		return false;
	}
	for (size_t first = 0; first < trip->rows.length; first += trip->batch)
	{
		size_t left = trip->rows.length - first;
		LdbArray part;

		if (left > trip->batch)
			left = trip->batch;
		FUZZ_REQUIRE(ldb_array_slice(&trip->rows, first, left, trip->arena, &part, err) == LDB_OK);
		status = ldb_file_writer_append(writer, &part, left, err);
		if (fuzz_judge(status, err))
			continue;
		FUZZ_REQUIRE(status == LDB_UNSUPPORTED);
		ldb_file_writer_abandon(writer);
		return false;
	}
	status = ldb_file_writer_finish(writer, trip->arena, &trip->summary, err);
	if (fuzz_judge(status, err))
		return true;
	FUZZ_REQUIRE(status == LDB_UNSUPPORTED);
	return false;
}

static void
compare_ranges(Trip *trip, LdbColumnReader *reader, const LdbRowRange *ranges, size_t count)
{
	LdbArena *arena = fuzz_arena();
	LdbError err = {0};
	size_t row = 0;
	LdbArray read;

	if (!fuzz_judge(ldb_column_read(reader, ranges, count, arena, &read, NULL, &err), &err))
	{
		fprintf(stderr, "%s\n", err.message);
		abort();
	}
	for (size_t i = 0; i < count; i++)
		for (uint64_t j = 0; j < ranges[i].count; j++, row++)
			require_same((Side){&trip->rows, (size_t) (ranges[i].first + j), false},
						 (Side){&read, row, false}, trip->options.version);
	fuzz_check_array(&read, row);
	ldb_arena_free(arena);
}

static void
read_rows(Trip *trip)
{
	LdbColumnSource *sources =
		ldb_arena_zalloc_array(trip->arena, trip->summary.field_count, sizeof *sources);
	LdbRowRange ranges[3] = {{0, trip->rows.length}};
	LdbColumnReader *reader;
	LdbObject *object;
	LdbError err = {0};
	LdbFile *file;

	FUZZ_REQUIRE(ldb_object_open(trip->store, "file", 0, NULL, NULL, &object, &err) == LDB_OK);
	FUZZ_REQUIRE(ldb_file_open(object, NULL, &file, &err) == LDB_OK);
	for (size_t i = 0; i < trip->summary.field_count; i++)
		sources[i] = (LdbColumnSource){trip->summary.field_ids[i], file,
									   (uint32_t) trip->summary.column_indices[i]};
	FUZZ_REQUIRE(ldb_column_open(trip->field, sources, trip->summary.field_count, trip->rows.length,
								 &reader, &err) == LDB_OK);
	compare_ranges(trip, reader, ranges, 1);
	if (trip->rows.length > 8)
	{
		ranges[0] = (LdbRowRange){trip->rows.length / 5, 1};
		ranges[1] = (LdbRowRange){trip->rows.length / 2, trip->rows.length / 8};
		ranges[2] = (LdbRowRange){trip->rows.length - 2, 2};
		compare_ranges(trip, reader, ranges, 3);
	}
	ldb_column_close(reader);
	ldb_file_close(file);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Making making = {.input = ldb_slice(data, size), .arena = fuzz_arena()};
	Trip trip = {.arena = making.arena};
	unsigned how = (unsigned) fuzz_take(&making.input, 1);
	size_t row_count = (size_t) fuzz_take(&making.input, 2) % 5000 + 1;
	LdbBuilder *builder;
	LdbError err = {0};

	making.state = fuzz_take(&making.input, 4);
	trip.options.version = 20 + (int) (how % 3);
	trip.options.page_bytes = how / 3 % 3 == 0 ? 0 : 4096;
	trip.batch = how / 9 % 3 == 0 ? row_count : 1 + how * 13 % 1500;
	trip.field = make_field(&making, "field", 0);
	trip.schema = (LdbSchema){1, &trip.field};
	FUZZ_REQUIRE(ldb_store_open_memory(&trip.store, &err) == LDB_OK);
	FUZZ_REQUIRE(ldb_builder_new(trip.field, &builder, &err) == LDB_OK);
	for (size_t row = 0; row < row_count && making.items < MOST_ITEMS; row++)
		add_row(&making, builder, trip.field, row);
	FUZZ_REQUIRE(ldb_builder_array(builder, making.arena, &trip.rows, &err) == LDB_OK);
	if (write_rows(&trip, &err))
		read_rows(&trip);
	ldb_builder_free(builder);
	ldb_store_close(trip.store);
	ldb_arena_free(making.arena);
	return 0;
}
