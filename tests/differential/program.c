/*
 * program.c - lines into declarations, and into lists of actions, which are
 * lists of words.
 */
#include "program.h"

#include <ctype.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 512		/* on a line */

/* ---- Memory. ---- */

struct block {
	struct block *next;
	max_align_t data[];
};

static struct block *blocks;

void *
arena_alloc(size_t size)
{
	struct block *b = calloc(1, sizeof *b + size);

	if (b == NULL)
		err(1, "memory");
	b->next = blocks;
	blocks = b;
	return b->data;
}

void
arena_free(void)
{
	struct block *b;

	while ((b = blocks) != NULL) {
		blocks = b->next;
		free(b);
	}
}

/* ---- Words. ---- */

static int
hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : c - 'a' + 10;
}

/* The character that an escape means; *p is behind the backslash. */
static char
escaped(const char **p)
{
	const char c = *(*p)++;

	switch (c) {
	case 'r':
		return '\r';
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'x':
		*p += 2;
		return (char)(hex((*p)[-2]) * 16 + hex((*p)[-1]));
	default:
		return c;
	}
}

static struct word
repeated(const char *text, size_t len, size_t times)
{
	struct word w = { .len = len * times, .is_data = true };
	size_t i;

	w.text = arena_alloc(w.len + 1);
	for (i = 0; i < times; i++)
		memcpy(w.text + i * len, text, len);
	return w;
}

/* *p is behind the quote that opens it. */
static struct word
quoted_word(const char **p)
{
	char *buf = arena_alloc(strlen(*p) + 1);
	size_t len = 0, times = 1;
	char *end;

	while (**p != '"') {
		if (**p == '\0')
			errx(1, "a quote is not closed");
		if (**p == '\\') {
			(*p)++;
			buf[len++] = escaped(p);
		} else
			buf[len++] = *(*p)++;
	}
	(*p)++;
	if (**p == '*') {
		times = strtoul(*p + 1, &end, 10);
		*p = end;
	}
	return repeated(buf, len, times);
}

static struct word
plain_word(const char **p)
{
	struct word w = { .len = **p == ';' ? 1 : strcspn(*p, " ;\"") };

	w.text = arena_alloc(w.len + 1);
	memcpy(w.text, *p, w.len);
	*p += w.len;
	return w;
}

static size_t
words_of(const char *line, struct word *words)
{
	const char *p = line;
	size_t n = 0;

	for (p += strspn(p, " "); *p != '\0'; p += strspn(p, " ")) {
		if (n == WORDS_MAX)
			errx(1, "too long: %s", line);
		if (*p == '"') {
			p++;
			words[n++] = quoted_word(&p);
		} else
			words[n++] = plain_word(&p);
	}
	return n;
}

static struct word *
copied(const struct word *words, size_t n)
{
	struct word *copy = arena_alloc((n + 1) * sizeof *copy);

	if (n > 0)
		memcpy(copy, words, n * sizeof *copy);
	return copy;
}

static bool
is(const struct word *w, const char *text)
{
	return !w->is_data && strcmp(w->text, text) == 0;
}

/* ---- Actions. ---- */

static void
append_action(struct action **list, const struct word *words, size_t n)
{
	struct action *action;

	if (n == 0)
		return;
	action = arena_alloc(sizeof *action);
	action->words = copied(words, n);
	action->n = n;
	while (*list != NULL)
		list = &(*list)->next;
	*list = action;
}

static void
append_actions(struct action **list, const struct word *words, size_t n)
{
	size_t from = 0, i;

	for (i = 0; i < n; i++) {
		if (!is(&words[i], ";"))
			continue;
		append_action(list, words + from, i - from);
		from = i + 1;
	}
	append_action(list, words + from, n - from);
}

/* ---- Declarations. ---- */

struct declared *
program_channel(struct program *program, const char *name)
{
	struct declared **at = &program->channels;

	while (*at != NULL && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	if (*at == NULL) {
		*at = arena_alloc(sizeof **at);
		(*at)->name = name;
	}
	return *at;
}

static enum kind
kind_of(const struct word *w)
{
	static const char *const names[KINDS] = {
		"plain", "send", "file", "chat"
	};
	int i;

	for (i = 0; i < KINDS; i++)
		if (is(w, names[i]))
			return (enum kind)i;
	errx(1, "no kind of channels: %s", w->text);
}

static void
declare(struct program *program, const struct word *words, size_t n)
{
	struct declared *c = program_channel(program, words[1].text);
	size_t i;

	c->kind = kind_of(&words[2]);
	for (i = 3; i < n; i++) {
		c->asked = c->asked || is(&words[i], "asked");
		c->flagged = c->flagged || is(&words[i], "flagged");
		c->logged = c->logged || is(&words[i], "logged");
	}
}

static void
declare_children(struct program *program, const struct word *words, size_t n)
{
	struct declared *c = program_channel(program, words[1].text);

	c->children = copied(words + 2, n - 2);
	c->n_children = n - 2;
}

static void
handle(struct program *program, const struct word *words, size_t n)
{
	struct handler *h = arena_alloc(sizeof *h);

	h->name = words[1].text;
	h->hook = words[2].text;
	h->number = words[3].text;
	append_actions(&h->actions, words + 4, n - 4);
	h->next = program->handlers;
	program->handlers = h;
}

static void
add_line(struct program *program, const char *line)
{
	struct word words[WORDS_MAX];
	const size_t n = words_of(line, words);

	if (n == 0 || line[0] == '#')
		return;
	if (n >= 2 && is(&words[0], "mode"))
		program->use_poll = is(&words[1], "poll2");
	else if (n >= 3 && is(&words[0], "chan"))
		declare(program, words, n);
	else if (n >= 3 && is(&words[0], "children"))
		declare_children(program, words, n);
	else if (n >= 4 && is(&words[0], "on"))
		handle(program, words, n);
	else
		append_actions(&program->commands, words, n);
}

struct program *
program_parse(char *text)
{
	struct program *program = arena_alloc(sizeof *program);
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n")) != NULL)
		add_line(program, line);
	return program;
}

static const struct handler *
find(const struct program *program, const char *name, const char *hook,
    const char *number)
{
	const struct handler *h;

	for (h = program->handlers; h != NULL; h = h->next)
		if (strcmp(h->name, name) == 0 && strcmp(h->hook, hook) == 0 &&
		    strcmp(h->number, number) == 0)
			return h;
	return NULL;
}

struct action *
program_actions(const struct program *program, const char *name,
    const char *hook, unsigned number, bool *found)
{
	const struct handler *h;
	char text[16];

	(void)snprintf(text, sizeof text, "%u", number);
	h = find(program, name, hook, text);
	if (h == NULL)
		h = find(program, name, hook, "*");
	*found = h != NULL;
	return h != NULL ? h->actions : NULL;
}
