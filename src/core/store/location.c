/* location.c -- turns URIs into a store and a name, and refuses all that was not allowed. */
#include "ldb/store/location.h"

#include <pthread.h>
#include <string.h>

typedef struct Root
{
	char *path;      /* owned; canonical, "" for the root of the file system */
	LdbStore *store; /* owned; NULL until it is needed */
} Root;

struct LdbLocations
{
	pthread_mutex_t mutex;
	Root *roots; /* owned */
	size_t count;
};

/* Length of "scheme" in "scheme:rest", 0 when there is none. */
static size_t
scheme_length(const char *uri)
{
	size_t length =
		strspn(uri, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	return uri[length] == ':' ? length : 0;
}

static bool
has_scheme(const char *uri, const char *scheme)
{
	size_t length = scheme_length(uri);

	return length == strlen(scheme) && strncmp(uri, scheme, length) == 0;
}

/* One slash before each part and none at the end; "" when there are no parts. */
static LdbStatus
clean_path(const char *uri, const char *path, LdbArena *arena, char **clean, LdbError *err)
{
	char *to = ldb_arena_alloc(arena, strlen(path) + 2);
	size_t written = 0;

	if (to == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a location of %zu bytes", strlen(path));
	while (*path != '\0')
	{
		size_t length = strcspn(path, "/");

		if ((length == 1 && path[0] == '.') || (length == 2 && path[0] == '.' && path[1] == '.'))
		{
			ldb_error_set(err, LDB_DENIED, "\"%s\" may not contain \"%.*s\"", uri, (int) length,
						  path);
			ldb_error_hint(err, "Give the folder's path as it is, such as /srv/lance.");
			return LDB_DENIED;
		}
		if (length > 0)
		{
			to[written++] = '/';
			memcpy(to + written, path, length);
			written += length;
		}
		path += length;
		path += *path == '/';
	}
	to[written] = '\0';
	*clean = to;
	return LDB_OK;
}

static int
hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

/* %XX of a file URI; a '%' before anything else stands for itself. */
static LdbStatus
decode_percent(const char *uri, const char *path, LdbArena *arena, const char **decoded,
			   LdbError *err)
{
	char *to = ldb_arena_alloc(arena, strlen(path) + 1);
	size_t written = 0;

	if (to == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a location of %zu bytes", strlen(path));
	while (*path != '\0')
	{
		int high = path[0] == '%' ? hex_digit(path[1]) : -1;
		int low = high >= 0 ? hex_digit(path[2]) : -1;

		if (low < 0)
		{
			to[written++] = *path++;
			continue;
		}
		if (high == 0 && low == 0)
			LDB_FAIL(err, LDB_DENIED, "\"%s\" may not contain a zero byte", uri);
		to[written++] = (char) (high * 16 + low);
		path += 3;
	}
	to[written] = '\0';
	*decoded = to;
	return LDB_OK;
}

/* The path of file://path and file://localhost/path. */
static LdbStatus
file_path(const char *uri, LdbArena *arena, const char **path, LdbError *err)
{
	const char *rest = uri + strlen("file:");

	if (strncmp(rest, "//", 2) == 0)
	{
		rest += 2;
		if (strncmp(rest, "localhost/", 10) == 0)
			rest += 9;
		else if (*rest != '/')
			LDB_FAIL(err, LDB_UNSUPPORTED, "\"%s\" names a host; only local files can be read",
					 uri);
	}
	return decode_percent(uri, rest, arena, path, err);
}

/* The canonical form that roots and URIs are compared in. */
static LdbStatus
canonical_path(const char *uri, LdbArena *arena, char **canonical, LdbError *err)
{
	const char *path = uri;
	size_t scheme = scheme_length(uri);

	if (has_scheme(uri, "file"))
		LDB_TRY(file_path(uri, arena, &path, err));
	else if (scheme > 0)
	{
		/* The rest of such a URI may hold keys. */
		ldb_error_set(err, LDB_UNSUPPORTED, "locations of scheme \"%.*s:\" are not supported",
					  (int) scheme, uri);
		ldb_error_hint(err, "Folders of this machine are: /srv/lance or file:///srv/lance.");
		return LDB_UNSUPPORTED;
	}
	if (*path != '/')
	{
		ldb_error_set(err, LDB_DENIED, "\"%s\" is not an absolute path", uri);
		ldb_error_hint(err, "Give the folder's whole path, such as /srv/lance.");
		return LDB_DENIED;
	}
	return clean_path(uri, path, arena, canonical, err);
}

LdbStatus
ldb_location_normalize(const char *uri, LdbArena *arena, const char **path, LdbError *err)
{
	char *canonical = NULL;

	LDB_TRY(canonical_path(uri, arena, &canonical, err));
	*path = *canonical == '\0' ? "/" : canonical;
	return LDB_OK;
}

/* As above, and "memory:" before a path for stores that were handed in. */
static LdbStatus
canonical_location(const char *uri, LdbArena *arena, const char **location, LdbError *err)
{
	char *canonical = NULL;

	if (!has_scheme(uri, "memory"))
	{
		LDB_TRY(canonical_path(uri, arena, &canonical, err));
		*location = canonical;
		return LDB_OK;
	}
	LDB_TRY(clean_path(uri, uri + strlen("memory:"), arena, &canonical, err));
	*location = ldb_arena_printf(arena, "memory:%s", canonical);
	if (*location == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a location");
	return LDB_OK;
}

LdbStatus
ldb_locations_new(LdbLocations **locations, LdbError *err)
{
	LdbLocations *made = ldb_heap_zalloc(sizeof *made);

	if (made == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for locations");
	pthread_mutex_init(&made->mutex, NULL);
	*locations = made;
	return LDB_OK;
}

void
ldb_locations_free(LdbLocations *locations)
{
	if (locations == NULL)
		return;
	for (size_t i = 0; i < locations->count; i++)
	{
		ldb_store_close(locations->roots[i].store);
		ldb_heap_free(locations->roots[i].path);
	}
	ldb_heap_free(locations->roots);
	pthread_mutex_destroy(&locations->mutex);
	ldb_heap_free(locations);
}

static LdbStatus
add_root(LdbLocations *locations, const char *uri, LdbStore *store, LdbArena *arena, LdbError *err)
{
	const char *location = NULL;
	char *path;
	Root *roots;

	LDB_TRY(canonical_location(uri, arena, &location, err));
	if (store == NULL && has_scheme(location, "memory"))
		LDB_FAIL(err, LDB_UNSUPPORTED, "\"%s\" needs a store that is open already", uri);
	roots = ldb_heap_realloc(locations->roots, (locations->count + 1) * sizeof *roots);
	if (roots == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for locations");
	locations->roots = roots;
	path = ldb_heap_strdup(location);
	if (path == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for locations");
	roots[locations->count++] = (Root){.path = path, .store = store};
	return LDB_OK;
}

static LdbStatus
add_with_arena(LdbLocations *locations, const char *uri, LdbStore *store, LdbError *err)
{
	LdbArena *arena = ldb_arena_new(0);
	LdbStatus status;

	if (arena == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for locations");
	pthread_mutex_lock(&locations->mutex);
	status = add_root(locations, uri, store, arena, err);
	pthread_mutex_unlock(&locations->mutex);
	ldb_arena_free(arena);
	return status;
}

LdbStatus
ldb_locations_add(LdbLocations *locations, const char *uri, LdbError *err)
{
	return add_with_arena(locations, uri, NULL, err);
}

LdbStatus
ldb_locations_add_store(LdbLocations *locations, const char *uri, LdbStore *store, LdbError *err)
{
	LdbStatus status = add_with_arena(locations, uri, store, err);

	if (status != LDB_OK)
		ldb_store_close(store);
	return status;
}

static Root *
longest_root(const LdbLocations *locations, const char *location)
{
	Root *best = NULL;

	for (size_t i = 0; i < locations->count; i++)
	{
		Root *root = &locations->roots[i];
		size_t length = strlen(root->path);

		if (strncmp(location, root->path, length) == 0 &&
			(location[length] == '/' || location[length] == '\0') &&
			(best == NULL || length > strlen(best->path)))
			best = root;
	}
	return best;
}

static LdbStatus
resolve_location(LdbLocations *locations, const char *uri, const char *location, LdbStore **store,
				 const char **name, LdbError *err)
{
	Root *root = longest_root(locations, location);

	if (root == NULL)
		LDB_FAIL(err, LDB_DENIED, "\"%s\" is outside of the allowed locations", uri);
	if (root->store == NULL)
		LDB_TRY(ldb_store_open_local(*root->path == '\0' ? "/" : root->path, &root->store, err));
	*store = root->store;
	*name = location + strlen(root->path);
	*name += **name == '/';
	return LDB_OK;
}

LdbStatus
ldb_locations_resolve(LdbLocations *locations, const char *uri, LdbArena *arena, LdbStore **store,
					  const char **name, LdbError *err)
{
	const char *location = NULL;
	LdbStatus status;

	LDB_TRY(canonical_location(uri, arena, &location, err));
	pthread_mutex_lock(&locations->mutex);
	status = resolve_location(locations, uri, location, store, name, err);
	pthread_mutex_unlock(&locations->mutex);
	return status;
}
