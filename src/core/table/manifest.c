/* manifest.c -- one version of a table, from the bytes of its manifest file. */
#include "ldb/table/manifest.h"

#include <inttypes.h>
#include <stdlib.h>

#include "flags.h"
#include "head.h"
#include "ldb/proto/proto.h"
#include "ldb/store/store.h"
#include "manifest_write.h"
#include "schema.h"
#include "summary.h"

#define LEGACY_HINT                                                                         \
	"Rewrite the table with data storage version 2.0 or later, for instance by copying it " \
	"with LanceDB."
#define NEWER_HINT "Upgrade lancedb, or rewrite the table with an older LanceDB."

static const char *const readable_versions[] = {"", "0.1", "legacy", "2.0", "2.1", "2.2"};

typedef struct Source
{
	const char *name; /* of the manifest, for messages; borrowed */
	LdbArena *arena;  /* borrowed */
} Source;

static LdbStatus
check_flags(uint64_t flags, const char *name, LdbError *err)
{
	uint64_t unknown = flags & ~LDB_KNOWN_FLAGS;
	uint64_t flag;

	if (unknown == 0)
		return LDB_OK;
	flag = (uint64_t) 1 << __builtin_ctzll(unknown);
	if (ldb_flag_name(flag) != NULL)
		ldb_error_set(err, LDB_UNSUPPORTED,
					  "manifest \"%s\" uses reader feature %" PRIu64
					  " (%s), which this build does not read",
					  name, flag, ldb_flag_name(flag));
	else
		ldb_error_set(err, LDB_UNSUPPORTED,
					  "manifest \"%s\" uses reader feature %" PRIu64
					  " (bit %d), which this build does not know",
					  name, flag, __builtin_ctzll(unknown));
	ldb_error_hint(err, NEWER_HINT);
	return LDB_UNSUPPORTED;
}

static LdbStatus
check_path(const char *path, const char *what, const Source *source, LdbError *err)
{
	LdbStatus status = ldb_store_check_name(path == NULL ? "" : path, false, err);

	if (status != LDB_OK)
		ldb_error_prefix(err, "manifest \"%s\": %s", source->name, what);
	return status;
}

static bool
is_legacy(const LdbDataFile *file)
{
	return file->major == 0 && file->minor <= 2;
}

static bool
is_readable(const LdbDataFile *file)
{
	return (file->major == 0 && file->minor == 3) || (file->major == 2 && file->minor <= 2);
}

static bool
has_live_fields(const LdbDataFile *file)
{
	for (size_t i = 0; i < file->field_count; i++)
	{
		if (file->field_ids[i] >= 0)
			return true;
	}
	return false;
}

/* Versions are judged by the files: Lance 0.16 wrote "0.1" into manifests of 2.0 tables. */
static LdbStatus
check_file_version(const LdbDataFile *file, const Source *source, LdbError *err)
{
	if (is_readable(file) || !has_live_fields(file))
		return LDB_OK;
	if (is_legacy(file))
	{
		ldb_error_set(err, LDB_UNSUPPORTED,
					  "manifest \"%s\": data file \"%s\" has the legacy version 0.1, which is not "
					  "supported",
					  source->name, file->path);
		ldb_error_hint(err, LEGACY_HINT);
		return LDB_UNSUPPORTED;
	}
	ldb_error_set(err, LDB_UNSUPPORTED,
				  "manifest \"%s\": data file \"%s\" has version %" PRIu32 ".%" PRIu32
				  ", which is not supported",
				  source->name, file->path, file->major, file->minor);
	ldb_error_hint(err, "Upgrade lancedb, or rewrite the table with data storage version 2.2 or "
						"earlier.");
	return LDB_UNSUPPORTED;
}

static LdbStatus
check_data_version(const LdbManifest *manifest, const Ldb__Manifest *message, const char *name,
				   LdbError *err)
{
	const char *format = "";

	if (message->data_format != NULL && message->data_format->file_format != NULL)
		format = message->data_format->file_format;
	if (format[0] != '\0' && strcmp(format, "lance") != 0)
	{
		ldb_error_set(err, LDB_UNSUPPORTED,
					  "manifest \"%s\": data files of format \"%s\" are not supported", name,
					  format);
		ldb_error_hint(err, "Rewrite the table with LanceDB.");
		return LDB_UNSUPPORTED;
	}
	for (size_t i = 0; i < sizeof readable_versions / sizeof readable_versions[0]; i++)
	{
		if (strcmp(manifest->data_version, readable_versions[i]) == 0)
			return LDB_OK;
	}
	ldb_error_set(err, LDB_UNSUPPORTED,
				  "manifest \"%s\": data storage version \"%s\" is not supported", name,
				  manifest->data_version);
	ldb_error_hint(err, "Upgrade lancedb, or rewrite the table with data storage version 2.2 or "
						"earlier.");
	return LDB_UNSUPPORTED;
}

static LdbStatus
build_file(const Ldb__DataFile *message, const Source *source, LdbDataFile *file, LdbError *err)
{
	LDB_TRY(check_path(message->path, "data file", source, err));
	file->path = message->path;
	file->field_count = message->n_fields;
	file->field_ids = message->fields;
	file->column_indices = message->column_indices;
	file->major = message->file_major_version;
	file->minor = message->file_minor_version;
	file->size_bytes = message->file_size_bytes;
	file->base_id = message->has_base_id ? message->base_id : LDB_NO_BASE;
	if (is_legacy(file) && message->n_column_indices == 0)
		return check_file_version(file, source, err);
	if (message->n_column_indices != message->n_fields)
		LDB_FAIL(err, LDB_CORRUPT,
				 "manifest \"%s\": data file \"%s\" lists %zu fields and %zu columns", source->name,
				 file->path, message->n_fields, message->n_column_indices);
	for (size_t i = 0; i < file->field_count; i++)
	{
		if (file->field_ids[i] < LDB_FIELD_TOMBSTONE || file->column_indices[i] < -1)
			LDB_FAIL(err, LDB_CORRUPT,
					 "manifest \"%s\": data file \"%s\" has field %" PRId32 " in column %" PRId32,
					 source->name, file->path, file->field_ids[i], file->column_indices[i]);
	}
	return check_file_version(file, source, err);
}

static LdbStatus
build_deletion(const Ldb__DeletionFile *message, const Source *source, LdbFragment *fragment,
			   LdbError *err)
{
	LdbDeletionFile *deletion;

	if (message == NULL)
		return LDB_OK;
	if (message->file_type != 0 && message->file_type != 1)
		LDB_FAIL(err, LDB_UNSUPPORTED,
				 "manifest \"%s\": fragment %" PRIu64 " has a deletion file of type %" PRId32,
				 source->name, fragment->id, message->file_type);
	if (message->num_deleted_rows > fragment->physical_rows)
		LDB_FAIL(err, LDB_CORRUPT,
				 "manifest \"%s\": fragment %" PRIu64 " has %" PRIu64 " rows and %" PRIu64
				 " deleted ones",
				 source->name, fragment->id, fragment->physical_rows, message->num_deleted_rows);
	LDB_NEW(source->arena, deletion, 1, err);
	deletion->is_bitmap = message->file_type == 1;
	deletion->read_version = message->read_version;
	deletion->id = message->id;
	deletion->deleted_rows = message->num_deleted_rows;
	deletion->base_id = message->has_base_id ? message->base_id : LDB_NO_BASE;
	fragment->deletion = deletion;
	return LDB_OK;
}

static LdbStatus
build_row_ids(const Ldb__DataFragment *message, bool required, const Source *source,
			  LdbFragment *fragment, LdbError *err)
{
	if (message->has_inline_created_at_versions)
		fragment->inline_created_versions = ldb_slice(message->inline_created_at_versions.data,
													  message->inline_created_at_versions.len);
	if (message->row_ids_case == LDB__DATA_FRAGMENT__ROW_IDS_INLINE_ROW_IDS)
	{
		fragment->inline_row_ids =
			ldb_slice(message->inline_row_ids.data, message->inline_row_ids.len);
		return LDB_OK;
	}
	if (message->row_ids_case == LDB__DATA_FRAGMENT__ROW_IDS_EXTERNAL_ROW_IDS)
	{
		const Ldb__ExternalFile *external = message->external_row_ids;

		LDB_TRY(check_path(external->path, "row id file", source, err));
		fragment->external_row_ids_path = external->path;
		fragment->external_row_ids_offset = external->offset;
		fragment->external_row_ids_bytes = external->size;
		return LDB_OK;
	}
	if (required && fragment->physical_rows > 0)
		LDB_FAIL(err, LDB_CORRUPT,
				 "manifest \"%s\": fragment %" PRIu64
				 " has no row ids although the table has stable ones",
				 source->name, fragment->id);
	return LDB_OK;
}

static LdbStatus
build_fragment(const Ldb__DataFragment *message, bool stable_row_ids, const Source *source,
			   LdbFragment *fragment, LdbError *err)
{
	fragment->id = message->id;
	fragment->physical_rows = message->physical_rows;
	fragment->file_count = message->n_files;
	if (fragment->id > UINT32_MAX)
		LDB_FAIL(err, LDB_CORRUPT, "manifest \"%s\": fragment id %" PRIu64 " is out of range",
				 source->name, fragment->id);
	if (fragment->physical_rows > UINT32_MAX)
		LDB_FAIL(err, LDB_CORRUPT,
				 "manifest \"%s\": fragment %" PRIu64 " has %" PRIu64
				 " rows, more than row addresses can hold",
				 source->name, fragment->id, fragment->physical_rows);
	if (message->n_overlays > 0)
	{
		ldb_error_set(err, LDB_UNSUPPORTED,
					  "manifest \"%s\": fragment %" PRIu64
					  " has data overlay files, which this build does not read",
					  source->name, fragment->id);
		ldb_error_hint(err, NEWER_HINT);
		return LDB_UNSUPPORTED;
	}
	LDB_NEW(source->arena, fragment->files, message->n_files, err);
	for (size_t i = 0; i < message->n_files; i++)
		LDB_TRY(build_file(message->files[i], source, &fragment->files[i], err));
	LDB_TRY(build_deletion(message->deletion_file, source, fragment, err));
	return build_row_ids(message, stable_row_ids, source, fragment, err);
}

/* Dropped columns live on in files, and their ids must not be given again. */
static void
find_max_field_id(LdbManifest *manifest)
{
	for (size_t i = 0; i < manifest->fragment_count; i++)
	{
		const LdbFragment *fragment = &manifest->fragments[i];

		for (size_t j = 0; j < fragment->file_count; j++)
		{
			const LdbDataFile *file = &fragment->files[j];

			for (size_t k = 0; k < file->field_count; k++)
			{
				if (file->field_ids[k] > manifest->max_field_id)
					manifest->max_field_id = file->field_ids[k];
			}
		}
	}
}

static int
compare_fragments(const void *left, const void *right)
{
	uint64_t a = ((const LdbFragment *) left)->id;
	uint64_t b = ((const LdbFragment *) right)->id;

	return (a > b) - (a < b);
}

/* Writers sort fragments by id on every commit; a list that is not sorted is put in order. */
static LdbStatus
order_fragments(LdbManifest *manifest, const char *name, LdbError *err)
{
	bool sorted = true;

	for (size_t i = 1; i < manifest->fragment_count && sorted; i++)
		sorted = manifest->fragments[i - 1].id < manifest->fragments[i].id;
	if (!sorted)
		qsort(manifest->fragments, manifest->fragment_count, sizeof manifest->fragments[0],
			  compare_fragments);
	for (size_t i = 0; i < manifest->fragment_count; i++)
	{
		LdbFragment *fragment = &manifest->fragments[i];

		if (i > 0 && fragment->id == fragment[-1].id)
			LDB_FAIL(err, LDB_CORRUPT, "manifest \"%s\": two fragments have the id %" PRIu64, name,
					 fragment->id);
		fragment->first_ordinal = manifest->live_rows;
		manifest->live_rows += ldb_fragment_live_rows(fragment);
	}
	return LDB_OK;
}

static LdbStatus
build_fragments(const Ldb__Manifest *message, const Source *source, LdbManifest *manifest,
				LdbError *err)
{
	bool stable_row_ids = (manifest->reader_flags & LDB_FLAG_STABLE_ROW_IDS) != 0;

	manifest->fragment_count = message->n_fragments;
	LDB_NEW(source->arena, manifest->fragments, message->n_fragments, err);
	for (size_t i = 0; i < message->n_fragments; i++)
		LDB_TRY(build_fragment(message->fragments[i], stable_row_ids, source,
							   &manifest->fragments[i], err));
	find_max_field_id(manifest);
	LDB_TRY(order_fragments(manifest, source->name, err));
	manifest->max_fragment_id = message->max_fragment_id;
	if (manifest->fragment_count > 0 &&
		manifest->fragments[manifest->fragment_count - 1].id > manifest->max_fragment_id)
		manifest->max_fragment_id = manifest->fragments[manifest->fragment_count - 1].id;
	return LDB_OK;
}

static int
compare_bases(const void *left, const void *right)
{
	uint32_t a = ((const LdbBasePath *) left)->id;
	uint32_t b = ((const LdbBasePath *) right)->id;

	return (a > b) - (a < b);
}

static LdbStatus
build_bases(const Ldb__Manifest *message, const Source *source, LdbManifest *manifest,
			LdbError *err)
{
	manifest->base_count = message->n_base_paths;
	LDB_NEW(source->arena, manifest->bases, message->n_base_paths, err);
	for (size_t i = 0; i < message->n_base_paths; i++)
	{
		const Ldb__BasePath *base = message->base_paths[i];

		if (base->path == NULL || base->path[0] == '\0')
			LDB_FAIL(err, LDB_CORRUPT, "manifest \"%s\": base %" PRIu32 " has no path",
					 source->name, base->id);
		manifest->bases[i] = (LdbBasePath){base->id, base->name, base->is_dataset_root, base->path};
	}
	if (manifest->base_count > 0)
		qsort(manifest->bases, manifest->base_count, sizeof manifest->bases[0], compare_bases);
	for (size_t i = 1; i < manifest->base_count; i++)
	{
		if (manifest->bases[i - 1].id == manifest->bases[i].id)
			LDB_FAIL(err, LDB_CORRUPT, "manifest \"%s\": two bases have the id %" PRIu32,
					 source->name, manifest->bases[i].id);
	}
	return LDB_OK;
}

static LdbStatus
build_header(const Ldb__Manifest *message, const Source *source, LdbManifest *manifest,
			 LdbError *err)
{
	const Ldb__Manifest__WriterVersion *writer = message->writer_version;
	const Ldb__Manifest__DataFormat *format = message->data_format;

	manifest->writer_flags = message->writer_feature_flags;
	manifest->data_version = format == NULL || format->version == NULL ? "" : format->version;
	manifest->writer_library = writer == NULL || writer->library == NULL ? "" : writer->library;
	manifest->writer_version = writer == NULL || writer->version == NULL ? "" : writer->version;
	manifest->branch = message->branch;
	manifest->next_row_id = message->next_row_id;
	if (manifest->version == 0)
		LDB_FAIL(err, LDB_CORRUPT, "manifest \"%s\" has version 0", source->name);
	if (message->transaction_file != NULL && message->transaction_file[0] != '\0')
	{
		LDB_TRY(check_path(message->transaction_file, "transaction file", source, err));
		manifest->transaction_file = message->transaction_file;
	}
	return check_data_version(manifest, message, source->name, err);
}

/* Readers do without it, so one that is broken is none. */
static LdbStatus
keep_index_section(LdbSlice bytes, const Ldb__Manifest *message, const Source *source,
				   LdbManifest *manifest, LdbError *err)
{
	LdbSlice section;
	void *copy;

	if ((manifest->reader_flags & LDB_FLAG_STABLE_ROW_IDS) == 0 || !message->has_index_section ||
		ldb_manifest_section(bytes, source->name, message->index_section, &section, NULL) != LDB_OK)
		return LDB_OK;
	copy = ldb_arena_copy(source->arena, section.data, section.length);
	if (copy == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for manifest \"%s\"", source->name);
	manifest->index_section = ldb_slice(copy, section.length);
	return LDB_OK;
}

LdbStatus
ldb_manifest_unpack(LdbSlice bytes, const char *name, LdbArena *arena, LdbManifest **manifest,
					Ldb__Manifest **message, LdbError *err)
{
	Source source = {name, arena};
	LdbManifestSummary summary;
	LdbSlice body;
	ProtobufCMessage *unpacked;
	LdbManifest *result;
	LdbStatus status;

	LDB_TRY(ldb_manifest_flags(bytes, name, &summary.reader_flags, err));
	LDB_TRY(check_flags(summary.reader_flags, name, err));
	LDB_TRY(ldb_manifest_summarize(bytes, name, &summary, err));
	LDB_TRY(ldb_manifest_frame(bytes, name, &body, err));
	status = ldb_proto_unpack(&ldb__manifest__descriptor, body, arena, "message", &unpacked, err);
	if (status != LDB_OK)
	{
		ldb_error_prefix(err, "manifest \"%s\"", name);
		return status;
	}
	*message = (Ldb__Manifest *) unpacked;
	LDB_NEW(arena, result, 1, err);
	result->version = summary.version;
	result->timestamp_us = summary.timestamp_us;
	result->reader_flags = summary.reader_flags;
	result->operation = summary.operation;
	LDB_TRY(build_header(*message, &source, result, err));
	LDB_TRY(ldb_schema_build((*message)->fields, (*message)->n_fields, name, arena, result, err));
	LDB_TRY(build_bases(*message, &source, result, err));
	LDB_TRY(build_fragments(*message, &source, result, err));
	LDB_TRY(keep_index_section(bytes, *message, &source, result, err));
	*manifest = result;
	return LDB_OK;
}

LdbStatus
ldb_manifest_parse(LdbSlice bytes, const char *name, LdbArena *arena, LdbManifest **manifest,
				   LdbError *err)
{
	Ldb__Manifest *unused;

	return ldb_manifest_unpack(bytes, name, arena, manifest, &unused, err);
}
