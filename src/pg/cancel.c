/* cancel.c -- tells the core when this backend should stop. */
#include "lancedb/pg.h"

#include "miscadmin.h"

/*
 * Not InterruptPending: that is also set for configuration reloads, cache invalidations and
 * barriers, none of which is a reason to fail the query. The flags are plain memory, so threads
 * of the core may look at them too.
 */
static bool
backend_must_stop(void *context)
{
	(void) context;
	return QueryCancelPending || ProcDiePending || lancedb_transaction_timed_out();
}

const LdbCancel lancedb_cancel = {backend_must_stop, NULL};
