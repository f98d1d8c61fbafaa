/* damage.c: damage FOLDER [BITS]: every damage to the newest checkpoint of a run's folder is seen, said, and the one before it used.
 *
 * The file is cut at every byte, and has every bit changed (with BITS, so many bits of each byte, by turns), lies of other lengths at its end, and blocks of
 * zeros, as disks leave them. Each time checkpoint_newest, which --resume and the tools use, must give the file before it and have warned of this one. In the
 * end the file is as it was. */
#define _GNU_SOURCE
#include "checkpoint.h"
#include "safetensors.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder;
static char *newest, *before; /* paths */
static unsigned char *bytes;  /* of the newest, whole */
static size_t length;
static int said, failures;
static unsigned long count;

static void fail(const char *what, size_t at, const char *why)
{
    if (failures++ < 20) printf("%s at %zu: %s\n", what, at, why);
}

/* The file is damaged now: is the one before it used, and is this one said to be damaged? */
static void expect(const char *what, size_t at)
{
    struct error e = {""};
    char text[2048];
    int err = dup(STDERR_FILENO);
    count++;
    fflush(stderr);
    if (ftruncate(said, 0) != 0 || lseek(said, 0, SEEK_SET) != 0) exit(2);
    dup2(said, STDERR_FILENO);
    struct safetensors *file = checkpoint_newest(folder, &e);
    fflush(stderr);
    dup2(err, STDERR_FILENO);
    close(err);
    ssize_t n = pread(said, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = 0;
    if (!file) fail(what, at, "no checkpoint is used");
    else if (strcmp(file->path, before)) fail(what, at, "the damaged one is used");
    else if (!strstr(text, newest) || !strstr(text, "trying the one before it") ||
             !(strstr(text, "damaged") || strstr(text, "no safetensors file") || strstr(text, "cut short")))
        fail(what, at, *text ? text : "nothing is said");
    safetensors_close(file);
}

static void put(int fd, const unsigned char *from, size_t n, size_t at)
{
    if (pwrite(fd, from, n, (off_t)at) != (ssize_t)n) exit(2);
}

static void all_cuts(int fd)
{
    for (size_t n = length; n-- > 0;) {
        if (ftruncate(fd, (off_t)n) != 0) exit(2);
        expect("cut", n);
    }
    put(fd, bytes, length, 0);
}

static void all_bits(int fd, unsigned bits)
{
    for (size_t at = 0; at < length; at++) {
        for (unsigned k = 0; k < bits; k++) {
            unsigned char changed = bytes[at] ^ (unsigned char)(1 << (bits == 8 ? k : (at + k * 3) % 8));
            put(fd, &changed, 1, at);
            expect("bit changed", at);
        }
        put(fd, &bytes[at], 1, at);
    }
}

/* Blocks that were never written, or hold another file's content. */
static void blocks(int fd)
{
    static unsigned char block[512];
    for (int kind = 0; kind < 3; kind++)
        for (size_t at = 0; at < length; at += sizeof block / 2) {
            size_t n = length - at < sizeof block ? length - at : sizeof block;
            for (size_t i = 0; i < n; i++) block[i] = kind == 0 ? 0 : kind == 1 ? 0xff : bytes[(at + i + 1024) % length];
            if (!memcmp(block, bytes + at, n)) continue;
            put(fd, block, n, at);
            expect("block changed", at);
            put(fd, bytes + at, n, at);
        }
    for (size_t more = 1; more <= 4096; more *= 2) {
        if (ftruncate(fd, (off_t)(length + more)) != 0) exit(2);
        expect("bytes behind", more);
    }
    if (ftruncate(fd, (off_t)length) != 0) exit(2);
}

static bool load(void)
{
    struct stat s;
    int fd = open(newest, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &s) != 0) return false;
    length = (size_t)s.st_size;
    bytes = malloc(length);
    bool ok = bytes && read(fd, bytes, length) == (ssize_t)length;
    close(fd);
    return ok;
}

int main(int argc, char **argv)
{
    struct error e = {""};
    uint32_t n;
    folder = argc > 1 ? argv[1] : "";
    unsigned bits = argc > 2 ? (unsigned)atoi(argv[2]) : 8;
    char **paths = checkpoint_list(folder, &n, &e);
    if (n < 2 || bits < 1 || bits > 8) return fprintf(stderr, "usage: damage FOLDER [BITS]; the folder has two checkpoints at least\n"), 2;
    newest = paths[0], before = paths[1];
    said = memfd_create("said", MFD_CLOEXEC);
    if (said < 0 || !load()) return 2;
    int fd = open(newest, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return 2;
    all_cuts(fd);
    all_bits(fd, bits);
    blocks(fd);
    close(fd);
    struct safetensors *file = checkpoint_newest(folder, &e);
    if (!file || strcmp(file->path, newest)) fail("whole", length, "is not used");
    safetensors_close(file);
    for (uint32_t i = 0; i < n; i++) free(paths[i]);
    free(paths);
    free(bytes);
    printf("%lu damages to %zu bytes, %d not seen\n", count, length, failures);
    return failures != 0;
}
