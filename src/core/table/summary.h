/*
 * summary.h -- the few numbers of a manifest that a list of versions shows, and its framing.
 *
 * A summary is read field by field and believes no more than it needs, so versions with features
 * that this build does not know can still be listed.
 */
#ifndef LDB_TABLE_SUMMARY_H
#define LDB_TABLE_SUMMARY_H

#include "ldb/base/error.h"
#include "ldb/base/slice.h"

typedef struct LdbManifestSummary
{
	uint64_t version;
	int64_t timestamp_us;
	uint64_t reader_flags;
	uint64_t rows;
	uint64_t fragments;
	LdbSlice transaction_file; /* borrowed from the file; empty = none */
	const char *operation;     /* of the inline transaction; NULL = unknown */
} LdbManifestSummary;

/* The manifest message inside a manifest file. */
LdbStatus ldb_manifest_frame(LdbSlice file, const char *name, LdbSlice *message, LdbError *err);

/* Only the reader flags: what says whether the rest may be believed. */
LdbStatus ldb_manifest_flags(LdbSlice file, const char *name, uint64_t *reader_flags,
							 LdbError *err);

LdbStatus ldb_manifest_summarize(LdbSlice file, const char *name, LdbManifestSummary *summary,
								 LdbError *err);

/* Version, time and flags alone: fragments and transaction are skipped over. */
LdbStatus ldb_manifest_summarize_header(LdbSlice file, const char *name,
										LdbManifestSummary *summary, LdbError *err);

/* Which operation a Transaction message holds, or NULL: readers never fail for its sake. */
const char *ldb_transaction_operation(LdbSlice transaction);

#endif
