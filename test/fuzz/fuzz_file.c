/* fuzz_file.c -- input: a whole data file, from its footer to its last column. */
#include "read_file.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_read_file(ldb_slice(data, size));
	return 0;
}
