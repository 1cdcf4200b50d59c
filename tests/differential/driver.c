/*
 * driver.c - runs random programs on the library.
 *
 * usage: driver [-p] FILE DIRECTORY
 *
 * FILE holds programs, each behind a line "=== NAME"; DIRECTORY is an empty one
 * for sockets and files.  The log on stdout is what driver.py prints for the
 * same file: each predicate, hook and action, with arguments and results.
 * With -p writability is presumed, as the library does unless it is told not
 * to.
 */
#include "driver.h"

#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS 20		/* for one program */

static bool presume;

static char *
contents(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t size = 0, len = 0, n;
	char *text = NULL;

	if (file == NULL)
		err(1, "%s", path);
	do {
		size = 2 * size + 65536;
		text = realloc(text, size);
		if (text == NULL)
			err(1, "memory");
		n = fread(text + len, 1, size - len - 1, file);
		len += n;
	} while (n > 0);
	text[len] = '\0';
	(void)fclose(file);
	return text;
}

/* How many descriptors are open; -1: this system does not say. */
static int
open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	if (dir == NULL)
		return -1;
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

static void
set_up(void)
{
	map = asyncore_map_new(NULL);
	if (map == NULL || asyncore_map_set_presume(map, presume) != 0)
		err(1, "a map");
}

static void
clean_up(int descriptors)
{
	trace_mute();
	objects_clear();
	if (asyncore_map_free(map) != 0)
		printf("the map cannot be freed\n");
	if (open_descriptors() != descriptors)
		printf("%d descriptors have leaked\n",
		    open_descriptors() - descriptors);
	net_clear();
	net_settle();
	hooks_clear();
	arena_free();
}

static void
run(char *text)
{
	const int descriptors = open_descriptors();

	(void)alarm(SECONDS);
	trace_begin();
	program = program_parse(text);
	set_up();
	perform_commands(program->commands);
	clean_up(descriptors);
	(void)alarm(0);
}

/* Cuts the text at the next "=== NAME"; NULL: there is none. */
static char *
next_program(char **rest, char **name)
{
	static const char mark[] = "=== ";
	char *text, *end;

	if (*rest == NULL || strncmp(*rest, mark, 4) != 0)
		return NULL;
	*name = strsep(rest, "\n") + 4;
	text = *rest;
	end = text != NULL ? strstr(text, "\n=== ") : NULL;
	*rest = end != NULL ? end + 1 : NULL;
	if (end != NULL)
		*end = '\0';
	return text;
}

static void
begin(const char *name)
{
	printf("=== %s\n", name);
	(void)fflush(stdout);
}

int
main(int argc, char **argv)
{
	char *all, *rest, *text, *name;

	presume = argc > 1 && strcmp(argv[1], "-p") == 0;
	if (argc != 3 + presume)
		errx(2, "usage: driver [-p] FILE DIRECTORY");
	all = rest = contents(argv[1 + presume]);
	net_open(argv[2 + presume]);
	while ((text = next_program(&rest, &name)) != NULL) {
		begin(name);
		run(text);
		printf("--- end\n");
	}
	net_close();
	free(all);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
