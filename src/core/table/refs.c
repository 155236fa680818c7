/* refs.c -- tags and branches: names for versions, kept as small JSON files under _refs. */
#include "refs.h"

#include <jansson.h>
#include <stdlib.h>

#include "names.h"

#define TAG_FOLDER "_refs/tags/"
#define REF_SUFFIX ".json"
/* Real ones have less than 200 bytes; a parsed one takes many times its length. */
#define LARGEST_TAG_BYTES ((size_t) 64 * 1024)

static LdbStatus
copy_tag(const json_t *json, const char *name, LdbArena *arena, LdbTagInfo *info, LdbError *err)
{
	const json_t *version = json_object_get(json, "version");
	const json_t *branch = json_object_get(json, "branch");

	if (!json_is_integer(version) || json_integer_value(version) <= 0)
		LDB_FAIL(err, LDB_CORRUPT, "tag file \"%s\" has no version number", name);
	info->version = (uint64_t) json_integer_value(version);
	info->branch = NULL;
	if (branch == NULL || json_is_null(branch))
		return LDB_OK;
	if (!json_is_string(branch))
		LDB_FAIL(err, LDB_CORRUPT, "tag file \"%s\": branch is not a string", name);
	if (ldb_name_check_branch(json_string_value(branch), err) != LDB_OK)
	{
		ldb_error_prefix(err, "tag file \"%s\"", name);
		return LDB_DENIED;
	}
	info->branch = ldb_arena_strdup(arena, json_string_value(branch));
	if (info->branch == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a tag");
	info->branch = ldb_name_branch(info->branch);
	return LDB_OK;
}

static LdbStatus
parse_tag(LdbSlice text, const char *name, LdbArena *arena, LdbTagInfo *info, LdbError *err)
{
	json_error_t problem;
	LdbStatus status;
	json_t *json;

	if (text.length > LARGEST_TAG_BYTES)
		LDB_FAIL(err, LDB_CORRUPT, "tag file \"%s\" has %zu bytes, at most %zu are allowed", name,
				 text.length, LARGEST_TAG_BYTES);
	json = json_loadb((const char *) text.data, text.length, 0, &problem);
	if (json == NULL)
		LDB_FAIL(err, LDB_CORRUPT, "tag file \"%s\" is not JSON at byte %d: %s", name,
				 problem.position, problem.text);
	status = copy_tag(json, name, arena, info, err);
	json_decref(json);
	return status;
}

static LdbStatus
read_tag_file(LdbStore *store, const char *name, LdbArena *arena, LdbTagInfo *info,
			  const LdbCancel *cancel, LdbError *err)
{
	LdbRange all = {0, UINT64_MAX};
	LdbSlice text;

	LDB_TRY(ldb_store_get(store, name, all, arena, &text, NULL, cancel, err));
	return parse_tag(text, name, arena, info, err);
}

LdbStatus
ldb_refs_read_tag(LdbStore *store, const char *root, const char *tag, LdbArena *arena,
				  LdbTagInfo *info, const LdbCancel *cancel, LdbError *err)
{
	const char *name;
	LdbStatus status;

	LDB_TRY(ldb_name_check_tag(tag, err));
	name = ldb_name_tag_file(arena, root, tag);
	info->name = ldb_arena_strdup(arena, tag);
	if (name == NULL || info->name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a tag");
	status = read_tag_file(store, name, arena, info, cancel, err);
	if (status == LDB_NOT_FOUND)
		LDB_FAIL(err, LDB_NOT_FOUND, "tag \"%s\" does not exist", tag);
	return status;
}

static int
compare_tags(const void *left, const void *right)
{
	return strcmp(((const LdbTagInfo *) left)->name, ((const LdbTagInfo *) right)->name);
}

/* Bytes of the tag's name when the file is a tag's, else 0. */
static size_t
tag_length(const char *file)
{
	size_t length = strlen(file);
	size_t suffix = strlen(REF_SUFFIX);

	if (length <= suffix || strcmp(file + length - suffix, REF_SUFFIX) != 0 ||
		strchr(file, '/') != NULL)
		return 0;
	return length - suffix;
}

LdbStatus
ldb_refs_list_tags(LdbStore *store, const char *root, LdbArena *arena, LdbTagInfo **tags,
				   size_t *count, const LdbCancel *cancel, LdbError *err)
{
	const char *folder = ldb_name_join(arena, root, TAG_FOLDER);
	LdbObjectInfo *objects;
	size_t object_count;

	*count = 0;
	if (folder == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for tags");
	LDB_TRY(ldb_store_list(store, folder, true, arena, &objects, &object_count, cancel, err));
	LDB_NEW(arena, *tags, object_count, err);
	for (size_t i = 0; i < object_count; i++)
	{
		LdbTagInfo *tag = &(*tags)[*count];
		const char *file = objects[i].name + strlen(folder);
		LdbStatus status;

		if (tag_length(file) == 0)
			continue;
		tag->name = ldb_arena_strndup(arena, file, tag_length(file));
		if (tag->name == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for tags");
		status = read_tag_file(store, objects[i].name, arena, tag, cancel, err);
		if (status == LDB_NOT_FOUND) /* deleted since it was listed */
			continue;
		LDB_TRY(status);
		(*count)++;
	}
	if (*count > 0)
		qsort(*tags, *count, sizeof **tags, compare_tags);
	return LDB_OK;
}

LdbStatus
ldb_refs_check_branch(LdbStore *store, const char *root, const char *branch, LdbArena *arena,
					  const LdbCancel *cancel, LdbError *err)
{
	const char *name;
	LdbObjectInfo info;
	LdbStatus status;

	LDB_TRY(ldb_name_check_branch(branch, err));
	name = ldb_name_branch_file(arena, root, branch);
	if (name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a branch");
	status = ldb_store_head(store, name, arena, &info, cancel, err);
	if (status == LDB_NOT_FOUND)
		LDB_FAIL(err, LDB_NOT_FOUND, "branch \"%s\" does not exist", branch);
	return status;
}
