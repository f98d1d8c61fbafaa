/* stack_build.c: what packs make possible (sums of gradients, a term from each lane, that become one), and the new graph.
 *
 * A pack is one node there, of stacked values. What stands in no pack is copied; where it reads a lane of one, that is unstacked. Nodes come in the
 * order of the old graph, as far as that goes. */
#include "passes/stack.h"

#include "passes/rebuild.h"

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
        if (!stack_together(s, value, n, &first)) return false;
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
            if (!stack_alike(all[at], x) || !once(s, x)) continue;
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
    if (stack_shared(s, value, lanes)) return build(s, value[0]);
    struct pack *p = stack_together(s, value, lanes, &first);
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
    if (stack_draws(n)) like.draw = lane[1]->index - n->index;
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

void stack_build(struct stacking *s)
{
    for (uint32_t i = s->from->nodes.n; i-- > 0;) sum_find(s, s->from->nodes.at[i]);
    s->to.nodes.at = NULL;
    s->to.nodes.n = s->to.nodes.capacity = 0;
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
