/* product_float.c: a tile of floats, panel by panel: the columns of each B that are not in memory as a panel are packed, then a few rows at a time are
 * made of all products and go through the body while they are in the first cache. A tile too deep for that (PRODUCT_DEEP) is made whole,
 * a piece of k after the other. Each element is summed product by product, in order of k. */
#include "codegen/product.h"

/* ---- cases: a size that is one of a few ---- */

/* body(size) if `value`, which is one of sizes[], is that size. */
void product_cases(struct product_work *w, ir value, const int64_t *sizes, unsigned count, product_case *body)
{
    struct emit *e = w->n->e;
    int64_t known;
    for (unsigned i = 0; i < count; i++) {
        if (count == 1 || (emit_known(value, &known) && known == sizes[i])) {
            body(w, sizes[i]);
            continue;
        }
        if (emit_known(value, &known)) continue;
        LLVMBasicBlockRef yes = emit_block(e, "case"), after = emit_block(e, "other");
        emit_branch(e, emit_icmp(e, LLVMIntEQ, value, emit_i64(e, sizes[i])), yes, after);
        emit_at(e, yes);
        body(w, sizes[i]);
        emit_go(e, after);
    }
}

/* The lengths of the parts that a tile of `size`, and what is left of `extent` by it, are cut into by `unit`. */
static unsigned parts(int64_t extent, int64_t size, int64_t unit, int64_t *out)
{
    int64_t all[3] = {size >= unit ? unit : 0, size % unit, extent % size % unit};
    unsigned count = 0;
    if (extent % size >= unit) all[0] = unit;
    for (int i = 0; i < 3; i++) {
        bool there = all[i] == 0;
        for (unsigned j = 0; j < count; j++) there = there || out[j] == all[i];
        if (!there) out[count++] = all[i];
    }
    return count;
}

/* From the open loop over parts of `unit`: how long this one is. */
static ir part_length(struct product_work *w, ir at, ir all, int64_t unit, unsigned count, const int64_t *sizes)
{
    struct emit *e = w->n->e;
    if (count == 1) return emit_i64(e, sizes[0]);
    ir left = emit_isub(e, all, at), most = emit_i64(e, unit);
    return emit_select(e, emit_icmp(e, LLVMIntSLT, left, most), left, most);
}

/* ---- the parts ---- */

static bool left_packed(const struct product_work *w) { return w->turned && product_at(w)->ta && !product_at(w)->panels; }
static bool left_copied(const struct product_work *w) { return w->copied && !product_at(w)->ta; }

/* In panels: the element of the left operand where `column` and `row` of what is stored meet, in a panel of `wide` columns. */
ir product_left_element(struct product_work *w, ir row, ir column, ir start, int64_t wide)
{
    struct emit *e = w->n->e;
    const struct access *a = &product_at(w)->a;
    const struct storage *s = access_storage(w->n, a->storage);
    row = emit_iadd(e, row, emit_i64(e, a->offset / s->columns));
    ir index = emit_iadd(e, emit_imul(e, start, emit_i64(e, s->elements / s->columns)), emit_imul(e, row, emit_i64(e, wide)));
    return emit_offset(e, access_base(w->n, a->storage), e->real, emit_iadd(e, index, emit_isub(e, column, start)));
}

/* The row of the left operand that this block begins with, of one that is stored turned the column. */
static ir left_row(struct product_work *w)
{
    return product_at(w)->windows.on ? product_windows_row(w) : emit_iadd(w->n->e, w->origin, w->row);
}

static int64_t left_rest(const struct product_work *w) { return product_at(w)->lda % PRODUCT_PANEL; }

/* The narrower last panel of a left operand that is stored as it is. */
static ir left_last(struct product_work *w)
{
    struct emit *e = w->n->e;
    ir start = emit_i64(e, product_at(w)->lda - left_rest(w));
    return product_left_element(w, left_row(w), start, start, left_rest(w));
}

/* The left operand where this block's rows and this piece of k begin. */
static ir left(struct product_work *w)
{
    struct emit *e = w->n->e;
    const struct product *p = product_at(w);
    if (p->panels) {
        ir row = left_row(w), zero = emit_i64(e, 0), panel = emit_i64(e, PRODUCT_PANEL);
        if (!p->ta) return product_left_element(w, row, zero, zero, PRODUCT_PANEL);
        return product_left_element(w, p->windows.on ? w->pixel : w->first, row, emit_imul(e, LLVMBuildUDiv(e->builder, row, panel, ""), panel), w->left_wide);
    }
    if (p->windows.on) return product_windows_left(w);
    if (left_copied(w)) return emit_offset(e, w->left[0], e->real, emit_imul(e, w->row, emit_i64(e, PRODUCT_DEPTH)));
    if (left_packed(w)) return emit_offset(e, w->left[w->product], e->real, emit_imul(e, emit_isub(e, w->row, w->chunk), w->depth));
    ir far = emit_i64(e, p->lda);
    ir index = p->ta ? emit_iadd(e, emit_imul(e, w->first, far), w->row) : emit_iadd(e, emit_imul(e, w->row, far), w->first);
    return emit_offset(e, w->operands[w->product].a, e->real, index);
}

/* This chunk's rows of the left operands that are stored turned: block after block, row of k after row. */
static void chunk_pack(struct product_work *w, ir rows)
{
    struct nest *n = w->n;
    struct emit *e = n->e;
    w->row = w->chunk;
    for (w->product = 0; w->product < n->k.products.n; w->product++) {
        const struct product *p = product_at(w);
        if (!p->ta || p->panels) continue;
        ir from = emit_offset(e, w->operands[w->product].a, e->real, w->chunk);
        product_left_call(e, w->shape.rows, p->lda, w->left[w->product], from, emit_i64(e, p->k), rows);
    }
}

/* fn(first column in the group, how many) for each strip of a group of `width` columns: those of a register tile. */
typedef void strip_body(struct product_work *w, int64_t column, int64_t columns);
static void strips(struct product_work *w, int64_t width, strip_body *body)
{
    int64_t unit = (int64_t)w->shape.vectors * w->n->e->width;
    w->width = width;
    for (int64_t at = 0; at < width; at += unit) body(w, at, least(unit, width - at));
}

static void pack(struct product_work *w, int64_t width)
{
    if (product_right_packs(w)) strips(w, width, product_right_pack);
}

static void strip_make(struct product_work *w, int64_t column, int64_t columns)
{
    struct emit *e = w->n->e;
    const struct product *p = product_at(w);
    unsigned vectors = (unsigned)((columns + e->width - 1) / e->width);
    int64_t padded = (int64_t)vectors * e->width;
    struct product_right right = product_right(w, column, columns);
    bool patches = p->windows.on && (windows_gathers(p) || windows_patches(&w->n->k)); /* [k, rows], or [rows, k] of what is turned */
    int64_t lda = w->run ? w->run_left : patches ? (p->ta ? windows_depth(p) : windows_unit(&w->n->k)) : p->panels ? w->left_wide : p->lda;
    if (left_packed(w)) lda = w->shape.rows;
    if (left_copied(w)) lda = PRODUCT_DEPTH;
    struct product_tile t = {.rows = w->block, .vectors = vectors, .lda = lda, .ldc = w->run ? w->run_to : w->stride, .ta = p->ta != patches,
                             .step = right.step, .columns_b = right.columns, .columns_c = w->direct ? columns : padded};
    if (w->run && w->run_lines > 1) t.half_a = w->run_left_apart, t.half_c = w->run_to_apart;
    if (p->panels && !p->ta) {
        const struct storage *s = access_storage(w->n, p->a.storage);
        t.apart = s->elements / s->columns * PRODUCT_PANEL;
        t.rest = left_rest(w);
    }
    if (p->windows.on) t.next = product_windows_next(w);
    ir fetch[PRODUCT_STREAMS];
    product_fetch_streams(w, column, columns, &t, fetch);
    ir to = emit_offset(e, w->to, e->real, emit_i64(e, column));
    ir a = left(w);
    product_tile_call(e, &t, a, t.rest ? left_last(w) : a, right.at, to, w->depth, w->add, fetch);
}

static void width_make(struct product_work *w, int64_t width) { strips(w, width, strip_make); }

static void left_make(struct product_work *w, int64_t wide)
{
    w->left_wide = wide;
    product_cases(w, w->columns, w->widths, w->nwidths, width_make);
}

/* Of a left operand that is stored turned, in panels, the block's rows stand in one of them, which may be the narrower last one. */
void product_make(struct product_work *w)
{
    struct emit *e = w->n->e;
    const struct product *p = product_at(w);
    int64_t sizes[] = {PRODUCT_PANEL, left_rest(w)};
    if (!p->panels || !p->ta || !sizes[1]) {
        left_make(w, PRODUCT_PANEL);
        return;
    }
    ir row = left_row(w), last = emit_icmp(e, LLVMIntSGE, row, emit_i64(e, p->lda - sizes[1]));
    product_cases(w, emit_select(e, last, emit_i64(e, sizes[1]), emit_i64(e, sizes[0])), sizes, 2, left_make);
}

/* The block's rows, of all products where the whole of k is at hand, else of the one at work. */
static void block_make(struct product_work *w, int64_t rows)
{
    struct emit *e = w->n->e;
    w->block = (unsigned)rows;
    if (!w->whole) {
        product_make(w);
        return;
    }
    for (w->product = 0; w->product < w->n->k.products.n; w->product++) {
        w->depth = emit_i64(e, product_at(w)->k);
        w->add = emit_integer(e->i1, w->product > 0);
        product_make(w);
    }
}

/* The rows that a block may have: a chunk may end in the middle of one. */
static unsigned block_sizes(const struct product_work *w, int64_t *sizes)
{
    const struct kernel *k = &w->n->k;
    return parts(k->extent[0], k->tile[0], w->shape.rows, sizes);
}

/* Block after block of rows of the group; each through the body where that does not wait for the rest of k. */
static void blocks(struct product_work *w, bool body)
{
    struct nest *n = w->n;
    struct emit *e = n->e;
    int64_t sizes[3];
    unsigned count = block_sizes(w, sizes);
    ir low = n->low[0], high = n->high[0], group = w->to;
    struct emit_loop loop;
    emit_loop_open(e, &loop, w->chunk, w->chunk_end, w->shape.rows);
    ir rows = part_length(w, loop.index, w->chunk_end, w->shape.rows, count, sizes);
    w->row = loop.index;
    if (w->direct || !body) w->to = emit_offset(e, group, e->real, emit_imul(e, loop.index, emit_i64(e, w->stride)));
    product_cases(w, rows, sizes, count, block_make);
    if (body && !w->direct) {
        n->row = n->low[0] = emit_iadd(e, low, loop.index);
        n->high[0] = emit_iadd(e, n->low[0], rows);
        nest_loops(n);
    }
    emit_loop_close(e, &loop);
    n->low[0] = low, n->high[0] = high;
    w->to = group;
}

/* From the start of the open loop over groups of columns: the group is the one at `at`. */
void product_group(struct product_work *w, ir at, ir columns)
{
    w->at = at;
    w->columns = part_length(w, at, columns, w->group, w->nwidths, w->widths);
}

void product_pack(struct product_work *w) { product_cases(w, w->columns, w->widths, w->nwidths, pack); }

/* The right operands of all products in the group at work. */
static void group_pack(struct product_work *w)
{
    struct nest *n = w->n;
    for (w->product = 0; w->product < n->k.products.n; w->product++) {
        w->depth = emit_i64(n->e, product_at(w)->k);
        product_pack(w);
    }
}

void product_blocks(struct product_work *w) { blocks(w, false); }

/* Group after group of columns. */
static void groups(struct product_work *w, bool packs, bool makes)
{
    struct nest *n = w->n;
    struct emit *e = n->e;
    ir to = w->to, low = n->low[1], high = n->high[1], columns = emit_isub(e, high, low);
    struct emit_loop loop;
    emit_loop_open(e, &loop, emit_i64(e, 0), columns, w->group);
    product_group(w, loop.index, columns);
    if (packs) group_pack(w);
    if (w->direct) w->to = emit_offset(e, to, e->real, loop.index);
    else {
        n->column = n->low[1] = emit_iadd(e, low, loop.index);
        n->high[1] = emit_iadd(e, n->low[1], w->columns);
    }
    if (makes) blocks(w, true);
    emit_loop_close(e, &loop);
    n->low[1] = low, n->high[1] = high;
    w->to = to;
}

/* All of k at once. */
static void whole_make(struct product_work *w)
{
    struct nest *n = w->n;
    struct emit *e = n->e;
    struct emit_loop loop;
    int64_t unit = PRODUCT_CHUNK / w->shape.rows * w->shape.rows;
    bool chunks = w->ahead;
    if (!w->direct) {
        access_begin(n);
        body_begin(n);
    }
    if (!w->turned) {
        groups(w, true, true);
        return;
    }
    if (chunks) {
        groups(w, true, false);
        emit_loop_open(e, &loop, emit_i64(e, 0), w->rows, unit);
        w->chunk = loop.index;
        ir end = emit_iadd(e, loop.index, emit_i64(e, unit));
        w->chunk_end = emit_select(e, emit_icmp(e, LLVMIntSLT, end, w->rows), end, w->rows);
    }
    chunk_pack(w, emit_isub(e, w->chunk_end, w->chunk));
    groups(w, !chunks, true);
    if (chunks) emit_loop_close(e, &loop);
}

/* A piece of k after the other, over the whole tile. */
static void pieces_make(struct product_work *w)
{
    struct nest *n = w->n;
    struct emit *e = n->e;
    struct emit_loop piece, loop;
    ir to = w->to, step = emit_i64(e, PRODUCT_DEPTH), columns = emit_isub(e, n->high[1], n->low[1]);
    for (w->product = 0; w->product < n->k.products.n; w->product++) {
        ir all = emit_i64(e, product_at(w)->k);
        emit_loop_open(e, &piece, emit_i64(e, 0), all, PRODUCT_DEPTH);
        w->first = piece.index;
        ir rest = emit_isub(e, all, piece.index);
        w->depth = emit_select(e, emit_icmp(e, LLVMIntSLT, rest, step), rest, step);
        w->add = w->product ? emit_integer(e->i1, 1) : emit_icmp(e, LLVMIntNE, piece.index, emit_i64(e, 0));
        if (left_copied(w)) {
            ir from = emit_offset(e, w->operands[w->product].a, e->real, w->first);
            product_copy_call(e, product_at(w)->lda, w->left[0], from, w->depth, w->rows);
        }
        emit_loop_open(e, &loop, emit_i64(e, 0), columns, w->group);
        product_group(w, loop.index, columns);
        product_pack(w);
        w->to = emit_offset(e, to, e->real, loop.index);
        blocks(w, false);
        emit_loop_close(e, &loop);
        emit_loop_close(e, &piece);
    }
    if (w->direct) return;
    access_begin(n);
    body_begin(n);
    nest_loops(n);
}

static int64_t divisor(int64_t a, int64_t b) { return b ? divisor(b, a % b) : a; }

/* Rows of a block. Those of a left operand that is stored turned, in panels, are to lie in one panel: tiles begin at multiples of PRODUCT_BLOCK. */
static struct product_shape shape_of(const struct nest *n)
{
    const struct kernel *k = &n->k;
    struct product_shape shape = product_shape(n->e);
    for (uint32_t i = 0; i < k->products.n; i++) {
        const struct product *p = &k->products.at[i];
        int64_t part = p->windows.on ? windows_unit(k) : k->tile[0], all = p->windows.on ? windows_inner(k) : k->extent[0];
        bool apart = p->ta && p->panels && part < all && part % shape.rows;
        if (apart && PRODUCT_BLOCK % shape.rows) shape.rows = PRODUCT_BLOCK / 2;
    }
    return shape;
}

void product_float(struct nest *n, const struct product_operands *operands, int64_t stride)
{
    struct emit *e = n->e;
    const struct kernel *k = &n->k;
    int64_t depth = kernel_depth(k), wide = (k->tile[1] + e->width - 1) / e->width * e->width, at = 0;
    struct product_work w = {.n = n, .shape = shape_of(n), .operands = operands, .whole = depth <= PRODUCT_DEEP && !kernel_windows(k), .direct = stride != 0};
    w.group = w.whole ? kernel_group(k) : PRODUCT_PANEL;
    w.nwidths = parts(k->extent[1], k->tile[1], w.group, w.widths);
    w.rows = emit_isub(e, n->high[0], n->low[0]);
    w.origin = n->low[0], w.column = n->low[1];
    w.packed = NEW_ARRAY(e->mem, ir, k->products.n);
    w.left = NEW_ARRAY(e->mem, ir, k->products.n);
    w.turned = kernel_turned(k);
    w.ahead = kernel_chunks(k) > 1;
    w.first = w.chunk = emit_i64(e, 0);
    w.chunk_end = w.rows;
    ir memory = product_memory(n);
    if (kernel_windows(k) && windows_spreads(k)) {
        product_spread(&w, memory);
        return;
    }
    for (uint32_t i = 0; i < k->products.n; i++) {
        w.packed[i] = emit_offset(e, memory, e->real, emit_i64(e, at));
        if (w.whole) at += k->products.at[i].k * (w.ahead ? wide : w.group);
        w.left[i] = emit_offset(e, memory, e->real, emit_i64(e, at));
        if (w.turned) at += k->products.at[i].k * (PRODUCT_CHUNK + PRODUCT_BLOCK);
    }
    w.copied = kernel_copied(k);
    if (kernel_windows(k)) {
        const struct product *p = &k->products.at[0];
        at = (windows_gathers(p) ? p->k : windows_depth(p)) * w.group;
        w.left[0] = emit_offset(e, memory, e->real, emit_i64(e, at));
        at = kernel_worker_bytes(k, e->size) / e->size - k->tile[0] * wide;
    }
    else if (!w.whole) {
        at = PRODUCT_DEPTH * w.group;
        w.left[0] = emit_offset(e, memory, e->real, emit_i64(e, at));
        if (w.copied) at += PRODUCT_DEPTH * k->tile[0];
    }
    w.to = w.direct ? product_window(n, stride) : emit_offset(e, memory, e->real, emit_i64(e, at));
    w.stride = w.direct ? stride : w.whole ? w.group : wide;
    n->tile = w.to;
    n->row = n->low[0], n->column = n->low[1], n->columns = w.stride;
    if (kernel_windows(k)) {
        product_windows(&w);
        return;
    }
    if (!w.whole) {
        pieces_make(&w);
        return;
    }
    if (k->extent[1] > w.group) { /* the body meets groups */
        n->unit = k->extent[1] > k->tile[1] ? divisor(k->tile[1], w.group) : w.group;
        n->nlengths = w.nwidths;
        memcpy(n->lengths, w.widths, sizeof n->lengths);
    }
    whole_make(&w);
}
