/* paths.c -- which folders of the server's machine a role may point Lance tables at. */
#include "fdw/fdw.h"

#include <limits.h>
#include <stdlib.h>

#include "catalog/pg_authid.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/memutils.h"

/*
 * The path with links resolved. The tail that does not exist (yet) is kept as it is: what is made
 * there later is looked at again when it is opened.
 */
static char *
resolve_links(const char *path)
{
	char real[PATH_MAX];
	char *head = pstrdup(path);
	char *slash;

	for (;;)
	{
		if (realpath(head, real) != NULL)
			return psprintf("%s%s", strcmp(real, "/") == 0 ? "" : real, path + strlen(head));
		slash = strrchr(head, '/');
		if (slash == NULL || slash == head)
			return pstrdup(path);
		*slash = '\0';
	}
}

static bool
lies_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* The server has been in this folder since it started, so the answer stays right. */
static const char *
data_directory(void)
{
	static char *directory = NULL;

	if (directory == NULL)
		directory = MemoryContextStrdup(TopMemoryContext, resolve_links(DataDir));
	return directory;
}

const char *
lancedb_local_path(const char *uri)
{
	LdbArena *arena = lancedb_arena_new(CurrentMemoryContext);
	LdbError err;
	const char *path = NULL;

	lancedb_check(ldb_location_normalize(uri, arena, &path, &err), &err);
	return path;
}

const char *
lancedb_canonical_path(const char *uri)
{
	return resolve_links(lancedb_local_path(uri));
}

void
lancedb_check_outside_data_directory(const char *path)
{
	if (lies_below(resolve_links(path), data_directory()))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("\"%s\" lies inside the server's data directory", path),
						errhint("Keep Lance tables in a folder outside of the data directory.")));
}

void
lancedb_check_may_read_files(const char *option_name)
{
	if (has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
		return;
	ereport(
		ERROR,
		(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
		 errmsg("permission denied to set option \"%s\" to a local folder", option_name),
		 errdetail("Only roles with the privileges of the \"pg_read_server_files\" role may "
				   "choose which files the server opens."),
		 errhint("Let such a role create the server, and name the table with option \"table\".")));
}

void
lancedb_check_may_write(Oid serverid)
{
	ForeignServer *server = GetForeignServer(serverid);

	if (has_privs_of_role(server->owner, ROLE_PG_WRITE_SERVER_FILES))
		return;
	ereport(
		ERROR,
		(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
		 errmsg("permission denied to write to the folder of server \"%s\"", server->servername),
		 errdetail("Its owner \"%s\" is neither a superuser nor has the privileges of the "
				   "\"pg_write_server_files\" role.",
				   GetUserNameFromId(server->owner, false)),
		 errhint("Grant that role to the owner of the server.")));
}

void
lancedb_check_superuser(const char *option_name)
{
	if (!superuser())
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("permission denied to set option \"%s\"", option_name),
						errdetail("Only superusers may set this option.")));
}
