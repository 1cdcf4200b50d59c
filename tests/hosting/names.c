/*
 * names.c - a connection to a host by its name, with evdns on the map's base.
 * The name is a number here, so that no name server is asked.
 */
#include <asyncore.h>
#include <errno.h>
#include <event2/dns.h>
#include <netinet/in.h>
#include <stdio.h>

static int
client_connect(struct asyncore_dispatcher *d)
{
	puts("connected");
	return asyncore_handle_close(d);
}

static int
client_error(struct asyncore_dispatcher *d, int err)
{
	const char *why = asyncore_resolve_error(d);

	fprintf(stderr, "names: %s\n", why ? why : asyncore_strerror(err));
	return ASYNCORE_EXIT_NOW;
}

static const struct asyncore_class client = {
	.name = "Client",
	.handle_connect = client_connect,
	.handle_error = client_error,
};

static int
fetch(struct asyncore_dispatcher *d, struct asyncore_map *map,
    const char *host, int port)
{
	struct event_base *base = asyncore_map_base(map);
	struct evdns_base *dns;
	int err;

	dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (dns == NULL)
		return -ENOMEM;
	/* Where there is no resolv.conf, it asks 127.0.0.1. */
	(void)evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL,
	    "/etc/resolv.conf");
	err = asyncore_connect_hostname(d, dns, AF_UNSPEC, host, port);
	if (err == 0)
		err = asyncore_loop(30, false, map, -1);
	asyncore_close(d);		/* before what it asks */
	evdns_base_free(dns, 0);
	return err;
}

/* A listener that nobody accepts from: the kernel makes the connection. */
static int
listener(struct sockaddr_in *in)
{
	socklen_t len = sizeof *in;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*in = (struct sockaddr_in){ .sin_family = AF_INET };
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)in, len) < 0 ||
	    listen(fd, 5) < 0 ||
	    getsockname(fd, (struct sockaddr *)in, &len) < 0)
		return -1;
	return fd;
}

int
main(void)
{
	struct asyncore_map *map = asyncore_map_new(NULL);
	struct asyncore_dispatcher *d = NULL;
	struct sockaddr_in in;
	int err = 1;

	if (map != NULL && listener(&in) >= 0 &&
	    (d = asyncore_new(&client, map)) != NULL)
		err = fetch(d, map, "127.0.0.1", ntohs(in.sin_port));
	asyncore_unref(d);
	asyncore_map_free(map);
	return err != 0;
}
