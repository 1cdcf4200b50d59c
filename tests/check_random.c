/*
 * check_random.c - about twenty channels on two maps, whose hooks, predicates
 * and slots do anything to anybody, for some dozens of passes.
 *
 * Each test has a seed of its own, so that a failure can be repeated.  What
 * must hold whatever they do: no hook of a closed channel, handle_close() once
 * a descriptor, finalize() once, with nothing held and under no hook; a map
 * knows exactly its channels; in the end all memory and descriptors are free.
 */
#include "testing.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

const char testing_suite[] = "random";

#define N_RECORDS 4000		/* all that are ever made */
#define N_ALIVE 20
#define N_PEERS 32
#define N_PASSES 60
#define MAX_DEPTH 6		/* of hooks that act */
#define MAX_LOOPS 2		/* inside of hooks */

struct record {
	struct asyncore_dispatcher *d;
	struct asyncore_map *in;
	int refs;			/* the test's */
	int depth;			/* its hooks on the stack */
	int closes;			/* handle_close(), of this descriptor */
	int generation;			/* of the descriptor */
	bool closed, finalized;
};

static struct record records[N_RECORDS], *alive[2 * N_ALIVE];
static int n_records, n_alive, n_peers, depth, loops;
static int peers[N_PEERS];
static bool quiet;			/* nobody acts */
static struct asyncore_map *maps[2];
static struct sockaddr_in server;
static uint64_t seed;

static void stir(void);

/* Below n. */
static unsigned
any(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 32) % n;
}

static bool
one_in(unsigned n)
{
	return any(n) == 0;
}

static struct asyncore_map *
any_map(void)
{
	return maps[one_in(4)];
}

/* Made when the first slot of the channel is called, in its constructor. */
static struct record *
record_of(struct asyncore_dispatcher *d)
{
	struct record **r = asyncore_self(d);

	if (*r == NULL) {
		ck_assert_int_lt(n_records, N_RECORDS);
		ck_assert_int_lt(n_alive, 2 * N_ALIVE);
		*r = alive[n_alive++] = &records[n_records++];
		(*r)->d = d;
		(*r)->refs = 1;
	}
	return *r;
}

static void
bury(struct record *r)
{
	int i;

	for (i = 0; alive[i] != r; i++)
		continue;
	alive[i] = alive[--n_alive];
	r->finalized = true;
}

/* ---- Slots. ---- */

static struct record *
enter(struct asyncore_dispatcher *d)
{
	struct record *r = record_of(d);

	ck_assert_msg(!r->finalized, "a hook after finalize");
	ck_assert_msg(!r->closed, "a hook after close");
	r->depth++;
	return r;
}

static int
any_result(void)
{
	static const int results[] = {
		-EPROTO, -EAGAIN, -ECONNRESET, -EIO, 1, ASYNCORE_EXIT_NOW
	};

	return one_in(6) ? results[any(6)] : 0;
}

static int
finish(struct record *r)
{
	if (one_in(2))
		stir();
	r->depth--;
	return any_result();
}

static bool
any_answer(struct asyncore_dispatcher *d)
{
	struct record *r = enter(d);

	if (one_in(20))
		stir();
	r->depth--;
	return !one_in(3);
}

static int
any_hook(struct asyncore_dispatcher *d)
{
	return finish(enter(d));
}

static int
any_read(struct asyncore_dispatcher *d)
{
	struct record *r = enter(d);
	const int generation = r->generation;
	char buf[3];

	if (one_in(2))
		stir();
	if (r->generation == generation && !one_in(4))
		(void)asyncore_recv(d, buf, 1 + any(3));
	return finish(r);
}

static int
any_write(struct asyncore_dispatcher *d)
{
	struct record *r = enter(d);

	if (one_in(2))
		(void)asyncore_send(d, "abc", any(4));
	return finish(r);
}

static int
any_close(struct asyncore_dispatcher *d)
{
	struct record *r = enter(d);
	const int generation = r->generation;

	ck_assert_msg(r->closes++ == 0, "handle_close twice");
	if (one_in(2))
		stir();
	if (r->generation == generation && !r->closed)
		(void)asyncore_close(d);
	return finish(r);
}

static int
any_error(struct asyncore_dispatcher *d, int err)
{
	struct record *r = enter(d);

	ck_assert_int_lt(err, 0);
	ck_assert_int_gt(err, ASYNCORE_EXIT_NOW);
	if (one_in(2))
		(void)asyncore_handle_close(d);
	return finish(r);
}

static void
close_slot_done(struct record *r)
{
	r->closed = true;
	r->generation++;
}

static int
close_slot(struct asyncore_dispatcher *d)
{
	struct record *r = record_of(d);
	int err = asyncore_dispatcher_class.close(d);

	ck_assert_msg(err == 0, "close: %s", strerror(-err));
	ck_assert(asyncore_closed(d));
	close_slot_done(r);
	if (one_in(4))
		stir();
	return 0;
}

static int
add_channel_slot(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	struct record *r = record_of(d);
	const bool was_in = r->in == m;
	int err = asyncore_dispatcher_class.add_channel(d, m);

	if (err == 0 && !was_in) {
		ck_assert_ptr_null(r->in);
		r->in = m;
	}
	if (one_in(8))
		stir();
	return err;
}

static void
left_map_slot(struct asyncore_dispatcher *d, struct asyncore_map *m)
{
	struct record *r = record_of(d);

	ck_assert_msg(r->in == m, "left a map that it was not in");
	ck_assert(!r->finalized);
	r->in = NULL;
	if (one_in(8))
		stir();
}

static void
finalize_slot(struct asyncore_dispatcher *d)
{
	struct record *r = record_of(d);

	ck_assert_msg(!r->finalized, "finalize twice");
	ck_assert_msg(r->depth == 0, "finalize under a hook");
	ck_assert_msg(r->refs == 0, "finalize of one that is held");
	ck_assert_ptr_null(r->in);
	ck_assert_int_eq(asyncore_fileno(d), -1);
	bury(r);
	if (one_in(8))
		stir();
}

static void
log_slot(struct asyncore_dispatcher *d, const char *message, const char *type)
{
	ck_assert_ptr_nonnull(message);
	ck_assert_ptr_nonnull(type);
	ck_assert(!record_of(d)->finalized);
	if (one_in(8))
		stir();
}

static void make_socket(int fd);

static int
any_accepted(struct asyncore_dispatcher *d, int fd, const struct sockaddr *addr,
    socklen_t addrlen)
{
	struct record *r = enter(d);

	ck_assert(addr != NULL && addrlen > 0);
	if (n_alive < N_ALIVE)
		make_socket(fd);
	else
		ck_assert_int_eq(close(fd), 0);
	return finish(r);
}

#define SLOTS								\
	.handle_read = any_read,					\
	.handle_write = any_write,					\
	.handle_expt = any_hook,					\
	.handle_connect = any_hook,					\
	.handle_accepted = any_accepted,				\
	.handle_close = any_close,					\
	.handle_error = any_error,					\
	.close = close_slot,						\
	.add_channel = add_channel_slot,				\
	.left_map = left_map_slot,					\
	.finalize = finalize_slot,					\
	.log_info = log_slot

static const struct asyncore_class classes[] = {
	{ .instance_size = sizeof(struct record *), SLOTS },
	{ .base = &classes[0], .readable = any_answer, .writable = any_answer },
	{ .base = &classes[0], .readable = any_answer, .writable = any_answer,
	    .flags = ASYNCORE_ASK_ON_CHANGE },
	{ .base = &classes[0], .readable = any_answer,
	    .writable = asyncore_never },
};

static const struct asyncore_class file_class = {
	.base = &asyncore_file_dispatcher_class,
	.instance_size = sizeof(struct record *),
	SLOTS
};

/* ---- Making channels. ---- */

static void
adopt(struct asyncore_dispatcher *d)
{
	struct record *r;

	ck_assert_ptr_nonnull(d);
	r = record_of(d);
	if (one_in(2)) {
		r->refs--;
		asyncore_unref(d);
	}
}

static void
make_socket(int fd)
{
	struct asyncore_dispatcher *d;
	const bool was_quiet = quiet;

	quiet = true;
	d = asyncore_new_socket(&classes[any(4)], fd, any_map());
	quiet = was_quiet;
	adopt(d);
}

static int
new_pair(void)
{
	int fds[2];

	make_pair(fds);
	write_all(fds[1], "some input", any(10));
	if (n_peers == N_PEERS)
		ck_assert_int_eq(close(peers[--n_peers]), 0);
	peers[n_peers++] = fds[1];
	return fds[0];
}

static void
make_file(void)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	quiet = true;
	d = asyncore_new_file(&file_class, fds[one_in(2)], any_map());
	quiet = false;
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
	adopt(d);
}

static void
make_listener(void)
{
	struct asyncore_dispatcher *d;
	const int fd = listen_on_loopback(&server);

	make_socket(fd);
	d = asyncore_map_get(maps[0], fd);
	if (d == NULL)
		d = asyncore_map_get(maps[1], fd);
	ck_assert_int_eq(asyncore_listen(d, 5), 0);
}

static void
make(struct record *r)
{
	(void)r;
	if (n_alive >= N_ALIVE || n_records > N_RECORDS - 2 * N_ALIVE)
		return;
	if (one_in(8))
		make_listener();
	else if (one_in(8))
		make_file();
	else
		make_socket(new_pair());
}

/* ---- What is done to a channel: one call, if nobody need hold it. ---- */

static void
do_close(struct record *r)
{
	ck_assert_int_eq(asyncore_close(r->d), 0);
}

static void
do_unref(struct record *r)
{
	if (r->refs > 0) {
		r->refs--;
		asyncore_unref(r->d);
	}
}

static void
do_ref(struct record *r)
{
	if (r->refs < 2) {
		r->refs++;
		ck_assert_ptr_eq(asyncore_ref(r->d), r->d);
	}
}

static void
do_del(struct record *r)
{
	ck_assert_int_eq(asyncore_del_channel(r->d), 0);
}

static void
do_detach(struct record *r)
{
	const int fd = asyncore_detach(r->d);

	if (fd < 0) {
		ck_assert_int_eq(fd, -ENOTCONN);
		return;
	}
	r->closed = true;
	r->generation++;
	ck_assert_int_eq(close(fd), 0);
}

static void
do_move(struct record *r)
{
	(void)asyncore_add_channel(r->d, any_map());
}

static void
do_open(struct record *r)
{
	struct asyncore_dispatcher *d = asyncore_ref(r->d);
	int err;

	r->refs++;
	if (asyncore_fileno(d) < 0 && asyncore_closed(d)) {
		r->closed = false;
		r->closes = 0;
		r->generation++;
		err = one_in(2) ? asyncore_set_socket(d, new_pair()) :
		    asyncore_create_socket(d, AF_INET, SOCK_STREAM);
		if (err < 0)
			r->closed = asyncore_closed(d);
	}
	r->refs--;
	asyncore_unref(d);
}

static void
do_connect(struct record *r)
{
	(void)asyncore_connect(r->d, (struct sockaddr *)&server,
	    sizeof server);
}

static void
do_io(struct record *r)
{
	char buf[5];

	if (one_in(2))
		(void)asyncore_recv(r->d, buf, sizeof buf);
	else
		(void)asyncore_send(r->d, "hello", 1 + any(5));
}

static void
do_shutdown(struct record *r)
{
	(void)shutdown(asyncore_fileno(r->d), one_in(2) ? SHUT_WR : SHUT_RDWR);
}

static void
do_call(struct record *r)
{
	static int (*const hooks[])(struct asyncore_dispatcher *) = {
		asyncore_read, asyncore_write, asyncore_exception,
		asyncore_handle_close, asyncore_handle_read,
		asyncore_handle_write_event, asyncore_handle_connect_event
	};

	if (one_in(4))
		(void)asyncore_readwrite(r->d, (short)any(64));
	else if (one_in(4))
		(void)asyncore_handle_error(r->d, -EPROTO);
	else if (one_in(4))
		(void)(one_in(2) ? asyncore_readable(r->d) :
		    asyncore_writable(r->d));
	else
		(void)hooks[any(7)](r->d);
}

static void
do_touch(struct record *r)
{
	asyncore_touch(r->d);
}

/* ---- What is done to all of them. ---- */

static void
feed(struct record *r)
{
	(void)r;
	if (n_peers > 0)
		(void)send(peers[any((unsigned)n_peers)], "xyz", 3,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
hang_up(struct record *r)
{
	(void)r;
	if (n_peers > 0)
		ck_assert_int_eq(close(peers[--n_peers]), 0);
}

static void
ck_result(int err)
{
	ck_assert_msg(err == 0 || err == -EBUSY || err == ASYNCORE_EXIT_NOW,
	    "a loop answers %d", err);
}

static void
loop_inside(struct record *r)
{
	(void)r;
	if (loops == MAX_LOOPS)
		return;
	loops++;
	ck_result(asyncore_loop(0, one_in(2), any_map(), 1 + (int)any(2)));
	loops--;
}

static void
close_all(struct record *r)
{
	(void)r;
	if (one_in(8))
		ck_assert_int_eq(asyncore_close_all(any_map(), one_in(2)), 0);
}

static int
stir_each(struct asyncore_dispatcher *d, void *arg)
{
	ck_assert_ptr_eq(asyncore_map_of(d), arg);
	if (one_in(8))
		stir();
	return 0;
}

static void
walk(struct record *r)
{
	struct asyncore_map *m = any_map();

	(void)r;
	ck_assert_int_eq(asyncore_map_foreach(m, stir_each, m), 0);
}

static void
presume(struct record *r)
{
	(void)r;
	ck_assert_int_eq(asyncore_map_set_presume(any_map(), one_in(2)), 0);
}

static void
stop(struct record *r)
{
	(void)r;
	ck_assert_int_eq(asyncore_stop(any_map()), 0);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	stir();
}

static void
call_back(struct record *r)
{
	const struct timeval at_once = { 0, 0 };

	(void)r;
	ck_assert_int_eq(event_base_once(asyncore_map_base(any_map()), -1,
	    EV_TIMEOUT, on_timer, NULL, &at_once), 0);
}

static void
replace_map(struct record *r)
{
	int err = asyncore_map_free(maps[1]);

	(void)r;
	if (err == 0)
		maps[1] = asyncore_map_new(NULL);
	else
		ck_assert_int_eq(err, -EBUSY);
}

static void
stir(void)
{
	static void (*const actions[])(struct record *) = {
		do_close, do_close, do_unref, do_unref, do_unref, do_ref,
		do_del, do_detach, do_move, do_move, do_open, do_open,
		do_connect, do_io, do_shutdown, do_call, do_call, do_touch,
		make, make, make, feed, feed, hang_up, loop_inside, close_all,
		walk, presume, stop, call_back, replace_map
	};
	const unsigned n = sizeof actions / sizeof actions[0];

	if (quiet || depth == MAX_DEPTH || n_alive == 0)
		return;
	depth++;
	actions[any(n)](alive[any((unsigned)n_alive)]);
	depth--;
}

/* ---- A run. ---- */

static void
ck_maps(void)
{
	size_t lens[2] = { 0, 0 };
	const struct record *r;
	int i;

	for (i = 0; i < n_alive; i++) {
		r = alive[i];
		ck_assert(r->refs > 0 || r->in != NULL);
		if (r->in == NULL)
			continue;
		lens[r->in == maps[1]]++;
		ck_assert_ptr_eq(asyncore_map_of(r->d), r->in);
		ck_assert_ptr_eq(asyncore_map_get(r->in,
		    asyncore_fileno(r->d)), r->d);
	}
	for (i = 0; i < 2; i++)
		ck_assert_uint_eq(asyncore_map_len(maps[i]), lens[i]);
}

static void
ck_end(void)
{
	int i;

	quiet = true;
	for (i = 0; i < 2; i++)
		ck_assert_int_eq(asyncore_close_all(maps[i], false), 0);
	while (n_alive > 0) {
		ck_assert_int_gt(alive[0]->refs, 0);
		do_unref(alive[0]);
	}
	for (i = 0; i < n_records; i++)
		ck_assert(records[i].finalized && records[i].depth == 0);
	while (n_peers > 0)
		hang_up(NULL);
	ck_assert_int_eq(asyncore_map_free(maps[1]), 0);
}

START_TEST(everything_holds_whatever_hooks_do)
{
	int i;

	seed = 0x9e3779b97f4a7c15u * (uint64_t)(_i + 1);
	maps[0] = map;
	maps[1] = asyncore_map_new(NULL);
	for (i = 0; i < N_PASSES; i++) {
		while (n_alive < N_ALIVE / 2 && n_records < N_RECORDS / 2)
			make(NULL);
		stir();
		ck_result(asyncore_loop(0, one_in(2), any_map(), 1));
		ck_maps();
	}
	ck_assert_int_gt(n_records, N_ALIVE);
	ck_end();
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc, everything_holds_whatever_hooks_do, 0, 25);
}
