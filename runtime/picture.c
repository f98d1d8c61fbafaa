/* picture.c: grids of tiles as PNG. */
#include "picture.h"

#include "durable.h"

#include <math.h>
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

bool picture_shape(uint32_t rank, const int64_t *dims, int64_t *h, int64_t *w, int64_t *channels)
{
    *channels = rank == 3 ? dims[2] : 1;
    if (rank == 1) {
        *h = *w = (int64_t)llround(sqrt((double)dims[0]));
        return dims[0] > 1 && *h * *w == dims[0];
    }
    if ((rank != 2 && rank != 3) || (*channels != 1 && *channels != 3)) return false;
    *h = dims[0];
    *w = dims[1];
    return *h > 0 && *w > 0;
}

static double value_at(bool f64, const void *values, int64_t i)
{
    return f64 ? ((const double *)values)[i] : (double)((const float *)values)[i];
}

/* What is black and what is white. */
static void find_range(const struct picture_tile *tile, int64_t count, bool f64, const void *values, double *low, double *high)
{
    *low = tile->low, *high = tile->high;
    if (!tile->any) return;
    double most = 0;
    for (int64_t i = 0; i < count; i++) {
        double x = fabs(value_at(f64, values, i));
        if (x > most && isfinite(x)) most = x;
    }
    *high = most > 0 ? most : 1;
    *low = -*high;
}

static unsigned char to_byte(double x, double low, double high)
{
    double y = (x - low) / (high - low) * 255;
    return y >= 255 ? 255 : y > 0 ? (unsigned char)(y + 0.5) : 0; /* NaN: 0 */
}

/* pixels [rows * h, columns * w, channels], zeroed before */
static void draw_tiles(unsigned char *pixels, int64_t columns, int64_t h, int64_t w, int64_t channels, int64_t count, double low, double high, bool f64,
                       const void *values)
{
    int64_t stride = columns * w * channels, row = w * channels;
    for (int64_t t = 0; t < count; t++) {
        unsigned char *corner = pixels + t / columns * h * stride + t % columns * row;
        for (int64_t y = 0; y < h; y++)
            for (int64_t x = 0; x < row; x++) corner[y * stride + x] = to_byte(value_at(f64, values, (t * h + y) * row + x), low, high);
    }
}

/* A PNG made in memory. libpng reports by longjmp: what must be freed after it lives here, not in locals. */
struct png_memory {
    unsigned char *bytes;
    size_t length, capacity;
    char message[128];
};

static void png_put(png_structp png, png_bytep bytes, png_size_t length)
{
    struct png_memory *m = png_get_io_ptr(png);
    if (m->capacity - m->length < length) {
        m->capacity = (m->capacity + length) * 2;
        m->bytes = memory_grow(m->bytes, m->capacity, 1);
    }
    memcpy(m->bytes + m->length, bytes, length);
    m->length += length;
}

static void png_flush_nothing(png_structp png)
{
    (void)png;
}

static void png_fail(png_structp png, png_const_charp message)
{
    struct png_memory *m = png_get_error_ptr(png);
    strncpy(m->message, message, sizeof m->message - 1);
    longjmp(png_jmpbuf(png), 1);
}

static void png_ignore(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}

/* 8 bits a channel, no time, no text: the same pixels give the same bytes (of one version of zlib). */
static bool encode(struct png_memory *m, unsigned char *pixels, int64_t h, int64_t w, int64_t channels)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, m, png_fail, png_ignore);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        strcpy(m->message, "libpng has no memory");
        png_destroy_write_struct(&png, NULL);
        return false;
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        return false;
    }
    png_set_write_fn(png, m, png_put, png_flush_nothing);
    png_set_IHDR(png, info, (png_uint_32)w, (png_uint_32)h, 8, channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(png, 6);
    png_write_info(png, info);
    for (int64_t y = 0; y < h; y++) png_write_row(png, pixels + y * w * channels);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    return true;
}

bool picture_png(const char *path, const struct picture_tile *tile, int64_t rows, int64_t columns, int64_t count, bool f64, const void *values, struct error *e)
{
    int64_t h, w, channels, height, width;
    double low, high;
    if (!picture_shape(tile->rank, tile->dims, &h, &w, &channels)) return error_set(e, "cannot write '%s': the values are no images", path);
    if (rows < 1 || columns < 1 || __builtin_mul_overflow(rows, h, &height) || __builtin_mul_overflow(columns, w, &width) || height > 1000000 ||
        width > 1000000)
        return error_set(e, "cannot write '%s': a PNG has at most a million pixels a side", path);
    if (count / columns + (count % columns > 0) > rows) count = rows * columns;
    unsigned char *pixels = calloc((size_t)height, (size_t)(width * channels));
    if (!pixels) return error_set(e, "cannot write '%s': no memory for %lld x %lld pixels", path, (long long)height, (long long)width);
    find_range(tile, count * h * w * channels, f64, values, &low, &high);
    draw_tiles(pixels, columns, h, w, channels, count, low, high, f64, values);
    struct png_memory m = {0};
    bool ok = encode(&m, pixels, height, width, channels) ? durable_text(path, (const char *)m.bytes, m.length, e)
                                                          : error_set(e, "cannot write '%s': %s", path, m.message);
    free(m.bytes);
    free(pixels);
    return ok;
}
