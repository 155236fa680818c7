/*
 * object.h -- one immutable object opened for random reading.
 *
 * Where the store maps files, reads are pointers into the mapping: nothing is copied. Elsewhere
 * ldb_object_fetch() brings ranges in with few coalesced requests and later reads are served from
 * them; a read that was not fetched is one request.
 * Every offset and length is checked against the object's size (LDB_CORRUPT names both).
 * Threads: one at a time.
 */
#ifndef LDB_STORE_OBJECT_H
#define LDB_STORE_OBJECT_H

#include "ldb/base/arena.h"
#include "ldb/base/cancel.h"
#include "ldb/base/error.h"
#include "ldb/base/slice.h"
#include "ldb/store/store.h"

typedef struct LdbObject LdbObject;

/* What one reader asked for; requests are calls to the store, or first touches of a mapping. */
typedef struct LdbReadStats
{
	uint64_t bytes;
	uint64_t requests;
} LdbReadStats;

/* size_hint: as the manifest says, 0 = unknown; a file of another size is LDB_CORRUPT.
 * store and stats (may be NULL) are borrowed and outlive the object. */
LdbStatus ldb_object_open(LdbStore *store, const char *name, uint64_t size_hint,
						  LdbReadStats *stats, const LdbCancel *cancel, LdbObject **object,
						  LdbError *err);
void ldb_object_close(LdbObject *object); /* NULL is fine */

const char *ldb_object_name(const LdbObject *object);
uint64_t ldb_object_size(const LdbObject *object);
/* True when bytes stay valid until close (mapped); else until the next fetch. */
bool ldb_object_is_mapped(const LdbObject *object);

/* Makes ranges resident, merging those less than 64 KiB apart; forgets earlier ones. Ranges may
 * overlap and come in any order. A hint for mapped objects. */
LdbStatus ldb_object_fetch(LdbObject *object, const LdbRange *ranges, size_t count,
						   const LdbCancel *cancel, LdbError *err);

/* The bytes of [offset, offset + length): in the mapping, in a fetched range, or read into the
 * arena now. */
LdbStatus ldb_object_read(LdbObject *object, uint64_t offset, uint64_t length, LdbArena *arena,
						  LdbSlice *bytes, const LdbCancel *cancel, LdbError *err);

/* The cheap half of ldb_object_check: a page of the mapping was touched and is gone. */
bool ldb_object_damaged(const LdbObject *object);

/* LDB_IO when bytes handed out before may be zeros because the file broke under its mapping. */
LdbStatus ldb_object_check(const LdbObject *object, LdbError *err);

#endif
