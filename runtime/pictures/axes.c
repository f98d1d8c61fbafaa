/* axes.c: scales, ticks and frames. */
#include "axes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The least of 1, 2, 5, 10 times a power of ten that is no less than x. */
static double round_up(double x)
{
    double power = pow(10, floor(log10(x)));
    for (int i = 0; i < 3; i++) {
        static const double steps[] = {1, 2, 5};
        if (steps[i] * power >= x * (1 - 1e-9)) return steps[i] * power;
    }
    return 10 * power;
}

struct axis axis_make(double low, double high, double from, double to, uint32_t most)
{
    if (!(high - low > 1e-12 * fmax(fabs(low), fabs(high)))) {
        double room = fabs(low) > 0 ? fabs(low) * 0.1 : 1;
        low -= room, high += room;
    }
    struct axis a = {.low = low, .high = high, .from = from, .to = to};
    a.step = round_up((high / most - low / most));
    double first = ceil(low / a.step - 1e-9), last = floor(high / a.step + 1e-9);
    a.first = first * a.step;
    a.ticks = last >= first && last - first < 1000 ? (uint32_t)(last - first) + 1 : 0;
    return a;
}

double axis_at(const struct axis *a, double x)
{
    return a->from + (x - a->low) / (a->high - a->low) * (a->to - a->from);
}

double axis_tick(const struct axis *a, uint32_t i)
{
    double x = (round(a->first / a->step) + i) * a->step;
    return fabs(x) < a->step * 1e-6 ? 0 : x;
}

/* Whole numbers have a comma every three digits. */
static void add_commas(char text[48])
{
    char plain[48];
    size_t sign = *text == '-', n = strlen(text) - sign, at = 0;
    if (n < 4) return;
    strcpy(plain, text + sign);
    for (size_t i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0) text[sign + at++] = ',';
        text[sign + at++] = plain[i];
    }
    text[sign + at] = 0;
}

void axis_label(const struct axis *a, uint32_t i, char text[48])
{
    double x = axis_tick(a, i), most = fmax(fabs(a->low), fabs(a->high));
    int decimals = (int)-floor(log10(a->step) + 1e-9);
    if (decimals > 6 || most >= 1e9) {
        int digits = (int)(floor(log10(most) + 1e-9) - floor(log10(a->step) + 1e-9)) + 1;
        snprintf(text, 48, "%.*g", digits < 1 ? 1 : digits > 15 ? 15 : digits, x);
        return;
    }
    snprintf(text, 48, "%.*f", decimals > 0 ? decimals : 0, x);
    if (decimals <= 0) add_commas(text);
}

void axes_draw(struct drawing *d, const struct axis *x, const struct axis *y, bool labels)
{
    char text[48];
    for (uint32_t i = 0; i < x->ticks; i++) {
        double at = floor(axis_at(x, axis_tick(x, i))) + 0.5;
        drawing_segment(d, at, y->from, at, y->to, 1, AXES_GRID);
        axis_label(x, i, text);
        if (labels) drawing_text(d, at, y->from + AXES_FONT + 5, AXES_FONT, ANCHOR_MIDDLE, AXES_INK, text);
    }
    for (uint32_t i = 0; i < y->ticks; i++) {
        double at = floor(axis_at(y, axis_tick(y, i))) + 0.5;
        drawing_segment(d, x->from, at, x->to, at, 1, AXES_GRID);
        axis_label(y, i, text);
        drawing_text(d, x->from - 6, at + AXES_FONT * 0.36, AXES_FONT, ANCHOR_END, AXES_INK, text);
    }
    double left = floor(x->from) + 0.5, right = floor(x->to) + 0.5, bottom = floor(y->from) + 0.5, top = floor(y->to) + 0.5;
    drawing_line(d, 5, (double[]){left, top, right, top, right, bottom, left, bottom, left, top}, 1, 0x999999, 1);
}
