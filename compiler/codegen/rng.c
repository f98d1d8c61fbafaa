/* rng.c: random numbers as ganrt/random.h defines them, Philox4x32-10 in vectors of 32-bit integers.
 *
 * An example's elements are laid out so that 64 neighbours (32 of normal) come from 16 blocks of four words: where a strip of four vectors begins at a multiple
 * of 64, one set of blocks serves it all. Anywhere else each lane works out its own block and takes one word of it. */
#include "codegen/nest.h"
#include "schedule/rules.h"

#include <stdio.h>

static ir low_half(struct emit *e, ir x)
{
    return LLVMBuildTrunc(e->builder, x, emit_like(e->i32, x), "");
}

static ir widen(struct emit *e, ir x)
{
    return LLVMBuildZExt(e->builder, x, emit_like(e->i64, x), "");
}

/* Every second 32-bit half of a and of b, from `first` on, in turns: a's, b's, a's, ... */
static ir halves(struct emit *e, ir a, ir b, unsigned lanes, unsigned first)
{
    ir at[64];
    for (unsigned i = 0; i < lanes; i++) at[i] = emit_integer(e->i32, (i & 1 ? lanes : 0) + (i & ~1u) + first);
    return LLVMBuildShuffleVector(e->builder, a, b, LLVMConstVector(at, lanes), "");
}

/* x times a constant: the upper and the lower 32 bits. Vectors by their even and their odd lanes, each a product of 32 by 32 bits where it stands,
 * as processors have it. */
static void multiply(struct emit *e, ir x, uint32_t by, ir *high, ir *low)
{
    unsigned lanes = emit_lanes(x);
    if (lanes == 1) {
        ir whole = emit_imul(e, widen(e, x), emit_integer(e->i64, by));
        *high = low_half(e, emit_lshr(e, whole, 32));
        *low = low_half(e, whole);
        return;
    }
    ir_type narrow = LLVMTypeOf(x), wide = emit_vector(e->i64, lanes / 2);
    ir both = LLVMBuildBitCast(e->builder, x, wide, ""), factor = emit_integer(wide, by);
    ir even = emit_imul(e, emit_and(e, both, emit_integer(wide, UINT32_MAX)), factor), odd = emit_imul(e, emit_lshr(e, both, 32), factor);
    even = LLVMBuildBitCast(e->builder, even, narrow, "");
    odd = LLVMBuildBitCast(e->builder, odd, narrow, "");
    *high = halves(e, even, odd, lanes, 1);
    *low = halves(e, even, odd, lanes, 0);
}

/* gan_philox_LANES: (key[2], counter[4]) -> four words, each in LANES blocks. A function: it is long, and kernels are written several times. */
static ir philox_function(struct emit *e, unsigned lanes)
{
    char name[32];
    snprintf(name, sizeof name, "gan_philox_%u", lanes);
    ir f = LLVMGetNamedFunction(e->module, name);
    if (f) return f;
    struct emit_aside aside;
    ir_type v = emit_vector(e->i32, lanes), words = LLVMStructTypeInContext(e->context, (ir_type[]){v, v, v, v}, 4, false);
    ir c[4];
    f = emit_aside_open(e, &aside, name, LLVMFunctionType(words, (ir_type[]){e->i32, e->i32, v, v, v, v}, 6, false));
    for (unsigned i = 0; i < 4; i++) c[i] = LLVMGetParam(f, 2 + i);
    ir key[2] = {emit_splat(e, LLVMGetParam(f, 0), lanes), emit_splat(e, LLVMGetParam(f, 1), lanes)};
    for (uint32_t round = 0; round < 10; round++) {
        ir k0 = emit_iadd(e, key[0], emit_integer(v, round * 0x9E3779B9u)), k1 = emit_iadd(e, key[1], emit_integer(v, round * 0xBB67AE85u));
        ir high[2], low[2];
        multiply(e, c[0], 0xD2511F53u, &high[0], &low[0]);
        multiply(e, c[2], 0xCD9E8D57u, &high[1], &low[1]);
        c[0] = emit_xor(e, emit_xor(e, high[1], c[1]), k0);
        c[2] = emit_xor(e, emit_xor(e, high[0], c[3]), k1);
        c[1] = low[1];
        c[3] = low[0];
    }
    ir result = LLVMGetPoison(words);
    for (unsigned i = 0; i < 4; i++) result = LLVMBuildInsertValue(e->builder, result, c[i], i, "");
    emit_aside_close(e, &aside, result);
    return f;
}

static void philox(struct nest *n, ir counter[4])
{
    struct emit *e = n->e;
    ir args[6] = {n->key[0], n->key[1], counter[0], counter[1], counter[2], counter[3]};
    ir words = emit_call(e, philox_function(e, n->lanes), args, 6);
    for (unsigned i = 0; i < 4; i++) counter[i] = LLVMBuildExtractValue(e->builder, words, i, "");
}

/* floor(p 2^32) of bernoulli's p, as a 32-bit number and whether it is 2^32: then every word is below it. NaN counts as 0. */
static void threshold(struct nest *n, uint32_t i)
{
    struct emit *e = n->e;
    ir p = emit_load(e, e->f64, emit_offset(e, emit_field(e, n->frame, FRAME_SCALARS), e->f64, emit_i64(e, n->k.body.at[i].scalar)));
    ir zero = emit_number(e->f64, 0), one = emit_number(e->f64, 1);
    n->always[i] = emit_fcmp(e, LLVMRealOGE, p, one);
    p = emit_select(e, emit_fcmp(e, LLVMRealOGT, p, zero), emit_select(e, n->always[i], zero, p), zero);
    n->hoisted[i] = low_half(e, LLVMBuildFPToUI(e->builder, emit_fmul(e, p, emit_number(e->f64, 0x1p32)), e->i64, ""));
}

static bool multiple(const struct nest *n, const struct access *a, int64_t of)
{
    bool good = a->offset % of == 0 && (n->unit == n->k.extent[n->lane] || n->unit % of == 0);
    for (uint32_t d = 0; d < n->k.rank; d++) good = good && (d == n->lane || a->stride[d] % of == 0);
    return good;
}

void random_begin(struct nest *n)
{
    struct emit *e = n->e;
    ir seed = emit_field_address(e, n->frame, FRAME_SEED), tick = emit_field(e, n->frame, FRAME_TICK);
    for (unsigned i = 0; i < 2; i++) n->key[i] = emit_load(e, e->i32, emit_offset(e, seed, e->i32, emit_i64(e, i)));
    n->tick = low_half(e, tick);
    n->stream_tick = emit_and(e, low_half(e, emit_lshr(e, tick, 32)), emit_integer(e->i32, 0xffff));
    bool share = e->width == 16 && rule_on(e->g, RULE_share_words);
    for (uint32_t i = 0; i < n->k.body.n; i++) {
        const struct insn *in = &n->k.body.at[i];
        if (in->kind != INSN_RANDOM) continue;
        if (in->op == OP_rand_bernoulli) threshold(n, i);
        n->shares[i] = share && in->at.stride[n->lane] == 1 && in->example.stride[n->lane] == 0 && multiple(n, &in->at, 64);
    }
}

/* Index of an access in each lane, in 32 bits where its values fit. */
static ir numbers(struct nest *n, const struct access *a)
{
    struct emit *e = n->e;
    int64_t low, high, stride = n->lanes > 1 ? a->stride[n->lane] : 0;
    ir first = access_index(n, a);
    bool narrow = access_range(n, a, &low, &high) && low >= 0 && high < INT32_MAX;
    if (!narrow) return stride ? body_lane_numbers(n, first, stride) : emit_splat(e, first, n->lanes);
    ir start = emit_splat(e, low_half(e, first), n->lanes);
    return stride ? emit_iadd(e, start, emit_count(e->i32, n->lanes, stride)) : start;
}

static ir to_32(struct emit *e, ir x)
{
    return emit_element(x) == e->i32 ? x : low_half(e, x);
}

/* Of stacked minibatches: the example within its own, and the stream's part of the counter. Where all lanes have one example, both are worked out once. */
static ir stacked_example(struct nest *n, const struct insn *in, ir *example)
{
    struct emit *e = n->e;
    bool one = n->lanes == 1 || in->example.stride[n->lane] == 0;
    ir at = one ? low_half(e, access_index(n, &in->example)) : to_32(e, numbers(n, &in->example)), size = emit_integer(LLVMTypeOf(at), (uint64_t)in->minibatch);
    ir minibatch = LLVMBuildUDiv(e->builder, at, size, "");
    *example = LLVMBuildSub(e->builder, at, emit_imul(e, minibatch, size), "");
    if (one) *example = emit_splat(e, *example, n->lanes);
    ir stream = emit_imul(e, minibatch, emit_integer(LLVMTypeOf(at), in->apart));
    return emit_shl(e, emit_iadd(e, stream, emit_integer(LLVMTypeOf(at), in->index)), 16);
}

static void counter_rest(struct nest *n, const struct insn *in, ir counter[4])
{
    struct emit *e = n->e;
    ir stream = emit_integer(e->i32, in->index << 16);
    if (in->minibatch) {
        stream = stacked_example(n, in, &counter[1]);
    } else {
        counter[1] = to_32(e, numbers(n, &in->example));
    }
    counter[2] = emit_splat(e, n->tick, n->lanes);
    bool one = LLVMTypeOf(stream) == e->i32; /* for all lanes */
    counter[3] = one ? emit_splat(e, emit_or(e, n->stream_tick, stream), n->lanes) : emit_or(e, emit_splat(e, n->stream_tick, n->lanes), stream);
}

/* The strip's blocks, once for `period` vectors: element e = at + 16 sub + lane, at a multiple of 64; `each` words make an element. */
static const ir *strip_words(struct nest *n, uint32_t i, unsigned each)
{
    struct emit *e = n->e;
    const struct insn *in = &n->k.body.at[i];
    unsigned period = 4 / each;
    if (n->sub % period == 0) {
        ir block = emit_lshr(e, access_index(n, &in->at), each == 1 ? 2 : 1), *counter = n->words[i];
        counter[0] = emit_iadd(e, emit_splat(e, low_half(e, block), n->lanes), emit_count(e->i32, n->lanes, 1));
        counter_rest(n, in, counter);
        philox(n, counter);
    }
    return n->words[i] + n->sub % period * each;
}

static ir choose(struct emit *e, ir which, unsigned bit, ir no, ir yes)
{
    ir_type t = LLVMTypeOf(which);
    ir set = emit_icmp(e, LLVMIntNE, emit_and(e, which, emit_integer(t, 1u << bit)), emit_integer(t, 0));
    return emit_select(e, set, yes, no);
}

static void lane_words(struct nest *n, uint32_t i, unsigned each, ir *words)
{
    struct emit *e = n->e;
    const struct insn *in = &n->k.body.at[i];
    ir at = numbers(n, &in->at), counter[4];
    ir block = emit_shl(e, emit_lshr(e, at, each == 1 ? 6 : 5), 4);
    counter[0] = to_32(e, emit_or(e, block, emit_and(e, at, emit_integer(LLVMTypeOf(at), 15))));
    counter_rest(n, in, counter);
    philox(n, counter);
    if (each == 2)
        for (unsigned k = 0; k < 2; k++) words[k] = choose(e, at, 4, counter[k], counter[k + 2]);
    else
        words[0] = choose(e, at, 5, choose(e, at, 4, counter[0], counter[1]), choose(e, at, 4, counter[2], counter[3]));
}

static ir from_integer(struct emit *e, ir x) /* below 2^31 */
{
    return LLVMBuildSIToFP(e->builder, x, emit_like(e->real, x), "");
}

static ir scaled(struct emit *e, ir x, double by)
{
    return emit_fmul(e, x, emit_number(LLVMTypeOf(x), by));
}

/* gan_normal_LANES: two words -> a standard normal number, by Box and Muller: the radius from u1 in (0, 1], the angle from u2 in [0, 1). */
static ir normal_function(struct emit *e, ir_type words)
{
    char name[32];
    unsigned lanes = LLVMGetTypeKind(words) == LLVMVectorTypeKind ? LLVMGetVectorSize(words) : 1;
    snprintf(name, sizeof name, "gan_normal_%u", lanes);
    ir f = LLVMGetNamedFunction(e->module, name), y;
    if (f) return f;
    struct emit_aside aside;
    f = emit_aside_open(e, &aside, name, LLVMFunctionType(emit_vector(e->real, lanes), (ir_type[]){words, words}, 2, false));
    ir u1 = scaled(e, from_integer(e, emit_iadd(e, emit_lshr(e, LLVMGetParam(f, 0), 8), emit_integer(words, 1))), 0x1p-24);
    ir radius = emit_unary(e, "llvm.sqrt", scaled(e, math_log(e, u1), -2)), turn = emit_lshr(e, LLVMGetParam(f, 1), 8);
    if (e->real == e->f32) y = math_cos_turn(e, turn);
    else y = math_cos(e, scaled(e, scaled(e, from_integer(e, turn), 0x1p-24), 0x1.921fb54442d18p+2));
    emit_aside_close(e, &aside, emit_fmul(e, radius, y));
    return f;
}

ir random_value(struct nest *n, uint32_t i)
{
    struct emit *e = n->e;
    const struct insn *in = &n->k.body.at[i];
    unsigned each = in->op == OP_rand_normal ? 2 : 1;
    ir own[2];
    const ir *words = own;
    if (n->shares[i] && n->strip == UNROLL) words = strip_words(n, i, each);
    else lane_words(n, i, each, own);
    ir_type reals = emit_like(e->real, words[0]);
    switch (in->op) {
    case OP_rand_normal: return emit_call(e, normal_function(e, LLVMTypeOf(words[0])), (ir[]){words[0], words[1]}, 2);
    case OP_rand_bernoulli: {
        ir below = emit_icmp(e, LLVMIntULT, words[0], emit_splat(e, n->hoisted[i], n->lanes));
        ir yes = emit_or(e, below, emit_splat(e, n->always[i], n->lanes));
        return emit_select(e, yes, emit_number(reals, 1), emit_number(reals, 0));
    }
    case OP_rand_index: {
        ir wide = widen(e, words[0]);
        ir at = emit_lshr(e, emit_imul(e, wide, emit_integer(LLVMTypeOf(wide), (uint64_t)in->number)), 32);
        return LLVMBuildUIToFP(e->builder, low_half(e, at), reals, "");
    }
    default: return scaled(e, from_integer(e, emit_lshr(e, words[0], 8)), 0x1p-24);
    }
}
