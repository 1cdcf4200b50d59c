/*
 * smtp_syntax.h - what the lines of SMTP are made of: text, keywords,
 * addresses, parameters.
 */
#ifndef SMTP_SYNTAX_H
#define SMTP_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

/* Is it UTF-8 without control characters? */
bool smtp_is_text(const char *line, size_t len);

void smtp_upper(char *p);

/* What follows a keyword such as "FROM:"; "" if that is not there. */
char *smtp_behind(const char *keyword, char *arg);

/*
 * "<joe@example.org> SIZE=100": where the address begins, how long it is, and
 * where its parameters begin.  NULL: it is no address.
 */
char *smtp_address(char *arg, size_t *len, char **params);

/* NULL: it is not there; "": it has no value. */
struct smtp_params {
	const char *body, *size, *utf8;
	bool others;
};

/* "SIZE=100 BODY=7BIT", which is changed.  False: it is no such list. */
bool smtp_parse_params(char *text, struct smtp_params *p);

#endif /* SMTP_SYNTAX_H */
