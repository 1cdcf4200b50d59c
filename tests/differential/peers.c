/*
 * peers.c - the verbs that make channels and peers, and those that do something
 * to a descriptor behind the library's back.
 */
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* ---- Making channels and peers. ---- */

static bool
are_new(const struct call *c, size_t a, size_t b)
{
	return strcmp(arg(c, a), arg(c, b)) != 0 && is_new(arg(c, a)) &&
	    is_new(arg(c, b));
}

int
do_pair(struct call *c)
{
	const char *wire = arg(c, 0);
	int fds[2], i, err, result = 0;

	if (!are_new(c, 1, 2))
		return say(c, "absent");
	uses_net = uses_net || strcmp(wire, "tcp") == 0 ||
	    strcmp(wire, "udp") == 0;
	net_pair(wire, fds);
	net_own_port(arg(c, 1), fds[0]);
	net_own_port(arg(c, 2), fds[1]);
	for (i = 0; i < 2; i++) {
		err = make_from_socket(arg(c, 1 + (size_t)i), fds[i]);
		if (err < 0)
			result = err;
	}
	return result;
}

int
do_pipe(struct call *c)
{
	int fds[2], i, err, result = 0;

	if (!are_new(c, 0, 1) || !is_file(arg(c, 0)) || !is_file(arg(c, 1)))
		return say(c, "absent");
	if (pipe(fds) != 0)
		return -errno;
	for (i = 0; i < 2; i++) {
		err = make_from_file(arg(c, (size_t)i), fds[i]);
		if (err < 0)
			result = err;
	}
	return result;
}

int
do_regular(struct call *c)
{
	const struct word *data = arg_data(c, 1);

	if (!is_new(arg(c, 0)) || !is_file(arg(c, 0)))
		return say(c, "absent");
	return make_from_file(arg(c, 0), net_make_file(data->text, data->len));
}

int
do_null(struct call *c)
{
	if (!is_new(arg(c, 0)) || !is_file(arg(c, 0)))
		return say(c, "absent");
	return make_from_file(arg(c, 0), open("/dev/null", O_RDWR));
}

int
do_new(struct call *c)
{
	if (!is_new(arg(c, 0)) || is_file(arg(c, 0)))
		return say(c, "absent");
	return make_unconnected(arg(c, 0));
}

int
take_child(struct object *listener, int fd, const char **name)
{
	const struct declared *l = listener->declared;

	*name = "declined";
	if (listener->children_used == l->n_children ||
	    !is_new(l->children[listener->children_used].text)) {
		(void)close(fd);
		return 0;
	}
	*name = l->children[listener->children_used++].text;
	net_no_delay(fd);
	return make_from_socket(*name, fd);
}

int
do_take(struct call *c)
{
	const int fd = c->f->accepted;
	const char *name;
	int err;

	if (c->f->d == NULL || fd < 0)
		return say(c, "absent");
	c->f->accepted = -1;
	err = take_child(hooks_channel(c->f->d)->object, fd, &name);
	(void)say(c, name);
	return err;
}

/* ---- What is done to descriptors behind the library's back. ---- */

/* What a system call behind the library's back answered; it raises nothing. */
static int
say_system(struct call *c, ssize_t n)
{
	if (n >= 0)
		return 0;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return say(c, "again");
	(void)snprintf(c->result, sizeof c->result, "error %d", errno);
	return 0;
}

int
do_shutdown(struct call *c)
{
	const int fd = find_socket(arg(c, 0));
	const char *how = arg(c, 1);

	if (fd < 0)
		return say(c, "absent");
	return say_system(c, shutdown(fd, strcmp(how, "rd") == 0 ? SHUT_RD :
	    strcmp(how, "wr") == 0 ? SHUT_WR : SHUT_RDWR));
}

int
do_oob(struct call *c)
{
	const int fd = find_socket(arg(c, 0));
	const struct word *data = arg_data(c, 1);

	if (fd < 0)
		return say(c, "absent");
	return say_system(c, send(fd, data->text, data->len,
	    MSG_OOB | MSG_NOSIGNAL));
}

int
do_recv_oob(struct call *c)
{
	const int fd = find_socket(arg(c, 0));
	char byte;
	ssize_t n;

	if (fd < 0)
		return say(c, "absent");
	n = recv(fd, &byte, 1, MSG_OOB);
	return n < 0 ? say_system(c, n) : say(c, quoted(&byte, (size_t)n));
}

/* Its close is a reset. */
int
do_linger(struct call *c)
{
	const struct linger at_once = { .l_onoff = 1 };
	const int fd = find_socket(arg(c, 0));

	if (fd < 0)
		return say(c, "absent");
	return say_system(c, setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once,
	    sizeof at_once));
}

/* The process does not ignore SIGPIPE, so that the library must see to it. */
static ssize_t
write_peer(const struct object *o, const struct word *data)
{
	struct pollfd p = { .fd = o->fd, .events = POLLOUT };

	if (o->is_socket)
		return send(o->fd, data->text, data->len, MSG_NOSIGNAL);
	if (poll(&p, 1, 0) == 1 && (p.revents & POLLERR)) {
		errno = EPIPE;
		return -1;
	}
	return write(o->fd, data->text, data->len);
}

int
do_write(struct call *c)
{
	const struct object *o = find_peer(arg(c, 0));
	ssize_t n;

	if (o == NULL)
		return say(c, "absent");
	n = write_peer(o, arg_data(c, 1));
	return n < 0 ? say_system(c, n) : say_number(c, (long)n);
}

int
do_read(struct call *c)
{
	const struct object *o = find_peer(arg(c, 0));
	const size_t size = arg_number(c, 1);
	char *buf = arena_alloc(size);
	ssize_t n;

	if (o == NULL)
		return say(c, "absent");
	n = read(o->fd, buf, size);
	return n < 0 ? say_system(c, n) : say(c, quoted(buf, (size_t)n));
}

int
do_drop(struct call *c)
{
	struct object *o = find_peer(arg(c, 0));

	if (o == NULL)
		return say(c, "absent");
	o->dropped = true;
	(void)close(o->fd);
	return 0;
}
