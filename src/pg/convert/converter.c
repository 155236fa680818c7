/* converter.c -- chooses how a Lance column becomes a column of its declared type. */
#include "convert/convert_impl.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "convert/remembered.h"

/* Digits of the largest value of uint64. */
#define UINT64_DIGITS 20

static int32
numeric_typmod(int precision, int scale)
{
	return ((precision << 16) | (scale & 0x7ff)) + (int32) VARHDRSZ;
}

static const LdbType *
value_type(const LdbType *type)
{
	return ldb_type_value(type);
}

const LdbType *
lancedb_list_item(const LdbType *type, const LdbField *field, const LdbField **item_field)
{
	*item_field = NULL;
	if (type->kind == LDB_TYPE_FIXED_SIZE_LIST)
		return value_type(type->item);
	if (field == NULL || field->child_count != 1)
		return NULL;
	*item_field = field->children[0];
	return value_type(&field->children[0]->type);
}

/* The default type of anything but lists, structs and maps; InvalidOid for those. */
static Oid
default_scalar(const LdbType *type, int32 *typmod)
{
	*typmod = -1;
	switch (type->kind)
	{
		case LDB_TYPE_BOOL:
			return BOOLOID;
		case LDB_TYPE_INT8:
		case LDB_TYPE_UINT8:
		case LDB_TYPE_INT16:
			return INT2OID;
		case LDB_TYPE_UINT16:
		case LDB_TYPE_INT32:
			return INT4OID;
		case LDB_TYPE_UINT32:
		case LDB_TYPE_INT64:
			return INT8OID;
		case LDB_TYPE_UINT64:
			*typmod = numeric_typmod(UINT64_DIGITS, 0);
			return NUMERICOID;
		case LDB_TYPE_HALF:
		case LDB_TYPE_FLOAT:
			return FLOAT4OID;
		case LDB_TYPE_DOUBLE:
			return FLOAT8OID;
		case LDB_TYPE_DECIMAL128:
		case LDB_TYPE_DECIMAL256:
			*typmod = numeric_typmod(type->precision, type->scale);
			return NUMERICOID;
		case LDB_TYPE_NULL:
		case LDB_TYPE_STRING:
		case LDB_TYPE_LARGE_STRING:
			return TEXTOID;
		case LDB_TYPE_BINARY:
		case LDB_TYPE_LARGE_BINARY:
		case LDB_TYPE_FIXED_BINARY:
			return BYTEAOID;
		case LDB_TYPE_DATE32:
		case LDB_TYPE_DATE64:
			return DATEOID;
		case LDB_TYPE_TIME32:
		case LDB_TYPE_TIME64:
			return TIMEOID;
		case LDB_TYPE_TIMESTAMP:
			return type->timezone == NULL ? TIMESTAMPOID : TIMESTAMPTZOID;
		case LDB_TYPE_DURATION:
			return INTERVALOID;
		default:
			return InvalidOid;
	}
}

Oid
lancedb_default_scalar(const LdbType *type)
{
	int32 typmod;

	return default_scalar(type, &typmod);
}

/* An array of the item's default type, where that is no array or object itself. */
static Oid
default_array(const LdbType *type, const LdbField *field, int32 *typmod)
{
	const LdbField *item_field;
	const LdbType *item;
	Oid item_typid;

	if (type->kind != LDB_TYPE_LIST && type->kind != LDB_TYPE_LARGE_LIST &&
		type->kind != LDB_TYPE_FIXED_SIZE_LIST)
		return InvalidOid;
	item = lancedb_list_item(type, field, &item_field);
	item_typid = item == NULL ? InvalidOid : default_scalar(item, typmod);
	return OidIsValid(item_typid) ? get_array_type(item_typid) : InvalidOid;
}

bool
lancedb_default_type(const LdbField *field, Oid *typid, int32 *typmod)
{
	const LdbType *type = value_type(&field->type);

	if (lancedb_remembered_type(field, typid, typmod) &&
		lancedb_converter_of_type(type, field, "", *typid, *typmod) != NULL)
		return true;
	*typid = default_scalar(type, typmod);
	if (!OidIsValid(*typid))
		*typid = default_array(type, field, typmod);
	if (!OidIsValid(*typid))
	{
		*typid = JSONBOID;
		*typmod = -1;
	}
	/* A list without an item or a decimal beyond all bounds has no mapping after all. */
	return lancedb_converter_of_type(type, field, "", *typid, *typmod) != NULL;
}

bool
lancedb_is_nested(LdbTypeKind kind)
{
	return kind == LDB_TYPE_LIST || kind == LDB_TYPE_LARGE_LIST ||
		   kind == LDB_TYPE_FIXED_SIZE_LIST || kind == LDB_TYPE_STRUCT || kind == LDB_TYPE_MAP;
}

/* A column of this type holds nothing but NULL. */
static Datum
convert_nothing(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	return (Datum) 0;
}

static bool
make_nested(LancedbConverter *converter, const LdbField *field)
{
	if (converter->typid == JSONBOID || converter->typid == JSONOID)
		return lancedb_make_json_converter(converter, field);
	if (converter->type->kind == LDB_TYPE_STRUCT || converter->type->kind == LDB_TYPE_MAP)
		return false;
	return lancedb_make_array_converter(converter, field);
}

static void
find_input_function(LancedbConverter *converter)
{
	Oid function;

	getTypeInputInfo(converter->typid, &function, &converter->input_parameter);
	fmgr_info(function, &converter->input);
}

LancedbConverter *
lancedb_converter_of_type(const LdbType *type, const LdbField *field, const char *column, Oid typid,
						  int32 typmod)
{
	LancedbConverter *converter = palloc0(sizeof(*converter));
	Oid base = getBaseTypeAndTypmod(typid, &typmod);

	/* A hostile schema nests deeply. */
	check_stack_depth();
	converter->type = value_type(type);
	converter->column = column;
	converter->typid = base;
	converter->typmod = typmod;
	converter->context = CurrentMemoryContext;
	if (base != typid)
		converter->domain = typid;

	if (converter->type->kind == LDB_TYPE_NULL)
		converter->convert = convert_nothing;
	else if (lancedb_is_nested(converter->type->kind))
		return make_nested(converter, field) ? converter : NULL;
	else
		converter->convert = lancedb_scalar_function(converter->type, base, typmod);
	if (converter->convert == lancedb_parsed_string)
		find_input_function(converter);
	return converter->convert == NULL ? NULL : converter;
}

/* With the item of a list, which only the field knows. */
const char *
lancedb_field_type_name(const LdbField *field)
{
	const char *name =
		lancedb_message_text(ldb_type_name(&field->type, lancedb_arena_new(CurrentMemoryContext)));

	check_stack_depth();
	if ((field->type.kind != LDB_TYPE_LIST && field->type.kind != LDB_TYPE_LARGE_LIST) ||
		field->child_count != 1)
		return name;
	return psprintf("%s<%s>", name, lancedb_field_type_name(field->children[0]));
}

LancedbConverter *
lancedb_converter_new(const LdbField *field, const char *column_name, Oid typid, int32 typmod)
{
	LancedbConverter *converter =
		lancedb_converter_of_type(&field->type, field, pstrdup(column_name), typid, typmod);
	Oid default_typid;
	int32 default_typmod;

	if (converter != NULL)
		return converter;
	if (!lancedb_default_type(field, &default_typid, &default_typmod))
		default_typid = InvalidOid;
	ereport(
		ERROR,
		(errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
		 errmsg("column \"%s\" of type %s cannot hold the values of its Lance column of type %s",
				column_name, format_type_with_typemod(typid, typmod),
				lancedb_field_type_name(field)),
		 OidIsValid(default_typid)
			 ? errhint("Declare the column as %s.",
					   format_type_with_typemod(default_typid, default_typmod))
			 : 0));
}

bool
lancedb_can_hold(const LdbField *field, Oid typid, int32 typmod)
{
	return lancedb_converter_of_type(&field->type, field, "", typid, typmod) != NULL;
}

Datum
lancedb_convert(LancedbConverter *converter, const LdbArray *array, size_t row, uint64 row_address,
				bool *isnull)
{
	Datum value = (Datum) 0;

	*isnull = ldb_array_is_null(array, row) || converter->type->kind == LDB_TYPE_NULL;
	converter->row_address = row_address;
	if (!*isnull)
		value = converter->convert(converter, array, row);
	if (unlikely(OidIsValid(converter->domain)))
		domain_check(value, *isnull, converter->domain, &converter->domain_cache,
					 converter->context);
	return value;
}

static uint32
fragment_of(const LancedbConverter *converter)
{
	return (uint32) (converter->row_address >> 32);
}

void
lancedb_value_error(const LancedbConverter *converter, int sqlstate, const char *what)
{
	ereport(ERROR, (errcode(sqlstate),
					errmsg("%s in column \"%s\" of row %u in fragment %u", what, converter->column,
						   (uint32) converter->row_address, fragment_of(converter))));
}

static void
name_column_and_row(void *argument)
{
	const LancedbConverter *converter = argument;

	errcontext("column \"%s\" of row %u in fragment %u", converter->column,
			   (uint32) converter->row_address, fragment_of(converter));
}

void
lancedb_push_context(ErrorContextCallback *callback, LancedbConverter *converter)
{
	callback->callback = name_column_and_row;
	callback->arg = converter;
	callback->previous = error_context_stack;
	error_context_stack = callback;
}

void
lancedb_pop_context(ErrorContextCallback *callback)
{
	error_context_stack = callback->previous;
}
