/* curves.h: what a run's metrics.jsonl says, read for plots.
 *
 * struct curves owns its columns and names. A column has a row where the file has a value; a value that was no number (null) is NaN. */
#ifndef GANRT_CURVES_H
#define GANRT_CURVES_H

#include "error.h"

#include <stdint.h>

#define CURVES_MOST 4096 /* metrics of a run */

struct curve {
    char *name;
    uint32_t count, room;
    uint32_t *row; /* into the x columns */
    double *y;
};

struct curves {
    char *path, *label; /* the file; the last part of its folder's name */
    uint32_t rows, room;
    double *x[3]; /* step, epoch, seconds */
    uint32_t count;
    struct curve *at;
};

extern const char *const curves_axes[3]; /* "step", "epoch", "seconds" */

/* A run's folder, or the file itself. The error names file and line. */
bool curves_read(struct curves *c, const char *path, struct error *e);
void curves_free(struct curves *c);
const struct curve *curves_find(const struct curves *c, const char *name, struct error *e); /* NULL: the error names the nearest one */

/* The median, the mean, of the `window` values around each (odd; fewer at the ends, and of those that are numbers). in and out are different memory. */
void curves_median(const double *in, double *out, uint32_t count, uint32_t window);
void curves_mean(const double *in, double *out, uint32_t count, uint32_t window);

#endif
