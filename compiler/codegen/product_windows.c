/* product_windows.c: a tile of a product over windows (kernels.h): convolutions.
 *
 * The tile lies in the worker's own memory and starts as zeros. Tap after tap, a group of columns of that tap's part of the right operand meets the pixels of all
 * positions in the tile, each a plain matrix whose rows lie in order; what falls outside of the image adds nothing. An element is thus the sum over
 * the taps, in order, of sums over a tap's depth, whatever the tile. */
#include "codegen/product.h"

static ir add_number(struct emit *e, ir x, int64_t y) { return emit_iadd(e, x, emit_i64(e, y)); }
static ir times_number(struct emit *e, ir x, int64_t y) { return emit_imul(e, x, emit_i64(e, y)); }
static ir quotient(struct emit *e, ir x, int64_t y) { return y == 1 ? x : LLVMBuildUDiv(e->builder, x, emit_i64(e, y), ""); }
static ir remainder_of(struct emit *e, ir x, int64_t y) { return emit_isub(e, x, times_number(e, quotient(e, x, y), y)); }

/* The tile's first `columns` of all its rows. */
static void clear(struct product_work *w, ir columns)
{
    struct emit *e = w->n->e;
    struct emit_loop row, loop;
    emit_loop_open(e, &row, emit_i64(e, 0), w->rows, 1);
    ir to = emit_offset(e, w->to, e->real, times_number(e, row.index, w->stride));
    emit_loop_open(e, &loop, emit_i64(e, 0), columns, e->width); /* rows are of whole vectors */
    emit_store(e, LLVMConstNull(emit_vector(e->real, e->width)), emit_offset(e, to, e->real, loop.index));
    emit_loop_close(e, &loop);
    emit_loop_close(e, &row);
}

/* Along axis i: the pixel that `position` meets at `tap`; *inside: whether there is one. */
static ir pixel_of(struct product_work *w, int i, ir position, ir tap, ir *inside)
{
    struct emit *e = w->n->e;
    const struct product *p = product_at(w);
    const struct windows *x = &p->windows;
    ir at, whole = emit_integer(e->i1, 1);
    if (x->back) {
        ir far = emit_isub(e, add_number(e, position, x->before[i]), tap);
        whole = emit_icmp(e, LLVMIntSGE, far, emit_i64(e, 0));
        at = quotient(e, far, x->stride[i]);
        whole = emit_and(e, whole, emit_icmp(e, LLVMIntEQ, times_number(e, at, x->stride[i]), far));
    } else {
        at = emit_iadd(e, times_number(e, position, p->ta ? 1 : x->stride[i]), times_number(e, tap, p->ta ? x->stride[i] : 1));
        at = add_number(e, at, -x->before[i]);
    }
    *inside = emit_and(e, whole, emit_icmp(e, LLVMIntULT, at, emit_i64(e, x->image[i])));
    return at;
}

ir product_windows_row(struct product_work *w)
{
    struct emit *e = w->n->e;
    ir within = emit_iadd(e, w->place, emit_isub(e, w->row, w->unit));
    return product_at(w)->ta ? within : emit_iadd(e, w->pixel, within);
}

ir product_windows_left(struct product_work *w)
{
    struct emit *e = w->n->e;
    const struct product *p = product_at(w);
    ir at = product_windows_row(w), row = p->ta ? w->pixel : at, column = p->ta ? at : emit_i64(e, 0);
    ir base = access_base(w->n, p->a.storage);
    return emit_offset(e, base, e->real, add_number(e, emit_iadd(e, times_number(e, row, p->lda), column), p->a.offset));
}

static void check(struct product_work *w)
{
    struct emit *e = w->n->e;
    const struct product *p = product_at(w);
    int64_t unit = windows_unit(&w->n->k), rows = p->ta ? windows_depth(p) : unit, columns = p->ta ? unit : p->lda;
    ir first = times_number(e, p->ta ? w->pixel : emit_iadd(e, w->pixel, w->place), p->lda);
    first = add_number(e, p->ta ? emit_iadd(e, first, w->place) : first, p->a.offset);
    access_check(w->n, p->a.storage, first, add_number(e, first, (rows - 1) * p->lda + columns - 1));
}

static void block(struct product_work *w, ir row, int64_t rows, ir to)
{
    struct emit *e = w->n->e;
    w->row = row;
    w->block = (unsigned)rows;
    w->to = emit_offset(e, to, e->real, times_number(e, row, w->stride));
    product_make(w);
}

/* The rows that stand together, a block after the other. */
static void unit_make(struct product_work *w)
{
    struct emit *e = w->n->e;
    struct emit_loop loop;
    ir to = w->to;
    int64_t unit = windows_unit(&w->n->k), rows = w->shape.rows, whole = unit / rows * rows;
    if (whole) {
        emit_loop_open(e, &loop, emit_i64(e, 0), emit_i64(e, whole), rows);
        block(w, emit_iadd(e, w->unit, loop.index), rows, to);
        emit_loop_close(e, &loop);
    }
    if (unit > whole) block(w, add_number(e, w->unit, whole), unit - whole, to);
    w->to = to;
}

/* All positions of the tile that meet a pixel at this tap. */
static void positions_make(struct product_work *w, const ir tap[2])
{
    struct nest *n = w->n;
    struct emit *e = n->e;
    const struct product *p = product_at(w);
    const struct windows *x = &p->windows;
    struct emit_loop loop;
    int64_t inner = windows_inner(&n->k);
    ir inside[2], pixel[2];
    emit_loop_open(e, &loop, emit_i64(e, 0), w->rows, windows_unit(&n->k));
    w->unit = loop.index;
    ir row = emit_iadd(e, w->origin, w->unit), position = quotient(e, row, inner);
    w->place = emit_isub(e, row, times_number(e, position, inner));
    for (int i = 0; i < 2; i++) pixel[i] = pixel_of(w, i, i ? remainder_of(e, position, x->grid[1]) : quotient(e, position, x->grid[1]), tap[i], &inside[i]);
    LLVMBasicBlockRef meets = emit_block(e, "meets"), after = emit_block(e, "after");
    emit_branch(e, emit_and(e, inside[0], inside[1]), meets, after);
    emit_at(e, meets);
    ir number = emit_iadd(e, times_number(e, pixel[0], x->image[1]), pixel[1]);
    w->pixel = times_number(e, number, p->ta ? windows_depth(p) : inner);
    check(w);
    unit_make(w);
    emit_go(e, after);
    emit_loop_close(e, &loop);
}

void product_windows(struct product_work *w)
{
    struct nest *n = w->n;
    struct emit *e = n->e;
    const struct product *p = &n->k.products.at[0];
    const struct windows *x = &p->windows;
    struct emit_loop taps, loop;
    ir to = w->to, columns = emit_isub(e, n->high[1], n->low[1]);
    w->product = 0;
    w->depth = emit_i64(e, windows_depth(p));
    w->add = emit_integer(e->i1, 1);
    clear(w, columns);
    emit_loop_open(e, &taps, emit_i64(e, 0), emit_i64(e, x->taps[0] * x->taps[1]), 1);
    w->first = times_number(e, taps.index, windows_depth(p));
    ir tap[2] = {quotient(e, taps.index, x->taps[1]), remainder_of(e, taps.index, x->taps[1])};
    emit_loop_open(e, &loop, emit_i64(e, 0), columns, w->group);
    product_group(w, loop.index, columns);
    product_pack(w);
    w->to = emit_offset(e, to, e->real, loop.index);
    positions_make(w, tap);
    emit_loop_close(e, &loop);
    emit_loop_close(e, &taps);
    w->to = to;
    access_begin(n);
    body_begin(n);
    nest_loops(n);
}
