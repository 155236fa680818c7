/*
 * wire.h -- walks the fields of a protobuf message without unpacking it.
 *
 * For what must be known before a message is believed (its nesting, feature flags), or of many
 * messages of which only a few numbers matter (a list of versions).
 */
#ifndef LDB_PROTO_WIRE_H
#define LDB_PROTO_WIRE_H

#include <stdint.h>

#include "ldb/base/slice.h"

typedef enum LdbWireStep
{
	LDB_WIRE_END,
	LDB_WIRE_FIELD,
	LDB_WIRE_BROKEN
} LdbWireStep;

typedef struct LdbWireField
{
	uint32_t number;
	uint64_t value; /* varints and fixed widths */
	LdbSlice bytes; /* length-delimited; else empty */
} LdbWireField;

/* Takes the next field off `rest`. Groups are refused: Lance has none. */
LdbWireStep ldb_wire_next(LdbSlice *rest, LdbWireField *field);

#endif
