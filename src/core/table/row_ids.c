/* row_ids.c -- the row ids of a fragment: addresses, or the stable ids that it stores. */
#include "ldb/table/dataset.h"

#include <inttypes.h>
#include <stdlib.h>

#include "dataset_impl.h"
#include "lance_table.pb-c.h"
#include "ldb/base/bitmap.h"
#include "ldb/proto/proto.h"

typedef struct Sequence
{
	uint64_t fragment_id; /* for messages */
	LdbArena *arena;      /* borrowed */
	uint64_t *ids;
	uint64_t count;
	uint64_t limit; /* rows of the fragment */
} Sequence;

typedef struct Values
{
	uint64_t *items;
	size_t count;
} Values;

static LdbStatus
broken(const Sequence *sequence, const char *what, LdbError *err)
{
	LDB_FAIL(err, LDB_CORRUPT, "row ids of fragment %" PRIu64 ": %s", sequence->fragment_id, what);
}

static LdbStatus
check_room(const Sequence *sequence, uint64_t count, LdbError *err)
{
	if (count > sequence->limit - sequence->count)
		LDB_FAIL(err, LDB_CORRUPT,
				 "row ids of fragment %" PRIu64 ": more than its %" PRIu64 " rows",
				 sequence->fragment_id, sequence->limit);
	return LDB_OK;
}

static LdbStatus
decode_offsets(const Sequence *sequence, uint64_t base, ProtobufCBinaryData bytes,
			   size_t item_bytes, Values *values, LdbError *err)
{
	if (bytes.len % item_bytes != 0)
		return broken(sequence, "an array with half a number", err);
	values->count = bytes.len / item_bytes;
	LDB_NEW(sequence->arena, values->items, values->count, err);
	for (size_t i = 0; i < values->count; i++)
	{
		uint64_t offset = 0;

		memcpy(&offset, bytes.data + i * item_bytes, item_bytes);
		if (__builtin_add_overflow(base, offset, &values->items[i]))
			return broken(sequence, "a number beyond 64 bits", err);
	}
	return LDB_OK;
}

static LdbStatus
decode_array(const Sequence *sequence, const Ldb__EncodedU64Array *array, Values *values,
			 LdbError *err)
{
	*values = (Values){NULL, 0};
	if (array == NULL)
		return LDB_OK;
	switch (array->kind_case)
	{
		case LDB__ENCODED_U64_ARRAY__KIND_U16:
			return decode_offsets(sequence, array->u16->base_value, array->u16->offsets, 2, values,
								  err);
		case LDB__ENCODED_U64_ARRAY__KIND_U32:
			return decode_offsets(sequence, array->u32->base_value, array->u32->offsets, 4, values,
								  err);
		case LDB__ENCODED_U64_ARRAY__KIND_U64:
			return decode_offsets(sequence, 0, array->u64->values, 8, values, err);
		default:
			return broken(sequence, "an array of an unknown kind", err);
	}
}

static LdbStatus
add_range(Sequence *sequence, uint64_t start, uint64_t end, LdbError *err)
{
	if (start > end)
		return broken(sequence, "a range that ends before it starts", err);
	LDB_TRY(check_room(sequence, end - start, err));
	for (uint64_t id = start; id < end; id++)
		sequence->ids[sequence->count++] = id;
	return LDB_OK;
}

static int
compare_numbers(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *) left;
	uint64_t b = *(const uint64_t *) right;

	return (a > b) - (a < b);
}

static LdbStatus
add_range_with_holes(Sequence *sequence, const Ldb__U64Segment__RangeWithHoles *range,
					 LdbError *err)
{
	uint64_t next = range->start;
	Values holes;

	LDB_TRY(decode_array(sequence, range->holes, &holes, err));
	if (holes.count > 0)
		qsort(holes.items, holes.count, sizeof holes.items[0], compare_numbers);
	for (size_t i = 0; i < holes.count; i++)
	{
		if (holes.items[i] < next || holes.items[i] >= range->end)
			return broken(sequence, "a hole outside of its range, or twice", err);
		LDB_TRY(add_range(sequence, next, holes.items[i], err));
		next = holes.items[i] + 1;
	}
	return add_range(sequence, next, range->end, err);
}

static LdbStatus
add_range_with_bitmap(Sequence *sequence, const Ldb__U64Segment__RangeWithBitmap *range,
					  LdbError *err)
{
	uint64_t bit_count = range->end - range->start;

	if (range->start > range->end)
		return broken(sequence, "a range that ends before it starts", err);
	if (bit_count > (uint64_t) range->bitmap.len * 8)
		return broken(sequence, "a bitmap shorter than its range", err);
	LDB_TRY(check_room(sequence, ldb_bitmap_count(range->bitmap.data, 0, (size_t) bit_count), err));
	for (uint64_t i = 0; i < bit_count; i++)
	{
		if (ldb_bit_get(range->bitmap.data, (size_t) i))
			sequence->ids[sequence->count++] = range->start + i;
	}
	return LDB_OK;
}

static LdbStatus
add_array(Sequence *sequence, const Ldb__EncodedU64Array *array, LdbError *err)
{
	Values values;

	LDB_TRY(decode_array(sequence, array, &values, err));
	LDB_TRY(check_room(sequence, values.count, err));
	if (values.count > 0)
		memcpy(sequence->ids + sequence->count, values.items, values.count * sizeof *values.items);
	sequence->count += values.count;
	return LDB_OK;
}

static LdbStatus
add_segment(Sequence *sequence, const Ldb__U64Segment *segment, LdbError *err)
{
	switch (segment->kind_case)
	{
		case LDB__U64_SEGMENT__KIND_RANGE:
			return add_range(sequence, segment->range->start, segment->range->end, err);
		case LDB__U64_SEGMENT__KIND_RANGE_WITH_HOLES:
			return add_range_with_holes(sequence, segment->range_with_holes, err);
		case LDB__U64_SEGMENT__KIND_RANGE_WITH_BITMAP:
			return add_range_with_bitmap(sequence, segment->range_with_bitmap, err);
		case LDB__U64_SEGMENT__KIND_SORTED_ARRAY:
			return add_array(sequence, segment->sorted_array, err);
		case LDB__U64_SEGMENT__KIND_ARRAY:
			return add_array(sequence, segment->array, err);
		default:
			return broken(sequence, "a segment of an unknown kind", err);
	}
}

static LdbStatus
decode_sequence(Sequence *sequence, LdbSlice bytes, LdbError *err)
{
	ProtobufCMessage *unpacked;
	const Ldb__RowIdSequence *message;

	LDB_TRY(ldb_proto_unpack(&ldb__row_id_sequence__descriptor, bytes, sequence->arena,
							 "row id sequence", &unpacked, err));
	message = (const Ldb__RowIdSequence *) unpacked;
	for (size_t i = 0; i < message->n_segments; i++)
		LDB_TRY(add_segment(sequence, message->segments[i], err));
	if (sequence->count != sequence->limit)
		LDB_FAIL(err, LDB_CORRUPT,
				 "row ids of fragment %" PRIu64 ": %" PRIu64 " for %" PRIu64 " rows",
				 sequence->fragment_id, sequence->count, sequence->limit);
	return LDB_OK;
}

static LdbStatus
read_external(const LdbDataset *dataset, const LdbFragment *fragment, LdbArena *arena,
			  LdbSlice *bytes, const LdbCancel *cancel, LdbError *err)
{
	LdbRange range = {fragment->external_row_ids_offset, fragment->external_row_ids_bytes};
	LdbStore *store;
	const char *name;

	LDB_TRY(ldb_dataset_locate(dataset, LDB_NO_BASE, "", fragment->external_row_ids_path, arena,
							   &store, &name, err));
	return ldb_store_get(store, name, range, arena, bytes, NULL, cancel, err);
}

LdbStatus
ldb_dataset_row_ids(LdbDataset *dataset, size_t fragment_index, LdbArena *arena,
					const uint64_t **row_ids, const LdbCancel *cancel, LdbError *err)
{
	const LdbFragment *fragment = &dataset->manifest->fragments[fragment_index];
	Sequence sequence = {
		.fragment_id = fragment->id, .arena = arena, .limit = fragment->physical_rows};
	LdbSlice bytes = fragment->inline_row_ids;

	if (dataset->view != NULL)
		return ldb_change_view_row_ids(dataset, fragment_index, arena, row_ids, cancel, err);
	LDB_NEW(arena, sequence.ids, (size_t) fragment->physical_rows, err);
	*row_ids = sequence.ids;
	if ((dataset->manifest->reader_flags & LDB_FLAG_STABLE_ROW_IDS) == 0)
	{
		uint64_t first = ldb_row_address(fragment->id, 0);

		return add_range(&sequence, first, first + fragment->physical_rows, err);
	}
	if (fragment->external_row_ids_path != NULL)
		LDB_TRY(read_external(dataset, fragment, arena, &bytes, cancel, err));
	return decode_sequence(&sequence, bytes, err);
}
