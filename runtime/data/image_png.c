/* image_png.c: PNG by libpng: palettes, 1 to 16 bits, grey and colour, transparency, interlaced ones; 16 bits are rounded to 8. */
#include "image.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/* What must be there after a longjmp stands here, not in locals. */
struct reading {
    const unsigned char *bytes;
    size_t length, at;
    struct image *to;
    const char *name;
    struct error *e;
    png_structp png;
    png_infop info;
    png_bytep *rows;
};

static void give(png_structp png, png_bytep to, png_size_t length)
{
    struct reading *r = png_get_io_ptr(png);
    if (length > r->length - r->at) png_error(png, "it is cut short");
    memcpy(to, r->bytes + r->at, length);
    r->at += length;
}

static void fail(png_structp png, png_const_charp message)
{
    struct reading *r = png_get_error_ptr(png);
    if (r) error_set(r->e, "'%s' is a damaged PNG: %s", r->name, message);
    longjmp(png_jmpbuf(png), 1);
}

static void ignore(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}

/* To 8 bits, no palette, 1 to 4 channels. */
static void transform(struct reading *r)
{
    png_set_expand(r->png);
    png_set_scale_16(r->png);
    if (png_get_interlace_type(r->png, r->info) != PNG_INTERLACE_NONE) png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
}

static bool read_pixels(struct reading *r)
{
    png_set_read_fn(r->png, r, give);
    png_set_user_limits(r->png, 0x7fffffff, 0x7fffffff); /* image_room knows ours, and says them */
    png_set_chunk_cache_max(r->png, 64);
    png_set_chunk_malloc_max(r->png, 1 << 23);
    png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
    png_read_info(r->png, r->info);
    int64_t h = png_get_image_height(r->png, r->info), w = png_get_image_width(r->png, r->info);
    if (h > IMAGE_SIDE_MOST || w > IMAGE_SIDE_MOST) return image_room(r->to, h, w, 4, r->name, r->e);
    transform(r);
    int channels = png_get_channels(r->png, r->info);
    if (png_get_bit_depth(r->png, r->info) != 8 || channels < 1 || channels > 4) png_error(r->png, "its pixels are of no known kind");
    if (!image_room(r->to, h, w, channels, r->name, r->e)) return false;
    r->rows = malloc((size_t)h * sizeof *r->rows);
    if (!r->rows) png_error(r->png, "no memory for its rows");
    for (int64_t y = 0; y < h; y++) r->rows[y] = r->to->pixels + (size_t)(y * w * channels);
    png_read_image(r->png, r->rows);
    if (channels == 2 || channels == 4) image_blend(r->to, channels);
    return true;
}

static bool guarded(struct reading *r)
{
    if (setjmp(png_jmpbuf(r->png))) return false;
    return read_pixels(r);
}

bool image_png(struct image *to, const unsigned char *bytes, size_t length, const char *name, struct error *e)
{
    struct reading r = {.bytes = bytes, .length = length, .to = to, .name = name, .e = e};
    r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, fail, ignore);
    r.info = r.png ? png_create_info_struct(r.png) : NULL;
    bool ok = r.info ? guarded(&r) : error_set(e, "'%s': libpng has no memory", name);
    png_destroy_read_struct(&r.png, &r.info, NULL);
    free(r.rows);
    return ok;
}
