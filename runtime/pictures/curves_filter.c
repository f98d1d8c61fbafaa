/* curves_filter.c: running medians and means, for curves that noise hides. */
#include "curves.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The values of the window in order: those that enter and leave find their place by halving. */
struct window {
    double *sorted;
    uint32_t count;
};

static uint32_t place(const struct window *w, double x) /* how many are less */
{
    uint32_t low = 0, high = w->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (w->sorted[middle] < x) low = middle + 1;
        else high = middle;
    }
    return low;
}

static void enter(struct window *w, double x)
{
    if (isnan(x)) return;
    uint32_t at = place(w, x);
    memmove(w->sorted + at + 1, w->sorted + at, (w->count - at) * sizeof *w->sorted);
    w->sorted[at] = x;
    w->count++;
}

static void leave(struct window *w, double x)
{
    if (isnan(x)) return;
    uint32_t at = place(w, x);
    w->count--;
    memmove(w->sorted + at, w->sorted + at + 1, (w->count - at) * sizeof *w->sorted);
}

void curves_median(const double *in, double *out, uint32_t count, uint32_t window)
{
    uint32_t half = window / 2;
    struct window w = {.sorted = memory_take((size_t)window + 1, sizeof *w.sorted)};
    for (uint32_t i = 0; i < count && i < half; i++) enter(&w, in[i]);
    for (uint32_t i = 0; i < count; i++) {
        if (half < count - i) enter(&w, in[i + half]);
        if (i > half) leave(&w, in[i - half - 1]);
        out[i] = isnan(in[i]) || !w.count ? NAN : w.sorted[(w.count - 1) / 2] / 2 + w.sorted[w.count / 2] / 2;
    }
    free(w.sorted);
}

void curves_mean(const double *in, double *out, uint32_t count, uint32_t window)
{
    uint32_t half = window / 2;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t low = i > half ? i - half : 0, high = half < count - i ? i + half : count - 1, n = 0;
        double sum = 0;
        for (uint32_t k = low; k <= high; k++)
            if (!isnan(in[k])) sum += in[k], n++;
        out[i] = isnan(in[i]) ? NAN : sum / n;
    }
}
