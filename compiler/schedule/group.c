/* group.c: which values are computed together.
 *
 * Every solid value starts as a group of its own. In topological order each tries to draw together its own group and those of what it
 * reads element by element: products first (an epilogue in the tile), then the latest. Two groups become one where
 *   - each element of one needs the same element of the other, or nothing of it: every direct dependency is "same";
 *   - no path leads from one to the other through a third;
 *   - their spaces have a common refinement: the same points (inner), or one's points are the other's parallel ones (outer);
 *   - for products, every access of the epilogue still comes to rows and columns.
 * Effects come last and take part like any value: an update ends in its gradient's tile where nothing that reads the old
 * weights waits for that product. */
#include "schedule/internal.h"
#include "schedule/rules.h"

/* Larger kernels gain nothing, and cost the compiler dear. */
#define GROUP_MOST 256
/* Of a value that is read once for all reductions of what is made of it: no cache keeps it. */
#define TOGETHER_FROM ((int64_t)1 << 19)
/* Of a product of up to so many elements and multiply-adds (rule apart): it is one task, and stays in the first cache. */
#define APART_ELEMENTS 4096
#define APART_WORK ((int64_t)1 << 17)

static struct group *group_new(struct scheduling *s, struct value *v)
{
    struct group *g = NEW(s->mem, struct group);
    const struct value *over = v->kind == VALUE_REDUCE ? v->arg[0] : v;
    g->space = space_of(over->rank, over->dim);
    g->total = g->outer_total = over->total;
    if (v->kind == VALUE_REDUCE) {
        uint32_t d = 0;
        for (uint32_t a = 0; a < over->rank; a++)
            if (over->dim[a] != 1) g->space.reduced[d++] = v->cut[a];
        g->reduces = v->outer = true;
        g->argmax = v->op == OP_argmax;
        g->outer_total = space_total(&g->space, true);
    }
    if (v->kind == VALUE_MATMUL) {
        struct matrix a, b;
        matrix_of(s, v->arg[0], &a);
        matrix_of(s, v->arg[1], &b);
        g->product = true;
        g->rows = v->node->ta ? a.columns : a.rows;
        g->columns = v->node->tb ? b.rows : b.columns;
        g->inner = v->node->ta ? a.rows : a.columns;
        g->space = space_of(2, (int64_t[]){g->rows, g->columns});
        g->sum = v;
        vec_push(s->mem, &g->products, v);
    }
    if (v->kind == VALUE_WINDOWS) {
        g->product = true;
        g->columns = v->dim[v->rank - 1];
        g->rows = v->total / g->columns;
        g->plain = !v->turned && windows_few(&v->windows, v->arg[0]->dim[3], v->arg[0]->dim[2], g->columns);
        g->space = space_of(2, (int64_t[]){g->rows, g->columns});
        vec_push(s->mem, &g->products, v);
    }
    g->first = g->last = v;
    g->count = 1;
    v->group = g;
    return g;
}

/* A search through more values than this counts as found, so that giant graphs take bounded time; up to 4096 values it never happens. */
#define SEARCH_MOST(values) ((1u << 24) / ((values) + 1) + 1)

/* Does g need t through a third group? Where that takes too long to say, yes: they stay apart. */
static bool group_indirect(struct scheduling *s, struct group *g, const struct group *t)
{
    uint32_t mark = ++s->mark, left = SEARCH_MOST(s->values.n);
    g->mark = mark;
    s->open.n = 0;
    vec_push(s->mem, &s->open, g);
    while (s->open.n) {
        struct group *at = s->open.at[--s->open.n];
        if (at->count > left) return true;
        left -= at->count;
        for (const struct value *v = at->first; v; v = v->next) {
            const struct use *u;
            for (uint32_t i = 0; (u = value_need(v, i)); i++) {
                struct group *k = u->value->group;
                if (k == t && at != g) return true;
                if (k == t || k->mark == mark) continue;
                k->mark = mark;
                vec_push(s->mem, &s->open, k);
            }
        }
    }
    return false;
}

/* Does a need of b, directly, anything but the same element? */
static bool group_hard(const struct group *a, const struct group *b)
{
    for (const struct value *v = a->first; v; v = v->next) {
        const struct use *u;
        for (uint32_t i = 0; (u = value_need(v, i)); i++)
            if (u->value->group == b && !u->same) return true;
    }
    return false;
}

/* A value that only a reduction wants is not made in a product's tile, nor after another reduction. */
static bool group_toward(const struct group *g)
{
    for (const struct value *v = g->first; v; v = v->next)
        if (v->toward) return true;
    return false;
}

static void group_join(struct group *a, struct group *b, bool b_outer)
{
    for (struct value *v = b->first; v; v = v->next) {
        v->group = a;
        v->outer |= b_outer;
    }
    a->last->next = b->first;
    a->last = b->last;
    a->count += b->count;
    a->argmax |= b->argmax;
    b->first = NULL;
}

static bool argmax_whole(const struct group *a, const struct group *b, const struct space *s)
{
    uint32_t reduced = 0;
    for (uint32_t d = 0; d < s->rank; d++) reduced += s->reduced[d];
    return !(a->argmax || b->argmax) || reduced == 1;
}

/* Is the product so small that what follows finds it as near in a loop of its own, with what else reads it? The tile's way through memory is long
 * for few steps of a sum. */
static bool group_apart(const struct scheduling *s, const struct group *g)
{
    return !s->p->f64 && g->total <= APART_ELEMENTS && g->total * g->inner <= APART_WORK && rule_on(s->g, RULE_apart);
}

/* b becomes part of a where that is allowed. */
static bool group_merge(struct scheduling *s, struct group *a, struct group *b)
{
    if (a == b) return true;
    if (b->product || (b->reduces && !a->reduces)) {
        struct group *swap = a;
        a = b, b = swap;
    }
    struct space space = a->space;
    bool outer = false;
    if (b->product || a->count + b->count > GROUP_MOST || !rule_on(s->g, a->product ? RULE_epilogue : RULE_fuse)) return false;
    if (a->product && (a->plain || group_apart(s, a) || b->reduces || group_toward(b))) return false;
    if (a->total == b->total) {
        if (!space_merge(&space, b->space, a->reduces, b->reduces)) return false;
    } else if (a->reduces && !b->reduces && a->outer_total == b->total) {
        outer = true;
        if (group_toward(b)) return false;
        if (!space_refine(&space, true, b->space.rank, b->space.extent)) return false;
    } else {
        return false;
    }
    if (!argmax_whole(a, b, &space) || group_hard(a, b) || group_hard(b, a)) return false;
    if (group_indirect(s, a, b) || group_indirect(s, b, a)) return false;
    if (a->product && !lower_fits(s, a, b, &space)) return false;
    a->space = space;
    group_join(a, b, outer);
    return true;
}

/* add of two products that nothing else reads: one product of two terms, summed in the tile. */
static bool group_sum(struct scheduling *s, struct value *v)
{
    if (v->kind != VALUE_MAP || v->op != OP_add || v->uses.n != 2 || !rule_on(s->g, RULE_sum_products)) return false;
    struct value *x = value_base(v->arg[0]), *y = value_base(v->arg[1]);
    if (x == y || !x->solid || !y->solid || !v->uses.at[0].same || !v->uses.at[1].same) return false;
    struct group *a = x->group, *b = y->group;
    if (a == b || a->sum != x || b->sum != y || x->users != 1 || y->users != 1 || x->output || y->output) return false;
    if (a->rows != b->rows || a->columns != b->columns || group_indirect(s, a, b) || group_indirect(s, b, a)) return false;
    struct space space = a->space;
    if (group_hard(a, b) || group_hard(b, a) || !space_merge(&space, b->space, false, false)) return false;
    if (!space_refine(&space, false, v->rank, v->dim)) return false;
    a->space = space;
    a->inner += b->inner;
    for (uint32_t i = 0; i < b->products.n; i++) vec_push(s->mem, &a->products, b->products.at[i]);
    group_join(a, b, false);
    group_join(a, v->group, false);
    x->summed = y->summed = true;
    a->sum = v;
    return true;
}

/* Reductions of one value, or of what is made of it element by element, read it once: its largest and where that stands, the sums of a gradient and of its products. */
static void reduced_with(struct scheduling *s, struct value *of, struct value *v)
{
    if (of->reduced && of->reduced != v) group_merge(s, of->reduced->group, v->group);
    of->reduced = v;
}

static void group_draw(struct scheduling *s, struct value *v)
{
    if (group_sum(s, v)) return;
    for (int products = 1; products >= 0; products--)
        for (uint32_t n = v->uses.n + v->after.n; n-- > 0;) {
            const struct use *u = value_need(v, n);
            if (u->same && u->value->group->product == products) group_merge(s, u->value->group, v->group);
        }
    if (v->kind != VALUE_REDUCE) return;
    reduced_with(s, value_base(v->arg[0]), v);
    VEC(struct value *) read = {0};
    for (const struct value *w = v->group->first; w; w = w->next)
        for (uint32_t n = 0; n < w->uses.n; n++)
            if (w->uses.at[n].same && w->uses.at[n].value->total >= TOGETHER_FROM && w->uses.at[n].value->group != v->group) vec_push(s->mem, &read, w->uses.at[n].value);
    for (uint32_t n = 0; n < read.n; n++) reduced_with(s, read.at[n], v);
}

/* Stored is what another group reads, and outputs. */
static void stores_mark(struct scheduling *s)
{
    for (uint32_t i = 0; i < s->values.n; i++) {
        struct value *v = s->values.at[i];
        if (!v->solid) continue;
        v->stored |= v->output;
        for (uint32_t j = 0; j < v->uses.n; j++) {
            struct value *of = v->uses.at[j].value; /* a part stands in its join's storage */
            of->stored |= of->group != v->group && of->kind != VALUE_PART && of->kind != VALUE_FILL;
        }
    }
}

/* A group's values in the order of their ids: operands first. */
static void group_sort(struct scheduling *s, struct group *g)
{
    struct value **all = NEW_ARRAY(s->mem, struct value *, g->count);
    uint32_t n = 0;
    for (struct value *v = g->first; v; v = v->next) {
        uint32_t at = n++;
        for (; at > 0 && all[at - 1]->id > v->id; at--) all[at] = all[at - 1];
        all[at] = v;
    }
    g->first = all[0];
    g->last = all[n - 1];
    for (uint32_t i = 0; i < n; i++) all[i]->next = i + 1 < n ? all[i + 1] : NULL;
}

void groups_make(struct scheduling *s)
{
    for (uint32_t i = 0; i < s->values.n; i++)
        if (s->values.at[i]->solid) group_new(s, s->values.at[i]);
    for (uint32_t i = 0; i < s->values.n; i++)
        if (s->values.at[i]->solid) group_draw(s, s->values.at[i]);
    stores_mark(s);
    uint32_t mark = ++s->mark;
    for (uint32_t i = 0; i < s->values.n; i++) {
        struct group *g = s->values.at[i]->group;
        if (!g || g->mark == mark) continue;
        g->mark = mark;
        group_sort(s, g);
        vec_push(s->mem, &s->groups, g);
    }
}
