/* test_proto.c -- messages are unpacked into an arena; deep, cut off and odd bytes are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lance_encodings.pb-c.h"
#include "lance_file.pb-c.h"
#include "lance_table.pb-c.h"
#include "ldb/proto/proto.h"

static LdbStatus
unpack(const ProtobufCMessageDescriptor *descriptor, const void *bytes, size_t length,
	   LdbArena *arena, ProtobufCMessage **message, LdbError *err)
{
	return ldb_proto_unpack(descriptor, ldb_slice(bytes, length), arena, "test", message, err);
}

static void
unpacks_a_message_and_skips_unknown_fields(void **state)
{
	/* name "ab", id -1 as ten bytes, unknown field 100 of each wire type */
	static const uint8_t bytes[] = {0x12, 2,    'a',  'b',  0x18, 0xff, 0xff, 0xff, 0xff, 0xff,
									0xff, 0xff, 0xff, 0xff, 0x01, 0xa0, 0x06, 5,    0xa1, 0x06,
									1,    2,    3,    4,    5,    6,    7,    8,    0xa2, 0x06,
									1,    'x',  0xa5, 0x06, 1,    2,    3,    4};
	LdbArena *arena = ldb_arena_new(0);
	ProtobufCMessage *message;
	const Ldb__Field *field;

	(void) state;
	assert_int_equal(unpack(&ldb__field__descriptor, bytes, sizeof bytes, arena, &message, NULL),
					 LDB_OK);
	field = (const Ldb__Field *) message;
	assert_string_equal(field->name, "ab");
	assert_int_equal(field->id, -1);
	assert_int_equal(unpack(&ldb__field__descriptor, NULL, 0, arena, &message, NULL), LDB_OK);
	ldb_arena_free(arena);
}

static void
reads_repeated_numbers_packed_or_not(void **state)
{
	static const uint8_t packed[] = {0x0a, 3, 1, 2, 3};
	static const uint8_t loose[] = {0x08, 1, 0x08, 2, 0x08, 3};
	LdbArena *arena = ldb_arena_new(0);
	ProtobufCMessage *message;

	(void) state;
	assert_int_equal(unpack(&ldb__page__descriptor, packed, sizeof packed, arena, &message, NULL),
					 LDB_OK);
	assert_int_equal(((Ldb__Page *) message)->n_buffer_offsets, 3);
	assert_int_equal(unpack(&ldb__page__descriptor, loose, sizeof loose, arena, &message, NULL),
					 LDB_OK);
	assert_int_equal(((Ldb__Page *) message)->n_buffer_offsets, 3);
	assert_int_equal(((Ldb__Page *) message)->buffer_offsets[2], 3);
	ldb_arena_free(arena);
}

/* ColumnEncoding { blob { inner: ColumnEncoding ... } }: two levels for each pair. */
static LdbSlice
nest(uint8_t *room, size_t capacity, size_t pairs)
{
	size_t at = capacity;
	size_t length = 0;

	for (size_t i = 0; i < 2 * pairs; i++)
	{
		uint8_t prefix[8];
		size_t bytes = 0;
		size_t rest = length;

		prefix[bytes++] = i % 2 == 0 ? 0x0a : 0x1a; /* inner = 1, blob = 3 */
		do
		{
			prefix[bytes++] = (uint8_t) ((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
			rest >>= 7;
		} while (rest > 0);
		at -= bytes;
		memcpy(room + at, prefix, bytes);
		length += bytes;
	}
	return ldb_slice(room + at, length);
}

static void
refuses_nesting_that_would_overflow_the_stack(void **state)
{
	static uint8_t room[1 << 20];
	LdbArena *arena = ldb_arena_new(0);
	ProtobufCMessage *message;
	LdbSlice bytes;
	LdbError err;

	(void) state;
	bytes = nest(room, sizeof room, 31); /* 63 levels */
	assert_int_equal(
		unpack(&ldb__column_encoding__descriptor, bytes.data, bytes.length, arena, &message, NULL),
		LDB_OK);
	bytes = nest(room, sizeof room, 32); /* 65 levels */
	assert_int_equal(
		unpack(&ldb__column_encoding__descriptor, bytes.data, bytes.length, arena, &message, &err),
		LDB_CORRUPT);
	assert_non_null(strstr(err.message, "64"));
	bytes = nest(room, sizeof room, 100000);
	assert_int_equal(
		unpack(&ldb__column_encoding__descriptor, bytes.data, bytes.length, arena, &message, NULL),
		LDB_CORRUPT);
	ldb_arena_free(arena);
}

static void
refuses_groups_and_fields_without_number(void **state)
{
	static const uint8_t start_group[] = {0x1b, 0x1c};
	static const uint8_t unknown_group[] = {0xa3, 0x06, 0xa4, 0x06};
	static const uint8_t number_zero[] = {0x00, 0x01};
	static const uint8_t wire_type_six[] = {0x0e, 0x01};
	LdbArena *arena = ldb_arena_new(0);
	ProtobufCMessage *message;
	LdbError err;

	(void) state;
	assert_int_equal(unpack(&ldb__field__descriptor, start_group, 2, arena, &message, &err),
					 LDB_CORRUPT);
	assert_non_null(strstr(err.message, "group"));
	assert_int_equal(unpack(&ldb__field__descriptor, unknown_group, 4, arena, &message, NULL),
					 LDB_CORRUPT);
	assert_int_equal(unpack(&ldb__field__descriptor, number_zero, 2, arena, &message, NULL),
					 LDB_CORRUPT);
	assert_int_equal(unpack(&ldb__field__descriptor, wire_type_six, 2, arena, &message, NULL),
					 LDB_CORRUPT);
	ldb_arena_free(arena);
}

static void
names_message_and_byte_when_a_length_lies(void **state)
{
	static const uint8_t beyond[] = {0x18, 1, 0x12, 9, 'a'};
	static const uint8_t huge[] = {0x12, 0xff, 0xff, 0xff, 0xff, 0xff,
								   0xff, 0xff, 0xff, 0xff, 0x01};
	static const uint8_t endless[] = {0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
									  0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
	static const uint8_t cut[] = {0x18};
	LdbArena *arena = ldb_arena_new(0);
	ProtobufCMessage *message;
	LdbError err;

	(void) state;
	assert_int_equal(unpack(&ldb__field__descriptor, beyond, sizeof beyond, arena, &message, &err),
					 LDB_CORRUPT);
	assert_string_equal(err.message, "test: the field at byte 2 is broken, or a group");
	assert_int_equal(unpack(&ldb__field__descriptor, huge, sizeof huge, arena, &message, NULL),
					 LDB_CORRUPT);
	assert_int_equal(
		unpack(&ldb__field__descriptor, endless, sizeof endless, arena, &message, NULL),
		LDB_CORRUPT);
	assert_int_equal(unpack(&ldb__field__descriptor, cut, sizeof cut, arena, &message, NULL),
					 LDB_CORRUPT);
	ldb_arena_free(arena);
}

static void
refuses_a_known_field_of_the_wrong_wire_type(void **state)
{
	static const uint8_t number_for_message[] = {0x22, 0x00, 0x20, 0x01}; /* page.encoding = 1 */
	LdbArena *arena = ldb_arena_new(0);
	ProtobufCMessage *message;

	(void) state;
	assert_int_equal(unpack(&ldb__page__descriptor, number_for_message, 4, arena, &message, NULL),
					 LDB_CORRUPT);
	ldb_arena_free(arena);
}

static void
bounds_what_many_empty_messages_take(void **state)
{
	size_t count = 200000;
	uint8_t *bytes = malloc(count * 2);
	LdbArena *arena = ldb_arena_new(1 << 20);
	ProtobufCMessage *message;

	(void) state;
	for (size_t i = 0; i < count; i++)
		memcpy(bytes + 2 * i, "\x12\x00", 2); /* an empty page */
	assert_int_equal(
		unpack(&ldb__column_metadata__descriptor, bytes, count * 2, arena, &message, NULL),
		LDB_NOMEM);
	free(bytes);
	ldb_arena_free(arena);
}

static void
never_crashes_on_random_bytes(void **state)
{
	LdbArena *arena = ldb_arena_new(1 << 20);
	ProtobufCMessage *message;
	uint8_t bytes[64];
	size_t unpacked = 0;

	(void) state;
	srand(5);
	for (int i = 0; i < 50000; i++)
	{
		size_t length = (size_t) rand() % sizeof bytes;

		for (size_t j = 0; j < length; j++)
			bytes[j] = (uint8_t) (rand() % (rand() % 2 ? 32 : 256));
		unpacked += unpack(&ldb__array_encoding__descriptor, bytes, length, arena, &message,
						   NULL) == LDB_OK;
		ldb_arena_reset(arena);
	}
	assert_true(unpacked > 0);
	ldb_arena_free(arena);
}

/* A message around another: the field's key, its length, its bytes. */
static size_t
wrap(uint8_t *to, uint8_t key, const uint8_t *bytes, size_t length)
{
	assert_true(length < 128);
	to[0] = key;
	to[1] = (uint8_t) length;
	memmove(to + 2, bytes, length);
	return length + 2;
}

/* manifest { fragments { id 1, files { path "x", unknown 60 }, unknown 61 }, unknown 62 } */
static void
packs_what_it_did_not_know_at_every_level(void **state)
{
	static const uint8_t file[] = {0x0a, 1, 'x', 0xe2, 0x03, 3, 'a', 'b', 'c'};
	uint8_t fragment[64] = {0x08, 1};
	uint8_t manifest[64];
	size_t fragment_length = 2 + wrap(fragment + 2, 0x12, file, sizeof file);
	size_t length;
	LdbArena *arena = ldb_arena_new(0);
	ProtobufCMessage *message;
	Ldb__Manifest *unpacked;
	LdbSlice packed;

	(void) state;
	memcpy(fragment + fragment_length, "\xe8\x03\x07", 3);
	length = wrap(manifest, 0x12, fragment, fragment_length + 3);
	memcpy(manifest + length, "\xf0\x03\x09", 3);
	length += 3;
	assert_int_equal(unpack(&ldb__manifest__descriptor, manifest, length, arena, &message, NULL),
					 LDB_OK);
	assert_int_equal(ldb_proto_pack(message, arena, "test", &packed, NULL), LDB_OK);
	assert_true(ldb_slice_equal(packed, ldb_slice(manifest, length)));
	unpacked = (Ldb__Manifest *) message;
	unpacked->fragments[0]->id = 2;
	assert_int_equal(ldb_proto_pack(message, arena, "test", &packed, NULL), LDB_OK);
	manifest[3] = 2;
	assert_true(ldb_slice_equal(packed, ldb_slice(manifest, length)));
	ldb_arena_free(arena);
}

static void
keeps_an_operation_that_it_does_not_know(void **state)
{
	static const uint8_t bytes[] = {0x08, 5, 0x12, 1, 'u', 0xa2, 0x07, 2, 0x08, 3};
	LdbArena *arena = ldb_arena_new(0);
	ProtobufCMessage *message;
	LdbSlice packed;

	(void) state;
	assert_int_equal(
		unpack(&ldb__transaction__descriptor, bytes, sizeof bytes, arena, &message, NULL), LDB_OK);
	assert_int_equal(((Ldb__Transaction *) message)->operation_case,
					 LDB__TRANSACTION__OPERATION__NOT_SET);
	assert_int_equal(ldb_proto_pack(message, arena, "test", &packed, NULL), LDB_OK);
	assert_true(ldb_slice_equal(packed, ldb_slice(bytes, sizeof bytes)));
	ldb_arena_free(arena);
}

static void
says_when_there_is_no_memory_to_pack(void **state)
{
	Ldb__MetadataEntry entry;
	LdbArena *arena = ldb_arena_new(4096);
	char *key = malloc(100000);
	LdbSlice packed;
	LdbError err = {0};

	(void) state;
	memset(key, 'k', 99999);
	key[99999] = '\0';
	ldb__metadata_entry__init(&entry);
	entry.key = key;
	assert_int_equal(ldb_proto_pack(&entry.base, arena, "test", &packed, &err), LDB_NOMEM);
	assert_non_null(strstr(err.message, "test: out of memory"));
	free(key);
	ldb_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unpacks_a_message_and_skips_unknown_fields),
		cmocka_unit_test(reads_repeated_numbers_packed_or_not),
		cmocka_unit_test(refuses_nesting_that_would_overflow_the_stack),
		cmocka_unit_test(refuses_groups_and_fields_without_number),
		cmocka_unit_test(names_message_and_byte_when_a_length_lies),
		cmocka_unit_test(refuses_a_known_field_of_the_wrong_wire_type),
		cmocka_unit_test(bounds_what_many_empty_messages_take),
		cmocka_unit_test(never_crashes_on_random_bytes),
		cmocka_unit_test(packs_what_it_did_not_know_at_every_level),
		cmocka_unit_test(keeps_an_operation_that_it_does_not_know),
		cmocka_unit_test(says_when_there_is_no_memory_to_pack),
	};

	return cmocka_run_group_tests_name("proto", tests, NULL, NULL);
}
