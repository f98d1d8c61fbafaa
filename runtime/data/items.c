/* items.c: lists of images that stand each for itself: files of a folder, or parts of one file (an archive unpacked, a database).
 *
 * What a list is depends on the names alone: sorted byte by byte; folders that all names share are left out; where what is left are folders
 * train and test (and no image beside them), the first is taken; a class is a folder that then stands first in the names. */
#define _GNU_SOURCE
#include "format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct data_items *data_items_new(void)
{
    struct data_items *s = memory_take(1, sizeof *s);
    s->fd = -1;
    return s;
}

void data_items_add(struct data_items *s, const char *name, int64_t at, int64_t length)
{
    size_t bytes = strlen(name) + 1;
    if (s->count == s->capacity) {
        s->capacity = s->capacity * 2 + 64;
        s->at = memory_grow(s->at, (size_t)s->capacity, sizeof *s->at);
    }
    if (s->used + bytes > s->room) {
        s->room = (s->room + bytes) * 2;
        s->text = memory_grow(s->text, s->room, 1);
    }
    memcpy(s->text + s->used, name, bytes);
    s->at[s->count++] = (struct data_item){s->used, at, length, -1};
    s->used += bytes;
}

const char *data_items_name(const struct data_items *s, int64_t i)
{
    return s->text + s->at[i].name;
}

static int by_name(const void *a, const void *b, void *text)
{
    const struct data_item *x = a, *y = b;
    int order = strcmp((char *)text + x->name, (char *)text + y->name);
    return order ? order : (x->name > y->name) - (x->name < y->name); /* the order of coming */
}

void data_items_sort(struct data_items *s)
{
    if (s->count) qsort_r(s->at, (size_t)s->count, sizeof *s->at, by_name, s->text);
}

static void drop_doubles(struct data_items *s)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < s->count; i++) {
        if (kept && !strcmp(data_items_name(s, i), data_items_name(s, kept - 1))) kept--;
        s->at[kept++] = s->at[i];
    }
    s->count = kept;
}

/* Keeps what stands below `inner`; an image that is called so is kept, too. */
static bool keep_inner(struct data_items *s, const char *path, const char *inner, struct error *e)
{
    size_t length = strlen(inner);
    while (length && inner[length - 1] == '/') length--;
    int64_t kept = 0;
    for (int64_t i = 0; i < s->count; i++) {
        const char *name = data_items_name(s, i);
        while (!strncmp(name, "./", 2)) name += 2;
        if (!strncmp(name, inner, length) && (name[length] == '/' || !name[length])) s->at[kept++] = s->at[i];
    }
    s->count = kept;
    return kept || error_set(e, "'%s' holds no image below '%s'", path, inner);
}

/* Bytes of folders that all names begin with. The list is sorted, so the first and the last name tell. */
static size_t shared(const struct data_items *s, int64_t low, int64_t high)
{
    const char *a = data_items_name(s, low), *b = data_items_name(s, high - 1);
    size_t at = 0;
    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '/') at = i + 1;
    return at;
}

/* The length of the first folder's name behind `at`; 0: the name of the file stands there. */
static size_t folder_at(const char *name, size_t at)
{
    const char *slash = strchr(name + at, '/');
    return slash ? (size_t)(slash - name) - at : 0;
}

static bool is_part(const char *folder, size_t length)
{
    static const char *const parts[] = {"train", "test", "val", "valid", "validation", "dev"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strlen(parts[i]) == length && !strncmp(folder, parts[i], length)) return true;
    return false;
}

/* Where folders train, test, val are all there is: the training part. */
static void take_part(struct data_items *s)
{
    size_t at = shared(s, 0, s->count);
    int64_t low = -1, high = -1;
    for (int64_t i = 0; i < s->count; i++) {
        const char *name = data_items_name(s, i);
        size_t length = folder_at(name, at);
        if (!length || !is_part(name + at, length)) return;
        if (length != 5 || strncmp(name + at, "train", 5)) continue;
        if (low < 0) low = i;
        high = i + 1;
    }
    if (low < 0 || (low == 0 && high == s->count)) return;
    memmove(s->at, s->at + low, (size_t)(high - low) * sizeof *s->at);
    s->count = high - low;
    s->part_taken = true;
}

static void make_classes(struct data_items *s)
{
    size_t at = shared(s, 0, s->count), last_length = 0;
    const char *last = NULL;
    for (int64_t i = 0; i < s->count; i++)
        if (!folder_at(data_items_name(s, i), at)) return;
    for (int64_t i = 0; i < s->count; i++) {
        const char *name = data_items_name(s, i) + at;
        size_t length = folder_at(name, 0);
        if (!last || length != last_length || strncmp(name, last, length)) {
            s->classes = memory_grow(s->classes, s->nclasses + 1, sizeof *s->classes);
            s->classes[s->nclasses] = memory_format("%.*s", (int)length, name);
            text_printable(s->classes[s->nclasses++]); /* they are for people */
        }
        last = name, last_length = length;
        s->at[i].label = (int32_t)s->nclasses - 1;
    }
}

bool data_items_finish(struct data_items *s, const char *path, const char *inner, struct error *e)
{
    data_items_sort(s);
    drop_doubles(s);
    if (inner && *inner && !keep_inner(s, path, inner, e)) return false;
    if (!s->count && s->ignored)
        return error_set(e, "'%s' holds no image (PNG, JPEG, WebP) among its %lld file%s", path, (long long)s->ignored, s->ignored == 1 ? "" : "s");
    if (!s->count) return error_set(e, "'%s' is empty: it holds no image", path);
    if (!inner) take_part(s);
    make_classes(s);
    uLong crc = crc32(0, NULL, 0);
    s->bytes = 0;
    for (int64_t i = 0; i < s->count; i++) {
        const char *name = data_items_name(s, i);
        unsigned char length[8];
        for (int k = 0; k < 8; k++) length[k] = (unsigned char)((uint64_t)s->at[i].length >> 8 * k);
        crc = crc32(crc, (const unsigned char *)name, (uInt)strlen(name) + 1);
        crc = crc32(crc, length, sizeof length);
        s->bytes += s->at[i].length;
    }
    s->crc32 = (uint32_t)crc;
    s->total = s->count;
    return true;
}

struct data_items *data_items_raw(const char *path, int64_t at, const struct data_table *t, struct error *e)
{
    struct stat st;
    struct data_items *s = data_items_new();
    s->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0 || fstat(s->fd, &st) != 0 || (int64_t)st.st_size < at || ((int64_t)st.st_size - at) / t->elements < t->items) {
        if (s->fd < 0) error_set(e, "cannot open '%s': %s", path, strerror(errno));
        else
            error_set(e, "'%s' is cut short: its header says %lld items of %lld bytes, and the file has %lld bytes", path, (long long)t->items,
                      (long long)t->elements, (long long)st.st_size);
        data_items_free(s);
        return NULL;
    }
    data_items_add(s, path, at, t->elements);
    s->at = memory_grow(s->at, (size_t)t->items, sizeof *s->at);
    for (int64_t i = 1; i < t->items; i++) s->at[i] = (struct data_item){0, at + i * t->elements, t->elements, -1};
    s->count = s->capacity = s->total = t->items;
    s->bytes = t->items * t->elements;
    s->crc32 = t->crc32;
    s->raw = memory_take(1, sizeof *s->raw);
    *s->raw = *t;
    s->raw->values = NULL;
    s->raw->name = NULL;
    s->planar = data_table_planar(t);
    if (s->planar) s->raw->dims[0] = t->dims[1], s->raw->dims[1] = t->dims[2], s->raw->dims[2] = t->dims[0];
    return s;
}

bool data_items_cut(struct data_items *s, struct data_slice slice, const char *path, struct error *e)
{
    int64_t high;
    if (!data_slice_check(slice, s->count, path, &high, e)) return false;
    memmove(s->at, s->at + slice.low, (size_t)(high - slice.low) * sizeof *s->at);
    s->count = high - slice.low;
    return true;
}

static int open_item(const struct data_items *s, int64_t i, int64_t *length, struct error *e)
{
    struct stat st;
    char *path = memory_format("%s/%s", s->root, data_items_name(s, i));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno != ENXIO) { /* that says a socket */
        error_set(e, "cannot open '%s': %s", path, strerror(errno));
    } else if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        error_set(e, "'%s' is not a regular file", path);
        if (fd >= 0) close(fd);
        fd = -1;
    } else {
        *length = (int64_t)st.st_size;
    }
    free(path);
    return fd;
}

bool data_items_read(const struct data_items *s, int64_t i, struct data_buffer *to, struct error *e)
{
    int64_t length = s->at[i].length, at = s->root ? 0 : s->at[i].at;
    int fd = s->root ? open_item(s, i, &length, e) : s->fd;
    const char *name = data_items_name(s, i);
    if (fd < 0) return false;
    bool ok = true;
    if (length > DATA_ITEM_MOST) ok = error_set(e, "'%s': %lld bytes are too many for an image", name, (long long)length);
    if (ok && (size_t)length > to->capacity) {
        free(to->at);
        to->at = malloc((size_t)length);
        to->capacity = to->at ? (size_t)length : 0;
        if (!to->at) ok = error_set(e, "'%s': no memory for its %lld bytes", name, (long long)length);
    }
    to->length = 0;
    while (ok && (int64_t)to->length < length) {
        ssize_t n = pread(fd, to->at + to->length, (size_t)length - to->length, (off_t)(at + (int64_t)to->length));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) ok = error_set(e, "cannot read '%s': %s", name, strerror(errno));
        if (n == 0) break;
        if (n > 0) to->length += (size_t)n;
    }
    if (s->root) close(fd);
    return ok;
}

struct data_stream *data_items_stream(const struct data_items *s, const char *path, int64_t i, struct error *e)
{
    char *name = memory_format("%s/%s", path, data_items_name(s, i));
    struct data_stream *part = data_stream_part(name, s->fd, s->at[i].at, s->at[i].length, e);
    free(name);
    return part;
}

void data_items_free(struct data_items *s)
{
    if (!s) return;
    for (uint32_t i = 0; i < s->nclasses; i++) free(s->classes[i]);
    if (s->fd >= 0) close(s->fd);
    free(s->classes);
    free(s->raw);
    free(s->root);
    free(s->at);
    free(s->text);
    free(s);
}
