/* stack.c: D(x) and D(G(z)) as one: products of one matrix of weights by several minibatches become one product of twice the rows, and more.
 *
 * A pack is a tuple of equal operations, a lane for each minibatch, that will be one node of stacked values. Its operands are a value that all lanes
 * share, lanes of another pack, or a join: values that nothing makes together and that a `stack` copies beside each other.
 *
 *   1. Seeds: products of the same weights, none of which needs another. A join of their left operands must be worth it.
 *   2. From a pack towards its users: equal users of its lanes are a pack if their other operands are shared, or packs, or become packs as far as
 *      random draws and numbers; of products a join will do. So the backward pass is found from the forward one, its lanes in the same order.
 *   3. Sums of gradients (stack_build.c): what is summed over the batch lane by lane and then added is summed over the stacked batch at once.
 *
 * No pack may need itself by way of others: each is checked as it is made. Batch statistics, being sums over one lane's batch, are in no pack, so what
 * they normalise is not either. Random draws keep their streams, so numbers do not depend on the pass.
 *
 * Runs first, on what differentiation left: there all lanes are still made alike. */
#include "passes/stack.h"

#include "passes/passes.h"
#include "passes/rebuild.h"

#define NODES_MOST 8192 /* of larger graphs the search would take too long */

/* In elements copied, roughly: what it saves to make another product of the same weights at the same time; what a join costs. */
#define GAIN_PRODUCT 2000
#define COST_JOIN 2

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

bool stack_draws(const struct node *n)
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
    case CLASS_LEAF: return stack_draws(n);
    case CLASS_PRODUCT: return is_product(n);
    case CLASS_GRAD: return false;
    default: return true;
    }
}

/* Lane i of a pack like that of a; the streams of draws must lie equally far apart. */
bool stack_alike(const struct node *a, const struct node *n)
{
    if (a == n || a->op != n->op || a->nargs != n->nargs || !type_equal(a->type, n->type)) return false;
    struct node same = *n;
    if (stack_draws(n)) same.index = a->index;
    return rebuild_same_attributes(a, &same);
}

static bool streams_fit(const struct node *const *lane, uint32_t lanes)
{
    if (!stack_draws(lane[0])) return true;
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

struct pack *stack_together(const struct stacking *s, const struct node *const *value, uint32_t lanes, uint32_t *first)
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

bool stack_shared(const struct stacking *s, const struct node *const *value, uint32_t lanes)
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
        if (s->pack_of[lane[i]->id] || (i && !stack_alike(lane[0], lane[i]))) return false;
        for (uint32_t j = 0; j < i; j++)
            if (lane[i] == lane[j]) return false;
    }
    if (!independent(s, lane, lanes)) return false;
    uint32_t before = s->packs.n, first;
    pack_push(s, lane, lanes, false);
    for (uint32_t k = 0; k < lane[0]->nargs; k++) {
        const struct node *value[LANES_MOST] = {0};
        for (uint32_t i = 0; i < lanes; i++) value[i] = lane[i]->arg[k];
        if (stack_shared(s, value, lanes) || stack_together(s, value, lanes, &first) || pack_make(s, value, lanes)) continue;
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
        if (use->operand == operand && !s->pack_of[use->user->id] && stack_alike(u, use->user)) return use->user;
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
        if (!s->live[i] || s->pack_of[i] || !stack_alike(n, m) || s->class[m->arg[1]->id] != s->class[n->arg[1]->id]) continue;
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
        stack_build(&s);
        *graph = s.to;
    }
    arena_free(s.mem);
    return changed;
}
