/* product.c: kernels that are matrix products: [rows, columns] += op(A) op(B) for each product, tile by tile, then the body over the tile.
 *
 * A task makes one tile. Where the body only stores the product, row-major, the tile is a window of that storage; else it is the worker's own
 * memory, warm in its cache when the body reads it. Floats are multiplied by code of ours (product_float.c), doubles, and
 * floats by --blas, by OpenBLAS. The products of a tile run on the worker's thread alone and in order, so that the sum's order does not depend on
 * the number of threads. */
#include "codegen/product.h"

#include "base/diag.h"

/* Elements between the rows of the storage that takes the product as it is; 0 where none does. */
static int64_t direct_stride(const struct nest *n)
{
    const struct kernel *k = &n->k;
    if (k->body.n != 2 || k->body.at[0].kind != INSN_PRODUCT || k->body.at[1].kind != INSN_STORE) return 0;
    const struct access *at = &k->body.at[1].at;
    if (access_storage(n, at->storage)->size != n->e->size || access_storage(n, at->storage)->columns || (k->extent[1] > 1 && at->stride[1] != 1)) return 0;
    if (k->extent[0] == 1) return k->extent[1];
    return at->stride[0] >= k->extent[1] ? at->stride[0] : 0;
}

static bool storages_overlap(const struct storage *a, const struct storage *b)
{
    return a->offset < b->offset + b->elements * b->size && b->offset < a->offset + a->elements * a->size;
}

/* A storage written while other tiles still read it as an operand would be wrong, whatever the order. */
static void check_operands(const struct nest *n)
{
    for (uint32_t i = 0; i < n->k.body.n; i++) {
        const struct insn *in = &n->k.body.at[i];
        if (in->kind != INSN_STORE) continue;
        const struct storage *to = access_storage(n, in->at.storage);
        for (uint32_t p = 0; p < n->k.products.n; p++)
            if (storages_overlap(to, access_storage(n, n->k.products.at[p].a.storage)) ||
                storages_overlap(to, access_storage(n, n->k.products.at[p].b.storage)))
                diag(n->e->g, E0857, n->k.span, n->k.name);
    }
}

/* Tile `number` of dimension d, `tiles` of them. */
static void tile_bounds(struct nest *n, uint32_t d, ir number, int64_t tiles)
{
    struct emit *e = n->e;
    int64_t size = n->k.tile[d], extent = n->k.extent[d];
    if (tiles == 1) return;
    n->low[d] = emit_imul(e, number, emit_i64(e, size));
    ir end = emit_iadd(e, n->low[d], emit_i64(e, size)), most = emit_i64(e, extent);
    n->high[d] = extent % size ? emit_select(e, emit_icmp(e, LLVMIntSLT, end, most), end, most) : end;
}

/* Where the operand's part for this tile begins. Stored `turned`, the tile's dimension runs along its columns. across: the tile's extent
 * in that dimension; depth: the summed one's. */
static ir operand(struct nest *n, const struct access *at, int64_t stride, bool turned, ir low, ir across, int64_t depth)
{
    struct emit *e = n->e;
    ir first = emit_iadd(e, emit_i64(e, at->offset), turned ? low : emit_imul(e, low, emit_i64(e, stride)));
    ir last = emit_isub(e, across, emit_i64(e, 1));
    last = turned ? emit_iadd(e, last, emit_i64(e, (depth - 1) * stride)) : emit_iadd(e, emit_imul(e, last, emit_i64(e, stride)), emit_i64(e, depth - 1));
    access_check(n, at->storage, first, emit_iadd(e, first, last));
    return emit_offset(e, access_base(n, at->storage), e->real, first);
}

/* The storage's window that is this task's tile. */
ir product_window(struct nest *n, int64_t stride)
{
    struct emit *e = n->e;
    ir rows = emit_isub(e, n->high[0], n->low[0]), columns = emit_isub(e, n->high[1], n->low[1]);
    const struct access *at = &n->k.body.at[1].at;
    n->index[0] = n->low[0], n->index[1] = n->low[1];
    ir first = access_index(n, at);
    ir last = emit_iadd(e, first, emit_iadd(e, emit_imul(e, emit_isub(e, rows, emit_i64(e, 1)), emit_i64(e, stride)), emit_isub(e, columns, emit_i64(e, 1))));
    access_check(n, at->storage, first, last);
    return emit_offset(e, access_base(n, at->storage), e->real, first);
}

ir product_memory(struct nest *n)
{
    struct emit *e = n->e;
    int64_t bytes = kernel_worker_bytes(&n->k, e->size), room = e->k->worker_bytes;
    if (bytes > room) diag(e->g, E0856, n->k.span, n->k.name, (long long)bytes, (long long)room);
    return emit_offset(e, emit_field(e, n->frame, FRAME_TILES), e->i8, emit_imul(e, n->worker, emit_i64(e, room)));
}

/* ---- by the library ---- */

static ir gemm_function(struct emit *e)
{
    ir_type l = e->i64, p = e->ptr, parameters[] = {e->i1, e->i1, l, l, l, p, l, p, l, e->real, p, l};
    return emit_service(e, e->size == 8 ? "ganrt_dgemm" : "ganrt_sgemm", e->none, parameters, 12);
}

static void mark_booleans(struct emit *e, ir function, ir call)
{
    LLVMAttributeRef extended = LLVMCreateEnumAttribute(e->context, LLVMGetEnumAttributeKindForName("zeroext", 7), 0);
    for (unsigned i = 1; i <= 2; i++) {
        LLVMAddAttributeAtIndex(function, i, extended);
        LLVMAddCallSiteAttribute(call, i, extended);
    }
}

static void library(struct nest *n, const struct product_operands *of, ir to, int64_t stride)
{
    struct emit *e = n->e;
    ir function = gemm_function(e), rows = emit_isub(e, n->high[0], n->low[0]), columns = emit_isub(e, n->high[1], n->low[1]);
    for (uint32_t i = 0; i < n->k.products.n; i++) {
        const struct product *p = &n->k.products.at[i];
        ir args[] = {emit_integer(e->i1, p->ta), emit_integer(e->i1, p->tb), rows, columns, emit_i64(e, p->k), of[i].a, emit_i64(e, p->lda), of[i].b,
                     emit_i64(e, p->ldb), emit_number(e->real, i ? 1 : 0), to, emit_i64(e, stride)};
        mark_booleans(e, function, emit_call(e, function, args, 12));
    }
}

static void library_tile(struct nest *n, const struct product_operands *of, int64_t stride)
{
    if (stride) {
        library(n, of, product_window(n, stride), stride);
        return;
    }
    n->tile = product_memory(n);
    n->row = n->low[0], n->column = n->low[1], n->columns = n->k.tile[1];
    library(n, of, n->tile, n->columns);
    access_begin(n);
    body_begin(n);
    nest_loops(n);
}

void product_emit(struct nest *n)
{
    struct emit *e = n->e;
    const struct kernel *k = &n->k;
    int64_t down = (k->extent[0] + k->tile[0] - 1) / k->tile[0], across = (k->extent[1] + k->tile[1] - 1) / k->tile[1];
    check_operands(n);
    tile_bounds(n, 0, LLVMBuildUDiv(e->builder, n->task, emit_i64(e, across), ""), down);
    tile_bounds(n, 1, LLVMBuildURem(e->builder, n->task, emit_i64(e, across), ""), across);
    if (across > 1) n->unit = k->tile[1];
    struct product_operands *of = NEW_ARRAY(e->mem, struct product_operands, k->products.n);
    ir rows = emit_isub(e, n->high[0], n->low[0]), columns = emit_isub(e, n->high[1], n->low[1]);
    for (uint32_t i = 0; i < k->products.n; i++) {
        const struct product *p = &k->products.at[i];
        if (!p->windows.on) of[i].a = operand(n, &p->a, p->lda, p->ta, n->low[0], rows, p->k);
        of[i].b = operand(n, &p->b, p->ldb, !p->tb, n->low[1], columns, p->k);
    }
    if (e->size == 8 || k->library) library_tile(n, of, direct_stride(n));
    else product_float(n, of, kernel_windows(k) ? 0 : direct_stride(n));
    LLVMBuildRetVoid(e->builder);
}
