/*
 * check_file.c - file_dispatcher: regular files, which are always ready, pipes,
 * FIFOs, terminals and what else has a descriptor.  The caller's descriptor
 * stays his.
 *
 * _i is 1 for a pass of poll2.  The traces are those of CPython's asyncore.
 */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/eventfd.h>
#endif

const char testing_suite[] = "file";

static size_t n_read;

static int
on_read(struct asyncore_dispatcher *d)
{
	char buf[4096];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	trace("r%d", (int)(n < 0 ? -1 : n));
	if (n > 0)
		n_read += (size_t)n;
	return n < 0 ? (int)n : 0;
}

static int
on_write(struct asyncore_dispatcher *d)
{
	ssize_t n = asyncore_send(d, "hello", 5);

	trace("w%d", (int)n);
	return n < 0 ? (int)n : 0;
}

static int
on_connect(struct asyncore_dispatcher *d)
{
	(void)d;
	trace("connect");
	return 0;
}

static int
on_close(struct asyncore_dispatcher *d)
{
	trace("close");
	return asyncore_close(d);
}

static int
on_error(struct asyncore_dispatcher *d, int err)
{
	trace("error:%s", strerror(-err));
	return asyncore_close(d);
}

static const struct asyncore_class reader = {
	.name = "Reader",
	.base = &asyncore_file_dispatcher_class,
	.writable = asyncore_never,
	.handle_read = on_read,
	.handle_write = on_write,
	.handle_connect = on_connect,
	.handle_close = on_close,
	.handle_error = on_error,
};

static const struct asyncore_class writer = {
	.base = &reader,
	.readable = asyncore_never,
	.writable = asyncore_always,
};

static const struct asyncore_class both = {
	.base = &reader,
	.writable = asyncore_always,
};

static const struct asyncore_class no_file = {
	.name = "NoFile",
	.handle_read = on_read,
};

static struct asyncore_dispatcher *
new_file(const struct asyncore_class *cls, int fd)
{
	struct asyncore_dispatcher *d = asyncore_new_file(cls, fd, map);

	ck_assert_msg(d != NULL, "asyncore_new_file: %s", strerror(errno));
	ck_assert_int_ne(asyncore_fileno(d), fd);
	ck_assert_ptr_eq(asyncore_map_get(map, asyncore_fileno(d)), d);
	return d;
}

/* The caller's own is open still, and closed here. */
static void
end_file(struct asyncore_dispatcher *d, int fd)
{
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	ck_assert_int_eq(close(fd), 0);
}

/* A pass that finds what is ready. */
static void
look(bool use_poll, const char *expected)
{
	ck_assert_int_eq(asyncore_loop(0, use_poll, map, 1), 0);
	ck_trace(expected);
}

/* A file of a name that is gone already. */
static int
temporary_file(size_t size)
{
	char name[] = "check-file-XXXXXX", junk[1000];
	int fd = mkstemp(name);
	size_t n;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlink(name), 0);
	memset(junk, 'x', sizeof junk);
	for (; size > 0; size -= n) {
		n = size < sizeof junk ? size : sizeof junk;
		write_all(fd, junk, n);
	}
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* ---- Birth. ---- */

START_TEST(file_is_born_connected_and_without_an_address)
{
	int fd = temporary_file(0);
	struct asyncore_dispatcher *d = new_file(&reader, fd);

	ck_assert(asyncore_connected(d));
	ck_assert(!asyncore_connecting(d));
	ck_assert(!asyncore_accepting(d));
	ck_assert_ptr_null(asyncore_addr(d, NULL));
	ck_trace("");
	end_file(d, fd);
}
END_TEST

START_TEST(file_does_not_block_and_the_duplicate_is_not_inherited)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	d = new_file(&reader, fds[0]);
	ck_assert(fcntl(asyncore_fileno(d), F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(asyncore_fileno(d), F_GETFD) & FD_CLOEXEC);
	ck_assert(!(fcntl(fds[0], F_GETFD) & FD_CLOEXEC));
	ck_assert(!(fcntl(fds[1], F_GETFL) & O_NONBLOCK));
	ck_assert_int_eq(close(fds[1]), 0);
	end_file(d, fds[0]);
}
END_TEST

START_TEST(descriptor_may_be_closed_while_the_channel_lives)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	d = new_file(&reader, fds[0]);
	ck_assert_int_eq(close(fds[0]), 0);
	write_all(fds[1], "hello", 5);
	look(_i, "r5");
	end_file(d, fds[1]);
}
END_TEST

START_TEST(class_of_a_file_must_be_one)
{
	int fd = temporary_file(1), flags = fcntl(fd, F_GETFL);

	errno = 0;
	ck_assert_ptr_null(asyncore_new_file(&no_file, fd, map));
	ck_assert_int_eq(errno, EINVAL);
	errno = 0;
	ck_assert_ptr_null(asyncore_new_file(&asyncore_dispatcher_class, fd,
	    map));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(fcntl(fd, F_GETFL), flags);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(closed_descriptor_is_EBADF)
{
	int fd = temporary_file(1);

	ck_assert_int_eq(close(fd), 0);
	errno = 0;
	ck_assert_ptr_null(asyncore_new_file(&reader, fd, map));
	ck_assert_int_eq(errno, EBADF);
	errno = 0;
	ck_assert_ptr_null(asyncore_new_file(&reader, -1, map));
	ck_assert_int_eq(errno, EBADF);
	ck_assert_uint_eq(asyncore_map_len(map), 0);
}
END_TEST

START_TEST(detached_file_is_the_callers)
{
	int fd = temporary_file(3);
	struct asyncore_dispatcher *d = new_file(&reader, fd);
	int own = asyncore_detach(d);
	char buf[8];

	ck_assert_int_ge(own, 0);
	ck_assert_int_ne(own, fd);
	ck_assert(asyncore_closed(d));
	ck_assert_int_eq(read(own, buf, sizeof buf), 3);
	ck_assert_int_eq(close(own), 0);
	end_file(d, fd);
}
END_TEST

/* ---- Regular files. ---- */

static void
reads_whole(size_t size, bool use_poll)
{
	int fd = temporary_file(size);
	struct asyncore_dispatcher *d = new_file(&reader, fd);

	/* It ends with the close: the map is empty then. */
	ck_assert_int_eq(asyncore_loop(-1, use_poll, map, -1), 0);
	ck_assert_uint_eq(n_read, size);
	ck_assert(asyncore_closed(d));
	end_file(d, fd);
}

START_TEST(regular_file_is_read_to_its_end_and_closed)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 1000000 };

	reads_whole(sizes[_i / 2], _i % 2);
}
END_TEST

START_TEST(regular_file_is_read_a_hook_a_pass)
{
	int fd = temporary_file(5000);
	struct asyncore_dispatcher *d = new_file(&reader, fd);

	look(_i, "r4096");
	look(_i, "r904");
	look(_i, "close r0");
	look(_i, "");
	end_file(d, fd);
}
END_TEST

START_TEST(regular_file_is_always_ready_both_ways)
{
	int fd = temporary_file(4);
	struct asyncore_dispatcher *d = new_file(&both, fd);

	look(_i, "r4 w5");
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	look(_i, "r9 w5");
	end_file(d, fd);
}
END_TEST

START_TEST(writing_to_a_regular_file)
{
	int fd = temporary_file(0);
	struct asyncore_dispatcher *d = new_file(&writer, fd);
	char buf[16];

	look(_i, "w5");
	look(_i, "w5");
	ck_assert_int_eq(pread(fd, buf, sizeof buf, 0), 10);
	ck_assert_mem_eq(buf, "hellohello", 10);
	end_file(d, fd);
}
END_TEST

START_TEST(writing_to_a_file_opened_for_reading_closes)
{
	int fd = open("/dev/null", O_RDONLY);
	struct asyncore_dispatcher *d;

	ck_assert_int_ge(fd, 0);
	d = new_file(&writer, fd);
	look(_i, "close w0");
	end_file(d, fd);
}
END_TEST

START_TEST(file_and_pipe_take_turns)
{
	int fd = temporary_file(5000), fds[2];
	struct asyncore_dispatcher *d = new_file(&reader, fd), *e;

	ck_assert_int_eq(pipe(fds), 0);
	e = new_file(&reader, fds[0]);
	write_all(fds[1], "abc", 3);
	look(_i, "r4096 r3");
	look(_i, "r904");
	ck_assert_int_eq(close(fds[1]), 0);
	end_file(e, fds[0]);
	end_file(d, fd);
}
END_TEST

/* ---- Other files. ---- */

START_TEST(dev_null_ends_at_once_and_takes_all)
{
	int fd = open("/dev/null", O_RDWR);
	struct asyncore_dispatcher *d;

	ck_assert_int_ge(fd, 0);
	d = new_file(&writer, fd);
	look(_i, "w5");
	ck_assert_int_eq(asyncore_close(d), 0);
	asyncore_unref(d);
	d = new_file(&reader, fd);
	look(_i, "close r0");
	end_file(d, fd);
}
END_TEST

START_TEST(directory_is_an_error_to_read)
{
	int fd = open("/", O_RDONLY);
	char expected[100];
	struct asyncore_dispatcher *d;

	ck_assert_int_ge(fd, 0);
	d = new_file(&reader, fd);
	(void)snprintf(expected, sizeof expected, "r-1 error:%s",
	    strerror(EISDIR));
	look(_i, expected);
	end_file(d, fd);
}
END_TEST

START_TEST(pipe_is_read_when_there_is_something_and_closed_at_its_end)
{
	struct asyncore_dispatcher *d;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	d = new_file(&reader, fds[0]);
	look(_i, "");
	write_all(fds[1], "hello", 5);
	look(_i, "r5");
	look(_i, "");
	ck_assert_int_eq(close(fds[1]), 0);
	look(_i, _i ? "close" : "close r0");
	ck_assert(asyncore_closed(d));
	end_file(d, fds[0]);
}
END_TEST

START_TEST(pipe_is_written_while_there_is_room)
{
	struct asyncore_dispatcher *d;
	int fds[2];
	static char junk[1 << 20];

	ck_assert_int_eq(pipe(fds), 0);
	d = new_file(&writer, fds[1]);
	look(_i, "w5");
	look(_i, "w5");
	fill(fds[1]);
	look(_i, "");
	ck_assert_int_gt(read(fds[0], junk, sizeof junk), 0);
	look(_i, "w5");
	ck_assert_int_eq(close(fds[0]), 0);
	look(_i, "close w0");
	end_file(d, fds[1]);
}
END_TEST

/* The ends of a pipe go one way, whatever a channel wishes for. */
START_TEST(wrong_end_of_a_pipe_is_never_ready)
{
	struct asyncore_dispatcher *r, *w;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	r = new_file(&writer, fds[0]);
	w = new_file(&reader, fds[1]);
	look(_i, "");
	end_file(r, fds[0]);
	end_file(w, fds[1]);
}
END_TEST

START_TEST(fifo_is_a_pipe_with_a_name)
{
	char name[40];
	struct asyncore_dispatcher *d;
	int r, w;

	(void)snprintf(name, sizeof name, "check-fifo-%ld", (long)getpid());
	(void)unlink(name);
	ck_assert_int_eq(mkfifo(name, 0600), 0);
	r = open(name, O_RDONLY | O_NONBLOCK);
	w = open(name, O_WRONLY);
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_ge(r, 0);
	ck_assert_int_ge(w, 0);
	d = new_file(&reader, r);
	look(_i, "");
	write_all(w, "abc", 3);
	look(_i, "r3");
	ck_assert_int_eq(close(w), 0);
	look(_i, _i ? "close" : "close r0");
	end_file(d, r);
}
END_TEST

START_TEST(socket_as_a_file_is_read_and_written)
{
	struct asyncore_dispatcher *d;
	int fds[2];
	char buf[8];

	make_pair(fds);
	d = new_file(&both, fds[0]);
	look(_i, "w5");
	write_all(fds[1], "abc", 3);
	look(_i, "r3 w5");
	ck_assert_int_eq(read(fds[1], buf, sizeof buf), 8);
	ck_assert_int_eq(close(fds[1]), 0);
	end_file(d, fds[0]);
}
END_TEST

#ifdef __linux__
START_TEST(eventfd_is_read)
{
	int fd = eventfd(3, 0);
	struct asyncore_dispatcher *d = new_file(&reader, fd);
	const uint64_t one = 1;

	look(_i, "r8");
	look(_i, "");
	write_all(fd, &one, sizeof one);
	look(_i, "r8");
	end_file(d, fd);
}
END_TEST
#endif

static int
open_terminal(int *slave)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	const char *name;

	if (master < 0)
		return -1;
	name = grantpt(master) == 0 && unlockpt(master) == 0 ?
	    ptsname(master) : NULL;
	*slave = name != NULL ? open(name, O_RDWR | O_NOCTTY) : -1;
	if (*slave >= 0)
		return master;
	(void)close(master);
	return -1;
}

START_TEST(terminal_is_read_by_lines_and_written)
{
	struct asyncore_dispatcher *d;
	int slave, master = open_terminal(&slave);
	char buf[16];

	ck_assert_int_ge(master, 0);
	d = new_file(&reader, slave);
	look(_i, "");
	write_all(master, "hello", 5);
	look(_i, "");
	write_all(master, "\n", 1);
	await(slave, POLLIN);
	look(_i, "r6");
	await(master, POLLIN);
	ck_assert_int_eq(tcflush(master, TCIOFLUSH), 0);
	ck_assert_int_eq(asyncore_send(d, "hello", 5), 5);
	await(master, POLLIN);
	ck_assert_int_eq(read(master, buf, sizeof buf), 5);
	ck_assert_int_eq(close(master), 0);
	end_file(d, slave);
}
END_TEST

START_TEST(two_channels_of_one_descriptor)
{
	struct asyncore_dispatcher *r, *w;
	int fds[2];
	char buf[8];

	make_pair(fds);
	r = new_file(&reader, fds[0]);
	w = new_file(&writer, fds[0]);
	ck_assert_int_ne(asyncore_fileno(r), asyncore_fileno(w));
	write_all(fds[1], "abc", 3);
	look(_i, "r3 w5");
	ck_assert_int_eq(asyncore_close(r), 0);
	asyncore_unref(r);
	look(_i, "w5");
	ck_assert_int_eq(read(fds[1], buf, sizeof buf), 8);
	ck_assert_int_eq(close(fds[1]), 0);
	end_file(w, fds[0]);
}
END_TEST

/* There is no pending error to be asked for, as in Python. */
START_TEST(exceptional_condition_of_a_file_is_an_event)
{
	int fd = temporary_file(1);
	struct asyncore_dispatcher *d = new_file(&reader, fd);

	ck_assert_int_eq(asyncore_set_connected(d, false), 0);
	ck_assert_int_eq(asyncore_set_connecting(d, true), 0);
	look(_i, "connect r1");
	ck_assert_int_eq(asyncore_exception(d), 0);
	ck_assert(!asyncore_closed(d));
	end_file(d, fd);
}
END_TEST

START_TEST(closed_file_can_become_a_socket)
{
	int fd = temporary_file(1), fds[2];
	struct asyncore_dispatcher *d = new_file(&reader, fd);

	look(_i, "r1");
	ck_assert_int_eq(asyncore_close(d), 0);
	make_pair(fds);
	ck_assert_int_eq(asyncore_set_socket(d, fds[0]), 0);
	look(_i, "");
	write_all(fds[1], "abc", 3);
	look(_i, "r3");
	ck_assert_int_eq(close(fds[1]), 0);
	end_file(d, fd);
}
END_TEST

static void
add_regular(TCase *tc)
{
	tcase_add_test(tc, file_is_born_connected_and_without_an_address);
	tcase_add_test(tc,
	    file_does_not_block_and_the_duplicate_is_not_inherited);
	tcase_add_loop_test(tc,
	    descriptor_may_be_closed_while_the_channel_lives, 0, 2);
	tcase_add_test(tc, class_of_a_file_must_be_one);
	tcase_add_test(tc, closed_descriptor_is_EBADF);
	tcase_add_test(tc, detached_file_is_the_callers);
	tcase_add_loop_test(tc, regular_file_is_read_to_its_end_and_closed, 0,
	    12);
	tcase_add_loop_test(tc, regular_file_is_read_a_hook_a_pass, 0, 2);
	tcase_add_loop_test(tc, regular_file_is_always_ready_both_ways, 0, 2);
	tcase_add_loop_test(tc, writing_to_a_regular_file, 0, 2);
	tcase_add_loop_test(tc, writing_to_a_file_opened_for_reading_closes, 0,
	    2);
	tcase_add_loop_test(tc, file_and_pipe_take_turns, 0, 2);
}

static void
add_terminal(TCase *tc)
{
	int slave, master = open_terminal(&slave);

	if (master < 0) {
		testing_skip("terminal_is_read_by_lines_and_written",
		    "there are no pseudo-terminals here");
		return;
	}
	(void)close(master);
	(void)close(slave);
	tcase_add_loop_test(tc, terminal_is_read_by_lines_and_written, 0, 2);
}

void
testing_add(TCase *tc)
{
	add_regular(tc);
	add_terminal(tc);
	tcase_add_loop_test(tc, dev_null_ends_at_once_and_takes_all, 0, 2);
	tcase_add_loop_test(tc, directory_is_an_error_to_read, 0, 2);
	tcase_add_loop_test(tc,
	    pipe_is_read_when_there_is_something_and_closed_at_its_end, 0, 2);
	tcase_add_loop_test(tc, pipe_is_written_while_there_is_room, 0, 2);
	tcase_add_loop_test(tc, wrong_end_of_a_pipe_is_never_ready, 0, 2);
	tcase_add_loop_test(tc, fifo_is_a_pipe_with_a_name, 0, 2);
	tcase_add_loop_test(tc, socket_as_a_file_is_read_and_written, 0, 2);
#ifdef __linux__
	tcase_add_loop_test(tc, eventfd_is_read, 0, 2);
#else
	testing_skip("eventfd_is_read", "this system has no eventfd");
#endif
	tcase_add_loop_test(tc, two_channels_of_one_descriptor, 0, 2);
	tcase_add_loop_test(tc, exceptional_condition_of_a_file_is_an_event,
	    0, 2);
	tcase_add_loop_test(tc, closed_file_can_become_a_socket, 0, 2);
}
