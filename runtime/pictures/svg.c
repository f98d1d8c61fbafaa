/* svg.c: a drawing as SVG: text that browsers and editors of drawings read. */
#include "drawing.h"

#include "json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void __attribute__((format(printf, 2, 3))) add(struct bytes *to, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n > 0) bytes_add(to, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

/* At most two decimals, no zeros at the end. */
static void add_number(struct bytes *to, double x)
{
    char text[64];
    int n = snprintf(text, sizeof text, "%.2f", x);
    while (text[n - 1] == '0') n--;
    if (text[n - 1] == '.') n--;
    text[n] = 0;
    add(to, "%s", strcmp(text, "-0") ? text : "0");
}

/* Characters of markup are escaped; control characters and bytes that are no UTF-8, which XML forbids, become '?'. */
static void add_text(struct bytes *to, const char *text)
{
    for (size_t left = strlen(text); left;) {
        size_t n = json_utf8(text, left);
        unsigned char c = (unsigned char)*text;
        if (c == '&') add(to, "&amp;");
        else if (c == '<') add(to, "&lt;");
        else if (c == '>') add(to, "&gt;");
        else if (!n || c < 32 || c == 127) add(to, "?");
        else bytes_add(to, text, n);
        text += n ? n : 1;
        left -= n ? n : 1;
    }
}

static void add_paint(struct bytes *to, const struct drawing_shape *s, const char *attribute)
{
    add(to, " %s=\"#%06" PRIx32 "\"", attribute, s->colour);
    if (s->opacity >= 1) return;
    add(to, " %s-opacity=\"", attribute);
    add_number(to, s->opacity);
    add(to, "\"");
}

static void add_line(struct bytes *to, const struct drawing_shape *s)
{
    add(to, "<polyline fill=\"none\" stroke-linecap=\"round\" stroke-linejoin=\"round\" stroke-width=\"");
    add_number(to, s->size);
    add(to, "\"");
    add_paint(to, s, "stroke");
    add(to, " points=\"");
    for (uint32_t i = 0; i < s->count; i++) {
        if (i) add(to, " ");
        add_number(to, s->xy[2 * i]);
        add(to, ",");
        add_number(to, s->xy[2 * i + 1]);
    }
    add(to, "\"/>\n");
}

static void add_dots(struct bytes *to, const struct drawing_shape *s)
{
    add(to, "<g");
    add_paint(to, s, "fill");
    add(to, ">\n");
    for (uint32_t i = 0; i < s->count; i++) {
        add(to, "<circle cx=\"");
        add_number(to, s->xy[2 * i]);
        add(to, "\" cy=\"");
        add_number(to, s->xy[2 * i + 1]);
        add(to, "\" r=\"");
        add_number(to, s->size);
        add(to, "\"/>\n");
    }
    add(to, "</g>\n");
}

static void add_words(struct bytes *to, const struct drawing_shape *s)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    add(to, "<text x=\"");
    add_number(to, s->xy[0]);
    add(to, "\" y=\"");
    add_number(to, s->xy[1]);
    add(to, "\" font-size=\"");
    add_number(to, s->size);
    add(to, "\"");
    if (s->anchor != ANCHOR_START) add(to, " text-anchor=\"%s\"", anchors[s->anchor]);
    add_paint(to, s, "fill");
    add(to, ">");
    add_text(to, s->text);
    add(to, "</text>\n");
}

void drawing_svg(const struct drawing *d, struct bytes *to)
{
    static void (*const write[])(struct bytes *, const struct drawing_shape *) = {add_line, add_dots, add_words};
    add(to, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\">\n", d->width,
        d->height, d->width, d->height);
    add(to, "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n");
    for (uint32_t i = 0; i < d->count; i++) write[d->shapes[i].kind](to, &d->shapes[i]);
    add(to, "</svg>\n");
}
