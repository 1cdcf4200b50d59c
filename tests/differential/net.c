/*
 * net.c - sockets and addresses for the programs.
 *
 * t0 to t3 are ports on loopback, kept by sockets of ours that do not listen,
 * so that they are free for listeners and refuse connections else; x0 to x3
 * are sockets' files in the directory.
 */
#include "driver.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define ADDRESSES 4
#define ROUNDS 3		/* SYN, SYN|ACK, ACK: three hops, and three */

static const char *directory;
static int keepers[ADDRESSES], ping[2];
static in_port_t ports[ADDRESSES];

static struct owner {
	int type;
	in_port_t port;
	const char *name;
	struct owner *next;
} *owners;

/* ---- Sockets. ---- */

static struct sockaddr_in
loopback(in_port_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = port;
	return in;
}

static int
bound(int type)
{
	const struct sockaddr_in in = loopback(0);
	int fd = socket(AF_INET, type, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&in, sizeof in) != 0)
		err(1, "a socket on loopback");
	return fd;
}

static struct sockaddr_in
name_of(int fd)
{
	struct sockaddr_in in = { .sin_family = AF_UNSPEC };
	socklen_t len = sizeof in;

	if (getsockname(fd, (struct sockaddr *)&in, &len) != 0)
		err(1, "getsockname");
	return in;
}

static void
join(int fd, int to)
{
	const struct sockaddr_in in = name_of(to);

	if (connect(fd, (const struct sockaddr *)&in, sizeof in) != 0)
		err(1, "connect on loopback");
}

static void
udp_pair(int fds[2])
{
	fds[0] = bound(SOCK_DGRAM);
	fds[1] = bound(SOCK_DGRAM);
	join(fds[0], fds[1]);
	join(fds[1], fds[0]);
}

static void
tcp_pair(int fds[2])
{
	int server = bound(SOCK_STREAM);

	if (listen(server, 1) != 0)
		err(1, "listen");
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (fds[0] < 0)
		err(1, "socket");
	join(fds[0], server);
	fds[1] = accept(server, NULL, NULL);
	if (fds[1] < 0)
		err(1, "accept");
	(void)close(server);
}

void
net_sort(const char *wire, int *family, int *type)
{
	const bool inet = strcmp(wire, "tcp") == 0 || strcmp(wire, "udp") == 0;
	const bool datagram = strcmp(wire, "dgram") == 0 ||
	    strcmp(wire, "udp") == 0;

	*family = inet ? AF_INET : AF_UNIX;
	*type = datagram ? SOCK_DGRAM :
	    strcmp(wire, "seq") == 0 ? SOCK_SEQPACKET : SOCK_STREAM;
}

/*
 * What is sent leaves at once: small pieces do not wait for an acknowledgement,
 * nor a paced connection (bbr) for its timer.
 */
void
net_no_delay(int fd)
{
	const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef TCP_CONGESTION
	(void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
#endif
}

void
net_pair(const char *wire, int fds[2])
{
	int family, type, i;

	net_sort(wire, &family, &type);
	if (family == AF_UNIX) {
		if (socketpair(family, type, 0, fds) != 0)
			err(1, "socketpair");
	} else if (type == SOCK_DGRAM)
		udp_pair(fds);
	else
		tcp_pair(fds);
	for (i = 0; i < 2; i++) {
		if (fcntl(fds[i], F_SETFL, O_NONBLOCK) != 0)
			err(1, "fcntl");
		net_no_delay(fds[i]);
	}
}

int
net_type(int fd)
{
	int type = 0;
	socklen_t len = sizeof type;

	(void)getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	return type;
}

int
net_family(int fd)
{
	union address a;
	socklen_t len = sizeof a;

	memset(&a, 0, sizeof a);
	(void)getsockname(fd, &a.any, &len);
	return a.any.sa_family;
}

/*
 * A round trip, a few times.  The process is bound to one processor, whose
 * queue of packets is in order: what was sent before has come before.
 */
void
net_settle(void)
{
	char c = '.';
	int i, side;

	for (i = 0; i < ROUNDS; i++)
		for (side = 0; side < 2; side++)
			if (send(ping[side], &c, 1, 0) != 1 ||
			    recv(ping[!side], &c, 1, 0) != 1)
				err(1, "ping");
}

/* ---- Addresses. ---- */

void
net_open(const char *where)
{
	const int on = 1;
	int i;

	directory = where;
	for (i = 0; i < ADDRESSES; i++) {
		keepers[i] = bound(SOCK_STREAM);
		if (setsockopt(keepers[i], SOL_SOCKET, SO_REUSEADDR, &on,
		    sizeof on) != 0)
			err(1, "SO_REUSEADDR");
		ports[i] = name_of(keepers[i]).sin_port;
	}
	udp_pair(ping);
}

void
net_close(void)
{
	int i;

	for (i = 0; i < ADDRESSES; i++)
		(void)close(keepers[i]);
	(void)close(ping[0]);
	(void)close(ping[1]);
}

static void
path_of(const char *name, char *path, size_t size)
{
	if (snprintf(path, size, "%s/%s", directory, name) >= (int)size)
		errx(1, "the directory's name is too long");
}

void
net_clear(void)
{
	char path[256];
	const struct dirent *entry;
	DIR *dir = opendir(directory);

	owners = NULL;
	if (dir == NULL)
		err(1, "%s", directory);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		path_of(entry->d_name, path, sizeof path);
		(void)unlink(path);
	}
	(void)closedir(dir);
}

socklen_t
net_address(const char *name, union address *a)
{
	struct sockaddr_in in;
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	memset(a, 0, sizeof *a);
	if (name[0] == 't') {
		in = loopback(ports[atoi(name + 1) % ADDRESSES]);
		memcpy(a, &in, sizeof in);
		return sizeof in;
	}
	path_of(name, un.sun_path, sizeof un.sun_path);
	memcpy(a, &un, sizeof un);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    strlen(un.sun_path) + 1);
}

static const char *
owner_of(int type, in_port_t port)
{
	static const char *const names[ADDRESSES] = { "t0", "t1", "t2", "t3" };
	const struct owner *o;
	int i;

	for (i = 0; type == SOCK_STREAM && i < ADDRESSES; i++)
		if (ports[i] == port)
			return names[i];
	for (o = owners; o != NULL; o = o->next)
		if (o->type == type && o->port == port)
			return o->name;
	return NULL;
}

void
net_own_port(const char *name, int fd)
{
	union address a;
	socklen_t len = sizeof a;
	struct sockaddr_in in;
	struct owner *o;

	if (getsockname(fd, &a.any, &len) != 0 || a.any.sa_family != AF_INET)
		return;
	memcpy(&in, &a, sizeof in);
	o = arena_alloc(sizeof *o);
	o->type = net_type(fd);
	o->port = in.sin_port;
	o->name = name;
	o->next = owners;
	owners = o;
}

static const char *
path_name(const struct sockaddr *sa, socklen_t len)
{
	static struct sockaddr_un un;
	const char *slash;

	memset(&un, 0, sizeof un);
	memcpy(&un, sa, len < sizeof un ? len : sizeof un - 1);
	if (un.sun_path[0] == '\0')
		return "unnamed";
	slash = strrchr(un.sun_path, '/');
	return slash != NULL ? slash + 1 : un.sun_path;
}

const char *
net_address_name(const struct sockaddr *sa, socklen_t len, int type)
{
	struct sockaddr_in in;
	const char *name;

	if (sa == NULL)
		return "none";
	if (sa->sa_family != AF_INET)
		return path_name(sa, len);
	memcpy(&in, sa, sizeof in);
	name = owner_of(type, in.sin_port);
	return name != NULL ? name : "inet";
}

void
net_hide_directory(char *text)
{
	const size_t len = strlen(directory) + 1;
	char *at = strstr(text, directory);

	if (at != NULL)
		memmove(at, at + len, strlen(at + len) + 1);
}

int
net_make_file(const void *data, size_t len)
{
	char path[256];
	int fd;

	path_of("file", path, sizeof path);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, data, len) != (ssize_t)len ||
	    lseek(fd, 0, SEEK_SET) != 0)
		err(1, "%s", path);
	return fd;
}
