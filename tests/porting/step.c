/* step.c - step.py in C: the loop in a timer of somebody else's loop. */
#include <asyncore.h>
#include <stdio.h>
#include <unistd.h>

static int
ear_read(struct asyncore_dispatcher *d)
{
	char buf[100];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n > 0)
		printf("heard %.*s\n", (int)n, buf);
	return n < 0 ? (int)n : 0;
}

static const struct asyncore_class ear = {
	.name = "Ear",
	.writable = asyncore_never,
	.handle_read = ear_read,
};

/* The toolkit's, which calls again and again what it was given. */
static void (*callback)(void);
static int peer;

static void
after(int milliseconds, void (*fn)(void))
{
	(void)milliseconds;
	callback = fn;
}

static void
mainloop(int ticks)
{
	char digit;
	int tick;

	for (tick = 0; tick < ticks; tick++) {
		printf("tick %d\n", tick);
		digit = (char)('0' + tick);
		if (write(peer, &digit, 1) != 1)
			break;
		callback();
	}
}

static void
step(void)
{
	int err = asyncore_loop(0, false, NULL, 1);

	if (err < 0)
		fprintf(stderr, "step: %s\n", asyncore_strerror(err));
	after(50, step);
}

int
main(void)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 ||
	    asyncore_spawn(&ear, fds[0], NULL) == NULL)
		return 1;
	peer = fds[1];
	after(50, step);
	mainloop(3);
	return asyncore_close_all(NULL, false) < 0;
}
