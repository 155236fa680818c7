/* row_ids_write.c -- see row_ids_write.h. */
#include "row_ids_write.h"

#include "lance_table.pb-c.h"
#include "ldb/proto/proto.h"

/* A run of consecutive ids takes about this many bytes; an array takes 4 or 8 for each id. */
#define RUN_BYTES ((size_t) 24)

static LdbStatus
new_range(uint64_t first, uint64_t count, LdbArena *arena, Ldb__U64Segment **segment, LdbError *err)
{
	Ldb__U64Segment__Range *range;

	LDB_NEW(arena, *segment, 1, err);
	LDB_NEW(arena, range, 1, err);
	ldb__u64_segment__init(*segment);
	ldb__u64_segment__range__init(range);
	range->has_start = range->has_end = true;
	range->start = first;
	range->end = first + count;
	(*segment)->kind_case = LDB__U64_SEGMENT__KIND_RANGE;
	(*segment)->range = range;
	return LDB_OK;
}

static size_t
run_length(const uint64_t *ids, size_t count)
{
	size_t length = 1;

	while (length < count && ids[length] == ids[0] + length)
		length++;
	return length;
}

typedef struct Shape
{
	size_t runs;
	uint64_t least;
	uint64_t greatest;
	bool ascending;
} Shape;

static Shape
measure(const uint64_t *ids, size_t count)
{
	Shape shape = {.least = UINT64_MAX, .ascending = true};

	for (size_t i = 0; i < count; i++)
	{
		shape.runs += i == 0 || ids[i] != ids[i - 1] + 1;
		shape.ascending = shape.ascending && (i == 0 || ids[i] > ids[i - 1]);
		shape.least = ids[i] < shape.least ? ids[i] : shape.least;
		shape.greatest = ids[i] > shape.greatest ? ids[i] : shape.greatest;
	}
	return shape;
}

static LdbStatus
new_u32_array(const uint64_t *ids, size_t count, uint64_t base, LdbArena *arena,
			  Ldb__EncodedU64Array *array, LdbError *err)
{
	uint32_t *offsets;

	LDB_NEW(arena, array->u32, 1, err);
	LDB_NEW(arena, offsets, count, err);
	for (size_t i = 0; i < count; i++)
		offsets[i] = (uint32_t) (ids[i] - base);
	ldb__encoded_u64_array__u32__init(array->u32);
	array->kind_case = LDB__ENCODED_U64_ARRAY__KIND_U32;
	array->u32->has_base_value = array->u32->has_offsets = true;
	array->u32->base_value = base;
	array->u32->offsets = (ProtobufCBinaryData){count * sizeof *offsets, (uint8_t *) offsets};
	return LDB_OK;
}

static LdbStatus
new_array(const uint64_t *ids, size_t count, const Shape *shape, LdbArena *arena,
		  Ldb__U64Segment **segment, LdbError *err)
{
	Ldb__EncodedU64Array *array;

	LDB_NEW(arena, *segment, 1, err);
	LDB_NEW(arena, array, 1, err);
	ldb__u64_segment__init(*segment);
	ldb__encoded_u64_array__init(array);
	(*segment)->kind_case =
		shape->ascending ? LDB__U64_SEGMENT__KIND_SORTED_ARRAY : LDB__U64_SEGMENT__KIND_ARRAY;
	if (shape->ascending)
		(*segment)->sorted_array = array;
	else
		(*segment)->array = array;
	if (shape->greatest - shape->least <= UINT32_MAX)
		return new_u32_array(ids, count, shape->least, arena, array, err);
	LDB_NEW(arena, array->u64, 1, err);
	ldb__encoded_u64_array__u64__init(array->u64);
	array->kind_case = LDB__ENCODED_U64_ARRAY__KIND_U64;
	array->u64->has_values = true;
	array->u64->values.len = count * sizeof *ids;
	array->u64->values.data = ldb_arena_copy(arena, ids, count * sizeof *ids);
	if (array->u64->values.data == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu row ids", count);
	return LDB_OK;
}

LdbStatus
ldb_row_ids_encode(const uint64_t *ids, size_t count, LdbArena *arena, LdbSlice *bytes,
				   LdbError *err)
{
	Ldb__RowIdSequence sequence = LDB__ROW_ID_SEQUENCE__INIT;
	Shape shape = measure(ids, count);

	if (shape.runs > 1 && shape.runs * RUN_BYTES > count * sizeof(uint32_t))
	{
		sequence.n_segments = 1;
		LDB_NEW(arena, sequence.segments, 1, err);
		LDB_TRY(new_array(ids, count, &shape, arena, &sequence.segments[0], err));
		return ldb_proto_pack(&sequence.base, arena, "row ids", bytes, err);
	}
	LDB_NEW(arena, sequence.segments, shape.runs, err);
	for (size_t i = 0; i < count;)
	{
		size_t length = run_length(ids + i, count - i);

		LDB_TRY(new_range(ids[i], length, arena, &sequence.segments[sequence.n_segments++], err));
		i += length;
	}
	return ldb_proto_pack(&sequence.base, arena, "row ids", bytes, err);
}

LdbStatus
ldb_row_ids_encode_range(uint64_t first, uint64_t count, LdbArena *arena, LdbSlice *bytes,
						 LdbError *err)
{
	Ldb__RowIdSequence sequence = LDB__ROW_ID_SEQUENCE__INIT;
	Ldb__U64Segment *segment;

	LDB_TRY(new_range(first, count, arena, &segment, err));
	sequence.n_segments = 1;
	sequence.segments = &segment;
	return ldb_proto_pack(&sequence.base, arena, "row ids", bytes, err);
}

static LdbStatus
add_versions(Ldb__RowDatasetVersionSequence *sequence, uint64_t version, uint64_t count,
			 LdbArena *arena, LdbError *err)
{
	Ldb__RowDatasetVersionRun *run;

	LDB_NEW(arena, run, 1, err);
	ldb__row_dataset_version_run__init(run);
	LDB_TRY(new_range(0, count, arena, &run->span, err));
	run->has_version = true;
	run->version = version;
	sequence->runs[sequence->n_runs++] = run;
	return LDB_OK;
}

LdbStatus
ldb_row_versions_encode(const uint64_t *versions, size_t count, LdbArena *arena, LdbSlice *bytes,
						LdbError *err)
{
	Ldb__RowDatasetVersionSequence sequence = LDB__ROW_DATASET_VERSION_SEQUENCE__INIT;
	size_t runs = 0;

	for (size_t i = 0; i < count; i++)
		runs += i == 0 || versions[i] != versions[i - 1];
	LDB_NEW(arena, sequence.runs, runs, err);
	for (size_t i = 0, next; i < count; i = next)
	{
		for (next = i + 1; next < count && versions[next] == versions[i];)
			next++;
		LDB_TRY(add_versions(&sequence, versions[i], next - i, arena, err));
	}
	return ldb_proto_pack(&sequence.base, arena, "versions of rows", bytes, err);
}

LdbStatus
ldb_row_versions_encode_same(uint64_t version, uint64_t count, LdbArena *arena, LdbSlice *bytes,
							 LdbError *err)
{
	Ldb__RowDatasetVersionSequence sequence = LDB__ROW_DATASET_VERSION_SEQUENCE__INIT;

	LDB_NEW(arena, sequence.runs, 1, err);
	LDB_TRY(add_versions(&sequence, version, count, arena, err));
	return ldb_proto_pack(&sequence.base, arena, "versions of rows", bytes, err);
}
