/* reindex.c -- REINDEX of Lance tables and their indexes: keys are looked at again. */
#include "keys/keys_impl.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "commands/tablecmds.h"
#include "utils/rel.h"

void
lancedb_reindex_table(const RangeVar *name)
{
	Oid relid = RangeVarGetRelidExtended(name, ShareLock, 0, RangeVarCallbackOwnsRelation, NULL);
	Relation relation = table_open(relid, NoLock);
	ListCell *cell;

	foreach (cell, RelationGetIndexList(relation))
	{
		Relation index = index_open(lfirst_oid(cell), ShareLock);

		if (lancedb_is_key_index(index))
			lancedb_verify_keys(relation, index);
		index_close(index, NoLock);
	}
	table_close(relation, NoLock);
}

void
lancedb_reindex_index(const RangeVar *name)
{
	Oid indexid = RangeVarGetRelidExtended(name, ShareLock, 0, RangeVarCallbackOwnsRelation, NULL);
	Relation index = index_open(indexid, NoLock);
	Relation relation = table_open(index->rd_index->indrelid, ShareLock);

	lancedb_check_index_table(relation, index);
	lancedb_verify_keys(relation, index);
	table_close(relation, NoLock);
	index_close(index, NoLock);
}
