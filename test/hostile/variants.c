/* variants.c -- where the structures of a dataset's files lie, and how they are damaged. */
#include "variants.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldb/base/slice.h"
#include "ldb/proto/wire.h"
#include "ldb/table/dataset.h"
#include "src/core/format/column_impl.h"
#include "src/core/table/summary.h"

#define FOOTER_BYTES 40u

static void
give_up(const char *what, const char *name)
{
	fprintf(stderr, "%s: %s\n", name, what);
	exit(2);
}

/* ---- boundaries ---- */

static void
add_boundary(PlanFile *file, uint64_t at)
{
	if (at > file->length)
		return;
	file->boundaries =
		realloc(file->boundaries, (file->boundary_count + 1) * sizeof file->boundaries[0]);
	file->boundaries[file->boundary_count++] = (size_t) at;
}

static int
compare_sizes(const void *left, const void *right)
{
	size_t a = *(const size_t *) left;
	size_t b = *(const size_t *) right;

	return (a > b) - (a < b);
}

static void
sort_boundaries(PlanFile *file)
{
	size_t kept = 0;

	qsort(file->boundaries, file->boundary_count, sizeof file->boundaries[0], compare_sizes);
	for (size_t i = 0; i < file->boundary_count; i++)
		if (i == 0 || file->boundaries[i] != file->boundaries[kept - 1])
			file->boundaries[kept++] = file->boundaries[i];
	file->boundary_count = kept;
}

/* Each field of the message, and of the messages in it, down to `depth`. */
static void
add_fields(PlanFile *file, LdbSlice message, int depth)
{
	LdbSlice rest = message;
	LdbWireField field;

	while (ldb_wire_next(&rest, &field) == LDB_WIRE_FIELD)
	{
		add_boundary(file, (uint64_t) (rest.data - file->bytes));
		if (depth > 0 && field.bytes.length > 1)
			add_fields(file, field.bytes, depth - 1);
	}
}

static void
add_manifest_boundaries(PlanFile *file)
{
	LdbSlice message;
	LdbError err;

	if (ldb_manifest_frame(ldb_slice(file->bytes, file->length), file->name, &message, &err) !=
		LDB_OK)
		give_up(err.message, file->name);
	add_boundary(file, (uint64_t) (message.data - file->bytes));
	add_fields(file, message, 1);
	for (size_t i = 0; i <= 16; i += 4)
		add_boundary(file, file->length - i);
}

static void
add_column_boundaries(PlanFile *file, LdbFile *opened)
{
	for (uint32_t i = 0; i < ldb_file_column_count(opened); i++)
	{
		const LdbColumnPages *pages;
		LdbError err;

		if (ldb_file_column(opened, i, &pages, &err) != LDB_OK)
			give_up(err.message, file->name);
		for (size_t j = 0; j < pages->page_count; j++)
			for (size_t k = 0; k < pages->pages[j].buffer_count; k++)
			{
				LdbRange buffer = pages->pages[j].buffers[k];

				add_boundary(file, buffer.offset);
				add_boundary(file, buffer.offset + buffer.length);
			}
	}
}

/* Both tables of the footer, and what they point to. */
static void
add_table_boundaries(PlanFile *file)
{
	const uint8_t *footer = file->bytes + file->length - FOOTER_BYTES;

	for (size_t i = 0; i < 2; i++)
	{
		uint64_t at = ldb_load_u64(footer + 8 + 8 * i);
		uint32_t count = ldb_load_u32(footer + 28 - 4 * i);

		for (uint32_t j = 0; j < count; j++)
		{
			uint64_t offset = ldb_load_u64(file->bytes + at + 16 * (size_t) j);

			add_boundary(file, at + 16 * (size_t) j);
			add_boundary(file, offset);
			add_boundary(file, offset + ldb_load_u64(file->bytes + at + 16 * (size_t) j + 8));
		}
	}
	for (size_t i = 0; i <= FOOTER_BYTES; i += 4)
		add_boundary(file, file->length - i);
}

static void
add_data_boundaries(PlanFile *file)
{
	LdbObject *object;
	LdbStore *store;
	LdbFile *opened;
	LdbError err;

	if (ldb_store_open_memory(&store, &err) != LDB_OK ||
		ldb_store_put(store, "f", ldb_slice(file->bytes, file->length), LDB_PUT_CREATE, NULL,
					  &err) != LDB_OK ||
		ldb_object_open(store, "f", 0, NULL, NULL, &object, &err) != LDB_OK ||
		ldb_file_open(object, NULL, &opened, &err) != LDB_OK)
		give_up(err.message, file->name);
	add_column_boundaries(file, opened);
	add_table_boundaries(file);
	ldb_file_close(opened);
	ldb_store_close(store);
}

static void
find_boundaries(PlanFile *file)
{
	size_t step = file->length < 400 ? 8 : file->length / 50;

	add_boundary(file, 0);
	add_boundary(file, file->length);
	if (strstr(file->name, ".manifest") != NULL)
		add_manifest_boundaries(file);
	else if (strncmp(file->name, "data/", 5) == 0)
		add_data_boundaries(file);
	else /* deletions: headers are at the front, and at the end too in an Arrow file */
		for (size_t at = 0; at < file->length; at += step)
			add_boundary(file, at);
	sort_boundaries(file);
}

/* ---- the files ---- */

static void
load(PlanFile *file, const char *folder)
{
	char path[1024];
	FILE *in;
	long length;

	snprintf(path, sizeof path, "%s/%s", folder, file->name);
	in = fopen(path, "rb");
	if (in == NULL || fseek(in, 0, SEEK_END) != 0 || (length = ftell(in)) < 0)
		give_up("cannot be read", path);
	rewind(in);
	file->length = (size_t) length;
	file->bytes = malloc(file->length + 1);
	if (file->bytes == NULL || fread(file->bytes, 1, file->length, in) != file->length)
		give_up("cannot be read", path);
	fclose(in);
}

static void
add_file(Plan *plan, const char *name)
{
	PlanFile *file = &plan->files[plan->file_count];

	if (plan->file_count == MOST_FILES)
		give_up("too many files", plan->folder);
	memset(file, 0, sizeof *file);
	snprintf(file->name, sizeof file->name, "%s", name);
	load(file, plan->folder);
	find_boundaries(file);
	plan->file_count++;
	plan->cut_count += 3 * file->boundary_count;
}

static void
add_deletion(Plan *plan, const LdbFragment *fragment)
{
	char name[256];

	snprintf(name, sizeof name, "_deletions/%llu-%llu-%llu.%s", (unsigned long long) fragment->id,
			 (unsigned long long) fragment->deletion->read_version,
			 (unsigned long long) fragment->deletion->id,
			 fragment->deletion->is_bitmap ? "bin" : "arrow");
	add_file(plan, name);
}

/* All that the latest version is made of. */
static void
add_files(Plan *plan, const LdbManifest *manifest)
{
	char name[256];

	snprintf(name, sizeof name, "_versions/%020llu.manifest",
			 (unsigned long long) (UINT64_MAX - manifest->version));
	add_file(plan, name);
	for (size_t i = 0; i < manifest->fragment_count; i++)
	{
		const LdbFragment *fragment = &manifest->fragments[i];

		for (size_t j = 0; j < fragment->file_count; j++)
		{
			snprintf(name, sizeof name, "data/%s", fragment->files[j].path);
			add_file(plan, name);
		}
		if (fragment->deletion != NULL)
			add_deletion(plan, fragment);
	}
}

void
plan_open(Plan *plan, const char *folder)
{
	char *path = realpath(folder, NULL);
	LdbLocations *locations;
	LdbDataset *dataset;
	LdbError err;

	memset(plan, 0, sizeof *plan);
	if (path == NULL)
		give_up("does not exist", folder);
	snprintf(plan->folder, sizeof plan->folder, "%s", path);
	free(path);
	if (ldb_locations_new(&locations, &err) != LDB_OK ||
		ldb_locations_add(locations, plan->folder, &err) != LDB_OK ||
		ldb_dataset_open(locations, plan->folder, NULL, NULL, &dataset, &err) != LDB_OK)
		give_up(err.message, folder);
	add_files(plan, ldb_dataset_manifest(dataset));
	ldb_dataset_close(dataset);
	ldb_locations_free(locations);
}

void
plan_close(Plan *plan)
{
	for (size_t i = 0; i < plan->file_count; i++)
	{
		free(plan->files[i].bytes);
		free(plan->files[i].boundaries);
	}
}

/* ---- damage ---- */

/* splitmix64: the same numbers everywhere. */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static size_t
random_position(const PlanFile *file, uint64_t *state)
{
	size_t boundary = file->boundaries[next_random(state) % file->boundary_count];
	size_t at = (size_t) (next_random(state) % file->length);

	if (next_random(state) % 2 == 0)
		at = boundary + (size_t) (next_random(state) % 24);
	return at < file->length ? at : file->length - 1;
}

static void
cut(Variant *variant, size_t length)
{
	variant->cut = true;
	variant->length = length;
	snprintf(variant->what, sizeof variant->what, "cut to %zu of %zu bytes", length,
			 variant->file->length);
}

static void
cut_at_boundary(const Plan *plan, size_t number, Variant *variant)
{
	for (size_t i = 0; i < plan->file_count; i++)
	{
		const PlanFile *file = &plan->files[i];
		size_t at;

		if (number >= 3 * file->boundary_count)
		{
			number -= 3 * file->boundary_count;
			continue;
		}
		variant->file = file;
		at = file->boundaries[number / 3];
		if (number % 3 == 1 && at > 0)
			at--;
		else if (number % 3 == 2)
			at++;
		cut(variant, at < file->length ? at : file->length - 1);
		return;
	}
}

static void
overwrite(Variant *variant, uint64_t *state)
{
	size_t at = random_position(variant->file, state);
	uint64_t value = next_random(state);
	unsigned kind = (unsigned) (next_random(state) % 6);
	size_t length = kind < 3 ? 1 : kind < 5 ? 8 : 1 + (size_t) (next_random(state) % 64);

	/* wide numbers that are only a little too large are what slips through checks */
	if (kind == 4)
		value &= UINT64_MAX >> (next_random(state) % 64);
	for (size_t i = 0; i < length && at + i < variant->length; i++)
	{
		uint8_t *byte = &variant->bytes[at + i];

		if (kind == 0)
			*byte = (uint8_t) (*byte ^ 1u << (value & 7));
		else if (kind == 1 || kind == 5)
			*byte = (value & 8) != 0 ? 0xff : 0;
		else if (kind == 2)
			*byte = (uint8_t) value;
		else
			*byte = (uint8_t) (value >> (8 * (i & 7)));
	}
	snprintf(variant->what, sizeof variant->what, "%zu bytes at %zu overwritten (kind %u)", length,
			 at, kind);
}

static void
damage_somewhere(const Plan *plan, size_t number, Variant *variant)
{
	uint64_t state = number;

	variant->file = &plan->files[next_random(&state) % plan->file_count];
	variant->length = variant->file->length;
	memcpy(variant->bytes, variant->file->bytes, variant->length);
	if (next_random(&state) % 8 == 0)
		cut(variant, (size_t) (next_random(&state) % variant->length));
	else
		overwrite(variant, &state);
}

void
variant_make(const Plan *plan, size_t number, Variant *variant)
{
	size_t most = 0;

	memset(variant, 0, sizeof *variant);
	for (size_t i = 0; i < plan->file_count; i++)
		most = plan->files[i].length > most ? plan->files[i].length : most;
	variant->bytes = malloc(most + 1);
	if (variant->bytes == NULL)
		give_up("out of memory", plan->folder);
	if (number >= plan->cut_count)
	{
		damage_somewhere(plan, number, variant);
		return;
	}
	cut_at_boundary(plan, number, variant);
	memcpy(variant->bytes, variant->file->bytes, variant->length);
}
