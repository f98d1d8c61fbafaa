/* spill.c: room for bytes that are unpacked once and read in any order later. */
#define _GNU_SOURCE
#include "format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct data_spill data_spill_new(int64_t memory)
{
    return (struct data_spill){-1, 0, memory, false};
}

static const char *folder_name(void)
{
    const char *folder = getenv("TMPDIR");
    return folder && *folder ? folder : "/var/tmp";
}

/* where: for people */
static bool write_all(int fd, const char *bytes, size_t length, const char *where, struct error *e)
{
    while (length) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return error_set(e, "cannot keep unpacked data in %s: %s", where, strerror(errno));
        bytes += n;
        length -= (size_t)n;
    }
    return true;
}

static int open_unnamed(struct error *e)
{
    const char *folder = folder_name();
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) return fd;
    char *path = memory_format("%s/ganrt-XXXXXX", folder); /* a file system without such files */
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) unlink(path);
    else error_set(e, "cannot make a file in '%s' for unpacked data: %s", folder, strerror(errno));
    free(path);
    return fd;
}

static bool move_to_disk(struct data_spill *s, struct error *e)
{
    char bytes[65536];
    int fd = open_unnamed(e);
    if (fd < 0) return false;
    for (int64_t at = 0; at < s->used;) {
        ssize_t n = pread(s->fd, bytes, sizeof bytes, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0 || !write_all(fd, bytes, (size_t)n, folder_name(), e)) {
            if (n <= 0) error_set(e, "cannot read unpacked data: %s", strerror(errno));
            close(fd);
            return false;
        }
        at += n;
    }
    if (s->fd >= 0) close(s->fd);
    s->fd = fd;
    s->on_disk = true;
    return true;
}

bool data_spill_add(struct data_spill *s, const void *bytes, size_t length, struct error *e)
{
    if (s->fd < 0 && (s->fd = memfd_create("ganrt-data", MFD_CLOEXEC)) < 0) return error_set(e, "no memory for unpacked data: %s", strerror(errno));
    if (!s->on_disk && s->used + (int64_t)length > s->memory && !move_to_disk(s, e)) return false;
    if (!write_all(s->fd, bytes, length, s->on_disk ? folder_name() : "memory", e)) return false;
    s->used += (int64_t)length;
    return true;
}
