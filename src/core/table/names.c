/* names.c -- what the files of a dataset are called. */
#include "names.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "ldb/store/store.h"

#define MANIFEST_SUFFIX ".manifest"
#define V2_DIGITS 20u
#define LONGEST_REF 512u
#define DATA_FILE_BITS 24u
#define DATA_FILE_HEX 26u

const char *
ldb_name_join(LdbArena *arena, const char *root, const char *tail)
{
	if (root[0] == '\0')
		return ldb_arena_strdup(arena, tail);
	return ldb_arena_printf(arena, "%s/%s", root, tail);
}

static bool
parse_digits(const char *text, size_t length, uint64_t *value)
{
	*value = 0;
	if (length == 0 || length > V2_DIGITS)
		return false;
	for (size_t i = 0; i < length; i++)
	{
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(*value, 10u, value) ||
			__builtin_add_overflow(*value, (uint64_t) (text[i] - '0'), value))
			return false;
	}
	return true;
}

bool
ldb_name_is_version(const char *file_name, uint64_t *version)
{
	size_t length = strlen(file_name);
	size_t suffix = strlen(MANIFEST_SUFFIX);
	uint64_t number;

	if (length <= suffix || strcmp(file_name + length - suffix, MANIFEST_SUFFIX) != 0 ||
		!parse_digits(file_name, length - suffix, &number))
		return false;
	*version = length - suffix == V2_DIGITS ? UINT64_MAX - number : number;
	return *version != 0 && *version < LDB_DETACHED_VERSION;
}

const char *
ldb_name_manifest_v2(LdbArena *arena, const char *root, uint64_t version)
{
	const char *tail = version >= LDB_DETACHED_VERSION
						   ? ldb_arena_printf(arena, "_versions/d%" PRIu64 MANIFEST_SUFFIX, version)
						   : ldb_arena_printf(arena, "_versions/%020" PRIu64 MANIFEST_SUFFIX,
											  UINT64_MAX - version);

	return tail == NULL ? NULL : ldb_name_join(arena, root, tail);
}

const char *
ldb_name_manifest_v1(LdbArena *arena, const char *root, uint64_t version)
{
	const char *tail = ldb_arena_printf(arena, "_versions/%" PRIu64 MANIFEST_SUFFIX, version);

	return tail == NULL ? NULL : ldb_name_join(arena, root, tail);
}

const char *
ldb_name_deletion(LdbArena *arena, uint64_t fragment_id, const LdbDeletionFile *deletion)
{
	return ldb_arena_printf(arena, "%" PRIu64 "-%" PRIu64 "-%" PRIu64 ".%s", fragment_id,
							deletion->read_version, deletion->id,
							deletion->is_bitmap ? "bin" : "arrow");
}

/* 16 bytes: three as binary digits, so that names spread over the prefixes of an object store, the
 * others as hexadecimal ones. */
LdbStatus
ldb_name_data_file(LdbArena *arena, const char **name, LdbError *err)
{
	char text[DATA_FILE_BITS + DATA_FILE_HEX + 1];
	uint8_t bytes[16];

	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t) sizeof bytes)
		LDB_FAIL(err, LDB_IO, "the system gives no random numbers");
	for (size_t i = 0; i < DATA_FILE_BITS; i++)
		text[i] = (char) ('0' + (bytes[i / 8] >> (7 - i % 8) & 1));
	for (size_t i = 0; i < DATA_FILE_HEX; i++)
		text[DATA_FILE_BITS + i] =
			"0123456789abcdef"[bytes[3 + i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
	text[DATA_FILE_BITS + DATA_FILE_HEX] = '\0';
	*name = ldb_arena_printf(arena, "%s.lance", text);
	if (*name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for the name of a file");
	return LDB_OK;
}

static LdbStatus
check_ref(const char *name, const char *what, LdbError *err)
{
	LdbStatus status;

	if (strlen(name) > LONGEST_REF)
		LDB_FAIL(err, LDB_DENIED, "%s name of %zu bytes is too long", what, strlen(name));
	status = ldb_store_check_name(name, false, err);
	if (status != LDB_OK)
		ldb_error_prefix(err, "%s", what);
	return status;
}

LdbStatus
ldb_name_check_tag(const char *tag, LdbError *err)
{
	if (strchr(tag, '/') != NULL)
		LDB_FAIL(err, LDB_DENIED, "tag name \"%s\" contains a slash", tag);
	return check_ref(tag, "tag", err);
}

LdbStatus
ldb_name_check_branch(const char *branch, LdbError *err)
{
	return check_ref(branch, "branch", err);
}

const char *
ldb_name_branch(const char *branch)
{
	return branch == NULL || strcmp(branch, "main") == 0 ? NULL : branch;
}

const char *
ldb_name_branch_root(LdbArena *arena, const char *root, const char *branch)
{
	const char *tail = ldb_arena_printf(arena, "tree/%s", branch);

	return tail == NULL ? NULL : ldb_name_join(arena, root, tail);
}

const char *
ldb_name_branch_file(LdbArena *arena, const char *root, const char *branch)
{
	/* every byte may be a slash, which takes three when escaped */
	char *escaped = ldb_arena_alloc(arena, strlen(branch) * 3 + 1);
	const char *tail;
	char *out = escaped;

	if (escaped == NULL)
		return NULL;
	for (const char *in = branch; *in != '\0'; in++)
	{
		if (*in == '/')
		{
			memcpy(out, "%2F", 3);
			out += 3;
		}
		else
			*out++ = *in;
	}
	*out = '\0';
	tail = ldb_arena_printf(arena, "_refs/branches/%s.json", escaped);
	return tail == NULL ? NULL : ldb_name_join(arena, root, tail);
}

const char *
ldb_name_tag_file(LdbArena *arena, const char *root, const char *tag)
{
	const char *tail = ldb_arena_printf(arena, "_refs/tags/%s.json", tag);

	return tail == NULL ? NULL : ldb_name_join(arena, root, tail);
}
