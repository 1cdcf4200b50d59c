/*
 * smtp_syntax.c - what the lines of SMTP are made of; see smtp_syntax.h.
 *
 * Addresses are as lax as in smtpd where it accepts them: a '>' may be missing
 * and a route is ignored.  Those for which smtpd closes the connection are
 * refused here.
 */
#define _POSIX_C_SOURCE 200809L
#include "smtp_syntax.h"

#include <ctype.h>
#include <string.h>

/* How many bytes of UTF-8 follow one that begins a character; -1: none does. */
static int
followers(unsigned char c)
{
	if (c < 0x80)
		return c == '\t' || (c >= 0x20 && c != 0x7f) ? 0 : -1;
	if (c < 0xc2 || c > 0xf4)
		return -1;
	return c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
}

bool
smtp_is_text(const char *line, size_t len)
{
	int n = 0;

	for (; len > 0; line++, len--)
		if (n > 0 && ((unsigned char)*line & 0xc0) == 0x80)
			n--;
		else if (n > 0 || (n = followers((unsigned char)*line)) < 0)
			return false;
	return n == 0;
}

static size_t
atom_len(const char *p)
{
	return strcspn(p, " \t<>()[]\\,;:@\"");
}

/* Where what is before the '@' ends; NULL: it is no such thing. */
static char *
end_of_local(char *p)
{
	if (*p != '"')
		return atom_len(p) > 0 ? p + atom_len(p) : NULL;
	for (p++; *p != '\0' && *p != '"'; p++)
		if (*p == '\\' && p[1] != '\0')
			p++;
	return *p == '"' ? p + 1 : NULL;
}

static char *
end_of_domain(char *p)
{
	char *end = *p == '[' ? strchr(p, ']') : p + atom_len(p);
	const char *dots = strstr(p, "..");

	if (*p == '[')
		return end ? end + 1 : NULL;
	if (end == p || *p == '.' || end[-1] == '.' || (dots && dots < end))
		return NULL;
	return end;
}

char *
smtp_address(char *arg, size_t *len, char **params)
{
	const bool angle = *arg == '<';
	char *p = arg + angle, *end, *rest;

	if (angle && *p == '@' && strchr(p, ':'))
		p = strchr(p, ':') + 1;		/* a route is ignored */
	end = angle && *p == '>' ? p : end_of_local(p);
	if (end && *end == '@')
		end = end_of_domain(end + 1);
	if (!end)
		return NULL;
	rest = end + strspn(end, " \t");
	if (angle && *rest == '>')
		rest++;
	*params = rest + strspn(rest, " \t");
	*len = (size_t)(end - p);
	return p;
}

char *
smtp_behind(const char *keyword, char *arg)
{
	for (; *keyword != '\0'; keyword++, arg++)
		if (toupper((unsigned char)*arg) != *keyword)
			return "";
	return arg + strspn(arg, " \t");
}

void
smtp_upper(char *p)
{
	for (; *p != '\0'; p++)
		*p = (char)toupper((unsigned char)*p);
}

static bool
is_alnum(const char *p)
{
	while (isalnum((unsigned char)*p))
		p++;
	return *p == '\0';
}

bool
smtp_parse_params(char *text, struct smtp_params *p)
{
	char *word, *value, *rest;

	smtp_upper(text);
	for (word = strtok_r(text, " \t", &rest); word;
	    word = strtok_r(NULL, " \t", &rest)) {
		value = strchr(word, '=');
		if (value)
			*value++ = '\0';
		if (*word == '\0' || !is_alnum(word) || (value && !*value))
			return false;
		if (!value)
			value = "";
		if (strcmp(word, "BODY") == 0)
			p->body = value;
		else if (strcmp(word, "SIZE") == 0)
			p->size = value;
		else if (strcmp(word, "SMTPUTF8") == 0)
			p->utf8 = value;
		else
			p->others = true;
	}
	return true;
}
