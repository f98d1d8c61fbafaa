/* product_runs.c: a tap of a product over windows of few examples (kernels.h): along a row of the grid, the positions that meet pixels of the image at this tap are
 *
 *     as it is   x, meeting pixel stride * x + tap - before         back   stride * x + tap - before, meeting pixel x
 *
 * for x in a range without gaps. For each example they are rows of a plain matrix product, as far apart as that says. */
#include "codegen/product.h"

static ir at_least(struct emit *e, ir x, int64_t y) { return emit_select(e, emit_icmp(e, LLVMIntSLT, x, emit_i64(e, y)), emit_i64(e, y), x); }
static ir at_most(struct emit *e, ir x, int64_t y) { return emit_select(e, emit_icmp(e, LLVMIntSGT, x, emit_i64(e, y)), emit_i64(e, y), x); }

struct run {
    ir first, end;   /* of x */
    ir pixel, place; /* of the first: along the image's row, along the grid's */
};

static struct run run_of(struct product_work *w, ir tap)
{
    struct emit *e = w->n->e;
    const struct windows *x = &product_at(w)->windows;
    int64_t by = x->stride[1], limit = x->back ? x->grid[1] : x->image[1], most = x->back ? x->image[1] : x->grid[1];
    ir missing = emit_isub(e, emit_i64(e, x->before[1]), tap); /* stride * x is at least that, and less than `limit` more */
    struct run r;
    r.first = LLVMBuildUDiv(e->builder, emit_iadd_number(e, at_least(e, missing, 0), by - 1), emit_i64(e, by), "");
    r.end = LLVMBuildUDiv(e->builder, at_least(e, emit_iadd_number(e, missing, limit - 1 + by), 0), emit_i64(e, by), "");
    r.end = at_most(e, r.end, most);
    ir far = emit_isub(e, emit_imul_number(e, r.first, by), missing);
    r.pixel = x->back ? r.first : far;
    r.place = x->back ? far : r.first;
    return r;
}

/* Rows from `at` on, in blocks of `rows`; returns where there are too few left. */
static ir blocks_of(struct product_work *w, ir at, ir count, int64_t rows, ir from, ir to)
{
    struct emit *e = w->n->e;
    struct emit_loop loop;
    ir whole = emit_iadd(e, at, emit_imul_number(e, LLVMBuildUDiv(e->builder, emit_isub(e, count, at), emit_i64(e, rows), ""), rows));
    emit_loop_open(e, &loop, at, whole, rows);
    w->block = (unsigned)rows;
    w->run = emit_offset(e, from, e->real, emit_imul_number(e, loop.index, w->run_left));
    w->to = emit_offset(e, to, e->real, emit_imul_number(e, loop.index, w->run_to));
    product_make(w);
    emit_loop_close(e, &loop);
    return whole;
}

/* The run of one example: blocks of 8 rows (6 on AVX2), and what is left in halves. */
static void run_make(struct product_work *w, ir count, ir from, ir to)
{
    ir at = emit_i64(w->n->e, 0);
    for (int64_t rows = w->shape.rows; rows > 0; rows = rows > 4 ? 4 : rows / 2) at = blocks_of(w, at, count, rows, from, to);
}

void product_runs(struct product_work *w, const ir tap[2])
{
    struct nest *n = w->n;
    struct emit *e = n->e;
    const struct product *p = product_at(w);
    const struct windows *x = &p->windows;
    struct emit_loop loop, examples;
    int64_t inner = windows_inner(&n->k), row = x->grid[1] * inner, by = x->stride[1];
    ir inside, to = w->to;
    struct run r = run_of(w, tap[1]);
    ir count = emit_isub(e, r.end, r.first), none = emit_icmp(e, LLVMIntSLE, count, emit_i64(e, 0));
    w->run_left = (x->back ? 1 : by) * inner * p->lda;
    w->run_to = (x->back ? by : 1) * inner * w->stride;
    emit_loop_open(e, &loop, emit_i64(e, 0), w->rows, row);
    ir position = LLVMBuildUDiv(e->builder, emit_iadd(e, w->origin, loop.index), emit_i64(e, row), "");
    ir pixel = product_windows_pixel(w, 0, position, tap[0], &inside);
    LLVMBasicBlockRef meets = emit_block(e, "meets"), after = emit_block(e, "after");
    emit_branch(e, none, after, meets);
    emit_at(e, meets);
    LLVMBasicBlockRef there = emit_block(e, "there");
    emit_branch(e, inside, there, after);
    emit_at(e, there);
    emit_loop_open(e, &examples, emit_i64(e, 0), emit_i64(e, inner), 1);
    w->row = loop.index;
    ir first = emit_iadd(e, emit_imul_number(e, emit_iadd(e, emit_imul_number(e, pixel, x->image[1]), r.pixel), inner), examples.index);
    first = emit_iadd_number(e, emit_imul_number(e, first, p->lda), p->a.offset);
    access_check(n, p->a.storage, first, emit_iadd(e, first, emit_iadd_number(e, emit_imul_number(e, emit_iadd_number(e, count, -1), w->run_left), p->lda - 1)));
    ir row_to = emit_iadd(e, emit_iadd(e, loop.index, emit_imul_number(e, r.place, inner)), examples.index);
    run_make(w, count, emit_offset(e, access_base(n, p->a.storage), e->real, first), emit_offset(e, to, e->real, emit_imul_number(e, row_to, w->stride)));
    emit_loop_close(e, &examples);
    emit_go(e, after);
    emit_loop_close(e, &loop);
    w->to = to;
    w->run = NULL;
}
