/* picture.h: writes batches of values: as a grid of tiles or as points in the plane (PNG), as lines of text (CSV), as an array (NumPy's .npy).
 *
 * Values are float or double (f64), row-major, the batch outermost. Everything goes through durable_write, and the same values give the
 * same bytes. */
#ifndef GANRT_PICTURE_H
#define GANRT_PICTURE_H

#include "error.h"
#include "bitmap.h"

#include <stdint.h>

struct picture_tile {
    uint32_t rank;
    const int64_t *dims; /* [h, w], [h, w, 1], [h, w, 3]; [n] with n a square number is drawn as a square */
    double low, high;    /* what is black, what is white; values outside are clamped, NaN is black */
    bool any;            /* scaled by the largest absolute value of the batch onto [-1, 1]; low and high are not read */
};

bool picture_shape(uint32_t rank, const int64_t *dims, int64_t *h, int64_t *w, int64_t *channels); /* false: no image */

/* count tiles, left to right, then down, in rows x columns; places without a tile stay black. */
bool picture_grid(struct bitmap *to, const struct picture_tile *tile, int64_t rows, int64_t columns, int64_t count, bool f64, const void *values,
                  struct error *e);
bool picture_png(const char *path, const struct picture_tile *tile, int64_t rows, int64_t columns, int64_t count, bool f64, const void *values,
                 struct error *e);
bool picture_write_png(const char *path, const struct bitmap *i, struct error *e);

/* Points in the plane, [count, 2], with axes; x to the right, y up (scatter.c). The box is what is seen: points outside it are not. */
struct picture_box {
    double low[2], high[2]; /* of all finite points so far; begin with picture_no_box */
};
static const struct picture_box picture_no_box = {{1, 1}, {-1, -1}};
bool picture_points(uint32_t rank, const int64_t *dims); /* is it [2]? */
void picture_extend(struct picture_box *box, int64_t count, bool f64, const void *values);
bool picture_scatter(struct bitmap *to, const struct picture_box *box, const char *title, int64_t count, bool f64, const void *values, struct error *e);

bool picture_csv(const char *path, int64_t count, int64_t elements, bool f64, const void *values, struct error *e);
bool picture_npy(const char *path, int64_t count, uint32_t rank, const int64_t *dims, bool f64, const void *values, struct error *e);

#endif
