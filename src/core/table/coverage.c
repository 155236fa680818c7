/* coverage.c -- see coverage.h. */
#include "coverage.h"

#include <string.h>

#include "roaring.h"

bool
ldb_index_is_of(const Ldb__IndexMetadata *index, const char *kind)
{
	const char *url = index->index_details == NULL ? NULL : index->index_details->type_url;
	const char *name = url == NULL ? NULL : strrchr(url, '.');

	return name != NULL && strcmp(name + 1, kind) == 0;
}

bool
ldb_index_is_by_row_id(const Ldb__IndexMetadata *index)
{
	/* zone maps and Bloom filters are made of parts of fragments, and others are not known */
	static const char *const kinds[] = {"VectorIndexDetails",   "BTreeIndexDetails",
										"BitmapIndexDetails",   "LabelListIndexDetails",
										"InvertedIndexDetails", "NGramIndexDetails"};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
	{
		if (ldb_index_is_of(index, kinds[i]))
			return true;
	}
	return false;
}

bool
ldb_index_fragments(const Ldb__IndexMetadata *index, uint8_t *bits, uint64_t bit_count)
{
	LdbSlice bytes = ldb_slice(index->fragment_bitmap.data, index->fragment_bitmap.len);
	uint64_t count;

	return index->has_fragment_bitmap && ldb_roaring_decode(bytes, "fragments of an index", bits,
															bit_count, &count, NULL) == LDB_OK;
}
