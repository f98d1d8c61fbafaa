/* loops.c: the loops of a kernel around its body.
 *
 * Outermost the parallel dimensions, in order, but for the lane; then the lane, if it is parallel, in strips of vectors; then the
 * reduced ones. The lane's range is walked in strips of UNROLL vectors where that pays, then in single vectors, then in one masked one.
 * What lies in panels, and is too much for a cache, is walked panel by panel, a strip being one: by sums, and by what is made element by element, there the rows inside. */
#include "codegen/nest.h"
#include "schedule/rules.h"

#include <stdio.h>
#include <string.h>

#define BLOCK 512        /* a longer run down a column is summed in blocks, which keeps rounding small */
#define ROWS_LEAST 4     /* of which the sums are put together in a vector */
#define PANELS_FROM ((int64_t)1 << 19) /* points of a kernel that walks them panel by panel */
#define BODY_SHORT 16    /* instructions of a sum's inner body that is written four times for speed alone */

void nest_begin(struct nest *n, struct emit *e, uint32_t graph, uint32_t number)
{
    char name[48];
    const struct kernel_graph *kg = &e->k->graphs.at[graph];
    *n = (struct nest){.e = e, .kg = kg, .k = kg->kernels.at[number], .graph = graph, .number = number};
    if (n->k.rank == 0) n->k.extent[n->k.rank++] = 1;
    snprintf(name, sizeof name, "gan_g%u_k%u", graph, number);
    ir f = emit_function(e, name, e->kernel);
    e->kernels[graph][number] = f;
    n->frame = LLVMGetParam(f, 0);
    n->task = LLVMBuildZExt(e->builder, LLVMGetParam(f, 1), e->i64, "");
    n->worker = LLVMBuildZExt(e->builder, LLVMGetParam(f, 2), e->i64, "");
    n->arena = emit_field(e, n->frame, FRAME_ARENA);
    n->lane = n->k.rank - 1;
    n->unit = n->k.extent[n->lane];
    for (uint32_t d = 0; d < n->k.rank; d++) {
        n->low[d] = n->index[d] = emit_i64(e, 0);
        n->high[d] = emit_i64(e, n->k.extent[d]);
    }
}

/* ---- along the lane ---- */

typedef void strip_body(struct nest *n);

static void strip_at(struct nest *n, ir at, unsigned vectors, ir mask, ir count, strip_body *body)
{
    n->at = at;
    n->strip = vectors;
    n->mask = mask;
    n->count = count;
    body(n);
    n->mask = n->count = NULL;
}

/* The point moves to vector `sub` of the strip. */
static void strip_move(struct nest *n, unsigned sub)
{
    n->sub = sub;
    n->index[n->lane] = emit_iadd(n->e, n->at, emit_i64(n->e, (int64_t)sub * n->lanes));
}

/* What the length of the lane may be: `unit`, or what is left of the extent, if not `lengths`. */
static unsigned lane_rests(const struct nest *n, int64_t rests[3])
{
    memcpy(rests, n->lengths, sizeof n->lengths);
    if (n->nlengths) return n->nlengths;
    int64_t left = n->k.extent[n->lane] % n->unit;
    rests[0] = n->unit, rests[1] = left;
    return left ? 2 : 1;
}

static void lane_tail(struct nest *n, ir from, strip_body *body)
{
    struct emit *e = n->e;
    int64_t lengths[3], rest = 0;
    bool always = true, one = true; /* does each task have a tail, is it as long in each? */
    for (unsigned i = 0, count = lane_rests(n, lengths); i < count; i++) {
        int64_t own = lengths[i] % n->lanes;
        if (!own) always = false;
        else if (rest && own != rest) one = false;
        else rest = own;
    }
    if (!rest) return;
    ir count = one ? emit_i64(e, rest) : emit_isub(e, n->high[n->lane], from), mask;
    LLVMBasicBlockRef tail = NULL, after = NULL;
    if (!always) {
        tail = emit_block(e, "tail"), after = emit_block(e, "done");
        emit_branch(e, emit_icmp(e, LLVMIntSLT, from, n->high[n->lane]), tail, after);
        emit_at(e, tail);
    }
    if (one) {
        ir bits[64];
        for (unsigned i = 0; i < n->lanes; i++) bits[i] = LLVMConstInt(e->i1, (int64_t)i < rest, false);
        mask = LLVMConstVector(bits, n->lanes);
    } else mask = emit_icmp(e, LLVMIntSLT, emit_count(e->i64, n->lanes, 1), emit_splat(e, count, n->lanes));
    strip_at(n, from, 1, mask, count, body);
    if (!always) emit_go(e, after);
}

/* Strips of sizes[which] vectors, from *from on, which they advance; those of the sizes before came first. */
static void lane_strips(struct nest *n, ir *from, const unsigned *sizes, unsigned which, strip_body *body)
{
    struct emit *e = n->e;
    unsigned vectors = sizes[which];
    int64_t step = (int64_t)vectors * n->lanes, lengths[3];
    bool any = false;
    for (unsigned i = 0, count = lane_rests(n, lengths); i < count; i++) {
        for (unsigned before = 0; before < which; before++) lengths[i] %= (int64_t)sizes[before] * n->lanes;
        any = any || lengths[i] >= step;
    }
    if (!any) return;
    struct emit_loop loop;
    ir length = emit_isub(e, n->high[n->lane], *from);
    ir whole = emit_imul(e, LLVMBuildUDiv(e->builder, length, emit_i64(e, step), ""), emit_i64(e, step)), end = emit_iadd(e, *from, whole);
    emit_loop_open(e, &loop, *from, end, step);
    strip_at(n, loop.index, vectors, NULL, NULL, body);
    emit_loop_close(e, &loop);
    *from = end;
}

static void lane_walk(struct nest *n, unsigned unroll, strip_body *body)
{
    ir from = n->low[n->lane];
    if (n->k.extent[n->lane] == 1) {
        n->lanes = 1;
        strip_at(n, from, 1, NULL, NULL, body);
        return;
    }
    n->lanes = n->e->width;
    unsigned sizes[3], count = 0;
    for (unsigned left = unroll; left > 0; left = left == 3 ? 2 : left > 1) sizes[count++] = left;
    for (unsigned i = 0; i < count; i++) lane_strips(n, &from, sizes, i, body);
    lane_tail(n, from, body);
}

/* ---- bodies of strips ---- */

/* The point moves to the next of the pieces: true, first to the first of them. Without pieces there is one round. */
static bool piece_next(struct nest *n, unsigned *round)
{
    if (*round == (n->pieces ? n->pieces : 1)) return false;
    n->piece = (*round)++;
    if (n->pieces) n->index[n->pack] = emit_i64(n->e, n->piece);
    return true;
}

static void strip_plain(struct nest *n)
{
    for (unsigned i = 0; i < n->strip; i++) {
        strip_move(n, i);
        for (unsigned round = 0; piece_next(n, &round);) {
            for (uint32_t k = 0; k < n->k.body.n; k++) n->outer[k] = NULL;
            body_inner(n);
            body_outer(n);
        }
    }
}

/* Has each piece a sum of its own? */
static bool pieces_apart(const struct nest *n)
{
    return n->pieces && !n->k.reduced[n->pack];
}

/* The point's accumulator, where it stands in vector i. */
static unsigned sum_at(struct nest *n, unsigned i)
{
    n->sum = pieces_apart(n) ? i * n->pieces + n->piece : i;
    return n->sum;
}

/* The strip's points at the present indices, each vector into its own accumulator; single vectors into the first. */
static void strip_add(struct nest *n)
{
    unsigned strip = n->strip;
    for (unsigned i = 0; i < strip; i++) {
        strip_move(n, i);
        for (unsigned round = 0; piece_next(n, &round);) {
            unsigned sum = sum_at(n, i);
            body_inner(n);
            reduce_add(n, n->bank, sum);
        }
    }
}

static uint32_t next_reduced(const struct nest *n, uint32_t d)
{
    while (d < n->k.rank && (!n->k.reduced[d] || d == n->lane || (n->pieces && d == n->pack))) d++;
    return d;
}

static unsigned sums(const struct nest *n)
{
    return pieces_apart(n) ? n->pieces * n->strip : n->strip;
}

/* Sums down the columns that the strip's lanes are. */
static void columns_level(struct nest *n, uint32_t d)
{
    struct emit *e = n->e;
    d = next_reduced(n, d);
    if (d == n->k.rank) {
        strip_add(n);
        return;
    }
    struct emit_loop loop, block;
    bool blocks = next_reduced(n, d + 1) == n->k.rank && n->k.extent[d] > BLOCK;
    if (!blocks) {
        emit_loop_open(e, &loop, n->low[d], n->high[d], 1);
        n->index[d] = loop.index;
        columns_level(n, d + 1);
        emit_loop_close(e, &loop);
    } else {
        emit_loop_open(e, &block, n->low[d], n->high[d], BLOCK);
        reduce_begin(n, 1, sums(n));
        ir end = emit_iadd(e, block.index, emit_i64(e, BLOCK));
        if (n->k.extent[d] % BLOCK) end = emit_select(e, emit_icmp(e, LLVMIntSLT, end, n->high[d]), end, n->high[d]);
        emit_loop_open(e, &loop, block.index, end, 1);
        n->index[d] = loop.index;
        n->bank = 1;
        columns_level(n, d + 1);
        n->bank = 0;
        emit_loop_close(e, &loop);
        reduce_merge(n, 1, 0, sums(n));
        emit_loop_close(e, &block);
    }
    n->index[d] = emit_i64(e, 0);
}

/* After the sums: the point moves to the next piece that has its own; without such there is one round. */
static bool sum_next(struct nest *n, unsigned *round)
{
    if (pieces_apart(n)) return piece_next(n, round);
    if (n->pieces) n->index[n->pack] = emit_i64(n->e, 0);
    n->piece = 0;
    return (*round)++ == 0;
}

/* Does the instruction gather the same lanes in every row, from what this kernel leaves as it is? */
static bool gathers_ahead(const struct nest *n, const struct insn *in)
{
    if (in->kind != INSN_LOAD || in->outer || n->lanes == 1 || pieces_has(n, in)) return false;
    bool good = in->at.stride[n->lane] != 0 && in->at.stride[n->lane] != 1;
    for (uint32_t d = 0; d < n->k.rank; d++) good = good && !(n->k.reduced[d] && in->at.stride[d]);
    for (uint32_t i = 0; i < n->k.body.n; i++) good = good && !(n->k.body.at[i].kind == INSN_STORE && n->k.body.at[i].at.storage == in->at.storage);
    return good;
}

/* Such vectors, before the rows: LLVM does not move a gather out of a loop that stores anything. */
static void gather_ahead(struct nest *n)
{
    if (n->pieces && !pieces_apart(n)) return;
    for (unsigned i = 0; i < n->strip; i++) {
        strip_move(n, i);
        for (unsigned round = 0; piece_next(n, &round);) {
            unsigned sum = sum_at(n, i);
            for (uint32_t k = 0; k < n->k.body.n; k++) {
                const struct insn *in = &n->k.body.at[k];
                if (gathers_ahead(n, in)) n->ahead[k][sum] = access_load(n, &in->at);
            }
        }
    }
}

static void strip_columns(struct nest *n)
{
    unsigned strip = n->strip;
    gather_ahead(n);
    reduce_begin(n, 0, sums(n));
    columns_level(n, 0);
    for (unsigned i = 0; i < strip; i++) {
        strip_move(n, i);
        for (unsigned round = 0; sum_next(n, &round);) {
            reduce_column(n, 0, sum_at(n, i));
            body_outer(n);
        }
    }
    memset(n->ahead, 0, n->k.body.n * sizeof *n->ahead);
    n->sum = 0;
}

/* ---- around the lane ---- */

static bool any_shares(const struct nest *n)
{
    bool any = false;
    for (uint32_t i = 0; i < n->k.body.n; i++) any = any || n->shares[i];
    return any;
}

static void rows_level(struct nest *n, uint32_t d, unsigned unroll)
{
    d = next_reduced(n, d);
    if (d == n->k.rank) {
        lane_walk(n, unroll, strip_add);
        return;
    }
    struct emit_loop loop;
    emit_loop_open(n->e, &loop, n->low[d], n->high[d], 1);
    n->index[d] = loop.index;
    rows_level(n, d + 1, unroll);
    emit_loop_close(n->e, &loop);
    n->index[d] = emit_i64(n->e, 0);
}

/* One sum along the lane (and other reduced dimensions), or one for each piece; of as many vectors each as is returned. */
static unsigned row_sum(struct nest *n)
{
    int64_t extent = n->k.extent[n->lane];
    bool wide = extent > 1 && (extent >= 8 * (int64_t)n->e->width || any_shares(n)) && !pieces_apart(n);
    unsigned vectors = wide ? UNROLL : 1;
    reduce_begin(n, 0, pieces_apart(n) ? n->pieces : vectors);
    rows_level(n, 0, vectors);
    n->lanes = n->strip = 1;
    n->sub = 0;
    n->index[n->lane] = emit_i64(n->e, 0);
    return vectors;
}

static void row(struct nest *n)
{
    unsigned vectors = row_sum(n);
    for (unsigned round = 0; sum_next(n, &round);) {
        reduce_row(n, n->piece, vectors);
        body_outer(n);
    }
}

static bool parallel(const struct nest *n, uint32_t d)
{
    return d < n->k.rank && !n->k.reduced[d] && d != n->lane && !(n->pieces && d == n->pack);
}

/* Rows that are neighbours along dimension d are summed one after the other, but what is done with the sums is done for as many at a time as a
 * vector has lanes. */
static bool rows_together(const struct nest *n, uint32_t d)
{
    if (!n->k.reduced[n->lane] || n->k.extent[n->lane] == 1 || n->k.extent[d] < ROWS_LEAST || !rule_on(n->e->g, RULE_rows)) return false;
    for (uint32_t i = d + 1; i < n->k.rank; i++)
        if (parallel(n, i)) return false;
    return true;
}

/* `count` rows from `first` on, count <= lanes; fewer: `some` says so. */
static void rows_vector(struct nest *n, uint32_t d, ir first, ir count, bool some)
{
    struct emit *e = n->e;
    struct emit_loop one;
    ir lanes = emit_i64(e, e->width);
    emit_loop_open(e, &one, emit_i64(e, 0), count, 1);
    n->index[d] = emit_iadd(e, first, one.index);
    unsigned vectors = row_sum(n);
    for (unsigned round = 0; sum_next(n, &round);) reduce_keep(n, n->piece, vectors, one.index);
    emit_loop_close(e, &one);
    if (some) {
        emit_loop_open(e, &one, count, lanes, 1);
        for (unsigned round = 0; sum_next(n, &round);) reduce_keep_none(n, n->piece, one.index);
        emit_loop_close(e, &one);
        n->mask = emit_icmp(e, LLVMIntSLT, emit_count(e->i64, e->width, 1), emit_splat(e, count, e->width));
        n->count = count;
    }
    n->index[d] = first;
    uint32_t lane = n->lane;
    for (unsigned round = 0; sum_next(n, &round);) {
        reduce_rows(n, n->piece);
        n->lane = d;
        n->lanes = e->width;
        body_outer(n);
        n->lane = lane;
    }
    n->mask = n->count = NULL;
}

static void rows(struct nest *n, uint32_t d)
{
    struct emit *e = n->e;
    struct emit_loop loop;
    int64_t lanes = e->width, extent = n->k.extent[d], task = n->k.tasks > 1 && n->k.split == d ? n->k.chunk : extent;
    ir length = emit_isub(e, n->high[d], n->low[d]), whole = emit_iadd(e, n->low[d], emit_and(e, length, emit_i64(e, -lanes)));
    if (task >= lanes) {
        emit_loop_open(e, &loop, n->low[d], whole, lanes);
        rows_vector(n, d, loop.index, emit_i64(e, lanes), false);
        emit_loop_close(e, &loop);
    }
    if (extent % lanes || task % lanes) {
        emit_loop_open(e, &loop, whole, n->high[d], lanes);
        rows_vector(n, d, loop.index, emit_isub(e, n->high[d], loop.index), true);
        emit_loop_close(e, &loop);
    }
}

/* Does the body read or write images, or the like, in panels, with vectors side by side in one? Then a strip is a panel, one stretch of memory. */
static bool in_panels(const struct nest *n)
{
    bool any = false;
    int64_t points = 1;
    for (uint32_t d = 0; d < n->k.rank; d++) points *= n->k.extent[d];
    if (points < PANELS_FROM) return false;
    for (uint32_t i = 0; i < n->k.body.n; i++) {
        const struct insn *in = &n->k.body.at[i];
        bool memory = in->kind == INSN_LOAD || in->kind == INSN_STORE, rows = false;
        if (!memory || in->outer) continue;
        for (uint32_t d = 0; d < n->k.rank; d++) rows = rows || (d != n->lane && in->at.stride[d]);
        const struct storage *s = access_storage(n, in->at.storage);
        if (rows && (s->columns != n->k.extent[n->lane] || in->at.stride[n->lane] != 1 || in->at.offset % s->columns)) return false;
        for (uint32_t d = 0; rows && d < n->k.rank; d++)
            if (d != n->lane && in->at.stride[d] % s->columns) return false;
        any = any || rows;
    }
    return any && !n->pieces && n->k.extent[n->lane] > PRODUCT_PANEL && !(n->k.tasks > 1 && n->k.split == n->lane) && !any_shares(n) && n->e->width == PRODUCT_LANES;
}

/* Vectors of a strip that is summed down the columns. One alone would read a single line of each row, and wait for it. */
static unsigned columns_strip(const struct nest *n)
{
    unsigned inner = 0, each = n->pieces ? n->pieces : 1, most = pieces_apart(n) ? ACCUMULATORS / n->pieces : UNROLL, strip = 1;
    for (uint32_t i = 0; i < n->k.body.n; i++) inner += !n->k.body.at[i].outer;
    if (any_shares(n)) return pieces_apart(n) ? 1 : UNROLL;
    if (in_panels(n)) return PRODUCT_PANEL / PRODUCT_LANES;
    while (2 * strip <= most && strip < UNROLL && inner * each * 2 * strip <= UNROLL * BODY_SHORT) strip *= 2;
    return strip;
}

static void lane(struct nest *n)
{
    bool wide = n->k.extent[n->lane] >= UNROLL * (int64_t)n->e->width;
    if (n->k.reduced[n->lane]) row(n);
    else if (n->reduces) lane_walk(n, wide ? columns_strip(n) : 1, strip_columns);
    else lane_walk(n, wide && any_shares(n) && !pieces_apart(n) ? UNROLL : 1, strip_plain);
}

/* The parallel dimensions from d on, the lane aside, inside of a strip. */
static void strip_rows_level(struct nest *n, uint32_t d)
{
    while (d < n->k.rank && !parallel(n, d)) d++;
    if (d == n->k.rank) {
        strip_plain(n);
        return;
    }
    struct emit_loop loop;
    emit_loop_open(n->e, &loop, n->low[d], n->high[d], 1);
    n->index[d] = loop.index;
    strip_rows_level(n, d + 1);
    emit_loop_close(n->e, &loop);
}

static void strip_rows(struct nest *n) { strip_rows_level(n, 0); }

static void parallel_level(struct nest *n, uint32_t d)
{
    while (d < n->k.rank && !parallel(n, d)) d++;
    if (d == n->k.rank) {
        lane(n);
        return;
    }
    if (rows_together(n, d)) {
        rows(n, d);
        return;
    }
    struct emit_loop loop;
    emit_loop_open(n->e, &loop, n->low[d], n->high[d], 1);
    n->index[d] = loop.index;
    parallel_level(n, d + 1);
    emit_loop_close(n->e, &loop);
}

void nest_loops(struct nest *n)
{
    if (n->k.kind == KERNEL_LOOP && !n->reduces && in_panels(n)) lane_walk(n, PRODUCT_PANEL / PRODUCT_LANES, strip_rows);
    else parallel_level(n, 0);
}

static void loop_emit(struct nest *n)
{
    struct emit *e = n->e;
    uint32_t d = n->k.split;
    if (n->k.tasks > 1) {
        ir extent = n->high[d];
        n->low[d] = emit_imul(e, n->task, emit_i64(e, n->k.chunk));
        n->high[d] = emit_iadd(e, n->low[d], emit_i64(e, n->k.chunk));
        if (n->k.extent[d] % n->k.chunk) n->high[d] = emit_select(e, emit_icmp(e, LLVMIntSLT, n->high[d], extent), n->high[d], extent);
        if (d == n->lane) n->unit = n->k.chunk;
    }
    access_begin(n);
    body_begin(n);
    pieces_begin(n);
    nest_loops(n);
    LLVMBuildRetVoid(e->builder);
}

void kernel_emit(struct emit *e, uint32_t graph, uint32_t number)
{
    struct nest n;
    nest_begin(&n, e, graph, number);
    if (n.k.kind == KERNEL_PRODUCT) product_emit(&n);
    else loop_emit(&n);
}
