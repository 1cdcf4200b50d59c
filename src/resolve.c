/*
 * resolve.c - a lookup: from the name of a host to its addresses, by evdns.
 *
 * A lookup is its dispatcher's, from the call that began it until the
 * connection is made or the dispatcher closes, and is counted by a scheduled
 * call that keeps the loop going.  What needs no name server is known at once
 * and told in the next pass.  evdns answers inside of libevent's loop, where
 * the answer is only recorded and the call made due.  A cancelled request is
 * answered too, perhaps when the lookup is gone: that one is not looked at.
 */
#include "internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/dns.h>
#include <event2/util.h>

#define REASON 128		/* room for ": " and libevent's words */

/* NULL where it is none: the path in "unix:/path" or "/path". */
static const char *
path_in(const char *host)
{
	static const char prefix[] = "unix:";

	if (host == NULL || host[0] == '/')
		return host;
	if (strncmp(host, prefix, sizeof prefix - 1) == 0)
		return host + sizeof prefix - 1;
	return NULL;
}

/* The only address there is. */
static int
take_path(struct asyncore__lookup *l, const char *path)
{
	const size_t len = strlen(path);

	if (len == 0)
		return -EINVAL;
	if (len >= sizeof l->local.sun_path)
		return -ENAMETOOLONG;
	l->local.sun_family = AF_UNIX;
	memcpy(l->local.sun_path, path, len + 1);
	l->only.ai_family = AF_UNIX;
	l->only.ai_socktype = SOCK_STREAM;
	l->only.ai_addr = (struct sockaddr *)&l->local;
	l->only.ai_addrlen = (socklen_t)(offsetof(struct sockaddr_un,
	    sun_path) + len + 1);
#ifdef HAVE_STRUCT_SOCKADDR_UN_SUN_LEN
	l->local.sun_len = (uint8_t)l->only.ai_addrlen;
#endif
	l->next = &l->only;
	return 0;
}

static bool
is_family(int family, const char *path)
{
	if (path != NULL)
		return family == AF_UNSPEC || family == AF_UNIX;
	return family == AF_UNSPEC || family == AF_INET || family == AF_INET6;
}

/*
 * Takes the place of d's last one.  `host` may be NULL, for listeners.  Where
 * it is a path, its address is in it already.
 */
int
asyncore__lookup_new(struct asyncore_dispatcher *d, int family,
    const char *host)
{
	const char *path = path_in(host);
	const size_t len = host != NULL ? strlen(host) : 0;
	struct asyncore__lookup *l;
	int err;

	if (!is_family(family, path))
		return -EAFNOSUPPORT;
	if (asyncore__rare(d) == NULL)
		return -ENOMEM;
	l = calloc(1, sizeof *l + len + REASON);
	if (l == NULL)
		return -ENOMEM;
	if (path != NULL && (err = take_path(l, path)) < 0) {
		free(l);
		return err;
	}
	if (host != NULL)
		memcpy(l->text, host, len);
	asyncore__lookup_end(d);
	d->rare->lookup = l;
	return 0;
}

void
asyncore__lookup_free(struct asyncore__lookup *l)
{
	if (l->answer != NULL)
		evutil_freeaddrinfo(l->answer);
	free(l);
}

/* It is over; what is under way is cancelled.  The call ends with d's others. */
void
asyncore__lookup_end(struct asyncore_dispatcher *d)
{
	struct asyncore__lookup *l = d->rare->lookup;

	if (l == NULL)
		return;
	d->rare->lookup = NULL;
	if (l->request != NULL)
		evdns_getaddrinfo_cancel(l->request);
	asyncore__lookup_free(l);
}

bool
asyncore__is_resolving(const struct asyncore_dispatcher *d)
{
	return d->rare->lookup != NULL && d->rare->lookup->call > 0;
}

/* What getaddrinfo would have said. */
void
asyncore__lookup_answered(struct asyncore__lookup *l, int gai,
    struct evutil_addrinfo *answer)
{
	if (gai == 0 && answer == NULL)	/* the hosts file: another family */
		gai = EVUTIL_EAI_NODATA;
	l->gai = gai;
	l->answer = answer;
	l->next = answer;
}

static void
on_answer(int gai, struct evutil_addrinfo *answer, void *arg)
{
	struct asyncore_dispatcher *d = arg;

	if (gai == EVUTIL_EAI_CANCEL)
		return;
	asyncore__lookup_answered(d->rare->lookup, gai, answer);
	if (d->rare->lookup->request == NULL)
		return;		/* at once: start() has not returned */
	d->rare->lookup->request = NULL;
	asyncore__call_now(d->map, d->rare->lookup->call);
}

/* Does the host need no name server?  Then it is answered. */
static bool
is_numeric(struct asyncore__lookup *l, int family, const char *port)
{
	const struct evutil_addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = EVUTIL_AI_NUMERICHOST | EVUTIL_AI_NUMERICSERV,
	};
	struct evutil_addrinfo *answer = NULL;
	int gai = evutil_getaddrinfo(l->text, port, &hints, &answer);

	if (gai == EVUTIL_EAI_NONAME)
		return false;
	asyncore__lookup_answered(l, gai, answer);
	if (gai == 0 && family != AF_UNSPEC && answer->ai_family != family) {
		l->gai = EVUTIL_EAI_ADDRFAMILY;
		l->next = NULL;
	}
	return true;
}

/* Without a name server evdns would keep the question for ever. */
static void
ask(struct asyncore_dispatcher *d, struct evdns_base *dns, int family,
    const char *port)
{
	const struct evutil_addrinfo hints = {
		.ai_family = family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = EVUTIL_AI_NUMERICSERV,
	};
	struct asyncore__lookup *l = d->rare->lookup;

	l->request = evdns_getaddrinfo(dns, l->text, port, &hints, on_answer,
	    d);
	if (l->request == NULL || evdns_base_count_nameservers(dns) > 0)
		return;
	evdns_getaddrinfo_cancel(l->request);
	l->request = NULL;
	l->gai = EVUTIL_EAI_AGAIN;
}

/* Begins; `told` is called with the result, in a pass. */
int
asyncore__lookup_start(struct asyncore_dispatcher *d, struct evdns_base *dns,
    int family, int port, int (*told)(struct asyncore_dispatcher *d,
    void *arg))
{
	const struct asyncore__task task = {
		.map = d->map, .d = d, .tied = told
	};
	struct asyncore__lookup *l = d->rare->lookup;
	char service[sizeof "65535"];

	(void)snprintf(service, sizeof service, "%u", port & 0xffffu);
	if (l->next == NULL && !is_numeric(l, family, service)) {
		if (dns == NULL)
			return -EINVAL;
		ask(d, dns, family, service);
	}
	l->call = asyncore__schedule(&task, l->request != NULL ? INFINITY : 0);
	return l->call < 0 ? (int)l->call : 0;
}

/* ---- Errors. ---- */

/* evdns tells little more apart than that a name does not exist. */
static int
errno_of(int gai)
{
	if (gai == EVUTIL_EAI_NONAME || gai == EVUTIL_EAI_NODATA ||
	    gai == EVUTIL_EAI_SERVICE)
		return -ENOENT;
	if (gai == EVUTIL_EAI_FAMILY || gai == EVUTIL_EAI_ADDRFAMILY)
		return -EAFNOSUPPORT;
	return gai == EVUTIL_EAI_MEMORY ? -ENOMEM : -EHOSTUNREACH;
}

/* 0, or the error; what there is to say of it is kept for whoever asks. */
int
asyncore__lookup_result(struct asyncore__lookup *l)
{
	size_t len;

	if (l->gai == 0)
		return 0;
	len = strlen(l->text);
	(void)snprintf(l->text + len, REASON, "%s%s", len > 0 ? ": " : "",
	    evutil_gai_strerror(l->gai));
	return errno_of(l->gai);
}

const char *
asyncore_resolve_error(const struct asyncore_dispatcher *d)
{
	if (d == NULL || d->rare->lookup == NULL || d->rare->lookup->call > 0)
		return NULL;
	return d->rare->lookup->gai != 0 ? d->rare->lookup->text : NULL;
}
