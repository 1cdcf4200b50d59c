/*
 * http_client.h - HttpClient: fetches one URL, and traces what it does.
 *
 * http_client.c and step_loop.c share this class, which is why it stands in a
 * header of its own.  It asks for the document with HTTP/1.0, so that the end
 * of the connection is the end of the answer, and keeps the answer, header and
 * all, in read_buffer.  Where a name has several addresses they are tried in
 * turn.  The predicates trace each call, so they are asked before each pass.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <asyncore.h>
#include <errno.h>
#include <event2/buffer.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct http_client {
	const char *url;
	char host[256], port[6];
	struct addrinfo *addresses, *next_address;
	struct evbuffer *write_buffer, *read_buffer;
	bool complete, failed;
};

static int
http_connect_next(struct asyncore_dispatcher *d)
{
	struct http_client *self = asyncore_self(d);
	int r = -EADDRNOTAVAIL;

	while (self->next_address) {
		const struct addrinfo *ai = self->next_address;

		self->next_address = ai->ai_next;
		r = asyncore_create_socket(d, ai->ai_family, SOCK_STREAM);
		if (r < 0)
			continue;
		fprintf(stderr, "%s: connecting to ('%s', %s)\n", self->url,
		    self->host, self->port);
		r = asyncore_connect(d, ai->ai_addr, ai->ai_addrlen);
		if (r >= 0)
			break;
		asyncore_close(d);
	}
	return r;
}

static bool
http_readable(struct asyncore_dispatcher *d)
{
	const struct http_client *self = asyncore_self(d);

	fprintf(stderr, "%s: readable() -> True\n", self->url);
	return true;
}

static bool
http_writable(struct asyncore_dispatcher *d)
{
	const struct http_client *self = asyncore_self(d);
	bool answer = evbuffer_get_length(self->write_buffer) > 0;

	if (answer)
		fprintf(stderr, "%s: writable() -> True\n", self->url);
	return answer;
}

static int
http_connect(struct asyncore_dispatcher *d)
{
	const struct http_client *self = asyncore_self(d);

	fprintf(stderr, "%s: handle_connect()\n", self->url);
	return 0;
}

static int
http_write(struct asyncore_dispatcher *d)
{
	const struct http_client *self = asyncore_self(d);
	size_t len = evbuffer_get_length(self->write_buffer);
	const char *request = (char *)evbuffer_pullup(self->write_buffer, -1);
	ssize_t sent = request ? asyncore_send(d, request, len) : 0;

	if (sent < 0)
		return (int)sent;
	fprintf(stderr, "%s: handle_write() -> \"%.*s\"\n", self->url,
	    (int)sent, request ? request : "");
	return evbuffer_drain(self->write_buffer, (size_t)sent);
}

static int
http_read(struct asyncore_dispatcher *d)
{
	const struct http_client *self = asyncore_self(d);
	char data[8192];
	ssize_t n = asyncore_recv(d, data, sizeof data);

	if (n < 0)
		return (int)n;
	fprintf(stderr, "%s: handle_read() -> %zd bytes\n", self->url, n);
	return evbuffer_add(self->read_buffer, data, (size_t)n) < 0
	    ? -ENOMEM : 0;
}

static int
http_close(struct asyncore_dispatcher *d)
{
	struct http_client *self = asyncore_self(d);

	fprintf(stderr, "%s: handle_close()\n", self->url);
	if (!self->complete && !self->failed) {
		fprintf(stderr, "%s: the connection was lost\n", self->url);
		self->failed = true;
	}
	return asyncore_close(d);
}

/* HTTP/1.0 ends an answer so; a connection that is lost ends without it. */
static int
http_eof(struct asyncore_dispatcher *d)
{
	struct http_client *self = asyncore_self(d);

	self->complete = true;
	return asyncore_handle_close(d);
}

/* An address that cannot be reached is no reason to give the others up. */
static int
http_error(struct asyncore_dispatcher *d, int err)
{
	struct http_client *self = asyncore_self(d);

	if (!asyncore_connected(d) && self->next_address) {
		asyncore_close(d);
		err = http_connect_next(d);
		if (err >= 0)
			return 0;
	}
	fprintf(stderr, "%s: %s\n", self->url, asyncore_strerror(err));
	self->failed = true;
	return asyncore_handle_close(d);
}

static void
http_finalize(struct asyncore_dispatcher *d)
{
	const struct http_client *self = asyncore_self(d);

	if (self->addresses)
		freeaddrinfo(self->addresses);
	if (self->write_buffer)
		evbuffer_free(self->write_buffer);
	if (self->read_buffer)
		evbuffer_free(self->read_buffer);
}

static const struct asyncore_class http_client_class = {
	.name = "HttpClient",
	.instance_size = sizeof(struct http_client),
	.readable = http_readable,
	.writable = http_writable,
	.handle_connect = http_connect,
	.handle_write = http_write,
	.handle_read = http_read,
	.handle_close = http_close,
	.handle_eof = http_eof,
	.handle_error = http_error,
	.finalize = http_finalize,
};

/*
 * http://host[:port][/path], the host a name, an address, or an IPv6 address
 * in brackets.  Differs: the original sent the whole URL, as to a proxy;
 * servers want the path and a Host line, and some take nothing else.
 */
static const char *
http_parse(struct http_client *self)
{
	static const char malformed[] = "not http://host[:port][/path]";
	const char *url = self->url, *path;
	int end = 0, digits = 0;

	if (sscanf(url, "http://[%255[^]/?#]]%n", self->host, &end) < 1 ||
	    end == 0)
		sscanf(url, "http://%255[^][@:/?#]%n", self->host, &end);
	if (end == 0 || strpbrk(url, " \t\r\n"))
		return malformed;
	strcpy(self->port, "80");
	if (url[end] == ':') {
		self->port[0] = '\0';
		sscanf(url + end + 1, "%5[0-9]%n", self->port, &digits);
		end += 1 + digits;
		if (strtol(self->port, NULL, 10) < 1 ||
		    strtol(self->port, NULL, 10) > 65535)
			return malformed;
	}
	path = url + end;
	if (!strchr("/?#", *path))
		return malformed;
	return evbuffer_add_printf(self->write_buffer,
	    "GET %s%.*s HTTP/1.0\r\nHost: %.*s\r\n\r\n",
	    *path == '/' ? "" : "/", (int)strcspn(path, "#"), path,
	    end - 7, url + 7) < 0
	    ? strerror(ENOMEM) : NULL;
}

static const char *
http_start(struct asyncore_dispatcher *d)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct http_client *self = asyncore_self(d);
	const char *why;
	int r;

	self->write_buffer = evbuffer_new();
	self->read_buffer = evbuffer_new();
	if (!self->write_buffer || !self->read_buffer)
		return strerror(ENOMEM);
	why = http_parse(self);
	if (why)
		return why;
	r = getaddrinfo(self->host, self->port, &hints, &self->addresses);
	if (r != 0)
		return gai_strerror(r);
	self->next_address = self->addresses;
	r = http_connect_next(d);
	return r < 0 ? asyncore_strerror(r) : NULL;
}

/* The caller owns the client; NULL: it could not start, and has said why. */
static struct asyncore_dispatcher *
http_client_new(const char *url)
{
	struct asyncore_dispatcher *d = asyncore_new(&http_client_class, NULL);
	const char *why;

	if (d)
		((struct http_client *)asyncore_self(d))->url = url;
	why = d ? http_start(d) : strerror(errno);
	if (!why)
		return d;
	fprintf(stderr, "%s: %s\n", url, why);
	asyncore_unref(d);
	return NULL;
}

#endif /* HTTP_CLIENT_H */
