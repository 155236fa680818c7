/* json.c -- structs, maps and nested lists as jsonb and json. */
#include "convert/convert_impl.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

/*
 * What becomes of one type of the tree. JSON has fewer types than Lance: integers and finite
 * floats are numbers, everything else that is no text, boolean, list or object is a string.
 */
struct JsonNode
{
	const LdbType *type;      /* borrowed from the manifest */
	char *key;                /* of a struct's field; in the database's encoding */
	LancedbConverter *scalar; /* NULL for lists, structs, maps and null */
	int child_count;
	JsonNode *children; /* list: item; map: key and value; struct: fields */
};

typedef struct JsonWalk
{
	LancedbConverter *converter;
	JsonbParseState *state;
	JsonbValue *result;
} JsonWalk;

static void push_node(JsonWalk *walk, const JsonNode *node, const LdbArray *array, size_t row,
					  JsonbIteratorToken token);

static void
push(JsonWalk *walk, JsonbIteratorToken token, JsonbValue *value)
{
	walk->result = pushJsonbValue(&walk->state, token, value);
}

static void
set_string(JsonbValue *value, char *text)
{
	value->type = jbvString;
	value->val.string.val = text;
	value->val.string.len = (int) strlen(text);
}

static void
set_number(JsonbValue *value, const char *digits)
{
	value->type = jbvNumeric;
	value->val.numeric = DatumGetNumeric(DirectFunctionCall3(
		numeric_in, CStringGetDatum(digits), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

static char *
float_text(Oid typid, Datum datum)
{
	double number = typid == FLOAT4OID ? DatumGetFloat4(datum) : DatumGetFloat8(datum);
	char *text = palloc(DOUBLE_SHORTEST_DECIMAL_LEN);

	if (isnan(number))
		return pstrdup("NaN");
	if (isinf(number))
		return pstrdup(number > 0 ? "Infinity" : "-Infinity");
	if (typid == FLOAT4OID)
		float_to_shortest_decimal_buf(DatumGetFloat4(datum), text);
	else
		double_to_shortest_decimal_buf(number, text);
	return text;
}

static char *
bytea_text(Datum datum)
{
	bytea *bytes = DatumGetByteaPP(datum);
	size_t length = VARSIZE_ANY_EXHDR(bytes);
	char *text = palloc(2 * length + 3);

	text[0] = '\\';
	text[1] = 'x';
	hex_encode(VARDATA_ANY(bytes), length, text + 2);
	text[2 * length + 2] = '\0';
	return text;
}

static char *
date_time_text(Oid typid, Datum datum)
{
	/* UTC, so that a value does not change with the session that reads it */
	const int utc = 0;

	return JsonEncodeDateTime(palloc(MAXDATELEN + 1), datum, typid,
							  typid == TIMESTAMPTZOID ? &utc : NULL);
}

static void
set_scalar(JsonbValue *value, const JsonNode *node, Datum datum)
{
	Oid typid = node->scalar->typid;

	switch (typid)
	{
		case BOOLOID:
			value->type = jbvBool;
			value->val.boolean = DatumGetBool(datum);
			break;
		case FLOAT4OID:
		case FLOAT8OID:
		{
			char *text = float_text(typid, datum);

			if (strpbrk(text, "NI") != NULL)
				set_string(value, text);
			else
				set_number(value, text);
			break;
		}
		case NUMERICOID:
			if (node->type->kind == LDB_TYPE_DECIMAL128 || node->type->kind == LDB_TYPE_DECIMAL256)
				set_string(value, DatumGetCString(DirectFunctionCall1(numeric_out, datum)));
			else
			{
				value->type = jbvNumeric;
				value->val.numeric = DatumGetNumeric(datum);
			}
			break;
		case TEXTOID:
			set_string(value, TextDatumGetCString(datum));
			break;
		case BYTEAOID:
			set_string(value, bytea_text(datum));
			break;
		case INTERVALOID:
			set_string(value, DatumGetCString(DirectFunctionCall1(interval_out, datum)));
			break;
		default:
			set_string(value, date_time_text(typid, datum));
			break;
	}
}

static void
push_list(JsonWalk *walk, const JsonNode *node, const LdbArray *array, size_t row)
{
	size_t first;
	size_t count = lancedb_list_range(array, row, &first);

	push(walk, WJB_BEGIN_ARRAY, NULL);
	for (size_t i = 0; i < count; i++)
		push_node(walk, &node->children[0], &array->children[0], first + i, WJB_ELEM);
	push(walk, WJB_END_ARRAY, NULL);
}

static void
push_struct(JsonWalk *walk, const JsonNode *node, const LdbArray *array, size_t row)
{
	push(walk, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < node->child_count; i++)
	{
		JsonbValue key;

		set_string(&key, node->children[i].key);
		push(walk, WJB_KEY, &key);
		push_node(walk, &node->children[i], &array->children[i], row, WJB_VALUE);
	}
	push(walk, WJB_END_OBJECT, NULL);
}

/* Keys of JSON are strings; other scalars are written as they would look as values. */
static void
push_map_key(JsonWalk *walk, const JsonNode *node, const LdbArray *array, size_t row)
{
	JsonbValue key;
	bool isnull = true;
	Datum datum = (Datum) 0;

	if (node->scalar != NULL)
		datum = lancedb_convert(node->scalar, array, row, walk->converter->row_address, &isnull);
	if (isnull)
		lancedb_value_error(walk->converter, ERRCODE_NULL_VALUE_NOT_ALLOWED, "map with NULL key");
	set_scalar(&key, node, datum);
	if (key.type == jbvBool)
		set_string(&key, pstrdup(key.val.boolean ? "true" : "false"));
	else if (key.type == jbvNumeric)
		set_string(&key, DatumGetCString(
							 DirectFunctionCall1(numeric_out, NumericGetDatum(key.val.numeric))));
	push(walk, WJB_KEY, &key);
}

static void
push_map(JsonWalk *walk, const JsonNode *node, const LdbArray *array, size_t row)
{
	const LdbArray *entries = &array->children[0];
	size_t first;
	size_t count = lancedb_list_range(array, row, &first);

	push(walk, WJB_BEGIN_OBJECT, NULL);
	for (size_t i = first; i < first + count; i++)
	{
		push_map_key(walk, &node->children[0], &entries->children[0], i);
		push_node(walk, &node->children[1], &entries->children[1], i, WJB_VALUE);
	}
	push(walk, WJB_END_OBJECT, NULL);
}

static void
push_node(JsonWalk *walk, const JsonNode *node, const LdbArray *array, size_t row,
		  JsonbIteratorToken token)
{
	JsonbValue value;
	bool isnull;
	Datum datum;

	value.type = jbvNull;
	if (node->type->kind == LDB_TYPE_NULL || ldb_array_is_null(array, row))
		push(walk, token, &value);
	else if (node->scalar != NULL)
	{
		datum = lancedb_convert(node->scalar, array, row, walk->converter->row_address, &isnull);
		set_scalar(&value, node, datum);
		push(walk, token, &value);
	}
	else if (node->type->kind == LDB_TYPE_STRUCT)
		push_struct(walk, node, array, row);
	else if (node->type->kind == LDB_TYPE_MAP)
		push_map(walk, node, array, row);
	else
		push_list(walk, node, array, row);
}

static Datum
jsonb_of_nested(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	JsonWalk walk = {.converter = converter};

	push_node(&walk, converter->json, array, row, WJB_VALUE);
	return JsonbPGetDatum(JsonbValueToJsonb(walk.result));
}

static Datum
json_of_nested(LancedbConverter *converter, const LdbArray *array, size_t row)
{
	Jsonb *value = DatumGetJsonbP(jsonb_of_nested(converter, array, row));

	return CStringGetTextDatum(
		JsonbToCString(NULL, &value->root, (int) (VARSIZE(value) - VARHDRSZ)));
}

static bool make_node(JsonNode *node, const LdbType *type, const LdbField *field,
					  const char *column);

static bool
make_struct_children(JsonNode *node, const LdbField *field, const char *column)
{
	node->child_count = (int) field->child_count;
	node->children = palloc0(sizeof(JsonNode) * Max(field->child_count, 1));
	for (size_t i = 0; i < field->child_count; i++)
	{
		const LdbField *child = field->children[i];

		if (!make_node(&node->children[i], &child->type, child, column))
			return false;
		node->children[i].key = lancedb_server_name(child->name);
		if (node->children[i].key == NULL)
			return false;
	}
	return true;
}

/* Lists by their item, maps by the fields of their entries. */
static bool
make_children(JsonNode *node, const LdbField *field, const char *column)
{
	const LdbField *item_field;
	const LdbType *item;

	if (node->type->kind == LDB_TYPE_STRUCT)
		return field != NULL && make_struct_children(node, field, column);
	if (node->type->kind == LDB_TYPE_MAP)
		return field != NULL && field->child_count == 1 && field->children[0]->child_count == 2 &&
			   make_struct_children(node, field->children[0], column);
	item = lancedb_list_item(node->type, field, &item_field);
	if (item == NULL)
		return false;
	node->child_count = 1;
	node->children = palloc0(sizeof(JsonNode));
	return make_node(&node->children[0], item, item_field, column);
}

Oid
lancedb_json_scalar(const LdbType *type)
{
	switch (type->kind)
	{
		case LDB_TYPE_INT8:
		case LDB_TYPE_UINT8:
		case LDB_TYPE_INT16:
		case LDB_TYPE_UINT16:
		case LDB_TYPE_INT32:
		case LDB_TYPE_UINT32:
		case LDB_TYPE_INT64:
			return NUMERICOID;
		default:
			return lancedb_default_scalar(type);
	}
}

static bool
make_node(JsonNode *node, const LdbType *type, const LdbField *field, const char *column)
{
	Oid typid;

	check_stack_depth();
	node->type = ldb_type_value(type);
	if (node->type->kind == LDB_TYPE_NULL)
		return true;
	typid = lancedb_json_scalar(node->type);
	if (!OidIsValid(typid))
		return make_children(node, field, column);
	node->scalar = lancedb_converter_of_type(node->type, NULL, column, typid, -1);
	return node->scalar != NULL;
}

bool
lancedb_make_json_converter(LancedbConverter *converter, const LdbField *field)
{
	converter->json = palloc0(sizeof(JsonNode));
	converter->convert = converter->typid == JSONOID ? json_of_nested : jsonb_of_nested;
	return make_node(converter->json, converter->type, field, converter->column);
}
