/* slice.c -- bytes that grow. */
#include "ldb/base/slice.h"

#include "ldb/base/arena.h"
#include "ldb/base/checked.h"

bool
ldb_buffer_reserve(LdbBuffer *buffer, size_t capacity)
{
	size_t wanted = buffer->capacity < 64 ? 64 : buffer->capacity;
	void *grown;

	if (capacity <= buffer->capacity)
		return true;
	while (wanted < capacity)
		wanted = wanted > SIZE_MAX / 2 ? capacity : wanted * 2;
	grown = ldb_heap_realloc(buffer->data, wanted);
	if (grown == NULL)
		return false;
	buffer->data = grown;
	buffer->capacity = wanted;
	return true;
}

bool
ldb_buffer_append(LdbBuffer *buffer, const void *data, size_t length)
{
	size_t total;

	if (!ldb_size_add(buffer->length, length, &total) || !ldb_buffer_reserve(buffer, total))
		return false;
	if (length > 0)
		memcpy(buffer->data + buffer->length, data, length);
	buffer->length = total;
	return true;
}

void
ldb_buffer_free(LdbBuffer *buffer)
{
	ldb_heap_free(buffer->data);
	*buffer = (LdbBuffer){0};
}
