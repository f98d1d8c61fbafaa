/* product_tile.c: the innermost part of a matrix product: a few rows by a few vectors of columns, kept in registers.
 *
 *     c[0..rows, 0..vectors * 16)  =  or  +=  the sum over k of  a[row, k] * b[k, column]
 *
 * An element of a is read where it is stored, row by row or in panels, and broadcast; b's vectors come from a packed panel (product_pack.c) or from where it is stored.
 * Each element is summed over k in order, one fused multiply-add at a time, whatever the tile's size: bits depend neither on how a product is
 * cut nor on the processor. The strides of a and b are part of the function, so that the loop needs no arithmetic for addresses (as an
 * argument, a's made gan_mnist slower); kernels share a function where all of it is equal. */
#include "codegen/product.h"

#include <stdio.h>

#define STEPS 4 /* of k in one round of the loop; more where lines are fetched more rarely */
enum { STREAMS_AT = 7 }; /* of the function's parameters: from here on the streams */

struct tile {
    struct emit *e;
    const struct product_tile *t;
    ir a, b, c, lda, ldc, fetch[PRODUCT_STREAMS];
    bool rest, more; /* depth may leave some of k behind whole rounds; there may be something to be added to */
    ir sums[PRODUCT_ROWS][PRODUCT_VECTORS]; /* on the stack until LLVM's sroa puts them into registers */
    ir_type vector;
};

/* 24 sums, 3 vectors of b and a broadcast of 32 registers of 512 bits; 12, 2 and 1 of 16 registers of 256, where a vector takes two. */
struct product_shape product_shape(const struct emit *e)
{
    bool wide = !strcmp(e->target->vector_bits, "512");
    return (struct product_shape){.rows = wide ? 8 : 6, .vectors = wide ? 3 : 1};
}

static ir first_lanes(struct emit *e, int64_t count)
{
    ir bits[64];
    for (unsigned i = 0; i < e->width; i++) bits[i] = LLVMConstInt(e->i1, (int64_t)i < count, false);
    return LLVMConstVector(bits, e->width);
}

ir product_load(struct emit *e, ir from, int64_t count)
{
    ir_type type = emit_vector(e->real, e->width);
    if (count >= e->width) return emit_load(e, type, from);
    ir args[] = {from, emit_integer(e->i32, e->size), first_lanes(e, count), LLVMConstNull(type)};
    return emit_intrinsic(e, "llvm.masked.load", (ir_type[]){type, e->ptr}, 2, args, 4);
}

void product_fetch(struct emit *e, ir from, bool near)
{
    ir args[] = {from, emit_integer(e->i32, 0), emit_integer(e->i32, near ? 3 : 2), emit_integer(e->i32, 1)};
    emit_intrinsic(e, "llvm.prefetch", &e->ptr, 1, args, 4);
}

static void store(struct emit *e, ir value, ir to, int64_t count)
{
    if (count >= e->width) {
        emit_store(e, value, to);
        return;
    }
    ir args[] = {value, to, emit_integer(e->i32, e->size), first_lanes(e, count)};
    emit_intrinsic(e, "llvm.masked.store", (ir_type[]){LLVMTypeOf(value), e->ptr}, 2, args, 4);
}

/* Columns of vector v that are there, of `columns` in all. */
static int64_t present(const struct emit *e, int64_t columns, unsigned v)
{
    int64_t left = columns - (int64_t)v * e->width;
    return left < e->width ? left : e->width;
}

/* Elements from the first row to row r, where rows are so far apart, and halves of them so far. */
static ir row_at(struct tile *s, unsigned r, ir far, int64_t half)
{
    struct emit *e = s->e;
    unsigned first = half ? s->t->rows / 2 : s->t->rows;
    return emit_iadd_number(e, emit_imul(e, far, emit_i64(e, r % first)), r / first * half);
}

/* One k: a vector of b at a time meets every row's element of a. at: k, counted from where s->a stands. */
static void step(struct tile *s, ir at, ir k)
{
    struct emit *e = s->e;
    const struct product_tile *t = s->t;
    ir b[PRODUCT_VECTORS], at_b = emit_offset(e, s->b, e->real, emit_imul(e, k, emit_i64(e, t->step)));
    ir at_a = emit_offset(e, s->a, e->real, t->ta ? emit_imul(e, at, s->lda) : at);
    for (unsigned v = 0; v < t->vectors; v++)
        b[v] = product_load(e, emit_offset(e, at_b, e->real, emit_i64(e, (int64_t)v * e->width)), present(e, t->columns_b, v));
    for (unsigned r = 0; r < t->rows; r++) {
        ir x = emit_load(e, e->real, emit_offset(e, at_a, e->real, t->ta ? emit_i64(e, r) : row_at(s, r, s->lda, t->half_a)));
        x = emit_splat(e, x, e->width);
        for (unsigned v = 0; v < t->vectors; v++)
            emit_store(e, emit_fma(e, x, b[v], emit_load(e, s->vector, s->sums[r][v])), s->sums[r][v]);
    }
}

/* The lines that are due at step `i` of a round that began at k. */
static void fetch_lines(struct tile *s, ir k, unsigned i)
{
    struct emit *e = s->e;
    for (unsigned n = 0; n < s->t->streams; n++) {
        const struct product_stream *f = &s->t->stream[n];
        if (i % f->every) continue;
        ir line = emit_imul(e, LLVMBuildUDiv(e->builder, k, emit_i64(e, f->every), ""), emit_i64(e, f->ahead));
        product_fetch(e, emit_offset(e, s->fetch[n], e->i8, line), f->near);
    }
}

/* A line of a, of what comes next: row by row, the same panel of the next rows, a line of which holds 16 elements; turned, the same columns. */
static void fetch_left(struct tile *s, ir at, unsigned i)
{
    struct emit *e = s->e;
    if (!s->t->next || (!s->t->ta && i % 2)) return;
    ir line = s->t->ta ? emit_imul(e, at, s->lda) : emit_imul(e, at, emit_i64(e, e->width / 2));
    product_fetch(e, emit_offset(e, s->a, e->real, emit_iadd(e, line, s->t->ta ? emit_i64(e, s->t->next) : emit_imul(e, s->lda, emit_i64(e, s->t->next)))), false);
}

/* Of k, in a round of the loop. */
static unsigned round_of(const struct product_tile *t)
{
    unsigned steps = STEPS;
    for (unsigned i = 0; i < t->streams; i++)
        if (t->stream[i].every > steps) steps = t->stream[i].every;
    return steps;
}

/* The next `columns` of k, from k on, that stand in one panel of a. */
static void sum_panel(struct tile *s, ir k, int64_t columns)
{
    struct emit *e = s->e;
    struct emit_loop loop;
    unsigned steps = round_of(s->t);
    s->lda = emit_i64(e, columns);
    emit_loop_open(e, &loop, emit_i64(e, 0), emit_i64(e, columns), steps);
    for (unsigned i = 0; i < steps; i++) {
        ir at = emit_iadd(e, loop.index, emit_i64(e, i)), there = emit_iadd(e, k, at);
        fetch_lines(s, there, i);
        fetch_left(s, at, i);
        step(s, at, there);
    }
    emit_loop_close(e, &loop);
}

/* k runs through a's panels, all of it. */
static void sum_panels(struct tile *s, ir depth, ir last)
{
    struct emit *e = s->e;
    struct emit_loop loop;
    ir first = s->a, whole = emit_isub(e, depth, emit_i64(e, s->t->rest));
    emit_loop_open(e, &loop, emit_i64(e, 0), whole, PRODUCT_PANEL);
    s->a = emit_offset(e, first, e->real, emit_imul(e, LLVMBuildUDiv(e->builder, loop.index, emit_i64(e, PRODUCT_PANEL), ""), emit_i64(e, s->t->apart)));
    sum_panel(s, loop.index, PRODUCT_PANEL);
    emit_loop_close(e, &loop);
    if (!s->t->rest) return;
    s->a = last;
    sum_panel(s, whole, s->t->rest);
}

static void sum(struct tile *s, ir depth)
{
    struct emit *e = s->e;
    struct emit_loop loop;
    unsigned steps = round_of(s->t);
    ir whole = s->rest ? emit_and(e, depth, emit_i64(e, -(int64_t)steps)) : depth;
    emit_loop_open(e, &loop, emit_i64(e, 0), whole, steps);
    for (unsigned i = 0; i < steps; i++) {
        ir k = emit_iadd(e, loop.index, emit_i64(e, i));
        fetch_lines(s, k, i);
        if (s->t->ta) fetch_left(s, k, i);
        step(s, k, k);
    }
    emit_loop_close(e, &loop);
    if (!s->rest) return;
    emit_loop_open(e, &loop, whole, depth, 1);
    step(s, loop.index, loop.index);
    emit_loop_close(e, &loop);
}

static ir place(struct tile *s, unsigned r, unsigned v)
{
    struct emit *e = s->e;
    return emit_offset(e, emit_offset(e, s->c, e->real, row_at(s, r, s->ldc, s->t->half_c)), e->real, emit_i64(e, (int64_t)v * e->width));
}

/* Adds what stands there already, from an earlier product or an earlier part of k. */
static void add_earlier(struct tile *s, ir add)
{
    struct emit *e = s->e;
    LLVMBasicBlockRef more = emit_block(e, "more"), end = emit_block(e, "end");
    emit_branch(e, add, more, end);
    emit_at(e, more);
    for (unsigned r = 0; r < s->t->rows; r++)
        for (unsigned v = 0; v < s->t->vectors; v++) {
            ir earlier = product_load(e, place(s, r, v), present(e, s->t->columns_c, v));
            emit_store(e, emit_fadd(e, earlier, emit_load(e, s->vector, s->sums[r][v])), s->sums[r][v]);
        }
    emit_go(e, end);
}

static void function(struct tile s, ir f)
{
    struct emit *e = s.e;
    const struct product_tile *t = s.t;
    s.a = LLVMGetParam(f, 0), s.b = LLVMGetParam(f, 1), s.c = LLVMGetParam(f, 2), s.lda = emit_i64(e, t->lda), s.ldc = LLVMGetParam(f, 5);
    for (unsigned i = 0; i < t->streams; i++) s.fetch[i] = LLVMGetParam(f, STREAMS_AT + i);
    for (unsigned r = 0; r < t->rows; r++)
        for (unsigned v = 0; v < t->vectors; v++) {
            s.sums[r][v] = emit_local(e, s.vector);
            emit_store(e, LLVMConstNull(s.vector), s.sums[r][v]);
        }
    if (t->apart) sum_panels(&s, LLVMGetParam(f, 3), LLVMGetParam(f, 6));
    else sum(&s, LLVMGetParam(f, 3));
    if (s.more) add_earlier(&s, LLVMGetParam(f, 4));
    for (unsigned r = 0; r < t->rows; r++)
        for (unsigned v = 0; v < t->vectors; v++) store(e, emit_load(e, s.vector, s.sums[r][v]), place(&s, r, v), present(e, t->columns_c, v));
    LLVMBuildRetVoid(e->builder);
}

void product_tile_call(struct emit *e, const struct product_tile *t, ir a, ir last, ir b, ir c, ir depth, ir add, const ir *fetch)
{
    char name[256];
    int64_t known;
    struct tile s = {.e = e, .t = t, .vector = emit_vector(e->real, e->width)};
    s.rest = !emit_known(depth, &known) || known % round_of(t);
    s.more = !emit_known(add, &known) || known;
    int n = snprintf(name, sizeof name, "gan_tile_%ux%u_a%lld%s%s%s_b%lld_%lld_c%lld", t->rows, t->vectors, (long long)t->lda, t->ta ? "t" : "",
                     s.rest ? "_rest" : "", s.more ? "_more" : "", (long long)t->step, (long long)t->columns_b, (long long)t->columns_c);
    if (t->apart) n += snprintf(name + n, sizeof name - (size_t)n, "_p%lld_%lld", (long long)t->apart, (long long)t->rest);
    if (t->half_a) n += snprintf(name + n, sizeof name - (size_t)n, "_h%lld_%lld", (long long)t->half_a, (long long)t->half_c);
    if (t->next) n += snprintf(name + n, sizeof name - (size_t)n, "_n%lld", (long long)t->next);
    for (unsigned i = 0; i < t->streams; i++)
        n += snprintf(name + n, sizeof name - (size_t)n, "_f%u_%lld%s", t->stream[i].every, (long long)t->stream[i].ahead, t->stream[i].near ? "n" : "");
    ir_type parameters[STREAMS_AT + PRODUCT_STREAMS] = {e->ptr, e->ptr, e->ptr, e->i64, e->i1, e->i64, e->ptr};
    ir args[STREAMS_AT + PRODUCT_STREAMS] = {a, b, c, depth, add, emit_i64(e, t->ldc), last};
    for (unsigned i = 0; i < t->streams; i++) parameters[STREAMS_AT + i] = e->ptr, args[STREAMS_AT + i] = fetch[i];
    ir f = emit_part(e, name, parameters, STREAMS_AT + t->streams);
    if (f) {
        function(s, f);
        emit_part_end(e);
    }
    emit_call(e, LLVMGetNamedFunction(e->module, name), args, STREAMS_AT + t->streams);
}
