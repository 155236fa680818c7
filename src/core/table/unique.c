/* unique.c -- see unique.h. */
#include "unique.h"

#include <stdio.h>
#include <sys/random.h>

static LdbStatus
fill(void *bytes, size_t length, LdbError *err)
{
	if (getrandom(bytes, length, 0) != (ssize_t) length)
		LDB_FAIL(err, LDB_IO, "the kernel gave no random numbers");
	return LDB_OK;
}

LdbStatus
ldb_unique_number(uint64_t *number, LdbError *err)
{
	return fill(number, sizeof *number, err);
}

LdbStatus
ldb_unique_uuid(char text[LDB_UUID_LENGTH + 1], LdbError *err)
{
	uint8_t bytes[16];

	LDB_TRY(fill(bytes, sizeof bytes, err));
	bytes[6] = (uint8_t) ((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (uint8_t) ((bytes[8] & 0x3f) | 0x80);
	for (size_t i = 0, at = 0; i < sizeof bytes; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		at += (size_t) snprintf(text + at, 3, "%02x", bytes[i]);
	}
	return LDB_OK;
}
