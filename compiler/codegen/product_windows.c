/* product_windows.c: a tile of a product over windows (kernels.h): convolutions.
 *
 * The tile lies in the worker's own memory and starts as zeros. Tap after tap, a group of columns of that tap's part of the right operand meets the pixels of
 * all positions in the tile, each a plain matrix whose rows lie in order; what falls outside of the image adds nothing. An element is thus the sum over
 * the taps, in order, of sums over a tap's depth, whatever the tile. Of few channels, patches are gathered first (product_gather.c): position after
 * position, and all taps are one sum; or, in the gradient for the weights, tap after tap, and the rows are those of all taps that a tile has. */
#include "codegen/product.h"
#include "schedule/rules.h"

static ir quotient(struct emit *e, ir x, int64_t y) { return y == 1 ? x : LLVMBuildUDiv(e->builder, x, emit_i64(e, y), ""); }
static ir remainder_of(struct emit *e, ir x, int64_t y) { return emit_isub(e, x, emit_imul_number(e, quotient(e, x, y), y)); }

/* The tile's first `columns` of all its rows. */
static void clear(struct product_work *w, ir columns)
{
    struct emit *e = w->n->e;
    struct emit_loop row, loop;
    emit_loop_open(e, &row, emit_i64(e, 0), w->rows, 1);
    ir to = emit_offset(e, w->to, e->real, emit_imul_number(e, row.index, w->stride));
    emit_loop_open(e, &loop, emit_i64(e, 0), columns, e->width); /* rows are of whole vectors */
    emit_store(e, LLVMConstNull(emit_vector(e->real, e->width)), emit_offset(e, to, e->real, loop.index));
    emit_loop_close(e, &loop);
    emit_loop_close(e, &row);
}

ir product_windows_pixel(struct product_work *w, int i, ir position, ir tap, ir *inside)
{
    struct emit *e = w->n->e;
    const struct product *p = product_at(w);
    const struct windows *x = &p->windows;
    ir at, whole = emit_integer(e->i1, 1);
    if (x->back) {
        ir far = emit_isub(e, emit_iadd_number(e, position, x->before[i]), tap);
        whole = emit_icmp(e, LLVMIntSGE, far, emit_i64(e, 0));
        at = quotient(e, far, x->stride[i]);
        whole = emit_and(e, whole, emit_icmp(e, LLVMIntEQ, emit_imul_number(e, at, x->stride[i]), far));
    } else {
        at = emit_iadd(e, emit_imul_number(e, position, p->ta ? 1 : x->stride[i]), emit_imul_number(e, tap, p->ta ? x->stride[i] : 1));
        at = emit_iadd_number(e, at, -x->before[i]);
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

/* In panels: the next rows, `block` of them, or the next panel of the same ones. */
int64_t product_windows_next(const struct product_work *w)
{
    const struct product *p = product_at(w);
    const struct storage *s = access_storage(w->n, p->a.storage);
    if (!p->panels || !rule_on(w->n->e->g, RULE_fetch)) return 0;
    return p->ta ? s->elements / s->columns * PRODUCT_PANEL : (int64_t)w->block;
}

ir product_windows_left(struct product_work *w)
{
    struct emit *e = w->n->e;
    const struct product *p = product_at(w);
    if (w->run) return w->run;
    if (windows_gathers(p)) return emit_offset(e, w->left[0], e->real, emit_isub(e, w->row, w->unit));
    if (windows_patches(&w->n->k)) return emit_offset(e, w->left[0], e->real, emit_imul_number(e, emit_iadd(e, w->place, w->row), windows_depth(p)));
    ir at = product_windows_row(w), row = p->ta ? w->pixel : at, column = p->ta ? at : emit_i64(e, 0);
    ir base = access_base(w->n, p->a.storage);
    return emit_offset(e, base, e->real, emit_iadd_number(e, emit_iadd(e, emit_imul_number(e, row, p->lda), column), p->a.offset));
}

static void check(struct product_work *w)
{
    struct emit *e = w->n->e;
    const struct product *p = product_at(w);
    int64_t unit = windows_unit(&w->n->k), rows = p->ta ? windows_depth(p) : unit, columns = p->ta ? unit : p->lda;
    ir first = emit_imul_number(e, p->ta ? w->pixel : emit_iadd(e, w->pixel, w->place), p->lda);
    first = emit_iadd_number(e, p->ta ? emit_iadd(e, first, w->place) : first, p->a.offset);
    access_check(w->n, p->a.storage, first, emit_iadd_number(e, first, (rows - 1) * p->lda + columns - 1));
}

static void block(struct product_work *w, ir row, int64_t rows, ir to)
{
    struct emit *e = w->n->e;
    w->row = row;
    w->block = (unsigned)rows;
    w->to = emit_offset(e, to, e->real, emit_imul_number(e, row, w->stride));
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
    if (unit > whole) block(w, emit_iadd_number(e, w->unit, whole), unit - whole, to);
    w->to = to;
}

/* The unit at loop.index of the tile's rows: its position, its place in that. */
static ir unit_enter(struct product_work *w, ir at)
{
    struct emit *e = w->n->e;
    int64_t inner = windows_inner(&w->n->k);
    w->unit = at;
    ir row = emit_iadd(e, w->origin, w->unit), position = quotient(e, row, inner);
    w->place = emit_isub(e, row, emit_imul_number(e, position, inner));
    return position;
}

ir product_windows_enter(struct product_work *w, ir position, ir tap)
{
    struct emit *e = w->n->e;
    const struct product *p = product_at(w);
    const struct windows *x = &p->windows;
    ir inside[2], pixel[2];
    for (int i = 0; i < 2; i++) {
        ir at = i ? remainder_of(e, position, x->grid[1]) : quotient(e, position, x->grid[1]);
        pixel[i] = product_windows_pixel(w, i, at, i ? remainder_of(e, tap, x->taps[1]) : quotient(e, tap, x->taps[1]), &inside[i]);
    }
    ir number = emit_iadd(e, emit_imul_number(e, pixel[0], x->image[1]), pixel[1]);
    w->pixel = emit_imul_number(e, number, p->ta ? windows_depth(p) : windows_inner(&w->n->k));
    return emit_and(e, inside[0], inside[1]);
}

/* All positions of the tile that meet a pixel at this tap. */
static void positions_make(struct product_work *w, ir tap)
{
    struct emit *e = w->n->e;
    struct emit_loop loop;
    emit_loop_open(e, &loop, emit_i64(e, 0), w->rows, windows_unit(&w->n->k));
    ir inside = product_windows_enter(w, unit_enter(w, loop.index), tap);
    LLVMBasicBlockRef meets = emit_block(e, "meets"), after = emit_block(e, "after");
    emit_branch(e, inside, meets, after);
    emit_at(e, meets);
    check(w);
    unit_make(w);
    emit_go(e, after);
    emit_loop_close(e, &loop);
}

/* ---- few channels ---- */

/* Patches of a position, then all their columns. */
static void patches_make(struct product_work *w, ir columns)
{
    struct nest *n = w->n;
    struct emit *e = n->e;
    struct emit_loop loop, group;
    ir to = w->to;
    w->first = emit_i64(e, 0);
    w->depth = emit_i64(e, product_at(w)->k);
    w->add = emit_integer(e->i1, 0);
    emit_loop_open(e, &loop, emit_i64(e, 0), w->rows, windows_unit(&n->k));
    product_gather(w, emit_i64(e, 0), emit_i64(e, product_at(w)->windows.taps[0] * product_at(w)->windows.taps[1]), unit_enter(w, loop.index));
    emit_loop_open(e, &group, emit_i64(e, 0), columns, w->group);
    product_group(w, group.index, columns);
    product_pack(w);
    w->to = emit_offset(e, to, e->real, group.index);
    unit_make(w);
    emit_loop_close(e, &group);
    emit_loop_close(e, &loop);
    w->to = to;
}

/* ---- all ---- */

/* Tap after tap. */
static void taps_make(struct product_work *w, ir columns)
{
    struct nest *n = w->n;
    struct emit *e = n->e;
    const struct product *p = product_at(w);
    struct emit_loop taps, loop;
    ir to = w->to;
    w->depth = emit_i64(e, windows_depth(p));
    w->add = emit_integer(e->i1, 1);
    clear(w, columns);
    emit_loop_open(e, &taps, emit_i64(e, 0), emit_i64(e, p->windows.taps[0] * p->windows.taps[1]), 1);
    w->first = emit_imul_number(e, taps.index, windows_depth(p));
    if (windows_patches(&n->k)) {
        ir channels = emit_i64(e, windows_inner(&n->k)), low = LLVMBuildUDiv(e->builder, w->origin, channels, "");
        ir end = emit_iadd(e, emit_iadd(e, w->origin, w->rows), emit_iadd_number(e, channels, -1));
        product_gather(w, low, LLVMBuildUDiv(e->builder, end, channels, ""), taps.index);
        w->place = emit_isub(e, w->origin, emit_imul(e, low, channels));
    }
    emit_loop_open(e, &loop, emit_i64(e, 0), columns, w->group);
    product_group(w, loop.index, columns);
    product_pack(w);
    w->to = emit_offset(e, to, e->real, loop.index);
    if (windows_patches(&n->k)) product_blocks(w);
    else if (windows_runs(&n->k)) product_runs(w, (ir[]){quotient(e, taps.index, p->windows.taps[1]), remainder_of(e, taps.index, p->windows.taps[1])});
    else positions_make(w, taps.index);
    emit_loop_close(e, &loop);
    emit_loop_close(e, &taps);
    w->to = to;
}

void product_windows(struct product_work *w)
{
    struct nest *n = w->n;
    ir columns = emit_isub(n->e, n->high[1], n->low[1]);
    w->product = 0;
    if (windows_gathers(product_at(w))) patches_make(w, columns);
    else taps_make(w, columns);
    access_begin(n);
    body_begin(n);
    nest_loops(n);
}
