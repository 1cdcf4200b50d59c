/*
 * log.c - log(), log_info() and repr(): what a channel says of itself.
 * Our own code writes nothing but through these two slots.
 */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
asyncore__default_log(struct asyncore_dispatcher *d, const char *message)
{
	(void)d;
	(void)fprintf(stderr, "log: %s\n", message);
}

static bool
is_one_of(const char *types, const char *type)
{
	const size_t len = strlen(type);
	size_t n;

	for (; *types != '\0'; types += n) {
		types += strspn(types, " ");
		n = strcspn(types, " ");
		if (n > 0 && n == len && memcmp(types, type, n) == 0)
			return true;
	}
	return false;
}

void
asyncore__default_log_info(struct asyncore_dispatcher *d, const char *message,
    const char *type)
{
	const char *ignored = d->rare->ignore_log_types;

	if (!is_one_of(ignored != NULL ? ignored : "warning", type))
		(void)printf("%s: %s\n", type, message);
}

int
asyncore_set_ignore_log_types(struct asyncore_dispatcher *d, const char *types)
{
	char *copy;

	if (d == NULL)
		return -EINVAL;
	copy = strdup(types != NULL ? types : "");
	if (copy == NULL || asyncore__rare(d) == NULL) {
		free(copy);
		return -ENOMEM;
	}
	free(d->rare->ignore_log_types);
	d->rare->ignore_log_types = copy;
	asyncore__called(d);
	return 0;
}

/* Formats into buf, or into memory that is the caller's to free. */
static char *
format_message(char *buf, size_t size, const char *format, va_list args)
{
	va_list again;
	char *p = buf;
	int n;

	va_copy(again, args);
	n = vsnprintf(buf, size, format, args);
	if (n < 0)
		buf[0] = '\0';
	else if ((size_t)n >= size && (p = malloc((size_t)n + 1)) != NULL)
		(void)vsnprintf(p, (size_t)n + 1, format, again);
	va_end(again);
	return p != NULL ? p : buf;
}

void
asyncore_log(struct asyncore_dispatcher *d, const char *format, ...)
{
	char buf[256], *message;
	va_list args;

	if (d == NULL || format == NULL)
		return;
	va_start(args, format);
	message = format_message(buf, sizeof buf, format, args);
	va_end(args);
	asyncore__log_message(d, message);
	if (message != buf)
		free(message);
}

void
asyncore_log_info(struct asyncore_dispatcher *d, const char *type,
    const char *format, ...)
{
	char buf[256], *message;
	va_list args;

	if (d == NULL || format == NULL)
		return;
	va_start(args, format);
	message = format_message(buf, sizeof buf, format, args);
	va_end(args);
	asyncore__log_info_message(d, message, type != NULL ? type : "info");
	if (message != buf)
		free(message);
}

/* Without a channel to say it. */
void
asyncore__map_log(struct asyncore_map *map, const char *type,
    const char *format, ...)
{
	char buf[256], *message;
	va_list args;

	va_start(args, format);
	message = format_message(buf, sizeof buf, format, args);
	va_end(args);
	if (map->log != NULL)
		map->log(map, message, type, map->log_arg);
	else
		(void)printf("%s: %s\n", type, message);
	if (message != buf)
		free(message);
}

int
asyncore_map_set_log(struct asyncore_map *map,
    void (*fn)(struct asyncore_map *map, const char *message,
    const char *type, void *arg), void *arg)
{
	map = asyncore__map_or_default(map);
	if (map == NULL)
		return -ENOMEM;
	map->log = fn;
	map->log_arg = arg;
	return 0;
}

int
asyncore_repr(const struct asyncore_dispatcher *d, char *buf, size_t size)
{
	/* A path of 108 bytes, each shown as four. */
	char addr[512] = "";
	const char *status = "";

	if (d == NULL || (buf == NULL && size > 0))
		return -EINVAL;
	if (asyncore__address_get(&d->addr) != NULL)
		(void)asyncore__address_repr(&d->addr, addr, sizeof addr);
	if (d->accepting && addr[0] != '\0')
		status = " listening";
	else if (d->connected)
		status = " connected";
	return snprintf(buf, size, "<%s%s%s%s at %#jx>",
	    asyncore__class_name(d->cls), status, addr[0] != '\0' ? " " : "",
	    addr, (uintmax_t)(uintptr_t)d);
}
