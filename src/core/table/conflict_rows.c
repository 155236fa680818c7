/* conflict_rows.c -- see conflict_rows.h. */
#include "conflict_rows.h"

#include <inttypes.h>
#include <string.h>

#include "ldb/base/bitmap.h"

/* Fields of one level: of the schema, or below a field. */
typedef struct Level
{
	LdbField *const *fields;
	size_t count;
} Level;

static const LdbField *
find_by_id(Level level, int32_t id)
{
	for (size_t i = 0; i < level.count; i++)
	{
		if (level.fields[i]->id == id)
			return level.fields[i];
	}
	return NULL;
}

static bool
has_name(Level level, const char *name)
{
	for (size_t i = 0; i < level.count; i++)
	{
		if (strcmp(level.fields[i]->name, name) == 0)
			return true;
	}
	return false;
}

/* Recursion ends at the depth that schemas may have. */
static const char *
find_unfit(Level base, Level newest, const LdbField **field)
{
	for (size_t i = 0; i < newest.count; i++)
	{
		const LdbField *now = newest.fields[i];
		const LdbField *then = find_by_id(base, now->id);
		const char *reason = NULL;

		*field = now;
		if (then == NULL && has_name(base, now->name))
			return "was made anew";
		if ((then == NULL || then->nullable) && !now->nullable)
			return "takes no NULL any more";
		if (then != NULL)
			reason = find_unfit((Level){then->children, then->child_count},
								(Level){now->children, now->child_count}, field);
		if (reason != NULL)
			return reason;
	}
	return NULL;
}

LdbStatus
ldb_conflict_check_columns(const LdbConflictCheck *check, const LdbManifest *base, LdbError *err)
{
	const LdbSchema *newest = &check->newest->manifest->schema;
	const LdbField *field = NULL;
	const char *reason;

	if (check->change->new_count == 0)
		return LDB_OK;
	reason = find_unfit((Level){base->schema.fields, base->schema.field_count},
						(Level){newest->fields, newest->field_count}, &field);
	if (reason == NULL)
		return LDB_OK;
	LDB_FAIL(err, LDB_CONFLICT,
			 "another writer changed columns of table \"%s\" up to version %" PRIu64
			 ": column \"%s\" %s",
			 check->home->uri, check->newest->manifest->version, field->name, reason);
}

static bool
same_file(const LdbDataFile *a, const LdbDataFile *b)
{
	size_t bytes = a->field_count * sizeof *a->field_ids;

	return strcmp(a->path, b->path) == 0 && a->base_id == b->base_id &&
		   a->field_count == b->field_count &&
		   (bytes == 0 || memcmp(a->field_ids, b->field_ids, bytes) == 0);
}

static bool
same_files(const LdbFragment *a, const LdbFragment *b)
{
	if (a->file_count != b->file_count || a->physical_rows != b->physical_rows)
		return false;
	for (size_t i = 0; i < a->file_count; i++)
	{
		if (!same_file(&a->files[i], &b->files[i]))
			return false;
	}
	return true;
}

static bool
same_deletion(const LdbDeletionFile *a, const LdbDeletionFile *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->id == b->id && a->read_version == b->read_version &&
		   a->deleted_rows == b->deleted_rows && a->base_id == b->base_id &&
		   a->is_bitmap == b->is_bitmap;
}

static bool
intersect(const uint8_t *a, const uint8_t *b, uint64_t bit_count)
{
	size_t bytes = ldb_bitmap_bytes((size_t) bit_count);

	for (size_t i = 0; i < bytes; i++)
	{
		if ((a[i] & b[i]) != 0)
			return true;
	}
	return false;
}

static LdbStatus
rows_conflict(const LdbConflictCheck *check, uint64_t fragment_id, const char *what, LdbError *err)
{
	LDB_FAIL(err, LDB_CONFLICT,
			 "another writer %s fragment %" PRIu64 " of table \"%s\" up to version %" PRIu64
			 " that this change deletes or updates",
			 what, fragment_id, check->home->uri, check->newest->manifest->version);
}

static LdbStatus
check_fragment(const LdbConflictCheck *check, const LdbManifest *base,
			   const LdbFragmentChange *change, LdbError *err)
{
	const LdbManifest *newest = check->newest->manifest;
	long now = ldb_manifest_fragment_index(newest, change->id);
	long then = ldb_manifest_fragment_index(base, change->id);
	const LdbFragment *fragment = now < 0 ? NULL : &newest->fragments[now];
	const uint8_t *deleted;

	if (then < 0)
		LDB_FAIL(err, LDB_INVALID,
				 "a change deletes rows of fragment %" PRIu64 ", which version %" PRIu64
				 " does not have",
				 change->id, base->version);
	if (fragment == NULL)
		return rows_conflict(check, change->id, "removed all rows of", err);
	if (!same_files(fragment, &base->fragments[then]))
		return rows_conflict(check, change->id, "changed values in", err);
	if (same_deletion(fragment->deletion, base->fragments[then].deletion))
		return LDB_OK;
	if (change->removed)
		return rows_conflict(check, change->id, "deleted or updated rows of", err);
	LDB_TRY(ldb_head_deletions(check->newest, (size_t) now, &deleted, check->cancel, err));
	if (deleted != NULL && change->deleted != NULL &&
		intersect(deleted, change->deleted, fragment->physical_rows))
		return rows_conflict(check, change->id, "deleted or updated rows of", err);
	return LDB_OK;
}

LdbStatus
ldb_conflict_check_rows(const LdbConflictCheck *check, const LdbManifest *base, LdbError *err)
{
	for (size_t i = 0; i < check->change->fragment_count; i++)
	{
		LDB_CHECK_CANCEL(check->cancel, err);
		LDB_TRY(check_fragment(check, base, &check->change->fragments[i], err));
	}
	return LDB_OK;
}
