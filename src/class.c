/*
 * class.c - classes: their slots, inheritance, and the calls through them.
 *
 * A slot is looked up from the instance's class towards the root at each call:
 * the root has every slot filled, chains are one or two long, and nothing has
 * to be resolved, cached or freed.  Every call into a user's hook passes
 * through here; it holds a reference meanwhile, is not made on a closed
 * channel, and remembers which hook it was that failed.
 */
#include "internal.h"

#include <unistd.h>

bool
asyncore_always(struct asyncore_dispatcher *d)
{
	(void)d;
	return true;
}

bool
asyncore_never(struct asyncore_dispatcher *d)
{
	(void)d;
	return false;
}

static bool
has_cycle(const struct asyncore_class *cls)
{
	const struct asyncore_class *slow = cls, *fast = cls;

	while (fast != NULL && fast->base != NULL) {
		slow = slow->base;
		fast = fast->base->base;
		if (slow == fast)
			return true;
	}
	return false;
}

static bool
uses_reserved(const struct asyncore_class *cls)
{
	size_t i;

	for (i = 0; i < sizeof cls->reserved / sizeof cls->reserved[0]; i++)
		if (cls->reserved[i] != NULL)
			return true;
	return false;
}

/* What cls has from a class of the library's own; NULL: nothing. */
const struct asyncore__kind *
asyncore__class_kind(const struct asyncore_class *cls)
{
	while (cls != NULL && cls->internal == NULL)
		cls = cls->base;
	return cls != NULL ? cls->internal : NULL;
}

static unsigned
known_flags(const struct asyncore_class *cls)
{
	const struct asyncore__kind *kind = asyncore__class_kind(cls);

	return ASYNCORE_ASK_ON_CHANGE | (kind != NULL ? kind->flags : 0);
}

/* 0 and the size of the state, if instances can be made of cls. */
int
asyncore__class_check(const struct asyncore_class *cls, size_t *size)
{
	size_t above = SIZE_MAX;	/* what the class above has room for */

	if (cls == NULL || has_cycle(cls))
		return -EINVAL;
	for (*size = 0; cls != NULL; cls = cls->base) {
		if (uses_reserved(cls))
			return -ENOTSUP;
		if (cls->flags & ~known_flags(cls) ||
		    cls->instance_size > above)
			return -EINVAL;
		if (*size == 0)
			*size = cls->instance_size;
		if (cls->instance_size > 0)
			above = cls->instance_size;
	}
	return 0;
}

bool
asyncore__class_extends(const struct asyncore_class *cls,
    const struct asyncore_class *base)
{
	while (cls != NULL && cls != base)
		cls = cls->base;
	return cls == base;
}

const char *
asyncore__class_name(const struct asyncore_class *cls)
{
	while (cls->name == NULL)
		cls = asyncore__base_of(cls);
	return cls->name;
}

static enum asyncore__ask
ask_of(const struct asyncore_class *cls,
    bool (*predicate)(struct asyncore_dispatcher *d))
{
	if (predicate == asyncore_always || predicate == asyncore_never)
		return ASK_NEVER;
	if (cls->flags & ASYNCORE_ASK_ON_CHANGE)
		return ASK_ON_CHANGE;
	return ASK_EVERY_PASS;
}

/* Does anybody want to hear of out-of-band data? */
static bool
overrides_expt(const struct asyncore_dispatcher *d)
{
	const struct asyncore_class *hook, *router;

	ASYNCORE__FIND(hook, d, handle_expt);
	ASYNCORE__FIND(router, d, handle_expt_event);
	return hook->handle_expt != asyncore__default_expt ||
	    router->handle_expt_event != asyncore__default_expt_event;
}

/* Which of the slots that each message passes through are our own. */
static void
note_defaults(struct asyncore_dispatcher *d)
{
	const struct asyncore_class *r, *w;

	ASYNCORE__FIND(r, d, handle_read_event);
	ASYNCORE__FIND(w, d, handle_write_event);
	d->routes = r->handle_read_event == asyncore__default_read_event &&
	    w->handle_write_event == asyncore__default_write_event;
	ASYNCORE__FIND(r, d, recv);
	ASYNCORE__FIND(w, d, send);
	d->recvs = r->recv == asyncore__default_recv;
	d->sends = w->send == asyncore__default_send;
}

/* Finds the predicates, which a pass has no time to look up. */
void
asyncore__class_bind(struct asyncore_dispatcher *d)
{
	const struct asyncore_class *r, *w;
	enum asyncore__ask ask_r, ask_w;

	ASYNCORE__FIND(r, d, readable);
	ASYNCORE__FIND(w, d, writable);
	d->wants_expt = overrides_expt(d);
	note_defaults(d);
	d->readable = r->readable;
	d->always_readable = r->readable == asyncore_always;
	d->writable = w->writable;
	ask_r = ask_of(r, r->readable);
	ask_w = ask_of(w, w->writable);
	d->ask = (uint8_t)(ask_r > ask_w ? ask_r : ask_w);
	if (d->ask == ASK_NEVER)
		d->wish = (uint8_t)
		    ((d->readable == asyncore_always ? ASYNCORE_READ : 0) |
		    (d->writable == asyncore_always ? ASYNCORE_WRITE : 0));
}

static const char *const hook_names[] = {
	"", "handle_read", "handle_write", "handle_expt", "handle_connect",
	"handle_accepted", "handle_accept", "handle_close", "handle_error",
	"handle_eof", "handle_read_event", "handle_write_event",
	"handle_expt_event", "handle_connect_event", "handle_timeout",
	"collect_incoming_data", "found_terminator", "handle_overflow",
	"initiate_send", "connect_hostname"
};

const char *
asyncore__hook_name(enum asyncore__hook hook)
{
	return hook_names[hook];
}

static inline void
enter(struct asyncore_dispatcher *d, enum asyncore__hook hook)
{
	asyncore__hold(d);
	if (d->hooks++ == 0)
		d->failed = HOOK_NONE;
	d->map->counts.hooks[hook]++;
}

/* Of hooks inside of each other the one that failed first is named. */
static void
note_failure(struct asyncore_dispatcher *d, enum asyncore__hook hook, int err)
{
	if (d->failed != HOOK_NONE && d->failed_err == err)
		return;
	d->failed = (uint8_t)hook;
	d->failed_err = err;
}

static inline int
leave(struct asyncore_dispatcher *d, enum asyncore__hook hook, int err)
{
	d->hooks--;
	if (asyncore__raised(err))
		note_failure(d, hook, err);
	else
		d->failed = HOOK_NONE;
	asyncore__called(d);
	asyncore__drop(d);
	return err;
}

/* The same of a hook that may be looked at. */
void
asyncore__enter_hook(struct asyncore_dispatcher *d,
    struct asyncore__frame *f, enum asyncore__hook hook, long long argument)
{
	enter(d, hook);
	f->hook = hook;
	f->map = NULL;
	if (d->map->observed)
		asyncore__look_begin(d, f, argument);
}

int
asyncore__leave_hook(struct asyncore_dispatcher *d,
    struct asyncore__frame *f, int err)
{
	if (f->map != NULL)
		asyncore__look_end(d, f, err);
	return leave(d, f->hook, err);
}

static int
call_looked_at(struct asyncore_dispatcher *d, enum asyncore__hook hook,
    int (*fn)(struct asyncore_dispatcher *))
{
	struct asyncore__frame f;

	asyncore__enter_hook(d, &f, hook, 0);
	return asyncore__leave_hook(d, &f, fn(d));
}

static inline int
call(struct asyncore_dispatcher *d, enum asyncore__hook hook,
    int (*fn)(struct asyncore_dispatcher *))
{
	if (d->map->observed)
		return call_looked_at(d, hook, fn);
	enter(d, hook);
	return leave(d, hook, fn(d));
}

#define HOOK(slot, number)						\
int									\
asyncore_##slot(struct asyncore_dispatcher *d)				\
{									\
	const struct asyncore_class *cls;				\
									\
	if (d == NULL)							\
		return -EINVAL;						\
	if (d->closed)							\
		return 0;						\
	ASYNCORE__FIND(cls, d, slot);						\
	return call(d, number, cls->slot);				\
}

HOOK(handle_read, HOOK_READ)
HOOK(handle_write, HOOK_WRITE)
HOOK(handle_expt, HOOK_EXPT)
HOOK(handle_connect, HOOK_CONNECT)
HOOK(handle_accept, HOOK_ACCEPT)
HOOK(handle_eof, HOOK_EOF)
HOOK(handle_timeout, HOOK_TIMEOUT)
HOOK(handle_read_event, HOOK_READ_EVENT)
HOOK(handle_write_event, HOOK_WRITE_EVENT)
HOOK(handle_expt_event, HOOK_EXPT_EVENT)
HOOK(handle_connect_event, HOOK_CONNECT_EVENT)

/* What our own routers would call, where they have nothing else to do. */
static inline bool
needs_no_router(const struct asyncore_dispatcher *d)
{
	return d->routes && d->connected && !d->accepting &&
	    !d->map->observed;
}

int
asyncore__read_event(struct asyncore_dispatcher *d)
{
	return needs_no_router(d) ? asyncore_handle_read(d) :
	    asyncore_handle_read_event(d);
}

int
asyncore__write_event(struct asyncore_dispatcher *d)
{
	return needs_no_router(d) ? asyncore_handle_write(d) :
	    asyncore_handle_write_event(d);
}

int
asyncore_handle_accepted(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t addrlen)
{
	const struct asyncore_class *cls;
	struct asyncore__frame f;

	if (d == NULL || d->closed) {
		if (fd >= 0)
			close(fd);
		return d == NULL ? -EINVAL : 0;
	}
	ASYNCORE__FIND(cls, d, handle_accepted);
	asyncore__enter_hook(d, &f, HOOK_ACCEPTED, fd);
	return asyncore__leave_hook(d, &f,
	    cls->handle_accepted(d, fd, addr, addrlen));
}

/*
 * A handle_close() that reads what is left finds the connection gone again:
 * it is not called a second time inside of itself.
 */
int
asyncore_handle_close(struct asyncore_dispatcher *d)
{
	const struct asyncore_class *cls;
	struct asyncore__frame f;
	int err;

	if (d == NULL)
		return -EINVAL;
	if (d->closed || d->closing)
		return 0;
	ASYNCORE__FIND(cls, d, handle_close);
	asyncore__enter_hook(d, &f, HOOK_CLOSE, 0);
	d->closing = true;
	err = cls->handle_close(d);
	d->closing = false;
	return asyncore__leave_hook(d, &f, err);
}

int
asyncore_handle_error(struct asyncore_dispatcher *d, int err)
{
	const struct asyncore_class *cls;
	struct asyncore__frame f;
	uint8_t failed;

	if (d == NULL)
		return -EINVAL;
	if (d->closed)
		return 0;
	ASYNCORE__FIND(cls, d, handle_error);
	failed = d->failed;
	asyncore__enter_hook(d, &f, HOOK_ERROR, err);
	d->failed = failed;		/* which one it was is not forgotten */
	return asyncore__leave_hook(d, &f, cls->handle_error(d, err));
}

static bool
predicate(struct asyncore_dispatcher *d, const char *name,
    bool (*ask)(struct asyncore_dispatcher *))
{
	bool answer;

	asyncore__hold(d);
	d->map->counts.predicates++;
	answer = asyncore__answered(d, name, ask(d));
	asyncore__drop(d);
	return answer;
}

bool
asyncore_readable(struct asyncore_dispatcher *d)
{
	return d != NULL && !d->closed &&
	    predicate(d, "readable", d->readable);
}

bool
asyncore_writable(struct asyncore_dispatcher *d)
{
	return d != NULL && !d->closed &&
	    predicate(d, "writable", d->writable);
}

int
asyncore_accept(struct asyncore_dispatcher *d, struct sockaddr *addr,
    socklen_t *addrlen)
{
	const struct asyncore_class *cls;
	int fd;

	if (d == NULL || (addr != NULL && addrlen == NULL))
		return -EINVAL;
	if (d->closed)
		return -EAGAIN;
	ASYNCORE__FIND(cls, d, accept);
	asyncore__hold(d);
	fd = cls->accept(d, addr, addrlen);
	asyncore__called(d);
	asyncore__drop(d);
	return fd;
}

int
asyncore_close(struct asyncore_dispatcher *d)
{
	const struct asyncore_class *cls;
	int err;

	if (d == NULL)
		return -EINVAL;
	if (d->closed)
		return 0;
	ASYNCORE__FIND(cls, d, close);
	asyncore__hold(d);
	err = cls->close(d);
	asyncore__called(d);
	asyncore__drop(d);
	return err;
}

int
asyncore_add_channel(struct asyncore_dispatcher *d, struct asyncore_map *map)
{
	const struct asyncore_class *cls;
	int err;

	if (d == NULL || d->finalizing)
		return -EINVAL;
	ASYNCORE__FIND(cls, d, add_channel);
	asyncore__hold(d);
	err = cls->add_channel(d, map != NULL ? map : d->map);
	asyncore__drop(d);
	return err;
}

int
asyncore_del_channel(struct asyncore_dispatcher *d)
{
	const struct asyncore_class *cls;
	int err;

	if (d == NULL)
		return -EINVAL;
	ASYNCORE__FIND(cls, d, del_channel);
	asyncore__hold(d);
	err = cls->del_channel(d);
	asyncore__drop(d);
	return err;
}

void
asyncore__left_map(struct asyncore_dispatcher *d, struct asyncore_map *map)
{
	const struct asyncore_class *cls;

	ASYNCORE__FIND(cls, d, left_map);
	cls->left_map(d, map);
}

void
asyncore__finalize(struct asyncore_dispatcher *d)
{
	const struct asyncore_class *cls;

	ASYNCORE__FIND(cls, d, finalize);
	cls->finalize(d);
}

void
asyncore__log_message(struct asyncore_dispatcher *d, const char *message)
{
	const struct asyncore_class *cls;

	ASYNCORE__FIND(cls, d, log);
	asyncore__hold(d);
	cls->log(d, message);
	asyncore__called(d);
	asyncore__drop(d);
}

void
asyncore__log_info_message(struct asyncore_dispatcher *d, const char *message,
    const char *type)
{
	const struct asyncore_class *cls;

	ASYNCORE__FIND(cls, d, log_info);
	asyncore__hold(d);
	cls->log_info(d, message, type);
	asyncore__called(d);
	asyncore__drop(d);
}
