/* crash.c -- kills a process of the server at a chosen system call that changes files; for LD_PRELOAD. */
/*
 * A process is armed by a file <folder>/<its id>, LANCEDB_CRASH_FOLDER being the folder, which says "<mode> <n>":
 *   before n   dies instead of making the n-th call
 *   within n   the n-th call, when it writes, writes half of its bytes; then as after
 *   after n    dies when the n-th call has returned
 * Calls are counted from the moment at which the file is there, and appended to <folder>/<its id>.calls by name.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static struct
{
	bool armed;
	char mode; /* 'b', 'w', 'a' */
	long number;
	long count;
	int log;
} crash;

static int
open_beside(const char *suffix, int flags)
{
	const char *folder = getenv("LANCEDB_CRASH_FOLDER");
	char path[4096];

	if (folder == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/%ld%s", folder, (long) syscall(SYS_getpid), suffix);
	return (int) syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0666);
}

/* Asked at every call until the answer is yes; a child process is not armed by its parent's file. */
static bool
is_armed(void)
{
	char text[64] = "";
	char word[16];
	int error = errno;
	int file;

	if (crash.armed)
		return true;
	file = open_beside("", O_RDONLY);
	if (file >= 0)
	{
		crash.armed = syscall(SYS_read, file, text, sizeof text - 1) > 0 &&
					  sscanf(text, "%15s %ld", word, &crash.number) == 2;
		crash.mode = word[0];
		syscall(SYS_close, file);
	}
	if (crash.armed)
		crash.log = open_beside(".calls", O_WRONLY | O_CREAT | O_APPEND);
	errno = error;
	return crash.armed;
}

static void
die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* Gives whether this call is the one. */
static bool
enter(const char *name, const char *target)
{
	char line[512];

	if (!is_armed())
		return false;
	snprintf(line, sizeof line, "%s %s\n", name, target);
	(void) !syscall(SYS_write, crash.log, line, strlen(line));
	if (__atomic_add_fetch(&crash.count, 1, __ATOMIC_SEQ_CST) != crash.number)
		return false;
	if (crash.mode == 'b')
		die();
	return true;
}

static size_t
part(bool chosen, size_t length)
{
	return chosen && crash.mode == 'w' ? length / 2 : length;
}

/* Dies after the chosen call. */
#define RETURN(chosen, type, call) \
	do                             \
	{                              \
		type result_ = (call);     \
		if (chosen)                \
			die();                 \
		return result_;            \
	} while (0)

#define REAL(name) ((__typeof__(&(name))) dlsym(RTLD_NEXT, #name))

EXPORT ssize_t
write(int file, const void *bytes, size_t length)
{
	/* what is said on the terminal, or to the log, changes no file */
	bool chosen = file > 2 && enter("write", "");

	RETURN(chosen, ssize_t, syscall(SYS_write, file, bytes, part(chosen, length)));
}

EXPORT ssize_t
pwrite(int file, const void *bytes, size_t length, off_t offset)
{
	bool chosen = enter("pwrite", "");

	RETURN(chosen, ssize_t, syscall(SYS_pwrite64, file, bytes, part(chosen, length), offset));
}

EXPORT ssize_t
pwritev(int file, const struct iovec *pieces, int count, off_t offset)
{
	bool chosen = enter("pwritev", "");

	RETURN(chosen, ssize_t, REAL(pwritev)(file, pieces, count, offset));
}

EXPORT int
fsync(int file)
{
	bool chosen = enter("fsync", "");

	RETURN(chosen, int, (int) syscall(SYS_fsync, file));
}

EXPORT int
fdatasync(int file)
{
	bool chosen = enter("fdatasync", "");

	RETURN(chosen, int, (int) syscall(SYS_fdatasync, file));
}

EXPORT int
openat(int folder, const char *name, int flags, ...)
{
	bool chosen = (flags & O_CREAT) != 0 && enter("openat", name);
	va_list arguments;
	mode_t mode = 0;

	if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE)
	{
		va_start(arguments, flags);
		mode = va_arg(arguments, mode_t);
		va_end(arguments);
	}
	RETURN(chosen, int, (int) syscall(SYS_openat, folder, name, flags, mode));
}

EXPORT int
mkdirat(int folder, const char *name, mode_t mode)
{
	bool chosen = enter("mkdirat", name);

	RETURN(chosen, int, (int) syscall(SYS_mkdirat, folder, name, mode));
}

EXPORT int
linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
	bool chosen = enter("linkat", to);

	RETURN(chosen, int, (int) syscall(SYS_linkat, from_folder, from, to_folder, to, flags));
}

EXPORT int
renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	bool chosen = enter("renameat", to);

	RETURN(chosen, int, (int) syscall(SYS_renameat2, from_folder, from, to_folder, to, 0));
}

EXPORT int
renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
	bool chosen = enter("renameat2", to);

	RETURN(chosen, int, (int) syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
}

EXPORT int
unlinkat(int folder, const char *name, int flags)
{
	bool chosen = enter("unlinkat", name);

	RETURN(chosen, int, (int) syscall(SYS_unlinkat, folder, name, flags));
}
