/* expr_like.c -- column LIKE pattern, column NOT LIKE pattern. */
#include "domain.h"
#include "filter.h"

#include <string.h>

/*
 * A pattern is cut at its %: the first segment must match at the start of the text, the last at
 * its end, each one between as early as it can. "_" after "%" is moved before it (any characters,
 * then one, is one, then any), so a segment that is searched for starts with a literal.
 */
typedef struct Token
{
	LdbSlice literal;
	size_t skip; /* characters of any kind after it */
} Token;

typedef struct Segment
{
	size_t token_count;
	Token *tokens;
} Segment;

struct LdbLikePattern
{
	bool bytes; /* a character is a byte, else UTF-8 */
	size_t segment_count;
	Segment *segments;
};

/* --- parsing --- */

typedef struct Parser
{
	LdbSlice pattern;
	uint8_t *literals; /* room for the whole pattern */
	size_t literal_bytes;
	Token *tokens; /* room for two more than runs in the pattern, see count_runs */
	size_t token_count;
	Segment *segments; /* likewise */
	size_t segment_count;
	bool after_percent; /* nothing but % and _ since the last % */
} Parser;

static void
start_segment(Parser *parser)
{
	Segment *segment = &parser->segments[parser->segment_count++];

	segment->tokens = parser->tokens + parser->token_count;
	segment->token_count = 0;
}

static Token *
start_token(Parser *parser)
{
	Segment *segment = &parser->segments[parser->segment_count - 1];
	Token *token = &parser->tokens[parser->token_count++];

	segment->token_count++;
	token->literal = ldb_slice(parser->literals + parser->literal_bytes, 0);
	token->skip = 0;
	return token;
}

/* The token that the next thing of the current segment goes to. */
static Token *
current_token(Parser *parser, bool for_literal)
{
	Segment *segment = &parser->segments[parser->segment_count - 1];
	Token *last = segment->tokens + segment->token_count - 1;

	if (segment->token_count == 0 || (for_literal && last->skip > 0))
		return start_token(parser);
	return last;
}

static void
parse_literal(Parser *parser, uint8_t byte)
{
	Token *token;

	if (parser->after_percent)
		start_segment(parser);
	parser->after_percent = false;
	token = current_token(parser, true);
	parser->literals[parser->literal_bytes++] = byte;
	token->literal.length++;
}

/* Runs of %, of _ and of anything else: neither tokens nor segments are many more. */
static size_t
count_runs(LdbSlice pattern)
{
	size_t runs = 0;
	uint8_t before = '\0';

	for (size_t i = 0; i < pattern.length; i++)
	{
		uint8_t byte = pattern.data[i];
		uint8_t kind = byte == '%' || byte == '_' ? byte : '\\';

		runs += kind != before;
		before = kind;
		i += byte == '\\';
	}
	return runs;
}

static LdbStatus
parse_pattern(Parser *parser, LdbError *err)
{
	start_segment(parser);
	for (size_t i = 0; i < parser->pattern.length; i++)
	{
		uint8_t byte = parser->pattern.data[i];

		if (byte == '%')
			parser->after_percent = true;
		else if (byte == '_')
			current_token(parser, false)->skip++;
		else if (byte != '\\')
			parse_literal(parser, byte);
		else if (++i < parser->pattern.length)
			parse_literal(parser, parser->pattern.data[i]);
		else
			LDB_FAIL(err, LDB_INVALID, "LIKE pattern must not end with escape character");
	}
	if (parser->after_percent)
		start_segment(parser);
	return LDB_OK;
}

/* --- matching --- */

/* Work between two looks at the cancel flag, in bytes looked at: about a millisecond. */
#define CANCEL_WORK ((size_t) 256 * 1024)

typedef struct Matcher
{
	const LdbLikePattern *pattern;
	const LdbCancel *cancel;
	size_t work; /* since the last look at the cancel flag */
} Matcher;

static LdbStatus
spend(Matcher *matcher, size_t work, LdbError *err)
{
	matcher->work += work;
	if (matcher->work < CANCEL_WORK)
		return LDB_OK;
	matcher->work = 0;
	LDB_CHECK_CANCEL(matcher->cancel, err);
	return LDB_OK;
}

static size_t
next_character(const LdbLikePattern *pattern, LdbSlice text, size_t at)
{
	at++;
	while (!pattern->bytes && at < text.length && (text.data[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static size_t
last_character(const LdbLikePattern *pattern, LdbSlice text, size_t at)
{
	at--;
	while (!pattern->bytes && at > 0 && (text.data[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static bool
literal_at(LdbSlice literal, LdbSlice text, size_t at)
{
	return literal.length <= text.length - at &&
		   (literal.length == 0 || memcmp(text.data + at, literal.data, literal.length) == 0);
}

/* Matches forward from *at, which moves behind the match. */
static bool
match_forward(Matcher *matcher, const Segment *segment, LdbSlice text, size_t *at)
{
	for (size_t t = 0; t < segment->token_count; t++)
	{
		const Token *token = &segment->tokens[t];

		if (!literal_at(token->literal, text, *at))
			return false;
		matcher->work += token->literal.length + token->skip;
		*at += token->literal.length;
		for (size_t i = 0; i < token->skip; i++)
		{
			if (*at >= text.length)
				return false;
			*at = next_character(matcher->pattern, text, *at);
		}
	}
	return true;
}

/* Does the segment match the end of the text, and not before `floor`? */
static bool
match_end(const LdbLikePattern *pattern, const Segment *segment, LdbSlice text, size_t floor)
{
	size_t at = text.length;

	for (size_t t = segment->token_count; t-- > 0;)
	{
		const Token *token = &segment->tokens[t];

		for (size_t i = 0; i < token->skip; i++)
		{
			if (at <= floor)
				return false;
			at = last_character(pattern, text, at);
		}
		if (at < floor || token->literal.length > at - floor)
			return false;
		at -= token->literal.length;
		if (!literal_at(token->literal, text, at))
			return false;
	}
	return true;
}

/* Where the literal is at or behind `from`, a stretch at a time; text.length when it is nowhere. */
static LdbStatus
find_literal(Matcher *matcher, LdbSlice literal, LdbSlice text, size_t from, size_t *at,
			 LdbError *err)
{
	size_t step = literal.length > CANCEL_WORK ? literal.length : CANCEL_WORK;

	while (from < text.length)
	{
		size_t length = text.length - from;
		const uint8_t *hit;

		/* a match that begins in this stretch may end behind it */
		if (length > step + literal.length)
			length = step + literal.length;
		hit = memmem(text.data + from, length, literal.data, literal.length);
		*at = hit == NULL ? text.length : (size_t) (hit - text.data);
		if (hit != NULL || length == text.length - from)
			return LDB_OK;
		from += step;
		LDB_TRY(spend(matcher, step, err));
	}
	*at = text.length;
	return LDB_OK;
}

/* Finds the first match at or behind *at, which moves behind it. */
static LdbStatus
find_segment(Matcher *matcher, const Segment *segment, LdbSlice text, size_t *at, bool *found,
			 LdbError *err)
{
	size_t from = *at;

	*found = false;
	while (from < text.length)
	{
		LDB_TRY(find_literal(matcher, segment->tokens[0].literal, text, from, &from, err));
		*at = from;
		if (from < text.length && match_forward(matcher, segment, text, at))
		{
			*found = true;
			return LDB_OK;
		}
		LDB_TRY(spend(matcher, 1, err));
		from++;
	}
	return LDB_OK;
}

static LdbStatus
like(Matcher *matcher, LdbSlice text, bool *matches, LdbError *err)
{
	const LdbLikePattern *pattern = matcher->pattern;
	size_t last = pattern->segment_count - 1;
	size_t at = 0;

	LDB_TRY(spend(matcher, text.length + 1, err));
	*matches = match_forward(matcher, &pattern->segments[0], text, &at);
	if (last == 0)
	{
		*matches = *matches && at == text.length;
		return LDB_OK;
	}
	for (size_t s = 1; *matches && s < last; s++)
		LDB_TRY(find_segment(matcher, &pattern->segments[s], text, &at, matches, err));
	*matches = *matches && match_end(pattern, &pattern->segments[last], text, at);
	return LDB_OK;
}

static LdbStatus
evaluate_like(const LdbFilterNode *node, const LdbFilterRun *run, const uint8_t *live,
			  uint8_t *truth, LdbError *err)
{
	Matcher matcher = {.pattern = node->pattern, .cancel = run->cancel};
	const LdbArray *array;
	bool matches;

	LDB_TRY(ldb_filter_column(run, node->column, node->type, &array, err));
	memset(truth, LDB_UNKNOWN, array->length);
	LDB_CHECK_CANCEL(run->cancel, err);
	for (size_t row = 0; node->type->kind != LDB_TYPE_NULL && row < array->length; row++)
	{
		if (!ldb_is_live(live, row) || ldb_array_is_null(array, row))
			continue;
		LDB_TRY(like(&matcher, ldb_domain_text(array, row), &matches, err));
		truth[row] = matches != node->negate ? LDB_YES : LDB_NO;
	}
	return LDB_OK;
}

LdbStatus
ldb_like_prepare(const LdbExpr *expr, LdbFilterNode *node, LdbArena *arena, LdbError *err)
{
	Parser parser = {0};
	LdbLikePattern *pattern;
	size_t room;

	if (expr->value_count != 1 || expr->domain != LDB_DOMAIN_TEXT)
		LDB_FAIL(err, LDB_INVALID, "LIKE needs one pattern");
	parser.pattern = expr->values[0].text;
	room = count_runs(parser.pattern) + 2;
	LDB_NEW(arena, parser.literals, parser.pattern.length + 1, err);
	LDB_NEW(arena, parser.tokens, room, err);
	LDB_NEW(arena, parser.segments, room, err);
	LDB_NEW(arena, pattern, 1, err);
	LDB_TRY(parse_pattern(&parser, err));
	pattern->bytes =
		node->type->kind != LDB_TYPE_STRING && node->type->kind != LDB_TYPE_LARGE_STRING;
	pattern->segment_count = parser.segment_count;
	pattern->segments = parser.segments;
	node->pattern = pattern;
	node->negate = expr->kind == LDB_EXPR_NOT_LIKE;
	node->evaluate = evaluate_like;
	node->cost = LDB_COST_DEAR + 2;
	return LDB_OK;
}
