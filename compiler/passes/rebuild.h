/* rebuild.h: how a pass makes its new graph: node by node, operands first, what is dead left out. */
#ifndef GANC_REBUILD_H
#define GANC_REBUILD_H

#include "graph/program.h"

struct rebuild {
    struct ganc *g;
    const struct program *p;
    const struct graph *from;
    struct graph *to;
    struct arena *scratch;          /* lives as long as the pass */
    struct node **map;              /* from's ids to nodes of `to`; NULL for what is dead or still to come */
    const uint32_t *uses;           /* from's ids: by live nodes, effects and outputs */
    VEC(const struct node *) wanted; /* by id, up to the last: nodes of `to` that a grad is taken with respect to, else NULL */
    bool changed;
    void *self;                     /* the pass's own */
};

/* The node of r->to that stands for n, whose operands there are args; NULL to copy n. Its type may be smaller than n's, by
 * broadcasting: it is expanded then. */
typedef struct node *rebuild_rule(struct rebuild *r, const struct node *n, struct node *const *args);

/* Rebuilds the graph by the rule; true where the rule replaced something. Nodes with respect to which a grad is taken are copied as they are.
 * New nodes get the place, and the last the name, of the node that they replace. */
bool rebuild_graph(struct ganc *g, const struct program *p, struct graph *graph, rebuild_rule *rule, void *self);

/* Is a gradient taken with respect to this node of r->to? A rule may not look through such a node: y would no longer depend on it. */
bool rebuild_wanted(const struct rebuild *r, const struct node *n);

/* graph_node in r->to at n's place, with the attributes (and where it is free, the type) of `like`; NULL like: none. */
struct node *rebuild_node(struct rebuild *r, const struct node *n, enum op op, uint32_t nargs, struct node *const *args, const struct node *like);
struct node *rebuild_unary(struct rebuild *r, const struct node *n, enum op op, struct node *a);
struct node *rebuild_binary(struct rebuild *r, const struct node *n, enum op op, struct node *a, struct node *b);
struct node *rebuild_constant(struct rebuild *r, const struct node *n, double x);
/* To another type: x itself where it has that type already. */
struct node *rebuild_reshape(struct rebuild *r, const struct node *n, struct node *x, struct type to);
struct node *rebuild_expand(struct rebuild *r, const struct node *n, struct node *x, struct type to);
struct node *rebuild_sum(struct rebuild *r, const struct node *n, struct node *x, const int64_t *axes, uint32_t count, bool over_batch);

/* Of nodes of one operation: the same attributes, the operands and the type apart. (cse.c) */
bool rebuild_same_attributes(const struct node *a, const struct node *b);

#endif
