/* store.c -- the calls that everybody makes on a store: names are checked here, once for all. */
#include "ldb/store/store.h"

#include <string.h>

#include "ldb/store/mapping.h"

#define LONGEST_NAME ((size_t) 4000)
#define LONGEST_PART ((size_t) 255)

static bool
part_is_fine(const char *part, size_t length)
{
	if (length == 0 || length > LONGEST_PART)
		return false;
	return !(part[0] == '.' && (length == 1 || (length == 2 && part[1] == '.')));
}

LdbStatus
ldb_store_check_name(const char *name, bool prefix, LdbError *err)
{
	size_t length = strlen(name);
	const char *part = name;

	if (prefix && length == 0)
		return LDB_OK;
	if (length > LONGEST_NAME)
		LDB_FAIL(err, LDB_DENIED, "a name of %zu bytes is too long: \"%.100s...\"", length, name);
	for (;;)
	{
		size_t part_length = strcspn(part, "/");

		if (!part_is_fine(part, part_length))
			LDB_FAIL(err, LDB_DENIED, "\"%s\" is not a name below the root of a store", name);
		part += part_length;
		if (*part == '\0' || (prefix && part[1] == '\0'))
			return LDB_OK;
		part++;
	}
}

LdbStatus
ldb_store_get(LdbStore *store, const char *name, LdbRange range, LdbArena *arena, LdbSlice *bytes,
			  uint64_t *size, const LdbCancel *cancel, LdbError *err)
{
	LDB_TRY(ldb_store_check_name(name, false, err));
	LDB_CHECK_CANCEL(cancel, err);
	return store->ops->get(store, name, range, arena, bytes, size, cancel, err);
}

LdbStatus
ldb_store_get_many(LdbStore *store, const char *name, const LdbRange *ranges, size_t count,
				   LdbArena *arena, LdbSlice *bytes, const LdbCancel *cancel, LdbError *err)
{
	LDB_TRY(ldb_store_check_name(name, false, err));
	LDB_CHECK_CANCEL(cancel, err);
	return store->ops->get_many(store, name, ranges, count, arena, bytes, cancel, err);
}

LdbStatus
ldb_store_put(LdbStore *store, const char *name, LdbSlice bytes, LdbPutMode mode,
			  const LdbCancel *cancel, LdbError *err)
{
	LDB_TRY(ldb_store_check_name(name, false, err));
	LDB_CHECK_CANCEL(cancel, err);
	return store->ops->put(store, name, bytes, mode, cancel, err);
}

LdbStatus
ldb_store_list(LdbStore *store, const char *prefix, bool delimited, LdbArena *arena,
			   LdbObjectInfo **objects, size_t *count, const LdbCancel *cancel, LdbError *err)
{
	LDB_TRY(ldb_store_check_name(prefix, true, err));
	LDB_CHECK_CANCEL(cancel, err);
	return store->ops->list(store, prefix, delimited, arena, objects, count, cancel, err);
}

LdbStatus
ldb_store_remove(LdbStore *store, const char *name, const LdbCancel *cancel, LdbError *err)
{
	LDB_TRY(ldb_store_check_name(name, false, err));
	LDB_CHECK_CANCEL(cancel, err);
	return store->ops->remove(store, name, cancel, err);
}

LdbStatus
ldb_store_head(LdbStore *store, const char *name, LdbArena *arena, LdbObjectInfo *info,
			   const LdbCancel *cancel, LdbError *err)
{
	LDB_TRY(ldb_store_check_name(name, false, err));
	LDB_CHECK_CANCEL(cancel, err);
	return store->ops->head(store, name, arena, info, cancel, err);
}

LdbStatus
ldb_store_map(LdbStore *store, const char *name, LdbMapping **mapping, const LdbCancel *cancel,
			  LdbError *err)
{
	LDB_TRY(ldb_store_check_name(name, false, err));
	LDB_CHECK_CANCEL(cancel, err);
	if (store->ops->map == NULL)
		LDB_FAIL(err, LDB_UNSUPPORTED, "a store of kind %s cannot map \"%s\"", store->ops->kind,
				 name);
	return store->ops->map(store, name, mapping, cancel, err);
}

LdbStatus
ldb_store_create(LdbStore *store, const char *name, const LdbCancel *cancel,
				 LdbStoreWriter **writer, LdbError *err)
{
	LDB_TRY(ldb_store_check_name(name, false, err));
	LDB_CHECK_CANCEL(cancel, err);
	if (store->ops->create == NULL)
		LDB_FAIL(err, LDB_UNSUPPORTED, "a store of kind %s cannot write \"%s\" piece by piece",
				 store->ops->kind, name);
	return store->ops->create(store, name, cancel, writer, err);
}

LdbStatus
ldb_store_append(LdbStoreWriter *writer, LdbSlice bytes, const LdbCancel *cancel, LdbError *err)
{
	LDB_CHECK_CANCEL(cancel, err);
	return writer->ops->append(writer, bytes, cancel, err);
}

LdbStatus
ldb_store_finish(LdbStoreWriter *writer, const LdbCancel *cancel, LdbError *err)
{
	return writer->ops->finish(writer, cancel, err);
}

void
ldb_store_abandon(LdbStoreWriter *writer)
{
	if (writer != NULL)
		writer->ops->abandon(writer);
}

LdbStatus
ldb_store_settle(LdbStore *store, const char *const *names, size_t count, LdbStoreWriter *staged,
				 const LdbCancel *cancel, LdbError *err)
{
	for (size_t i = 0; i < count; i++)
		LDB_TRY(ldb_store_check_name(names[i], false, err));
	LDB_CHECK_CANCEL(cancel, err);
	if (!store->settles || (count == 0 && staged == NULL))
		return LDB_OK;
	return store->ops->settle(store, names, count, staged, cancel, err);
}

LdbStatus
ldb_store_prune(LdbStore *store, const char *folder, bool unfinished, const LdbCancel *cancel,
				LdbError *err)
{
	LDB_TRY(ldb_store_check_name(folder, false, err));
	LDB_CHECK_CANCEL(cancel, err);
	return store->ops->prune == NULL ? LDB_OK
									 : store->ops->prune(store, folder, unfinished, cancel, err);
}

void
ldb_store_close(LdbStore *store)
{
	if (store != NULL)
		store->ops->close(store);
}
