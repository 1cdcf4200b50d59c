/*
 * internal.h - what the library's files know of each other.
 *
 * Arrows point one way: file -> dispatcher, listener -> events -> class (which
 * calls the slots) -> map, poller -> ready, address, log.  A name with two
 * underscores crosses files and is not exported.
 */
#ifndef ASYNCORE_INTERNAL_H
#define ASYNCORE_INTERNAL_H

#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/util.h>

#include "asyncore.h"

/* A place in a circular list; the list's head is one too. */
struct asyncore__link {
	struct asyncore__link *prev, *next;
};

#define asyncore__of(link, member)					\
	((struct asyncore_dispatcher *)(void *)((char *)(link) -	\
	    offsetof(struct asyncore_dispatcher, member)))

static inline void
asyncore__list_init(struct asyncore__link *head)
{
	head->prev = head->next = head;
}

static inline bool
asyncore__list_empty(const struct asyncore__link *head)
{
	return head->next == head;
}

static inline void
asyncore__list_append(struct asyncore__link *head, struct asyncore__link *link)
{
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

static inline void
asyncore__list_remove(struct asyncore__link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	asyncore__list_init(link);
}

/* An address; one that is longer than IPv6's lives on the heap. */
struct asyncore__address {
	socklen_t len;
	union {
		struct sockaddr any;
		struct sockaddr_in6 in6;
		struct sockaddr *far;
	} u;
};

int asyncore__address_set(struct asyncore__address *a,
    const struct sockaddr *addr, socklen_t len);
void asyncore__address_move(struct asyncore__address *to,
    struct asyncore__address *from);
void asyncore__address_clear(struct asyncore__address *a);
const struct sockaddr *asyncore__address_get(
    const struct asyncore__address *a);
int asyncore__address_repr(const struct asyncore__address *a, char *buf,
    size_t size);

/* Hooks by number, for the name of the one that failed. */
enum asyncore__hook {
	HOOK_NONE, HOOK_READ, HOOK_WRITE, HOOK_EXPT, HOOK_CONNECT, HOOK_ACCEPTED,
	HOOK_ACCEPT, HOOK_CLOSE, HOOK_ERROR, HOOK_EOF, HOOK_READ_EVENT,
	HOOK_WRITE_EVENT, HOOK_EXPT_EVENT, HOOK_CONNECT_EVENT, HOOK_TIMEOUT,
	HOOK_COLLECT_INCOMING_DATA, HOOK_FOUND_TERMINATOR, HOOK_OVERFLOW,
	HOOK_INITIATE_SEND, HOOK_CONNECT_HOSTNAME, HOOK_COUNT
};

struct evbuffer;

/* What a class of the library's own adds to each instance. */
struct asyncore__kind {
	size_t size;			/* of d->extra, zeroed */
	unsigned flags;			/* that its classes may have */
	void (*init)(struct asyncore_dispatcher *d);
	void (*fini)(struct asyncore_dispatcher *d);
	/* Bytes in memory that are still to be sent. */
	size_t (*pending)(const struct asyncore_dispatcher *d);
	/* For bridge.c, where the kind has something to say.  0: instances can
	 * be made of cls. */
	int (*check)(const struct asyncore_class *cls);
	/* Makes all of `output` its own, without copying. */
	int (*take_output)(struct asyncore_dispatcher *d,
	    struct evbuffer *output);
	/* The reverse: adds what d has not handed out, and not sent.  On
	 * failure nothing has moved; -EBUSY: this is not the time. */
	int (*give_buffers)(struct asyncore_dispatcher *d,
	    struct evbuffer *input, struct evbuffer *output);
};

/* When the predicates of a class must be asked. */
enum asyncore__ask { ASK_NEVER, ASK_ON_CHANGE, ASK_EVERY_PASS };

/*
 * What few channels have, so that the others do not pay for it.  All that have
 * none of it share one, which is zero and never written to.
 */
struct asyncore__rare {
	char *ignore_log_types;		/* NULL: the default */
	struct asyncore__quota *quota;	/* see limits.c */
	size_t low, high;		/* marks of its output; 0: none */
	struct asyncore__call *calls;	/* that are tied to it */
	struct asyncore__lookup *lookup;	/* NULL: none; see resolve.c */
	long long timeout_call;
	double timeout, active_at;	/* 0: none; when something went */
	double looked_at;	/* active_at when its call last looked */
};

struct asyncore_dispatcher {
	/* What a pass reads of each channel it must ask: a cache line. */
	struct asyncore__link asked;	/* in map->asked, if every pass */
	bool (*readable)(struct asyncore_dispatcher *d);
	bool (*writable)(struct asyncore_dispatcher *d);
	uint64_t seq;			/* the order of insertion */
	struct asyncore_map *map;	/* its own; a counted reference */
	unsigned refs;
	uint32_t epoch;			/* one more for each descriptor */
	uint8_t wish;			/* what the predicates last answered */
	uint8_t armed;			/* the events that are added */
	uint8_t ready;			/* recorded in the wait under way */
	uint8_t standing_for;		/* ready without asking the kernel */
	bool in_map : 1, dirty : 1, due : 1, closed : 1;
	bool connected : 1, connecting : 1, accepting : 1;
	bool routes : 1;		/* read and write events as asyncore does */
	bool watched : 1;		/* from connect, listen, a given fd on */
	bool pollable : 1;		/* the kernel knows its readiness */
	bool stream : 1, datagram : 1;
	bool blocked : 1;		/* ask the kernel before writing */
	bool sent : 1;			/* a send took everything */
	bool eof : 1, paused : 1, pause_said : 1;
	bool closing : 1, finalizing : 1, stillborn : 1;
	bool wants_expt : 1, expt_watched : 1, debug : 1;
	bool always_readable : 1;	/* its predicate is ours */
	uint8_t ask;			/* enum asyncore__ask */
	uint8_t failed;			/* enum asyncore__hook: who raised */
	bool leaving : 1;		/* a map, not to be put back */
	bool never_writable : 1;	/* in the view of select */
	bool hung_up : 1;		/* and had no room then */
	bool in_arrears : 1;		/* could not be armed */
	bool starved : 1;		/* its producer has nothing for now */
	bool held_back : 1;		/* its output is above the marks */
	bool recvs : 1, sends : 1;	/* with our own methods */
	bool moody : 1;			/* other after each call, perhaps */
	bool timed : 1;			/* has an idle timeout */

	const struct asyncore_class *cls;
	const struct asyncore_transport *transport;	/* NULL: none, no fd */
	void *transport_state;
	int fd, failed_err;
	unsigned fed_in;		/* the wait that found it readable */
	unsigned hooks;			/* under way */
	struct asyncore__link all, changed, standing;
	struct asyncore__address addr;
	struct asyncore__rare *rare;
	const struct asyncore__kind *kind;	/* NULL: none */
	void *extra;			/* that kind's, behind the state */
	struct event read_event, write_event;
};

/* What a scheduled call does. */
struct asyncore__task {
	struct asyncore_map *map;
	struct asyncore_dispatcher *d;	/* that it is tied to, or NULL */
	int (*plain)(void *arg);
	int (*tied)(struct asyncore_dispatcher *d, void *arg);
	void *arg;
	double period;			/* 0: once */
	bool quiet;			/* does not keep the loop going */
	const struct timeval *queue;	/* for this period; NULL: the heap */
	const char *name;		/* in a trace; NULL: it is our own */
};

/* The name of a host, its addresses, and how far a connection has tried them. */
struct evdns_getaddrinfo_request;
struct asyncore__lookup {
	struct evdns_getaddrinfo_request *request;	/* under way */
	long long call;			/* 0: the result has been told */
	int gai;			/* getaddrinfo's result */
	struct evutil_addrinfo *answer, only;
	const struct evutil_addrinfo *next;	/* to try; NULL: no other */
	struct sockaddr_un local;	/* the address of `only` */
	char text[];			/* the name, and then the error */
};

/* Timers of one duration. */
#define ASYNCORE__QUEUES 16
struct asyncore__queue {
	double seconds;
	const struct timeval *tv;
};

/* A channel that is asked or ready, and the descriptor this is true of. */
struct asyncore__ready {
	struct asyncore_dispatcher *d;	/* a counted reference */
	uint64_t seq;
	uint32_t epoch;
	uint8_t armed;			/* when it was recorded */
	uint8_t bits;			/* directions, as recorded */
	short revents;			/* the same as poll(2)'s bits */
};

/* A walk over a list, which survives the removal of any link. */
struct asyncore__cursor {
	struct asyncore__link *next;
	struct asyncore__cursor *outer;
};

/* See stats.c. */
struct asyncore__counts {
	unsigned long long passes, predicates, interest_changes;
	unsigned long long bytes_in, bytes_out, errors, accept_pauses;
	unsigned long long hooks[HOOK_COUNT];
	double wait_time, hook_time, longest_hook;
	const char *longest_name;
};

/* A hook that is looked at: see trace.c. */
struct asyncore__frame {
	enum asyncore__hook hook;
	bool timed;
	struct asyncore_map *map;	/* counted; NULL: nobody looks */
	double start;
};

struct asyncore_map {
	struct event_base *base;
	bool own_base, freed, presume;
	bool waiting;			/* inside of event_base_loop */
	atomic_bool stop;		/* end all loops */
	bool ended;			/* end the inner one */
	bool spent;			/* the base's word of that: see wait.c */
	bool dispatching;		/* the inner pass has waited */
	bool by_poll;			/* the view of the last wait */
	bool in_arrears;		/* some channels are */
	bool attached;			/* the host runs the loop */
	bool in_pass, in_turn, turn_due;	/* see host.c */
	int result;			/* what left the host's loop */
	struct event turn;
	bool observed;			/* it is traced or timed */
	bool timing, tracing;		/* on; inside of trace() */
	void (*trace)(const struct asyncore_trace *event, void *arg);
	void *trace_arg;
	int trace_fd;			/* of ASYNCORE_TRACE, or -1 */
	bool trace_pipes;		/* no file: it may raise SIGPIPE */
	unsigned timed;			/* hooks under way */
	double wait_since;		/* 0: not timed */
	unsigned long long pass;	/* under way, or 0 */
	struct asyncore__counts counts;
	unsigned waits;			/* counts them */
	bool fresh;			/* what the last one said holds */
	size_t unspent;			/* what it said and nobody used up */
	unsigned refs;
	unsigned loops, walks;		/* under way */
	unsigned asking;		/* passes in their first step */
	size_t len;
	uint64_t next_seq;
	struct asyncore__link all;	/* in order of insertion */
	struct asyncore__link asked;	/* those asked every pass, in order */
	struct asyncore__link changed;	/* to be asked, or armed anew */
	struct asyncore__link standing;	/* ready without asking the kernel */
	struct asyncore__cursor *cursors;
	struct asyncore_dispatcher **by_fd;
	size_t by_fd_size;
	struct asyncore__ready *ready;	/* a stack: a frame a step */
	size_t ready_len, ready_size;
	struct pollfd *pollfds;
	size_t pollfds_size;
	size_t fetch, news;		/* see asyncore__wait() */
	struct event timer, resume;
	int expt_fd;			/* see expt.c; -1: none */
	pid_t expt_owner;		/* the process that opened it */
	bool expt_news;
	size_t expt_watched;
	struct event expt_event;
	void *scratch;			/* see chat_input.c */
	size_t scratch_size;
	bool reachable;			/* from other threads */
	int wakeup_fd;
	pid_t wakeup_owner;		/* the process that opened it */
	struct event wakeup;
	atomic_bool woken;
	_Atomic(struct asyncore__soon *) pushed;
	struct asyncore__soon *soon;	/* calls of others, in order */
	struct asyncore__interrupt *interrupts;
	bool interrupted;
	size_t pending;			/* they keep the loop going too */
	struct asyncore__place *places;	/* see call.c */
	uint32_t places_size, free_place;
	uint64_t next_call;
	struct asyncore__link due;	/* calls, in order when they run */
	bool due_unsorted;
	struct asyncore__queue queues[ASYNCORE__QUEUES];
	size_t n_queues;
	void (*log)(struct asyncore_map *map, const char *message,
	    const char *type, void *arg);
	void *log_arg;
	int accepted_fd;		/* of the accept under way, or -1 */
	struct asyncore__quota *accepted_quota;
	struct asyncore__address accepted_addr;
};

/* A loop of ours under way, and the one whose hook runs it. */
struct asyncore__run {
	struct asyncore_map *map;
	struct asyncore__run *outer;
};

/* A result that the loop must hear of. */
static inline bool
asyncore__raised(int err)
{
	return err < 0 && err != -EAGAIN;
}

static inline bool
asyncore__leaves_loop(int err)
{
	return err <= ASYNCORE_EXIT_NOW;
}

/* class.c */
static inline const struct asyncore_class *
asyncore__base_of(const struct asyncore_class *cls)
{
	return cls->base != NULL ? cls->base : &asyncore_dispatcher_class;
}

/* Sets c to the class, from d's own upwards, that fills the slot. */
#define ASYNCORE__FIND(c, d, slot)					\
	for ((c) = (d)->cls; (c)->slot == NULL;				\
	    (c) = asyncore__base_of(c))					\
		continue

int asyncore__class_check(const struct asyncore_class *cls, size_t *size);
bool asyncore__class_extends(const struct asyncore_class *cls,
    const struct asyncore_class *base);
const char *asyncore__class_name(const struct asyncore_class *cls);
void asyncore__class_bind(struct asyncore_dispatcher *d);
int asyncore__read_event(struct asyncore_dispatcher *d);
int asyncore__write_event(struct asyncore_dispatcher *d);
void asyncore__left_map(struct asyncore_dispatcher *d,
    struct asyncore_map *map);
void asyncore__finalize(struct asyncore_dispatcher *d);
const char *asyncore__hook_name(enum asyncore__hook hook);
void asyncore__enter_hook(struct asyncore_dispatcher *d,
    struct asyncore__frame *f, enum asyncore__hook hook, long long argument);
int asyncore__leave_hook(struct asyncore_dispatcher *d,
    struct asyncore__frame *f, int err);
const struct asyncore__kind *asyncore__class_kind(
    const struct asyncore_class *cls);
void asyncore__log_message(struct asyncore_dispatcher *d, const char *message);
void asyncore__map_log(struct asyncore_map *map, const char *type,
    const char *format, ...) ASYNCORE_PRINTF(3, 4);
void asyncore__log_info_message(struct asyncore_dispatcher *d,
    const char *message, const char *type);

/* events.c: the defaults of hooks and routers, and where errors go */
int asyncore__route_error(struct asyncore_dispatcher *d, int err);
int asyncore__so_error(const struct asyncore_dispatcher *d);
int asyncore__default_read(struct asyncore_dispatcher *d);
int asyncore__default_write(struct asyncore_dispatcher *d);
int asyncore__default_expt(struct asyncore_dispatcher *d);
int asyncore__default_connect(struct asyncore_dispatcher *d);
int asyncore__default_accepted(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t addrlen);
int asyncore__default_accept_hook(struct asyncore_dispatcher *d);
int asyncore__default_handle_close(struct asyncore_dispatcher *d);
int asyncore__default_eof(struct asyncore_dispatcher *d);
int asyncore__default_error(struct asyncore_dispatcher *d, int err);
int asyncore__default_read_event(struct asyncore_dispatcher *d);
int asyncore__default_write_event(struct asyncore_dispatcher *d);
int asyncore__default_expt_event(struct asyncore_dispatcher *d);
int asyncore__default_connect_event(struct asyncore_dispatcher *d);
bool asyncore__disconnected(int err);

/* dispatcher.c */
void asyncore__default_left_map(struct asyncore_dispatcher *d,
    struct asyncore_map *map);
void asyncore__default_finalize(struct asyncore_dispatcher *d);
extern struct asyncore__rare asyncore__nothing_rare;
struct asyncore__rare *asyncore__rare(struct asyncore_dispatcher *d);
struct asyncore_dispatcher *asyncore__new(const struct asyncore_class *cls,
    struct asyncore_map *map);
struct asyncore_dispatcher *asyncore__new_socket(
    const struct asyncore_class *cls, int fd, struct asyncore_map *map);
struct asyncore_dispatcher *asyncore__leave_to_map(
    struct asyncore_dispatcher *d);
void asyncore__begin_epoch(struct asyncore_dispatcher *d);
struct asyncore_dispatcher *asyncore__wrap_socket(
    const struct asyncore_class *cls, int *own, struct asyncore_map *map);
void asyncore__discard(struct asyncore_dispatcher *d);
void asyncore__dispose(struct asyncore_dispatcher *d);
int asyncore__adopt(struct asyncore_dispatcher *d,
    const struct asyncore_transport *transport, void *state, int fd);

/* channel.c: the default methods that move bytes */
ssize_t asyncore__default_send(struct asyncore_dispatcher *d, const void *data,
    size_t len);
ssize_t asyncore__default_recv(struct asyncore_dispatcher *d, void *buf,
    size_t len);
int asyncore__default_close(struct asyncore_dispatcher *d);
int asyncore__default_add_channel(struct asyncore_dispatcher *d,
    struct asyncore_map *map);
int asyncore__default_del_channel(struct asyncore_dispatcher *d);
int asyncore__close_transport(struct asyncore_dispatcher *d);
void asyncore__note_mood(struct asyncore_dispatcher *d);
void asyncore__set_transport(struct asyncore_dispatcher *d,
    const struct asyncore_transport *transport, void *state);
ssize_t asyncore__transport_send(const struct asyncore_dispatcher *d,
    const void *data, size_t len);
ssize_t asyncore__after_send(struct asyncore_dispatcher *d, ssize_t n,
    size_t len);

/* bridge.c */
bool asyncore__has_brought(const struct asyncore_dispatcher *d);

/* output.c */
ssize_t asyncore__flush(struct asyncore_dispatcher *d, struct evbuffer *out,
    size_t limit);
ssize_t asyncore__send_file(struct asyncore_dispatcher *d, int fd,
    long long offset, size_t len);

/* with_send.c */
extern const struct asyncore__kind asyncore__with_send_kind;

/* listener.c */
int asyncore__default_accept(struct asyncore_dispatcher *d,
    struct sockaddr *addr, socklen_t *addrlen);
void asyncore__on_resume(evutil_socket_t fd, short what, void *arg);
int asyncore__resume_soon(struct asyncore_map *map);

/* socket.c */
extern const struct asyncore_transport asyncore__socket_transport;
struct iovec;
ssize_t asyncore__socket_sendv(int fd, struct iovec *v, int n);
int asyncore__socket_create(int family, int type);
int asyncore__socket_type(int type);
int asyncore__socket_prepare(int fd);
int asyncore__socket_accept(int fd, struct sockaddr *addr, socklen_t *len);
int asyncore__socket_accepted(int fd);
bool asyncore__socket_has_ended(int fd);

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0		/* the socket has SO_NOSIGPIPE then */
#endif

static inline ssize_t
asyncore__socket_recv(int fd, void *buf, size_t len)
{
	ssize_t n;

	do
		n = recv(fd, buf, len, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static inline ssize_t
asyncore__socket_send(int fd, const void *buf, size_t len)
{
	ssize_t n;

	do
		n = send(fd, buf, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* sigpipe.c */
struct asyncore__sigpipe {
	bool was_pending;
	sigset_t old;
};
void asyncore__sigpipe_hold(struct asyncore__sigpipe *guard);
void asyncore__sigpipe_release(const struct asyncore__sigpipe *guard,
    bool raised);

/* expt.c */
int asyncore__expt_watch(struct asyncore_dispatcher *d, bool on);
int asyncore__expt_prepare(struct asyncore_map *map);
int asyncore__expt_collect(struct asyncore_map *map,
    void (*found)(struct asyncore_dispatcher *));
void asyncore__expt_rest(struct asyncore_map *map);
void asyncore__expt_free(struct asyncore_map *map);

/* file.c */
bool asyncore__file_owns(const struct asyncore_transport *transport);

/* map.c */
struct asyncore_map *asyncore__map_or_default(struct asyncore_map *map);
void asyncore__map_ref(struct asyncore_map *map);
void asyncore__map_unref(struct asyncore_map *map);
struct asyncore_dispatcher *asyncore__map_find(const struct asyncore_map *map,
    int fd);
int asyncore__map_enter(struct asyncore_map *map,
    struct asyncore_dispatcher *d);
void asyncore__map_leave(struct asyncore_dispatcher *d);
void asyncore__map_leave_for_good(struct asyncore_dispatcher *d);
void asyncore__set_view(struct asyncore_map *map, bool by_poll);

static inline void
asyncore__cursor_open(struct asyncore_map *map, struct asyncore__cursor *c,
    struct asyncore__link *head)
{
	c->next = head->next;
	c->outer = map->cursors;
	map->cursors = c;
}

static inline void
asyncore__cursor_close(struct asyncore_map *map, struct asyncore__cursor *c)
{
	map->cursors = c->outer;
}

/* ready.c: the stack of frames */
int asyncore__ready_reserve(struct asyncore_map *map);
void asyncore__ready_sort(struct asyncore_map *map, size_t frame);
void asyncore__ready_pop(struct asyncore_map *map, size_t frame);

/* clock.c */
double asyncore__now(void);
struct timeval asyncore__timeval(double seconds);
int asyncore__timer_add(struct asyncore_map *map, struct event *timer,
    double seconds);

/* call.c */
long long asyncore__schedule(const struct asyncore__task *task,
    double seconds);
void asyncore__calls_end(struct asyncore_dispatcher *d);
void asyncore__calls_free(struct asyncore_map *map);
void asyncore__call_now(struct asyncore_map *map, long long id);
int asyncore__run_calls(struct asyncore_map *map);
int asyncore__run_task(const struct asyncore__task *t, long long id);

/* wakeup.c */
void asyncore__wakeup_free(struct asyncore_map *map);
void asyncore__soon_take(struct asyncore_map *map);
int asyncore__run_soon(struct asyncore_map *map);

/* Are there any that have not run? */
static inline bool
asyncore__has_soon(const struct asyncore_map *map)
{
	return map->reachable &&
	    (map->soon != NULL || atomic_load(&map->pushed) != NULL);
}

/* interrupt.c */
void asyncore__interrupts_free(struct asyncore_map *map);
int asyncore__interrupted(struct asyncore_map *map);

/* limits.c */
bool asyncore__quota_is_full(const struct asyncore_dispatcher *d);
void asyncore__quota_remember(struct asyncore_map *map,
    struct asyncore__quota *q);
int asyncore__quota_join(struct asyncore_dispatcher *d,
    struct asyncore__quota *q);
void asyncore__quota_leave(struct asyncore_dispatcher *d);
bool asyncore__is_held_back(struct asyncore_dispatcher *d);

/* resolve.c */
struct evdns_base;
int asyncore__lookup_new(struct asyncore_dispatcher *d, int family,
    const char *host);
int asyncore__lookup_start(struct asyncore_dispatcher *d,
    struct evdns_base *dns, int family, int port,
    int (*told)(struct asyncore_dispatcher *d, void *arg));
void asyncore__lookup_answered(struct asyncore__lookup *l, int gai,
    struct evutil_addrinfo *answer);
int asyncore__lookup_result(struct asyncore__lookup *l);
void asyncore__lookup_end(struct asyncore_dispatcher *d);
void asyncore__lookup_free(struct asyncore__lookup *l);
bool asyncore__is_resolving(const struct asyncore_dispatcher *d);

/* hostname.c */
int asyncore__connect_next(struct asyncore_dispatcher *d, int err);

/* idle.c */
int asyncore__default_timeout(struct asyncore_dispatcher *d);

/* As asyncore_ref() and asyncore_unref(), for what is not NULL. */
static inline struct asyncore_dispatcher *
asyncore__hold(struct asyncore_dispatcher *d)
{
	d->refs++;
	return d;
}

static inline void
asyncore__drop(struct asyncore_dispatcher *d)
{
	if (--d->refs == 0)
		asyncore__dispose(d);
}

/* What we did may have made others ready. */
static inline void
asyncore__stir(struct asyncore_map *map)
{
	map->fresh = false;
}

/* A stream gave less than was asked for: there is no more for now. */
static inline void
asyncore__spent(struct asyncore_dispatcher *d)
{
	if (d->fed_in == 0 || d->fed_in != d->map->waits || !d->stream ||
	    d->transport != &asyncore__socket_transport)
		return;
	d->fed_in = 0;
	d->map->unspent--;
}

/* Something went over the channel. */
static inline void
asyncore__note_activity(struct asyncore_dispatcher *d)
{
	if (d->timed)
		d->rare->active_at = asyncore__now();
}

/* trace.c: who looks inside */
void asyncore__observe(struct asyncore_map *map);
void asyncore__trace(struct asyncore_map *map, struct asyncore_dispatcher *d,
    enum asyncore_trace_kind kind, const char *name, long long argument,
    long long result);
void asyncore__look_begin(struct asyncore_dispatcher *d,
    struct asyncore__frame *f, long long argument);
void asyncore__look_end(struct asyncore_dispatcher *d,
    struct asyncore__frame *f, int err);
void asyncore__look_at_wait(struct asyncore_map *map);
void asyncore__look_at_found(struct asyncore_map *map, size_t ready);

/* Free where nobody looks. */
static inline void
asyncore__note(struct asyncore_map *map, struct asyncore_dispatcher *d,
    enum asyncore_trace_kind kind, const char *name, long long result)
{
	if (map->observed)
		asyncore__trace(map, d, kind, name, 0, result);
}

/* Answers the number of the pass that is under way outside of it. */
static inline unsigned long long
asyncore__pass_begin(struct asyncore_map *map)
{
	const unsigned long long outer = map->pass;

	map->pass = ++map->counts.passes;
	asyncore__note(map, NULL, ASYNCORE_TRACE_PASS_BEGIN, "", 0);
	return outer;
}

static inline void
asyncore__pass_end(struct asyncore_map *map, unsigned long long outer,
    int err)
{
	asyncore__note(map, NULL, ASYNCORE_TRACE_PASS_END, "", err);
	map->pass = outer;
}

static inline void
asyncore__waiting(struct asyncore_map *map)
{
	if (map->observed)
		asyncore__look_at_wait(map);
}

/* `ready` channels were found. */
static inline void
asyncore__waited(struct asyncore_map *map, size_t ready)
{
	if (map->observed)
		asyncore__look_at_found(map, ready);
}

/* A predicate has answered. */
static inline bool
asyncore__answered(struct asyncore_dispatcher *d, const char *name,
    bool answer)
{
	asyncore__note(d->map, d, ASYNCORE_TRACE_PREDICATE, name, answer);
	return answer;
}

/* trace_json.c */
void asyncore__trace_open(struct asyncore_map *map);
void asyncore__trace_close(struct asyncore_map *map);
void asyncore__trace_write(struct asyncore_map *map,
    const struct asyncore_trace *e);

/* stats.c */
void asyncore__time_hook(struct asyncore_map *map, enum asyncore__hook hook,
    double seconds);

/* pass.c */
int asyncore__ask_all(struct asyncore_map *map);
int asyncore__dispatch(struct asyncore_map *map, size_t frame, bool use_poll);
void asyncore__pay_arrears(struct asyncore_map *map);

/* host.c */
void asyncore__host_want_turn(struct asyncore_map *map);
void asyncore__host_wake_later(struct asyncore_map *map);
void asyncore__on_turn(evutil_socket_t fd, short what, void *arg);

/* Something of an attached map has changed: it must have a turn. */
static inline void
asyncore__host_wake(struct asyncore_map *map)
{
	if (map->attached)
		asyncore__host_want_turn(map);
}

/* Is it still the channel and the descriptor that the entry means? */
static inline bool
asyncore__ready_live(const struct asyncore_map *map, size_t i)
{
	const struct asyncore__ready *r = &map->ready[i];

	return r->d->in_map && r->d->map == map && r->d->epoch == r->epoch;
}

/* What it is to be watched for must be computed again before the next wait. */
static inline void
asyncore__changed(struct asyncore_dispatcher *d)
{
	if (!d->in_map || d->dirty)
		return;
	d->dirty = true;
	asyncore__list_append(&d->map->changed, &d->changed);
	asyncore__host_wake(d->map);
}

static inline void
asyncore__unchanged(struct asyncore_dispatcher *d)
{
	if (d->dirty)
		asyncore__list_remove(&d->changed);
	d->dirty = d->due = false;
}

/* A hook of it ran, or a call was made on it. */
static inline void
asyncore__called(struct asyncore_dispatcher *d)
{
	if (!d->moody && !d->map->attached)
		return;
	if (d->moody)
		asyncore__changed(d);
	asyncore__host_wake(d->map);
}

/*
 * Sends what a hook or router answered where it belongs.  Answers 0, or what
 * leaves the loop.  The caller holds a reference.
 */
static inline int
asyncore__route(struct asyncore_dispatcher *d, int err)
{
	return asyncore__raised(err) ? asyncore__route_error(d, err) : 0;
}

/* There is room: see asyncore__ready_reserve(). */
static inline void
asyncore__ready_push(struct asyncore_map *map, struct asyncore_dispatcher *d)
{
	map->ready[map->ready_len++] = (struct asyncore__ready) {
		.d = asyncore__hold(d), .seq = d->seq, .epoch = d->epoch,
		.armed = d->armed
	};
}

/* Until the wait is over, when asyncore__wait_end() looks at it. */
static inline void
asyncore__record(struct asyncore_dispatcher *d, unsigned bits)
{
	if (d->ready == 0)
		asyncore__ready_push(d->map, d);
	d->ready |= (uint8_t)bits;
}

/* What is recorded: the kernel's word in the low bits, what stands above. */
#define ASYNCORE__EXPT 0x4u	/* out-of-band data */
#define ASYNCORE__KERNEL (ASYNCORE_READ | ASYNCORE_WRITE | ASYNCORE__EXPT)
#define ASYNCORE__STANDING_SHIFT 4

/* poller.c: the only file that knows libevent's I/O events */
void asyncore__poller_enter(struct asyncore_dispatcher *d);
void asyncore__poller_leave(struct asyncore_dispatcher *d);
unsigned asyncore__interest(struct asyncore_dispatcher *d);
int asyncore__settle(struct asyncore_dispatcher *d);
void asyncore__set_blocked(struct asyncore_dispatcher *d, bool blocked);
void asyncore__record_standing(struct asyncore_map *map);
void asyncore__forget(struct asyncore_dispatcher *d);

/* wait.c */
bool asyncore__may_have_more(struct asyncore_map *map);
int asyncore__wait_begin(struct asyncore_map *map);
int asyncore__wait_end(struct asyncore_map *map, size_t frame, bool use_poll);
int asyncore__wait(struct asyncore_map *map, double timeout, bool use_poll);
void asyncore__note_end(struct asyncore_map *map);
void asyncore__run_begin(struct asyncore__run *run,
    struct asyncore_map *map);
void asyncore__run_end(const struct asyncore__run *run, bool ended);

/* log.c */
void asyncore__default_log(struct asyncore_dispatcher *d, const char *message);
void asyncore__default_log_info(struct asyncore_dispatcher *d,
    const char *message, const char *type);

/*
 * The slots of dispatcher, for the class objects that share most of them: each
 * object has every slot filled.
 */
#define ASYNCORE__DISPATCHER_SLOTS(r, w, on_read, on_write, on_close, sending)	\
	.readable = (r),						\
	.writable = (w),						\
	.handle_read = (on_read),					\
	.handle_write = (on_write),					\
	.handle_expt = asyncore__default_expt,				\
	.handle_connect = asyncore__default_connect,			\
	.handle_accepted = asyncore__default_accepted,			\
	.handle_accept = asyncore__default_accept_hook,			\
	.handle_close = (on_close),					\
	.handle_error = asyncore__default_error,			\
	.handle_eof = asyncore__default_eof,				\
	.handle_timeout = asyncore__default_timeout,			\
	.handle_read_event = asyncore__default_read_event,		\
	.handle_write_event = asyncore__default_write_event,		\
	.handle_expt_event = asyncore__default_expt_event,		\
	.handle_connect_event = asyncore__default_connect_event,	\
	.send = (sending),						\
	.recv = asyncore__default_recv,					\
	.accept = asyncore__default_accept,				\
	.close = asyncore__default_close,				\
	.add_channel = asyncore__default_add_channel,			\
	.del_channel = asyncore__default_del_channel,			\
	.log = asyncore__default_log,					\
	.log_info = asyncore__default_log_info,				\
	.left_map = asyncore__default_left_map,				\
	.finalize = asyncore__default_finalize

#define ASYNCORE__PLAIN_SLOTS						\
	ASYNCORE__DISPATCHER_SLOTS(asyncore_always, asyncore_always,	\
	    asyncore__default_read, asyncore__default_write,		\
	    asyncore__default_handle_close, asyncore__default_send)

#endif /* ASYNCORE_INTERNAL_H */
