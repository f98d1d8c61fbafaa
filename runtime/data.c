/* data.c: data sets in memory: opened and checked once, then fetched item by item. */
#include "data.h"

#include "data_format.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One row a format that can be read. */
static const struct data_format formats[] = {
    {"IDX, plain or gzipped", data_idx_recognise, data_idx_read},
};

struct field {
    struct ganrt_data data;
    const struct data_table *table;
    float *single; /* what each of the 256 bytes becomes; NULL where the table holds no bytes, or labels */
    double *whole;
};

struct data_source {
    char *path;
    uint32_t nfields;
    struct field *fields;
    int64_t items;
    struct data_table images, labels; /* values NULL where not needed */
};

void data_shape_text(char *text, size_t size, uint32_t rank, const int64_t *dims)
{
    size_t at = (size_t)snprintf(text, size, "[");
    for (uint32_t i = 0; i < rank && at < size; i++) at += (size_t)snprintf(text + at, size - at, i ? ", %lld" : "%lld", (long long)dims[i]);
    if (at < size) snprintf(text + at, size - at, "]");
}

void data_table_free(struct data_table *t)
{
    free(t->name);
    free(t->values);
    *t = (struct data_table){0};
}

int64_t data_table_bytes(const struct data_table *t)
{
    static const int64_t size[] = {[DATA_BYTE] = 1, [DATA_FLOAT] = 4, [DATA_DOUBLE] = 8};
    return t->values ? t->items * t->elements * size[t->type] : 0;
}

static bool data_table_read(struct data_table *t, const char *path, struct data_slice slice, struct error *e)
{
    unsigned char head[DATA_HEAD] = {0};
    const char *slash = strrchr(path, '/');
    struct data_stream *s = data_stream_open(path, e);
    if (!s) return false;
    size_t length = data_stream_peek(s, head);
    bool ok = true;
    const struct data_format *format = NULL;
    for (size_t i = 0; i < sizeof formats / sizeof *formats && !format; i++)
        if (formats[i].recognise(head, length)) format = &formats[i];
    if (length == 0) ok = error_set(e, "'%s' is empty", path);
    else if (!format) {
        char bytes[16] = "";
        for (size_t i = 0; i < length && i < 4; i++) snprintf(bytes + 3 * i, sizeof bytes - 3 * i, " %02x", head[i]);
        ok = error_set(e, "'%s' is of no kind that can be read (%s): it begins with%s", path, formats[0].name, bytes);
    }
    ok = ok && format->read(s, slice, t, e);
    if (ok) {
        t->name = memory_format("%s", slash ? slash + 1 : path);
        t->file_bytes = data_stream_count(s);
        t->crc32 = data_stream_crc32(s);
    }
    data_stream_close(s);
    return ok;
}

/* Does an item's shape become the field's by flattening, or by axes of size 1? */
static bool shapes_fit(const struct data_table *t, const struct ganrt_data *d)
{
    if (t->elements != d->elements) return false;
    if (t->rank <= 1 || d->rank <= 1) return true;
    uint32_t i = 0, k = 0;
    for (;;) {
        while (i < t->rank && t->dims[i] == 1) i++;
        while (k < d->rank && d->dims[k] == 1) k++;
        if (i == t->rank || k == d->rank) return i == t->rank && k == d->rank;
        if (t->dims[i++] != d->dims[k++]) return false;
    }
}

static const char *field_name(const struct ganrt_data *d, char *text, size_t size)
{
    snprintf(text, size, "%s%s%s", d->name, d->field ? "." : "", d->field ? d->field : "");
    return text;
}

static bool check_labels(const struct data_table *t, const struct ganrt_data *d, int64_t low, const char *path, struct error *e)
{
    char name[128];
    field_name(d, name, sizeof name);
    if (t->type != DATA_BYTE || t->elements != 1) return error_set(e, "'%s' holds no labels (one byte an item), which %s is", path, name);
    const unsigned char *labels = t->values;
    for (int64_t i = 0; i < t->items; i++)
        if (labels[i] >= d->elements)
            return error_set(e, "'%s': item %lld has the label %d, but %s is onehot(%lld): 0 to %lld", path, (long long)(low + i), labels[i], name,
                             (long long)d->elements, (long long)d->elements - 1);
    return true;
}

/* Bytes map linearly onto the declared range, 0 and 255 onto its ends; in double, then rounded to the element type. */
static void map_bytes(struct field *f)
{
    const struct ganrt_data *d = &f->data;
    f->single = memory_take(256, sizeof *f->single);
    f->whole = memory_take(256, sizeof *f->whole);
    for (int i = 0; i < 256; i++) {
        f->whole[i] = d->any ? i : i == 255 ? d->high : d->low + i * (d->high - d->low) / 255;
        f->single[i] = (float)f->whole[i];
    }
}

static bool bind_field(struct data_source *s, struct field *f, const struct data_place *p, int64_t low, struct error *e)
{
    const struct ganrt_data *d = &f->data;
    char name[128], have[160], want[160];
    if (d->onehot) {
        f->table = &s->labels;
        return check_labels(&s->labels, d, low, p->labels, e);
    }
    f->table = &s->images;
    if (!shapes_fit(&s->images, d)) {
        data_shape_text(have, sizeof have, s->images.rank, s->images.dims);
        data_shape_text(want, sizeof want, d->rank, d->dims);
        return error_set(e, "'%s' has items of shape %s, but %s is %s", p->images, have, field_name(d, name, sizeof name), want);
    }
    if (s->images.type == DATA_BYTE) map_bytes(f);
    return true;
}

static bool source_read_files(struct data_source *s, const struct data_place *p, struct error *e)
{
    const struct ganrt_data *d = &s->fields[0].data;
    struct data_slice slice = p->slice;
    if (!p->sliced && d->sliced) slice = (struct data_slice){d->slice_low, d->slice_high};
    if (p->images && !data_table_read(&s->images, p->images, slice, e)) return false;
    if (p->labels && !data_table_read(&s->labels, p->labels, slice, e)) return false;
    if (p->images && p->labels && s->images.total != s->labels.total)
        return error_set(e, "'%s' has %lld items, but '%s' has %lld", p->images, (long long)s->images.total, p->labels, (long long)s->labels.total);
    s->items = p->images ? s->images.items : s->labels.items;
    for (uint32_t i = 0; i < s->nfields; i++)
        if (!bind_field(s, &s->fields[i], p, slice.low, e)) return false;
    return true;
}

struct data_source *data_open(const struct ganrt_data *fields, uint32_t count, const char *path, struct error *e)
{
    uint32_t images = 0, labels = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (fields[i].onehot) labels++;
        else images++;
    }
    if (images > 1 || !count) {
        error_set(e, "%s has %u fields that are no labels; a file gives one", count ? fields[0].name : "a data set", images);
        return NULL;
    }
    struct data_source *s = memory_take(1, sizeof *s);
    struct data_place p = {0};
    s->path = memory_format("%s", path);
    s->nfields = count;
    s->fields = memory_take(count, sizeof *s->fields);
    for (uint32_t i = 0; i < count; i++) s->fields[i].data = fields[i];
    bool ok = data_place_find(&p, path, images > 0, labels > 0, e) && source_read_files(s, &p, e);
    data_place_free(&p);
    if (ok) return s;
    data_close(s);
    return NULL;
}

int64_t data_count(const struct data_source *s)
{
    return s->items;
}

/* The two element types differ in nothing but their names. */
#define FETCH(real, lookup)                                                                                                                                    \
    static void fetch_##real(const struct field *f, int64_t item, real *out)                                                                                   \
    {                                                                                                                                                          \
        const struct data_table *t = f->table;                                                                                                                 \
        int64_t n = f->data.elements;                                                                                                                          \
        if (f->data.onehot) {                                                                                                                                  \
            for (int64_t i = 0; i < n; i++) out[i] = 0;                                                                                                        \
            out[((const unsigned char *)t->values)[item]] = 1;                                                                                                 \
        } else if (t->type == DATA_BYTE) {                                                                                                                     \
            const unsigned char *from = (const unsigned char *)t->values + item * n;                                                                           \
            for (int64_t i = 0; i < n; i++) out[i] = f->lookup[from[i]];                                                                                       \
        } else if (t->type == DATA_FLOAT) {                                                                                                                    \
            const float *from = (const float *)t->values + item * n;                                                                                           \
            for (int64_t i = 0; i < n; i++) out[i] = (real)from[i];                                                                                            \
        } else {                                                                                                                                               \
            const double *from = (const double *)t->values + item * n;                                                                                         \
            for (int64_t i = 0; i < n; i++) out[i] = (real)from[i];                                                                                            \
        }                                                                                                                                                      \
    }
FETCH(float, single)
FETCH(double, whole)

void data_fetch(const struct data_source *s, uint32_t field, int64_t item, bool f64, void *out)
{
    if (f64) fetch_double(&s->fields[field], item, out);
    else fetch_float(&s->fields[field], item, out);
}

/* Sums of bytes and of labels are exact: they are whole numbers below 2^53. */
void data_mean(const struct data_source *s, uint32_t field, double *out)
{
    const struct field *f = &s->fields[field];
    const struct data_table *t = f->table;
    int64_t n = f->data.elements;
    for (int64_t i = 0; i < n; i++) out[i] = 0;
    for (int64_t item = 0; item < s->items; item++) {
        if (f->data.onehot) out[((const unsigned char *)t->values)[item]] += 1;
        else if (t->type == DATA_BYTE)
            for (int64_t i = 0; i < n; i++) out[i] += ((const unsigned char *)t->values)[item * n + i];
        else if (t->type == DATA_FLOAT)
            for (int64_t i = 0; i < n; i++) out[i] += (double)((const float *)t->values)[item * n + i];
        else
            for (int64_t i = 0; i < n; i++) out[i] += ((const double *)t->values)[item * n + i];
    }
    bool mapped = !f->data.onehot && t->type == DATA_BYTE && !f->data.any;
    for (int64_t i = 0; i < n; i++) {
        out[i] /= (double)s->items;
        if (mapped) out[i] = f->data.low + out[i] * (f->data.high - f->data.low) / 255;
    }
}

void data_fingerprint(const struct data_source *s, struct json_out *to)
{
    const struct data_table *tables[] = {&s->images, &s->labels};
    char crc[16];
    json_open(to, '[');
    for (int i = 0; i < 2; i++) {
        if (!tables[i]->values) continue;
        snprintf(crc, sizeof crc, "%08x", (unsigned)tables[i]->crc32);
        json_open(to, '{');
        json_key(to, "file"), json_string(to, tables[i]->name);
        json_key(to, "bytes"), json_integer(to, tables[i]->file_bytes);
        json_key(to, "crc32"), json_string(to, crc);
        json_key(to, "items"), json_integer(to, tables[i]->items);
        json_close(to);
    }
    json_close(to);
}

int64_t data_bytes(const struct data_source *s)
{
    return data_table_bytes(&s->images) + data_table_bytes(&s->labels);
}

const char *data_path(const struct data_source *s)
{
    return s->path;
}

void data_close(struct data_source *s)
{
    if (!s) return;
    for (uint32_t i = 0; i < s->nfields; i++) {
        free(s->fields[i].single);
        free(s->fields[i].whole);
    }
    free(s->fields);
    data_table_free(&s->images);
    data_table_free(&s->labels);
    free(s->path);
    free(s);
}
