/* copy.h -- columns and data files, copied into an arena that lives longer. */
#ifndef LDB_TABLE_COPY_H
#define LDB_TABLE_COPY_H

#include "ldb/table/manifest.h"

/* The whole tree with all texts. */
LdbStatus ldb_field_copy(const LdbField *field, LdbArena *arena, LdbField **copy, LdbError *err);
/* The field itself; `copy` has the same children. */
LdbStatus ldb_field_copy_shallow(const LdbField *field, LdbArena *arena, LdbField **copy,
								 LdbError *err);
LdbStatus ldb_schema_copy(const LdbSchema *schema, LdbArena *arena, LdbSchema *copy, LdbError *err);
LdbStatus ldb_data_files_copy(const LdbDataFile *files, size_t count, LdbArena *arena,
							  LdbDataFile **copy, LdbError *err);

#endif
