/*
 * draft.h -- the next version of a table while a transaction prepares it.
 *
 * A draft collects changes on top of a base version: rows are buffered and written to data files
 * that nobody else can see, deletions are kept in memory. Every change has a mark: which command made
 * it and at which savepoint level. A view shows the table as a command sees it: the base and all
 * changes of earlier commands. A savepoint that is rolled back takes the changes at its level and
 * deeper with it.
 * Row addresses are those of views: fragments of the base by their ids, the draft's own from
 * LDB_STAGED_FRAGMENT on; they stay the same for the life of the draft.
 * Files: a data file is deleted when the rows in it were rolled back, and by ldb_draft_discard;
 * freeing a draft leaves files alone.
 * Errors leave the draft as it was before the call, but for rows half built. When rows are lost
 * because their file could not be written, everything that needs them fails until they are rolled
 * back.
 * Threads: one. Ownership: base datasets are borrowed; each outlives the draft or the rebase that
 * replaces it, and views made on top of it.
 */
#ifndef LDB_TABLE_DRAFT_H
#define LDB_TABLE_DRAFT_H

#include "ldb/arrow/builder.h"
#include "ldb/table/change.h"
#include "ldb/table/scan.h"

typedef struct LdbDraft LdbDraft;

/* Marks never fall: changes are made in the order of their commands. */
typedef struct LdbMark
{
	uint32_t command;
	int level; /* 1 = the transaction itself, 2 = in a savepoint, ... */
} LdbMark;

typedef struct LdbDraftOptions
{
	uint64_t fragment_rows;  /* 0 = 1,048,576 */
	uint64_t fragment_bytes; /* 0 = 4 GiB: of a data file, about */
	size_t memory_bytes;     /* 0 = 64 MiB: rows buffered, in builders and file writer together */
	const LdbCancel *cancel; /* borrowed; NULL = never */
} LdbDraftOptions;

LdbStatus ldb_draft_new(LdbDataset *base, LdbLocations *locations, const LdbDraftOptions *options,
						LdbDraft **draft, LdbError *err);
/* A table that is not there yet. `table` is copied. */
LdbStatus ldb_draft_new_table(LdbLocations *locations, const char *uri, const LdbNewTable *table,
							  const LdbDraftOptions *options, LdbDraft **draft, LdbError *err);
void ldb_draft_free(LdbDraft *draft); /* NULL is fine */

/* NULL for a new table. */
LdbDataset *ldb_draft_base(const LdbDraft *draft);
/* As all changes so far leave it; valid until the next change of columns or rollback. */
const LdbSchema *ldb_draft_schema(const LdbDraft *draft);
/* Nothing to commit; rows that came and went may have left files, for ldb_draft_discard. */
bool ldb_draft_is_empty(const LdbDraft *draft);
bool ldb_draft_has_stable_row_ids(const LdbDraft *draft);

/*
 * The next row, in two steps: builders[i] is for top-level field i of ldb_draft_schema(); the caller
 * adds one value to each, then calls row_done. What an earlier row that failed left in builders is
 * cut off by ldb_draft_row.
 */
LdbStatus ldb_draft_row(LdbDraft *draft, LdbBuilder ***builders, LdbError *err);
/* replaced: address of the row (deleted separately) of which this is the new copy, for its stable id
 * and order; UINT64_MAX = a new row. *number: rows added to this draft before, counting from 0,
 * rolled back ones included: a name for the row that is known at once. */
LdbStatus ldb_draft_row_done(LdbDraft *draft, LdbMark mark, uint64_t replaced, uint64_t *number,
							 LdbError *err);
/*
 * What keeps indices in force for rows of tables with stable row ids; both may be left out. expect,
 * before ldb_draft_row: which row (UINT64_MAX = none) the next one replaces, so that rows that
 * the same indices cover lie together. differs, before row_done: bits of the top-level fields in
 * which it is not the same as its old copy, borrowed until then; else all may differ.
 */
void ldb_draft_expect(LdbDraft *draft, uint64_t replaced);
void ldb_draft_row_differs(LdbDraft *draft, const uint8_t *fields);
/* Address of a row added earlier; writes out what is buffered when it must. */
LdbStatus ldb_draft_row_address(LdbDraft *draft, uint64_t number, uint64_t *address, LdbError *err);
/* The number that the next row will get. */
uint64_t ldb_draft_next_number(const LdbDraft *draft);
/* Whether all changes so far leave a row at the address, of the base or of the draft itself. */
LdbStatus ldb_draft_row_is_live(LdbDraft *draft, uint64_t address, bool *live, LdbError *err);
/* Another memory_bytes from now on, for whoever has several drafts; writes out what is above it. */
LdbStatus ldb_draft_set_memory(LdbDraft *draft, size_t memory_bytes, LdbError *err);
/* Columns for many rows at once, as ldb_file_writer_append takes them. */
LdbStatus ldb_draft_append(LdbDraft *draft, const LdbArray *columns, size_t row_count, LdbMark mark,
						   LdbError *err);

/*
 * Deletes rows by address. done[i] tells whether row i was still there: false = a change of this
 * draft deleted it before. An address that does not exist is LDB_INVALID.
 */
LdbStatus ldb_draft_delete(LdbDraft *draft, const uint64_t *addresses, size_t count, LdbMark mark,
						   bool *done, LdbError *err);
/* All rows: the base's and the draft's. */
LdbStatus ldb_draft_truncate(LdbDraft *draft, LdbMark mark, LdbError *err);
/* The content of an older version in place of everything before; `old` is borrowed like a base. */
LdbStatus ldb_draft_restore(LdbDraft *draft, LdbDataset *old, LdbMark mark, LdbError *err);

/*
 * Columns. Names are those of the Lance table, top level. A new field's id (and those below it) are
 * given here, above all that the table ever used; its `id` is ignored.
 */
LdbStatus ldb_draft_add_column(LdbDraft *draft, const LdbField *field, LdbMark mark, LdbError *err);
LdbStatus ldb_draft_drop_column(LdbDraft *draft, const char *name, LdbMark mark, LdbError *err);
LdbStatus ldb_draft_rename_column(LdbDraft *draft, const char *name, const char *new_name,
								  LdbMark mark, LdbError *err);
/* Nullability and metadata; the type and the files stay. */
LdbStatus ldb_draft_change_column(LdbDraft *draft, const char *name, const LdbField *field,
								  LdbMark mark, LdbError *err);

/*
 * Writes values for a column: of a new column (DEFAULT), or of one that gets another type (then
 * `replaces` is its name and the new field takes its place). The caller is handed live rows batch
 * by batch (address, and the source columns it asked for) and answers with their values; rows that are
 * deleted get NULL. Nothing changes in the draft before finish.
 */
typedef struct LdbColumnRewrite LdbColumnRewrite;

LdbStatus ldb_column_rewrite_open(LdbDraft *draft, const LdbField *field, const char *replaces,
								  const size_t *sources, size_t source_count,
								  LdbColumnRewrite **rewrite, LdbError *err);
LdbStatus ldb_column_rewrite_next(LdbColumnRewrite *rewrite, const LdbBatch **batch,
								  LdbError *err); /* *batch NULL = the end */
LdbStatus ldb_column_rewrite_append(LdbColumnRewrite *rewrite, const LdbArray *values,
									LdbError *err);
/* Both close it; abandon leaves no file. */
LdbStatus ldb_column_rewrite_finish(LdbColumnRewrite *rewrite, LdbMark mark, LdbError *err);
void ldb_column_rewrite_abandon(LdbColumnRewrite *rewrite);

/* The table as a command sees it: the base and changes with a mark.command below `before`. Rows that
 * are buffered are shown from memory when they are few, else they are written out. Close with
 * ldb_dataset_close. UINT32_MAX = everything. */
LdbStatus ldb_draft_view(LdbDraft *draft, uint32_t before, LdbDataset **view, LdbError *err);
/*
 * The same as a change, in the arena, for a process that shows it; it borrows from the draft until
 * that is changed. All its rows are in files.
 * UINT32_MAX = for the commit, when no other view is needed any more: without fragments that have no
 * row left, so addresses differ from those of views, and files that the change does not name are
 * deleted. Fails with LDB_UNSUPPORTED for a table without columns.
 */
LdbStatus ldb_draft_change(LdbDraft *draft, uint32_t before, LdbArena *arena, LdbChange *change,
						   LdbError *err);

/* Savepoints. roll_back: changes at `level` and deeper are undone, their files deleted. release:
 * they belong to level - 1 now. Neither fails; files that could not be deleted are left. */
void ldb_draft_roll_back(LdbDraft *draft, int level);
void ldb_draft_release(LdbDraft *draft, int level);

/*
 * Puts the draft on top of a newer version of the table, if what others changed since its base goes
 * together with it; LDB_CONFLICT says what does not. The old base may be closed afterwards when no
 * view needs it. Rows that others deleted too are theirs then. A truncate before goes on to mean the
 * fragments of the old base: what others added stays.
 */
LdbStatus ldb_draft_rebase(LdbDraft *draft, LdbDataset *newer, LdbError *err);

/* Deletes all data files of the draft: it was not and will not be committed. Never fails; the
 * number of files that could not be deleted is returned. */
size_t ldb_draft_discard(LdbDraft *draft);

/* Rows of the draft that are new or replaced in committed terms, for messages and audit. */
typedef struct LdbDraftCounts
{
	uint64_t rows_added;
	uint64_t rows_deleted;
} LdbDraftCounts;
LdbStatus ldb_draft_counts(LdbDraft *draft, LdbDraftCounts *counts, LdbError *err);

#endif
