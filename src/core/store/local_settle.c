/* local_settle.c -- makes many files durable for little more than the price of one. */
#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ldb/base/pool.h"

/* Each fsync waits until the disk has emptied its cache; those that wait together share one. For few
 * files that is worth less than the start of the threads. */
#define MOST_THREADS 8
#define FEWEST_FILES_FOR_THREADS 4

typedef struct Settling
{
	const LdbBeneath *beneath; /* borrowed */
	const char *const *names;  /* borrowed */
	size_t count;
	LdbStoreWriter *staged; /* borrowed; NULL = none */
	atomic_size_t next;     /* the writer, then the files, then their folders */
} Settling;

static LdbStatus
open_one(const LdbBeneath *beneath, const char *name, int flags, int *fd, LdbError *err)
{
	*fd = ldb_beneath_open(beneath, name, O_RDONLY | O_NOCTTY | O_NONBLOCK | flags);
	return *fd < 0 ? ldb_beneath_failure(-*fd, "make durable", name, err) : LDB_OK;
}

/* Only advice: by the first fsync the file system knows of all files, and one round of its journal
 * holds them all. */
static LdbStatus
start_io(const Settling *settling, const LdbCancel *cancel, LdbError *err)
{
	for (size_t i = 0; i < settling->count; i++)
	{
		int fd;

		LDB_CHECK_CANCEL(cancel, err);
		LDB_TRY(open_one(settling->beneath, settling->names[i], 0, &fd, err));
		(void) sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
		close(fd);
	}
	if (settling->staged == NULL)
		return LDB_OK;
	return ldb_local_writer_start_io(settling->staged, cancel, err);
}

static LdbStatus
sync_one(const LdbBeneath *beneath, const char *name, int flags, LdbError *err)
{
	int number = 0;
	int fd;

	LDB_TRY(open_one(beneath, name, flags, &fd, err));
	if (fsync(fd) != 0)
		number = errno;
	close(fd);
	return number == 0 ? LDB_OK : ldb_beneath_failure(number, "make durable", name, err);
}

static size_t
folder_length(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash == NULL ? 0 : (size_t) (slash - name);
}

static bool
is_first_of_folder(const char *const *names, size_t i)
{
	size_t length = folder_length(names[i]);

	for (size_t k = i; k > 0; k--)
	{
		if (folder_length(names[k - 1]) == length && memcmp(names[k - 1], names[i], length) == 0)
			return false;
	}
	return true;
}

static LdbStatus
sync_folder(const Settling *settling, size_t i, LdbError *err)
{
	const char *name = settling->names[i];
	size_t length = folder_length(name);
	char folder[4096];

	if (!is_first_of_folder(settling->names, i))
		return LDB_OK;
	if (length >= sizeof folder)
		return ldb_beneath_failure(ENAMETOOLONG, "make durable the folder of", name, err);
	memcpy(folder, name, length);
	folder[length] = '\0';
	return sync_one(settling->beneath, folder, O_DIRECTORY, err);
}

static LdbStatus
sync_some(void *context, int worker, const atomic_bool *stop, LdbError *err)
{
	Settling *settling = context;

	(void) worker;
	while (!atomic_load(stop))
	{
		size_t i = atomic_fetch_add(&settling->next, 1);

		if (i == 0 && settling->staged != NULL)
			LDB_TRY(ldb_local_writer_settle(settling->staged, err));
		else if (i > 0 && i <= settling->count)
			LDB_TRY(sync_one(settling->beneath, settling->names[i - 1], 0, err));
		else if (i > settling->count && i <= settling->count * 2)
			LDB_TRY(sync_folder(settling, i - settling->count - 1, err));
		else if (i > settling->count * 2)
			break;
	}
	return LDB_OK;
}

LdbStatus
ldb_local_settle(LdbStore *store, const char *const *names, size_t count, LdbStoreWriter *staged,
				 const LdbCancel *cancel, LdbError *err)
{
	Settling settling = {ldb_local_beneath(store), names, count, staged, 0};
	size_t threads = count < FEWEST_FILES_FOR_THREADS ? 1 : count + 2;

	LDB_TRY(start_io(&settling, cancel, err));
	return ldb_pool_run(threads < MOST_THREADS ? (int) threads : MOST_THREADS, sync_some, &settling,
						err);
}
