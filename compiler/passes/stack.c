/* stack.c: D(x) and D(G(z)) as one: products of one matrix of weights by several minibatches become one product of twice the rows, and more.
 *
 * A pack is a tuple of equal operations, a lane for each minibatch, that will be one node of stacked values. Its operands are a value that all lanes
 * share, lanes of another pack, or a join: values that nothing makes together and that a `stack` copies beside each other.
 *
 *   1. Seeds: products of the same weights, none of which needs another. A join of their left operands must be worth it.
 *   2. From a pack towards its users: equal users of its lanes are a pack if their other operands are shared, or packs, or become packs as far as
 *      random draws and numbers; of products a join will do. So the backward pass is found from the forward one, its lanes in the same order.
 *   3. Sums of gradients: what is summed over the batch lane by lane and then added is summed over the stacked batch at once.
 *
 * No pack may need itself by way of others: each is checked as it is made. Batch statistics, being sums over one lane's batch, are in no pack, so what
 * they normalise is not either. Random draws keep their streams, so numbers do not depend on the pass.
 *
 * Runs first, on what differentiation left: there all lanes are still made alike. */
#include "passes/passes.h"
#include "passes/rebuild.h"

#define NODES_MOST 8192 /* of larger graphs the search would take too long */
#define LANES_MOST 8

/* In elements copied, roughly: what it saves to make another product of the same weights at the same time; what a join costs. */
#define GAIN_PRODUCT 2000
#define COST_JOIN 2

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

/* ---- which values are equal: leaves are not shared yet ---- */

static void classes_find(struct stacking *s)
{
    uint32_t n = s->from->nodes.n, slots = 16;
    while (slots < 2 * n) slots *= 2;
    uint32_t *table = NEW_ARRAY(s->mem, uint32_t, slots); /* ids + 1 */
    for (uint32_t i = 0; i < n; i++) {
        const struct node *x = s->from->nodes.at[i];
        uint64_t hash = (uint64_t)x->op * 64 + x->index;
        for (uint32_t k = 0; k < x->nargs; k++) hash = hash * 0x9E3779B97F4A7C15u + s->class[x->arg[k]->id];
        uint32_t at = (uint32_t)((hash * 0x9E3779B97F4A7C15u) >> 40) & (slots - 1);
        for (; table[at]; at = (at + 1) & (slots - 1)) {
            const struct node *y = s->from->nodes.at[table[at] - 1];
            bool same = x->op == y->op && x->nargs == y->nargs && type_equal(x->type, y->type) && rebuild_same_attributes(x, y);
            for (uint32_t k = 0; k < x->nargs && same; k++) same = s->class[x->arg[k]->id] == s->class[y->arg[k]->id];
            if (same) break;
        }
        if (!table[at]) table[at] = i + 1;
        s->class[i] = table[at] - 1;
    }
}

/* ---- packs ---- */

static bool draws(const struct node *n)
{
    enum op_attributes has = op_info[n->op].attributes;
    return has == ATTR_STREAM || has == ATTR_STREAM_SCALAR || has == ATTR_STREAM_NUMBER;
}

static bool is_product(const struct node *n)
{
    return op_info[n->op].class == CLASS_PRODUCT && n->op != OP_conv2d_kernel && !n->ta && n->arg[0]->type.batched == 1 && !n->arg[1]->type.batched;
}

/* Is the operation on stacked operands the same as on each? */
static bool stackable(const struct node *n)
{
    if (n->type.batched != 1 || n->op == OP_as_batch || n->op == OP_stack || n->op == OP_unstack) return false;
    switch (op_info[n->op].class) {
    case CLASS_LEAF: return draws(n);
    case CLASS_PRODUCT: return is_product(n);
    case CLASS_GRAD: return false;
    default: return true;
    }
}

/* Lane i of a pack like that of a; the streams of draws must lie equally far apart. */
static bool alike(const struct node *a, const struct node *n)
{
    if (a == n || a->op != n->op || a->nargs != n->nargs || !type_equal(a->type, n->type)) return false;
    struct node same = *n;
    if (draws(n)) same.index = a->index;
    return rebuild_same_attributes(a, &same);
}

static bool streams_fit(const struct node *const *lane, uint32_t lanes)
{
    if (!draws(lane[0])) return true;
    for (uint32_t i = 1; i < lanes; i++)
        if (lane[i]->index <= lane[i - 1]->index || lane[i]->index - lane[i - 1]->index != lane[1]->index - lane[0]->index) return false;
    return true;
}

static void reach(struct stacking *s, const struct node *n)
{
    const struct pack *p = s->pack_of[n->id];
    for (uint32_t i = 0; i < (p ? p->lanes : 1); i++) {
        const struct node *x = p ? p->lane[i] : n;
        if (s->seen[x->id] == s->turn) continue;
        s->seen[x->id] = s->turn;
        vec_push(s->mem, &s->open, x);
    }
}

/* Does no lane need another, by way of the packs that there are? */
static bool independent(struct stacking *s, const struct node *const *lane, uint32_t lanes)
{
    uint32_t first = lane[0]->id;
    for (uint32_t i = 1; i < lanes; i++) first = lane[i]->id < first ? lane[i]->id : first;
    s->turn++;
    s->open.n = 0;
    for (uint32_t i = 0; i < lanes; i++)
        for (uint32_t k = 0; k < lane[i]->nargs; k++) reach(s, lane[i]->arg[k]);
    while (s->open.n) {
        const struct node *n = s->open.at[--s->open.n];
        for (uint32_t k = 0; k < n->nargs; k++) reach(s, n->arg[k]);
    }
    for (uint32_t i = 0; i < lanes; i++)
        if (s->seen[lane[i]->id] == s->turn) return false;
    return true;
}

static struct pack *pack_push(struct stacking *s, const struct node *const *lane, uint32_t lanes, bool join)
{
    struct pack *p = NEW(s->mem, struct pack);
    *p = (struct pack){.lanes = lanes, .join = join};
    for (uint32_t i = 0; i < lanes; i++) {
        p->lane[i] = lane[i];
        if (!join) s->pack_of[lane[i]->id] = p, s->lane_of[lane[i]->id] = i;
    }
    vec_push(s->mem, &s->packs, p);
    return p;
}

static void packs_undo(struct stacking *s, uint32_t to)
{
    while (s->packs.n > to) {
        const struct pack *p = s->packs.at[--s->packs.n];
        for (uint32_t i = 0; i < p->lanes && !p->join; i++) s->pack_of[p->lane[i]->id] = NULL;
    }
}

static bool lanes_from(const struct pack *p, uint32_t first, const struct node *const *value, uint32_t lanes)
{
    bool all = first + lanes <= p->lanes;
    for (uint32_t i = 0; i < lanes && all; i++) all = p->lane[first + i] == value[i];
    return all;
}

/* Where the values stand beside each other: in a pack or a join, from *first on; NULL where they do not. */
static struct pack *together(const struct stacking *s, const struct node *const *value, uint32_t lanes, uint32_t *first)
{
    struct pack *p = s->pack_of[value[0]->id];
    *first = s->lane_of[value[0]->id];
    if (p && lanes_from(p, *first, value, lanes)) return p;
    for (uint32_t k = 0; k < s->packs.n; k++) {
        p = s->packs.at[k];
        for (*first = 0; p->join && *first + lanes <= p->lanes; ++*first)
            if (lanes_from(p, *first, value, lanes)) return p;
    }
    return NULL;
}

static bool shared(const struct stacking *s, const struct node *const *value, uint32_t lanes)
{
    bool same = !value[0]->type.batched;
    for (uint32_t i = 1; i < lanes && same; i++) same = s->class[value[i]->id] == s->class[value[0]->id];
    return same;
}

static bool join_pays(const struct stacking *s, const struct node *product, uint32_t lanes)
{
    double saved = (lanes - 1.0) * ((double)type_elements(product->arg[1]->type) + GAIN_PRODUCT);
    return saved >= COST_JOIN * (double)lanes * (double)type_total(s->from, product->arg[0]->type);
}

/* The lanes become a pack, and their operands as far as they must; false, and nothing is changed, where that is not to be. */
static bool pack_make(struct stacking *s, const struct node *const *lane, uint32_t lanes)
{
    if (!stackable(lane[0]) || !streams_fit(lane, lanes)) return false;
    for (uint32_t i = 0; i < lanes; i++) {
        if (s->pack_of[lane[i]->id] || (i && !alike(lane[0], lane[i]))) return false;
        for (uint32_t j = 0; j < i; j++)
            if (lane[i] == lane[j]) return false;
    }
    if (!independent(s, lane, lanes)) return false;
    uint32_t before = s->packs.n, first;
    pack_push(s, lane, lanes, false);
    for (uint32_t k = 0; k < lane[0]->nargs; k++) {
        const struct node *value[LANES_MOST] = {0};
        for (uint32_t i = 0; i < lanes; i++) value[i] = lane[i]->arg[k];
        if (shared(s, value, lanes) || together(s, value, lanes, &first) || pack_make(s, value, lanes)) continue;
        if (is_product(lane[0]) && k == 0 && join_pays(s, lane[0], lanes)) {
            pack_push(s, value, lanes, true);
            continue;
        }
        packs_undo(s, before);
        return false;
    }
    return true;
}

/* As many of the lanes as will. */
static bool pack_most(struct stacking *s, const struct node *const *lane, uint32_t lanes)
{
    for (; lanes > 1; lanes--)
        if (pack_make(s, lane, lanes)) return true;
    return false;
}

/* A user of n that could stand beside u, as n's first that does not yet stand in a pack. */
static const struct node *user_like(const struct stacking *s, const struct node *n, const struct node *u, uint32_t operand)
{
    const struct uses *all = &s->uses[n->id];
    for (uint32_t i = 0; i < all->all.n; i++) {
        const struct use *use = &all->all.at[i];
        if (use->operand == operand && !s->pack_of[use->user->id] && alike(u, use->user)) return use->user;
    }
    return NULL;
}

static void pack_extend(struct stacking *s, const struct pack *p)
{
    for (uint32_t first = 0; first + 1 < p->lanes; first++) {
        const struct uses *all = &s->uses[p->lane[first]->id];
        for (uint32_t i = 0; i < all->all.n; i++) {
            const struct node *lane[LANES_MOST] = {all->all.at[i].user};
            if (s->pack_of[lane[0]->id] || !stackable(lane[0])) continue;
            uint32_t lanes = 1;
            for (; first + lanes < p->lanes; lanes++)
                if (!(lane[lanes] = user_like(s, p->lane[first + lanes], lane[0], all->all.at[i].operand))) break;
            pack_most(s, lane, lanes);
        }
    }
}

static void seed(struct stacking *s, const struct node *n)
{
    const struct node *lane[LANES_MOST] = {n};
    uint32_t lanes = 1;
    for (uint32_t i = n->id + 1; i < s->from->nodes.n && lanes < LANES_MOST; i++) {
        const struct node *m = s->from->nodes.at[i];
        if (!s->live[i] || s->pack_of[i] || !alike(n, m) || s->class[m->arg[1]->id] != s->class[n->arg[1]->id]) continue;
        bool fresh = true;
        for (uint32_t k = 0; k < lanes; k++) fresh = fresh && s->class[lane[k]->arg[0]->id] != s->class[m->arg[0]->id];
        lane[lanes] = m;
        if (fresh && independent(s, lane, lanes + 1)) lanes++;
    }
    uint32_t from = s->packs.n;
    pack_most(s, lane, lanes);
    for (; from < s->packs.n; from++)
        if (!s->packs.at[from]->join) pack_extend(s, s->packs.at[from]);
}

/* ---- sums of gradients ---- */

/* Is it a sum over the batch, of one operand or the products of two? A sum of what is the same for all examples is left to be a product: the means of a
 * critic's two sides cancel exactly in the gradient of its last bias, and an optimizer that divides by a gradient's size must not see rounding there. */
static bool contracts(const struct stacking *s, const struct node *n)
{
    if (n->type.batched) return false;
    if (n->op == OP_sum) return n->over_batch && n->arg[0]->type.batched == 1 && s->varies[n->arg[0]->id];
    return ((n->op == OP_matmul && n->ta && !n->tb) || n->op == OP_conv2d_kernel) && n->arg[0]->type.batched == 1 && n->arg[1]->type.batched == 1;
}

/* May the terms be one, lane after lane? */
static bool terms_fit(const struct stacking *s, const struct node *const *term, uint32_t n)
{
    uint32_t first;
    for (uint32_t k = 0; k < term[0]->nargs; k++) {
        const struct node *value[LANES_MOST] = {0};
        for (uint32_t i = 0; i < n; i++) value[i] = term[i]->arg[k];
        if (!together(s, value, n, &first)) return false;
    }
    return true;
}

static bool once(const struct stacking *s, const struct node *n)
{
    return s->uses[n->id].all.n == 1 && !s->kept[n->id];
}

static bool inner(const struct stacking *s, const struct node *sum, const struct node *x)
{
    return x->op == OP_add && once(s, x) && type_equal(x->type, sum->type);
}

static void terms_find(struct stacking *s, const struct node *n, const struct node *sum)
{
    for (uint32_t k = 0; k < 2; k++) {
        if (inner(s, sum, sum->arg[k])) terms_find(s, n, sum->arg[k]);
        else vec_push(s->mem, &s->terms[n->id], sum->arg[k]);
    }
}

static void adds_absorb(struct stacking *s, const struct node *sum)
{
    for (uint32_t k = 0; k < 2; k++) {
        if (!inner(s, sum, sum->arg[k])) continue;
        s->absorbed[sum->arg[k]->id] = true;
        adds_absorb(s, sum->arg[k]);
    }
}

/* Terms of n that will be one product or sum: they are moved to stand at `at` and behind, lane after lane. Returns how many. */
static uint32_t terms_gather(struct stacking *s, const struct node *n, uint32_t at)
{
    const struct node **all = s->terms[n->id].at, *lane[LANES_MOST + 1];
    uint32_t lanes = 1, total = s->terms[n->id].n;
    if (!contracts(s, all[at]) || !once(s, all[at])) return 1;
    for (bool more = true; more && lanes < LANES_MOST;) {
        more = false;
        for (uint32_t i = at + lanes; i < total && !more; i++) {
            const struct node *x = all[i];
            if (!alike(all[at], x) || !once(s, x)) continue;
            for (uint32_t before = 0; before < 2 && !more; before++) {
                for (uint32_t k = 0; k < lanes; k++) lane[k + before] = all[at + k];
                lane[before ? 0 : lanes] = x;
                more = terms_fit(s, lane, lanes + 1);
            }
            if (!more) continue;
            all[i] = all[at + lanes];
            for (uint32_t k = 0; k <= lanes; k++) all[at + k] = lane[k];
            lanes++;
        }
    }
    return lanes;
}

/* A sum of several terms, of which some will be one. */
static void sum_find(struct stacking *s, const struct node *n)
{
    if (n->op != OP_add || n->type.batched || s->absorbed[n->id] || !s->live[n->id]) return;
    terms_find(s, n, n);
    bool any = false;
    for (uint32_t at = 0; at < s->terms[n->id].n;) {
        uint32_t lanes = terms_gather(s, n, at);
        for (uint32_t k = 0; k < lanes; k++) vec_push(s->mem, &s->lanes[n->id], lanes - k);
        any |= lanes > 1;
        at += lanes;
    }
    if (!any) {
        s->terms[n->id].n = 0;
        return;
    }
    for (uint32_t i = 0; i < s->terms[n->id].n; i++)
        if (s->lanes[n->id].at[i] > 1 || (i && s->lanes[n->id].at[i - 1] > 1)) s->absorbed[s->terms[n->id].at[i]->id] = true;
    adds_absorb(s, n);
}

/* ---- the new graph ---- */

static struct node *build(struct stacking *s, const struct node *n);

static struct node *node_new(struct stacking *s, const struct node *n, enum op op, uint32_t nargs, struct node *const *args, const struct node *like)
{
    return graph_node(s->g, &s->to, op, nargs, args, like, n->span);
}

static struct node *unstack(struct stacking *s, const struct node *n, struct node *x, uint32_t from, uint32_t count)
{
    if (x->type.batched == count) return x;
    return node_new(s, n, OP_unstack, 1, &x, &(struct node){.axes = {from, count}});
}

static struct node *pack_build(struct stacking *s, struct pack *p);

/* The operand of stacked values: what all lanes share, or their values beside each other. */
static struct node *operand_build(struct stacking *s, const struct node *const *value, uint32_t lanes)
{
    uint32_t first;
    if (shared(s, value, lanes)) return build(s, value[0]);
    struct pack *p = together(s, value, lanes, &first);
    return unstack(s, value[0], pack_build(s, p), first, lanes);
}

/* `op` of lanes 0 .. lanes - 1 of n at once. */
static struct node *stacked_build(struct stacking *s, const struct node *const *lane, uint32_t lanes)
{
    const struct node *n = lane[0];
    struct node like = *n, **args = NEW_ARRAY(s->mem, struct node *, n->nargs);
    for (uint32_t k = 0; k < n->nargs; k++) {
        const struct node *value[LANES_MOST] = {0};
        for (uint32_t i = 0; i < lanes; i++) value[i] = lane[i]->arg[k];
        args[k] = operand_build(s, value, lanes);
    }
    if (like.type.batched) like.type.batched = (uint8_t)lanes;
    if (draws(n)) like.draw = lane[1]->index - n->index;
    struct node *m = node_new(s, n, n->op, n->nargs, args, &like);
    m->name = n->name;
    return m;
}

static struct node *pack_build(struct stacking *s, struct pack *p)
{
    if (p->made) return p->made;
    if (!p->join) return p->made = stacked_build(s, p->lane, p->lanes);
    struct node *args[LANES_MOST];
    for (uint32_t i = 0; i < p->lanes; i++) args[i] = build(s, p->lane[i]);
    return p->made = node_new(s, p->lane[0], OP_stack, p->lanes, args, NULL);
}

static struct node *sum_build(struct stacking *s, const struct node *n)
{
    struct node *sum = NULL;
    for (uint32_t i = 0; i < s->terms[n->id].n; i += s->lanes[n->id].at[i]) {
        uint32_t lanes = s->lanes[n->id].at[i];
        const struct node *const *term = &s->terms[n->id].at[i];
        struct node *x = lanes > 1 ? stacked_build(s, term, lanes) : build(s, term[0]);
        sum = sum ? node_new(s, n, OP_add, 2, (struct node *[]){sum, x}, NULL) : x;
    }
    return sum;
}

static struct node *build(struct stacking *s, const struct node *n)
{
    if (s->map[n->id]) return s->map[n->id];
    struct node *m;
    if (s->pack_of[n->id]) {
        m = unstack(s, n, pack_build(s, s->pack_of[n->id]), s->lane_of[n->id], 1);
    } else if (s->terms[n->id].n) {
        m = sum_build(s, n);
    } else {
        struct node **args = NEW_ARRAY(s->mem, struct node *, n->nargs);
        for (uint32_t k = 0; k < n->nargs; k++) args[k] = build(s, n->arg[k]);
        m = graph_copy_node(s->g, &s->to, n, args);
    }
    return s->map[n->id] = m;
}

/* In the order of the old graph, as far as that goes. */
static void graph_build(struct stacking *s)
{
    for (uint32_t i = 0; i < s->from->nodes.n; i++) {
        const struct node *n = s->from->nodes.at[i];
        if (!s->live[i] || s->absorbed[i]) continue;
        if (s->pack_of[i]) pack_build(s, s->pack_of[i]);
        else build(s, n);
    }
    for (uint32_t i = 0; i < s->to.effects.n; i++) s->to.effects.at[i].value = build(s, s->to.effects.at[i].value);
    for (uint32_t i = 0; i < s->to.outputs.n; i++) s->to.outputs.at[i].value = build(s, s->to.outputs.at[i].value);
    for (uint32_t i = 0; i < s->to.keep.n; i++) s->to.keep.at[i] = build(s, s->to.keep.at[i]);
}

/* ---- the pass ---- */

static bool stacking_new(struct stacking *s)
{
    uint32_t n = s->from->nodes.n;
    s->live = graph_live(s->mem, s->from);
    s->varies = NEW_ARRAY(s->mem, bool, n);
    s->class = NEW_ARRAY(s->mem, uint32_t, n);
    s->uses = NEW_ARRAY(s->mem, struct uses, n);
    s->kept = NEW_ARRAY(s->mem, bool, n);
    s->pack_of = NEW_ARRAY(s->mem, struct pack *, n);
    s->lane_of = NEW_ARRAY(s->mem, uint32_t, n);
    s->seen = NEW_ARRAY(s->mem, uint32_t, n);
    s->map = NEW_ARRAY(s->mem, struct node *, n);
    s->terms = NEW_ARRAY(s->mem, struct terms, n);
    s->lanes = NEW_ARRAY(s->mem, struct counts, n);
    s->absorbed = NEW_ARRAY(s->mem, bool, n);
    for (uint32_t i = 0; i < n; i++) {
        const struct node *x = s->from->nodes.at[i];
        if (!s->live[i]) continue;
        if (x->op == OP_grad) return false;
        s->varies[i] = !x->nargs && x->type.batched;
        for (uint32_t k = 0; k < x->nargs; k++) s->varies[i] |= s->varies[x->arg[k]->id] && x->type.batched;
        s->varies[i] |= x->op == OP_as_batch;
        for (uint32_t k = 0; k < x->nargs; k++) vec_push(s->mem, &s->uses[x->arg[k]->id].all, (struct use){x, k});
    }
    for (uint32_t i = 0; i < s->from->effects.n; i++) s->kept[s->from->effects.at[i].value->id] = true;
    for (uint32_t i = 0; i < s->from->outputs.n; i++) s->kept[s->from->outputs.at[i].value->id] = true;
    classes_find(s);
    return true;
}

bool pass_stack(struct ganc *g, const struct program *p, struct graph *graph)
{
    (void)p;
    struct stacking s = {.g = g, .from = graph, .to = *graph, .mem = arena_new()};
    if (graph->nodes.n <= NODES_MOST && stacking_new(&s))
        for (uint32_t i = 0; i < graph->nodes.n; i++) {
            const struct node *n = graph->nodes.at[i];
            if (s.live[i] && !s.pack_of[i] && is_product(n)) seed(&s, n);
        }
    bool changed = s.packs.n > 0;
    if (changed) {
        for (uint32_t i = graph->nodes.n; i-- > 0;) sum_find(&s, graph->nodes.at[i]);
        s.to.nodes.at = NULL;
        s.to.nodes.n = s.to.nodes.capacity = 0;
        graph_build(&s);
        *graph = s.to;
    }
    arena_free(s.mem);
    return changed;
}
