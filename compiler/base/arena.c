/* arena.c: memory with two lifetimes (see arena.h).
 *
 * A list of blocks, the newest first; a block is cut from its front. Blocks double up to 1 MiB, and what is larger
 * than a quarter of the next block gets a block of its own, put behind the first so that the first is still cut from.
 * Under the address sanitizer what was not handed out is poisoned, with a gap after each piece. */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define POISONED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONED 1
#endif
#endif
#ifdef POISONED
#include <sanitizer/asan_interface.h>
#define GAP 16
#else
#define GAP 0
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

enum { ALIGNMENT = 16, FIRST_BLOCK = 16 << 10, LARGEST_BLOCK = 1 << 20 };

struct block {
    struct block *next;
    size_t size, used; /* of bytes[] */
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

struct arena {
    struct block *blocks;
    size_t taken, next_size;
};

static void out_of_memory(size_t bytes)
{
    fprintf(stderr, "ganc: out of memory (%zu bytes asked for)\n", bytes);
    exit(1);
}

static struct block *block_new(size_t size)
{
    struct block *b = calloc(1, sizeof *b + size);
    if (!b)
        out_of_memory(size);
    b->size = size;
    ASAN_POISON_MEMORY_REGION(b->bytes, size);
    return b;
}

struct arena *arena_new(void)
{
    struct arena *a = calloc(1, sizeof *a);
    if (!a)
        out_of_memory(sizeof *a);
    a->next_size = FIRST_BLOCK;
    return a;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    for (struct block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        ASAN_UNPOISON_MEMORY_REGION(b->bytes, b->size);
        free(b);
    }
    free(a);
}

/* A block with room for `size` bytes, the one to cut from. */
static struct block *block_for(struct arena *a, size_t size)
{
    struct block *first = a->blocks;
    if (first && first->size - first->used >= size)
        return first;
    if (first && size > a->next_size / 4) {
        struct block *own = block_new(size);
        own->next = first->next;
        return first->next = own;
    }
    struct block *b = block_new(size > a->next_size ? size : a->next_size);
    b->next = first;
    a->blocks = b;
    if (a->next_size < LARGEST_BLOCK)
        a->next_size *= 2;
    return b;
}

void *arena_take(struct arena *a, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        out_of_memory(bytes);
    size_t size = (bytes + GAP + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!size)
        size = ALIGNMENT; /* distinct pointers, also for nothing */
    struct block *b = block_for(a, size);
    void *at = b->bytes + b->used;
    b->used += size;
    a->taken += bytes;
    ASAN_UNPOISON_MEMORY_REGION(at, bytes);
    return at;
}

void *arena_copy(struct arena *a, const void *from, size_t bytes)
{
    void *to = arena_take(a, bytes);
    if (bytes)
        memcpy(to, from, bytes);
    return to;
}

char *arena_string(struct arena *a, const char *text, size_t length)
{
    char *to = arena_take(a, length + 1);
    if (length)
        memcpy(to, text, length);
    return to;
}

char *arena_vformat(struct arena *a, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (length < 0)
        length = 0;
    char *to = arena_take(a, (size_t)length + 1);
    vsnprintf(to, (size_t)length + 1, format, again);
    va_end(again);
    return to;
}

char *arena_format(struct arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *to = arena_vformat(a, format, args);
    va_end(args);
    return to;
}

size_t arena_bytes(const struct arena *a)
{
    return a->taken;
}
