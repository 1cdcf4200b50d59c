/* maps.c - maps.py in C: several maps, each with a loop of its own. */
#include <asyncore.h>
#include <errno.h>
#include <stdio.h>

struct ear {
	const char *name;
};

static int
ear_read(struct asyncore_dispatcher *d)
{
	struct ear *self = asyncore_self(d);
	char buf[100];
	ssize_t n = asyncore_recv(d, buf, sizeof buf);

	if (n > 0)
		printf("%s heard %.*s\n", self->name, (int)n, buf);
	return n < 0 ? (int)n : 0;
}

static const struct asyncore_class ear = {
	.name = "Ear",
	.instance_size = sizeof(struct ear),
	.writable = asyncore_never,
	.handle_read = ear_read,
};

static struct asyncore_dispatcher *
ear_spawn(int fd, const char *name, struct asyncore_map *map)
{
	struct asyncore_dispatcher *d = asyncore_spawn(&ear, fd, map);

	if (d != NULL)
		((struct ear *)asyncore_self(d))->name = name;
	return d;
}

static void
print_sizes(struct asyncore_map *left, struct asyncore_map *right)
{
	printf("%zu %zu %zu\n", asyncore_map_len(left),
	    asyncore_map_len(right), asyncore_map_len(NULL));
}

static int
run(struct asyncore_map *left, struct asyncore_map *right)
{
	struct asyncore_dispatcher *ours, *peer;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 ||
	    (ours = ear_spawn(fds[0], "left", left)) == NULL ||
	    (peer = ear_spawn(fds[1], "right", right)) == NULL ||
	    asyncore_send(ours, "hello", 5) != 5 ||
	    asyncore_send(peer, "hallo", 5) != 5 ||
	    asyncore_loop(30, false, right, 1) < 0 ||
	    asyncore_loop(30, false, left, 1) < 0)
		return 1;
	print_sizes(left, right);
	if (asyncore_close_all(left, false) < 0 ||
	    asyncore_close_all(right, false) < 0)
		return 1;
	print_sizes(left, right);
	return 0;
}

int
main(void)
{
	struct asyncore_map *left = asyncore_map_new(NULL);
	struct asyncore_map *right = asyncore_map_new(NULL);
	/* NULL would be socket_map, and no error: so look. */
	int status = left == NULL || right == NULL || run(left, right);

	asyncore_map_free(left);
	asyncore_map_free(right);
	return status;
}
