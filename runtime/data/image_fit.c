/* image_fit.c: crops and resizes pixels to the shape that a net wants.
 *
 * Each axis has a table: for each new place, which old places make it, and with what weights, whole numbers that add up to the same total for
 * all places. Where an axis shrinks from n to m, place y covers old places y n / m to (y + 1) n / m, and an old place counts by the part that is
 * covered (area; total n). Where it grows, the middle of place y lies at (y + 1/2) n / m - 1/2 between two old ones (linear; total 2 m).
 * A pixel is the sum over both axes, divided by the product of the totals and rounded: exact, whatever the machine. */
#include "image.h"

#include <stdlib.h>
#include <string.h>

struct axis {
    uint32_t total;
    uint32_t *first, *count; /* for each new place: which old ones */
    uint32_t *weight;        /* [m, stride] */
    uint32_t stride;
};

/* The part of an axis that is kept: of n places, those that a ratio of `share` to `other` of the other axis leaves. */
static int64_t kept(int64_t n, int64_t other, int64_t want, int64_t want_other)
{
    int64_t k = (2 * other * want + want_other) / (2 * want_other); /* rounded */
    return k < 1 ? 1 : k > n ? n : k;
}

static size_t axis_room(int64_t n, int64_t m)
{
    size_t stride = n >= m ? (size_t)(n / m + 2) : 2;
    return (size_t)m * (2 + stride) * sizeof(uint32_t);
}

static unsigned char *axis_begin(struct axis *a, unsigned char *memory, int64_t n, int64_t m)
{
    a->stride = n >= m ? (uint32_t)(n / m + 2) : 2;
    a->first = (uint32_t *)memory;
    a->count = a->first + m;
    a->weight = a->count + m;
    a->total = n >= m ? (uint32_t)n : (uint32_t)(2 * m);
    for (int64_t y = 0; y < m; y++) {
        uint32_t *w = a->weight + y * a->stride;
        if (n >= m) { /* in units of 1 / m of an old place */
            int64_t low = y * n, high = low + n;
            a->first[y] = (uint32_t)(low / m);
            a->count[y] = (uint32_t)((high + m - 1) / m - low / m);
            for (uint32_t i = 0; i < a->count[y]; i++) {
                int64_t from = (a->first[y] + i) * m, to = from + m;
                w[i] = (uint32_t)((to < high ? to : high) - (from > low ? from : low));
            }
        } else { /* in units of 1 / (2 m) of an old place */
            int64_t middle = (2 * y + 1) * n - m;
            if (middle < 0) middle = 0;
            if (middle > (n - 1) * 2 * m) middle = (n - 1) * 2 * m;
            int64_t low = middle / (2 * m);
            uint32_t right = (uint32_t)(middle - low * 2 * m);
            a->first[y] = (uint32_t)low;
            a->count[y] = right ? 2 : 1;
            w[0] = (uint32_t)(2 * m) - right;
            w[1] = right;
        }
    }
    return (unsigned char *)(a->weight + (size_t)m * a->stride);
}

/* One old row, [w, channels], to sums [m, channels]. */
static void fit_row(const struct axis *x, int64_t m, int channels, const unsigned char *row, uint32_t *sums)
{
    for (int64_t i = 0; i < m; i++) {
        const unsigned char *from = row + (size_t)x->first[i] * (size_t)channels;
        const uint32_t *weight = x->weight + i * x->stride;
        uint32_t a = 0, b = 0, c = 0;
        if (channels == 1) {
            for (uint32_t k = 0; k < x->count[i]; k++) a += weight[k] * from[k];
            sums[i] = a;
            continue;
        }
        for (uint32_t k = 0; k < x->count[i]; k++, from += 3) a += weight[k] * from[0], b += weight[k] * from[1], c += weight[k] * from[2];
        sums[3 * i] = a, sums[3 * i + 1] = b, sums[3 * i + 2] = c;
    }
}

/* Luma of ITU-R BT.601, in 1 / 65536, rounded. */
static unsigned char luma(const unsigned char *p)
{
    return (unsigned char)((p[0] * 19595u + p[1] * 38470u + p[2] * 7471u + 32768u) >> 16);
}

/* A row of the old image in the channels that are wanted. */
static const unsigned char *convert_row(const unsigned char *row, int64_t w, int have, int want, unsigned char *spare)
{
    if (have == want) return row;
    for (int64_t i = 0; i < w; i++) {
        if (want == 1) spare[i] = luma(row + 3 * i);
        else spare[3 * i] = spare[3 * i + 1] = spare[3 * i + 2] = row[i];
    }
    return spare;
}

static void *room(struct image_fit *fit, size_t bytes)
{
    if (bytes > fit->room) {
        free(fit->memory);
        fit->memory = memory_take(bytes, 1);
        fit->room = bytes;
    }
    return fit->memory;
}

void image_fit(struct image_fit *fit, const struct image *from, const struct image_shape *shape, unsigned char *to)
{
    int64_t h = from->h, w = from->w, rows = shape->h, columns = shape->w;
    int channels = shape->channels;
    if (w * rows > h * columns) w = kept(w, h, columns, rows);
    else h = kept(h, w, rows, columns);
    int64_t top = (from->h - h) / 2, left = (from->w - w) / 2, line = columns * channels;
    size_t sums_bytes = (size_t)line * sizeof(uint32_t), totals_bytes = (size_t)line * sizeof(uint64_t);
    unsigned char *memory = room(fit, totals_bytes + sums_bytes + axis_room(w, columns) + axis_room(h, rows) + (size_t)w * 3);
    uint64_t *totals = (uint64_t *)memory;
    uint32_t *sums = (uint32_t *)(memory + totals_bytes);
    struct axis x, y;
    unsigned char *spare = axis_begin(&y, axis_begin(&x, memory + totals_bytes + sums_bytes, w, columns), h, rows);
    uint64_t whole = (uint64_t)x.total * y.total;
    for (int64_t i = 0, summed = -1; i < rows; i++) {
        memset(totals, 0, totals_bytes);
        for (uint32_t k = 0; k < y.count[i]; k++) {
            int64_t row = (int64_t)y.first[i] + k;
            if (row != summed) {
                const unsigned char *pixels = from->pixels + (size_t)(((top + row) * from->w + left) * from->channels);
                fit_row(&x, columns, channels, convert_row(pixels, w, from->channels, channels, spare), sums);
                summed = row;
            }
            uint64_t weight = y.weight[i * y.stride + k];
            for (int64_t j = 0; j < line; j++) totals[j] += weight * sums[j];
        }
        for (int64_t j = 0; j < line; j++) *to++ = (unsigned char)((totals[j] + whole / 2) / whole);
    }
}

void image_fit_free(struct image_fit *fit)
{
    free(fit->memory);
    *fit = (struct image_fit){0};
}
