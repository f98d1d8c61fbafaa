/* product_right.c: where a register tile reads the right operand: as it is stored, in panels that stand in memory (kernels.h), or packed into the
 * worker's own memory; and what is fetched into the caches while a tile is summed: the panel after this one, the squares that the next
 * packing will turn, the weights that the body of the next block will update. */
#include "codegen/product.h"
#include "schedule/rules.h"

#define DIRECT_BLOCKS 2  /* so few blocks of rows do not repay packing */
#define LINE 64          /* bytes */

enum right_source { AS_STORED, IN_PANELS, PACKED, PACKED_FROM_PANELS };

static const struct storage *storage_of(const struct product_work *w)
{
    return access_storage(w->n, product_at(w)->b.storage);
}

static enum right_source source_of(const struct product_work *w)
{
    const struct product *p = product_at(w);
    if (storage_of(w)->columns) return p->tb ? PACKED_FROM_PANELS : IN_PANELS;
    bool near = !p->tb && (p->ldb <= PRODUCT_NEAR || w->n->k.tile[0] <= DIRECT_BLOCKS * (int64_t)w->shape.rows);
    return near ? AS_STORED : PACKED;
}

bool product_right_packs(const struct product_work *w)
{
    return source_of(w) >= PACKED;
}

/* In panels: of the whole matrix, of which the product may take some. */
static int64_t rows_of(const struct product_work *w) { return storage_of(w)->elements / storage_of(w)->columns; }

static int64_t padded(const struct product_work *w, int64_t columns)
{
    unsigned lanes = w->n->e->width;
    return (columns + lanes - 1) / lanes * lanes;
}

/* The strip's first column in the whole matrix. */
static ir column_of(struct product_work *w, int64_t column)
{
    return emit_iadd_number(w->n->e, emit_iadd(w->n->e, w->column, w->at), column);
}

/* The panel in which `column` of the group stands: the group begins with a panel. */
static int64_t panel_wide(const struct product_work *w, int64_t column)
{
    return least(PRODUCT_PANEL, w->width - column / PRODUCT_PANEL * PRODUCT_PANEL);
}

/* In panels: the strip's first element in row `k`. */
static ir panel_element(struct product_work *w, int64_t column, ir k)
{
    struct emit *e = w->n->e;
    int64_t within = column % PRODUCT_PANEL;
    ir start = column_of(w, column - within), row = emit_iadd_number(e, k, product_at(w)->b.offset / storage_of(w)->columns);
    ir index = emit_iadd(e, emit_imul_number(e, start, rows_of(w)), emit_imul_number(e, row, panel_wide(w, column)));
    return emit_offset(e, access_base(w->n, product_at(w)->b.storage), e->real, emit_iadd_number(e, index, within));
}

static ir packed_at(struct product_work *w, int64_t column)
{
    struct emit *e = w->n->e;
    ir across = w->ahead ? emit_iadd_number(e, w->at, column) : emit_i64(e, column);
    return emit_offset(e, w->packed[w->whole ? w->product : 0], e->real, emit_imul(e, w->depth, across));
}

/* As stored: the strip's first element at the start of this piece of k. */
static ir stored_at(struct product_work *w, int64_t column)
{
    struct emit *e = w->n->e;
    const struct product *p = product_at(w);
    ir across = emit_iadd_number(e, w->at, column), far = emit_i64(e, p->ldb);
    ir index = p->tb ? emit_iadd(e, emit_imul(e, across, far), w->first) : emit_iadd(e, emit_imul(e, w->first, far), across);
    return emit_offset(e, w->operands[w->product].b, e->real, index);
}

void product_right_pack(struct product_work *w, int64_t column, int64_t columns)
{
    struct emit *e = w->n->e;
    const struct product *p = product_at(w);
    struct product_panel one = {.vectors = (unsigned)(padded(w, columns) / e->width), .ldb = p->ldb, .tb = p->tb, .columns = columns};
    if (source_of(w) == PACKED) {
        product_pack_call(e, &one, packed_at(w, column), stored_at(w, column), w->depth);
        return;
    }
    one.rows = w->n->k.extent[1];
    product_turn_call(e, &one, packed_at(w, column), access_base(w->n, p->b.storage), column_of(w, column), w->first, w->depth);
}

struct product_right product_right(struct product_work *w, int64_t column, int64_t columns)
{
    switch (source_of(w)) {
    case AS_STORED: return (struct product_right){stored_at(w, column), product_at(w)->ldb, columns};
    case IN_PANELS: return (struct product_right){panel_element(w, column, w->first), panel_wide(w, column), columns};
    default: return (struct product_right){packed_at(w, column), padded(w, columns), padded(w, columns)};
    }
}

/* ---- what is fetched ahead ---- */

/* The largest of 1, 2, 4, 8 that is at most x. */
static unsigned every(int64_t x)
{
    unsigned n = 1;
    while (n < 8 && 2 * (int64_t)n <= x) n *= 2;
    return n;
}

static void stream(struct product_tile *t, ir *fetch, ir at, int64_t steps, int64_t lines, int64_t ahead, bool near)
{
    if (t->streams == PRODUCT_STREAMS || !lines) return;
    t->stream[t->streams] = (struct product_stream){every(steps / lines), ahead, near};
    fetch[t->streams++] = at;
}

/* The matrices in panels that the body of this block reads at its own places: the block after it. */
static void body_streams(struct product_work *w, int64_t column, struct product_tile *t, ir *fetch)
{
    struct nest *n = w->n;
    struct emit *e = n->e;
    if (w->direct || !w->whole || w->product > 0 || w->group != PRODUCT_PANEL) return;
    int64_t lines = (int64_t)w->shape.rows * t->vectors * e->width * e->size / LINE;
    for (uint32_t i = 0; i < n->k.body.n; i++) {
        const struct insn *in = &n->k.body.at[i];
        if (in->kind != INSN_LOAD || in->at.storage >= e->k->tensors.n || !access_storage(n, in->at.storage)->columns) continue;
        if (in->at.offset || in->at.stride[0] != n->k.extent[1] || in->at.stride[1] != 1) continue;
        ir row = emit_iadd_number(e, emit_iadd(e, w->origin, w->row), w->shape.rows);
        ir index = emit_iadd(e, emit_imul_number(e, emit_iadd(e, w->column, w->at), n->k.extent[0]), emit_imul_number(e, row, w->width));
        ir at = emit_offset(e, access_base(n, in->at.storage), e->real, emit_iadd_number(e, index, column * w->shape.rows));
        stream(t, fetch, at, product_at(w)->k, lines, LINE, true);
    }
}

static int64_t blocks_of(const struct product_work *w)
{
    return w->run ? w->run_blocks : (w->n->k.tile[0] + w->shape.rows - 1) / w->shape.rows;
}

/* Where block number x of the tile's begins to fetch, of what so many bytes each fetch. */
static ir block_share(struct product_work *w, ir from, ir bytes_each)
{
    struct emit *e = w->n->e;
    ir number = w->run ? w->run_number : LLVMBuildUDiv(e->builder, w->row, emit_i64(e, w->shape.rows), "");
    return emit_offset(e, from, e->i8, emit_imul(e, number, bytes_each));
}

/* The strip after this one, a share of it by each block: within the panel, at the start of the one after it, or, over windows, behind the last one of the tile,
 * in the first one at the next tap. */
static void panel_stream(struct product_work *w, int64_t column, int64_t columns, struct product_tile *t, ir *fetch)
{
    struct emit *e = w->n->e;
    int64_t wide = panel_wide(w, column), within = column % PRODUCT_PANEL, next = within + columns;
    ir at = panel_element(w, column, w->first);
    at = emit_offset(e, at, e->real, emit_i64(e, next < wide ? columns : rows_of(w) * wide - within));
    if (w->run && column + columns == w->width) {
        ir here = w->at;
        w->at = emit_i64(e, 0);
        ir first = panel_element(w, 0, emit_iadd(e, w->first, w->depth));
        w->at = here;
        ir tile = emit_isub(e, w->n->high[1], w->n->low[1]);
        at = emit_select(e, emit_icmp(e, LLVMIntSGE, emit_iadd_number(e, here, w->width), tile), first, at);
    }
    bool dense = columns == wide;
    int64_t vectors = dense ? (columns + e->width - 1) / e->width : 1, ahead = dense ? LINE : wide * e->size;
    ir lines = LLVMBuildUDiv(e->builder, w->depth, emit_i64(e, every(blocks_of(w) / vectors)), "");
    stream(t, fetch, block_share(w, at, emit_imul_number(e, lines, ahead)), blocks_of(w), vectors, ahead, false);
}

/* The squares of the next strip, some by each block. */
static void turn_streams(struct product_work *w, int64_t column, int64_t columns, struct product_tile *t, ir *fetch)
{
    struct emit *e = w->n->e;
    int64_t rows = w->n->k.extent[1], depth = product_at(w)->k, panels = depth / PRODUCT_PANEL, lines = columns * PRODUCT_PANEL * e->size / LINE;
    if (!panels || !w->whole) return;
    int64_t count = least((panels + blocks_of(w) - 1) / blocks_of(w), PRODUCT_STREAMS - 1);
    ir base = emit_offset(e, access_base(w->n, product_at(w)->b.storage), e->real, emit_imul_number(e, column_of(w, column + columns), PRODUCT_PANEL));
    base = block_share(w, base, emit_i64(e, count * rows * PRODUCT_PANEL * e->size));
    for (int64_t i = 0; i < count; i++)
        stream(t, fetch, emit_offset(e, base, e->real, emit_i64(e, i * rows * PRODUCT_PANEL)), depth, lines, LINE, false);
}

/* The left operand's rows of the next block, where they stand one behind the other: half of them another core has just written. */
static void left_stream(struct product_work *w, int64_t column, struct product_tile *t, ir *fetch)
{
    struct emit *e = w->n->e;
    const struct product *p = product_at(w);
    if (p->ta || p->panels || p->lda != p->k || column || !w->whole || p->k < LINE) return;
    ir at = emit_imul_number(e, emit_iadd_number(e, w->row, w->shape.rows), p->lda);
    stream(t, fetch, emit_offset(e, w->operands[w->product].a, e->real, at), LINE, (int64_t)w->shape.rows * e->size, LINE, false);
}

void product_fetch_streams(struct product_work *w, int64_t column, int64_t columns, struct product_tile *t, ir *fetch)
{
    t->streams = 0;
    if (!rule_on(w->n->e->g, RULE_fetch)) return;
    body_streams(w, column, t, fetch);
    if (source_of(w) == IN_PANELS) panel_stream(w, column, columns, t, fetch);
    if (t->streams && source_of(w) != IN_PANELS) return;
    if (source_of(w) == PACKED_FROM_PANELS) turn_streams(w, column, columns, t, fetch);
    left_stream(w, column, t, fetch);
}
