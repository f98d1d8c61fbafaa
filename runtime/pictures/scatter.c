/* scatter.c: points in the plane. Both axes have one scale, so that a circle is round, unless one of them is more than four times as long: then it is
 * a curve, such as x and D(x), and each has its own. */
#include "axes.h"
#include "picture.h"

#include <math.h>
#include <stdlib.h>

enum { SIZE = 420, LEFT = 52, RIGHT = 14, TOP = 26, BOTTOM = 26 };

static double value_at(bool f64, const void *values, int64_t i)
{
    return f64 ? ((const double *)values)[i] : (double)((const float *)values)[i];
}

bool picture_points(uint32_t rank, const int64_t *dims)
{
    return rank == 1 && dims[0] == 2;
}

void picture_extend(struct picture_box *box, int64_t count, bool f64, const void *values)
{
    for (int64_t i = 0; i < count; i++) {
        double p[2] = {value_at(f64, values, 2 * i), value_at(f64, values, 2 * i + 1)};
        if (!isfinite(p[0]) || !isfinite(p[1])) continue;
        bool first = box->low[0] > box->high[0];
        for (int k = 0; k < 2; k++) {
            if (first || p[k] < box->low[k]) box->low[k] = p[k];
            if (first || p[k] > box->high[k]) box->high[k] = p[k];
        }
    }
}

/* With room at the edges, and square where the sides are alike. */
static struct picture_box frame_of(const struct picture_box *box)
{
    struct picture_box f = *box;
    if (f.low[0] > f.high[0]) return (struct picture_box){{-1, -1}, {1, 1}};
    double side[2] = {f.high[0] / 2 - f.low[0] / 2, f.high[1] / 2 - f.low[1] / 2}, longer = fmax(side[0], side[1]);
    for (int k = 0; k < 2; k++) {
        double middle = f.low[k] / 2 + f.high[k] / 2, half = side[k] * 4 >= longer ? longer : side[k];
        if (!(half > 0)) half = longer > 0 ? longer : fabs(middle) > 0 ? fabs(middle) * 0.1 : 1;
        f.low[k] = middle - half * 1.06;
        f.high[k] = middle + half * 1.06;
    }
    return f;
}

bool picture_scatter(struct bitmap *to, const struct picture_box *box, const char *title, int64_t count, bool f64, const void *values, struct error *e)
{
    struct picture_box f = frame_of(box);
    struct drawing d = {.width = SIZE, .height = SIZE};
    struct axis x = axis_make(f.low[0], f.high[0], LEFT, SIZE - RIGHT, 6), y = axis_make(f.low[1], f.high[1], SIZE - BOTTOM, TOP, 6);
    axes_draw(&d, &x, &y, true);
    double *xy = memory_take((size_t)count * 2, sizeof *xy);
    uint32_t n = 0;
    for (int64_t i = 0; i < count; i++) {
        double px = value_at(f64, values, 2 * i), py = value_at(f64, values, 2 * i + 1);
        if (!(px >= f.low[0] && px <= f.high[0] && py >= f.low[1] && py <= f.high[1])) continue;
        xy[2 * n] = axis_at(&x, px);
        xy[2 * n++ + 1] = axis_at(&y, py);
    }
    drawing_dots(&d, n, xy, count > 2000 ? 1.2 : 1.6, 0x0072b2, count > 2000 ? 0.5 : 0.7);
    free(xy);
    drawing_text(&d, (LEFT + SIZE - RIGHT) / 2.0, TOP - 9, 12, ANCHOR_MIDDLE, AXES_INK, title);
    bool ok = drawing_image(&d, to, e);
    drawing_free(&d);
    return ok;
}
