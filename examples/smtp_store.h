/*
 * smtp_store.h - where messages are kept: an mbox, in which lines that begin
 * with "From " get a '>' (as mboxrd has it), or the files of a Maildir.  Before
 * each there is a Return-Path, and a Delivered-To for each recipient.
 */
#ifndef SMTP_STORE_H
#define SMTP_STORE_H

#include <event2/buffer.h>

/*
 * One of them is called once, and makes what is not there.  The strings are
 * borrowed for good.  0, or a negative errno value.
 */
int smtp_store_mbox(const char *path);
int smtp_store_maildir(const char *path, const char *host);

/* A process_message() of struct smtp_server. */
int smtp_keep(const char *from, struct evbuffer *rcpts,
    struct evbuffer *data);

#endif /* SMTP_STORE_H */
