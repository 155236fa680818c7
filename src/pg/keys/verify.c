/* verify.c -- whether all keys of a table are unique now. */
#include "keys/keys_impl.h"

#include "fdw/fdw.h"

#include "utils/memutils.h"
#include "utils/rel.h"

void
lancedb_check_index_table(Relation relation, Relation index)
{
	if (!lancedb_is_lance_table(RelationGetRelid(relation)))
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("\"%s\" is not a Lance table", RelationGetRelationName(relation)),
						errdetail("Index \"%s\" is of an access method for Lance tables only.",
								  RelationGetRelationName(index)),
						errhint("Use the access method btree.")));
	if (!index->rd_index->indisunique)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("index \"%s\" on a Lance table must be unique",
							   RelationGetRelationName(index))));
}

static void
report_duplicate(const LancedbKeyColumns *columns, Relation relation, Relation index,
				 LdbDataset *dataset, uint64 address)
{
	char *key = lancedb_describe_row(columns, relation, index, dataset, address);

	ereport(ERROR, (errcode(ERRCODE_UNIQUE_VIOLATION),
					errmsg("could not create unique index \"%s\"", RelationGetRelationName(index)),
					key == NULL ? errdetail("Duplicate keys exist.")
								: errdetail("Key %s is duplicated.", key),
					errtableconstraint(relation, RelationGetRelationName(index))));
}

/* What is there now counts, not what the transaction sees of it, unless it changed the table itself. */
static LdbDataset *
dataset_to_verify(const LancedbTable *table, MemoryContext context)
{
	if (table->write != NULL || !lancedb_reads_newest(lancedb_table_options(table->relid)))
		return table->dataset;
	return lancedb_open_latest(table->relid, context);
}

void
lancedb_verify_keys(Relation relation, Relation index)
{
	MemoryContext own =
		AllocSetContextCreate(CurrentMemoryContext, "lancedb verify", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(own);
	LancedbTable *table = lancedb_table_open(RelationGetRelid(relation), InvalidOid, 0, own);
	LancedbKeyColumns *columns = lancedb_key_columns(table, relation, index, own);
	LdbDataset *dataset = dataset_to_verify(table, own);
	LdbKeyCover *cover = lancedb_cover_keys(lancedb_canonical_uri(RelationGetRelid(relation)),
											&columns->spec, dataset, UINT64_MAX, own);
	uint64 addresses[2];
	bool found;
	LdbError err;

	lancedb_check(ldb_key_cover_duplicate(cover, addresses, &found, &err), &err);
	if (found)
		report_duplicate(columns, relation, index, dataset, addresses[0]);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(own);
}
