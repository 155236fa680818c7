/* manifest_write.h -- the bytes of a manifest file: its sections and their frame. */
#ifndef LDB_TABLE_MANIFEST_WRITE_H
#define LDB_TABLE_MANIFEST_WRITE_H

#include "lance_table.pb-c.h"
#include "ldb/base/arena.h"
#include "ldb/base/error.h"
#include "ldb/base/slice.h"

/* Bytes of a section at an offset of a manifest file. */
LdbStatus ldb_manifest_section(LdbSlice file, const char *name, uint64_t offset, LdbSlice *section,
							   LdbError *err);

/* The whole file; writes the sections' offsets into the message. An index section without a byte is
 * left out. */
LdbStatus ldb_manifest_pack(Ldb__Manifest *message, LdbSlice index_section, LdbSlice transaction,
							LdbArena *arena, LdbSlice *file, LdbError *err);

#endif
