/*
 * json.h - reads a line of a trace: one JSON object.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>

/* The longest line, without its end.  The library's are shorter than 8192. */
#define JSON_LINE 65535

enum json_type {
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_OTHER	/* null, an array or another object: passed over */
};

struct json_value {
	enum json_type type;
	const char *string;	/* UTF-8 */
	double number;
	bool is_integer;	/* and fits: */
	long long integer;
};

/*
 * Calls fn for each member of the object that the line is, in order; key and
 * value are borrowed until json_object() returns.  NULL, or what is wrong with
 * the line: a constant.  What is no UTF-8 in a string becomes U+FFFD, and so
 * does U+0000.
 */
const char *json_object(const char *line, size_t len,
    void (*fn)(const char *key, const struct json_value *value, void *arg),
    void *arg);

#endif /* JSON_H */
