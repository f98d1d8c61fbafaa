/* access.c: reading and writing storages, a vector at a time.
 *
 * Along the lane an access walks with stride 1 (a vector), 0 (one element, splat) or another (gathered, scattered). Elements are converted where
 * a storage holds doubles in a program of floats (states of the schedule), or bytes (schedule/narrow.h). Storages do not overlap while a
 * kernel uses them: alias scopes tell LLVM so, which lets it move loads out of loops that store. */
#include "codegen/nest.h"

#include <stdio.h>
#include <string.h>

const struct storage *access_storage(const struct nest *n, uint32_t id)
{
    return kernels_storage(n->e->k, n->kg, id);
}

static void scope_add(struct nest *n, uint32_t storage)
{
    for (uint32_t i = 0; i < n->scopes.n; i++)
        if (n->scopes.at[i].storage == storage) return;
    struct scope s = {.storage = storage, .low = -1, .high = -1};
    if (storage != STORAGE_TILE) {
        const struct storage *of = access_storage(n, storage);
        s.low = of->offset;
        s.high = of->offset + of->elements * of->size;
    }
    vec_push(n->e->mem, &n->scopes, s);
}

static LLVMMetadataRef named_node(struct emit *e, const char *name, LLVMMetadataRef in)
{
    LLVMMetadataRef parts[2] = {LLVMMDStringInContext2(e->context, name, strlen(name)), in};
    return LLVMMDNodeInContext2(e->context, parts, in ? 2 : 1);
}

void access_begin(struct nest *n)
{
    struct emit *e = n->e;
    char name[64];
    for (uint32_t i = 0; i < n->k.body.n; i++) {
        const struct insn *in = &n->k.body.at[i];
        if (in->kind == INSN_LOAD || in->kind == INSN_STORE) scope_add(n, in->at.storage);
        if (in->kind == INSN_PRODUCT) scope_add(n, STORAGE_TILE);
    }
    uint32_t count = n->scopes.n;
    if (!count) return;
    snprintf(name, sizeof name, "gan_g%u_k%u", n->graph, n->number);
    LLVMMetadataRef domain = named_node(e, name, NULL), *scopes = NEW_ARRAY(e->mem, LLVMMetadataRef, count),
                    *others = NEW_ARRAY(e->mem, LLVMMetadataRef, count);
    for (uint32_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "storage %d", (int)n->scopes.at[i].storage);
        scopes[i] = named_node(e, name, domain);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct scope *s = &n->scopes.at[i];
        unsigned apart = 0;
        for (uint32_t j = 0; j < count; j++) {
            const struct scope *t = &n->scopes.at[j];
            if (j != i && (t->high <= s->low || s->high <= t->low)) others[apart++] = scopes[j];
        }
        s->own = LLVMMDNodeInContext2(e->context, &scopes[i], 1);
        s->others = apart ? LLVMMDNodeInContext2(e->context, others, apart) : NULL;
    }
}

static ir mark(struct nest *n, uint32_t storage, ir access)
{
    struct emit *e = n->e;
    for (uint32_t i = 0; i < n->scopes.n; i++) {
        const struct scope *s = &n->scopes.at[i];
        if (s->storage != storage) continue;
        LLVMSetMetadata(access, LLVMGetMDKindIDInContext(e->context, "alias.scope", 11), LLVMMetadataAsValue(e->context, s->own));
        if (s->others) LLVMSetMetadata(access, LLVMGetMDKindIDInContext(e->context, "noalias", 7), LLVMMetadataAsValue(e->context, s->others));
    }
    return access;
}

ir access_index(struct nest *n, const struct access *a)
{
    struct emit *e = n->e;
    ir index = emit_i64(e, a->offset);
    for (uint32_t d = 0; d < n->k.rank; d++)
        if (a->stride[d]) index = emit_iadd(e, index, emit_imul(e, n->index[d], emit_i64(e, a->stride[d])));
    return index;
}

bool access_range(const struct nest *n, const struct access *a, int64_t *low, int64_t *high)
{
    *low = *high = a->offset;
    for (uint32_t d = 0; d < n->k.rank; d++) {
        int64_t reach;
        if (__builtin_mul_overflow(a->stride[d], n->k.extent[d] - 1, &reach)) return false;
        if (__builtin_add_overflow(reach < 0 ? *low : *high, reach, reach < 0 ? low : high)) return false;
    }
    return true;
}

ir access_base(struct nest *n, uint32_t storage)
{
    return emit_offset(n->e, n->arena, n->e->i8, emit_i64(n->e, access_storage(n, storage)->offset));
}

/* Calls ganrt_bounds with the first byte, counted from the storage's start, that an access of elements [first, last] may not touch. */
void access_check(struct nest *n, uint32_t storage, ir first, ir last)
{
    struct emit *e = n->e;
    if (!e->g->check_bounds) return;
    const struct storage *s = access_storage(n, storage);
    ir below = emit_icmp(e, LLVMIntSLT, first, emit_i64(e, 0)), above = emit_icmp(e, LLVMIntSGE, last, emit_i64(e, s->elements));
    LLVMBasicBlockRef bad = emit_block(e, "outside"), good = emit_block(e, "inside");
    emit_branch(e, emit_or(e, below, above), bad, good);
    emit_at(e, bad);
    ir byte = emit_imul(e, emit_select(e, below, first, last), emit_i64(e, s->size));
    ir_type parameters[] = {e->ptr, e->i32, e->i32, e->i32, e->i64};
    ir report = emit_service(e, "ganrt_bounds", e->none, parameters, 5);
    emit_call(e, report, (ir[]){n->frame, emit_integer(e->i32, n->graph), emit_integer(e->i32, n->number), emit_integer(e->i32, storage), byte}, 5);
    LLVMBuildUnreachable(e->builder);
    emit_at(e, good);
}

static int64_t lane_stride(const struct nest *n, const struct access *a)
{
    return n->lanes > 1 ? a->stride[n->lane] : 0;
}

static void check_lanes(struct nest *n, const struct access *a, ir index)
{
    struct emit *e = n->e;
    int64_t stride = lane_stride(n, a);
    if (!e->g->check_bounds) return;
    ir count = n->count ? n->count : emit_i64(e, n->lanes);
    ir end = emit_iadd(e, index, emit_imul(e, emit_isub(e, count, emit_i64(e, 1)), emit_i64(e, stride)));
    access_check(n, a->storage, stride < 0 ? end : index, stride < 0 ? index : end);
}

static ir whole_mask(struct nest *n)
{
    return n->mask ? n->mask : emit_integer(emit_vector(n->e->i1, n->lanes), 1);
}

#define POINTERS INT64_MIN /* a stride: there is a pointer for each lane */

static ir lane_pointers(struct nest *n, ir_type element, ir pointer, int64_t stride)
{
    struct emit *e = n->e;
    if (stride == POINTERS) return pointer;
    bool narrow = stride > -(1 << 24) && stride < 1 << 24; /* 32-bit offsets gather in one instruction */
    ir steps = emit_count(narrow ? e->i32 : e->i64, n->lanes, stride);
    return LLVMBuildGEP2(e->builder, element, pointer, &steps, 1, "");
}

/* ---- where an element stands ---- */

static ir divided(struct emit *e, ir x, int64_t by) { return LLVMBuildUDiv(e->builder, x, emit_integer(LLVMTypeOf(x), (uint64_t)by), ""); }

/* panel_position of kernels.h, of scalars or vectors: the element in `row` and `column`. */
static ir panel_element(struct emit *e, const struct storage *s, ir row, ir column)
{
    ir_type t = LLVMTypeOf(column);
    ir start = emit_imul(e, divided(e, column, PRODUCT_PANEL), emit_integer(t, PRODUCT_PANEL)), wide = emit_integer(t, PRODUCT_PANEL);
    if (s->columns % PRODUCT_PANEL) {
        ir last = emit_icmp(e, LLVMIntEQ, start, emit_integer(t, (uint64_t)(s->columns / PRODUCT_PANEL * PRODUCT_PANEL)));
        wide = emit_select(e, last, emit_integer(t, (uint64_t)(s->columns % PRODUCT_PANEL)), wide);
    }
    ir before = emit_imul(e, start, emit_integer(t, (uint64_t)(s->elements / s->columns)));
    return emit_iadd(e, emit_iadd(e, before, emit_imul(e, row, wide)), emit_isub(e, column, start));
}

static ir panel_index(struct emit *e, const struct storage *s, ir index)
{
    ir row = divided(e, index, s->columns);
    return panel_element(e, s, row, emit_isub(e, index, emit_imul(e, row, emit_integer(LLVMTypeOf(index), (uint64_t)s->columns))));
}

/* Row and column as sums over dimensions of their own, where the access is one: what a loop down the rows does not change, it then need not
 * work out again. Of the point's first lane. */
static bool panel_apart(struct nest *n, const struct access *a, const struct storage *s, ir *row, ir *column)
{
    struct emit *e = n->e;
    int64_t first = a->offset % s->columns, last = first;
    for (uint32_t d = 0; d < n->k.rank; d++) {
        if (a->stride[d] < 0) return false;
        if (a->stride[d] % s->columns) last += a->stride[d] * (n->k.extent[d] - 1);
    }
    if (a->offset < 0 || last >= s->columns) return false;
    *row = emit_i64(e, a->offset / s->columns);
    *column = emit_i64(e, first);
    for (uint32_t d = 0; d < n->k.rank; d++) {
        bool down = a->stride[d] % s->columns == 0;
        int64_t step = down ? a->stride[d] / s->columns : a->stride[d];
        ir *to = down ? row : column;
        if (step) *to = emit_iadd(e, *to, emit_imul(e, n->index[d], emit_i64(e, step)));
    }
    return true;
}

/* Does no vector along the lane leave its panel? */
static bool panel_aligned(const struct nest *n, const struct access *a)
{
    bool good = a->stride[n->lane] == 1 && a->offset % PRODUCT_LANES == 0;
    for (uint32_t d = 0; d < n->k.rank; d++) good = good && (d == n->lane || a->stride[d] % PRODUCT_LANES == 0);
    return good;
}

/* The pointer, or pointers, of the point's lanes; *stride: between lanes from a single pointer, 0 where there is a pointer for each. */
static ir element_pointer(struct nest *n, const struct access *a, ir_type element, ir index, int64_t *stride)
{
    struct emit *e = n->e;
    const struct storage *s = access_storage(n, a->storage);
    ir base = access_base(n, a->storage);
    *stride = lane_stride(n, a);
    if (!s->columns) return emit_offset(e, base, element, index);
    ir row, column;
    if ((*stride == 0 || panel_aligned(n, a)) && panel_apart(n, a, s, &row, &column)) return emit_offset(e, base, element, panel_element(e, s, row, column));
    if (*stride == 0 || panel_aligned(n, a)) return emit_offset(e, base, element, panel_index(e, s, index));
    ir at = panel_index(e, s, emit_iadd(e, emit_splat(e, index, n->lanes), emit_count(e->i64, n->lanes, *stride)));
    *stride = POINTERS;
    return LLVMBuildGEP2(e->builder, element, base, &at, 1, "");
}

static ir_type element_type(const struct nest *n, uint32_t storage)
{
    uint32_t size = access_storage(n, storage)->size;
    return size == 8 ? n->e->f64 : size == 1 ? n->e->i8 : n->e->f32;
}

static ir alignment(const struct emit *e, ir_type element)
{
    return emit_integer(e->i32, element == e->f64 ? 8 : element == e->i8 ? 1 : 4);
}

/* A byte is a whole number from 0 to 255: it goes by way of 32 bits, which processors convert in one instruction. */
static ir from_stored(struct emit *e, ir x)
{
    if (emit_element(x) != e->i8) return emit_convert(e, x, e->real);
    return LLVMBuildSIToFP(e->builder, LLVMBuildZExt(e->builder, x, emit_like(e->i32, x), ""), emit_like(e->real, x), "");
}

static ir to_stored(struct emit *e, ir x, ir_type element)
{
    if (element != e->i8) return emit_convert(e, x, element);
    return LLVMBuildTrunc(e->builder, LLVMBuildFPToSI(e->builder, x, emit_like(e->i32, x), ""), emit_like(e->i8, x), "");
}

static ir load_from(struct nest *n, uint32_t storage, ir_type element, ir pointer, int64_t stride)
{
    struct emit *e = n->e;
    ir_type type = emit_vector(element, n->lanes), vectors = emit_vector(e->ptr, n->lanes);
    ir align = alignment(e, element);
    if (stride == 0) return emit_splat(e, mark(n, storage, emit_load(e, element, pointer)), n->lanes);
    if (stride == 1 && !n->mask) return mark(n, storage, emit_load(e, type, pointer));
    ir rest = LLVMConstNull(type);
    if (stride == 1)
        return mark(n, storage, emit_intrinsic(e, "llvm.masked.load", (ir_type[]){type, e->ptr}, 2, (ir[]){pointer, align, n->mask, rest}, 4));
    ir pointers = lane_pointers(n, element, pointer, stride);
    return mark(n, storage, emit_intrinsic(e, "llvm.masked.gather", (ir_type[]){type, vectors}, 2, (ir[]){pointers, align, whole_mask(n), rest}, 4));
}

ir access_load(struct nest *n, const struct access *a)
{
    struct emit *e = n->e;
    ir_type element = element_type(n, a->storage);
    ir index = access_index(n, a);
    check_lanes(n, a, index);
    int64_t stride;
    ir pointer = element_pointer(n, a, element, index, &stride);
    return from_stored(e, load_from(n, a->storage, element, pointer, stride));
}

void access_store(struct nest *n, const struct access *a, ir value)
{
    struct emit *e = n->e;
    ir_type element = element_type(n, a->storage);
    ir index = access_index(n, a);
    check_lanes(n, a, index);
    int64_t stride;
    ir pointer = element_pointer(n, a, element, index, &stride);
    value = to_stored(e, value, element);
    ir_type type = LLVMTypeOf(value), vectors = emit_vector(e->ptr, n->lanes);
    ir align = alignment(e, element);
    if (n->lanes == 1 || (stride == 1 && !n->mask)) mark(n, a->storage, emit_store(e, value, pointer));
    else if (stride == 1)
        mark(n, a->storage, emit_intrinsic(e, "llvm.masked.store", (ir_type[]){type, e->ptr}, 2, (ir[]){value, pointer, align, n->mask}, 4));
    else {
        ir pointers = lane_pointers(n, element, pointer, stride);
        mark(n, a->storage, emit_intrinsic(e, "llvm.masked.scatter", (ir_type[]){type, vectors}, 2, (ir[]){value, pointers, align, whole_mask(n)}, 4));
    }
}

/* The product's elements of this point: a tile holds them row by row. */
ir access_tile(struct nest *n)
{
    struct emit *e = n->e;
    ir row = emit_isub(e, n->index[0], n->row), column = emit_isub(e, n->index[1], n->column);
    ir index = emit_iadd(e, emit_imul(e, row, emit_i64(e, n->columns)), column);
    return load_from(n, STORAGE_TILE, e->real, emit_offset(e, n->tile, e->real, index), n->lanes > 1);
}
