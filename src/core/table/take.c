/* take.c -- rows by address, from any fragments and in any order. */
#include "ldb/table/scan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dataset_impl.h"
#include "fragment.h"
#include "ldb/base/bitmap.h"
#include "row_plan.h"

/* Fragments that stay open between calls; one call may have more open until the next. */
#define OPEN_LIMIT 64u

/* What several rows may take together; a single one may take all that there is. */
#define MOST_BATCH_BYTES ((size_t) 64 * 1024 * 1024)

#define LOW_HALF UINT64_C(0xffffffff)

typedef struct OpenFragment
{
	LdbFragmentReader *reader; /* owned */
	size_t index;
	uint64_t last_use; /* the call */
} OpenFragment;

struct LdbTake
{
	LdbDataset *dataset;     /* borrowed */
	const LdbCancel *cancel; /* borrowed */
	LdbArena *arena;         /* owned; the take itself lies in it */
	LdbArena *batch_arena;   /* owned */
	LdbProjection projection;
	OpenFragment *open; /* on the heap, owned */
	size_t open_count;
	size_t open_capacity;
	uint64_t calls;
	size_t most_rows; /* that a batch had room for lately */
	LdbBatch batch;
	LdbScanStats stats;
};

/* An address and where the caller wants its row. */
typedef struct Wanted
{
	uint64_t address;
	uint32_t position;
} Wanted;

/* The addresses of one call, sorted, each row once. */
typedef struct Request
{
	size_t row_count;    /* different rows */
	uint64_t *addresses; /* of these, ascending */
	uint32_t *rows;      /* their offsets within their fragment */
	uint32_t *row_of;    /* for each address asked for, which of the rows it is */
	bool is_sorted;      /* the rows are what was asked for, as they are */
	size_t part_count;   /* fragments */
	LdbArray **parts;    /* by column, one array for each fragment */
} Request;

LdbStatus
ldb_take_open(LdbDataset *dataset, const size_t *columns, size_t column_count,
			  const LdbCancel *cancel, LdbTake **take, LdbError *err)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbTake *made = arena == NULL ? NULL : ldb_arena_zalloc(arena, sizeof *made);
	LdbStatus status;

	if (made == NULL)
	{
		ldb_arena_free(arena);
		LDB_FAIL(err, LDB_NOMEM, "out of memory for reading rows");
	}
	made->arena = arena;
	made->dataset = dataset;
	made->cancel = cancel;
	made->most_rows = UINT32_MAX;
	made->batch_arena = ldb_arena_new(0);
	if (made->batch_arena == NULL)
	{
		ldb_take_close(made);
		LDB_FAIL(err, LDB_NOMEM, "out of memory for reading rows");
	}
	status = ldb_projection_init(&made->projection, dataset->manifest, columns, column_count, arena,
								 err);
	if (status != LDB_OK)
	{
		ldb_take_close(made);
		return status;
	}
	*take = made;
	return LDB_OK;
}

void
ldb_take_close(LdbTake *take)
{
	if (take == NULL)
		return;
	for (size_t i = 0; i < take->open_count; i++)
		ldb_fragment_close(take->open[i].reader);
	ldb_heap_free(take->open);
	ldb_arena_free(take->batch_arena);
	ldb_arena_free(take->arena);
}

const LdbScanStats *
ldb_take_stats(const LdbTake *take)
{
	return &take->stats;
}

static int
compare_last_use(const void *left, const void *right)
{
	uint64_t a = ((const OpenFragment *) left)->last_use;
	uint64_t b = ((const OpenFragment *) right)->last_use;

	return (a < b) - (a > b);
}

/* Arrays of the last call borrow from its files, so none is closed before the next call. */
static void
close_oldest(LdbTake *take)
{
	if (take->open_count <= OPEN_LIMIT)
		return;
	qsort(take->open, take->open_count, sizeof take->open[0], compare_last_use);
	while (take->open_count > OPEN_LIMIT)
		ldb_fragment_close(take->open[--take->open_count].reader);
}

/* Looks at the files of the last call's fragments; the others have handed out nothing since. */
static LdbStatus
check_last_used(const LdbTake *take, LdbError *err)
{
	for (size_t i = 0; i < take->open_count; i++)
	{
		if (take->open[i].last_use == take->calls)
			LDB_TRY(ldb_fragment_check(take->open[i].reader, err));
	}
	return LDB_OK;
}

LdbStatus
ldb_take_check(const LdbTake *take, LdbError *err)
{
	for (size_t i = 0; i < take->open_count; i++)
	{
		if (take->open[i].last_use == take->calls && ldb_fragment_damaged(take->open[i].reader))
			return ldb_fragment_check(take->open[i].reader, err);
	}
	return LDB_OK;
}

static LdbStatus
open_fragment(LdbTake *take, size_t index, LdbFragmentReader **reader, LdbError *err)
{
	for (size_t i = 0; i < take->open_count; i++)
	{
		if (take->open[i].index != index)
			continue;
		take->open[i].last_use = take->calls;
		*reader = take->open[i].reader;
		return LDB_OK;
	}
	if (take->open_count == take->open_capacity)
	{
		size_t capacity = take->open_capacity == 0 ? 8 : take->open_capacity * 2;
		OpenFragment *grown = ldb_heap_realloc(take->open, capacity * sizeof *grown);

		if (grown == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for reading rows");
		take->open = grown;
		take->open_capacity = capacity;
	}
	LDB_TRY(
		ldb_fragment_open(take->dataset, index, &take->projection, &take->stats.read, reader, err));
	take->open[take->open_count++] = (OpenFragment){*reader, index, take->calls};
	take->stats.fragments++;
	return LDB_OK;
}

static int
compare_wanted(const void *left, const void *right)
{
	uint64_t a = ((const Wanted *) left)->address;
	uint64_t b = ((const Wanted *) right)->address;

	return (a > b) - (a < b);
}

static LdbStatus
sort_request(LdbTake *take, const uint64_t *addresses, size_t count, Request *request,
			 LdbError *err)
{
	Wanted *wanted;

	LDB_NEW(take->batch_arena, wanted, count, err);
	LDB_NEW(take->batch_arena, request->addresses, count, err);
	LDB_NEW(take->batch_arena, request->rows, count, err);
	LDB_NEW(take->batch_arena, request->row_of, count, err);
	for (size_t i = 0; i < count; i++)
		wanted[i] = (Wanted){addresses[i], (uint32_t) i};
	qsort(wanted, count, sizeof wanted[0], compare_wanted);
	request->is_sorted = true;
	for (size_t i = 0; i < count; i++)
	{
		if (i == 0 || wanted[i].address != wanted[i - 1].address)
		{
			request->addresses[request->row_count] = wanted[i].address;
			request->rows[request->row_count++] = (uint32_t) (wanted[i].address & LOW_HALF);
		}
		request->row_of[wanted[i].position] = (uint32_t) request->row_count - 1;
		request->is_sorted &= wanted[i].position == request->row_count - 1;
	}
	request->is_sorted &= request->row_count == count;
	return LDB_OK;
}

static LdbStatus
check_rows(LdbTake *take, size_t fragment_index, const uint64_t *addresses, size_t count,
		   LdbError *err)
{
	const LdbFragment *fragment = &take->dataset->manifest->fragments[fragment_index];
	const uint8_t *deleted;

	LDB_TRY(ldb_dataset_deletions(take->dataset, fragment_index, &deleted, &take->stats.read,
								  take->cancel, err));
	for (size_t i = 0; i < count; i++)
	{
		uint64_t row = addresses[i] & LOW_HALF;

		if (row >= fragment->physical_rows || (deleted != NULL && ldb_bit_get(deleted, row)))
			LDB_FAIL(err, LDB_NOT_FOUND, "row %" PRIu64 " of fragment %" PRIu64 " does not exist",
					 row, fragment->id);
	}
	return LDB_OK;
}

/* The rows of one fragment, one more part of each column. */
static LdbStatus
read_part(LdbTake *take, Request *request, size_t first, size_t count, LdbError *err)
{
	uint64_t fragment_id = request->addresses[first] >> 32;
	long index = ldb_manifest_fragment_index(take->dataset->manifest, fragment_id);
	LdbFragmentReader *reader;
	LdbRowPlan plan;

	LDB_CHECK_CANCEL(take->cancel, err);
	if (index < 0)
		LDB_FAIL(err, LDB_NOT_FOUND, "fragment %" PRIu64 " does not exist", fragment_id);
	LDB_TRY(check_rows(take, (size_t) index, request->addresses + first, count, err));
	LDB_TRY(open_fragment(take, (size_t) index, &reader, err));
	LDB_TRY(ldb_row_plan_init(&plan, 0, request->rows + first, count, take->batch_arena, err));
	for (size_t i = 0; i < take->projection.column_count; i++)
	{
		LdbArray *part = &request->parts[i][request->part_count];
		LdbColumnReader *column;

		LDB_TRY(ldb_fragment_column(reader, i, &column, take->cancel, err));
		LDB_TRY(ldb_row_plan_read(&plan, column, take->batch_arena, part, take->cancel, err));
		ldb_array_touch(part);
	}
	request->part_count++;
	return LDB_OK;
}

static size_t
count_fragments(const Request *request)
{
	size_t count = 0;

	for (size_t i = 0; i < request->row_count; i++)
		count += i == 0 || request->addresses[i] >> 32 != request->addresses[i - 1] >> 32;
	return count;
}

static LdbStatus
read_parts(LdbTake *take, Request *request, LdbError *err)
{
	size_t fragment_count = count_fragments(request);
	size_t first = 0;

	LDB_NEW(take->batch_arena, request->parts, take->projection.column_count, err);
	for (size_t i = 0; i < take->projection.column_count; i++)
		LDB_NEW(take->batch_arena, request->parts[i], fragment_count, err);
	while (first < request->row_count)
	{
		size_t end = first + 1;

		while (end < request->row_count &&
			   request->addresses[end] >> 32 == request->addresses[first] >> 32)
			end++;
		LDB_TRY(read_part(take, request, first, end - first, err));
		first = end;
	}
	return check_last_used(take, err);
}

static LdbStatus
join_columns(LdbTake *take, const Request *request, size_t count, LdbArray *columns, LdbError *err)
{
	for (size_t i = 0; i < take->projection.column_count; i++)
	{
		LdbArray joined;

		LDB_TRY(ldb_array_concat(request->parts[i], request->part_count, take->batch_arena, &joined,
								 err));
		columns[i] = joined;
		if (!request->is_sorted)
			LDB_TRY(ldb_array_take(&joined, request->row_of, count, take->batch_arena, &columns[i],
								   err));
	}
	return LDB_OK;
}

static LdbStatus
build_batch(LdbTake *take, const uint64_t *addresses, size_t count, LdbError *err)
{
	Request request = {0};

	ldb_arena_reset(take->batch_arena);
	ldb_arena_set_limit(take->batch_arena, count == 1 ? 0 : MOST_BATCH_BYTES);
	LDB_TRY(sort_request(take, addresses, count, &request, err));
	LDB_TRY(read_parts(take, &request, err));
	take->batch = (LdbBatch){.row_count = count,
							 .column_count = take->projection.column_count,
							 .arena = take->batch_arena};
	LDB_NEW(take->batch_arena, take->batch.columns, take->projection.column_count, err);
	LDB_TRY(join_columns(take, &request, count, take->batch.columns, err));
	take->batch.row_addresses =
		ldb_arena_copy(take->batch_arena, addresses, count * sizeof addresses[0]);
	if (take->batch.row_addresses == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu row addresses", count);
	return LDB_OK;
}

LdbStatus
ldb_take_rows(LdbTake *take, const uint64_t *addresses, size_t count, const LdbBatch **batch,
			  LdbError *err)
{
	LdbStatus status;

	*batch = NULL;
	if (count == 0 || count > UINT32_MAX)
		LDB_FAIL(err, LDB_INVALID, "%zu rows asked for at once", count);
	LDB_TRY(check_last_used(take, err));
	take->calls++;
	close_oldest(take);
	if (count > take->most_rows)
		count = take->most_rows;
	while ((status = build_batch(take, addresses, count, err)) == LDB_NOMEM && count > 1)
		take->most_rows = count /= 2;
	ldb_arena_set_limit(take->batch_arena, 0);
	LDB_TRY(status);
	/* the next rows may be smaller */
	if (count == take->most_rows)
		take->most_rows += take->most_rows / 4 + 1;
	take->stats.rows_returned += count;
	take->stats.batches++;
	*batch = &take->batch;
	return LDB_OK;
}
