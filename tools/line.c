/*
 * line.c - see line.h.
 */
#include "line.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "util.h"

/* By number, see trace.h. */
static const char *const events[EVENT_KINDS] = {
	"pass_begin", "pass_end", "wait_begin", "wait_end", "predicate",
	"hook_begin", "hook_end", "arm", "disarm", "add", "remove", "close",
	"error", "call_begin", "call_end", "free"
};

enum {
	PID = 1u << 0, MAP = 1u << 1, TIME = 1u << 2, PASS = 1u << 3,
	EVENT = 1u << 4, CHANNEL = 1u << 5, FD = 1u << 6, CLASS = 1u << 7,
	REPR = 1u << 8, NAME = 1u << 9, ARGUMENT = 1u << 10,
	RESULT = 1u << 11, TRACE = 1u << 12, VERSION = 1u << 13
};

enum type { STRING, INTEGER, NUMBER, RESULT_TYPE };

/* What we know; everything else is passed over. */
static const struct member {
	const char *key;
	unsigned bit;
	enum type type;
	size_t offset;
	const char *wrong;	/* where its type is another one */
} members[] = {
#define MEMBER(key, bit, type, field, is)				\
	{ key, bit, type, offsetof(struct line, field),			\
	    "\"" key "\" is no " is }
	MEMBER("pid", PID, INTEGER, pid, "integer"),
	MEMBER("map", MAP, STRING, map, "string"),
	MEMBER("time", TIME, NUMBER, time, "number"),
	MEMBER("pass", PASS, INTEGER, pass, "integer"),
	MEMBER("event", EVENT, STRING, event, "string"),
	MEMBER("channel", CHANNEL, STRING, channel, "string"),
	MEMBER("fd", FD, INTEGER, fd, "integer"),
	MEMBER("class", CLASS, STRING, class, "string"),
	MEMBER("repr", REPR, STRING, repr, "string"),
	MEMBER("name", NAME, STRING, name, "string"),
	MEMBER("argument", ARGUMENT, INTEGER, argument, "integer"),
	MEMBER("result", RESULT, RESULT_TYPE, result, "integer or boolean"),
	MEMBER("asyncore_trace", TRACE, INTEGER, version_of_format, "integer"),
	MEMBER("version", VERSION, STRING, version, "string")
#undef MEMBER
};

/* What an event must have besides "pid", "map", "time", "pass", "event". */
static const unsigned needs[EVENT_KINDS] = {
	[PASS_END] = RESULT,
	[WAIT_END] = RESULT,
	[PREDICATE] = CHANNEL | NAME | RESULT,
	[HOOK_BEGIN] = CHANNEL | NAME | ARGUMENT,
	[HOOK_END] = CHANNEL | NAME | RESULT,
	[ARM] = CHANNEL | NAME,
	[DISARM] = CHANNEL | NAME,
	[ADD] = CHANNEL,
	[REMOVE] = CHANNEL,
	[CLOSE] = CHANNEL,
	[ERROR] = CHANNEL | NAME | RESULT,
	[CALL_BEGIN] = NAME | ARGUMENT,
	[CALL_END] = NAME | RESULT,
	[FREE] = CHANNEL
};

static bool
has_type(const struct json_value *v, enum type type)
{
	switch (type) {
	case STRING:
		return v->type == JSON_STRING;
	case NUMBER:
		return v->type == JSON_NUMBER;
	case RESULT_TYPE:
		if (v->type == JSON_TRUE || v->type == JSON_FALSE)
			return true;
		break;
	case INTEGER:
		break;
	}
	return v->type == JSON_NUMBER && v->is_integer;
}

static void
store(void *field, const struct json_value *v, enum type type)
{
	switch (type) {
	case STRING:
		*(const char **)field = intern(v->string);
		break;
	case NUMBER:
		*(double *)field = v->number;
		break;
	default:
		*(long long *)field = v->type == JSON_NUMBER ? v->integer :
		    v->type == JSON_TRUE;
	}
}

static void
take(const char *key, const struct json_value *v, void *arg)
{
	struct line *line = arg;
	const struct member *m = members;

	for (; m < members + sizeof members / sizeof *members; m++) {
		if (strcmp(m->key, key) != 0)
			continue;
		if (has_type(v, m->type)) {
			line->seen |= m->bit;
			store((char *)line + m->offset, v, m->type);
		} else if (line->error == NULL) {
			line->error = m->wrong;
		}
	}
}

static const char *
missing(const struct line *line, unsigned wanted)
{
	static char message[64];
	const struct member *m = members;

	for (; m < members + sizeof members / sizeof *members; m++) {
		if (!(wanted & ~line->seen & m->bit))
			continue;
		(void)snprintf(message, sizeof message, "there is no \"%s\"",
		    m->key);
		return message;
	}
	return NULL;
}

static enum event_kind
kind_of(const char *event)
{
	int i;

	for (i = 0; i < EVENT_KINDS; i++)
		if (strcmp(events[i], event) == 0)
			break;
	return (enum event_kind)i;
}

static const char *
check(struct line *line)
{
	const char *error = missing(line, PID | MAP | TIME);

	line->is_header = (line->seen & TRACE) != 0;
	if (error != NULL)
		return error;
	if (fabs(line->time) > 1e12)
		return "\"time\" is too large";
	if (line->is_header)
		return line->version_of_format == 1 ? NULL :
		    "this is not version 1 of the format, which is all that "
		    "is known here";
	if ((error = missing(line, PASS | EVENT)) != NULL)
		return error;
	line->kind = kind_of(line->event);
	if (line->kind == EVENT_KINDS)
		return NULL;
	if (line->fd < -1 || line->fd > INT_MAX)
		return "\"fd\" is no descriptor";
	return missing(line, needs[line->kind]);
}

void
line_parse(struct line *line, const char *text, size_t len)
{
	const char *error;

	*line = (struct line){
		.fd = -1, .map = "", .version = "", .event = "",
		.channel = "", .class = "", .repr = "", .name = ""
	};
	error = json_object(text, len, take, line);
	if (error != NULL)
		line->error = error;
	else if (line->error == NULL)
		line->error = check(line);
}
