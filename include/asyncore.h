/*
 * asyncore.h - Python's asyncore in C, on libevent.
 *
 * THE MODEL
 *
 * A dispatcher wraps a socket or a file.  While it is in a map it is one of
 * the map's channels.  A pass of the loop asks the predicates of its channels,
 * readable() and writable(), waits once in libevent until something that
 * somebody wished for is ready, and then runs the hooks of the ready channels:
 * handle_read(), handle_write(), handle_accept() and so on.  asyncore_loop()
 * runs passes until the map is empty.
 *
 * A class is a constant table of functions, its slots.  A slot left NULL is
 * inherited from .base, and at last from asyncore_dispatcher_class, which has
 * every slot filled.  A method of the base class is called through the base
 * class's object:
 *
 *	static int
 *	hello_read(struct asyncore_dispatcher *d)
 *	{
 *		struct hello *self = asyncore_self(d);
 *		ssize_t n = asyncore_recv(d, self->buf, sizeof self->buf);
 *
 *		return n > 0 ? (int)asyncore_send(d, self->buf, (size_t)n) : (int)n;
 *	}
 *
 *	static const struct asyncore_class hello_class = {
 *		.name = "Hello",
 *		.instance_size = sizeof(struct hello),
 *		.writable = asyncore_never,
 *		.handle_read = hello_read,
 *	};
 *
 * OWNERSHIP
 *
 * A dispatcher is counted: its constructor gives the caller one reference, the
 * map holds one while the channel is in it, and the library holds one while a
 * hook runs.  asyncore_unref() is therefore legal anywhere, in a hook too, on
 * oneself or on another channel.  When the last reference goes, a descriptor
 * that is still open is closed, .finalize runs once, and the memory is freed.
 *
 * ERRORS
 *
 * Functions answer 0 or a count, or a negative errno value; constructors
 * answer NULL and set errno.  A hook "raises" by returning a negative errno
 * value, which the library gives to handle_error().  -EAGAIN from a hook is a
 * normal return ("nothing there after all"), and so is anything >= 0.  A value
 * below -4095, such as ASYNCORE_EXIT_NOW, is caught by nobody: it leaves the
 * loop and becomes its result.
 *
 * WHERE AND WHEN
 *
 * Unless its contract says otherwise, every function may be called at any
 * time: before the loop, from every hook and predicate, and from callbacks of
 * other libevent events on the same base.  A map and its channels belong to
 * one thread.  A NULL dispatcher is answered with -EINVAL (NULL, false or -1
 * where the function cannot answer with an error), never with a crash.
 *
 * A closed channel has no hooks: the asyncore_handle_*() functions do nothing
 * on it and answer 0, and a channel closed by one hook gets no other hook.
 * Times are seconds, sizes are bytes.
 */
#ifndef ASYNCORE_H
#define ASYNCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define ASYNCORE_PRINTF(format, first) \
	__attribute__((__format__(__printf__, format, first)))
#else
#define ASYNCORE_PRINTF(format, first)
#endif

struct bufferevent;
struct evbuffer;
struct evconnlistener;
struct evdns_base;
struct event_base;
struct asyncore_dispatcher;
struct asyncore_map;
struct asyncore_transport;

/*
 * asyncore.ExitNow: the value a hook returns to leave every loop that does not
 * stop it.  It and all values below it pass unchanged through the library and
 * are the result of asyncore_loop(), so that a binding may have its own.
 */
#define ASYNCORE_EXIT_NOW (-4096)

/* KeyboardInterrupt: see asyncore_interrupt_on(). */
#define ASYNCORE_KEYBOARD_INTERRUPT (-4097)

/*
 * The words for what a function, a hook or the loop has answered: "Connection
 * refused" for -ECONNREFUSED, and words of our own for ASYNCORE_EXIT_NOW, its
 * like and what is below.  It takes results as they are, so that nobody has to
 * turn the sign; a positive number is taken for errno, which constructors set:
 * asyncore_strerror(errno).  Never NULL; does not change errno.  A constant,
 * or memory of the calling thread's, good until that thread's next call; from
 * any thread.  (One string and no buffer, as strerror(3), because it stands in
 * the arguments of a printf.)
 */
const char *asyncore_strerror(int err);

/* ------------------------------------------------------------------------
 * Classes
 * ------------------------------------------------------------------------ */

/*
 * .flags: the class's own predicates depend only on its own state, so that
 * they need to be asked again only after one of its hooks ran, after a call on
 * the channel, or after asyncore_touch().  Without it they are asked before
 * every pass, as in Python.  Inherited with the predicates it speaks of: a
 * class that overrides a predicate says it anew or is asked every pass.
 */
#define ASYNCORE_ASK_ON_CHANGE 0x1u

/*
 * A class.  Usually static const; it must outlive its instances.  No slot is
 * mandatory.  The struct never changes its size or the place of a slot within
 * one soname: new slots take places of `reserved`, which a program that was
 * compiled earlier left NULL.  A constructor refuses (ENOTSUP) a class whose
 * reserved places are in use: it was compiled for a later release.
 */
struct asyncore_class {
	/* The name in logs and in asyncore_repr(); inherited if NULL. */
	const char *name;
	/* The class that it extends; NULL for asyncore_dispatcher_class. */
	const struct asyncore_class *base;
	/*
	 * The size of the instance's state, which begins with the state of
	 * `base`; 0 if it adds nothing.
	 */
	size_t instance_size;
	unsigned flags;

	/* -- Predicates: shall the channel be watched?  Both true by default.
	 * Asked in the order of insertion, readable() first. */
	bool (*readable)(struct asyncore_dispatcher *d);
	bool (*writable)(struct asyncore_dispatcher *d);

	/* -- Hooks.  The defaults of the first five log "unhandled ... event"
	 * as a warning, which is ignored by default. */

	/* There is something to read.  A hook that does not read it is called
	 * again in the next pass. */
	int (*handle_read)(struct asyncore_dispatcher *d);
	/* There is room to write. */
	int (*handle_write)(struct asyncore_dispatcher *d);
	/* Out-of-band data has come.  Only a class that overrides it is
	 * watched for that.  Called in each pass until the byte is read. */
	int (*handle_expt)(struct asyncore_dispatcher *d);
	/* The connection is established; asyncore_connected() turns true when
	 * it returns without an error. */
	int (*handle_connect)(struct asyncore_dispatcher *d);
	/* A listener accepted `fd` (non-blocking, close-on-exec), which is now
	 * the hook's, also if it fails; `addr` is the peer's and is borrowed.
	 * The default closes it.  An error it returns is logged and costs the
	 * listener nothing. */
	int (*handle_accepted)(struct asyncore_dispatcher *d, int fd,
	    const struct sockaddr *addr, socklen_t addrlen);
	/* A listener has a connection waiting.  The default accepts one and
	 * calls handle_accepted(). */
	int (*handle_accept)(struct asyncore_dispatcher *d);
	/* The connection is gone.  The default calls asyncore_close().  A
	 * class that overrides it closes, or will be called again. */
	int (*handle_close)(struct asyncore_dispatcher *d);
	/* A hook raised `err`, a negative errno value.  The default logs it,
	 * with the hook's name, and calls handle_close().  If it fails itself,
	 * that is logged and the channel is closed. */
	int (*handle_error)(struct asyncore_dispatcher *d, int err);
	/* The peer has finished sending (recv found the end of a stream).  The
	 * default calls handle_close().  A class that overrides it may go on
	 * sending; the channel is not watched for reading any more.  Differs:
	 * asyncore has only handle_close(). */
	int (*handle_eof)(struct asyncore_dispatcher *d);
	/* Nothing went over it for as long as asyncore_set_timeout() says.  The
	 * default calls handle_close().  A class that does not close is called
	 * again after the same time.  asyncore has no such thing. */
	int (*handle_timeout)(struct asyncore_dispatcher *d);

	/* -- Routers: what the loop calls.  The defaults decide which hook a
	 * readiness means, as asyncore's methods of the same name. */
	int (*handle_read_event)(struct asyncore_dispatcher *d);
	int (*handle_write_event)(struct asyncore_dispatcher *d);
	int (*handle_expt_event)(struct asyncore_dispatcher *d);
	int (*handle_connect_event)(struct asyncore_dispatcher *d);

	/* -- Methods that programs override.  See the functions of the same
	 * names; an override calls the base class's slot for the real work. */
	ssize_t (*send)(struct asyncore_dispatcher *d, const void *data,
	    size_t len);
	ssize_t (*recv)(struct asyncore_dispatcher *d, void *buf, size_t len);
	int (*accept)(struct asyncore_dispatcher *d, struct sockaddr *addr,
	    socklen_t *addrlen);
	int (*close)(struct asyncore_dispatcher *d);
	int (*add_channel)(struct asyncore_dispatcher *d,
	    struct asyncore_map *map);
	int (*del_channel)(struct asyncore_dispatcher *d);
	/* The defaults write "log: message" to stderr, and "type: message" to
	 * stdout unless the type is ignored. */
	void (*log)(struct asyncore_dispatcher *d, const char *message);
	void (*log_info)(struct asyncore_dispatcher *d, const char *message,
	    const char *type);

	/* -- Life. */

	/* The channel has just left `map`: closed, deleted, moved or given up.
	 * For bindings, which keep a reference of their own for each channel
	 * of a map. */
	void (*left_map)(struct asyncore_dispatcher *d,
	    struct asyncore_map *map);
	/* The last reference is gone, the descriptor closed: free what the
	 * state owns.  No hook runs then or later.  Not called by a
	 * constructor that fails.  A class that extends
	 * another one calls the other's finalize at its end. */
	void (*finalize)(struct asyncore_dispatcher *d);

	/* For the library's own classes; NULL in yours. */
	const void *internal;
	/* Room for later releases; NULL. */
	void (*reserved[16])(void);
};

/*
 * asyncore.dispatcher: the root of all classes, every slot filled, so that
 * asyncore_dispatcher_class.handle_close(d) is
 * asyncore.dispatcher.handle_close(d).
 */
extern const struct asyncore_class asyncore_dispatcher_class;

/*
 * asyncore.dispatcher_with_send: send() takes everything, sends at most 65536
 * bytes at once, and the rest when there is room.  It answers len; less only
 * where memory is short, and 0 where the connection is gone.
 */
extern const struct asyncore_class asyncore_dispatcher_with_send_class;

/*
 * asyncore.file_dispatcher: a file, pipe or terminal.  It is born connected.
 * Files for which the system knows no readiness (regular files) are always
 * ready.
 */
extern const struct asyncore_class asyncore_file_dispatcher_class;

/*
 * Predicates for a class that need not be asked: the library knows them by
 * their address, and a channel of which it knows both costs nothing in a pass
 * in which nothing happens to it.  (So do not link with -Bsymbolic.)
 */
bool asyncore_always(struct asyncore_dispatcher *d);
bool asyncore_never(struct asyncore_dispatcher *d);

/* ------------------------------------------------------------------------
 * Life
 * ------------------------------------------------------------------------ */

/*
 * dispatcher(map=map): a dispatcher without a descriptor, in no map yet; it
 * enters `map` (NULL: asyncore_socket_map()) with its descriptor.  The caller
 * owns the reference.  NULL: errno is ENOMEM; EINVAL where cls is NULL, its
 * bases form a cycle, its instance_size is smaller than its base's, it has
 * flags that are unknown, or map was freed; ENOTSUP where it was compiled for
 * a later release.
 */
struct asyncore_dispatcher *asyncore_new(const struct asyncore_class *cls,
    struct asyncore_map *map);

/*
 * dispatcher(sock, map): the same around the socket `fd`, which becomes
 * non-blocking and close-on-exec.  It is connected if it has a peer.  It owns
 * `fd`, also on failure (it is closed then), but for one case: EEXIST says
 * that a channel of the map has this descriptor already, and it stays that
 * channel's.  Errors: as asyncore_new(), EBADF, ENOTSOCK, and what getpeername
 * and fcntl say.
 */
struct asyncore_dispatcher *asyncore_new_socket(
    const struct asyncore_class *cls, int fd, struct asyncore_map *map);

/*
 * file_dispatcher(fd, map): around a duplicate of `fd`, so that the caller's
 * own stays his to close.  The open file becomes non-blocking.  `cls` has
 * asyncore_file_dispatcher_class among its bases (else EINVAL).
 */
struct asyncore_dispatcher *asyncore_new_file(const struct asyncore_class *cls,
    int fd, struct asyncore_map *map);

/*
 * As asyncore_new_socket(), but the map alone holds it, as a server wants it:
 * the pointer is borrowed, and good until the channel leaves the map.  Any call
 * that can run its hooks, such as asyncore_send(), may bring that about: take a
 * reference to use it afterwards.  EBADF, too: an add_channel() of its own has
 * kept it out of the map, and nobody holds it.
 */
struct asyncore_dispatcher *asyncore_spawn(const struct asyncore_class *cls,
    int fd, struct asyncore_map *map);

/* Takes one more reference; answers d. */
struct asyncore_dispatcher *asyncore_ref(struct asyncore_dispatcher *d);

/* Gives a reference back.  NULL is fine. */
void asyncore_unref(struct asyncore_dispatcher *d);

/*
 * The instance's state: instance_size bytes, zero at first, aligned for any
 * type, in the dispatcher's own allocation.
 */
void *asyncore_self(const struct asyncore_dispatcher *d);

/* ------------------------------------------------------------------------
 * dispatcher's methods
 * ------------------------------------------------------------------------ */

/*
 * d.add_channel(map): puts d into `map` (NULL: its own), behind all others.
 * A channel is in one map at a time: it leaves the one it was in.  Nothing
 * happens if it is in that map already.  -EBADF: it has no descriptor.
 * -EEXIST: another channel of the map has the same one.  -ENOMEM, -EINVAL (the
 * map was freed).  On failure it is in no map.  Virtual.
 */
int asyncore_add_channel(struct asyncore_dispatcher *d,
    struct asyncore_map *map);

/*
 * d.del_channel(): takes d out of its map; the descriptor stays open and d's.
 * The map's reference goes.  0 also where it was in none.  Virtual.
 */
int asyncore_del_channel(struct asyncore_dispatcher *d);

/*
 * d.create_socket(family, type): a new socket, non-blocking and close-on-exec,
 * and d enters its map.  -EBUSY: it has a descriptor, close it first.  Else
 * what socket(2) and asyncore_add_channel() say.  A stream socket is not
 * watched before it connects or listens.
 */
int asyncore_create_socket(struct asyncore_dispatcher *d, int family,
    int type);

/*
 * d.set_socket(sock): d gets the socket `fd` and enters its map.  It owns `fd`
 * also on failure, but for -EEXIST, as asyncore_new_socket().  Leaves
 * connected and addr as they are, as in Python.  -EBUSY: it has a descriptor.
 */
int asyncore_set_socket(struct asyncore_dispatcher *d, int fd);

/*
 * Gives the descriptor up: d leaves its map and is as after a close, but the
 * descriptor stays open and is the caller's.  Answers it, or -ENOTCONN (there
 * is none), or -ENOTSUP (a transport of one's own cannot be taken off, nor one
 * with input of a bufferevent's that is not read yet).
 */
int asyncore_detach(struct asyncore_dispatcher *d);

/*
 * d.set_reuse_addr(): SO_REUSEADDR.  Answers the error that Python swallows;
 * -EBADF where there is no descriptor.
 */
int asyncore_set_reuse_addr(struct asyncore_dispatcher *d);

/*
 * d.listen(backlog): d becomes a listener.  -EINVAL: backlog < 0.  -EBADF: no
 * descriptor.  Else what listen(2) says; d is then no listener.
 */
int asyncore_listen(struct asyncore_dispatcher *d, int backlog);

/*
 * d.bind(addr): binds, and asyncore_addr() is `addr` from then on.  -EINVAL:
 * addr is NULL, or its length is wrong.  Else what bind(2) says.
 */
int asyncore_bind(struct asyncore_dispatcher *d, const struct sockaddr *addr,
    socklen_t addrlen);

/*
 * d.connect(addr): 0 when the connection is under way, or made at once, in
 * which case handle_connect() has run before it returns.  A connection that
 * fails later is reported to handle_error(), never to handle_connect().
 * Errors: what connect(2) says (-EAGAIN, too, where the queue of a local
 * listener is full), or what handle_connect() raised; d is then not connecting,
 * and open unless that hook closed it.
 */
int asyncore_connect(struct asyncore_dispatcher *d,
    const struct sockaddr *addr, socklen_t addrlen);

/*
 * d.accept(): the next connection waiting at the listener, non-blocking and
 * close-on-exec; the descriptor is the caller's.  `addr` and `addrlen` are as
 * those of accept(2); both may be NULL.  -EAGAIN where Python answers None,
 * that is: none is there, or the peer has given it up, or the network had an
 * error that accept(2) says to pass over.  Differs: where descriptors or memory
 * run out (EMFILE, ENFILE, ENOBUFS, ENOMEM) that is logged once, the listener
 * pauses for a moment, and the answer is -EAGAIN.  Virtual.
 */
int asyncore_accept(struct asyncore_dispatcher *d, struct sockaddr *addr,
    socklen_t *addrlen);

/*
 * d.send(data): sends what fits.  Answers the number of bytes taken; 0 also
 * for "not now", and where the connection is gone: handle_close() has run
 * then.  Never raises SIGPIPE.  Other failures: a negative errno value, and
 * what handle_close() raised.  On a closed channel: 0.  -ENOTCONN: d never had
 * a descriptor.  Virtual.
 */
ssize_t asyncore_send(struct asyncore_dispatcher *d, const void *data,
    size_t len);

/*
 * d.recv(size): receives at most `len` bytes.  > 0: a count.  0: the connection
 * is gone, and handle_close() (or handle_eof(), at the end of a stream) has
 * run.  -EAGAIN: nothing is there; a hook may return it as it is.  Other
 * failures: a negative errno value, and what the hook raised.  On a datagram
 * socket 0 is an empty datagram.  On a closed channel: 0, and no hook.
 * -EINVAL: len is 0.  -ENOTCONN: d never had a descriptor.  Virtual.
 */
ssize_t asyncore_recv(struct asyncore_dispatcher *d, void *buf, size_t len);

/*
 * d.close(): d leaves its map, the descriptor is closed, no hook of d runs any
 * more (handle_close() is not called).  d may create a socket again: it is open
 * again then, and what was ready before is forgotten.  0 where it is closed
 * already.  Otherwise what close(2) says, but for ENOTCONN and EBADF; it is
 * closed all the same.  Virtual.
 */
int asyncore_close(struct asyncore_dispatcher *d);

/* d.log(message), d.log_info(message, type), printf-like.  Virtual.  A message
 * that cannot be made for want of memory is cut off at 255 bytes. */
void asyncore_log(struct asyncore_dispatcher *d, const char *format, ...)
    ASYNCORE_PRINTF(2, 3);
void asyncore_log_info(struct asyncore_dispatcher *d, const char *type,
    const char *format, ...) ASYNCORE_PRINTF(3, 4);

/*
 * repr(d): "<EchoHandler connected 127.0.0.1:4000 at 0x...>".  As snprintf():
 * writes at most `size` bytes with the NUL, answers the length it has whole.
 */
int asyncore_repr(const struct asyncore_dispatcher *d, char *buf, size_t size);

/*
 * Says that what the predicates of d depend on has changed: they are asked
 * before the next wait.  For classes with ASYNCORE_ASK_ON_CHANGE whose state
 * was changed from outside of their own hooks and calls.
 */
void asyncore_touch(struct asyncore_dispatcher *d);

/* ------------------------------------------------------------------------
 * Calling hooks: self.handle_x(), with the inheritance.  On a closed channel
 * they do nothing and answer 0.  asyncore_read() and its like below also send
 * an error to handle_error(); these only answer it.
 * ------------------------------------------------------------------------ */

bool asyncore_readable(struct asyncore_dispatcher *d);
bool asyncore_writable(struct asyncore_dispatcher *d);
int asyncore_handle_read(struct asyncore_dispatcher *d);
int asyncore_handle_write(struct asyncore_dispatcher *d);
int asyncore_handle_expt(struct asyncore_dispatcher *d);
int asyncore_handle_connect(struct asyncore_dispatcher *d);
int asyncore_handle_accept(struct asyncore_dispatcher *d);
int asyncore_handle_accepted(struct asyncore_dispatcher *d, int fd,
    const struct sockaddr *addr, socklen_t addrlen);
int asyncore_handle_close(struct asyncore_dispatcher *d);
int asyncore_handle_error(struct asyncore_dispatcher *d, int err);
int asyncore_handle_eof(struct asyncore_dispatcher *d);
int asyncore_handle_timeout(struct asyncore_dispatcher *d);
int asyncore_handle_read_event(struct asyncore_dispatcher *d);
int asyncore_handle_write_event(struct asyncore_dispatcher *d);
int asyncore_handle_expt_event(struct asyncore_dispatcher *d);
int asyncore_handle_connect_event(struct asyncore_dispatcher *d);

/* ------------------------------------------------------------------------
 * dispatcher's attributes
 * ------------------------------------------------------------------------ */

/* The descriptor, also out of the map; -1: there is none. */
int asyncore_fileno(const struct asyncore_dispatcher *d);
bool asyncore_connected(const struct asyncore_dispatcher *d);
bool asyncore_connecting(const struct asyncore_dispatcher *d);
bool asyncore_accepting(const struct asyncore_dispatcher *d);
/* It was closed, or its descriptor given up, and it has no new one. */
bool asyncore_closed(const struct asyncore_dispatcher *d);
/* The peer's address, or the one it is bound to; NULL: none.  Borrowed, good
 * until the next call that sets it.  len may be NULL. */
const struct sockaddr *asyncore_addr(const struct asyncore_dispatcher *d,
    socklen_t *len);
const struct asyncore_class *asyncore_class_of(
    const struct asyncore_dispatcher *d);
/* The map that it is in, or would enter. */
struct asyncore_map *asyncore_map_of(const struct asyncore_dispatcher *d);

/*
 * d.out_buffer of a dispatcher_with_send: what is not sent yet.  Borrowed; it
 * may be drained, and added to, except for a file that only sendfile can read
 * (of a buffer with EVBUFFER_FLAG_DRAINS_TO_FD).  While its front is frozen,
 * what would send from it is -EBUSY.  NULL: d is none, or memory is short.
 */
struct evbuffer *asyncore_out_buffer(struct asyncore_dispatcher *d);

/*
 * How many bytes a dispatcher_with_send or an async_chat has taken and not sent
 * yet, as far as they are in memory.  0 for other classes.  A proxy's
 * readable() asks this of the other side.
 */
size_t asyncore_pending_output(const struct asyncore_dispatcher *d);

/*
 * A peer that reads more slowly than it makes us write: from `high` bytes of
 * pending output on d is not watched for reading, until they have fallen to
 * `low`.  high 0, as at first: never.  -EINVAL: low is above high.  -ENOTSUP: d
 * keeps no output.
 */
int asyncore_set_watermarks(struct asyncore_dispatcher *d, size_t low,
    size_t high);

/*
 * A listener accepts no more connections while n of those that it accepted from
 * now on are open, as far as they became channels by asyncore_spawn(),
 * asyncore_new_socket() or asynchat's like inside of handle_accepted() or right
 * after asyncore_accept(), on the listener's map.  Others wait in the kernel's
 * queue.  n negative, as at
 * first: no limit.  -EINVAL: d is a connection of another listener.  -ENOMEM.
 */
int asyncore_set_max_connections(struct asyncore_dispatcher *d, int n);

/* d.debug: a dispatcher_with_send logs ("info") what it is given to send. */
int asyncore_set_debug(struct asyncore_dispatcher *d, bool debug);

/* Assigning to the attributes, as ports and bindings need it. */
int asyncore_set_connected(struct asyncore_dispatcher *d, bool connected);
int asyncore_set_connecting(struct asyncore_dispatcher *d, bool connecting);
int asyncore_set_accepting(struct asyncore_dispatcher *d, bool accepting);
/* Copies; addr NULL: none.  -ENOMEM, -EINVAL (a length out of range). */
int asyncore_set_addr(struct asyncore_dispatcher *d,
    const struct sockaddr *addr, socklen_t addrlen);
/*
 * d.ignore_log_types: the types, separated by spaces, that the default
 * log_info() is silent about; copied.  At first "warning".  NULL or "": none.
 * -ENOMEM: all as before.
 */
int asyncore_set_ignore_log_types(struct asyncore_dispatcher *d,
    const char *types);

/* ------------------------------------------------------------------------
 * The loop
 * ------------------------------------------------------------------------ */

/*
 * asyncore.loop(timeout, use_poll, map, count): runs passes until the map is
 * empty, count passes were run, or asyncore_stop() ends it; or
 * event_base_loopbreak() or event_base_loopexit(), which end the innermost.
 *
 * timeout	how long a pass waits at most; negative: for ever.  (libevent's
 *		coarse clock may end the wait one clock tick early.)
 * use_poll	the order and the view of asyncore_poll2() instead of
 *		asyncore_poll()'s
 * map		NULL: asyncore_socket_map()
 * count	negative: no limit; 0: no pass
 *
 * Answers 0; what a hook raised to leave the loop, below -4095; or -EINVAL (a
 * timeout that is no number, a freed map), -EBUSY (called from a callback that
 * runs inside of the base's loop, where from a hook it is legal; or the map is
 * attached), -ENOMEM, or the
 * error of the system's wait.  The map is good for a further loop in each case.
 */
int asyncore_loop(double timeout, bool use_poll, struct asyncore_map *map,
    int count);

/*
 * One pass; on an empty map none.  asyncore_poll() dispatches as select does:
 * all reads, then all writes, then all exceptional conditions, each in the
 * order of insertion.  asyncore_poll2() as poll(2): channel by channel what is
 * to read, to write, exceptional, and then handle_close() where the descriptor
 * has hung up, has an error or is invalid.  Results as asyncore_loop()'s.
 */
int asyncore_poll(double timeout, struct asyncore_map *map);
int asyncore_poll2(double timeout, struct asyncore_map *map);

/*
 * asyncore.read(obj), write, _exception, readwrite: what the loop does with a
 * ready channel: call the router, send an error to handle_error().  They answer
 * 0, or what leaves the loop.  `revents` are the bits of poll(2); here an error
 * that means "disconnected" (ECONNRESET, ENOTCONN, ESHUTDOWN, ECONNABORTED,
 * EPIPE, EBADF) goes to handle_close() instead.
 */
int asyncore_read(struct asyncore_dispatcher *d);
int asyncore_write(struct asyncore_dispatcher *d);
int asyncore_exception(struct asyncore_dispatcher *d);
int asyncore_readwrite(struct asyncore_dispatcher *d, short revents);

/*
 * asyncore.close_all(map, ignore_all): closes every channel of the map (NULL:
 * asyncore_socket_map()) in the order of insertion and empties the map.  -EBADF
 * is passed over; any other error ends it unless ignore_all, and is answered:
 * the channels not reached yet are still in the map.  Values below -4095
 * always end it.
 */
int asyncore_close_all(struct asyncore_map *map, bool ignore_all);

/*
 * Ends the loops that run on the map, nested ones too, after the pass that is
 * under way; without one, the next asyncore_loop() returns at once.  Where the
 * map is attached it ends the host's, as event_base_loopbreak() does.  -EINVAL:
 * the map was freed.  After asyncore_map_enable_threads(map) it may be called
 * from any thread and from a signal handler.
 */
int asyncore_stop(struct asyncore_map *map);

/*
 * From now on the signal ends the loop on the map, as Ctrl-C does in Python: in
 * its wait, without a hook of that pass, and the result of the loop is
 * ASYNCORE_KEYBOARD_INTERRUPT.  A hook whose own loop was ended so passes it on
 * by returning it.  The signal is libevent's until the map is freed, and keeps
 * a host's loop going; libevent has signals on one base of a process only.  0
 * also where it was said before.  -EINVAL: there is no such signal.  -ENOMEM,
 * or what sigaction(2) says.
 */
int asyncore_interrupt_on(struct asyncore_map *map, int signo);

/* ------------------------------------------------------------------------
 * Other threads
 * ------------------------------------------------------------------------ */

/*
 * Makes the map reachable: from now on asyncore_stop(), asyncore_wakeup() and
 * asyncore_call_soon_threadsafe() may be called on it from any thread, as long
 * as the map lives.  To be called by the map's own thread, before the others
 * learn of it.  Everything else stays the own thread's; several maps, each with
 * a base of its own, work side by side in several threads.  It takes two
 * descriptors, and its event keeps a host's loop going.  0 also where it is so
 * already.  After fork(2) the child, if it goes on with the map, calls it once
 * more (after event_reinit()): the pipe that it has is its parent's.
 */
int asyncore_map_enable_threads(struct asyncore_map *map);

/*
 * Ends the wait that is under way, or else the next one: what has changed is
 * looked at.  From any thread and from a signal handler.  -ENOTSUP: not
 * reachable.  -EINVAL: map is NULL, or was freed.
 */
int asyncore_wakeup(struct asyncore_map *map);

/*
 * Calls fn(arg) in the map's own thread, in its next pass, after scheduled
 * calls that are due; calls of one thread in their order.  Its result is
 * treated as a scheduled call's.  One that has not run keeps asyncore_loop()
 * going; one that has not run when the map is freed never does, and one that has
 * not when the process forks does in both.  From any thread, not from a signal
 * handler.  -ENOTSUP: not reachable.  -EINVAL, -ENOMEM.
 */
int asyncore_call_soon_threadsafe(struct asyncore_map *map,
    int (*fn)(void *arg), void *arg);

/* ------------------------------------------------------------------------
 * Names
 * ------------------------------------------------------------------------ */

/*
 * create_socket() and connect() in one, to a host by its name, which never
 * blocks: d, which has no descriptor yet, asks `dns`, an evdns_base on the base
 * of its map, and then tries each address of the answer in turn, with a socket
 * of its own, until one of them takes the connection.
 *
 * dns		may be NULL for a host that needs no name server: a numeric
 *		address, or the path of a local socket, "unix:path" or "/path"
 * family	AF_INET or AF_INET6: addresses of that family only; AF_UNSPEC:
 *		of both; for a path AF_UNSPEC or AF_UNIX
 * port		0 to 65535; a path has none
 *
 * 0: it is under way: asyncore_connecting() is true, and what becomes of it is
 * told to hooks, in a pass, never before this function has returned.  The name
 * keeps asyncore_loop() going, though d is no channel yet.  From the first
 * address on all is as after asyncore_connect(), but that only the last
 * address's failure is one of d; the channel has another descriptor, behind all
 * others, with each address; and a local listener whose queue is full is
 * -ECONNREFUSED.
 *
 * A name that cannot be resolved goes to handle_error(), with -ENOENT (there is
 * no such host), -EAFNOSUPPORT (a numeric address of another family), -ENOMEM,
 * or else -EHOSTUNREACH: no name server, no answer, a failure of the server,
 * no address of the family, which evdns does not tell apart.
 * asyncore_resolve_error() has the words, and the default handle_error() logs
 * them.
 *
 * asyncore_close() cancels it, and so does the last reference: until d has its
 * first socket no map holds it.  `dns` must outlive it; before
 * evdns_base_free() close d, and let the base run once (so asks libevent for
 * each request that is cancelled).
 *
 * -EINVAL: host is NULL or empty, the port is out of range, the map was freed,
 * or dns is NULL and the host needs a name server.  -EAFNOSUPPORT: another
 * family.  -ENAMETOOLONG: a path.  -EBUSY: d has a descriptor, or another name
 * is being resolved (create_socket() and its like say so, too, meanwhile).
 * -ENOMEM.
 */
int asyncore_connect_hostname(struct asyncore_dispatcher *d,
    struct evdns_base *dns, int family, const char *host, int port);

/*
 * create_socket(), set_reuse_addr() and bind() in one, for a listener: to the
 * first address of `host` that can be bound.  A name, which need not be
 * numeric here, is looked up with getaddrinfo(3): that may block, as servers
 * may when they start.
 *
 * host		NULL or "": any address of this machine; a name, a numeric
 *		address, or a path as above, which must not exist yet
 * service	"http" or "8080"; NULL: any free port; a path has none
 * family	as above.  AF_UNSPEC without a host: one socket for IPv6 and
 *		IPv4, or for IPv4 where the system has no such thing.  Otherwise
 *		an IPv6 socket takes IPv6 only.
 *
 * Errors: as asyncore_connect_hostname(), but that those of the name are
 * answered, -ENOENT for one without an address of the family and for a service
 * that is unknown, too; -EINVAL: a port out of range; and what
 * asyncore_create_socket() and asyncore_bind() say of the last address.  d has
 * no descriptor then.
 */
int asyncore_bind_hostname(struct asyncore_dispatcher *d, int family,
    const char *host, const char *service);

/*
 * Why the name could not be resolved, in libevent's words:
 * "example.invalid: nodename nor servname provided, or not known".  NULL: it
 * was, or is still being resolved.  Borrowed, good until d is closed or
 * resolves another name.
 */
const char *asyncore_resolve_error(const struct asyncore_dispatcher *d);

/* ------------------------------------------------------------------------
 * Scheduled calls and timeouts
 * ------------------------------------------------------------------------ */

/*
 * Calls fn(arg) once, in the pass after `seconds` have gone by: behind the
 * channels that are ready, in order of time, never inside of the call that
 * scheduled it.  0 means the next pass.  A call that is still to come keeps
 * asyncore_loop() going as a channel does.
 *
 * What fn answers is a hook's result: a negative errno value is logged, a value
 * below -4095 leaves the loop.  Answers the call's number, which is positive,
 * never used again, and not to be freed; -EINVAL: fn is NULL, seconds is
 * negative or no number, or the map was freed.  -ENOMEM.  map NULL:
 * asyncore_socket_map().  (libevent's coarse clock may call a clock tick early;
 * more than 1e8 seconds, three years, are 1e8.)
 */
long long asyncore_call_later(struct asyncore_map *map, double seconds,
    int (*fn)(void *arg), void *arg);

/*
 * The same again and again, at each multiple of `seconds` from now on; times
 * that have been missed are left out.  -EINVAL for 0, too.
 */
long long asyncore_call_every(struct asyncore_map *map, double seconds,
    int (*fn)(void *arg), void *arg);

/*
 * The same, tied to a channel: cancelled when it closes, gives its descriptor
 * up, moves to another map, or is gone.  A dispatcher that is closed may have
 * some, too: to connect again later.  They hold no reference.
 */
long long asyncore_channel_call_later(struct asyncore_dispatcher *d,
    double seconds, int (*fn)(struct asyncore_dispatcher *d, void *arg),
    void *arg);
long long asyncore_channel_call_every(struct asyncore_dispatcher *d,
    double seconds, int (*fn)(struct asyncore_dispatcher *d, void *arg),
    void *arg);

/*
 * It is not called (again); legal inside of it.  -ENOENT: there is no such
 * call: it ran, was cancelled, or never was.
 */
int asyncore_cancel_call(struct asyncore_map *map, long long call);

/*
 * It is called `seconds` from now instead (one that repeats: and then at its
 * multiples).  -ENOENT as above; -EINVAL; -ENOMEM: it is cancelled.
 */
int asyncore_reschedule_call(struct asyncore_map *map, long long call,
    double seconds);

/*
 * handle_timeout() is called whenever nothing was sent or received through the
 * channel for so many seconds, from now on and until it is closed, gives its
 * descriptor up or moves to another map.  Negative: never.  A timeout does not
 * keep asyncore_loop() going.  Cheap for thousands of channels with the same
 * value.  -EINVAL: 0, or no number.  -ENOMEM: all as before.
 */
int asyncore_set_timeout(struct asyncore_dispatcher *d, double seconds);

/* ------------------------------------------------------------------------
 * In a loop of the host's
 * ------------------------------------------------------------------------ */

/*
 * From now on the map's passes take place inside of the loop that the host runs
 * on the map's base, with event_base_dispatch() or event_base_loop(), beside
 * his own events and with the guarantees of asyncore_loop(): the hooks run in
 * the order of asyncore_poll(), when all that libevent has found is known.
 *
 * Predicates are asked after each pass in which something of the map was ready,
 * and after calls that change a channel.  A predicate that depends on
 * something else has asyncore_touch().  As with libevent's own events, channels
 * that wait for nothing do not keep the host's loop going.
 *
 * What leaves asyncore_loop(), such as ASYNCORE_EXIT_NOW, leaves the host's
 * loop as event_base_loopbreak() does, and is what asyncore_detach_map()
 * answers; the host may run his loop again.  Inside of hooks asyncore_loop() is
 * -EBUSY.
 *
 * NULL: asyncore_socket_map().  -EALREADY: it is attached.  -EBUSY: a pass of
 * it runs.  -EINVAL: it was freed.  -ENOMEM.
 */
int asyncore_attach(struct asyncore_map *map);

/*
 * The end of that: no channel of the map stays armed on the base, the channels
 * stay in the map.  (Scheduled calls, signals and the way for other threads
 * stay, and take effect when the map runs again.)  Legal in a hook; the
 * channels that are ready in that pass still have their turn.  Answers the
 * first value that left the host's loop since asyncore_attach(), or 0.
 * -EINVAL: the map is not attached.
 */
int asyncore_detach_map(struct asyncore_map *map);

/* ------------------------------------------------------------------------
 * Bridges: a descriptor changes sides, and nothing that is buffered is lost.
 * ------------------------------------------------------------------------ */

/*
 * A channel of class cls, as asyncore_new_socket() makes it, with the
 * descriptor of `bev`, which is freed; also where bev has
 * BEV_OPT_CLOSE_ON_FREE, and inside of its callbacks.  Bytes in its input are
 * what the channel receives first, bytes in its output what it sends first,
 * without being copied: for that cls has dispatcher_with_send or async_chat (of
 * which it gives the address of .dispatcher) among its bases.  A connection
 * that is still being made becomes asyncore_connecting().  bev's callbacks,
 * also those that were deferred, its timeouts, watermarks and rate limits are
 * gone.
 *
 * NULL: bev is as it was, and errno says why.  EBUSY: there is output, and cls
 * keeps none, or a file (or a reference to another buffer) is in it; or the
 * program has frozen its input.  ENOTSUP: bev is no socket's, but a filter, a
 * pair, or over TLS.  EBADF: it has no descriptor (yet).  Others as
 * asyncore_new_socket(): EEXIST, EINVAL, ENOMEM.
 *
 * While what came along is not read, asyncore_set_transport() is -EBUSY and
 * asyncore_detach() -ENOTSUP.
 */
struct asyncore_dispatcher *asyncore_take_bufferevent(
    const struct asyncore_class *cls, struct bufferevent *bev,
    struct asyncore_map *map);

/*
 * A listening channel in the place of `lev`, which is freed; connections that
 * wait stay in the kernel's queue.  It listens also where lev was disabled.  It
 * has a duplicate of the descriptor: the first one is closed if lev has
 * LEV_OPT_CLOSE_ON_FREE, and the caller's if not.  asyncore_addr() is the
 * address it is bound to.  NULL: lev is as it was; errno as
 * asyncore_new_socket()'s, or EMFILE.
 */
struct asyncore_dispatcher *asyncore_take_evconnlistener(
    const struct asyncore_class *cls, struct evconnlistener *lev,
    struct asyncore_map *map);

/*
 * A bufferevent on the base of d's map, with the descriptor, which d gives up
 * as by asyncore_detach(); `options` are those of bufferevent_socket_new(), so
 * that without BEV_OPT_CLOSE_ON_FREE the descriptor stays the caller's to
 * close.
 *
 * What d had received and not handed out is in its input: of a chat all behind
 * the last piece, for which it is best called in found_terminator(); and of
 * asyncore_take_bufferevent() what is not read yet.  What d had taken and not
 * sent is in its output, and goes out by itself.  No send() or recv() of the
 * class's own sees these bytes.  A connection that is being made ends with
 * BEV_EVENT_CONNECTED.
 *
 * The caller sets callbacks and enables reading.  Nobody calls back for input
 * that is there already, so he then does, if there is some:
 * bufferevent_trigger(bev, EV_READ, 0).
 *
 * NULL: d is as it was, and errno says why.  ENOTCONN: it has no descriptor.
 * ENOTSUP: that is no stream socket with a plain transport, or listens.  EBUSY:
 * a producer, a file or an end is in a chat's queue; or it is inside of
 * collect_incoming_data(), or of sending; or the program has frozen
 * asyncore_out_buffer().  EINVAL: d is NULL, or its map was freed.  ENOMEM,
 * also where libevent does not take the options.
 */
struct bufferevent *asyncore_give_bufferevent(struct asyncore_dispatcher *d,
    int options);

/* ------------------------------------------------------------------------
 * Maps
 * ------------------------------------------------------------------------ */

/*
 * A map of channels on the caller's event_base, which must outlive it, or on a
 * base of its own (NULL).  The caller frees it.  NULL: errno is ENOMEM.
 */
struct asyncore_map *asyncore_map_new(struct event_base *base);

/*
 * Frees it.  One that is attached is detached, scheduled calls are cancelled.
 * -EBUSY: there are channels in it, or a pass of it runs; nothing has happened
 * then.  Dispatchers that are not in it may outlive it, but enter
 * no map without asyncore_add_channel() naming one.  A base of its own goes
 * with it: not in a callback of that base.  NULL is fine.
 */
int asyncore_map_free(struct asyncore_map *map);

/*
 * asyncore.socket_map: the map that NULL means, on a base of its own, made when
 * it is first asked for.  The process's, so for the use of one thread.  NULL:
 * errno is ENOMEM.  asyncore_map_free() may be called on it; the next use makes
 * a new one.
 */
struct asyncore_map *asyncore_socket_map(void);

/* These take NULL for asyncore_socket_map(). */
struct event_base *asyncore_map_base(struct asyncore_map *map);
/* len(map) */
size_t asyncore_map_len(const struct asyncore_map *map);
/* map.get(fd): borrowed; NULL: none. */
struct asyncore_dispatcher *asyncore_map_get(struct asyncore_map *map, int fd);
/*
 * for d in list(map.values()): calls fn for the channels that are in the map
 * now and still are when their turn comes, in order of insertion.  A result
 * other than 0 ends it and is answered.
 */
int asyncore_map_foreach(struct asyncore_map *map,
    int (*fn)(struct asyncore_dispatcher *d, void *arg), void *arg);

/*
 * Where messages go that no channel has to say, such as an error of a scheduled
 * call.  fn NULL, as at first: "type: message" to stdout, as the default
 * log_info() does.
 */
int asyncore_map_set_log(struct asyncore_map *map,
    void (*fn)(struct asyncore_map *map, const char *message,
    const char *type, void *arg), void *arg);

/*
 * Presumed writable (on at first): a connected stream socket whose last send
 * took everything is ready to write without asking the kernel, which saves the
 * system calls of arming a write event for each answer; and a pass that has
 * only these to do does not ask the kernel, where it cannot have news of our
 * making.  Visible only in that a write may come where the kernel's low-water
 * mark would not yet report one, and that what a hook made ready by a system
 * call of its own, and the room that it made at the other end by receiving, may
 * be seen a pass later.  Off, the map is exactly as select and poll report.
 */
int asyncore_map_set_presume(struct asyncore_map *map, bool presume);

/* ------------------------------------------------------------------------
 * A look inside
 * ------------------------------------------------------------------------ */

/* What a trace tells.  Later releases may tell more. */
enum asyncore_trace_kind {
	/* A pass; of its end, `result` is what left the loop, or 0.  Those of
	 * a loop inside of a hook nest. */
	ASYNCORE_TRACE_PASS_BEGIN = 1,
	ASYNCORE_TRACE_PASS_END,
	/* Its wait; of its end, `result` is how many channels are ready. */
	ASYNCORE_TRACE_WAIT_BEGIN,
	ASYNCORE_TRACE_WAIT_END,
	/* `name` ("readable", "writable") has answered `result`. */
	ASYNCORE_TRACE_PREDICATE,
	/* The hook or router `name` ("handle_read") is called, or has answered
	 * `result`.  Hooks that it calls nest.  `argument` is the error of
	 * handle_error(), the descriptor of handle_accepted(), the length of
	 * collect_incoming_data(), else 0. */
	ASYNCORE_TRACE_HOOK_BEGIN,
	ASYNCORE_TRACE_HOOK_END,
	/* libevent watches the channel for `name` ("read", "write", "expt"),
	 * or does not any more. */
	ASYNCORE_TRACE_ARM,
	ASYNCORE_TRACE_DISARM,
	/* The channel is in the map now, or has just left it. */
	ASYNCORE_TRACE_ADD,
	ASYNCORE_TRACE_REMOVE,
	/* The channel is about to close. */
	ASYNCORE_TRACE_CLOSE,
	/* `name`, a hook or "the poller", has raised `result`. */
	ASYNCORE_TRACE_ERROR,
	/* A scheduled call runs, or has answered `result`.  `name` is
	 * "call_later", "call_every" or "call_soon_threadsafe"; `argument` is
	 * its number, 0 for the last of these. */
	ASYNCORE_TRACE_CALL_BEGIN,
	ASYNCORE_TRACE_CALL_END,
	/* The channel is finalized, and no longer to be called; another may
	 * have its address from now on. */
	ASYNCORE_TRACE_FREE
};

/* An event.  Later releases add members at the end. */
struct asyncore_trace {
	size_t size;		/* of the struct, as the library knows it */
	enum asyncore_trace_kind kind;
	int fd;			/* the channel's; -1: none */
	struct asyncore_map *map;
	unsigned long long pass;	/* from 1 on; 0: outside of any */
	double time;		/* seconds of the monotonic clock */
	struct asyncore_dispatcher *dispatcher;	/* borrowed; NULL: none */
	const char *name;	/* a constant; "" where there is none */
	long long argument, result;
};

/*
 * Calls fn for everything that happens in the map; NULL, as at first: nobody,
 * and that costs nothing.  fn looks: it may call asyncore_detach_map() and
 * asyncore_stop(), change the trace, and read attributes, but not run a loop or
 * call or change a channel.  It is not called for what it does itself.
 *
 * The environment's ASYNCORE_TRACE=file, read when a map is made, appends the
 * same to the file, a line of JSON for each event, whether there is an fn or
 * not; docs/trace.md describes it.  Not in a program that runs with other
 * rights than its user's.  A file that cannot be written is logged; the program
 * goes on.
 *
 * -EINVAL: the map was freed.  -ENOMEM.  NULL: asyncore_socket_map().
 */
int asyncore_map_set_trace(struct asyncore_map *map,
    void (*fn)(const struct asyncore_trace *event, void *arg), void *arg);

/* What a map has done since it was made.  Later releases add members at the
 * end. */
struct asyncore_stats {
	unsigned long long passes;
	unsigned long long channels;	/* that are in it now */
	unsigned long long calls;	/* that are still to come */
	unsigned long long predicates;	/* that were asked */
	unsigned long long interest_changes;	/* events armed and disarmed */
	unsigned long long bytes_in, bytes_out;	/* of its channels */
	unsigned long long errors;	/* of hooks and of calls */
	unsigned long long accept_pauses;	/* for want of descriptors */
	/* How often each hook was called. */
	unsigned long long handle_read, handle_write, handle_expt;
	unsigned long long handle_connect, handle_accept, handle_accepted;
	unsigned long long handle_close, handle_error, handle_eof;
	unsigned long long handle_timeout, collect_incoming_data;
	unsigned long long found_terminator, handle_overflow;
	/* Seconds; 0 without asyncore_map_set_timing().  What a hook calls is
	 * part of its time, a loop inside of it too. */
	double wait_time, hook_time, longest_hook;
	const char *longest_hook_name;	/* a constant; NULL: none */
};

/*
 * Fills `size` bytes, which is sizeof *stats; what the library does not know is
 * 0.  -EINVAL: stats is NULL, the map was freed.  -ENOMEM.  map NULL:
 * asyncore_socket_map().
 */
int asyncore_map_get_stats(struct asyncore_map *map,
    struct asyncore_stats *stats, size_t size);

/*
 * Measures times from now on, or (as at first) does not: it reads the clock
 * twice for each pass and twice for each hook.  Where the map is attached, the
 * time of waiting is the host's loop, whatever else it does.  -EINVAL: the map
 * was freed.  -ENOMEM.  NULL: asyncore_socket_map().
 */
int asyncore_map_set_timing(struct asyncore_map *map, bool on);

/* ------------------------------------------------------------------------
 * Transports: a socket is whatever behaves like one
 * ------------------------------------------------------------------------ */

/* Directions, as bits. */
#define ASYNCORE_READ 0x1u
#define ASYNCORE_WRITE 0x2u

/*
 * What self.socket may be in Python: any object with recv, send, close and so
 * on.  No slot is mandatory: where one is NULL, a plain socket's is used.
 * `state` is the pointer given to asyncore_set_transport().  No slot may close
 * or free the channel.  Constant, must outlive its users; `reserved` is NULL,
 * as in struct asyncore_class.
 */
struct asyncore_transport {
	const char *name;
	/* > 0: a count; 0: the end; or a negative errno value. */
	ssize_t (*recv)(void *state, int fd, void *buf, size_t len);
	ssize_t (*send)(void *state, int fd, const void *buf, size_t len);
	/* Closes fd, if it is not -1, and frees the state. */
	int (*close)(void *state, int fd);
	/* getsockopt(SO_ERROR): the error that is pending, a positive errno
	 * value, or 0. */
	int (*so_error)(void *state, int fd);
	/* Is there input inside that the kernel does not know of?  Asked after
	 * every change of the channel; counts as ready to read. */
	bool (*pending)(void *state, int fd);
	/* Which directions to watch (bits of ASYNCORE_READ, ASYNCORE_WRITE)
	 * where the channel wants `want`; a handshake may need another one.
	 * Asked after every change of the channel.  If either becomes ready,
	 * every direction that the channel wants is called. */
	unsigned (*interest)(void *state, int fd, unsigned want);
	void (*reserved[8])(void);
};

/*
 * d.socket = transport: d gets `fd` (non-blocking; -1 if it has none: it is
 * then always ready, as a regular file is) with this transport, and enters its
 * map.  If d has this `fd` already, as after a plain text greeting, only the
 * transport is exchanged, and the old one, if it was one of the program's, is
 * not closed.  connected and addr stay as they are.  -EBUSY: it has another
 * descriptor, or input of a bufferevent's that is not read yet.  -ENOTSUP: the
 * transport's reserved places are in use, it was compiled for a later release.
 * -EINVAL, -EEXIST, -ENOMEM.  On success d owns both: transport->close() is
 * called once.  On failure nothing is taken.
 */
int asyncore_set_transport(struct asyncore_dispatcher *d,
    const struct asyncore_transport *transport, void *state, int fd);

#ifdef __cplusplus
}
#endif

#endif /* ASYNCORE_H */
