/* data_idx.c: IDX, MNIST's format (yann.lecun.com/exdb/mnist): 0 0 TYPE RANK, then RANK sizes, then the values; all big-endian. The
 * first size counts the items. Nothing the header says is believed before the bytes are there. */
#include "data_format.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool data_idx_recognise(const unsigned char *head, size_t length)
{
    return length >= 4 && head[0] == 0 && head[1] == 0 && head[2] >= 0x08 && head[2] <= 0x0e && head[3] > 0;
}

/* Reads exactly `length` bytes. */
static bool read_exactly(struct data_stream *s, void *to, int64_t length, const char *what, struct error *e)
{
    for (int64_t at = 0; at < length;) {
        int64_t n = data_stream_read(s, (char *)to + at, length - at, e);
        if (n < 0) return false;
        if (n == 0) return error_set(e, "'%s' is cut short: %s, and the file has %lld bytes", data_stream_path(s), what, (long long)data_stream_count(s));
        at += n;
    }
    return true;
}

static const char *type_name(unsigned char code)
{
    switch (code) {
    case 0x08: return "unsigned bytes";
    case 0x09: return "signed bytes";
    case 0x0b: return "16-bit integers";
    case 0x0c: return "32-bit integers";
    case 0x0d: return "floats";
    case 0x0e: return "doubles";
    default: return "an unknown type";
    }
}

/* The type and the sizes; `wanted` is the length that the whole file must have. */
static bool read_header(struct data_stream *s, struct data_table *t, int64_t *wanted, int *size, struct error *e)
{
    unsigned char head[4], word[4];
    const char *path = data_stream_path(s);
    if (!read_exactly(s, head, 4, "an IDX file starts with 4 bytes", e)) return false;
    switch (head[2]) {
    case 0x08: t->type = DATA_BYTE, *size = 1; break;
    case 0x0d: t->type = DATA_FLOAT, *size = 4; break;
    case 0x0e: t->type = DATA_DOUBLE, *size = 8; break;
    default:
        return error_set(e, "'%s' holds %s (IDX type %02x); what can be read is unsigned bytes (08), floats (0d) and doubles (0e)", path, type_name(head[2]),
                         head[2]);
    }
    if (head[3] > DATA_RANK) return error_set(e, "'%s': its IDX header says %d dimensions; at most %d can be read", path, head[3], DATA_RANK);
    int64_t total = *size;
    t->elements = 1;
    for (int i = 0; i < head[3]; i++) {
        if (!read_exactly(s, word, 4, "its IDX header is longer than that", e)) return false;
        int64_t dim = (int64_t)word[0] << 24 | word[1] << 16 | word[2] << 8 | word[3];
        if (dim == 0) return error_set(e, "'%s' is empty: dimension %d of its IDX header is 0", path, i + 1);
        if (total > DATA_LIMIT / dim) return error_set(e, "'%s' is damaged, or no IDX file: its header claims more than 2^40 bytes", path);
        total *= dim;
        if (i == 0) t->total = dim;
        else t->dims[t->rank++] = dim, t->elements *= dim;
    }
    *wanted = total + data_stream_count(s);
    if (data_stream_size(s) >= 0 && data_stream_size(s) != *wanted)
        return error_set(e, "'%s' is %s: its header says %lld items, %lld bytes in all, and the file has %lld", path,
                         data_stream_size(s) < *wanted ? "cut short" : "damaged", (long long)t->total, (long long)*wanted, (long long)data_stream_size(s));
    return true;
}

/* Reads past `length` bytes. */
static bool skip_bytes(struct data_stream *s, int64_t length, const char *what, struct error *e)
{
    char bytes[16384];
    while (length) {
        int64_t step = length < (int64_t)sizeof bytes ? length : (int64_t)sizeof bytes;
        if (!read_exactly(s, bytes, step, what, e)) return false;
        length -= step;
    }
    return true;
}

/* Memory grows with what has really come, so that a header that lies cannot take more than twice what the file holds. */
static bool read_values(struct data_stream *s, struct data_table *t, int64_t length, const char *what, struct error *e)
{
    int64_t capacity = 0, step = 1 << 20;
    for (int64_t at = 0; at < length; at = capacity) {
        capacity = length - at < step ? length : at + step;
        void *grown = realloc(t->values, (size_t)capacity);
        if (!grown) return error_set(e, "'%s': no memory for its %lld bytes", data_stream_path(s), (long long)length);
        t->values = grown;
        if (!read_exactly(s, (char *)grown + at, capacity - at, what, e)) return false;
        step = capacity;
    }
    return true;
}

/* Big-endian to the machine's order, in place; every number must be finite, as a float too. */
static bool convert_values(struct data_table *t, int64_t low, const char *path, struct error *e)
{
    int64_t n = t->items * t->elements;
    for (int64_t i = 0; i < n && t->type != DATA_BYTE; i++) {
        double value;
        if (t->type == DATA_FLOAT) {
            unsigned char *b = (unsigned char *)t->values + i * 4;
            uint32_t bits = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
            float f;
            memcpy(&f, &bits, 4);
            memcpy(b, &f, 4);
            value = (double)f;
        } else {
            unsigned char *b = (unsigned char *)t->values + i * 8;
            uint64_t bits = 0;
            for (int k = 0; k < 8; k++) bits = bits << 8 | b[k];
            memcpy(&value, &bits, 8);
            memcpy(b, &value, 8);
        }
        if (!(fabs(value) <= (double)FLT_MAX))
            return error_set(e, "'%s': item %lld holds a number that is not finite, or too large for a float", path, (long long)(low + i / t->elements));
    }
    return true;
}

bool data_idx_read(struct data_stream *s, struct data_slice slice, struct data_table *t, struct error *e)
{
    int64_t wanted = 0, extra;
    int size = 0;
    char what[128], more;
    if (!read_header(s, t, &wanted, &size, e)) return false;
    int64_t high = slice.high < 0 ? t->total : slice.high;
    if (slice.low < 0 || slice.low >= high || high > t->total) {
        char end[24] = "";
        if (slice.high >= 0) snprintf(end, sizeof end, "%lld", (long long)slice.high);
        return error_set(e, "'%s' has %lld items, and [%lld:%s] is wanted", data_stream_path(s), (long long)t->total, (long long)slice.low, end);
    }
    snprintf(what, sizeof what, "its header says %lld items, %lld bytes in all", (long long)t->total, (long long)wanted);
    int64_t item = t->elements * size;
    t->items = high - slice.low;
    if (!skip_bytes(s, slice.low * item, what, e)) return false;
    if (!read_values(s, t, t->items * item, what, e)) return false;
    if (!skip_bytes(s, (t->total - high) * item, what, e)) return false;
    if ((extra = data_stream_read(s, &more, 1, e)) < 0) return false;
    if (extra) return error_set(e, "'%s' is damaged: %s, and more bytes follow", data_stream_path(s), what);
    return convert_values(t, slice.low, data_stream_path(s), e);
}
