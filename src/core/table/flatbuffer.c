/* flatbuffer.c -- reads tables of a FlatBuffers message, every offset checked against its bytes. */
#include "flatbuffer.h"

static bool
bytes_at(LdbSlice buffer, uint64_t at, uint64_t length, const uint8_t **bytes)
{
	LdbSlice part;

	if (!ldb_slice_part(buffer, at, length, &part))
		return false;
	*bytes = part.data;
	return true;
}

/* Where the u32 offset stored at `at` leads. */
static bool
follow(LdbSlice buffer, size_t at, size_t *target)
{
	const uint8_t *bytes;

	if (!bytes_at(buffer, at, 4, &bytes))
		return false;
	*target = at + ldb_load_u32(bytes);
	return *target < buffer.length;
}

static bool
table_at(LdbSlice buffer, size_t at, LdbFlatTable *table)
{
	const uint8_t *bytes;
	int64_t vtable;
	uint16_t vtable_bytes;

	if (!bytes_at(buffer, at, 4, &bytes))
		return false;
	vtable = (int64_t) at - (int32_t) ldb_load_u32(bytes);
	if (vtable < 0 || !bytes_at(buffer, (uint64_t) vtable, 4, &bytes))
		return false;
	vtable_bytes = ldb_load_u16(bytes);
	if (vtable_bytes < 4 || !bytes_at(buffer, (uint64_t) vtable, vtable_bytes, &bytes))
		return false;
	*table = (LdbFlatTable){buffer, at, (size_t) vtable + 4, (vtable_bytes - 4u) / 2};
	return true;
}

bool
ldb_flat_root(LdbSlice buffer, LdbFlatTable *table)
{
	size_t at;

	return follow(buffer, 0, &at) && table_at(buffer, at, table);
}

/* Position of a field's value; 0 = absent (no value lies at 0). */
static size_t
field_at(const LdbFlatTable *table, size_t field)
{
	uint16_t offset;

	if (field >= table->field_count)
		return 0;
	offset = ldb_load_u16(table->buffer.data + table->fields_at + field * 2);
	return offset == 0 ? 0 : table->at + offset;
}

bool
ldb_flat_scalar(const LdbFlatTable *table, size_t field, size_t bytes, uint64_t *value)
{
	size_t at = field_at(table, field);
	const uint8_t *stored;

	if (at == 0)
		return true;
	if (!bytes_at(table->buffer, at, bytes, &stored))
		return false;
	*value = 0;
	memcpy(value, stored, bytes);
	return true;
}

bool
ldb_flat_table(const LdbFlatTable *table, size_t field, LdbFlatTable *child, bool *present)
{
	size_t at = field_at(table, field);
	size_t target;

	*present = at != 0;
	if (at == 0)
		return true;
	return follow(table->buffer, at, &target) && table_at(table->buffer, target, child);
}

bool
ldb_flat_vector(const LdbFlatTable *table, size_t field, size_t item_bytes, LdbFlatVector *vector)
{
	size_t at = field_at(table, field);
	const uint8_t *bytes;
	size_t target;

	*vector = (LdbFlatVector){{NULL, 0}, 0};
	if (at == 0)
		return true;
	if (!follow(table->buffer, at, &target) || !bytes_at(table->buffer, target, 4, &bytes))
		return false;
	vector->count = ldb_load_u32(bytes);
	return ldb_slice_part(table->buffer, target + 4, (uint64_t) vector->count * item_bytes,
						  &vector->items);
}

bool
ldb_flat_vector_table(const LdbFlatTable *owner, const LdbFlatVector *vector, size_t i,
					  LdbFlatTable *child)
{
	size_t at, target;

	if (i >= vector->count)
		return false;
	at = (size_t) (vector->items.data - owner->buffer.data) + i * 4;
	return follow(owner->buffer, at, &target) && table_at(owner->buffer, target, child);
}
