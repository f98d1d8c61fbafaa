/* window.h: what conv.c and pool.c share: how windows lie over an image, checked and counted. Private to ops/. */
#ifndef GANC_WINDOW_H
#define GANC_WINDOW_H

#include "ops/hooks.h"

/* How many windows there are along axis i of an image; false after reporting where they do not fit, or do not fill it. */
bool window_count(struct ganc *g, const struct node *n, const struct window *w, int i, int64_t image, int64_t *count);
/* The reverse: the image's length along axis i. */
bool window_image(struct ganc *g, const struct node *n, const struct window *w, int i, int64_t count, int64_t *image);
/* Reports where t is not [rows, columns, channels]. */
bool window_takes_image(struct ganc *g, const struct node *n, struct type t);

/* The image with its padding, and what stands in windows laid out with their stride, are values too (schedule/windows.c): `in` and `out` numbers
 * at each place. false after reporting where they are too large; the same for an operation and its derivatives. */
bool window_room(struct ganc *g, const struct graph *graph, const struct node *n, const struct window *w, struct type image, int64_t in, int64_t out);

/* Every pair of a window and an element of the image in it: window[], place in the window[], element[]. */
struct window_walk {
    struct window w;
    int64_t image[2], count[2]; /* extents */
    int64_t at[2], in[2], element[2];
    bool begun;
};
bool window_next(struct window_walk *k); /* to the next pair, at first to the first; false at the end */

#endif
