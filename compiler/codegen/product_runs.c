/* product_runs.c: a tap of a product over windows of few examples (kernels.h): along an axis of the grid, the positions that meet pixels of the image at this tap are
 *
 *     as it is   x, meeting pixel stride * x + tap - before         back   stride * x + tap - before, meeting pixel x
 *
 * for x in a range without gaps. For each example a run of them along a row of the grid is a plain matrix product, whose rows are as far apart as that says. Where
 * runs are short, those of two rows of the grid go through the registers together: the right operand is read half as often. */
#include "codegen/product.h"

#include <stdlib.h>

static ir at_least(struct emit *e, ir x, ir y) { return emit_select(e, emit_icmp(e, LLVMIntSLT, x, y), y, x); }
static ir at_most(struct emit *e, ir x, ir y) { return emit_select(e, emit_icmp(e, LLVMIntSGT, x, y), y, x); }

struct run {
    ir first, end; /* of x */
    ir missing;    /* `far` of x is stride * x - missing: the pixel, back the position */
};

/* Along this axis, of the positions [low, high). */
static struct run run_of(struct product_work *w, int axis, ir tap, ir low, ir high)
{
    struct emit *e = w->n->e;
    const struct windows *x = &product_at(w)->windows;
    int64_t by = x->stride[axis];
    ir zero = emit_i64(e, 0), image = emit_i64(e, x->image[axis]), from = x->back ? low : zero, to = x->back ? high : image; /* far is to be in there */
    struct run r = {.missing = emit_isub(e, emit_i64(e, x->before[axis]), tap)};
    r.first = LLVMBuildUDiv(e->builder, emit_iadd_number(e, at_least(e, emit_iadd(e, r.missing, from), zero), by - 1), emit_i64(e, by), "");
    r.end = LLVMBuildUDiv(e->builder, emit_iadd_number(e, at_least(e, emit_iadd(e, r.missing, to), zero), by - 1), emit_i64(e, by), "");
    r.first = x->back ? r.first : at_least(e, r.first, low);
    r.end = at_most(e, r.end, x->back ? image : high);
    return r;
}

static ir far_of(struct product_work *w, int axis, const struct run *r, ir x)
{
    struct emit *e = w->n->e;
    return emit_isub(e, emit_imul_number(e, x, product_at(w)->windows.stride[axis]), r->missing);
}

/* How many x a run along a row has, of this tap. */
static int64_t count_of(const struct windows *x, int64_t tap)
{
    int64_t count = 0;
    for (int64_t i = 0; i < (x->back ? x->image[1] : x->grid[1]); i++) {
        int64_t far = x->stride[1] * i + tap - x->before[1];
        count += far >= 0 && far < (x->back ? x->grid[1] : x->image[1]);
    }
    return count;
}

static int by_size(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The lengths that runs may have, those of none left out. */
static unsigned counts_of(struct product_work *w, int64_t **out)
{
    const struct windows *x = &product_at(w)->windows;
    unsigned taps = (unsigned)x->taps[1], n = 0;
    int64_t *counts = *out = NEW_ARRAY(w->n->e->mem, int64_t, taps);
    for (unsigned i = 0; i < taps; i++) counts[i] = count_of(x, i);
    qsort(counts, taps, sizeof *counts, by_size);
    for (unsigned i = 0; i < taps; i++)
        if (counts[i] && (!n || counts[n - 1] != counts[i])) counts[n++] = counts[i];
    return n;
}

static void block_make(struct product_work *w, ir at, int64_t rows, ir from, ir to)
{
    struct emit *e = w->n->e;
    w->block = (unsigned)rows * w->run_lines;
    w->run = emit_offset(e, from, e->real, emit_imul_number(e, at, w->run_left));
    w->to = emit_offset(e, to, e->real, emit_imul_number(e, at, w->run_to));
    ir first = w->run_number;
    w->run_number = emit_iadd(e, first, LLVMBuildUDiv(e->builder, at, emit_i64(e, rows), ""));
    product_make(w);
    w->run_number = first;
}

/* A run of so many, from w->run to w->to, in blocks as long as each other, or one longer. */
static void run_make(struct product_work *w, int64_t count)
{
    struct emit *e = w->n->e;
    int64_t most = w->shape.rows / w->run_lines, blocks = (count + most - 1) / most, size = count / blocks, longer = count % blocks;
    ir from = w->run, to = w->to;
    struct emit_loop loop;
    for (int64_t part = longer ? 0 : 1, at = 0; part < 2; part++) {
        int64_t rows = size + (part == 0), end = part ? count : longer * rows;
        emit_loop_open(e, &loop, emit_i64(e, at), emit_i64(e, end), rows);
        block_make(w, loop.index, rows, from, to);
        emit_loop_close(e, &loop);
        at = end;
    }
    w->run = from;
    w->to = to;
}

/* The runs of so many neighbouring rows, the first of which has this x. */
static void lines_make(struct product_work *w, unsigned lines, const struct run r[2], ir x, ir count)
{
    struct nest *n = w->n;
    struct emit *e = n->e;
    const struct product *p = product_at(w);
    const struct windows *at = &p->windows;
    struct emit_loop examples;
    int64_t inner = windows_inner(&n->k), *counts;
    unsigned ncounts = counts_of(w, &counts);
    ir far[2] = {far_of(w, 0, &r[0], x), far_of(w, 1, &r[1], r[1].first)}, low = LLVMBuildUDiv(e->builder, w->origin, emit_i64(e, at->grid[1] * inner), ""), to = w->to;
    ir pixel[2] = {at->back ? x : far[0], at->back ? r[1].first : far[1]}, place[2] = {at->back ? far[0] : x, at->back ? far[1] : r[1].first};
    w->run_lines = lines;
    emit_loop_open(e, &examples, emit_i64(e, 0), emit_i64(e, inner), 1);
    ir first = emit_iadd(e, emit_imul_number(e, emit_iadd(e, emit_imul_number(e, pixel[0], at->image[1]), pixel[1]), inner), examples.index);
    first = emit_iadd_number(e, emit_imul_number(e, first, p->lda), p->a.offset);
    ir last = emit_iadd_number(e, emit_imul_number(e, emit_iadd_number(e, count, -1), w->run_left), (lines - 1) * w->run_left_apart + p->lda - 1);
    access_check(n, p->a.storage, first, emit_iadd(e, first, last));
    ir row = emit_iadd(e, emit_imul_number(e, emit_isub(e, place[0], low), at->grid[1]), place[1]);
    row = emit_iadd(e, emit_imul_number(e, row, inner), examples.index);
    w->row = row;
    int64_t most = w->shape.rows / lines, blocks = (counts[ncounts - 1] + most - 1) / most;
    w->run_number = emit_imul_number(e, emit_iadd(e, emit_imul_number(e, LLVMBuildUDiv(e->builder, emit_isub(e, x, r[0].first), emit_i64(e, lines), ""), inner), examples.index), blocks);
    w->run_blocks = ((w->n->k.tile[0] / (at->grid[1] * inner) + (at->back ? at->stride[0] : 1) * lines - 1) / ((at->back ? at->stride[0] : 1) * lines)) * inner * blocks;
    w->run = emit_offset(e, access_base(n, p->a.storage), e->real, first);
    w->to = emit_offset(e, to, e->real, emit_imul_number(e, row, w->stride));
    product_cases(w, count, counts, ncounts, run_make);
    emit_loop_close(e, &examples);
    w->to = to;
}

/* Rows of the grid that share a block; 0: no tap meets a pixel. */
static unsigned lines_of(struct product_work *w)
{
    int64_t *counts;
    unsigned n = counts_of(w, &counts);
    return !n ? 0 : counts[n - 1] * 2 <= w->shape.rows ? 2 : 1;
}

void product_runs(struct product_work *w, const ir tap[2])
{
    struct emit *e = w->n->e;
    const struct product *p = product_at(w);
    const struct windows *x = &p->windows;
    struct emit_loop loop;
    int64_t inner = windows_inner(&w->n->k), row = x->grid[1] * inner;
    ir lines = emit_i64(e, row), low = LLVMBuildUDiv(e->builder, w->origin, lines, ""), high = emit_iadd(e, low, LLVMBuildUDiv(e->builder, w->rows, lines, ""));
    struct run r[2] = {run_of(w, 0, tap[0], low, high), run_of(w, 1, tap[1], emit_i64(e, 0), emit_i64(e, x->grid[1]))};
    ir count = emit_isub(e, r[1].end, r[1].first), from = r[0].first, none = emit_icmp(e, LLVMIntSLE, count, emit_i64(e, 0));
    w->run_left = (x->back ? 1 : x->stride[1]) * inner * p->lda;
    w->run_to = (x->back ? x->stride[1] : 1) * inner * w->stride;
    w->run_left_apart = (x->back ? 1 : x->stride[0]) * x->image[1] * inner * p->lda;
    w->run_to_apart = (x->back ? x->stride[0] : 1) * row * w->stride;
    LLVMBasicBlockRef meets = emit_block(e, "meets"), after = emit_block(e, "after");
    emit_branch(e, none, after, meets);
    emit_at(e, meets);
    for (unsigned together = lines_of(w); together; together--) {
        ir all = emit_isub(e, at_least(e, r[0].end, from), from), end = emit_iadd(e, from, together == 1 ? all : emit_and(e, all, emit_i64(e, -2)));
        emit_loop_open(e, &loop, from, end, together);
        lines_make(w, together, r, loop.index, count);
        emit_loop_close(e, &loop);
        from = end;
    }
    emit_go(e, after);
    w->run = NULL;
}
