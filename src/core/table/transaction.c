/* transaction.c -- see transaction.h. */
#include "transaction.h"

#include "ldb/proto/wire.h"
#include "manifest_write.h"
#include "names.h"
#include "summary.h"

enum
{
	MANIFEST_TRANSACTION_FILE = 12,
	MANIFEST_TRANSACTION_SECTION = 21
};

typedef struct Place
{
	LdbSlice file; /* name; empty = none */
	bool is_inline;
	uint64_t offset;
} Place;

/* Only the top level is walked: a manifest of many fragments is skipped over, not parsed. */
static LdbStatus
find_place(LdbSlice manifest_file, const char *name, Place *place, LdbError *err)
{
	LdbWireField field;
	LdbWireStep step;
	LdbSlice rest;

	*place = (Place){.file = ldb_slice(NULL, 0)};
	LDB_TRY(ldb_manifest_frame(manifest_file, name, &rest, err));
	while ((step = ldb_wire_next(&rest, &field)) == LDB_WIRE_FIELD)
	{
		if (field.number == MANIFEST_TRANSACTION_FILE)
			place->file = field.bytes;
		if (field.number != MANIFEST_TRANSACTION_SECTION)
			continue;
		place->is_inline = true;
		place->offset = field.value;
	}
	if (step != LDB_WIRE_END)
		LDB_FAIL(err, LDB_CORRUPT, "manifest \"%s\": message is broken", name);
	return LDB_OK;
}

static LdbStatus
read_file(const LdbVersionHome *home, const char *manifest_name, LdbSlice file, LdbArena *arena,
		  LdbSlice *bytes, const LdbCancel *cancel, LdbError *err)
{
	LdbRange all = {0, UINT64_MAX};
	const char *base = ldb_arena_strndup(arena, (const char *) file.data, file.length);
	const char *tail = base == NULL ? NULL : ldb_arena_printf(arena, "_transactions/%s", base);
	const char *name = tail == NULL ? NULL : ldb_name_join(arena, home->root, tail);
	LdbStatus status;

	if (name == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a transaction");
	status = ldb_store_check_name(base, false, err);
	if (status != LDB_OK)
	{
		ldb_error_prefix(err, "manifest \"%s\": transaction file", manifest_name);
		return status;
	}
	status = ldb_store_get(home->store, name, all, arena, bytes, NULL, cancel, err);
	if (status == LDB_NOT_FOUND)
		*bytes = ldb_slice(NULL, 0);
	return status == LDB_NOT_FOUND ? LDB_OK : status;
}

LdbStatus
ldb_transaction_find(const LdbVersionHome *home, LdbSlice manifest_file, const char *manifest_name,
					 LdbArena *arena, LdbSlice *bytes, const LdbCancel *cancel, LdbError *err)
{
	Place place;

	*bytes = ldb_slice(NULL, 0);
	LDB_TRY(find_place(manifest_file, manifest_name, &place, err));
	if (place.is_inline)
		return ldb_manifest_section(manifest_file, manifest_name, place.offset, bytes, err);
	if (place.file.length == 0)
		return LDB_OK;
	return read_file(home, manifest_name, place.file, arena, bytes, cancel, err);
}

const char *
ldb_transaction_name(LdbSlice bytes)
{
	const char *name = ldb_transaction_operation(bytes);

	return name == NULL ? "an unknown operation" : name;
}
