/*
 * long_chat.c - the scene of a chat whose pieces are longer than what is sent at
 * once, by every way into the queue; each comes back byte for byte.
 */
#include "testing.h"

#include "scenes.h"
#include "faults.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>

#include "asynchat.h"

#define PIECE 5000
#define N_PIECES 4

/* A piece is as many bytes, of any value. */
static char pieces[N_PIECES][PIECE];

static void
write_pieces(void)
{
	size_t i, k;

	for (i = 0; i < N_PIECES; i++)
		for (k = 0; k < PIECE; k++)
			pieces[i][k] = (char)(i * 51 + k * 13 + k / 255);
}

struct speaker {
	size_t n;
};

static int
comes_back(struct asyncore_dispatcher *d)
{
	struct speaker *self = asyncore_self(d);
	size_t len;
	const char *piece = asynchat_get_data(d, &len);

	if (piece == NULL)
		return -ENOMEM;
	ck_assert_uint_eq(len, PIECE);
	ck_assert_mem_eq(piece, pieces[self->n], PIECE);
	play.done = ++self->n == N_PIECES;
	return play.done ? asynchat_close_when_done(d) :
	    asynchat_set_terminator_count(d, PIECE);
}

static int
goes_back(struct asyncore_dispatcher *d)
{
	size_t len;
	const char *piece = asynchat_get_data(d, &len);
	int err;

	if (piece == NULL)
		return -ENOMEM;
	ck_assert_uint_eq(len, PIECE);
	err = asynchat_push(d, piece, len);
	return err < 0 ? err : asynchat_set_terminator_count(d, PIECE);
}

#define OF_A_SPEAKER(title, found)					\
	.dispatcher = {							\
		.name = title,						\
		.base = &asynchat_async_chat_class.dispatcher,		\
		.flags = ASYNCHAT_CLASS,				\
		.instance_size = sizeof(struct speaker),		\
		OF_A_PLAYER						\
	},								\
	.collect_incoming_data = asynchat_collect,			\
	.found_terminator = found,					\
	.ac_in_buffer_size = 1500,					\
	.ac_out_buffer_size = 2000

static const struct asynchat_class caller_class = {
	OF_A_SPEAKER("Caller", comes_back)
};

static const struct asynchat_class echo_chat_class = {
	OF_A_SPEAKER("EchoChat", goes_back)
};

static int
file_of(const char *data)
{
	FILE *f;
	int fd;

	faults_hold();
	f = tmpfile();
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, PIECE, f), PIECE);
	ck_assert_int_eq(fflush(f), 0);
	fd = dup(fileno(f));
	fclose(f);
	faults_release();
	return fd;
}

static int
push_buffer(struct asyncore_dispatcher *d, const char *data)
{
	struct evbuffer *b = evbuffer_new();
	int err = -ENOMEM;

	if (b != NULL && evbuffer_add(b, data, PIECE) == 0)
		err = asynchat_push_buffer(d, b);
	if (b != NULL)
		evbuffer_free(b);
	return err;
}

static int
push_simple(struct asyncore_dispatcher *d, const char *data)
{
	struct asynchat_producer *p = asynchat_simple_producer(data, PIECE,
	    700);

	return p != NULL ? asynchat_push_with_producer(d, p) : -ENOMEM;
}

/* One that fails leaves half a piece: nothing may follow. */
static void
speak(struct asyncore_dispatcher *d)
{
	if (failed(asynchat_set_terminator_count(d, PIECE)) ||
	    failed(asynchat_push(d, pieces[0], PIECE)) ||
	    failed(push_simple(d, pieces[1])) ||
	    failed(push_buffer(d, pieces[2])) ||
	    failed(asynchat_push_file(d, file_of(pieces[3]), 0, PIECE)))
		(void)asyncore_close(d);
	else
		play_on();
}

void
long_chat(void)
{
	struct asyncore_dispatcher *a = NULL, *b;
	int fds[2];

	write_pieces();
	make_pair_quietly(fds);
	b = keep(asynchat_new_socket(&echo_chat_class, fds[0], play.map));
	if (b != NULL && !failed(asynchat_set_terminator_count(b, PIECE)))
		a = keep(asynchat_new_socket(&caller_class, fds[1], play.map));
	else
		close_quietly(fds[1]);
	if (a != NULL)
		speak(a);
}
