/* product_pack.c: b's columns as the innermost part of a product wants to read them: a panel of `vectors` vectors, row after row of k.
 *
 *     b [k, n] or, turned, [n, k]  ->  panel [k, vectors * 16]; columns that are not there are zeros
 *
 * Turned, 16 columns by 16 of k are transposed in registers; what is left of k is gathered. */
#include "codegen/product.h"

#include <stdio.h>

#define LANES 16
#define AHEAD 16 /* rows of k */

/* x[i] and x[i + d] exchange blocks of d lanes; for d = 1, 2, 4, 8 in turn that transposes. */
static void exchange(struct emit *e, ir *x, unsigned d)
{
    ir low[LANES], high[LANES];
    for (unsigned l = 0; l < e->width; l++) {
        low[l] = emit_integer(e->i32, l & d ? e->width + (l ^ d) : l);
        high[l] = emit_integer(e->i32, l & d ? e->width + l : l ^ d);
    }
    ir take_low = LLVMConstVector(low, e->width), take_high = LLVMConstVector(high, e->width);
    for (unsigned i = 0; i < e->width; i++) {
        if (i & d) continue;
        ir a = x[i], b = x[i + d];
        x[i] = LLVMBuildShuffleVector(e->builder, a, b, take_low, "");
        x[i + d] = LLVMBuildShuffleVector(e->builder, a, b, take_high, "");
    }
}

void product_turn(struct emit *e, ir *x)
{
    for (unsigned d = 1; d < e->width; d *= 2) exchange(e, x, d);
}

static void copy_rows(struct emit *e, const struct product_panel *p, ir to, ir from, ir depth)
{
    struct emit_loop loop;
    emit_loop_open(e, &loop, emit_i64(e, 0), depth, 1);
    ir out = emit_offset(e, to, e->real, emit_imul(e, loop.index, emit_i64(e, (int64_t)p->vectors * e->width)));
    ir in = emit_offset(e, from, e->real, emit_imul(e, loop.index, emit_i64(e, p->ldb)));
    for (unsigned v = 0; v < p->vectors; v++) {
        ir at = emit_i64(e, (int64_t)v * e->width);
        /* rows of b lie far apart: the processor does not foresee the next */
        product_fetch(e, emit_offset(e, in, e->real, emit_i64(e, AHEAD * p->ldb + (int64_t)v * e->width)), true);
        emit_store(e, product_load(e, emit_offset(e, in, e->real, at), p->columns - (int64_t)v * e->width), emit_offset(e, out, e->real, at));
    }
    emit_loop_close(e, &loop);
}

/* 16 by 16, transposed: 16 rows from `from` on, the first `count` of which are there, `apart` elements from each other, to rows `out` apart. One
 * function for all, as it is long and its strides cost nothing. */
static void square_call(struct emit *e, ir to, ir from, ir apart, ir out, int64_t count)
{
    char name[32];
    ir function = e->kernel_function; /* this is called where a part is made */
    LLVMBasicBlockRef block = e->kernel_block;
    snprintf(name, sizeof name, "gan_square_%lld", (long long)count);
    ir f = emit_part(e, name, (ir_type[]){e->ptr, e->ptr, e->i64, e->i64}, 4);
    if (f) {
        ir x[LANES];
        for (unsigned i = 0; i < e->width; i++) {
            ir row = emit_offset(e, LLVMGetParam(f, 1), e->real, emit_imul(e, LLVMGetParam(f, 2), emit_i64(e, i)));
            x[i] = (int64_t)i < count ? product_load(e, row, e->width) : LLVMConstNull(emit_vector(e->real, e->width));
        }
        product_turn(e, x);
        for (unsigned i = 0; i < e->width; i++)
            emit_store(e, x[i], emit_offset(e, LLVMGetParam(f, 0), e->real, emit_imul(e, LLVMGetParam(f, 3), emit_i64(e, i))));
        LLVMBuildRetVoid(e->builder);
        emit_part_end(e);
        e->kernel_function = function;
        e->kernel_block = block;
    }
    emit_call(e, LLVMGetNamedFunction(e->module, name), (ir[]){to, from, apart, out}, 4);
}

/* Columns v * 16 and on, `count` of which are there: each 16 of k from `from` on, `stride` from the one before; to row `k` of the panel. */
static void turn_square(struct emit *e, const struct product_panel *p, ir to, ir from, int64_t stride, ir k, unsigned v, int64_t count)
{
    ir out = emit_i64(e, (int64_t)p->vectors * e->width);
    ir at = emit_offset(e, to, e->real, emit_iadd(e, emit_imul(e, k, out), emit_i64(e, (int64_t)v * e->width)));
    square_call(e, at, from, emit_i64(e, stride), out, count < e->width ? count : e->width);
}

static void turn_rest(struct emit *e, const struct product_panel *p, ir to, ir from, ir k, unsigned v, int64_t count)
{
    ir_type type = emit_vector(e->real, e->width);
    ir bits[LANES], steps = emit_count(e->i64, e->width, p->ldb);
    for (unsigned i = 0; i < e->width; i++) bits[i] = LLVMConstInt(e->i1, (int64_t)i < count, false);
    ir first = emit_offset(e, from, e->real, emit_iadd(e, k, emit_i64(e, (int64_t)v * e->width * p->ldb)));
    ir pointers = LLVMBuildGEP2(e->builder, e->real, first, &steps, 1, "");
    ir args[] = {pointers, emit_integer(e->i32, e->size), LLVMConstVector(bits, e->width), LLVMConstNull(type)};
    ir x = emit_intrinsic(e, "llvm.masked.gather", (ir_type[]){type, LLVMTypeOf(pointers)}, 2, args, 4);
    ir out = emit_offset(e, to, e->real, emit_imul(e, k, emit_i64(e, (int64_t)p->vectors * e->width)));
    emit_store(e, x, emit_offset(e, out, e->real, emit_i64(e, (int64_t)v * e->width)));
}

static void turn_rows(struct emit *e, const struct product_panel *p, ir to, ir from, ir depth)
{
    struct emit_loop loop;
    ir whole = emit_and(e, depth, emit_i64(e, -(int64_t)e->width));
    for (int rest = 0; rest < 2; rest++) {
        emit_loop_open(e, &loop, rest ? whole : emit_i64(e, 0), rest ? depth : whole, rest ? 1 : e->width);
        for (unsigned v = 0; v < p->vectors; v++) {
            int64_t count = p->columns - (int64_t)v * e->width;
            if (rest) turn_rest(e, p, to, from, loop.index, v, count);
            else turn_square(e, p, to, emit_offset(e, from, e->real, emit_iadd(e, loop.index, emit_i64(e, (int64_t)v * e->width * p->ldb))), p->ldb, loop.index, v, count);
        }
        emit_loop_close(e, &loop);
    }
}

/* `count` blocks side by side, from row `at` on: lines of memory are read whole. */
static void left_whole(struct emit *e, unsigned block, unsigned count, int64_t lda, ir to, ir from, ir depth, ir at)
{
    struct emit_loop loop;
    ir_type type = emit_vector(e->real, block);
    ir out = emit_offset(e, to, e->real, emit_imul(e, at, depth)), next = emit_imul(e, depth, emit_i64(e, block));
    emit_loop_open(e, &loop, emit_i64(e, 0), depth, 1);
    ir in = emit_offset(e, from, e->real, emit_iadd(e, emit_imul(e, loop.index, emit_i64(e, lda)), at));
    ir there = emit_offset(e, out, e->real, emit_imul(e, loop.index, emit_i64(e, block)));
    for (unsigned i = 0; i < count; i++) {
        emit_store(e, emit_load(e, type, emit_offset(e, in, e->real, emit_i64(e, (int64_t)i * block))), there);
        there = emit_offset(e, there, e->real, next);
    }
    emit_loop_close(e, &loop);
}

/* The rows of the last block, one by one. */
static void left_rest(struct emit *e, unsigned block, int64_t lda, ir to, ir from, ir depth, ir at, ir rows)
{
    struct emit_loop row, loop;
    ir out = emit_offset(e, to, e->real, emit_imul(e, at, depth));
    emit_loop_open(e, &row, emit_i64(e, 0), emit_isub(e, rows, at), 1);
    emit_loop_open(e, &loop, emit_i64(e, 0), depth, 1);
    ir one = emit_offset(e, from, e->real, emit_iadd(e, emit_imul(e, loop.index, emit_i64(e, lda)), emit_iadd(e, at, row.index)));
    emit_store(e, emit_load(e, e->real, one), emit_offset(e, out, e->real, emit_iadd(e, emit_imul(e, loop.index, emit_i64(e, block)), row.index)));
    emit_loop_close(e, &loop);
    emit_loop_close(e, &row);
}

#define BESIDE 4 /* blocks that are packed at once */

static void left_blocks(struct emit *e, unsigned block, int64_t lda, ir to, ir from, ir depth, ir rows)
{
    struct emit_loop loop;
    ir at = emit_i64(e, 0);
    for (unsigned count = BESIDE; count > 0; count = count > 1 ? 1 : 0) {
        ir step = emit_i64(e, (int64_t)count * block);
        ir end = emit_imul(e, LLVMBuildUDiv(e->builder, rows, step, ""), step);
        emit_loop_open(e, &loop, at, end, (int64_t)count * block);
        left_whole(e, block, count, lda, to, from, depth, loop.index);
        emit_loop_close(e, &loop);
        at = end;
    }
    left_rest(e, block, lda, to, from, depth, at, rows);
}

void product_left_call(struct emit *e, unsigned block, int64_t lda, ir to, ir from, ir depth, ir rows)
{
    char name[64];
    snprintf(name, sizeof name, "gan_left_%u_a%lld", block, (long long)lda);
    ir_type parameters[] = {e->ptr, e->ptr, e->i64, e->i64};
    ir f = emit_part(e, name, parameters, 4);
    if (f) {
        left_blocks(e, block, lda, LLVMGetParam(f, 0), LLVMGetParam(f, 1), LLVMGetParam(f, 2), LLVMGetParam(f, 3));
        LLVMBuildRetVoid(e->builder);
        emit_part_end(e);
    }
    emit_call(e, LLVMGetNamedFunction(e->module, name), (ir[]){to, from, depth, rows}, 4);
}

void product_copy_call(struct emit *e, int64_t lda, ir to, ir from, ir depth, ir rows)
{
    char name[64];
    snprintf(name, sizeof name, "gan_copy_a%lld", (long long)lda);
    ir_type parameters[] = {e->ptr, e->ptr, e->i64, e->i64}, type = emit_vector(e->real, e->width);
    ir f = emit_part(e, name, parameters, 4);
    if (f) {
        struct emit_loop row, loop;
        ir to_row, from_row, length = LLVMGetParam(f, 2), whole = emit_and(e, length, emit_i64(e, -(int64_t)e->width));
        emit_loop_open(e, &row, emit_i64(e, 0), LLVMGetParam(f, 3), 1);
        to_row = emit_offset(e, LLVMGetParam(f, 0), e->real, emit_imul(e, row.index, emit_i64(e, PRODUCT_DEPTH)));
        from_row = emit_offset(e, LLVMGetParam(f, 1), e->real, emit_imul(e, row.index, emit_i64(e, lda)));
        for (int rest = 0; rest < 2; rest++) {
            emit_loop_open(e, &loop, rest ? whole : emit_i64(e, 0), rest ? length : whole, rest ? 1 : e->width);
            ir x = emit_load(e, rest ? e->real : type, emit_offset(e, from_row, e->real, loop.index));
            emit_store(e, x, emit_offset(e, to_row, e->real, loop.index));
            emit_loop_close(e, &loop);
        }
        emit_loop_close(e, &row);
        LLVMBuildRetVoid(e->builder);
        emit_part_end(e);
    }
    emit_call(e, LLVMGetNamedFunction(e->module, name), (ir[]){to, from, depth, rows}, 4);
}

/* One panel of the source: `wide` of k, from k on; its rows `column` and on are the columns that are packed. */
static void turn_panel(struct emit *e, const struct product_panel *p, ir to, ir base, ir column, ir first, ir k, int64_t wide)
{
    ir panel = emit_offset(e, base, e->real, emit_imul(e, k, emit_i64(e, p->rows)));
    ir rows = emit_offset(e, panel, e->real, emit_imul(e, column, emit_i64(e, wide))), within = emit_isub(e, k, first);
    for (int64_t at = 0; at < wide; at += e->width)
        for (unsigned v = 0; v < p->vectors; v++)
            turn_square(e, p, to, emit_offset(e, rows, e->real, emit_i64(e, (int64_t)v * e->width * wide + at)), wide, emit_iadd(e, within, emit_i64(e, at)), v,
                        p->columns - (int64_t)v * e->width);
}

/* Pieces of k begin with a panel; the last ends with the matrix. */
static void turn_panels(struct emit *e, const struct product_panel *p, ir to, ir base, ir column, ir first, ir depth)
{
    struct emit_loop loop;
    ir end = emit_iadd(e, first, depth), whole = emit_i64(e, p->ldb / PRODUCT_PANEL * PRODUCT_PANEL);
    emit_loop_open(e, &loop, first, emit_select(e, emit_icmp(e, LLVMIntSLT, end, whole), end, whole), PRODUCT_PANEL);
    turn_panel(e, p, to, base, column, first, loop.index, PRODUCT_PANEL);
    emit_loop_close(e, &loop);
    if (p->ldb % PRODUCT_PANEL == 0) return;
    LLVMBasicBlockRef rest = emit_block(e, "rest"), after = emit_block(e, "after");
    emit_branch(e, emit_icmp(e, LLVMIntSGT, end, whole), rest, after);
    emit_at(e, rest);
    turn_panel(e, p, to, base, column, first, whole, p->ldb % PRODUCT_PANEL);
    emit_go(e, after);
}

void product_turn_call(struct emit *e, const struct product_panel *p, ir to, ir base, ir column, ir first, ir depth)
{
    char name[96];
    snprintf(name, sizeof name, "gan_turn_%u_%lldx%lld_%lld", p->vectors, (long long)p->rows, (long long)p->ldb, (long long)p->columns);
    ir_type parameters[] = {e->ptr, e->ptr, e->i64, e->i64, e->i64};
    ir f = emit_part(e, name, parameters, 5);
    if (f) {
        turn_panels(e, p, LLVMGetParam(f, 0), LLVMGetParam(f, 1), LLVMGetParam(f, 2), LLVMGetParam(f, 3), LLVMGetParam(f, 4));
        LLVMBuildRetVoid(e->builder);
        emit_part_end(e);
    }
    emit_call(e, LLVMGetNamedFunction(e->module, name), (ir[]){to, base, column, first, depth}, 5);
}

void product_pack_call(struct emit *e, const struct product_panel *p, ir to, ir from, ir depth)
{
    char name[96];
    snprintf(name, sizeof name, "gan_pack_%u_b%lld%s_%lld", p->vectors, (long long)p->ldb, p->tb ? "t" : "", (long long)p->columns);
    ir_type parameters[] = {e->ptr, e->ptr, e->i64};
    ir f = emit_part(e, name, parameters, 3);
    if (f) {
        if (p->tb) turn_rows(e, p, LLVMGetParam(f, 0), LLVMGetParam(f, 1), LLVMGetParam(f, 2));
        else copy_rows(e, p, LLVMGetParam(f, 0), LLVMGetParam(f, 1), LLVMGetParam(f, 2));
        LLVMBuildRetVoid(e->builder);
        emit_part_end(e);
    }
    emit_call(e, LLVMGetNamedFunction(e->module, name), (ir[]){to, from, depth}, 3);
}
