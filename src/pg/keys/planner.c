/* planner.c -- keeps the planner from taking a unique key of a Lance table as a proof. */
#include "keys/keys_impl.h"

#include "optimizer/plancat.h"

static get_relation_info_hook_type previous_hook = NULL;

/*
 * Other writers of the dataset know nothing of the key, so joins and DISTINCT must not be removed
 * because of it. ON CONFLICT looks into the catalog and still finds it.
 */
static void
doubt_keys(PlannerInfo *root, Oid relid, bool inherits, RelOptInfo *rel)
{
	ListCell *cell;

	if (previous_hook != NULL)
		previous_hook(root, relid, inherits, rel);
	foreach (cell, rel->indexlist)
	{
		IndexOptInfo *index = lfirst(cell);

		if (lancedb_is_key_index_info(index))
			index->unique = false;
	}
}

void
lancedb_register_planner_hook(void)
{
	previous_hook = get_relation_info_hook;
	get_relation_info_hook = doubt_keys;
}
