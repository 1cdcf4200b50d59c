/*
 * methods.c - the verbs that are methods of a channel or a chat: each calls one
 * function of the library.
 */
#include "verbs.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
normal(int err)
{
	return err == -EAGAIN || err > 0 ? 0 : err;
}

/* ---- The methods of a channel. ---- */

static void
remember(struct frame *f, const void *data, size_t len)
{
	char *copy = arena_alloc(len + 1);

	memcpy(copy, data, len);
	f->last = copy;
	f->last_len = len;
}

int
do_recv(struct call *c)
{
	const size_t size = arg_number(c, 1);
	char *buf = arena_alloc(size);
	ssize_t n = asyncore_recv(c->d, buf, size);

	if (n == -EAGAIN)
		return say(c, "again");
	if (n < 0)
		return (int)n;
	remember(c->f, buf, (size_t)n);
	return say(c, quoted(buf, (size_t)n));
}

static int
send_bytes(struct call *c, const void *data, size_t len)
{
	ssize_t n = asyncore_send(c->d, data, len);

	if (n < 0)
		return (int)n;
	return c->o->declared->kind == SEND ? 0 : say_number(c, (long)n);
}

int
do_send(struct call *c)
{
	return send_bytes(c, arg_data(c, 1)->text, arg_data(c, 1)->len);
}

int
do_echo(struct call *c)
{
	if (c->f->last_len == 0)
		return say(c, "nothing");
	return send_bytes(c, c->f->last, c->f->last_len);
}

int
do_close(struct call *c)
{
	return asyncore_close(c->d);
}

int
do_create(struct call *c)
{
	int family, type, err;

	if (c->o->declared->kind == FILES)
		return say(c, "absent");
	net_sort(arg(c, 1), &family, &type);
	uses_net = uses_net || family == AF_INET;
	err = asyncore_create_socket(c->d, family, type);
	if (err < 0)
		return err;
	c->o->type = type;
	c->o->family = family;
	net_no_delay(asyncore_fileno(c->d));
	return 0;
}

/* Is it an address of the socket's family? */
static bool
fits(const struct call *c)
{
	return c->o->declared->kind != FILES &&
	    c->o->family == (arg(c, 1)[0] == 't' ? AF_INET : AF_UNIX);
}

int
do_connect(struct call *c)
{
	union address a;
	socklen_t len = net_address(arg(c, 1), &a);
	int err;

	if (!fits(c))
		return say(c, "absent");
	err = asyncore_connect(c->d, &a.any, len);
	net_own_port(c->o->name, asyncore_fileno(c->d));
	return err == -EAGAIN ? say(c, "again") : err;
}

int
do_bind(struct call *c)
{
	union address a;
	socklen_t len = net_address(arg(c, 1), &a);

	if (!fits(c))
		return say(c, "absent");
	(void)asyncore_set_reuse_addr(c->d);
	return asyncore_bind(c->d, &a.any, len);
}

int
do_listen(struct call *c)
{
	return asyncore_listen(c->d, atoi(arg(c, 1)));
}

int
do_accept(struct call *c)
{
	union address a;
	socklen_t len = sizeof a;
	const char *name;
	int fd, err;

	fd = asyncore_accept(c->d, &a.any, &len);
	if (fd < 0)
		return fd == -EAGAIN ? say(c, "none") : fd;
	err = take_child(c->o, fd, &name);
	(void)snprintf(c->result, sizeof c->result, "%s %s",
	    net_address_name(&a.any, len, SOCK_STREAM), name);
	return err;
}

int
do_del(struct call *c)
{
	return asyncore_del_channel(c->d);
}

int
do_add(struct call *c)
{
	return asyncore_add_channel(c->d, NULL);
}

int
do_close_all(struct call *c)
{
	(void)c;
	return asyncore_close_all(map, false);
}

/* A channel whose hook runs is asked anew without being touched. */
int
do_want(struct call *c)
{
	struct channel *channel = hooks_channel(c->d);
	const enum want want = strcmp(arg(c, 2), "1") == 0 ? YES : NO;

	if (!c->o->declared->asked && !c->o->declared->flagged)
		return say(c, "absent");
	if (strcmp(arg(c, 1), "r") == 0)
		channel->read = want;
	else
		channel->write = want;
	if (c->f->d != c->d)
		asyncore_touch(c->d);
	return 0;
}

int
do_set(struct call *c)
{
	const bool value = strcmp(arg(c, 2), "1") == 0;

	if (strcmp(arg(c, 1), "accepting") == 0)
		return asyncore_set_accepting(c->d, value);
	if (strcmp(arg(c, 1), "connected") == 0)
		return asyncore_set_connected(c->d, value);
	return asyncore_set_connecting(c->d, value);
}

int
do_call(struct call *c)
{
	static const struct {
		const char *name;
		int (*hook)(struct asyncore_dispatcher *d);
	} hooks[] = {
		{ "handle_read", asyncore_handle_read },
		{ "handle_write", asyncore_handle_write },
		{ "handle_expt", asyncore_handle_expt },
		{ "handle_connect", asyncore_handle_connect },
		{ "handle_accept", asyncore_handle_accept },
		{ "handle_close", asyncore_handle_close },
		{ "handle_read_event", asyncore_handle_read_event },
		{ "handle_write_event", asyncore_handle_write_event },
	};
	size_t i;

	for (i = 0; i < sizeof hooks / sizeof hooks[0]; i++)
		if (strcmp(hooks[i].name, arg(c, 1)) == 0)
			return normal(hooks[i].hook(c->d));
	return say(c, "no such hook");
}

int
do_event(struct call *c)
{
	if (strcmp(arg(c, 1), "read") == 0)
		return asyncore_read(c->d);
	if (strcmp(arg(c, 1), "write") == 0)
		return asyncore_write(c->d);
	return asyncore_exception(c->d);
}

int
do_readwrite(struct call *c)
{
	static const char letters[] = "iophen";
	static const short bits[] = {
		POLLIN, POLLOUT, POLLPRI, POLLHUP, POLLERR, POLLNVAL
	};
	const char *p;
	short revents = 0;

	for (p = arg(c, 1); *p != '\0'; p++)
		revents |= bits[strcspn(letters, (char[]){ *p, '\0' }) % 6];
	return asyncore_readwrite(c->d, revents);
}

/* The class's name and the channel's place in memory are left out. */
int
do_repr(struct call *c)
{
	socklen_t len;
	const struct sockaddr *sa = asyncore_addr(c->d, &len);
	char *end;

	(void)asyncore_repr(c->d, c->result, sizeof c->result);
	end = strstr(c->result, " at 0x");
	if (end == NULL)
		return 0;
	*end = '\0';
	if (sa != NULL && sa->sa_family == AF_INET) {
		end = strrchr(c->result, ':') + 1;
		(void)snprintf(end, sizeof c->result -
		    (size_t)(end - c->result), "%s",
		    net_address_name(sa, len, c->o->type));
	}
	(void)strcat(c->result, ">");
	net_hide_directory(c->result);
	return 0;
}

/* ---- The methods of a chat. ---- */

int
do_push(struct call *c)
{
	return asynchat_push(c->d, arg_data(c, 1)->text, arg_data(c, 1)->len);
}

int
do_push_simple(struct call *c)
{
	return asynchat_push_with_producer(c->d,
	    asynchat_simple_producer(arg_data(c, 1)->text, arg_data(c, 1)->len,
	    arg_number(c, 2)));
}

int
do_push_producer(struct call *c)
{
	return asynchat_push_with_producer(c->d, hooks_producer(arg(c, 1)));
}

int
do_close_when_done(struct call *c)
{
	return asynchat_close_when_done(c->d);
}

int
do_terminator(struct call *c)
{
	const struct word *w = arg_data(c, 1);

	if (w->is_data)
		return asynchat_set_terminator(c->d, w->text, w->len);
	if (strcmp(w->text, "none") == 0)
		return asynchat_set_terminator(c->d, NULL, 0);
	return asynchat_set_terminator_count(c->d, atoi(w->text));
}

int
do_get_terminator(struct call *c)
{
	size_t len;
	long long count;
	const void *bytes = asynchat_get_terminator(c->d, &len, &count);

	if (count >= 0)
		return say_number(c, (long)count);
	return say(c, bytes != NULL ? quoted(bytes, len) : "none");
}

int
do_discard_buffers(struct call *c)
{
	return asynchat_discard_buffers(c->d);
}

int
do_initiate_send(struct call *c)
{
	return asynchat_initiate_send(c->d);
}

int
do_get_data(struct call *c)
{
	size_t len;
	const void *data = asynchat_get_data(c->d, &len);

	if (data == NULL)
		return -ENOMEM;
	remember(c->f, data, len);
	return say(c, quoted(data, len));
}
