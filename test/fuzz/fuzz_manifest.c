/* fuzz_manifest.c -- input: a manifest file; parsed, summarized, and checked for what it promises. */
#include "fuzz.h"
#include "ldb/table/manifest.h"
#include "src/core/table/summary.h"

static void
check_text(const char *text)
{
	if (text != NULL)
		fuzz_touch(text, strlen(text));
}

static void
check_field(const LdbField *field, int depth)
{
	FUZZ_REQUIRE(depth < 64);
	check_text(field->name);
	check_text(field->logical_type);
	for (size_t i = 0; i < field->metadata_count; i++)
	{
		check_text(field->metadata_keys[i]);
		fuzz_touch(field->metadata_values[i].data, field->metadata_values[i].length);
	}
	for (size_t i = 0; i < field->child_count; i++)
		check_field(field->children[i], depth + 1);
}

static void
check_fragment(const LdbFragment *fragment)
{
	for (size_t i = 0; i < fragment->file_count; i++)
	{
		const LdbDataFile *file = &fragment->files[i];

		check_text(file->path);
		fuzz_touch(file->field_ids, file->field_count * sizeof file->field_ids[0]);
		fuzz_touch(file->column_indices, file->field_count * sizeof file->column_indices[0]);
	}
	if (fragment->deletion != NULL)
		FUZZ_REQUIRE(fragment->deletion->deleted_rows <= fragment->physical_rows);
	fuzz_touch(fragment->inline_row_ids.data, fragment->inline_row_ids.length);
	check_text(fragment->external_row_ids_path);
}

/* A scan divides by these numbers and adds them up without looking again. */
static void
check_manifest(const LdbManifest *manifest)
{
	uint64_t rows = 0;

	for (size_t i = 0; i < manifest->schema.field_count; i++)
		check_field(manifest->schema.fields[i], 0);
	for (size_t i = 0; i < manifest->fragment_count; i++)
	{
		const LdbFragment *fragment = &manifest->fragments[i];

		check_fragment(fragment);
		FUZZ_REQUIRE(i == 0 || fragment->id > fragment[-1].id);
		FUZZ_REQUIRE(fragment->first_ordinal == rows);
		FUZZ_REQUIRE(!__builtin_add_overflow(rows, ldb_fragment_live_rows(fragment), &rows));
	}
	FUZZ_REQUIRE(manifest->live_rows == rows);
	for (size_t i = 0; i < manifest->base_count; i++)
		check_text(manifest->bases[i].path);
	for (size_t i = 0; i < manifest->unread_count; i++)
		check_text(manifest->unread[i].logical_type);
	check_text(manifest->data_version);
	check_text(manifest->writer_library);
	check_text(manifest->operation);
	check_text(manifest->transaction_file);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LdbArena *arena = fuzz_arena();
	LdbManifestSummary summary;
	LdbManifest *manifest;
	LdbSlice bytes = ldb_slice(data, size);
	LdbError err = {0};
	uint64_t flags;

	if (fuzz_judge(ldb_manifest_parse(bytes, "m", arena, &manifest, &err), &err))
	{
		check_manifest(manifest);
		/* what the strict reader takes, the lenient one takes too */
		FUZZ_REQUIRE(ldb_manifest_summarize(bytes, "m", &summary, &err) == LDB_OK);
		FUZZ_REQUIRE(summary.version == manifest->version);
		FUZZ_REQUIRE(summary.fragments == manifest->fragment_count);
	}
	if (fuzz_judge(ldb_manifest_summarize(bytes, "m", &summary, &err), &err))
		fuzz_touch(summary.transaction_file.data, summary.transaction_file.length);
	fuzz_judge(ldb_manifest_flags(bytes, "m", &flags, &err), &err);
	ldb_arena_free(arena);
	return 0;
}
