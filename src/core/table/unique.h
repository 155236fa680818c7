/* unique.h -- names and numbers that nobody else has. */
#ifndef LDB_TABLE_UNIQUE_H
#define LDB_TABLE_UNIQUE_H

#include <stdint.h>

#include "ldb/base/error.h"

#define LDB_UUID_LENGTH 36

LdbStatus ldb_unique_number(uint64_t *number, LdbError *err);

/* A random UUID (version 4) with dashes and a NUL. */
LdbStatus ldb_unique_uuid(char text[LDB_UUID_LENGTH + 1], LdbError *err);

#endif
