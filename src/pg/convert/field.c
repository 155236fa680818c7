/* field.c -- the Lance field that a column of a new table gets. */
#include "lancedb/convert.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "convert/remembered.h"
#include "convert/vectors.h"

#define UUID_LOGICAL_TYPE "fixed_size_binary:16"
#define MAX_DECIMAL128_DIGITS 38
#define MAX_DECIMAL256_DIGITS 76

typedef struct Column
{
	const char *name;
	Oid typid; /* of a domain its base type */
	int32 typmod;
	int dimension; /* 0 = not given */
	LdbArena *arena;
} Column;

pg_noreturn static void
no_such_type(const Column *column, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("column \"%s\" has type %s, which Lance tables cannot store",
						   column->name, format_type_with_typemod(column->typid, column->typmod)),
					hint == NULL ? 0 : errhint("%s", hint)));
}

pg_noreturn static void
bad_dimension(const Column *column, const char *message, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg(message, column->name),
					hint == NULL ? 0 : errhint("%s", hint)));
}

static const char *
in_arena(const Column *column, const char *text)
{
	const char *copy = ldb_arena_strdup(column->arena, text);

	if (copy == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return copy;
}

static void *
zeroed(const Column *column, size_t count, size_t item_bytes)
{
	void *memory = ldb_arena_zalloc_array(column->arena, count, item_bytes);

	if (memory == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return memory;
}

/* ---- types without parts ---- */

static const char *
decimal_type(const Column *column)
{
	int32 packed = column->typmod - (int32) VARHDRSZ;
	int precision = (packed >> 16) & 0xffff;
	int scale = ((packed & 0x7ff) ^ 1024) - 1024;

	if (column->typmod < (int32) VARHDRSZ)
		no_such_type(column, "Give it a precision and a scale, as in numeric(12,2).");
	/* numeric(2,4) is 0.0012: where Lance counts the zeros as digits, reading could not tell */
	if (scale > precision)
		no_such_type(column, "Give it a precision that is not below its scale.");
	if (precision > MAX_DECIMAL256_DIGITS)
		no_such_type(column, "A decimal has at most 76 digits.");
	return psprintf("decimal:%d:%d:%d", precision > MAX_DECIMAL128_DIGITS ? 256 : 128, precision,
					scale);
}

/* Units are thousands; what a column cannot say must not be in its values. */
static const char *
unit_of(const Column *column)
{
	switch (column->typmod)
	{
		case 0:
			return "s";
		case 3:
			return "ms";
		case -1:
		case 6:
			return "us";
		default:
			no_such_type(column, "Precisions that Lance has are 0, 3 and 6.");
	}
}

static const char *
time_type(const Column *column)
{
	const char *unit = unit_of(column);

	return psprintf("time%s:%s", strcmp(unit, "us") == 0 ? "64" : "32", unit);
}

static const char *
scalar_type(const Column *column)
{
	switch (column->typid)
	{
		case BOOLOID:
			return "bool";
		case INT2OID:
			return "int16";
		case INT4OID:
			return "int32";
		case INT8OID:
			return "int64";
		case FLOAT4OID:
			return "float";
		case FLOAT8OID:
			return "double";
		case NUMERICOID:
			return decimal_type(column);
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case JSONOID:
		case JSONBOID:
			return "string";
		case BYTEAOID:
			return "binary";
		case UUIDOID:
			return UUID_LOGICAL_TYPE;
		case DATEOID:
			return "date32:day";
		case TIMEOID:
			return time_type(column);
		case TIMESTAMPOID:
			return psprintf("timestamp:%s:-", unit_of(column));
		case TIMESTAMPTZOID:
			return psprintf("timestamp:%s:UTC", unit_of(column));
		case INTERVALOID:
			if (column->typmod >= 0)
				no_such_type(column, "Use interval without fields or a precision.");
			return "duration:us";
		default:
			return type_is_enum(column->typid) ? "string" : NULL;
	}
}

/* ---- vectors ---- */

/* The base type of the elements; InvalidOid when the type is no array. */
static Oid
element_of(Oid typid)
{
	Oid element = get_element_type(typid);

	/* int2vector and the like have elements, too */
	if (!OidIsValid(element) || get_array_type(element) != typid)
		return InvalidOid;
	return getBaseType(element);
}

/* vector, halfvec and float arrays with a dimension; NULL for all others. */
static const char *
vector_type(const Column *column)
{
	const char *pgvector = lancedb_pgvector_type_name(column->typid);
	Oid element = element_of(column->typid);
	const char *item = NULL;
	int dimension = column->dimension;

	if (strcmp(pgvector, "vector") == 0 || element == FLOAT4OID)
		item = "float";
	else if (strcmp(pgvector, "halfvec") == 0)
		item = "halffloat";
	else if (element == FLOAT8OID && dimension > 0)
		item = "double";
	if (item == NULL && dimension > 0)
		bad_dimension(
			column, "option \"dim\" of column \"%s\" is for vectors",
			"Vectors are real[], double precision[], and vector and halfvec of pgvector.");
	if (item == NULL)
		return NULL;
	if (*pgvector != '\0' && column->typmod > 0 && dimension > 0 && column->typmod != dimension)
		bad_dimension(column, "option \"dim\" of column \"%s\" contradicts its type", NULL);
	if (*pgvector != '\0' && column->typmod > 0)
		dimension = column->typmod;
	if (dimension == 0)
		bad_dimension(column, "vector column \"%s\" has no dimension",
					  *pgvector != '\0'
						  ? psprintf("Declare it as %s(384), for instance, or with OPTIONS (dim "
									 "'384').",
									 pgvector)
						  : "Declare it with OPTIONS (dim '384'), for instance.");
	return psprintf("fixed_size_list:%s:%d", item, dimension);
}

/* ---- fields ---- */

static void
set_type(const Column *column, LdbField *field, const char *logical_type)
{
	LdbError err;

	field->logical_type = in_arena(column, logical_type);
	lancedb_check(ldb_type_parse(field->logical_type, column->arena, &field->type, &err), &err);
}

static LdbField *
list_item(const Column *column, Oid element)
{
	Column item = *column;
	LdbField *field = zeroed(column, 1, sizeof(*field));
	const char *logical_type;

	item.typid = getBaseTypeAndTypmod(element, &item.typmod);
	logical_type = scalar_type(&item);
	if (logical_type == NULL)
		no_such_type(column, NULL);
	field->name = "item";
	field->nullable = true;
	set_type(&item, field, logical_type);
	return field;
}

static void
fill_type(const Column *column, LdbField *field)
{
	const char *logical_type = scalar_type(column);
	Oid element;

	if (logical_type == NULL || column->dimension > 0)
		logical_type = vector_type(column);
	if (logical_type != NULL)
	{
		set_type(column, field, logical_type);
		return;
	}
	element = get_element_type(column->typid);
	if (!OidIsValid(element_of(column->typid)))
		no_such_type(column, NULL);
	set_type(column, field, "list");
	field->child_count = 1;
	field->children = zeroed(column, 1, sizeof(*field->children));
	field->children[0] = list_item(column, element);
}

/* Only what the default would not say anyway, so that plain tables stay plain. */
static void
remember_type(const Column *column, LdbField *field)
{
	Oid element = element_of(column->typid);
	Oid wanted = OidIsValid(element) ? get_array_type(element) : column->typid;
	const char *description;
	Oid typid;
	int32 typmod;

	if (lancedb_default_type(field, &typid, &typmod) && typid == wanted && typmod == column->typmod)
		return;
	description = lancedb_describe_type(column->typid, column->typmod);
	if (description == NULL)
		return;
	field->metadata_count = 1;
	field->metadata_keys = zeroed(column, 1, sizeof(*field->metadata_keys));
	field->metadata_keys[0] = LANCEDB_TYPE_KEY;
	description = in_arena(column, description);
	field->metadata_values =
		ldb_arena_copy(column->arena, &(LdbSlice){(const uint8 *) description, strlen(description)},
					   sizeof(LdbSlice));
}

LdbField *
lancedb_field_for(const char *lance_name, const char *column_name, Oid typid, int32 typmod,
				  int dimension, bool nullable, LdbArena *arena)
{
	Column column = {.name = column_name, .typmod = typmod, .dimension = dimension, .arena = arena};
	LdbField *field;

	column.typid = getBaseTypeAndTypmod(typid, &column.typmod);
	field = zeroed(&column, 1, sizeof(*field));
	field->name = in_arena(&column, lance_name);
	field->nullable = nullable;
	field->id = -1;
	field->parent_id = -1;
	fill_type(&column, field);
	remember_type(&column, field);
	/* what cannot be read back is not made */
	(void) lancedb_converter_new(field, column_name, typid, typmod);
	return field;
}
