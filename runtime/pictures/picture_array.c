/* picture_array.c: batches of values as text (CSV) and as NumPy arrays. */
#include "picture.h"

#include "durable.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "arrays are written as they lie in memory, under a little-endian name"
#endif

/* A line an example, its elements row-major; no line of names. */
bool picture_csv(const char *path, int64_t count, int64_t elements, bool f64, const void *values, struct error *e)
{
    size_t length = 0, capacity = 0;
    char *text = memory_take(1, 1);
    for (int64_t i = 0; i < count * elements; i++) {
        if (capacity - length < 40) {
            capacity = capacity * 2 + 4096;
            text = memory_grow(text, capacity, 1);
        }
        length += (size_t)(f64 ? json_shortest(text + length, ((const double *)values)[i]) : json_shortest_single(text + length, ((const float *)values)[i]));
        text[length++] = (i + 1) % elements ? ',' : '\n';
    }
    bool ok = durable_text(path, text, length, e);
    free(text);
    return ok;
}

/* .npy, version 1.0 (numpy.lib.format): magic, version, header length, a Python dictionary padded so that the data starts at a
 * multiple of 64. */
bool picture_npy(const char *path, int64_t count, uint32_t rank, const int64_t *dims, bool f64, const void *values, struct error *e)
{
    char header[512] = "\x93NUMPY\x01";
    size_t at = 10;
    uint64_t bytes = f64 ? 8 : 4;
    at += (size_t)snprintf(header + at, sizeof header - at, "{'descr': '<f%d', 'fortran_order': False, 'shape': (%lld,", f64 ? 8 : 4, (long long)count);
    bool fits = !__builtin_mul_overflow(bytes, (uint64_t)count, &bytes);
    for (uint32_t i = 0; i < rank && at < 400; i++) {
        at += (size_t)snprintf(header + at, sizeof header - at, i + 1 < rank ? " %lld," : " %lld", (long long)dims[i]);
        fits = fits && !__builtin_mul_overflow(bytes, (uint64_t)dims[i], &bytes);
    }
    if (at >= 400 || !fits) return error_set(e, "cannot write '%s': the array is too large", path);
    at += (size_t)snprintf(header + at, sizeof header - at, "), }");
    size_t padded = (at + 1 + 63) / 64 * 64;
    memset(header + at, ' ', padded - at);
    header[padded - 1] = '\n';
    header[7] = 0;
    header[8] = (char)((padded - 10) & 255);
    header[9] = (char)((padded - 10) >> 8);
    struct durable_part parts[2] = {{header, padded}, {values, bytes}};
    return durable_write(path, parts, 2, e);
}
