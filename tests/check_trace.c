/*
 * check_trace.c - asyncore_map_set_trace(): what it tells, in which order, and
 * what its function may do; and ASYNCORE_TRACE, the same as lines of JSON.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

const char testing_suite[] = "trace";

static struct event_base *
base(void)
{
	return asyncore_map_base(map);
}

static int
id_of(const struct asyncore_trace *e)
{
	if (e->dispatcher == NULL)
		return -1;
	return probe_of(e->dispatcher)->id;
}

/* "call_later-1(){": the number is compared where it is begun. */
static bool
told_call(const struct asyncore_trace *e)
{
	static long long number;

	if (e->kind == ASYNCORE_TRACE_CALL_BEGIN) {
		number = e->argument;
		trace("%s%d(){", e->name, id_of(e));
	} else if (e->kind == ASYNCORE_TRACE_CALL_END) {
		ck_assert_int_eq(e->argument, number);
		trace("}%s=%lld", e->name, e->result);
	} else {
		return false;
	}
	return true;
}

/* "pass{", "R0=1", "handle_read0(5){", "}=0", "+read0" and so on. */
static void
tell_channel(const struct asyncore_trace *e)
{
	const int id = id_of(e);

	switch (e->kind) {
	case ASYNCORE_TRACE_PREDICATE:
		trace("%s%d=%lld", e->name, id, e->result);
		break;
	case ASYNCORE_TRACE_HOOK_BEGIN:
		trace("%s%d(%lld){", e->name, id, e->argument);
		break;
	case ASYNCORE_TRACE_HOOK_END:
		trace("}%s=%lld", e->name, e->result);
		break;
	case ASYNCORE_TRACE_ARM:
	case ASYNCORE_TRACE_DISARM:
		trace("%c%s%d", e->kind == ASYNCORE_TRACE_ARM ? '+' : '-',
		    e->name, id);
		break;
	case ASYNCORE_TRACE_ERROR:
		trace("%s!%lld", e->name, e->result);
		break;
	default:
		trace("%s%d", e->kind == ASYNCORE_TRACE_ADD ? "add" :
		    e->kind == ASYNCORE_TRACE_REMOVE ? "remove" :
		    e->kind == ASYNCORE_TRACE_FREE ? "free" : "close", id);
	}
}

static void
tell(const struct asyncore_trace *e, void *arg)
{
	static double last;

	ck_assert_ptr_eq(arg, &channel);
	ck_assert_ptr_eq(e->map, map);
	ck_assert_uint_ge(e->size, sizeof *e);
	ck_assert(e->time >= last && e->time <= now());
	last = e->time;
	if (told_call(e))
		return;
	if (e->dispatcher != NULL) {
		ck_assert_int_eq(e->fd, asyncore_fileno(e->dispatcher));
		tell_channel(e);
		return;
	}
	ck_assert_int_eq(e->fd, -1);
	switch (e->kind) {
	case ASYNCORE_TRACE_PASS_BEGIN:
		trace("pass%llu{", e->pass);
		break;
	case ASYNCORE_TRACE_PASS_END:
		trace("}pass%llu=%lld", e->pass, e->result);
		break;
	case ASYNCORE_TRACE_WAIT_BEGIN:
		trace("wait");
		break;
	default:
		trace("found%lld", e->result);
	}
}

static void
look(void)
{
	ck_assert_int_eq(asyncore_map_set_trace(map, tell, &channel), 0);
}

START_TEST(a_pass_is_told_from_begin_to_end)
{
	add_pair(0, true, false);
	look();
	ck_poll(map, "pass1{ readable0=1 writable0=0 +read0 wait found1"
	    " handle_read_event0(0){ handle_read0(0){ r0 }handle_read=0"
	    " }handle_read_event=0 }pass1=0");
	probe(0)->r = false;
	ck_assert_int_eq(asyncore_poll(0, map), 0);
	ck_trace("pass2{ readable0=0 writable0=0 -read0 wait found0 }pass2=0");
	ck_assert_int_eq(asyncore_map_set_trace(map, NULL, NULL), 0);
	ck_assert_int_eq(asyncore_poll(0, map), 0);
	ck_trace("");
	close_peers();
}
END_TEST

START_TEST(add_close_and_remove_are_told_outside_of_a_pass)
{
	look();
	add_pair(0, true, false);
	ck_assert_int_eq(asyncore_close(channel[0]), 0);
	ck_trace("add0 close0 remove0 free0");
	close_peers();
}
END_TEST

START_TEST(the_end_of_a_channel_is_told_and_it_can_still_be_looked_at)
{
	struct asyncore_dispatcher *d;

	add_pair(0, true, false);
	d = asyncore_ref(channel[0]);
	ck_assert_int_eq(asyncore_close(d), 0);
	look();
	asyncore_unref(d);
	ck_trace("free0");
	close_peers();
}
END_TEST

static int
raise_EIO(struct asyncore_dispatcher *d)
{
	(void)d;
	return -EIO;
}

START_TEST(an_error_is_told_with_its_hook_before_handle_error)
{
	char expected[512];

	add_pair(0, true, false);
	probe(0)->on_read = raise_EIO;
	ck_assert_int_eq(asyncore_poll(0, map), 0);
	clear_trace();
	look();
	(void)snprintf(expected, sizeof expected,
	    "pass2{ readable0=1 writable0=0 wait found1"
	    " handle_read_event0(0){ handle_read0(0){ r0 }handle_read=%d"
	    " }handle_read_event=%d handle_read!%d handle_error0(%d){ e0"
	    " }handle_error=0 }pass2=0", -EIO, -EIO, -EIO, -EIO);
	ck_poll(map, expected);
	close_peers();
}
END_TEST

static int
poll_inside(struct asyncore_dispatcher *d)
{
	probe_of(d)->r = false;
	return asyncore_poll(0, map);
}

START_TEST(a_loop_inside_of_a_hook_nests_and_has_a_number_of_its_own)
{
	add_pair(0, true, false);
	probe(0)->on_read = poll_inside;
	look();
	ck_poll(map, "pass1{ readable0=1 writable0=0 +read0 wait found1"
	    " handle_read_event0(0){ handle_read0(0){ r0"
	    " pass2{ readable0=0 writable0=0 -read0 wait found0 }pass2=0"
	    " }handle_read=0 }handle_read_event=0 }pass1=0");
	close_peers();
}
END_TEST

START_TEST(what_leaves_the_loop_is_the_result_of_the_pass)
{
	add_pair(0, true, false);
	probe(0)->on_read = exit_now;
	look();
	ck_assert_int_eq(asyncore_poll(LONG, map), ASYNCORE_EXIT_NOW);
	ck_assert_ptr_nonnull(strstr(traced(), "}pass1=-4096"));
	close_peers();
}
END_TEST

static long long number;

static int
end_every(void *arg)
{
	(void)arg;
	ck_assert_int_eq(asyncore_cancel_call(map, number), 0);
	return -EIO;
}

static int
add_one(struct asyncore_dispatcher *d, void *arg)
{
	(void)arg;
	return probe_of(d)->id;
}

static int
end_tied(void *arg)
{
	(void)arg;
	return ASYNCORE_EXIT_NOW;
}

START_TEST(scheduled_calls_are_told_behind_the_channels)
{
	add_pair(0, false, false);
	ck_assert_int_eq(asyncore_map_enable_threads(map), 0);
	look();
	number = asyncore_channel_call_later(channel[0], 0, add_one, NULL);
	ck_assert_int_gt(number, 0);
	ck_poll(map, "pass1{ readable0=0 writable0=0 wait found0"
	    " call_later0(){ }call_later=0 }pass1=0");
	number = asyncore_call_every(map, 1e-6, end_every, NULL);
	ck_assert_int_gt(number, 0);
	ck_poll(map, "pass2{ readable0=0 writable0=0 wait found0"
	    " call_every-1(){ }call_every=-5 }pass2=0");
	ck_assert_int_eq(asyncore_call_soon_threadsafe(map, end_tied, NULL), 0);
	ck_assert_int_eq(asyncore_poll(LONG, map), ASYNCORE_EXIT_NOW);
	ck_trace("pass3{ readable0=0 writable0=0 wait found0"
	    " call_soon_threadsafe-1(){ }call_soon_threadsafe=-4096"
	    " }pass3=-4096");
	close_peers();
}
END_TEST

/* An idle timeout looks at the clock by a call of the library's own. */
START_TEST(calls_of_the_library_s_own_are_not_told)
{
	add_pair(0, false, false);
	ck_assert_int_eq(asyncore_set_timeout(channel[0], 1e-6), 0);
	look();
	ck_assert_int_eq(asyncore_loop(LONG, false, map, -1), 0);
	ck_assert_ptr_nonnull(strstr(traced(), "handle_timeout0(0){"));
	ck_assert_ptr_null(strstr(traced(), "call_"));
	close_peers();
}
END_TEST

/* A hook whose beginning nobody saw has no end. */
static int
look_now(struct asyncore_dispatcher *d)
{
	(void)d;
	look();
	return 0;
}

START_TEST(begun_inside_of_a_hook_it_does_not_tell_that_hook_s_end)
{
	add_pair(0, true, false);
	probe(0)->on_read = look_now;
	ck_poll(map, "r0 }pass1=0");
	close_peers();
}
END_TEST

START_TEST(an_attached_map_tells_the_same_passes)
{
	add_pair(0, true, false);
	probe(0)->on_read = stop_map;
	look();
	ck_assert_int_eq(asyncore_attach(map), 0);
	ck_assert_int_ge(event_base_dispatch(base()), 0);
	ck_trace("pass1{ readable0=1 writable0=0 +read0 wait found1"
	    " handle_read_event0(0){ handle_read0(0){ r0 }handle_read=0"
	    " }handle_read_event=0 }pass1=0");
	probe(0)->r = false;
	ck_assert_int_ge(event_base_loop(base(), EVLOOP_NONBLOCK), 0);
	ck_trace("pass2{ readable0=0 writable0=0 -read0 wait");
	ck_assert_int_eq(asyncore_detach_map(map), 0);
	ck_trace("found0 }pass2=0");
	close_peers();
}
END_TEST

/* ---- What fn may do. ---- */

static enum asyncore_trace_kind at;

static void
detach_there(const struct asyncore_trace *e, void *arg)
{
	(void)arg;
	if (e->kind == at) {
		trace("detach");
		(void)asyncore_detach_map(e->map);
	}
}

/* Nothing of the map may stay armed: the host's loop would not end. */
START_TEST(fn_may_detach_the_map_at_every_event)
{
	at = (enum asyncore_trace_kind)_i;
	add_three();
	probe(2)->on_write = stop_map;
	ck_assert_int_eq(asyncore_map_set_trace(map, detach_there, NULL), 0);
	ck_assert_int_eq(asyncore_attach(map), 0);
	ck_assert_int_ge(event_base_dispatch(base()), 0);
	(void)asyncore_detach_map(map);
	ck_assert_int_eq(event_base_dispatch(base()), 1);
	ck_assert_int_eq(asyncore_map_set_trace(map, NULL, NULL), 0);
	clear_trace();
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	close_peers();
}
END_TEST

static int
detach_it(struct asyncore_dispatcher *d)
{
	(void)d;
	return asyncore_detach_map(map);
}

START_TEST(a_predicate_may_detach_the_map)
{
	add_three();
	probe(0)->on_readable = detach_it;
	ck_assert_int_eq(asyncore_attach(map), 0);
	ck_assert_int_eq(event_base_dispatch(base()), 1);
	ck_trace("");
	ck_poll(map, "r0 r1 r2 w0 w1 w2");
	close_peers();
}
END_TEST

static void
stop_it(const struct asyncore_trace *e, void *arg)
{
	(void)arg;
	if (e->kind == ASYNCORE_TRACE_HOOK_BEGIN)
		ck_assert_int_eq(asyncore_stop(e->map), 0);
}

START_TEST(fn_may_stop_the_loop)
{
	add_pair(0, true, false);
	ck_assert_int_eq(asyncore_map_set_trace(map, stop_it, NULL), 0);
	ck_assert_int_eq(asyncore_loop(LONG, false, map, -1), 0);
	ck_trace("r0");
	close_peers();
}
END_TEST

static void
count_event(const struct asyncore_trace *e, void *arg)
{
	(void)e;
	(*(int *)arg)++;
}

/* What its function is given may be gone with it. */
START_TEST(a_dispatcher_that_outlives_its_map_is_told_of_no_more)
{
	struct asyncore_map *m = asyncore_map_new(NULL);
	struct asyncore_dispatcher *d =
	    asyncore_new(&asyncore_dispatcher_class, m);
	int n = 0;

	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(asyncore_map_set_trace(m, count_event, &n), 0);
	ck_assert_int_eq(asyncore_handle_read(d), 0);
	ck_assert_int_eq(n, 2);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	ck_assert_int_eq(asyncore_handle_read(d), 0);
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(n, 2);
}
END_TEST

START_TEST(a_freed_map_has_no_trace)
{
	struct asyncore_map *m = asyncore_map_new(NULL);
	struct asyncore_dispatcher *d = asyncore_new(&probe_class, m);

	ck_assert_int_eq(asyncore_map_free(m), 0);
	ck_assert_int_eq(asyncore_map_set_trace(asyncore_map_of(d), tell,
	    NULL), -EINVAL);
	probe_of(d)->id = 5;
	asyncore_unref(d);
}
END_TEST

/* ---- ASYNCORE_TRACE ---- */

static char path[] = "trace-XXXXXX";
static char lines[65536];

/* A map that writes to the file, and its first one. */
static struct asyncore_map *
new_map(const char *name)
{
	struct asyncore_map *m;

	ck_assert_int_eq(setenv("ASYNCORE_TRACE", name, 1), 0);
	m = asyncore_map_new(NULL);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(unsetenv("ASYNCORE_TRACE"), 0);
	return m;
}

static struct asyncore_map *
new_traced_map(void)
{
	const int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
	return new_map(path);
}

static void
free_traced_map(struct asyncore_map *m)
{
	FILE *in;
	size_t n;

	ck_assert_int_eq(asyncore_close_all(m, false), 0);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	in = fopen(path, "r");
	ck_assert_ptr_nonnull(in);
	n = fread(lines, 1, sizeof lines - 1, in);
	lines[n] = '\0';
	ck_assert_int_eq(fclose(in), 0);
	ck_assert_int_eq(unlink(path), 0);
}

/* Fails unless `text` stands in the file, behind what was looked for before. */
static const char *at_line;

static void
ck_next(const char *text)
{
	const char *p = strstr(at_line, text);

	ck_assert_msg(p != NULL, "no %s in %s", text, at_line);
	at_line = p + strlen(text);
}

START_TEST(the_file_has_a_header_and_a_line_for_each_event)
{
	struct asyncore_map *m = new_traced_map();
	char text[128];
	int fds[2];

	make_pair(fds);
	put_probe(&probe_class, 0, fds[0], m);
	probe(0)->r = true;
	probe(0)->on_read = close_self;
	write_all(fds[1], "x", 1);
	number = asyncore_call_later(m, 0, end_tied, NULL);
	ck_assert_int_eq(asyncore_poll(LONG, m), ASYNCORE_EXIT_NOW);
	free_traced_map(m);
	close(fds[1]);
	at_line = lines;
	(void)snprintf(text, sizeof text, "{\"pid\":%ld,\"map\":\"%#lx\"",
	    (long)getpid(), (unsigned long)m);
	ck_next(text);
	ck_next("\"asyncore_trace\":1,\"version\":\"");
	ck_next("\"pass\":0,\"event\":\"add\"");
	ck_next("\"repr\":\"<");
	ck_next("\"pass\":1,\"event\":\"pass_begin\"}\n");
	(void)snprintf(text, sizeof text, "\"fd\":%d,", fds[0]);
	ck_next(text);
	ck_next("\"name\":\"readable\",\"result\":true}\n");
	ck_next("\"name\":\"writable\",\"result\":false}\n");
	ck_next("\"event\":\"arm\"");
	ck_next("\"name\":\"read\"}\n");
	ck_next("\"event\":\"wait_end\",\"result\":1}\n");
	ck_next("\"event\":\"hook_begin\"");
	ck_next("\"name\":\"handle_read\",\"argument\":0}\n");
	ck_next("\"event\":\"close\"");
	ck_next("\"name\":\"handle_read\",\"result\":0}\n");
	(void)snprintf(text, sizeof text, "\"pass\":1,\"event\":\"call_begin\","
	    "\"name\":\"call_later\",\"argument\":%lld}\n", number);
	ck_next(text);
	(void)snprintf(text, sizeof text, "\"event\":\"call_end\","
	    "\"name\":\"call_later\",\"argument\":%lld,\"result\":-4096}\n",
	    number);
	ck_next(text);
	ck_next("\"pass\":1,\"event\":\"free\",\"channel\":\"");
	ck_next("\"fd\":-1,\"class\":\"");
	ck_next("\"event\":\"pass_end\",\"result\":-4096}\n");
	ck_assert_str_eq(at_line, "");
}
END_TEST

static const struct asyncore_class odd_class = {
	.base = &probe_class,
	.name = "a\"b\\c\n\x01" "d\xc3\xa9\xff" "e\xed\xa0\x80" "f\xc3",
};

START_TEST(names_are_escaped_and_what_is_no_utf8_replaced)
{
	struct asyncore_map *m = new_traced_map();
	int fds[2];

	make_pair(fds);
	put_probe(&odd_class, 0, fds[0], m);
	free_traced_map(m);
	close(fds[1]);
	at_line = lines;
	ck_next("\"class\":\"a\\\"b\\\\c\\u000a\\u0001d\xc3\xa9\\ufffde"
	    "\\ufffd\\ufffd\\ufffdf\\ufffd\",\"repr\":\"<a\\\"b");
}
END_TEST

/* Well-formed UTF-8 stays; each byte of what is none is replaced. */
static const struct {
	const char *name, *shown;
} characters[] = {
	{ "\x7f", "\x7f" },
	{ "\xc2\x80", "\xc2\x80" },
	{ "\xe0\xa0\x80", "\xe0\xa0\x80" },
	{ "\xed\x9f\xbf", "\xed\x9f\xbf" },
	{ "\xee\x80\x80", "\xee\x80\x80" },
	{ "\xf0\x90\x80\x80", "\xf0\x90\x80\x80" },
	{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
	{ "\xc1\x80", "\\ufffd\\ufffd" },			/* too long */
	{ "\xe0\x9f\xbf", "\\ufffd\\ufffd\\ufffd" },
	{ "\xf0\x8f\xbf\xbf", "\\ufffd\\ufffd\\ufffd\\ufffd" },
	{ "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd" },		/* surrogate */
	{ "\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd" },	/* too high */
	{ "\xf5\x80\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd" },
	{ "\xf0\x90\x80", "\\ufffd\\ufffd\\ufffd" },		/* cut off */
};

START_TEST(what_is_utf8_and_what_is_none)
{
	struct asyncore_class cls = probe_class;
	struct asyncore_map *m = new_traced_map();
	char text[64];
	int fds[2];

	cls.name = characters[_i].name;
	make_pair(fds);
	put_probe(&cls, 0, fds[0], m);
	free_traced_map(m);
	close(fds[1]);
	at_line = lines;
	(void)snprintf(text, sizeof text, "\"class\":\"%s\"",
	    characters[_i].shown);
	ck_next(text);
}
END_TEST

static char long_name[4096];
static struct asyncore_class long_class;

START_TEST(a_long_name_is_cut_and_the_line_is_whole)
{
	struct asyncore_map *m = new_traced_map();
	int fds[2];

	memset(long_name, 1, sizeof long_name - 1);
	long_class = probe_class;
	long_class.name = long_name;
	make_pair(fds);
	put_probe(&long_class, 0, fds[0], m);
	free_traced_map(m);
	close(fds[1]);
	at_line = lines;
	ck_next("\"class\":\"\\u0001");
	ck_next("\\u0001\",\"repr\":\"<\\u0001");
	ck_next("\\u0001\"}\n");
}
END_TEST

START_TEST(two_maps_append_to_one_file)
{
	struct asyncore_map *m = new_traced_map(), *second = new_map(path);
	char text[64];

	ck_assert_int_eq(asyncore_map_free(second), 0);
	free_traced_map(m);
	at_line = lines;
	(void)snprintf(text, sizeof text, "\"map\":\"%#lx\"",
	    (unsigned long)m);
	ck_next(text);
	(void)snprintf(text, sizeof text, "\"map\":\"%#lx\"",
	    (unsigned long)second);
	ck_next(text);
}
END_TEST

/* What a map says goes to stdout where it cannot have a log yet. */
static struct asyncore_map *
map_and_what_it_says(const char *name)
{
	struct asyncore_map *m;
	FILE *out = tmpfile();
	const int saved = dup(STDOUT_FILENO);
	size_t n;

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(fflush(stdout), 0);
	ck_assert_int_ge(dup2(fileno(out), STDOUT_FILENO), 0);
	m = new_map(name);
	ck_assert_int_eq(fflush(stdout), 0);
	ck_assert_int_ge(dup2(saved, STDOUT_FILENO), 0);
	ck_assert_int_eq(close(saved), 0);
	rewind(out);
	n = fread(lines, 1, sizeof lines - 1, out);
	lines[n] = '\0';
	ck_assert_int_eq(fclose(out), 0);
	return m;
}

START_TEST(a_file_that_cannot_be_opened_is_logged_and_life_goes_on)
{
	struct asyncore_map *m = map_and_what_it_says("no/such/dir");
	int fds[2];

	ck_assert_str_eq(lines, "error: ASYNCORE_TRACE=no/such/dir: "
	    "No such file or directory\n");
	make_pair(fds);
	put_probe(&probe_class, 0, fds[0], m);
	write_all(fds[1], "x", 1);
	probe(0)->r = true;
	ck_poll(m, "r0");
	ck_assert_int_eq(asyncore_close_all(m, false), 0);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	close(fds[1]);
}
END_TEST

static char logged[256];

static void
keep_log(struct asyncore_map *m, const char *message, const char *type,
    void *arg)
{
	(void)m;
	(void)arg;
	(void)snprintf(logged, sizeof logged, "%s: %s", type, message);
}

static rlim_t
size_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(name, &st), 0);
	return (rlim_t)st.st_size;
}

START_TEST(an_empty_name_is_no_file)
{
	struct asyncore_map *m = map_and_what_it_says("");

	ck_assert_str_eq(lines, "");
	ck_assert_int_eq(asyncore_map_free(m), 0);
}
END_TEST

START_TEST(a_long_name_that_cannot_be_opened_is_logged_whole)
{
	static char name[1000], expected[sizeof name + 100];
	struct asyncore_map *m;

	memset(name, 'n', sizeof name - 1);
	(void)snprintf(expected, sizeof expected,
	    "error: ASYNCORE_TRACE=%s: %s\n", name, strerror(ENAMETOOLONG));
	m = map_and_what_it_says(name);
	ck_assert_str_eq(lines, expected);
	ck_assert_int_eq(asyncore_map_free(m), 0);
}
END_TEST

/* The file must not grow, so that it takes a part of the line. */
START_TEST(a_line_that_was_cut_ends_the_trace)
{
	struct asyncore_map *m = new_traced_map();
	struct rlimit limit, small;
	int i, rc[3];

	ck_assert_int_eq(asyncore_map_set_log(m, keep_log, NULL), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = size_of(path) + 10;
	add_pair(0, true, false);
	/* No assertions meanwhile: Check writes them to a file. */
	rc[0] = setrlimit(RLIMIT_FSIZE, &small);
	rc[1] = asyncore_add_channel(channel[0], m);
	rc[2] = setrlimit(RLIMIT_FSIZE, &limit);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(rc[i], 0);
	ck_assert_str_eq(logged, "error: the trace ends here: "
	    "the file is full");
	ck_poll(m, "r0");
	ck_assert_uint_eq(size_of(path), small.rlim_cur);
	free_traced_map(m);
	close_peers();
}
END_TEST

/* By default SIGPIPE would end the program. */
START_TEST(a_pipe_that_nobody_reads_ends_the_trace)
{
	static char fifo[] = "trace-fifo-XXXXXX";
	struct asyncore_map *m;
	int reader;

	ck_assert_ptr_nonnull(mkdtemp(fifo));
	ck_assert_int_eq(chdir(fifo), 0);
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	reader = open("fifo", O_RDONLY | O_NONBLOCK);
	ck_assert_int_ge(reader, 0);
	m = new_map("fifo");
	ck_assert_int_eq(unlink("fifo"), 0);
	ck_assert_int_eq(chdir(".."), 0);
	ck_assert_int_eq(rmdir(fifo), 0);
	ck_assert_int_eq(asyncore_map_set_log(m, keep_log, NULL), 0);
	ck_assert_int_eq(close(reader), 0);
	add_pair(0, true, false);
	ck_assert_int_eq(asyncore_add_channel(channel[0], m), 0);
	ck_assert_str_eq(logged, "error: the trace ends here: Broken pipe");
	ck_poll(m, "r0");
	ck_assert_int_eq(asyncore_close_all(m, false), 0);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	close_peers();
}
END_TEST

START_TEST(a_full_file_ends_the_trace_and_says_so_once)
{
	struct asyncore_map *m;

	m = map_and_what_it_says("/dev/full");
	ck_assert_str_eq(lines, "error: the trace ends here: "
	    "No space left on device\n");
	ck_assert_int_eq(asyncore_map_free(m), 0);
}
END_TEST

void
testing_add(TCase *tc)
{
	struct stat st;

	tcase_add_test(tc, a_pass_is_told_from_begin_to_end);
	tcase_add_test(tc, add_close_and_remove_are_told_outside_of_a_pass);
	tcase_add_test(tc,
	    the_end_of_a_channel_is_told_and_it_can_still_be_looked_at);
	tcase_add_test(tc, scheduled_calls_are_told_behind_the_channels);
	tcase_add_test(tc, calls_of_the_library_s_own_are_not_told);
	tcase_add_test(tc, an_error_is_told_with_its_hook_before_handle_error);
	tcase_add_test(tc,
	    a_loop_inside_of_a_hook_nests_and_has_a_number_of_its_own);
	tcase_add_test(tc, what_leaves_the_loop_is_the_result_of_the_pass);
	tcase_add_test(tc,
	    begun_inside_of_a_hook_it_does_not_tell_that_hook_s_end);
	tcase_add_test(tc, an_attached_map_tells_the_same_passes);
	tcase_add_loop_test(tc, fn_may_detach_the_map_at_every_event,
	    ASYNCORE_TRACE_PASS_BEGIN, ASYNCORE_TRACE_FREE + 1);
	tcase_add_test(tc, a_predicate_may_detach_the_map);
	tcase_add_test(tc, fn_may_stop_the_loop);
	tcase_add_test(tc,
	    a_dispatcher_that_outlives_its_map_is_told_of_no_more);
	tcase_add_test(tc, a_freed_map_has_no_trace);
	tcase_add_test(tc, the_file_has_a_header_and_a_line_for_each_event);
	tcase_add_test(tc, names_are_escaped_and_what_is_no_utf8_replaced);
	tcase_add_loop_test(tc, what_is_utf8_and_what_is_none, 0,
	    sizeof characters / sizeof characters[0]);
	tcase_add_test(tc, a_long_name_is_cut_and_the_line_is_whole);
	tcase_add_test(tc, two_maps_append_to_one_file);
	tcase_add_test(tc,
	    a_file_that_cannot_be_opened_is_logged_and_life_goes_on);
	tcase_add_test(tc, an_empty_name_is_no_file);
	tcase_add_test(tc, a_long_name_that_cannot_be_opened_is_logged_whole);
	tcase_add_test(tc, a_line_that_was_cut_ends_the_trace);
	tcase_add_test(tc, a_pipe_that_nobody_reads_ends_the_trace);
	if (stat("/dev/full", &st) == 0)
		tcase_add_test(tc, a_full_file_ends_the_trace_and_says_so_once);
	else
		testing_skip("a_full_file_ends_the_trace_and_says_so_once",
		    "there is no /dev/full");
}
