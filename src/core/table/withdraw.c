/* withdraw.c -- takes back what one version did, also under later ones. */
#include <inttypes.h>
#include <stdio.h>

#include "ldb/table/commit.h"
#include "trace.h"

/* Other writers may be first again and again; then it is better to say so. */
#define MOST_ATTEMPTS 20

typedef struct Withdrawal
{
	LdbLocations *locations; /* borrowed */
	const char *uri;         /* borrowed */
	uint64_t version;
	LdbCommitOptions options; /* with one property more */
	LdbArena *arena;          /* of one attempt */
	LdbWithdrawal *result;    /* borrowed */
	LdbDataset *withdrawn;    /* owned */
	LdbDataset *parent;       /* owned; NULL = the version was the first */
	LdbDataset *newest;       /* owned; of one attempt */
} Withdrawal;

static LdbStatus
open_version(const Withdrawal *withdrawal, uint64_t version, LdbDataset **dataset, LdbError *err)
{
	LdbVersionChoice choice = {.version = version};

	return ldb_dataset_open(withdrawal->locations, withdrawal->uri, &choice,
							withdrawal->options.cancel, dataset, err);
}

/* LDB_CONFLICT when somebody committed after `newest`. */
static LdbStatus
commit_on_newest(const Withdrawal *withdrawal, const LdbChange *change, LdbError *err)
{
	LdbCommit *commit;
	LdbStatus status;

	LDB_TRY(ldb_commit_new(withdrawal->locations, withdrawal->uri, change, &withdrawal->options,
						   &commit, err));
	status = ldb_commit_prepare(commit, err);
	if (status == LDB_OK && ldb_commit_parent(commit) != change->base_version)
	{
		ldb_error_set(err, LDB_CONFLICT, "table \"%s\" has a new version", withdrawal->uri);
		status = LDB_CONFLICT;
	}
	if (status == LDB_OK)
		status = ldb_commit_put(commit, err);
	if (status == LDB_OK)
		withdrawal->result->new_version = ldb_commit_version(commit);
	ldb_commit_free(commit);
	return status;
}

static LdbStatus
take_whole_version(Withdrawal *withdrawal, const LdbTrace *trace, LdbError *err)
{
	LdbChange change = {.base_version = withdrawal->version, .restored = withdrawal->parent};
	uint64_t files;

	withdrawal->result->rows_removed = trace->rows;
	withdrawal->result->rows_lost = trace->rows_lost;
	if (withdrawal->parent != NULL)
		return commit_on_newest(withdrawal, &change, err);
	withdrawal->result->new_version = 0;
	return ldb_dataset_remove(withdrawal->locations, withdrawal->uri, &files,
							  withdrawal->options.cancel, err);
}

static LdbStatus
delete_rows(Withdrawal *withdrawal, LdbTrace *trace, LdbError *err)
{
	LdbChange change = {.base_version = ldb_dataset_manifest(withdrawal->newest)->version};
	LdbFragmentChange *fragments;
	LdbTraced *found;
	size_t count;

	LDB_TRY(ldb_trace_follow(trace, withdrawal->version, change.base_version, err));
	LDB_TRY(
		ldb_trace_finish(trace, withdrawal->withdrawn, withdrawal->newest, &found, &count, err));
	LDB_NEW(withdrawal->arena, fragments, count, err);
	withdrawal->result->rows_removed = 0;
	withdrawal->result->rows_lost = trace->rows_lost;
	for (size_t i = 0; i < count; i++)
	{
		fragments[i] = (LdbFragmentChange){.id = found[i].fragment_id,
										   .deleted = found[i].rows,
										   .deleted_rows = found[i].count,
										   .physical_rows = found[i].physical_rows};
		withdrawal->result->rows_removed += found[i].count;
	}
	change.fragments = fragments;
	change.fragment_count = count;
	return commit_on_newest(withdrawal, &change, err);
}

static LdbStatus
attempt(Withdrawal *withdrawal, LdbError *err)
{
	LdbTrace trace = {.locations = withdrawal->locations,
					  .uri = withdrawal->uri,
					  .arena = withdrawal->arena,
					  .cancel = withdrawal->options.cancel};
	LdbStatus status;

	ldb_arena_reset(withdrawal->arena);
	LDB_TRY(open_version(withdrawal, 0, &withdrawal->newest, err));
	status = ldb_trace_start(&trace, withdrawal->withdrawn, withdrawal->parent, err);
	if (status == LDB_OK)
		status = ldb_dataset_manifest(withdrawal->newest)->version == withdrawal->version
					 ? take_whole_version(withdrawal, &trace, err)
					 : delete_rows(withdrawal, &trace, err);
	ldb_dataset_close(withdrawal->newest);
	withdrawal->newest = NULL;
	return status;
}

static LdbStatus
try_again_and_again(Withdrawal *withdrawal, LdbError *err)
{
	LdbStatus status;

	LDB_TRY(open_version(withdrawal, withdrawal->version, &withdrawal->withdrawn, err));
	if (withdrawal->version > 1)
		LDB_TRY(open_version(withdrawal, withdrawal->version - 1, &withdrawal->parent, err));
	for (int i = 1;; i++)
	{
		status = attempt(withdrawal, err);
		if (status != LDB_CONFLICT || i == MOST_ATTEMPTS)
			return status;
		LDB_TRY(ldb_commit_pause(i, withdrawal->options.cancel, err));
	}
}

static LdbStatus
withdraw(Withdrawal *withdrawal, const LdbCommitOptions *options, LdbError *err)
{
	size_t count = options == NULL ? 0 : options->property_count;
	LdbProperty *properties = ldb_heap_zalloc((count + 1) * sizeof *properties);
	char number[24];
	LdbStatus status;

	if (properties == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory to withdraw a version");
	snprintf(number, sizeof number, "%" PRIu64, withdrawal->version);
	for (size_t i = 0; i < count; i++)
		properties[i] = options->properties[i];
	properties[count] = (LdbProperty){LDB_PROPERTY_WITHDRAWS, number};
	withdrawal->options.property_count = count + 1;
	withdrawal->options.properties = properties;
	withdrawal->options.cancel = options == NULL ? NULL : options->cancel;
	status = try_again_and_again(withdrawal, err);
	ldb_heap_free(properties);
	return status;
}

LdbStatus
ldb_version_withdraw(LdbLocations *locations, const char *uri, uint64_t version,
					 const LdbCommitOptions *options, LdbWithdrawal *result, LdbError *err)
{
	Withdrawal withdrawal = {
		.locations = locations, .uri = uri, .version = version, .result = result};
	LdbStatus status;

	*result = (LdbWithdrawal){0};
	if (version == 0)
		LDB_FAIL(err, LDB_NOT_FOUND, "version 0 of table \"%s\" does not exist", uri);
	withdrawal.arena = ldb_arena_new(0);
	if (withdrawal.arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory to withdraw a version");
	status = withdraw(&withdrawal, options, err);
	ldb_dataset_close(withdrawal.withdrawn);
	ldb_dataset_close(withdrawal.parent);
	ldb_arena_free(withdrawal.arena);
	return status;
}
