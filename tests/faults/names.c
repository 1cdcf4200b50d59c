/*
 * names.c - scenes of hosts by name: a listener and a caller that need no name
 * server, and a caller whose name evdns finds in a file of hosts.
 */
#include "testing.h"

#include "scenes.h"
#include "faults.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/dns.h>
#include <event2/event.h>

/* ---- What needs no name server. ---- */

static int
serve(struct asyncore_dispatcher *d, int fd, const struct sockaddr *addr,
    socklen_t len)
{
	(void)addr;
	(void)len;
	return asyncore_spawn(&echo_class, fd, asyncore_map_of(d)) ? 0 : -errno;
}

static const struct asyncore_class server_class = {
	.name = "Server",
	.writable = asyncore_never,
	.handle_accepted = serve,
	OF_A_PLAYER
};

/* The port, or 0. */
static int
start_server(void)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof addr;
	struct asyncore_dispatcher *d;

	if ((d = keep(asyncore_new(&server_class, play.map))) == NULL ||
	    failed(asyncore_bind_hostname(d, AF_INET, "127.0.0.1", NULL)) ||
	    failed(asyncore_listen(d, 5)))
		return 0;
	faults_hold();
	ck_assert_int_eq(getsockname(asyncore_fileno(d),
	    (struct sockaddr *)&addr, &len), 0);
	faults_release();
	return ntohs(addr.sin_port);
}

static void
call_host(struct evdns_base *dns, const char *host)
{
	struct asyncore_dispatcher *d;
	const int port = start_server();

	if (port == 0 ||
	    (d = keep(asyncore_new(&hello_class, play.map))) == NULL ||
	    failed(asyncore_connect_hostname(d, dns, AF_INET, host, port)))
		return;
	play_on();
	if (!play.done)
		(void)asyncore_resolve_error(d);
}

void
by_numeric_address(void)
{
	call_host(NULL, "127.0.0.1");
}

/* ---- What asks evdns. ---- */

static void
write_hosts(char *path)
{
	static const char host[] = "127.0.0.1 echo.test\n";
	const int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	write_all(fd, host, sizeof host - 1);
	ck_assert_int_eq(close(fd), 0);
}

/*
 * It has a name server, which nobody asks, as without one evdns is not asked
 * at all.  (The server's socket must have an address, that of nobody.)
 */
static struct evdns_base *
new_dns(void)
{
	struct sockaddr_in nobody = {
		.sin_family = AF_INET, .sin_port = htons(9)
	};
	char path[] = "faults-hosts-XXXXXX";
	struct evdns_base *dns;

	nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	write_hosts(path);
	dns = evdns_base_new(asyncore_map_base(play.map),
	    EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	ck_assert_ptr_nonnull(dns);
	ck_assert_int_eq(evdns_base_set_option(dns, "attempts:", "1"), 0);
	ck_assert_int_eq(evdns_base_set_option(dns, "timeout:", "0.2"), 0);
	ck_assert_int_eq(evdns_base_nameserver_sockaddr_add(dns,
	    (struct sockaddr *)&nobody, sizeof nobody, 0), 0);
	ck_assert_int_eq(evdns_base_load_hosts(dns, path), 0);
	ck_assert_int_eq(unlink(path), 0);
	return dns;
}

/* What is still under way is cancelled before evdns goes. */
void
by_name(void)
{
	struct evdns_base *dns;

	faults_hold();
	dns = new_dns();
	faults_release();
	call_host(dns, "echo.test");
	faults_hold();
	(void)asyncore_close_all(play.map, true);
	strike();
	(void)event_base_loop(asyncore_map_base(play.map), EVLOOP_NONBLOCK);
	evdns_base_free(dns, 0);
	faults_release();
}
