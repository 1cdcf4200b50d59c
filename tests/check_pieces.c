/*
 * check_pieces.c - any input, in whatever pieces it comes, is cut as a simple
 * model says that sees the stream as a whole: terminators of many lengths, with
 * every byte, that overlap themselves, and lists of them at random.
 */
#include "feeder.h"

#include <stdint.h>
#include <string.h>

const char testing_suite[] = "pieces";

/* ---- A model: what ends where, looked at as a whole. ---- */

/* Where in the stream the piece that begins it ends; SIZE_MAX: nowhere. */
static size_t
model_end(const struct end *e, const char *data, size_t len)
{
	size_t i;

	if (e->len == 0)
		return e->count > 0 && (size_t)e->count <= len ?
		    (size_t)e->count : SIZE_MAX;
	for (i = 0; i + e->len <= len; i++)
		if (memcmp(data + i, e->bytes, e->len) == 0)
			return i;
	return SIZE_MAX;
}

/* How much of the last piece is held back: it may begin the terminator. */
static size_t
model_held(const struct end *e, const char *data, size_t len)
{
	size_t n;

	if (e->len == 0)
		return 0;
	for (n = e->len - 1 < len ? e->len - 1 : len; n > 0; n--)
		if (memcmp(data + len - n, e->bytes, n) == 0)
			return n;
	return 0;
}

/* Compares what was collected with the model of the stream, piece by piece. */
static void
ck_model(const struct end *es, size_t n_es, const char *data, size_t len)
{
	const struct end none = { 0, 0, NULL }, *e = &es[0];
	size_t at = 0, piece, k = 0;

	while ((piece = model_end(e, data, len)) != SIZE_MAX) {
		if (k == n_ends || ends[k] != at + piece ||
		    memcmp(got + at, data, piece) != 0)
			ck_abort_msg("piece %zu is not as it should be", k);
		at += piece;
		data += piece + e->len;
		len -= piece + e->len;
		k++;
		e = k < n_es ? &es[k] : &none;
	}
	len -= model_held(e, data, len);
	if (k != n_ends || got_len != at + len ||
	    memcmp(got + at, data, len) != 0)
		ck_abort_msg("the rest is not as it should be");
}

/* A terminator that stays, as a list. */
static void
repeat(struct end *es, size_t n, const char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < n; i++)
		es[i] = (struct end){ .bytes = bytes, .len = len };
}

/* ---- One terminator. ---- */

static const size_t lengths[] = { 1, 2, 3, 15, 16, 17, 31, 32, 33, 1000 };
#define N_LENGTHS ((int)(sizeof lengths / sizeof lengths[0]))

/*
 * Three pieces: with each beginning of the terminator, with none, of nothing;
 * and at last all of a terminator but its end.
 */
static size_t
write_stream(char *p, const char *bytes, size_t len)
{
	char *const begin = p;
	size_t n, step = len > 40 ? 97 : 1;

	for (n = 1; n < len; n += step) {
		memcpy(p, bytes, n);
		p += n;
		*p++ = '#';
	}
	memcpy(p, bytes, len);
	p += len;
	memcpy(p, "plain", 5);
	p += 5;
	memcpy(p, bytes, len);
	p += len;
	memcpy(p, bytes, len);
	p += len;
	memcpy(p, bytes, len - 1);
	return (size_t)(p + len - 1 - begin);
}

static void
ck_binary(const char *bytes, size_t len)
{
	static char stream[FEEDER_SIZE];
	const size_t stream_len = write_stream(stream, bytes, len);
	const size_t step = stream_len > 1000 ? 53 : 1;
	struct asyncore_dispatcher *d;
	struct end es[16];
	size_t chunk;

	ck_assert_uint_le(stream_len, FEEDER_SIZE);
	repeat(es, 16, bytes, len);
	for (chunk = 1; chunk <= stream_len; chunk += step) {
		d = new_feeder(bytes, len);
		feed_in(d, stream, stream_len, chunk);
		ck_assert_uint_eq(n_ends, 3);
		ck_model(es, 16, stream, stream_len);
		end_feeder(d);
	}
}

START_TEST(binary_terminators_of_any_length_are_found)
{
	char bytes[1000];
	size_t i;

	for (i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 37 % 256 == '#' ? 0 : i * 37 % 256);
	ck_assert_int_eq(bytes[0], 0);
	ck_binary(bytes, lengths[_i]);
}
END_TEST

START_TEST(terminators_of_NULs_are_found)
{
	static const char bytes[1000];

	ck_binary(bytes, lengths[_i]);
}
END_TEST

/* "aaaab" and its like: a shorter beginning follows each longer one. */
START_TEST(terminators_that_end_late_are_found)
{
	char bytes[1000];

	memset(bytes, 'a', sizeof bytes);
	bytes[lengths[_i] - 1] = 'b';
	ck_binary(bytes, lengths[_i]);
}
END_TEST

/* ---- At random. ---- */

static uint32_t seed;

static unsigned
random_below(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* Few letters, so that terminators come often and overlap. */
static void
random_bytes(char *p, size_t len, unsigned letters)
{
	while (len-- > 0)
		*p++ = (char)random_below(letters);
}

static struct end
random_end(char *room, unsigned letters)
{
	static const unsigned most[] = { 3, 8, 20, 60 };
	struct end e = { 0, 0, room };

	if (random_below(4) == 0) {
		e.count = 1 + random_below(30);
		return e;
	}
	e.len = 1 + random_below(most[random_below(4)]);
	random_bytes(room, e.len, letters);
	return e;
}

static void
feed_at_random(struct asyncore_dispatcher *d, const char *data, size_t len)
{
	const unsigned most = 1 + random_below(100);
	size_t n;

	for (; len > 0; data += n, len -= n) {
		n = 1 + random_below(most);
		if (n > len)
			n = len;
		feed(d, data, n);
	}
}

/* Streams that have the terminators in them, and their beginnings. */
static size_t
random_stream(char *p, const struct end *es, size_t n, unsigned letters)
{
	char *const begin = p;
	size_t i, part;

	for (i = 0; i < n; i++) {
		part = random_below(40);
		random_bytes(p, part, letters);
		p += part;
		part = random_below(3) == 0 ?
		    random_below((unsigned)es[i].len + 1) : es[i].len;
		memcpy(p, es[i].bytes, part);
		p += part;
	}
	return (size_t)(p - begin);
}

START_TEST(any_input_in_any_cut_gives_what_the_model_says)
{
	static char rooms[20][60], stream[20 * 100];
	struct asyncore_dispatcher *d;
	struct end es[20];
	size_t i, round, len;

	seed = (uint32_t)_i;
	for (round = 0; round < 100; round++) {
		const unsigned letters = 1 + random_below(4);

		for (i = 0; i < 20; i++)
			es[i] = random_end(rooms[i], letters);
		len = random_stream(stream, es, 20, letters);
		for (i = 0; i < 3; i++) {
			d = new_listed_feeder(es, 20);
			feed_at_random(d, stream, len);
			ck_model(es, 20, stream, len);
			end_feeder(d);
		}
	}
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc, binary_terminators_of_any_length_are_found, 0,
	    N_LENGTHS);
	tcase_add_loop_test(tc, terminators_of_NULs_are_found, 0, N_LENGTHS);
	tcase_add_loop_test(tc, terminators_that_end_late_are_found, 0,
	    N_LENGTHS);
	tcase_add_loop_test(tc,
	    any_input_in_any_cut_gives_what_the_model_says, 0, 8);
}
