/* plot.c: where everything of a plot stands. */
#include "plot.h"

#include "axes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 760, PANEL_ONE = 320, PANEL_MANY = 190, MARGIN = 14, LEGEND_ROW = 18, LEGEND_LINE = 22, PANEL_NAME = 20, TICK_ROW = 22 };

/* Okabe and Ito's colours, which the colour-blind tell apart; then hues a golden angle from one another. */
static uint32_t colour_of(uint32_t entry)
{
    static const uint32_t colours[] = {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9, 0x000000};
    if (entry < sizeof colours / sizeof *colours) return colours[entry];
    double hue = fmod(entry * 2.39996322972865, 6.283185307179586);
    uint32_t colour = 0;
    for (int c = 0; c < 3; c++) colour = colour << 8 | (uint32_t)(110 + 90 * cos(hue - c * 2.0943951023931953));
    return colour;
}

/* The legend's rows: each entry after the last one where it fits. Draws where `to` is not NULL; returns the height. */
static double legend(const struct plot *p, struct drawing *to, double width, double top)
{
    double left = MARGIN, y = top;
    if (!p->nentries) return 0;
    for (uint32_t i = 0; i < p->nentries; i++) {
        double wide = LEGEND_LINE + 6 + font_width(p->entries[i], AXES_FONT + 1) * 1.05 + 18;
        if (left > MARGIN && left + wide > width - MARGIN) left = MARGIN, y += LEGEND_ROW;
        if (to) {
            drawing_segment(to, left, y + 8.5, left + LEGEND_LINE, y + 8.5, 2, colour_of(i));
            drawing_text(to, left + LEGEND_LINE + 6, y + 12.5, AXES_FONT + 1, ANCHOR_START, AXES_INK, p->entries[i]);
        }
        left += wide;
    }
    return y + LEGEND_ROW + 4 - top;
}

struct range {
    double low, high;
};

static bool is_shown(double x) /* beyond that, differences overflow */
{
    return fabs(x) <= 1e300;
}

static void extend(struct range *r, const double *x, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!is_shown(x[i])) continue;
        if (!(r->low <= x[i])) r->low = x[i];
        if (!(r->high >= x[i])) r->high = x[i];
    }
}

static struct range range_x(const struct plot *p)
{
    struct range r = {NAN, NAN};
    for (uint32_t i = 0; i < p->ncurves; i++) extend(&r, p->curves[i].x, p->curves[i].count);
    return r;
}

static struct range range_y(const struct plot *p, uint32_t panel)
{
    struct range r = {NAN, NAN};
    if (p->y_low < p->y_high) return (struct range){p->y_low, p->y_high};
    for (uint32_t i = 0; i < p->ncurves; i++)
        if (p->curves[i].panel == panel) extend(&r, p->curves[i].y, p->curves[i].count);
    if (isnan(r.low)) r = (struct range){0, 1};
    double room = (r.high - r.low) * 0.05;
    return (struct range){r.low - room, r.high + room};
}

/* A line as far as it is inside its panel, top <= y <= bottom; what is gathered is drawn where it leaves, and at its end. */
struct stroke {
    struct drawing *to;
    double *xy, width, opacity, top, bottom;
    double last[2]; /* the point before, inside or not */
    bool begun;
    uint32_t count, colour;
};

static void put(struct stroke *s, double x, double y)
{
    s->xy[2 * s->count] = x;
    s->xy[2 * s->count++ + 1] = y;
}

static void draw(struct stroke *s)
{
    drawing_line(s->to, s->count, s->xy, s->width, s->colour, s->opacity);
    s->count = 0;
}

static void end_line(struct stroke *s)
{
    draw(s);
    s->begun = false;
}

static void add_point(struct stroke *s, double x, double y)
{
    double dx = x - s->last[0], dy = y - s->last[1], from = 0, to = 1; /* the part of the segment that is inside */
    if (s->begun && dy != 0) {
        double a = (s->top - s->last[1]) / dy, b = (s->bottom - s->last[1]) / dy;
        from = fmax(0, fmin(a, b));
        to = fmin(1, fmax(a, b));
    } else if (y < s->top || y > s->bottom) {
        from = 2;
    }
    if (from <= to) {
        if (s->begun && from > 0) put(s, s->last[0] + from * dx, s->last[1] + from * dy);
        if (to < 1) put(s, s->last[0] + to * dx, s->last[1] + to * dy);
        else put(s, x, y);
    }
    if (to < 1 || from > to) draw(s);
    s->last[0] = x, s->last[1] = y;
    s->begun = true;
}

/* Of the points within half a pixel of one another's x only the first, the lowest, the highest and the last are drawn, in their order: the line is the
 * same, and a file of a million steps makes no larger drawing than the paper is wide. */
static void draw_curve(struct stroke *s, uint32_t count, const double *x, const double *y, const struct axis *ax, const struct axis *ay)
{
    for (uint32_t i = 0; i < count;) {
        if (!is_shown(y[i]) || !is_shown(x[i])) {
            end_line(s);
            i++;
            continue;
        }
        double cell = floor(axis_at(ax, x[i]) * 2);
        uint32_t first = i, low = i, high = i, last = i;
        for (; i < count && is_shown(y[i]) && floor(axis_at(ax, x[i]) * 2) == cell; i++) {
            if (y[i] < y[low]) low = i;
            if (y[i] > y[high]) high = i;
            last = i;
        }
        uint32_t order[4] = {first, low < high ? low : high, low < high ? high : low, last};
        for (int k = 0; k < 4; k++)
            if (!k || order[k] != order[k - 1]) add_point(s, axis_at(ax, x[order[k]]), axis_at(ay, y[order[k]]));
    }
    end_line(s);
}

static void draw_panel(const struct plot *p, struct drawing *to, uint32_t panel, const struct axis *x, const struct axis *y, double *room)
{
    bool last = panel + 1 == p->npanels;
    axes_draw(to, x, y, last);
    if (p->panels && p->panels[panel]) drawing_text(to, x->from, y->to - 6, AXES_FONT + 1, ANCHOR_START, AXES_INK, p->panels[panel]);
    for (int pass = 0; pass < 2; pass++) /* the pale lines lie under all others */
        for (uint32_t i = 0; i < p->ncurves; i++) {
            const struct plot_curve *c = &p->curves[i];
            if (c->panel != panel || (pass == 0 && !c->filtered)) continue;
            struct stroke s = {
                .to = to, .xy = room, .colour = colour_of(c->entry), .width = pass ? 1.5 : 1, .opacity = pass ? 1 : 0.25, .top = y->to, .bottom = y->from};
            draw_curve(&s, c->count, c->x, pass && c->filtered ? c->filtered : c->y, x, y);
        }
}

/* How wide the labels at the left are. */
static double label_room(const struct plot *p, double height, uint32_t ticks)
{
    double most = 0;
    for (uint32_t k = 0; k < p->npanels; k++) {
        struct range r = range_y(p, k);
        struct axis y = axis_make(r.low, r.high, height, 0, ticks);
        for (uint32_t i = 0; i < y.ticks; i++) {
            char text[48];
            axis_label(&y, i, text);
            most = fmax(most, font_width(text, AXES_FONT) * 1.05);
        }
    }
    return most;
}

bool plot_draw(const struct plot *p, struct drawing *to, struct error *e)
{
    double width = p->width > 0 ? p->width : WIDTH, top = p->title ? 34 : MARGIN, named = p->panels ? PANEL_NAME : 8;
    double head = top + legend(p, NULL, width, top), foot = TICK_ROW + 20;
    double whole = p->height > 0 ? p->height : head + foot + p->npanels * (named + (p->npanels == 1 ? PANEL_ONE : PANEL_MANY));
    double panel = floor((whole - head - foot) / p->npanels - named);
    uint32_t ticks = panel > 250 ? 8 : panel > 120 ? 5 : 3, most = 0;
    double left = floor(MARGIN + 8 + label_room(p, panel, ticks));
    *to = (struct drawing){.width = width, .height = whole};
    if (panel < 40 || width - left - MARGIN < 100) return error_set(e, "there is no room for %u panels in %.0f x %.0f pixels", p->npanels, width, whole);
    for (uint32_t i = 0; i < p->ncurves; i++)
        if (p->curves[i].count > most) most = p->curves[i].count;
    double *room = memory_take((size_t)most * 16 + 16, sizeof *room); /* four points a value, and where they leave and come back */
    if (p->title) drawing_text(to, width / 2, 23, 15, ANCHOR_MIDDLE, AXES_INK, p->title);
    legend(p, to, width, top);
    struct range rx = range_x(p);
    struct axis x = axis_make(rx.low, rx.high, left, width - MARGIN - 8, (uint32_t)((width - left) / 80));
    for (uint32_t k = 0; k < p->npanels; k++) {
        struct range ry = range_y(p, k);
        double above = head + k * (panel + named) + named;
        struct axis y = axis_make(ry.low, ry.high, above + panel, above, ticks);
        draw_panel(p, to, k, &x, &y, room);
    }
    drawing_text(to, (left + width - MARGIN - 8) / 2, whole - 8, AXES_FONT + 1, ANCHOR_MIDDLE, AXES_INK, p->x_name);
    free(room);
    return true;
}
