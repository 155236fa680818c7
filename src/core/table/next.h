/*
 * next.h -- the manifest of the version after the newest one.
 *
 * Source: docs/format.md, "Transactions". Built from the newest manifest's message, so that whatever the
 * change does not name stays as it is. Deletion files are written on the way; their names are
 * kept so that they can be removed when nothing comes of it.
 */
#ifndef LDB_TABLE_NEXT_H
#define LDB_TABLE_NEXT_H

#include "head.h"
#include "ldb/table/commit.h"
#include "operation.h"
#include "unique.h"

/* A field of a fragment that lies in another file than before: its index does not hold for it. */
typedef struct LdbMovedField
{
	uint64_t fragment_id;
	int32_t field_id;
} LdbMovedField;

/* A new fragment, once it has an id. */
typedef struct LdbPlaced
{
	uint64_t id;
	const LdbRowOrigin *origin; /* NULL = not known */
} LdbPlaced;

typedef struct LdbNext
{
	/* Given. */
	const LdbVersionHome *home;
	LdbHead *newest;  /* NULL for a new table */
	LdbHead *content; /* whose rows and columns are the start: newest, or the version restored */
	const LdbChange *change;
	const LdbCommitOptions *options;
	LdbArena *arena;

	/* Built. */
	uint64_t version;
	LdbOperation operation;
	char uuid[LDB_UUID_LENGTH + 1]; /* of the transaction */
	LdbSlice file;                  /* the manifest */
	Ldb__Manifest message;
	size_t written_count; /* deletion files, also after a failure */
	const char **written; /* names within the store */
	size_t named_count;   /* data files that no version has named before */
	const char **named;   /* names within the store */

	/* Between the steps. */
	size_t column_id_count;
	int32_t *column_ids; /* of all fields of the new version; ascending */
	size_t fragment_count;
	Ldb__DataFragment **fragments; /* of the new version; ascending ids */
	size_t updated_count;
	Ldb__DataFragment **updated;
	size_t removed_count;
	uint64_t *removed;
	size_t added_count;
	Ldb__DataFragment **added; /* as `fragments` has them, without ids */
	LdbPlaced *placed;         /* the same */
	size_t moved_count;
	LdbMovedField *moved;
} LdbNext;

/* All of it, in this order. */
LdbStatus ldb_next_build(LdbNext *next, LdbError *err);

/* A data file that the change brings, in the table's own folder. */
LdbStatus ldb_next_name_file(LdbNext *next, const LdbDataFile *file, LdbError *err);
/* next_columns.c */
LdbStatus ldb_next_columns(LdbNext *next, LdbError *err);
bool ldb_next_has_column(const LdbNext *next, int32_t field_id);
/* next_fragments.c: what was there before */
LdbStatus ldb_next_old_fragments(LdbNext *next, LdbError *err);
/* next_rows.c: what is added */
LdbStatus ldb_next_new_fragments(LdbNext *next, LdbError *err);
/* next_files.c: the files of a fragment whose columns changed */
LdbStatus ldb_next_files(LdbNext *next, Ldb__DataFragment *fragment,
						 const LdbFragmentChange *change, LdbError *err);
/* next_deletion.c: writes the rows that are gone; rows = their number */
LdbStatus ldb_next_deletion(LdbNext *next, Ldb__DataFragment *fragment, const uint8_t *deleted,
							uint64_t rows, LdbError *err);
/* next_indices.c */
LdbStatus ldb_next_indices(LdbNext *next, LdbSlice *section, LdbError *err);
/* Fields, children too, that may have changed in rows that were replaced: all when nobody knows. */
LdbStatus ldb_next_changed_fields(const LdbNext *next, uint32_t **fields, size_t *count,
								  LdbError *err);
/* next_retention.c: takes out entries that cover no fragment any more, as LanceDB does */
LdbStatus ldb_next_retain(const LdbNext *next, Ldb__IndexSection *section, LdbError *err);
/* next_transaction.c */
LdbStatus ldb_next_transaction(LdbNext *next, LdbSlice *bytes, LdbError *err);

#endif
