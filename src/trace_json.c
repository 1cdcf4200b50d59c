/*
 * trace_json.c - ASYNCORE_TRACE=file: a trace as lines of JSON.
 *
 * docs/trace.md says what they mean.  Each line is one write(2) to a file that
 * is open for appending, so that the maps of a program, and its children, may
 * share one.  Numbers and names are written by hand: the program's locale must
 * not get into them.
 */
#include "internal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_SIZE 8192
#define NAME_SIZE 512	/* two of them fit, though all be escaped */

struct line {
	char text[LINE_SIZE];
	size_t len;
};

static void put(struct line *l, const char *format, ...)
    ASYNCORE_PRINTF(2, 3);

static void
put(struct line *l, const char *format, ...)
{
	const size_t room = sizeof l->text - l->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(l->text + l->len, room, format, args);
	va_end(args);
	if (n > 0 && (size_t)n < room)
		l->len += (size_t)n;
}

/* The length of the UTF-8 character at s, or 0: there is none. */
static size_t
utf8_len(const unsigned char *s)
{
	const size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 :
	    s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
	size_t i;

	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* Without the quotes; what is no UTF-8 becomes U+FFFD. */
static void
put_escaped(struct line *l, const char *string)
{
	const unsigned char *s = (const unsigned char *)string;
	size_t n;

	for (; *s != '\0'; s += n > 0 ? n : 1) {
		n = utf8_len(s);
		if (n == 0)
			put(l, "\\ufffd");
		else if (*s == '"' || *s == '\\')
			put(l, "\\%c", *s);
		else if (*s < 0x20)
			put(l, "\\u%04x", *s);
		else
			put(l, "%.*s", (int)n, (const char *)s);
	}
}

static void
put_string(struct line *l, const char *key, const char *value)
{
	put(l, ",\"%s\":\"", key);
	put_escaped(l, value);
	put(l, "\"");
}

static void
put_address(struct line *l, const char *key, const void *p)
{
	put(l, ",\"%s\":\"%#jx\"", key, (uintmax_t)(uintptr_t)p);
}

static void
put_time(struct line *l, double time)
{
	const long long whole = (long long)time;

	put(l, ",\"time\":%lld.%09ld", whole,
	    (long)((time - (double)whole) * 1e9));
}

static void
put_dispatcher(struct line *l, const struct asyncore_dispatcher *d, int fd)
{
	char name[NAME_SIZE];

	put_address(l, "channel", d);
	put(l, ",\"fd\":%d", fd);
	(void)snprintf(name, sizeof name, "%s", asyncore__class_name(d->cls));
	put_string(l, "class", name);
	(void)asyncore_repr(d, name, sizeof name);
	put_string(l, "repr", name);
}

/* By its number, see asyncore.h. */
static const char *const kinds[] = {
	"", "pass_begin", "pass_end", "wait_begin", "wait_end", "predicate",
	"hook_begin", "hook_end", "arm", "disarm", "add", "remove", "close",
	"error", "call_begin", "call_end", "free"
};

static void
begin_line(struct line *l, const struct asyncore_map *map)
{
	l->len = 0;
	put(l, "{\"pid\":%ld", (long)getpid());
	put_address(l, "map", map);
}

static ssize_t
write_line(const struct line *l, int fd)
{
	ssize_t n;

	do
		n = write(fd, l->text, l->len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static ssize_t
write_line_to_pipe(const struct line *l, int fd)
{
	struct asyncore__sigpipe guard;
	ssize_t n;

	asyncore__sigpipe_hold(&guard);
	n = write_line(l, fd);
	asyncore__sigpipe_release(&guard, n == -EPIPE);
	return n;
}

/* A file that takes no more is left alone from then on. */
static void
end_line(struct line *l, struct asyncore_map *map)
{
	const char *why;
	ssize_t n;

	put(l, "}\n");
	n = map->trace_pipes ? write_line_to_pipe(l, map->trace_fd) :
	    write_line(l, map->trace_fd);
	if (n == (ssize_t)l->len)
		return;
	why = n < 0 ? asyncore_strerror((int)n) : "the file is full";
	asyncore__trace_close(map);
	asyncore__map_log(map, "error", "the trace ends here: %s", why);
}

static void
put_result(struct line *l, const struct asyncore_trace *e)
{
	switch (e->kind) {
	case ASYNCORE_TRACE_PREDICATE:
		put(l, ",\"result\":%s", e->result ? "true" : "false");
		break;
	case ASYNCORE_TRACE_HOOK_BEGIN:
	case ASYNCORE_TRACE_CALL_BEGIN:
		put(l, ",\"argument\":%lld", e->argument);
		break;
	case ASYNCORE_TRACE_CALL_END:
		put(l, ",\"argument\":%lld", e->argument);
		put(l, ",\"result\":%lld", e->result);
		break;
	case ASYNCORE_TRACE_PASS_END:
	case ASYNCORE_TRACE_WAIT_END:
	case ASYNCORE_TRACE_HOOK_END:
	case ASYNCORE_TRACE_ERROR:
		put(l, ",\"result\":%lld", e->result);
		break;
	default:
		break;
	}
}

void
asyncore__trace_write(struct asyncore_map *map,
    const struct asyncore_trace *e)
{
	struct line l;

	if (map->trace_fd < 0)
		return;
	begin_line(&l, map);
	put_time(&l, e->time);
	put(&l, ",\"pass\":%llu", e->pass);
	put_string(&l, "event", kinds[e->kind]);
	if (e->dispatcher != NULL)
		put_dispatcher(&l, e->dispatcher, e->fd);
	if (e->name[0] != '\0')
		put_string(&l, "name", e->name);
	put_result(&l, e);
	end_line(&l, map);
}

/* ---- The file. ---- */

/* A program that runs with somebody else's rights writes where he says. */
static const char *
file_name(void)
{
#ifdef HAVE_SECURE_GETENV
	return secure_getenv("ASYNCORE_TRACE");
#else
	if (getuid() != geteuid() || getgid() != getegid())
		return NULL;
	return getenv("ASYNCORE_TRACE");
#endif
}

static void
write_header(struct asyncore_map *map)
{
	struct line l;

	begin_line(&l, map);
	put_time(&l, asyncore__now());
	put(&l, ",\"asyncore_trace\":1,\"version\":\"%s\"", PACKAGE_VERSION);
	end_line(&l, map);
}

/* Of a new map.  Without the file the program goes on without it. */
void
asyncore__trace_open(struct asyncore_map *map)
{
	const char *name = file_name();
	struct stat st;

	if (name == NULL || name[0] == '\0')
		return;
	map->trace_fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
	    O_NOCTTY, 0666);
	if (map->trace_fd < 0) {
		asyncore__map_log(map, "error", "ASYNCORE_TRACE=%s: %s", name,
		    asyncore_strerror(-errno));
		return;
	}
	map->trace_pipes = fstat(map->trace_fd, &st) != 0 ||
	    !S_ISREG(st.st_mode);
	write_header(map);
	asyncore__observe(map);
}

void
asyncore__trace_close(struct asyncore_map *map)
{
	if (map->trace_fd >= 0)
		close(map->trace_fd);
	map->trace_fd = -1;
	asyncore__observe(map);
}
