/* fault.c -- a store whose n-th call fails, to see what everybody above makes of it. */
#include <stdatomic.h>

#include "ldb/store/store.h"

typedef struct FaultStore
{
	LdbStore base;
	LdbStore *inner; /* owned */
	atomic_uint_fast64_t countdown;
	atomic_bool sticky;
	atomic_bool late;
} FaultStore;

static LdbStore *
inner_of(LdbStore *store)
{
	return ((FaultStore *) store)->inner;
}

void
ldb_store_fault_after(LdbStore *store, uint64_t n, bool sticky)
{
	FaultStore *fault = (FaultStore *) store;

	atomic_store(&fault->sticky, sticky);
	atomic_store(&fault->countdown, n);
}

void
ldb_store_fault_late(LdbStore *store, bool late)
{
	atomic_store(&((FaultStore *) store)->late, late);
}

static bool
is_due(FaultStore *fault)
{
	uint64_t left = atomic_load(&fault->countdown);

	/* A sticky fault stays at 1 once it is there. */
	if (left > 1 || (left == 1 && !atomic_load(&fault->sticky)))
		left = atomic_fetch_sub(&fault->countdown, 1);
	return left == 1;
}

static LdbStatus
maybe_fail(LdbStore *store, const char *call, const char *name, LdbError *err)
{
	if (is_due((FaultStore *) store))
		LDB_FAIL(err, LDB_IO, "could not %s \"%s\": injected fault", call, name);
	return LDB_OK;
}

/* The fate of a call that changes something. */
typedef struct Fate
{
	bool works; /* the inner store is called */
	bool fails;
} Fate;

static Fate
decide(FaultStore *fault)
{
	bool due = is_due(fault);

	return (Fate){.works = !due || atomic_load(&fault->late), .fails = due};
}

static LdbStatus
tell(Fate fate, LdbStatus status, const char *call, const char *name, LdbError *err)
{
	if (fate.fails)
		LDB_FAIL(err, LDB_IO, "could not %s \"%s\": injected fault", call, name);
	return status;
}

static LdbStatus
get(LdbStore *store, const char *name, LdbRange range, LdbArena *arena, LdbSlice *bytes,
	uint64_t *size, const LdbCancel *cancel, LdbError *err)
{
	LDB_TRY(maybe_fail(store, "read", name, err));
	return ldb_store_get(inner_of(store), name, range, arena, bytes, size, cancel, err);
}

static LdbStatus
get_many(LdbStore *store, const char *name, const LdbRange *ranges, size_t count, LdbArena *arena,
		 LdbSlice *bytes, const LdbCancel *cancel, LdbError *err)
{
	LDB_TRY(maybe_fail(store, "read", name, err));
	return ldb_store_get_many(inner_of(store), name, ranges, count, arena, bytes, cancel, err);
}

static LdbStatus
put(LdbStore *store, const char *name, LdbSlice bytes, LdbPutMode mode, const LdbCancel *cancel,
	LdbError *err)
{
	Fate fate = decide((FaultStore *) store);
	LdbStatus status = LDB_OK;

	if (fate.works)
		status = ldb_store_put(inner_of(store), name, bytes, mode, cancel, err);
	return tell(fate, status, "write", name, err);
}

static LdbStatus
list(LdbStore *store, const char *prefix, bool delimited, LdbArena *arena, LdbObjectInfo **objects,
	 size_t *count, const LdbCancel *cancel, LdbError *err)
{
	LDB_TRY(maybe_fail(store, "list", prefix, err));
	return ldb_store_list(inner_of(store), prefix, delimited, arena, objects, count, cancel, err);
}

static LdbStatus
remove_object(LdbStore *store, const char *name, const LdbCancel *cancel, LdbError *err)
{
	Fate fate = decide((FaultStore *) store);
	LdbStatus status = LDB_OK;

	if (fate.works)
		status = ldb_store_remove(inner_of(store), name, cancel, err);
	return tell(fate, status, "remove", name, err);
}

static LdbStatus
head(LdbStore *store, const char *name, LdbArena *arena, LdbObjectInfo *info,
	 const LdbCancel *cancel, LdbError *err)
{
	LDB_TRY(maybe_fail(store, "look at", name, err));
	return ldb_store_head(inner_of(store), name, arena, info, cancel, err);
}

static LdbStatus
map(LdbStore *store, const char *name, LdbMapping **mapping, const LdbCancel *cancel, LdbError *err)
{
	LDB_TRY(maybe_fail(store, "map", name, err));
	return ldb_store_map(inner_of(store), name, mapping, cancel, err);
}

typedef struct FaultWriter
{
	LdbStoreWriter base;
	LdbStore *store;       /* borrowed */
	LdbStoreWriter *inner; /* owned */
} FaultWriter;

static LdbStatus
append(LdbStoreWriter *base, LdbSlice bytes, const LdbCancel *cancel, LdbError *err)
{
	FaultWriter *writer = (FaultWriter *) base;

	LDB_TRY(maybe_fail(writer->store, "write", "a new object", err));
	return ldb_store_append(writer->inner, bytes, cancel, err);
}

static LdbStatus
finish(LdbStoreWriter *base, const LdbCancel *cancel, LdbError *err)
{
	FaultWriter *writer = (FaultWriter *) base;
	Fate fate = decide((FaultStore *) writer->store);
	LdbStatus status = LDB_OK;

	if (fate.works)
		status = ldb_store_finish(writer->inner, cancel, err);
	else
		ldb_store_abandon(writer->inner);
	ldb_heap_free(writer);
	return tell(fate, status, "write", "a new object", err);
}

static void
abandon(LdbStoreWriter *base)
{
	ldb_store_abandon(((FaultWriter *) base)->inner);
	ldb_heap_free(base);
}

static LdbStatus
create(LdbStore *store, const char *name, const LdbCancel *cancel, LdbStoreWriter **result,
	   LdbError *err)
{
	static const LdbStoreWriterOps ops = {append, finish, abandon};
	FaultWriter *writer;
	LdbStatus status;

	LDB_TRY(maybe_fail(store, "create", name, err));
	writer = ldb_heap_zalloc(sizeof *writer);
	if (writer == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory to write \"%s\"", name);
	writer->base.ops = &ops;
	writer->store = store;
	status = ldb_store_create(inner_of(store), name, cancel, &writer->inner, err);
	if (status != LDB_OK)
		ldb_heap_free(writer);
	else
		*result = &writer->base;
	return status;
}

static LdbStatus
settle(LdbStore *store, const char *const *names, size_t count, LdbStoreWriter *staged,
	   const LdbCancel *cancel, LdbError *err)
{
	Fate fate = decide((FaultStore *) store);
	LdbStoreWriter *inner = staged == NULL ? NULL : ((FaultWriter *) staged)->inner;
	LdbStatus status = LDB_OK;

	if (fate.works)
		status = ldb_store_settle(inner_of(store), names, count, inner, cancel, err);
	return tell(fate, status, "make durable", count == 0 ? "a new object" : names[0], err);
}

static LdbStatus
prune(LdbStore *store, const char *folder, bool unfinished, const LdbCancel *cancel, LdbError *err)
{
	LDB_TRY(maybe_fail(store, "prune", folder, err));
	return ldb_store_prune(inner_of(store), folder, unfinished, cancel, err);
}

static void
close_fault(LdbStore *store)
{
	ldb_store_close(inner_of(store));
	ldb_heap_free(store);
}

#define FAULT_OPS                                                                              \
	.kind = "fault", .get = get, .get_many = get_many, .put = put, .list = list,               \
	.remove = remove_object, .head = head, .create = create, .settle = settle, .prune = prune, \
	.close = close_fault

static const LdbStoreOps ops_without_map = {FAULT_OPS};
static const LdbStoreOps ops_with_map = {FAULT_OPS, .map = map};

LdbStatus
ldb_store_wrap_fault(LdbStore *inner, LdbStore **store, LdbError *err)
{
	FaultStore *fault = ldb_heap_zalloc(sizeof *fault);

	if (fault == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a store");
	fault->base.ops = inner->ops->map == NULL ? &ops_without_map : &ops_with_map;
	fault->inner = inner;
	fault->base.puts_late = inner->puts_late;
	fault->base.settles = inner->settles;
	*store = &fault->base;
	return LDB_OK;
}
