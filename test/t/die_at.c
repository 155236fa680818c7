/*
 * die_at.c -- preloaded into a server by OwnServer.pm: ends or stops a backend at a chosen call that
 * changes the file system, or lets the call fail.
 *
 * The file named by LANCEDB_DIE_AT says where: "kill before 7" or "stop after 1 manifest". Calls are
 * counted in each process from its start; with "manifest" only those that give a manifest its name.
 * "fail" lets the one call fail, "break" that one and all after it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of all threads together. */
static int calls;
static int manifests;

/* What number a call has. */
typedef struct Call
{
	int number;
	int manifest; /* 0 = gives no manifest its name */
} Call;

/* Is it this call that the file means? Then what is to be done about it. */
static int
chosen(const char *when, Call call, char action[8])
{
	const char *name = getenv("LANCEDB_DIE_AT");
	FILE *file = name == NULL ? NULL : fopen(name, "r");
	char moment[8] = "", only[16] = "";
	int wanted = 0;
	int count;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%7s %7s %d %15s", action, moment, &wanted, only) < 3)
		wanted = 0;
	fclose(file);
	if (wanted == 0 || strcmp(moment, when) != 0 || (only[0] != '\0' && call.manifest == 0))
		return 0;
	count = only[0] != '\0' ? call.manifest : call.number;
	return strcmp(action, "break") == 0 ? count >= wanted : count == wanted;
}

/* -1 = the call fails */
static int
act(const char *when, Call call)
{
	char action[8] = "";
	int error = errno; /* of the call that this comes after */
	int is_chosen = chosen(when, call, action);

	errno = error;
	if (!is_chosen)
		return 0;
	if (strcmp(action, "kill") == 0 || strcmp(action, "stop") == 0)
	{
		kill(getpid(), action[0] == 'k' ? SIGKILL : SIGSTOP);
		return 0;
	}
	errno = EIO;
	return -1;
}

static int
names_manifest(const char *target)
{
	size_t length = target == NULL ? 0 : strlen(target);

	return length > 9 && strcmp(target + length - 9, ".manifest") == 0;
}

static int
before(int is_manifest, Call *call)
{
	call->number = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
	call->manifest = is_manifest ? __atomic_add_fetch(&manifests, 1, __ATOMIC_SEQ_CST) : 0;
	return act("before", *call);
}

int
linkat(int from, const char *old, int to, const char *target, int flags)
{
	int (*next)(int, const char *, int, const char *, int) = dlsym(RTLD_NEXT, "linkat");
	Call call;
	int result;

	if (before(names_manifest(target), &call) != 0)
		return -1;
	result = next(from, old, to, target, flags);
	return act("after", call) != 0 ? -1 : result;
}

int
renameat(int from, const char *old, int to, const char *target)
{
	int (*next)(int, const char *, int, const char *) = dlsym(RTLD_NEXT, "renameat");
	Call call;
	int result;

	if (before(names_manifest(target), &call) != 0)
		return -1;
	result = next(from, old, to, target);
	return act("after", call) != 0 ? -1 : result;
}

int
fsync(int descriptor)
{
	int (*next)(int) = dlsym(RTLD_NEXT, "fsync");
	Call call;
	int result;

	if (before(0, &call) != 0)
		return -1;
	result = next(descriptor);
	return act("after", call) != 0 ? -1 : result;
}
