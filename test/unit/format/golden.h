/*
 * golden.h -- for tests: reads every column of a golden dataset and compares it with its JSON.
 *
 * test/data/README.md says what the JSON holds. Run from the root of the repository.
 * A dataset is read from mapped files or from memory (where nothing is mapped), whole, in batches,
 * and in scattered ranges; each must give the values that LanceDB's own reader gave.
 */
#ifndef TEST_FORMAT_GOLDEN_H
#define TEST_FORMAT_GOLDEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldb/format/file.h"
#include "ldb/simd/distance.h"
#include "ldb/store/store.h"
#include "ldb/table/manifest.h"

#define GOLDEN_FOLDER "test/data"

typedef struct Golden
{
	char folder[256];
	LdbArena *arena;
	LdbStore *store;
	json_t *json;
	LdbManifest *manifest;
	json_t *schema; /* of the snapshot */
	json_t *rows;
} Golden;

static void
golden_ok(LdbStatus status, const LdbError *err)
{
	if (status != LDB_OK)
		fail_msg("status %d: %s", (int) status, err->message);
}

/* ---- comparing ---- */

static bool golden_equal(json_t *expected, const LdbField *field, const LdbArray *array,
						 size_t row);
static bool golden_equal_type(json_t *expected, const LdbType *type, const LdbArray *array,
							  size_t row);

static double
golden_half(uint16_t bits)
{
	float value;

	ldb_kernels_scalar.f16_to_f32(&bits, &value, 1);
	return (double) value;
}

static bool
golden_equal_number(json_t *expected, double value)
{
	const char *text = json_string_value(expected);

	if (text == NULL)
		return json_is_number(expected) && json_number_value(expected) == value;
	if (strcmp(text, "NaN") == 0)
		return isnan(value);
	if (strcmp(text, "-0") == 0)
		return value == 0 && signbit(value);
	return isinf(value) && (text[0] == '-') == (value < 0);
}

static bool
golden_equal_float(json_t *expected, float value)
{
	if (!json_is_number(expected))
		return golden_equal_number(expected, (double) value);
	return (float) json_number_value(expected) == value;
}

static bool
golden_equal_hex(json_t *expected, LdbSlice bytes)
{
	const char *hex = json_string_value(expected);

	if (hex == NULL || strlen(hex) != bytes.length * 2)
		return false;
	for (size_t i = 0; i < bytes.length; i++)
	{
		char digits[3];

		snprintf(digits, sizeof digits, "%02x", bytes.data[i]);
		if (memcmp(digits, hex + 2 * i, 2) != 0)
			return false;
	}
	return true;
}

/* Integers that JSON holds as digits or as a number. */
static bool
golden_equal_integer(json_t *expected, int64_t value, bool is_unsigned)
{
	char digits[32];

	if (json_is_number(expected))
		return json_number_value(expected) ==
			   (is_unsigned ? (double) (uint64_t) value : (double) value);
	if (is_unsigned)
		snprintf(digits, sizeof digits, "%" PRIu64, (uint64_t) value);
	else
		snprintf(digits, sizeof digits, "%" PRId64, value);
	return json_is_string(expected) && strcmp(json_string_value(expected), digits) == 0;
}

/* A two's complement number of `bytes` bytes as decimal text with `scale` digits of fraction. */
static bool
golden_equal_decimal(json_t *expected, const uint8_t *stored, size_t bytes, int scale)
{
	uint8_t magnitude[32];
	char reversed[128];
	char text[128];
	size_t digits = 0;
	size_t length = 0;
	bool negative = (stored[bytes - 1] & 0x80) != 0;
	unsigned carry = negative;
	bool rest = true;

	for (size_t i = 0; i < bytes; i++)
	{
		unsigned sum = (unsigned) (negative ? (uint8_t) ~stored[i] : stored[i]) + carry;

		magnitude[i] = (uint8_t) sum;
		carry = sum >> 8;
	}
	while (rest || digits <= (size_t) scale)
	{
		unsigned remainder = 0;

		rest = false;
		for (size_t i = bytes; i > 0; i--)
		{
			unsigned part = remainder * 256 + magnitude[i - 1];

			magnitude[i - 1] = (uint8_t) (part / 10);
			remainder = part % 10;
			rest = rest || magnitude[i - 1] != 0;
		}
		if (digits == (size_t) scale && scale > 0)
			reversed[length++] = '.';
		reversed[length++] = (char) ('0' + remainder);
		digits++;
	}
	if (negative)
		reversed[length++] = '-';
	for (size_t i = 0; i < length; i++)
		text[i] = reversed[length - 1 - i];
	text[length] = '\0';
	return json_is_string(expected) && strcmp(json_string_value(expected), text) == 0;
}

static bool
golden_equal_fixed(json_t *expected, const LdbType *type, const uint8_t *at)
{
	switch (type->kind)
	{
		case LDB_TYPE_INT8:
			return golden_equal_integer(expected, (int8_t) *at, false);
		case LDB_TYPE_UINT8:
			return golden_equal_integer(expected, *at, true);
		case LDB_TYPE_INT16:
			return golden_equal_integer(expected, (int16_t) ldb_load_u16(at), false);
		case LDB_TYPE_UINT16:
			return golden_equal_integer(expected, ldb_load_u16(at), true);
		case LDB_TYPE_INT32:
		case LDB_TYPE_DATE32:
		case LDB_TYPE_TIME32:
			return golden_equal_integer(expected, (int32_t) ldb_load_u32(at), false);
		case LDB_TYPE_UINT32:
			return golden_equal_integer(expected, ldb_load_u32(at), true);
		case LDB_TYPE_UINT64:
			return golden_equal_integer(expected, (int64_t) ldb_load_u64(at), true);
		case LDB_TYPE_HALF:
			return golden_equal_number(expected, golden_half(ldb_load_u16(at)));
		case LDB_TYPE_FLOAT:
		{
			float value;

			memcpy(&value, at, sizeof value);
			return golden_equal_float(expected, value);
		}
		case LDB_TYPE_DOUBLE:
		{
			double value;

			memcpy(&value, at, sizeof value);
			return golden_equal_number(expected, value);
		}
		case LDB_TYPE_DECIMAL128:
			return golden_equal_decimal(expected, at, 16, type->scale);
		case LDB_TYPE_DECIMAL256:
			return golden_equal_decimal(expected, at, 32, type->scale);
		case LDB_TYPE_FIXED_BINARY:
			return golden_equal_hex(expected, ldb_slice(at, (size_t) type->width));
		default:
			return golden_equal_integer(expected, (int64_t) ldb_load_u64(at), false);
	}
}

/* Items [first, first + count) of a list against a JSON array; `field` NULL = by type. */
static bool
golden_equal_items(json_t *expected, const LdbField *field, const LdbArray *items, size_t first,
				   size_t count)
{
	if (!json_is_array(expected) || json_array_size(expected) != count)
		return false;
	for (size_t i = 0; i < count; i++)
	{
		json_t *item = json_array_get(expected, i);

		if (field != NULL ? !golden_equal(item, field, items, first + i)
						  : !golden_equal_type(item, items->type, items, first + i))
			return false;
	}
	return true;
}

static bool
golden_equal_type(json_t *expected, const LdbType *type, const LdbArray *array, size_t row)
{
	if (ldb_array_is_null(array, row) || json_is_null(expected))
	{
		if (ldb_type_is_variable(type->kind) && array->views[row].data != NULL)
			return false; /* views of nulls are {NULL, 0} */
		return ldb_array_is_null(array, row) && json_is_null(expected);
	}
	switch (type->kind)
	{
		case LDB_TYPE_BOOL:
			return json_is_boolean(expected) &&
				   json_is_true(expected) == ldb_bit_get(array->values, row);
		case LDB_TYPE_STRING:
		case LDB_TYPE_LARGE_STRING:
			return json_is_string(expected) &&
				   ldb_slice_equal(array->views[row], ldb_slice(json_string_value(expected),
																json_string_length(expected)));
		case LDB_TYPE_BINARY:
		case LDB_TYPE_LARGE_BINARY:
			return golden_equal_hex(expected, array->views[row]);
		case LDB_TYPE_FIXED_SIZE_LIST:
			return golden_equal_items(expected, NULL, array->children, row * (size_t) type->width,
									  (size_t) type->width);
		default:
			return golden_equal_fixed(expected, type,
									  (const uint8_t *) array->values +
										  row * (size_t) (ldb_type_bits(type) / 8));
	}
}

static bool
golden_equal_map(json_t *expected, const LdbField *field, const LdbArray *entries, size_t first,
				 size_t count)
{
	const LdbField *entry = field->children[0];

	if (!json_is_array(expected) || json_array_size(expected) != count)
		return false;
	for (size_t i = 0; i < count; i++)
	{
		json_t *pair = json_array_get(expected, i);

		if (!golden_equal(json_array_get(pair, 0), entry->children[0], &entries->children[0],
						  first + i) ||
			!golden_equal(json_array_get(pair, 1), entry->children[1], &entries->children[1],
						  first + i))
			return false;
	}
	return true;
}

static bool
golden_equal(json_t *expected, const LdbField *field, const LdbArray *array, size_t row)
{
	const LdbTypeKind kind = field->type.kind;
	bool is_list = kind == LDB_TYPE_LIST || kind == LDB_TYPE_LARGE_LIST || kind == LDB_TYPE_MAP;

	if (!is_list && kind != LDB_TYPE_STRUCT)
		return golden_equal_type(expected, ldb_type_value(&field->type), array, row);
	if (ldb_array_is_null(array, row) || json_is_null(expected))
		return ldb_array_is_null(array, row) && json_is_null(expected);
	if (is_list)
	{
		size_t first = (size_t) array->offsets[row];
		size_t count = (size_t) (array->offsets[row + 1] - array->offsets[row]);

		if (kind == LDB_TYPE_MAP)
			return golden_equal_map(expected, field, array->children, first, count);
		return golden_equal_items(expected, field->children[0], array->children, first, count);
	}
	for (size_t i = 0; i < field->child_count; i++)
		if (!golden_equal(json_object_get(expected, field->children[i]->name), field->children[i],
						  &array->children[i], row))
			return false;
	return json_object_size(expected) == field->child_count;
}

/* ---- opening ---- */

static LdbSlice
golden_file(LdbArena *arena, const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes;
	long size;

	if (file == NULL)
		fail_msg("cannot open %s", path);
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	bytes = ldb_arena_alloc(arena, (size_t) size);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t) size, file), size);
	fclose(file);
	return ldb_slice(bytes, (size_t) size);
}

static void
golden_load_manifest(Golden *golden, uint64_t version)
{
	LdbError err = {0};
	char path[512];

	snprintf(path, sizeof path, "%s/_versions/%020" PRIu64 ".manifest", golden->folder,
			 UINT64_MAX - version);
	golden_ok(ldb_manifest_parse(golden_file(golden->arena, path), path, golden->arena,
								 &golden->manifest, &err),
			  &err);
}

static void
golden_open_store(Golden *golden, bool mapped)
{
	LdbError err = {0};
	char path[512];

	if (mapped)
	{
		golden_ok(ldb_store_open_local(golden->folder, &golden->store, &err), &err);
		return;
	}
	golden_ok(ldb_store_open_memory(&golden->store, &err), &err);
	for (size_t i = 0; i < golden->manifest->fragment_count; i++)
	{
		const LdbFragment *fragment = &golden->manifest->fragments[i];

		for (size_t j = 0; j < fragment->file_count; j++)
		{
			LdbStatus status;

			snprintf(path, sizeof path, "%s/data/%s", golden->folder, fragment->files[j].path);
			status = ldb_store_put(golden->store, path + strlen(golden->folder) + 1,
								   golden_file(golden->arena, path), LDB_PUT_REPLACE, NULL, &err);
			golden_ok(status, &err);
		}
	}
}

static void
golden_open(Golden *golden, const char *dataset, size_t snapshot, bool mapped)
{
	char path[512];
	json_error_t json_err;
	json_t *chosen;

	memset(golden, 0, sizeof *golden);
	snprintf(golden->folder, sizeof golden->folder, GOLDEN_FOLDER "/%s.lance", dataset);
	golden->arena = ldb_arena_new(0);
	snprintf(path, sizeof path, GOLDEN_FOLDER "/%s.json", dataset);
	golden->json = json_load_file(path, JSON_ALLOW_NUL, &json_err);
	if (golden->json == NULL)
		fail_msg("%s: %s", path, json_err.text);
	chosen = json_array_get(json_object_get(golden->json, "snapshots"), snapshot);
	golden->schema = json_object_get(chosen, "schema");
	golden->rows = json_object_get(chosen, "rows");
	golden_load_manifest(golden, (uint64_t) json_integer_value(json_object_get(chosen, "version")));
	golden_open_store(golden, mapped);
}

static void
golden_close(Golden *golden)
{
	ldb_store_close(golden->store);
	json_decref(golden->json);
	ldb_arena_free(golden->arena);
}

/* ---- reading ---- */

typedef struct GoldenColumn
{
	Golden *golden;
	const LdbField *field;
	size_t index; /* in a row of the JSON */
	size_t first_row;
	LdbColumnReader *reader;
} GoldenColumn;

/* Reads ranges and compares each row. */
static void
golden_check_ranges(GoldenColumn *column, const LdbRowRange *ranges, size_t range_count)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbError err = {0};
	LdbArray array;
	size_t row = 0;

	golden_ok(ldb_column_read(column->reader, ranges, range_count, arena, &array, NULL, &err),
			  &err);
	for (size_t i = 0; i < range_count; i++)
	{
		for (uint64_t j = 0; j < ranges[i].count; j++, row++)
		{
			size_t at = column->first_row + (size_t) (ranges[i].first + j);
			json_t *expected =
				json_array_get(json_array_get(column->golden->rows, at), column->index);

			if (!golden_equal(expected, column->field, &array, row))
			{
				char *text = json_dumps(expected, JSON_ENCODE_ANY | JSON_COMPACT);

				fail_msg("%s: column \"%s\" row %zu is not %.300s", column->golden->folder,
						 column->field->name, at, text);
			}
		}
	}
	assert_int_equal(array.length, row);
	ldb_arena_free(arena);
}

static void
golden_check_column(GoldenColumn *column, uint64_t row_count)
{
	LdbRowRange whole = {0, row_count};
	LdbRowRange *scattered = calloc((size_t) row_count + 1, sizeof *scattered);
	size_t count = 0;

	golden_check_ranges(column, &whole, 1);
	for (uint64_t first = 0; first < row_count; first += 37)
	{
		LdbRowRange batch = {first, row_count - first < 37 ? row_count - first : 37};

		golden_check_ranges(column, &batch, 1);
	}
	for (uint64_t first = row_count % 3; first < row_count; first += 1 + first * 7 % 11)
	{
		uint64_t length = 1 + first % 4;

		length = row_count - first < length ? row_count - first : length;
		scattered[count++] = (LdbRowRange){first, length};
		first += length - 1;
	}
	golden_check_ranges(column, scattered, count);
	for (uint64_t row = row_count; row > 0; row -= row < 53 ? row : 53)
		golden_check_ranges(column, &(LdbRowRange){row - 1, 1}, 1);
	free(scattered);
}

#define GOLDEN_MOST_FILES 8
#define GOLDEN_MOST_SOURCES 2048

/* Every column of a fragment without deletions. Returns its rows. */
static size_t
golden_check_fragment(Golden *golden, const LdbFragment *fragment, size_t first_row)
{
	static LdbColumnSource sources[GOLDEN_MOST_SOURCES];
	LdbFile *files[GOLDEN_MOST_FILES];
	size_t source_count = 0;
	LdbError err = {0};

	assert_null(fragment->deletion);
	assert_true(fragment->file_count <= GOLDEN_MOST_FILES);
	for (size_t i = 0; i < fragment->file_count; i++)
	{
		const LdbDataFile *from = &fragment->files[i];
		LdbObject *object;
		char name[512];

		snprintf(name, sizeof name, "data/%s", from->path);
		golden_ok(ldb_object_open(golden->store, name, from->size_bytes, NULL, NULL, &object, &err),
				  &err);
		golden_ok(ldb_file_open(object, NULL, &files[i], &err), &err);
		for (size_t j = 0; j < from->field_count; j++)
		{
			if (from->field_ids[j] < 0 || from->column_indices[j] < 0)
				continue;
			assert_true(source_count < GOLDEN_MOST_SOURCES);
			sources[source_count++] =
				(LdbColumnSource){from->field_ids[j], files[i], (uint32_t) from->column_indices[j]};
		}
	}
	for (size_t i = 0; i < golden->manifest->schema.field_count; i++)
	{
		GoldenColumn column = {golden, golden->manifest->schema.fields[i], i, first_row, NULL};

		assert_string_equal(column.field->name, json_string_value(json_object_get(
													json_array_get(golden->schema, i), "name")));
		golden_ok(ldb_column_open(column.field, sources, source_count, fragment->physical_rows,
								  &column.reader, &err),
				  &err);
		golden_check_column(&column, fragment->physical_rows);
		ldb_column_close(column.reader);
	}
	for (size_t i = 0; i < fragment->file_count; i++)
		ldb_file_close(files[i]);
	return (size_t) fragment->physical_rows;
}

/* ---- damage ---- */

/* Reads every column of a damaged file, whatever comes out. Returns how many could be read. */
static size_t
golden_read_damaged(Golden *golden, LdbSlice bytes, const LdbDataFile *from, uint64_t row_count)
{
	static LdbColumnSource sources[GOLDEN_MOST_SOURCES];
	LdbRowRange whole = {0, row_count};
	size_t source_count = 0;
	size_t fine = 0;
	LdbObject *object;
	LdbFile *file;
	LdbError err = {0};

	golden_ok(ldb_store_put(golden->store, "damaged", bytes, LDB_PUT_REPLACE, NULL, &err), &err);
	golden_ok(ldb_object_open(golden->store, "damaged", 0, NULL, NULL, &object, &err), &err);
	if (ldb_file_open(object, NULL, &file, &err) != LDB_OK)
		return 0;
	for (size_t j = 0; j < from->field_count && source_count < GOLDEN_MOST_SOURCES; j++)
		if (from->field_ids[j] >= 0 && from->column_indices[j] >= 0)
			sources[source_count++] =
				(LdbColumnSource){from->field_ids[j], file, (uint32_t) from->column_indices[j]};
	for (size_t i = 0; i < golden->manifest->schema.field_count; i++)
	{
		LdbArena *arena = ldb_arena_new(64 * 1024 * 1024);
		LdbColumnReader *reader;
		LdbStatus status;
		LdbArray array;

		status = ldb_column_open(golden->manifest->schema.fields[i], sources, source_count,
								 row_count, &reader, &err);
		if (status == LDB_OK)
		{
			status = ldb_column_read(reader, &whole, 1, arena, &array, NULL, &err);
			ldb_column_close(reader);
		}
		fine += status == LDB_OK;
		if (status != LDB_OK && status != LDB_CORRUPT && status != LDB_UNSUPPORTED &&
			status != LDB_NOMEM)
			fail_msg("status %d: %s", (int) status, err.message);
		ldb_arena_free(arena);
	}
	ldb_file_close(file);
	return fine;
}

/* Flips bytes of a dataset's first file, most of them in its metadata, and cuts it off. */
static inline void
golden_damage(const char *dataset, unsigned seed, size_t rounds)
{
	const LdbFragment *fragment;
	char path[512];
	LdbSlice whole;
	Golden golden;
	size_t fine = 0;

	srand(seed);
	golden_open(&golden, dataset, 0, false);
	fragment = &golden.manifest->fragments[0];
	snprintf(path, sizeof path, "%s/data/%s", golden.folder, fragment->files[0].path);
	whole = golden_file(golden.arena, path);
	for (size_t round = 0; round < rounds; round++)
	{
		uint8_t *copy = malloc(whole.length);
		size_t length = whole.length;
		size_t flips = 1 + (size_t) rand() % 3;

		memcpy(copy, whole.data, length);
		for (size_t i = 0; i < flips; i++)
		{
			size_t tail = round % 4 == 0 || length < 8192 ? length : 8192;

			copy[length - 1 - (size_t) rand() % tail] ^= (uint8_t) (1u << rand() % 8);
		}
		if (round % 10 == 9)
			length = (size_t) rand() % length;
		fine += golden_read_damaged(&golden, ldb_slice(copy, length), &fragment->files[0],
									fragment->physical_rows);
		free(copy);
	}
	assert_true(fine > 0);
	golden_close(&golden);
}

/* The whole dataset, at one of the snapshots of its JSON. */
static inline void
golden_check(const char *dataset, size_t snapshot, bool mapped)
{
	Golden golden;
	size_t rows = 0;

	golden_open(&golden, dataset, snapshot, mapped);
	for (size_t i = 0; i < golden.manifest->fragment_count; i++)
		rows += golden_check_fragment(&golden, &golden.manifest->fragments[i], rows);
	assert_int_equal(rows, json_array_size(golden.rows));
	golden_close(&golden);
}

#endif
