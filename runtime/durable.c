/* durable.c: whole files or none: temporary name, write, fsync, rename, fsync of the folder. A file that has been written so may get a second name. */
#include "durable.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return memory_format(".");
    return slash == path ? memory_format("/") : memory_format("%.*s", (int)(slash - path), path);
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length) {
        ssize_t n = write(fd, bytes, length < ((size_t)1 << 30) ? length : (size_t)1 << 30);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            if (n == 0) errno = EIO;
            return false;
        }
        bytes += n;
        length -= (size_t)n;
    }
    return true;
}

bool durable_sync(int fd)
{
    int status;
    do status = fsync(fd);
    while (status != 0 && errno == EINTR); /* no other error is tried again: what could not be written then may be forgotten by now */
    return status == 0 || errno == EINVAL;
}

/* Forces the folder's entries to the disk. Some file systems cannot (EINVAL): then the rename is as safe as they make it. */
static bool sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    bool ok = durable_sync(fd) || errno == EROFS;
    int why = errno;
    close(fd);
    errno = why;
    return ok;
}

/* Opens a new file beside `path`. Two writers never share a name: it holds the process's number, and must not exist. */
static int open_temporary(const char *path, char **name)
{
    for (unsigned attempt = 0; attempt < 100; attempt++) {
        *name = memory_format("%s.tmp%ld-%u", path, (long)getpid(), attempt);
        int fd;
        do fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        while (fd < 0 && errno == EINTR);
        if (fd >= 0 || errno != EEXIST) return fd;
        free(*name);
        *name = NULL;
    }
    errno = EEXIST;
    return -1;
}

static bool write_new(const char *path, const struct durable_part *parts, uint32_t count, struct error *e)
{
    char *temporary = NULL;
    struct stat old;
    if (stat(path, &old) == 0 && !S_ISREG(old.st_mode)) {
        if (S_ISDIR(old.st_mode)) return error_set(e, "cannot write '%s': it is a folder", path);
        return error_set(e, "cannot write '%s': it is not a regular file", path);
    }
    int fd = open_temporary(path, &temporary);
    if (fd < 0) {
        error_set(e, "cannot write '%s': %s", path, strerror(errno));
        free(temporary);
        return false;
    }
    bool ok = true;
    for (uint32_t i = 0; i < count && ok; i++) ok = write_all(fd, parts[i].bytes, parts[i].length);
    ok = ok && durable_sync(fd);
    int why = errno;
    if (close(fd) != 0 && ok) ok = false, why = errno;
    if (ok && rename(temporary, path) != 0) ok = false, why = errno;
    if (!ok) unlink(temporary);
    free(temporary);
    if (!ok) return error_set(e, "cannot write '%s': %s", path, strerror(why));
    char *folder = folder_of(path);
    if (!sync_folder(folder)) ok = error_set(e, "cannot make '%s' safe on the disk: %s", path, strerror(errno));
    free(folder);
    return ok;
}

/* SIGINT and SIGTERM wait until the temporary file has its name, or is gone. */
bool durable_write(const char *path, const struct durable_part *parts, uint32_t count, struct error *e)
{
    sigset_t ends, old;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, &old);
    bool ok = write_new(path, parts, count, e);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return ok;
}

/* File systems without hard links, or with too many to this file already. */
static bool copy(const char *from, const char *to, struct error *e)
{
    struct stat s;
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &s) != 0) {
        error_set(e, "cannot read '%s': %s", from, strerror(errno));
        if (fd >= 0) close(fd);
        return false;
    }
    char *bytes = malloc((size_t)s.st_size + 1);
    size_t length = 0;
    bool ok = bytes || error_set(e, "'%s': no memory for its %lld bytes", from, (long long)s.st_size);
    while (ok && length < (size_t)s.st_size) {
        ssize_t n = read(fd, bytes + length, (size_t)s.st_size - length);
        if (n < 0 && errno == EINTR) continue;
        if (n > 0) length += (size_t)n;
        else ok = error_set(e, "cannot read '%s': %s", from, n ? strerror(errno) : "it became shorter");
    }
    close(fd);
    ok = ok && durable_text(to, bytes, length, e);
    free(bytes);
    return ok;
}

bool durable_link(const char *from, const char *to, struct error *e)
{
    char *temporary = memory_format("%s.tmp%ld-0", to, (long)getpid());
    bool ok = true;
    if (link(from, temporary) != 0) {
        bool none = errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS || errno == EMLINK || errno == EXDEV;
        ok = none ? copy(from, to, e) : error_set(e, "cannot write '%s': %s", to, strerror(errno));
    } else {
        if (rename(temporary, to) != 0) ok = error_set(e, "cannot write '%s': %s", to, strerror(errno));
        unlink(temporary); /* rename leaves it where both are names of one file already */
        char *folder = folder_of(to);
        if (ok && !sync_folder(folder)) ok = error_set(e, "cannot make '%s' safe on the disk: %s", to, strerror(errno));
        free(folder);
    }
    free(temporary);
    return ok;
}

bool durable_append(int fd, const void *bytes, size_t length)
{
    off_t end = lseek(fd, 0, SEEK_END);
    for (size_t done = 0; done < length;) {
        ssize_t n = write(fd, (const char *)bytes + done, length - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            int why = n == 0 ? ENOSPC : errno;
            if (end >= 0) end = ftruncate(fd, end); /* where that fails, too, a cut line is left: readers drop it */
            errno = why;
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

bool durable_text(const char *path, const char *text, size_t length, struct error *e)
{
    struct durable_part part = {text, length};
    return durable_write(path, &part, 1, e);
}

bool durable_mkdirs(const char *path, struct error *e)
{
    char *part = memory_format("%s", path);
    bool ok = *part || error_set(e, "cannot make a folder without a name");
    for (char *slash = part; ok && slash;) {
        slash = strchr(slash + 1, '/');
        if (slash) *slash = 0;
        struct stat s;
        if (mkdir(part, 0777) == 0) {
            char *folder = folder_of(part);
            ok = sync_folder(folder) || error_set(e, "cannot make the folder '%s' safe on the disk: %s", part, strerror(errno));
            free(folder);
        } else if (errno != EEXIST) {
            ok = error_set(e, "cannot make the folder '%s': %s", part, strerror(errno));
        } else if (stat(part, &s) != 0 || !S_ISDIR(s.st_mode)) {
            ok = error_set(e, "cannot make the folder '%s': a file has this name", part);
        }
        if (slash) *slash = '/';
    }
    free(part);
    return ok;
}
