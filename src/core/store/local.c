/* local.c -- a folder as a store: reads, maps, describes and removes its files. */
#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "ldb/store/mapping.h"

/* Between two looks at the cancel flag: a slow disk reads this much in well under 100 ms. */
#define READ_STEP_BYTES ((size_t) 4 * 1024 * 1024)

static void
close_local(LdbStore *store)
{
	LdbLocalStore *local = (LdbLocalStore *) store;

	ldb_kept_free(&local->kept);
	ldb_beneath_close(&local->beneath);
	ldb_heap_free(local);
}

void
ldb_local_describe(const struct stat *status, LdbObjectInfo *info)
{
	info->size = (uint64_t) status->st_size;
	info->modified_us = status->st_mtim.tv_sec * INT64_C(1000000) + status->st_mtim.tv_nsec / 1000;
	info->identity[0] = status->st_ino;
	info->identity[1] = (uint64_t) status->st_ctim.tv_sec * UINT64_C(1000000000) +
						(uint64_t) status->st_ctim.tv_nsec;
}

static LdbStatus
check_kind(const struct stat *status, const char *name, LdbError *err)
{
	if (S_ISREG(status->st_mode))
		return LDB_OK;
	if (S_ISDIR(status->st_mode))
		LDB_FAIL(err, LDB_NOT_FOUND, "\"%s\" is a folder", name);
	LDB_FAIL(err, LDB_DENIED, "\"%s\" is no regular file", name);
}

/* O_NONBLOCK: opening a pipe that nobody writes to would wait for ever. With O_PATH, which opens
 * nothing, openat2 takes no other flag. */
static LdbStatus
open_file(LdbStore *store, const char *name, int flags, int *fd, struct stat *status, LdbError *err)
{
	int patience = flags & O_PATH ? 0 : O_NONBLOCK | O_NOCTTY;
	int opened = ldb_beneath_open(ldb_local_beneath(store), name, flags | patience);
	LdbStatus kind;

	if (opened < 0)
		return ldb_beneath_failure(-opened, "open", name, err);
	if (fstat(opened, status) != 0)
	{
		int number = errno;

		close(opened);
		return ldb_beneath_failure(number, "look at", name, err);
	}
	kind = check_kind(status, name, err);
	if (kind != LDB_OK)
	{
		close(opened);
		return kind;
	}
	*fd = opened;
	return LDB_OK;
}

static LdbStatus
read_bytes(int fd, const char *name, LdbRange range, uint8_t *to, const LdbCancel *cancel,
		   LdbError *err)
{
	uint64_t done = 0;

	while (done < range.length)
	{
		uint64_t left = range.length - done;
		ssize_t got;

		LDB_CHECK_CANCEL(cancel, err);
		got = pread(fd, to + done, left < READ_STEP_BYTES ? left : READ_STEP_BYTES,
					(off_t) (range.offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ldb_beneath_failure(errno, "read", name, err);
		if (got == 0)
			LDB_FAIL(err, LDB_IO, "short read of \"%s\": it ends at byte %llu, wanted up to %llu",
					 name, (unsigned long long) (range.offset + done),
					 (unsigned long long) (range.offset + range.length));
		done += (uint64_t) got;
	}
	return LDB_OK;
}

static LdbStatus
read_range(int fd, const char *name, uint64_t size, LdbRange range, LdbArena *arena,
		   LdbSlice *bytes, const LdbCancel *cancel, LdbError *err)
{
	uint8_t *to;

	if (range.length == UINT64_MAX && range.offset <= size)
		range.length = size - range.offset;
	if (range.offset > size || range.length > size - range.offset)
		LDB_FAIL(err, LDB_IO, "short read of \"%s\": it has %llu bytes, wanted %llu from byte %llu",
				 name, (unsigned long long) size, (unsigned long long) range.length,
				 (unsigned long long) range.offset);
	to = ldb_arena_alloc(arena, (size_t) range.length);
	if (to == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for %llu bytes of \"%s\"",
				 (unsigned long long) range.length, name);
	LDB_TRY(read_bytes(fd, name, range, to, cancel, err));
	*bytes = ldb_slice(to, (size_t) range.length);
	return LDB_OK;
}

static LdbStatus
get(LdbStore *store, const char *name, LdbRange range, LdbArena *arena, LdbSlice *bytes,
	uint64_t *size, const LdbCancel *cancel, LdbError *err)
{
	struct stat status;
	int fd;
	LdbStatus result;

	LDB_TRY(open_file(store, name, O_RDONLY, &fd, &status, err));
	result = read_range(fd, name, (uint64_t) status.st_size, range, arena, bytes, cancel, err);
	close(fd);
	if (size != NULL && result == LDB_OK)
		*size = (uint64_t) status.st_size;
	return result;
}

static LdbStatus
get_many(LdbStore *store, const char *name, const LdbRange *ranges, size_t count, LdbArena *arena,
		 LdbSlice *bytes, const LdbCancel *cancel, LdbError *err)
{
	struct stat status;
	int fd;
	LdbStatus result = LDB_OK;

	LDB_TRY(open_file(store, name, O_RDONLY, &fd, &status, err));
	for (size_t i = 0; i < count && result == LDB_OK; i++)
		result = read_range(fd, name, (uint64_t) status.st_size, ranges[i], arena, &bytes[i],
							cancel, err);
	close(fd);
	return result;
}

static LdbStatus
remove_file(LdbStore *store, const char *name, const LdbCancel *cancel, LdbError *err)
{
	const char *base;
	int folder = ldb_beneath_open_parent(ldb_local_beneath(store), name, false, &base);
	int number = 0;

	(void) cancel;
	if (folder == -ENOENT || folder == -ENOTDIR)
		return LDB_OK;
	if (folder < 0)
		return ldb_beneath_failure(-folder, "remove", name, err);
	if (unlinkat(folder, base, 0) != 0)
		number = errno;
	close(folder);
	if (number != 0 && number != ENOENT)
		return ldb_beneath_failure(number == EISDIR ? EPERM : number, "remove", name, err);
	return LDB_OK;
}

static LdbStatus
head(LdbStore *store, const char *name, LdbArena *arena, LdbObjectInfo *info,
	 const LdbCancel *cancel, LdbError *err)
{
	struct stat status;
	int fd;

	(void) cancel;
	LDB_TRY(open_file(store, name, O_PATH, &fd, &status, err));
	close(fd);
	ldb_local_describe(&status, info);
	info->name = ldb_arena_strdup(arena, name);
	if (info->name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the name \"%s\"", name);
	return LDB_OK;
}

static LdbStatus
map(LdbStore *store, const char *name, LdbMapping **mapping, const LdbCancel *cancel, LdbError *err)
{
	LdbKept *kept = &((LdbLocalStore *) store)->kept;
	struct stat status;
	int fd;
	LdbStatus result;

	(void) cancel;
	LDB_TRY(open_file(store, name, O_RDONLY, &fd, &status, err));
	*mapping = ldb_kept_find(kept, &status);
	if (*mapping != NULL)
	{
		close(fd);
		return LDB_OK;
	}
	result = ldb_mapping_open(fd, name, mapping, err);
	close(fd);
	if (result == LDB_OK)
		ldb_kept_add(kept, &status, *mapping);
	return result;
}

static const LdbStoreOps local_ops = {
	.kind = "file",
	.get = get,
	.get_many = get_many,
	.put = ldb_local_put,
	.list = ldb_local_list,
	.remove = remove_file,
	.head = head,
	.map = map,
	.create = ldb_local_create,
	.settle = ldb_local_settle,
	.prune = ldb_local_prune,
	.close = close_local,
};

LdbStatus
ldb_store_open_local(const char *root, LdbStore **store, LdbError *err)
{
	LdbLocalStore *local = ldb_heap_zalloc(sizeof *local);
	LdbStatus status;

	if (local == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the store at \"%s\"", root);
	local->base.ops = &local_ops;
	local->base.settles = true;
	status = ldb_beneath_init(&local->beneath, root, err);
	if (status != LDB_OK)
	{
		ldb_heap_free(local);
		return status;
	}
	ldb_kept_init(&local->kept);
	*store = &local->base;
	return LDB_OK;
}
