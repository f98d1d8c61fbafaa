/* formats.c: which reader reads what: a file by its content, a folder by what is in it. */
#include "format.h"

#include "image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* In this order: CIFAR's files begin with anything, but have lengths and labels that nothing else has. */
const struct data_format data_formats[] = {
    {"CIFAR", data_cifar_recognise, data_cifar_read},
    {"IDX", data_idx_recognise, data_idx_read},
    {"NumPy", data_npy_recognise, data_npy_read},
    {"HDF5", data_hdf5_recognise, data_hdf5_read},
    {"MATLAB", data_mat_recognise, data_mat_read},
    {"LMDB", data_lmdb_recognise, data_lmdb_read},
    {"zip or tar", data_archive_recognise, data_archive_read},
};
const uint32_t data_formats_count = sizeof data_formats / sizeof *data_formats;

static bool unknown(const struct data_probe *p, struct error *e)
{
    enum image_kind kind = image_kind_of(p->head, p->length);
    if (p->length == 0) return error_set(e, "'%s' is empty", p->path);
    if (kind != IMAGE_NONE)
        return error_set(e, "'%s' is one image (%s); a data set is a folder of images, or an archive of them", p->path, image_kind_name(kind));
    char names[160] = "", bytes[16] = "";
    for (uint32_t i = 0, at = 0; i < data_formats_count && at < sizeof names; i++)
        at += (uint32_t)snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "", data_formats[i].name);
    for (size_t i = 0; i < p->length && i < 4; i++) snprintf(bytes + 3 * i, sizeof bytes - 3 * i, " %02x", p->head[i]);
    return error_set(e, "'%s' is of no kind that can be read (%s, or a folder of images): it begins with%s", p->path, names, bytes);
}

const struct data_format *data_format_of(const char *path, struct error *e)
{
    unsigned char head[DATA_HEAD] = {0};
    struct data_stream *s = data_stream_open(path, e);
    if (!s) return NULL;
    struct data_probe p = {path, head, data_stream_peek(s, head), data_stream_size(s)};
    data_stream_close(s);
    for (uint32_t i = 0; i < data_formats_count; i++)
        if (data_formats[i].recognise(&p)) return &data_formats[i];
    unknown(&p, e);
    return NULL;
}

static bool has_file(const char *folder, const char *name)
{
    struct stat s;
    char *path = memory_format("%s/%s", folder, name);
    bool there = stat(path, &s) == 0 && S_ISREG(s.st_mode);
    free(path);
    return there;
}

static bool read_folder(const struct data_request *q, struct data_found *f, struct error *e)
{
    f->format = "IDX";
    if (data_mnist_folder(q->path)) return data_idx_read(q, f, e);
    f->format = "CIFAR";
    if (data_cifar_folder(q->path)) return data_cifar_read(q, f, e);
    f->format = "LMDB";
    if (has_file(q->path, "data.mdb")) return data_lmdb_read(q, f, e);
    f->format = "a folder of images";
    return data_folder_read(q, f, e);
}

/* The labels of listed images, as a table. */
static bool label_items(const struct data_request *q, struct data_found *f, struct error *e)
{
    const struct data_items *s = f->items;
    if (!s->nclasses && s->raw) return error_set(e, "'%s' has no labels", q->path);
    if (!s->nclasses)
        return error_set(e, "'%s' has no labels: its images do not stand in folders, one for each class", q->path);
    struct data_table *t = &f->labels;
    *t = (struct data_table){.type = DATA_INTEGER, .elements = 1, .total = s->count, .items = s->count, .values = malloc((size_t)s->count * sizeof(int32_t))};
    if (!t->values) return error_set(e, "'%s': no memory for its labels", q->path);
    for (int64_t i = 0; i < s->count; i++) ((int32_t *)t->values)[i] = s->at[i].label;
    return true;
}

static bool read_any(const struct data_request *q, struct data_found *f, struct error *e)
{
    const struct data_format *format = q->folder ? NULL : data_format_of(q->path, e);
    if (q->folder) return read_folder(q, f, e);
    if (!format) return false;
    f->format = format->name;
    return format->read(q, f, e);
}

/* A reader that has taken the slice itself has fewer items than the file. */
static bool cut(const struct data_request *q, struct data_table *t, struct error *e)
{
    int64_t high;
    if (!t->values || t->items != t->total) return true;
    if (!data_slice_check(q->slice, t->total, q->path, &high, e)) return false;
    data_table_cut(t, q->slice);
    return true;
}

bool data_found_read(const struct data_request *q, struct data_found *f, struct error *e)
{
    *f = (struct data_found){0};
    if (!read_any(q, f, e)) return false;
    if (f->items && f->labels.values && f->labels.total != f->items->total)
        return error_set(e, "'%s' has %lld examples, but %lld labels", q->path, (long long)f->items->total, (long long)f->labels.total);
    if (f->items && !data_items_cut(f->items, q->slice, q->path, e)) return false;
    if (f->items && q->labels && !f->labels.values && !label_items(q, f, e)) return false;
    if (f->items) return !q->labels || (cut(q, &f->labels, e) && data_table_labels(&f->labels, q->path, e));
    if (q->images && !f->images.values) return error_set(e, "'%s' holds no examples", q->path);
    if (q->labels && !f->labels.values) return error_set(e, "'%s' holds no labels", q->path);
    if (q->images && q->labels && f->images.total != f->labels.total)
        return error_set(e, "'%s' has %lld examples, but %lld labels", q->path, (long long)f->images.total, (long long)f->labels.total);
    if (!cut(q, &f->images, e) || !cut(q, &f->labels, e)) return false;
    if (f->labels.values && !data_table_labels(&f->labels, q->path, e)) return false;
    if (f->images.values && data_table_planar(&f->images)) data_table_interleave(&f->images);
    return true;
}

void data_found_free(struct data_found *f)
{
    data_table_free(&f->images);
    data_table_free(&f->labels);
    data_items_free(f->items);
    f->items = NULL;
}
