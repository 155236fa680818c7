/* local_draft.c -- see local_draft.h. */
#include "local_draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define WRITE_STEP_BYTES ((size_t) 1024 * 1024)
/* So much is handed to the disk at a time, so that the last fsync finds little to do. */
#define EARLY_IO_BYTES ((uint64_t) 8 * 1024 * 1024)
#define NAME_ATTEMPTS 16
#define LONGEST_EXTENSION 8

/*
 * What a crash leaves is found by LanceDB's cleanup, which goes by extensions. Manifests are listed by
 * theirs, so one that is not whole must not have it.
 */
static const char *
extension_of(const char *base)
{
	const char *dot = strrchr(base, '.');

	return dot == NULL || strlen(dot) > LONGEST_EXTENSION || strcmp(dot, ".manifest") == 0 ? ""
																						   : dot;
}

/* Gives 0 or an errno. */
static int
open_temporary(LdbLocalDraft *draft)
{
	for (int attempt = 0; attempt < NAME_ATTEMPTS; attempt++)
	{
		uint64_t number;

		if (getrandom(&number, sizeof number, 0) != (ssize_t) sizeof number)
			return EIO;
		snprintf(draft->temporary, sizeof draft->temporary, ".tmp-%016llx%s",
				 (unsigned long long) number, extension_of(draft->base));
		draft->fd = openat(draft->folder, draft->temporary,
						   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (draft->fd >= 0)
			return 0;
		if (errno != EEXIST)
			return errno;
	}
	return EIO;
}

static LdbStatus
open_folder(const LdbBeneath *beneath, const char *name, LdbLocalDraft *draft, LdbError *err)
{
	draft->folder = ldb_beneath_open_parent(beneath, name, true, &draft->base);
	if (draft->folder == -ENOTDIR)
		LDB_FAIL(err, LDB_DENIED, "could not write \"%s\": a part of its name is a file", name);
	if (draft->folder < 0)
		return ldb_beneath_failure(-draft->folder, "write", name, err);
	return LDB_OK;
}

/* An empty folder may be pruned by somebody else before there is a file in it. */
LdbStatus
ldb_local_draft_begin(const LdbBeneath *beneath, const char *name, LdbLocalDraft *draft,
					  LdbError *err)
{
	int number = ENOENT;

	*draft = (LdbLocalDraft){.fd = -1};
	for (int attempt = 0; attempt < NAME_ATTEMPTS && number == ENOENT; attempt++)
	{
		LDB_TRY(open_folder(beneath, name, draft, err));
		number = open_temporary(draft);
		if (number == 0)
			return LDB_OK;
		close(draft->folder);
	}
	return ldb_beneath_failure(number, "write", name, err);
}

/* What fails here shows in fsync. */
void
ldb_local_draft_start_io(LdbLocalDraft *draft)
{
	(void) sync_file_range(draft->fd, (off_t) draft->given_to_io,
						   (off_t) (draft->written - draft->given_to_io), SYNC_FILE_RANGE_WRITE);
	draft->given_to_io = draft->written;
}

LdbStatus
ldb_local_draft_write(LdbLocalDraft *draft, const char *name, LdbSlice bytes,
					  const LdbCancel *cancel, LdbError *err)
{
	size_t done = 0;

	while (done < bytes.length)
	{
		size_t left = bytes.length - done;
		ssize_t written;

		LDB_CHECK_CANCEL(cancel, err);
		written =
			write(draft->fd, bytes.data + done, left < WRITE_STEP_BYTES ? left : WRITE_STEP_BYTES);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return ldb_beneath_failure(errno, "write", name, err);
		done += (size_t) written;
		draft->written += (uint64_t) written;
		if (draft->written - draft->given_to_io >= EARLY_IO_BYTES)
			ldb_local_draft_start_io(draft);
	}
	return LDB_OK;
}

/* Gives the final name to the file; 0 or an errno, EEXIST when another was first. */
static int
give_name(const LdbLocalDraft *draft, LdbPutMode mode)
{
	/* ext4 writes a file out at once when it takes the place of another: not worth waiting for */
	if (mode == LDB_PUT_CARELESS)
		unlinkat(draft->folder, draft->base, 0);
	if (mode != LDB_PUT_CREATE)
		return renameat(draft->folder, draft->temporary, draft->folder, draft->base) == 0 ? 0
																						  : errno;
	if (linkat(draft->folder, draft->temporary, draft->folder, draft->base, 0) == 0)
		return 0;
	/* Some file systems have no hard links; there the kernel may rename without replacing. */
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK)
		return errno;
	return renameat2(draft->folder, draft->temporary, draft->folder, draft->base,
					 RENAME_NOREPLACE) == 0
			   ? 0
			   : errno;
}

static LdbStatus
close_file(LdbLocalDraft *draft, const char *name, bool durably, LdbError *err)
{
	int number = 0;

	if (draft->fd < 0)
		return LDB_OK;
	if (durably && fsync(draft->fd) != 0)
		number = errno;
	if (close(draft->fd) != 0 && number == 0)
		number = errno;
	draft->fd = -1;
	return number == 0 ? LDB_OK : ldb_beneath_failure(number, "make durable", name, err);
}

LdbStatus
ldb_local_draft_settle(LdbLocalDraft *draft, const char *name, LdbError *err)
{
	return close_file(draft, name, true, err);
}

/* After a rename there is nothing left to remove, and that is fine. */
static LdbStatus
rename_to(LdbLocalDraft *draft, const char *name, LdbPutMode mode, LdbError *err)
{
	int number = give_name(draft, mode);

	unlinkat(draft->folder, draft->temporary, 0);
	if (number == 0)
		return LDB_OK;
	if (number == EEXIST && mode == LDB_PUT_CREATE)
		LDB_FAIL(err, LDB_CONFLICT, "\"%s\" exists already", name);
	return ldb_beneath_failure(number == EISDIR ? EPERM : number, "write", name, err);
}

static LdbStatus
settle_folder(const LdbLocalDraft *draft, const char *name, LdbError *err)
{
	if (fsync(draft->folder) != 0)
		return ldb_beneath_failure(errno, "make durable the folder of", name, err);
	return LDB_OK;
}

LdbStatus
ldb_local_draft_publish(LdbLocalDraft *draft, const char *name, LdbPutMode mode, LdbError *err)
{
	bool careless = mode == LDB_PUT_CARELESS;
	LdbStatus status = close_file(draft, name, !careless, err);

	if (status == LDB_OK)
		status = rename_to(draft, name, mode, err);
	else
		unlinkat(draft->folder, draft->temporary, 0);
	if (status == LDB_OK && !careless)
		status = settle_folder(draft, name, err);
	close(draft->folder);
	return status;
}

/* Of bytes that are on their way to the disk, this descriptor is the one that is told of failures. */
LdbStatus
ldb_local_draft_publish_unsettled(LdbLocalDraft *draft, const char *name, LdbError *err)
{
	LdbStatus status = close_file(draft, name, draft->given_to_io > 0, err);

	if (status == LDB_OK)
		status = rename_to(draft, name, LDB_PUT_CREATE, err);
	else
		unlinkat(draft->folder, draft->temporary, 0);
	close(draft->folder);
	return status;
}

void
ldb_local_draft_discard(LdbLocalDraft *draft)
{
	if (draft->fd >= 0)
		close(draft->fd);
	unlinkat(draft->folder, draft->temporary, 0);
	close(draft->folder);
}
