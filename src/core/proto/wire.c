/* wire.c -- walks the fields of a protobuf message without unpacking it. */
#include "ldb/proto/wire.h"

enum
{
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_BYTES = 2,
	WIRE_FIXED32 = 5
};

static bool
take_varint(LdbSlice *rest, uint64_t *value)
{
	uint64_t result = 0;

	for (unsigned i = 0; i < 10 && i < rest->length; i++)
	{
		uint8_t byte = rest->data[i];

		result |= (uint64_t) (byte & 0x7f) << (7 * i);
		if ((byte & 0x80) == 0)
		{
			*value = result;
			return ldb_slice_part(*rest, i + 1, rest->length - i - 1, rest);
		}
	}
	return false;
}

static bool
take_bytes(LdbSlice *rest, uint64_t length, LdbSlice *bytes)
{
	return ldb_slice_part(*rest, 0, length, bytes) &&
		   ldb_slice_part(*rest, length, rest->length - length, rest);
}

static bool
take_value(LdbSlice *rest, unsigned wire_type, LdbWireField *field)
{
	LdbSlice fixed;
	uint64_t length;

	switch (wire_type)
	{
		case WIRE_VARINT:
			return take_varint(rest, &field->value);
		case WIRE_FIXED64:
			if (!take_bytes(rest, 8, &fixed))
				return false;
			field->value = ldb_load_u64(fixed.data);
			return true;
		case WIRE_FIXED32:
			if (!take_bytes(rest, 4, &fixed))
				return false;
			field->value = ldb_load_u32(fixed.data);
			return true;
		case WIRE_BYTES:
			return take_varint(rest, &length) && take_bytes(rest, length, &field->bytes);
		default:
			return false;
	}
}

LdbWireStep
ldb_wire_next(LdbSlice *rest, LdbWireField *field)
{
	uint64_t key;

	if (rest->length == 0)
		return LDB_WIRE_END;
	*field = (LdbWireField){0};
	if (!take_varint(rest, &key) || key >> 3 == 0 || key >> 3 > UINT32_MAX)
		return LDB_WIRE_BROKEN;
	field->number = (uint32_t) (key >> 3);
	return take_value(rest, (unsigned) (key & 7), field) ? LDB_WIRE_FIELD : LDB_WIRE_BROKEN;
}
