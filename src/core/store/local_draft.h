/*
 * local_draft.h -- a file under a temporary name, until it is whole.
 *
 * What a crash leaves is named ".tmp-...": no list shows it, nobody takes it for an object.
 */
#ifndef LDB_STORE_LOCAL_DRAFT_H
#define LDB_STORE_LOCAL_DRAFT_H

#include "beneath.h"
#include "ldb/store/store.h"

typedef struct LdbLocalDraft
{
	int folder;           /* owned; where the file will lie */
	int fd;               /* owned; -1 = closed, its bytes are durable */
	const char *base;     /* its last name; borrowed from `name` */
	char temporary[32];   /* its name until then */
	uint64_t written;     /* bytes */
	uint64_t given_to_io; /* of these, on their way to the disk */
} LdbLocalDraft;

/* `name` must live as long as the draft. Missing folders are made. */
LdbStatus ldb_local_draft_begin(const LdbBeneath *beneath, const char *name, LdbLocalDraft *draft,
								LdbError *err);
LdbStatus ldb_local_draft_write(LdbLocalDraft *draft, const char *name, LdbSlice bytes,
								const LdbCancel *cancel, LdbError *err);
/* Sends what is not yet on its way to the disk; only advice to the kernel. */
void ldb_local_draft_start_io(LdbLocalDraft *draft);
/* Makes the bytes durable and closes the file; nothing can be written after it. */
LdbStatus ldb_local_draft_settle(LdbLocalDraft *draft, const char *name, LdbError *err);
/* Makes it durable under its name and ends the draft, whatever happens. */
LdbStatus ldb_local_draft_publish(LdbLocalDraft *draft, const char *name, LdbPutMode mode,
								  LdbError *err);
/* As LDB_PUT_UNSETTLED: name and bytes are durable later. When it fails the name is not there. */
LdbStatus ldb_local_draft_publish_unsettled(LdbLocalDraft *draft, const char *name, LdbError *err);
/* Ends the draft; nothing is left. */
void ldb_local_draft_discard(LdbLocalDraft *draft);

#endif
