/* picture.c: grids of tiles. */
#include "picture.h"

#include "durable.h"

#include <math.h>
#include <stdlib.h>

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

bool picture_grid(struct bitmap *to, const struct picture_tile *tile, int64_t rows, int64_t columns, int64_t count, bool f64, const void *values,
                  struct error *e)
{
    int64_t h, w, channels, height, width;
    double low, high;
    *to = (struct bitmap){0};
    if (!picture_shape(tile->rank, tile->dims, &h, &w, &channels)) return error_set(e, "the values are no images");
    if (rows < 1 || columns < 1 || __builtin_mul_overflow(rows, h, &height) || __builtin_mul_overflow(columns, w, &width)) height = width = INT64_MAX;
    if (!bitmap_new(to, width, height, channels, e)) return false;
    if (count / columns + (count % columns > 0) > rows) count = rows * columns;
    find_range(tile, count * h * w * channels, f64, values, &low, &high);
    draw_tiles(to->pixels, columns, h, w, channels, count, low, high, f64, values);
    return true;
}

bool picture_write_png(const char *path, const struct bitmap *i, struct error *e)
{
    struct bytes b = {0};
    struct error why = {""};
    bool ok = bitmap_png(i, &b, &why) ? durable_text(path, (const char *)b.at, b.length, e) : error_set(e, "cannot write '%s': %s", path, why.text);
    free(b.at);
    return ok;
}

bool picture_png(const char *path, const struct picture_tile *tile, int64_t rows, int64_t columns, int64_t count, bool f64, const void *values, struct error *e)
{
    struct bitmap i;
    struct error why = {""};
    if (!picture_grid(&i, tile, rows, columns, count, f64, values, &why)) return error_set(e, "cannot write '%s': %s", path, why.text);
    bool ok = picture_write_png(path, &i, e);
    bitmap_free(&i);
    return ok;
}
