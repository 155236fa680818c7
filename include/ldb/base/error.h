/*
 * error.h -- how every core function reports failure.
 *
 * A core function that can fail returns LdbStatus and takes an `LdbError *err` as its last
 * parameter. On failure it fills *err once, where the fault was seen (LDB_FAIL); callers pass it
 * through (LDB_TRY). err may be NULL.
 *
 * Messages: lower case, no final period, object names in double quotes, byte offsets in words.
 * Secrets (keys, tokens, signed URLs) never enter a message.
 * Threads: an LdbError belongs to one thread at a time. Ownership: plain data, nothing to free.
 */
#ifndef LDB_BASE_ERROR_H
#define LDB_BASE_ERROR_H

typedef enum LdbStatus
{
	LDB_OK = 0,
	LDB_INVALID,     /* the caller passed something that can never work */
	LDB_CORRUPT,     /* bytes on storage break the format */
	LDB_NOT_FOUND,   /* no object of that name */
	LDB_CONFLICT,    /* another writer was first; retry may work */
	LDB_IO,          /* store or network fault; retry may work */
	LDB_NOMEM,       /* allocation failed or a memory limit was reached */
	LDB_UNSUPPORTED, /* valid, but a version, flag or feature this build does not read */
	LDB_CANCELLED,   /* the caller's LdbCancel asked to stop */
	LDB_DENIED       /* a path leads outside of what the caller may touch */
} LdbStatus;

typedef struct LdbError
{
	LdbStatus status;
	char message[768]; /* NUL-terminated, cut if longer */
	char hint[256];    /* what to do about it; empty when there is nothing to say */
} LdbError;

void ldb_error_set(LdbError *err, LdbStatus status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds advice to an error that was just set. */
void ldb_error_hint(LdbError *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "prefix: " before the message: who was being read when the fault was found. */
void ldb_error_prefix(LdbError *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Fill *err and leave the function. The status is a constant, so analyzers see that it is not 0. */
#define LDB_FAIL(err, status, ...)                   \
	do                                               \
	{                                                \
		ldb_error_set((err), (status), __VA_ARGS__); \
		return (status);                             \
	} while (0)

/* Return at once when expr fails, leaving *err as the callee set it. */
#define LDB_TRY(expr)                \
	do                               \
	{                                \
		LdbStatus ldb_try_ = (expr); \
		if (ldb_try_ != LDB_OK)      \
			return ldb_try_;         \
	} while (0)

#endif
