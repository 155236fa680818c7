/* bombs.c -- small files that claim, and hold, far more bytes than may be taken. */
#include "bombs.h"

#include <zstd.h>

#include "lance_encodings.pb-c.h"
#include "make_file.h"
#include "read_file.h"

#define COLUMNS 12u
#define ROWS 64u
/* Less than one cache may hold, so that each column's cache takes it. */
#define INFLATED ((size_t) 120 * 1024 * 1024)

typedef struct Bomb
{
	const char *name;
	bool version_20;
	const char *logical_type;
	/* Adds a page's encoding and its buffers. */
	void (*add_page)(LdbBuffer *parts);
	unsigned buffer_count;
} Bomb;

static void
add_part(LdbBuffer *parts, const void *bytes, size_t length)
{
	uint16_t prefix = (uint16_t) length;

	FUZZ_REQUIRE(length <= UINT16_MAX && ldb_buffer_append(parts, &prefix, 2) &&
				 ldb_buffer_append(parts, bytes, length));
}

static void
add_message(LdbBuffer *parts, const ProtobufCMessage *message)
{
	uint8_t *packed = malloc(protobuf_c_message_get_packed_size(message) + 1);

	FUZZ_REQUIRE(packed != NULL);
	add_part(parts, packed, protobuf_c_message_pack(message, packed));
	free(packed);
}

/* The bytes and zeros behind them, compressed, with the length in front. */
static void
add_inflating(LdbBuffer *parts, const void *start, size_t start_length)
{
	uint64_t length = INFLATED;
	size_t room = 256 * 1024;
	uint8_t *plain = calloc(1, INFLATED);
	uint8_t *out = malloc(room);
	size_t written;

	FUZZ_REQUIRE(plain != NULL && out != NULL);
	memcpy(plain, start, start_length);
	memcpy(out, &length, 8);
	written = ZSTD_compress(out + 8, room - 8, plain, INFLATED, 1);
	FUZZ_REQUIRE(!ZSTD_isError(written));
	add_part(parts, out, 8 + written);
	free(plain);
	free(out);
}

/* ---- version 2.0: a compressed buffer of one column after the other ---- */

static void
add_flat_page(LdbBuffer *parts)
{
	Ldb__ArrayEncoding__Compression zstd = LDB__ARRAY_ENCODING__COMPRESSION__INIT;
	Ldb__BufferRef buffer = LDB__BUFFER_REF__INIT;
	Ldb__ArrayEncoding__Flat flat = LDB__ARRAY_ENCODING__FLAT__INIT;
	Ldb__ArrayEncoding encoding = LDB__ARRAY_ENCODING__INIT;

	zstd.scheme = (char *) (uintptr_t) "zstd";
	buffer.has_buffer_index = true;
	buffer.has_buffer_type = true;
	flat.has_bits_per_value = true;
	flat.bits_per_value = 64;
	flat.buffer = &buffer;
	flat.compression = &zstd;
	encoding.kind_case = LDB__ARRAY_ENCODING__KIND_FLAT;
	encoding.flat = &flat;
	add_message(parts, &encoding.base);
	add_inflating(parts, "", 0);
}

/* ---- version 2.1: a dictionary for each column ---- */

static Ldb__CompressiveEncoding
flat_encoding(Ldb__CompressiveEncoding__Flat *flat, uint64_t bits)
{
	Ldb__CompressiveEncoding encoding = LDB__COMPRESSIVE_ENCODING__INIT;

	ldb__compressive_encoding__flat__init(flat);
	flat->has_bits_per_value = true;
	flat->bits_per_value = bits;
	encoding.kind_case = LDB__COMPRESSIVE_ENCODING__KIND_FLAT;
	encoding.flat = flat;
	return encoding;
}

/* general(variable(flat)) as the encoding of a dictionary of one string. */
static void
add_dictionary_layout(LdbBuffer *parts, Ldb__PageLayout__MiniBlock *mini)
{
	Ldb__CompressiveEncoding__Flat flat;
	Ldb__CompressiveEncoding offsets = flat_encoding(&flat, 64);
	Ldb__CompressiveEncoding__Variable variable = LDB__COMPRESSIVE_ENCODING__VARIABLE__INIT;
	Ldb__CompressiveEncoding inner = LDB__COMPRESSIVE_ENCODING__INIT;
	Ldb__BufferCompression zstd = LDB__BUFFER_COMPRESSION__INIT;
	Ldb__CompressiveEncoding__General general = LDB__COMPRESSIVE_ENCODING__GENERAL__INIT;
	Ldb__CompressiveEncoding dictionary = LDB__COMPRESSIVE_ENCODING__INIT;
	Ldb__PageLayout layout = LDB__PAGE_LAYOUT__INIT;

	variable.offsets = &offsets;
	inner.kind_case = LDB__COMPRESSIVE_ENCODING__KIND_VARIABLE;
	inner.variable = &variable;
	zstd.has_scheme = true;
	zstd.scheme = 2;
	general.compression = &zstd;
	general.values = &inner;
	dictionary.kind_case = LDB__COMPRESSIVE_ENCODING__KIND_GENERAL;
	dictionary.general = &general;
	mini->dictionary = &dictionary;
	layout.kind_case = LDB__PAGE_LAYOUT__KIND_MINI_BLOCK;
	layout.mini_block = mini;
	add_message(parts, &layout.base);
}

static void
add_dictionary_page(LdbBuffer *parts)
{
	/* width and place of the bytes, offsets 0 and all the rest */
	const uint64_t block[4] = {64, 32, 0, INFLATED - 32};
	/* one chunk: its length in words of 8 bytes less 1, and 2^0 values; no levels, 64 indices */
	const uint16_t chunk_table[1] = {(uint16_t) ((8 + ROWS) / 8 - 1) << 4};
	const uint16_t chunk[(8 + ROWS) / 2] = {0, ROWS};
	Ldb__CompressiveEncoding__Flat flat;
	Ldb__CompressiveEncoding indices = flat_encoding(&flat, 8);
	Ldb__PageLayout__MiniBlock mini = LDB__PAGE_LAYOUT__MINI_BLOCK__INIT;
	int32_t layers[1] = {1};

	mini.value_compression = &indices;
	mini.has_num_dictionary_items = true;
	mini.num_dictionary_items = 1;
	mini.n_layers = 1;
	mini.layers = layers;
	mini.has_num_buffers = true;
	mini.num_buffers = 1;
	mini.has_num_items = true;
	mini.num_items = ROWS;
	add_dictionary_layout(parts, &mini);
	add_part(parts, chunk_table, sizeof chunk_table);
	add_part(parts, chunk, sizeof chunk);
	add_inflating(parts, block, sizeof block);
}

/* ---- the files ---- */

static const Bomb bombs[] = {
	{"compressed buffers of version 2.0", true, "int64", add_flat_page, 1},
	{"compressed dictionaries of version 2.1", false, "string", add_dictionary_page, 3},
};

static void
add_descriptor(LdbBuffer *parts, const char *logical_type)
{
	Ldb__FileDescriptor descriptor = LDB__FILE_DESCRIPTOR__INIT;
	Ldb__Schema schema = LDB__SCHEMA__INIT;
	Ldb__Field fields[COLUMNS];
	Ldb__Field *list[COLUMNS];

	for (unsigned i = 0; i < COLUMNS; i++)
	{
		ldb__field__init(&fields[i]);
		fields[i].has_id = true;
		fields[i].id = (int32_t) i;
		fields[i].has_parent_id = true;
		fields[i].parent_id = -1;
		fields[i].name = (char *) (uintptr_t) "c";
		fields[i].logical_type = (char *) (uintptr_t) logical_type;
		list[i] = &fields[i];
	}
	schema.n_fields = COLUMNS;
	schema.fields = list;
	descriptor.schema = &schema;
	descriptor.has_length = true;
	descriptor.length = ROWS;
	add_message(parts, &descriptor.base);
}

size_t
bomb_count(void)
{
	return sizeof bombs / sizeof bombs[0];
}

const char *
bomb_name(size_t number)
{
	return bombs[number].name;
}

void
bomb_read(size_t number)
{
	const Bomb *bomb = &bombs[number];
	uint8_t plan[1 + 4 * COLUMNS] = {COLUMNS};
	LdbBuffer parts = {NULL, 0, 0};
	LdbBuffer file;

	for (unsigned i = 0; i < COLUMNS; i++)
		memcpy(plan + 1 + 4 * i, (uint8_t[]){1, ROWS, 0, (uint8_t) bomb->buffer_count}, 4);
	add_part(&parts, plan, sizeof plan);
	add_descriptor(&parts, bomb->logical_type);
	for (unsigned i = 0; i < COLUMNS; i++)
	{
		add_part(&parts, NULL, 0); /* no encoding of the column */
		bomb->add_page(&parts);
	}
	file = fuzz_make_file(ldb_slice(parts.data, parts.length), bomb->version_20);
	ldb_buffer_free(&parts);
	fuzz_read_file(ldb_slice(file.data, file.length));
	ldb_buffer_free(&file);
}
