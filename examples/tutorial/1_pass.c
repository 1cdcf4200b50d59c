/*
 * 1_pass.c - one dispatcher, and four passes over it by hand.
 */
#include <asyncore.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
ear_readable(struct asyncore_dispatcher *d)
{
	(void)d;
	puts("  readable? yes");
	return true;
}

static bool
ear_writable(struct asyncore_dispatcher *d)
{
	(void)d;
	puts("  writable? no");
	return false;
}

static int
ear_read(struct asyncore_dispatcher *d)
{
	char buf[100];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n > 0)
		printf("  handle_read: %.*s\n", (int)n, buf);
	return n < 0 ? (int)n : 0;
}

static int
ear_close(struct asyncore_dispatcher *d)
{
	puts("  handle_close");
	return asyncore_close(d);
}

static const struct asyncore_class ear = {
	.name = "Ear",
	.readable = ear_readable,
	.writable = ear_writable,
	.handle_read = ear_read,
	.handle_close = ear_close,
};

static void
pass(const char *what)
{
	int err;

	printf("%s\n", what);
	err = asyncore_poll(0, NULL);
	if (err < 0)
		printf("  asyncore_poll: %s\n", asyncore_strerror(err));
	printf("  %zu in the map\n", asyncore_map_len(NULL));
}

int
main(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ||
	    asyncore_spawn(&ear, ends[0], NULL) == NULL) {
		perror("1_pass");
		return 1;
	}
	pass("Nothing has come.");
	if (write(ends[1], "hello", 5) == 5)
		pass("Five bytes have come.");
	close(ends[1]);
	pass("The other end is closed.");
	pass("The map is empty.");
	return 0;
}
