/* stats.c -- a store that counts what is asked of another. */
#include <stdatomic.h>

#include "ldb/store/store.h"

typedef struct StatsStore
{
	LdbStore base;
	LdbStore *inner; /* owned */
	atomic_uint_fast64_t get_requests;
	atomic_uint_fast64_t put_requests;
	atomic_uint_fast64_t list_requests;
	atomic_uint_fast64_t head_requests;
	atomic_uint_fast64_t delete_requests;
	atomic_uint_fast64_t map_requests;
	atomic_uint_fast64_t settle_requests;
	atomic_uint_fast64_t bytes_read;
	atomic_uint_fast64_t bytes_written;
	atomic_uint_fast64_t errors;
} StatsStore;

void
ldb_store_stats_read(LdbStore *store, LdbStoreStats *stats)
{
	StatsStore *counted = (StatsStore *) store;

	*stats = (LdbStoreStats){
		.get_requests = atomic_load(&counted->get_requests),
		.put_requests = atomic_load(&counted->put_requests),
		.list_requests = atomic_load(&counted->list_requests),
		.head_requests = atomic_load(&counted->head_requests),
		.delete_requests = atomic_load(&counted->delete_requests),
		.map_requests = atomic_load(&counted->map_requests),
		.settle_requests = atomic_load(&counted->settle_requests),
		.bytes_read = atomic_load(&counted->bytes_read),
		.bytes_written = atomic_load(&counted->bytes_written),
		.errors = atomic_load(&counted->errors),
	};
}

static LdbStatus
count_outcome(StatsStore *counted, LdbStatus status)
{
	if (status != LDB_OK)
		atomic_fetch_add(&counted->errors, 1);
	return status;
}

static LdbStatus
get(LdbStore *store, const char *name, LdbRange range, LdbArena *arena, LdbSlice *bytes,
	uint64_t *size, const LdbCancel *cancel, LdbError *err)
{
	StatsStore *counted = (StatsStore *) store;
	LdbStatus status = ldb_store_get(counted->inner, name, range, arena, bytes, size, cancel, err);

	atomic_fetch_add(&counted->get_requests, 1);
	if (status == LDB_OK)
		atomic_fetch_add(&counted->bytes_read, bytes->length);
	return count_outcome(counted, status);
}

/* Each range is a request: so it will be where stores are far away. */
static LdbStatus
get_many(LdbStore *store, const char *name, const LdbRange *ranges, size_t count, LdbArena *arena,
		 LdbSlice *bytes, const LdbCancel *cancel, LdbError *err)
{
	StatsStore *counted = (StatsStore *) store;
	LdbStatus status =
		ldb_store_get_many(counted->inner, name, ranges, count, arena, bytes, cancel, err);

	atomic_fetch_add(&counted->get_requests, count);
	for (size_t i = 0; i < count && status == LDB_OK; i++)
		atomic_fetch_add(&counted->bytes_read, bytes[i].length);
	return count_outcome(counted, status);
}

static LdbStatus
put(LdbStore *store, const char *name, LdbSlice bytes, LdbPutMode mode, const LdbCancel *cancel,
	LdbError *err)
{
	StatsStore *counted = (StatsStore *) store;
	LdbStatus status = ldb_store_put(counted->inner, name, bytes, mode, cancel, err);

	atomic_fetch_add(&counted->put_requests, 1);
	if (status == LDB_OK)
		atomic_fetch_add(&counted->bytes_written, bytes.length);
	return count_outcome(counted, status);
}

static LdbStatus
list(LdbStore *store, const char *prefix, bool delimited, LdbArena *arena, LdbObjectInfo **objects,
	 size_t *count, const LdbCancel *cancel, LdbError *err)
{
	StatsStore *counted = (StatsStore *) store;

	atomic_fetch_add(&counted->list_requests, 1);
	return count_outcome(counted, ldb_store_list(counted->inner, prefix, delimited, arena, objects,
												 count, cancel, err));
}

static LdbStatus
remove_object(LdbStore *store, const char *name, const LdbCancel *cancel, LdbError *err)
{
	StatsStore *counted = (StatsStore *) store;

	atomic_fetch_add(&counted->delete_requests, 1);
	return count_outcome(counted, ldb_store_remove(counted->inner, name, cancel, err));
}

static LdbStatus
head(LdbStore *store, const char *name, LdbArena *arena, LdbObjectInfo *info,
	 const LdbCancel *cancel, LdbError *err)
{
	StatsStore *counted = (StatsStore *) store;

	atomic_fetch_add(&counted->head_requests, 1);
	return count_outcome(counted, ldb_store_head(counted->inner, name, arena, info, cancel, err));
}

static LdbStatus
map(LdbStore *store, const char *name, LdbMapping **mapping, const LdbCancel *cancel, LdbError *err)
{
	StatsStore *counted = (StatsStore *) store;

	atomic_fetch_add(&counted->map_requests, 1);
	return count_outcome(counted, ldb_store_map(counted->inner, name, mapping, cancel, err));
}

typedef struct StatsWriter
{
	LdbStoreWriter base;
	StatsStore *counted;   /* borrowed */
	LdbStoreWriter *inner; /* owned */
	uint64_t bytes;
} StatsWriter;

static LdbStatus
append(LdbStoreWriter *base, LdbSlice bytes, const LdbCancel *cancel, LdbError *err)
{
	StatsWriter *writer = (StatsWriter *) base;
	LdbStatus status = ldb_store_append(writer->inner, bytes, cancel, err);

	if (status == LDB_OK)
		writer->bytes += bytes.length;
	return count_outcome(writer->counted, status);
}

/* One request, however many pieces there were. */
static LdbStatus
finish(LdbStoreWriter *base, const LdbCancel *cancel, LdbError *err)
{
	StatsWriter *writer = (StatsWriter *) base;
	StatsStore *counted = writer->counted;
	LdbStatus status = ldb_store_finish(writer->inner, cancel, err);

	atomic_fetch_add(&counted->put_requests, 1);
	if (status == LDB_OK)
		atomic_fetch_add(&counted->bytes_written, writer->bytes);
	ldb_heap_free(writer);
	return count_outcome(counted, status);
}

static void
abandon(LdbStoreWriter *base)
{
	ldb_store_abandon(((StatsWriter *) base)->inner);
	ldb_heap_free(base);
}

static LdbStatus
create(LdbStore *store, const char *name, const LdbCancel *cancel, LdbStoreWriter **result,
	   LdbError *err)
{
	static const LdbStoreWriterOps ops = {append, finish, abandon};
	StatsStore *counted = (StatsStore *) store;
	StatsWriter *writer = ldb_heap_zalloc(sizeof *writer);
	LdbStatus status;

	if (writer == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory to write \"%s\"", name);
	writer->base.ops = &ops;
	writer->counted = counted;
	status = ldb_store_create(counted->inner, name, cancel, &writer->inner, err);
	if (status != LDB_OK)
		ldb_heap_free(writer);
	else
		*result = &writer->base;
	return count_outcome(counted, status);
}

static LdbStatus
settle(LdbStore *store, const char *const *names, size_t count, LdbStoreWriter *staged,
	   const LdbCancel *cancel, LdbError *err)
{
	StatsStore *counted = (StatsStore *) store;
	LdbStoreWriter *inner = staged == NULL ? NULL : ((StatsWriter *) staged)->inner;

	atomic_fetch_add(&counted->settle_requests, 1);
	return count_outcome(counted,
						 ldb_store_settle(counted->inner, names, count, inner, cancel, err));
}

static LdbStatus
prune(LdbStore *store, const char *folder, bool unfinished, const LdbCancel *cancel, LdbError *err)
{
	StatsStore *counted = (StatsStore *) store;

	return count_outcome(counted, ldb_store_prune(counted->inner, folder, unfinished, cancel, err));
}

static void
close_stats(LdbStore *store)
{
	ldb_store_close(((StatsStore *) store)->inner);
	ldb_heap_free(store);
}

#define STATS_OPS                                                                              \
	.kind = "stats", .get = get, .get_many = get_many, .put = put, .list = list,               \
	.remove = remove_object, .head = head, .create = create, .settle = settle, .prune = prune, \
	.close = close_stats

static const LdbStoreOps ops_without_map = {STATS_OPS};
static const LdbStoreOps ops_with_map = {STATS_OPS, .map = map};

LdbStatus
ldb_store_wrap_stats(LdbStore *inner, LdbStore **store, LdbError *err)
{
	StatsStore *counted = ldb_heap_zalloc(sizeof *counted);

	if (counted == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a store");
	counted->base.ops = inner->ops->map == NULL ? &ops_without_map : &ops_with_map;
	counted->inner = inner;
	counted->base.puts_late = inner->puts_late;
	counted->base.settles = inner->settles;
	*store = &counted->base;
	return LDB_OK;
}
