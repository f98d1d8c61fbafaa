/* cifar.c: the binary files of CIFAR-10 and CIFAR-100: records of 1 or 2 bytes of labels and 3 planes of 32 x 32 bytes. They have no head: a
 * file is one whose length is a number of records and whose labels are all small enough. */
#include "format.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIDE = 32, PIXELS = SIDE * SIDE, IMAGE = 3 * PIXELS, FILES_MOST = 16 };

/* Bytes of labels before an image: 1, 2; 0: it is none of the two. */
static int labels_of(const unsigned char *records, int64_t count, int labels)
{
    for (int64_t i = 0; i < count; i++) {
        const unsigned char *at = records + i * (labels + IMAGE);
        if (labels == 1 ? at[0] > 9 : at[0] > 19 || at[1] > 99) return 0;
    }
    return labels;
}

/* Reads the whole file's labels only; a file that is no CIFAR is left at the first record that cannot be one. */
static int recognise(int fd, int64_t size)
{
    for (int labels = 1; labels <= 2; labels++) {
        int64_t record = labels + IMAGE, count = size / record;
        if (size <= 0 || size % record) continue;
        bool all = true;
        for (int64_t i = 0; i < count && all; i++) {
            unsigned char at[2];
            all = pread(fd, at, (size_t)labels, (off_t)(i * record)) == labels && (labels == 1 ? at[0] <= 9 : at[0] <= 19 && at[1] <= 99);
        }
        if (all) return labels;
    }
    return 0;
}

/* Does an IDX head say exactly this size? Then it is IDX, whatever the bytes are. */
static bool is_idx(const struct data_probe *p)
{
    if (!data_idx_recognise(p) || p->head[2] != 8 || p->length < 4 + 4 * (size_t)p->head[3]) return false;
    int64_t total = 1;
    for (int i = 0; i < p->head[3]; i++) {
        const unsigned char *b = p->head + 4 + 4 * i;
        int64_t dim = (int64_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
        if (dim && total > DATA_LIMIT / dim) return false;
        total *= dim;
    }
    return total + 4 + 4 * p->head[3] == p->size;
}

bool data_cifar_recognise(const struct data_probe *p)
{
    if (p->size <= 0 || (p->size % (1 + IMAGE) && p->size % (2 + IMAGE)) || is_idx(p)) return false;
    int fd = open(p->path, O_RDONLY | O_CLOEXEC);
    int labels = fd >= 0 ? recognise(fd, p->size) : 0;
    if (fd >= 0) close(fd);
    return labels > 0;
}

bool data_cifar_file_named(const char *name)
{
    const char *slash = strrchr(name, '/');
    name = slash ? slash + 1 : name;
    return !strcmp(name, "train.bin") || (!strncmp(name, "data_batch_", 11) && strlen(name) == 16 && !strcmp(name + 12, ".bin"));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of the training part's files in a folder, sorted; free each, and the list. */
static uint32_t list_files(const char *folder, char *names[FILES_MOST])
{
    uint32_t count = 0;
    DIR *d = opendir(folder);
    for (struct dirent *entry; d && (entry = readdir(d)) && count < FILES_MOST;)
        if (data_cifar_file_named(entry->d_name)) names[count++] = memory_format("%s/%s", folder, entry->d_name);
    if (d) closedir(d);
    qsort(names, count, sizeof *names, by_name);
    return count;
}

bool data_cifar_folder(const char *folder)
{
    char *names[FILES_MOST];
    uint32_t count = list_files(folder, names);
    for (uint32_t i = 0; i < count; i++) free(names[i]);
    return count > 0;
}

struct reader {
    const struct data_request *q;
    struct data_table *images, *labels;
    int label_bytes; /* of the first file */
    int64_t capacity;
};

static bool make_room(struct reader *r, int64_t items, const char *path, struct error *e)
{
    if (items <= r->capacity) return true;
    int64_t capacity = items + r->capacity / 2;
    void *images = realloc(r->images->values, (size_t)capacity * IMAGE);
    if (images) r->images->values = images;
    void *labels = realloc(r->labels->values, (size_t)capacity);
    if (labels) r->labels->values = labels;
    if (!images || !labels) return error_set(e, "'%s': no memory for its %lld images", path, (long long)items);
    r->capacity = capacity;
    return true;
}

/* The file's records, behind those of the files before. Of CIFAR-100's two labels 20 classes take the coarse one. */
static bool read_file(struct reader *r, struct data_stream *s, struct error *e)
{
    const char *path = data_stream_path(s);
    int64_t size = data_stream_size(s), at = r->images->items;
    unsigned char record[2 + IMAGE];
    int bytes = size > 0 && size % (1 + IMAGE) == 0 ? 1 : 2;
    if (size <= 0 || size % (bytes + IMAGE)) return error_set(e, "'%s' is no CIFAR file: its %lld bytes are no number of records", path, (long long)size);
    if (!r->label_bytes) r->label_bytes = bytes;
    if (bytes != r->label_bytes) return error_set(e, "'%s' has records of another length than the files before it", path);
    int64_t count = size / (bytes + IMAGE);
    if (!data_memory_check(r->q, (at + count) * IMAGE, e) || !make_room(r, at + count, path, e)) return false;
    for (int64_t i = 0; i < count; i++, at++) {
        if (!data_stream_exactly(s, record, bytes + IMAGE, "a record is not whole", e)) return false;
        if (!labels_of(record, 1, bytes)) return error_set(e, "'%s' is no CIFAR file: record %lld has the label %d", path, (long long)i, record[0]);
        unsigned char *image = (unsigned char *)r->images->values + at * IMAGE;
        for (int k = 0; k < PIXELS; k++)
            for (int c = 0; c < 3; c++) image[3 * k + c] = record[bytes + c * PIXELS + k];
        ((unsigned char *)r->labels->values)[at] = record[bytes == 2 && r->q->classes != 20 ? 1 : 0];
        r->images->items = at + 1;
    }
    r->images->crc32 = (r->images->crc32 << 1 | r->images->crc32 >> 31) ^ data_stream_crc32(s);
    r->images->file_bytes += data_stream_count(s);
    return true;
}

static struct reader begin(const struct data_request *q, struct data_found *f)
{
    f->images = (struct data_table){.type = DATA_BYTE, .rank = 3, .dims = {SIDE, SIDE, 3}, .elements = IMAGE};
    f->labels = (struct data_table){.type = DATA_BYTE, .elements = 1};
    return (struct reader){.q = q, .images = &f->images, .labels = &f->labels};
}

static void finish(struct reader *r, struct data_found *f)
{
    const char *path = r->q->path, *slash = strrchr(path, '/');
    f->format = r->label_bytes == 2 ? "CIFAR-100" : "CIFAR-10";
    f->labels.items = f->images.items;
    f->images.total = f->labels.total = f->images.items;
    f->images.name = memory_format("%s", slash ? slash + 1 : path);
    f->labels.name = memory_format("%s", f->images.name);
    f->labels.crc32 = f->images.crc32, f->labels.file_bytes = f->images.file_bytes;
}

bool data_cifar_read(const struct data_request *q, struct data_found *f, struct error *e)
{
    char *names[FILES_MOST];
    struct reader r = begin(q, f);
    uint32_t count = q->folder ? list_files(q->path, names) : 1;
    if (!q->folder) names[0] = memory_format("%s", q->path);
    bool ok = true;
    for (uint32_t i = 0; i < count; i++) {
        struct data_stream *s = ok ? data_stream_open(names[i], e) : NULL;
        ok = s && read_file(&r, s, e);
        data_stream_close(s);
        free(names[i]);
    }
    finish(&r, f);
    return ok;
}

bool data_cifar_parts(const struct data_request *q, const struct data_items *parts, struct data_found *f, struct error *e)
{
    struct reader r = begin(q, f);
    for (int64_t i = 0; i < parts->count; i++) {
        struct data_stream *s = data_items_stream(parts, r.q->path, i, e);
        bool ok = s && read_file(&r, s, e);
        data_stream_close(s);
        if (!ok) return false;
    }
    finish(&r, f);
    return true;
}
