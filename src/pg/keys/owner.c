/* owner.c -- keeps the owner of a Lance table's indexes the owner of the table. */
#include "keys/keys_impl.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "commands/tablecmds.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

static object_access_hook_type previous_hook = NULL;

/* What the command that is under way made of it: the caches do not know yet. */
static Oid
newest_owner(Oid relid)
{
	Relation catalog = table_open(RelationRelationId, AccessShareLock);
	Oid owner = InvalidOid;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, ClassOidIndexId, true, SnapshotSelf, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return owner;
}

/* The server does this for tables, not for foreign ones. */
static void
follow_owner(Oid relid)
{
	Relation relation = table_open(relid, NoLock);
	List *indexes = RelationGetIndexList(relation);
	Oid owner = indexes == NIL ? InvalidOid : newest_owner(relid);
	ListCell *cell;

	foreach (cell, indexes)
	{
		Oid index = lfirst_oid(cell);

		if (OidIsValid(owner) && newest_owner(index) != owner)
			ATExecChangeOwner(index, owner, true, AccessExclusiveLock);
	}
	table_close(relation, NoLock);
}

static void
after_alter(ObjectAccessType access, Oid classid, Oid objectid, int subid, void *argument)
{
	if (previous_hook != NULL)
		previous_hook(access, classid, objectid, subid, argument);
	if (access == OAT_POST_ALTER && classid == RelationRelationId && subid == 0 &&
		get_rel_relkind(objectid) == RELKIND_FOREIGN_TABLE)
		follow_owner(objectid);
}

void
lancedb_register_owner_hook(void)
{
	previous_hook = object_access_hook;
	object_access_hook = after_alter;
}
