/* body.c: a kernel's instructions at the present point of its nest.
 *
 * An outer instruction may ask for an inner one that does not depend on the reduced dimensions: it is written again, at the outer point. */
#include "codegen/nest.h"

#include <string.h>

/* What no point changes is written once, in the function's first block: scalars, thresholds, the random numbers' key. */
void body_begin(struct nest *n)
{
    struct emit *e = n->e;
    uint32_t count = n->k.body.n + 1;
    n->hoisted = NEW_ARRAY(e->mem, ir, count);
    n->always = NEW_ARRAY(e->mem, ir, count);
    n->inner = NEW_ARRAY(e->mem, ir, count);
    n->outer = NEW_ARRAY(e->mem, ir, count);
    n->shares = NEW_ARRAY(e->mem, bool, count);
    n->ahead = arena_take(e->mem, count * sizeof *n->ahead);
    n->words = arena_take(e->mem, count * sizeof *n->words);
    n->accumulators = NEW_ARRAY(e->mem, struct accumulator, count * 2 * ACCUMULATORS);
    bool draws = false;
    for (uint32_t i = 0; i < n->k.body.n; i++) {
        const struct insn *in = &n->k.body.at[i];
        draws = draws || in->kind == INSN_RANDOM;
        n->reduces = n->reduces || in->kind == INSN_REDUCE;
        if (in->kind != INSN_SCALAR) continue;
        ir at = emit_offset(e, emit_field(e, n->frame, FRAME_SCALARS), e->f64, emit_i64(e, in->index));
        n->hoisted[i] = emit_convert(e, emit_load(e, e->f64, at), e->real);
    }
    if (!n->reduces) memset(n->k.reduced, 0, sizeof n->k.reduced);
    if (draws) random_begin(n);
}

ir body_lane_numbers(struct nest *n, ir first, int64_t stride)
{
    struct emit *e = n->e;
    if (n->lanes == 1) return first;
    return emit_iadd(e, emit_splat(e, first, n->lanes), emit_count(e->i64, n->lanes, stride));
}

static ir value_make(struct nest *n, uint32_t i, bool outer)
{
    struct emit *e = n->e;
    const struct insn *in = &n->k.body.at[i];
    ir x[3];
    switch (in->kind) {
    case INSN_NUMBER: return emit_number(emit_vector(e->real, n->lanes), in->number);
    case INSN_SCALAR: return emit_splat(e, n->hoisted[i], n->lanes);
    case INSN_INDEX: {
        ir at = body_lane_numbers(n, access_index(n, &in->at), in->at.stride[n->lane]);
        return LLVMBuildSIToFP(e->builder, at, emit_like(e->real, at), "");
    }
    case INSN_LOAD:
        if (n->ahead[i][n->sum]) return n->ahead[i][n->sum];
        return pieces_has(n, in) ? pieces_load(n, i, outer) : access_load(n, &in->at);
    case INSN_OP:
        for (uint32_t k = 0; k < in->nargs; k++) x[k] = body_value(n, in->arg[k], outer);
        return emit_map(e, in->op, x);
    case INSN_RANDOM: return random_value(n, i);
    case INSN_PRODUCT: return access_tile(n);
    case INSN_STORE:
    case INSN_REDUCE: break; /* no value; set by reduce.c before anything asks for it */
    }
    return NULL;
}

ir body_value(struct nest *n, uint32_t i, bool outer)
{
    ir *at = outer ? &n->outer[i] : &n->inner[i];
    if (!*at) *at = value_make(n, i, outer);
    return *at;
}

static void body_part(struct nest *n, bool outer)
{
    for (uint32_t i = 0; i < n->k.body.n; i++) {
        const struct insn *in = &n->k.body.at[i];
        if (in->kind == INSN_REDUCE || in->outer != outer) continue;
        if (in->kind == INSN_STORE && pieces_has(n, in)) pieces_store(n, i, outer, body_value(n, in->arg[0], outer));
        else if (in->kind == INSN_STORE) access_store(n, &in->at, body_value(n, in->arg[0], outer));
        else body_value(n, i, outer);
    }
}

void body_inner(struct nest *n)
{
    memset(n->inner, 0, n->k.body.n * sizeof *n->inner);
    body_part(n, false);
}

void body_outer(struct nest *n)
{
    body_part(n, true);
}
