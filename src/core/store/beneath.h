/*
 * beneath.h -- opens names below a folder and nothing else.
 *
 * Names obey ldb_store_check_name; "" is the folder itself. Symbolic links that stay below the
 * folder are followed where the kernel can guarantee that (openat2), else none are.
 * Errors: functions that return int give a descriptor, or minus an errno.
 * Threads: safe.
 */
#ifndef LDB_STORE_BENEATH_H
#define LDB_STORE_BENEATH_H

#include <stdbool.h>

#include "ldb/base/error.h"

typedef struct LdbBeneath
{
	int root;         /* owned; a folder */
	bool has_openat2; /* the kernel and its filters allow the call */
} LdbBeneath;

LdbStatus ldb_beneath_init(LdbBeneath *beneath, const char *root, LdbError *err);
void ldb_beneath_close(LdbBeneath *beneath);

/* flags as for open(2), never with O_CREAT; O_CLOEXEC is added. */
int ldb_beneath_open(const LdbBeneath *beneath, const char *name, int flags);

/* Opens the folder that holds the name, O_RDONLY; *base = the last part of the name. With `make`,
 * folders that are missing are made and made durable. */
int ldb_beneath_open_parent(const LdbBeneath *beneath, const char *name, bool make,
							const char **base);

/* Fills err for an errno met while `doing` something to the name. */
LdbStatus ldb_beneath_failure(int number, const char *doing, const char *name, LdbError *err);

#endif
