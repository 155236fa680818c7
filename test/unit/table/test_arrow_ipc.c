/* test_arrow_ipc.c -- deletion files in Arrow's form: every codec, unsorted, broken. */
#include "arrow_ipc.h"

#include "ldb/base/bitmap.h"
#include "table/ipc_file.h"

#define ROWS 10000u

static IpcFile file;
static uint8_t bits[ROWS / 8 + 1];
static const IpcOddities none = {0};

/* A permutation of every third row, from high to low and back. */
static size_t
make_rows(uint32_t *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		rows[i] = (uint32_t) ((count - 1 - i) * 3 + (i % 2 == 0 ? 0 : 1));
	return count;
}

static LdbStatus
decode(LdbSlice bytes, uint64_t limit, uint64_t *count, LdbError *err)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbStatus status;

	memset(bits, 0, sizeof bits);
	memset(err, 0, sizeof *err);
	status = ldb_arrow_ipc_decode(bytes, "f.arrow", limit, bits, ROWS, arena, count, err);
	ldb_arena_free(arena);
	return status;
}

static void
reads_every_codec_and_any_order(void **state)
{
	static uint32_t rows[3000];

	(void) state;
	for (int codec = IPC_LZ4; codec <= IPC_STORED; codec++)
	{
		for (size_t batches = 1; batches <= 4; batches++)
		{
			size_t count = make_rows(rows, 3000 / batches);
			uint64_t found;
			LdbError err;

			must(decode(ipc_file(&file, rows, count, batches, codec, &none), count, &found, &err),
				 &err);
			assert_int_equal(found, count);
			for (size_t i = 0; i < count; i++)
				assert_true(ldb_bit_get(bits, rows[i]));
			assert_int_equal(ldb_bitmap_count(bits, 0, ROWS), count);
		}
	}
}

static void
reads_no_rows_and_no_batches(void **state)
{
	uint64_t found;
	LdbError err;

	(void) state;
	must(decode(ipc_file(&file, &(uint32_t){0}, 0, 1, IPC_PLAIN, &none), 0, &found, &err), &err);
	assert_int_equal(found, 0);
	must(decode(ipc_file(&file, &(uint32_t){0}, 0, 0, IPC_PLAIN, &none), 0, &found, &err), &err);
	assert_int_equal(found, 0);
}

static void
counts_each_row_once(void **state)
{
	static const uint32_t twice[] = {5, 9, 5};
	uint64_t found;
	LdbError err;

	(void) state;
	must(decode(ipc_file(&file, twice, 3, 1, IPC_PLAIN, &none), 3, &found, &err), &err);
	assert_int_equal(found, 2);
}

static void
says_what_is_wrong(void **state)
{
	static const uint32_t rows[] = {5, 9, 7};
	static const uint32_t beyond[] = {ROWS};
	static const struct
	{
		const char *words;
		LdbStatus status;
		int codec;
		IpcOddities odd;
	} cases[] = {
		{"record batch", LDB_CORRUPT, IPC_PLAIN, {.null_count = 1}},
		{"more rows than its manifest", LDB_CORRUPT, IPC_PLAIN, {.extra_rows = 1}},
		{"a buffer of 112 bytes instead of 12", LDB_CORRUPT, IPC_ZSTD, {.length_change = 100}},
		{"a buffer of", LDB_CORRUPT, IPC_LZ4, {.length_change = (uint64_t) -1}},
		{"compressed buffer", LDB_CORRUPT, IPC_ZSTD, {.length_change = 1}},
		{"compressed buffer", LDB_CORRUPT, IPC_LZ4, {.length_change = 1}},
		{"compressed buffer", LDB_CORRUPT, IPC_LZ4, {.codec = IPC_ZSTD + 1}},
		{"compressed buffer", LDB_CORRUPT, IPC_ZSTD, {.codec = IPC_LZ4 + 1}},
		{"codec 7", LDB_UNSUPPORTED, IPC_ZSTD, {.codec = 8}},
		{"one column of uint32", LDB_CORRUPT, IPC_PLAIN, {.bits = 64}},
		{"one column of uint32", LDB_CORRUPT, IPC_PLAIN, {.is_signed = 1}},
	};
	uint64_t found;
	LdbError err;

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
	{
		assert_fails(
			decode(ipc_file(&file, rows, 3, 1, cases[i].codec, &cases[i].odd), 3, &found, &err),
			cases[i].status, cases[i].words);
	}
	assert_fails(decode(ipc_file(&file, beyond, 1, 1, IPC_PLAIN, &none), 1, &found, &err),
				 LDB_CORRUPT, "row 10000");
	assert_fails(decode(ldb_slice_of("no Arrow file at all"), 1, &found, &err), LDB_CORRUPT,
				 "is not an Arrow file");
	assert_fails(decode(ldb_slice_of("\377\377\377\377ARROW1ARROW1"), 1, &found, &err), LDB_CORRUPT,
				 "Arrow footer");
}

/* A claim of many rows must not allocate or loop for them. */
static void
claims_are_bounded_by_the_manifest(void **state)
{
	static const uint32_t rows[] = {1};
	static const IpcOddities odd = {.extra_rows = UINT64_C(1) << 40};
	uint64_t found;
	LdbError err;

	(void) state;
	assert_fails(decode(ipc_file(&file, rows, 1, 1, IPC_ZSTD, &odd), 1, &found, &err), LDB_CORRUPT,
				 "more rows");
	assert_fails(
		decode(ipc_file(&file, rows, 1, 1, IPC_ZSTD, &odd), UINT64_C(1) << 60, &found, &err),
		LDB_CORRUPT, "instead of");
}

static void
hostile_bytes_are_refused_or_read(void **state)
{
	static uint32_t rows[50];
	uint64_t found;
	LdbError err;

	(void) state;
	make_rows(rows, 50);
	for (int codec = IPC_LZ4; codec <= IPC_STORED; codec++)
	{
		LdbSlice bytes = ipc_file(&file, rows, 50, 2, codec, &none);

		for (size_t length = 0; length < bytes.length; length++)
		{
			LdbSlice cut = tight_copy(ldb_slice(bytes.data, length));

			assert_int_equal(decode(cut, 50, &found, &err), LDB_CORRUPT);
			free((void *) cut.data);
		}
		for (size_t at = 0; at < bytes.length * 8; at++)
		{
			LdbSlice copy = tight_copy(bytes);

			((uint8_t *) copy.data)[at / 8] ^= (uint8_t) (1u << at % 8);
			if (decode(copy, 50, &found, &err) == LDB_OK)
				assert_int_equal(found, ldb_bitmap_count(bits, 0, ROWS));
			else
				assert_non_null(strstr(err.message, "f.arrow"));
			free((void *) copy.data);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_codec_and_any_order),
		cmocka_unit_test(reads_no_rows_and_no_batches),
		cmocka_unit_test(counts_each_row_once),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(claims_are_bounded_by_the_manifest),
		cmocka_unit_test(hostile_bytes_are_refused_or_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
