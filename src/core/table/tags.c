/* tags.c -- gives names to versions, and takes them away. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ldb/table/commit.h"
#include "names.h"
#include "versions.h"

#define TIME_BYTES 64

/* What LanceDB takes: letters, digits, '.', '-' and '_', with dots neither outside nor together. */
static LdbStatus
check_name(const char *name, LdbError *err)
{
	size_t length = strlen(name);

	LDB_TRY(ldb_name_check_tag(name, err));
	for (size_t i = 0; i < length; i++)
	{
		char c = name[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			c != '.' && c != '-' && c != '_')
			LDB_FAIL(err, LDB_INVALID,
					 "tag name \"%s\" may only have letters, digits, dots, dashes and underscores",
					 name);
	}
	if (name[0] == '.' || name[length - 1] == '.' || strstr(name, "..") != NULL ||
		(length >= 5 && strcmp(name + length - 5, ".lock") == 0))
		LDB_FAIL(err, LDB_INVALID,
				 "tag name \"%s\" may not begin or end with a dot, have two dots together or end "
				 "with \".lock\"",
				 name);
	return LDB_OK;
}

static void
format_now(char text[TIME_BYTES])
{
	struct timespec now;
	struct tm parts;
	size_t length;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	length = strftime(text, TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text + length, TIME_BYTES - length, ".%06ldZ", now.tv_nsec / 1000);
}

/* As LanceDB writes it; nothing in it needs to be escaped. */
static const char *
format_tag(uint64_t version, uint64_t manifest_bytes, LdbArena *arena)
{
	char now[TIME_BYTES];

	format_now(now);
	return ldb_arena_printf(arena,
							"{\"branch\":null,\"version\":%" PRIu64
							",\"createdAt\":\"%s\",\"updatedAt\":\"%s\",\"manifestSize\":%" PRIu64
							",\"metadata\":{}}",
							version, now, now, manifest_bytes);
}

static LdbStatus
find_manifest(const LdbVersionHome *home, uint64_t version, LdbArena *arena, LdbObjectInfo *info,
			  const LdbCancel *cancel, LdbError *err)
{
	LdbVersionEntry entry = {.version = version};

	if (version == 0 || version >= LDB_DETACHED_VERSION)
		LDB_FAIL(err, LDB_NOT_FOUND, "version %" PRIu64 " of table \"%s\" does not exist", version,
				 home->uri);
	LDB_TRY(ldb_versions_identify(home, &entry, arena, cancel, err));
	return ldb_store_head(home->store, entry.name, arena, info, cancel, err);
}

static LdbStatus
put_tag(const LdbVersionHome *home, const char *tag, const char *text, LdbArena *arena,
		const LdbCancel *cancel, LdbError *err)
{
	const char *name = ldb_name_tag_file(arena, home->main_root, tag);
	LdbStatus status;

	if (name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a tag");
	status = ldb_store_put(home->store, name, ldb_slice_of(text), LDB_PUT_CREATE, cancel, err);
	if (status == LDB_CONFLICT)
		LDB_FAIL(err, LDB_CONFLICT, "tag \"%s\" exists already", tag);
	return status;
}

static LdbStatus
create_tag(LdbLocations *locations, const char *uri, const char *tag, uint64_t version,
		   LdbArena *arena, const LdbCancel *cancel, LdbError *err)
{
	static const LdbVersionChoice latest = {0};
	LdbVersionHome home;
	LdbObjectInfo manifest;
	uint64_t unused;
	const char *text;

	LDB_TRY(check_name(tag, err));
	LDB_TRY(ldb_versions_find_home(locations, uri, &latest, arena, &home, &unused, cancel, err));
	LDB_TRY(find_manifest(&home, version, arena, &manifest, cancel, err));
	text = format_tag(version, manifest.size, arena);
	if (text == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a tag");
	return put_tag(&home, tag, text, arena, cancel, err);
}

LdbStatus
ldb_tag_create(LdbLocations *locations, const char *uri, const char *name, uint64_t version,
			   const LdbCancel *cancel, LdbError *err)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbStatus status;

	if (arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a tag");
	status = create_tag(locations, uri, name, version, arena, cancel, err);
	ldb_arena_free(arena);
	return status;
}

static LdbStatus
drop_tag(LdbLocations *locations, const char *uri, const char *tag, LdbArena *arena,
		 const LdbCancel *cancel, LdbError *err)
{
	static const LdbVersionChoice latest = {0};
	LdbVersionHome home;
	LdbObjectInfo info;
	const char *name;
	uint64_t unused;
	LdbStatus status;

	LDB_TRY(ldb_name_check_tag(tag, err));
	LDB_TRY(ldb_versions_find_home(locations, uri, &latest, arena, &home, &unused, cancel, err));
	name = ldb_name_tag_file(arena, home.main_root, tag);
	if (name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a tag");
	status = ldb_store_head(home.store, name, arena, &info, cancel, err);
	if (status == LDB_NOT_FOUND)
		LDB_FAIL(err, LDB_NOT_FOUND, "tag \"%s\" does not exist", tag);
	LDB_TRY(status);
	return ldb_store_remove(home.store, name, cancel, err);
}

LdbStatus
ldb_tag_drop(LdbLocations *locations, const char *uri, const char *name, const LdbCancel *cancel,
			 LdbError *err)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbStatus status;

	if (arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a tag");
	status = drop_tag(locations, uri, name, arena, cancel, err);
	ldb_arena_free(arena);
	return status;
}
