/*
 * socket.c - sockets: the transport of a plain one, and how one is made,
 * accepted and prepared.  Everything that differs between systems about
 * non-blocking, close-on-exec and SIGPIPE is here.
 */
#include "internal.h"

#include <event2/util.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t
asyncore__socket_sendv(int fd, struct iovec *v, int n)
{
	struct msghdr msg = { .msg_iov = v };
	ssize_t sent;

	msg.msg_iovlen = (size_t)n;
	do
		sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}

/*
 * After EINTR the descriptor is closed on every system that we know; and a peer
 * that has reset the connection is no failure to close it (FreeBSD says so).
 */
static int
socket_close(void *state, int fd)
{
	(void)state;
	if (close(fd) == 0 || errno == EINTR || errno == ECONNRESET)
		return 0;
	return -errno;
}

/* Without recv and send: a transport's default ones are a socket's. */
const struct asyncore_transport asyncore__socket_transport = {
	.name = "socket",
	.close = socket_close,
};

static int
no_sigpipe(int fd)
{
#ifdef SO_NOSIGPIPE
	const int on = 1;

	/* EINVAL: accepted, and its peer has gone meanwhile (macOS). */
	if (setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on) != 0 &&
	    errno != EINVAL)
		return -errno;
#else
	(void)fd;
#endif
	return 0;
}

/* Makes any socket one of ours. */
int
asyncore__socket_prepare(int fd)
{
	if (evutil_make_socket_nonblocking(fd) != 0 ||
	    evutil_make_socket_closeonexec(fd) != 0)
		return errno != 0 ? -errno : -EINVAL;
	return no_sigpipe(fd);
}

/* A new socket, which may have been born as we want it. */
static int
finished(int fd, bool born_ready)
{
	int err;

	if (fd < 0)
		return -errno;
	err = born_ready ? no_sigpipe(fd) : asyncore__socket_prepare(fd);
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

int
asyncore__socket_create(int family, int type)
{
#if HAVE_DECL_SOCK_NONBLOCK && HAVE_DECL_SOCK_CLOEXEC
	type |= SOCK_NONBLOCK | SOCK_CLOEXEC;
	return finished(socket(family, type, 0), true);
#else
	return finished(socket(family, type, 0), false);
#endif
}

int
asyncore__socket_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	int child;

	do {
#ifdef HAVE_ACCEPT4
		child = accept4(fd, addr, len, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
		child = accept(fd, addr, len);
#endif
	} while (child < 0 && errno == EINTR);
	return child < 0 ? -errno : child;
}

/* Makes what was accepted one of ours.  Its errors are not accept(2)'s. */
int
asyncore__socket_accepted(int fd)
{
#ifdef HAVE_ACCEPT4
	return finished(fd, true);
#else
	return finished(fd, false);
#endif
}

/*
 * A stream without a peer: was it connected, and its end waits to be read?  One
 * that never was has hung up too, but has nothing to read.
 */
bool
asyncore__socket_has_ended(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN) &&
	    (p.revents & (POLLHUP | POLLERR));
}

/* The type that was asked for, without the flags that some systems take. */
int
asyncore__socket_type(int type)
{
#if HAVE_DECL_SOCK_NONBLOCK && HAVE_DECL_SOCK_CLOEXEC
	type &= ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
#endif
	return type;
}
