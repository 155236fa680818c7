/*
 * make_file.h -- a data file made of parts: the frame is always right, what it frames is not.
 *
 * Offsets, tables and footer are written here, so a change of one byte reaches the decoders of
 * pages and does not stop at the door. Parts, in this order:
 *   plan      one byte: number of columns, highest bit set for version 2.2 instead of 2.1; for each
 *             column one byte of pages; for each page 16 bits of rows and one byte of buffers
 *   schema    a FileDescriptor
 *   for each column its ColumnEncoding, then for each page its encoding and its buffers
 * Columns have no buffers of their own.
 */
#ifndef TEST_FUZZ_MAKE_FILE_H
#define TEST_FUZZ_MAKE_FILE_H

#include "lance_file.pb-c.h"
#include "ldb/store/store.h"
#include "parts.h"

#define FUZZ_FILE_COLUMNS 12
#define FUZZ_FILE_PAGES 4
#define FUZZ_FILE_BUFFERS 12

typedef struct FuzzMaker
{
	unsigned minor; /* of the file's version 2.x */
	FuzzParts *parts;
	LdbSlice plan;
	LdbBuffer file;
	LdbRange columns[FUZZ_FILE_COLUMNS];
} FuzzMaker;

static inline uint64_t
fuzz_append(FuzzMaker *maker, LdbSlice bytes)
{
	uint64_t at = maker->file.length;

	FUZZ_REQUIRE(ldb_buffer_append(&maker->file, bytes.data, bytes.length));
	return at;
}

static inline void
fuzz_append_number(FuzzMaker *maker, uint64_t number, size_t bytes)
{
	fuzz_append(maker, ldb_slice(&number, bytes));
}

/* Packs an encoding into the Any that a DirectEncoding holds; in the arena. */
static inline ProtobufCBinaryData
fuzz_wrap_encoding(LdbSlice message, const char *type, LdbArena *arena)
{
	Ldb__Any any = LDB__ANY__INIT;
	ProtobufCBinaryData wrapped;

	any.type_url = ldb_arena_printf(arena, "/%s", type);
	any.has_value = true;
	any.value = (ProtobufCBinaryData){message.length, (uint8_t *) (uintptr_t) message.data};
	wrapped.data = ldb_arena_alloc(arena, ldb__any__get_packed_size(&any));
	wrapped.len = ldb__any__pack(&any, wrapped.data);
	return wrapped;
}

static inline Ldb__Encoding *
fuzz_make_encoding(LdbSlice message, const char *type, LdbArena *arena)
{
	Ldb__Encoding *encoding = ldb_arena_alloc(arena, sizeof *encoding);
	Ldb__DirectEncoding *direct = ldb_arena_alloc(arena, sizeof *direct);

	ldb__encoding__init(encoding);
	ldb__direct_encoding__init(direct);
	direct->has_encoding = true;
	direct->encoding = fuzz_wrap_encoding(message, type, arena);
	encoding->location_case = LDB__ENCODING__LOCATION_DIRECT;
	encoding->direct = direct;
	return encoding;
}

static inline Ldb__Page *
fuzz_make_page(FuzzMaker *maker, LdbArena *arena)
{
	const char *type =
		maker->minor == 0 ? "lance.encodings.ArrayEncoding" : "lance.encodings21.PageLayout";
	Ldb__Page *page = ldb_arena_alloc(arena, sizeof *page);

	ldb__page__init(page);
	page->has_length = true;
	page->length = fuzz_take(&maker->plan, 2);
	page->n_buffer_offsets = fuzz_take(&maker->plan, 1) % (FUZZ_FILE_BUFFERS + 1);
	page->n_buffer_sizes = page->n_buffer_offsets;
	page->buffer_offsets = ldb_arena_zalloc_array(arena, page->n_buffer_offsets, 8);
	page->buffer_sizes = ldb_arena_zalloc_array(arena, page->n_buffer_offsets, 8);
	page->encoding = fuzz_make_encoding(fuzz_next_part(maker->parts), type, arena);
	for (size_t i = 0; i < page->n_buffer_offsets; i++)
	{
		LdbSlice bytes = fuzz_next_part(maker->parts);

		page->buffer_offsets[i] = fuzz_append(maker, bytes);
		page->buffer_sizes[i] = bytes.length;
	}
	return page;
}

static inline void
fuzz_make_column(FuzzMaker *maker, LdbRange *place, LdbArena *arena)
{
	Ldb__ColumnMetadata metadata = LDB__COLUMN_METADATA__INIT;
	Ldb__Page *pages[FUZZ_FILE_PAGES];
	uint8_t *packed;

	metadata.n_pages = fuzz_take(&maker->plan, 1) % (FUZZ_FILE_PAGES + 1);
	metadata.pages = pages;
	metadata.encoding =
		fuzz_make_encoding(fuzz_next_part(maker->parts), "lance.encodings.ColumnEncoding", arena);
	for (size_t i = 0; i < metadata.n_pages; i++)
		pages[i] = fuzz_make_page(maker, arena);
	place->length = ldb__column_metadata__get_packed_size(&metadata);
	packed = ldb_arena_alloc(arena, (size_t) place->length);
	ldb__column_metadata__pack(&metadata, packed);
	place->offset = fuzz_append(maker, ldb_slice(packed, (size_t) place->length));
}

static inline void
fuzz_append_footer(FuzzMaker *maker, uint32_t column_count, LdbRange descriptor)
{
	uint64_t table_at = maker->file.length;
	size_t table_bytes = column_count * sizeof maker->columns[0];

	fuzz_append(maker, ldb_slice(maker->columns, table_bytes));
	fuzz_append(maker, ldb_slice(&descriptor, sizeof descriptor));
	fuzz_append_number(maker, column_count > 0 ? maker->columns[0].offset : table_at, 8);
	fuzz_append_number(maker, table_at, 8);
	fuzz_append_number(maker, table_at + table_bytes, 8);
	fuzz_append_number(maker, 1, 4);
	fuzz_append_number(maker, column_count, 4);
	fuzz_append_number(maker, maker->minor == 0 ? 0 : 2, 2);
	fuzz_append_number(maker, maker->minor == 0 ? 3 : maker->minor, 2);
	fuzz_append(maker, ldb_slice_of("LANC"));
}

/* The whole file; the caller frees the buffer. */
static inline LdbBuffer
fuzz_make_file(LdbSlice input, bool version_20)
{
	FuzzParts parts;
	FuzzMaker maker = {.parts = &parts};
	LdbArena *arena = fuzz_arena();
	LdbRange place;
	LdbSlice descriptor;
	uint32_t count;

	fuzz_split(input, &parts);
	maker.plan = fuzz_next_part(&parts);
	count = (uint32_t) fuzz_take(&maker.plan, 1);
	maker.minor = version_20 ? 0 : 1 + (count >> 7);
	count = (count & 0x7f) % (FUZZ_FILE_COLUMNS + 1);
	descriptor = fuzz_next_part(&parts);
	place.length = descriptor.length;
	place.offset = fuzz_append(&maker, descriptor);
	for (uint32_t i = 0; i < count; i++)
		fuzz_make_column(&maker, &maker.columns[i], arena);
	fuzz_append_footer(&maker, count, place);
	ldb_arena_free(arena);
	return maker.file;
}

#endif
