/* cache.c: see cache.h.
 *
 * A file for each object, named by the key in hexadecimal; its head holds the key and a digest of the bytes, so that a damaged file is found, and
 * replaced. A file is written under another name and renamed: two gancs at once write the same bytes. Its time of change is when it was used
 * last. The objects are code that ganc will run: the folder must be the user's own, and nobody else's to write. */
#define _GNU_SOURCE
#define XXH_INLINE_ALL
#include "codegen/cache.h"

#include "base/diag.h"
#include "base/times.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

#define MEGABYTE ((uint64_t)1 << 20)
#define MOST (256 * MEGABYTE) /* without GANC_CACHE_SIZE */
#define STALE 3600            /* seconds after which a file that was never renamed is of a ganc that is no more */

struct head {
    char magic[8];
    uint8_t key[16];
    XXH128_canonical_t digest; /* of the bytes behind the head */
    uint64_t length;           /* of these */
};
static const char magic[8] = "gancobj1";

static XXH128_canonical_t digest_of(const void *bytes, size_t length)
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, length));
    return canonical;
}

/* ---- the key ---- */

/* What the processor is and offers: what "native" stands for. */
static void put_processor(struct buffer *b)
{
#ifdef __x86_64__
    unsigned eax, ebx, ecx, edx, low = 0, high;
    if (__get_cpuid(0, &eax, &ebx, &ecx, &edx)) buffer_put(b, "%x %x %x ", ebx, ecx, edx);
    if (__get_cpuid(1, &eax, &ebx, &ecx, &edx)) { /* ebx: which core this is */
        buffer_put(b, "%x %x %x ", eax, ecx, edx);
        if (ecx & bit_OSXSAVE) __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        buffer_put(b, "%x ", low);
    }
    for (unsigned i = 0; i < 2; i++)
        if (__get_cpuid_count(7, i, &eax, &ebx, &ecx, &edx)) buffer_put(b, "%x %x %x %x ", eax, ebx, ecx, edx);
#else
    (void)b;
#endif
}

static void put_file(struct buffer *b, const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0) buffer_put(b, "%lld %lld.%ld ", (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static void make_key(struct ganc *g, const struct kernels *k, uint8_t key[16])
{
    struct buffer b = {0};
    buffer_put(&b, "%s ", ganc_build);
    put_file(&b, GANC_LLVM_LIBRARY);
    if (!g->cpu || !strcmp(g->cpu, "native")) put_processor(&b);
    else buffer_put(&b, "%s ", g->cpu);
    buffer_put(&b, "rules %llx\n", (unsigned long long)g->rules_off);
    kernels_print(&b, g, k);
    XXH128_canonical_t digest = digest_of(b.text, b.length);
    memcpy(key, digest.digest, 16);
    buffer_free(&b);
}

/* ---- the folder ---- */

static char *folder_name(struct ganc *g)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (base && base[0] == '/') return arena_format(g->mem, "%s/ganc", base); /* the XDG specification: a relative one is as good as none */
    return home && home[0] == '/' ? arena_format(g->mem, "%s/.cache/ganc", home) : NULL;
}

/* With the folders above it. An error shows when something is written. */
static void make_folder(struct ganc *g, const char *path)
{
    char *part = arena_format(g->mem, "%s", path);
    for (char *at = strchr(part + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = 0;
        mkdir(part, 0700);
        *at = '/';
    }
    mkdir(path, 0700);
}

/* Who could write there could have us run what they like. One that is not there yet is made by us. */
static bool is_ours(const char *folder)
{
    struct stat st;
    if (stat(folder, &st)) return errno == ENOENT;
    return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static char *file_name(struct ganc *g, const struct cache *c)
{
    char hex[33];
    for (int i = 0; i < 16; i++) snprintf(hex + 2 * i, 3, "%02x", c->key[i]);
    return arena_format(g->mem, "%s/%s.o", c->folder, hex);
}

static bool is_object(const char *name)
{
    return strlen(name) == 34 && strspn(name, "0123456789abcdef") == 32 && !strcmp(name + 32, ".o");
}

bool cache_open(struct ganc *g, struct cache *c, const struct kernels *k)
{
    *c = (struct cache){.most = MOST};
    const char *size = getenv("GANC_CACHE_SIZE");
    if (size) {
        char *end;
        unsigned long long megabytes = strtoull(size, &end, 10);
        if (size[0] < '0' || size[0] > '9' || *end || megabytes > UINT64_MAX / MEGABYTE) {
            diag(g, E0861, (struct span){0}, size);
            return false;
        }
        c->most = megabytes * MEGABYTE;
    }
    if (!c->most) {
        times_say(g, "cache", "not used: GANC_CACHE_SIZE is 0");
        return true;
    }
    char *folder = folder_name(g);
    if (!folder) times_say(g, "cache", "not used: neither XDG_CACHE_HOME nor HOME is a path from the root");
    else if (!is_ours(folder)) times_say(g, "cache", arena_format(g->mem, "not used: %s is no folder that you alone can write to", folder));
    else c->folder = folder;
    if (c->folder) make_key(g, k, c->key);
    return true;
}

/* ---- one object ---- */

static bool read_all(int fd, void *to, size_t length)
{
    for (char *at = to; length;) {
        ssize_t n = read(fd, at, length);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        length -= (size_t)n;
    }
    return true;
}

static bool read_object(const struct cache *c, int fd, struct object *out)
{
    struct head head;
    struct stat st;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid()) return false;
    if (!read_all(fd, &head, sizeof head) || memcmp(head.magic, magic, sizeof magic) || memcmp(head.key, c->key, sizeof head.key)) return false;
    if (head.length == 0 || head.length != (uint64_t)st.st_size - sizeof head) return false;
    *out = (struct object){malloc(head.length), head.length};
    if (out->bytes && read_all(fd, out->bytes, out->length)) {
        XXH128_canonical_t digest = digest_of(out->bytes, out->length);
        if (!memcmp(&digest, &head.digest, sizeof digest)) return true;
    }
    codegen_object_free(out);
    return false;
}

bool cache_find(struct ganc *g, const struct cache *c, struct object *out)
{
    if (!c->folder) return false;
    const char *path = file_name(g, c);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        if (errno != ENOENT) times_say(g, "cache", arena_format(g->mem, "cannot read %s: %s", path, strerror(errno)));
        return false;
    }
    bool found = read_object(c, fd, out);
    if (found) futimens(fd, NULL); /* used now; where that cannot be written it goes earlier */
    close(fd);
    if (found) times_say(g, "cache", arena_format(g->mem, "used %s", path));
    else times_say(g, "cache", arena_format(g->mem, "%s is damaged, and made again", path));
    return found;
}

static bool write_parts(int fd, const struct head *head, const struct object *o)
{
    const char *parts[] = {(const char *)head, o->bytes};
    const size_t lengths[] = {sizeof *head, o->length};
    for (int i = 0; i < 2; i++)
        for (size_t done = 0; done < lengths[i];) {
            ssize_t n = write(fd, parts[i] + done, lengths[i] - done);
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return false;
            done += (size_t)n;
        }
    return true;
}

/* ---- the bound ---- */

struct kept {
    char *path;
    struct timespec used;
    uint64_t bytes;
};

static int by_use(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;
    if (x->used.tv_sec != y->used.tv_sec) return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    if (x->used.tv_nsec != y->used.tv_nsec) return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
    return strcmp(x->path, y->path);
}

/* Another ganc may remove the same files at the same time: then they are gone, as they should be. `newest` stays. */
static void keep_bound(struct ganc *g, const struct cache *c, const char *newest)
{
    VEC(struct kept) all = {0};
    uint64_t bytes = 0;
    DIR *folder = opendir(c->folder);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct stat st;
        bool object = is_object(entry->d_name);
        if (!object && strncmp(entry->d_name, ".new-", 5)) continue;
        if (fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode)) continue;
        char *path = arena_format(g->mem, "%s/%s", c->folder, entry->d_name);
        if (!object) {
            if (time(NULL) - st.st_mtim.tv_sec > STALE) unlink(path);
            continue;
        }
        bytes += (uint64_t)st.st_size;
        if (strcmp(path, newest)) vec_push(g->mem, &all, (struct kept){path, st.st_mtim, (uint64_t)st.st_size});
    }
    closedir(folder);
    if (bytes <= c->most) return;
    qsort(all.at, all.n, sizeof *all.at, by_use);
    for (uint32_t i = 0; i < all.n && bytes > c->most; i++)
        if (unlink(all.at[i].path) == 0 || errno == ENOENT) bytes -= all.at[i].bytes;
}

void cache_keep(struct ganc *g, const struct cache *c, const struct object *o)
{
    if (!c->folder) return;
    struct head head = {.length = o->length, .digest = digest_of(o->bytes, o->length)};
    memcpy(head.magic, magic, sizeof magic);
    memcpy(head.key, c->key, sizeof head.key);
    if (sizeof head + o->length > c->most) {
        times_say(g, "cache", "the object is larger than the whole cache may be: not kept");
        return;
    }
    make_folder(g, c->folder);
    const char *path = file_name(g, c);
    char *temporary = arena_format(g->mem, "%s/.new-XXXXXX", c->folder);
    int fd = mkostemp(temporary, O_CLOEXEC);
    bool good = fd >= 0 && write_parts(fd, &head, o);
    int error = errno;
    if (fd >= 0 && close(fd) && good) good = false, error = errno;
    if (good && rename(temporary, path)) good = false, error = errno;
    if (good) {
        times_say(g, "cache", arena_format(g->mem, "kept %s", path));
        keep_bound(g, c, path);
        return;
    }
    if (fd >= 0) unlink(temporary);
    times_say(g, "cache", arena_format(g->mem, "cannot write %s: %s", c->folder, strerror(error)));
}
