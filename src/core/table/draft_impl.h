/*
 * draft_impl.h -- what a draft holds, for its own files.
 *
 * Rows: those that were ever added lie in staged fragments, in the order in which they were added;
 * runs tell which of them count, and by whose mark. Rows that no run covers were rolled back.
 * Everything else is an entry of the journal. The state (bitmaps, files, columns) is that after the
 * last entry; an older one is found by taking entries back, which a rollback does for good and
 * a view on a copy.
 */
#ifndef LDB_TABLE_DRAFT_IMPL_H
#define LDB_TABLE_DRAFT_IMPL_H

#include "dataset_impl.h"
#include "ldb/format/writer.h"
#include "ldb/table/draft.h"
#include "row_set.h"

/* Row ids of fragments that rows were replaced in lately stay decoded. */
#define LDB_KEPT_ROW_IDS 4u

/* One part of the memory for rows is the builders'; the rest is the file writer's. */
#define LDB_BUILDER_PART 4u

/* As an LdbRowOrigin while rows are added; both lists owned. */
typedef struct LdbDraftOrigin
{
	bool has_new_rows;
	bool any_field;
	uint64_t *sources; /* ascending */
	size_t source_count;
	size_t source_capacity;
	int32_t *fields;
	size_t field_count;
	size_t field_capacity;
	uint64_t group; /* of the first row: which indices cover its old copy */
} LdbDraftOrigin;

/* Which indices of a version cover its fragments: bit i = the i-th one. */
typedef struct LdbDraftGroups
{
	const LdbDataset *dataset; /* NULL = not looked at */
	uint64_t *of_fragments;    /* by their index; owned; NULL = no index covers any */
} LdbDraftGroups;

/* A fragment of the version below, once something changed in it, or a staged one. */
typedef struct LdbDraftFragment
{
	uint64_t id;
	uint64_t physical_rows;
	bool removed;           /* of the version below: with all its rows */
	bool is_lost;           /* staged: writing it failed halfway */
	uint8_t *deleted;       /* bits of rows deleted by the draft; owned; NULL = none */
	size_t deleted_bytes;   /* of the bitmap */
	uint64_t deleted_rows;  /* bits in it */
	size_t last_deletion;   /* number of the journal's entry, from 1; 0 = none */
	size_t file_count;      /* 0 = as the version below has them; staged: not written yet */
	LdbDataFile *files;     /* arena of the draft */
	uint64_t *row_ids;      /* staged, stable row ids: owned; NULL = all new */
	uint64_t *created;      /* the versions that first had them; owned, as many */
	size_t row_id_capacity; /* of both */
	LdbDraftOrigin origin;  /* staged, stable row ids */
	uint8_t *shown;         /* while a change is built: bits of rows that it does not show */
} LdbDraftFragment;

/* The version that a draft's fragments come from, and what changed in them. */
typedef struct LdbDraftContent
{
	LdbDataset *dataset; /* borrowed; NULL = a new table */
	bool is_restored;
	LdbDraftFragment **fragments; /* by their index in the dataset; NULL = untouched; owned */
	uint64_t first_number;        /* rows added before are gone */
	const LdbSchema *schema;      /* of the version itself; arena of the draft */
} LdbDraftContent;

typedef struct LdbDraftRun
{
	LdbMark mark;
	uint64_t number; /* of its first row */
	size_t staged;   /* the fragment */
	uint64_t first;  /* offset in it */
	uint64_t count;
} LdbDraftRun;

typedef enum LdbDraftKind
{
	LDB_DRAFT_DELETION,
	LDB_DRAFT_CONTENT,
	LDB_DRAFT_SCHEMA,
	LDB_DRAFT_FILES
} LdbDraftKind;

typedef struct LdbFilesBefore
{
	LdbDraftFragment *fragment;
	size_t file_count;
	LdbDataFile *files;
} LdbFilesBefore;

typedef struct LdbDraftEntry
{
	LdbMark mark;
	LdbDraftKind kind;
	LdbDraftFragment *fragment;  /* deletion */
	LdbRowSet rows;              /* deletion; owned */
	size_t last_deletion;        /* deletion: of the fragment, before */
	LdbDraftContent *content;    /* content: before; owned */
	const LdbSchema *schema;     /* all but deletions: before */
	size_t file_count;           /* files */
	const LdbFilesBefore *files; /* before; arena of the draft */
	const char **paths;          /* of new data files, one for each; arena of the draft */
} LdbDraftEntry;

/* Rows on their way into the last staged fragment. */
typedef struct LdbDraftOpen
{
	LdbDraftFragment *fragment; /* NULL = there is none */
	const LdbSchema *schema;    /* that builders and file are for */
	LdbBuilder **builders;      /* owned */
	size_t builder_count;
	size_t buffered;        /* rows in the builders, but for one half built */
	size_t until_check;     /* rows before the size of the builders is looked at again */
	bool half_built;        /* a row was begun */
	bool is_ending;         /* the next row goes to another file */
	uint64_t next_group;    /* of the next row */
	unsigned splits;        /* fragments that ended because the group was another */
	const uint8_t *differs; /* of the row half built: bits of fields; NULL = all may differ */
	LdbFileWriter *writer;  /* owned; NULL = nothing written yet */
	const char *path;       /* of its file, within data/ */
	LdbMemoryFiles *memory; /* the buffered rows as a file, for views; owned; NULL = none */
	LdbDataFile memory_file;
	LdbArena *memory_arena; /* owned */
} LdbDraftOpen;

typedef struct LdbKeptRowIds
{
	const LdbDataset *dataset;
	size_t fragment_index;
	LdbArena *arena; /* owned; NULL = free */
	const uint64_t *row_ids;
	const uint64_t *created; /* NULL = not known */
	uint64_t last_use;
} LdbKeptRowIds;

struct LdbDraft
{
	LdbArena *arena;   /* owned; texts, schemas and lists of files */
	LdbDataset *base;  /* borrowed; NULL = a new table */
	LdbNewTable table; /* of a new one */
	const char *uri;
	LdbLocations *locations; /* borrowed */
	LdbStore *store;         /* where data files go */
	const char *root;
	LdbDraftOptions options;
	size_t builder_bytes; /* part of the memory that builders may take */
	int data_version;     /* 20, 21, 22 */
	bool has_stable_row_ids;
	int32_t next_field_id;
	uint64_t next_number;      /* of rows */
	uint64_t changes;          /* counts them, rollbacks included */
	LdbDraftContent *content;  /* owned */
	const LdbSchema *schema;   /* as all changes leave it; arena */
	LdbDraftFragment **staged; /* owned */
	size_t staged_count;
	size_t staged_capacity;
	LdbDraftRun *runs; /* owned */
	size_t run_count;
	size_t run_capacity;
	LdbDraftEntry *entries; /* owned */
	size_t entry_count;
	size_t entry_capacity;
	const char **paths; /* of all data files that may exist; owned list of arena texts */
	size_t path_count;
	size_t path_capacity;
	LdbDraftOpen open;
	LdbKeptRowIds kept[LDB_KEPT_ROW_IDS];
	uint64_t kept_uses;
	LdbDraftGroups groups;
	LdbError loss; /* why rows of a fragment that is lost could not be written */
};

/* Room for `count` items in an owned list. */
LdbStatus ldb_draft_reserve(void *list, size_t *capacity, size_t count, size_t item_bytes,
							LdbError *err);

/* ---- journal (draft.c) ---- */

/* Marks never fall; one that does counts as the last one. */
LdbMark ldb_draft_mark(const LdbDraft *draft, LdbMark mark);

/* Room for one more entry; the next ldb_draft_add_entry does not fail then. */
LdbStatus ldb_draft_reserve_entry(LdbDraft *draft, LdbError *err);
LdbDraftEntry *ldb_draft_add_entry(LdbDraft *draft, LdbDraftKind kind, LdbMark mark);
LdbDraftFragment *ldb_draft_fragment_new(uint64_t id, uint64_t physical_rows);
void ldb_draft_fragment_free(LdbDraftFragment *fragment); /* NULL is fine */
void ldb_draft_content_free(LdbDraftContent *content);    /* NULL is fine */
LdbStatus ldb_draft_content_new(LdbDraft *draft, LdbDataset *dataset, LdbDraftContent **content,
								LdbError *err);
/* The state of a fragment of the content; makes it when the fragment was untouched. */
LdbStatus ldb_draft_touch(LdbDraftContent *content, size_t index, LdbDraftFragment **fragment,
						  LdbError *err);

/* ---- files (draft_files.c) ---- */

/* A new name within data/, which counts as a file of the draft from now on. */
LdbStatus ldb_draft_new_path(LdbDraft *draft, const char **path, LdbError *err);
LdbStatus ldb_draft_open_writer(LdbDraft *draft, LdbStore *store, const char *name,
								const LdbSchema *schema, LdbFileWriter **writer, LdbError *err);
/* The name within the store. */
LdbStatus ldb_draft_file_name(const LdbDraft *draft, const char *path, LdbArena *arena,
							  const char **name, LdbError *err);
/* Finishes the writer; the file is described in the arena. */
LdbStatus ldb_draft_finish_writer(LdbFileWriter *writer, const char *path, uint64_t rows,
								  LdbArena *arena, LdbDataFile *file, LdbError *err);
/* Deletes the file; it stays the draft's when that does not work. */
bool ldb_draft_delete_file(LdbDraft *draft, const char *path);
/* Deletes what `is_needed` does not want. */
void ldb_draft_delete_unneeded(LdbDraft *draft,
							   bool (*is_needed)(const void *context, const char *path),
							   const void *context);

/* ---- rows (draft_rows.c) ---- */

/* Writes the rows that are buffered and ends their file. */
LdbStatus ldb_draft_finish_open(LdbDraft *draft, LdbError *err);
/* Rows are needed by a view: in memory when they are few, else in a file. */
LdbStatus ldb_draft_settle(LdbDraft *draft, LdbError *err);
/* Rows of the run that the draft did not delete. */
uint64_t ldb_draft_live_rows(const LdbDraft *draft, const LdbDraftRun *run);
/* Takes the last run back. */
void ldb_draft_drop_run(LdbDraft *draft);
void ldb_draft_close_open(LdbDraft *draft);
/* The run that has a row, NULL when none has: it was rolled back. */
const LdbDraftRun *ldb_draft_find_run(const LdbDraft *draft, size_t staged, uint64_t offset);

/* ---- stable row ids (draft_row_ids.c) ---- */

/* The id of the row at an address, LDB_NEW_ROW_ID while it has none, and the version that first
 * had it, 0 = not known. */
LdbStatus ldb_draft_row_id(LdbDraft *draft, uint64_t address, uint64_t *row_id, uint64_t *created,
						   LdbError *err);
void ldb_draft_forget_row_ids(LdbDraft *draft);

/* ---- where rows come from (draft_origin.c) ---- */

/* Of the next row of the open fragment; both only with stable row ids. */
LdbStatus ldb_draft_note_copy(LdbDraft *draft, uint64_t replaced, uint64_t row_id, LdbError *err);
void ldb_draft_note_new_rows(LdbDraft *draft);
LdbStatus ldb_draft_show_origin(const LdbDraftFragment *fragment, LdbArena *arena,
								const LdbRowOrigin **origin, LdbError *err);

/* ---- changes (draft_change.c) ---- */

typedef struct LdbDraftShape
{
	uint32_t before;
	bool is_final;  /* to be committed: without what has no rows */
	bool in_memory; /* rows that are buffered may stay so */
} LdbDraftShape;

LdbStatus ldb_draft_build_change(LdbDraft *draft, const LdbDraftShape *shape, LdbArena *arena,
								 LdbChange *change, LdbError *err);

#endif
