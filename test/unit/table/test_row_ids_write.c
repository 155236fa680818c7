/* test_row_ids_write.c -- stable row ids come back as they were, and take little room. */
#include "table/memory_table.h"

#include "row_ids_write.h"

/* Read back by the reader of datasets. */
static void
check_round(const uint64_t *ids, size_t count, size_t most_bytes)
{
	const uint64_t *again;
	LdbSlice bytes;
	MemoryTable table;
	Draft draft;
	LdbError err;

	memory_open(&table);
	draft_open(&draft);
	draft_flags(&draft, LDB_FLAG_STABLE_ROW_IDS);
	must(ldb_row_ids_encode(ids, count, table.arena, &bytes, &err), &err);
	assert_in_range(bytes.length, 0, most_bytes);
	draft_fragment(&draft, 0, count);
	draft.fragments[0]->row_ids_case = LDB__DATA_FRAGMENT__ROW_IDS_INLINE_ROW_IDS;
	draft.fragments[0]->inline_row_ids =
		(ProtobufCBinaryData){bytes.length, (uint8_t *) bytes.data};
	memory_open_draft(&table, &draft);
	must(ldb_dataset_row_ids(table.dataset, 0, table.arena, &again, NULL, &err), &err);
	if (count > 0)
		assert_memory_equal(again, ids, count * sizeof *ids);
	draft_close(&draft);
	memory_close(&table);
}

static void
writes_runs_as_ranges(void **state)
{
	static uint64_t ids[10000];

	(void) state;
	for (size_t i = 0; i < 10000; i++)
		ids[i] = i < 5000 ? i : i + 1000000;
	check_round(ids, 5000, 16);
	check_round(ids, 10000, 32);
	check_round(ids, 1, 16);
	check_round(ids, 0, 0);
}

static void
writes_other_ids_as_arrays(void **state)
{
	static uint64_t ids[3000];

	(void) state;
	for (size_t i = 0; i < 3000; i++)
		ids[i] = 1000000 + 3 * i;
	check_round(ids, 3000, 3000 * 4 + 32);
	for (size_t i = 0; i < 3000; i++)
		ids[i] = 1000000 - 3 * i;
	check_round(ids, 3000, 3000 * 4 + 32);
	for (size_t i = 0; i < 3000; i++)
		ids[i] = (uint64_t) i << 40 | 1;
	check_round(ids, 3000, 3000 * 8 + 32);
	ids[0] = UINT64_MAX - 1;
	ids[1] = 0;
	check_round(ids, 2, 64);
}

static void
writes_random_ids(void **state)
{
	static uint64_t ids[500];
	unsigned seed = 3;

	(void) state;
	for (int round = 0; round < 100; round++)
	{
		size_t count = (size_t) rand_r(&seed) % 500;
		uint64_t id = 5;

		for (size_t i = 0; i < count; i++)
		{
			id += rand_r(&seed) % 10 == 0 ? (unsigned) rand_r(&seed) % 1000 : 1;
			ids[i] = round % 3 == 0 ? id ^ 1 : id;
		}
		check_round(ids, count, count * 24 + 64);
	}
}

static void
writes_versions_of_rows_as_runs(void **state)
{
	static const uint64_t versions[] = {1, 1, 4, 4, 4, 1};
	static const uint64_t wanted[][2] = {{2, 1}, {3, 4}, {1, 1}};
	Ldb__RowDatasetVersionSequence *sequence;
	LdbArena *arena = ldb_arena_new(0);
	LdbSlice bytes;
	LdbError err;

	(void) state;
	must(ldb_row_versions_encode(versions, 6, arena, &bytes, &err), &err);
	sequence = ldb__row_dataset_version_sequence__unpack(NULL, bytes.length, bytes.data);
	assert_int_equal(sequence->n_runs, 3);
	for (size_t i = 0; i < 3; i++)
	{
		const Ldb__U64Segment__Range *range = sequence->runs[i]->span->range;

		assert_int_equal(range->end - range->start, wanted[i][0]);
		assert_int_equal(sequence->runs[i]->version, wanted[i][1]);
	}
	ldb__row_dataset_version_sequence__free_unpacked(sequence, NULL);
	must(ldb_row_versions_encode_same(9, 100, arena, &bytes, &err), &err);
	sequence = ldb__row_dataset_version_sequence__unpack(NULL, bytes.length, bytes.data);
	assert_int_equal(sequence->n_runs, 1);
	assert_int_equal(sequence->runs[0]->span->range->end, 100);
	ldb__row_dataset_version_sequence__free_unpacked(sequence, NULL);
	ldb_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_runs_as_ranges),
		cmocka_unit_test(writes_other_ids_as_arrays),
		cmocka_unit_test(writes_random_ids),
		cmocka_unit_test(writes_versions_of_rows_as_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
