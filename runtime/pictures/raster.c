/* raster.c: a drawing as pixels. A pixel of a line or dot is covered by how far its centre lies inside the edge, from 0 at half a pixel outside to
 * 1 at half a pixel inside. What one shape covers is gathered first, so that a line that crosses itself is not painted twice. */
#include "drawing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct canvas {
    struct bitmap *image;
    unsigned char *cover;   /* of the shape at hand, in 255ths, a number a pixel; zero between shapes */
    int64_t x0, y0, x1, y1; /* the part that is covered: x0 <= x < x1 */
};

static int64_t limit(double x, int64_t high)
{
    return x > 0 ? x < (double)high ? (int64_t)x : high : 0;
}

/* Covers what lies within `radius` of a segment; a dot is a segment of no length. */
static void cover_segment(struct canvas *c, const double *a, const double *b, double radius)
{
    const struct bitmap *i = c->image;
    double reach = radius + 1, dx = b[0] - a[0], dy = b[1] - a[1], square = dx * dx + dy * dy;
    if (!isfinite(square)) return;
    int64_t left = limit(floor(fmin(a[0], b[0]) - reach), i->width), right = limit(ceil(fmax(a[0], b[0]) + reach), i->width);
    int64_t top = limit(floor(fmin(a[1], b[1]) - reach), i->height), bottom = limit(ceil(fmax(a[1], b[1]) + reach), i->height);
    for (int64_t y = top; y < bottom; y++)
        for (int64_t x = left; x < right; x++) {
            double px = (double)x + 0.5 - a[0], py = (double)y + 0.5 - a[1], t = square > 0 ? (px * dx + py * dy) / square : 0;
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            px -= t * dx, py -= t * dy;
            double part = (radius + 0.5 - sqrt(px * px + py * py)) * 255;
            unsigned char *at = &c->cover[y * i->width + x];
            if (part > *at) *at = part < 255 ? (unsigned char)part : 255;
        }
    if (left < c->x0) c->x0 = left;
    if (right > c->x1) c->x1 = right;
    if (top < c->y0) c->y0 = top;
    if (bottom > c->y1) c->y1 = bottom;
}

/* Paints what is covered, and covers nothing again. */
static void paint(struct canvas *c, uint32_t colour, double opacity)
{
    const struct bitmap *i = c->image;
    const int ink[3] = {(int)(colour >> 16 & 255), (int)(colour >> 8 & 255), (int)(colour & 255)};
    for (int64_t y = c->y0; y < c->y1; y++)
        for (int64_t x = c->x0; x < c->x1; x++) {
            unsigned char *cover = &c->cover[y * i->width + x], *p = i->pixels + (y * i->width + x) * 3;
            double part = *cover * opacity / 255;
            *cover = 0;
            for (int k = 0; k < 3 && part > 0; k++) p[k] = (unsigned char)lround(p[k] + (ink[k] - p[k]) * part);
        }
    c->x0 = i->width, c->y0 = i->height, c->x1 = c->y1 = 0;
}

static void draw_line(struct canvas *c, const struct drawing_shape *s)
{
    /* Thinner than a pixel would be fainter than it is wide: then the width is kept, and the paint is thinned. */
    double radius = s->size > 1 ? s->size / 2 : 0.5, thin = s->size > 1 ? 1 : s->size;
    for (uint32_t i = 0; i + 1 < s->count; i++) cover_segment(c, s->xy + 2 * i, s->xy + 2 * i + 2, radius);
    if (s->count == 1) cover_segment(c, s->xy, s->xy, radius);
    paint(c, s->colour, s->opacity * thin);
}

static void draw_dots(struct canvas *c, const struct drawing_shape *s)
{
    for (uint32_t i = 0; i < s->count; i++) {
        cover_segment(c, s->xy + 2 * i, s->xy + 2 * i, s->size);
        paint(c, s->colour, s->opacity); /* each by itself: where they crowd it is darker */
    }
}

static int digit(char d)
{
    return d <= '9' ? d - '0' : d - 'a' + 10;
}

static void draw_text(struct canvas *c, const struct drawing_shape *s)
{
    double unit = FONT_UNIT * s->size, at = s->xy[0], width = font_width(s->text, s->size);
    if (s->anchor == ANCHOR_MIDDLE) at -= width / 2;
    if (s->anchor == ANCHOR_END) at -= width;
    const char *text = s->text;
    for (uint32_t code; (code = font_code(&text));) {
        double last[2] = {0, 0};
        bool joined = false;
        for (const char *g = font_glyph(code); *g; g++) {
            if (*g == ' ') {
                joined = false;
                continue;
            }
            double point[2] = {at + digit(g[0]) * unit, s->xy[1] + (digit(g[1]) - FONT_BASELINE) * unit};
            cover_segment(c, joined ? last : point, point, s->size * 0.045 + 0.1);
            memcpy(last, point, sizeof last);
            joined = true;
            g++;
        }
        at += font_advance(code) * unit;
    }
    paint(c, s->colour, s->opacity);
}

bool drawing_image(const struct drawing *d, struct bitmap *to, struct error *e)
{
    static void (*const draw[])(struct canvas *, const struct drawing_shape *) = {draw_line, draw_dots, draw_text};
    if (!bitmap_new(to, (int64_t)d->width, (int64_t)d->height, 3, e)) return false;
    size_t pixels = (size_t)(to->width * to->height);
    struct canvas c = {.image = to, .x0 = to->width, .y0 = to->height, .cover = calloc(pixels, 1)};
    if (!c.cover) {
        bitmap_free(to);
        return error_set(e, "no memory for %lld x %lld pixels", (long long)to->height, (long long)to->width);
    }
    memset(to->pixels, 255, pixels * 3);
    for (uint32_t i = 0; i < d->count; i++) draw[d->shapes[i].kind](&c, &d->shapes[i]);
    free(c.cover);
    return true;
}
