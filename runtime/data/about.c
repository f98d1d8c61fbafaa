/* about.c: what a data set is, as a whole: its mean, its fingerprint, its memory, and what people want to know. */
#include "source.h"

#include "fits.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of memory that a process may still take. */
int64_t data_memory_free(void)
{
    struct room r = room_left();
    return (int64_t)fmin(r.bytes, r.mapped);
}

struct sums { /* a row of sums for each worker: whole numbers, so their order does not matter */
    uint64_t *of;
    int64_t elements;
    struct bad *mark;
};

static void add_item(void *self, uint32_t worker, int64_t item, const struct image *image, const unsigned char *to, const char *why)
{
    struct sums *s = self;
    (void)image;
    if (why) bad_mark(s->mark, item, why);
    for (int64_t i = 0; !why && i < s->elements; i++) s->of[worker * s->elements + i] += to[i];
}

static void streamed_mean(struct data_source *s, const struct field *f, double *out)
{
    uint32_t threads = pixels_threads(0);
    struct sums sums = {memory_take((size_t)(threads * f->data.elements), sizeof(uint64_t)), f->data.elements, &s->bad};
    struct each each = {.pixels = &s->pixels, .count = s->items, .threads = threads, .body = add_item, .self = &sums, .loud = true};
    struct error e = {""};
    if (!pixels_each(&each, &e)) error_line("%s", e.text), exit(1);
    for (uint32_t k = 0; k < threads; k++)
        for (int64_t i = 0; i < sums.elements; i++) out[i] += (double)sums.of[k * sums.elements + i];
    free(sums.of);
}

/* Sums of bytes and of labels are exact: they are whole numbers below 2^53. */
void data_mean(struct data_source *s, uint32_t field, double *out)
{
    const struct field *f = &s->fields[field];
    const struct data_table *t = f->table;
    int64_t n = f->data.elements;
    bool images = t == &s->pixels_table;
    for (int64_t i = 0; i < n; i++) out[i] = 0;
    if (images && s->ahead) streamed_mean(s, f, out);
    for (int64_t item = 0; item < s->items && !(images && s->ahead); item++) {
        if (s->bad.is && s->bad.is[item]) continue;
        if (f->data.onehot) out[((const int32_t *)t->values)[item]] += 1;
        else if (t->type == DATA_BYTE)
            for (int64_t i = 0; i < n; i++) out[i] += ((const unsigned char *)t->values)[item * n + i];
        else if (t->type == DATA_FLOAT)
            for (int64_t i = 0; i < n; i++) out[i] += (double)((const float *)t->values)[item * n + i];
        else
            for (int64_t i = 0; i < n; i++) out[i] += ((const double *)t->values)[item * n + i];
    }
    int64_t good = s->items - (s->bad.is ? s->bad.count : 0);
    bool mapped = !f->data.onehot && t->type == DATA_BYTE && !f->data.any;
    for (int64_t i = 0; i < n; i++) {
        out[i] /= (double)(good > 0 ? good : 1);
        if (mapped) out[i] = f->data.low + out[i] * (f->data.high - f->data.low) / 255;
    }
}

static void put_file(struct json_out *to, const char *name, int64_t bytes, uint32_t crc32, int64_t items)
{
    char crc[16];
    snprintf(crc, sizeof crc, "%08x", (unsigned)crc32);
    json_open(to, '{');
    json_key(to, "file"), json_string(to, name);
    json_key(to, "bytes"), json_integer(to, bytes);
    json_key(to, "crc32"), json_string(to, crc);
    json_key(to, "items"), json_integer(to, items);
    json_close(to);
}

void data_fingerprint(const struct data_source *s, struct json_out *to)
{
    const struct data_table *tables[] = {&s->found.images, &s->found.labels};
    json_open(to, '[');
    if (s->found.items) {
        const char *end = s->path + strlen(s->path), *from;
        while (end > s->path + 1 && end[-1] == '/') end--;
        for (from = end; from > s->path && from[-1] != '/';) from--;
        char *name = memory_format("%.*s", (int)(end - from), from);
        put_file(to, name, s->found.items->bytes, s->found.items->crc32, s->items);
        free(name);
    }
    for (int i = 0; i < 2; i++)
        if (tables[i]->name) put_file(to, tables[i]->name, tables[i]->file_bytes, tables[i]->crc32, tables[i]->items);
    json_close(to);
}

int64_t data_bytes(const struct data_source *s)
{
    return data_table_bytes(&s->found.images) + data_table_bytes(&s->found.labels) + data_table_bytes(&s->pixels_table) +
           (s->ahead ? ahead_bytes(s->ahead) : 0);
}

void data_about(const struct data_source *s, struct data_about *a)
{
    const struct data_items *items = s->found.items;
    *a = (struct data_about){.format = s->found.format, .note = s->found.note, .changes = s->changes, .total = s->total, .bad = s->bad.is ? s->bad.count : 0};
    a->part_taken = s->part_taken;
    a->streamed = s->ahead != NULL;
    a->images = items && !items->raw;
    a->ignored = items ? items->ignored : 0;
    a->nclasses = items ? items->nclasses : 0;
    a->classes = items ? items->classes : NULL;
    a->sizes = s->sizes;
    a->rank = s->found.images.rank;
    a->dims = s->found.images.dims;
}

int32_t data_label(const struct data_source *s, int64_t item)
{
    if (s->found.labels.values) return ((const int32_t *)s->found.labels.values)[item];
    return s->found.items && s->found.items->nclasses ? s->found.items->at[item].label : -1;
}
