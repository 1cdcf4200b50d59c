/*
 * chat_model.h - asynchat's parser as one would write it without a thought of
 * speed, and what it is told to do in its hooks: for fuzz_asynchat.c.
 */
#ifndef CHAT_MODEL_H
#define CHAT_MODEL_H

#include "fuzz.h"

#define STREAM_MAX 1024
#define STEPS_MAX 24

/* What found_terminator() and handle_overflow() do, one step for each call. */
struct step {
	enum { KEEP, BYTES, COUNT, NOTHING } end;	/* the next terminator */
	size_t len;
	const uint8_t *bytes;
	long long count;
	bool sets_limit, discards, reads, fails;
	size_t limit;
	unsigned pushes;		/* 0: nothing; else how */
};

struct script {
	struct step first;		/* only its end and its limit */
	struct step steps[STEPS_MAX];
	size_t n_steps;
	/* collect_incoming_data() fails, and reads, once, when so much was
	 * collected; 0: never. */
	size_t fails_at, reads_at;
	const uint8_t *stream;
	size_t len;
	bool discards;			/* one of the steps does */
};

/* What hooks were called with. */
struct record {
	size_t len, n_marks;
	uint8_t got[STREAM_MAX];
	struct {
		size_t at;		/* so much was collected before */
		bool overflow;
	} marks[2 * STREAM_MAX];
};

/* How the stream is cut: sizes, over and over. */
struct cut {
	size_t sizes[4], n;
};

/* The piece of the stream that comes next; *at and *k are where it is cut. */
size_t next_piece(const struct script *s, const struct cut *cut, size_t at,
    size_t *k);

struct model {
	const struct script *script;
	const struct cut *cut;
	size_t at, cut_at;		/* in the stream */
	const uint8_t *bytes;		/* the terminator; NULL: none, or a count */
	size_t bytes_len;
	long long count;
	size_t limit, collected, step;
	unsigned reads;
	unsigned failures;		/* reads in which a hook failed */
	bool overflown, has_failed, has_read;
	enum { NOT_DUE, DUE, DUE_BY_COUNT } due;
	size_t len, aside_len;
	struct record record;
	uint8_t buf[STREAM_MAX], aside[STREAM_MAX];
};

void model_begin(struct model *m, const struct script *s,
    const struct cut *cut);
/* The next piece comes, or, at the end of the stream, nothing. */
void model_read(struct model *m);

#endif /* CHAT_MODEL_H */
