/*
 * smtp_session.c - a connection: its lines, which are commands or those of a
 * message, and its end; see smtp_session.h.
 *
 * The chat's terminator is the end of a line, in a message as in commands: so
 * a message may be empty, and a long one is never looked at twice.  Where smtpd
 * closes the connection or stays in DATA, because of an error of its own, this
 * goes on with the next command.
 */
#define _POSIX_C_SOURCE 200809L
#include "smtp_session.h"
#include "smtp_syntax.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ASCII, unless the client has asked for more. */
int
smtp_reply(struct asyncore_dispatcher *d, const char *format, ...)
{
	const struct smtp_session *self = asyncore_self(d);
	char text[1024], *p;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text - 2, format, args);
	va_end(args);
	for (p = text; *p != '\0'; p++)
		if ((*p & 0x80) && !self->utf8)
			*p = '?';
	memcpy(p, "\r\n", 2);
	return asynchat_push(d, text, (size_t)(p - text) + 2);
}

static void
forget(struct evbuffer *buffer)
{
	evbuffer_drain(buffer, evbuffer_get_length(buffer));
}

void
smtp_reset(struct smtp_session *self)
{
	free(self->from);
	self->from = NULL;
	self->utf8 = self->in_data = false;
	self->size = self->n_rcpts = 0;
	forget(self->rcpts);
	forget(self->data);
}

/* ---- Messages ------------------------------------------------------------ */

static bool
is_too_big(const struct smtp_session *self)
{
	return self->server->size_limit > 0 &&
	    self->size > self->server->size_limit;
}

static int
end_message(struct asyncore_dispatcher *d, struct smtp_session *self)
{
	const char *answer = "250 OK";

	if (is_too_big(self))
		answer = "552 Error: Too much mail data";
	else if (self->server->process_message(self->from, self->rcpts,
	    self->data) < 0)
		answer = "451 Error: the message could not be processed";
	smtp_reset(self);
	return smtp_reply(d, "%s", answer);
}

/* `len` bytes of a line that has `whole`; they differ if it is too long. */
static int
data_line(struct asyncore_dispatcher *d, struct smtp_session *self,
    const char *line, size_t len, size_t whole)
{
	if (whole == 1 && *line == '.')
		return end_message(d, self);
	self->size += whole + (evbuffer_get_length(self->data) > 0 ? 2 : 0);
	if (is_too_big(self)) {
		forget(self->data);
		return 0;
	}
	if (len > 0 && *line == '.')
		line++, len--;
	if (evbuffer_add(self->data, line, len) != 0 ||
	    evbuffer_add(self->data, "\n", 1) != 0)
		return -ENOMEM;
	return 0;
}

/* ---- Lines --------------------------------------------------------------- */

/* Of a line that is too long the rest is not kept. */
static int
session_collect(struct asyncore_dispatcher *d, const void *bytes, size_t len)
{
	struct smtp_session *self = asyncore_self(d);
	const size_t limit = self->server->size_limit;
	const bool kept = self->line_len <= SMTP_LINE_KEPT || (self->in_data &&
	    (limit == 0 || self->size + self->line_len <= limit));

	self->line_len += len;
	return kept && !self->leaving ? asynchat_collect(d, bytes, len) : 0;
}

static int
command_line(struct asyncore_dispatcher *d, const char *line, size_t len)
{
	char copy[SMTP_LINE_KEPT + 1];

	if (len >= sizeof copy)
		return smtp_reply(d, "500 Error: line too long");
	if (len == 0 || !smtp_is_text(line, len))
		return smtp_reply(d, "500 Error: bad syntax");
	memcpy(copy, line, len);
	copy[len] = '\0';
	return smtp_command(d, copy, len);
}

/* After QUIT nothing is heard any more. */
static int
session_found(struct asyncore_dispatcher *d)
{
	struct smtp_session *self = asyncore_self(d);
	const size_t whole = self->line_len;
	size_t len;
	const char *line = asynchat_get_data(d, &len);

	self->line_len = 0;
	if (!line)
		return -ENOMEM;
	if (self->leaving)
		return 0;
	if (self->in_data)
		return data_line(d, self, line, len, whole);
	return command_line(d, line, whole);
}

/* ---- Life ---------------------------------------------------------------- */

/* A client that does not read its answers is not heard. */
#define UNREAD_LOW 16384
#define UNREAD_HIGH 65536

static void
session_finalize(struct asyncore_dispatcher *d)
{
	struct smtp_session *self = asyncore_self(d);

	free(self->from);
	if (self->rcpts)
		evbuffer_free(self->rcpts);
	if (self->data)
		evbuffer_free(self->data);
}

static const struct asynchat_class session_class = {
	.dispatcher = {
		.name = "SmtpSession",
		.base = &asynchat_async_chat_class.dispatcher,
		.instance_size = sizeof(struct smtp_session),
		.flags = ASYNCHAT_CLASS,
		.finalize = session_finalize,
	},
	.collect_incoming_data = session_collect,
	.found_terminator = session_found,
};

int
smtp_session_start(const struct smtp_server *server, int fd,
    struct asyncore_map *map)
{
	struct asyncore_dispatcher *d =
	    asynchat_new_socket(&session_class, fd, map);
	struct smtp_session *self = asyncore_self(d);
	int err = -ENOMEM;

	if (!d)
		return -errno;
	self->server = server;
	self->rcpts = evbuffer_new();
	self->data = evbuffer_new();
	if (self->rcpts && self->data)
		err = asynchat_set_terminator(d, "\r\n", 2);
	if (err == 0)
		err = asyncore_set_watermarks(d, UNREAD_LOW, UNREAD_HIGH);
	if (err == 0)
		err = smtp_reply(d, "220 %s smtp_sink", server->host);
	if (err < 0)
		asyncore_close(d);
	asyncore_unref(d);
	return err;
}
