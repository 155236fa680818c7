/* error.c -- fills an LdbError, always with text that is safe to show. */
#include "ldb/base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES (sizeof(((LdbError *) NULL)->message))

/* Bytes of the well-formed UTF-8 character at text, 0 when it is none or a control character. */
static size_t
printable_length(const uint8_t *text)
{
	uint8_t lead = text[0];
	size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	if (lead < 0x20 || lead == 0x7f || lead > 0xf4)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((lead == 0xe0 && text[1] < 0xa0) || (lead == 0xed && text[1] > 0x9f) ||
		(lead == 0xf0 && text[1] < 0x90) || (lead == 0xf4 && text[1] > 0x8f))
		return 0;
	return length;
}

/* Where a cut left only the beginning of a character, it goes altogether. */
static void
drop_split_character(char *text)
{
	size_t end = strlen(text);
	size_t start = end;

	while (start > 0 && end - start < 3 && ((uint8_t) text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start > 0 && (uint8_t) text[start - 1] >= 0xc2)
		start--;
	if (start < end && printable_length((const uint8_t *) text + start) != end - start)
		text[start] = '\0';
}

/* Names in messages come from files, so they may hold anything; whoever shows them expects text. */
static void
make_printable(char *text)
{
	while (*text != '\0')
	{
		size_t length = printable_length((const uint8_t *) text);

		if (length == 0)
			*text = '?';
		text += length == 0 ? 1 : length;
	}
}

/* Formats aside first: the arguments may point into the destination. */
__attribute__((format(printf, 3, 0))) static void
format_text(char *to, size_t capacity, const char *format, va_list args)
{
	char text[MESSAGE_BYTES];
	int length = vsnprintf(text, capacity < sizeof text ? capacity : sizeof text, format, args);

	if (length < 0)
		text[0] = '\0';
	else if ((size_t) length >= capacity)
		drop_split_character(text);
	make_printable(text);
	memcpy(to, text, strlen(text) + 1);
}

void
ldb_error_set(LdbError *err, LdbStatus status, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return;
	va_start(args, format);
	format_text(err->message, sizeof err->message, format, args);
	va_end(args);
	err->status = status;
	err->hint[0] = '\0';
}

void
ldb_error_hint(LdbError *err, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return;
	va_start(args, format);
	format_text(err->hint, sizeof err->hint, format, args);
	va_end(args);
}

void
ldb_error_prefix(LdbError *err, const char *format, ...)
{
	char prefix[MESSAGE_BYTES];
	size_t length;
	size_t room;
	va_list args;

	if (err == NULL)
		return;
	va_start(args, format);
	format_text(prefix, sizeof prefix - 3, format, args);
	va_end(args);
	length = strlen(prefix);
	memcpy(prefix + length, ": ", 3);
	length += 2;
	room = sizeof err->message - 1 - length;
	if (strlen(err->message) > room)
	{
		err->message[room] = '\0';
		drop_split_character(err->message);
	}
	memmove(err->message + length, err->message, strlen(err->message) + 1);
	memcpy(err->message, prefix, length);
}
