/*
 * check_log.c - what a channel says of itself: log() to stderr, log_info() to
 * stdout unless the type is ignored, both overridden, and repr().
 *
 * What repr() is compared with was printed by CPython 3.11, without the name of
 * the module before the class's.
 */
#include "testing.h"
#include "places.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

const char testing_suite[] = "log";

/* ---- What is written to a descriptor. ---- */

struct capture {
	int fd, saved, file;
	char text[200000];
};

static struct capture out = { .fd = STDOUT_FILENO };
static struct capture err = { .fd = STDERR_FILENO };

static void
begin_capture(struct capture *c)
{
	char name[] = "check-log-XXXXXX";

	ck_assert_int_eq(fflush(NULL), 0);
	c->saved = dup(c->fd);
	ck_assert_int_ge(c->saved, 0);
	c->file = mkstemp(name);
	ck_assert_int_ge(c->file, 0);
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(dup2(c->file, c->fd), c->fd);
}

static void
end_capture(struct capture *c)
{
	ssize_t n;

	ck_assert_int_eq(fflush(NULL), 0);
	n = pread(c->file, c->text, sizeof c->text - 1, 0);
	ck_assert_int_ge(n, 0);
	c->text[n] = '\0';
	ck_assert_int_eq(dup2(c->saved, c->fd), c->fd);
	ck_assert_int_eq(close(c->saved), 0);
	ck_assert_int_eq(close(c->file), 0);
}

static void
begin(void)
{
	begin_capture(&out);
	begin_capture(&err);
}

static void
ck_written(const char *to_stdout, const char *to_stderr)
{
	end_capture(&err);
	end_capture(&out);
	ck_assert_str_eq(out.text, to_stdout);
	ck_assert_str_eq(err.text, to_stderr);
}

static struct asyncore_dispatcher *
new_channel(const struct asyncore_class *cls)
{
	struct asyncore_dispatcher *d = asyncore_new(cls, map);

	ck_assert_ptr_nonnull(d);
	return d;
}

/* ---- The defaults. ---- */

START_TEST(log_goes_to_stderr)
{
	struct asyncore_dispatcher *d = new_channel(&asyncore_dispatcher_class);

	begin();
	asyncore_log(d, "hello %d%%", 5);
	asyncore_log(d, "%s", "");
	ck_written("", "log: hello 5%\nlog: \n");
	asyncore_unref(d);
}
END_TEST

START_TEST(log_info_goes_to_stdout_with_its_type)
{
	struct asyncore_dispatcher *d = new_channel(&asyncore_dispatcher_class);

	begin();
	asyncore_log_info(d, "info", "hello %s", "you");
	asyncore_log_info(d, "error", "100%%");
	ck_written("info: hello you\nerror: 100%\n", "");
	asyncore_unref(d);
}
END_TEST

START_TEST(warnings_are_ignored_at_first)
{
	struct asyncore_dispatcher *d = new_channel(&asyncore_dispatcher_class);

	begin();
	asyncore_log_info(d, "warning", "not seen");
	asyncore_log_info(d, "warnings", "seen");
	asyncore_log_info(d, "warn", "seen");
	ck_written("warnings: seen\nwarn: seen\n", "");
	asyncore_unref(d);
}
END_TEST

static void
ck_ignored(const char *types, const char *expected)
{
	static const char *const all[] = { "debug", "info", "warning" };
	struct asyncore_dispatcher *d = new_channel(&asyncore_dispatcher_class);
	char *copy = types != NULL ? strdup(types) : NULL;
	size_t i;

	ck_assert_int_eq(asyncore_set_ignore_log_types(d, copy), 0);
	if (copy != NULL)
		memset(copy, 'x', strlen(copy));
	free(copy);
	begin();
	for (i = 0; i < sizeof all / sizeof *all; i++)
		asyncore_log_info(d, all[i], ".");
	ck_written(expected, "");
	asyncore_unref(d);
}

START_TEST(ignored_types_are_those_that_were_set)
{
	ck_ignored(NULL, "debug: .\ninfo: .\nwarning: .\n");
	ck_ignored("", "debug: .\ninfo: .\nwarning: .\n");
	ck_ignored(" ", "debug: .\ninfo: .\nwarning: .\n");
	ck_ignored("info", "debug: .\nwarning: .\n");
	ck_ignored("warning info", "debug: .\n");
	ck_ignored("  info   debug  ", "warning: .\n");
	ck_ignored("debug info warning", "");
	ck_ignored("inf nfo ebug warnin", "debug: .\ninfo: .\nwarning: .\n");
}
END_TEST

START_TEST(ignored_types_are_each_channels_own)
{
	struct asyncore_dispatcher *d = new_channel(&asyncore_dispatcher_class);
	struct asyncore_dispatcher *e = new_channel(&asyncore_dispatcher_class);

	ck_assert_int_eq(asyncore_set_ignore_log_types(d, "info"), 0);
	ck_assert_int_eq(asyncore_set_ignore_log_types(d, "error"), 0);
	begin();
	asyncore_log_info(d, "info", "d");
	asyncore_log_info(d, "error", "d");
	asyncore_log_info(e, "info", "e");
	ck_written("info: d\ninfo: e\n", "");
	asyncore_unref(d);
	asyncore_unref(e);
}
END_TEST

START_TEST(default_hooks_say_that_nobody_handled_them)
{
	struct asyncore_dispatcher *d = new_channel(&asyncore_dispatcher_class);
	const int fd = open("/dev/null", O_RDONLY);

	ck_assert_int_eq(asyncore_set_ignore_log_types(d, NULL), 0);
	begin();
	ck_assert_int_eq(asyncore_handle_read(d), 0);
	ck_assert_int_eq(asyncore_handle_write(d), 0);
	ck_assert_int_eq(asyncore_handle_expt(d), 0);
	ck_assert_int_eq(asyncore_handle_connect(d), 0);
	ck_assert_int_eq(asyncore_handle_accepted(d, fd, NULL, 0), 0);
	ck_assert_int_eq(asyncore_handle_close(d), 0);
	ck_written("warning: unhandled read event\n"
	    "warning: unhandled write event\n"
	    "warning: unhandled incoming priority event\n"
	    "warning: unhandled connect event\n"
	    "warning: unhandled accepted event\n"
	    "warning: unhandled close event\n", "");
	asyncore_unref(d);
}
END_TEST

/* The line tells who it was, as in Python. */
START_TEST(default_handle_error_is_one_line)
{
	struct asyncore_dispatcher *d = new_channel(&asyncore_dispatcher_class);
	char repr[100];

	(void)asyncore_repr(d, repr, sizeof repr);
	begin();
	ck_assert_int_eq(asyncore_handle_error(d, -EIO), 0);
	end_capture(&err);
	end_capture(&out);
	ck_assert_str_eq(err.text, "");
	ck_assert_ptr_eq(strstr(out.text, "error: uncaptured "), out.text);
	ck_assert_ptr_nonnull(strstr(out.text, repr));
	ck_assert_ptr_nonnull(strstr(out.text, strerror(EIO)));
	ck_assert_ptr_eq(strchr(out.text, '\n'),
	    out.text + strlen(out.text) - 1);
	asyncore_unref(d);
}
END_TEST

/* ---- Overridden. ---- */

static size_t message_len;
static bool is_whole;

static void
note(const char *message)
{
	size_t i;

	message_len = strlen(message);
	is_whole = true;
	for (i = 0; i < message_len; i++)
		is_whole = is_whole && message[i] == (char)('a' + i % 26);
}

static void
on_log(struct asyncore_dispatcher *d, const char *message)
{
	(void)d;
	trace("log");
	note(message);
}

static void
on_log_info(struct asyncore_dispatcher *d, const char *message,
    const char *type)
{
	(void)d;
	trace("info:%s", type);
	note(message);
}

static const struct asyncore_class own = {
	.name = "Own",
	.log = on_log,
	.log_info = on_log_info,
};

static const struct asyncore_class heir = {
	.name = "Heir",
	.base = &own,
};

START_TEST(overrides_hear_everything_and_nothing_is_written)
{
	struct asyncore_dispatcher *d = new_channel(&heir);

	begin();
	asyncore_log(d, "abc%s", "def");
	ck_trace("log");
	ck_assert_uint_eq(message_len, 6);
	ck_assert(is_whole);
	asyncore_log_info(d, "warning", "%s", "");
	ck_trace("info:warning");
	ck_assert_uint_eq(message_len, 0);
	ck_assert_int_eq(asyncore_handle_error(d, -EIO), 0);
	ck_trace("info:error info:warning");
	ck_written("", "");
	asyncore_unref(d);
}
END_TEST

START_TEST(long_message_is_whole)
{
	static const size_t sizes[] = { 254, 255, 256, 257, 511, 1024, 100000 };
	const size_t size = sizes[_i];
	struct asyncore_dispatcher *d = new_channel(&own);
	char *text = malloc(size + 1);
	size_t i;

	ck_assert_ptr_nonnull(text);
	for (i = 0; i < size; i++)
		text[i] = (char)('a' + i % 26);
	text[size] = '\0';
	asyncore_log(d, "%s", text);
	ck_assert_uint_eq(message_len, size);
	ck_assert(is_whole);
	message_len = 0;
	asyncore_log_info(d, "info", "%s", text);
	ck_assert_uint_eq(message_len, size);
	ck_assert(is_whole);
	free(text);
	asyncore_unref(d);
}
END_TEST

START_TEST(long_message_is_written_whole)
{
	static char text[100001], expected[sizeof text + 10];
	struct asyncore_dispatcher *d = new_channel(&asyncore_dispatcher_class);

	memset(text, 'x', sizeof text - 1);
	(void)snprintf(expected, sizeof expected, "log: %s\n", text);
	begin();
	asyncore_log(d, "%s", text);
	ck_written("", expected);
	asyncore_unref(d);
}
END_TEST

/* A wide character that no locale here can show. */
START_TEST(message_that_cannot_be_formatted_is_empty)
{
	static const wchar_t bad[] = { (wchar_t)0x7fffffff, 0 };
	struct asyncore_dispatcher *d = new_channel(&own);

	message_len = 1;
	asyncore_log(d, "before %ls", bad);
	ck_trace("log");
	ck_assert_uint_eq(message_len, 0);
	asyncore_unref(d);
}
END_TEST

START_TEST(message_without_a_type_is_info)
{
	struct asyncore_dispatcher *d = new_channel(&own);

	asyncore_log_info(d, NULL, "hello");
	ck_trace("info:info");
	ck_assert_uint_eq(message_len, 5);
	asyncore_unref(d);
}
END_TEST

START_TEST(closed_channel_can_still_log)
{
	struct asyncore_dispatcher *d = new_channel(&own);

	ck_assert_int_eq(asyncore_create_socket(d, AF_INET, SOCK_STREAM), 0);
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_log(d, "gone");
	asyncore_log_info(d, "info", "gone");
	ck_trace("log info:info");
	asyncore_unref(d);
}
END_TEST

/* ---- repr(). ---- */

/* "<Own", what is expected, and the address of the object. */
static void
ck_repr(const struct asyncore_dispatcher *d, const char *middle)
{
	char expected[1000], repr[1000];
	int n = snprintf(expected, sizeof expected, "<Own%s at %#jx>", middle,
	    (uintmax_t)(uintptr_t)d);

	ck_assert_int_eq(asyncore_repr(d, repr, sizeof repr), n);
	ck_assert_str_eq(repr, expected);
}

START_TEST(repr_of_every_state)
{
	struct asyncore_dispatcher *d = new_channel(&own);
	struct place p;

	ck_repr(d, "");
	inet(&p);
	p.addr.in.sin_port = htons(4000);
	ck_assert_int_eq(asyncore_set_addr(d, &p.addr.sa, p.len), 0);
	ck_repr(d, " 127.0.0.1:4000");
	ck_assert_int_eq(asyncore_set_connecting(d, true), 0);
	ck_repr(d, " 127.0.0.1:4000");
	ck_assert_int_eq(asyncore_set_accepting(d, true), 0);
	ck_repr(d, " listening 127.0.0.1:4000");
	ck_assert_int_eq(asyncore_set_connected(d, true), 0);
	ck_repr(d, " listening 127.0.0.1:4000");
	ck_assert_int_eq(asyncore_set_accepting(d, false), 0);
	ck_repr(d, " connected 127.0.0.1:4000");
	ck_assert_int_eq(asyncore_set_addr(d, NULL, 0), 0);
	ck_repr(d, " connected");
	ck_assert_int_eq(asyncore_set_accepting(d, true), 0);
	ck_repr(d, " connected");
	ck_assert_int_eq(asyncore_close(d), 0);
	ck_repr(d, "");
	asyncore_unref(d);
}
END_TEST

static void
ck_shown(const void *addr, size_t len, const char *shown)
{
	struct asyncore_dispatcher *d = new_channel(&own);
	char middle[600];

	ck_assert_int_eq(asyncore_set_addr(d, addr, (socklen_t)len), 0);
	(void)snprintf(middle, sizeof middle, " %s", shown);
	ck_repr(d, middle);
	asyncore_unref(d);
}

START_TEST(repr_of_inet6_is_pythons_tuple)
{
	struct place p;

	inet6(&p);
	p.addr.in6.sin6_port = htons(80);
	ck_shown(&p.addr, p.len, "('::1', 80, 0, 0)");
	p.addr.in6.sin6_flowinfo = htonl(5);
	ck_shown(&p.addr, p.len, "('::1', 80, 5, 0)");
}
END_TEST

/* The name of a path, or the bytes of an abstract name. */
static void
ck_unix(const char *name, size_t len, const char *shown)
{
	struct sockaddr_un un;

	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	memcpy(un.sun_path, name, len);
	ck_shown(&un, offsetof(struct sockaddr_un, sun_path) + len, shown);
}

START_TEST(repr_of_a_path_is_pythons_string)
{
	ck_unix("/run/x", 7, "'/run/x'");
	ck_unix("/run/x", 6, "'/run/x'");
	ck_unix("a b", 3, "'a b'");
	ck_unix("", 0, "''");
	ck_unix("\001\177", 2, "'\\x01\\x7f'");
	ck_unix("a\"b", 3, "'a\"b'");
}
END_TEST

START_TEST(repr_of_an_abstract_name_is_pythons_bytes)
{
	ck_unix("\0abc", 4, "b'\\x00abc'");
	ck_unix("\0a\0b", 4, "b'\\x00a\\x00b'");
	ck_unix("\0\377", 2, "b'\\x00\\xff'");
}
END_TEST

START_TEST(repr_escapes_as_python_does)
{
	ck_unix("back\\slash", 10, "'back\\\\slash'");
	ck_unix("new\nline\ttab\r", 13, "'new\\nline\\ttab\\r'");
	ck_unix("it's", 4, "\"it's\"");
	ck_unix("it's \"x\"", 8, "'it\\'s \"x\"'");
	ck_unix("\0\n'\"\\", 5, "b'\\x00\\n\\'\"\\\\'");
}
END_TEST

/* The longest there is: 108 bytes on Linux, each shown as four. */
START_TEST(repr_of_the_longest_path_is_whole)
{
	char name[sizeof ((struct sockaddr_un *)0)->sun_path];
	char shown[4 * sizeof name + 3], *p = shown;
	size_t i;

	memset(name, 1, sizeof name);
	*p++ = '\'';
	for (i = 0; i < sizeof name; i++)
		p += sprintf(p, "\\x01");
	strcpy(p, "'");
	ck_unix(name, sizeof name, shown);
}
END_TEST

/* The kernel takes none that is longer, but a program may set one. */
START_TEST(repr_of_a_path_that_is_too_long_is_its_beginning)
{
	const size_t size = sizeof ((struct sockaddr_un *)0)->sun_path;
	struct sockaddr_storage addr;
	char shown[sizeof addr], *path = (char *)&addr +
	    offsetof(struct sockaddr_un, sun_path);

	memset(&addr, 'a', sizeof addr);
	addr.ss_family = AF_UNIX;
	path[size - 1] = 'z';
	(void)snprintf(shown, sizeof shown, "'%.*s'", (int)size, path);
	ck_shown(&addr, sizeof addr, shown);
}
END_TEST

START_TEST(repr_of_an_address_that_is_too_short_says_its_family)
{
	struct sockaddr_in6 in6;
	char shown[32];

	memset(&in6, 0, sizeof in6);
	in6.sin6_family = AF_INET;
	(void)snprintf(shown, sizeof shown, "family %u", (unsigned)AF_INET);
	ck_shown(&in6, offsetof(struct sockaddr_in, sin_addr), shown);
	in6.sin6_family = AF_INET6;
	(void)snprintf(shown, sizeof shown, "family %u", (unsigned)AF_INET6);
	ck_shown(&in6, offsetof(struct sockaddr_in6, sin6_addr), shown);
}
END_TEST

START_TEST(repr_of_another_family_says_something)
{
	struct sockaddr sa;
	struct asyncore_dispatcher *d = new_channel(&own);
	char repr[100];

	memset(&sa, 0, sizeof sa);
	sa.sa_family = AF_UNSPEC;
	ck_assert_int_eq(asyncore_set_addr(d, &sa, sizeof sa), 0);
	ck_assert_int_gt(asyncore_repr(d, repr, sizeof repr), 0);
	ck_assert_ptr_eq(strstr(repr, "<Own "), repr);
	asyncore_unref(d);
}
END_TEST

START_TEST(repr_cuts_as_snprintf_does)
{
	struct asyncore_dispatcher *d = new_channel(&own);
	char whole[100], buf[100];
	int n = asyncore_repr(d, whole, sizeof whole), size;

	ck_assert_int_eq(n, (int)strlen(whole));
	ck_assert_int_eq(asyncore_repr(d, NULL, 0), n);
	for (size = 1; size <= n + 1; size++) {
		memset(buf, 'x', sizeof buf);
		ck_assert_int_eq(asyncore_repr(d, buf, (size_t)size), n);
		ck_assert_int_eq(buf[size - 1], '\0');
		ck_assert_int_eq(buf[size], 'x');
		ck_assert_mem_eq(buf, whole, (size_t)size - 1);
	}
	asyncore_unref(d);
}
END_TEST

START_TEST(repr_of_a_class_with_a_long_name_is_whole)
{
	static char name[1001];
	static struct asyncore_class cls = { .name = name };
	struct asyncore_dispatcher *d;
	char repr[1100];

	memset(name, 'N', sizeof name - 1);
	d = new_channel(&cls);
	ck_assert_int_gt(asyncore_repr(d, repr, sizeof repr), 1000);
	ck_assert_mem_eq(repr + 1, name, 1000);
	asyncore_unref(d);
}
END_TEST

static void
add_repr(TCase *tc)
{
	tcase_add_test(tc, repr_of_every_state);
	tcase_add_test(tc, repr_of_inet6_is_pythons_tuple);
	tcase_add_test(tc, repr_of_a_path_is_pythons_string);
	tcase_add_test(tc, repr_of_an_abstract_name_is_pythons_bytes);
	tcase_add_test(tc, repr_escapes_as_python_does);
	tcase_add_test(tc, repr_of_the_longest_path_is_whole);
	tcase_add_test(tc, repr_of_a_path_that_is_too_long_is_its_beginning);
	tcase_add_test(tc,
	    repr_of_an_address_that_is_too_short_says_its_family);
	tcase_add_test(tc, repr_of_another_family_says_something);
	tcase_add_test(tc, repr_cuts_as_snprintf_does);
	tcase_add_test(tc, repr_of_a_class_with_a_long_name_is_whole);
}

void
testing_add(TCase *tc)
{
	tcase_add_test(tc, log_goes_to_stderr);
	tcase_add_test(tc, log_info_goes_to_stdout_with_its_type);
	tcase_add_test(tc, warnings_are_ignored_at_first);
	tcase_add_test(tc, ignored_types_are_those_that_were_set);
	tcase_add_test(tc, ignored_types_are_each_channels_own);
	tcase_add_test(tc, default_hooks_say_that_nobody_handled_them);
	tcase_add_test(tc, default_handle_error_is_one_line);
	tcase_add_test(tc, overrides_hear_everything_and_nothing_is_written);
	tcase_add_loop_test(tc, long_message_is_whole, 0, 7);
	tcase_add_test(tc, long_message_is_written_whole);
	tcase_add_test(tc, message_that_cannot_be_formatted_is_empty);
	tcase_add_test(tc, message_without_a_type_is_info);
	tcase_add_test(tc, closed_channel_can_still_log);
	add_repr(tc);
}
