/*
 * smtp_session.h - the server's side of an SMTP connection, on asynchat: a port
 * of the behaviour of Python's smtpd.SMTPChannel.  What becomes of a message is
 * its server's affair.
 */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include <asynchat.h>
#include <event2/buffer.h>

/* What the sessions have in common; it outlives them. */
struct smtp_server {
	const char *host;		/* its name in greetings */
	size_t size_limit;		/* of a message; 0: there is none */
	size_t rcpt_limit;		/* recipients of a message */
	bool smtputf8;
	/*
	 * A message has come: its sender ("" for a bounce), its recipients, one
	 * a line, and its lines, which end in '\n' now.  A negative errno value
	 * becomes an error that the client hears of.
	 */
	int (*process_message)(const char *from, struct evbuffer *rcpts,
	    struct evbuffer *data);
};

/* Speaks with the client at `fd`, which it owns.  0, or a negative errno. */
int smtp_session_start(const struct smtp_server *server, int fd,
    struct asyncore_map *map);

/* ---- Between smtp_session.c and smtp_commands.c -------------------------- */

#define SMTP_LINE_KEPT (512 + 26 + 10)	/* no command may be longer */

struct smtp_session {
	const struct smtp_server *server;
	bool greeted, extended, utf8, in_data, leaving;
	size_t line_len;		/* of the line that is coming */
	size_t size;			/* of the message, as it came */
	size_t n_rcpts;
	char *from;			/* NULL: no MAIL yet */
	struct evbuffer *rcpts, *data;
};

/* Answers; the end of the last line is added. */
int smtp_reply(struct asyncore_dispatcher *d, const char *format, ...)
    ASYNCORE_PRINTF(2, 3);
/* Forgets the message, and what was said of it. */
void smtp_reset(struct smtp_session *self);
/* Does what a line says, which is changed, and answers. */
int smtp_command(struct asyncore_dispatcher *d, char *line, size_t len);

#endif /* SMTP_SESSION_H */
