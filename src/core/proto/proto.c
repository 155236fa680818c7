/* proto.c -- unpacks protobuf messages after their nesting was measured, and packs them. */
#include "ldb/proto/proto.h"

#include "ldb/proto/wire.h"

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
		LdbWireField value;

		if (ldb_wire_next(&rest, &value) != LDB_WIRE_FIELD)
			LDB_FAIL(err, LDB_CORRUPT, "%s: the field at byte %zu is broken, or a group",
					 walk->what, at);
		field = protobuf_c_message_descriptor_get_field(descriptor, value.number);
		if (field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE)
			LDB_TRY(check_nesting(walk, field->descriptor, value.bytes, depth + 1, err));
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

LdbStatus
ldb_proto_pack(const ProtobufCMessage *message, LdbArena *arena, const char *what, LdbSlice *bytes,
			   LdbError *err)
{
	size_t length = protobuf_c_message_get_packed_size(message);
	uint8_t *packed = ldb_arena_alloc(arena, length);

	if (packed == NULL)
		LDB_FAIL(err, LDB_NOMEM, "%s: out of memory for a message of %zu bytes", what, length);
	*bytes = ldb_slice(packed, protobuf_c_message_pack(message, packed));
	return LDB_OK;
}
