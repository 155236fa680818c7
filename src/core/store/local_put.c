/* local_put.c -- writes a file so that it appears whole and, as asked, durably and only once. */
#include "local.h"

#include "local_draft.h"

LdbStatus
ldb_local_put(LdbStore *store, const char *name, LdbSlice bytes, LdbPutMode mode,
			  const LdbCancel *cancel, LdbError *err)
{
	LdbLocalDraft draft;
	LdbStatus result;

	LDB_TRY(ldb_local_draft_begin(ldb_local_beneath(store), name, &draft, err));
	result = ldb_local_draft_write(&draft, name, bytes, cancel, err);
	if (result != LDB_OK)
	{
		ldb_local_draft_discard(&draft);
		return result;
	}
	if (mode == LDB_PUT_UNSETTLED)
		return ldb_local_draft_publish_unsettled(&draft, name, err);
	return ldb_local_draft_publish(&draft, name, mode, err);
}
