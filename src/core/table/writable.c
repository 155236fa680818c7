/* writable.c -- see writable.h. */
#include "writable.h"

#include <inttypes.h>
#include <string.h>

#include "flags.h"
#include "ldb/table/commit.h"

/* Files tell the truth where an old manifest says nothing, or "0.1" by mistake. */
static bool
has_readable_files(const LdbManifest *manifest)
{
	return manifest->fragment_count > 0 && manifest->fragments[0].file_count > 0 &&
		   (manifest->fragments[0].files[0].major == 2 ||
			manifest->fragments[0].files[0].minor == 3);
}

static bool
is_legacy(const LdbManifest *manifest)
{
	const char *version = manifest->data_version;

	if (version[0] == '\0' && (manifest->reader_flags & LDB_FLAG_V2_FORMAT) != 0)
		return false;
	if (version[0] != '\0' && strcmp(version, "0.1") != 0 && strcmp(version, "legacy") != 0)
		return false;
	return !has_readable_files(manifest);
}

LdbStatus
ldb_manifest_check_writable(const LdbManifest *manifest, const char *uri, LdbError *err)
{
	uint64_t unknown = manifest->writer_flags & ~LDB_KNOWN_FLAGS;

	if (unknown != 0)
	{
		uint64_t flag = (uint64_t) 1 << __builtin_ctzll(unknown);
		const char *name = ldb_flag_name(flag);

		ldb_error_set(err, LDB_UNSUPPORTED,
					  "version %" PRIu64 " of table \"%s\" uses writer feature %" PRIu64
					  " (%s), so this build may not write to it",
					  manifest->version, uri, flag, name == NULL ? "not known" : name);
		ldb_error_hint(err, "Upgrade lancedb, or write with LanceDB.");
		return LDB_UNSUPPORTED;
	}
	if (!is_legacy(manifest))
		return LDB_OK;
	ldb_error_set(err, LDB_UNSUPPORTED,
				  "table \"%s\" has the legacy storage version, which is not written", uri);
	ldb_error_hint(err, "Copy the table with LanceDB to rewrite it with a current version.");
	return LDB_UNSUPPORTED;
}

LdbStatus
ldb_dataset_check_writable(const LdbDataset *dataset, LdbError *err)
{
	return ldb_manifest_check_writable(ldb_dataset_manifest(dataset), ldb_dataset_uri(dataset),
									   err);
}
