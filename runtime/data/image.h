/* image.h: from the bytes of a PNG, JPEG or WebP file to pixels of a wanted size.
 *
 * Whatever the bytes are: an error, or pixels; sizes are checked before memory is taken. A decoder is one thread's, and keeps its memory
 * from image to image. */
#ifndef GANRT_DATA_IMAGE_H
#define GANRT_DATA_IMAGE_H

#include "format.h"

#define IMAGE_SIDE_MOST 65535
#define IMAGE_PIXELS_MOST ((int64_t)1 << 26) /* 8192 x 8192 */

enum image_kind { IMAGE_NONE, IMAGE_PNG, IMAGE_JPEG, IMAGE_WEBP, IMAGE_KINDS };
enum { IMAGE_HEAD = 16 }; /* bytes that tell the kind */

struct image { /* pixels [h, w, channels], channels 1 or 3 */
    enum image_kind kind;
    int64_t h, w;
    int channels;
    bool alpha; /* it had transparent pixels: they are blended onto white */
    unsigned char *pixels;
    size_t room;
};

/* The pixels that a net wants: [h, w, channels], channels 1 or 3. */
struct image_shape {
    int64_t h, w;
    int channels;
};

enum image_kind image_kind_of(const unsigned char *head, size_t length);
const char *image_kind_name(enum image_kind kind);
bool image_named(const char *name); /* does the name end as those of images do? */

/* image.c: any kind. name: for messages. */
bool image_decode(struct image *to, const unsigned char *bytes, size_t length, const char *name, struct error *e);
bool image_room(struct image *to, int64_t h, int64_t w, int channels, const char *name, struct error *e); /* checks sizes; takes memory */
void image_blend(struct image *to, int channels); /* pixels have 2 or 4 channels, the last alpha: blended onto white, in place */
void image_free(struct image *to);

/* image_png.c, image_jpeg.c, image_webp.c */
bool image_png(struct image *to, const unsigned char *bytes, size_t length, const char *name, struct error *e);
bool image_jpeg(struct image *to, const unsigned char *bytes, size_t length, const char *name, struct error *e);
bool image_webp(struct image *to, const unsigned char *bytes, size_t length, const char *name, struct error *e);

/* image_fit.c: cropped in the middle to the wanted aspect ratio, then resized: each axis by area where it shrinks, linearly where it grows; grey
 * to colour by repetition, colour to grey by luma. Whole numbers throughout: the same bytes on every machine. fit: memory kept from
 * image to image; zeroed before the first. */
struct image_fit {
    void *memory;
    size_t room;
};
void image_fit(struct image_fit *fit, const struct image *from, const struct image_shape *shape, unsigned char *to);
void image_fit_free(struct image_fit *fit);

#endif
