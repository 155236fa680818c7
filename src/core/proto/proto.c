/* proto.c -- unpacks protobuf messages after their nesting was measured. */
#include "ldb/proto/proto.h"

#include <inttypes.h>

typedef enum WireType
{
	WIRE_VARINT = 0,
	WIRE_64BIT = 1,
	WIRE_BYTES = 2,
	WIRE_GROUP_START = 3,
	WIRE_GROUP_END = 4,
	WIRE_32BIT = 5
} WireType;

/* Where the walk stands, and what to call the message when it fails. */
typedef struct Walk
{
	const uint8_t *start;
	const char *what;
} Walk;

typedef struct Arena
{
	LdbArena *arena;
	bool out_of_memory;
} Arena;

static void *
arena_alloc(void *context, size_t bytes)
{
	Arena *memory = context;
	void *result = ldb_arena_alloc(memory->arena, bytes);

	if (result == NULL)
		memory->out_of_memory = true;
	return result;
}

static void
arena_free(void *context, void *memory)
{
	(void) context;
	(void) memory;
}

/* Takes a varint off the front; false when it is cut off or longer than ten bytes. */
static bool
read_varint(LdbSlice *rest, uint64_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < 10 && i < rest->length; i++)
	{
		uint8_t byte = rest->data[i];

		*value |= (uint64_t) (byte & 0x7f) << (7 * i);
		if (byte & 0x80)
			continue;
		rest->data += i + 1;
		rest->length -= i + 1;
		return true;
	}
	return false;
}

/* Takes one field's value off the front; `body` is set for WIRE_BYTES only. */
static bool
read_value(LdbSlice *rest, uint64_t wire_type, LdbSlice *body)
{
	uint64_t length = 0;

	switch (wire_type)
	{
		case WIRE_VARINT:
			return read_varint(rest, &length);
		case WIRE_64BIT:
			length = 8;
			break;
		case WIRE_32BIT:
			length = 4;
			break;
		case WIRE_BYTES:
			if (!read_varint(rest, &length))
				return false;
			break;
		default:
			return false;
	}
	if (length > rest->length)
		return false;
	*body = ldb_slice(rest->data, (size_t) length);
	rest->data += length;
	rest->length -= (size_t) length;
	return true;
}

/* Recursion is safe here: it stops at LDB_PROTO_MAX_DEPTH, with small frames. */
static LdbStatus
check_nesting(const Walk *walk, const ProtobufCMessageDescriptor *descriptor, LdbSlice rest,
			  int depth, LdbError *err)
{
	if (depth > LDB_PROTO_MAX_DEPTH)
		LDB_FAIL(err, LDB_CORRUPT, "%s: messages are nested more than %d deep", walk->what,
				 LDB_PROTO_MAX_DEPTH);
	while (rest.length > 0)
	{
		size_t at = (size_t) (rest.data - walk->start);
		const ProtobufCFieldDescriptor *field;
		LdbSlice body = {NULL, 0};
		uint64_t key;
		uint64_t wire_type;

		if (!read_varint(&rest, &key) || key > UINT32_MAX || key >> 3 == 0)
			LDB_FAIL(err, LDB_CORRUPT, "%s: bad field key at byte %zu", walk->what, at);
		wire_type = key & 7;
		if (wire_type == WIRE_GROUP_START || wire_type == WIRE_GROUP_END)
			LDB_FAIL(err, LDB_CORRUPT, "%s: protobuf group at byte %zu", walk->what, at);
		if (!read_value(&rest, wire_type, &body))
			LDB_FAIL(err, LDB_CORRUPT,
					 "%s: field %" PRIu64 " at byte %zu does not fit into its message", walk->what,
					 key >> 3, at);
		field = protobuf_c_message_descriptor_get_field(descriptor, (unsigned) (key >> 3));
		if (field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE && wire_type == WIRE_BYTES)
			LDB_TRY(check_nesting(walk, field->descriptor, body, depth + 1, err));
	}
	return LDB_OK;
}

LdbStatus
ldb_proto_unpack(const ProtobufCMessageDescriptor *descriptor, LdbSlice bytes, LdbArena *arena,
				 const char *what, ProtobufCMessage **message, LdbError *err)
{
	Walk walk = {bytes.data, what};
	Arena memory = {arena, false};
	ProtobufCAllocator allocator = {arena_alloc, arena_free, &memory};

	LDB_TRY(check_nesting(&walk, descriptor, bytes, 1, err));
	*message = protobuf_c_message_unpack(descriptor, &allocator, bytes.length, bytes.data);
	if (*message != NULL)
		return LDB_OK;
	if (memory.out_of_memory)
		LDB_FAIL(err, LDB_NOMEM, "%s: out of memory for a message of %zu bytes", what,
				 bytes.length);
	LDB_FAIL(err, LDB_CORRUPT, "%s: the %zu bytes are not a protobuf message of this kind", what,
			 bytes.length);
}
