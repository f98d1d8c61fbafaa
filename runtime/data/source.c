/* source.c: a data set: opened and checked once, its fields bound to what was found, then fetched item by item. */
#include "source.h"

#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int64_t data_memory_free(void); /* about.c */

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

static bool bind_labels(const struct data_source *s, struct field *f, int64_t low, struct error *e)
{
    const struct ganrt_data *d = &f->data;
    const struct data_table *t = &s->found.labels;
    const struct data_items *items = s->found.items;
    char name[128];
    f->table = t;
    field_name(d, name, sizeof name);
    if (items && (int64_t)items->nclasses > d->elements)
        return error_set(e, "'%s' has %u classes, but %s is onehot(%lld)", s->path, items->nclasses, name, (long long)d->elements);
    const int32_t *labels = t->values;
    for (int64_t i = 0; i < t->items; i++)
        if (labels[i] < 0 || labels[i] >= d->elements)
            return error_set(e, "'%s': item %lld has the label %d, but %s is onehot(%lld): 0 to %lld", s->path, (long long)(low + i), labels[i], name,
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

/* --- images --- */

static int64_t root(int64_t n) /* of a square number; else 0 */
{
    int64_t k = 0;
    while (k * k < n) k++;
    return k * k == n ? k : 0;
}

/* [n] for images that stand each for itself: the first image's size if it has n elements, else a square, grey or in colour. */
static struct image_shape flat_shape(const struct data_source *s, int64_t n)
{
    struct decoder d = {0};
    struct image_shape one = {1, 1, 3}, shape = {0, 0, 1};
    struct pixels first = {.items = s->found.items, .shape = one, .bytes = 3};
    unsigned char pixel[3];
    for (int64_t i = 0; i < s->items && i < 100; i++) {
        if (!pixels_decode(&first, &d, i, pixel, NULL)) continue;
        for (int c = 1; c <= 3; c += 2)
            if (d.image.h * d.image.w * c == n) shape = (struct image_shape){d.image.h, d.image.w, c};
        break;
    }
    decoder_free(&d);
    if (!shape.h && root(n)) shape.h = shape.w = root(n);
    if (!shape.h && n % 3 == 0 && root(n / 3)) shape.h = shape.w = root(n / 3), shape.channels = 3;
    return shape;
}

/* What images become for a field; h 0: the field is none. */
static struct image_shape wanted_shape(const struct data_source *s, const struct ganrt_data *d)
{
    struct image_shape none = {0, 0, 0};
    if (d->rank == 1 && s->found.items && !s->found.items->raw && d->elements <= (int64_t)IMAGE_SIDE_MOST * IMAGE_SIDE_MOST) return flat_shape(s, d->elements);
    if ((d->rank != 2 && d->rank != 3) || d->dims[0] > IMAGE_SIDE_MOST || d->dims[1] > IMAGE_SIDE_MOST) return none;
    int64_t channels = d->rank == 3 ? d->dims[2] : 1;
    return channels == 1 || channels == 3 ? (struct image_shape){d->dims[0], d->dims[1], (int)channels} : none;
}

/* May the table's items be resized? Bytes, with both sides of an image. */
static bool is_images(const struct data_table *t)
{
    return t->type == DATA_BYTE && (t->rank == 2 || (t->rank == 3 && (t->dims[2] == 1 || t->dims[2] == 3))) && t->dims[0] <= IMAGE_SIDE_MOST &&
           t->dims[1] <= IMAGE_SIDE_MOST;
}

/* A table that is read as needed: what its items become. */
static struct image_shape raw_shape(const struct data_source *s, const struct ganrt_data *d)
{
    const struct data_table *t = s->found.items->raw;
    struct image_shape none = {0, 0, 0};
    if (!shapes_fit(t, d)) return is_images(t) ? wanted_shape(s, d) : none;
    if (is_images(t)) return (struct image_shape){t->dims[0], t->dims[1], t->rank == 3 ? (int)t->dims[2] : 1};
    return t->rank == 1 && t->elements <= IMAGE_SIDE_MOST ? (struct image_shape){1, t->elements, 1} : none;
}

struct loading {
    struct data_source *s;
    _Atomic int64_t grey, colour, other; /* images: of how many channels, and of other sizes */
};

static void loaded(void *self, uint32_t worker, int64_t item, const struct image *image, const unsigned char *to, const char *why)
{
    struct loading *l = self;
    struct data_source *s = l->s;
    (void)worker, (void)to;
    if (why) bad_mark(&s->bad, item, why);
    if (!why && !s->pixels.raw) {
        if (image->channels == 1) l->grey++;
        else l->colour++;
        if (image->h != s->pixels.shape.h || image->w != s->pixels.shape.w) l->other++;
    }
    if (s->sizes && !why && !s->pixels.raw)
        s->sizes[item] = (struct data_size){(int32_t)image->h, (int32_t)image->w, (unsigned char)image->kind, (unsigned char)image->channels, image->alpha};
}

/* In words: what is done to images. */
static void describe(struct data_source *s, bool resized, bool to_grey, bool to_colour)
{
    size_t at = 0;
    const struct image_shape *shape = &s->pixels.shape;
    if (resized)
        at += (size_t)snprintf(s->changes, sizeof s->changes, "cropped in the middle to the aspect ratio and resized to %lld x %lld", (long long)shape->h,
                               (long long)shape->w);
    if (to_grey) at += (size_t)snprintf(s->changes + at, sizeof s->changes - at, "%scolour made grey", at ? ", " : "");
    if (to_colour) snprintf(s->changes + at, sizeof s->changes - at, "%sgrey made colour", at ? ", " : "");
}

static bool load(struct data_source *s, const struct data_options *o, bool keep, struct error *e)
{
    struct data_table *t = &s->pixels_table;
    struct loading l = {.s = s};
    struct each each = {.pixels = &s->pixels, .count = s->items, .threads = pixels_threads(o->threads), .body = loaded, .self = &l, .loud = true};
    *t = (struct data_table){.type = DATA_BYTE, .elements = s->pixels.bytes, .items = s->items, .total = s->items};
    if (keep && !(each.values = t->values = malloc((size_t)(s->items * s->pixels.bytes))))
        return error_set(e, "'%s': no memory for %lld images of %lld bytes", s->path, (long long)s->items, (long long)s->pixels.bytes);
    if (!pixels_each(&each, e) || bad_failed(&s->bad, s->path, e)) return false;
    bool grey = s->pixels.shape.channels == 1;
    const struct data_table *raw = s->pixels.raw;
    if (raw)
        describe(s, raw->dims[0] != s->pixels.shape.h || raw->dims[1] != s->pixels.shape.w, grey && raw->rank == 3 && raw->dims[2] == 3,
                 !grey && (raw->rank == 2 || raw->dims[2] == 1));
    else describe(s, l.other > 0, grey && l.colour > 0, !grey && l.grey > 0);
    return true;
}

/* Images that are no examples yet: of other shapes, or encoded. */
static bool take_pixels(struct data_source *s, const struct ganrt_data *d, const struct data_options *o, struct error *e)
{
    char name[128], want[160];
    struct data_items *items = s->found.items;
    s->pixels = (struct pixels){.items = items, .raw = items ? NULL : &s->found.images};
    s->pixels.shape = items && items->raw ? raw_shape(s, d) : wanted_shape(s, d);
    data_shape_text(want, sizeof want, d->rank, d->dims);
    if (!s->pixels.shape.h && items && items->raw) {
        char have[160];
        data_shape_text(have, sizeof have, items->raw->rank, items->raw->dims);
        return error_set(e, "'%s' has items of shape %s, which are too large for memory (--data-memory) and cannot be read as needed as %s %s", s->path, have,
                         field_name(d, name, sizeof name), want);
    }
    if (!s->pixels.shape.h)
        return error_set(e, "'%s' holds images, but %s is %s: images are [h, w], [h, w, 1] or [h, w, 3], or as many elements in one axis", s->path,
                         field_name(d, name, sizeof name), want);
    s->pixels.bytes = s->pixels.shape.h * s->pixels.shape.w * s->pixels.shape.channels;
    if (s->items > DATA_LIMIT / s->pixels.bytes) return error_set(e, "'%s': %lld images as %s are more than 2^40 bytes", s->path, (long long)s->items, want);
    bad_begin(&s->bad, s->items, o->bad_share);
    int64_t memory = o->memory ? o->memory : data_memory_free() / 2;
    bool fits = s->items * s->pixels.bytes <= memory;
    if (items && !items->raw && o->sizes) s->sizes = memory_take((size_t)s->items, sizeof *s->sizes);
    if ((fits || o->sizes) && !load(s, o, fits, e)) return false;
    if (fits) {
        free(s->found.images.values); /* name and checksum stay */
        s->found.images.values = NULL;
        if (items && items->fd >= 0) close(items->fd); /* an archive's unpacked bytes go */
        if (items) items->fd = -1;
        return true;
    }
    const struct data_table *raw = items ? items->raw : NULL;
    bool exact = raw && (raw->rank < 2 || (raw->dims[0] == s->pixels.shape.h && raw->dims[1] == s->pixels.shape.w));
    if (!s->changes[0] && !exact) describe(s, true, false, false);
    s->ahead = ahead_new(&s->pixels, &s->bad, s->items, pixels_threads(o->threads));
    return true;
}

static bool bind_field(struct data_source *s, struct field *f, const struct data_options *o, int64_t low, struct error *e)
{
    const struct ganrt_data *d = &f->data;
    struct data_table *t = &s->found.images;
    char name[128], have[160], want[160];
    if (d->onehot) return bind_labels(s, f, low, e);
    f->table = t;
    if (s->found.items || (!shapes_fit(t, d) && is_images(t) && wanted_shape(s, d).h)) {
        if (!take_pixels(s, d, o, e)) return false;
        f->table = &s->pixels_table;
    } else if (!shapes_fit(t, d)) {
        data_shape_text(have, sizeof have, t->rank, t->dims);
        data_shape_text(want, sizeof want, d->rank, d->dims);
        return error_set(e, "'%s' has items of shape %s, but %s is %s", s->path, have, field_name(d, name, sizeof name), want);
    }
    if (f->table->type == DATA_INTEGER) return error_set(e, "'%s' holds whole numbers, and %s is no label", s->path, field_name(d, name, sizeof name));
    if (f->table->type == DATA_BYTE) map_bytes(f);
    return true;
}

/* --- opening --- */

static bool source_read(struct data_source *s, const struct data_place *p, bool images, bool labels, const struct data_options *o, struct error *e)
{
    const struct ganrt_data *d = &s->fields[0].data;
    struct data_request q = {.path = p->path, .inner = p->inner, .folder = p->folder, .images = images, .labels = labels, .slice = p->slice};
    q.memory = o->memory ? o->memory : data_memory_free() / 2;
    if (!p->sliced && d->sliced) q.slice = (struct data_slice){d->slice_low, d->slice_high};
    for (uint32_t i = 0; i < s->nfields; i++)
        if (s->fields[i].data.onehot) q.classes = s->fields[i].data.elements;
    if (!data_found_read(&q, &s->found, e)) return false;
    struct data_items *items = s->found.items;
    s->items = items ? items->count : images ? s->found.images.items : s->found.labels.items;
    s->total = items ? items->total : images ? s->found.images.total : s->found.labels.total;
    s->part_taken = items && items->part_taken;
    for (uint32_t i = 0; i < s->nfields; i++)
        if (!bind_field(s, &s->fields[i], o, q.slice.low, e)) return false;
    return true;
}

struct data_source *data_open(const struct ganrt_data *fields, uint32_t count, const char *path, const struct data_options *options, struct error *e)
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
    s->nfields = count;
    s->fields = memory_take(count, sizeof *s->fields);
    for (uint32_t i = 0; i < count; i++) s->fields[i].data = fields[i];
    bool ok = data_place_find(&p, path, e);
    s->path = memory_format("%s", ok ? p.path : path); /* for messages: without its range */
    ok = ok && source_read(s, &p, images > 0, labels > 0, options, e);
    data_place_free(&p);
    free(s->path);
    s->path = memory_format("%s", path);
    if (ok) return s;
    data_close(s);
    return NULL;
}

int64_t data_count(const struct data_source *s)
{
    return s->items;
}

/* --- fetching --- */

/* The two element types differ in nothing but their names. values: where the item stands. */
#define FETCH(real, lookup)                                                                                                                                    \
    static void fetch_##real(const struct field *f, const void *values, int64_t item, real *out)                                                               \
    {                                                                                                                                                          \
        int64_t n = f->data.elements;                                                                                                                          \
        if (f->data.onehot) {                                                                                                                                  \
            for (int64_t i = 0; i < n; i++) out[i] = 0;                                                                                                        \
            out[((const int32_t *)values)[item]] = 1;                                                                                                          \
        } else if (f->table->type == DATA_BYTE) {                                                                                                              \
            const unsigned char *from = (const unsigned char *)values + item * n;                                                                              \
            for (int64_t i = 0; i < n; i++) out[i] = f->lookup[from[i]];                                                                                       \
        } else if (f->table->type == DATA_FLOAT) {                                                                                                             \
            const float *from = (const float *)values + item * n;                                                                                              \
            for (int64_t i = 0; i < n; i++) out[i] = (real)from[i];                                                                                            \
        } else {                                                                                                                                               \
            const double *from = (const double *)values + item * n;                                                                                            \
            for (int64_t i = 0; i < n; i++) out[i] = (real)from[i];                                                                                            \
        }                                                                                                                                                      \
    }
FETCH(float, single)
FETCH(double, whole)

static void fetch(const struct field *f, const void *values, int64_t item, bool f64, void *out)
{
    if (f64) fetch_double(f, values, item, out);
    else fetch_float(f, values, item, out);
}

/* The item, or what stands for it where it cannot be decoded: the next one of the list or of the order that can. */
static int64_t settle(const struct data_source *s, const struct data_order *o, int64_t place, int64_t item)
{
    if (!s->bad.is || s->ahead) return item;
    for (int64_t k = 0; k < s->items; k++) {
        int64_t one = o->items ? o->items[(place + k) % s->items] : (item + k) % s->items;
        if (!s->bad.is[one]) return one;
    }
    return item; /* not reached: a set without a good item is not opened */
}

void data_fetch(struct data_source *s, uint32_t field, int64_t item, bool f64, void *out)
{
    const struct field *f = &s->fields[field];
    const struct data_order list = {NULL, 0};
    if (!s->ahead) {
        fetch(f, f->table->values, settle(s, &list, 0, item), f64, out);
        return;
    }
    unsigned char *pixels = memory_take((size_t)s->pixels.bytes, 1);
    int64_t taken = ahead_take(s->ahead, &list, 0, item, pixels);
    if (f->data.onehot) fetch(f, f->table->values, taken < 0 ? item : taken, f64, out);
    else fetch(f, pixels, 0, f64, out);
    free(pixels);
}

void data_stage_room(struct data_source *s, int64_t examples)
{
    if (!s->ahead) return;
    free(s->staged);
    s->staged = memory_take((size_t)examples, (size_t)s->pixels.bytes);
}

bool data_staged_freely(const struct data_source *s)
{
    return !s->ahead && (!s->bad.is || !s->bad.count);
}

void data_stage(struct data_source *s, const struct data_order *o, int64_t i, int64_t *item)
{
    if (!s->ahead) {
        *item = settle(s, o, o->from + i, *item);
        return;
    }
    int64_t taken = ahead_take(s->ahead, o, o->from + i, *item, s->staged + (size_t)(i * s->pixels.bytes));
    if (taken >= 0) *item = taken;
}

void data_fetch_staged(struct data_source *s, uint32_t field, int64_t i, int64_t item, bool f64, void *out)
{
    const struct field *f = &s->fields[field];
    if (s->ahead && !f->data.onehot) fetch(f, s->staged, i, f64, out);
    else fetch(f, f->table->values, item, f64, out);
}

void data_ahead_begin(struct data_source *s, const struct data_order *o)
{
    if (s->ahead) ahead_begin(s->ahead, o);
}

void data_ahead_stop(struct data_source *s)
{
    if (s->ahead) ahead_stop(s->ahead);
}

void data_ahead_done(struct data_source *s, int64_t place)
{
    if (s->ahead) ahead_done(s->ahead, place);
}

const char *data_path(const struct data_source *s)
{
    return s->path;
}

void data_close(struct data_source *s)
{
    if (!s) return;
    ahead_free(s->ahead);
    bad_end(&s->bad);
    for (uint32_t i = 0; i < s->nfields; i++) {
        free(s->fields[i].single);
        free(s->fields[i].whole);
    }
    free(s->fields);
    data_found_free(&s->found);
    data_table_free(&s->pixels_table);
    free(s->staged);
    free(s->sizes);
    free(s->path);
    free(s);
}
