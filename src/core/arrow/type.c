/* type.c -- parses and describes logical types. */
#include "ldb/arrow/type.h"

#include <inttypes.h>
#include <string.h>

/* Types nest only through fixed_size_list and dict; nothing real goes deeper than two. */
#define MAX_TYPE_DEPTH 8

/* A value wider than this cannot be stored by any file we read; it also keeps every product of
 * widths far from overflow. */
#define MAX_VALUE_BITS ((uint64_t) 1 << 36)

#define MAX_DECIMAL128_DIGITS 38
#define MAX_DECIMAL256_DIGITS 76

typedef struct NamedType
{
	const char *name;
	LdbTypeKind kind;
	LdbTimeUnit unit;
} NamedType;

static const NamedType plain_types[] = {
	{"null", LDB_TYPE_NULL, LDB_UNIT_NONE},
	{"bool", LDB_TYPE_BOOL, LDB_UNIT_NONE},
	{"int8", LDB_TYPE_INT8, LDB_UNIT_NONE},
	{"uint8", LDB_TYPE_UINT8, LDB_UNIT_NONE},
	{"int16", LDB_TYPE_INT16, LDB_UNIT_NONE},
	{"uint16", LDB_TYPE_UINT16, LDB_UNIT_NONE},
	{"int32", LDB_TYPE_INT32, LDB_UNIT_NONE},
	{"uint32", LDB_TYPE_UINT32, LDB_UNIT_NONE},
	{"int64", LDB_TYPE_INT64, LDB_UNIT_NONE},
	{"uint64", LDB_TYPE_UINT64, LDB_UNIT_NONE},
	{"halffloat", LDB_TYPE_HALF, LDB_UNIT_NONE},
	{"float", LDB_TYPE_FLOAT, LDB_UNIT_NONE},
	{"double", LDB_TYPE_DOUBLE, LDB_UNIT_NONE},
	{"string", LDB_TYPE_STRING, LDB_UNIT_NONE},
	{"large_string", LDB_TYPE_LARGE_STRING, LDB_UNIT_NONE},
	{"binary", LDB_TYPE_BINARY, LDB_UNIT_NONE},
	{"large_binary", LDB_TYPE_LARGE_BINARY, LDB_UNIT_NONE},
	/* JSON in its binary form, and blobs: both are bytes with 64-bit offsets */
	{"json", LDB_TYPE_LARGE_BINARY, LDB_UNIT_NONE},
	{"blob", LDB_TYPE_LARGE_BINARY, LDB_UNIT_NONE},
	{"date32:day", LDB_TYPE_DATE32, LDB_UNIT_NONE},
	{"date64:ms", LDB_TYPE_DATE64, LDB_UNIT_MS},
	{"time32:s", LDB_TYPE_TIME32, LDB_UNIT_S},
	{"time32:ms", LDB_TYPE_TIME32, LDB_UNIT_MS},
	{"time64:us", LDB_TYPE_TIME64, LDB_UNIT_US},
	{"time64:ns", LDB_TYPE_TIME64, LDB_UNIT_NS},
	{"duration:s", LDB_TYPE_DURATION, LDB_UNIT_S},
	{"duration:ms", LDB_TYPE_DURATION, LDB_UNIT_MS},
	{"duration:us", LDB_TYPE_DURATION, LDB_UNIT_US},
	{"duration:ns", LDB_TYPE_DURATION, LDB_UNIT_NS},
	{"struct", LDB_TYPE_STRUCT, LDB_UNIT_NONE},
	{"list", LDB_TYPE_LIST, LDB_UNIT_NONE},
	{"list.struct", LDB_TYPE_LIST, LDB_UNIT_NONE},
	{"large_list", LDB_TYPE_LARGE_LIST, LDB_UNIT_NONE},
	{"large_list.struct", LDB_TYPE_LARGE_LIST, LDB_UNIT_NONE},
	{"map", LDB_TYPE_MAP, LDB_UNIT_NONE},
};

static const char *const unit_names[] = {"", "s", "ms", "us", "ns"};

static const char *const kind_names[] = {
	[LDB_TYPE_NULL] = "null",
	[LDB_TYPE_BOOL] = "bool",
	[LDB_TYPE_INT8] = "int8",
	[LDB_TYPE_UINT8] = "uint8",
	[LDB_TYPE_INT16] = "int16",
	[LDB_TYPE_UINT16] = "uint16",
	[LDB_TYPE_INT32] = "int32",
	[LDB_TYPE_UINT32] = "uint32",
	[LDB_TYPE_INT64] = "int64",
	[LDB_TYPE_UINT64] = "uint64",
	[LDB_TYPE_HALF] = "half",
	[LDB_TYPE_FLOAT] = "float",
	[LDB_TYPE_DOUBLE] = "double",
	[LDB_TYPE_DECIMAL128] = "decimal128",
	[LDB_TYPE_DECIMAL256] = "decimal256",
	[LDB_TYPE_STRING] = "string",
	[LDB_TYPE_LARGE_STRING] = "large_string",
	[LDB_TYPE_BINARY] = "binary",
	[LDB_TYPE_LARGE_BINARY] = "large_binary",
	[LDB_TYPE_FIXED_BINARY] = "fixed_size_binary",
	[LDB_TYPE_DATE32] = "date32",
	[LDB_TYPE_DATE64] = "date64",
	[LDB_TYPE_TIME32] = "time32",
	[LDB_TYPE_TIME64] = "time64",
	[LDB_TYPE_TIMESTAMP] = "timestamp",
	[LDB_TYPE_DURATION] = "duration",
	[LDB_TYPE_DICTIONARY] = "dictionary",
	[LDB_TYPE_FIXED_SIZE_LIST] = "fixed_size_list",
	[LDB_TYPE_LIST] = "list",
	[LDB_TYPE_LARGE_LIST] = "large_list",
	[LDB_TYPE_STRUCT] = "struct",
	[LDB_TYPE_MAP] = "map",
};

static LdbStatus parse_type(LdbSlice text, int depth, LdbArena *arena, LdbType *type,
							LdbError *err);

static bool
text_equals(LdbSlice text, const char *word)
{
	return ldb_slice_equal(text, ldb_slice_of(word));
}

/* Takes a prefix off; false when the text does not start with it. */
static bool
skip_prefix(LdbSlice *text, const char *prefix)
{
	size_t length = strlen(prefix);

	if (text->length < length || memcmp(text->data, prefix, length) != 0)
		return false;
	text->data += length;
	text->length -= length;
	return true;
}

/* Splits at the last ':' into what is before and behind it. */
static bool
split_last(LdbSlice text, LdbSlice *before, LdbSlice *behind)
{
	for (size_t at = text.length; at > 0; at--)
	{
		if (text.data[at - 1] != ':')
			continue;
		*before = ldb_slice(text.data, at - 1);
		*behind = ldb_slice(text.data + at, text.length - at);
		return true;
	}
	return false;
}

/* Decimal digits with an optional minus, within [lowest, highest]. */
static bool
parse_number(LdbSlice text, int64_t lowest, int64_t highest, int32_t *number)
{
	bool negative = skip_prefix(&text, "-");
	int64_t value = 0;

	if (text.length == 0 || text.length > 10)
		return false;
	for (size_t i = 0; i < text.length; i++)
	{
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		value = value * 10 + (text.data[i] - '0');
	}
	value = negative ? -value : value;
	if (value < lowest || value > highest)
		return false;
	*number = (int32_t) value;
	return true;
}

static int
shown(LdbSlice text)
{
	return text.length > 100 ? 100 : (int) text.length;
}

#define UNKNOWN_TYPE(text, err)                                                         \
	LDB_FAIL((err), LDB_UNSUPPORTED, "logical type \"%.*s\" is not known", shown(text), \
			 (const char *) (text).data)
#define BAD_TYPE(text, err)                                                                 \
	LDB_FAIL((err), LDB_CORRUPT, "logical type \"%.*s\" has a number that is out of range", \
			 shown(text), (const char *) (text).data)

/* "us:Europe/Berlin", "ms:-", "s:+05:30" */
static LdbStatus
parse_timestamp(LdbSlice text, LdbArena *arena, LdbType *type, LdbError *err)
{
	static const struct
	{
		const char *prefix;
		LdbTimeUnit unit;
	} units[] = {
		{"s:", LDB_UNIT_S}, {"ms:", LDB_UNIT_MS}, {"us:", LDB_UNIT_US}, {"ns:", LDB_UNIT_NS}};
	LdbSlice rest = text;

	type->kind = LDB_TYPE_TIMESTAMP;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
	{
		if (!skip_prefix(&rest, units[i].prefix))
			continue;
		type->unit = units[i].unit;
		if (rest.length == 0 || text_equals(rest, "-"))
			return LDB_OK;
		type->timezone = ldb_arena_strndup(arena, (const char *) rest.data, rest.length);
		if (type->timezone == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for a time zone of %zu bytes", rest.length);
		return LDB_OK;
	}
	LDB_FAIL(err, LDB_UNSUPPORTED, "logical type \"timestamp:%.*s\" has a unit that is not known",
			 shown(text), (const char *) text.data);
}

/* "128:38:10" */
static LdbStatus
parse_decimal(LdbSlice text, LdbType *type, LdbError *err)
{
	LdbSlice rest = text;
	LdbSlice precision;
	LdbSlice scale;
	int most = MAX_DECIMAL128_DIGITS;

	type->kind = LDB_TYPE_DECIMAL128;
	if (!skip_prefix(&rest, "128:"))
	{
		if (!skip_prefix(&rest, "256:"))
			LDB_FAIL(err, LDB_UNSUPPORTED, "logical type \"decimal:%.*s\" is not known",
					 shown(text), (const char *) text.data);
		type->kind = LDB_TYPE_DECIMAL256;
		most = MAX_DECIMAL256_DIGITS;
	}
	if (!split_last(rest, &precision, &scale) ||
		!parse_number(precision, 1, most, &type->precision) ||
		!parse_number(scale, -most, most, &type->scale))
		BAD_TYPE(text, err);
	return LDB_OK;
}

/* "float:128"; the item may hold colons itself */
static LdbStatus
parse_fixed_size_list(LdbSlice text, int depth, LdbArena *arena, LdbType *type, LdbError *err)
{
	LdbSlice item_text;
	LdbSlice width;
	LdbType *item;
	uint64_t item_bits;

	if (!split_last(text, &item_text, &width) || !parse_number(width, 1, INT32_MAX, &type->width))
		BAD_TYPE(text, err);
	LDB_NEW(arena, item, 1, err);
	LDB_TRY(parse_type(item_text, depth + 1, arena, item, err));
	item_bits = ldb_type_bits(item);
	if (item_bits == 0 || item->kind == LDB_TYPE_DICTIONARY)
		LDB_FAIL(err, LDB_UNSUPPORTED, "a fixed-size list of \"%.*s\" is not supported",
				 shown(item_text), (const char *) item_text.data);
	if (item_bits > MAX_VALUE_BITS / (uint64_t) type->width)
		BAD_TYPE(text, err);
	type->kind = LDB_TYPE_FIXED_SIZE_LIST;
	type->item = item;
	return LDB_OK;
}

static bool
is_integer(LdbTypeKind kind)
{
	return kind >= LDB_TYPE_INT8 && kind <= LDB_TYPE_UINT64;
}

/* "string:int32:false": value, key, whether the dictionary is ordered */
static LdbStatus
parse_dictionary(LdbSlice text, int depth, LdbArena *arena, LdbType *type, LdbError *err)
{
	LdbSlice value_and_key;
	LdbSlice ordered;
	LdbSlice value_text;
	LdbSlice key_text;
	LdbType *value;
	LdbType *key;

	if (!split_last(text, &value_and_key, &ordered) ||
		!split_last(value_and_key, &value_text, &key_text))
		BAD_TYPE(text, err);
	LDB_NEW(arena, value, 1, err);
	LDB_NEW(arena, key, 1, err);
	LDB_TRY(parse_type(value_text, depth + 1, arena, value, err));
	LDB_TRY(parse_type(key_text, depth + 1, arena, key, err));
	if (!is_integer(key->kind) ||
		(ldb_type_bits(value) == 0 && !ldb_type_is_variable(value->kind)) ||
		value->kind == LDB_TYPE_DICTIONARY)
		LDB_FAIL(err, LDB_UNSUPPORTED, "a dictionary of \"%.*s\" is not supported", shown(text),
				 (const char *) text.data);
	type->kind = LDB_TYPE_DICTIONARY;
	type->item = value;
	type->index = key;
	return LDB_OK;
}

static LdbStatus
parse_type(LdbSlice text, int depth, LdbArena *arena, LdbType *type, LdbError *err)
{
	LdbSlice rest = text;

	if (depth > MAX_TYPE_DEPTH)
		LDB_FAIL(err, LDB_UNSUPPORTED, "logical type \"%.*s\" nests more than %d types",
				 shown(text), (const char *) text.data, MAX_TYPE_DEPTH);
	memset(type, 0, sizeof *type);
	for (size_t i = 0; i < sizeof plain_types / sizeof *plain_types; i++)
	{
		if (!text_equals(text, plain_types[i].name))
			continue;
		type->kind = plain_types[i].kind;
		type->unit = plain_types[i].unit;
		return LDB_OK;
	}
	if (skip_prefix(&rest, "timestamp:"))
		return parse_timestamp(rest, arena, type, err);
	if (skip_prefix(&rest, "decimal:"))
		return parse_decimal(rest, type, err);
	if (skip_prefix(&rest, "fixed_size_list:"))
		return parse_fixed_size_list(rest, depth, arena, type, err);
	if (skip_prefix(&rest, "dict:"))
		return parse_dictionary(rest, depth, arena, type, err);
	if (skip_prefix(&rest, "fixed_size_binary:"))
	{
		type->kind = LDB_TYPE_FIXED_BINARY;
		if (!parse_number(rest, 1, INT32_MAX, &type->width))
			BAD_TYPE(text, err);
		return LDB_OK;
	}
	UNKNOWN_TYPE(text, err);
}

LdbStatus
ldb_type_parse(const char *logical_type, LdbArena *arena, LdbType *type, LdbError *err)
{
	if (logical_type == NULL)
		LDB_FAIL(err, LDB_CORRUPT, "a field has no logical type");
	return parse_type(ldb_slice_of(logical_type), 0, arena, type, err);
}

uint64_t
ldb_type_bits(const LdbType *type)
{
	switch (type->kind)
	{
		case LDB_TYPE_BOOL:
			return 1;
		case LDB_TYPE_INT8:
		case LDB_TYPE_UINT8:
			return 8;
		case LDB_TYPE_INT16:
		case LDB_TYPE_UINT16:
		case LDB_TYPE_HALF:
			return 16;
		case LDB_TYPE_INT32:
		case LDB_TYPE_UINT32:
		case LDB_TYPE_FLOAT:
		case LDB_TYPE_DATE32:
		case LDB_TYPE_TIME32:
			return 32;
		case LDB_TYPE_INT64:
		case LDB_TYPE_UINT64:
		case LDB_TYPE_DOUBLE:
		case LDB_TYPE_DATE64:
		case LDB_TYPE_TIME64:
		case LDB_TYPE_TIMESTAMP:
		case LDB_TYPE_DURATION:
			return 64;
		case LDB_TYPE_DECIMAL128:
			return 128;
		case LDB_TYPE_DECIMAL256:
			return 256;
		case LDB_TYPE_FIXED_BINARY:
			return (uint64_t) type->width * 8;
		case LDB_TYPE_FIXED_SIZE_LIST:
			return ldb_type_bits(type->item) * (uint64_t) type->width;
		case LDB_TYPE_DICTIONARY:
			return ldb_type_bits(type->item);
		case LDB_TYPE_NULL:
		case LDB_TYPE_STRING:
		case LDB_TYPE_LARGE_STRING:
		case LDB_TYPE_BINARY:
		case LDB_TYPE_LARGE_BINARY:
		case LDB_TYPE_LIST:
		case LDB_TYPE_LARGE_LIST:
		case LDB_TYPE_STRUCT:
		case LDB_TYPE_MAP:
			return 0;
	}
	return 0;
}

const LdbType *
ldb_type_value(const LdbType *type)
{
	return type->kind == LDB_TYPE_DICTIONARY ? type->item : type;
}

static LdbStatus
copy_below(const LdbType *type, LdbArena *arena, const LdbType **copy, LdbError *err)
{
	LdbType *made;

	if (type == NULL)
		return LDB_OK;
	LDB_NEW(arena, made, 1, err);
	*copy = made;
	return ldb_type_copy(type, arena, made, err);
}

LdbStatus
ldb_type_copy(const LdbType *type, LdbArena *arena, LdbType *copy, LdbError *err)
{
	*copy = *type;
	if (type->timezone != NULL)
	{
		copy->timezone = ldb_arena_strdup(arena, type->timezone);
		if (copy->timezone == NULL)
			LDB_FAIL(err, LDB_NOMEM, "out of memory for a type");
	}
	LDB_TRY(copy_below(type->item, arena, &copy->item, err));
	return copy_below(type->index, arena, &copy->index, err);
}

const char *
ldb_type_name(const LdbType *type, LdbArena *arena)
{
	const char *kind = kind_names[type->kind];
	const char *unit = unit_names[type->unit];
	const char *name = kind;

	switch (type->kind)
	{
		case LDB_TYPE_DECIMAL128:
		case LDB_TYPE_DECIMAL256:
			name = ldb_arena_printf(arena, "%s(%" PRId32 ", %" PRId32 ")", kind, type->precision,
									type->scale);
			break;
		case LDB_TYPE_FIXED_BINARY:
			name = ldb_arena_printf(arena, "%s[%" PRId32 "]", kind, type->width);
			break;
		case LDB_TYPE_TIME32:
		case LDB_TYPE_TIME64:
		case LDB_TYPE_DURATION:
			name = ldb_arena_printf(arena, "%s[%s]", kind, unit);
			break;
		case LDB_TYPE_TIMESTAMP:
			name = ldb_arena_printf(arena, "%s[%s%s%s]", kind, unit,
									type->timezone == NULL ? "" : ", ",
									type->timezone == NULL ? "" : type->timezone);
			break;
		case LDB_TYPE_FIXED_SIZE_LIST:
			name = ldb_arena_printf(arena, "%s<%s, %" PRId32 ">", kind,
									ldb_type_name(type->item, arena), type->width);
			break;
		case LDB_TYPE_DICTIONARY:
			name = ldb_arena_printf(arena, "%s<%s, %s>", kind, ldb_type_name(type->index, arena),
									ldb_type_name(type->item, arena));
			break;
		default:
			break;
	}
	return name == NULL ? kind : name;
}

bool
ldb_type_is_variable(LdbTypeKind kind)
{
	return kind == LDB_TYPE_STRING || kind == LDB_TYPE_LARGE_STRING || kind == LDB_TYPE_BINARY ||
		   kind == LDB_TYPE_LARGE_BINARY;
}

bool
ldb_type_is_list(LdbTypeKind kind)
{
	return kind == LDB_TYPE_LIST || kind == LDB_TYPE_LARGE_LIST || kind == LDB_TYPE_MAP;
}

size_t
ldb_field_count(const LdbField *field)
{
	size_t count = 1;

	for (size_t i = 0; i < field->child_count; i++)
		count += ldb_field_count(field->children[i]);
	return count;
}

static LdbField *
find_field(LdbField *const *fields, size_t count, int32_t id)
{
	for (size_t i = 0; i < count; i++)
	{
		LdbField *found = fields[i]->id == id
							  ? fields[i]
							  : find_field(fields[i]->children, fields[i]->child_count, id);

		if (found != NULL)
			return found;
	}
	return NULL;
}

LdbField *
ldb_schema_find(const LdbSchema *schema, int32_t id)
{
	return find_field(schema->fields, schema->field_count, id);
}

long
ldb_schema_index(const LdbSchema *schema, const char *name)
{
	for (size_t i = 0; i < schema->field_count; i++)
	{
		if (strcmp(schema->fields[i]->name, name) == 0)
			return (long) i;
	}
	return -1;
}
