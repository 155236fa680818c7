/* vectors.c -- Lance vectors as pgvector's vector and halfvec. */
#include "convert/vectors.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "ldb/simd/distance.h"

#include "vector/query_vector.h"

const char *
lancedb_pgvector_type_name(Oid typid)
{
	Oid extension = getExtensionOfObject(TypeRelationId, typid);
	char *extension_name = OidIsValid(extension) ? get_extension_name(extension) : NULL;
	const char *name = "";
	HeapTuple tuple;

	if (extension_name == NULL || strcmp(extension_name, "vector") != 0)
		return name;
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(typid));
	if (!HeapTupleIsValid(tuple))
		return name;
	name = pstrdup(NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname));
	ReleaseSysCache(tuple);
	return name;
}

/* The numbers of one row: where they begin, after all that can be wrong with them. */
static const char *
check_numbers(LancedbConverter *converter, const LdbArray *array, size_t row, size_t width,
			  size_t *count)
{
	const LdbArray *items = &array->children[0];
	size_t first;

	*count = lancedb_list_range(array, row, &first);
	if (*count == 0 || *count > LANCEDB_VECTOR_MAX_DIMENSION)
		lancedb_value_error(
			converter, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
			psprintf("vector of %zu dimensions, which pgvector cannot hold,", *count));
	if (converter->typmod > 0 && *count != (size_t) converter->typmod)
		lancedb_value_error(
			converter, ERRCODE_DATA_EXCEPTION,
			psprintf("vector of %zu dimensions, not %d,", *count, converter->typmod));
	if (items->validity != NULL && ldb_bitmap_count(items->validity, first, *count) != *count)
		lancedb_value_error(converter, ERRCODE_NULL_VALUE_NOT_ALLOWED, "vector with NULL elements");
	return (const char *) items->values + first * width;
}

static LancedbStoredVector *
new_vector(size_t count, size_t width)
{
	size_t bytes = offsetof(LancedbStoredVector, numbers) + count * width;
	LancedbStoredVector *vector = palloc(bytes);

	SET_VARSIZE(vector, bytes);
	vector->dimension = (int16) count;
	vector->unused = 0;
	return vector;
}

/* pgvector promises its users that no element is NaN or infinite. */
static void
check_finite(LancedbConverter *converter, const LancedbStoredVector *vector)
{
	const float4 *numbers = (const float4 *) vector->numbers;
	bool finite = true;

	for (int i = 0; i < vector->dimension; i++)
		finite &= isfinite(numbers[i]) != 0;
	if (!finite)
		lancedb_value_error(converter, ERRCODE_DATA_EXCEPTION,
							"NaN or infinite element, which a vector cannot hold,");
}

static Datum
vector_of_floats(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	size_t count;
	const char *numbers = check_numbers(converter, array, row, sizeof(float4), &count);
	LancedbStoredVector *vector = new_vector(count, sizeof(float4));

	memcpy(vector->numbers, numbers, count * sizeof(float4));
	check_finite(converter, vector);
	return PointerGetDatum(vector);
}

static Datum
vector_of_halves(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	size_t count;
	const char *numbers = check_numbers(converter, array, row, sizeof(uint16), &count);
	LancedbStoredVector *vector = new_vector(count, sizeof(float4));

	ldb_kernels->f16_to_f32((const uint16_t *) numbers, (float4 *) vector->numbers, count);
	check_finite(converter, vector);
	return PointerGetDatum(vector);
}

static Datum
halfvec_of_halves(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	const uint16 exponent = 0x7c00; /* all ones: NaN or infinite */
	size_t count;
	const char *numbers = check_numbers(converter, array, row, sizeof(uint16), &count);
	LancedbStoredVector *vector = new_vector(count, sizeof(uint16));

	for (size_t i = 0; i < count; i++)
	{
		if ((ldb_load_u16(numbers + 2 * i) & exponent) == exponent)
			lancedb_value_error(converter, ERRCODE_DATA_EXCEPTION,
								"NaN or infinite element, which a halfvec cannot hold,");
	}
	memcpy(vector->numbers, numbers, count * sizeof(uint16));
	return PointerGetDatum(vector);
}

bool
lancedb_make_vector_converter(LancedbConverter *converter, const LdbType *item)
{
	const char *name = lancedb_pgvector_type_name(converter->typid);
	bool is_vector = strcmp(name, "vector") == 0;
	bool is_halfvec = strcmp(name, "halfvec") == 0;
	const LdbType *type = converter->type;

	if (type->kind == LDB_TYPE_FIXED_SIZE_LIST && converter->typmod > 0 &&
		type->width != converter->typmod)
		return false;
	if (is_vector && item->kind == LDB_TYPE_FLOAT)
		converter->convert = vector_of_floats;
	else if (is_vector && item->kind == LDB_TYPE_HALF)
		converter->convert = vector_of_halves;
	else if (is_halfvec && item->kind == LDB_TYPE_HALF)
		converter->convert = halfvec_of_halves;
	return converter->convert != NULL;
}
