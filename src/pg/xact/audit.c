/*
 * audit.c -- the table lancedb.commits: one row for each version that a committed transaction made.
 *
 * The manifest tells which commit made it: a random id, and where that id is to be looked for (the
 * cluster, the database and the installation of the extension there). The row with the id is written
 * by the same transaction, so a version that is ours and has no row was made by a transaction that
 * did not commit. Rows are written below SQL: no right to the table is needed, none is given.
 */
#include "xact/xact.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#define ID_PROPERTY "postgresql.commit_id"
#define SYSTEM_PROPERTY "postgresql.system_identifier"
#define DATABASE_PROPERTY "postgresql.database"
#define INSTALLATION_PROPERTY "postgresql.installation"

/* As in sql/lancedb.sql. */
enum
{
	COMMITS_ID = 1,
	COMMITS_URI,
	COMMITS_VERSION,
	COMMITS_RELATION,
	COMMITS_BY,
	COMMITS_AT,
	COMMITS_ADDED,
	COMMITS_DELETED,
	COMMITS_RESOLUTION
};
#define COMMITS_COLUMNS COMMITS_RESOLUTION

static Oid
own_relation(const char *name)
{
	Oid relid = get_relname_relid(name, get_namespace_oid("lancedb", false));

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE), errmsg("table lancedb.%s is missing", name),
				 errhint("Create the extension lancedb again.")));
	return relid;
}

/* ---- ids ---- */

static void
write_uuid(const pg_uuid_t *uuid, char text[37])
{
	static const char digits[] = "0123456789abcdef";
	char *to = text;

	for (int i = 0; i < UUID_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		*to++ = digits[uuid->data[i] >> 4];
		*to++ = digits[uuid->data[i] & 15];
	}
	*to = '\0';
}

static int
hex_digit(char digit)
{
	const char *digits = "0123456789abcdef";
	const char *found = digit == '\0' ? NULL : strchr(digits, digit);

	return found == NULL ? -1 : (int) (found - digits);
}

/* Written by us or by somebody who pretends; never an error. */
static bool
read_uuid(const char *text, pg_uuid_t *uuid)
{
	char again[37];
	int filled = 0;

	if (strlen(text) != 36)
		return false;
	for (int at = 0; at < 36 && filled < UUID_LEN; at += text[at] == '-' ? 1 : 2)
	{
		int high = hex_digit(text[at]);
		int low = hex_digit(text[at + 1]);

		if (text[at] == '-')
			continue;
		if (high < 0 || low < 0)
			return false;
		uuid->data[filled++] = (unsigned char) (high * 16 + low);
	}
	if (filled < UUID_LEN)
		return false;
	write_uuid(uuid, again);
	return strcmp(text, again) == 0;
}

/* Made at CREATE EXTENSION: a copy of the database, or one that was restored, differs in one of three. */
static void
read_installation(char text[37])
{
	Relation relation = table_open(own_relation("installation"), AccessShareLock);
	SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	HeapTuple tuple = systable_getnext(scan);
	bool isnull = true;

	if (HeapTupleIsValid(tuple))
	{
		Datum id = heap_getattr(tuple, 1, RelationGetDescr(relation), &isnull);

		if (!isnull)
			write_uuid(DatumGetUUIDP(id), text);
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	if (isnull)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("table lancedb.installation is empty"),
						errhint("Create the extension lancedb again.")));
}

void
lancedb_make_commit_id(LancedbCommitId *id)
{
	if (!pg_strong_random(id->uuid.data, UUID_LEN))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not make a random id")));
	id->uuid.data[6] = (id->uuid.data[6] & 0x0f) | 0x40; /* version and variant, as RFC 4122 says */
	id->uuid.data[8] = (id->uuid.data[8] & 0x3f) | 0x80;
	write_uuid(&id->uuid, id->text);
	snprintf(id->system, sizeof(id->system), UINT64_FORMAT, GetSystemIdentifier());
	snprintf(id->database, sizeof(id->database), "%u", MyDatabaseId);
	read_installation(id->installation);
	id->properties[0] = (LdbProperty){ID_PROPERTY, id->text};
	id->properties[1] = (LdbProperty){SYSTEM_PROPERTY, id->system};
	id->properties[2] = (LdbProperty){DATABASE_PROPERTY, id->database};
	id->properties[3] = (LdbProperty){INSTALLATION_PROPERTY, id->installation};
}

const char *
lancedb_property(const LdbTransactionInfo *info, const char *key)
{
	for (size_t i = 0; i < info->property_count; i++)
	{
		if (strcmp(info->properties[i].key, key) == 0)
			return info->properties[i].value;
	}
	return "";
}

bool
lancedb_commit_is_ours(const LdbTransactionInfo *info, const LancedbCommitId *like, pg_uuid_t *uuid)
{
	for (int i = 1; i < LANCEDB_PROPERTY_COUNT; i++)
	{
		if (strcmp(lancedb_property(info, like->properties[i].key), like->properties[i].value) != 0)
			return false;
	}
	return read_uuid(lancedb_property(info, ID_PROPERTY), uuid);
}

/* ---- rows ---- */

/* A path is bytes; what is no text in this database is shown with question marks. */
static Datum
uri_text(const char *uri)
{
	if (pg_verify_mbstr(GetDatabaseEncoding(), uri, (int) strlen(uri), true))
		return CStringGetTextDatum(uri);
	return CStringGetTextDatum(lancedb_message_text(uri));
}

void
lancedb_audit_insert(const LancedbAudit *audit)
{
	Relation relation = table_open(own_relation("commits"), RowExclusiveLock);
	Datum values[COMMITS_COLUMNS] = {0};
	bool nulls[COMMITS_COLUMNS] = {false};
	NameData user;

	namestrcpy(&user, GetUserNameFromId(GetUserId(), false));
	values[COMMITS_ID - 1] = UUIDPGetDatum(&audit->uuid);
	values[COMMITS_URI - 1] = uri_text(audit->uri);
	values[COMMITS_VERSION - 1] = Int64GetDatum((int64) audit->version);
	values[COMMITS_RELATION - 1] = ObjectIdGetDatum(audit->relid);
	values[COMMITS_BY - 1] = NameGetDatum(&user);
	values[COMMITS_AT - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[COMMITS_ADDED - 1] = Int64GetDatum((int64) audit->counts.rows_added);
	values[COMMITS_DELETED - 1] = Int64GetDatum((int64) audit->counts.rows_deleted);
	nulls[COMMITS_ADDED - 1] = nulls[COMMITS_DELETED - 1] = !audit->has_counts;
	nulls[COMMITS_RESOLUTION - 1] = audit->resolution == NULL;
	if (audit->resolution != NULL)
		values[COMMITS_RESOLUTION - 1] = CStringGetTextDatum(audit->resolution);
	CatalogTupleInsert(relation, heap_form_tuple(RelationGetDescr(relation), values, nulls));
	table_close(relation, NoLock);
}

/* As everybody sees the table now, the snapshot of the transaction notwithstanding. */
static SysScanDesc
scan_for(Relation relation, const pg_uuid_t *uuid, ScanKeyData *key)
{
	ScanKeyInit(key, COMMITS_ID, BTEqualStrategyNumber, F_UUID_EQ, UUIDPGetDatum(uuid));
	return systable_beginscan(relation, own_relation("commits_pkey"), true, NULL, 1, key);
}

void
lancedb_audit_set_version(const pg_uuid_t *uuid, uint64 version)
{
	Relation relation = table_open(own_relation("commits"), RowExclusiveLock);
	Datum values[COMMITS_COLUMNS] = {0};
	bool nulls[COMMITS_COLUMNS] = {false};
	bool replace[COMMITS_COLUMNS] = {false};
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;

	/* the row was written by this command */
	CommandCounterIncrement();
	scan = scan_for(relation, uuid, &key);
	tuple = systable_getnext(scan);
	values[COMMITS_VERSION - 1] = Int64GetDatum((int64) version);
	replace[COMMITS_VERSION - 1] = true;
	if (HeapTupleIsValid(tuple))
	{
		tuple = heap_modify_tuple(tuple, RelationGetDescr(relation), values, nulls, replace);
		CatalogTupleUpdate(relation, &tuple->t_self, tuple);
	}
	systable_endscan(scan);
	table_close(relation, NoLock);
}

bool
lancedb_audit_exists(const pg_uuid_t *uuid)
{
	Relation relation = table_open(own_relation("commits"), AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan = scan_for(relation, uuid, &key);
	bool found = HeapTupleIsValid(systable_getnext(scan));

	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return found;
}
