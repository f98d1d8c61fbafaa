/* lmdb.c: LMDB, as LSUN's categories come: a file data.mdb whose values are images (WebP or JPEG), in the order of their keys.
 *
 * Read here, page by page, rather than by the library, which trusts its files: a damaged one would end the trainer. Layout (lmdb 0.9, 64 bits,
 * little-endian): pages of one size; a page has a head of 16 bytes (number 8, pad 2, flags 2, end of the list of nodes 2, 2), then offsets
 * of its nodes, 2 bytes each. Pages 0 and 1 are meta pages, of which the one with the later transaction holds. A node: 4 bytes of size or
 * page, flags 2, size of key 2, key, value; a value that is long stands on pages of its own. */
#include "format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 16, NODE = 8, BRANCH = 1, LEAF = 2, OVERFLOW = 4, META = 8, BIG = 1, SUB = 2, DUP = 4, DEPTH_MOST = 32 };
#define MAGIC 0xbeefc0deu
#define NOWHERE UINT64_MAX

struct reader {
    const char *path;
    int fd;
    int64_t size;       /* of the file */
    uint32_t page;      /* bytes */
    uint64_t pages, seen;
    struct data_items *items;
    struct error *e;
};

static uint64_t number(const unsigned char *b, int bytes)
{
    uint64_t x = 0;
    for (int i = bytes - 1; i >= 0; i--) x = x << 8 | b[i];
    return x;
}

static bool read_at(struct reader *r, unsigned char *to, size_t length, int64_t at)
{
    for (size_t have = 0; have < length;) {
        ssize_t n = pread(r->fd, to + have, length - have, (off_t)(at + (int64_t)have));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return error_set(r->e, "cannot read '%s': %s", r->path, strerror(errno));
        if (n == 0)
            return error_set(r->e, "'%s' is cut short: byte %lld is wanted, and it has %lld", r->path, (long long)(at + (int64_t)length), (long long)r->size);
        have += (size_t)n;
    }
    return true;
}

static bool damaged(struct reader *r, uint64_t page, const char *what)
{
    return error_set(r->e, "'%s' is a damaged LMDB file: page %llu %s", r->path, (unsigned long long)page, what);
}

/* Keys become names: what cannot be printed, and '/', as %XX. */
static void name_of(const unsigned char *key, size_t length, char *to, size_t size)
{
    size_t at = 0;
    for (size_t i = 0; i < length && at + 4 < size; i++) {
        if (key[i] > 32 && key[i] < 127 && key[i] != '/' && key[i] != '%') to[at++] = (char)key[i];
        else at += (size_t)snprintf(to + at, 4, "%%%02X", key[i]);
    }
    to[at] = 0;
}

/* left: bytes of the page that no node has taken yet. Nodes do not overlap; if they could, a small file might name more values than memory holds. */
static bool read_leaf(struct reader *r, const unsigned char *page, uint64_t where, uint32_t node, uint32_t *left)
{
    const unsigned char *at = page + node;
    uint32_t flags = (uint32_t)number(at + 4, 2), key = (uint32_t)number(at + 6, 2);
    int64_t length = (int64_t)number(at, 4), from;
    uint32_t room = r->page - node - NODE;
    char name[4 * 512];
    if (flags & (SUB | DUP)) return damaged(r, where, "has values that are databases: only plain ones can be read");
    if (key > room) return damaged(r, where, "has a key that is longer than the page");
    if (NODE + key > *left) return damaged(r, where, "has nodes that overlap");
    *left -= NODE + key;
    name_of(at + NODE, key < 511 ? key : 511, name, sizeof name);
    if (flags & BIG) {
        unsigned char head[HEAD];
        if (key + 8 > room) return damaged(r, where, "has a value outside the page");
        uint64_t over = number(at + NODE + key, 8);
        if (over >= r->pages) return damaged(r, where, "names a page behind the file's end");
        from = (int64_t)over * r->page + HEAD;
        if (length > r->size - from) return damaged(r, over, "has a value that is longer than the file");
        if (!read_at(r, head, HEAD, from - HEAD)) return false;
        if (!(number(head + 10, 2) & OVERFLOW)) return damaged(r, over, "is no page of a long value");
    } else {
        if (length > (int64_t)(room - key)) return damaged(r, where, "has a value that is longer than the page");
        from = (int64_t)where * r->page + node + NODE + key;
    }
    data_items_add(r->items, name, from, length);
    return true;
}

static bool read_page(struct reader *r, uint64_t where, uint32_t depth)
{
    if (where >= r->pages) return damaged(r, where, "lies behind the file's end");
    if (depth > DEPTH_MOST || r->seen++ > r->pages) return damaged(r, where, "is its own ancestor");
    unsigned char *page = memory_take(r->page, 1);
    uint32_t left = r->page;
    bool ok = read_at(r, page, r->page, (int64_t)where * r->page);
    uint32_t flags = (uint32_t)number(page + 10, 2), end = (uint32_t)number(page + 12, 2);
    if (ok && !(flags & (BRANCH | LEAF))) ok = damaged(r, where, "is neither a branch nor a leaf");
    if (ok && (end < HEAD || end > r->page)) ok = damaged(r, where, "has a list of nodes that is longer than the page");
    for (uint32_t i = HEAD; ok && i + 2 <= end; i += 2) {
        uint32_t node = (uint32_t)number(page + i, 2);
        if (node < HEAD || node + NODE > r->page) ok = damaged(r, where, "has a node outside the page");
        else if (flags & LEAF) ok = read_leaf(r, page, where, node, &left);
        else ok = read_page(r, number(page + node, 4) | number(page + node + 4, 2) << 32, depth + 1);
    }
    free(page);
    return ok;
}

/* The root of the main database, by the later of the two meta pages that is whole. */
static bool read_root(struct reader *r, uint64_t *root)
{
    unsigned char meta[HEAD + 136];
    uint64_t latest = 0, entries = 0;
    bool found = false;
    if (!read_at(r, meta, sizeof meta, 0)) return false;
    uint64_t page = number(meta + HEAD + 24, 4);
    if (page < 512 || page > 65536 || page & (page - 1)) return damaged(r, 0, "says an impossible size of pages");
    r->page = (uint32_t)page;
    r->pages = (uint64_t)r->size / page;
    for (uint32_t i = 0; i < 2; i++) {
        const unsigned char *m = meta + HEAD;
        if (i && !read_at(r, meta, sizeof meta, (int64_t)page)) return false;
        if (number(m, 4) != MAGIC || !(number(meta + 10, 2) & META)) continue;
        if (number(m + 4, 4) != 1)
            return error_set(r->e, "'%s' is of version %llu of LMDB's format; only 1 can be read", r->path, (unsigned long long)number(m + 4, 4));
        uint64_t transaction = number(m + 128, 8);
        if (found && transaction < latest) continue;
        found = true, latest = transaction;
        entries = number(m + 72 + 32, 8);
        *root = number(m + 72 + 40, 8);
    }
    if (!found) return damaged(r, 0, "and page 1 are no meta pages");
    if (*root == NOWHERE || !entries) return error_set(r->e, "'%s' is empty: it holds no values", r->path);
    return true;
}

bool data_lmdb_recognise(const struct data_probe *p)
{
    return p->length >= 24 && number(p->head + 16, 4) == MAGIC;
}

bool data_lmdb_read(const struct data_request *q, struct data_found *f, struct error *e)
{
    struct stat st;
    uint64_t root = 0;
    f->items = data_items_new();
    char *path = q->folder ? memory_format("%s/data.mdb", q->path) : memory_format("%s", q->path);
    struct reader r = {.path = path, .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), .items = f->items, .e = e};
    f->items->fd = r.fd;
    bool ok = r.fd >= 0 || error_set(e, "cannot open '%s': %s", path, strerror(errno));
    if (ok && (fstat(r.fd, &st) != 0 || !S_ISREG(st.st_mode))) ok = error_set(e, "'%s' is not a regular file", path);
    if (ok) r.size = (int64_t)st.st_size;
    ok = ok && read_root(&r, &root) && read_page(&r, root, 0) && data_items_finish(f->items, q->path, NULL, e);
    free(path);
    return ok;
}
