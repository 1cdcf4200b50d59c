/*
 * layout.h - where everything of a map's events stands in the picture.
 *
 * The picture is made of columns: a pass, or what happened between two of them.
 * In a column, what happens goes from left to right; a pass has three zones
 * there: ask, wait, dispatch.  Places are pixels from the left of the column,
 * and rows from the top of the lane.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "trace.h"

#define ROW 22		/* a row's height, and a block's with its gap */
#define LANE_PAD 7	/* above and below the rows of a lane */
#define HEAD 52		/* the height of a pass's head */
#define MARK 18		/* the width of a mark */

/* What a channel can be asked and watched for, as bits. */
enum { READ = 1, WRITE = 2, EXPT = 4 };

struct place {
	int x, width;		/* width: of what has one */
	int row;		/* of a pass: how many it is inside of */
	int wait;		/* of a pass: its wait; -1: it has none */
};

/* What a pass says of a lane beside the wait. */
struct wire {
	int lane, row, pass;	/* pass: its event */
	unsigned asked, wished, armed, fired;
};

struct column {
	int first, end;		/* the events */
	int first_wire, end_wire;
	int width;
	long long pass;		/* 0: between passes */
};

/* In the order of the rows of those that are watched, from 1 on. */
enum span_kind { ALIVE, WATCHED_READ, WATCHED_WRITE, WATCHED_EXPT };

/* Something about a lane that goes on through columns. */
struct span {
	enum span_kind kind;
	int lane;
	int column, x;		/* where it begins */
	int end_column, end_x;
};

struct layout {
	const struct map *map;
	struct place *places;	/* of each event */
	int *rows;		/* of each lane */
	struct column *columns;
	struct wire *wires;
	struct span *spans;
	size_t n_columns, n_wires, n_spans;
	size_t columns_size, wires_size, spans_size;
	int depth;		/* of passes in each other; 1: none is */
};

void layout_make(struct layout *l, const struct map *m);
void layout_free(struct layout *l);

/* The height of a lane of so many rows, two at least. */
int layout_height(int rows);

/* How many rows of its lane an event needs, and a wire. */
int layout_event_rows(const struct layout *l, int event);
int layout_wire_rows(const struct wire *w);

/* The bit of "read" and the like, of "readable", of "handle_read_event"; 0. */
unsigned direction(const char *name);

#endif /* LAYOUT_H */
