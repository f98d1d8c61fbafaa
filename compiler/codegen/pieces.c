/* pieces.c: a short dimension that lies inside the lane: the five pieces of a maxout, the three colours of a pixel, the two coordinates of a point.
 *
 *     x [.., n, s], s neighbours in memory, vectors along n: element (i, j) at s * i + j
 *
 * Such a vector's elements lie s apart. The body is written for all s pieces of 16 points in turn; at the first, s whole vectors are loaded, and
 * shuffled into the pieces' own; at the last, what the pieces store is shuffled back and stored as s whole vectors. Nothing is gathered or scattered.
 * What does not depend on the piece, as the row that two columns of weights are multiplied with, is loaded once for all. */
#include "codegen/nest.h"
#include "schedule/rules.h"

#define INSNS_MOST 192 /* written out */

static bool in_pieces(const struct nest *n, const struct access *a)
{
    return a->stride[n->pack] == 1 && a->stride[n->lane] == (int64_t)n->pieces;
}

/* What there is to win: accesses in pieces, or vectors that all pieces share. */
static bool pays(const struct nest *n)
{
    for (uint32_t i = 0; i < n->k.body.n; i++) {
        const struct insn *in = &n->k.body.at[i];
        bool load = in->kind == INSN_LOAD, store = in->kind == INSN_STORE;
        if ((load || store) && in_pieces(n, &in->at)) return true;
        if (load && !in->outer && !n->k.reduced[n->pack] && in->at.stride[n->pack] == 0 && in->at.stride[n->lane] == 1) return true;
    }
    return false;
}

void pieces_begin(struct nest *n)
{
    const struct kernel *k = &n->k;
    if (k->extent[n->lane] < n->e->width || !rule_on(n->e->g, RULE_pieces)) return;
    for (uint32_t d = 0; d < k->rank; d++) {
        bool cut = k->tasks > 1 && k->split == d;
        if (d == n->lane || k->extent[d] < 2 || k->extent[d] > PIECES_MOST || cut || k->extent[d] * k->body.n > INSNS_MOST) continue;
        n->pack = d;
        n->pieces = (unsigned)k->extent[d];
        if (pays(n)) {
            n->packed = arena_take(n->e->mem, (k->body.n + 1) * sizeof *n->packed);
            return;
        }
    }
    n->pieces = 0;
}

bool pieces_has(const struct nest *n, const struct insn *in)
{
    return n->pieces && n->lanes > 1 && in_pieces(n, &in->at);
}

/* Lane l of the result is element from[l] of the vectors x, one after the other. */
static ir gather(struct emit *e, const ir *x, unsigned count, const unsigned *from)
{
    ir result = NULL, at[64];
    for (unsigned v = 0; v < count; v++) {
        bool any = false;
        for (unsigned l = 0; l < e->width; l++) {
            bool here = from[l] / e->width == v;
            any = any || here;
            at[l] = emit_integer(e->i32, result ? (here ? e->width + from[l] % e->width : l) : from[l] % e->width);
        }
        ir low = result ? result : x[v], high = result ? x[v] : LLVMGetPoison(LLVMTypeOf(x[v]));
        if (any) result = LLVMBuildShuffleVector(e->builder, low, high, LLVMConstVector(at, e->width), "");
    }
    return result;
}

/* The point moves to where vector v of the s that the 16 points fill starts; returns the access from there. */
struct whole {
    ir index, mask, count;
    struct access access;
};

static struct whole whole_begin(struct nest *n, const struct access *a, unsigned v)
{
    struct emit *e = n->e;
    struct whole kept = {n->index[n->lane], n->mask, n->count, *a};
    int64_t low = (int64_t)v * e->width, there;
    kept.access.offset += low;
    kept.access.stride[n->pack] = 0;
    kept.access.stride[n->lane] = 1;
    n->index[n->lane] = emit_imul(e, kept.index, emit_i64(e, n->pieces));
    if (!n->mask) return kept;
    n->count = emit_isub(e, emit_imul(e, kept.count, emit_i64(e, n->pieces)), emit_i64(e, low));
    if (emit_known(n->count, &there)) {
        ir bits[64];
        for (unsigned l = 0; l < e->width; l++) bits[l] = LLVMConstInt(e->i1, (int64_t)l < there, false);
        n->mask = LLVMConstVector(bits, e->width);
    } else n->mask = emit_icmp(e, LLVMIntSLT, emit_count(e->i64, e->width, 1), emit_splat(e, n->count, e->width));
    return kept;
}

static void whole_end(struct nest *n, const struct whole *kept)
{
    n->index[n->lane] = kept->index;
    n->mask = kept->mask;
    n->count = kept->count;
}

ir pieces_load(struct nest *n, uint32_t i, bool outer)
{
    struct emit *e = n->e;
    ir *own = n->packed[i][outer], x[PIECES_MOST];
    unsigned from[64];
    if (n->piece) return own[n->piece];
    for (unsigned v = 0; v < n->pieces; v++) {
        struct whole w = whole_begin(n, &n->k.body.at[i].at, v);
        x[v] = access_load(n, &w.access);
        whole_end(n, &w);
    }
    for (unsigned j = 0; j < n->pieces; j++) {
        for (unsigned l = 0; l < e->width; l++) from[l] = l * n->pieces + j;
        own[j] = gather(e, x, n->pieces, from);
    }
    return own[0];
}

void pieces_store(struct nest *n, uint32_t i, bool outer, ir value)
{
    struct emit *e = n->e;
    ir *own = n->packed[i][outer];
    unsigned from[64];
    own[n->piece] = value;
    if (n->piece + 1 < n->pieces) return;
    for (unsigned v = 0; v < n->pieces; v++) {
        for (unsigned l = 0; l < e->width; l++) {
            unsigned element = v * e->width + l;
            from[l] = element % n->pieces * e->width + element / n->pieces;
        }
        struct whole w = whole_begin(n, &n->k.body.at[i].at, v);
        access_store(n, &w.access, gather(e, own, n->pieces, from));
        whole_end(n, &w);
    }
}
