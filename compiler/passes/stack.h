/* stack.h: what the pass stack finds (stack.c), and makes of it (stack_build.c). */
#ifndef GANC_PASSES_STACK_H
#define GANC_PASSES_STACK_H

#include "graph/graph.h"

#define LANES_MOST 8

struct pack {
    uint32_t lanes;
    const struct node *lane[LANES_MOST];
    bool join;         /* a `stack` of the lanes; they are made apart */
    struct node *made; /* in the new graph */
};

struct use {
    const struct node *user;
    uint32_t operand;
};

struct uses {
    VEC(struct use) all;
};

struct terms {
    const struct node **at;
    uint32_t n, capacity;
};

struct counts {
    uint32_t *at, n, capacity;
};

struct stacking {
    struct ganc *g;
    const struct graph *from;
    struct graph to;
    struct arena *mem;
    bool *live;
    bool *varies;            /* by id: from example to example */
    uint32_t *class;         /* by id: the first node that has the same value */
    struct uses *uses;       /* by id */
    VEC(struct pack *) packs;  /* in the order they were made; joins too */
    struct pack **pack_of;   /* by id, or NULL; not joins */
    uint32_t *lane_of;
    uint32_t *seen, turn;    /* by id: a search's marks */
    VEC(const struct node *) open;
    struct node **map;       /* by id, as in rebuild.h */
    bool *kept;              /* by id: what the graph does */
    struct terms *terms;     /* by id: of a sum that is made of these instead */
    struct counts *lanes;    /* of its terms: so many from here on are one */
    bool *absorbed;          /* by id: only there for such a sum */
};

/* stack.c */
bool stack_draws(const struct node *n);
bool stack_alike(const struct node *a, const struct node *n); /* could n be lane i of a pack of which a is one? */

/* Where the values stand beside each other: in a pack or a join, from *first on; NULL where they do not. */
struct pack *stack_together(const struct stacking *s, const struct node *const *value, uint32_t lanes, uint32_t *first);
bool stack_shared(const struct stacking *s, const struct node *const *value, uint32_t lanes); /* one value for all lanes? */

/* stack_build.c */
void stack_build(struct stacking *s); /* s->to */

#endif
