/* tree.c: a folder of images, with the folders in it.
 *
 * A file whose name ends as those of images do is an item, whatever is in it: what it holds is seen when it is decoded. Of other files the
 * first bytes decide; those that are no images are counted and left out, and so is whatever begins with a dot. Links are followed, those to
 * folders last, in the order of their names, and each folder is entered once: no ring of links is endless. A folder without any image may
 * hold a file that is a data set itself, as an archive: the message names it. */
#define _GNU_SOURCE
#include "format.h"

#include "image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MOST ((int64_t)1 << 32)
#define OTHERS_MOST 1000 /* files, of those that are no images, that are looked at */

struct place {
    dev_t device;
    ino_t number;
};

struct walk {
    const char *root;
    struct data_items *items;
    struct data_items *links;  /* to folders, not entered yet: their names */
    struct data_items *others; /* no images; the first of them */
    void *entered;             /* of struct place; tsearch */
    struct error *e;
};

static int compare(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->device != y->device) return x->device < y->device ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* false: we have been there */
static bool enter(struct walk *w, const struct stat *st)
{
    struct place *p = memory_take(1, sizeof *p);
    *p = (struct place){st->st_dev, st->st_ino};
    struct place **found = tsearch(p, &w->entered, compare);
    if (found && *found == p) return true;
    free(p);
    return false;
}

static bool begins_as_image(const char *path)
{
    unsigned char head[IMAGE_HEAD];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    ssize_t n = read(fd, head, sizeof head);
    close(fd);
    return n > 0 && image_kind_of(head, (size_t)n) != IMAGE_NONE;
}

static bool walk_folder(struct walk *w, const char *inner);

/* name: of the file, from the root */
static bool walk_entry(struct walk *w, const char *name)
{
    struct stat st, own;
    char *path = memory_format("%s/%s", w->root, name);
    bool ok = true, there = stat(path, &st) == 0;
    if (there && S_ISDIR(st.st_mode)) {
        if (lstat(path, &own) == 0 && S_ISLNK(own.st_mode)) data_items_add(w->links, name, 0, 0);
        else if (enter(w, &st)) ok = walk_folder(w, name);
    } else if (image_named(name) || (there && S_ISREG(st.st_mode) && begins_as_image(path))) {
        data_items_add(w->items, name, 0, there ? (int64_t)st.st_size : 0);
        if (w->items->count > FILES_MOST) ok = error_set(w->e, "'%s' holds more than %lld images", w->root, (long long)FILES_MOST);
    } else {
        w->items->ignored++;
        if (there && S_ISREG(st.st_mode) && w->others->count < OTHERS_MOST) data_items_add(w->others, name, 0, 0);
    }
    free(path);
    return ok;
}

/* The entries of a folder; inner: its name from the root, "" for that. Names are taken first, so that no folder stays open below. */
static bool walk_folder(struct walk *w, const char *inner)
{
    char *path = *inner ? memory_format("%s/%s", w->root, inner) : memory_format("%s", w->root);
    DIR *folder = opendir(path);
    struct data_items *names = data_items_new();
    bool ok = folder || error_set(w->e, "cannot read the folder '%s': %s", path, strerror(errno));
    for (struct dirent *entry; folder && ok && (errno = 0, entry = readdir(folder));)
        if (entry->d_name[0] != '.') data_items_add(names, entry->d_name, 0, 0);
    if (ok && errno) ok = error_set(w->e, "cannot read the folder '%s': %s", path, strerror(errno));
    if (folder) closedir(folder);
    for (int64_t i = 0; ok && i < names->count; i++) {
        char *name = *inner ? memory_format("%s/%s", inner, data_items_name(names, i)) : memory_format("%s", data_items_name(names, i));
        ok = walk_entry(w, name);
        free(name);
    }
    data_items_free(names);
    free(path);
    return ok;
}

/* Folders that links lead to, and the links in those. */
static bool walk_links(struct walk *w)
{
    while (w->links->count) {
        struct data_items *now = w->links;
        w->links = data_items_new();
        data_items_sort(now);
        bool ok = true;
        for (int64_t i = 0; ok && i < now->count; i++) {
            struct stat st;
            char *path = memory_format("%s/%s", w->root, data_items_name(now, i));
            if (stat(path, &st) == 0 && enter(w, &st)) ok = walk_folder(w, data_items_name(now, i));
            free(path);
        }
        data_items_free(now);
        if (!ok) return false;
    }
    return true;
}

/* There is no image. Is there a file that can be read for itself? */
static bool name_other(struct walk *w, struct error *e)
{
    data_items_sort(w->others);
    for (int64_t i = 0; i < w->others->count; i++) {
        char *path = memory_format("%s/%s", w->root, data_items_name(w->others, i));
        const struct data_format *format = data_format_of(path, NULL);
        if (format) error_set(e, "'%s' holds no image (PNG, JPEG, WebP), but a file that can be given itself: '%s' (%s)", w->root, path, format->name);
        free(path);
        if (format) return true;
    }
    return false;
}

bool data_folder_read(const struct data_request *q, struct data_found *f, struct error *e)
{
    struct stat st;
    struct walk w = {.root = q->path, .items = data_items_new(), .links = data_items_new(), .others = data_items_new(), .e = e};
    f->items = w.items;
    f->items->root = memory_format("%s", q->path);
    if (stat(q->path, &st) == 0) enter(&w, &st);
    bool ok = walk_folder(&w, "") && walk_links(&w);
    if (ok && !f->items->count && name_other(&w, e)) ok = false;
    data_items_free(w.links);
    data_items_free(w.others);
    tdestroy(w.entered, free);
    return ok && data_items_finish(f->items, q->path, q->inner, e);
}
