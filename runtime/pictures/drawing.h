/* drawing.h: pictures of lines, dots and words: a list of shapes that is written as SVG (svg.c) or drawn into pixels (raster.c).
 *
 * Coordinates are pixels from the upper left corner, y down; colours are 0xRRGGBB. A drawing owns its list and copies what it is given. */
#ifndef GANRT_DRAWING_H
#define GANRT_DRAWING_H

#include "bitmap.h"

enum drawing_kind { DRAWING_LINE, DRAWING_DOTS, DRAWING_TEXT };
enum drawing_anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END }; /* which part of a text stands at its place */

struct drawing_shape {
    enum drawing_kind kind;
    uint32_t colour, count;
    double opacity;
    double size;                /* LINE: its width; DOTS: their radius; TEXT: the size of the font */
    enum drawing_anchor anchor; /* TEXT */
    double *xy;                 /* LINE, DOTS: count pairs; TEXT: a point of the baseline */
    char *text;
};

struct drawing {
    double width, height; /* whole numbers; the ground is white */
    uint32_t count, room;
    struct drawing_shape *shapes; /* the later ones lie over the earlier ones */
};

void drawing_line(struct drawing *d, uint32_t count, const double *xy, double width, uint32_t colour, double opacity); /* with round ends and corners */
void drawing_segment(struct drawing *d, double x0, double y0, double x1, double y1, double width, uint32_t colour);
void drawing_dots(struct drawing *d, uint32_t count, const double *xy, double radius, uint32_t colour, double opacity);
void drawing_text(struct drawing *d, double x, double y, double size, enum drawing_anchor anchor, uint32_t colour, const char *text);
void drawing_free(struct drawing *d);

void drawing_svg(const struct drawing *d, struct bytes *to);
bool drawing_image(const struct drawing *d, struct bitmap *to, struct error *e); /* three channels */

/* font.c: a font of strokes: of raster.c, and the measure of text everywhere. */
double font_width(const char *text, double size);
uint32_t font_code(const char **text); /* the next code point of UTF-8 text; 0 at its end; U+FFFD where the bytes are none */
const char *font_glyph(uint32_t code); /* strokes, blanks between them: pairs of base-36 digits x y; y 0 is a capital's top, c the baseline */
double font_advance(uint32_t code);    /* in the same units */
#define FONT_UNIT (0.716 / 12)         /* of the font's size: capitals are 0.716 of it high */
#define FONT_BASELINE 12

#endif
