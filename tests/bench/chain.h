/*
 * chain.h - libevent's classic benchmark, for any library.
 *
 * `chain_x PAIRS ACTIVE WRITES`: PAIRS socket pairs are watched for reading.
 * ACTIVE bytes are put into them; each that is read is written into the next
 * pair, until WRITES were.  A library supplies two functions; the program runs
 * the chain twice, and prints the nanoseconds of CPU that an event has cost in
 * the second run.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include "bench.h"

/* Watches fd, pair number i's, for reading. */
void watch(size_t i, int fd);
/* Waits for events and dispatches them: once is enough. */
void turn(void);

/* Called for each event, after its byte was read. */
void chain_event(size_t i);

#endif /* CHAIN_H */
