/*
 * proto.h -- protobuf messages from hostile bytes, safely, and back.
 *
 * protobuf-c recurses about 1 KB of stack for each level of nesting; before anything is unpacked
 * a walk with the message's descriptor refuses more than LDB_PROTO_MAX_DEPTH levels.
 * Messages live in the arena: never call *__free_unpacked on them. Fields that our descriptions do not
 * know are kept at every level and packed again, so a message may be changed and written back.
 */
#ifndef LDB_PROTO_PROTO_H
#define LDB_PROTO_PROTO_H

#include <protobuf-c/protobuf-c.h>

#include "ldb/base/arena.h"
#include "ldb/base/error.h"
#include "ldb/base/slice.h"

#define LDB_PROTO_MAX_DEPTH 64

/* `what` names the message in errors ("manifest", "column metadata 3"). */
LdbStatus ldb_proto_unpack(const ProtobufCMessageDescriptor *descriptor, LdbSlice bytes,
						   LdbArena *arena, const char *what, ProtobufCMessage **message,
						   LdbError *err);

/* The bytes of a message, its unknown fields included. */
LdbStatus ldb_proto_pack(const ProtobufCMessage *message, LdbArena *arena, const char *what,
						 LdbSlice *bytes, LdbError *err);

#endif
