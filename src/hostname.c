/*
 * hostname.c - connecting and binding to a name: its addresses are tried in
 * turn, each with a socket of its own, until one does it.
 *
 * The next address of a connection is tried where the last one's failure is
 * found out, in handle_connect_event(), so that neither a hook nor the map's
 * owner sees the channel without a socket.  A slot that runs meanwhile
 * (add_channel, left_map, handle_connect) may close the channel or give it
 * another descriptor: the epoch tells.
 */
#include "internal.h"

#include <stdlib.h>
#include <sys/socket.h>

#include <event2/util.h>

/* False: a left_map() of its own has taken the matter into its hands. */
static bool
give_up_socket(struct asyncore_dispatcher *d)
{
	const uint32_t epoch = d->epoch;

	if (d->in_map)
		asyncore__map_leave_for_good(d);
	if (d->epoch != epoch)
		return false;
	(void)asyncore__close_transport(d);
	return true;
}

static bool
is_free(const struct asyncore_dispatcher *d)
{
	return d->transport == NULL && !asyncore__is_resolving(d);
}

/* ---- Connecting. ---- */

/* Since that epoch at most the socket of an address was made. */
static bool
is_ours(const struct asyncore_dispatcher *d, uint32_t epoch)
{
	return d->epoch - epoch <= 1;
}

/*
 * The queue of a local listener is full: what is EAGAIN to Linux others call a
 * refusal.  It is told to hooks here, where -EAGAIN would be no error, and
 * nobody would hear of it.  Where an add_channel() of its own has closed the
 * channel, or told its hooks that it is connected, the address is gone with the
 * lookup.
 */
static int
try_to_connect(struct asyncore_dispatcher *d, const struct evutil_addrinfo *ai)
{
	const struct asyncore__lookup *l = d->rare->lookup;
	const uint32_t epoch = d->epoch;
	int err = asyncore_create_socket(d, ai->ai_family, SOCK_STREAM);

	if (err < 0)
		d->connecting = false;
	else if (d->rare->lookup == l && is_ours(d, epoch))
		err = asyncore_connect(d, ai->ai_addr,
		    (socklen_t)ai->ai_addrlen);
	return err == -EAGAIN ? -ECONNREFUSED : err;
}

/*
 * `err` is what the last address said: the answer, if there is none left.  Also
 * the answer is what a handle_connect() raised, as the lookup has ended then.
 */
int
asyncore__connect_next(struct asyncore_dispatcher *d, int err)
{
	const struct asyncore__lookup *l = d->rare->lookup;
	const struct evutil_addrinfo *ai;
	uint32_t epoch = d->epoch;

	if (asyncore__is_resolving(d))
		return err;
	asyncore_ref(d);
	while (err < 0 && l != NULL && d->rare->lookup == l &&
	    is_ours(d, epoch) && (ai = l->next) != NULL) {
		d->rare->lookup->next = ai->ai_next;
		if (!give_up_socket(d)) {
			err = 0;
			break;
		}
		epoch = d->epoch;
		err = try_to_connect(d, ai);
	}
	asyncore_unref(d);
	return err;
}

static int
on_resolved(struct asyncore_dispatcher *d, void *arg)
{
	int err = asyncore__lookup_result(d->rare->lookup);

	(void)arg;
	d->rare->lookup->call = 0;
	d->failed = HOOK_NONE;
	if (err == 0)
		err = asyncore__connect_next(d, -EHOSTUNREACH);
	else
		d->connecting = false;
	if (err < 0 && d->failed == HOOK_NONE)
		d->failed = HOOK_CONNECT_HOSTNAME;
	return asyncore__route(d, err);
}

int
asyncore_connect_hostname(struct asyncore_dispatcher *d,
    struct evdns_base *dns, int family, const char *host, int port)
{
	int err;

	if (d == NULL || d->finalizing || d->map->freed || host == NULL ||
	    host[0] == '\0' || port < 0 || port > 65535)
		return -EINVAL;
	if (!is_free(d))
		return -EBUSY;
	if ((err = asyncore__lookup_new(d, family, host)) < 0)
		return err;
	err = asyncore__lookup_start(d, dns, family, port, on_resolved);
	if (err < 0) {
		asyncore__lookup_end(d);
		return err;
	}
	asyncore__begin_epoch(d);
	d->connected = false;
	d->connecting = true;
	return 0;
}

/* ---- Binding. ---- */

static int
set_v6only(const struct asyncore_dispatcher *d, bool on)
{
	const int value = on;

	if (setsockopt(d->fd, IPPROTO_IPV6, IPV6_V6ONLY, &value,
	    sizeof value) != 0)
		return -errno;
	return 0;
}

static int
try_to_bind(struct asyncore_dispatcher *d, const struct evutil_addrinfo *ai,
    bool dual)
{
	int err = asyncore_create_socket(d, ai->ai_family, SOCK_STREAM);

	if (err == 0 && ai->ai_family == AF_INET6)
		err = set_v6only(d, !dual);
	if (err == 0 && ai->ai_family != AF_UNIX)
		err = asyncore_set_reuse_addr(d);
	if (err == 0)
		err = asyncore_bind(d, ai->ai_addr, (socklen_t)ai->ai_addrlen);
	return err;
}

static int
bind_in_turn(struct asyncore_dispatcher *d, const struct evutil_addrinfo *ai,
    bool dual)
{
	uint32_t epoch;
	int err;

	do {
		epoch = d->epoch;
		err = try_to_bind(d, ai, dual);
		ai = ai->ai_next;
	} while (err < 0 && is_ours(d, epoch) && give_up_socket(d) &&
	    ai != NULL);
	return err;
}

/* Looks the addresses up, which may block, and binds to one of them. */
static int
bind_family(struct asyncore_dispatcher *d, int family, const char *host,
    const char *service, bool dual)
{
	const struct evutil_addrinfo hints = {
		.ai_family = family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = EVUTIL_AI_PASSIVE,
	};
	struct asyncore__lookup *l;
	struct evutil_addrinfo *answer = NULL;
	const bool was_closed = d->closed;
	int err;

	if ((err = asyncore__lookup_new(d, family, host)) < 0)
		return err;
	l = d->rare->lookup;
	if (l->next == NULL) {
		err = evutil_getaddrinfo(host, service, &hints, &answer);
		asyncore__lookup_answered(l, err, answer);
	}
	if ((err = asyncore__lookup_result(l)) < 0)
		return err;
	d->rare->lookup = NULL;
	asyncore_ref(d);
	err = bind_in_turn(d, l->next, dual);
	if (err < 0 && was_closed && d->transport == NULL)
		d->closed = true;
	asyncore_unref(d);
	asyncore__lookup_free(l);
	return err;
}

/* getaddrinfo cuts off what is too large a number. */
static bool
is_service(const char *service)
{
	char *end;
	const long n = strtol(service, &end, 10);

	return *end != '\0' || (end != service && n >= 0 && n <= 65535);
}

/* No IPv6 here, or none that takes IPv4, too (OpenBSD). */
static bool
lacks_dual_stack(int err)
{
	return err == -EAFNOSUPPORT || err == -EADDRNOTAVAIL ||
	    err == -EINVAL || err == -ENOPROTOOPT;
}

int
asyncore_bind_hostname(struct asyncore_dispatcher *d, int family,
    const char *host, const char *service)
{
	int err;

	if (service == NULL)
		service = "0";
	if (host != NULL && host[0] == '\0')
		host = NULL;
	if (d == NULL || d->finalizing || d->map->freed || !is_service(service))
		return -EINVAL;
	if (!is_free(d))
		return -EBUSY;
	if (host != NULL || family != AF_UNSPEC)
		return bind_family(d, family, host, service, false);
	err = bind_family(d, AF_INET6, NULL, service, true);
	if (lacks_dual_stack(err))
		err = bind_family(d, AF_INET, NULL, service, false);
	return err;
}
