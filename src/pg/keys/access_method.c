/* access_method.c -- the access method lance_key: an index that is a row in the catalog. */
#include "keys/keys_impl.h"

#include "access/reloptions.h"
#include "catalog/pg_class.h"

static relopt_kind options_kind;

/*
 * Called by REINDEX, and by whatever makes an index without our hook: on other tables than ours, and by
 * REINDEX CONCURRENTLY, which would go on to ask the table's access method, and a foreign table has
 * none.
 */
static IndexBuildResult *
build(Relation relation, Relation index, IndexInfo *info)
{
	IndexBuildResult *result = palloc0(sizeof(*result));

	lancedb_check_index_table(relation, index);
	if (info->ii_Concurrent)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("indexes of Lance tables cannot be rebuilt concurrently"),
						errhint("Use REINDEX without CONCURRENTLY.")));
	lancedb_verify_keys(relation, index);
	/* not known, and the server must not ask a foreign table for its pages */
	result->heap_tuples = -1;
	result->index_tuples = -1;
	return result;
}

static void
build_empty(Relation index)
{
}

static bool
insert(Relation index, Datum *values, bool *isnull, ItemPointer tid, Relation relation,
	   IndexUniqueCheck check, bool unchanged, IndexInfo *info)
{
	elog(ERROR, "index \"%s\" takes no entries", RelationGetRelationName(index));
}

static IndexBulkDeleteResult *
bulk_delete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats, IndexBulkDeleteCallback callback,
			void *state)
{
	return stats;
}

static IndexBulkDeleteResult *
vacuum_cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
	return stats;
}

/* No path is ever made with such an index; if one were, nobody would want it. */
static void
cost_estimate(PlannerInfo *root, IndexPath *path, double loops, Cost *startup, Cost *total,
			  Selectivity *selectivity, double *correlation, double *pages)
{
	*startup = *total = 1e30;
	*selectivity = 1;
	*correlation = 0;
	*pages = 1;
}

/* There are none: whatever is given is refused by name. */
static bytea *
options(Datum given, bool validate)
{
	return build_reloptions(given, validate, options_kind, 0, NULL, 0);
}

static bool
validate(Oid operator_class)
{
	return true;
}

static IndexScanDesc
begin_scan(Relation index, int key_count, int order_count)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("index \"%s\" cannot be scanned", RelationGetRelationName(index))));
}

bool
lancedb_is_key_index(Relation index)
{
	return index->rd_indam != NULL && index->rd_indam->ambuild == build;
}

/* By address, as for the wrapper: the access method may have any name. */
bool
lancedb_is_key_index_info(const IndexOptInfo *index)
{
	return index->amcostestimate == cost_estimate;
}

void
lancedb_register_key_method(void)
{
	options_kind = add_reloption_kind();
}

PG_FUNCTION_INFO_V1(lancedb_key_handler);

/* amgetbitmap stays NULL: the planner would ask the table's access method about bitmaps. */
Datum
lancedb_key_handler(PG_FUNCTION_ARGS)
{
	IndexAmRoutine *routine = makeNode(IndexAmRoutine);

	routine->amcanunique = true;
	routine->amcanmulticol = true;
	routine->amoptionalkey = true;
	routine->amsearchnulls = true;
	lancedb_method_compares_equality(routine);
	routine->ambuild = build;
	routine->ambuildempty = build_empty;
	routine->aminsert = insert;
	routine->ambulkdelete = bulk_delete;
	routine->amvacuumcleanup = vacuum_cleanup;
	routine->amcostestimate = cost_estimate;
	routine->amoptions = options;
	routine->amvalidate = validate;
	routine->ambeginscan = begin_scan;
	PG_RETURN_POINTER(routine);
}
