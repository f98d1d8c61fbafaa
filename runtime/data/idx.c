/* idx.c: IDX, MNIST's format (yann.lecun.com/exdb/mnist): 0 0 TYPE RANK, then RANK sizes, then the values; all big-endian. The
 * first size counts the items. Nothing the header says is believed before the bytes are there. */
#include "format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool data_idx_recognise(const struct data_probe *p)
{
    const unsigned char *head = p->head;
    return p->length >= 4 && head[0] == 0 && head[1] == 0 && head[2] >= 0x08 && head[2] <= 0x0e && head[3] > 0;
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
    if (!data_stream_exactly(s, head, 4, "an IDX file starts with 4 bytes", e)) return false;
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
        if (!data_stream_exactly(s, word, 4, "its IDX header is longer than that", e)) return false;
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

/* Big-endian to the machine's order, in place. */
static void convert_values(struct data_table *t)
{
    int64_t n = t->items * t->elements;
    for (int64_t i = 0; i < n && t->type == DATA_FLOAT; i++) {
        unsigned char *b = (unsigned char *)t->values + i * 4;
        uint32_t bits = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
        memcpy(b, &bits, 4);
    }
    for (int64_t i = 0; i < n && t->type == DATA_DOUBLE; i++) {
        unsigned char *b = (unsigned char *)t->values + i * 8;
        uint64_t bits = 0;
        for (int k = 0; k < 8; k++) bits = bits << 8 | b[k];
        memcpy(b, &bits, 8);
    }
}

/* items: gets a table that is too large for memory; NULL where that cannot be. */
static bool read_table(struct data_stream *s, const struct data_request *q, struct data_table *t, struct data_items **items, struct error *e)
{
    struct data_slice slice = q->slice;
    int64_t wanted = 0, extra, high;
    int size = 0;
    char what[128], more;
    if (!read_header(s, t, &wanted, &size, e) || !data_slice_check(slice, t->total, data_stream_path(s), &high, e)) return false;
    snprintf(what, sizeof what, "its header says %lld items, %lld bytes in all", (long long)t->total, (long long)wanted);
    int64_t item = t->elements * size;
    t->items = high - slice.low;
    if (items && t->type == DATA_BYTE && data_stream_size(s) >= 0 && data_is_large(q, t->items * item)) {
        int64_t begin = data_stream_count(s);
        t->items = t->total; /* the slice is taken of the items */
        return (*items = data_items_raw(data_stream_path(s), begin, t, e)) != NULL;
    }
    if (!data_memory_check(q, t->items * item, e)) return false;
    if (!data_stream_skip(s, slice.low * item, what, e)) return false;
    if (!(t->values = data_stream_take(s, t->items * item, what, e))) return false;
    if (!data_stream_skip(s, (t->total - high) * item, what, e)) return false;
    if ((extra = data_stream_read(s, &more, 1, e)) < 0) return false;
    if (extra) return error_set(e, "'%s' is damaged: %s, and more bytes follow", data_stream_path(s), what);
    convert_values(t);
    data_table_origin(t, s);
    return data_table_finite(t, slice.low, data_stream_path(s), e);
}

static bool read_file(const char *path, const struct data_request *q, struct data_table *t, struct data_items **items, struct error *e)
{
    struct data_stream *s = data_stream_open(path, e);
    bool ok = s != NULL;
    unsigned char head[DATA_HEAD];
    struct data_probe p = {path, head, 0, -1};
    if (ok) p.length = data_stream_peek(s, head);
    if (ok && !data_idx_recognise(&p)) ok = error_set(e, "'%s' is no IDX file", path);
    ok = ok && read_table(s, q, t, items, e);
    data_stream_close(s);
    return ok;
}

bool data_idx_read(const struct data_request *q, struct data_found *f, struct error *e)
{
    char *images = NULL, *labels = NULL;
    bool ok = data_idx_files(q, &images, &labels, e);
    if (ok && images) ok = read_file(images, q, &f->images, &f->items, e);
    if (ok && labels) ok = read_file(labels, q, &f->labels, NULL, e) && data_table_labels(&f->labels, labels, e);
    if (ok && images && labels && f->images.total != f->labels.total)
        ok = error_set(e, "'%s' has %lld items, but '%s' has %lld", images, (long long)f->images.total, labels, (long long)f->labels.total);
    free(images);
    free(labels);
    return ok;
}
