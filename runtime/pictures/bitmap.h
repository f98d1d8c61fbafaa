/* bitmap.h: pixels, and the two formats they are written in: PNG, and animated GIF.
 *
 * A bitmap owns its pixels (bitmap_free); a struct bytes owns what was encoded (free(bytes.at)). The same pixels give the same bytes, PNG's of one
 * version of zlib. */
#ifndef GANRT_BITMAP_H
#define GANRT_BITMAP_H

#include "error.h"

#include <stdint.h>

struct bitmap {
    int64_t width, height, channels; /* 1: grey, 3: red, green, blue */
    unsigned char *pixels;           /* row after row from the top, 8 bits a channel */
};

struct bytes {
    unsigned char *at;
    size_t length, capacity;
};

void bytes_add(struct bytes *b, const void *from, size_t length);

bool bitmap_new(struct bitmap *i, int64_t width, int64_t height, int64_t channels, struct error *e); /* black; at most a million pixels a side */
void bitmap_free(struct bitmap *i);
bool bitmap_png(const struct bitmap *i, struct bytes *to, struct error *e);

/* GIF89a that repeats for ever. Every frame has the size of the first; grey frames share 256 greys, a frame in colour has its own colours. */
struct gif {
    struct bytes bytes;
    int64_t width, height;
};
bool gif_begin(struct gif *g, int64_t width, int64_t height, struct error *e); /* at most 65535 pixels a side */
void gif_frame(struct gif *g, const struct bitmap *i, uint32_t hundredths);     /* shown for so many hundredths of a second */
void gif_end(struct gif *g);                                                   /* g->bytes is the file */

/* At most 256 colours for an image of three channels, and which of them each pixel is. Images of no more colours keep them. Returns how many. */
uint32_t palette_choose(const struct bitmap *i, unsigned char colours[256][3], unsigned char *indices);

#endif
