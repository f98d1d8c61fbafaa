/* plot.h: curves over one another, in panels under one another. A struct plot borrows names and numbers; plot_draw makes a drawing of its own. */
#ifndef GANRT_PLOT_H
#define GANRT_PLOT_H

#include "drawing.h"

struct plot_curve {
    uint32_t panel;
    uint32_t entry; /* of the legend: its colour */
    uint32_t count;
    const double *x, *y;    /* NaN: the line is broken there */
    const double *filtered; /* drawn over y, which then is pale; NULL: only y */
};

struct plot {
    const char *title, *x_name;
    uint32_t npanels, nentries, ncurves;
    const char *const *panels;  /* what stands above each; may be NULL */
    const char *const *entries; /* the legend's */
    const struct plot_curve *curves;
    double y_low, y_high; /* of every panel, where they differ: lines are cut off there; else what the curves reach */
    double width, height; /* 0: as many pixels as the panels want */
};

bool plot_draw(const struct plot *p, struct drawing *to, struct error *e);

#endif
