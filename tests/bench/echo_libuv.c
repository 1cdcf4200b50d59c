/*
 * echo_libuv.c - the echo server on libuv: uv_try_write, and uv_write for what
 * that leaves.
 */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>

#include <uv.h>

struct connection {
	uv_tcp_t tcp;			/* first: libuv gives it back */
	uv_write_t write;
	struct rest rest;
};

static void
check(const char *what, int result)
{
	if (result < 0) {
		errno = -result;
		die(what);
	}
}

static void
on_buffer(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
	(void)handle, (void)wanted;
	*buf = uv_buf_init(scratch, sizeof scratch);
}

static void
on_closed(uv_handle_t *handle)
{
	struct connection *c = (struct connection *)handle;

	rest_free(&c->rest);
	free(c);
}

static void
drop(struct connection *c)
{
	if (!uv_is_closing((uv_handle_t *)&c->tcp))
		uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void
on_written(uv_write_t *write, int result)
{
	struct connection *c = (struct connection *)write->handle;

	rest_sent(&c->rest, rest_len(&c->rest));
	if (result < 0 ||
	    uv_read_start((uv_stream_t *)&c->tcp, on_buffer, on_read) < 0)
		drop(c);
}

static void
write_rest(struct connection *c)
{
	uv_buf_t buf = uv_buf_init(c->rest.data, (unsigned)c->rest.end);
	uv_stream_t *stream = (uv_stream_t *)&c->tcp;

	uv_read_stop(stream);
	if (uv_write(&c->write, stream, &buf, 1, on_written) < 0)
		drop(c);
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct connection *c = (struct connection *)stream;
	uv_buf_t out = uv_buf_init(buf->base, n > 0 ? (unsigned)n : 0);
	int sent;

	if (n == 0)
		return;
	sent = n < 0 ? (int)n : uv_try_write(stream, &out, 1);
	if (sent < 0 && sent != UV_EAGAIN) {
		drop(c);
	} else if (sent < n) {
		sent = sent < 0 ? 0 : sent;
		rest_add(&c->rest, buf->base + sent, (size_t)(n - sent));
		write_rest(c);
	}
}

static void
on_connection(uv_stream_t *listener, int status)
{
	struct connection *c = allocate(sizeof *c);
	uv_stream_t *stream = (uv_stream_t *)&c->tcp;

	check("uv_listen", status);
	check("uv_tcp_init", uv_tcp_init(listener->loop, &c->tcp));
	check("uv_accept", uv_accept(listener, stream));
	check("uv_read_start", uv_read_start(stream, on_buffer, on_read));
}

int
main(void)
{
	uv_loop_t *loop = uv_default_loop();
	uv_tcp_t listener;

	check("uv_tcp_init", uv_tcp_init(loop, &listener));
	check("uv_tcp_open", uv_tcp_open(&listener, listen_on_loopback()));
	check("uv_listen", uv_listen((uv_stream_t *)&listener, BACKLOG,
	    on_connection));
	return uv_run(loop, UV_RUN_DEFAULT);
}
