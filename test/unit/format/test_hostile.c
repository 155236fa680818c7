/* test_hostile.c -- damaged data files give rows or a clean error, never anything else. */
#pragma GCC diagnostic ignored "-Wunused-function"

#include "golden.h"

#define ARENA_BYTES ((size_t) 64 * 1024 * 1024)

static const char *const datasets[] = {"types_21",   "strings_21", "nested_21",    "vectors_21",
									   "blobs_21",   "types_22",   "strings_22",   "nested_22",
									   "vectors_22", "types_20",   "encodings_22", "encodings_21"};

static uint64_t
next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* Reads every byte that an array promises, so that a sanitizer sees wrong promises. */
static uint64_t
touch(const LdbArray *array)
{
	uint64_t bits = ldb_type_bits(array->type);
	uint64_t sum = 0;

	for (size_t i = 0; array->validity != NULL && i < array->length; i++)
		sum += ldb_bit_get(array->validity, i);
	for (size_t i = 0; array->views != NULL && i < array->length; i++)
		for (size_t j = 0; j < array->views[i].length; j++)
			sum += array->views[i].data[j];
	for (size_t i = 0; array->offsets != NULL && i < array->length; i++)
		assert_true(array->offsets[i] <= array->offsets[i + 1]);
	if (array->offsets != NULL)
		assert_int_equal(array->offsets[array->length], array->children[0].length);
	if (array->values != NULL && array->child_count == 0)
		for (size_t i = 0; i < (array->length * bits + 7) / 8; i++)
			sum += ((const uint8_t *) array->values)[i];
	for (size_t i = 0; i < array->child_count; i++)
		sum += touch(&array->children[i]);
	return sum;
}

static void
read_ranges(LdbColumnReader *reader, const LdbRowRange *ranges, size_t count, size_t rows)
{
	LdbArena *arena = ldb_arena_new(ARENA_BYTES);
	LdbError err = {0};
	LdbArray array;
	LdbStatus status = ldb_column_read(reader, ranges, count, arena, &array, NULL, &err);

	if (status == LDB_OK)
	{
		assert_int_equal(array.length, rows);
		touch(&array);
	}
	else
	{
		assert_true(status == LDB_CORRUPT || status == LDB_UNSUPPORTED || status == LDB_NOMEM);
		assert_true(err.message[0] != '\0');
	}
	ldb_arena_free(arena);
}

static void
read_column(const LdbField *field, const LdbColumnSource *sources, size_t count, uint64_t rows)
{
	LdbRowRange ranges[3] = {{rows / 7, 1}, {rows / 3, 2}, {rows - rows / 4, rows / 4}};
	LdbColumnReader *reader;
	LdbError err = {0};

	if (ldb_column_open(field, sources, count, rows, &reader, &err) != LDB_OK)
		return;
	read_ranges(reader, &(LdbRowRange){0, rows}, 1, rows);
	read_ranges(reader, ranges, 3, 3 + rows / 4);
	ldb_column_close(reader);
}

static void
read_file(const Golden *golden, LdbStore *store, const LdbDataFile *from, uint64_t rows)
{
	static LdbColumnSource sources[GOLDEN_MOST_SOURCES];
	LdbError err = {0};
	LdbObject *object;
	LdbFile *file;

	golden_ok(ldb_object_open(store, "damaged", 0, NULL, NULL, &object, &err), &err);
	if (ldb_file_open(object, NULL, &file, &err) != LDB_OK)
		return;
	for (size_t i = 0; i < from->field_count; i++)
		sources[i] =
			(LdbColumnSource){from->field_ids[i], file, (uint32_t) from->column_indices[i]};
	for (size_t i = 0; i < golden->manifest->schema.field_count; i++)
		read_column(golden->manifest->schema.fields[i], sources, from->field_count, rows);
	ldb_file_close(file);
}

/* Metadata and levels are what is trusted most: hit the end of the file harder. */
static void
damage(uint8_t *bytes, size_t *length, uint64_t *state)
{
	size_t flips = 1 + next_random(state) % 3;

	for (size_t i = 0; i < flips; i++)
	{
		size_t range = next_random(state) % 2 == 0 ? *length : *length < 8192 ? *length : 8192;
		size_t at = *length - 1 - next_random(state) % range;

		if (next_random(state) % 2 == 0)
			bytes[at] = (uint8_t) (bytes[at] ^ (1u << next_random(state) % 8));
		else
			bytes[at] = (uint8_t) next_random(state);
	}
	if (next_random(state) % 16 == 0)
		*length -= next_random(state) % *length;
}

static void
survives(const char *dataset, size_t rounds)
{
	uint64_t state = 42;
	Golden golden;
	LdbSlice bytes;
	uint8_t *copy;
	char path[512];

	golden_open(&golden, dataset, 0, true);
	snprintf(path, sizeof path, "%s/data/%s", golden.folder,
			 golden.manifest->fragments[0].files[0].path);
	bytes = golden_file(golden.arena, path);
	copy = ldb_arena_alloc(golden.arena, bytes.length);
	for (size_t i = 0; i < rounds; i++)
	{
		size_t length = bytes.length;
		LdbError err = {0};
		LdbStore *store;

		memcpy(copy, bytes.data, length);
		damage(copy, &length, &state);
		golden_ok(ldb_store_open_memory(&store, &err), &err);
		golden_ok(
			ldb_store_put(store, "damaged", ldb_slice(copy, length), LDB_PUT_CREATE, NULL, &err),
			&err);
		read_file(&golden, store, &golden.manifest->fragments[0].files[0],
				  golden.manifest->fragments[0].physical_rows);
		ldb_store_close(store);
	}
	golden_close(&golden);
}

static void
gives_rows_or_an_error_for_flipped_bits(void **state)
{
	const char *more = getenv("HOSTILE_ROUNDS");
	size_t rounds = more == NULL ? 60 : strtoul(more, NULL, 10);

	(void) state;
	for (size_t i = 0; i < sizeof datasets / sizeof *datasets; i++)
		survives(datasets[i], rounds);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_rows_or_an_error_for_flipped_bits),
	};

	return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
