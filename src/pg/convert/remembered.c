/* remembered.c -- PostgreSQL types in the metadata of Lance fields. */
#include "convert/remembered.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "convert/vectors.h"

/*
 * type = word [ "(" number [ "," number ] ")" ] [ "[]" ]
 * word = a name below, "vector", "halfvec", or: enum "schema"."name"
 */
#define MAX_TYPE_TEXT 512
#define MAX_NUMBERS 2
#define ENUM_WORD "enum "

typedef struct TypeWord
{
	const char *word;
	Oid typid;
	int most_numbers;
} TypeWord;

static const TypeWord words[] = {
	{"bool", BOOLOID, 0},           {"int2", INT2OID, 0},
	{"int4", INT4OID, 0},           {"int8", INT8OID, 0},
	{"float4", FLOAT4OID, 0},       {"float8", FLOAT8OID, 0},
	{"numeric", NUMERICOID, 2},     {"text", TEXTOID, 0},
	{"varchar", VARCHAROID, 1},     {"char", BPCHAROID, 1},
	{"bytea", BYTEAOID, 0},         {"uuid", UUIDOID, 0},
	{"json", JSONOID, 0},           {"jsonb", JSONBOID, 0},
	{"date", DATEOID, 0},           {"time", TIMEOID, 1},
	{"timestamp", TIMESTAMPOID, 1}, {"timestamptz", TIMESTAMPTZOID, 1},
	{"interval", INTERVALOID, 0},
};

/* ---- writing ---- */

static const char *
enum_word(Oid typid)
{
	HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(typid));
	Form_pg_type type;
	StringInfoData word;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	type = (Form_pg_type) GETSTRUCT(tuple);
	initStringInfo(&word);
	appendStringInfo(
		&word, ENUM_WORD "%s",
		quote_qualified_identifier(get_namespace_name(type->typnamespace), NameStr(type->typname)));
	ReleaseSysCache(tuple);
	return pg_server_to_any(word.data, word.len, PG_UTF8);
}

static const char *
word_of(Oid typid)
{
	const char *name;

	for (int i = 0; i < lengthof(words); i++)
	{
		if (words[i].typid == typid)
			return words[i].word;
	}
	if (type_is_enum(typid))
		return enum_word(typid);
	name = lancedb_pgvector_type_name(typid);
	return strcmp(name, "vector") == 0 || strcmp(name, "halfvec") == 0 ? name : NULL;
}

static const char *
numbers_of(Oid typid, int32 typmod)
{
	if (typmod < 0)
		return "";
	if (typid == NUMERICOID)
	{
		int32 packed = typmod - (int32) VARHDRSZ;

		/* eleven bits with a sign */
		return psprintf("(%d,%d)", (packed >> 16) & 0xffff, ((packed & 0x7ff) ^ 1024) - 1024);
	}
	if (typid == VARCHAROID || typid == BPCHAROID)
		return psprintf("(%d)", typmod - (int32) VARHDRSZ);
	return psprintf("(%d)", typmod);
}

const char *
lancedb_describe_type(Oid typid, int32 typmod)
{
	Oid element = get_element_type(typid);
	Oid base = getBaseTypeAndTypmod(OidIsValid(element) ? element : typid, &typmod);
	const char *word = word_of(base);

	if (word == NULL)
		return NULL;
	return psprintf("%s%s%s", word, numbers_of(base, typmod), OidIsValid(element) ? "[]" : "");
}

/* ---- reading ---- */

typedef struct TypeText
{
	char *word;
	int numbers[MAX_NUMBERS];
	int number_count;
	bool is_array;
} TypeText;

/* "20)", "10,-2)": moves behind the parenthesis. */
static bool
parse_numbers(char **at, TypeText *type)
{
	for (;;)
	{
		bool negative = **at == '-';
		char *digits = *at + negative;
		size_t count = strspn(digits, "0123456789");

		if (type->number_count == MAX_NUMBERS || count == 0 || count > 8)
			return false;
		type->numbers[type->number_count] = (int) strtol(digits, NULL, 10) * (negative ? -1 : 1);
		type->number_count++;
		*at = digits + count;
		if (*(*at)++ == ',')
			continue;
		return (*at)[-1] == ')';
	}
}

/* Takes the text apart, from behind because a quoted name may hold anything. */
static bool
parse_type(char *text, TypeText *type)
{
	size_t length = strlen(text);
	char *open;
	char *at;

	memset(type, 0, sizeof(*type));
	type->word = text;
	if (length > 2 && strcmp(text + length - 2, "[]") == 0)
	{
		type->is_array = true;
		length -= 2;
		text[length] = '\0';
	}
	if (length == 0 || text[length - 1] != ')' || strncmp(text, ENUM_WORD, strlen(ENUM_WORD)) == 0)
		return true;
	open = strchr(text, '(');
	if (open == NULL)
		return false;
	*open = '\0';
	at = open + 1;
	return parse_numbers(&at, type) && *at == '\0';
}

static Oid
find_enum(char *name)
{
	List *parts;
	Oid namespace;
	Oid typid;

	if (!SplitIdentifierString(name, '.', &parts) || list_length(parts) != 2)
		return InvalidOid;
	namespace = get_namespace_oid(linitial(parts), true);
	if (!OidIsValid(namespace))
		return InvalidOid;
	typid = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(lsecond(parts)),
							ObjectIdGetDatum(namespace));
	if (!OidIsValid(typid) || !type_is_enum(typid) || !lancedb_may_use_schema(namespace) ||
		!lancedb_may_use_type(typid))
		return InvalidOid;
	return typid;
}

/* pgvector's types may be in any schema. */
static Oid
find_pgvector(const char *name)
{
	CatCList *list = SearchSysCacheList1(TYPENAMENSP, CStringGetDatum(name));
	Oid found = InvalidOid;

	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_type type = (Form_pg_type) GETSTRUCT(&list->members[i]->tuple);

		if (strcmp(lancedb_pgvector_type_name(type->oid), name) == 0 &&
			lancedb_may_use_type(type->oid))
			found = type->oid;
	}
	ReleaseSysCacheList(list);
	return found;
}

static Oid
find_word(char *word, int *most_numbers)
{
	*most_numbers = 0;
	for (int i = 0; i < lengthof(words); i++)
	{
		if (strcmp(words[i].word, word) != 0)
			continue;
		*most_numbers = words[i].most_numbers;
		return words[i].typid;
	}
	if (strncmp(word, ENUM_WORD, strlen(ENUM_WORD)) == 0)
		return find_enum(word + strlen(ENUM_WORD));
	if (strcmp(word, "vector") == 0 || strcmp(word, "halfvec") == 0)
	{
		*most_numbers = 1;
		return find_pgvector(word);
	}
	return InvalidOid;
}

/* Only what the type's own syntax allows: a typmod is trusted by the functions that get it. */
static bool
make_typmod(Oid typid, const TypeText *type, int32 *typmod)
{
	int first = type->numbers[0];
	int second = type->number_count > 1 ? type->numbers[1] : 0;

	*typmod = -1;
	if (type->number_count == 0)
		return true;
	switch (typid)
	{
		case NUMERICOID:
			*typmod = (int32) ((((uint32) first << 16) | ((uint32) second & 0x7ff)) + VARHDRSZ);
			return first >= 1 && first <= NUMERIC_MAX_PRECISION &&
				   second >= -NUMERIC_MAX_PRECISION && second <= NUMERIC_MAX_PRECISION;
		case VARCHAROID:
		case BPCHAROID:
			*typmod = first + (int32) VARHDRSZ;
			return first >= 1 && first <= MaxAttrSize;
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			*typmod = first;
			return first >= 0 && first <= MAX_TIMESTAMP_PRECISION;
		default: /* pgvector's */
			*typmod = first;
			return first >= 1 && first <= LANCEDB_VECTOR_MAX_DIMENSION;
	}
}

static char *
metadata_text(const LdbField *field)
{
	for (size_t i = 0; i < field->metadata_count; i++)
	{
		const LdbSlice *value = &field->metadata_values[i];

		if (strcmp(field->metadata_keys[i], LANCEDB_TYPE_KEY) != 0)
			continue;
		if (value->length == 0 || value->length > MAX_TYPE_TEXT ||
			memchr(value->data, '\0', value->length) != NULL)
			return NULL;
		return lancedb_server_name(pnstrdup((const char *) value->data, value->length));
	}
	return NULL;
}

bool
lancedb_remembered_type(const LdbField *field, Oid *typid, int32 *typmod)
{
	char *text = metadata_text(field);
	TypeText type;
	int most_numbers;

	if (text == NULL || !parse_type(text, &type))
		return false;
	*typid = find_word(type.word, &most_numbers);
	if (!OidIsValid(*typid) || type.number_count > most_numbers ||
		!make_typmod(*typid, &type, typmod))
		return false;
	if (type.is_array)
		*typid = get_array_type(*typid);
	return OidIsValid(*typid);
}
