/*
 * picture.h - the parts that a picture is put together from, as pieces of SVG.
 *
 * Attributes stand in single quotes, so that a piece is short as JSON too.
 * What stands for something in the trace has data- attributes that say what.
 */
#ifndef PICTURE_H
#define PICTURE_H

#include "layout.h"
#include "text.h"

#define LABEL_WIDTH 184	/* of a lane's label, on its left */

/* The top of a column: HEAD pixels for each pass inside of another. */
void picture_head(struct text *t, const struct layout *l, int column);

/* What goes through all lanes.  Its heights are in percent. */
void picture_tall(struct text *t, const struct layout *l, int column);

/* Calls fn with what is in the column for each lane that has something there,
 * in order, and how many rows it takes.  Writes over t. */
void picture_lanes(struct text *t, const struct layout *l, int column,
    void (*fn)(int lane, int rows, const struct text *t, void *arg),
    void *arg);

/* Whose lane it is. */
void picture_label(struct text *t, const struct layout *l, int lane);

/* Whose map it is: "pid 17, map 0x55...". */
void picture_map_name(struct text *t, const struct map *m);

/* What is wrong with it, a sentence; or nothing. */
void picture_trouble(struct text *t, const struct trace *trace);
void picture_map_trouble(struct text *t, const struct map *m);

/* The attributes of what a map is drawn in, and of a lane's group. */
void picture_map_attributes(struct text *t, const struct map *m);
void picture_lane_attributes(struct text *t, const struct layout *l,
    int lane);

/* The signs, and what they mean; NULL ends them. */
struct sign {
	const char *svg;	/* 44 by 22 */
	const char *meaning;
};
extern const struct sign picture_legend[];

#endif /* PICTURE_H */
