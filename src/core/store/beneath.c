/* beneath.c -- opens names below a folder and nothing else, whatever links lie in the way. */
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel gives EAGAIN when a rename elsewhere made it unsure about a ".." in a link. */
#define OPEN_ATTEMPTS 32

/* Longer than any name that ldb_store_check_name lets pass. */
#define NAME_CAPACITY 4096

static int
open_resolved(int root, const char *name, int flags)
{
	struct open_how how = {.flags = (unsigned) (flags | O_CLOEXEC),
						   .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};

	for (int attempt = 0; attempt < OPEN_ATTEMPTS; attempt++)
	{
		long fd = syscall(SYS_openat2, root, name, &how, sizeof how);

		if (fd >= 0)
			return (int) fd;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

/* Opens one part and follows no link: a link gives ELOOP, also where the kernel says ENOTDIR. */
static int
open_part(int folder, const char *part, int flags)
{
	struct stat status;
	int fd = openat(folder, part, flags | O_NOFOLLOW | O_CLOEXEC);
	int number = errno;

	if (fd >= 0)
		return fd;
	if (number == ENOTDIR && fstatat(folder, part, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISLNK(status.st_mode))
		return -ELOOP;
	return -number;
}

static int
open_part_by_part(int root, const char *name, int flags)
{
	char part[NAME_CAPACITY];
	int folder = root;
	int fd;

	for (;;)
	{
		size_t length = strcspn(name, "/");
		bool last = name[length] == '\0';

		if (length >= sizeof part)
			fd = -ENAMETOOLONG;
		else
		{
			memcpy(part, name, length);
			part[length] = '\0';
			fd = open_part(folder, part, last ? flags : O_PATH | O_DIRECTORY);
		}
		if (folder != root)
			close(folder);
		if (last || fd < 0)
			return fd;
		folder = fd;
		name += length + 1;
	}
}

int
ldb_beneath_open(const LdbBeneath *beneath, const char *name, int flags)
{
	if (*name == '\0')
		name = ".";
	if (beneath->has_openat2)
		return open_resolved(beneath->root, name, flags);
	return open_part_by_part(beneath->root, name, flags);
}

LdbStatus
ldb_beneath_init(LdbBeneath *beneath, const char *root, LdbError *err)
{
	int probe;

	beneath->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (beneath->root < 0)
		return ldb_beneath_failure(errno, "open the folder", root, err);
	/* Old kernels say ENOSYS, filters of containers EPERM: opening "." fails for no other reason. */
	probe = open_resolved(beneath->root, ".", O_PATH | O_DIRECTORY);
	beneath->has_openat2 = probe >= 0;
	if (probe >= 0)
		close(probe);
	return LDB_OK;
}

void
ldb_beneath_close(LdbBeneath *beneath)
{
	close(beneath->root);
	beneath->root = -1;
}

/* Like mkdir -p, one part after the other; gives the last folder. */
static int
make_folders(const LdbBeneath *beneath, const char *folder)
{
	char path[NAME_CAPACITY];
	size_t length = strlen(folder);
	size_t start = 0;
	int parent = ldb_beneath_open(beneath, "", O_RDONLY | O_DIRECTORY);

	if (length >= sizeof path)
	{
		if (parent >= 0)
			close(parent);
		return -ENAMETOOLONG;
	}
	memcpy(path, folder, length + 1);
	while (parent >= 0 && start < length)
	{
		size_t end = start + strcspn(path + start, "/");
		int made = 0;
		int fd;

		path[end] = '\0';
		fd = ldb_beneath_open(beneath, path, O_RDONLY | O_DIRECTORY);
		if (fd == -ENOENT)
		{
			if (mkdirat(parent, path + start, 0777) != 0 && errno != EEXIST)
				made = -errno;
			else if (fsync(parent) != 0)
				made = -errno;
			fd = made < 0 ? made : ldb_beneath_open(beneath, path, O_RDONLY | O_DIRECTORY);
		}
		close(parent);
		parent = fd;
		path[end] = '/';
		start = end + 1;
	}
	return parent;
}

int
ldb_beneath_open_parent(const LdbBeneath *beneath, const char *name, bool make, const char **base)
{
	char folder[NAME_CAPACITY];
	const char *slash = strrchr(name, '/');
	size_t length = slash == NULL ? 0 : (size_t) (slash - name);
	int fd;

	*base = slash == NULL ? name : slash + 1;
	if (length >= sizeof folder)
		return -ENAMETOOLONG;
	memcpy(folder, name, length);
	folder[length] = '\0';
	fd = ldb_beneath_open(beneath, folder, O_RDONLY | O_DIRECTORY);
	if (fd == -ENOENT && make)
		fd = make_folders(beneath, folder);
	return fd;
}

LdbStatus
ldb_beneath_failure(int number, const char *doing, const char *name, LdbError *err)
{
	switch (number)
	{
		case ENOENT:
		case ENOTDIR:
		case ENAMETOOLONG:
			LDB_FAIL(err, LDB_NOT_FOUND, "\"%s\" does not exist", name);
		case EXDEV:
		case ELOOP:
			LDB_FAIL(err, LDB_DENIED, "\"%s\" leads outside of the store by a symbolic link", name);
		case ENXIO:
		case ENODEV:
			LDB_FAIL(err, LDB_DENIED, "\"%s\" is no regular file", name);
		case EACCES:
		case EPERM:
		case EROFS:
			ldb_error_set(err, LDB_DENIED, "could not %s \"%s\": %s", doing, name,
						  strerrordesc_np(number));
			ldb_error_hint(err, "The user that this process runs as needs access to it; LanceDB "
								"creates files that only their owner can read.");
			return LDB_DENIED;
		case ENOMEM:
			LDB_FAIL(err, LDB_NOMEM, "could not %s \"%s\": %s", doing, name,
					 strerrordesc_np(number));
		default:
			LDB_FAIL(err, LDB_IO, "could not %s \"%s\": %s", doing, name,
					 strerrordesc_np(number) == NULL ? "unknown error" : strerrordesc_np(number));
	}
}
