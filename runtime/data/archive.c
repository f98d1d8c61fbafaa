/* archive.c: zip and tar (plain, gz, xz, bz2, zst) by libarchive: of images; NumPy's .npz; CIFAR's binary files.
 *
 * An archive is unpacked once, from its beginning to its end: what is wanted goes to a spill (spill.c), where it is read in any order. Names
 * only order and label the images: nothing is ever written under them. What is unpacked and left out costs time, and a name memory: both count
 * where it is said that an archive unpacks to more than it may. */
#define _GNU_SOURCE
#include "format.h"

#include "image.h"
#include "library.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 65536
#define BOMB_FREE ((int64_t)1 << 28) /* bytes that any archive may unpack to */
#define BOMB_RATIO 200               /* beyond: times its own size */
#define ENTRIES_MOST ((int64_t)1 << 32)
#define NAME_MOST 4096               /* bytes, as the system's paths */
#define HEADER 512                   /* bytes that an entry takes at the least in a tar file */

static __typeof__(archive_read_new) *read_new;
static __typeof__(archive_read_free) *read_free;
static __typeof__(archive_read_open_fd) *open_fd;
static __typeof__(archive_read_next_header) *next_header;
static __typeof__(archive_read_data) *read_data;
static __typeof__(archive_read_data_block) *read_block;
static __typeof__(archive_filter_count) *filter_count;
static __typeof__(archive_error_string) *error_string;
static __typeof__(archive_entry_pathname) *entry_name;
static __typeof__(archive_entry_pathname_utf8) *entry_name_utf8;
static __typeof__(archive_entry_filetype) *entry_type;
static __typeof__(archive_entry_hardlink) *entry_hardlink;
static __typeof__(archive_entry_is_encrypted) *entry_encrypted;
static __typeof__(archive_read_support_format_tar) *support_tar, *support_zip, *support_gzip, *support_xz, *support_bzip2, *support_zstd;

static const struct library_symbol symbols[] = {
    {"archive_read_new", (void **)&read_new},
    {"archive_read_free", (void **)&read_free},
    {"archive_read_open_fd", (void **)&open_fd},
    {"archive_read_next_header", (void **)&next_header},
    {"archive_read_data", (void **)&read_data},
    {"archive_read_data_block", (void **)&read_block},
    {"archive_filter_count", (void **)&filter_count},
    {"archive_error_string", (void **)&error_string},
    {"archive_entry_pathname", (void **)&entry_name},
    {"archive_entry_pathname_utf8", (void **)&entry_name_utf8},
    {"archive_entry_filetype", (void **)&entry_type},
    {"archive_entry_hardlink", (void **)&entry_hardlink},
    {"archive_entry_is_encrypted", (void **)&entry_encrypted},
    {"archive_read_support_format_tar", (void **)&support_tar},
    {"archive_read_support_format_zip", (void **)&support_zip},
    {"archive_read_support_filter_gzip", (void **)&support_gzip},
    {"archive_read_support_filter_xz", (void **)&support_xz},
    {"archive_read_support_filter_bzip2", (void **)&support_bzip2},
    {"archive_read_support_filter_zstd", (void **)&support_zstd},
};
static struct library libarchive = {{"libarchive.so.13", NULL, NULL}, "archives", "libarchive13", symbols, sizeof symbols / sizeof *symbols,
                                    PTHREAD_MUTEX_INITIALIZER, false, NULL};

/* The checksum of a tar header: the sum of its bytes, those of the sum itself taken as blanks. */
static bool is_tar(const unsigned char *head, size_t length)
{
    unsigned long sum = 0;
    if (length < 512 || !head[0]) return false;
    for (int i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? ' ' : head[i];
    char text[9] = "";
    memcpy(text, head + 148, 8);
    char *end;
    unsigned long said = strtoul(text, &end, 8);
    return end != text && said == sum;
}

bool data_archive_recognise(const struct data_probe *p)
{
    static const struct {
        const char *head;
        size_t length;
    } packed[] = {{"PK\3\4", 4}, {"PK\5\6", 4}, {"\xfd" "7zXZ\0", 6}, {"BZh", 3}, {"\x28\xb5\x2f\xfd", 4}};
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
        if (p->length >= packed[i].length && !memcmp(p->head, packed[i].head, packed[i].length)) return true;
    return is_tar(p->head, p->length);
}

struct unpacking {
    const struct data_request *q;
    struct archive *archive;
    int64_t size;               /* of the file */
    int64_t passed;             /* bytes of headers, and of what was unpacked only to be left out */
    struct data_spill spill;
    struct data_items *images, *arrays, *cifar;
    unsigned char block[BLOCK];
    struct error *e;
};

static bool failed(struct unpacking *u)
{
    const char *why = error_string(u->archive);
    return error_set(u->e, "'%s' is damaged, or no archive that can be read: %s", u->q->path, why ? why : "libarchive does not say why");
}

static bool ends_in(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n > m && !strcmp(name + n - m, ending);
}

static bool is_bomb(struct unpacking *u)
{
    int64_t all = u->spill.used + u->passed;
    if (all <= BOMB_FREE || all / BOMB_RATIO <= u->size) return false;
    error_set(u->e, "'%s' unpacks to more than %d times its size: it is not what it seems", u->q->path, BOMB_RATIO);
    return true;
}

/* Reads past the rest of an entry. Of a packed tar file that means unpacking it; in a zip, or a plain tar, the library goes to the next one. */
static bool pass_rest(struct unpacking *u)
{
    const void *bytes;
    size_t length;
    la_int64_t at;
    if (filter_count(u->archive) <= 1) return true;
    for (;;) {
        int status = read_block(u->archive, &bytes, &length, &at);
        if (status == ARCHIVE_EOF) return true;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return failed(u);
        u->passed += (int64_t)length;
        if (is_bomb(u)) return false;
    }
}

/* The entry's bytes to the spill, the first `have` of which stand in the block. An image that is too large is cut: decoding will name it. */
static bool spill_entry(struct unpacking *u, struct data_items *list, const char *name, la_ssize_t have)
{
    int64_t at = u->spill.used, most = list == u->images ? DATA_ITEM_MOST + 1 : DATA_LIMIT;
    for (;;) {
        if (!data_spill_add(&u->spill, u->block, (size_t)have, u->e)) return false;
        if (is_bomb(u)) return false;
        if (u->spill.used - at >= most) break;
        have = read_data(u->archive, u->block, BLOCK);
        if (have < 0) return failed(u);
        if (have == 0) break;
    }
    data_items_add(list, name, at, u->spill.used - at);
    return have == 0 || pass_rest(u);
}

/* Does a part of the name begin with a dot, as .git/x or ._x.jpg (which macOS adds)? "." and ".." are none. */
static bool is_hidden(const char *name)
{
    for (const char *part = name; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL) {
        size_t length = strcspn(part, "/");
        if (part[0] == '.' && length > 1 && !(length == 2 && part[1] == '.')) return true;
    }
    return false;
}

static bool take_entry(struct unpacking *u, struct archive_entry *entry, int64_t number)
{
    char unnamed[40];
    const char *name = entry_name(entry);
    if (!name) name = entry_name_utf8(entry);
    if (!name || !*name) snprintf(unnamed, sizeof unnamed, "entry %lld", (long long)number), name = unnamed;
    while (!strncmp(name, "./", 2)) name += 2;
    u->passed += HEADER + (int64_t)strlen(name);
    if (is_bomb(u)) return false;
    if (entry_type(entry) == AE_IFDIR) return true;
    if (strlen(name) > NAME_MOST) return error_set(u->e, "'%s' is damaged: entry %lld has a name of %zu bytes", u->q->path, (long long)number, strlen(name));
    if (entry_type(entry) != AE_IFREG || entry_hardlink(entry) || is_hidden(name)) return u->images->ignored++, pass_rest(u);
    if (entry_encrypted(entry)) return error_set(u->e, "'%s' is encrypted: its entry '%s' cannot be read; unpack it with its password", u->q->path, name);
    char *kept = memory_format("%s", name); /* the entry's own goes with the next header */
    la_ssize_t have = read_data(u->archive, u->block, BLOCK);
    bool array = ends_in(kept, ".npy"), cifar = data_cifar_file_named(kept), ok = have >= 0 || failed(u);
    if (ok && (array || cifar)) ok = spill_entry(u, array ? u->arrays : u->cifar, kept, have);
    else if (ok && (image_named(kept) || image_kind_of(u->block, (size_t)have) != IMAGE_NONE)) ok = spill_entry(u, u->images, kept, have);
    else if (ok) u->images->ignored++, ok = pass_rest(u);
    free(kept);
    return ok;
}

static bool unpack(struct unpacking *u)
{
    struct archive_entry *entry;
    for (int64_t n = 0;; n++) {
        int status = next_header(u->archive, &entry);
        if (status == ARCHIVE_EOF) return true;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return failed(u);
        if (n >= ENTRIES_MOST) return error_set(u->e, "'%s' has too many entries", u->q->path);
        if (!take_entry(u, entry, n)) return false;
    }
}

static bool open_archive(struct unpacking *u, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return error_set(u->e, "'%s' is not a regular file", u->q->path);
    u->size = (int64_t)st.st_size;
    if (!(u->archive = read_new())) return error_set(u->e, "'%s': libarchive has no memory", u->q->path);
    support_tar(u->archive), support_zip(u->archive);
    support_gzip(u->archive), support_xz(u->archive), support_bzip2(u->archive), support_zstd(u->archive);
    return open_fd(u->archive, fd, BLOCK) == ARCHIVE_OK || failed(u);
}

/* What the archive is, from what was in it. The spill goes to who reads it further. */
static bool use(struct unpacking *u, struct data_found *f)
{
    const struct data_request *q = u->q;
    struct data_items *parts = u->arrays->count ? u->arrays : u->cifar;
    if (!u->images->count && parts->count) {
        parts->fd = u->spill.fd;
        bool ok = data_items_finish(parts, q->path, q->inner, u->e);
        return ok && (parts == u->arrays ? data_npz_read(q, parts, f, u->e) : data_cifar_parts(q, parts, f, u->e));
    }
    f->format = "an archive of images";
    u->images->fd = u->spill.fd;
    f->items = u->images;
    u->images = NULL;
    return data_items_finish(f->items, q->path, q->inner, u->e);
}

bool data_archive_read(const struct data_request *q, struct data_found *f, struct error *e)
{
    if (!library_load(&libarchive, q->path, e)) return false;
    struct unpacking *u = memory_take(1, sizeof *u);
    u->q = q, u->e = e;
    u->spill = data_spill_new(q->memory / 2);
    u->images = data_items_new(), u->arrays = data_items_new(), u->cifar = data_items_new();
    int fd = open(q->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok = fd >= 0 || error_set(e, "cannot open '%s': %s", q->path, strerror(errno));
    /* Names are UTF-8 in most archives; libarchive turns them into the locale's, and gives none where that cannot be. */
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), before = utf8 ? uselocale(utf8) : (locale_t)0;
    ok = ok && open_archive(u, fd) && unpack(u);
    if (u->archive) read_free(u->archive);
    if (utf8) uselocale(before), freelocale(utf8);
    if (fd >= 0) close(fd);
    bool used = ok;
    ok = ok && use(u, f);
    if (!used && u->spill.fd >= 0) close(u->spill.fd);
    data_items_free(u->images), data_items_free(u->arrays), data_items_free(u->cifar);
    free(u);
    return ok;
}
