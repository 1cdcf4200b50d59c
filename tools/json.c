/*
 * json.c - see json.h.  Strict: what RFC 8259 does not allow is an error, but
 * for bytes that are no UTF-8, which a name may contain.
 */
#include "json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

#define DEPTH 32	/* of what is passed over */

struct reader {
	const char *p, *end;
	char *out;		/* where the next string goes */
	const char *error;
};

static bool
fail(struct reader *r, const char *error)
{
	if (r->error == NULL)
		r->error = error;
	return false;
}

static void
skip_space(struct reader *r)
{
	while (r->p < r->end && strchr(" \t\r\n", *r->p) != NULL &&
	    *r->p != '\0')
		r->p++;
}

static bool
next_is(struct reader *r, char c)
{
	skip_space(r);
	if (r->p == r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

/* ---- Strings. ---- */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits behind "\u", or -1. */
static long
four_digits(struct reader *r)
{
	long c = 0;
	int i, digit;

	for (i = 0; i < 4; i++) {
		digit = r->p < r->end ? hex_digit(*r->p) : -1;
		if (digit < 0)
			return -1;
		c = c * 16 + digit;
		r->p++;
	}
	return c;
}

/* A pair of surrogates is one character; half of a pair is none. */
static bool
read_u(struct reader *r)
{
	long c = four_digits(r), low;
	const char *behind = r->p;

	if (c >= 0xd800 && c < 0xdc00 && r->end - r->p >= 6 &&
	    r->p[0] == '\\' && r->p[1] == 'u') {
		r->p += 2;
		low = four_digits(r);
		if (low >= 0xdc00 && low < 0xe000)
			c = 0x10000 + (c - 0xd800) * 0x400 + (low - 0xdc00);
		else
			r->p = behind;
	}
	if (c < 0)
		return fail(r, "a string has a bad \\u");
	r->out += utf8_put(r->out, (unsigned long)c);
	return true;
}

static bool
read_escape(struct reader *r)
{
	static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *letter;

	if (r->p == r->end)
		return fail(r, "a string has no end");
	if (*r->p == 'u') {
		r->p++;
		return read_u(r);
	}
	letter = *r->p != '\0' ? strchr(letters, *r->p) : NULL;
	if (letter == NULL)
		return fail(r, "a string has a bad escape");
	*r->out++ = means[letter - letters];
	r->p++;
	return true;
}

static bool
read_character(struct reader *r)
{
	size_t n;

	if ((unsigned char)*r->p < 0x20)
		return fail(r, "a string has a control character");
	if (*r->p == '\\') {
		r->p++;
		return read_escape(r);
	}
	n = utf8_len(r->p, (size_t)(r->end - r->p));
	if (n == 0) {
		r->out += utf8_put(r->out, UTF8_BAD);
		r->p++;
		return true;
	}
	memcpy(r->out, r->p, n);
	r->out += n;
	r->p += n;
	return true;
}

/* Behind its first quote.  NULL: it is none. */
static const char *
read_string(struct reader *r)
{
	const char *string = r->out;

	while (r->p < r->end && *r->p != '"')
		if (!read_character(r))
			return NULL;
	if (r->p == r->end) {
		(void)fail(r, "a string has no end");
		return NULL;
	}
	r->p++;
	*r->out++ = '\0';
	return string;
}

/* ---- Other values. ---- */

static size_t
digits(struct reader *r)
{
	const char *begin = r->p;

	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	return (size_t)(r->p - begin);
}

/* The grammar is stricter than strtod()'s. */
static bool
skip_number(struct reader *r, bool *is_integer)
{
	*is_integer = true;
	if (r->p < r->end && *r->p == '-')
		r->p++;
	if (r->p < r->end && *r->p == '0')
		r->p++;
	else if (digits(r) == 0)
		return fail(r, "a value is missing or is none");
	if (r->p < r->end && *r->p == '.') {
		*is_integer = false;
		r->p++;
		if (digits(r) == 0)
			return fail(r, "a number is bad");
	}
	if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
		*is_integer = false;
		r->p++;
		if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
			r->p++;
		if (digits(r) == 0)
			return fail(r, "a number is bad");
	}
	return true;
}

/* The program keeps the "C" locale, so strtod() takes a point. */
static bool
read_number(struct reader *r, struct json_value *v)
{
	const char *begin = r->p;
	char *copy = r->out;	/* its own bytes' worth of room is left */
	size_t len;

	v->type = JSON_NUMBER;
	if (!skip_number(r, &v->is_integer))
		return false;
	len = (size_t)(r->p - begin);
	memcpy(copy, begin, len);
	copy[len] = '\0';
	v->number = strtod(copy, NULL);
	if (!isfinite(v->number))
		return fail(r, "a number is too large");
	if (v->is_integer) {
		errno = 0;
		v->integer = strtoll(copy, NULL, 10);
		v->is_integer = errno == 0;
	}
	return true;
}

static bool
read_word(struct reader *r, const char *word)
{
	const size_t len = strlen(word);

	if ((size_t)(r->end - r->p) < len || memcmp(r->p, word, len) != 0)
		return fail(r, "a value is missing or is none");
	r->p += len;
	return true;
}

static bool read_value(struct reader *r, struct json_value *v, int depth);

/* No deeper than DEPTH.  NOLINTBEGIN(misc-no-recursion) */
/* ["key":] value */
static bool
pass_over_member(struct reader *r, bool is_object, int depth)
{
	struct json_value v;

	if (is_object && (!next_is(r, '"') || read_string(r) == NULL ||
	    !next_is(r, ':')))
		return fail(r, "a member has no name");
	return read_value(r, &v, depth + 1);
}

/* An array, or an object, behind its bracket. */
static bool
pass_over(struct reader *r, char close, int depth)
{
	if (depth == DEPTH)
		return fail(r, "it is nested too deeply");
	if (next_is(r, close))
		return true;
	do
		if (!pass_over_member(r, close == '}', depth))
			return false;
	while (next_is(r, ','));
	return next_is(r, close) || fail(r, "a bracket is not closed");
}

static bool
read_value(struct reader *r, struct json_value *v, int depth)
{
	*v = (struct json_value){ .type = JSON_OTHER };
	skip_space(r);
	switch (r->p < r->end ? *r->p : '\0') {
	case '"':
		r->p++;
		v->type = JSON_STRING;
		return (v->string = read_string(r)) != NULL;
	case '[':
	case '{':
		return pass_over(r, *r->p++ == '[' ? ']' : '}', depth);
	case 't':
		v->type = JSON_TRUE;
		return read_word(r, "true");
	case 'f':
		v->type = JSON_FALSE;
		return read_word(r, "false");
	case 'n':
		return read_word(r, "null");
	default:
		return read_number(r, v);
	}
}
/* NOLINTEND(misc-no-recursion) */

/* ---- The object. ---- */

static bool
read_member(struct reader *r,
    void (*fn)(const char *key, const struct json_value *value, void *arg),
    void *arg)
{
	struct json_value v;
	const char *key;

	if (!next_is(r, '"'))
		return fail(r, "a member has no name");
	if ((key = read_string(r)) == NULL)
		return false;
	if (!next_is(r, ':'))
		return fail(r, "a member has no value");
	if (!read_value(r, &v, 0))
		return false;
	fn(key, &v, arg);
	return true;
}

const char *
json_object(const char *line, size_t len,
    void (*fn)(const char *key, const struct json_value *value, void *arg),
    void *arg)
{
	/* A byte that is no UTF-8 becomes three. */
	static char strings[3 * JSON_LINE + 4];
	struct reader r = { line, line + len, strings, NULL };

	if (len > JSON_LINE)
		return "the line is too long";
	if (!next_is(&r, '{'))
		return "it is no JSON object";
	if (!next_is(&r, '}')) {
		do
			if (!read_member(&r, fn, arg))
				return r.error;
		while (next_is(&r, ','));
		if (!next_is(&r, '}'))
			return "the object is not closed";
	}
	skip_space(&r);
	return r.p == r.end ? NULL : "there is something behind the object";
}
