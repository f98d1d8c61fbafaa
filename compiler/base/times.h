/* times.h: `--time`: how long each part of a compilation took.
 *
 * Where --time was not given, g->times is NULL and nothing is measured. Parts have names; equal names add up, and are printed in the order in
 * which they first came. A part within a part is left out of it: the outer one's time is what the inner ones did not take. */
#ifndef GANC_TIMES_H
#define GANC_TIMES_H

#include "base/buffer.h"
#include "base/ganc.h"

struct timing {
    double since, inner; /* when it began; what parts within it have taken */
    struct timing *outer;
};

void times_open(struct ganc *g);                              /* --time was given: from now on */
void time_begin(struct ganc *g, struct timing *t);            /* t: the caller's, until time_end */
void time_end(struct ganc *g, struct timing *t, const char *part);
void time_note(struct ganc *g, const char *part, double milliseconds); /* of another thread, say: counted beside the clock */
void times_say(struct ganc *g, const char *what, const char *name);    /* a line below the table: "cache: hit", ... */
void times_print(struct ganc *g, struct buffer *to);          /* the table, and forgets it */
double times_now(void);                                       /* milliseconds of a clock that only goes on */

#endif
