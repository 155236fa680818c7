/* local_list.c -- finds the files of a folder, and of those below it. */
#include "local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "listing.h"

typedef struct Walk
{
	const LdbBeneath *beneath; /* borrowed from the store */
	const char *prefix;        /* borrowed from the caller of list */
	bool delimited;
	LdbListing found;
	LdbListing folders; /* still to be read; their names end with '/' */
	const LdbCancel *cancel;
} Walk;

/* ".tmp..." is how LanceDB and we begin a file, "...#1" how LanceDB begins a manifest. */
bool
ldb_local_is_temporary(const char *base)
{
	const char *hash = strrchr(base, '#');

	if (strncmp(base, ".tmp", 4) == 0)
		return true;
	return hash != NULL && hash[1] != '\0' && hash[1 + strspn(hash + 1, "0123456789")] == '\0';
}

/* Of a link: what it leads to, if that is below the root. False when there is nothing to list. */
static bool
look_at(const Walk *walk, int folder, const char *base, const char *name, struct stat *status,
		bool *is_link)
{
	int fd;
	bool seen;

	if (fstatat(folder, base, status, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	*is_link = S_ISLNK(status->st_mode);
	if (!*is_link)
		return true;
	fd = ldb_beneath_open(walk->beneath, name, O_PATH);
	if (fd < 0)
		return false;
	seen = fstat(fd, status) == 0;
	close(fd);
	return seen;
}

/* A long list of files costs a system call for each otherwise. */
static bool
is_known_file(const Walk *walk, const struct dirent *entry)
{
	return walk->delimited && entry->d_type == DT_REG;
}

/* Thousands of these are made for a table of many versions, so nothing is formatted. */
static char *
join(LdbArena *arena, const char *folder_name, const char *base)
{
	size_t folder_length = strlen(folder_name);
	size_t base_bytes = strlen(base) + 1;
	char *name = ldb_arena_alloc(arena, folder_length + base_bytes);

	if (name == NULL)
		return NULL;
	memcpy(name, folder_name, folder_length);
	memcpy(name + folder_length, base, base_bytes);
	return name;
}

static LdbStatus
add_entry(Walk *walk, int folder, const char *folder_name, const struct dirent *entry,
		  LdbError *err)
{
	const char *base = entry->d_name;
	LdbObjectInfo info = {0};
	struct stat status;
	bool is_link;
	const char *name = join(walk->found.arena, folder_name, base);

	if (name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the list of \"%s\"", folder_name);
	if (strncmp(name, walk->prefix, strlen(walk->prefix)) != 0 ||
		ldb_store_check_name(name, false, NULL) != LDB_OK)
		return LDB_OK;
	if (is_known_file(walk, entry))
	{
		info.name = name;
		return ldb_local_is_temporary(base) ? LDB_OK : ldb_listing_add(&walk->found, &info, err);
	}
	if (!look_at(walk, folder, base, name, &status, &is_link))
		return LDB_OK;
	if (S_ISREG(status.st_mode))
	{
		if (ldb_local_is_temporary(base))
			return LDB_OK;
		ldb_local_describe(&status, &info);
		info.name = name;
		return ldb_listing_add(&walk->found, &info, err);
	}
	/* Links to folders may form a circle, so they are named but not walked. */
	if (!S_ISDIR(status.st_mode) || (is_link && !walk->delimited))
		return LDB_OK;
	info.name = ldb_arena_printf(walk->found.arena, "%s/", name);
	if (info.name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the list of \"%s\"", folder_name);
	return ldb_listing_add(walk->delimited ? &walk->found : &walk->folders, &info, err);
}

static LdbStatus
read_entries(Walk *walk, DIR *entries, const char *folder_name, LdbError *err)
{
	for (;;)
	{
		const struct dirent *entry;

		LDB_CHECK_CANCEL(walk->cancel, err);
		errno = 0;
		entry = readdir(entries);
		if (entry == NULL && errno != 0)
			return ldb_beneath_failure(errno, "list", folder_name, err);
		if (entry == NULL)
			return LDB_OK;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			LDB_TRY(add_entry(walk, dirfd(entries), folder_name, entry, err));
	}
}

/* folder_name is empty or ends with '/'. */
static LdbStatus
read_folder(Walk *walk, const char *folder_name, LdbError *err)
{
	size_t length = strlen(folder_name);
	char *path = ldb_arena_strndup(walk->found.arena, folder_name, length == 0 ? 0 : length - 1);
	LdbStatus result;
	DIR *entries;
	int fd;

	if (path == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the list of \"%s\"", folder_name);
	fd = ldb_beneath_open(walk->beneath, path, O_RDONLY | O_DIRECTORY);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return LDB_OK;
	if (fd < 0)
		return ldb_beneath_failure(-fd, "list", folder_name, err);
	entries = fdopendir(fd);
	if (entries == NULL)
	{
		int number = errno;

		close(fd);
		return ldb_beneath_failure(number, "list", folder_name, err);
	}
	result = read_entries(walk, entries, folder_name, err);
	closedir(entries);
	return result;
}

LdbStatus
ldb_local_list(LdbStore *store, const char *prefix, bool delimited, LdbArena *arena,
			   LdbObjectInfo **objects, size_t *count, const LdbCancel *cancel, LdbError *err)
{
	Walk walk = {.beneath = ldb_local_beneath(store),
				 .prefix = prefix,
				 .delimited = delimited,
				 .found = {.arena = arena},
				 .folders = {.arena = arena},
				 .cancel = cancel};
	const char *slash = strrchr(prefix, '/');
	const char *start =
		ldb_arena_strndup(arena, prefix, slash == NULL ? 0 : (size_t) (slash - prefix) + 1);

	if (start == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the list of \"%s\"", prefix);
	LDB_TRY(read_folder(&walk, start, err));
	while (walk.folders.count > 0)
		LDB_TRY(read_folder(&walk, walk.folders.items[--walk.folders.count].name, err));
	ldb_listing_sort(&walk.found);
	*objects = walk.found.items;
	*count = walk.found.count;
	return LDB_OK;
}
