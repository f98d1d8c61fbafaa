/* ganc.c: one compilation: its interned names and its source texts. */
#include "base/ganc.h"

#include "base/diag.h"
#include "base/diag_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Spans count bytes in 32 bits; no model comes near this. */
#define LARGEST_SOURCE ((size_t)64 << 20)

/* Open addressing; the table is at most half full. */
struct interner {
    const char **slots;
    uint32_t *hashes;
    uint32_t capacity, n; /* capacity: a power of two */
};

static uint32_t hash_bytes(const char *text, size_t length) /* FNV-1a */
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < length; i++)
        h = (h ^ (unsigned char)text[i]) * 16777619u;
    return h;
}

static void interner_resize(struct arena *mem, struct interner *t, uint32_t capacity)
{
    const char **slots = NEW_ARRAY(mem, const char *, capacity);
    uint32_t *hashes = NEW_ARRAY(mem, uint32_t, capacity);
    for (uint32_t i = 0; i < t->capacity; i++) {
        if (!t->slots[i])
            continue;
        uint32_t at = t->hashes[i] & (capacity - 1);
        while (slots[at])
            at = (at + 1) & (capacity - 1);
        slots[at] = t->slots[i];
        hashes[at] = t->hashes[i];
    }
    t->slots = slots;
    t->hashes = hashes;
    t->capacity = capacity;
}

const char *intern_bytes(struct ganc *g, const char *text, size_t length)
{
    struct interner *t = g->names;
    if (t->n * 2 >= t->capacity)
        interner_resize(g->mem, t, t->capacity * 2);
    uint32_t hash = hash_bytes(text, length);
    uint32_t at = hash & (t->capacity - 1);
    for (; t->slots[at]; at = (at + 1) & (t->capacity - 1))
        if (t->hashes[at] == hash && !strncmp(t->slots[at], text, length) && !t->slots[at][length])
            return t->slots[at];
    t->n++;
    t->hashes[at] = hash;
    return t->slots[at] = arena_string(g->mem, text, length);
}

const char *intern(struct ganc *g, const char *text)
{
    return intern_bytes(g, text, strlen(text));
}

struct ganc *ganc_new(void)
{
    struct arena *mem = arena_new();
    struct ganc *g = NEW(mem, struct ganc);
    g->mem = mem;
    g->names = NEW(mem, struct interner);
    interner_resize(mem, g->names, 1024);
    g->diagnostics = diagnostics_new(mem);
    vec_push(mem, &g->sources, NULL);
    return g;
}

void ganc_free(struct ganc *g)
{
    if (g)
        arena_free(g->mem);
}

struct source *source_add(struct ganc *g, const char *name, const char *text, size_t length, uint32_t *file)
{
    struct source *s = NEW(g->mem, struct source);
    s->name = arena_string(g->mem, name, strlen(name));
    s->text = arena_string(g->mem, text, length);
    s->length = length;
    vec_push(g->mem, &s->lines, length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0); /* a byte order mark is no column */
    for (uint32_t i = 0; i < length; i++)
        if (text[i] == '\n')
            vec_push(g->mem, &s->lines, i + 1);
    if (file)
        *file = g->sources.n;
    vec_push(g->mem, &g->sources, s);
    return s;
}

/* Reads all of `from`; NULL with errno set where that fails. Pipes and devices are read like files. */
static char *read_all(FILE *from, size_t *length)
{
    size_t capacity = 1 << 14, n = 0;
    char *text = malloc(capacity);
    while (text) {
        n += fread(text + n, 1, capacity - n, from);
        if (n < capacity)
            break;
        if (capacity > LARGEST_SOURCE) {
            errno = EFBIG;
            free(text);
            return NULL;
        }
        char *larger = realloc(text, capacity *= 2);
        if (!larger)
            free(text);
        text = larger;
    }
    if (text && ferror(from)) {
        int error = errno ? errno : EIO;
        free(text);
        errno = error;
        return NULL;
    }
    *length = n;
    return text;
}

struct source *source_load(struct ganc *g, const char *path, uint32_t *file)
{
    size_t length = 0;
    errno = 0;
    FILE *from = fopen(path, "rb");
    char *text = from ? read_all(from, &length) : NULL;
    int error = errno;
    if (from)
        fclose(from);
    errno = error;
    if (!text)
        return NULL;
    struct source *s = source_add(g, path, text, length, file);
    free(text);
    return s;
}

struct source *source_read(struct ganc *g, const char *path, uint32_t *file)
{
    struct source *s = source_load(g, path, file);
    if (!s)
        diag(g, E0001, (struct span){0}, path, strerror(errno));
    return s;
}

uint32_t utf8_check(const char *bytes, uint32_t length)
{
    const unsigned char *text = (const unsigned char *)bytes;
    uint32_t at = 0;
    while (at < length) {
        unsigned c = text[at];
        uint32_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
        if (!n || n > length - at)
            return at;
        for (uint32_t i = 1; i < n; i++)
            if ((text[at + i] & 0xc0) != 0x80)
                return at;
        if ((c == 0xe0 && text[at + 1] < 0xa0) || (c == 0xed && text[at + 1] > 0x9f) ||
            (c == 0xf0 && text[at + 1] < 0x90) || (c == 0xf4 && text[at + 1] > 0x8f))
            return at;
        at += n;
    }
    return at;
}

void source_place(const struct source *s, uint32_t at, uint32_t *line, uint32_t *column)
{
    uint32_t low = 0, high = s->lines.n; /* the line is in [low, high) */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (s->lines.at[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    if (at > s->length)
        at = (uint32_t)s->length;
    *line = low + 1;
    *column = 1;
    for (uint32_t i = s->lines.at[low]; i < at; i++)
        *column += ((unsigned char)s->text[i] & 0xc0) != 0x80; /* a code point's later bytes do not count */
}

/* Calls come in the order of the text, and one after the other: looking back a little finds nearly all that were there before. */
uint32_t span_call(struct ganc *g, struct span call)
{
    if (!g->calls.n)
        vec_push(g->mem, &g->calls, (struct span){0});
    for (uint32_t i = g->calls.n; i-- > 1 && g->calls.n - i <= 64;)
        if (g->calls.at[i].file == call.file && g->calls.at[i].at == call.at && g->calls.at[i].length == call.length)
            return i;
    vec_push(g->mem, &g->calls, span_at(call.file, call.at, call.length));
    return g->calls.n - 1;
}

struct span span_join(struct span a, struct span b)
{
    if (!a.file)
        return b;
    if (a.file != b.file)
        return a;
    uint32_t end = b.at + b.length;
    return span_at(a.file, a.at, end > a.at ? end - a.at : 0);
}
