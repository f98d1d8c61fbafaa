/* vec.h: growable arrays on an arena.
 *
 *     VEC(struct node *) nodes = {0};
 *     vec_push(arena, &nodes, n);
 *     for (uint32_t i = 0; i < nodes.n; i++) use(nodes.at[i]);
 *
 * Growing leaves the old copy in the arena: a vector costs at most twice its final size. */
#ifndef GANC_VEC_H
#define GANC_VEC_H

#include "base/arena.h"

#include <stdint.h>

#define VEC(type)                                                                                                      \
    struct {                                                                                                           \
        type *at;                                                                                                      \
        uint32_t n, capacity;                                                                                          \
    }

#define vec_push(arena, v, ...)                                                                                        \
    do {                                                                                                               \
        if ((v)->n == (v)->capacity)                                                                                   \
            (v)->at = vec_grow((arena), (v)->at, (v)->n, &(v)->capacity, sizeof *(v)->at);                             \
        (v)->at[(v)->n++] = (__VA_ARGS__);                                                                             \
    } while (0)

void *vec_grow(struct arena *a, void *at, uint32_t n, uint32_t *capacity, size_t size);

#endif
