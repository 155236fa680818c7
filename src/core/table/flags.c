/* flags.c -- see flags.h. */
#include "flags.h"

static const struct
{
	uint64_t flag;
	const char *name;
} named_flags[] = {
	{64, "data overlay files"},
	{128, "covered index metadata"},
	{256, "mixed data file versions"},
	{512, "fragment reuse with stable row ids"},
	{1024, "tagged fragment-reuse index"},
	{2048, "managed blobs"},
};

const char *
ldb_flag_name(uint64_t flag)
{
	for (size_t i = 0; i < sizeof named_flags / sizeof named_flags[0]; i++)
	{
		if (named_flags[i].flag == flag)
			return named_flags[i].name;
	}
	return NULL;
}
