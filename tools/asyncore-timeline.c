/*
 * asyncore-timeline.c - turns a trace of libasyncore's, which docs/trace.md
 * describes, into a picture, or into a trace that other programs show.
 *
 * The program needs nothing but the C library.  The trace is read whole before
 * anything is written, so that a bad one leaves the file of an older picture
 * alone.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "formats.h"
#include "text.h"
#include "utf8.h"
#include "util.h"

typedef void (*writer)(FILE *out, const struct trace *trace,
    const char *name);

static const struct format {
	const char *name;
	writer write;
} formats[] = {
	{ "html", html_write }, { "svg", svg_write }, { "chrome", chrome_write }
};

static const char help[] =
    "usage: asyncore-timeline [-o FILE] [--format=html|svg|chrome] [TRACE]\n"
    "\n"
    "Turns a trace, which a program writes with ASYNCORE_TRACE=FILE, into a\n"
    "picture.  Without TRACE, or where it is -, it reads the standard input.\n"
    "\n"
    "  -o, --output=FILE     write there, not to the standard output\n"
    "  -f, --format=html     a page that scrolls and zooms (as without it)\n"
    "      --format=svg      a picture\n"
    "      --format=chrome   a trace for Perfetto, speedscope or\n"
    "                        chrome://tracing\n"
    "  -h, --help            this text\n"
    "  -V, --version         the version\n";

static const struct option options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "format", required_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

_Noreturn static void
misused(void)
{
	(void)fputs("Try 'asyncore-timeline --help'.\n", stderr);
	exit(2);
}

static const struct format *
format_of(const char *name)
{
	const struct format *f = formats;

	for (; f < formats + sizeof formats / sizeof *formats; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	warn("there is no format '%s'", name);
	misused();
}

/* What was written is there, or the program says that it is not. */
static void
finish_output(FILE *out, const char *file)
{
	const int bad = ferror(out);

	if (fclose(out) != 0 || bad)
		die("%s: cannot write: %s", file,
		    errno != 0 ? strerror(errno) : "error");
}

static FILE *
open_trace(const char *file)
{
	FILE *in = stdin;

	if (strcmp(file, "-") != 0 && (in = fopen(file, "r")) == NULL)
		die("%s: %s", file, strerror(errno));
	return in;
}

static bool
is_same(FILE *in, const char *output)
{
	struct stat a, b;

	return fstat(fileno(in), &a) == 0 && stat(output, &b) == 0 &&
	    S_ISREG(a.st_mode) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static FILE *
open_output(const char *file)
{
	FILE *out = stdout;

	if (file != NULL && (out = fopen(file, "w")) == NULL)
		die("%s: %s", file, strerror(errno));
	return out;
}

/* The last part of a path, without what is no UTF-8. */
static char *
title_of(const char *file)
{
	const char *s = strrchr(file, '/');
	struct text t = { NULL, 0, 0 };
	char c[4];
	size_t n;

	text_bytes(&t, "", 0);
	s = strcmp(file, "-") == 0 ? "standard input" :
	    s != NULL ? s + 1 : file;
	for (; *s != '\0'; s += n > 0 ? n : 1) {
		n = utf8_len(s, strlen(s));
		if (n > 0)
			text_bytes(&t, s, n);
		else
			text_bytes(&t, c, utf8_put(c, UTF8_BAD));
	}
	return t.s;
}

static void
say_troubles(const struct trace *t, const char *file)
{
	if (t->is_cut)
		warn("%s:%ld: the trace is cut off here; the picture ends "
		    "before it", file, t->lines);
	if (t->is_long)
		warn("%s:%ld: the picture ends behind this line; the trace is "
		    "longer", file, t->lines);
}

static void
run(const char *trace, const char *output, const struct format *format)
{
	static struct trace t;
	const char *name = strcmp(trace, "-") == 0 ? "standard input" : trace;
	FILE *in = open_trace(trace), *out;
	char *title;

	if (output != NULL && is_same(in, output))
		die("%s: this is the trace itself", output);
	trace_read(&t, in, name);
	if (in != stdin)
		(void)fclose(in);
	say_troubles(&t, name);
	out = open_output(output);
	errno = 0;
	title = title_of(trace);
	format->write(out, &t, title);
	finish_output(out, output != NULL ? output : "standard output");
	free(title);
	trace_free(&t);
	intern_end();
}

int
main(int argc, char **argv)
{
	const struct format *format = formats;
	const char *output = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "o:f:hV", options, NULL)) != -1)
		switch (c) {
		case 'o':
			output = optarg;
			break;
		case 'f':
			format = format_of(optarg);
			break;
		case 'h':
			(void)fputs(help, stdout);
			finish_output(stdout, "standard output");
			return EXIT_SUCCESS;
		case 'V':
			(void)puts(PROGRAM " (libasyncore) " PACKAGE_VERSION);
			finish_output(stdout, "standard output");
			return EXIT_SUCCESS;
		default:
			misused();
		}
	if (argc - optind > 1) {
		warn("one trace at a time");
		misused();
	}
	run(optind < argc ? argv[optind] : "-", output, format);
	return EXIT_SUCCESS;
}
