/*
 * objects.c - what a program has given names: channels, and peers, which are
 * descriptors that asyncore knows nothing of.
 *
 * A channel is kept until the program ends, closed or not.
 */
#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct program *program;
struct asyncore_map *map;
bool uses_net;

static struct object *objects;		/* in order of their names */

static struct object *
find(const char *name)
{
	struct object *o = objects;

	while (o != NULL && strcmp(o->name, name) != 0)
		o = o->next;
	return o;
}

struct object *
find_channel(const char *name)
{
	struct object *o = find(name);

	return o != NULL && o->d != NULL ? o : NULL;
}

struct object *
find_peer(const char *name)
{
	struct object *o = find(name);

	return o != NULL && o->d == NULL && !o->dropped ? o : NULL;
}

int
find_socket(const char *name)
{
	const struct object *o = find(name);

	if (o == NULL || o->dropped)
		return -1;
	if (o->d == NULL)
		return o->is_socket ? o->fd : -1;
	return o->declared->kind != FILES ? asyncore_fileno(o->d) : -1;
}

bool
is_new(const char *name)
{
	const struct object *o = find(name);

	return o == NULL || o->dropped;
}

bool
is_file(const char *name)
{
	return name[0] == 'p' ||
	    program_channel(program, name)->kind == FILES;
}

/* A peer's name may be used again after it was dropped. */
static struct object *
add(const char *name)
{
	struct object **at = &objects, *o;

	while (*at != NULL && strcmp((*at)->name, name) < 0)
		at = &(*at)->next;
	if (*at != NULL && strcmp((*at)->name, name) == 0) {
		(*at)->dropped = false;
		return *at;
	}
	o = arena_alloc(sizeof *o);
	o->name = name;
	o->fd = -1;
	o->type = SOCK_STREAM;
	o->next = *at;
	*at = o;
	return o;
}

static void
add_peer(const char *name, int fd, bool is_socket)
{
	struct object *o = add(name);

	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	o->fd = fd;
	o->is_socket = is_socket;
}

static int
add_channel(struct object *o, struct asyncore_dispatcher *d)
{
	if (d == NULL)
		return -errno;
	o->d = d;
	hooks_channel(d)->object = o;
	return 0;
}

/* The constructor for a socket; the channel is known from its first hook on. */
static int
construct(const char *name, int fd)
{
	const struct declared *c = program_channel(program, name);
	const struct asynchat_class *cls = hooks_class(c);
	struct object *o = add(name);
	struct asyncore_dispatcher *d;

	o->declared = c;
	if (fd >= 0) {
		o->type = net_type(fd);
		o->family = net_family(fd);
	}
	if (c->kind == CHAT)
		d = fd >= 0 ? asynchat_new_socket(cls, fd, map) :
		    asynchat_new(cls, map);
	else
		d = fd >= 0 ? asyncore_new_socket(&cls->dispatcher, fd, map) :
		    asyncore_new(&cls->dispatcher, map);
	return add_channel(o, d);
}

int
make_unconnected(const char *name)
{
	return construct(name, -1);
}

int
make_from_file(const char *name, int fd)
{
	struct object *o;
	int err;

	if (name[0] == 'p') {
		add_peer(name, fd, false);
		return 0;
	}
	o = add(name);
	o->declared = program_channel(program, name);
	err = add_channel(o, asyncore_new_file(
	    &hooks_class(o->declared)->dispatcher, fd, map));
	(void)close(fd);
	return err;
}

int
make_from_socket(const char *name, int fd)
{
	if (name[0] == 'p') {
		add_peer(name, fd, true);
		return 0;
	}
	if (is_file(name))
		return make_from_file(name, fd);
	return construct(name, fd);
}

void
objects_settle(void)
{
	if (uses_net)
		net_settle();
}

/* ---- What they are like. ---- */

static const char *
place_of(struct asyncore_dispatcher *d)
{
	if (asyncore_closed(d))
		return "closed";
	return asyncore_map_get(map, asyncore_fileno(d)) == d ? "in" : "out";
}

static bool
is_pending(const struct object *o)
{
	const enum kind kind = o->declared->kind;

	return (kind == SEND || kind == CHAT) &&
	    hooks_base(kind)->writable(o->d);
}

static void
show(const struct object *o)
{
	struct asyncore_dispatcher *d = o->d;
	socklen_t len;
	const struct sockaddr *sa = asyncore_addr(d, &len);

	trace("  %s %s %c%c%c %s%s", o->name, place_of(d),
	    asyncore_connected(d) ? 'c' : '-',
	    asyncore_connecting(d) ? 'p' : '-',
	    asyncore_accepting(d) ? 'a' : '-',
	    net_address_name(sa, len, o->type), is_pending(o) ? " w" : "");
}

static int
add_name(struct asyncore_dispatcher *d, void *arg)
{
	char *text = arg;

	strcat(text, " ");
	strcat(text, hooks_channel(d)->object->name);
	return 0;
}

void
objects_show(void)
{
	const struct object *o;
	char text[512] = "  map:";

	for (o = objects; o != NULL; o = o->next)
		if (o->d != NULL)
			show(o);
	(void)asyncore_map_foreach(map, add_name, text);
	trace("%s%s", text, asyncore_map_len(map) == 0 ? " " : "");
}

void
objects_clear(void)
{
	struct object *o;

	for (o = objects; o != NULL; o = o->next) {
		if (o->d == NULL && !o->dropped)
			(void)close(o->fd);
		(void)asyncore_close(o->d);
	}
	for (o = objects; o != NULL; o = o->next)
		asyncore_unref(o->d);
	objects = NULL;
	uses_net = false;
}
