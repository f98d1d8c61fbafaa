/* lower.c: a group's values to a kernel's instructions.
 *
 * The group's own values are made one by one, operands first; what they read is pulled: a value with a storage becomes a load whose access is
 * the map from the kernel's indices composed with the storage's row-major order, anything inline becomes instructions on the spot. Equal
 * instructions are made once. Stores stand last in their part (inner, outer), so that a tensor is read before it is written. */
#include "schedule/internal.h"

#include <stdlib.h>
#include <string.h>

struct lower {
    struct scheduling *s;
    struct arena *mem;
    struct kernel k;
    struct group *group, *with;  /* both are computed here; with: NULL, or a candidate */
    const struct space *space;
    uint32_t turn;               /* this lowering's number: a value made in it has it */
    bool trial;                  /* storages have no numbers yet */
};

static bool insn_equal(const struct insn *a, const struct insn *b)
{
    return a->kind == b->kind && a->outer == b->outer && a->op == b->op && a->nargs == b->nargs && a->index == b->index
        && a->scalar == b->scalar && a->apart == b->apart && a->minibatch == b->minibatch
        && !memcmp(&a->number, &b->number, sizeof a->number) && !memcmp(a->arg, b->arg, sizeof a->arg)
        && a->at.storage == b->at.storage && a->at.offset == b->at.offset && !memcmp(a->at.stride, b->at.stride, sizeof a->at.stride)
        && a->example.offset == b->example.offset && !memcmp(a->example.stride, b->example.stride, sizeof a->example.stride);
}

static uint32_t emit(struct lower *l, struct insn in)
{
    if (in.kind != INSN_STORE)
        for (uint32_t i = 0; i < l->k.body.n; i++)
            if (insn_equal(&l->k.body.at[i], &in)) return i;
    vec_push(l->mem, &l->k.body, in);
    return l->k.body.n - 1;
}

static struct insn placed(struct insn in, const struct value *v)
{
    in.span = v->node->span;
    return in;
}

static struct access access_of(uint32_t storage, struct affine line)
{
    struct access a = {.storage = storage, .offset = line.offset};
    memcpy(a.stride, line.stride, sizeof a.stride);
    return a;
}

static uint32_t storage_of(const struct lower *l, const struct value *v)
{
    return l->trial ? v->id : v->storage;
}

static uint32_t scalar_of(struct lower *l, const struct sexpr *e)
{
    if (l->trial) return 0;
    struct kernel_graph *kg = l->s->kg;
    for (uint32_t i = 0; i < kg->scalars.n; i++)
        if (sexpr_equal(kg->scalars.at[i], e)) return i;
    vec_push(l->s->g->mem, &kg->scalars, e);
    return kg->scalars.n - 1;
}

static uint32_t pull(struct lower *l, struct value *v, const struct map *m, bool outer);

static void made(const struct lower *l, struct value *v, uint32_t insn)
{
    v->turn = l->turn;
    v->insn = insn;
}

static uint32_t map_insn(struct lower *l, struct value *v, const struct map *m, bool outer)
{
    struct insn in = {.kind = INSN_OP, .op = v->op, .nargs = v->nargs, .outer = outer};
    for (uint32_t i = 0; i < v->nargs; i++) {
        struct map arg = map_broadcast(m, v, v->arg[i]);
        in.arg[i] = pull(l, v->arg[i], &arg, outer);
    }
    return v->op == OP_stop ? in.arg[0] : emit(l, placed(in, v));
}

/* v's element under m, as an instruction. */
static uint32_t pull(struct lower *l, struct value *v, const struct map *m, bool outer)
{
    if (v->solid && (v->group == l->group || v->group == l->with)) {
        if (v->turn != l->turn) abort(); /* groups are sorted, and only "same" joins them */
        return v->insn;
    }
    if (value_has_storage(v))
        return emit(l, (struct insn){.kind = INSN_LOAD, .at = access_of(storage_of(l, v), map_linear(m, v)), .outer = outer});
    switch (v->kind) {
    case VALUE_NUMBER:
        if (v->op == OP_scalar)
            return emit(l, placed((struct insn){.kind = INSN_SCALAR, .index = scalar_of(l, v->node->scalar), .outer = outer}, v));
        return emit(l, (struct insn){.kind = INSN_NUMBER, .number = v->op == OP_constant ? v->node->number : 0, .outer = outer});
    case VALUE_IOTA:
        return emit(l, (struct insn){.kind = INSN_INDEX, .at = access_of(0, map_linear(m, v)), .outer = outer});
    case VALUE_VIEW: {
        struct map arg = map_view(m, v);
        return pull(l, v->arg[0], &arg, outer);
    }
    case VALUE_MAP:
        return map_insn(l, v, m, outer);
    default:
        abort();
    }
}

static uint32_t random_insn(struct lower *l, struct value *v, const struct map *m)
{
    struct insn in = {.kind = INSN_RANDOM, .op = v->op, .index = v->node->index, .outer = v->outer};
    struct map within = *m;
    if (v->node->type.batched > 1) in.apart = v->node->draw, in.minibatch = l->s->graph->batch;
    if (v->batched) {
        in.example = access_of(0, m->axis[0]);
        within.axis[0] = (struct affine){0};
    }
    in.at = access_of(0, map_linear(&within, v));
    enum op_attributes has = op_info[v->op].attributes;
    if (has == ATTR_STREAM_SCALAR) in.scalar = scalar_of(l, v->node->scalar);
    if (has == ATTR_STREAM_NUMBER) in.number = v->node->number;
    return emit(l, in);
}

/* A reduction's operand, or the value itself of anything else, at the group's points. */
static uint32_t make(struct lower *l, struct value *v)
{
    struct map m;
    switch (v->kind) {
    case VALUE_MATMUL:
    case VALUE_WINDOWS:
        return emit(l, placed((struct insn){.kind = INSN_PRODUCT}, v));
    case VALUE_REDUCE:
        m = map_identity(l->space, false, v->arg[0]);
        return pull(l, v->arg[0], &m, false);
    case VALUE_FILL:
        return emit(l, (struct insn){.kind = INSN_NUMBER, .number = v->node->number, .outer = v->outer}); /* 0, or a window's fill */
    default:
        break;
    }
    m = map_identity(l->space, v->outer, v);
    if (v->kind == VALUE_RANDOM) return random_insn(l, v, &m);
    if (v->kind == VALUE_MAP) {
        if (v == l->group->sum) return emit(l, placed((struct insn){.kind = INSN_PRODUCT}, l->group->products.at[0]));
        return map_insn(l, v, &m, v->outer);
    }
    struct map arg = map_broadcast(&m, v, v->arg[0]); /* PART, EFFECT */
    return pull(l, v->arg[0], &arg, v->outer);
}

static void store(struct lower *l, const struct value *v, uint32_t storage, struct affine line)
{
    emit(l, (struct insn){.kind = INSN_STORE, .nargs = 1, .arg = {v->insn}, .at = access_of(storage, line), .outer = v->outer});
}

static void store_value(struct lower *l, const struct value *v)
{
    struct map m = map_identity(l->space, v->outer, v);
    if (v->stored) store(l, v, storage_of(l, v), map_linear(&m, v));
    if (v->kind == VALUE_EFFECT) store(l, v, v->tensor, map_linear(&m, v));
    if (v->kind == VALUE_PART || v->kind == VALUE_FILL) {
        for (uint32_t a = 0; a < v->rank; a++) {
            struct affine at = {.offset = v->offset[a]};
            affine_add(&at, m.axis[a], v->step[a] ? v->step[a] : 1);
            m.axis[a] = at;
        }
        store(l, v, storage_of(l, v->into), map_linear(&m, v->into));
    }
}

/* The inner part: values, then stores; reductions; the outer part. */
static void lower_values(struct lower *l, struct value **all, uint32_t n)
{
    for (int outer = 0; outer < 2; outer++) {
        for (uint32_t i = 0; i < n; i++) {
            struct value *v = all[i];
            bool reduce = v->kind == VALUE_REDUCE;
            if (v->summed) continue;
            if (reduce ? outer == 0 : v->outer == outer) made(l, v, make(l, v));
        }
        for (uint32_t i = 0; i < n; i++)
            if (!all[i]->summed && all[i]->outer == outer) store_value(l, all[i]);
        for (uint32_t i = 0; i < n && outer == 0; i++)
            if (all[i]->kind == VALUE_REDUCE)
                made(l, all[i], emit(l, placed((struct insn){.kind = INSN_REDUCE, .op = all[i]->op, .nargs = 1, .arg = {all[i]->insn}}, all[i])));
    }
}

static void lower_start(struct lower *l, struct scheduling *s, struct arena *mem, struct group *group, const struct space *space)
{
    *l = (struct lower){.s = s, .mem = mem, .group = group, .space = space};
    l->turn = ++s->turn;
    l->k.kind = group->product ? KERNEL_PRODUCT : KERNEL_LOOP;
    l->k.rank = space->rank;
    memcpy(l->k.extent, space->extent, sizeof l->k.extent);
    memcpy(l->k.reduced, space->reduced, sizeof l->k.reduced);
}

/* Both operands stand in memory in their own order: all pixels, and all taps. */
static void lower_windows(struct lower *l, const struct value *v)
{
    const struct value *a = value_base(v->arg[0]), *b = value_base(v->arg[1]);
    int64_t depth = v->turned ? v->arg[0]->dim[2] : v->arg[0]->dim[3];
    struct product p = {.lda = v->arg[0]->dim[3], .ldb = v->dim[v->rank - 1], .ta = v->turned, .windows = v->windows};
    p.a.storage = storage_of(l, a), p.b.storage = storage_of(l, b);
    p.k = v->windows.taps[0] * v->windows.taps[1] * depth;
    vec_push(l->mem, &l->k.products, p);
}

static void lower_product(struct lower *l, const struct value *v)
{
    if (v->kind == VALUE_WINDOWS) {
        lower_windows(l, v);
        return;
    }
    struct matrix a, b;
    if (!matrix_of(l->s, v->arg[0], &a) || !matrix_of(l->s, v->arg[1], &b)) abort(); /* values.c made them so */
    struct product p = {.lda = a.stride, .ldb = b.stride, .ta = v->node->ta != a.transposed, .tb = v->node->tb != b.transposed};
    p.a.storage = storage_of(l, a.base), p.a.offset = a.offset;
    p.b.storage = storage_of(l, b.base), p.b.offset = b.offset;
    p.k = v->node->ta ? a.rows : a.columns;
    vec_push(l->mem, &l->k.products, p);
}

static struct value **group_values(struct scheduling *s, const struct group *a, const struct group *b, uint32_t *n)
{
    struct value **all = NEW_ARRAY(s->mem, struct value *, a->count + (b ? b->count : 0));
    *n = 0;
    for (int i = 0; i < 2; i++)
        for (struct value *v = i ? (b ? b->first : NULL) : a->first; v; v = v->next) {
            uint32_t at = (*n)++;
            for (; at > 0 && all[at - 1]->id > v->id; at--) all[at] = all[at - 1];
            all[at] = v;
        }
    return all;
}

bool lower_fits(struct scheduling *s, struct group *product, struct group *with, const struct space *space)
{
    struct lower l;
    struct arena *mem = s->mem, *own = arena_new();
    s->mem = own;
    lower_start(&l, s, own, product, space);
    l.with = with;
    l.trial = true;
    uint32_t n;
    struct value **all = group_values(s, product, with, &n);
    lower_values(&l, all, n);
    bool fits = collapse_product(&l.k, product->rows, product->columns);
    s->mem = mem;
    arena_free(own);
    return fits;
}

struct kernel lower_group(struct scheduling *s, struct group *group, const struct space *space)
{
    struct lower l;
    lower_start(&l, s, s->g->mem, group, space);
    uint32_t n;
    struct value **all = group_values(s, group, NULL, &n);
    lower_values(&l, all, n);
    for (uint32_t i = 0; i < group->products.n; i++) lower_product(&l, group->products.at[i]);
    return l.k;
}
