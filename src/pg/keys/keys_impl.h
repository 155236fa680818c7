/*
 * keys_impl.h -- what the files of src/pg/keys share.
 */
#ifndef LANCEDB_KEYS_IMPL_H
#define LANCEDB_KEYS_IMPL_H

#include "lancedb/keys.h"
#include "lancedb/table.h"

#include "access/amapi.h"
#include "nodes/pathnodes.h"

#include "ldb/query/key_set.h"

/* access_method.c */
extern void lancedb_register_key_method(void);
extern bool lancedb_is_key_index(Relation index);
extern bool lancedb_is_key_index_info(const IndexOptInfo *index);

/* index_columns.c: the columns of a unique index and what they are in the Lance table. */
typedef struct LancedbKeyColumns
{
	int count;
	AttrNumber attnums[INDEX_MAX_KEYS];
	const LdbField *fields[INDEX_MAX_KEYS]; /* borrowed from the table's manifest */
	LdbKeyColumn columns[INDEX_MAX_KEYS];
	LdbKeySpec spec; /* borrows `columns` */
} LancedbKeyColumns;

/* 0A000 when a column cannot be part of a key. */
extern LancedbKeyColumns *lancedb_key_columns(const LancedbTable *table, Relation relation,
											  Relation index, MemoryContext context);

/* The position of a field that is there. */
extern size_t lancedb_key_field(const LdbSchema *schema, int32 field_id);

/* sets.c: the keys of datasets, kept for the statements to come. */
extern bool lancedb_same_keys(const LdbKeySpec *a, const LdbKeySpec *b);
/* A cover of the dataset, valid until the context is reset; the dataset must live as long. */
extern LdbKeyCover *lancedb_cover_keys(const char *uri, const LdbKeySpec *spec, LdbDataset *dataset,
									   uint64 below_fragment, MemoryContext context);

/* verify.c */
/* 42809 unless the index is one of a Lance table. */
extern void lancedb_check_index_table(Relation relation, Relation index);
/* 23505 when two rows of the table have the same key. */
extern void lancedb_verify_keys(Relation relation, Relation index);
/* describe.c: "(id)=(1)"; NULL when the user may not see it. */
extern char *lancedb_describe_values(Relation relation, Relation index, const Datum *values,
									 const bool *isnull);
extern char *lancedb_describe_row(const LancedbKeyColumns *columns, Relation relation,
								  Relation index, LdbDataset *dataset, uint64 address);

/* preload.c: from _PG_init, which alone can tell */
extern void lancedb_note_preload(void);

/* planner.c, owner.c: hooks */
extern void lancedb_register_planner_hook(void);
extern void lancedb_register_owner_hook(void);

#endif
