/*
 * smtp_commands.c - the commands of SMTP and their answers, which are those of
 * Python's smtpd, in the same order of checks.
 */
#define _POSIX_C_SOURCE 200809L
#include "smtp_session.h"
#include "smtp_syntax.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND_MAX 512		/* the length of a command, */
#define SIZE_MORE 26		/* and of MAIL where there is SIZE, */
#define UTF8_MORE 10		/* and where there is SMTPUTF8 */

#define SYNTAX 1		/* a command's result: it was not understood */

static int
greet(struct asyncore_dispatcher *d, struct smtp_session *self,
    const char *arg, bool extended)
{
	const struct smtp_server *server = self->server;
	char size[40] = "";

	if (*arg == '\0')
		return SYNTAX;
	if (self->greeted)
		return smtp_reply(d, "503 Duplicate HELO/EHLO");
	smtp_reset(self);
	self->greeted = true;
	self->extended = extended;
	if (!extended)
		return smtp_reply(d, "250 %s", server->host);
	if (server->size_limit > 0)
		snprintf(size, sizeof size, "250-SIZE %zu\r\n",
		    server->size_limit);
	return smtp_reply(d, "250-%s\r\n%s250-8BITMIME\r\n%s250 HELP",
	    server->host, size, server->smtputf8 ? "250-SMTPUTF8\r\n" : "");
}

static int
helo(struct asyncore_dispatcher *d, struct smtp_session *self, char *arg)
{
	return greet(d, self, arg, false);
}

static int
ehlo(struct asyncore_dispatcher *d, struct smtp_session *self, char *arg)
{
	return greet(d, self, arg, true);
}

static bool
is_number(const char *p)
{
	return *p != '\0' && p[strspn(p, "0123456789")] == '\0';
}

/* The answer to parameters of MAIL that are wrong; NULL: they are right. */
static const char *
refusal(const struct smtp_server *server, const struct smtp_params *p)
{
	if (p->body && strcmp(p->body, "7BIT") != 0 &&
	    strcmp(p->body, "8BITMIME") != 0)
		return "501 Error: BODY can only be one of 7BIT, 8BITMIME";
	if (p->utf8 && server->smtputf8 && *p->utf8 != '\0')
		return "501 Error: SMTPUTF8 takes no arguments";
	if (p->size && server->size_limit > 0 &&
	    strtoull(p->size, NULL, 10) > server->size_limit)
		return "552 Error: message size exceeds fixed maximum message "
		    "size";
	if (p->others || (p->utf8 && !server->smtputf8))
		return "555 MAIL FROM parameters not recognized or not "
		    "implemented";
	return NULL;
}

static int
mail(struct asyncore_dispatcher *d, struct smtp_session *self, char *arg)
{
	struct smtp_params p = { NULL, NULL, NULL, false };
	char *from, *params;
	size_t len;
	const char *refused;

	if (!self->greeted)
		return smtp_reply(d, "503 Error: send HELO first");
	from = smtp_address(smtp_behind("FROM:", arg), &len, &params);
	if (!from || (!self->extended && *params != '\0'))
		return SYNTAX;
	if (self->from)
		return smtp_reply(d, "503 Error: nested MAIL command");
	if (!smtp_parse_params(params, &p) || (p.size && !is_number(p.size)))
		return SYNTAX;
	refused = refusal(self->server, &p);
	if (refused)
		return smtp_reply(d, "%s", refused);
	self->from = strndup(from, len);
	self->utf8 = p.utf8 != NULL;
	return self->from ? smtp_reply(d, "250 OK") : -ENOMEM;
}

static int
rcpt(struct asyncore_dispatcher *d, struct smtp_session *self, char *arg)
{
	struct smtp_params p = { NULL, NULL, NULL, false };
	char *to, *params;
	size_t len;

	if (!self->greeted)
		return smtp_reply(d, "503 Error: send HELO first");
	if (!self->from)
		return smtp_reply(d, "503 Error: need MAIL command");
	to = smtp_address(smtp_behind("TO:", arg), &len, &params);
	if (!to || (!self->extended && *params != '\0') ||
	    !smtp_parse_params(params, &p))
		return SYNTAX;
	if (*params != '\0')
		return smtp_reply(d, "555 RCPT TO parameters not recognized or "
		    "not implemented");
	if (self->n_rcpts == self->server->rcpt_limit)
		return smtp_reply(d, "452 Error: too many recipients");
	if (evbuffer_add_printf(self->rcpts, "%.*s\n", (int)len, to) < 0)
		return -ENOMEM;
	self->n_rcpts++;
	return smtp_reply(d, "250 OK");
}

static int
data(struct asyncore_dispatcher *d, struct smtp_session *self, char *arg)
{
	if (!self->greeted)
		return smtp_reply(d, "503 Error: send HELO first");
	if (evbuffer_get_length(self->rcpts) == 0)
		return smtp_reply(d, "503 Error: need RCPT command");
	if (*arg != '\0')
		return SYNTAX;
	self->in_data = true;
	return smtp_reply(d, "354 End data with <CR><LF>.<CR><LF>");
}

static int
rset(struct asyncore_dispatcher *d, struct smtp_session *self, char *arg)
{
	if (*arg != '\0')
		return SYNTAX;
	smtp_reset(self);
	return smtp_reply(d, "250 OK");
}

static int
noop(struct asyncore_dispatcher *d, struct smtp_session *self, char *arg)
{
	(void)self;
	return *arg == '\0' ? smtp_reply(d, "250 OK") : SYNTAX;
}

static int
quit(struct asyncore_dispatcher *d, struct smtp_session *self, char *arg)
{
	const int err = smtp_reply(d, "221 Bye");

	(void)arg;
	self->leaving = true;
	return err == 0 ? asynchat_close_when_done(d) : err;
}

static int
vrfy(struct asyncore_dispatcher *d, struct smtp_session *self, char *arg)
{
	char *params;
	size_t len;

	(void)self;
	if (*arg == '\0')
		return SYNTAX;
	if (!smtp_address(arg, &len, &params))
		return smtp_reply(d, "502 Could not VRFY %s", arg);
	return smtp_reply(d, "252 Cannot VRFY user, but will accept message "
	    "and attempt delivery");
}

static int
expn(struct asyncore_dispatcher *d, struct smtp_session *self, char *arg)
{
	(void)self;
	(void)arg;
	return smtp_reply(d, "502 EXPN not implemented");
}

static int help(struct asyncore_dispatcher *, struct smtp_session *, char *);

static const struct command {
	const char *name, *usage;
	int (*run)(struct asyncore_dispatcher *, struct smtp_session *, char *);
} commands[] = {
	{ "EHLO", "EHLO hostname", ehlo },
	{ "HELO", "HELO hostname", helo },
	{ "MAIL", "MAIL FROM: <address>", mail },
	{ "RCPT", "RCPT TO: <address>", rcpt },
	{ "DATA", "DATA", data },
	{ "RSET", "RSET", rset },
	{ "NOOP", "NOOP", noop },
	{ "QUIT", "QUIT", quit },
	{ "VRFY", "VRFY <address>", vrfy },
	{ "HELP", NULL, help },
	{ "EXPN", NULL, expn },
};

static const struct command *
find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int
syntax(struct asyncore_dispatcher *d, const char *code, const char *usage)
{
	const struct smtp_session *self = asyncore_self(d);
	const bool more = self->extended && strstr(usage, ": <");

	return smtp_reply(d, "%s Syntax: %s%s", code, usage,
	    more ? " [SP <mail-parameters>]" : "");
}

static int
help(struct asyncore_dispatcher *d, struct smtp_session *self, char *arg)
{
	const struct command *c;

	(void)self;
	smtp_upper(arg);
	c = find(arg);
	if (c && c->usage)
		return syntax(d, "250", c->usage);
	return smtp_reply(d, "%s Supported commands: EHLO HELO MAIL RCPT DATA "
	    "RSET NOOP QUIT VRFY", *arg == '\0' ? "250" : "501");
}

/* Where the argument begins, without blanks around it. */
static char *
split(char *line)
{
	char *end = line + strlen(line), *arg = strchr(line, ' ');

	if (!arg)
		return end;
	*arg++ = '\0';
	arg += strspn(arg, " \t");
	while (end > arg && strchr(" \t", end[-1]))
		*--end = '\0';
	return arg;
}

int
smtp_command(struct asyncore_dispatcher *d, char *line, size_t len)
{
	struct smtp_session *self = asyncore_self(d);
	const struct command *c;
	size_t most = COMMAND_MAX;
	char *arg = split(line);
	int result;

	smtp_upper(line);
	c = find(line);
	if (c && c->run == mail && self->extended)
		most += (self->server->size_limit > 0 ? SIZE_MORE : 0) +
		    (self->server->smtputf8 ? UTF8_MORE : 0);
	if (len > most)
		return smtp_reply(d, "500 Error: line too long");
	if (!c)
		return smtp_reply(d, "500 Error: command \"%s\" not "
		    "recognized", line);
	result = c->run(d, self, arg);
	return result == SYNTAX ? syntax(d, "501", c->usage) : result;
}
