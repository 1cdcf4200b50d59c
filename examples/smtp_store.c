/*
 * smtp_store.c - an mbox or a Maildir; see smtp_store.h.
 *
 * A message is written whole or not at all: what was written of it to an mbox
 * is taken away again, and a file of a Maildir comes from its tmp.
 */
#define _POSIX_C_SOURCE 200809L
#include "smtp_store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* One of them is set. */
static const char *mbox, *maildir;
static const char *host;

int
smtp_store_mbox(const char *path)
{
	const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);

	mbox = path;
	return fd >= 0 && close(fd) == 0 ? 0 : -errno;
}

int
smtp_store_maildir(const char *path, const char *name)
{
	static const char *const parts[] = { "", "/tmp", "/new", "/cur" };
	char part[PATH_MAX];
	size_t i;

	maildir = path;
	host = name;
	for (i = 0; i < 4; i++) {
		snprintf(part, sizeof part, "%s%s", path, parts[i]);
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

/* ---- Writing ------------------------------------------------------------- */

static int
write_all(struct evbuffer *out, int fd)
{
	while (evbuffer_get_length(out) > 0)
		if (evbuffer_write(out, fd) < 0 && errno != EINTR)
			return -errno;
	return 0;
}

static int
append_to_mbox(struct evbuffer *out)
{
	const int fd = open(mbox, O_WRONLY | O_APPEND | O_CREAT, 0600);
	const off_t end = fd >= 0 ? lseek(fd, 0, SEEK_END) : -1;
	int err = end >= 0 ? write_all(out, fd) : -errno;

	if (end >= 0 && err < 0 && ftruncate(fd, end) != 0)
		err = -errno;
	if (fd >= 0 && close(fd) != 0)
		err = -errno;
	return err;
}

static int
move_into_maildir(struct evbuffer *out)
{
	static unsigned long n;
	char tmp[PATH_MAX], new[PATH_MAX], name[400];
	int fd, err;

	snprintf(name, sizeof name, "%ld.P%ldQ%lu.%s", (long)time(NULL),
	    (long)getpid(), ++n, host);
	if (snprintf(tmp, sizeof tmp, "%s/tmp/%s", maildir, name) >= PATH_MAX ||
	    snprintf(new, sizeof new, "%s/new/%s", maildir, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return -errno;
	err = write_all(out, fd);
	if (close(fd) != 0 || err < 0 || rename(tmp, new) != 0) {
		err = err < 0 ? err : -errno;
		unlink(tmp);
	}
	return err;
}

/* ---- What is written ----------------------------------------------------- */

static int
add_envelope(struct evbuffer *out, const char *from, struct evbuffer *rcpts)
{
	const time_t now = time(NULL);
	char date[32], *rcpt;
	int ok = 1;

	strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", gmtime(&now));
	if (mbox)
		ok = evbuffer_add_printf(out, "From %s %s\n",
		    *from != '\0' ? from : "MAILER-DAEMON", date);
	if (ok > 0)
		ok = evbuffer_add_printf(out, "Return-Path: <%s>\n", from);
	while (ok > 0 && (rcpt = evbuffer_readln(rcpts, NULL,
	    EVBUFFER_EOL_LF)) != NULL) {
		ok = evbuffer_add_printf(out, "Delivered-To: %s\n", rcpt);
		free(rcpt);
	}
	return ok > 0 ? 0 : -ENOMEM;
}

static bool
is_from_line(const char *line, const char *end)
{
	while (line < end && *line == '>')
		line++;
	return end - line >= 5 && memcmp(line, "From ", 5) == 0;
}

/* Every line ends in '\n'. */
static int
add_quoted(struct evbuffer *out, struct evbuffer *data)
{
	const size_t len = evbuffer_get_length(data);
	const char *line = len > 0 ? (char *)evbuffer_pullup(data, -1) : "";
	const char *end, *next;

	if (!line)
		return -ENOMEM;
	for (end = line + len; line < end; line = next) {
		next = memchr(line, '\n', (size_t)(end - line));
		next = next ? next + 1 : end;
		if ((is_from_line(line, next) &&
		    evbuffer_add(out, ">", 1) != 0) ||
		    evbuffer_add(out, line, (size_t)(next - line)) != 0)
			return -ENOMEM;
	}
	return evbuffer_add(out, "\n", 1) == 0 ? 0 : -ENOMEM;
}

int
smtp_keep(const char *from, struct evbuffer *rcpts, struct evbuffer *data)
{
	struct evbuffer *out = evbuffer_new();
	int err = out ? add_envelope(out, from, rcpts) : -ENOMEM;

	if (err == 0 && mbox)
		err = add_quoted(out, data);
	else if (err == 0)
		err = evbuffer_add_buffer(out, data) == 0 ? 0 : -ENOMEM;
	if (err == 0)
		err = mbox ? append_to_mbox(out) : move_into_maildir(out);
	if (err < 0)
		fprintf(stderr, "smtp_sink: %s: %s\n", mbox ? mbox : maildir,
		    strerror(-err));
	if (out)
		evbuffer_free(out);
	return err;
}
