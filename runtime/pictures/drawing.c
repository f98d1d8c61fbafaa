/* drawing.c: the list of shapes. */
#include "drawing.h"

#include <stdlib.h>
#include <string.h>

static struct drawing_shape *add(struct drawing *d, enum drawing_kind kind, uint32_t pairs, const double *xy, double size, uint32_t colour)
{
    if (d->count == d->room) d->shapes = memory_grow(d->shapes, d->room = d->room * 2 + 64, sizeof *d->shapes);
    struct drawing_shape *s = &d->shapes[d->count++];
    *s = (struct drawing_shape){.kind = kind, .size = size, .colour = colour, .count = pairs, .opacity = 1};
    s->xy = memory_take(2 * (size_t)pairs, sizeof *s->xy);
    memcpy(s->xy, xy, 2 * pairs * sizeof *xy);
    return s;
}

void drawing_line(struct drawing *d, uint32_t count, const double *xy, double width, uint32_t colour, double opacity)
{
    if (count) add(d, DRAWING_LINE, count, xy, width, colour)->opacity = opacity;
}

void drawing_segment(struct drawing *d, double x0, double y0, double x1, double y1, double width, uint32_t colour)
{
    drawing_line(d, 2, (double[]){x0, y0, x1, y1}, width, colour, 1);
}

void drawing_dots(struct drawing *d, uint32_t count, const double *xy, double radius, uint32_t colour, double opacity)
{
    if (count) add(d, DRAWING_DOTS, count, xy, radius, colour)->opacity = opacity;
}

void drawing_text(struct drawing *d, double x, double y, double size, enum drawing_anchor anchor, uint32_t colour, const char *text)
{
    struct drawing_shape *s = add(d, DRAWING_TEXT, 1, (double[]){x, y}, size, colour);
    s->anchor = anchor;
    s->text = memory_format("%s", text);
}

void drawing_free(struct drawing *d)
{
    for (uint32_t i = 0; i < d->count; i++) {
        free(d->shapes[i].xy);
        free(d->shapes[i].text);
    }
    free(d->shapes);
    *d = (struct drawing){.width = d->width, .height = d->height};
}
