/* modify_truncate.c -- TRUNCATE of Lance tables. */
#include "fdw/modify.h"

#include "utils/rel.h"

#include "fdw/fdw.h"

/*
 * CASCADE and RESTART IDENTITY are the server's: foreign keys never refer to a Lance table, and its
 * sequences are not ours.
 */
void
lancedb_truncate(List *relations, DropBehavior behavior, bool restart_sequences)
{
	ListCell *cell;

	foreach (cell, relations)
	{
		LancedbWrite *write = lancedb_write_begin(RelationGetRelid((Relation) lfirst(cell)),
												  GetUserId(), LANCEDB_LOCK_REPLACE);
		LdbError err;

		lancedb_check(ldb_draft_truncate(write->draft, lancedb_write_mark(), &err), &err);
	}
}
