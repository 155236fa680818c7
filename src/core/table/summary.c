/* summary.c -- the few numbers of a manifest that a list of versions shows, and its framing. */
#include "summary.h"

#include <inttypes.h>

#include "ldb/proto/wire.h"

#define FOOTER_BYTES 16u
#define LENGTH_BYTES 4u

/* Field numbers of lance.table.Manifest, DataFragment and DeletionFile. */
enum
{
	MANIFEST_FRAGMENTS = 2,
	MANIFEST_VERSION = 3,
	MANIFEST_TIMESTAMP = 7,
	MANIFEST_READER_FLAGS = 9,
	MANIFEST_TRANSACTION_FILE = 12,
	MANIFEST_TRANSACTION_SECTION = 21,
	FRAGMENT_DELETION = 3,
	FRAGMENT_PHYSICAL_ROWS = 4,
	DELETION_ROWS = 4,
	TIMESTAMP_SECONDS = 1,
	TIMESTAMP_NANOS = 2
};

static const char *const operations[] = {
	"Append",       "Delete",          "Overwrite",         "CreateIndex", "Rewrite",
	"Merge",        "Restore",         "ReserveFragments",  "Update",      "Project",
	"UpdateConfig", "DataReplacement", "UpdateMemWalState", "Clone",       "UpdateBases",
	"DataOverlay",
};

#define FIRST_OPERATION 100u
#define OPERATION_COUNT (sizeof operations / sizeof operations[0])

LdbStatus
ldb_manifest_frame(LdbSlice file, const char *name, LdbSlice *message, LdbError *err)
{
	const uint8_t *footer;
	uint64_t start;
	uint32_t length;

	if (file.length == 0)
		LDB_FAIL(err, LDB_CORRUPT, "manifest \"%s\" is empty", name);
	if (file.length < FOOTER_BYTES + LENGTH_BYTES)
		LDB_FAIL(err, LDB_CORRUPT, "manifest \"%s\" has %zu bytes, needs at least %u", name,
				 file.length, FOOTER_BYTES + LENGTH_BYTES);
	footer = file.data + file.length - FOOTER_BYTES;
	if (memcmp(footer + 12, "LANC", 4) != 0)
		LDB_FAIL(err, LDB_CORRUPT, "manifest \"%s\": no magic number at byte %zu", name,
				 file.length - 4);
	start = ldb_load_u64(footer);
	if (start > file.length - FOOTER_BYTES - LENGTH_BYTES)
		LDB_FAIL(err, LDB_CORRUPT,
				 "manifest \"%s\": message offset %" PRIu64 " lies outside of the file's %zu bytes",
				 name, start, file.length);
	length = ldb_load_u32(file.data + start);
	if (length != file.length - FOOTER_BYTES - LENGTH_BYTES - start)
		LDB_FAIL(err, LDB_CORRUPT,
				 "manifest \"%s\": message at byte %" PRIu64 " says %u bytes, the file has %zu",
				 name, start, length, (size_t) (file.length - FOOTER_BYTES - LENGTH_BYTES - start));
	*message = ldb_slice(file.data + start + LENGTH_BYTES, length);
	return LDB_OK;
}

const char *
ldb_transaction_operation(LdbSlice transaction)
{
	const char *operation = NULL;
	LdbWireField field;
	LdbWireStep step;

	while ((step = ldb_wire_next(&transaction, &field)) == LDB_WIRE_FIELD)
	{
		if (field.number >= FIRST_OPERATION && field.number < FIRST_OPERATION + OPERATION_COUNT)
			operation = operations[field.number - FIRST_OPERATION];
	}
	return step == LDB_WIRE_END ? operation : NULL;
}

/* The section is a courtesy to readers of history: a broken one means an unknown operation. */
static const char *
inline_operation(LdbSlice file, uint64_t offset)
{
	LdbSlice length, transaction;

	if (!ldb_slice_part(file, offset, LENGTH_BYTES, &length) ||
		!ldb_slice_part(file, offset + LENGTH_BYTES, ldb_load_u32(length.data), &transaction))
		return NULL;
	return ldb_transaction_operation(transaction);
}

static bool
read_timestamp(LdbSlice message, int64_t *timestamp_us)
{
	int64_t seconds = 0, nanos = 0, micros;
	LdbWireField field;
	LdbWireStep step;

	while ((step = ldb_wire_next(&message, &field)) == LDB_WIRE_FIELD)
	{
		if (field.number == TIMESTAMP_SECONDS)
			seconds = (int64_t) field.value;
		else if (field.number == TIMESTAMP_NANOS)
			nanos = (int64_t) field.value;
	}
	return step == LDB_WIRE_END && !__builtin_mul_overflow(seconds, 1000000, &micros) &&
		   !__builtin_add_overflow(micros, nanos / 1000, timestamp_us);
}

static bool
read_deleted_rows(LdbSlice message, uint64_t *rows)
{
	LdbWireField field;
	LdbWireStep step;

	while ((step = ldb_wire_next(&message, &field)) == LDB_WIRE_FIELD)
	{
		if (field.number == DELETION_ROWS)
			*rows = field.value;
	}
	return step == LDB_WIRE_END;
}

static bool
add_fragment(LdbSlice message, LdbManifestSummary *summary)
{
	uint64_t physical_rows = 0, deleted_rows = 0;
	LdbWireField field;
	LdbWireStep step;

	while ((step = ldb_wire_next(&message, &field)) == LDB_WIRE_FIELD)
	{
		if (field.number == FRAGMENT_PHYSICAL_ROWS)
			physical_rows = field.value;
		else if (field.number == FRAGMENT_DELETION &&
				 !read_deleted_rows(field.bytes, &deleted_rows))
			return false;
	}
	summary->fragments++;
	summary->rows += physical_rows > deleted_rows ? physical_rows - deleted_rows : 0;
	return step == LDB_WIRE_END;
}

static bool
add_field(const LdbWireField *field, LdbSlice file, LdbManifestSummary *summary)
{
	switch (field->number)
	{
		case MANIFEST_FRAGMENTS:
			return add_fragment(field->bytes, summary);
		case MANIFEST_VERSION:
			summary->version = field->value;
			return true;
		case MANIFEST_TIMESTAMP:
			return read_timestamp(field->bytes, &summary->timestamp_us);
		case MANIFEST_READER_FLAGS:
			summary->reader_flags = field->value;
			return true;
		case MANIFEST_TRANSACTION_FILE:
			summary->transaction_file = field->bytes;
			return true;
		case MANIFEST_TRANSACTION_SECTION:
			summary->operation = inline_operation(file, field->value);
			return true;
		default:
			return true;
	}
}

static LdbStatus
broken_at(LdbSlice file, const char *name, LdbSlice rest, LdbError *err)
{
	LDB_FAIL(err, LDB_CORRUPT, "manifest \"%s\": message is broken at byte %zu", name,
			 (size_t) (rest.data - file.data));
}

LdbStatus
ldb_manifest_flags(LdbSlice file, const char *name, uint64_t *reader_flags, LdbError *err)
{
	LdbSlice rest;
	LdbWireField field;
	LdbWireStep step;

	*reader_flags = 0;
	LDB_TRY(ldb_manifest_frame(file, name, &rest, err));
	while ((step = ldb_wire_next(&rest, &field)) == LDB_WIRE_FIELD)
	{
		if (field.number == MANIFEST_READER_FLAGS)
			*reader_flags = field.value;
	}
	return step == LDB_WIRE_END ? LDB_OK : broken_at(file, name, rest, err);
}

static bool
is_header(uint32_t number)
{
	return number != MANIFEST_FRAGMENTS && number != MANIFEST_TRANSACTION_SECTION;
}

static LdbStatus
summarize(LdbSlice file, const char *name, bool header_only, LdbManifestSummary *summary,
		  LdbError *err)
{
	LdbSlice rest;
	LdbWireField field;
	LdbWireStep step;

	*summary = (LdbManifestSummary){0};
	LDB_TRY(ldb_manifest_frame(file, name, &rest, err));
	while ((step = ldb_wire_next(&rest, &field)) == LDB_WIRE_FIELD)
	{
		if (header_only && !is_header(field.number))
			continue;
		if (!add_field(&field, file, summary))
			LDB_FAIL(err, LDB_CORRUPT, "manifest \"%s\": field %u before byte %zu is broken", name,
					 field.number, (size_t) (rest.data - file.data));
	}
	return step == LDB_WIRE_END ? LDB_OK : broken_at(file, name, rest, err);
}

LdbStatus
ldb_manifest_summarize(LdbSlice file, const char *name, LdbManifestSummary *summary, LdbError *err)
{
	return summarize(file, name, false, summary, err);
}

LdbStatus
ldb_manifest_summarize_header(LdbSlice file, const char *name, LdbManifestSummary *summary,
							  LdbError *err)
{
	return summarize(file, name, true, summary, err);
}
