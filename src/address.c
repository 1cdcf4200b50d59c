/*
 * address.c - the address of a channel: kept, given, and shown as Python shows
 * it.  Up to the length of an IPv6 address it needs no memory of its own.
 */
#include "internal.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static bool
is_far(const struct asyncore__address *a)
{
	return a->len > sizeof a->u.in6;
}

const struct sockaddr *
asyncore__address_get(const struct asyncore__address *a)
{
	if (a->len == 0)
		return NULL;
	return is_far(a) ? a->u.far : &a->u.any;
}

/* Into an address that holds nothing. */
int
asyncore__address_set(struct asyncore__address *a, const struct sockaddr *addr,
    socklen_t len)
{
	void *to = &a->u;

	a->len = 0;
	if (addr == NULL)
		return 0;
	if (len < (socklen_t)offsetof(struct sockaddr, sa_data) ||
	    len > (socklen_t)sizeof(struct sockaddr_storage))
		return -EINVAL;
	memset(to, 0, sizeof a->u);
	if (len > sizeof a->u.in6) {
		to = malloc(len);
		if (to == NULL)
			return -ENOMEM;
		a->u.far = to;
	}
	memcpy(to, addr, len);
	a->len = len;
	return 0;
}

void
asyncore__address_clear(struct asyncore__address *a)
{
	if (is_far(a))
		free(a->u.far);
	a->len = 0;
}

void
asyncore__address_move(struct asyncore__address *to,
    struct asyncore__address *from)
{
	asyncore__address_clear(to);
	*to = *from;
	from->len = 0;
}

/* One character between quotes; answers where it ends. */
static char *
repr_char(char *p, unsigned char c, char quote, bool bytes)
{
	static const char named[] = "\\\n\r\t", names[] = "\\nrt";
	const char *at = c != '\0' ? strchr(named, c) : NULL;

	if (at != NULL || c == (unsigned char)quote) {
		*p++ = '\\';
		*p++ = (char)(at != NULL ? names[at - named] : c);
	} else if (c < ' ' || c == 0x7f || (bytes && c > 0x7f)) {
		p += snprintf(p, 5, "\\x%02x", c);
	} else {
		*p++ = (char)c;
	}
	return p;
}

/* A path as Python's repr shows it; returns as snprintf(). */
static int
repr_path(const char *path, size_t len, char *buf, size_t size)
{
	/* Four characters a byte, b'' around them, and the NUL. */
	char out[4 * sizeof(((struct sockaddr_un *)0)->sun_path) + 4];
	const bool abstract = len > 0 && path[0] == '\0';
	char *p = out, quote = '\'';
	size_t i;

	if (!abstract)
		len = strnlen(path, len);
	if (memchr(path, '\'', len) != NULL && memchr(path, '"', len) == NULL)
		quote = '"';
	if (abstract)
		*p++ = 'b';
	*p++ = quote;
	for (i = 0; i < len; i++)
		p = repr_char(p, (unsigned char)path[i], quote, abstract);
	*p++ = quote;
	*p = '\0';
	return snprintf(buf, size, "%s", out);
}

static int
repr_unix(const struct sockaddr *sa, socklen_t len, char *buf, size_t size)
{
	struct sockaddr_un un;
	const size_t start = offsetof(struct sockaddr_un, sun_path);
	size_t n = len > start ? len - start : 0;

	if (n > sizeof un.sun_path)
		n = sizeof un.sun_path;
	memcpy(&un, sa, start + n);
	return repr_path(un.sun_path, n, buf, size);
}

/* What Python shows: "host:port", or repr() of the tuple or path. */
int
asyncore__address_repr(const struct asyncore__address *a, char *buf,
    size_t size)
{
	const struct sockaddr *sa = asyncore__address_get(a);
	char host[INET6_ADDRSTRLEN] = "?";
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (sa->sa_family == AF_INET && a->len >= sizeof in) {
		memcpy(&in, sa, sizeof in);
		(void)inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
		return snprintf(buf, size, "%s:%u", host,
		    (unsigned)ntohs(in.sin_port));
	}
	if (sa->sa_family == AF_INET6 && a->len >= sizeof in6) {
		memcpy(&in6, sa, sizeof in6);
		(void)inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof host);
		return snprintf(buf, size, "('%s', %u, %lu, %lu)", host,
		    (unsigned)ntohs(in6.sin6_port),
		    (unsigned long)ntohl(in6.sin6_flowinfo),
		    (unsigned long)in6.sin6_scope_id);
	}
	if (sa->sa_family == AF_UNIX)
		return repr_unix(sa, a->len, buf, size);
	return snprintf(buf, size, "family %u", (unsigned)sa->sa_family);
}
