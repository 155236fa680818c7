/* test_row_ids.c -- row ids of each kind of segment, inside the manifest and beside it. */
#include "table/memory_table.h"

/* A sequence of segments that a test puts together. */
typedef struct Ids
{
	Ldb__RowIdSequence message;
	Ldb__U64Segment *segments[8];
	LdbArena *arena;
} Ids;

static void
ids_open(Ids *ids)
{
	memset(ids, 0, sizeof *ids);
	ldb__row_id_sequence__init(&ids->message);
	ids->message.segments = ids->segments;
	ids->arena = ldb_arena_new(0);
}

static Ldb__U64Segment *
ids_segment(Ids *ids)
{
	Ldb__U64Segment *segment = ldb_arena_zalloc(ids->arena, sizeof *segment);

	ldb__u64_segment__init(segment);
	ids->segments[ids->message.n_segments++] = segment;
	return segment;
}

static void
ids_range(Ids *ids, uint64_t start, uint64_t end)
{
	Ldb__U64Segment *segment = ids_segment(ids);
	Ldb__U64Segment__Range *range = ldb_arena_zalloc(ids->arena, sizeof *range);

	ldb__u64_segment__range__init(range);
	range->has_start = range->has_end = true;
	range->start = start;
	range->end = end;
	segment->kind_case = LDB__U64_SEGMENT__KIND_RANGE;
	segment->range = range;
}

/* `width` bytes for each value, less the base. */
static Ldb__EncodedU64Array *
ids_array(Ids *ids, size_t width, uint64_t base, const uint64_t *values, size_t count)
{
	Ldb__EncodedU64Array *array = ldb_arena_zalloc(ids->arena, sizeof *array);
	uint8_t *bytes = ldb_arena_zalloc(ids->arena, count * width);
	ProtobufCBinaryData data = {count * width, bytes};

	ldb__encoded_u64_array__init(array);
	for (size_t i = 0; i < count; i++)
	{
		uint64_t offset = values[i] - base;

		memcpy(bytes + i * width, &offset, width);
	}
	if (width == 2)
	{
		array->u16 = ldb_arena_zalloc(ids->arena, sizeof *array->u16);
		ldb__encoded_u64_array__u16__init(array->u16);
		array->kind_case = LDB__ENCODED_U64_ARRAY__KIND_U16;
		array->u16->has_base_value = array->u16->has_offsets = true;
		array->u16->base_value = base;
		array->u16->offsets = data;
	}
	else if (width == 4)
	{
		array->u32 = ldb_arena_zalloc(ids->arena, sizeof *array->u32);
		ldb__encoded_u64_array__u32__init(array->u32);
		array->kind_case = LDB__ENCODED_U64_ARRAY__KIND_U32;
		array->u32->has_base_value = array->u32->has_offsets = true;
		array->u32->base_value = base;
		array->u32->offsets = data;
	}
	else
	{
		array->u64 = ldb_arena_zalloc(ids->arena, sizeof *array->u64);
		ldb__encoded_u64_array__u64__init(array->u64);
		array->kind_case = LDB__ENCODED_U64_ARRAY__KIND_U64;
		array->u64->has_values = true;
		array->u64->values = data;
	}
	return array;
}

static void
ids_holes(Ids *ids, uint64_t start, uint64_t end, Ldb__EncodedU64Array *holes)
{
	Ldb__U64Segment *segment = ids_segment(ids);
	Ldb__U64Segment__RangeWithHoles *range = ldb_arena_zalloc(ids->arena, sizeof *range);

	ldb__u64_segment__range_with_holes__init(range);
	range->has_start = range->has_end = true;
	range->start = start;
	range->end = end;
	range->holes = holes;
	segment->kind_case = LDB__U64_SEGMENT__KIND_RANGE_WITH_HOLES;
	segment->range_with_holes = range;
}

static void
ids_bitmap(Ids *ids, uint64_t start, uint64_t end, uint8_t *bits, size_t bytes)
{
	Ldb__U64Segment *segment = ids_segment(ids);
	Ldb__U64Segment__RangeWithBitmap *range = ldb_arena_zalloc(ids->arena, sizeof *range);

	ldb__u64_segment__range_with_bitmap__init(range);
	range->has_start = range->has_end = range->has_bitmap = true;
	range->start = start;
	range->end = end;
	range->bitmap = (ProtobufCBinaryData){bytes, bits};
	segment->kind_case = LDB__U64_SEGMENT__KIND_RANGE_WITH_BITMAP;
	segment->range_with_bitmap = range;
}

static void
ids_list(Ids *ids, bool sorted, Ldb__EncodedU64Array *array)
{
	Ldb__U64Segment *segment = ids_segment(ids);

	segment->kind_case =
		sorted ? LDB__U64_SEGMENT__KIND_SORTED_ARRAY : LDB__U64_SEGMENT__KIND_ARRAY;
	segment->array = array;
}

static ProtobufCBinaryData
ids_bytes(Ids *ids)
{
	size_t length = ldb__row_id_sequence__get_packed_size(&ids->message);
	uint8_t *bytes = ldb_arena_zalloc(ids->arena, length);

	ldb__row_id_sequence__pack(&ids->message, bytes);
	return (ProtobufCBinaryData){length, bytes};
}

static LdbStatus
read_bytes(ProtobufCBinaryData bytes, uint64_t rows, LdbArena *arena, const uint64_t **result,
		   LdbError *err)
{
	Ldb__DataFragment *fragment;
	MemoryTable table;
	Draft draft;
	LdbStatus status;

	memory_open(&table);
	draft_open(&draft);
	draft_flags(&draft, LDB_FLAG_STABLE_ROW_IDS);
	fragment = draft_fragment(&draft, 3, rows);
	fragment->row_ids_case = LDB__DATA_FRAGMENT__ROW_IDS_INLINE_ROW_IDS;
	fragment->inline_row_ids = bytes;
	memory_open_draft(&table, &draft);
	memset(err, 0, sizeof *err);
	status = ldb_dataset_row_ids(table.dataset, 0, arena, result, NULL, err);
	draft_close(&draft);
	memory_close(&table);
	return status;
}

/* Closes the ids. */
static LdbStatus
read_ids(Ids *ids, uint64_t rows, LdbError *err)
{
	const uint64_t *result;
	LdbStatus status = read_bytes(ids_bytes(ids), rows, ids->arena, &result, err);

	ldb_arena_free(ids->arena);
	return status;
}

static void
check_ids(Ids *ids, const uint64_t *expected, size_t count)
{
	const uint64_t *result;
	LdbError err;

	must(read_bytes(ids_bytes(ids), count, ids->arena, &result, &err), &err);
	assert_memory_equal(result, expected, count * sizeof *expected);
	ldb_arena_free(ids->arena);
}

static void
reads_each_kind_of_segment(void **state)
{
	static const uint64_t list[] = {1000, 1003, 70000, 1001};
	static const uint64_t near[] = {1000, 1003, 1001};
	static const uint64_t holes[] = {5, 7};
	static const uint64_t last[] = {9, 3};
	static uint8_t bits[] = {0x21, 0x03}; /* least significant first: 0, 5, 8, 9 */
	Ids ids;

	(void) state;
	ids_open(&ids);
	ids_range(&ids, 7, 10);
	check_ids(&ids, (uint64_t[]){7, 8, 9}, 3);
	ids_open(&ids);
	ids_holes(&ids, 4, 9, ids_array(&ids, 2, 4, holes, 2));
	check_ids(&ids, (uint64_t[]){4, 6, 8}, 3);
	ids_open(&ids);
	ids_holes(&ids, 3, 10, ids_array(&ids, 8, 0, last, 2)); /* at both ends, not sorted */
	check_ids(&ids, (uint64_t[]){4, 5, 6, 7, 8}, 5);
	ids_open(&ids);
	ids_bitmap(&ids, 100, 110, bits, 2);
	check_ids(&ids, (uint64_t[]){100, 105, 108, 109}, 4);
	ids_open(&ids);
	ids_list(&ids, true, ids_array(&ids, 2, 1000, near, 3));
	check_ids(&ids, near, 3);
	ids_open(&ids);
	ids_list(&ids, false, ids_array(&ids, 4, 1000, list, 4));
	check_ids(&ids, list, 4);
	ids_open(&ids);
	ids_list(&ids, false, ids_array(&ids, 8, 0, list, 4));
	check_ids(&ids, list, 4);
}

static void
segments_follow_one_another(void **state)
{
	static const uint64_t list[] = {5, 2};
	Ids ids;

	(void) state;
	ids_open(&ids);
	ids_range(&ids, 0, 0);
	ids_range(&ids, 30, 32);
	ids_holes(&ids, 4, 6, NULL);
	ids_list(&ids, false, ids_array(&ids, 2, 0, list, 2));
	ids_range(&ids, UINT64_MAX - 1, UINT64_MAX);
	check_ids(&ids, (uint64_t[]){30, 31, 4, 5, 5, 2, UINT64_MAX - 1}, 7);
}

static void
without_stable_ids_addresses_are_the_ids(void **state)
{
	const uint64_t *result;
	MemoryTable table;
	Draft draft;
	LdbError err;

	(void) state;
	memory_open(&table);
	draft_open(&draft);
	draft_fragment(&draft, 3, 2);
	memory_open_draft(&table, &draft);
	must(ldb_dataset_row_ids(table.dataset, 0, table.arena, &result, NULL, &err), &err);
	assert_int_equal(result[0], UINT64_C(3) << 32);
	assert_int_equal(result[1], (UINT64_C(3) << 32) + 1);
	draft_close(&draft);
	memory_close(&table);
}

static void
long_sequences_lie_in_a_file_of_their_own(void **state)
{
	Ldb__ExternalFile external = LDB__EXTERNAL_FILE__INIT;
	Ldb__DataFragment *fragment;
	ProtobufCBinaryData bytes;
	const uint64_t *result;
	MemoryTable table;
	Draft draft;
	LdbError err;
	Ids ids;

	(void) state;
	memory_open(&table);
	draft_open(&draft);
	ids_open(&ids);
	ids_range(&ids, 40, 45);
	bytes = ids_bytes(&ids);
	draft_flags(&draft, LDB_FLAG_STABLE_ROW_IDS);
	fragment = draft_fragment(&draft, 3, 5);
	fragment->row_ids_case = LDB__DATA_FRAGMENT__ROW_IDS_EXTERNAL_ROW_IDS;
	fragment->external_row_ids = &external;
	external.path = "_rowids/x.bin";
	external.has_offset = external.has_size = true;
	external.offset = 3;
	external.size = bytes.len;
	memory_open_draft(&table, &draft);
	assert_int_equal(ldb_dataset_row_ids(table.dataset, 0, table.arena, &result, NULL, &err),
					 LDB_NOT_FOUND);
	memory_put(&table, "t.lance/_rowids/x.bin",
			   ldb_slice_of(ldb_arena_printf(table.arena, "abc%.*s", (int) bytes.len, bytes.data)));
	must(ldb_dataset_row_ids(table.dataset, 0, table.arena, &result, NULL, &err), &err);
	assert_int_equal(result[0], 40);
	assert_int_equal(result[4], 44);
	external.size = UINT64_MAX / 2;
	memory_open_draft(&table, &draft);
	assert_int_equal(ldb_dataset_row_ids(table.dataset, 0, table.arena, &result, NULL, &err),
					 LDB_IO);
	draft_close(&draft);
	ldb_arena_free(ids.arena);
	memory_close(&table);
}

static void
refuses_what_does_not_give_one_id_for_each_row(void **state)
{
	static const uint64_t outside[] = {9}, twice[] = {5, 5};
	static uint8_t bits[] = {0xff};
	LdbError err;
	Ids ids;

	(void) state;
	ids_open(&ids);
	ids_range(&ids, 0, 2);
	assert_fails(read_ids(&ids, 3, &err), LDB_CORRUPT, "2 for 3 rows");
	ids_open(&ids);
	ids_range(&ids, 0, UINT64_MAX);
	assert_fails(read_ids(&ids, 3, &err), LDB_CORRUPT, "more than its 3 rows");
	ids_open(&ids);
	ids_range(&ids, 5, 4);
	assert_fails(read_ids(&ids, 3, &err), LDB_CORRUPT, "ends before it starts");
	ids_open(&ids);
	ids_holes(&ids, 0, 5, ids_array(&ids, 8, 0, outside, 1));
	assert_fails(read_ids(&ids, 4, &err), LDB_CORRUPT, "a hole outside");
	ids_open(&ids);
	ids_holes(&ids, 0, 7, ids_array(&ids, 8, 0, twice, 2));
	assert_fails(read_ids(&ids, 5, &err), LDB_CORRUPT, "a hole outside of its range, or twice");
	ids_open(&ids);
	ids_bitmap(&ids, 0, 9, bits, 1);
	assert_fails(read_ids(&ids, 8, &err), LDB_CORRUPT, "shorter than its range");
	ids_open(&ids);
	ids_bitmap(&ids, 0, 8, bits, 1);
	assert_fails(read_ids(&ids, 7, &err), LDB_CORRUPT, "more than its 7 rows");
	ids_open(&ids);
	ids_bitmap(&ids, 9, 8, bits, 1);
	assert_fails(read_ids(&ids, 7, &err), LDB_CORRUPT, "ends before it starts");
	ids_open(&ids);
	ids_list(&ids, true, ids_array(&ids, 2, UINT64_MAX - 1, outside, 1));
	assert_fails(read_ids(&ids, 1, &err), LDB_CORRUPT, "beyond 64 bits");
	ids_open(&ids);
	ids_list(&ids, true, ids_array(&ids, 8, 0, twice, 2));
	ids.segments[0]->sorted_array->u64->values.len = 15;
	assert_fails(read_ids(&ids, 2, &err), LDB_CORRUPT, "half a number");
	ids_open(&ids);
	ids_segment(&ids);
	assert_fails(read_ids(&ids, 2, &err), LDB_CORRUPT, "unknown kind");
}

static void
hostile_bytes_are_refused_or_read(void **state)
{
	static const uint64_t list[] = {5, 2};
	static uint8_t bits[] = {0x21, 0x03};
	ProtobufCBinaryData bytes;
	LdbError err;
	Ids ids;

	(void) state;
	ids_open(&ids);
	ids_range(&ids, 30, 32);
	ids_holes(&ids, 1, 6, ids_array(&ids, 4, 0, list, 2));
	ids_bitmap(&ids, 100, 110, bits, 2);
	ids_list(&ids, false, ids_array(&ids, 2, 0, list, 2));
	bytes = ids_bytes(&ids);
	for (size_t at = 0; at < bytes.len * 8; at++)
	{
		const uint64_t *result;

		bytes.data[at / 8] ^= (uint8_t) (1u << at % 8);
		if (read_bytes(bytes, 11, ids.arena, &result, &err) != LDB_OK)
			assert_true(err.status == LDB_CORRUPT);
		bytes.data[at / 8] ^= (uint8_t) (1u << at % 8);
		assert_true(bytes.len > 0);
	}
	ldb_arena_free(ids.arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_each_kind_of_segment),
		cmocka_unit_test(segments_follow_one_another),
		cmocka_unit_test(without_stable_ids_addresses_are_the_ids),
		cmocka_unit_test(long_sequences_lie_in_a_file_of_their_own),
		cmocka_unit_test(refuses_what_does_not_give_one_id_for_each_row),
		cmocka_unit_test(hostile_bytes_are_refused_or_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
