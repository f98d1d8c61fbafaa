/* product_spread.c: a product over windows of few channels out (kernels.h): the transposes that end in an image of one or three.
 *
 * A task makes all positions of some examples, PRODUCT_LANES of them after the other. Each pixel of theirs is multiplied by the weights of all taps at once,
 * and what comes out, [examples, taps and channels], is turned in registers and added to the positions that the taps lead to: a vector of examples
 * each. These lie in the worker's own memory, with room around them for what falls outside. Pixels come in such an order that each element
 * is the sum over the taps, in order, of sums over a tap's depth, as it is tap by tap. */
#include "codegen/product.h"
#include "schedule/rules.h"

#include <stdio.h>

struct spread {
    struct product_work *w;
    const struct product *p;
    const struct windows *x;
    int64_t examples, pixels, depth, channels, used, columns; /* columns: of all taps, `used`, in whole vectors */
    int64_t places[2];
    ir right, made, sums; /* the worker's: weights in panels; a pixel's products; what they are added to */
    ir first, skip;       /* of the slice: its first example; of its lanes those that the slice before has made */
};

static int64_t panel_start(int64_t column) { return column / PRODUCT_PANEL * PRODUCT_PANEL; }
static int64_t panel_wide(const struct spread *s, int64_t column) { return least(PRODUCT_PANEL, s->columns - panel_start(column)); }

static void clear(struct emit *e, ir to, int64_t elements)
{
    struct emit_loop loop;
    emit_loop_open(e, &loop, emit_i64(e, 0), emit_i64(e, elements), e->width);
    emit_store(e, LLVMConstNull(emit_vector(e->real, e->width)), emit_offset(e, to, e->real, loop.index));
    emit_loop_close(e, &loop);
}

/* The weights [taps, depth, channels] as [depth, taps and channels], in panels. */
static void weights_pack(struct spread *s)
{
    struct emit *e = s->w->n->e;
    struct emit_loop row, tap;
    clear(e, s->right, s->depth * s->columns);
    emit_loop_open(e, &tap, emit_i64(e, 0), emit_i64(e, s->used / s->channels), 1);
    emit_loop_open(e, &row, emit_i64(e, 0), emit_i64(e, s->depth), 1);
    ir from = emit_imul_number(e, emit_iadd(e, emit_imul_number(e, tap.index, s->depth), row.index), s->p->ldb);
    for (int64_t c = 0; c < s->channels; c++) {
        ir column = emit_iadd_number(e, emit_imul_number(e, tap.index, s->channels), c), panel = emit_i64(e, PRODUCT_PANEL);
        ir start = emit_imul(e, LLVMBuildUDiv(e->builder, column, panel, ""), panel), left = emit_isub(e, emit_i64(e, s->columns), start);
        ir wide = emit_select(e, emit_icmp(e, LLVMIntSLT, left, panel), left, panel);
        ir to = emit_iadd(e, emit_imul_number(e, start, s->depth), emit_iadd(e, emit_imul(e, row.index, wide), emit_isub(e, column, start)));
        ir x = emit_load(e, e->real, emit_offset(e, s->w->operands[0].b, e->real, emit_iadd_number(e, from, c)));
        emit_store(e, x, emit_offset(e, s->right, e->real, to));
    }
    emit_loop_close(e, &row);
    emit_loop_close(e, &tap);
}

/* ---- a pixel ---- */

static ir left_at(struct spread *s, ir row, int64_t column, int64_t wide)
{
    struct emit *e = s->w->n->e;
    if (s->p->panels) return product_left_element(s->w, row, emit_i64(e, column), emit_i64(e, column), wide);
    ir index = emit_iadd_number(e, emit_imul_number(e, row, s->p->lda), s->p->a.offset);
    return emit_offset(e, access_base(s->w->n, s->p->a.storage), e->real, index);
}

static void tile_make(struct spread *s, ir row, int64_t place, int64_t rows, int64_t column, int64_t columns)
{
    struct emit *e = s->w->n->e;
    int64_t start = panel_start(column), rest = s->p->lda % PRODUCT_PANEL, ahead = s->x->back ? -s->examples : s->examples; /* rows to the next pixel */
    struct product_tile t = {.rows = (unsigned)rows, .vectors = (unsigned)(columns / e->width), .lda = s->p->panels ? PRODUCT_PANEL : s->p->lda,
                             .ldc = s->columns, .step = panel_wide(s, column), .columns_b = columns, .columns_c = columns};
    const struct storage *a = access_storage(s->w->n, s->p->a.storage);
    ir from = left_at(s, emit_iadd_number(e, row, place), 0, PRODUCT_PANEL), last = from, fetch[PRODUCT_STREAMS];
    if (s->p->panels) {
        t.apart = a->elements / a->columns * PRODUCT_PANEL;
        t.rest = rest;
        if (rest) last = left_at(s, emit_iadd_number(e, row, place), s->p->lda - rest, rest);
    }
    if (!column && rule_on(e->g, RULE_fetch)) {
        if (s->p->panels) t.next = ahead;
        else {
            t.stream[t.streams] = (struct product_stream){2, 64, false};
            fetch[t.streams++] = emit_offset(e, from, e->real, emit_i64(e, ahead * s->p->lda));
        }
    }
    ir b = emit_offset(e, s->right, e->real, emit_i64(e, start * s->depth + column - start));
    ir to = emit_offset(e, s->made, e->real, emit_i64(e, place * s->columns + column));
    product_tile_call(e, &t, from, last, b, to, emit_i64(e, s->depth), emit_integer(e->i1, 0), fetch);
}

/* Where column `column` of a pixel's products is added, counted from its first place. */
static int64_t place_of(const struct spread *s, int64_t column)
{
    int64_t tap = column / s->channels, at[2] = {tap / s->x->taps[1], tap % s->x->taps[1]};
    for (int i = 0; i < 2 && !s->x->back; i++) at[i] = s->x->taps[i] - 1 - at[i];
    return (at[0] * s->places[1] + at[1]) * s->channels + column % s->channels;
}

static void add_columns(struct spread *s, ir sums, ir made, int64_t from)
{
    struct emit *e = s->w->n->e;
    ir_type type = emit_vector(e->real, e->width);
    ir x[PRODUCT_LANES];
    for (int64_t i = 0; i < PRODUCT_LANES; i++) x[i] = emit_load(e, type, emit_offset(e, made, e->real, emit_i64(e, i * s->columns + from)));
    product_turn(e, x);
    for (int64_t i = 0; i < PRODUCT_LANES && from + i < s->used; i++) {
        ir to = emit_offset(e, sums, e->real, emit_i64(e, place_of(s, from + i) * PRODUCT_LANES));
        emit_store(e, emit_fadd(e, emit_load(e, type, to), x[i]), to);
    }
}

/* The pixel's products to their places, of which the first is at `to`. */
static void add(struct spread *s, ir to)
{
    struct emit *e = s->w->n->e;
    char name[128];
    const struct windows *x = s->x;
    snprintf(name, sizeof name, "gan_spread_%lldx%lld_%lld_%lld%s", (long long)x->taps[0], (long long)x->taps[1], (long long)s->channels,
             (long long)s->places[1], x->back ? "b" : "");
    ir f = emit_part(e, name, (ir_type[]){e->ptr, e->ptr}, 2);
    if (f) {
        for (int64_t from = 0; from < s->columns; from += PRODUCT_LANES) add_columns(s, LLVMGetParam(f, 0), LLVMGetParam(f, 1), from);
        LLVMBuildRetVoid(e->builder);
        emit_part_end(e);
    }
    emit_call(e, LLVMGetNamedFunction(e->module, name), (ir[]){to, s->made}, 2);
}

static void pixel_make(struct spread *s, ir pixel)
{
    struct emit *e = s->w->n->e;
    int64_t down = s->x->back ? s->x->stride[0] : 1, along = s->x->back ? s->x->stride[1] : 1, unit = (int64_t)s->w->shape.vectors * e->width;
    ir row = emit_iadd(e, emit_imul_number(e, pixel, s->examples), s->first);
    ir first = emit_iadd_number(e, emit_imul_number(e, row, s->p->lda), s->p->a.offset);
    access_check(s->w->n, s->p->a.storage, first, emit_iadd_number(e, first, PRODUCT_LANES * s->p->lda - 1));
    for (int64_t column = 0; column < s->columns; column += unit)
        for (int64_t place = 0; place < PRODUCT_LANES; place += s->w->shape.rows)
            tile_make(s, row, place, least(s->w->shape.rows, PRODUCT_LANES - place), column, least(unit, s->columns - column));
    ir y = LLVMBuildUDiv(e->builder, pixel, emit_i64(e, s->x->image[1]), ""), x = emit_isub(e, pixel, emit_imul_number(e, y, s->x->image[1]));
    ir place = emit_iadd(e, emit_imul_number(e, y, down * s->places[1]), emit_imul_number(e, x, along));
    add(s, emit_offset(e, s->sums, e->real, emit_imul_number(e, place, s->channels * PRODUCT_LANES)));
}

/* ---- a slice ---- */

static void store(struct spread *s)
{
    struct nest *n = s->w->n;
    struct emit *e = n->e;
    struct emit_loop row, loop;
    uint32_t lane = n->lane;
    n->lane = 0;
    n->lanes = PRODUCT_LANES;
    n->mask = n->count = NULL;
    if (s->skip) n->mask = emit_icmp(e, LLVMIntSGE, emit_count(e->i64, n->lanes, 1), emit_splat(e, s->skip, n->lanes));
    emit_loop_open(e, &row, emit_i64(e, 0), emit_i64(e, s->x->grid[0]), 1);
    emit_loop_open(e, &loop, emit_i64(e, 0), emit_i64(e, s->x->grid[1]), 1);
    ir position = emit_iadd(e, emit_imul_number(e, row.index, s->x->grid[1]), loop.index);
    ir place = emit_imul_number(e, emit_iadd_number(e, row.index, windows_shift(s->x, 0)), s->places[1]);
    place = emit_iadd(e, place, emit_iadd_number(e, loop.index, windows_shift(s->x, 1)));
    n->index[0] = emit_iadd(e, emit_imul_number(e, position, s->examples), s->first);
    for (int64_t c = 0; c < s->channels; c++) {
        ir from = emit_imul_number(e, emit_iadd_number(e, emit_imul_number(e, place, s->channels), c), PRODUCT_LANES);
        n->index[1] = emit_i64(e, c);
        access_store(n, &n->k.body.at[1].at, emit_load(e, emit_vector(e->real, n->lanes), emit_offset(e, s->sums, e->real, from)));
    }
    emit_loop_close(e, &loop);
    emit_loop_close(e, &row);
    n->mask = NULL;
    n->lane = lane;
}

/* The slice at example `at`; of the last, if it is narrower, the lanes before it are those of the slice before. */
static void slice_make(struct spread *s, ir at)
{
    struct emit *e = s->w->n->e;
    struct emit_loop loop;
    s->first = at;
    if (s->examples % PRODUCT_LANES) {
        ir most = emit_i64(e, s->examples - PRODUCT_LANES);
        s->first = emit_select(e, emit_icmp(e, LLVMIntSLT, at, most), at, most);
        s->skip = emit_isub(e, at, s->first);
    }
    clear(e, s->sums, s->places[0] * s->places[1] * s->channels * PRODUCT_LANES);
    emit_loop_open(e, &loop, emit_i64(e, 0), emit_i64(e, s->pixels), 1);
    pixel_make(s, s->x->back ? emit_isub(e, emit_i64(e, s->pixels - 1), loop.index) : loop.index);
    emit_loop_close(e, &loop);
    store(s);
}

void product_spread(struct product_work *w, ir memory)
{
    struct nest *n = w->n;
    struct emit *e = n->e;
    struct emit_loop loop;
    const struct product *p = product_at(w);
    const struct windows *x = &p->windows;
    struct spread s = {.w = w, .p = p, .x = x, .examples = windows_inner(&n->k), .pixels = x->image[0] * x->image[1], .depth = windows_depth(p),
                       .channels = n->k.extent[1], .columns = spread_columns(&n->k), .places = {windows_places(x, 0), windows_places(x, 1)}};
    s.used = x->taps[0] * x->taps[1] * s.channels;
    s.right = memory;
    s.made = emit_offset(e, memory, e->real, emit_i64(e, s.depth * s.columns));
    s.sums = emit_offset(e, s.made, e->real, emit_i64(e, PRODUCT_LANES * s.columns));
    access_begin(n);
    weights_pack(&s);
    ir positions = emit_i64(e, x->grid[0] * x->grid[1]), low = LLVMBuildUDiv(e->builder, n->low[0], positions, "");
    emit_loop_open(e, &loop, low, LLVMBuildUDiv(e->builder, n->high[0], positions, ""), PRODUCT_LANES);
    slice_make(&s, loop.index);
    emit_loop_close(e, &loop);
}
