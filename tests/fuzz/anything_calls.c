/*
 * anything_calls.c - scheduled calls, time, bridges, and loops and traces from
 * outside; see anything.h.
 */
#include "anything.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/event.h>

#define N_CALLS 500		/* that are ever made */

static struct call {
	long long id;
	struct asyncore_map *map;
	struct record *r;		/* NULL: it is the map's */
	int ends, map_generation;
	bool repeats, over;
} calls[N_CALLS];
static int n_calls;

/* ---- Calls. ---- */

/* Another may have its address now, and numbers of its own. */
static bool
map_is_gone(const struct call *c)
{
	return c->map != maps[0] && c->map_generation != map_generation;
}

static bool
is_stale(const struct call *c)
{
	return c->over || map_is_gone(c);
}

static int
happen(struct call *c)
{
	must(!is_stale(c));
	if (!c->repeats)
		c->over = true;
	if (one_in(2))
		stir();
	return one_in(8) ? (one_in(2) ? -EPROTO : ASYNCORE_EXIT_NOW) : 0;
}

static int
on_call(void *arg)
{
	struct call *c = arg;

	must(c->r == NULL);
	return happen(c);
}

static int
on_channel_call(struct asyncore_dispatcher *d, void *arg)
{
	struct call *c = arg;

	must(c->r != NULL && !c->r->finalized && c->r->d == d);
	must(c->ends == c->r->ends && asyncore_map_of(d) == c->map);
	return happen(c);
}

static double
any_seconds(void)
{
	static const double seconds[] = { 0, 0, 0.05, 1, 30 };

	return seconds[any(5)];
}

static struct call *
new_call(struct asyncore_map *map, struct record *r)
{
	struct call *c = &calls[n_calls++];

	memset(c, 0, sizeof *c);
	c->map = map;
	c->r = r;
	c->ends = r != NULL ? r->ends : 0;
	c->map_generation = map_generation;
	c->repeats = one_in(4);
	return c;
}

static void
do_call_map(struct record *r)
{
	struct call *c;

	(void)r;
	if (n_calls == N_CALLS)
		return;
	c = new_call(any_map(), NULL);
	c->id = c->repeats ?
	    asyncore_call_every(c->map, 1 + any_seconds(), on_call, c) :
	    asyncore_call_later(c->map, any_seconds(), on_call, c);
	must(c->id > 0);
}

/* One that is in no map may have been in one that was freed. */
static void
do_call_channel(struct record *r)
{
	struct call *c;

	if (n_calls == N_CALLS)
		return;
	c = new_call(asyncore_map_of(r->d), r);
	c->id = c->repeats ?
	    asyncore_channel_call_every(r->d, 1 + any_seconds(),
	    on_channel_call, c) :
	    asyncore_channel_call_later(r->d, any_seconds(), on_channel_call,
	    c);
	must(c->id > 0 || c->id == -EINVAL);
	c->over = c->id < 0;
}

static struct call *
any_call(void)
{
	struct call *c = n_calls > 0 ? &calls[any((unsigned)n_calls)] : NULL;

	return c == NULL || c->id <= 0 || map_is_gone(c) ? NULL : c;
}

static void
do_cancel(struct record *r)
{
	struct call *c = any_call();
	int err;

	(void)r;
	if (c == NULL)
		return;
	err = asyncore_cancel_call(c->map, c->id);
	must(err == 0 || err == -ENOENT);
	must(err == -ENOENT || !is_stale(c));
	must(err == 0 || is_stale(c) || c->r != NULL);
	c->over = true;
}

static void
do_reschedule(struct record *r)
{
	struct call *c = any_call();
	int err;

	(void)r;
	if (c == NULL)
		return;
	err = asyncore_reschedule_call(c->map, c->id, 1 + any_seconds());
	must(err == 0 || err == -ENOENT);
	must(err == -ENOENT || !is_stale(c));
}

/* ---- Time. ---- */

static void
do_timeout(struct record *r)
{
	(void)asyncore_set_timeout(r->d, (int)any(4) * 10 - 1);
}

static void
let_pass(struct record *r)
{
	(void)r;
	if (anybody->let_pass != NULL)
		anybody->let_pass(any_seconds() + 0.01);
}

/* ---- Bridges. ---- */

/* A bufferevent that is written to in its left_map() may raise SIGPIPE. */
static void
do_give(struct record *r)
{
	const int generation = r->generation;
	struct bufferevent *bev;
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);

	r->ends++;	/* as in do_detach() */
	bev = asyncore_give_bufferevent(r->d, BEV_OPT_CLOSE_ON_FREE);
	if (bev != NULL) {
		descriptor_gone(r);
		bufferevent_free(bev);
	} else if (r->generation == generation) {
		r->ends--;
	}
	must(signal(SIGPIPE, before) == SIG_IGN);
}

static void
do_take(struct record *r)
{
	struct asyncore_map *m = any_map();
	struct asyncore_dispatcher *d;
	struct bufferevent *bev;
	const bool was_quiet = quiet;
	const int fd = is_full() ? -1 : new_pair();

	(void)r;
	if (fd < 0)
		return;
	must(evutil_make_socket_nonblocking(fd) == 0);
	bev = bufferevent_socket_new(asyncore_map_base(m), fd,
	    BEV_OPT_CLOSE_ON_FREE);
	must(bev != NULL && bufferevent_write(bev, "left", any(5)) == 0);
	quiet = true;
	d = asyncore_take_bufferevent(one_in(2) ? &any_with_send_class :
	    &any_chat_class.dispatcher, bev, m);
	quiet = was_quiet;
	if (d != NULL)
		adopt(d);
	else
		bufferevent_free(bev);
}

/* ---- From outside. ---- */

int hosting;

static void
do_host(struct record *r)
{
	struct asyncore_map *m = maps[any(2)];
	int err;

	(void)r;
	if (!anybody->attaches || asyncore_attach(m) != 0)
		return;
	hosting++;
	for (err = 0; err < 2; err++)
		(void)event_base_loop(asyncore_map_base(m),
		    EVLOOP_ONCE | EVLOOP_NONBLOCK);
	hosting--;
	err = asyncore_detach_map(m);
	must(err == -EINVAL || err == 0 || err == ASYNCORE_EXIT_NOW);
}

static void
do_detach_map(struct record *r)
{
	(void)r;
	if (anybody->attaches)
		(void)asyncore_detach_map(any_map());
}

static void
on_trace(const struct asyncore_trace *e, void *arg)
{
	must(arg == &n_calls && e->size == sizeof *e);
	must(e->map == maps[0] || e->map == maps[1]);
	must(e->name != NULL);
	if (e->dispatcher != NULL)
		must(asyncore_class_of(e->dispatcher) != NULL);
}

static void
do_trace(struct record *r)
{
	(void)r;
	if (anybody->attaches)
		must(asyncore_map_set_trace(any_map(), one_in(3) ? NULL :
		    on_trace, &n_calls) == 0);
}

static void
do_stats(struct record *r)
{
	struct asyncore_map *m = any_map();
	struct asyncore_stats s;

	(void)r;
	must(asyncore_map_get_stats(m, &s, sizeof s) == 0);
	must(s.channels == asyncore_map_len(m));
	must(asyncore_map_set_timing(m, one_in(2)) == 0);
}

/* ---- A run. ---- */

static void
say_nothing(int severity, const char *message)
{
	(void)severity;
	(void)message;
}

/* libevent warns of a loop in a loop; it is refused, as it should be. */
void
calls_begin(void)
{
	event_set_log_callback(say_nothing);
	n_calls = 0;
}

void
calls_end(void)
{
	if (anybody->attaches)
		must(asyncore_map_set_trace(maps[0], NULL, NULL) == 0);
	event_set_log_callback(NULL);
}

const deed call_deeds[] = {
	do_call_map, do_call_map, do_call_channel, do_call_channel, do_cancel,
	do_reschedule, do_timeout, let_pass, let_pass, do_give, do_take,
	do_host, do_host, do_detach_map, do_trace, do_stats
};
const unsigned n_call_deeds = sizeof call_deeds / sizeof call_deeds[0];
