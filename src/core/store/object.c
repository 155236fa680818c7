/* object.c -- random reads of one object: from its mapping, from fetched ranges, or on demand. */
#include "ldb/store/object.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ldb/store/mapping.h"

/* A request costs about as much as this many bytes, so reading a smaller gap along is cheaper. */
#define LARGEST_GAP_BYTES ((uint64_t) 64 * 1024)
/* What a fetch keeps resident at most; what lies beyond is read when it is asked for. */
#define RESIDENT_BYTES ((uint64_t) 64 * 1024 * 1024)
/* The kernel reads ahead by itself within small ranges. */
#define SMALLEST_HINT_BYTES ((uint64_t) 1024 * 1024)

struct LdbObject
{
	LdbStore *store;     /* borrowed from the caller of open */
	LdbReadStats *stats; /* borrowed from the caller of open; may be NULL */
	char *name;          /* owned */
	uint64_t size;
	LdbMapping *mapping; /* owned; NULL where the store does not map */
	bool touched;        /* of a mapping: its first read was counted */
	LdbArena *arena;     /* owned; the resident ranges, or what a check needs */
	LdbRange *ranges;    /* arena; resident ranges, ascending, apart */
	LdbSlice *bytes;     /* arena; of each range */
	size_t range_count;
};

static void
count_reading(LdbObject *object, uint64_t bytes, uint64_t requests)
{
	if (object->stats == NULL)
		return;
	object->stats->bytes += bytes;
	object->stats->requests += requests;
}

static LdbStatus
find_size(LdbObject *object, const LdbCancel *cancel, LdbError *err)
{
	LdbObjectInfo info;

	if (object->store->ops->map != NULL)
	{
		LDB_TRY(ldb_store_map(object->store, object->name, &object->mapping, cancel, err));
		object->size = ldb_mapping_bytes(object->mapping).length;
		return LDB_OK;
	}
	LDB_TRY(ldb_store_head(object->store, object->name, object->arena, &info, cancel, err));
	count_reading(object, 0, 1);
	object->size = info.size;
	return LDB_OK;
}

static LdbStatus
open_within(LdbObject *object, const char *name, uint64_t size_hint, const LdbCancel *cancel,
			LdbError *err)
{
	object->name = ldb_heap_strdup(name);
	object->arena = ldb_arena_new(0);
	if (object->name == NULL || object->arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory to open \"%s\"", name);
	LDB_TRY(find_size(object, cancel, err));
	if (size_hint != 0 && object->size != size_hint)
		LDB_FAIL(err, LDB_CORRUPT, "\"%s\" has %llu bytes, its manifest says %llu", name,
				 (unsigned long long) object->size, (unsigned long long) size_hint);
	return LDB_OK;
}

LdbStatus
ldb_object_open(LdbStore *store, const char *name, uint64_t size_hint, LdbReadStats *stats,
				const LdbCancel *cancel, LdbObject **object, LdbError *err)
{
	LdbObject *opened = ldb_heap_zalloc(sizeof *opened);
	LdbStatus status;

	if (opened == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory to open \"%s\"", name);
	opened->store = store;
	opened->stats = stats;
	status = open_within(opened, name, size_hint, cancel, err);
	if (status != LDB_OK)
	{
		ldb_object_close(opened);
		return status;
	}
	*object = opened;
	return LDB_OK;
}

void
ldb_object_close(LdbObject *object)
{
	if (object == NULL)
		return;
	ldb_mapping_close(object->mapping);
	ldb_arena_free(object->arena);
	ldb_heap_free(object->name);
	ldb_heap_free(object);
}

const char *
ldb_object_name(const LdbObject *object)
{
	return object->name;
}

uint64_t
ldb_object_size(const LdbObject *object)
{
	return object->size;
}

bool
ldb_object_is_mapped(const LdbObject *object)
{
	return object->mapping != NULL;
}

static LdbStatus
check_range(const LdbObject *object, uint64_t offset, uint64_t length, LdbError *err)
{
	if (offset > object->size || length > object->size - offset)
		LDB_FAIL(err, LDB_CORRUPT,
				 "\"%s\" has %llu bytes, but %llu bytes at byte %llu are referred to", object->name,
				 (unsigned long long) object->size, (unsigned long long) length,
				 (unsigned long long) offset);
	return LDB_OK;
}

/* Tells the kernel what comes, for large ranges and a bounded part of them. */
static void
hint_ranges(const LdbObject *object, const LdbRange *ranges, size_t count)
{
	LdbSlice bytes = ldb_mapping_bytes(object->mapping);
	uintptr_t page = (uintptr_t) sysconf(_SC_PAGESIZE);
	uint64_t left = RESIDENT_BYTES;

	for (size_t i = 0; i < count && left > 0; i++)
	{
		uint64_t length = ranges[i].length < left ? ranges[i].length : left;
		uintptr_t start = ((uintptr_t) bytes.data + ranges[i].offset) & ~(page - 1);

		if (ranges[i].length < SMALLEST_HINT_BYTES)
			continue;
		madvise((void *) start, (size_t) length, MADV_WILLNEED);
		left -= length;
	}
}

static int
compare_offsets(const void *a, const void *b)
{
	uint64_t left = ((const LdbRange *) a)->offset;
	uint64_t right = ((const LdbRange *) b)->offset;

	return left < right ? -1 : left > right;
}

static LdbStatus
sort_ranges(LdbObject *object, const LdbRange *ranges, size_t count, LdbRange **sorted,
			LdbError *err)
{
	bool in_order = true;

	LDB_NEW(object->arena, *sorted, count, err);
	for (size_t i = 0; i < count; i++)
	{
		(*sorted)[i] = ranges[i];
		in_order = in_order && (i == 0 || ranges[i - 1].offset <= ranges[i].offset);
	}
	if (!in_order)
		qsort(*sorted, count, sizeof **sorted, compare_offsets);
	return LDB_OK;
}

/* Joins neighbours in place; gives how many ranges of RESIDENT_BYTES in all are left. */
static size_t
merge_ranges(LdbRange *sorted, size_t count)
{
	uint64_t total = 0;
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
	{
		LdbRange *last = kept == 0 ? NULL : &sorted[kept - 1];
		uint64_t last_end = last == NULL ? 0 : last->offset + last->length;
		uint64_t end = sorted[i].offset + sorted[i].length;
		bool joins = last != NULL && (sorted[i].offset <= last_end ||
									  sorted[i].offset - last_end < LARGEST_GAP_BYTES);
		uint64_t added = sorted[i].length;

		if (added == 0)
			continue;
		if (joins)
			added = end > last_end ? end - last_end : 0;
		if (added > RESIDENT_BYTES - total)
			continue;
		total += added;
		if (joins)
			last->length += added;
		else
			sorted[kept++] = sorted[i];
	}
	return kept;
}

static LdbStatus
fetch_ranges(LdbObject *object, const LdbRange *ranges, size_t count, const LdbCancel *cancel,
			 LdbError *err)
{
	LdbRange *merged;
	LdbSlice *bytes;
	uint64_t total = 0;
	size_t merged_count;

	LDB_TRY(sort_ranges(object, ranges, count, &merged, err));
	merged_count = merge_ranges(merged, count);
	if (merged_count == 0)
		return LDB_OK;
	LDB_NEW(object->arena, bytes, merged_count, err);
	LDB_TRY(ldb_store_get_many(object->store, object->name, merged, merged_count, object->arena,
							   bytes, cancel, err));
	for (size_t i = 0; i < merged_count; i++)
		total += merged[i].length;
	count_reading(object, total, merged_count);
	object->ranges = merged;
	object->bytes = bytes;
	object->range_count = merged_count;
	return LDB_OK;
}

LdbStatus
ldb_object_fetch(LdbObject *object, const LdbRange *ranges, size_t count, const LdbCancel *cancel,
				 LdbError *err)
{
	for (size_t i = 0; i < count; i++)
		LDB_TRY(check_range(object, ranges[i].offset, ranges[i].length, err));
	LDB_CHECK_CANCEL(cancel, err);
	if (object->mapping != NULL)
	{
		hint_ranges(object, ranges, count);
		return LDB_OK;
	}
	object->range_count = 0;
	ldb_arena_reset(object->arena);
	return count == 0 ? LDB_OK : fetch_ranges(object, ranges, count, cancel, err);
}

/* Resident ranges do not overlap, so only the last one that starts at or before can hold it. */
static bool
find_resident(const LdbObject *object, uint64_t offset, uint64_t length, LdbSlice *bytes)
{
	size_t low = 0;
	size_t high = object->range_count;

	while (low < high)
	{
		size_t middle = low + (high - low) / 2;

		if (object->ranges[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return false;
	return ldb_slice_part(object->bytes[low - 1], offset - object->ranges[low - 1].offset, length,
						  bytes);
}

LdbStatus
ldb_object_read(LdbObject *object, uint64_t offset, uint64_t length, LdbArena *arena,
				LdbSlice *bytes, const LdbCancel *cancel, LdbError *err)
{
	LdbRange range = {offset, length};

	LDB_TRY(check_range(object, offset, length, err));
	if (length == 0)
	{
		*bytes = ldb_slice("", 0);
		return LDB_OK;
	}
	if (object->mapping != NULL)
	{
		*bytes = ldb_slice(ldb_mapping_bytes(object->mapping).data + offset, (size_t) length);
		count_reading(object, length, object->touched ? 0 : 1);
		object->touched = true;
		return LDB_OK;
	}
	if (find_resident(object, offset, length, bytes))
		return LDB_OK;
	LDB_TRY(ldb_store_get(object->store, object->name, range, arena, bytes, NULL, cancel, err));
	if (bytes->length != length)
		LDB_FAIL(err, LDB_IO, "short read of \"%s\": %zu bytes instead of %llu", object->name,
				 bytes->length, (unsigned long long) length);
	count_reading(object, length, 1);
	return LDB_OK;
}

/*
 * Of a file that was cut within a page, the rest of that page reads as zeros without any signal.
 * So the size is looked at, too. A file that is gone by name is whole as long as it is mapped.
 */
static bool
was_cut(const LdbObject *object)
{
	LdbObjectInfo info;

	ldb_arena_reset(object->arena);
	return ldb_store_head(object->store, object->name, object->arena, &info, NULL, NULL) ==
			   LDB_OK &&
		   info.size < object->size;
}

bool
ldb_object_damaged(const LdbObject *object)
{
	return object->mapping != NULL && ldb_mapping_damaged(object->mapping);
}

LdbStatus
ldb_object_check(const LdbObject *object, LdbError *err)
{
	if (object->mapping == NULL)
		return LDB_OK;
	if (ldb_object_damaged(object))
		LDB_FAIL(err, LDB_IO, "\"%s\" could not be read: a part of the file is gone", object->name);
	if (was_cut(object))
		LDB_FAIL(err, LDB_IO, "\"%s\" was cut short while it was read", object->name);
	return LDB_OK;
}
