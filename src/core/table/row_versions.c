/* row_versions.c -- which version first had each row of a fragment. */
#include "ldb/table/dataset.h"

#include <inttypes.h>

#include "dataset_impl.h"
#include "lance_table.pb-c.h"
#include "ldb/base/bitmap.h"
#include "ldb/proto/proto.h"

static bool
array_length(const Ldb__EncodedU64Array *array, uint64_t *count)
{
	*count = 0;
	if (array == NULL)
		return true;
	switch (array->kind_case)
	{
		case LDB__ENCODED_U64_ARRAY__KIND_U16:
			*count = array->u16->offsets.len / 2;
			return true;
		case LDB__ENCODED_U64_ARRAY__KIND_U32:
			*count = array->u32->offsets.len / 4;
			return true;
		case LDB__ENCODED_U64_ARRAY__KIND_U64:
			*count = array->u64->values.len / 8;
			return true;
		default:
			return false;
	}
}

/* Only the number of values in a span matters: it is the length of a run. False when it makes no
 * sense. */
static bool
span_length(const Ldb__U64Segment *span, uint64_t *count)
{
	uint64_t holes;

	switch (span->kind_case)
	{
		case LDB__U64_SEGMENT__KIND_RANGE:
			*count = span->range->end - span->range->start;
			return span->range->start <= span->range->end;
		case LDB__U64_SEGMENT__KIND_RANGE_WITH_HOLES:
			*count = span->range_with_holes->end - span->range_with_holes->start;
			if (span->range_with_holes->start > span->range_with_holes->end ||
				!array_length(span->range_with_holes->holes, &holes) || holes > *count)
				return false;
			*count -= holes;
			return true;
		case LDB__U64_SEGMENT__KIND_RANGE_WITH_BITMAP:
			*count = span->range_with_bitmap->end - span->range_with_bitmap->start;
			if (span->range_with_bitmap->start > span->range_with_bitmap->end ||
				*count > (uint64_t) span->range_with_bitmap->bitmap.len * 8)
				return false;
			*count = ldb_bitmap_count(span->range_with_bitmap->bitmap.data, 0, (size_t) *count);
			return true;
		case LDB__U64_SEGMENT__KIND_SORTED_ARRAY:
			return array_length(span->sorted_array, count);
		case LDB__U64_SEGMENT__KIND_ARRAY:
			return array_length(span->array, count);
		default:
			return false;
	}
}

static LdbStatus
expand(const Ldb__RowDatasetVersionSequence *sequence, const LdbFragment *fragment,
	   uint64_t *versions, LdbError *err)
{
	uint64_t row = 0;

	for (size_t i = 0; i < sequence->n_runs; i++)
	{
		const Ldb__RowDatasetVersionRun *run = sequence->runs[i];
		uint64_t count = 0;

		if ((run->span != NULL && !span_length(run->span, &count)) ||
			count > fragment->physical_rows - row)
			LDB_FAIL(err, LDB_CORRUPT,
					 "created versions of fragment %" PRIu64 ": run %zu is broken", fragment->id,
					 i);
		for (uint64_t end = row + count; row < end; row++)
			versions[row] = run->version;
	}
	if (row != fragment->physical_rows)
		LDB_FAIL(err, LDB_CORRUPT,
				 "created versions of fragment %" PRIu64 ": %" PRIu64 " for %" PRIu64 " rows",
				 fragment->id, row, fragment->physical_rows);
	return LDB_OK;
}

LdbStatus
ldb_dataset_created_versions(LdbDataset *dataset, size_t fragment_index, LdbArena *arena,
							 const uint64_t **versions, LdbError *err)
{
	const LdbFragment *fragment = &dataset->manifest->fragments[fragment_index];
	ProtobufCMessage *unpacked;
	uint64_t *made;

	*versions = NULL;
	if (fragment->inline_created_versions.length == 0)
		return LDB_OK;
	LDB_NEW(arena, made, (size_t) fragment->physical_rows, err);
	LDB_TRY(ldb_proto_unpack(&ldb__row_dataset_version_sequence__descriptor,
							 fragment->inline_created_versions, arena, "created versions",
							 &unpacked, err));
	LDB_TRY(expand((const Ldb__RowDatasetVersionSequence *) unpacked, fragment, made, err));
	*versions = made;
	return LDB_OK;
}
