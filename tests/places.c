/*
 * places.c - addresses of every family that a test can bind and connect to.
 * Nothing here leaves the machine.
 */
#include "testing.h"
#include "places.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const place_maker tcp_places[2] = { inet, inet6 };
const place_maker local_places[2] = { path, abstract };

static void
clear(struct place *p)
{
	memset(p, 0, sizeof *p);
	p->fd = -1;
}

void
inet(struct place *p)
{
	clear(p);
	p->addr.in.sin_family = AF_INET;
	p->addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->len = sizeof p->addr.in;
}

void
inet6(struct place *p)
{
	clear(p);
	p->addr.in6.sin6_family = AF_INET6;
	p->addr.in6.sin6_addr = in6addr_loopback;
	p->len = sizeof p->addr.in6;
}

/* One name a process and call. */
static int
name(char *to, size_t size)
{
	static unsigned n;
	int len = snprintf(to, size, "check-place-%ld-%u", (long)getpid(), n++);

	ck_assert_int_gt(len, 0);
	ck_assert_int_lt(len, (int)size);
	return len;
}

void
path(struct place *p)
{
	clear(p);
	p->addr.un.sun_family = AF_UNIX;
	(void)name(p->addr.un.sun_path, sizeof p->addr.un.sun_path);
	(void)unlink(p->addr.un.sun_path);	/* a killed run's */
	p->len = sizeof p->addr.un;
}

void
abstract(struct place *p)
{
	int len;

	clear(p);
	p->addr.un.sun_family = AF_UNIX;
	len = name(p->addr.un.sun_path + 1, sizeof p->addr.un.sun_path - 1);
	p->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
	    (size_t)len);
}

static bool
can_bind(place_maker make)
{
	struct place p;
	bool can;

	make(&p);
	p.fd = socket(p.addr.sa.sa_family, SOCK_STREAM, 0);
	if (p.fd < 0)
		return false;
	can = bind(p.fd, &p.addr.sa, p.len) == 0;
	(void)close(p.fd);
	return can;
}

int
n_tcp_places(void)
{
	return can_bind(inet6) ? 2 : 1;
}

int
n_local_places(void)
{
#ifdef __linux__
	return 2;
#else
	return 1;
#endif
}

void
bind_place(struct place *p, place_maker make, int type)
{
	make(p);
	p->fd = socket(p->addr.sa.sa_family, type, 0);
	ck_assert_int_ge(p->fd, 0);
	ck_assert_int_eq(bind(p->fd, &p->addr.sa, p->len), 0);
	if (p->addr.sa.sa_family != AF_UNIX)
		ck_assert_int_eq(getsockname(p->fd, &p->addr.sa, &p->len), 0);
}

void
listen_place(struct place *p, place_maker make)
{
	bind_place(p, make, SOCK_STREAM);
	ck_assert_int_eq(listen(p->fd, 16), 0);
}

int
call_place(const struct place *p)
{
	int fd = socket(p->addr.sa.sa_family, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, &p->addr.sa, p->len), 0);
	return fd;
}

void
drop_place(struct place *p)
{
	ck_assert_int_eq(close(p->fd), 0);
	if (p->addr.sa.sa_family == AF_UNIX && p->addr.un.sun_path[0] != '\0')
		ck_assert_int_eq(unlink(p->addr.un.sun_path), 0);
}

int
connect_to(struct asyncore_dispatcher *d, const struct place *p)
{
	return asyncore_connect(d, &p->addr.sa, p->len);
}

void
ck_addr(const struct asyncore_dispatcher *d, const struct place *p)
{
	socklen_t len;
	const struct sockaddr *sa = asyncore_addr(d, &len);

	ck_assert_ptr_nonnull(sa);
	ck_assert_int_eq(len, p->len);
	ck_assert_mem_eq(sa, &p->addr, len);
}
