/* local_prune.c -- takes away folders that hold nothing any more. */
#include "local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Datasets are three folders deep, more with branches. */
#define DEEPEST 32

typedef struct Pruning
{
	const char *folder; /* what errors speak of */
	bool unfinished;    /* files of writers that did not finish go too */
	const LdbCancel *cancel;
} Pruning;

static LdbStatus prune_folder(const Pruning *pruning, int parent, const char *base, int depth,
							  LdbError *err);

static LdbStatus
prune_entries(const Pruning *pruning, DIR *entries, int depth, LdbError *err)
{
	for (;;)
	{
		const struct dirent *entry;
		struct stat status;

		LDB_CHECK_CANCEL(pruning->cancel, err);
		errno = 0;
		entry = readdir(entries);
		if (entry == NULL && errno != 0)
			return ldb_beneath_failure(errno, "list", pruning->folder, err);
		if (entry == NULL)
			return LDB_OK;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			fstatat(dirfd(entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (S_ISDIR(status.st_mode))
			LDB_TRY(prune_folder(pruning, dirfd(entries), entry->d_name, depth + 1, err));
		else if (pruning->unfinished && S_ISREG(status.st_mode) &&
				 ldb_local_is_temporary(entry->d_name))
			unlinkat(dirfd(entries), entry->d_name, 0);
	}
}

/* Recursion ends at DEEPEST. */
static LdbStatus
prune_folder(const Pruning *pruning, int parent, const char *base, int depth, LdbError *err)
{
	int fd = openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *entries;
	LdbStatus result;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return LDB_OK;
	if (fd < 0)
		return ldb_beneath_failure(errno, "list", pruning->folder, err);
	entries = depth > DEEPEST ? NULL : fdopendir(fd);
	if (entries == NULL)
	{
		close(fd);
		return LDB_OK;
	}
	result = prune_entries(pruning, entries, depth, err);
	closedir(entries);
	if (result == LDB_OK && unlinkat(parent, base, AT_REMOVEDIR) != 0 && errno != ENOTEMPTY &&
		errno != EEXIST && errno != ENOENT)
		return ldb_beneath_failure(errno, "remove the folder", pruning->folder, err);
	return result;
}

LdbStatus
ldb_local_prune(LdbStore *store, const char *folder, bool unfinished, const LdbCancel *cancel,
				LdbError *err)
{
	Pruning pruning = {folder, unfinished, cancel};
	const char *base;
	int parent = ldb_beneath_open_parent(ldb_local_beneath(store), folder, false, &base);
	LdbStatus result;

	if (parent == -ENOENT || parent == -ENOTDIR)
		return LDB_OK;
	if (parent < 0)
		return ldb_beneath_failure(-parent, "remove the folder", folder, err);
	result = prune_folder(&pruning, parent, base, 0, err);
	if (result == LDB_OK && fsync(parent) != 0)
		result = ldb_beneath_failure(errno, "make durable the folder of", folder, err);
	close(parent);
	return result;
}
