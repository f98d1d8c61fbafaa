/* axes.h: the scale of an axis, and where its ticks stand. */
#ifndef GANRT_AXES_H
#define GANRT_AXES_H

#include "drawing.h"

struct axis {
    double low, high;   /* what is shown */
    double from, to;    /* in pixels: low stands at from, high at to */
    double step, first; /* ticks: first, first + step, ... up to high */
    uint32_t ticks;
};

#define AXES_INK 0x333333u
#define AXES_GRID 0xe4e4e4u
#define AXES_FONT 11.0

/* low < high, or equal: then room is made around the value. About `most` ticks at the most, at multiples of 1, 2 or 5 times a power of ten. */
struct axis axis_make(double low, double high, double from, double to, uint32_t most);
double axis_at(const struct axis *a, double x);
double axis_tick(const struct axis *a, uint32_t i);
void axis_label(const struct axis *a, uint32_t i, char text[48]); /* as many digits as tell the ticks apart */

/* A frame with lines and labels at the ticks of both: x along the bottom (its labels only where wanted), y at the left. */
void axes_draw(struct drawing *d, const struct axis *x, const struct axis *y, bool labels);

#endif
