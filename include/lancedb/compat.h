/*
 * compat.h -- the one file where PG_VERSION_NUM may appear (make lint checks).
 *
 * Call sites are written for the newest server that we support; this file gives older servers
 * the new name or signature. One block per change, naming the version that removes it.
 */
#ifndef LANCEDB_COMPAT_H
#define LANCEDB_COMPAT_H

#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/explain.h"
#include "commands/vacuum.h"
#include "fmgr.h"
#include "miscadmin.h"
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

#endif
