/* npy.c: NumPy's arrays (numpy.lib.format): .npy, and .npz, which is a zip of them (archive.c).
 *
 * The first axis counts the items. Bytes are images or labels; floats and doubles numbers as they are; other whole numbers labels only. */
#include "format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct header {
    char order, kind; /* '<', '>' or '|'; 'u', 'i', 'f', 'b' */
    int size;
    bool fortran;
    uint32_t rank;
    int64_t dims[DATA_RANK + 1];
};

bool data_npy_recognise(const struct data_probe *p)
{
    return p->length >= 6 && !memcmp(p->head, "\x93NUMPY", 6);
}

/* The text behind "'key':" in the header's dictionary, or NULL. */
static const char *value_of(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    if (!at) return NULL;
    at += strlen(key);
    while (*at == ' ' || *at == ':') at++;
    return at;
}

static bool parse_shape(const char *at, struct header *h)
{
    if (*at++ != '(') return false;
    for (;;) {
        while (*at == ' ' || *at == ',') at++;
        if (*at == ')') return true;
        if (*at < '0' || *at > '9' || h->rank > DATA_RANK) return false;
        int64_t dim = 0;
        for (; *at >= '0' && *at <= '9'; at++) {
            if (dim > DATA_LIMIT) return false;
            dim = dim * 10 + (*at - '0');
        }
        if (*at == 'L') at++;
        h->dims[h->rank++] = dim;
    }
}

static bool parse(const char *text, struct header *h)
{
    const char *descr = value_of(text, "'descr'"), *fortran = value_of(text, "'fortran_order'"), *shape = value_of(text, "'shape'");
    if (!descr || !fortran || !shape || *descr != '\'' || !descr[1] || !strchr("<>|=", descr[1]) || !descr[2]) return false;
    h->order = descr[1];
    h->kind = descr[2];
    h->size = descr[3] >= '1' && descr[3] <= '8' && descr[4] == '\'' ? descr[3] - '0' : 0;
    h->fortran = !strncmp(fortran, "True", 4);
    return h->size && parse_shape(shape, h);
}

static bool read_header(struct data_stream *s, struct header *h, struct error *e)
{
    static const char what[] = "its NumPy header is longer than that";
    unsigned char head[8], length[4] = {0};
    const char *path = data_stream_path(s);
    if (!data_stream_exactly(s, head, sizeof head, what, e)) return false;
    if (memcmp(head, "\x93NUMPY", 6) || head[6] < 1 || head[6] > 3) return error_set(e, "'%s' is no NumPy array of a version that can be read (1 to 3)", path);
    if (!data_stream_exactly(s, length, head[6] == 1 ? 2 : 4, what, e)) return false;
    int64_t bytes = length[0] | length[1] << 8 | length[2] << 16 | (int64_t)length[3] << 24;
    if (bytes > 65536) return error_set(e, "'%s' is a damaged NumPy array: a header of %lld bytes", path, (long long)bytes);
    char *text = memory_take((size_t)bytes + 1, 1);
    bool ok = data_stream_exactly(s, text, bytes, what, e);
    if (ok && !parse(text, h)) { /* blanks follow */
        int shown = (int)strcspn(text, "}") + 1;
        ok = error_set(e, "'%s' holds what cannot be read: its header says %.*s", path, shown < 120 ? shown : 120, text);
    }
    free(text);
    return ok;
}

/* What the numbers become; false: none of ours. */
static bool table_type(const struct header *h, enum data_type *type)
{
    switch (h->kind) {
    case 'u':
    case 'b': *type = h->size == 1 ? DATA_BYTE : DATA_INTEGER; return true;
    case 'i': *type = DATA_INTEGER; return true;
    case 'f': *type = h->size == 8 ? DATA_DOUBLE : DATA_FLOAT; return h->size == 2 || h->size == 4 || h->size == 8;
    default: return false;
    }
}

/* A half-precision number as a float. */
static float half(uint32_t bits)
{
    uint32_t sign = (bits & 0x8000) << 16, power = bits >> 10 & 31, part = bits & 1023;
    float x;
    if (power == 0) {
        x = (float)part * 0x1p-24f;
        return sign ? -x : x;
    }
    uint32_t word = sign | (power == 31 ? 0xffu << 23 : (power + 112) << 23) | part << 13;
    memcpy(&x, &word, 4);
    return x;
}

/* The numbers as they stand in the file, to the table's type. */
static bool convert(struct data_table *t, const struct header *h, const unsigned char *from, const char *path, struct error *e)
{
    int64_t n = t->items * t->elements;
    if (t->type == DATA_BYTE) return true;
    size_t size = t->type == DATA_DOUBLE ? 8 : 4;
    unsigned char *to = malloc((size_t)n * size);
    if (!to) return error_set(e, "'%s': no memory for its %lld numbers", path, (long long)n);
    bool ok = true;
    for (int64_t i = 0; ok && i < n; i++, from += h->size) {
        uint64_t bits = 0;
        for (int k = 0; k < h->size; k++) bits |= (uint64_t)from[h->order == '>' ? h->size - 1 - k : k] << 8 * k;
        if (t->type == DATA_DOUBLE) {
            memcpy(to + i * 8, &bits, 8);
        } else if (t->type == DATA_FLOAT) {
            uint32_t word = (uint32_t)bits;
            float x;
            if (h->size == 2) x = half(word);
            else memcpy(&x, &word, 4);
            memcpy(to + i * 4, &x, 4);
        } else {
            int shift = 64 - 8 * h->size;
            int64_t x = h->kind == 'i' ? (int64_t)(bits << shift) >> shift : (int64_t)bits;
            if (x < INT32_MIN || x > INT32_MAX) ok = error_set(e, "'%s': item %lld is a number of more than 32 bits", path, (long long)(i / t->elements));
            int32_t word = (int32_t)x;
            memcpy(to + i * 4, &word, 4);
        }
    }
    free(t->values);
    t->values = to;
    return ok;
}

/* The whole array as a table; bytes that are too many for memory, and stand in a file of their own, as items (may be NULL). */
static bool read_array(struct data_stream *s, const struct data_request *q, struct data_table *t, struct data_items **items, struct error *e)
{
    struct header h = {0};
    char what[128], more;
    const char *path = data_stream_path(s);
    if (!read_header(s, &h, e)) return false;
    if (!table_type(&h, &t->type)) return error_set(e, "'%s' holds numbers of a kind that cannot be read ('%c%d')", path, h.kind, h.size);
    if (!h.rank) return error_set(e, "'%s' is one number, no array of items", path);
    if (h.fortran && h.rank > 1) return error_set(e, "'%s' is in Fortran's order; save it with numpy.ascontiguousarray", path);
    int64_t total = h.size;
    t->elements = 1;
    for (uint32_t i = 0; i < h.rank; i++) {
        if (h.dims[i] == 0) return error_set(e, "'%s' is empty: axis %u has the length 0", path, i);
        if (total > DATA_LIMIT / h.dims[i]) return error_set(e, "'%s' is damaged: its header claims more than 2^40 bytes", path);
        total *= h.dims[i];
        if (i) t->dims[t->rank++] = h.dims[i], t->elements *= h.dims[i];
    }
    if (h.rank == 2 && h.dims[1] == 1) t->rank = 0; /* a column of numbers */
    t->total = t->items = h.dims[0];
    snprintf(what, sizeof what, "its header says %lld items, %lld bytes", (long long)t->items, (long long)total);
    if (items && t->type == DATA_BYTE && data_stream_size(s) >= 0 && data_is_large(q, total))
        return (*items = data_items_raw(path, data_stream_count(s), t, e)) != NULL;
    if (!data_memory_check(q, total, e)) return false;
    unsigned char *values = data_stream_take(s, total, what, e);
    if (!values) return false;
    t->values = values;
    int64_t extra = data_stream_read(s, &more, 1, e);
    if (extra < 0) return false;
    if (extra) return error_set(e, "'%s' is damaged: %s, and more follow", path, what);
    data_table_origin(t, s);
    return convert(t, &h, values, path, e);
}

static bool check_examples(const struct data_table *t, const char *path, struct error *e)
{
    if (!t->values) return true;
    if (t->type == DATA_INTEGER) return error_set(e, "'%s' holds whole numbers of more than 8 bits; examples are bytes, floats or doubles", path);
    return data_table_finite(t, 0, path, e);
}

static bool read_stream(struct data_stream *s, const struct data_request *q, struct data_table *t, struct data_items **items, struct error *e)
{
    bool ok = s && read_array(s, q, t, items, e);
    data_stream_close(s);
    return ok;
}

bool data_npy_read(const struct data_request *q, struct data_found *f, struct error *e)
{
    if (q->images && q->labels)
        return error_set(e, "'%s' is one array, and examples and labels are wanted: numpy.savez('FILE.npz', x=..., y=...) keeps both", q->path);
    struct data_table *t = q->images ? &f->images : &f->labels;
    return read_stream(data_stream_open(q->path, e), q, t, q->images ? &f->items : NULL, e) && (!q->images || check_examples(t, q->path, e));
}

/* The array with this role, by its name; -1: there is none. */
static int64_t find(const struct data_items *parts, int role)
{
    int64_t found = -1;
    for (int64_t i = 0; i < parts->count; i++) {
        char name[64];
        const char *full = data_items_name(parts, i), *slash = strrchr(full, '/');
        snprintf(name, sizeof name, "%s", slash ? slash + 1 : full);
        if (strlen(name) > 4) name[strlen(name) - 4] = 0; /* .npy */
        if (data_array_role(name) == role && found < 0) found = i;
    }
    return found;
}

static bool read_part(const struct data_request *q, const struct data_items *parts, int64_t i, struct data_table *t, struct error *e)
{
    return read_stream(data_items_stream(parts, q->path, i, e), q, t, NULL, e);
}

bool data_npz_read(const struct data_request *q, const struct data_items *parts, struct data_found *f, struct error *e)
{
    f->format = "NumPy (npz)";
    int64_t examples = find(parts, 2), labels = find(parts, 1);
    if (examples < 0 && parts->count == 1) examples = 0;
    if (q->images && examples < 0)
        return error_set(e, "'%s' has %lld arrays, and none is called x, images, features or data", q->path, (long long)parts->count);
    if (q->labels && labels < 0) return error_set(e, "'%s' has no array of labels called y, labels or targets", q->path);
    if (q->images && (!read_part(q, parts, examples, &f->images, e) || !check_examples(&f->images, q->path, e))) return false;
    return !q->labels || read_part(q, parts, labels, &f->labels, e);
}
