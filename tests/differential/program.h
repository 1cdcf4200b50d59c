/*
 * program.h - the text of a random program, taken apart.  README.md tells the
 * language; program.py is the same for the driver in Python.
 *
 * All memory is the arena's, and goes when the next program begins.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "config.h"

#include <stdbool.h>
#include <stddef.h>

struct word {
	char *text;		/* ended by a NUL */
	size_t len;
	bool is_data;		/* it stood in quotes */
};

struct action {
	struct word *words;
	size_t n;
	struct action *next;
};

/* What a hook does at its number-th call; "*": at all others. */
struct handler {
	const char *name, *hook, *number;
	struct action *actions;
	struct handler *next;
};

enum kind { PLAIN, SEND, FILES, CHAT, KINDS };

struct declared {
	const char *name;
	enum kind kind;
	bool asked, flagged, logged;
	struct word *children;
	size_t n_children;
	struct declared *next;
};

struct program {
	bool use_poll;
	struct handler *handlers;
	struct declared *channels;
	struct action *commands;
};

void *arena_alloc(size_t size);
void arena_free(void);

/* Leaves the process if the text is none of the language's. */
struct program *program_parse(char *text);
/* Never NULL: what was not declared is plain. */
struct declared *program_channel(struct program *program, const char *name);
/* NULL with *found false: nothing is said of that call. */
struct action *program_actions(const struct program *program,
    const char *name, const char *hook, unsigned number, bool *found);

#endif /* PROGRAM_H */
