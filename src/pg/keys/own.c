/* own.c -- the keys of rows that the current transaction added, for all its statements. */
#include "keys/statement.h"

#include "utils/memutils.h"

static void
free_journal(void *journal)
{
	ldb_key_journal_free(journal);
}

static LancedbOwnKeys *
make(LancedbWrite *write, const LdbKeySpec *spec)
{
	LancedbOwnKeys *own = MemoryContextAllocZero(write->context, sizeof(*own));
	LdbKeyColumn *columns =
		MemoryContextAlloc(write->context, spec->column_count * sizeof(*columns));
	LdbError err;

	memcpy(columns, spec->columns, spec->column_count * sizeof(*columns));
	own->spec = (LdbKeySpec){spec->column_count, columns, spec->nulls_equal};
	lancedb_check(ldb_key_journal_new(&own->journal, &err), &err);
	lancedb_own(write->context, own->journal, free_journal);
	own->next = write->keys;
	write->keys = own;
	return own;
}

LancedbOwnKeys *
lancedb_own_keys(LancedbWrite *write, const LdbKeySpec *spec, Oid relid, Oid indexid)
{
	LancedbOwnKeys *own = write->keys;

	while (own != NULL && !lancedb_same_keys(&own->spec, spec))
		own = own->next;
	if (own == NULL)
		own = make(write, spec);
	own->relid = relid;
	own->indexid = indexid;
	return own;
}

bool
lancedb_journal_is_complete(const LancedbOwnKeys *own, const LancedbWrite *write)
{
	return own->spill_count == 0 && own->next_number == ldb_draft_next_number(write->draft);
}
