/*
 * replay.c - main() of a fuzzer without libFuzzer: runs it with every file of
 * its corpus, or with the files and directories that are named.
 *
 * Each file is a test.  They run in a process of their own, which says when it
 * has done with one: where it dies, that one has failed, and another process
 * goes on with the next.
 */
#include "config.h"

#include "fuzz.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 120		/* for one file, on a slow machine */

static char **files;
static size_t n_files;

static _Noreturn void
die(const char *what)
{
	perror(what);
	exit(2);
}

static void
add_file(const char *path)
{
	/* Without it the program ends. */
	/* cppcheck-suppress memleakOnRealloc */
	files = realloc(files, (n_files + 1) * sizeof *files);
	if (files == NULL || (files[n_files++] = strdup(path)) == NULL)
		die(path);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
add_directory(const char *path)
{
	DIR *dir = opendir(path);
	const size_t first = n_files;
	char name[PATH_MAX];
	struct dirent *e;

	if (dir == NULL)
		die(path);
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (snprintf(name, sizeof name, "%s/%s", path, e->d_name) >=
		    PATH_MAX)
			die(e->d_name);
		add_file(name);
	}
	(void)closedir(dir);
	qsort(files + first, n_files - first, sizeof *files, by_name);
}

static void
add(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		die(path);
	if (S_ISDIR(st.st_mode))
		add_directory(path);
	else
		add_file(path);
}

/* As large as the input is, so that what is read behind it is seen. */
static void
run(const char *path)
{
	FILE *in = fopen(path, "rb");
	struct stat st;
	uint8_t *data;
	size_t size;

	if (in == NULL || fstat(fileno(in), &st) != 0)
		die(path);
	size = (size_t)st.st_size;
	data = malloc(size > 0 ? size : 1);
	if (data == NULL || fread(data, 1, size, in) != size)
		die(path);
	(void)fclose(in);
	(void)alarm(SECONDS);
	(void)LLVMFuzzerTestOneInput(data, size);
	free(data);
}

static _Noreturn void
run_from(size_t i, int done)
{
	for (; i < n_files; i++) {
		run(files[i]);
		if (write(done, "", 1) != 1)
			die("write");
	}
	exit(0);
}

static void
tell(size_t i, bool ok)
{
	const char *slash = strrchr(files[i], '/');

	(void)printf("%s %zu - %s\n", ok ? "ok" : "not ok", i + 1,
	    slash != NULL ? slash + 1 : files[i]);
	(void)fflush(stdout);
}

/* Answers the first file that was not run. */
static size_t
run_some(size_t i, bool *ok)
{
	int done[2], status;
	char byte;
	pid_t child;

	if (pipe(done) != 0 || (child = fork()) < 0)
		die("fork");
	if (child == 0) {
		(void)close(done[0]);
		run_from(i, done[1]);
	}
	(void)close(done[1]);
	while (read(done[0], &byte, 1) == 1)
		tell(i++, true);
	(void)close(done[0]);
	if (waitpid(child, &status, 0) != child)
		die("waitpid");
	if (status == 0)
		return i;
	/* What it does at its end, such as a leak, is of the last one. */
	*ok = false;
	if (i == n_files) {
		(void)printf("# status %#x at its end\n", (unsigned)status);
		return i;
	}
	(void)printf("# status %#x\n", (unsigned)status);
	tell(i++, false);
	return i;
}

int
main(int argc, char **argv)
{
	const char *source = getenv("top_srcdir");
	const char *name = strrchr(argv[0], '_');
	char corpus[PATH_MAX];
	bool ok = true;
	size_t i = 0;

	if (argc == 1) {
		(void)snprintf(corpus, sizeof corpus,
		    "%s/tests/fuzz/corpus/%s", source != NULL ? source : ".",
		    name != NULL ? name + 1 : "");
		add(corpus);
	}
	for (argv++; *argv != NULL; argv++)
		add(*argv);
	(void)printf("1..%zu\n", n_files);
	(void)fflush(stdout);
	while (i < n_files)
		i = run_some(i, &ok);
	while (n_files > 0)
		free(files[--n_files]);
	free(files);
	return ok ? 0 : 1;
}
