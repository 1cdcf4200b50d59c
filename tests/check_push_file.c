/*
 * check_push_file.c - asynchat_push_file(): parts of files among what else is
 * pushed, whichever way they go out; files that are none, that change
 * meanwhile, and peers that go.  The descriptor is always closed.
 */
#include "talker.h"
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

const char testing_suite[] = "push_file";

#define SIZE ((size_t)3 << 20)
static char content[SIZE];

/* A file of so much of the content; it has no name any more. */
static int
make_file(size_t len)
{
	char name[] = "file-XXXXXX";
	int fd = mkstemp(name);
	size_t i;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlink(name), 0);
	for (i = 0; i < len; i++)
		content[i] = (char)(i % 65521 % 251);
	write_all(fd, content, len);
	return fd;
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void
push_file(int fd, long long offset, long long length)
{
	ck_assert_int_eq(asynchat_push_file(chat, fd, offset, length), 0);
}

static void
push_text(const char *text)
{
	ck_assert_int_eq(asynchat_push(chat, text, strlen(text)), 0);
}

/* ---- The ways that a file goes. ---- */

/* Both look at what they are given, as one that encrypts does. */
static char looked_at[65536];

static ssize_t
own_send(struct asyncore_dispatcher *d, const void *bytes, size_t len)
{
	ck_assert_uint_gt(len, 0);
	ck_assert_uint_le(len, sizeof looked_at);
	memcpy(looked_at, bytes, len);
	return asyncore_dispatcher_class.send(d, looked_at, len);
}

static const struct asynchat_class overriding = {
	.dispatcher = {
		.base = &talker_class.dispatcher,
		.flags = ASYNCHAT_CLASS,
		.send = own_send,
	},
};

static ssize_t
transport_send(void *state, int fd, const void *bytes, size_t len)
{
	ssize_t n;

	(void)state;
	ck_assert_uint_le(len, sizeof looked_at);
	memcpy(looked_at, bytes, len);
	n = send(fd, looked_at, len, MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}

static const struct asyncore_transport own_transport = {
	.send = transport_send,
};

#define N_WAYS 3

static void
start_way(int way)
{
	start_of(way == 1 ? &overriding : &talker_class, "\n");
	if (way == 2)
		ck_assert_int_eq(asyncore_set_transport(chat, &own_transport,
		    NULL, asyncore_fileno(chat)), 0);
}

START_TEST(whole_file_is_sent_and_closed)
{
	const int fd = make_file(SIZE);

	start_way(_i);
	push_file(fd, 0, -1);
	ck_assert(asyncore_writable(chat));
	deliver();
	ck_assert(!is_open(fd));
	ck_inbox_bytes(content, SIZE);
	end();
}
END_TEST

START_TEST(part_of_a_file_is_sent)
{
	static const size_t offsets[] = { 0, 1, 4095, 4096, 70000 };
	size_t i;

	start_way(_i);
	for (i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
		push_file(make_file(300000), (long long)offsets[i], 200001);
		deliver();
		ck_inbox_bytes(content + offsets[i], 200001);
	}
	push_file(make_file(300000), 299999, -1);
	ck_inbox_bytes(content + 299999, 1);
	end();
}
END_TEST

START_TEST(nothing_of_a_file_is_passed_over)
{
	int fd = make_file(0);

	start_way(_i);
	push_file(fd, 0, -1);
	ck_assert(!is_open(fd));
	push_file(make_file(10), 10, -1);
	push_file(make_file(10), 10, 0);
	fd = make_file(10);
	push_file(fd, 5, 0);
	ck_assert(!is_open(fd));
	ck_assert(!asyncore_writable(chat));
	push_text("a");
	ck_inbox("a");
	end();
}
END_TEST

START_TEST(files_and_bytes_keep_their_order)
{
	start_way(_i);
	fill(asyncore_fileno(chat));
	push_text("<");
	push_file(make_file(5), 0, -1);
	push_file(make_file(5), 3, 1);
	push_text("|");
	push_file(make_file(0), 0, -1);
	push_text("|");
	push_file(make_file(5), 4, -1);
	ck_assert_int_eq(asynchat_close_when_done(chat), 0);
	take_in(INBOX_SIZE);
	inbox_len = 0;
	deliver();
	ck_trace("close");
	ck_inbox_bytes("<" "\0\1\2\3\4" "\3" "||" "\4", 10);
	end();
}
END_TEST

START_TEST(file_pushed_before_the_connection_is_sent_after_it)
{
	struct place p;

	listen_place(&p, inet);
	chat = asynchat_new(&talker_class, map);
	push_file(make_file(1000), 0, -1);
	ck_assert_int_eq(asyncore_create_socket(chat, AF_INET, SOCK_STREAM),
	    0);
	ck_assert_int_eq(connect_to(chat, &p), 0);
	chat_peer = accept(p.fd, NULL, NULL);
	ck_assert_int_ge(chat_peer, 0);
	drop_place(&p);
	deliver();
	ck_inbox_bytes(content, 1000);
	end();
}
END_TEST

START_TEST(at_most_65536_bytes_are_sent_at_once)
{
	int n;

	start_way(_i);
	push_file(make_file(SIZE), 0, -1);
	ck_assert_int_eq(ioctl(chat_peer, FIONREAD, &n), 0);
	ck_assert_int_gt(n, 0);
	ck_assert_int_le(n, 65536);
	end();
}
END_TEST

START_TEST(at_most_the_classs_size_is_sent_at_once)
{
	struct asynchat_class cls = talker_class;
	int i;

	cls.ac_out_buffer_size = 4;
	start_of(&cls, "\n");
	push_file(make_file(10), 0, -1);
	for (i = 0; i < 10; i += 4) {
		ck_inbox_bytes(content + i, i < 8 ? 4 : 2);
		ck_assert_int_eq(asyncore_loop(0, false, map, 1), 0);
	}
	end();
}
END_TEST

/* Whichever way they go: a size that is none. */
START_TEST(a_class_of_the_largest_size_sends_files)
{
	struct asynchat_class cls = _i == 1 ? overriding : talker_class;

	cls.ac_out_buffer_size = SIZE_MAX;
	start_of(&cls, "\n");
	if (_i == 2)
		ck_assert_int_eq(asyncore_set_transport(chat, &own_transport,
		    NULL, asyncore_fileno(chat)), 0);
	push_file(make_file(1000), 1, 500);
	deliver();
	ck_inbox_bytes(content + 1, 500);
	push_text("end");
	ck_inbox("end");
	end();
}
END_TEST

/* The part lies where a 32-bit offset does not reach. */
START_TEST(offset_beyond_4_GB_is_found)
{
	const long long far = (long long)5 << 30;
	const int fd = make_file(0);

	if (pwrite(fd, "far away", 8, (off_t)far) != 8) {
		ck_assert_int_eq(errno, EFBIG);
		ck_assert_int_eq(close(fd), 0);
		return;
	}
	start_way(_i);
	push_file(fd, far + 4, -1);
	deliver();
	ck_inbox("away");
	end();
}
END_TEST

/* ---- Mistakes. ---- */

static void
ck_refused(int fd, long long offset, long long length, int err)
{
	ck_assert_int_eq(asynchat_push_file(chat, fd, offset, length), err);
	ck_assert(!is_open(fd));
	ck_assert(!asyncore_writable(chat));
}

START_TEST(part_that_is_not_there_is_EINVAL)
{
	start("\n");
	ck_refused(make_file(10), -1, -1, -EINVAL);
	ck_refused(make_file(10), 11, -1, -EINVAL);
	ck_refused(make_file(10), 11, 0, -EINVAL);
	ck_refused(make_file(10), 0, 11, -EINVAL);
	ck_refused(make_file(10), 10, 1, -EINVAL);
	ck_refused(make_file(10), 5, INT64_MAX, -EINVAL);
	ck_refused(make_file(10), INT64_MAX, INT64_MAX, -EINVAL);
	end();
}
END_TEST

START_TEST(descriptor_that_is_no_regular_file_is_EINVAL)
{
	int fds[2];

	start("\n");
	ck_refused(open(".", O_RDONLY), 0, -1, -EINVAL);
	ck_refused(open("/dev/null", O_RDONLY), 0, -1, -EINVAL);
	ck_assert_int_eq(pipe(fds), 0);
	ck_refused(fds[0], 0, -1, -EINVAL);
	ck_assert_int_eq(close(fds[1]), 0);
	make_pair(fds);
	ck_refused(fds[0], 0, 1, -EINVAL);
	ck_assert_int_eq(close(fds[1]), 0);
	ck_assert_int_eq(asynchat_push_file(chat, -1, 0, -1), -EBADF);
	end();
}
END_TEST

/* An error of the file is none of the connection. */
START_TEST(file_that_cannot_be_read_is_an_error)
{
	char name[] = "file-XXXXXX";
	int fd = mkstemp(name), own, err;

	ck_assert_int_eq(write(fd, "abc", 3), 3);
	own = open(name, O_WRONLY);
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(close(fd), 0);
	start_way(_i);
	err = asynchat_push_file(chat, own, 0, -1);
	ck_assert(!asyncore_closed(chat));
	ck_assert(err < 0 || strcmp(traced(), "another-error") == 0);
	ck_assert(!is_open(own));
	clear_trace();
	push_text("a");
	ck_inbox("a");
	end();
}
END_TEST

/* ---- Files that change, and peers that go. ---- */

START_TEST(file_that_grows_is_sent_as_long_as_it_was)
{
	const int fd = make_file(100), own = dup(fd);

	start_way(_i);
	fill(asyncore_fileno(chat));
	push_file(own, 0, -1);
	write_all(fd, "more", 4);
	ck_assert_int_eq(close(fd), 0);
	take_in(INBOX_SIZE);
	inbox_len = 0;
	deliver();
	ck_inbox_bytes(content, 100);
	end();
}
END_TEST

static void
deliver_once(void)
{
	take_in(INBOX_SIZE);
	ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
}

/* It goes to handle_error(), and what is behind is sent. */
START_TEST(file_that_shrinks_is_an_error)
{
	const int fd = make_file(SIZE), own = dup(fd);

	start_way(_i);
	push_file(own, 0, -1);
	push_text("|");
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert_int_eq(close(fd), 0);
	while (asyncore_writable(chat) && strlen(traced()) < 20)
		deliver_once();
	ck_trace("EIO");
	take_in(INBOX_SIZE);
	ck_assert_uint_lt(inbox_len, SIZE);
	ck_assert_uint_gt(inbox_len, 0);
	ck_assert_int_eq(inbox[inbox_len - 1], '|');
	ck_assert(!is_open(own));
	end();
}
END_TEST

/* Without a signal, whose default would end the test. */
START_TEST(peer_that_is_gone_closes)
{
	const int fd = make_file(SIZE);

	start_way(_i);
	ck_assert_int_eq(close(chat_peer), 0);
	push_file(fd, 0, -1);
	ck_trace("close");
	ck_assert(asyncore_closed(chat));
	asyncore_unref(chat);
	ck_assert(!is_open(fd));
}
END_TEST

START_TEST(peer_that_goes_in_the_middle_closes)
{
	const int fd = make_file(SIZE);

	start_way(_i);
	push_file(fd, 0, -1);
	ck_trace("");
	take_in(1000);
	ck_assert_int_eq(shutdown(chat_peer, SHUT_RDWR), 0);
	while (!asyncore_closed(chat))
		ck_assert_int_eq(asyncore_loop(10, false, map, 1), 0);
	ck_trace("close");
	end();
	ck_assert(!is_open(fd));
}
END_TEST

START_TEST(discarded_file_is_closed)
{
	const int first = make_file(SIZE), second = make_file(SIZE);

	start_way(_i);
	push_file(first, 0, -1);
	push_file(second, 0, -1);
	ck_assert_int_eq(asynchat_discard_buffers(chat), 0);
	ck_assert(!is_open(first));
	ck_assert(!is_open(second));
	ck_assert(!asyncore_writable(chat));
	end();
}
END_TEST

START_TEST(slow_reader_gets_the_whole_file)
{
	start_way(_i);
	push_file(make_file(SIZE), 0, -1);
	ck_assert_int_eq(asynchat_close_when_done(chat), 0);
	while (!asyncore_closed(chat)) {
		take_in(20000);
		ck_assert_int_eq(asyncore_loop(0, false, map, 1), 0);
	}
	ck_trace("close");
	ck_inbox_bytes(content, SIZE);
	end();
}
END_TEST

void
testing_add(TCase *tc)
{
	tcase_add_loop_test(tc, whole_file_is_sent_and_closed, 0, N_WAYS);
	tcase_add_loop_test(tc, part_of_a_file_is_sent, 0, N_WAYS);
	tcase_add_loop_test(tc, nothing_of_a_file_is_passed_over, 0, N_WAYS);
	tcase_add_loop_test(tc, files_and_bytes_keep_their_order, 0, N_WAYS);
	tcase_add_test(tc,
	    file_pushed_before_the_connection_is_sent_after_it);
	tcase_add_loop_test(tc, at_most_65536_bytes_are_sent_at_once, 0,
	    N_WAYS);
	tcase_add_test(tc, at_most_the_classs_size_is_sent_at_once);
	tcase_add_loop_test(tc, a_class_of_the_largest_size_sends_files, 0,
	    N_WAYS);
	tcase_add_loop_test(tc, offset_beyond_4_GB_is_found, 0, N_WAYS);
	tcase_add_test(tc, part_that_is_not_there_is_EINVAL);
	tcase_add_test(tc, descriptor_that_is_no_regular_file_is_EINVAL);
	tcase_add_loop_test(tc, file_that_cannot_be_read_is_an_error, 0,
	    N_WAYS);
	tcase_add_loop_test(tc, file_that_grows_is_sent_as_long_as_it_was, 0,
	    N_WAYS);
	tcase_add_loop_test(tc, file_that_shrinks_is_an_error, 0, N_WAYS);
	tcase_add_loop_test(tc, peer_that_is_gone_closes, 0, N_WAYS);
	tcase_add_loop_test(tc, peer_that_goes_in_the_middle_closes, 0,
	    N_WAYS);
	tcase_add_loop_test(tc, discarded_file_is_closed, 0, N_WAYS);
	tcase_add_loop_test(tc, slow_reader_gets_the_whole_file, 0, N_WAYS);
}
