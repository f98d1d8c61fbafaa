/* product_float.c: a tile of floats: its columns of each B are packed into panels, then a few rows at a time are made of all products and go
 * through the body while they are in the first cache. A tile too deep to be packed at once (PRODUCT_DEEP) is made whole, a piece of k after
 * the other. Each element is summed product by product, in order of k. */
#include "codegen/product.h"

#define DIRECT_BLOCKS 2 /* so few blocks of rows do not repay packing */

struct work {
    struct nest *n;
    struct product_shape shape;
    const struct product_operands *operands;
    ir rows, columns;       /* of this task's tile */
    ir to;                  /* the first element of the tile or, of a tile that is made a block of rows at a time, of the block */
    int64_t stride;         /* between its rows */
    bool direct;            /* it is the storage */
    bool whole;             /* all of k is packed at once */
    ir *packed;             /* by product: its panels */
    /* the product at work, its piece of k, its block of rows */
    uint32_t product;
    ir first, depth;
    ir row;                 /* the block's first, from the tile's start */
    unsigned block;         /* its rows */
    ir add;                 /* i1: to what stands there */
};

/* ---- cases: a size that is one of a few ---- */

/* What a length of `size`, or what is left of `extent` by it, can leave over when it is cut by `unit`. */
static unsigned rests(int64_t extent, int64_t size, int64_t unit, int64_t *out)
{
    int64_t all[2] = {size % unit, extent % size % unit};
    unsigned count = 0;
    for (int i = 0; i < 2; i++)
        if (all[i] && !(count && out[0] == all[i])) out[count++] = all[i];
    return count;
}

typedef void case_body(struct work *w, int64_t size, ir at);

/* body(size) if `left`, which is one of sizes[] or anything else, is that size. */
static void cases(struct work *w, ir left, const int64_t *sizes, unsigned count, ir at, case_body *body)
{
    struct emit *e = w->n->e;
    int64_t known;
    for (unsigned i = 0; i < count; i++) {
        if (emit_known(left, &known)) {
            if (known == sizes[i]) body(w, sizes[i], at);
            continue;
        }
        LLVMBasicBlockRef yes = emit_block(e, "case"), after = emit_block(e, "other");
        emit_branch(e, emit_icmp(e, LLVMIntEQ, left, emit_i64(e, sizes[i])), yes, after);
        emit_at(e, yes);
        body(w, sizes[i], at);
        emit_go(e, after);
    }
}

/* body(width, first column) for each panel of the tile, the last narrower. */
static void panels(struct work *w, case_body *body)
{
    struct emit *e = w->n->e;
    const struct kernel *k = &w->n->k;
    int64_t unit = (int64_t)w->shape.vectors * e->width, left[2];
    ir whole = emit_imul(e, LLVMBuildUDiv(e->builder, w->columns, emit_i64(e, unit), ""), emit_i64(e, unit));
    if (k->tile[1] >= unit) {
        struct emit_loop loop;
        emit_loop_open(e, &loop, emit_i64(e, 0), whole, unit);
        body(w, unit, loop.index);
        emit_loop_close(e, &loop);
    }
    unsigned count = rests(k->extent[1], k->tile[1], unit, left);
    cases(w, emit_isub(e, w->columns, whole), left, count, whole, body);
}

/* ---- the parts ---- */

static const struct product *product_at(const struct work *w)
{
    return &w->n->k.products.at[w->product];
}

static bool reads_direct(const struct work *w)
{
    const struct product *p = product_at(w);
    return !p->tb && (p->ldb <= PRODUCT_NEAR || w->n->k.tile[0] <= DIRECT_BLOCKS * (int64_t)w->shape.rows);
}

static unsigned vectors_of(const struct work *w, int64_t columns)
{
    return (unsigned)((columns + w->n->e->width - 1) / w->n->e->width);
}

/* An operand's element: `across` from the tile's start along the tile's dimension, at the start of this piece of k. */
static ir element(struct work *w, ir operand, int64_t stride, bool depth_in_row, ir across)
{
    struct emit *e = w->n->e;
    ir far = emit_i64(e, stride);
    ir index = depth_in_row ? emit_iadd(e, emit_imul(e, across, far), w->first) : emit_iadd(e, emit_imul(e, w->first, far), across);
    return emit_offset(e, operand, e->real, index);
}

static ir left(struct work *w)
{
    const struct product *p = product_at(w);
    return element(w, w->operands[w->product].a, p->lda, !p->ta, w->row);
}

static ir right(struct work *w, ir column)
{
    const struct product *p = product_at(w);
    return element(w, w->operands[w->product].b, p->ldb, p->tb, column);
}

static ir panel(struct work *w, ir at)
{
    struct emit *e = w->n->e;
    return emit_offset(e, w->packed[w->product], e->real, emit_imul(e, at, w->depth));
}

static void pack_panel(struct work *w, int64_t columns, ir at)
{
    const struct product *p = product_at(w);
    struct product_panel one = {.vectors = vectors_of(w, columns), .ldb = p->ldb, .tb = p->tb, .columns = columns};
    product_pack_call(w->n->e, &one, panel(w, at), right(w, at), w->depth);
}

static void pack(struct work *w)
{
    if (!reads_direct(w)) panels(w, pack_panel);
}

static void tile_make(struct work *w, int64_t columns, ir at)
{
    struct emit *e = w->n->e;
    const struct product *p = product_at(w);
    unsigned vectors = vectors_of(w, columns);
    int64_t padded = (int64_t)vectors * e->width;
    bool stored = reads_direct(w);
    struct product_tile t = {.rows = w->block, .vectors = vectors, .lda = p->lda, .ldc = w->stride, .ta = p->ta, .step = stored ? p->ldb : padded,
                             .columns_b = stored ? columns : padded, .columns_c = w->direct ? columns : padded};
    product_tile_call(e, &t, left(w), stored ? right(w, at) : panel(w, at), emit_offset(e, w->to, e->real, at), w->depth, w->add);
}

/* The block's rows, of all products where the whole of k is packed, else of the one at work. */
static void block_make(struct work *w, int64_t rows, ir at)
{
    struct emit *e = w->n->e;
    uint32_t count = w->n->k.products.n;
    w->block = (unsigned)rows;
    w->row = at;
    if (!w->whole) {
        panels(w, tile_make);
        return;
    }
    for (w->product = 0; w->product < count; w->product++) {
        w->depth = emit_i64(e, product_at(w)->k);
        w->add = emit_integer(e->i1, w->product > 0);
        panels(w, tile_make);
    }
}

/* block_make for `left` rows from `at` on: a full block, or one of those that can be left over. */
static void block(struct work *w, ir at, ir count)
{
    const struct kernel *k = &w->n->k;
    int64_t unit = w->shape.rows, sizes[3];
    unsigned full = k->tile[0] >= unit, all = full + rests(k->extent[0], k->tile[0], unit, sizes + full);
    if (full) sizes[0] = unit;
    if (all == 1) block_make(w, sizes[0], at);
    else cases(w, count, sizes, all, at, block_make);
}

/* From the open loop over blocks: how many rows this one has. */
static ir block_count(struct work *w, ir at)
{
    struct emit *e = w->n->e;
    ir left = emit_isub(e, w->rows, at), unit = emit_i64(e, w->shape.rows);
    return emit_select(e, emit_icmp(e, LLVMIntSLT, left, unit), left, unit);
}

/* All of k packed, then block after block of rows, each through the body. */
static void whole_make(struct work *w)
{
    struct nest *n = w->n;
    struct emit *e = n->e;
    ir window = w->to, low = n->low[0], high = n->high[0];
    w->first = emit_i64(e, 0);
    for (w->product = 0; w->product < n->k.products.n; w->product++) {
        w->depth = emit_i64(e, product_at(w)->k);
        pack(w);
    }
    if (!w->direct) {
        access_begin(n);
        body_begin(n);
    }
    struct emit_loop loop;
    emit_loop_open(e, &loop, emit_i64(e, 0), w->rows, w->shape.rows);
    ir count = block_count(w, loop.index);
    if (w->direct) w->to = emit_offset(e, window, e->real, emit_imul(e, loop.index, emit_i64(e, w->stride)));
    block(w, loop.index, count);
    if (!w->direct) {
        n->row = n->low[0] = emit_iadd(e, low, loop.index);
        n->high[0] = emit_iadd(e, n->low[0], count);
        nest_loops(n);
    }
    emit_loop_close(e, &loop);
    n->low[0] = low, n->high[0] = high;
}

/* A piece of k after the other, over the whole tile. */
static void pieces_make(struct work *w)
{
    struct nest *n = w->n;
    struct emit *e = n->e;
    struct emit_loop piece, loop;
    ir window = w->to, step = emit_i64(e, PRODUCT_DEPTH);
    for (w->product = 0; w->product < n->k.products.n; w->product++) {
        ir all = emit_i64(e, product_at(w)->k);
        emit_loop_open(e, &piece, emit_i64(e, 0), all, PRODUCT_DEPTH);
        w->first = piece.index;
        ir left = emit_isub(e, all, piece.index);
        w->depth = emit_select(e, emit_icmp(e, LLVMIntSLT, left, step), left, step);
        w->add = w->product ? emit_integer(e->i1, 1) : emit_icmp(e, LLVMIntNE, piece.index, emit_i64(e, 0));
        pack(w);
        emit_loop_open(e, &loop, emit_i64(e, 0), w->rows, w->shape.rows);
        w->to = emit_offset(e, window, e->real, emit_imul(e, loop.index, emit_i64(e, w->stride)));
        block(w, loop.index, block_count(w, loop.index));
        emit_loop_close(e, &loop);
        emit_loop_close(e, &piece);
    }
    if (w->direct) return;
    access_begin(n);
    body_begin(n);
    nest_loops(n);
}

void product_float(struct nest *n, const struct product_operands *operands, int64_t stride)
{
    struct emit *e = n->e;
    const struct kernel *k = &n->k;
    int64_t depth = kernel_depth(k), wide = (k->tile[1] + e->width - 1) / e->width * e->width, at = 0;
    struct work w = {.n = n, .shape = product_shape(e), .operands = operands, .whole = depth <= PRODUCT_DEEP, .direct = stride != 0};
    w.rows = emit_isub(e, n->high[0], n->low[0]);
    w.columns = emit_isub(e, n->high[1], n->low[1]);
    w.packed = NEW_ARRAY(e->mem, ir, k->products.n);
    ir memory = product_memory(n);
    for (uint32_t i = 0; i < k->products.n; i++) {
        w.packed[i] = emit_offset(e, memory, e->real, emit_i64(e, at));
        if (w.whole) at += k->products.at[i].k * wide;
    }
    if (!w.whole) at = PRODUCT_DEPTH * wide;
    w.to = w.direct ? product_window(n, stride) : emit_offset(e, memory, e->real, emit_i64(e, at));
    w.stride = w.direct ? stride : wide;
    n->tile = w.to;
    n->row = n->low[0], n->column = n->low[1], n->columns = wide;
    if (w.whole) whole_make(&w);
    else pieces_make(&w);
}
