/* bitmap.c: makes images, and encodes them as PNG. */
#include "bitmap.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

void bytes_add(struct bytes *b, const void *from, size_t length)
{
    if (b->capacity - b->length < length) {
        b->capacity = (b->capacity + length) * 2;
        b->at = memory_grow(b->at, b->capacity, 1);
    }
    if (length) memcpy(b->at + b->length, from, length);
    b->length += length;
}

bool bitmap_new(struct bitmap *i, int64_t width, int64_t height, int64_t channels, struct error *e)
{
    *i = (struct bitmap){width, height, channels, NULL};
    if (width < 1 || height < 1 || width > 1000000 || height > 1000000) return error_set(e, "a PNG has at most a million pixels a side");
    i->pixels = calloc((size_t)height, (size_t)(width * channels));
    return i->pixels || error_set(e, "no memory for %lld x %lld pixels", (long long)height, (long long)width);
}

void bitmap_free(struct bitmap *i)
{
    free(i->pixels);
    i->pixels = NULL;
}

/* libpng reports by longjmp: what must be freed after it lives here, not in locals. */
struct work {
    struct bytes *to;
    char message[128];
};

static void put(png_structp png, png_bytep bytes, png_size_t length)
{
    bytes_add(((struct work *)png_get_io_ptr(png))->to, bytes, length);
}

static void flush_nothing(png_structp png)
{
    (void)png;
}

static void fail(png_structp png, png_const_charp message)
{
    struct work *w = png_get_error_ptr(png);
    strncpy(w->message, message, sizeof w->message - 1);
    longjmp(png_jmpbuf(png), 1);
}

static void ignore(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}

/* 8 bits a channel, no time, no text. */
bool bitmap_png(const struct bitmap *i, struct bytes *to, struct error *e)
{
    struct work w = {to, ""};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &w, fail, ignore);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_write_struct(&png, NULL);
        return error_set(e, "libpng has no memory");
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        return error_set(e, "%s", w.message);
    }
    png_set_write_fn(png, &w, put, flush_nothing);
    png_set_IHDR(png, info, (png_uint_32)i->width, (png_uint_32)i->height, 8, i->channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(png, 6);
    png_write_info(png, info);
    for (int64_t y = 0; y < i->height; y++) png_write_row(png, i->pixels + y * i->width * i->channels);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    return true;
}
