/* GIFs, read back by a decoder of the test's own (Appendix F of the format's description): grey and up to 256 colours are exact, more are near; tables of
 * codes that fill up; the palette. */
#include "check.h"

#include "../../runtime/pictures/bitmap.h"

#include <stdlib.h>

struct reader {
    const unsigned char *at, *end;
    bool broken;
};

static unsigned take(struct reader *r)
{
    if (r->at < r->end) return *r->at++;
    r->broken = true;
    return 0;
}

static unsigned take_two(struct reader *r)
{
    unsigned low = take(r);
    return low | take(r) << 8;
}

/* The indices of one image: n of them, or broken. */
static void expand(struct reader *r, unsigned char *to, size_t n)
{
    static unsigned char data[1 << 20], last[4096];
    static int before[4096];
    size_t length = 0, done = 0, bit = 0;
    unsigned bits = take(r), clear = 1u << bits, width = bits + 1, next = clear + 2;
    int previous = -1;
    for (unsigned block; (block = take(r)) && !r->broken;)
        for (unsigned i = 0; i < block; i++) data[length++] = (unsigned char)take(r);
    for (;;) {
        unsigned code = 0;
        for (unsigned i = 0; i < width; i++, bit++) {
            if (bit / 8 >= length) {
                r->broken = true;
                return;
            }
            code |= (unsigned)(data[bit / 8] >> bit % 8 & 1) << i;
        }
        if (code == clear) {
            width = bits + 1, next = clear + 2, previous = -1;
            continue;
        }
        if (code == clear + 1) break;
        unsigned char stack[4097];
        unsigned depth = 0, at = code;
        if (code > next || (code == next && previous < 0)) r->broken = true;
        if (code == next) { /* the string that this very code makes: the last one, and its own beginning */
            at = (unsigned)previous;
            depth = 1;
        }
        for (; at >= clear && !r->broken; at = (unsigned)before[at]) stack[depth++] = last[at];
        stack[depth++] = (unsigned char)at;
        if (code == next) stack[0] = (unsigned char)at;
        if (previous >= 0 && next < 4096) {
            before[next] = previous;
            last[next++] = (unsigned char)at;
            if (next == 1u << width && width < 12) width++;
        }
        if (r->broken || done + depth > n) {
            r->broken = true;
            return;
        }
        while (depth) to[done++] = stack[--depth];
        previous = (int)code;
    }
    r->broken |= done != n || length - bit / 8 > 1;
}

static unsigned delay; /* of the frame that was read last */

/* The next frame as RGB. Returns false at the end. */
static bool frame(struct reader *r, const unsigned char (*shared)[3], int width, int height, unsigned char *rgb)
{
    unsigned char own[256][3], *indices = malloc((size_t)width * (size_t)height);
    unsigned kind;
    while ((kind = take(r)) == 0x21) {
        unsigned label = take(r);
        for (unsigned block; (block = take(r)) && !r->broken;) {
            if (label != 0xf9) {
                for (unsigned i = 0; i < block; i++) take(r);
                continue;
            }
            CHECK(block == 4 && take(r) == 4);
            delay = take_two(r);
            take(r);
        }
    }
    if (kind == 0x2c) {
        CHECK(take_two(r) == 0 && take_two(r) == 0 && take_two(r) == (unsigned)width && take_two(r) == (unsigned)height);
        unsigned flags = take(r);
        CHECK((flags & 0x40) == 0);
        for (int i = 0; flags & 0x80 && i < 2 << (flags & 7); i++)
            for (int c = 0; c < 3; c++) own[i][c] = (unsigned char)take(r);
        expand(r, indices, (size_t)width * (size_t)height);
        for (int i = 0; i < width * height && !r->broken; i++) memcpy(rgb + 3 * i, flags & 0x80 ? own[indices[i]] : shared[indices[i]], 3);
    } else {
        CHECK(kind == 0x3b && r->at == r->end);
    }
    free(indices);
    return kind == 0x2c && !r->broken;
}

/* Writes frames and reads them back; the largest difference of a channel. */
static int round_trip(struct bitmap *images, int count)
{
    struct gif g;
    struct error e;
    int width = (int)images->width, height = (int)images->height, most = 0;
    CHECK(gif_begin(&g, width, height, &e));
    for (int i = 0; i < count; i++) gif_frame(&g, &images[i], 30 + (uint32_t)i);
    gif_end(&g);
    struct reader r = {g.bytes.at, g.bytes.at + g.bytes.length, false};
    CHECK(!memcmp(r.at, "GIF89a", 6));
    r.at += 6;
    CHECK(take_two(&r) == (unsigned)width && take_two(&r) == (unsigned)height && take(&r) == 0xf7);
    take_two(&r);
    const unsigned char(*shared)[3] = (const unsigned char(*)[3])r.at;
    for (int i = 0; i < 256; i++) CHECK(shared[i][0] == i && shared[i][1] == i && shared[i][2] == i);
    r.at += 768;
    unsigned char *rgb = malloc((size_t)width * (size_t)height * 3);
    int seen = 0;
    for (; frame(&r, shared, width, height, rgb) && seen < count; seen++) {
        CHECK(delay == 30 + (unsigned)seen);
        for (int i = 0; i < width * height; i++)
            for (int c = 0; c < 3; c++) {
                int64_t at = images[seen].channels == 3 ? 3 * i + c : i;
                int far = abs(rgb[3 * i + c] - images[seen].pixels[at]);
                if (far > most) most = far;
            }
    }
    CHECK(seen == count && !r.broken);
    free(rgb);
    free(g.bytes.at);
    return most;
}

static uint32_t state = 1;

static unsigned random_byte(void)
{
    state = state * 1664525 + 1013904223;
    return state >> 24;
}

static struct bitmap make(int64_t width, int64_t height, int64_t channels)
{
    struct bitmap i;
    struct error e;
    if (!bitmap_new(&i, width, height, channels, &e)) exit(1);
    return i;
}

static void check_grey(void)
{
    static const int sizes[][2] = {{1, 1}, {1, 7}, {16, 16}, {97, 53}, {300, 200}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int kind = 0; kind < 4; kind++) { /* one grey; noise, which fills the table of codes; noise of two values; a ramp */
            struct bitmap i[2] = {make(sizes[s][0], sizes[s][1], 1), make(sizes[s][0], sizes[s][1], 1)};
            for (int64_t k = 0; k < i->width * i->height; k++) {
                i[0].pixels[k] = (unsigned char)(kind == 0 ? 7 : kind == 1 ? random_byte() : kind == 2 ? random_byte() & 128 : (unsigned)k);
                i[1].pixels[k] = (unsigned char)(255 - i[0].pixels[k]);
            }
            CHECK(round_trip(i, 2) == 0);
            bitmap_free(&i[0]);
            bitmap_free(&i[1]);
        }
}

static void check_colours(void)
{
    static const unsigned counts[] = {1, 2, 3, 4, 5, 17, 255, 256};
    struct bitmap i = make(64, 80, 3);
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        unsigned char colours[256][3], indices[64 * 80];
        for (int64_t k = 0; k < 64 * 80; k++) {
            unsigned n = k < counts[c] ? (unsigned)k : random_byte() % counts[c];
            i.pixels[3 * k] = (unsigned char)n, i.pixels[3 * k + 1] = (unsigned char)(n * 37), i.pixels[3 * k + 2] = (unsigned char)(255 - n);
        }
        CHECK(palette_choose(&i, colours, indices) == counts[c]);
        CHECK(round_trip(&i, 1) == 0);
    }
    for (int64_t k = 0; k < 64 * 80; k++) /* a slope in red and green: 5120 colours, of which 256 must not be far */
        i.pixels[3 * k] = (unsigned char)(k % 64 * 4), i.pixels[3 * k + 1] = (unsigned char)(k / 64 * 3), i.pixels[3 * k + 2] = 90;
    CHECK(round_trip(&i, 1) <= 16);
    for (int64_t k = 0; k < 64 * 80 * 3; k++) i.pixels[k] = (unsigned char)random_byte();
    CHECK(round_trip(&i, 1) <= 80);
    bitmap_free(&i);
}

static void check_sizes(void)
{
    struct gif g;
    struct error e;
    CHECK(!gif_begin(&g, 65536, 1, &e) && strstr(e.text, "65535 pixels a side"));
    CHECK(!gif_begin(&g, 1, 0, &e));
}

int main(void)
{
    check_grey();
    check_colours();
    check_sizes();
    return check_done();
}
