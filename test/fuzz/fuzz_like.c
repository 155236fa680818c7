/* fuzz_like.c -- input: a LIKE pattern and texts; the filter agrees with a matcher that is plain. */
#include "fuzz.h"
#include "ldb/query/expr.h"

#define MOST_TEXTS 8

/* One character of UTF-8; a byte that starts none is one by itself. */
static size_t
character(LdbSlice text)
{
	size_t length = 1;

	while (length < text.length && (text.data[length] & 0xc0) == 0x80)
		length++;
	return length;
}

static LdbSlice
behind(LdbSlice text, size_t bytes)
{
	return ldb_slice(text.data + bytes, text.length - bytes);
}

/* Recursive and exponential: inputs are short. */
static bool
matches(LdbSlice pattern, LdbSlice text)
{
	if (pattern.length == 0)
		return text.length == 0;
	if (pattern.data[0] == '%')
	{
		for (size_t skip = 0;; skip += character(behind(text, skip)))
		{
			if (matches(behind(pattern, 1), behind(text, skip)))
				return true;
			if (skip == text.length)
				return false;
		}
	}
	if (text.length == 0)
		return false;
	if (pattern.data[0] == '_')
		return matches(behind(pattern, 1), behind(text, character(text)));
	if (pattern.data[0] == '\\' && pattern.length > 1)
		pattern = behind(pattern, 1);
	return pattern.data[0] == text.data[0] && matches(behind(pattern, 1), behind(text, 1));
}

/* Letters of a small alphabet, so that patterns often match. */
static LdbSlice
take_text(LdbSlice *input, size_t most, const char *alphabet, LdbArena *arena)
{
	size_t length = (size_t) fuzz_take(input, 1) % (most + 1);
	uint8_t *text = ldb_arena_alloc(arena, 2 * length + 1);
	size_t written = 0;

	for (size_t i = 0; i < length; i++)
	{
		char letter = alphabet[fuzz_take(input, 1) % strlen(alphabet)];

		if (letter == 'u')
			text[written++] = 0xc3; /* the first byte of two */
		text[written++] = letter == 'u' ? 0xa4 : (uint8_t) letter;
	}
	return ldb_slice(text, written);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const LdbType type = {.kind = LDB_TYPE_STRING};
	const LdbType *types[1] = {&type};
	LdbSlice input = ldb_slice(data, size);
	LdbArena *arena = fuzz_arena();
	LdbSlice texts[MOST_TEXTS];
	LdbScalar pattern = {.text = take_text(&input, 10, "ab%_%\\u", arena)};
	LdbExpr expr = {.kind = LDB_EXPR_LIKE, .domain = LDB_DOMAIN_TEXT, .value_count = 1};
	LdbArray column = {.type = &type, .length = MOST_TEXTS, .views = texts};
	LdbBatch batch = {.row_count = MOST_TEXTS, .column_count = 1, .columns = &column};
	uint32_t kept[MOST_TEXTS];
	size_t kept_count;
	size_t at = 0;
	LdbFilter *filter;
	LdbError err = {0};
	LdbStatus status;

	expr.values = &pattern;
	batch.arena = arena;
	for (size_t i = 0; i < MOST_TEXTS; i++)
		texts[i] = take_text(&input, 14, "abu_%", arena);
	status = ldb_filter_new(&expr, types, 1, NULL, &filter, &err);
	if (status == LDB_OK)
	{
		FUZZ_REQUIRE(ldb_filter_select(filter, &batch, kept, &kept_count, &err) == LDB_OK);
		for (uint32_t i = 0; i < MOST_TEXTS; i++)
			if (matches(pattern.text, texts[i]))
				FUZZ_REQUIRE(at < kept_count && kept[at++] == i);
		FUZZ_REQUIRE(at == kept_count);
		ldb_filter_free(filter);
	}
	else
		FUZZ_REQUIRE(status == LDB_INVALID && err.message[0] != '\0'); /* ends in a backslash */
	ldb_arena_free(arena);
	return 0;
}
