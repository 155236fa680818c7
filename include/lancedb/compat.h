/*
 * compat.h -- the one file where PG_VERSION_NUM may appear (make lint checks).
 *
 * Call sites are written for the newest server that we support; this file gives older servers
 * the new name or signature. One block per change, naming the version that removes it.
 */
#ifndef LANCEDB_COMPAT_H
#define LANCEDB_COMPAT_H

#include "postgres.h"

#include "access/amapi.h"
#include "access/stratnum.h"
#include "catalog/index.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_tablespace.h"
#include "catalog/pg_type.h"
#include "commands/explain.h"
#include "commands/trigger.h"
#include "commands/vacuum.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "utils/acl.h"
#include "utils/datetime.h"

#if PG_VERSION_NUM < 150000
#error "lancedb needs PostgreSQL 15 or newer"
#endif

/* PostgreSQL 18 writes it before the declaration. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn _Noreturn
#endif

/* PostgreSQL 16 began to declare _PG_init in fmgr.h. */
#if PG_VERSION_NUM < 160000
extern PGDLLEXPORT void _PG_init(void);
#endif

/* PostgreSQL 18 lets a module tell its name and version. */
#if PG_VERSION_NUM >= 180000
#define LANCEDB_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "lancedb")
#else
#define LANCEDB_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/* PostgreSQL 16 added an argument to DecodeDateTime: what is wrong, for soft errors. */
static inline int
lancedb_decode_datetime(char **fields, int *types, int field_count, int *type, struct pg_tm *when,
						fsec_t *fraction, int *zone)
{
#if PG_VERSION_NUM >= 160000
	DateTimeErrorExtra extra;

	return DecodeDateTime(fields, types, field_count, type, when, fraction, zone, &extra);
#else
	return DecodeDateTime(fields, types, field_count, type, when, fraction, zone);
#endif
}

/* PostgreSQL 17 gave the paths of foreign scans their restriction clauses, 18 a count of disabled
 * nodes. */
#if PG_VERSION_NUM < 170000
#define create_foreignscan_path(root, rel, target, rows, disabled_nodes, startup, total, pathkeys, \
								outer, outer_path, restrictinfo, data)                             \
	create_foreignscan_path(root, rel, target, rows, startup, total, pathkeys, outer, outer_path,  \
							data)
#define create_foreign_upper_path(root, rel, target, rows, disabled_nodes, startup, total, \
								  pathkeys, outer_path, restrictinfo, data)                \
	create_foreign_upper_path(root, rel, target, rows, startup, total, pathkeys, outer_path, data)
#elif PG_VERSION_NUM < 180000
#define create_foreignscan_path(root, rel, target, rows, disabled_nodes, startup, total, pathkeys, \
								outer, outer_path, restrictinfo, data)                             \
	create_foreignscan_path(root, rel, target, rows, startup, total, pathkeys, outer, outer_path,  \
							restrictinfo, data)
#define create_foreign_upper_path(root, rel, target, rows, disabled_nodes, startup, total,   \
								  pathkeys, outer_path, restrictinfo, data)                  \
	create_foreign_upper_path(root, rel, target, rows, startup, total, pathkeys, outer_path, \
							  restrictinfo, data)
#endif

/* PostgreSQL 18 moved what EXPLAIN's callbacks need. */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif

/*
 * PostgreSQL 18 keeps the answer in the locale. Before, it is one function, which is declared here
 * because its header wants the headers of ICU, and Debian's server-dev package does not bring them.
 */
#if PG_VERSION_NUM >= 180000
#include "utils/pg_locale.h"
#else
extern bool lc_collate_is_c(Oid collation);
#endif
static inline bool
lancedb_collation_is_c(Oid collation)
{
#if PG_VERSION_NUM >= 180000
	return pg_newlocale_from_collation(collation)->collate_is_c;
#else
	return lc_collate_is_c(collation);
#endif
}

/* PostgreSQL 16 has one check of ownership for all catalogs; needed here for these two. */
#if PG_VERSION_NUM < 160000
#define object_ownercheck(catalog, oid, role)                                       \
	((catalog) == ForeignServerRelationId ? pg_foreign_server_ownercheck(oid, role) \
										  : pg_class_ownercheck(oid, role))
#include "catalog/pg_foreign_server.h"
#endif

/* PostgreSQL 18 has generated columns that are computed when they are read. */
#if PG_VERSION_NUM < 180000
#define ATTRIBUTE_GENERATED_VIRTUAL 'v'
#endif

/* PostgreSQL 16 has one function for the privileges of all kinds of objects. */
static inline bool
lancedb_may_use_type(Oid typid)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(TypeRelationId, typid, GetUserId(), ACL_USAGE) == ACLCHECK_OK;
#else
	return pg_type_aclcheck(typid, GetUserId(), ACL_USAGE) == ACLCHECK_OK;
#endif
}

static inline bool
lancedb_may_use_schema(Oid namespace)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(NamespaceRelationId, namespace, GetUserId(), ACL_USAGE) == ACLCHECK_OK;
#else
	return pg_namespace_aclcheck(namespace, GetUserId(), ACL_USAGE) == ACLCHECK_OK;
#endif
}

/* PostgreSQL 18 wants to know whether it is ANALYZE that waits. */
#if PG_VERSION_NUM < 180000
#define vacuum_delay_point(is_analyze) vacuum_delay_point()
#endif

/* PostgreSQL 16 moved the role whose rights apply from the range table elsewhere. */
static inline Oid
lancedb_result_user(ResultRelInfo *target, EState *estate)
{
#if PG_VERSION_NUM >= 160000
	return ExecGetResultRelCheckAsUser(target, estate);
#else
	ResultRelInfo *root = target->ri_RootResultRelInfo;
	Index index = root != NULL ? root->ri_RangeTableIndex : target->ri_RangeTableIndex;
	Oid user = index == 0 ? InvalidOid : exec_rt_fetch(index, estate)->checkAsUser;

	return OidIsValid(user) ? user : GetUserId();
#endif
}

/* PostgreSQL 16 tells why a BEFORE trigger's row is not there, 18 whether it is MERGE that asks. */
static inline bool
lancedb_before_update_triggers(EState *estate, EPQState *epq, ResultRelInfo *target,
							   HeapTuple old_row, TupleTableSlot *new_slot)
{
#if PG_VERSION_NUM >= 180000
	return ExecBRUpdateTriggers(estate, epq, target, NULL, old_row, new_slot, NULL, NULL, false);
#elif PG_VERSION_NUM >= 160000
	return ExecBRUpdateTriggers(estate, epq, target, NULL, old_row, new_slot, NULL, NULL);
#else
	return ExecBRUpdateTriggers(estate, epq, target, NULL, old_row, new_slot, NULL);
#endif
}

/* PostgreSQL 17 ends transactions that take too long, without a cancel of the statement. */
static inline bool
lancedb_transaction_timed_out(void)
{
#if PG_VERSION_NUM >= 170000
	return TransactionTimeoutPending;
#else
	return false;
#endif
}

/*
 * PostgreSQL 18 keeps equivalence members of child relations in lists of their own and walks both
 * with an iterator; it also names sort directions by CompareType instead of btree strategy.
 */
#if PG_VERSION_NUM >= 180000
typedef EquivalenceMemberIterator LancedbMemberIterator;
#define lancedb_members_of(iterator, ec, relids) setup_eclass_member_iterator(iterator, ec, relids)
#define lancedb_next_member(iterator) eclass_member_iterator_next(iterator)
#define lancedb_pathkey_descends(pathkey) ((pathkey)->pk_cmptype == COMPARE_GT)
#else
typedef struct LancedbMemberIterator
{
	List *members;
	int next;
} LancedbMemberIterator;
#define lancedb_members_of(iterator, ec, relids) \
	((iterator)->members = (ec)->ec_members, (iterator)->next = 0)
#define lancedb_next_member(iterator)                                              \
	((iterator)->next < list_length((iterator)->members)                           \
		 ? (EquivalenceMember *) list_nth((iterator)->members, (iterator)->next++) \
		 : NULL)
#define lancedb_pathkey_descends(pathkey) ((pathkey)->pk_strategy == BTGreaterStrategyNumber)
#endif

/* PostgreSQL 16 has one function for the rights on all kinds of objects. */
static inline AclResult
lancedb_check_create_right(Oid classid, Oid objectid)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(classid, objectid, GetUserId(), ACL_CREATE);
#else
	return classid == NamespaceRelationId
			   ? pg_namespace_aclcheck(objectid, GetUserId(), ACL_CREATE)
			   : pg_tablespace_aclcheck(objectid, GetUserId(), ACL_CREATE);
#endif
}

/* A plain index without expressions and predicate; 16 asks whether it summarizes, 18 for periods. */
static inline IndexInfo *
lancedb_index_info(int column_count, Oid method, bool unique, bool nulls_not_distinct)
{
#if PG_VERSION_NUM >= 180000
	return makeIndexInfo(column_count, column_count, method, NIL, NIL, unique, nulls_not_distinct,
						 true, false, false, false);
#elif PG_VERSION_NUM >= 160000
	return makeIndexInfo(column_count, column_count, method, NIL, NIL, unique, nulls_not_distinct,
						 true, false, false);
#else
	return makeIndexInfo(column_count, column_count, method, NIL, NIL, unique, nulls_not_distinct,
						 true, false);
#endif
}

/* PostgreSQL 17 takes options of operator classes and statistics targets with a new index. */
static inline Oid
lancedb_index_create(Relation relation, const char *name, IndexInfo *info, List *columns,
					 Oid tablespace, Oid *collations, Oid *classes, int16 *options,
					 Datum reloptions, bits16 flags)
{
#if PG_VERSION_NUM >= 170000
	return index_create(relation, name, InvalidOid, InvalidOid, InvalidOid, InvalidOid, info,
						columns, info->ii_Am, tablespace, collations, classes, NULL, options, NULL,
						reloptions, flags, 0, allowSystemTableMods, false, NULL);
#else
	return index_create(relation, name, InvalidOid, InvalidOid, InvalidOid, InvalidOid, info,
						columns, info->ii_Am, tablespace, collations, classes, options, reloptions,
						flags, 0, allowSystemTableMods, false, NULL);
#endif
}

/* PostgreSQL 18 asks an access method which of its strategies is equality. */
#if PG_VERSION_NUM >= 180000
static inline StrategyNumber
lancedb_strategy_of_comparison(CompareType type, Oid family)
{
	return type == COMPARE_EQ ? BTEqualStrategyNumber : InvalidStrategy;
}

static inline CompareType
lancedb_comparison_of_strategy(StrategyNumber strategy, Oid family)
{
	return strategy == BTEqualStrategyNumber ? COMPARE_EQ : COMPARE_INVALID;
}
#endif
static inline void
lancedb_method_compares_equality(IndexAmRoutine *routine)
{
#if PG_VERSION_NUM >= 180000
	routine->amconsistentequality = true;
	routine->amtranslatecmptype = lancedb_strategy_of_comparison;
	routine->amtranslatestrategy = lancedb_comparison_of_strategy;
#endif
}

#endif
