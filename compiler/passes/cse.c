/* cse.c: common subexpressions by hash-consing: same operation, operands, attributes and type, one node.
 *
 * Random draws and minibatches are told apart by their attributes (stream; data and draw), so equal ones are equal values. */
#include "passes/passes.h"
#include "passes/rebuild.h"

#include <string.h>

struct table {
    const struct node **slots; /* nodes of the old graph; a power of two of slots, at most half of them in use */
    uint32_t mask;
};

static bool commutes(enum op op)
{
    return op == OP_add || op == OP_mul || op == OP_eq || op == OP_ne;
}

static uint32_t used_axes(const struct node *n)
{
    switch (op_info[n->op].attributes) {
    case ATTR_AXES: return n->axis_count;
    case ATTR_AXIS: return 1;
    case ATTR_PART: return 2;
    case ATTR_WINDOW: return 6;
    case ATTR_WINDOWS: return 8;
    case ATTR_PERMUTATION:
    case ATTR_OFFSETS: return n->type.rank;
    default: return 0;
    }
}

static uint64_t number_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

bool rebuild_same_attributes(const struct node *a, const struct node *b)
{
    if (number_bits(a->number) != number_bits(b->number) || a->index != b->index || a->draw != b->draw) return false;
    if (a->over_batch != b->over_batch || a->ta != b->ta || a->tb != b->tb) return false;
    if (a->scalar != b->scalar && !(a->scalar && b->scalar && sexpr_equal(a->scalar, b->scalar))) return false;
    uint32_t count = used_axes(a);
    return count == used_axes(b) && memcmp(a->axes, b->axes, count * sizeof *a->axes) == 0;
}

static bool same_operands(const struct rebuild *r, const struct node *seen, const struct node *n, struct node *const *args)
{
    if (seen->nargs != n->nargs) return false;
    bool same = true;
    for (uint32_t i = 0; i < n->nargs && same; i++) same = r->map[seen->arg[i]->id] == args[i];
    if (!same && commutes(n->op)) same = r->map[seen->arg[0]->id] == args[1] && r->map[seen->arg[1]->id] == args[0];
    return same;
}

static uint64_t mix(uint64_t hash, uint64_t with)
{
    hash = (hash ^ with) * 0x9E3779B97F4A7C15u; /* 2^64 / golden ratio: Fibonacci hashing */
    return hash ^ hash >> 29;
}

static uint64_t hash_of(const struct node *n, struct node *const *args)
{
    uint64_t hash = mix(number_bits(n->number), (uint64_t)n->op << 32 | n->index);
    hash = mix(hash, (uint64_t)n->draw << 8 | n->over_batch << 2 | n->ta << 1 | n->tb);
    for (uint32_t i = 0; i < used_axes(n); i++) hash = mix(hash, (uint64_t)n->axes[i]);
    if (commutes(n->op)) return mix(hash, (uint64_t)args[0]->id + args[1]->id);
    for (uint32_t i = 0; i < n->nargs; i++) hash = mix(hash, args[i]->id);
    return hash;
}

static struct node *share(struct rebuild *r, const struct node *n, struct node *const *args)
{
    struct table *t = r->self;
    if (n->op == OP_grad) return NULL;
    for (uint64_t at = hash_of(n, args);; at++) {
        const struct node *seen = t->slots[at & t->mask];
        if (!seen) {
            t->slots[at & t->mask] = n;
            return NULL;
        }
        if (seen->op == n->op && type_equal(seen->type, n->type) && rebuild_same_attributes(seen, n) && same_operands(r, seen, n, args))
            return r->map[seen->id];
    }
}

bool pass_cse(struct ganc *g, const struct program *p, struct graph *graph)
{
    struct arena *scratch = arena_new();
    struct table t = {.mask = 15};
    while (t.mask / 2 < graph->nodes.n) t.mask = t.mask * 2 + 1;
    t.slots = NEW_ARRAY(scratch, const struct node *, (uint64_t)t.mask + 1);
    bool changed = rebuild_graph(g, p, graph, share, &t);
    arena_free(scratch);
    return changed;
}
