/* memory.c -- a store of objects in memory, for tests. */
#include <pthread.h>
#include <string.h>

#include "ldb/store/store.h"
#include "listing.h"

typedef struct Entry
{
	char *name;      /* owned */
	LdbBuffer bytes; /* owned */
	uint64_t generation;
} Entry;

typedef struct MemoryStore
{
	LdbStore base;
	pthread_mutex_t mutex;
	Entry *entries; /* owned; in byte order of their names */
	size_t count;
	size_t capacity;
	uint64_t generation; /* counts puts */
} MemoryStore;

/* The place of the name, or where it belongs. */
static size_t
find_place(const MemoryStore *memory, const char *name, bool *found)
{
	size_t low = 0;
	size_t high = memory->count;

	while (low < high)
	{
		size_t middle = low + (high - low) / 2;

		if (strcmp(memory->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = low < memory->count && strcmp(memory->entries[low].name, name) == 0;
	return low;
}

static LdbStatus
find_entry(const MemoryStore *memory, const char *name, const Entry **entry, LdbError *err)
{
	bool found;
	size_t place = find_place(memory, name, &found);

	if (!found)
		LDB_FAIL(err, LDB_NOT_FOUND, "\"%s\" does not exist", name);
	*entry = &memory->entries[place];
	return LDB_OK;
}

static LdbStatus
copy_range(const Entry *entry, LdbRange range, LdbArena *arena, LdbSlice *bytes, LdbError *err)
{
	LdbSlice whole = ldb_slice(entry->bytes.data, entry->bytes.length);
	LdbSlice part;
	void *copy;

	if (range.length == UINT64_MAX && range.offset <= whole.length)
		range.length = whole.length - range.offset;
	if (!ldb_slice_part(whole, range.offset, range.length, &part))
		LDB_FAIL(err, LDB_IO, "short read of \"%s\": it has %zu bytes, wanted %llu from byte %llu",
				 entry->name, whole.length, (unsigned long long) range.length,
				 (unsigned long long) range.offset);
	copy = ldb_arena_copy(arena, part.data, part.length);
	if (copy == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu bytes of \"%s\"", part.length, entry->name);
	*bytes = ldb_slice(copy, part.length);
	return LDB_OK;
}

static LdbStatus
copy_ranges(const MemoryStore *memory, const char *name, const LdbRange *ranges, size_t count,
			LdbArena *arena, LdbSlice *bytes, uint64_t *size, LdbError *err)
{
	const Entry *entry = NULL;

	LDB_TRY(find_entry(memory, name, &entry, err));
	for (size_t i = 0; i < count; i++)
		LDB_TRY(copy_range(entry, ranges[i], arena, &bytes[i], err));
	if (size != NULL)
		*size = entry->bytes.length;
	return LDB_OK;
}

static LdbStatus
get(LdbStore *store, const char *name, LdbRange range, LdbArena *arena, LdbSlice *bytes,
	uint64_t *size, const LdbCancel *cancel, LdbError *err)
{
	MemoryStore *memory = (MemoryStore *) store;
	LdbStatus status;

	(void) cancel;
	pthread_mutex_lock(&memory->mutex);
	status = copy_ranges(memory, name, &range, 1, arena, bytes, size, err);
	pthread_mutex_unlock(&memory->mutex);
	return status;
}

static LdbStatus
get_many(LdbStore *store, const char *name, const LdbRange *ranges, size_t count, LdbArena *arena,
		 LdbSlice *bytes, const LdbCancel *cancel, LdbError *err)
{
	MemoryStore *memory = (MemoryStore *) store;
	LdbStatus status;

	(void) cancel;
	pthread_mutex_lock(&memory->mutex);
	status = copy_ranges(memory, name, ranges, count, arena, bytes, NULL, err);
	pthread_mutex_unlock(&memory->mutex);
	return status;
}

static bool
make_room(MemoryStore *memory)
{
	size_t capacity = memory->capacity == 0 ? 16 : memory->capacity * 2;
	Entry *entries;

	if (memory->count < memory->capacity)
		return true;
	entries = ldb_heap_realloc(memory->entries, capacity * sizeof *entries);
	if (entries == NULL)
		return false;
	memory->entries = entries;
	memory->capacity = capacity;
	return true;
}

static LdbStatus
insert_entry(MemoryStore *memory, size_t place, const char *name, LdbBuffer copy, LdbError *err)
{
	char *own_name = NULL;

	if (!make_room(memory) || (own_name = ldb_heap_strdup(name)) == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for \"%s\"", name);
	memmove(memory->entries + place + 1, memory->entries + place,
			(memory->count - place) * sizeof *memory->entries);
	memory->count++;
	memory->entries[place] =
		(Entry){.name = own_name, .bytes = copy, .generation = ++memory->generation};
	return LDB_OK;
}

/* Takes the copy when it succeeds. */
static LdbStatus
put_copy(MemoryStore *memory, const char *name, LdbBuffer copy, LdbPutMode mode, LdbError *err)
{
	bool found;
	size_t place = find_place(memory, name, &found);

	if (found && ldb_put_creates(mode))
		LDB_FAIL(err, LDB_CONFLICT, "\"%s\" exists already", name);
	if (!found)
		return insert_entry(memory, place, name, copy, err);
	ldb_buffer_free(&memory->entries[place].bytes);
	memory->entries[place].bytes = copy;
	memory->entries[place].generation = ++memory->generation;
	return LDB_OK;
}

static LdbStatus
put(LdbStore *store, const char *name, LdbSlice bytes, LdbPutMode mode, const LdbCancel *cancel,
	LdbError *err)
{
	MemoryStore *memory = (MemoryStore *) store;
	LdbBuffer copy = {0};
	LdbStatus status;

	(void) cancel;
	if (!ldb_buffer_append(&copy, bytes.data, bytes.length))
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu bytes of \"%s\"", bytes.length, name);
	pthread_mutex_lock(&memory->mutex);
	status = put_copy(memory, name, copy, mode, err);
	pthread_mutex_unlock(&memory->mutex);
	if (status != LDB_OK)
		ldb_buffer_free(&copy);
	return status;
}

typedef struct MemoryWriter
{
	LdbStoreWriter base;
	LdbStore *store; /* borrowed */
	char *name;      /* owned */
	LdbBuffer bytes; /* owned */
} MemoryWriter;

static LdbStatus
append(LdbStoreWriter *base, LdbSlice bytes, const LdbCancel *cancel, LdbError *err)
{
	MemoryWriter *writer = (MemoryWriter *) base;

	(void) cancel;
	if (!ldb_buffer_append(&writer->bytes, bytes.data, bytes.length))
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %zu bytes more of \"%s\"", bytes.length,
				 writer->name);
	return LDB_OK;
}

static void
abandon(LdbStoreWriter *base)
{
	MemoryWriter *writer = (MemoryWriter *) base;

	ldb_buffer_free(&writer->bytes);
	ldb_heap_free(writer->name);
	ldb_heap_free(writer);
}

static LdbStatus
finish(LdbStoreWriter *base, const LdbCancel *cancel, LdbError *err)
{
	MemoryWriter *writer = (MemoryWriter *) base;
	MemoryStore *memory = (MemoryStore *) writer->store;
	LdbStatus status;

	(void) cancel;
	pthread_mutex_lock(&memory->mutex);
	status = put_copy(memory, writer->name, writer->bytes, LDB_PUT_CREATE, err);
	pthread_mutex_unlock(&memory->mutex);
	if (status == LDB_OK)
		writer->bytes = (LdbBuffer){0};
	abandon(base);
	return status;
}

static LdbStatus
create(LdbStore *store, const char *name, const LdbCancel *cancel, LdbStoreWriter **result,
	   LdbError *err)
{
	static const LdbStoreWriterOps ops = {append, finish, abandon};
	MemoryWriter *writer = ldb_heap_zalloc(sizeof *writer);

	(void) cancel;
	if (writer == NULL || (writer->name = ldb_heap_strdup(name)) == NULL)
	{
		ldb_heap_free(writer);
		LDB_FAIL(err, LDB_NOMEM, "out of memory to write \"%s\"", name);
	}
	writer->base.ops = &ops;
	writer->store = store;
	*result = &writer->base;
	return LDB_OK;
}

static void
describe(const Entry *entry, LdbObjectInfo *info)
{
	info->size = entry->bytes.length;
	info->identity[0] = entry->generation;
}

/* A name beyond a '/' behind the prefix counts as its folder when delimited. */
static LdbStatus
add_to_list(const Entry *entry, size_t prefix_length, bool delimited, LdbListing *listing,
			LdbError *err)
{
	LdbObjectInfo info = {0};
	const char *slash = delimited ? strchr(entry->name + prefix_length, '/') : NULL;
	size_t length = slash == NULL ? strlen(entry->name) : (size_t) (slash - entry->name) + 1;

	info.name = ldb_arena_strndup(listing->arena, entry->name, length);
	if (info.name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the name \"%s\"", entry->name);
	if (slash == NULL)
		describe(entry, &info);
	return ldb_listing_add(listing, &info, err);
}

static LdbStatus
list(LdbStore *store, const char *prefix, bool delimited, LdbArena *arena, LdbObjectInfo **objects,
	 size_t *count, const LdbCancel *cancel, LdbError *err)
{
	MemoryStore *memory = (MemoryStore *) store;
	LdbListing listing = {.arena = arena};
	size_t prefix_length = strlen(prefix);
	LdbStatus status = LDB_OK;

	(void) cancel;
	pthread_mutex_lock(&memory->mutex);
	for (size_t i = 0; i < memory->count && status == LDB_OK; i++)
		if (strncmp(memory->entries[i].name, prefix, prefix_length) == 0)
			status = add_to_list(&memory->entries[i], prefix_length, delimited, &listing, err);
	pthread_mutex_unlock(&memory->mutex);
	if (status != LDB_OK)
		return status;
	ldb_listing_sort(&listing);
	*objects = listing.items;
	*count = listing.count;
	return LDB_OK;
}

static LdbStatus
remove_entry(LdbStore *store, const char *name, const LdbCancel *cancel, LdbError *err)
{
	MemoryStore *memory = (MemoryStore *) store;
	bool found;
	size_t place;

	(void) cancel;
	(void) err;
	pthread_mutex_lock(&memory->mutex);
	place = find_place(memory, name, &found);
	if (found)
	{
		ldb_heap_free(memory->entries[place].name);
		ldb_buffer_free(&memory->entries[place].bytes);
		memory->count--;
		memmove(memory->entries + place, memory->entries + place + 1,
				(memory->count - place) * sizeof *memory->entries);
	}
	pthread_mutex_unlock(&memory->mutex);
	return LDB_OK;
}

static LdbStatus
head(LdbStore *store, const char *name, LdbArena *arena, LdbObjectInfo *info,
	 const LdbCancel *cancel, LdbError *err)
{
	MemoryStore *memory = (MemoryStore *) store;
	const Entry *entry = NULL;
	LdbStatus status;

	(void) cancel;
	*info = (LdbObjectInfo){0};
	info->name = ldb_arena_strdup(arena, name);
	if (info->name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the name \"%s\"", name);
	pthread_mutex_lock(&memory->mutex);
	status = find_entry(memory, name, &entry, err);
	if (status == LDB_OK)
		describe(entry, info);
	pthread_mutex_unlock(&memory->mutex);
	return status;
}

static void
close_memory(LdbStore *store)
{
	MemoryStore *memory = (MemoryStore *) store;

	for (size_t i = 0; i < memory->count; i++)
	{
		ldb_heap_free(memory->entries[i].name);
		ldb_buffer_free(&memory->entries[i].bytes);
	}
	ldb_heap_free(memory->entries);
	pthread_mutex_destroy(&memory->mutex);
	ldb_heap_free(memory);
}

static const LdbStoreOps memory_ops = {
	.kind = "memory",
	.get = get,
	.get_many = get_many,
	.put = put,
	.list = list,
	.remove = remove_entry,
	.head = head,
	.create = create,
	.close = close_memory,
};

LdbStatus
ldb_store_open_memory(LdbStore **store, LdbError *err)
{
	MemoryStore *memory = ldb_heap_zalloc(sizeof *memory);

	if (memory == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a store");
	memory->base.ops = &memory_ops;
	pthread_mutex_init(&memory->mutex, NULL);
	*store = &memory->base;
	return LDB_OK;
}
