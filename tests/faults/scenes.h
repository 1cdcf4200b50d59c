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

#endif /* SCENES_H */
