/* mat.c: MATLAB's files of level 5 (MAT-File Format, MathWorks), as SVHN's: X [h, w, c, n] or [h, w, n], bytes, and y [n, 1], labels.
 *
 * Elements, one after another: type and length, 4 bytes each, and the data, to a multiple of 8; a small one has its length in the upper half
 * of the first word and up to 4 bytes of data in the second. An element of type 15 is packed by zlib and holds one of type 14, an array: flags,
 * dimensions, name, values, each an element. Arrays stand column by column. A file of version 7.3 is HDF5 (hdf5.c).
 *
 * Read here rather than by libmatio, which takes files cut short and packed arrays whose checksum is wrong for whole (1.5.23). */
#include "format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { INT8 = 1, UINT8, INT16, UINT16, INT32, UINT32, SINGLE, DOUBLE = 9, INT64 = 12, UINT64, MATRIX, PACKED };
enum { CLASS_DOUBLE = 6, CLASS_SINGLE, CLASS_INT8, CLASS_UINT8, CLASS_LAST = 15 };

struct reader {
    struct data_stream *s;
    const char *path;
    bool swapped;      /* big-endian */
    bool packed;
    z_stream z;
    int64_t left;      /* bytes of the element in the file that are not read yet */
    unsigned char in[16384];
    struct error *e;
};

struct array {
    char name[64];
    int class;
    uint32_t rank;
    int64_t dims[DATA_RANK + 1], elements;
};

static bool damaged(struct reader *r, const char *what)
{
    return error_set(r->e, "'%s' is a damaged MATLAB file: %s", r->path, what);
}

/* More of a packed element for zlib, where it has none. */
static bool refill(struct reader *r)
{
    if (r->z.avail_in || !r->left) return true;
    int64_t step = r->left < (int64_t)sizeof r->in ? r->left : (int64_t)sizeof r->in;
    if (!data_stream_exactly(r->s, r->in, step, "a packed array is not whole", r->e)) return false;
    r->left -= step;
    r->z.next_in = r->in;
    r->z.avail_in = (uInt)step;
    return true;
}

/* `length` bytes of the element, unpacked where it is packed. */
static bool take(struct reader *r, void *to, int64_t length)
{
    if (!r->packed) {
        if (length > r->left) return damaged(r, "an array is longer than its element");
        r->left -= length;
        return data_stream_exactly(r->s, to, length, "an array is not whole", r->e);
    }
    unsigned char *at = to;
    while (length) {
        if (!refill(r)) return false;
        uInt wanted = length < 1 << 30 ? (uInt)length : 1u << 30;
        r->z.next_out = at;
        r->z.avail_out = wanted;
        int status = inflate(&r->z, Z_NO_FLUSH);
        uInt got = wanted - r->z.avail_out;
        at += got;
        length -= got;
        if (length && status != Z_OK)
            return damaged(r, status == Z_STREAM_END ? "a packed array ends too early" : r->z.msg ? r->z.msg : "zlib cannot unpack it");
        if (length && !got && !r->z.avail_in && !r->left) return damaged(r, "a packed array ends too early");
    }
    return true;
}

static bool skip(struct reader *r, int64_t length)
{
    unsigned char bytes[4096];
    while (length) {
        int64_t step = length < (int64_t)sizeof bytes ? length : (int64_t)sizeof bytes;
        if (!take(r, bytes, step)) return false;
        length -= step;
    }
    return true;
}

/* A packed element from behind its values to its end, where its checksum stands. */
static bool take_end(struct reader *r)
{
    unsigned char pad[64];
    r->z.next_out = pad;
    r->z.avail_out = sizeof pad;
    for (;;) {
        if (!refill(r)) return false;
        int status = inflate(&r->z, Z_NO_FLUSH);
        if (status == Z_STREAM_END) return true;
        if (!r->z.avail_out) return damaged(r, "more bytes follow the values of a packed array");
        if (status != Z_OK) return damaged(r, r->z.msg ? r->z.msg : "a packed array ends too early");
    }
}

static uint64_t number(const struct reader *r, const unsigned char *b, int bytes)
{
    uint64_t x = 0;
    for (int i = 0; i < bytes; i++) x |= (uint64_t)b[r->swapped ? bytes - 1 - i : i] << 8 * i;
    return x;
}

/* The head of an element inside an array; `pad`: bytes to read past behind its data. Small ones: their data is in `small`. */
struct element {
    uint32_t type;
    int64_t length, pad;
    bool is_small;
    unsigned char small[4];
};

static bool take_head(struct reader *r, struct element *t)
{
    unsigned char head[8];
    if (!take(r, head, 8)) return false;
    uint32_t word = (uint32_t)number(r, head, 4);
    t->is_small = word >> 16 != 0;
    t->type = t->is_small ? word & 0xffff : word;
    t->length = t->is_small ? word >> 16 : (int64_t)number(r, head + 4, 4);
    t->pad = t->is_small ? 0 : (8 - t->length % 8) % 8;
    memcpy(t->small, head + 4, 4);
    return !t->is_small || t->length <= 4 || damaged(r, "a small element of more than 4 bytes");
}

/* All of an element of at most `most` bytes. */
static bool take_small(struct reader *r, void *to, int64_t most, struct element *t)
{
    if (!take_head(r, t)) return false;
    if (t->length > most) return damaged(r, "a dimension or a name is too long");
    if (!t->is_small) return take(r, to, t->length) && skip(r, t->pad);
    memcpy(to, t->small, (size_t)t->length);
    return true;
}

/* Flags, dimensions and name. */
static bool take_array(struct reader *r, struct array *a)
{
    unsigned char flags[8] = {0}, dims[4 * (DATA_RANK + 1)];
    struct element t;
    *a = (struct array){.elements = 1};
    if (!take_small(r, flags, 8, &t)) return false;
    uint32_t word = (uint32_t)number(r, flags, 4);
    a->class = (int)(word & 255);
    if (word & 0x800) a->class = 0; /* complex */
    if (!take_small(r, dims, sizeof dims, &t)) return false;
    a->rank = (uint32_t)(t.length / 4);
    if (t.type != INT32 || a->rank < 2) return damaged(r, "an array without dimensions");
    for (uint32_t i = 0; i < a->rank; i++) {
        a->dims[i] = (int32_t)number(r, dims + 4 * i, 4);
        if (a->dims[i] < 1 || a->elements > DATA_LIMIT / a->dims[i]) return damaged(r, "a dimension that cannot be");
        a->elements *= a->dims[i];
    }
    if (!take_small(r, a->name, sizeof a->name - 1, &t)) return false;
    a->name[t.length] = 0;
    return true;
}

static int width(uint32_t type)
{
    static const int widths[] = {
        [INT8] = 1, [UINT8] = 1, [INT16] = 2, [UINT16] = 2, [INT32] = 4, [UINT32] = 4, [SINGLE] = 4, [DOUBLE] = 8, [INT64] = 8, [UINT64] = 8};
    return type < sizeof widths / sizeof *widths ? widths[type] : 0;
}

static double value(const struct reader *r, uint32_t type, const unsigned char *at)
{
    uint64_t bits = number(r, at, width(type));
    uint32_t word = (uint32_t)bits;
    float single;
    double whole;
    switch (type) {
    case INT8: return (int8_t)word;
    case INT16: return (int16_t)word;
    case INT32: return (int32_t)word;
    case INT64: return (double)(int64_t)bits;
    case SINGLE: memcpy(&single, &word, 4); return (double)single;
    case DOUBLE: memcpy(&whole, &bits, 8); return whole;
    default: return (double)bits;
    }
}

/* The values, column by column: bytes where the class is that of bytes, else doubles. Memory grows with what comes. */
static void *take_values(struct reader *r, const struct array *a)
{
    struct element t;
    if (!take_head(r, &t)) return NULL;
    int size = width(t.type);
    bool bytes = a->class == CLASS_UINT8 && t.type == UINT8;
    if (!size || t.length != a->elements * size) {
        damaged(r, "an array has other values than its dimensions say");
        return NULL;
    }
    int64_t capacity = 0, each = bytes ? 1 : 8;
    unsigned char *values = NULL, block[4096];
    for (int64_t i = 0, step; i < a->elements; i += step) {
        step = (int64_t)sizeof block / size;
        if (step > a->elements - i) step = a->elements - i;
        if (i + step > capacity) {
            capacity = 2 * capacity + step;
            if (capacity > a->elements) capacity = a->elements;
            unsigned char *grown = realloc(values, (size_t)(capacity * each));
            if (!grown) error_set(r->e, "'%s': no memory for %lld numbers", r->path, (long long)a->elements);
            if (!grown) break;
            values = grown;
        }
        if (t.is_small) memcpy(block, t.small, sizeof t.small);
        if (!t.is_small && !take(r, block, step * size)) break;
        for (int64_t k = 0; k < step; k++) {
            double x = bytes ? 0 : value(r, t.type, block + k * size);
            if (bytes) values[i + k] = block[k];
            else memcpy(values + 8 * (i + k), &x, 8);
        }
        if (i + step == a->elements) return values;
    }
    free(values);
    return NULL;
}

/* Column by column with the items last -> row by row with the items first. A matrix [n, d] has its items first already. */
static bool reorder(const struct array *a, const void *values, struct data_table *t, const char *path, struct error *e)
{
    size_t size = t->type == DATA_BYTE ? 1 : 8;
    unsigned char *to = malloc((size_t)a->elements * size);
    if (!to) return error_set(e, "'%s': no memory for its %lld numbers", path, (long long)a->elements);
    bool matrix = a->rank == 2;
    int64_t items = a->dims[matrix ? 0 : a->rank - 1];
    t->rank = a->rank - 1;
    for (uint32_t i = 0; i < t->rank; i++) t->dims[i] = a->dims[matrix ? 1 : i];
    t->elements = a->elements / items;
    t->items = t->total = items;
    int64_t at[DATA_RANK] = {0};
    for (int64_t k = 0; k < t->elements; k++) { /* at: the place of element k, rows first */
        int64_t from = 0;
        for (uint32_t d = t->rank; d-- > 0;) from = from * t->dims[d] + at[d];
        for (int64_t i = 0; i < items; i++) {
            int64_t old = matrix ? from * items + i : i * t->elements + from;
            memcpy(to + (size_t)(i * t->elements + k) * size, (const char *)values + (size_t)old * size, size);
        }
        for (uint32_t d = t->rank; d-- > 0 && ++at[d] == t->dims[d];) at[d] = 0;
    }
    if (t->elements == 1) t->rank = 0;
    t->values = to;
    return true;
}

void data_mat_digits(struct data_found *f)
{
    int32_t *labels = f->labels.values, low = labels[0], high = labels[0];
    for (int64_t i = 0; i < f->labels.items; i++) {
        if (labels[i] < low) low = labels[i];
        if (labels[i] > high) high = labels[i];
    }
    if (low < 1 || high != 10) return;
    for (int64_t i = 0; i < f->labels.items; i++)
        if (labels[i] == 10) labels[i] = 0;
    snprintf(f->note, sizeof f->note, "labels 1 to 10 as SVHN's: 10 is the class 0");
}

static bool keep(struct reader *r, const struct data_request *q, struct data_found *f, const struct array *a)
{
    int role = data_array_role(a->name);
    struct data_table *t = role == 2 ? &f->images : &f->labels;
    if (!role || t->values || (role == 2 ? !q->images : !q->labels)) return true;
    if (a->class < CLASS_DOUBLE || a->class > CLASS_LAST)
        return error_set(r->e, "'%s': the array %s holds no real numbers", r->path, a->name);
    if (!data_memory_check(q, a->elements * (a->class == CLASS_UINT8 ? 1 : 8), r->e)) return false;
    void *values = take_values(r, a);
    if (!values || (r->packed && !take_end(r))) {
        free(values);
        return false;
    }
    t->type = a->class == CLASS_UINT8 ? DATA_BYTE : DATA_DOUBLE;
    struct array row = *a;
    if (role == 1 && a->rank == 2 && a->dims[0] == 1) row.dims[0] = a->dims[1], row.dims[1] = 1;
    bool ok = reorder(&row, values, t, r->path, r->e);
    free(values);
    if (!ok) return false;
    data_table_origin(t, r->s);
    if (role == 2) return data_table_finite(t, 0, r->path, r->e);
    if (!data_table_labels(t, r->path, r->e)) return false;
    data_mat_digits(f);
    return true;
}

/* An element of the file: type and length; what is not wanted of it is read past. */
static bool take_element(struct reader *r, const struct data_request *q, struct data_found *f, const unsigned char *head)
{
    uint32_t type = (uint32_t)number(r, head, 4);
    r->left = (int64_t)number(r, head + 4, 4);
    r->packed = type == PACKED;
    if (type != PACKED && type != MATRIX) return data_stream_skip(r->s, r->left, "an element is not whole", r->e);
    if (r->packed && inflateInit(&r->z) != Z_OK) return error_set(r->e, "'%s': zlib cannot start", r->path);
    r->z.avail_in = 0;
    unsigned char inner[8];
    struct array a;
    bool ok = true;
    if (r->packed) {
        ok = take(r, inner, 8);
        if (ok && number(r, inner, 4) != MATRIX) ok = damaged(r, "a packed element is no array");
    }
    ok = ok && take_array(r, &a) && keep(r, q, f, &a);
    if (r->packed) inflateEnd(&r->z);
    return ok && data_stream_skip(r->s, r->left, "an array is not whole", r->e);
}

bool data_mat_recognise(const struct data_probe *p)
{
    return p->length >= 128 && !memcmp(p->head, "MATLAB 5.0 MAT-file", 19) && (!memcmp(p->head + 126, "IM", 2) || !memcmp(p->head + 126, "MI", 2));
}

bool data_mat_read(const struct data_request *q, struct data_found *f, struct error *e)
{
    unsigned char head[128];
    struct data_stream *s = data_stream_open(q->path, e);
    if (!s) return false;
    struct reader *r = memory_take(1, sizeof *r);
    r->s = s, r->path = q->path, r->e = e;
    bool ok = data_stream_exactly(s, head, 128, "a MATLAB file starts with 128 bytes", e);
    r->swapped = ok && head[126] == 'M';
    while (ok) {
        int64_t n = data_stream_read(s, head, 1, e);
        if (n <= 0) ok = n == 0;
        if (n <= 0) break;
        ok = data_stream_exactly(s, head + 1, 7, "an element is not whole", e) && take_element(r, q, f, head);
    }
    if (ok && q->images && !f->images.values) ok = error_set(e, "'%s' has no array called X, images, features or data", q->path);
    if (ok && q->labels && !f->labels.values) ok = error_set(e, "'%s' has no array of labels called y, labels or targets", q->path);
    data_stream_close(s);
    free(r);
    return ok;
}
