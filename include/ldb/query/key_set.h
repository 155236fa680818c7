/*
 * key_set.h -- which row of a table has this key, without an index.
 *
 * A set remembers a hash and the place of every row that has a key: some 12 bytes a row, made by one
 * scan of the key's columns on several threads. It knows rows by the data file that they are in, so it
 * serves any version of the table: a cover adds what a version has and the set does not know yet,
 * which is little when versions follow each other. A hash only proposes rows: whether the row is
 * there and has the key is read from the version itself.
 * Rows that are gone stay in the set until it is freed; ldb_key_set_idle_rows tells how many.
 * Threads: a set and its covers belong to one thread (scans inside use their own).
 * Ownership: a cover borrows set and dataset; memory is the heap's.
 */
#ifndef LDB_QUERY_KEY_SET_H
#define LDB_QUERY_KEY_SET_H

#include "ldb/query/key.h"
#include "ldb/table/scan.h"

typedef struct LdbKeySet LdbKeySet;
typedef struct LdbKeyCover LdbKeyCover;

/* The spec is copied. memory_bytes: more than this for the rows is LDB_NOMEM; 0 = 192 MiB. */
LdbStatus ldb_key_set_new(const LdbKeySpec *spec, size_t memory_bytes, LdbKeySet **set,
						  LdbError *err);
void ldb_key_set_free(LdbKeySet *set); /* NULL is fine; no cover may be left */

const LdbKeySpec *ldb_key_set_spec(const LdbKeySet *set);
size_t ldb_key_set_bytes(const LdbKeySet *set);
/* Rows that the set knows and the newest cover's dataset does not have. */
uint64_t ldb_key_set_idle_rows(const LdbKeySet *set);

/*
 * A cover of the live rows of the dataset, in fragments with ids below the given one (UINT64_MAX =
 * all); reads those that the set does not know. LDB_NOT_FOUND when a column of the key is not there.
 */
LdbStatus ldb_key_cover_new(LdbKeySet *set, LdbDataset *dataset, uint64_t below_fragment,
							int thread_count, const LdbCancel *cancel, LdbKeyCover **cover,
							LdbError *err);
void ldb_key_cover_free(LdbKeyCover *cover); /* NULL is fine */

LdbDataset *ldb_key_cover_dataset(const LdbKeyCover *cover);
/* Rows that were read to make it. */
uint64_t ldb_key_cover_rows_read(const LdbKeyCover *cover);

/* Where a walk over the rows with one key stands; {0} = at the start. */
typedef struct LdbKeyWalk
{
	bool started;
	size_t slot;
} LdbKeyWalk;

/* The next live row of the cover's dataset that has the key. */
LdbStatus ldb_key_cover_next(LdbKeyCover *cover, LdbSlice key, LdbKeyWalk *walk, uint64_t *address,
							 bool *found, LdbError *err);

/* The key of a row; the bytes are valid until the next call on the cover. */
LdbStatus ldb_key_cover_key(LdbKeyCover *cover, uint64_t address, LdbSlice *key, bool *has_key,
							LdbError *err);

/* Whether a row of this cover is in the other one too (of the same set), deleted or not. */
bool ldb_key_cover_shares(const LdbKeyCover *cover, uint64_t address, const LdbKeyCover *other);

/* Two live rows with the same key, if there are any. */
LdbStatus ldb_key_cover_duplicate(LdbKeyCover *cover, uint64_t addresses[2], bool *found,
								  LdbError *err);

#endif
