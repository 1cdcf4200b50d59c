/*
 * faults.c - the functions that stand before those of the C library.
 *
 * A stand-in asks fails() and then calls the next function of its name, which
 * may be a sanitizer's.  Some errors say that the thing was done, or goes on:
 * for those the real call is made first.
 */
/* Other names for the library's files; here the C library's are meant. */
#undef malloc
#undef calloc
#undef realloc
#undef strdup
#undef free

#include "config.h"

#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#ifdef HAVE_SYS_EPOLL_H
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#endif

#include <event2/event.h>

enum {
	MALLOC, ACCEPT, ACCEPT4, BIND, CLOSE, CONNECT, EPOLL_CREATE,
	EPOLL_CREATE1, EPOLL_CTL, EPOLL_WAIT, EVENTFD, FCNTL, FSTAT,
	GETPEERNAME, GETSOCKNAME, GETSOCKOPT, IOCTL, LISTEN, LSEEK, OPEN, PIPE,
	PIPE2, POLL, PREAD, READ, READV, RECV, SELECT, SEND, SENDFILE, SENDMSG,
	SETSOCKOPT, SIGACTION, SOCKET, SOCKETPAIR, WRITE, WRITEV
};

#define ERRORS(...) (const int[]){ __VA_ARGS__, 0 }

/* With those of Linux: of the new connection's network, and of some kernels. */
#ifdef __linux__
#define OF_LINUX , EHOSTDOWN, ENONET, ENOSR, ESOCKTNOSUPPORT
#else
#define OF_LINUX
#endif
#define ACCEPT_ERRORS ERRORS(EAGAIN, EBADF, ECONNABORTED, EFAULT, EINTR,	\
	EINVAL, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOTSOCK, EOPNOTSUPP,	\
	EPERM, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTUNREACH, ENETUNREACH,	\
	ETIMEDOUT, EPROTONOSUPPORT OF_LINUX)

struct fault faults[] = {
	[MALLOC] = { "malloc", ERRORS(ENOMEM), 0 },
	[ACCEPT] = { "accept", ACCEPT_ERRORS, 0 },
	[ACCEPT4] = { "accept4", ACCEPT_ERRORS, 0 },
	[BIND] = { "bind", ERRORS(EACCES, EADDRINUSE, EBADF, EINVAL, ENOTSOCK,
	    EADDRNOTAVAIL, EFAULT, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM,
	    ENOTDIR, EROFS), 0 },
	[CLOSE] = { "close", ERRORS(EBADF, EINTR, EIO, ENOSPC, EDQUOT), 0 },
	[CONNECT] = { "connect", ERRORS(EACCES, EPERM, EADDRINUSE,
	    EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN, EALREADY, EBADF,
	    ECONNREFUSED, EFAULT, EINPROGRESS, EINTR, EISCONN, ENETUNREACH,
	    ENOTSOCK, EPROTOTYPE, ETIMEDOUT), 0 },
	[EPOLL_CREATE] = { "epoll_create", ERRORS(EINVAL, EMFILE, ENFILE,
	    ENOMEM), 0 },
	[EPOLL_CREATE1] = { "epoll_create1", ERRORS(EINVAL, EMFILE, ENFILE,
	    ENOMEM), 0 },
	[EPOLL_CTL] = { "epoll_ctl", ERRORS(EBADF, EEXIST, EINVAL, ELOOP,
	    ENOENT, ENOMEM, ENOSPC, EPERM), 0 },
	[EPOLL_WAIT] = { "epoll_wait", ERRORS(EBADF, EFAULT, EINTR, EINVAL),
	    0 },
	[EVENTFD] = { "eventfd", ERRORS(EINVAL, EMFILE, ENFILE, ENODEV,
	    ENOMEM), 0 },
	/* EACCES and EAGAIN are those of locks, which nobody takes here. */
	[FCNTL] = { "fcntl", ERRORS(EBADF, EINVAL, EMFILE, EPERM), 0 },
	[FSTAT] = { "fstat", ERRORS(EBADF, EFAULT, ENOMEM, EOVERFLOW), 0 },
	[GETPEERNAME] = { "getpeername", ERRORS(EBADF, EFAULT, EINVAL, ENOBUFS,
	    ENOTCONN, ENOTSOCK), 0 },
	[GETSOCKNAME] = { "getsockname", ERRORS(EBADF, EFAULT, EINVAL, ENOBUFS,
	    ENOTSOCK), 0 },
	[GETSOCKOPT] = { "getsockopt", ERRORS(EBADF, EFAULT, EINVAL,
	    ENOPROTOOPT, ENOTSOCK), 0 },
	[IOCTL] = { "ioctl", ERRORS(EBADF, EFAULT, EINVAL, ENOTTY), 0 },
	[LISTEN] = { "listen", ERRORS(EADDRINUSE, EBADF, ENOTSOCK,
	    EOPNOTSUPP), 0 },
	[LSEEK] = { "lseek", ERRORS(EBADF, EINVAL, ENXIO, EOVERFLOW, ESPIPE),
	    0 },
	[OPEN] = { "open", ERRORS(EACCES, EBUSY, EDQUOT, EEXIST, EFAULT, EFBIG,
	    EINTR, EINVAL, EISDIR, ELOOP, EMFILE, ENAMETOOLONG, ENFILE, ENODEV,
	    ENOENT, ENOMEM, ENOSPC, ENOTDIR, ENXIO, EOVERFLOW, EPERM, EROFS,
	    ETXTBSY, EWOULDBLOCK), 0 },
	[PIPE] = { "pipe", ERRORS(EFAULT, EMFILE, ENFILE), 0 },
	[PIPE2] = { "pipe2", ERRORS(EFAULT, EINVAL, EMFILE, ENFILE), 0 },
	[POLL] = { "poll", ERRORS(EFAULT, EINTR, EINVAL, ENOMEM), 0 },
	[PREAD] = { "pread", ERRORS(EAGAIN, EBADF, EFAULT, EINTR, EINVAL, EIO,
	    EISDIR, ENXIO, EOVERFLOW, ESPIPE), 0 },
	[READ] = { "read", ERRORS(EAGAIN, EBADF, EFAULT, EINTR, EINVAL, EIO,
	    EISDIR), 0 },
	[READV] = { "readv", ERRORS(EAGAIN, EBADF, EFAULT, EINTR, EINVAL, EIO,
	    EISDIR), 0 },
	[RECV] = { "recv", ERRORS(EAGAIN, EBADF, ECONNREFUSED, EFAULT, EINTR,
	    EINVAL, ENOMEM, ENOTCONN, ENOTSOCK, ECONNRESET, ETIMEDOUT), 0 },
	[SELECT] = { "select", ERRORS(EBADF, EINTR, EINVAL, ENOMEM), 0 },
	[SEND] = { "send", ERRORS(EACCES, EAGAIN, EALREADY, EBADF, ECONNRESET,
	    EDESTADDRREQ, EFAULT, EINTR, EINVAL, EISCONN, EMSGSIZE, ENOBUFS,
	    ENOMEM, ENOTCONN, ENOTSOCK, EOPNOTSUPP, EPIPE), 0 },
	[SENDFILE] = { "sendfile", ERRORS(EAGAIN, EBADF, EFAULT, EINTR, EINVAL,
	    EIO, ENOMEM, EOVERFLOW, EPIPE, ESPIPE), 0 },
	[SENDMSG] = { "sendmsg", ERRORS(EACCES, EAGAIN, EALREADY, EBADF,
	    ECONNRESET, EDESTADDRREQ, EFAULT, EINTR, EINVAL, EISCONN,
	    EMSGSIZE, ENOBUFS, ENOMEM, ENOTCONN, ENOTSOCK, EOPNOTSUPP,
	    EPIPE), 0 },
	[SETSOCKOPT] = { "setsockopt", ERRORS(EBADF, EFAULT, EINVAL,
	    ENOPROTOOPT, ENOTSOCK), 0 },
	[SIGACTION] = { "sigaction", ERRORS(EFAULT, EINVAL), 0 },
	[SOCKET] = { "socket", ERRORS(EACCES, EAFNOSUPPORT, EINVAL, EMFILE,
	    ENFILE, ENOBUFS, ENOMEM, EPROTONOSUPPORT), 0 },
	[SOCKETPAIR] = { "socketpair", ERRORS(EAFNOSUPPORT, EFAULT, EMFILE,
	    ENFILE, EOPNOTSUPP, EPROTONOSUPPORT), 0 },
	[WRITE] = { "write", ERRORS(EAGAIN, EBADF, EDESTADDRREQ, EDQUOT,
	    EFAULT, EFBIG, EINTR, EINVAL, EIO, ENOSPC, EPERM, EPIPE), 0 },
	[WRITEV] = { "writev", ERRORS(EAGAIN, EBADF, EDESTADDRREQ, EDQUOT,
	    EFAULT, EFBIG, EINTR, EINVAL, EIO, ENOSPC, EPERM, EPIPE), 0 },
};
const int n_faults = sizeof faults / sizeof *faults;

static struct {
	int call, error;	/* -1: none */
	unsigned n;
	bool all, shorten;
	short hidden;
} plan = { .call = -1 };

static bool counting;
static int held;
static atomic_bool happened;
static atomic_long blocks;
/* One memory for all threads, the counts too. */
static atomic_uint counts[sizeof faults / sizeof *faults];

void
faults_begin(void)
{
	int i;

	for (i = 0; i < n_faults; i++)
		counts[i] = 0;
	plan.call = -1;
	plan.all = false;
	plan.shorten = false;
	plan.hidden = 0;
	happened = false;
	counting = true;
}

void
faults_fail(int call, unsigned n, int err, bool all)
{
	faults_begin();
	plan.n = n;
	plan.error = err;
	plan.all = all;
	plan.call = call;
}

void
faults_shorten(void)
{
	faults_begin();
	plan.shorten = true;
}

void
faults_hide(short revents)
{
	faults_begin();
	plan.hidden = revents;
}

void
faults_end(void)
{
	int i;

	counting = false;
	for (i = 0; i < n_faults; i++)
		faults[i].count = counts[i];
}

void
faults_hold(void)
{
	held++;
}

void
faults_release(void)
{
	held--;
}

int
faults_find(const char *name)
{
	int i = 0;

	while (i < n_faults && strcmp(faults[i].name, name) != 0)
		i++;
	return i;
}

bool
faults_happened(void)
{
	return happened;
}

/* What the other side of a connection hears, and what libevent makes of it. */
bool
faults_explain(int err)
{
	switch (-err) {
	case ECONNRESET:
	case EPIPE:
	case ECONNREFUSED:
	case ENOTCONN:
	case EHOSTUNREACH:	/* all that evdns tells of a shortage */
		return happened;
	case ENOENT:
	case EEXIST:
		return happened && (plan.call == EPOLL_CTL ||
		    plan.error == -err);
	default:
		return happened && plan.error == -err;
	}
}

static bool
is_not_now(int err)
{
	return err == EAGAIN || err == EINTR;
}

/* Other errors of accept() are the connection's, or pass. */
static bool
concerns_a_listener(int err)
{
	switch (err) {
	case EBADF:
	case EFAULT:
	case EINVAL:
	case ENOTSOCK:
	case EOPNOTSUPP:
	case EPROTONOSUPPORT:
#ifdef __linux__
	case ENOSR:
	case ESOCKTNOSUPPORT:
#endif
		return true;
	default:
		return false;
	}
}

bool
faults_must_not_matter(void)
{
	const int err = plan.error;

	switch (plan.all ? -1 : plan.call) {
	case ACCEPT:
	case ACCEPT4:
		return !concerns_a_listener(err);
	case CONNECT:
		return err == EINPROGRESS || err == EALREADY || err == EINTR ||
		    err == EISCONN;
	case EPOLL_WAIT:
	case SELECT:
	case POLL:
	case PREAD:
		return err == EINTR;
	case READ:
	case READV:
	case RECV:
	case SEND:
	case SENDFILE:
	case SENDMSG:
	case WRITE:
	case WRITEV:
		return is_not_now(err);
	case CLOSE:
		return true;
	default:
		return false;
	}
}

static bool
fails(int call)
{
	unsigned i;

	if (!counting || held > 0)
		return false;
	i = atomic_fetch_add(&counts[call], 1);
	if (call != plan.call || (plan.all ? i < plan.n : i != plan.n))
		return false;
	happened = true;
	errno = plan.error;
	return true;
}

static size_t
shortened(size_t len)
{
	return counting && held == 0 && plan.shorten && len > 1 ? 1 : len;
}

/* ---- Memory. ---- */

void *faults_malloc(size_t size);
void *faults_calloc(size_t n, size_t size);
void *faults_realloc(void *p, size_t size);
char *faults_strdup(const char *s);
void faults_free(void *p);

static void *
counted(void *p)
{
	if (p != NULL)
		atomic_fetch_add(&blocks, 1);
	return p;
}

void *
faults_malloc(size_t size)
{
	return fails(MALLOC) ? NULL : counted(malloc(size));
}

void *
faults_calloc(size_t n, size_t size)
{
	return fails(MALLOC) ? NULL : counted(calloc(n, size));
}

void *
faults_realloc(void *p, size_t size)
{
	if (fails(MALLOC))
		return NULL;
	return p == NULL ? counted(malloc(size)) : realloc(p, size);
}

char *
faults_strdup(const char *s)
{
	return fails(MALLOC) ? NULL : counted(strdup(s));
}

void
faults_free(void *p)
{
	if (p != NULL)
		atomic_fetch_sub(&blocks, 1);
	free(p);
}

long
faults_blocks(void)
{
	return blocks;
}

static void
say_nothing(int severity, const char *message)
{
	(void)severity;
	(void)message;
}

void
faults_install(void)
{
	event_set_mem_functions(faults_malloc, faults_realloc, faults_free);
	event_set_log_callback(say_nothing);
}

/* ---- System calls. ---- */

/*
 * memcpy(), as C has no pointer that means both.  Where files are larger than
 * longs, glibc's headers give what has to do with them other names: ours, too.
 */
static void
find(const char *name, void *function, size_t size)
{
	char large[32];
	void *p = NULL;

	(void)snprintf(large, sizeof large, "%s64", name);
	if (sizeof(off_t) > sizeof(long))
		p = dlsym(RTLD_NEXT, large);
	if (p == NULL)
		p = dlsym(RTLD_NEXT, name);
	if (p == NULL)
		abort();
	memcpy(function, &p, size);
}

/* With _GNU_SOURCE glibc's addresses are unions of all their kinds. */
#pragma GCC diagnostic ignored "-Wpedantic"

#define STAND_IN(call, type, name, params, args)			\
type									\
name params								\
{									\
	static type (*next) params;					\
									\
	if (next == NULL)						\
		find(#name, &next, sizeof next);			\
	return fails(call) ? (type)-1 : next args;			\
}

#ifdef HAVE_ACCEPT4
STAND_IN(ACCEPT4, int, accept4,
    (int fd, struct sockaddr *addr, socklen_t *len, int flags),
    (fd, addr, len, flags))
#endif
STAND_IN(ACCEPT, int, accept,
    (int fd, struct sockaddr *addr, socklen_t *len), (fd, addr, len))
STAND_IN(BIND, int, bind,
    (int fd, const struct sockaddr *addr, socklen_t len), (fd, addr, len))
STAND_IN(GETPEERNAME, int, getpeername,
    (int fd, struct sockaddr *addr, socklen_t *len), (fd, addr, len))
STAND_IN(GETSOCKNAME, int, getsockname,
    (int fd, struct sockaddr *addr, socklen_t *len), (fd, addr, len))
STAND_IN(GETSOCKOPT, int, getsockopt,
    (int fd, int level, int name, void *value, socklen_t *len),
    (fd, level, name, value, len))
STAND_IN(SETSOCKOPT, int, setsockopt,
    (int fd, int level, int name, const void *value, socklen_t len),
    (fd, level, name, value, len))
STAND_IN(LISTEN, int, listen, (int fd, int backlog), (fd, backlog))
STAND_IN(LSEEK, off_t, lseek, (int fd, off_t offset, int whence),
    (fd, offset, whence))
STAND_IN(PIPE, int, pipe, (int fds[2]), (fds))
STAND_IN(READ, ssize_t, read, (int fd, void *buf, size_t len),
    (fd, buf, shortened(len)))
STAND_IN(RECV, ssize_t, recv, (int fd, void *buf, size_t len, int flags),
    (fd, buf, shortened(len), flags))
STAND_IN(PREAD, ssize_t, pread,
    (int fd, void *buf, size_t len, off_t offset),
    (fd, buf, shortened(len), offset))
STAND_IN(SELECT, int, select,
    (int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *timeout),
    (n, r, w, e, timeout))
STAND_IN(SEND, ssize_t, send,
    (int fd, const void *buf, size_t len, int flags),
    (fd, buf, shortened(len), flags))
STAND_IN(SIGACTION, int, sigaction,
    (int signo, const struct sigaction *new, struct sigaction *old),
    (signo, new, old))
STAND_IN(SOCKET, int, socket, (int family, int type, int protocol),
    (family, type, protocol))
STAND_IN(SOCKETPAIR, int, socketpair,
    (int family, int type, int protocol, int fds[2]),
    (family, type, protocol, fds))
STAND_IN(WRITE, ssize_t, write, (int fd, const void *buf, size_t len),
    (fd, buf, shortened(len)))

int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
	static int (*next)(struct pollfd *, nfds_t, int);
	nfds_t i;
	int rc;

	if (next == NULL)
		find("poll", &next, sizeof next);
	rc = fails(POLL) ? -1 : next(fds, n, timeout);
	for (i = 0; rc > 0 && counting && held == 0 && i < n; i++)
		fds[i].revents = (short)(fds[i].revents & ~plan.hidden);
	return rc;
}

#ifdef HAVE_PIPE2
STAND_IN(PIPE2, int, pipe2, (int fds[2], int flags), (fds, flags))
#endif
/* In older ones of glibc it is no function of this name. */
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 33)
#define HAS_FSTAT
#endif
#else
#define HAS_FSTAT
#endif
#ifdef HAS_FSTAT
STAND_IN(FSTAT, int, fstat, (int fd, struct stat *st), (fd, st))
#endif
#ifdef HAVE_SYS_EPOLL_H
STAND_IN(EPOLL_CREATE, int, epoll_create, (int size), (size))
STAND_IN(EPOLL_CREATE1, int, epoll_create1, (int flags), (flags))
STAND_IN(EPOLL_CTL, int, epoll_ctl,
    (int epfd, int op, int fd, struct epoll_event *ev), (epfd, op, fd, ev))
STAND_IN(EPOLL_WAIT, int, epoll_wait,
    (int epfd, struct epoll_event *evs, int n, int timeout),
    (epfd, evs, n, timeout))
STAND_IN(EVENTFD, int, eventfd, (unsigned n, int flags), (n, flags))
STAND_IN(SENDFILE, ssize_t, sendfile,
    (int to, int from, off_t *offset, size_t len),
    (to, from, offset, shortened(len)))
#endif

/* The descriptor is closed whatever it answers. */
int
close(int fd)
{
	static int (*next)(int);

	if (next == NULL)
		find("close", &next, sizeof next);
	if (!fails(CLOSE))
		return next(fd);
	(void)next(fd);
	errno = plan.error;
	return -1;
}

/* Some of its errors say that the connection is being made, or has been. */
int
connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	static int (*next)(int, const struct sockaddr *, socklen_t);
	int result;

	if (next == NULL)
		find("connect", &next, sizeof next);
	if (!fails(CONNECT))
		return next(fd, addr, len);
	if (faults_must_not_matter()) {
		result = next(fd, addr, len);
		if (result != 0 && errno != EINPROGRESS)
			return result;
	}
	errno = plan.error;
	return -1;
}

/* All that it may be given is as wide as a pointer at most. */
int
fcntl(int fd, int command, ...)
{
	static int (*next)(int, int, ...);
	va_list args;
	void *arg;

	if (next == NULL)
		find("fcntl", &next, sizeof next);
	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	return fails(FCNTL) ? -1 : next(fd, command, arg);
}

/* POSIX has an int there. */
#ifdef __GLIBC__
typedef unsigned long ioctl_request;
#else
typedef int ioctl_request;
#endif

int
ioctl(int fd, ioctl_request request, ...)
{
	static int (*next)(int, ioctl_request, ...);
	va_list args;
	void *arg;

	if (next == NULL)
		find("ioctl", &next, sizeof next);
	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	return fails(IOCTL) ? -1 : next(fd, request, arg);
}

int
open(const char *path, int flags, ...)
{
	static int (*next)(const char *, int, ...);
	va_list args;
	mode_t mode = 0;

	if (next == NULL)
		find("open", &next, sizeof next);
	if (flags & O_CREAT) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	return fails(OPEN) ? -1 : next(path, flags, mode);
}

static ssize_t
first_byte(const struct iovec *v, size_t n, struct iovec *one)
{
	size_t i = 0;

	while (i < n && v[i].iov_len == 0)
		i++;
	if (i == n)
		return 0;
	*one = v[i];
	one->iov_len = 1;
	return 1;
}

ssize_t
readv(int fd, const struct iovec *v, int n)
{
	static ssize_t (*next)(int, const struct iovec *, int);
	struct iovec one;

	if (next == NULL)
		find("readv", &next, sizeof next);
	if (fails(READV))
		return -1;
	if (shortened(2) == 1 && first_byte(v, (size_t)n, &one))
		return next(fd, &one, 1);
	return next(fd, v, n);
}

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	static ssize_t (*next)(int, const struct msghdr *, int);
	struct msghdr brief = *msg;
	struct iovec one;

	if (next == NULL)
		find("sendmsg", &next, sizeof next);
	if (fails(SENDMSG))
		return -1;
	if (shortened(2) == 1 &&
	    first_byte(msg->msg_iov, (size_t)msg->msg_iovlen, &one)) {
		brief.msg_iov = &one;
		brief.msg_iovlen = 1;
	}
	return next(fd, &brief, flags);
}

ssize_t
writev(int fd, const struct iovec *v, int n)
{
	static ssize_t (*next)(int, const struct iovec *, int);
	struct iovec one;

	if (next == NULL)
		find("writev", &next, sizeof next);
	if (fails(WRITEV))
		return -1;
	if (shortened(2) == 1 && first_byte(v, (size_t)n, &one))
		return next(fd, &one, 1);
	return next(fd, v, n);
}
