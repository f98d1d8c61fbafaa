/* product_gather.c: patches of an image of few channels (kernels.h), in the worker's own memory: [taps and channels, examples].
 *
 * A pixel is an [examples, channels] matrix, which is turned: of each channel, vectors of examples. What falls outside of the image is zeros. */
#include "codegen/product.h"

/* The channels of the examples from `from` on, as many as a vector has lanes, each to its row of the patch. */
static void turn(struct emit *e, ir to, ir from, int64_t channels, int64_t examples)
{
    ir all = emit_load(e, emit_vector(e->real, e->width * (unsigned)channels), from);
    for (int64_t c = 0; c < channels; c++) {
        ir lanes = emit_count(e->i32, e->width, channels), x = all;
        lanes = LLVMConstAdd(lanes, emit_integer(emit_vector(e->i32, e->width), (uint64_t)c));
        if (channels > 1) x = LLVMBuildShuffleVector(e->builder, all, LLVMGetUndef(LLVMTypeOf(all)), lanes, "");
        emit_store(e, x, emit_offset(e, to, e->real, emit_i64(e, c * examples)));
    }
}

/* Of fewer examples than that, one by one. */
static void turn_each(struct emit *e, ir to, ir from, int64_t lda, int64_t channels, int64_t examples)
{
    struct emit_loop loop;
    emit_loop_open(e, &loop, emit_i64(e, 0), emit_i64(e, examples), 1);
    for (int64_t c = 0; c < channels; c++) {
        ir x = emit_load(e, e->real, emit_offset(e, from, e->real, emit_iadd_number(e, emit_imul_number(e, loop.index, lda), c)));
        emit_store(e, x, emit_offset(e, to, e->real, emit_iadd_number(e, loop.index, c * examples)));
    }
    emit_loop_close(e, &loop);
}

/* A pixel; vectors may meet the same examples twice at the end. */
static void turn_pixel(struct emit *e, ir to, ir from, int64_t lda, int64_t channels, int64_t examples)
{
    struct emit_loop loop;
    if (examples < e->width || lda != channels) {
        turn_each(e, to, from, lda, channels, examples);
        return;
    }
    emit_loop_open(e, &loop, emit_i64(e, 0), emit_i64(e, examples / e->width * e->width), e->width);
    turn(e, emit_offset(e, to, e->real, loop.index), emit_offset(e, from, e->real, emit_imul_number(e, loop.index, lda)), channels, examples);
    emit_loop_close(e, &loop);
    if (examples % e->width == 0) return;
    int64_t last = examples - e->width;
    turn(e, emit_offset(e, to, e->real, emit_i64(e, last)), emit_offset(e, from, e->real, emit_i64(e, last * lda)), channels, examples);
}

static void zeros(struct emit *e, ir to, int64_t elements)
{
    struct emit_loop loop;
    int64_t whole = elements / e->width * e->width;
    for (int rest = whole == 0; rest < 2 && (!rest || whole < elements); rest++) {
        emit_loop_open(e, &loop, emit_i64(e, rest ? whole : 0), emit_i64(e, rest ? elements : whole), rest ? 1 : e->width);
        emit_store(e, LLVMConstNull(emit_vector(e->real, rest ? 1 : e->width)), emit_offset(e, to, e->real, loop.index));
        emit_loop_close(e, &loop);
    }
}

void product_gather(struct product_work *w, ir first, ir last, ir other)
{
    struct nest *n = w->n;
    struct emit *e = n->e;
    const struct product *p = product_at(w);
    int64_t channels = p->ta ? windows_inner(&n->k) : windows_depth(p), examples = p->ta ? windows_depth(p) : windows_unit(&n->k);
    struct emit_loop loop;
    emit_loop_open(e, &loop, first, last, 1);
    ir to = emit_offset(e, w->left[0], e->real, emit_imul_number(e, emit_isub(e, loop.index, first), channels * examples));
    ir inside = product_windows_enter(w, p->ta ? loop.index : other, p->ta ? other : loop.index);
    LLVMBasicBlockRef meets = emit_block(e, "meets"), not = emit_block(e, "not"), after = emit_block(e, "after");
    emit_branch(e, inside, meets, not);
    emit_at(e, meets);
    ir at = emit_imul_number(e, p->ta ? w->pixel : emit_iadd(e, w->pixel, w->place), p->lda);
    at = emit_iadd_number(e, at, p->a.offset);
    access_check(n, p->a.storage, at, emit_iadd_number(e, at, (examples - 1) * p->lda + channels - 1));
    turn_pixel(e, to, emit_offset(e, access_base(n, p->a.storage), e->real, at), p->lda, channels, examples);
    LLVMBuildBr(e->builder, after);
    emit_at(e, not);
    zeros(e, to, channels * examples);
    emit_go(e, after);
    emit_loop_close(e, &loop);
}
