/*
 * 6_host.c - the adder of 5_lines.c in a libevent program, beside a listener, a
 * timer and a signal of libevent's.
 */
#include <asynchat.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct adder {
	long sum;
};

static int
adder_line(struct asyncore_dispatcher *d)
{
	struct adder *self = asyncore_self(d);
	size_t len;
	const char *data = asynchat_get_data(d, &len);
	char line[80], answer[40];
	long n;

	snprintf(line, sizeof line, "%.*s", data ? (int)len : 0, data);
	if (sscanf(line, "add %9ld", &n) != 1)
		return asynchat_close_when_done(d);
	self->sum += n;
	snprintf(answer, sizeof answer, "%ld\n", self->sum);
	return asynchat_push(d, answer, strlen(answer));
}

static const struct asynchat_class adder = {
	.dispatcher = {
		.name = "Adder",
		.base = &asynchat_async_chat_class.dispatcher,
		.instance_size = sizeof(struct adder),
		.flags = ASYNCHAT_CLASS,
	},
	.collect_incoming_data = asynchat_collect,
	.found_terminator = adder_line,
};

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *addr, int addrlen, void *map)
{
	struct asyncore_dispatcher *d = asynchat_spawn(&adder, fd, map);

	(void)listener, (void)addr, (void)addrlen;
	if (d == NULL) {
		perror("6_host: a connection is lost");
		return;
	}
	asynchat_set_limit(d, 70);
	asynchat_set_terminator(d, "\n", 1);
}

static void
on_second(evutil_socket_t fd, short what, void *map)
{
	(void)fd, (void)what;
	printf("%zu connections\n", asyncore_map_len(map));
	fflush(stdout);
}

static void
on_signal(evutil_socket_t signo, short what, void *base)
{
	(void)signo, (void)what;
	event_base_loopbreak(base);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct event_base *base = event_base_new();
	struct asyncore_map *map = asyncore_map_new(base);
	struct event *second = event_new(base, -1, EV_PERSIST, on_second, map);
	struct event *stop = evsignal_new(base, SIGINT, on_signal, base);
	struct evconnlistener *listener;
	int port = 8007, err = map ? asyncore_attach(map) : -1;

	if (argc > 1)
		sscanf(argv[1], "%5d", &port);
	in.sin_port = htons((in_port_t)port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = evconnlistener_new_bind(base, on_accept, map,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, -1,
	    (struct sockaddr *)&in, sizeof in);
	if (listener == NULL || err < 0) {
		perror("6_host");
		return 1;
	}
	event_add(second, &(struct timeval){ .tv_sec = 1 });
	event_add(stop, NULL);
	event_base_dispatch(base);

	err = asyncore_detach_map(map);	/* what a hook has left the loop with */
	evconnlistener_free(listener);
	event_free(second);
	event_free(stop);
	asyncore_close_all(map, true);
	asyncore_map_free(map);		/* before its base */
	event_base_free(base);
	return err < 0;
}
