/*
 * by_hand.c - scenes of calls that a program makes itself where the loop makes
 * them usually: hooks, routers, attributes, messages, transports, accept().
 */
#include "testing.h"

#include "scenes.h"
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "asynchat.h"

static int n_hooks;

static int
count(struct asyncore_dispatcher *d)
{
	(void)d;
	n_hooks++;
	return 0;
}

static int
count_accepted(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t len)
{
	(void)addr;
	(void)len;
	close_quietly(fd);
	return count(d);
}

static int
count_error(struct asyncore_dispatcher *d, int err)
{
	/* Those that the scene raises itself, too. */
	return err == -EIO ? count(d) : on_error(d, err);
}

static const struct asyncore_class counting_class = {
	.name = "Counting",
	.readable = asyncore_always,
	.writable = asyncore_never,
	.handle_read = count,
	.handle_write = count,
	.handle_expt = count,
	.handle_connect = count,
	.handle_accept = count,
	.handle_accepted = count_accepted,
	.handle_close = count,
	.handle_error = count_error,
	.handle_eof = count,
	.handle_timeout = count,
	.log_info = on_log,
};

/* ---- Hooks and routers. ---- */

static void
call_hooks(struct asyncore_dispatcher *d)
{
	int fds[2];

	n_hooks = 0;
	make_pair_quietly(fds);
	ck_assert(asyncore_readable(d));
	ck_assert(!asyncore_writable(d));
	ck_assert_int_eq(asyncore_handle_read(d), 0);
	ck_assert_int_eq(asyncore_handle_write(d), 0);
	ck_assert_int_eq(asyncore_handle_expt(d), 0);
	ck_assert_int_eq(asyncore_handle_connect(d), 0);
	ck_assert_int_eq(asyncore_handle_accept(d), 0);
	ck_assert_int_eq(asyncore_handle_accepted(d, fds[0], NULL, 0), 0);
	ck_assert_int_eq(asyncore_handle_close(d), 0);
	ck_assert_int_eq(asyncore_handle_error(d, -EIO), 0);
	ck_assert_int_eq(asyncore_handle_eof(d), 0);
	ck_assert_int_eq(asyncore_handle_timeout(d), 0);
	ck_assert_int_eq(n_hooks, 10);
	close_quietly(fds[1]);
}

/* They ask the system first: each calls its hook, or says why not. */
static void
call_routers(struct asyncore_dispatcher *d)
{
	(void)failed(asyncore_handle_read_event(d));
	(void)failed(asyncore_handle_write_event(d));
	(void)failed(asyncore_handle_expt_event(d));
	(void)failed(asyncore_handle_connect_event(d));
	(void)failed(asyncore_dispatcher_class.handle_read_event(d));
	ck_assert_int_eq(asyncore_read(d), 0);
	ck_assert_int_eq(asyncore_write(d), 0);
	ck_assert_int_eq(asyncore_exception(d), 0);
	ck_assert_int_eq(asyncore_readwrite(d, POLLIN | POLLOUT | POLLPRI), 0);
}

/* One pass of each kind, of a channel that has something to read. */
static void
run_passes(struct asyncore_dispatcher *d, int peer)
{
	const int before = n_hooks;

	write_quietly(peer, "x");
	asyncore_touch(d);
	if (failed(asyncore_poll(1, play.map)) ||
	    failed(asyncore_poll2(1, play.map)) || play.heard > 0)
		return;
	ck_assert_int_ge(n_hooks, before + 2);
	play.done = true;
}

void
by_hand(void)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	make_pair_quietly(fds);
	d = keep(asyncore_new_socket(&counting_class, fds[0], play.map));
	if (d != NULL) {
		call_hooks(d);
		call_routers(d);
		run_passes(d, fds[1]);
	}
	close_quietly(fds[1]);
}

/* ---- Attributes. ---- */

static void
change_state(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_set_connected(d, false), 0);
	ck_assert_int_eq(asyncore_set_connecting(d, true), 0);
	ck_assert(asyncore_connecting(d));
	ck_assert_int_eq(asyncore_set_connecting(d, false), 0);
	ck_assert_int_eq(asyncore_set_connected(d, true), 0);
	ck_assert(asyncore_connected(d));
	(void)failed(asyncore_set_accepting(d, true));
	(void)failed(asyncore_set_accepting(d, false));
	ck_assert(!asyncore_accepting(d));
}

static void
look_at(struct asyncore_dispatcher *d)
{
	struct asyncore_stats stats;
	char name[64];

	ck_assert_ptr_eq(asyncore_class_of(d), &echo_class);
	ck_assert_ptr_eq(asyncore_map_of(d), play.map);
	ck_assert_ptr_eq(asyncore_map_get(play.map, asyncore_fileno(d)), d);
	(void)asyncore_addr(d, NULL);
	ck_assert_uint_eq(asyncore_pending_output(d), 0);
	ck_assert_int_gt(asyncore_repr(d, name, sizeof name), 0);
	ck_assert_ptr_null(asyncore_resolve_error(d));
	ck_assert_ptr_nonnull(asyncore_strerror(-ENOMEM));
	(void)failed(asyncore_map_get_stats(play.map, &stats, sizeof stats));
}

static void
on_trace(const struct asyncore_trace *e, void *arg)
{
	(void)e;
	++*(int *)arg;
}

static void
set_map(int *n_traced)
{
	(void)failed(asyncore_map_set_presume(play.map, false));
	(void)failed(asyncore_map_set_presume(play.map, true));
	(void)failed(asyncore_map_set_timing(play.map, true));
	(void)failed(asyncore_map_set_trace(play.map, on_trace, n_traced));
}

/* Out of its map, and into it again. */
static void
leave_and_return(struct asyncore_dispatcher *d)
{
	ck_assert_int_eq(asyncore_del_channel(d), 0);
	ck_assert_uint_eq(asyncore_map_len(play.map), 0);
	if (!failed(asyncore_add_channel(d, play.map)))
		ck_assert_uint_eq(asyncore_map_len(play.map), 1);
}

void
attributes(void)
{
	struct asyncore_dispatcher *d;
	int fds[2], n_traced = 0;

	make_pair_quietly(fds);
	d = keep(asyncore_new_socket(&echo_class, fds[0], play.map));
	if (d != NULL) {
		asyncore_unref(asyncore_ref(d));
		look_at(d);
		change_state(d);
		(void)failed(asyncore_set_debug(d, true));
		set_map(&n_traced);
		leave_and_return(d);
		(void)failed(asyncore_loop(0, false, play.map, 1));
		(void)failed(asyncore_close_all(play.map, false));
		ck_assert(asyncore_closed(d));
		ck_assert(n_traced > 0 || play.heard > 0);
		play.done = play.heard == 0 || faults_must_not_matter();
	}
	(void)asyncore_map_set_trace(play.map, NULL, NULL);
	close_quietly(fds[1]);
}

/* ---- Messages, and a chat that nobody else holds. ---- */

static const struct asynchat_class silent_class = {
	.dispatcher = {
		.name = "Silent",
		.base = &asynchat_async_chat_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		OF_A_PLAYER
	},
	.collect_incoming_data = asynchat_collect,
};

static void
keep_message(struct asyncore_dispatcher *d, const char *message)
{
	(void)d;
	n_hooks += strcmp(message, "1 message") == 0;
}

static const struct asyncore_class logging_class = {
	.name = "Logging",
	.log = keep_message,
	OF_A_PLAYER
};

/* Half of it stays in the chat, as the peer reads later. */
static void
push_more_than_fits(struct asyncore_dispatcher *d)
{
	static char data[50000];

	if (failed(asynchat_push(d, data, sizeof data)) ||
	    failed(asynchat_initiate_send(d)))
		return;
	play.done = true;
}

void
messages(void)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	n_hooks = 0;
	ck_assert_uint_eq(asynchat_find_prefix_at_end("abc\r", 4, "\r\n", 2),
	    1);
	if ((d = keep(asyncore_new(&logging_class, play.map))) == NULL)
		return;
	asyncore_log(d, "%d message", 1);
	ck_assert_int_eq(n_hooks, 1);
	make_pair_quietly(fds);
	/* Borrowed: a push may be the end of it. */
	d = asynchat_spawn(&silent_class, fds[0], play.map);
	if (keep(d != NULL ? asyncore_ref(d) : NULL) != NULL)
		push_more_than_fits(d);
	close_quietly(fds[1]);
}

/* ---- A transport in memory. ---- */

struct tape {
	size_t at;
};

static const char on_tape[] = "what was said";

static ssize_t
tape_recv(void *state, int fd, void *buf, size_t len)
{
	struct tape *tape = state;
	const size_t left = sizeof on_tape - tape->at;
	const size_t n = left < len ? left : len;

	(void)fd;
	memcpy(buf, on_tape + tape->at, n);
	tape->at += n;
	return (ssize_t)n;
}

static const struct asyncore_transport tape_transport = {
	.name = "tape",
	.recv = tape_recv,
};

static int
listen_to_tape(struct asyncore_dispatcher *d)
{
	char buf[8];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n > 0 && buf[n - 1] == '\0')
		play.done = true;
	return n < 0 ? (int)n : 0;
}

static const struct asyncore_class listener_to_tape = {
	.name = "Tape",
	.writable = asyncore_never,
	.handle_read = listen_to_tape,
	OF_A_PLAYER
};

void
in_memory(void)
{
	static struct tape tape;
	struct asyncore_dispatcher *d;

	tape.at = 0;
	d = keep(asyncore_new(&listener_to_tape, play.map));
	if (d != NULL && !failed(asyncore_set_transport(d, &tape_transport,
	    &tape, -1))) {
		(void)failed(asyncore_set_connected(d, true));
		play_on();
	}
	(void)asyncore_close(d);
}

/* ---- Accepting by hand. ---- */

static void
take_caller(struct asyncore_dispatcher *d)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof addr;
	const double end = now() + HANGS;
	int fd = -EAGAIN;

	/* A passing error costs one attempt, a shortage a pause. */
	while (fd == -EAGAIN && goes_on(end))
		fd = asyncore_accept(d, (struct sockaddr *)&addr, &len);
	if (fd == -EAGAIN || failed(fd))
		return;
	ck_assert_int_eq(((struct sockaddr *)&addr)->sa_family, AF_INET);
	close_quietly(fd);
	play.done = true;
}

void
accept_by_hand(void)
{
	struct sockaddr_in addr;
	struct asyncore_dispatcher *d;
	int fds[2];

	faults_hold();
	fds[0] = listen_on_loopback(&addr);
	fds[1] = socket(AF_INET, SOCK_STREAM, 0);
	while (connect(fds[1], (struct sockaddr *)&addr, sizeof addr) != 0)
		ck_assert(errno == EINTR || errno == EALREADY);
	faults_release();
	d = keep(asyncore_new_socket(&counting_class, fds[0], play.map));
	if (d != NULL && !failed(asyncore_listen(d, 5)))
		take_caller(d);
	close_quietly(fds[1]);
}

/* ---- A map with a trace file. ---- */

/* What a map says before anybody can have set its log goes to stdout. */
static int
hush(void)
{
	int saved, null;

	faults_hold();
	(void)fflush(stdout);
	saved = dup(STDOUT_FILENO);
	null = open("/dev/null", O_WRONLY);
	ck_assert_int_eq(dup2(null, STDOUT_FILENO), STDOUT_FILENO);
	ck_assert_int_eq(close(null), 0);
	faults_release();
	return saved;
}

static void
speak(int saved)
{
	faults_hold();
	(void)fflush(stdout);
	ck_assert_int_eq(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	ck_assert_int_eq(close(saved), 0);
	faults_release();
}

/* Without the file the program goes on without it. */
void
trace_file(void)
{
	char path[] = "faults-trace-XXXXXX";
	struct asyncore_map *m;
	int saved;

	faults_hold();
	ck_assert_int_eq(close(mkstemp(path)), 0);
	faults_release();
	saved = hush();
	ck_assert_int_eq(setenv("ASYNCORE_TRACE", path, 1), 0);
	m = asyncore_map_new(NULL);
	ck_assert_int_eq(unsetenv("ASYNCORE_TRACE"), 0);
	if (m == NULL)
		(void)heard(-errno);
	else if (!failed(asyncore_call_later(m, 0, finish, NULL)))
		(void)failed(asyncore_loop(1, play.use_poll, m, 1));
	speak(saved);
	ck_assert_int_eq(asyncore_map_free(m), 0);
	ck_assert_int_eq(unlink(path), 0);
}
