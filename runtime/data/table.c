/* table.c: items of one shape as an array: what every reader of arrays needs. */
#include "format.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static size_t size_of(enum data_type type)
{
    static const size_t size[] = {[DATA_BYTE] = 1, [DATA_FLOAT] = 4, [DATA_DOUBLE] = 8, [DATA_INTEGER] = 4};
    return size[type];
}

int64_t data_table_bytes(const struct data_table *t)
{
    return t->values ? t->items * t->elements * (int64_t)size_of(t->type) : 0;
}

void data_table_origin(struct data_table *t, const struct data_stream *s)
{
    const char *path = data_stream_path(s), *slash = strrchr(path, '/');
    t->name = memory_format("%s", slash ? slash + 1 : path);
    t->file_bytes = data_stream_count(s);
    t->crc32 = data_stream_crc32(s);
}

bool data_table_finite(const struct data_table *t, int64_t low, const char *path, struct error *e)
{
    if (t->type != DATA_FLOAT && t->type != DATA_DOUBLE) return true;
    for (int64_t i = 0; i < t->items * t->elements; i++) {
        double value = t->type == DATA_FLOAT ? (double)((const float *)t->values)[i] : ((const double *)t->values)[i];
        if (!(fabs(value) <= (double)FLT_MAX))
            return error_set(e, "'%s': item %lld holds a number that is not finite, or too large for a float", path, (long long)(low + i / t->elements));
    }
    return true;
}

bool data_table_labels(struct data_table *t, const char *path, struct error *e)
{
    if (t->elements != 1) return error_set(e, "'%s' holds no labels: there are %lld numbers an item", path, (long long)t->elements);
    if (t->type == DATA_INTEGER) return true;
    int32_t *labels = malloc((size_t)t->items * sizeof *labels);
    if (!labels) return error_set(e, "'%s': no memory for its %lld labels", path, (long long)t->items);
    for (int64_t i = 0; i < t->items; i++) {
        double x = t->type == DATA_BYTE ? ((const unsigned char *)t->values)[i]
                   : t->type == DATA_FLOAT ? (double)((const float *)t->values)[i] : ((const double *)t->values)[i];
        if (!(x >= -1e9 && x <= 1e9) || x != floor(x)) {
            free(labels);
            return error_set(e, "'%s': item %lld has the label %g, which is no whole number", path, (long long)i, x);
        }
        labels[i] = (int32_t)x;
    }
    free(t->values);
    t->values = labels;
    t->type = DATA_INTEGER;
    return true;
}

void data_table_cut(struct data_table *t, struct data_slice slice)
{
    int64_t high = slice.high < 0 ? t->items : slice.high;
    size_t item = (size_t)t->elements * size_of(t->type);
    if (!t->values || (slice.low == 0 && high == t->items)) return;
    t->items = high - slice.low;
    memmove(t->values, (char *)t->values + (size_t)slice.low * item, (size_t)t->items * item);
    void *less = realloc(t->values, (size_t)t->items * item);
    if (less) t->values = less;
}

bool data_slice_check(struct data_slice slice, int64_t total, const char *path, int64_t *high, struct error *e)
{
    *high = slice.high < 0 ? total : slice.high;
    if (slice.low >= 0 && slice.low < *high && *high <= total) return true;
    char end[24] = "";
    if (slice.high >= 0) snprintf(end, sizeof end, "%lld", (long long)slice.high);
    return error_set(e, "'%s' has %lld items, and [%lld:%s] is wanted", path, (long long)total, (long long)slice.low, end);
}

bool data_table_planar(const struct data_table *t)
{
    return t->rank == 3 && (t->dims[0] == 1 || t->dims[0] == 3) && t->dims[2] != 1 && t->dims[2] != 3;
}

/* item [c, h * w] -> [h * w, c], of elements of one size */
static void interleave(unsigned char *item, unsigned char *spare, int64_t channels, int64_t places, size_t size)
{
    for (int64_t c = 0; c < channels; c++)
        for (int64_t i = 0; i < places; i++) memcpy(spare + (size_t)(i * channels + c) * size, item + (size_t)(c * places + i) * size, size);
    memcpy(item, spare, (size_t)(channels * places) * size);
}

void data_table_interleave(struct data_table *t)
{
    int64_t channels = t->dims[0], places = t->dims[1] * t->dims[2];
    size_t size = size_of(t->type), item = (size_t)t->elements * size;
    unsigned char *spare = memory_take((size_t)t->elements, size);
    for (int64_t i = 0; i < t->items && channels > 1; i++) interleave((unsigned char *)t->values + (size_t)i * item, spare, channels, places, size);
    free(spare);
    t->dims[0] = t->dims[1], t->dims[1] = t->dims[2], t->dims[2] = channels;
}

bool data_is_large(const struct data_request *q, int64_t bytes)
{
    return q->memory > 0 && bytes > q->memory;
}

bool data_memory_check(const struct data_request *q, int64_t bytes, struct error *e)
{
    if (!data_is_large(q, bytes)) return true;
    return error_set(e, "'%s' needs %.1f MB of memory, and it may have %.1f (--data-memory); of large arrays, bytes that are not packed are read as needed",
                     q->path, (double)bytes * 1e-6, (double)q->memory * 1e-6);
}

int data_array_role(const char *name)
{
    static const char *const examples[] = {"x", "X", "images", "image", "features", "data", "x_train", "X_train", "arr_0", "train_images"};
    static const char *const labels[] = {"y", "Y", "labels", "label", "targets", "target", "y_train", "arr_1", "train_labels"};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        if (!strcmp(name, examples[i])) return 2;
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (!strcmp(name, labels[i])) return 1;
    return 0;
}
