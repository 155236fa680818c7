/* local_put.c -- writes a file so that it appears whole, durably and, if asked, only once. */
#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define WRITE_STEP_BYTES ((size_t) 1024 * 1024)
#define NAME_ATTEMPTS 16

typedef struct Draft
{
	int folder; /* owned */
	int fd;     /* owned */
	char name[32];
} Draft;

/* Gives 0 or an errno. */
static int
begin_draft(Draft *draft)
{
	for (int attempt = 0; attempt < NAME_ATTEMPTS; attempt++)
	{
		uint64_t number;

		if (getrandom(&number, sizeof number, 0) != (ssize_t) sizeof number)
			return EIO;
		snprintf(draft->name, sizeof draft->name, ".tmp-%016llx", (unsigned long long) number);
		draft->fd = openat(draft->folder, draft->name,
						   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (draft->fd >= 0)
			return 0;
		if (errno != EEXIST)
			return errno;
	}
	return EEXIST;
}

static LdbStatus
write_bytes(int fd, const char *name, LdbSlice bytes, const LdbCancel *cancel, LdbError *err)
{
	size_t done = 0;

	while (done < bytes.length)
	{
		size_t left = bytes.length - done;
		ssize_t written;

		LDB_CHECK_CANCEL(cancel, err);
		written = write(fd, bytes.data + done, left < WRITE_STEP_BYTES ? left : WRITE_STEP_BYTES);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return ldb_beneath_failure(errno, "write", name, err);
		done += (size_t) written;
	}
	if (fsync(fd) != 0)
		return ldb_beneath_failure(errno, "make durable", name, err);
	return LDB_OK;
}

/* Gives the final name to the draft; 0 or an errno, EEXIST when another was first. */
static int
publish(const Draft *draft, const char *base, LdbPutMode mode)
{
	if (mode == LDB_PUT_REPLACE)
		return renameat(draft->folder, draft->name, draft->folder, base) == 0 ? 0 : errno;
	if (linkat(draft->folder, draft->name, draft->folder, base, 0) == 0)
		return 0;
	/* Some file systems have no hard links; there the kernel may rename without replacing. */
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK)
		return errno;
	return renameat2(draft->folder, draft->name, draft->folder, base, RENAME_NOREPLACE) == 0
			   ? 0
			   : errno;
}

static LdbStatus
write_draft(Draft *draft, const char *name, const char *base, LdbSlice bytes, LdbPutMode mode,
			const LdbCancel *cancel, LdbError *err)
{
	int number = begin_draft(draft);
	LdbStatus result;

	if (number != 0)
		return ldb_beneath_failure(number == EEXIST ? EIO : number, "write", name, err);
	result = write_bytes(draft->fd, name, bytes, cancel, err);
	if (close(draft->fd) != 0 && result == LDB_OK)
		result = ldb_beneath_failure(errno, "write", name, err);
	if (result == LDB_OK)
	{
		number = publish(draft, base, mode);
		if (number == EEXIST && mode == LDB_PUT_CREATE)
		{
			ldb_error_set(err, LDB_CONFLICT, "\"%s\" exists already", name);
			result = LDB_CONFLICT;
		}
		else if (number != 0)
			result = ldb_beneath_failure(number == EISDIR ? EPERM : number, "write", name, err);
	}
	/* After a rename there is nothing left to remove, and that is fine. */
	unlinkat(draft->folder, draft->name, 0);
	if (result == LDB_OK && fsync(draft->folder) != 0)
		result = ldb_beneath_failure(errno, "make durable the folder of", name, err);
	return result;
}

LdbStatus
ldb_local_put(LdbStore *store, const char *name, LdbSlice bytes, LdbPutMode mode,
			  const LdbCancel *cancel, LdbError *err)
{
	Draft draft;
	const char *base;
	LdbStatus result;

	draft.folder = ldb_beneath_open_parent(ldb_local_beneath(store), name, true, &base);
	if (draft.folder == -ENOTDIR)
		LDB_FAIL(err, LDB_DENIED, "could not write \"%s\": a part of its name is a file", name);
	if (draft.folder < 0)
		return ldb_beneath_failure(-draft.folder, "write", name, err);
	result = write_draft(&draft, name, base, bytes, mode, cancel, err);
	close(draft.folder);
	return result;
}
