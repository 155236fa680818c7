/*
 * local_draft.h -- a file under a temporary name, until it is whole and durable.
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
	int fd;               /* owned; -1 = closed */
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
/* Makes it durable under its name and ends the draft, whatever happens. */
LdbStatus ldb_local_draft_publish(LdbLocalDraft *draft, const char *name, LdbPutMode mode,
								  LdbError *err);
/* The same as LDB_PUT_CREATE for a name that nobody looks at before this is over: it may be there
 * before the bytes are, which saves the journal of most file systems a round. When it fails the
 * name is not there. */
LdbStatus ldb_local_draft_publish_quickly(LdbLocalDraft *draft, const char *name, LdbError *err);
/* Ends the draft; nothing is left. */
void ldb_local_draft_discard(LdbLocalDraft *draft);

#endif
