/*
 * fragment.h -- columns of one fragment, wherever its data files hold them.
 *
 * Files and column readers are opened when a column is first asked for, so a filter that leaves no
 * row never opens what only the survivors need.
 */
#ifndef LDB_TABLE_FRAGMENT_H
#define LDB_TABLE_FRAGMENT_H

#include "ldb/format/file.h"
#include "ldb/table/dataset.h"

/* Which columns a scan or a take reads. */
typedef struct LdbProjection
{
	size_t column_count;
	const LdbField **fields;
	size_t id_count;
	int32_t *ids; /* of all fields in the trees of the columns; ascending, each once */
} LdbProjection;

/* columns: positions in the manifest's schema, checked (LDB_INVALID). */
LdbStatus ldb_projection_init(LdbProjection *projection, const LdbManifest *manifest,
							  const size_t *columns, size_t column_count, LdbArena *arena,
							  LdbError *err);

typedef struct LdbFragmentReader LdbFragmentReader;

/* Everything passed in is borrowed and outlives the reader. */
LdbStatus ldb_fragment_open(const LdbDataset *dataset, size_t fragment_index,
							const LdbProjection *projection, LdbReadStats *stats,
							LdbFragmentReader **reader, LdbError *err);
void ldb_fragment_close(LdbFragmentReader *reader); /* NULL is fine */

/* The reader of a column, by its position in the projection. */
LdbStatus ldb_fragment_column(LdbFragmentReader *reader, size_t column, LdbColumnReader **result,
							  const LdbCancel *cancel, LdbError *err);

/* What a row of the column takes in memory, about. */
LdbStatus ldb_fragment_row_bytes(LdbFragmentReader *reader, size_t column, double *bytes,
								 const LdbCancel *cancel, LdbError *err);

/* LDB_IO when a file broke under its mapping. */
LdbStatus ldb_fragment_check(const LdbFragmentReader *reader, LdbError *err);

/* True when a page of a file was touched and is gone: cheap, and sees less than the check. */
bool ldb_fragment_damaged(const LdbFragmentReader *reader);

/* Bytes in files of the columns of the projection; opens them. */
LdbStatus ldb_fragment_column_bytes(LdbFragmentReader *reader, uint64_t *bytes,
									const LdbCancel *cancel, LdbError *err);

#endif
