/* Drawings: pixels of lines, dots and boxes; SVG; the font; ticks; points in the plane; running medians and means against the plain way; plots. */
#include "check.h"

#include "../../runtime/pictures/axes.h"
#include "../../runtime/pictures/curves.h"
#include "../../runtime/pictures/picture.h"
#include "../../runtime/pictures/plot.h"

#include <stdlib.h>

static struct error why;

static int level(const struct bitmap *i, int x, int y)
{
    const unsigned char *p = i->pixels + (y * i->width + x) * 3;
    return p[0];
}

static void check_pixels(void)
{
    struct drawing d = {.width = 20, .height = 12};
    struct bitmap i;
    drawing_segment(&d, 2, 3.5, 17, 3.5, 1, 0x000000);                            /* the middle of row 3 */
    drawing_segment(&d, 5, 8, 15, 8, 1, 0x000000);                                /* between rows 7 and 8 */
    drawing_line(&d, 3, (double[]){10.5, 2, 10.5, 6, 10.5, 2}, 1, 0x000000, 0.5); /* there and back: painted once */
    CHECK(drawing_image(&d, &i, &why) && i.width == 20 && i.height == 12 && i.channels == 3);
    CHECK(level(&i, 8, 3) == 0 && level(&i, 8, 2) == 255 && level(&i, 8, 4) == 255);
    CHECK(level(&i, 8, 7) > 100 && level(&i, 8, 7) < 155 && level(&i, 8, 7) == level(&i, 8, 8) && level(&i, 8, 9) == 255);
    CHECK(level(&i, 10, 5) > 120 && level(&i, 10, 5) < 135 && level(&i, 9, 5) == 255);
    CHECK(level(&i, 0, 3) == 255 && level(&i, 19, 3) == 255);
    bitmap_free(&i);
    drawing_free(&d);
    drawing_dots(&d, 1, (double[]){12.5, 6.5}, 2, 0xff0000, 1);
    drawing_segment(&d, -1e9, 1, 1e9, 1, 1, 0); /* far beyond the paper */
    drawing_segment(&d, NAN, 1, 3, 1, 1, 0);    /* nowhere */
    CHECK(drawing_image(&d, &i, &why));
    double dot = 0;
    for (int k = 0; k < 240; k++) {
        const unsigned char *p = i.pixels + 3 * k;
        if (k / 20 > 1 && p[0] == 255) dot += (255 - p[1]) / 255.0;
    }
    CHECK_NEAR(dot, 3.14159265 * 4, 1.0); /* the area of the dot */
    bitmap_free(&i);
    drawing_free(&d);
}

static void check_svg(void)
{
    struct drawing d = {.width = 30, .height = 20};
    struct bytes b = {0};
    drawing_line(&d, 2, (double[]){1, 2.5, -0.001, 10.126}, 1.5, 0xabcdef, 0.25);
    drawing_dots(&d, 1, (double[]){3, 4}, 2, 0x0000ff, 1);
    drawing_text(&d, 5, 6, 11, ANCHOR_END, 0x333333, "a < b & \"c\" \xce\xbb\xff\x01");
    drawing_svg(&d, &b);
    bytes_add(&b, "", 1);
    CHECK_TEXT((char *)b.at,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"30\" height=\"20\" viewBox=\"0 0 30 20\" font-family=\"sans-serif\">\n"
               "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
               "<polyline fill=\"none\" stroke-linecap=\"round\" stroke-linejoin=\"round\" stroke-width=\"1.5\" stroke=\"#abcdef\" stroke-opacity=\"0.25\" "
               "points=\"1,2.5 0,10.13\"/>\n"
               "<g fill=\"#0000ff\">\n<circle cx=\"3\" cy=\"4\" r=\"2\"/>\n</g>\n"
               "<text x=\"5\" y=\"6\" font-size=\"11\" text-anchor=\"end\" fill=\"#333333\">a &lt; b &amp; \"c\" \xce\xbb?\?</text>\n</svg>\n");
    free(b.at);
    drawing_free(&d);
}

/* Every glyph is well formed, no two are the same but a letter of two alphabets, and what is unknown is a box. */
static void check_font(void)
{
    for (uint32_t code = 33; code < 0x2300; code++) {
        const char *g = font_glyph(code);
        for (const char *at = g; *at; at++) {
            if (*at == ' ') continue;
            bool fine = strchr("0123456789abcd", at[0]) && at[1] && strchr("0123456789abcdefg", at[1]);
            if (!fine) {
                CHECK(!"a glyph is broken");
                printf("glyph %x: %s\n", code, g);
                break;
            }
            at++;
        }
        for (uint32_t other = 33; other < code && code < 127; other++)
            if (!strcmp(g, font_glyph(other))) {
                CHECK(!"two glyphs are the same");
                printf("%c %c\n", (int)code, (int)other);
            }
    }
    CHECK_TEXT(font_glyph(0x4e00), "00707c0c00");
    CHECK_NEAR(font_width("12345", 12), (5 * 9 - 3) * 0.716, 1e-9);
    CHECK(font_width("", 12) == 0 && font_width("W", 12) > font_width("i", 12));
    const char *text = "A\xce\xbb\xff\xe2\x88\x92";
    /* NOLINTNEXTLINE(misc-redundant-expression): each call goes on in the text */
    CHECK(font_code(&text) == 'A' && font_code(&text) == 0x3bb && font_code(&text) == 0xfffd && font_code(&text) == 0x2212 && font_code(&text) == 0);
}

static void check_labels(double low, double high, uint32_t most, const char *want)
{
    struct axis a = axis_make(low, high, 0, 100, most);
    char all[512] = "", text[48];
    for (uint32_t i = 0; i < a.ticks; i++) {
        axis_label(&a, i, text);
        if (i) strcat(all, " ");
        strcat(all, text);
        double at = axis_at(&a, axis_tick(&a, i));
        CHECK(at >= -1e-6 && at <= 100 + 1e-6);
    }
    CHECK_TEXT(all, want);
    CHECK(a.ticks <= most + 1);
}

static void check_ticks(void)
{
    check_labels(0, 10, 5, "0 2 4 6 8 10");
    check_labels(-1.386, -0.69, 5, "-1.2 -1.0 -0.8");
    check_labels(-0.05, 0.05, 5, "-0.04 -0.02 0.00 0.02 0.04");
    check_labels(1, 20000, 8, "5,000 10,000 15,000 20,000");
    check_labels(0, 25000000, 5, "0 5,000,000 10,000,000 15,000,000 20,000,000 25,000,000");
    check_labels(3, 3, 4, "2.8 3.0 3.2");
    check_labels(0, 0, 4, "-1.0 -0.5 0.0 0.5 1.0");
    check_labels(0, 3e-9, 3, "0 1e-09 2e-09 3e-09");
    check_labels(0, 2e12, 4, "0 5e+11 1e+12 1.5e+12 2e+12");
    check_labels(-1e300, 1e300, 4, "-1e+300 -5e+299 0 5e+299 1e+300");
    check_labels(1.00001, 1.00005, 4, "1.00001 1.00002 1.00003 1.00004 1.00005");
}

static void check_points(void)
{
    static const int64_t plane[] = {2}, line[] = {1}, matrix[] = {2, 2};
    float values[] = {0, 0, 1, 0, NAN, 3, 0, 1, INFINITY, 2, 1, 1};
    struct picture_box box = picture_no_box;
    struct bitmap i, again;
    CHECK(picture_points(1, plane) && !picture_points(1, line) && !picture_points(2, matrix) && !picture_points(0, NULL));
    picture_extend(&box, 6, false, values);
    CHECK(box.low[0] == 0 && box.low[1] == 0 && box.high[0] == 1 && box.high[1] == 1);
    CHECK(picture_scatter(&i, &box, "", 6, false, values, &why) && i.width == i.height);
    int blue = 0, left = (int)i.width, right = 0, top = (int)i.height, bottom = 0;
    for (int y = 0; y < i.height; y++)
        for (int x = 0; x < i.width; x++) {
            const unsigned char *p = i.pixels + (y * i.width + x) * 3;
            if (p[2] < p[0] + 60) continue;
            blue++;
            left = x < left ? x : left, right = x > right ? x : right, top = y < top ? y : top, bottom = y > bottom ? y : bottom;
        }
    CHECK(blue >= 4 * 6 && blue <= 4 * 20);            /* the four points that are finite */
    CHECK(abs((right - left) - (bottom - top)) <= 20); /* nearly the same scale: the frame is not quite square */
    CHECK(picture_scatter(&again, &box, "", 6, false, values, &why) && !memcmp(i.pixels, again.pixels, (size_t)(i.width * i.height * 3)));
    bitmap_free(&i);
    bitmap_free(&again);
    box = picture_no_box;
    picture_extend(&box, 1, false, values + 4); /* none is finite */
    CHECK(picture_scatter(&i, &box, "", 1, false, values + 4, &why));
    bitmap_free(&i);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void check_filters(void)
{
    double in[300], median[300], mean[300];
    uint32_t state = 7;
    for (int i = 0; i < 300; i++) {
        state = state * 1664525 + 1013904223;
        in[i] = i % 37 == 5 ? NAN : (double)(state >> 20 & 63);
    }
    static const uint32_t windows[] = {1, 3, 11, 101, 301, 1001};
    static const uint32_t counts[] = {1, 2, 7, 100, 300};
    for (size_t w = 0; w < 6; w++)
        for (size_t c = 0; c < 5; c++) {
            uint32_t n = counts[c], half = windows[w] / 2;
            curves_median(in, median, n, windows[w]);
            curves_mean(in, mean, n, windows[w]);
            for (uint32_t i = 0; i < n; i++) {
                double near[301], sum = 0;
                size_t m = 0;
                for (uint32_t k = i > half ? i - half : 0; k < n && k <= i + half; k++)
                    if (!isnan(in[k])) sum += near[m++] = in[k];
                if (isnan(in[i])) {
                    CHECK(isnan(median[i]) && isnan(mean[i]));
                    continue;
                }
                qsort(near, m, sizeof *near, by_size);
                CHECK(median[i] == (m % 2 ? near[m / 2] : (near[m / 2 - 1] + near[m / 2]) / 2));
                CHECK_NEAR(mean[i], sum / (double)m, 1e-12 * (1 + fabs(sum)));
            }
        }
}

/* A long curve is drawn by few points, which keep its extremes; a NaN breaks the line. */
static void check_plot(void)
{
    enum { N = 100000 };
    double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    for (int i = 0; i < N; i++) x[i] = i, y[i] = sin(i * 0.0007);
    y[33333] = 5;
    struct plot_curve curve = {0, 0, N, x, y, NULL};
    struct plot p = {.title = "title", .x_name = "step", .npanels = 1, .ncurves = 1, .curves = &curve};
    struct drawing d;
    CHECK(plot_draw(&p, &d, &why));
    uint32_t lines = 0, points = 0;
    double top = 1e9;
    for (uint32_t i = 0; i < d.count; i++) {
        if (d.shapes[i].kind != DRAWING_LINE || d.shapes[i].colour != 0x0072b2) continue;
        lines++;
        points += d.shapes[i].count;
        for (uint32_t k = 0; k < d.shapes[i].count; k++) top = fmin(top, d.shapes[i].xy[2 * k + 1]);
    }
    CHECK(lines == 1 && points > 700 && points < 6000);
    double frame = 1e9;
    for (uint32_t i = 0; i < d.count; i++)
        if (d.shapes[i].kind == DRAWING_LINE && d.shapes[i].count == 5) frame = d.shapes[i].xy[1];
    CHECK(top > frame && top < frame + 30); /* the spike of one point in 100,000 is there */
    drawing_free(&d);
    y[50000] = NAN;
    CHECK(plot_draw(&p, &d, &why));
    lines = 0;
    for (uint32_t i = 0; i < d.count; i++) lines += d.shapes[i].kind == DRAWING_LINE && d.shapes[i].colour == 0x0072b2;
    CHECK(lines == 2);
    drawing_free(&d);
    y[50000] = INFINITY, y[60000] = 1e308; /* neither makes the scale */
    CHECK(plot_draw(&p, &d, &why));
    for (uint32_t i = 0; i < d.count; i++)
        for (uint32_t k = 0; k < 2 * d.shapes[i].count; k++) CHECK(isfinite(d.shapes[i].xy[k]));
    drawing_free(&d);
    double few[] = {0, 1, 2, 3, 4, 5}, zigzag[] = {0.5, 2.5, 0.5, 0.5, -1.5, -2.5}; /* cut off at 0 and 1 */
    struct plot_curve cut = {0, 0, 6, few, zigzag, NULL};
    struct plot q = {.x_name = "step", .npanels = 1, .ncurves = 1, .curves = &cut, .y_low = 0, .y_high = 1};
    CHECK(plot_draw(&q, &d, &why));
    uint32_t parts = 0;
    double left = 0, right = 0, x_left = 0, x_right = 0, y_top = 0, y_bottom = 0;
    for (uint32_t i = 0; i < d.count; i++) {
        const struct drawing_shape *s = &d.shapes[i];
        if (s->kind == DRAWING_LINE && s->count == 5) left = s->xy[0], right = s->xy[2], y_top = s->xy[1], y_bottom = s->xy[5];
        if (s->kind != DRAWING_LINE || s->colour != 0x0072b2) continue;
        CHECK(s->count == (parts ? 4 : 2));
        if (!parts) x_left = s->xy[2];
        if (parts) x_right = s->xy[6];
        for (uint32_t k = 0; k < s->count; k++) CHECK(s->xy[2 * k + 1] > y_top - 1 && s->xy[2 * k + 1] < y_bottom + 1);
        parts++;
    }
    CHECK(parts == 2);
    CHECK_NEAR((x_left - left) / (right - left), 0.25 / 5, 2e-3); /* up through 1, and down through 0 at the end */
    CHECK_NEAR((x_right - left) / (right - left), 3.25 / 5, 2e-3);
    drawing_free(&d);
    p.width = 100, p.height = 100;
    CHECK(!plot_draw(&p, &d, &why) && strstr(why.text, "no room for 1 panels in 100 x 100 pixels"));
    drawing_free(&d);
    free(x);
    free(y);
}

int main(void)
{
    check_pixels();
    check_svg();
    check_font();
    check_ticks();
    check_points();
    check_filters();
    check_plot();
    return check_done();
}
