/*
 * probe.c - the channel that tests look at the loop with; see probe.h.
 */
#include "probe.h"

#include <sys/socket.h>
#include <unistd.h>

struct asyncore_dispatcher *channel[PROBES];
int peer[PROBES];

struct probe *
probe_of(const struct asyncore_dispatcher *d)
{
	return asyncore_self(d);
}

struct probe *
probe(int id)
{
	return probe_of(channel[id]);
}

static int
act(struct asyncore_dispatcher *d, char letter, probe_action action)
{
	trace("%c%d", letter, probe_of(d)->id);
	return action != NULL ? action(d) : 0;
}

static bool
probe_readable(struct asyncore_dispatcher *d)
{
	struct probe *p = probe_of(d);

	if (p->on_readable != NULL)
		(void)p->on_readable(d);
	return p->r;
}

static bool
probe_writable(struct asyncore_dispatcher *d)
{
	struct probe *p = probe_of(d);

	if (p->on_writable != NULL)
		(void)p->on_writable(d);
	return p->w;
}

bool
asked_readable(struct asyncore_dispatcher *d)
{
	trace("R%d", probe_of(d)->id);
	return probe_readable(d);
}

bool
asked_writable(struct asyncore_dispatcher *d)
{
	trace("W%d", probe_of(d)->id);
	return probe_writable(d);
}

static int
probe_read(struct asyncore_dispatcher *d)
{
	return act(d, 'r', probe_of(d)->on_read);
}

static int
probe_write(struct asyncore_dispatcher *d)
{
	return act(d, 'w', probe_of(d)->on_write);
}

static int
probe_connect(struct asyncore_dispatcher *d)
{
	return act(d, 'n', NULL);
}

static int
probe_close(struct asyncore_dispatcher *d)
{
	int result = act(d, 'c', probe_of(d)->on_close);

	if (!probe_of(d)->stays)
		ck_assert_int_eq(asyncore_close(d), 0);
	return result;
}

static int
probe_error(struct asyncore_dispatcher *d, int err)
{
	(void)err;
	return act(d, 'e', probe_of(d)->on_error);
}

static void
probe_finalize(struct asyncore_dispatcher *d)
{
	const struct probe *p = probe_of(d);

	if (p->tells_end)
		trace("f%d", p->id);
	if (channel[p->id] == d)
		channel[p->id] = NULL;
}

#define HOOKS								\
	.instance_size = sizeof(struct probe),				\
	.handle_read = probe_read,					\
	.handle_write = probe_write,					\
	.handle_connect = probe_connect,				\
	.handle_close = probe_close,					\
	.handle_error = probe_error,					\
	.finalize = probe_finalize

const struct asyncore_class probe_class = {
	.name = "Probe",
	.readable = probe_readable,
	.writable = probe_writable,
	HOOKS
};

const struct asyncore_class asked_probe_class = {
	.name = "AskedProbe",
	.base = &probe_class,
	.readable = asked_readable,
	.writable = asked_writable,
};

const struct asyncore_class file_probe_class = {
	.name = "FileProbe",
	.base = &asyncore_file_dispatcher_class,
	.readable = probe_readable,
	.writable = probe_writable,
	HOOKS
};

void
put_probe(const struct asyncore_class *cls, int id, int fd,
    struct asyncore_map *m)
{
	channel[id] = asyncore_spawn(cls, fd, m);
	ck_assert_ptr_nonnull(channel[id]);
	probe(id)->id = id;
}

static void
wish(int id, bool r, bool w)
{
	probe(id)->r = r;
	probe(id)->w = w;
}

void
add_probe(int id, int fd, bool r, bool w)
{
	put_probe(&probe_class, id, fd, map);
	wish(id, r, w);
}

void
add_file_probe(int id, int fd, bool r, bool w)
{
	channel[id] = asyncore_new_file(&file_probe_class, fd, map);
	ck_assert_ptr_nonnull(channel[id]);
	asyncore_unref(channel[id]);
	close(fd);
	probe(id)->id = id;
	wish(id, r, w);
}

void
put_pair(const struct asyncore_class *cls, int id, bool r, bool w)
{
	int fds[2];

	make_pair(fds);
	peer[id] = fds[1];
	write_all(peer[id], "x", 1);
	put_probe(cls, id, fds[0], map);
	wish(id, r, w);
}

void
add_pair(int id, bool r, bool w)
{
	put_pair(&probe_class, id, r, w);
}

void
add_three(void)
{
	int i;

	for (i = 0; i < 3; i++)
		add_pair(i, true, true);
}

void
close_peer(int id)
{
	ck_assert_int_eq(close(peer[id]), 0);
	peer[id] = 0;
}

void
close_peers(void)
{
	int i;

	for (i = 0; i < PROBES; i++)
		if (peer[i] > 0)
			close_peer(i);
}

int
close_self(struct asyncore_dispatcher *d)
{
	return asyncore_close(d);
}

static int
close_number(int id)
{
	return channel[id] != NULL ? asyncore_close(channel[id]) : 0;
}

int
close_0(struct asyncore_dispatcher *d)
{
	(void)d;
	return close_number(0);
}

int
close_1(struct asyncore_dispatcher *d)
{
	(void)d;
	return close_number(1);
}

int
close_2(struct asyncore_dispatcher *d)
{
	(void)d;
	return close_number(2);
}

int
stop_map(struct asyncore_dispatcher *d)
{
	return asyncore_stop(asyncore_map_of(d));
}

int
exit_now(struct asyncore_dispatcher *d)
{
	(void)d;
	return ASYNCORE_EXIT_NOW;
}

int
receive(struct asyncore_dispatcher *d)
{
	char buf[16];
	int n = (int)asyncore_recv(d, buf, sizeof buf);

	if (n > 0)
		trace("'%.*s'", n, buf);
	else
		trace("%d", n);
	return n;
}

void
foreign(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	trace("t");
}

void
after(long usec, event_callback_fn fn)
{
	const struct timeval tv = { 0, usec };

	ck_assert_int_eq(event_base_once(asyncore_map_base(map), -1,
	    EV_TIMEOUT, fn, NULL, &tv), 0);
}

static void
foreign_in_a_row(evutil_socket_t fd, short what, void *arg)
{
	const char *last = strrchr(traced(), ' ');

	if (strcmp(last != NULL ? last + 1 : traced(), "t") != 0)
		foreign(fd, what, arg);
}

struct event *
every(long usec)
{
	const struct timeval tv = { 0, usec };
	struct event *ev = event_new(asyncore_map_base(map), -1, EV_PERSIST,
	    foreign_in_a_row, NULL);

	ck_assert_ptr_nonnull(ev);
	ck_assert_int_eq(event_add(ev, &tv), 0);
	return ev;
}
