/*
 * file.c - asyncore.file_dispatcher: files, pipes and terminals.
 *
 * The caller's descriptor is duplicated, so that closing the channel leaves it
 * alone.  Not every file can be polled (epoll refuses regular files and
 * /dev/null): those are always ready.
 */
#include "internal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_SYS_EPOLL_H
#include <sys/epoll.h>
#endif

const struct asyncore_class asyncore_file_dispatcher_class = {
	.name = "file_dispatcher",
	.base = &asyncore_dispatcher_class,
	ASYNCORE__PLAIN_SLOTS
};

static ssize_t
file_recv(void *state, int fd, void *buf, size_t len)
{
	ssize_t n;

	(void)state;
	do
		n = read(fd, buf, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static ssize_t
file_send(void *state, int fd, const void *buf, size_t len)
{
	ssize_t n;

	(void)state;
	do
		n = write(fd, buf, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* write(2) to a pipe that nobody reads has no flag against SIGPIPE. */
static ssize_t
pipe_send(void *state, int fd, const void *buf, size_t len)
{
	struct asyncore__sigpipe guard;
	ssize_t n;

	asyncore__sigpipe_hold(&guard);
	n = file_send(state, fd, buf, len);
	asyncore__sigpipe_release(&guard, n == -EPIPE);
	return n;
}

static int
file_so_error(void *state, int fd)
{
	(void)state;
	(void)fd;
	return 0;
}

static const struct asyncore_transport file_transport = {
	.name = "file",
	.recv = file_recv,
	.send = file_send,
	.so_error = file_so_error,
};

static const struct asyncore_transport pipe_transport = {
	.name = "pipe",
	.recv = file_recv,
	.send = pipe_send,
	.so_error = file_so_error,
};

bool
asyncore__file_owns(const struct asyncore_transport *transport)
{
	return transport == &file_transport || transport == &pipe_transport;
}

/* What epoll refuses to watch; a throw-away one is asked. */
static int
can_be_watched(int fd)
{
#ifdef HAVE_SYS_EPOLL_H
	struct epoll_event ev = { .events = EPOLLIN };
	int epfd = epoll_create1(EPOLL_CLOEXEC), err;

	if (epfd < 0)
		return -errno;
	err = epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev) == 0 ? 0 : errno;
	close(epfd);
	return err == EPERM ? 0 : err == 0 ? 1 : -err;
#else
	(void)fd;
	return 1;
#endif
}

/* 1, 0 or a negative errno value. */
static int
is_pollable(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -errno;
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return 0;
	if (S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode))
		return 1;
	return can_be_watched(fd);
}

static bool
is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

static int
adopt_file(struct asyncore_dispatcher *d, int fd)
{
	const int pollable = is_pollable(fd), flags = fcntl(fd, F_GETFL);
	int err;

	if (pollable < 0)
		return pollable;
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return -errno;
	d->pollable = pollable == 1;
	d->watched = d->connected = true;
	err = asyncore__adopt(d, d->pollable ? &pipe_transport :
	    &file_transport, NULL, fd);
	if (err < 0) {
		(void)fcntl(fd, F_SETFL, flags);
		return err;
	}
	/* A pipe's end for reading is never writable; epoll wakes for it. */
	d->never_writable = is_pipe(fd) && (flags & O_ACCMODE) == O_RDONLY;
	return 0;
}

static int
adopt_duplicate(struct asyncore_dispatcher *d, int fd)
{
	const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	int err;

	if (own < 0)
		return -errno;
	err = adopt_file(d, own);
	if (err < 0)
		close(own);
	return err;
}

struct asyncore_dispatcher *
asyncore_new_file(const struct asyncore_class *cls, int fd,
    struct asyncore_map *map)
{
	struct asyncore_dispatcher *d = asyncore_new(cls, map);
	int err;

	if (d == NULL)
		return NULL;
	err = asyncore__class_extends(cls, &asyncore_file_dispatcher_class) ?
	    adopt_duplicate(d, fd) : -EINVAL;
	if (err == 0)
		return d;
	asyncore__discard(d);
	errno = -err;
	return NULL;
}
