/* fuzz_page21.c -- input: parts of a file of version 2.1 or 2.2; its page layouts are what is tried. */
#include "make_file.h"
#include "mutate.h"
#include "read_file.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LdbBuffer file = fuzz_make_file(ldb_slice(data, size), false);

	fuzz_read_file(ldb_slice(file.data, file.length));
	ldb_buffer_free(&file);
	return 0;
}
