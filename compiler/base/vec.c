/* vec.c: the growing of vec.h's arrays. */
#include "base/vec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *vec_grow(struct arena *a, void *at, uint32_t n, uint32_t *capacity, size_t size)
{
    if (*capacity > UINT32_MAX / 2) {
        fprintf(stderr, "ganc: out of memory (%u elements in one list)\n", *capacity);
        exit(1);
    }
    *capacity = *capacity ? *capacity * 2 : 8;
    void *to = arena_take(a, size * *capacity);
    if (n)
        memcpy(to, at, size * n);
    return to;
}
