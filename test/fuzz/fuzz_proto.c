/* fuzz_proto.c -- input: a message of any kind; what the walk lets pass must be safe to unpack. */
#include "fuzz.h"
#include "lance_encodings.pb-c.h"
#include "lance_file.pb-c.h"
#include "lance_table.pb-c.h"
#include "ldb/proto/proto.h"
#include "ldb/proto/wire.h"
#include "src/core/table/summary.h"

static const ProtobufCMessageDescriptor *const kinds[] = {&ldb__manifest__descriptor,
														  &ldb__column_metadata__descriptor,
														  &ldb__array_encoding__descriptor,
														  &ldb__page_layout__descriptor,
														  &ldb__file_descriptor__descriptor,
														  &ldb__row_id_sequence__descriptor,
														  &ldb__any__descriptor,
														  &ldb__column_encoding__descriptor};

/* The same message inside of itself, deeper than the limit when `levels` is. */
static LdbSlice
nest(LdbSlice inner, unsigned levels, LdbArena *arena)
{
	for (unsigned i = 0; i < levels; i++)
	{
		size_t length = inner.length;
		uint8_t *outer = ldb_arena_alloc(arena, length + 6);
		size_t at = 0;

		outer[at++] = 9 << 3 | 2; /* ArrayEncoding.packed_struct, then its inner = 1 */
		if (i % 2 == 0)
			outer[0] = 1 << 3 | 2;
		for (; length >= 0x80; length >>= 7)
			outer[at++] = (uint8_t) (length | 0x80);
		outer[at++] = (uint8_t) length;
		if (inner.length > 0)
			memcpy(outer + at, inner.data, inner.length);
		inner = ldb_slice(outer, at + inner.length);
	}
	return inner;
}

static void
walk_fields(LdbSlice rest)
{
	LdbWireField field;

	while (ldb_wire_next(&rest, &field) == LDB_WIRE_FIELD)
		fuzz_touch(field.bytes.data, field.bytes.length);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LdbSlice input = ldb_slice(data, size);
	unsigned kind = (unsigned) fuzz_take(&input, 1);
	unsigned levels = (unsigned) fuzz_take(&input, 1);
	LdbArena *arena = fuzz_arena();
	uint8_t *copy = fuzz_copy(input);
	LdbSlice bytes = ldb_slice(copy, input.length);
	ProtobufCMessage *message;
	LdbError err = {0};

	if (kind % 16 >= 8)
	{
		bool deep = levels > LDB_PROTO_MAX_DEPTH;
		LdbStatus status;

		bytes = nest(bytes, 2 * levels, arena);
		status =
			ldb_proto_unpack(&ldb__array_encoding__descriptor, bytes, arena, "m", &message, &err);
		FUZZ_REQUIRE(!fuzz_judge(status, &err) || !deep);
	}
	else
	{
		fuzz_judge(ldb_proto_unpack(kinds[kind % 8], bytes, arena, "m", &message, &err), &err);
		walk_fields(bytes);
		(void) ldb_transaction_operation(bytes);
	}
	free(copy);
	ldb_arena_free(arena);
	return 0;
}
