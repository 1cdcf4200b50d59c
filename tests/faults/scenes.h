/*
 * scenes.h - programs of example size, each on a map, which end whatever fails:
 * the job is done, or somebody has heard why it is not.
 *
 * A scene runs the loop by play_on() until `done`, and leaves channels in the
 * map for its caller to close.  Hooks that are told of an error or an end, and
 * calls that answer an error, go through heard().
 */
#ifndef SCENES_H
#define SCENES_H

#include <stdbool.h>

#include "asyncore.h"

struct play {
	struct asyncore_map *map;
	bool use_poll;
	bool again;			/* on this map */
	bool done;
	unsigned heard;			/* errors and ends */
	struct asyncore_dispatcher *kept[8];
	int n_kept;
	char where[256];		/* what fails, for messages */
};

/* The one that is on. */
extern struct play play;

struct scene {
	const char *name;
	void (*run)(void);
};
extern const struct scene scenes[];
extern const int n_scenes;

/* Fails the test if nothing that was made to fail explains it; answers err. */
int heard(int err);
/* Passes until it is done, or somebody has heard something and all is quiet. */
void play_on(void);
/* Gives all back that the scene holds. */
void strike(void);

/* ---- What the scenes share. ---- */

/* The library's own, not what testing.h makes of them for other tests. */
#undef asyncore_loop
#undef asyncore_poll
#undef asyncore_stop

/* Did the call fail?  For what answers a number, too. */
bool failed(long long result);
/* As that; -EAGAIN is no failure. */
bool failed_for_good(long long result);
/*
 * A new one is given back at the end; NULL is heard of, and so is a socket that
 * is said to have no peer.
 */
struct asyncore_dispatcher *keep(struct asyncore_dispatcher *d);
/* Is it over, one way or the other?  Fails the test after `end`. */
bool goes_on(double end);

/* Hooks of all classes: errors and ends are heard of. */
int on_error(struct asyncore_dispatcher *d, int err);
int on_close(struct asyncore_dispatcher *d);
void on_log(struct asyncore_dispatcher *d, const char *message,
    const char *type);
#define OF_A_PLAYER							\
	.handle_error = on_error,					\
	.handle_close = on_close,					\
	.log_info = on_log

/* What the test does itself does not fail. */
void make_pair_quietly(int fds[2]);
void close_quietly(int fd);
void write_quietly(int fd, const char *text);

/* One that sends "hello, world" and is done when it has it back. */
extern const struct asyncore_class hello_class, echo_class;

/* A scheduled call: it is done. */
int finish(void *arg);

/* In other files. */
void by_hand(void);
void attributes(void);
void messages(void);
void in_memory(void);
void accept_by_hand(void);
void long_chat(void);
void trace_file(void);
void by_numeric_address(void);
void by_name(void);
void from_a_bufferevent(void);
void to_a_bufferevent(void);
void from_a_listener(void);

#endif /* SCENES_H */
