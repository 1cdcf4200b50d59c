/*
 * stock.h - what a process has: memory, descriptors; and the ends of programs
 * that find something wrong.
 */
#ifndef STOCK_H
#define STOCK_H

#include "config.h"

#include <stdbool.h>
#include <stddef.h>

/* Says where and what, with errno's words, and ends the process. */
void give_up(const char *file, int line, const char *what);
#define ENSURE(condition)						\
	((condition) ? (void)0 : give_up(__FILE__, __LINE__, #condition))

/* Bytes that are allocated now; 0: nobody knows here. */
size_t allocated(void);
/* Bytes that the process has in memory (Linux); 0: nobody knows here. */
size_t resident(void);
/* Open descriptors. */
long open_fds(void);
/* Allows as many descriptors as may be; answers their number. */
long raise_fd_limit(void);

#endif /* STOCK_H */
