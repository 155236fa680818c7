/*
 * mutate.h -- a mutator that changes one part of an input at a time and keeps the parts apart.
 *
 * Included once, by a target whose inputs are made of parts.
 */
#ifndef TEST_FUZZ_MUTATE_H
#define TEST_FUZZ_MUTATE_H

#include "parts.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed);

static size_t
fuzz_join(const FuzzParts *parts, uint8_t *data, size_t most)
{
	size_t size = 0;

	for (size_t i = 0; i < parts->count; i++)
	{
		LdbSlice part = parts->parts[i];

		if (part.length + 2 > most - size)
			break;
		data[size++] = (uint8_t) part.length;
		data[size++] = (uint8_t) (part.length >> 8);
		if (part.length > 0)
			memcpy(data + size, part.data, part.length);
		size += part.length;
	}
	return size;
}

/* Now and then the whole input is changed, parts and all. */
size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed)
{
	FuzzParts parts;
	uint8_t *before = fuzz_copy(ldb_slice(data, size));
	uint8_t *part;
	size_t chosen;
	size_t room;

	fuzz_split(ldb_slice(before, size), &parts);
	if (parts.count == 0 || (seed & 7) == 7)
	{
		free(before);
		return LLVMFuzzerMutate(data, size, most);
	}
	chosen = (seed >> 4) % parts.count;
	room = parts.parts[chosen].length + 64 + (seed >> 16) % 256;
	room = room > FUZZ_PART_BYTES ? FUZZ_PART_BYTES : room;
	part = calloc(1, room);
	FUZZ_REQUIRE(part != NULL);
	if (parts.parts[chosen].length > 0)
		memcpy(part, parts.parts[chosen].data, parts.parts[chosen].length);
	parts.parts[chosen] = ldb_slice(part, LLVMFuzzerMutate(part, parts.parts[chosen].length, room));
	size = fuzz_join(&parts, data, most);
	free(part);
	free(before);
	return size;
}

#endif
