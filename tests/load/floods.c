/*
 * floods.c - main() of the floods, and what both sides share.
 *
 *	floods quick | full [CHURN]
 *
 * Each flood has two processes of its own.  Output is TAP.
 */
#include "floods.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct scale scale;
static unsigned patience;	/* seconds that a flood may take */

/* The server's end and the clients'. */
static int wire[2];
static struct sockaddr_in server_addr;

/* ---- The server's clock. ---- */

/* Stands still in the server's process.  libevent and the library ask for the
 * time by this name. */
static double stopped_at;

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	static int (*next)(clockid_t, struct timespec *);
	void *p;

	if (stopped_at > 0) {
		ts->tv_sec = (time_t)stopped_at;
		ts->tv_nsec = (long)((stopped_at - floor(stopped_at)) * 1e9);
		return 0;
	}
	if (next == NULL) {
		p = dlsym(RTLD_NEXT, "clock_gettime");
		if (p == NULL)
			abort();
		memcpy(&next, &p, sizeof next);
	}
	return next(clock, ts);
}

/* ---- The server. ---- */

struct report tally;
const struct asyncore_class *child;
const struct asynchat_class *chat_child;
void (*on_child)(struct asyncore_dispatcher *d);

int
count_close(struct asyncore_dispatcher *d)
{
	tally.closed++;
	return asyncore_close(d);
}

/* None is expected: what a peer does is no error of a hook. */
int
count_error(struct asyncore_dispatcher *d, int err)
{
	fprintf(stderr, "# an error: %s\n", strerror(-err));
	tally.errors++;
	return count_close(d);
}

/* The listener's pauses are counted elsewhere. */
void
count_log(struct asyncore_dispatcher *d, const char *message, const char *type)
{
	(void)d;
	if (strcmp(type, "error") == 0 && strncmp(message, "accept: ", 8) != 0) {
		fprintf(stderr, "# %s\n", message);
		tally.errors++;
	}
}

static int
echo_read(struct asyncore_dispatcher *d)
{
	char buf[16384];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);
	size_t pending;

	if (n <= 0)
		return (int)n;
	if (asyncore_send(d, buf, (size_t)n) < 0)
		return -EIO;
	pending = asyncore_pending_output(d);
	if (pending > tally.most_pending)
		tally.most_pending = pending;
	return 0;
}

const struct asyncore_class echo_class = {
	.name = "Echo",
	.base = &asyncore_dispatcher_with_send_class,
	.handle_read = echo_read,
	.handle_close = count_close,
	.handle_error = count_error,
	.log_info = count_log,
};

static int
accepted(struct asyncore_dispatcher *d, int fd, const struct sockaddr *addr,
    socklen_t len)
{
	struct asyncore_dispatcher *c;

	(void)d;
	(void)addr;
	(void)len;
	c = chat_child != NULL ? asynchat_spawn(chat_child, fd, NULL) :
	    asyncore_spawn(child, fd, NULL);
	if (c == NULL)
		return -errno;
	tally.accepted++;
	if (on_child != NULL)
		on_child(c);
	return 0;
}

static const struct asyncore_class listener_class = {
	.name = "Listener",
	.writable = asyncore_never,
	.handle_accepted = accepted,
	.log_info = count_log,
};

static void
write_report(int fd)
{
	struct asyncore_stats s;
	struct report r = tally;

	ENSURE(asyncore_map_get_stats(NULL, &s, sizeof s) == 0);
	r.open = s.channels - 2;	/* the listener, and the wire */
	r.pauses = s.accept_pauses;
	r.in = s.bytes_in;
	r.out = s.bytes_out;
	r.memory = allocated();
	r.fds = (uint64_t)open_fds();
	ENSURE(write(fd, &r, sizeof r) == sizeof r);
}

/*
 * Of the wire: a number of seconds to move the clock by, negative: it is over.
 * By the descriptor, so that its bytes are not counted.
 */
static int
wire_read(struct asyncore_dispatcher *d)
{
	double seconds;

	if (read(asyncore_fileno(d), &seconds, sizeof seconds) !=
	    sizeof seconds || seconds < 0)
		return ASYNCORE_EXIT_NOW;
	stopped_at += seconds;
	write_report(asyncore_fileno(d));
	return 0;
}

static const struct asyncore_class wire_class = {
	.name = "Wire",
	.writable = asyncore_never,
	.handle_read = wire_read,
};

void
serve(void)
{
	struct timespec ts;

	ENSURE(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
	ENSURE(asyncore_spawn(&wire_class, wire[0], NULL) != NULL);
	stopped_at = (double)ts.tv_sec + 1;
	ENSURE(asyncore_loop(30, false, NULL, -1) == ASYNCORE_EXIT_NOW);
	ENSURE(asyncore_close_all(NULL, false) == 0);
	ENSURE(asyncore_map_free(asyncore_socket_map()) == 0);
}

/* The clients hear first where it is. */
static void
listen_on_loopback(void)
{
	struct asyncore_dispatcher *d = asyncore_new(&listener_class, NULL);
	socklen_t len = sizeof server_addr;

	ENSURE(d != NULL);
	ENSURE(asyncore_bind_hostname(d, AF_INET, "127.0.0.1", NULL) == 0);
	ENSURE(asyncore_listen(d, 4096) == 0);
	ENSURE(getsockname(asyncore_fileno(d), (struct sockaddr *)&server_addr,
	    &len) == 0);
	asyncore_unref(d);
	ENSURE(write(wire[0], &server_addr, len) == (ssize_t)len);
}

/* ---- The clients. ---- */

static struct report
tell(double seconds)
{
	struct report r;

	ENSURE(write(wire[1], &seconds, sizeof seconds) == sizeof seconds);
	ENSURE(read(wire[1], &r, sizeof r) == sizeof r);
	return r;
}

struct report
ask(void)
{
	return tell(0);
}

/* What is due then is called in the passes that follow. */
void
advance(double seconds)
{
	(void)tell(seconds);
	(void)ask();
	(void)ask();
}

/*
 * Each few thousand have another address of loopback, as one's ports are used
 * up by connections that were closed a minute ago.
 */
static void
bind_to_some_address(int fd)
{
	static unsigned n;
	struct sockaddr_in in = { .sin_family = AF_INET };
	const int on = 1;

	if (n == 0)
		n = (unsigned)getpid() % 61 * 65536;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + n++ / 4096 % 65000);
#ifdef IP_BIND_ADDRESS_NO_PORT
	ENSURE(setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
	    sizeof on) == 0);
#else
	(void)on;
#endif
	ENSURE(bind(fd, (struct sockaddr *)&in, sizeof in) == 0);
}

void
limit_room(int fd, int room)
{
	ENSURE(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room) == 0);
	ENSURE(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0);
}

int
call_server(int room)
{
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ENSURE(fd >= 0);
	if (room > 0)
		limit_room(fd, room);
	bind_to_some_address(fd);
	ENSURE(connect(fd, (struct sockaddr *)&server_addr,
	    sizeof server_addr) == 0);
	return fd;
}

void
send_all(int fd, const void *data, size_t len)
{
	ENSURE(send(fd, data, len, MSG_NOSIGNAL) == (ssize_t)len);
}

void
receive_all(int fd, void *data, size_t len)
{
	ENSURE(recv(fd, data, len, MSG_WAITALL) == (ssize_t)len);
}

bool
is_silent(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN;
}

void
ensure_closed(int fd)
{
	char c;

	ENSURE(recv(fd, &c, 1, 0) == 0);
	ENSURE(close(fd) == 0);
}

void
reset(int fd)
{
	const struct linger at_once = { 1, 0 };

	ENSURE(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once,
	    sizeof at_once) == 0);
	ENSURE(close(fd) == 0);
}

/* ---- Processes. ---- */

static void
run_server(struct flood *f)
{
	ENSURE(close(wire[1]) == 0);
	(void)alarm(patience);
	listen_on_loopback();
	f->serve();
	exit(EXIT_SUCCESS);
}

/* Tells at the end what was measured, too. */
static void
run_clients(struct flood *f, int out)
{
	double end = -1;

	ENSURE(close(wire[0]) == 0);
	(void)alarm(patience);
	ENSURE(read(wire[1], &server_addr, sizeof server_addr) ==
	    sizeof server_addr);
	f->call();
	ENSURE(write(wire[1], &end, sizeof end) == sizeof end);
	ENSURE(write(out, f->what, sizeof f->what) == sizeof f->what);
	_exit(EXIT_SUCCESS);
}

static bool
succeeded(pid_t pid)
{
	int status;

	ENSURE(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status))
		fprintf(stderr, "# a process ended by signal %d\n",
		    WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The server hears of its clients' end by the wire, and they of its. */
static bool
run(struct flood *f)
{
	int out[2];
	pid_t clients, server;
	bool well;

	ENSURE(socketpair(AF_UNIX, SOCK_STREAM, 0, wire) == 0);
	ENSURE(pipe(out) == 0);
	(void)fflush(stdout);
	if ((server = fork()) == 0)
		run_server(f);
	if ((clients = fork()) == 0)
		run_clients(f, out[1]);
	ENSURE(server > 0 && clients > 0);
	ENSURE(close(wire[0]) == 0 && close(wire[1]) == 0);
	ENSURE(close(out[1]) == 0);
	well = succeeded(clients);
	well = succeeded(server) && well;
	if (well)
		ENSURE(read(out[0], f->what, sizeof f->what) ==
		    sizeof f->what);
	ENSURE(close(out[0]) == 0);
	return well;
}

/* Each in a process of its own, which makes the two. */
static void
report(struct flood *f, int number)
{
	struct timespec begin, end;
	pid_t pid;

	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	(void)fflush(stdout);
	if ((pid = fork()) == 0) {
		const bool well = run(f);

		(void)clock_gettime(CLOCK_MONOTONIC, &end);
		printf("%sok %d %s: %s\n", well ? "" : "not ", number, f->name,
		    f->what);
		if (well)
			printf("# %ld s\n", (long)(end.tv_sec - begin.tv_sec));
		exit(EXIT_SUCCESS);
	}
	if (!succeeded(pid))
		printf("not ok %d %s\n", number, f->name);
}

static struct flood *const floods[] = {
	&crowd, &shortage, &churn, &slow, &stopped
};

static void
set_scale(bool full, long n)
{
	const struct scale small = { .crowd = 300, .beyond = 100, .churn = 2000,
	    .slow = 200, .good = 20, .stopped = 5, .cap = 2000000 };
	const struct scale large = { .crowd = 15000, .beyond = 4000,
	    .churn = 1000000, .slow = 5000, .good = 200, .stopped = 100,
	    .cap = 2000000 };

	scale = full ? large : small;
	patience = full ? 1200 : 600;
	scale.fds = raise_fd_limit();
	if (scale.crowd + scale.beyond > scale.fds - 100) {
		scale.crowd = (scale.fds - 100) / 4 * 3;
		scale.beyond = (scale.fds - 100) / 4;
		scale.slow = scale.crowd / 3;
		printf("# the limit is %ld descriptors\n", scale.fds);
	}
	if (n > 0)
		scale.churn = n;
}

int
main(int argc, char **argv)
{
	const bool full = argc > 1 && strcmp(argv[1], "full") == 0;
	int i;

	if (argc < 2 || argc > 3 || (!full && strcmp(argv[1], "quick") != 0)) {
		fputs("usage: floods quick | full [CHURN]\n", stderr);
		return EXIT_FAILURE;
	}
	set_scale(full, argc > 2 ? atol(argv[2]) : 0);
	for (i = 0; i < (int)(sizeof floods / sizeof *floods); i++)
		report(floods[i], i + 1);
	printf("1..%d\n", i);
	return EXIT_SUCCESS;
}
