/* encode_json.c -- jsonb and json as structs, maps and nested lists. */
#include "convert/encode_impl.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

#include "convert/convert_impl.h"

/* One type of the tree, with what JSON may stand for it: what json.c makes of it, and numbers for
 * decimals. */
struct JsonShape
{
	const char *key;        /* of a struct's field; in the database's encoding */
	LancedbEncoder *values; /* the encoder of scalars; for others its type and path in messages */
	Oid input_parameter;
	FmgrInfo input; /* scalars: from a string */
	int child_count;
	JsonShape *children; /* list: item; map: key and value; struct: fields */
};

static void add_value(JsonShape *shape, const JsonbValue *value, LdbBuilder *builder);

static Datum
parse_scalar(JsonShape *shape, const char *text, int length)
{
	ErrorContextCallback callback;
	char *copy = pnstrdup(text, length);
	Datum value;

	lancedb_push_encoder(&callback, shape->values);
	value = InputFunctionCall(&shape->input, copy, shape->input_parameter, -1);
	lancedb_pop_encoder(&callback);
	pfree(copy);
	return value;
}

static bool
is_integer(const LdbType *type)
{
	return type->kind >= LDB_TYPE_INT8 && type->kind <= LDB_TYPE_UINT64;
}

/* Here and not by the server's cast, so that the message names the column. */
static void
check_float_range(const JsonShape *shape, Datum number)
{
	bool is_real = shape->values->typid == FLOAT4OID;
	float8 value = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, number));

	if (isinf(value) || (is_real && fabs(value) > FLT_MAX))
		lancedb_encode_error(shape->values, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
							 "value out of range");
}

static Datum
number_datum(const JsonShape *shape, Numeric number)
{
	Datum value = NumericGetDatum(number);

	if (shape->values->typid == NUMERICOID)
		return value;
	check_float_range(shape, value);
	if (shape->values->typid == FLOAT4OID)
		return DirectFunctionCall1(numeric_float4, value);
	return DirectFunctionCall1(numeric_float8, value);
}

static void
add_scalar(JsonShape *shape, const JsonbValue *value, LdbBuilder *builder)
{
	LancedbEncoder *values = shape->values;
	Oid typid = values->typid;
	bool takes_numbers = typid == NUMERICOID || typid == FLOAT4OID || typid == FLOAT8OID;

	if (value->type == jbvBool && typid == BOOLOID)
		values->encode(values, BoolGetDatum(value->val.boolean), builder);
	else if (value->type == jbvNumeric && takes_numbers)
		values->encode(values, number_datum(shape, value->val.numeric), builder);
	else if (value->type == jbvString && typid != BOOLOID && !is_integer(values->type))
		values->encode(values, parse_scalar(shape, value->val.string.val, value->val.string.len),
					   builder);
	else if (typid == BOOLOID)
		lancedb_encode_error(values, ERRCODE_INVALID_PARAMETER_VALUE,
							 "value that is not a JSON boolean");
	else if (takes_numbers)
		lancedb_encode_error(values, ERRCODE_SQL_JSON_NUMBER_NOT_FOUND,
							 "value that is not a JSON number");
	else
		lancedb_encode_error(values, ERRCODE_SQL_JSON_SCALAR_REQUIRED,
							 "value that is not a JSON string");
}

static bool
has_field(const JsonShape *shape, const JsonbValue *key)
{
	for (int i = 0; i < shape->child_count; i++)
	{
		const char *name = shape->children[i].key;

		if (strlen(name) == (size_t) key->val.string.len &&
			memcmp(name, key->val.string.val, key->val.string.len) == 0)
			return true;
	}
	return false;
}

static const char *
field_names(const JsonShape *shape)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < shape->child_count; i++)
		appendStringInfo(&names, "%s%s", i == 0 ? "" : ", ", shape->children[i].key);
	return names.data;
}

static void
check_keys(const JsonShape *shape, JsonbContainer *object)
{
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue key;

	while ((token = JsonbIteratorNext(&iterator, &key, true)) != WJB_DONE)
	{
		if (token != WJB_KEY || has_field(shape, &key))
			continue;
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("key \"%.*s\" in column \"%s\" is not a field of its Lance struct",
							   key.val.string.len, key.val.string.val, shape->values->column),
						errdetail("Its fields are: %s.", field_names(shape))));
	}
}

static void
add_struct(JsonShape *shape, JsonbContainer *object, LdbBuilder *builder)
{
	uint32 found = 0;

	for (int i = 0; i < shape->child_count; i++)
	{
		JsonShape *child = &shape->children[i];
		JsonbValue space;
		JsonbValue missing = {.type = jbvNull};
		JsonbValue *value =
			getKeyJsonValueFromContainer(object, child->key, (int) strlen(child->key), &space);

		found += value != NULL;
		add_value(child, value == NULL ? &missing : value, ldb_builder_child(builder, (size_t) i));
	}
	if (found != JsonContainerSize(object))
		check_keys(shape, object);
	lancedb_close_row(builder);
}

static void
add_map(JsonShape *shape, JsonbContainer *object, LdbBuilder *builder)
{
	LdbBuilder *entries = ldb_builder_child(builder, 0);
	LancedbEncoder *keys = shape->children[0].values;
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue value;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			keys->encode(
				keys, parse_scalar(&shape->children[0], value.val.string.val, value.val.string.len),
				ldb_builder_child(entries, 0));
		if (token != WJB_VALUE)
			continue;
		add_value(&shape->children[1], &value, ldb_builder_child(entries, 1));
		lancedb_close_row(entries);
	}
	lancedb_close_row(builder);
}

static void
add_list(JsonShape *shape, JsonbContainer *array, LdbBuilder *builder)
{
	LdbBuilder *items = ldb_builder_child(builder, 0);
	const LdbType *type = shape->values->type;
	JsonbIterator *iterator = JsonbIteratorInit(array);
	JsonbIteratorToken token;
	JsonbValue value;

	if (type->kind == LDB_TYPE_FIXED_SIZE_LIST && JsonContainerSize(array) != (uint32) type->width)
		lancedb_encode_error(
			shape->values, ERRCODE_DATA_EXCEPTION,
			psprintf("expected %d dimensions, not %u,", type->width, JsonContainerSize(array)));
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_ELEM)
			add_value(&shape->children[0], &value, items);
	}
	lancedb_close_row(builder);
}

static void
add_nested(JsonShape *shape, const JsonbValue *value, LdbBuilder *builder)
{
	JsonbContainer *container = value->type == jbvBinary ? value->val.binary.data : NULL;
	LdbTypeKind kind = shape->values->type->kind;
	bool wants_object = kind == LDB_TYPE_STRUCT || kind == LDB_TYPE_MAP;

	check_stack_depth();
	if (wants_object && (container == NULL || !JsonContainerIsObject(container)))
		lancedb_encode_error(shape->values, ERRCODE_SQL_JSON_OBJECT_NOT_FOUND,
							 "value that is not a JSON object");
	if (!wants_object && (container == NULL || !JsonContainerIsArray(container)))
		lancedb_encode_error(shape->values, ERRCODE_SQL_JSON_ARRAY_NOT_FOUND,
							 "value that is not a JSON array");
	if (kind == LDB_TYPE_STRUCT)
		add_struct(shape, container, builder);
	else if (kind == LDB_TYPE_MAP)
		add_map(shape, container, builder);
	else
		add_list(shape, container, builder);
}

static void
add_value(JsonShape *shape, const JsonbValue *value, LdbBuilder *builder)
{
	if (value->type == jbvNull)
		lancedb_encode(shape->values, (Datum) 0, true, builder);
	else if (shape->child_count > 0 || lancedb_is_nested(shape->values->type->kind))
		add_nested(shape, value, builder);
	else if (shape->values->type->kind == LDB_TYPE_NULL)
		shape->values->encode(shape->values, (Datum) 0, builder);
	else
		add_scalar(shape, value, builder);
}

static void
nested_of_jsonb(LancedbEncoder *encoder, Datum datum, LdbBuilder *builder)
{
	Jsonb *jsonb = DatumGetJsonbP(datum);
	JsonbValue value = {.type = jbvBinary};

	if (!JsonbExtractScalar(&jsonb->root, &value))
	{
		value.type = jbvBinary;
		value.val.binary.data = &jsonb->root;
		value.val.binary.len = (int) (VARSIZE(jsonb) - VARHDRSZ);
	}
	add_value(encoder->json, &value, builder);
	if ((Pointer) jsonb != DatumGetPointer(datum))
		pfree(jsonb);
}

static void
nested_of_json(LancedbEncoder *encoder, Datum datum, LdbBuilder *builder)
{
	char *json = TextDatumGetCString(datum);
	ErrorContextCallback callback;
	Datum jsonb;

	lancedb_push_encoder(&callback, encoder);
	jsonb = DirectFunctionCall1(jsonb_in, CStringGetDatum(json));
	lancedb_pop_encoder(&callback);
	nested_of_jsonb(encoder, jsonb, builder);
}

static bool make_shape(JsonShape *shape, const LdbType *type, const LdbField *field,
					   const char *path);

static bool
make_fields(JsonShape *shape, const LdbField *field, const char *path)
{
	shape->child_count = (int) field->child_count;
	shape->children = palloc0(sizeof(JsonShape) * Max(field->child_count, 1));
	for (size_t i = 0; i < field->child_count; i++)
	{
		const LdbField *child = field->children[i];
		const char *key = lancedb_server_name(child->name);

		if (key == NULL ||
			!make_shape(&shape->children[i], &child->type, child, psprintf("%s.%s", path, key)))
			return false;
		shape->children[i].key = key;
	}
	return true;
}

static bool
make_parts(JsonShape *shape, const LdbField *field, const char *path)
{
	const LdbType *type = shape->values->type;
	const LdbField *item_field;
	const LdbType *item;
	LancedbEncoder *items;

	if (type->kind == LDB_TYPE_STRUCT)
		return field != NULL && make_fields(shape, field, path);
	if (type->kind == LDB_TYPE_MAP)
		return field != NULL && field->child_count == 1 && field->children[0]->child_count == 2 &&
			   make_fields(shape, field->children[0], path) &&
			   !lancedb_is_nested(shape->children[0].values->type->kind) &&
			   shape->children[0].values->type->kind != LDB_TYPE_NULL;
	item = lancedb_list_item(type, field, &item_field);
	if (item == NULL)
		return false;
	shape->child_count = 1;
	shape->children = palloc0(sizeof(JsonShape));
	if (!make_shape(shape->children, item, item_field, path))
		return false;
	items = shape->children->values;
	items->in_vector = type->kind == LDB_TYPE_FIXED_SIZE_LIST;
	items->nullable = items->nullable && !items->in_vector;
	return true;
}

static bool
make_shape(JsonShape *shape, const LdbType *type, const LdbField *field, const char *path)
{
	const LdbType *value = ldb_type_value(type);
	Oid typid = value->kind == LDB_TYPE_NULL ? TEXTOID : lancedb_json_scalar(value);
	Oid function;

	check_stack_depth();
	if (OidIsValid(typid))
	{
		shape->values = lancedb_encoder_of_type(value, NULL, path, typid, -1);
		if (shape->values == NULL)
			return false;
		getTypeInputInfo(typid, &function, &shape->input_parameter);
		fmgr_info(function, &shape->input);
	}
	else
	{
		shape->values = palloc0(sizeof(*shape->values));
		shape->values->type = value;
		shape->values->column = path;
	}
	shape->values->is_part = true;
	shape->values->nullable = field == NULL || field->nullable;
	return OidIsValid(typid) || make_parts(shape, field, path);
}

bool
lancedb_make_json_encoder(LancedbEncoder *encoder, const LdbField *field)
{
	encoder->json = palloc0(sizeof(JsonShape));
	encoder->encode = encoder->typid == JSONOID ? nested_of_json : nested_of_jsonb;
	if (!make_shape(encoder->json, encoder->type, field, encoder->column))
		return false;
	encoder->json->values->is_part = encoder->is_part;
	return true;
}
