/* schema_write.h -- columns and data files as the messages of a manifest. */
#ifndef LDB_TABLE_SCHEMA_WRITE_H
#define LDB_TABLE_SCHEMA_WRITE_H

#include "lance_table.pb-c.h"
#include "ldb/table/manifest.h"

typedef struct LdbFieldMessages
{
	size_t count;
	Ldb__Field **items; /* depth first */
} LdbFieldMessages;

/*
 * The schema as a list. A field whose id `old` has keeps what that one says besides name, type,
 * nullability and metadata. Top-level columns of `old` that this build does not read (`unread`)
 * stay, at the end.
 */
LdbStatus ldb_schema_messages(const LdbSchema *schema, const LdbFieldMessages *old,
							  const LdbUnreadColumn *unread, size_t unread_count, LdbArena *arena,
							  LdbFieldMessages *fields, LdbError *err);

LdbStatus ldb_data_file_message(const LdbDataFile *file, LdbArena *arena, Ldb__DataFile **message,
								LdbError *err);

#endif
