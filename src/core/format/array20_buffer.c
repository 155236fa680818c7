/* array20_buffer.c -- finds the bytes of a page's buffers, and keeps decompressed ones. */
#include "array20.h"

#include <inttypes.h>

#include "codec_general.h"
#include "ldb/base/checked.h"

/* LanceDB's pages hold about 8 MiB; one value may be larger. */
#define CACHE_LIMIT ((size_t) 128 * 1024 * 1024)

struct LdbWholeBuffer
{
	LdbWholeBuffer *next;
	const void *key;
	LdbSlice bytes;
};

void
ldb_page_cache_free(LdbPageCache *cache)
{
	ldb_arena_free(cache->arena);
	cache->arena = NULL;
}

static LdbStatus
find_buffer(const LdbPage20 *page, const Ldb__BufferRef *reference, LdbRange *range, LdbError *err)
{
	uint32_t index = reference == NULL ? 0 : reference->buffer_index;
	int32_t type = reference == NULL ? 0 : reference->buffer_type;
	size_t count = type == 0 ? page->info->buffer_count : page->column->buffer_count;

	if (type == 2)
		return ldb_file_buffer(page->file, index, range, err);
	if (type != 0 && type != 1)
		LDB_FAIL(err, LDB_CORRUPT, "buffer of type %" PRId32, type);
	if (index >= count)
		LDB_FAIL(err, LDB_CORRUPT, "buffer %" PRIu32 " of %zu", index, count);
	*range = type == 0 ? page->info->buffers[index] : page->column->buffers[index];
	return LDB_OK;
}

static LdbStatus
decompress(const LdbPage20 *page, const LdbBufferName *name, LdbRange place, LdbSlice *bytes,
		   LdbError *err)
{
	LdbPageCache *cache = page->cache;
	LdbWholeBuffer *kept;
	LdbSlice stored;
	int scheme;

	LDB_TRY(ldb_scheme_parse(name->compression->scheme, &scheme, err));
	LDB_TRY(ldb_object_read(ldb_file_object(page->file), place.offset, place.length, cache->arena,
							&stored, page->cancel, err));
	LDB_NEW(cache->arena, kept, 1, err);
	LDB_TRY(ldb_general_decode(scheme, stored, CACHE_LIMIT, cache->arena, &kept->bytes, err));
	kept->key = name->key;
	kept->next = cache->first;
	cache->first = kept;
	*bytes = kept->bytes;
	return LDB_OK;
}

static LdbStatus
whole_buffer(const LdbPage20 *page, const LdbBufferName *name, LdbRange place, LdbSlice *bytes,
			 LdbError *err)
{
	LdbPageCache *cache = page->cache;

	if (cache->arena == NULL)
		cache->arena = ldb_arena_new(CACHE_LIMIT);
	if (cache->arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory");
	if (cache->page != page->info)
	{
		ldb_arena_reset(cache->arena);
		cache->first = NULL;
		cache->page = page->info;
	}
	for (LdbWholeBuffer *kept = cache->first; kept != NULL; kept = kept->next)
	{
		if (kept->key != name->key)
			continue;
		*bytes = kept->bytes;
		return LDB_OK;
	}
	return decompress(page, name, place, bytes, err);
}

/* The caller's array outlives what was fetched or is cached. */
static LdbStatus
keep(LdbArena *arena, LdbSlice *slice, LdbError *err)
{
	if (slice->length == 0)
		return LDB_OK;
	slice->data = ldb_arena_copy(arena, slice->data, slice->length);
	if (slice->data == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu bytes of a page", slice->length);
	return LDB_OK;
}

static LdbStatus
cut_compressed(const LdbPage20 *page, const LdbBufferName *name, LdbRange place,
			   const LdbRowRange *ranges, size_t count, LdbSlice *slices, LdbError *err)
{
	LdbSlice whole;

	LDB_TRY(whole_buffer(page, name, place, &whole, err));
	for (size_t i = 0; i < count; i++)
	{
		if (!ldb_slice_part(whole, ranges[i].first, ranges[i].count, &slices[i]))
			LDB_FAIL(err, LDB_CORRUPT,
					 "bytes %" PRIu64 " + %" PRIu64 " of a compressed buffer with %zu",
					 ranges[i].first, ranges[i].count, whole.length);
		LDB_TRY(keep(page->arena, &slices[i], err));
	}
	return LDB_OK;
}

static LdbStatus
fetch(const LdbPage20 *page, LdbRange place, const LdbRowRange *ranges, size_t count, LdbError *err)
{
	LdbRange *wanted;

	LDB_NEW(page->arena, wanted, count, err);
	for (size_t i = 0; i < count; i++)
		wanted[i] = (LdbRange){place.offset + ranges[i].first, ranges[i].count};
	return ldb_object_fetch(ldb_file_object(page->file), wanted, count, page->cancel, err);
}

static LdbStatus
cut_plain(const LdbPage20 *page, LdbRange place, const LdbRowRange *ranges, size_t count,
		  LdbSlice *slices, LdbError *err)
{
	LdbObject *object = ldb_file_object(page->file);
	bool mapped = ldb_object_is_mapped(object);

	for (size_t i = 0; i < count; i++)
	{
		if (ranges[i].first > place.length || ranges[i].count > place.length - ranges[i].first)
			LDB_FAIL(err, LDB_CORRUPT,
					 "bytes %" PRIu64 " + %" PRIu64 " of a buffer with %" PRIu64
					 " at byte %" PRIu64,
					 ranges[i].first, ranges[i].count, place.length, place.offset);
	}
	if (!mapped)
		LDB_TRY(fetch(page, place, ranges, count, err));
	for (size_t i = 0; i < count; i++)
	{
		slices[i] = ldb_slice("", 0);
		if (ranges[i].count == 0)
			continue;
		LDB_TRY(ldb_object_read(object, place.offset + ranges[i].first, ranges[i].count,
								page->arena, &slices[i], page->cancel, err));
		if (!mapped)
			LDB_TRY(keep(page->arena, &slices[i], err));
	}
	return LDB_OK;
}

static bool
is_compressed(const LdbBufferName *name)
{
	return name->compression != NULL && name->compression->scheme != NULL &&
		   name->compression->scheme[0] != '\0' && strcmp(name->compression->scheme, "none") != 0;
}

LdbStatus
ldb_page20_bytes(const LdbPage20 *page, const LdbBufferName *name, const LdbRowRange *ranges,
				 size_t count, LdbSlice *slices, LdbError *err)
{
	LdbRange place;

	LDB_TRY(find_buffer(page, name->reference, &place, err));
	if (is_compressed(name))
		return cut_compressed(page, name, place, ranges, count, slices, err);
	return cut_plain(page, place, ranges, count, slices, err);
}

LdbStatus
ldb_pick_scale(const LdbPage20 *page, const LdbPick *pick, uint64_t factor, LdbPick *scaled,
			   LdbError *err)
{
	LdbRowRange *ranges;

	LDB_NEW(page->arena, ranges, pick->range_count, err);
	for (size_t i = 0; i < pick->range_count; i++)
	{
		uint64_t end;

		if (!ldb_u64_mul(pick->ranges[i].first, factor, &ranges[i].first) ||
			!ldb_u64_mul(pick->ranges[i].count, factor, &ranges[i].count) ||
			!ldb_u64_add(ranges[i].first, ranges[i].count, &end))
			LDB_FAIL(err, LDB_CORRUPT, "%" PRIu64 " values of %" PRIu64 " parts",
					 pick->ranges[i].count, factor);
	}
	scaled->ranges = ranges;
	scaled->range_count = pick->range_count;
	if (!ldb_size_mul(pick->rows, factor, &scaled->rows))
		LDB_FAIL(err, LDB_CORRUPT, "%zu values of %" PRIu64 " parts", pick->rows, factor);
	return LDB_OK;
}
