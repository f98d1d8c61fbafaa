/* place.c: what the path of a data set means: a file, a folder, or what stands below a name in an archive; with a slice or without. */
#include "data.h"

#include "format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_there(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0;
}

static bool is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

/* Digits up to `end`; -1 for none at all; false where something else stands there. */
static bool read_bound(const char *text, const char *end, int64_t *bound)
{
    *bound = -1;
    for (; text < end; text++) {
        if (*text < '0' || *text > '9') return false;
        if (*bound > DATA_LIMIT) return false;
        *bound = (*bound < 0 ? 0 : *bound) * 10 + (*text - '0');
    }
    return true;
}

/* Takes "[a:b]" from the end of `path`, in place. A file that really has such a name keeps it. */
static bool take_slice(char *path, struct data_place *p, struct error *e)
{
    size_t length = strlen(path);
    char *open = strrchr(path, '[');
    if (!length || path[length - 1] != ']' || !open || is_there(path)) return true;
    char *colon = strchr(open, ':'), *close = path + length - 1;
    struct data_slice *s = &p->slice;
    bool written = colon && read_bound(open + 1, colon, &s->low) && read_bound(colon + 1, close, &s->high);
    if (written && s->high >= 0 && s->high <= (s->low > 0 ? s->low : 0)) return error_set(e, "'%s': this range of items is empty", path);
    if (!written)
        return error_set(e, "'%s': a range of items is written [FIRST:END], END not included, as in [0:50000]", path);
    if (s->low < 0) s->low = 0;
    p->sliced = true;
    *open = 0;
    return true;
}

/* NAME or NAME.gz in a folder, or NULL. */
static char *find_in(const char *folder, const char *name)
{
    static const char *const endings[] = {"", ".gz"};
    for (int i = 0; i < 2; i++) {
        size_t length = strlen(folder);
        char *path = memory_format("%s%s%s%s", folder, length && folder[length - 1] == '/' ? "" : "/", name, endings[i]);
        if (is_there(path)) return path;
        free(path);
    }
    return NULL;
}

static char *find_mnist(const char *folder, const char *name, struct error *e)
{
    char *path = find_in(folder, name);
    if (!path) error_set(e, "the folder '%s' holds no %s, plain or with .gz", folder, name);
    return path;
}

/* The labels beside "...-images-idx3-...": "...-labels-idx1-...", gzipped or not, whichever is there. */
static char *find_labels(const char *images, struct error *e)
{
    static const char from[] = "images-idx3", to[] = "labels-idx1";
    const char *slash = strrchr(images, '/'), *base = slash ? slash + 1 : images, *found = strstr(base, from);
    if (!found) {
        error_set(e, "'%s' has no labels beside it: for a record give a folder of MNIST's files, or the images of one (...%s...)", images, from);
        return NULL;
    }
    char *path = memory_format("%.*s%s%s", (int)(found - images), images, to, found + sizeof from - 1);
    size_t length = strlen(path);
    if (is_there(path)) return path;
    bool packed = length > 3 && !strcmp(path + length - 3, ".gz");
    char *other = packed ? memory_format("%.*s", (int)length - 3, path) : memory_format("%s.gz", path);
    bool there = is_there(other);
    if (!there) error_set(e, "the labels of '%s' are missing: '%s'", images, path);
    free(path);
    if (there) return other;
    free(other);
    return NULL;
}

/* "faces.tar.xz/train": the longest beginning of the path that is a file, and what stands behind it. Only archives have something inside. */
static char *take_inner(char *path, struct error *e)
{
    for (char *slash = strrchr(path, '/'); slash && slash > path;) {
        *slash = 0;
        struct stat s;
        if (stat(path, &s) == 0) {
            const struct data_format *format = S_ISREG(s.st_mode) ? data_format_of(path, NULL) : NULL;
            if (format && format->read == data_archive_read) return memory_format("%s", slash + 1);
            *slash = '/';
            break;
        }
        char *next = strrchr(path, '/');
        *slash = '/';
        slash = next;
    }
    (void)e;
    return NULL;
}

bool data_place_find(struct data_place *p, const char *given, struct error *e)
{
    *p = (struct data_place){.path = memory_format("%s", given), .slice = {0, -1}};
    if (!take_slice(p->path, p, e)) {
        data_place_free(p);
        return false;
    }
    p->folder = is_folder(p->path);
    if (!p->folder && !is_there(p->path)) p->inner = take_inner(p->path, e);
    return true;
}

void data_place_free(struct data_place *p)
{
    free(p->path);
    free(p->inner);
    p->path = p->inner = NULL;
}

bool data_mnist_folder(const char *folder)
{
    char *images = find_in(folder, "train-images-idx3-ubyte"), *labels = images ? NULL : find_in(folder, "train-labels-idx1-ubyte");
    bool found = images || labels;
    free(images);
    free(labels);
    return found;
}

bool data_idx_files(const struct data_request *q, char **images, char **labels, struct error *e)
{
    if (q->folder) {
        if (q->images && !(*images = find_mnist(q->path, "train-images-idx3-ubyte", e))) return false;
        return !q->labels || (*labels = find_mnist(q->path, "train-labels-idx1-ubyte", e)) != NULL;
    }
    if (q->images) *images = memory_format("%s", q->path);
    if (q->labels) *labels = q->images ? find_labels(q->path, e) : memory_format("%s", q->path);
    return !q->labels || *labels;
}

bool data_mnist_images(const char *folder, const char *part, char *path, size_t size)
{
    char *name = memory_format("%s-images-idx3-ubyte", part), *found = is_folder(folder) ? find_in(folder, name) : NULL;
    bool ok = found && strlen(found) < size;
    if (ok) strcpy(path, found);
    free(name);
    free(found);
    return ok;
}
