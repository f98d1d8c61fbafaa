/* tree.c: a folder of images, with the folders in it.
 *
 * A file whose name ends as those of images do is an item, whatever is in it: what it holds is seen when it is decoded. Of other files the
 * first bytes decide; those that are no images are counted and left out, and so is whatever begins with a dot. Links are followed;
 * a folder that is its own ancestor is not entered again. */
#include "format.h"

#include "image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MOST 64
#define FILES_MOST ((int64_t)1 << 32)

struct walk {
    const char *root;
    struct data_items *items;
    struct {
        dev_t device;
        ino_t number;
    } above[DEPTH_MOST]; /* the folders that we are in */
    struct error *e;
};

static bool begins_as_image(const char *path)
{
    unsigned char head[IMAGE_HEAD];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    ssize_t n = read(fd, head, sizeof head);
    close(fd);
    return n > 0 && image_kind_of(head, (size_t)n) != IMAGE_NONE;
}

static bool walk_folder(struct walk *w, const char *inner, uint32_t depth);

/* name: of the file, from the root */
static bool walk_entry(struct walk *w, const char *name, uint32_t depth)
{
    struct stat st;
    char *path = memory_format("%s/%s", w->root, name);
    bool ok = true, there = stat(path, &st) == 0, named = image_named(name);
    if (there && S_ISDIR(st.st_mode)) {
        bool again = false;
        for (uint32_t i = 0; i < depth; i++) again |= w->above[i].device == st.st_dev && w->above[i].number == st.st_ino;
        if (again || depth == DEPTH_MOST) {
            w->items->ignored++;
        } else {
            w->above[depth].device = st.st_dev, w->above[depth].number = st.st_ino;
            ok = walk_folder(w, name, depth + 1);
        }
    } else if (named || (there && S_ISREG(st.st_mode) && begins_as_image(path))) {
        data_items_add(w->items, name, 0, there ? (int64_t)st.st_size : 0);
        if (w->items->count > FILES_MOST) ok = error_set(w->e, "'%s' holds more than %lld images", w->root, (long long)FILES_MOST);
    } else {
        w->items->ignored++;
    }
    free(path);
    return ok;
}

/* The entries of a folder; inner: its name from the root, "" for that. Names are taken first, so that no folder stays open below. */
static bool walk_folder(struct walk *w, const char *inner, uint32_t depth)
{
    char *path = *inner ? memory_format("%s/%s", w->root, inner) : memory_format("%s", w->root);
    DIR *folder = opendir(path);
    struct data_items *names = data_items_new();
    bool ok = folder || error_set(w->e, "cannot read the folder '%s': %s", path, strerror(errno));
    for (struct dirent *entry; ok && (errno = 0, entry = readdir(folder));)
        if (entry->d_name[0] != '.') data_items_add(names, entry->d_name, 0, 0);
    if (ok && errno) ok = error_set(w->e, "cannot read the folder '%s': %s", path, strerror(errno));
    if (folder) closedir(folder);
    for (int64_t i = 0; ok && i < names->count; i++) {
        char *name = *inner ? memory_format("%s/%s", inner, data_items_name(names, i)) : memory_format("%s", data_items_name(names, i));
        ok = walk_entry(w, name, depth);
        free(name);
    }
    data_items_free(names);
    free(path);
    return ok;
}

bool data_folder_read(const struct data_request *q, struct data_found *f, struct error *e)
{
    struct stat st;
    struct walk w = {.root = q->path, .items = data_items_new(), .e = e};
    f->items = w.items;
    f->items->root = memory_format("%s", q->path);
    if (stat(q->path, &st) == 0) w.above[0].device = st.st_dev, w.above[0].number = st.st_ino;
    return walk_folder(&w, "", 1) && data_items_finish(f->items, q->path, q->inner, e);
}
