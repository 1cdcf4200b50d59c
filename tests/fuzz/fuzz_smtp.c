/*
 * fuzz_smtp.c - what clients may say to examples/smtp_sink.
 *
 * An input is some options, how the client cuts what it says, and that.  Then
 * the replies are held against the lines, one for each command and one for each
 * message: they are well-formed, follow from each other, and what was stored is
 * what was sent between DATA and its end, and not before that end.
 */
#include "config.h"

#include "fuzz.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "smtp_session.h"

#define TEXT_MAX 4096
#define OUT_MAX 65536
#define MESSAGES_MAX 256
#define RECIPIENTS 3
#define PIECES 32			/* then all at once */

static struct asyncore_map *map;
static int client;
static const char *text;		/* what the client says */
static size_t text_len, said;
static char out[OUT_MAX];
static size_t out_len;
static bool has_ended;			/* the server has closed */

/* What was stored, one behind the other; `said` is how much was said then. */
static struct {
	size_t begin, len, said;
	unsigned rcpts;
} messages[MESSAGES_MAX];
static unsigned n_messages;
static char stored[TEXT_MAX];
static size_t stored_len;
static bool fails;

/* ---- The server. ---- */

static unsigned
count_lines(struct evbuffer *b)
{
	const size_t len = evbuffer_get_length(b);
	const char *p = len > 0 ? (char *)evbuffer_pullup(b, -1) : "";
	unsigned n = 0;
	size_t i;

	for (i = 0; i < len; i++)
		n += p[i] == '\n';
	must(len == 0 || p[len - 1] == '\n');
	return n;
}

static int
keep(const char *from, struct evbuffer *rcpts, struct evbuffer *data)
{
	const size_t len = evbuffer_get_length(data);

	must(from != NULL && n_messages < MESSAGES_MAX);
	must(len <= TEXT_MAX - stored_len);
	must(evbuffer_copyout(data, stored + stored_len, len) == (ssize_t)len);
	messages[n_messages].begin = stored_len;
	messages[n_messages].len = len;
	messages[n_messages].said = said;
	messages[n_messages++].rcpts = count_lines(rcpts);
	stored_len += len;
	return fails ? -EIO : 0;
}

static struct smtp_server server = {
	.host = "sink.example",
	.rcpt_limit = RECIPIENTS,
	.process_message = keep,
};

/* ---- The client. ---- */

static void
take_in(void)
{
	ssize_t n;

	while (!has_ended && (n = recv(client, out + out_len, OUT_MAX - out_len,
	    MSG_DONTWAIT)) >= 0) {
		has_ended = n == 0;
		out_len += (size_t)n;
		must(out_len < OUT_MAX);
	}
}

static void
pass(void)
{
	must(asyncore_loop(0, false, map, 1) == 0);
}

static int
ck_session(struct asyncore_dispatcher *d, void *arg)
{
	const struct smtp_session *self = asyncore_self(d);

	(void)arg;
	must(server.size_limit == 0 || evbuffer_get_length(self->data) <=
	    server.size_limit + 1);
	must(evbuffer_get_length(self->rcpts) <=
	    RECIPIENTS * (SMTP_LINE_KEPT + 1));
	return 0;
}

/* The end of the stream is seen after all that was said. */
static void
converse(const uint8_t *cuts, bool reads)
{
	size_t n, k = 0;

	while (said < text_len && !has_ended) {
		n = text_len - said;
		if (k < PIECES && n > 1u + cuts[k % 4])
			n = 1u + cuts[k % 4];
		k++;
		said += n;
		(void)send(client, text + said - n, n,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		pass();
		must(asyncore_map_foreach(map, ck_session, NULL) == 0);
		if (reads)
			take_in();
	}
	pass();
	take_in();
	pass();
	take_in();
}

/* ---- What should have been replied. ---- */

struct dialogue {
	size_t at;			/* in the replies */
	bool greeted, has_sender, in_data, leaving, too_big;
	unsigned rcpts, messages;
	size_t size, lines;		/* of the message */
	char data[TEXT_MAX];
	size_t data_len;
};

static bool
may_be_said(unsigned char c)
{
	return c == '\t' || (c >= 0x20 && c < 0x7f) ||
	    (c >= 0x80 && server.smtputf8);
}

/* One line of a reply; answers its code, negative if there are more. */
static int
next_line(struct dialogue *g)
{
	const char *p = out + g->at, *end;
	const size_t left = out_len - g->at;
	size_t i;

	end = memmem(p, left, "\r\n", 2);
	must(end != NULL && end - p >= 4 && end - p <= 1024);
	for (i = 0; i < 3; i++)
		must(isdigit((unsigned char)p[i]));
	must(p[3] == ' ' || p[3] == '-');
	for (i = 4; p + i < end; i++)
		must(may_be_said((unsigned char)p[i]));
	g->at += (size_t)(end - p) + 2;
	i = (size_t)((p[0] - '0') * 100 + (p[1] - '0') * 10 + p[2] - '0');
	must(i >= 200 && i < 600);
	return p[3] == '-' ? -(int)i : (int)i;
}

static int
next_reply(struct dialogue *g)
{
	int code = next_line(g), next;

	while (code < 0) {
		next = next_line(g);
		must(next == code || next == -code);
		code = next;
	}
	return code;
}

static void
forget_message(struct dialogue *g)
{
	g->has_sender = g->in_data = g->too_big = false;
	g->rcpts = 0;
	g->size = g->lines = g->data_len = 0;
}

static void
ck_stored(struct dialogue *g, size_t end)
{
	const unsigned i = g->messages++;

	must(i < n_messages && messages[i].len == g->data_len);
	must(memcmp(stored + messages[i].begin, g->data, g->data_len) == 0);
	must(messages[i].rcpts == g->rcpts);
	must(messages[i].said >= end);
}

/* `end`: where the line ends in what was said. */
static void
data_line(struct dialogue *g, const char *line, size_t len, size_t end)
{
	int code;

	if (len == 1 && *line == '.') {
		code = next_reply(g);
		must(code == (g->too_big ? 552 : fails ? 451 : 250));
		if (!g->too_big)
			ck_stored(g, end);
		forget_message(g);
		return;
	}
	g->size += len + (g->lines++ > 0 ? 2 : 0);
	g->too_big = server.size_limit > 0 && g->size > server.size_limit;
	if (len > 0 && *line == '.')
		line++, len--;
	must(len < TEXT_MAX - g->data_len);
	memcpy(g->data + g->data_len, line, len);
	g->data_len += len;
	g->data[g->data_len++] = '\n';
}

static bool
is_command(const char *line, size_t len, const char *name)
{
	return len >= 4 && strncasecmp(line, name, 4) == 0 &&
	    (len == 4 || line[4] == ' ');
}

static void
command(struct dialogue *g, const char *line, size_t len)
{
	const int code = next_reply(g);

	must((code == 354) <= is_command(line, len, "DATA"));
	must((code == 221) == is_command(line, len, "QUIT") || code == 500);
	if (code == 221)
		g->leaving = true;
	if (code == 354) {
		must(g->greeted && g->has_sender && g->rcpts > 0);
		g->in_data = true;
	}
	if (code != 250)
		return;
	if (is_command(line, len, "MAIL")) {
		must(g->greeted && !g->has_sender);
		g->has_sender = true;
	} else if (is_command(line, len, "RCPT")) {
		must(g->has_sender && g->rcpts < RECIPIENTS);
		g->rcpts++;
	} else if (is_command(line, len, "RSET")) {
		forget_message(g);
	} else if (is_command(line, len, "HELO") ||
	    is_command(line, len, "EHLO")) {
		must(!g->greeted);
		forget_message(g);
		g->greeted = true;
	} else {
		must(is_command(line, len, "NOOP") ||
		    is_command(line, len, "HELP"));
	}
}

static void
ck_dialogue(void)
{
	static struct dialogue g;
	const char *line = text, *end;

	memset(&g, 0, offsetof(struct dialogue, data));
	g.data_len = 0;
	must(next_reply(&g) == 220);
	while (!g.leaving && (end = memmem(line,
	    (size_t)(text + text_len - line), "\r\n", 2)) != NULL) {
		if (g.in_data)
			data_line(&g, line, (size_t)(end - line),
			    (size_t)(end + 2 - text));
		else
			command(&g, line, (size_t)(end - line));
		line = end + 2;
	}
	must(g.at == out_len && g.messages == n_messages);
	must(has_ended == g.leaving);
	must(asyncore_map_len(map) == !g.leaving);
}

/* ---- A run. ---- */

static void
begin(unsigned options)
{
	static const size_t limits[] = { 0, 20, 100, 33554432 };
	int fds[2];

	server.size_limit = limits[options % 4];
	server.smtputf8 = (options & 4) != 0;
	fails = (options & 8) != 0;
	said = out_len = stored_len = n_messages = 0;
	has_ended = false;
	must((map = asyncore_map_new(NULL)) != NULL);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	client = fds[1];
	must(smtp_session_start(&server, fds[0], map) == 0);
}

static void
end(void)
{
	must(close(client) == 0);
	pass();
	pass();
	must(asyncore_map_len(map) == 0);
	must(asyncore_map_free(map) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tape t = { data, size };
	const int fds = fuzz_open_fds();
	const unsigned options = tape_byte(&t);
	uint8_t cuts[4];
	size_t i;

	for (i = 0; i < 4; i++)
		cuts[i] = (uint8_t)tape_byte(&t);
	text_len = TEXT_MAX - 1;
	text = (const char *)tape_bytes(&t, &text_len);
	begin(options);
	converse(cuts, (options & 16) == 0);
	ck_dialogue();
	end();
	must(fuzz_open_fds() == fds);
	return 0;
}
