/* reduce.c: reductions in lanes, and their fixed order of combination.
 *
 * Each vector of a strip has an accumulator of its own. Summed along the lane, they come together as (0 + 1) + (2 + 3), then the upper half
 * of the lanes onto the lower until one is left. The order depends on the shape alone: not on tasks, threads or the processor.
 * max_over: a NaN stays once it was met. argmax: the first of equals; NaN never wins; 0 where nothing was above -inf. */
#include "codegen/nest.h"

struct pair {
    ir value, where;
};

static struct accumulator *accumulator(struct nest *n, uint32_t i, unsigned bank, unsigned vector)
{
    return &n->accumulators[(i * 2 + bank) * ACCUMULATORS + vector];
}

static const struct insn *reduction(const struct nest *n, uint32_t i)
{
    const struct insn *in = &n->k.body.at[i];
    return in->kind == INSN_REDUCE ? in : NULL;
}

static ir identity(enum op op, ir_type type)
{
    return emit_number(type, op == OP_sum ? 0 : -HUGE_VAL);
}

#define NOWHERE 0x1p62 /* argmax: behind every index */

/* b comes after a in the order of elements where `ordered`; else the indices decide between equals. */
static struct pair combine(struct emit *e, enum op op, struct pair a, struct pair b, bool ordered)
{
    if (op == OP_sum) return (struct pair){emit_fadd(e, a.value, b.value), NULL};
    if (op == OP_max_over) {
        ir keep = emit_or(e, emit_fcmp(e, LLVMRealOGE, a.value, b.value), emit_fcmp(e, LLVMRealUNO, a.value, a.value));
        return (struct pair){emit_select(e, keep, a.value, b.value), NULL};
    }
    ir take = emit_fcmp(e, LLVMRealOGT, b.value, a.value);
    if (!ordered) {
        ir equal = emit_fcmp(e, LLVMRealOEQ, b.value, a.value), before = emit_fcmp(e, LLVMRealOLT, b.where, a.where);
        take = emit_or(e, take, emit_and(e, equal, before));
    }
    return (struct pair){emit_select(e, take, b.value, a.value), emit_select(e, take, b.where, a.where)};
}

static struct pair get(struct nest *n, const struct accumulator *a, ir_type type)
{
    struct emit *e = n->e;
    return (struct pair){emit_load(e, type, a->value), a->where ? emit_load(e, type, a->where) : NULL};
}

static void put(struct nest *n, const struct accumulator *a, struct pair p)
{
    emit_store(n->e, p.value, a->value);
    if (a->where) emit_store(n->e, p.where, a->where);
}

static ir_type sum_type(const struct nest *n)
{
    return emit_vector(n->e->real, n->k.extent[n->lane] == 1 ? 1 : n->e->width);
}

void reduce_begin(struct nest *n, unsigned bank, unsigned vectors)
{
    struct emit *e = n->e;
    ir_type type = sum_type(n);
    for (uint32_t i = 0; i < n->k.body.n; i++)
        for (unsigned v = 0; v < vectors && reduction(n, i); v++) {
            struct accumulator *a = accumulator(n, i, bank, v);
            enum op op = n->k.body.at[i].op;
            if (!a->value) {
                a->value = emit_local(e, type);
                a->where = op == OP_argmax ? emit_local(e, type) : NULL;
            }
            put(n, a, (struct pair){identity(op, type), emit_number(type, NOWHERE)});
        }
}

/* The position that argmax tells: along the innermost reduced dimension. */
static ir position(struct nest *n)
{
    struct emit *e = n->e;
    uint32_t d = n->k.rank;
    while (d-- > 1 && !n->k.reduced[d]) {}
    ir at = d == n->lane ? body_lane_numbers(n, n->index[d], 1) : emit_splat(e, n->index[d], n->lanes);
    return LLVMBuildSIToFP(e->builder, at, emit_like(e->real, at), "");
}

void reduce_add(struct nest *n, unsigned bank, unsigned vector)
{
    struct emit *e = n->e;
    for (uint32_t i = 0; i < n->k.body.n; i++) {
        const struct insn *in = reduction(n, i);
        if (!in) continue;
        struct pair x = {body_value(n, in->arg[0], false), in->op == OP_argmax ? position(n) : NULL};
        ir_type type = LLVMTypeOf(x.value);
        if (n->mask) {
            x.value = emit_select(e, n->mask, x.value, identity(in->op, type));
            if (x.where) x.where = emit_select(e, n->mask, x.where, emit_number(type, NOWHERE));
        }
        const struct accumulator *a = accumulator(n, i, bank, vector);
        put(n, a, combine(e, in->op, get(n, a, type), x, true));
    }
}

void reduce_merge(struct nest *n, unsigned from, unsigned to, unsigned vectors)
{
    ir_type type = sum_type(n);
    for (uint32_t i = 0; i < n->k.body.n; i++)
        for (unsigned v = 0; v < vectors && reduction(n, i); v++) {
            const struct accumulator *a = accumulator(n, i, to, v), *b = accumulator(n, i, from, v);
            put(n, a, combine(n->e, n->k.body.at[i].op, get(n, a, type), get(n, b, type), true));
        }
}

/* argmax gives the position. */
static ir result(struct emit *e, enum op op, struct pair p)
{
    if (op != OP_argmax) return p.value;
    ir_type t = LLVMTypeOf(p.where);
    return emit_select(e, emit_fcmp(e, LLVMRealOGE, p.where, emit_number(t, NOWHERE)), emit_number(t, 0), p.where);
}

void reduce_column(struct nest *n, unsigned bank, unsigned vector)
{
    for (uint32_t i = 0; i < n->k.body.n; i++)
        n->outer[i] = reduction(n, i) ? result(n->e, n->k.body.at[i].op, get(n, accumulator(n, i, bank, vector), sum_type(n))) : NULL;
}

static ir half(struct emit *e, ir x, unsigned lanes, unsigned from)
{
    ir at[64];
    if (!x) return NULL;
    if (lanes == 1) return LLVMBuildExtractElement(e->builder, x, emit_integer(e->i32, from), "");
    for (unsigned i = 0; i < lanes; i++) at[i] = LLVMConstInt(e->i32, from + i, false);
    return LLVMBuildShuffleVector(e->builder, x, LLVMGetPoison(LLVMTypeOf(x)), LLVMConstVector(at, lanes), "");
}

/* A strip's vectors as one. */
static struct pair strip_sum(struct nest *n, uint32_t i, unsigned first, unsigned vectors)
{
    struct pair p[UNROLL];
    enum op op = n->k.body.at[i].op;
    for (unsigned v = 0; v < vectors; v++) p[v] = get(n, accumulator(n, i, 0, first + v), sum_type(n));
    for (unsigned left = vectors; left > 1; left /= 2)
        for (unsigned v = 0; v < left / 2; v++) p[v] = combine(n->e, op, p[2 * v], p[2 * v + 1], false);
    return p[0];
}

void reduce_row(struct nest *n, unsigned first, unsigned vectors)
{
    struct emit *e = n->e;
    for (uint32_t i = 0; i < n->k.body.n; i++) {
        n->outer[i] = NULL;
        if (!reduction(n, i)) continue;
        enum op op = n->k.body.at[i].op;
        struct pair p = strip_sum(n, i, first, vectors);
        for (unsigned lanes = emit_lanes(p.value) / 2; lanes >= 1; lanes /= 2) {
            struct pair low = {half(e, p.value, lanes, 0), half(e, p.where, lanes, 0)};
            struct pair high = {half(e, p.value, lanes, lanes), half(e, p.where, lanes, lanes)};
            p = combine(e, op, low, high, false);
        }
        n->outer[i] = result(e, op, p);
    }
}

static ir kept(struct nest *n, uint32_t i, unsigned first, int which, ir row)
{
    struct emit *e = n->e;
    ir *at = &accumulator(n, i, 0, first)->kept[which];
    if (!*at) *at = emit_local(e, LLVMArrayType2(sum_type(n), e->width));
    return emit_offset(e, *at, sum_type(n), row);
}

void reduce_keep(struct nest *n, unsigned first, unsigned vectors, ir row)
{
    for (uint32_t i = 0; i < n->k.body.n; i++) {
        if (!reduction(n, i)) continue;
        struct pair p = strip_sum(n, i, first, vectors);
        emit_store(n->e, p.value, kept(n, i, first, 0, row));
        if (p.where) emit_store(n->e, p.where, kept(n, i, first, 1, row));
    }
}

void reduce_keep_none(struct nest *n, unsigned first, ir row)
{
    ir none = LLVMConstNull(sum_type(n));
    for (uint32_t i = 0; i < n->k.body.n; i++)
        for (int which = 0; reduction(n, i) && which <= (n->k.body.at[i].op == OP_argmax); which++) emit_store(n->e, none, kept(n, i, first, which, row));
}

/* Of rows that have `each` lanes of x and of y: the lower half of each, or the upper one, x's rows first. */
static ir halves(struct emit *e, ir x, ir y, unsigned each, bool upper)
{
    ir at[64];
    if (!x) return NULL;
    for (unsigned i = 0; i < e->width; i++) at[i] = emit_integer(e->i32, i / (each / 2) * each + i % (each / 2) + (upper ? each / 2 : 0));
    return LLVMBuildShuffleVector(e->builder, x, y, LLVMConstVector(at, e->width), "");
}

/* As in reduce_row, of all rows in step: with each halving two vectors become one, of twice as many rows. */
void reduce_rows(struct nest *n, unsigned first)
{
    struct emit *e = n->e;
    ir_type type = sum_type(n);
    for (uint32_t i = 0; i < n->k.body.n; i++) {
        n->outer[i] = NULL;
        if (!reduction(n, i)) continue;
        enum op op = n->k.body.at[i].op;
        struct pair p[64];
        for (unsigned r = 0; r < e->width; r++) {
            ir row = emit_i64(e, r);
            p[r] = (struct pair){emit_load(e, type, kept(n, i, first, 0, row)), op == OP_argmax ? emit_load(e, type, kept(n, i, first, 1, row)) : NULL};
        }
        for (unsigned each = e->width; each > 1; each /= 2)
            for (unsigned v = 0; v < each / 2; v++) {
                const struct pair *x = &p[2 * v], *y = &p[2 * v + 1];
                struct pair low = {halves(e, x->value, y->value, each, false), halves(e, x->where, y->where, each, false)};
                struct pair high = {halves(e, x->value, y->value, each, true), halves(e, x->where, y->where, each, true)};
                p[v] = combine(e, op, low, high, false);
            }
        n->outer[i] = result(e, op, p[0]);
    }
}
