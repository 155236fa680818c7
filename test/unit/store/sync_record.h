/*
 * sync_record.h -- for tests: what is made durable, and which names are given, in their order.
 *
 * Takes the place of fsync and linkat in the program that includes it. Paths are relative to the
 * folder that record_begin was told; temporary files are "(temporary)".
 */
#ifndef STORE_SYNC_RECORD_H
#define STORE_SYNC_RECORD_H

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "store/store_test.h"

#define MOST_RECORDED 1000

static struct
{
	pthread_mutex_t mutex;
	char folder[256];
	const char *broken; /* an fsync of a path that contains it fails; NULL = none */
	size_t count;
	char calls[MOST_RECORDED][256]; /* "fsync data/x", "link data/x" */
} record = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void
record_begin(const char *folder)
{
	snprintf(record.folder, sizeof record.folder, "%s/", folder);
	record.broken = NULL;
	record.count = 0;
}

/* False when the call is to fail. */
static bool
record_call(const char *call, int fd, const char *base)
{
	char link[64];
	char path[256] = "";
	const char *name = path;
	bool works;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if (readlink(link, path, sizeof path - 1) < 0)
		path[0] = '\0';
	if (strncmp(path, record.folder, strlen(record.folder)) == 0)
		name = path + strlen(record.folder);
	if (strstr(name, "/.tmp-") != NULL)
		strcpy(strstr(name, "/.tmp-"), "/(temporary)");
	pthread_mutex_lock(&record.mutex);
	assert_true(record.count < MOST_RECORDED);
	snprintf(record.calls[record.count++], sizeof record.calls[0], "%s %.120s%s%.120s", call, name,
			 base[0] == '\0' ? "" : "/", base);
	works = record.broken == NULL || strstr(name, record.broken) == NULL;
	pthread_mutex_unlock(&record.mutex);
	return works;
}

int
fsync(int fd)
{
	if (record_call("fsync", fd, ""))
		return (int) syscall(SYS_fsync, fd);
	errno = EIO;
	return -1;
}

int
linkat(int from, const char *old, int to, const char *name, int flags)
{
	record_call("link", to, name);
	return (int) syscall(SYS_linkat, from, old, to, name, flags);
}

static inline int
record_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* All calls since the last look, sorted: those that are made at the same time have no order. */
static inline void
assert_recorded(const char *const *wanted, size_t count)
{
	qsort(record.calls, record.count, sizeof record.calls[0], record_compare);
	for (size_t i = 0; i < count && i < record.count; i++)
		assert_string_equal(record.calls[i], wanted[i]);
	assert_int_equal(record.count, count);
	record.count = 0;
}

#define ASSERT_RECORDED(...)                            \
	assert_recorded((const char *const[]){__VA_ARGS__}, \
					sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
#define ASSERT_NOTHING_RECORDED() assert_int_equal(record.count, 0)

#endif
