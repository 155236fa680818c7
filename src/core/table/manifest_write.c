/* manifest_write.c -- see manifest_write.h. */
#include "manifest_write.h"

#include <inttypes.h>
#include <string.h>

#include "ldb/proto/proto.h"

#define LENGTH_BYTES 4u
#define FOOTER_BYTES 16u
#define FOOTER_MINOR 2

LdbStatus
ldb_manifest_section(LdbSlice file, const char *name, uint64_t offset, LdbSlice *section,
					 LdbError *err)
{
	LdbSlice length;

	if (!ldb_slice_part(file, offset, LENGTH_BYTES, &length) ||
		!ldb_slice_part(file, offset + LENGTH_BYTES, ldb_load_u32(length.data), section))
		LDB_FAIL(err, LDB_CORRUPT,
				 "manifest \"%s\": the section at byte %" PRIu64
				 " lies outside of the file's %zu bytes",
				 name, offset, file.length);
	return LDB_OK;
}

static LdbStatus
append_section(LdbBuffer *buffer, LdbSlice bytes, LdbError *err)
{
	uint32_t length = (uint32_t) bytes.length;

	if (bytes.length > UINT32_MAX)
		LDB_FAIL(err, LDB_UNSUPPORTED, "a section of a manifest of %zu bytes is too long",
				 bytes.length);
	if (!ldb_buffer_append(buffer, &length, sizeof length) ||
		!ldb_buffer_append(buffer, bytes.data, bytes.length))
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a manifest");
	return LDB_OK;
}

static LdbStatus
append_footer(LdbBuffer *buffer, uint64_t start, LdbError *err)
{
	uint8_t footer[FOOTER_BYTES] = {0};

	memcpy(footer, &start, sizeof start);
	footer[10] = FOOTER_MINOR;
	memcpy(footer + 12, "LANC", 4);
	if (!ldb_buffer_append(buffer, footer, sizeof footer))
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a manifest");
	return LDB_OK;
}

static LdbStatus
append_all(LdbBuffer *buffer, Ldb__Manifest *message, LdbSlice index_section, LdbSlice transaction,
		   LdbArena *arena, LdbError *err)
{
	LdbSlice body;
	uint64_t start;

	message->has_index_section = index_section.length > 0;
	message->index_section = buffer->length;
	if (index_section.length > 0)
		LDB_TRY(append_section(buffer, index_section, err));
	message->has_transaction_section = true;
	message->transaction_section = buffer->length;
	LDB_TRY(append_section(buffer, transaction, err));
	start = buffer->length;
	LDB_TRY(ldb_proto_pack(&message->base, arena, "manifest", &body, err));
	LDB_TRY(append_section(buffer, body, err));
	return append_footer(buffer, start, err);
}

LdbStatus
ldb_manifest_pack(Ldb__Manifest *message, LdbSlice index_section, LdbSlice transaction,
				  LdbArena *arena, LdbSlice *file, LdbError *err)
{
	LdbBuffer buffer = {0};
	LdbStatus status = append_all(&buffer, message, index_section, transaction, arena, err);
	void *copy = status == LDB_OK ? ldb_arena_copy(arena, buffer.data, buffer.length) : NULL;

	*file = ldb_slice(copy, buffer.length);
	ldb_buffer_free(&buffer);
	if (status == LDB_OK && copy == NULL)
		LDB_FAIL(err, LDB_NOMEM, "out of memory for a manifest");
	return status;
}
