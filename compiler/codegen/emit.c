/* emit.c: see emit.h. */
#include "codegen/emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ir_type frame_type(struct emit *e)
{
    ir_type p = e->ptr, d = e->f64;
    ir_type fields[] = {p, p, p, p, p, p, p, d, d, e->i64, LLVMArrayType2(e->i32, 2), e->i32, p, e->i32, d};
    return LLVMStructTypeInContext(e->context, fields, sizeof fields / sizeof *fields, false);
}

void emit_open(struct emit *e, struct ganc *g, const struct kernels *k, const struct target *target)
{
    *e = (struct emit){.g = g, .mem = arena_new(), .k = k, .target = target, .context = LLVMContextCreate()};
    LLVMContextRef c = e->context;
    e->module = LLVMModuleCreateWithNameInContext(k->program->name, c);
    e->builder = LLVMCreateBuilderInContext(c);
    e->i1 = LLVMInt1TypeInContext(c);
    e->i8 = LLVMInt8TypeInContext(c);
    e->i32 = LLVMInt32TypeInContext(c);
    e->i64 = LLVMInt64TypeInContext(c);
    e->f32 = LLVMFloatTypeInContext(c);
    e->f64 = LLVMDoubleTypeInContext(c);
    e->ptr = LLVMPointerTypeInContext(c, 0);
    e->none = LLVMVoidTypeInContext(c);
    e->real = k->program->f64 ? e->f64 : e->f32;
    e->size = k->program->f64 ? 8 : 4;
    e->width = 64 / e->size;
    e->frame = frame_type(e);
    e->kernel = LLVMFunctionType(e->none, (ir_type[]){e->ptr, e->i32, e->i32}, 3, false);
    e->procedure = LLVMFunctionType(e->none, &e->ptr, 1, false);
    e->question = LLVMFunctionType(e->f64, &e->ptr, 1, false);
    e->runs = NEW_ARRAY(e->mem, ir, k->graphs.n + 1);
    e->kernels = NEW_ARRAY(e->mem, ir *, k->graphs.n + 1);
    for (uint32_t i = 0; i < k->graphs.n; i++) e->kernels[i] = NEW_ARRAY(e->mem, ir, k->graphs.at[i].kernels.n + 1);
}

void emit_close(struct emit *e)
{
    if (!e->context) return;
    LLVMDisposeBuilder(e->builder);
    LLVMDisposeModule(e->module);
    LLVMContextDispose(e->context);
    arena_free(e->mem);
    e->context = NULL;
}

/* ---- types ---- */

ir_type emit_vector(ir_type element, unsigned lanes)
{
    return lanes == 1 ? element : LLVMVectorType(element, lanes);
}

ir_type emit_element(ir value)
{
    ir_type t = LLVMTypeOf(value);
    return LLVMGetTypeKind(t) == LLVMVectorTypeKind ? LLVMGetElementType(t) : t;
}

unsigned emit_lanes(ir value)
{
    ir_type t = LLVMTypeOf(value);
    return LLVMGetTypeKind(t) == LLVMVectorTypeKind ? LLVMGetVectorSize(t) : 1;
}

ir_type emit_like(ir_type element, ir value)
{
    return emit_vector(element, emit_lanes(value));
}

bool emit_is_double(const struct emit *e, ir value)
{
    return emit_element(value) == e->f64;
}

/* ---- constants ---- */

static ir constant_splat(ir_type type, ir scalar)
{
    if (LLVMGetTypeKind(type) != LLVMVectorTypeKind) return scalar;
    ir lanes[64];
    unsigned n = LLVMGetVectorSize(type);
    for (unsigned i = 0; i < n; i++) lanes[i] = scalar;
    return LLVMConstVector(lanes, n);
}

static ir_type scalar_type(ir_type type)
{
    return LLVMGetTypeKind(type) == LLVMVectorTypeKind ? LLVMGetElementType(type) : type;
}

ir emit_number(ir_type type, double x)
{
    return constant_splat(type, LLVMConstReal(scalar_type(type), x));
}

ir emit_integer(ir_type type, uint64_t x)
{
    return constant_splat(type, LLVMConstInt(scalar_type(type), x, false));
}

ir emit_i64(const struct emit *e, int64_t x)
{
    return LLVMConstInt(e->i64, (uint64_t)x, true);
}

ir emit_count(ir_type element, unsigned lanes, int64_t step)
{
    ir at[64];
    if (lanes == 1) return LLVMConstInt(element, 0, false);
    for (unsigned i = 0; i < lanes; i++) at[i] = LLVMConstInt(element, (uint64_t)(step * (int64_t)i), true);
    return LLVMConstVector(at, lanes);
}

bool emit_known(ir value, int64_t *x)
{
    if (!LLVMIsAConstantInt(value)) return false;
    *x = LLVMConstIntGetSExtValue(value);
    return true;
}

ir emit_text(struct emit *e, const char *text)
{
    if (!text) return LLVMConstNull(e->ptr);
    ir value = LLVMConstStringInContext2(e->context, text, strlen(text), false);
    ir global = LLVMAddGlobal(e->module, LLVMTypeOf(value), "text");
    LLVMSetInitializer(global, value);
    LLVMSetGlobalConstant(global, true);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetUnnamedAddress(global, LLVMGlobalUnnamedAddr);
    return global;
}

/* ---- values ---- */

ir emit_splat(struct emit *e, ir scalar, unsigned lanes)
{
    if (lanes == 1) return scalar;
    if (LLVMIsAConstantInt(scalar) || LLVMIsAConstantFP(scalar)) return constant_splat(LLVMVectorType(LLVMTypeOf(scalar), lanes), scalar);
    ir_type type = LLVMVectorType(LLVMTypeOf(scalar), lanes);
    ir one = LLVMBuildInsertElement(e->builder, LLVMGetPoison(type), scalar, LLVMConstInt(e->i32, 0, false), "");
    return LLVMBuildShuffleVector(e->builder, one, LLVMGetPoison(type), LLVMConstNull(LLVMVectorType(e->i32, lanes)), "");
}

ir emit_intrinsic(struct emit *e, const char *name, ir_type *overloads, unsigned count, ir *args, unsigned nargs)
{
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    ir function = LLVMGetIntrinsicDeclaration(e->module, id, overloads, count);
    return LLVMBuildCall2(e->builder, LLVMGlobalGetValueType(function), function, args, nargs, "");
}

ir emit_fma(struct emit *e, ir a, ir b, ir c)
{
    ir_type t = LLVMTypeOf(a);
    return emit_intrinsic(e, "llvm.fma", &t, 1, (ir[]){a, b, c}, 3);
}

ir emit_unary(struct emit *e, const char *intrinsic, ir x)
{
    ir_type t = LLVMTypeOf(x);
    return emit_intrinsic(e, intrinsic, &t, 1, &x, 1);
}

ir emit_select(struct emit *e, ir c, ir a, ir b)
{
    return LLVMBuildSelect(e->builder, c, a, b, "");
}

ir emit_convert(struct emit *e, ir x, ir_type element)
{
    if (emit_element(x) == element) return x;
    ir_type type = emit_like(element, x);
    return element == e->f64 ? LLVMBuildFPExt(e->builder, x, type, "") : LLVMBuildFPTrunc(e->builder, x, type, "");
}

ir emit_bits(struct emit *e, ir x, ir_type element)
{
    return LLVMBuildBitCast(e->builder, x, emit_like(element, x), "");
}

/* ---- memory ---- */

ir emit_offset(struct emit *e, ir pointer, ir_type element, ir index)
{
    int64_t known;
    if (emit_known(index, &known) && known == 0) return pointer;
    return LLVMBuildGEP2(e->builder, element, pointer, &index, 1, "");
}

static unsigned element_alignment(const struct emit *e, ir_type type)
{
    type = scalar_type(type);
    return type == e->f32 || type == e->i32 ? 4 : type == e->i8 || type == e->i1 ? 1 : 8;
}

ir emit_load(struct emit *e, ir_type type, ir pointer)
{
    ir load = LLVMBuildLoad2(e->builder, type, pointer, "");
    LLVMSetAlignment(load, element_alignment(e, type));
    return load;
}

ir emit_store(struct emit *e, ir value, ir pointer)
{
    ir store = LLVMBuildStore(e->builder, value, pointer);
    LLVMSetAlignment(store, element_alignment(e, LLVMTypeOf(value)));
    return store;
}

ir emit_local(struct emit *e, ir_type type)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(e->builder), first = LLVMGetEntryBasicBlock(e->function);
    ir start = LLVMGetFirstInstruction(first);
    if (start) LLVMPositionBuilderBefore(e->builder, start);
    else LLVMPositionBuilderAtEnd(e->builder, first);
    ir local = LLVMBuildAlloca(e->builder, type, "");
    LLVMPositionBuilderAtEnd(e->builder, here);
    return local;
}

ir emit_field_address(struct emit *e, ir frame, enum frame_field field)
{
    return LLVMBuildStructGEP2(e->builder, e->frame, frame, (unsigned)field, "");
}

ir emit_field(struct emit *e, ir frame, enum frame_field field)
{
    return LLVMBuildLoad2(e->builder, LLVMStructGetTypeAtIndex(e->frame, (unsigned)field), emit_field_address(e, frame, field), "");
}

/* ---- functions ---- */

static void attribute(struct emit *e, ir function, const char *name, uint64_t value)
{
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(e->context, kind, value));
}

static void attribute_text(struct emit *e, ir function, const char *name, const char *value)
{
    LLVMAttributeRef a = LLVMCreateStringAttribute(e->context, name, (unsigned)strlen(name), value, (unsigned)strlen(value));
    LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex, a);
}

ir emit_function(struct emit *e, const char *name, ir_type type)
{
    ir f = LLVMAddFunction(e->module, name, type);
    LLVMSetLinkage(f, LLVMInternalLinkage);
    attribute(e, f, "nounwind", 0);
    attribute_text(e, f, "target-cpu", e->target->isa);
    attribute_text(e, f, "tune-cpu", e->target->tune);
    if (e->target->isa_features[0]) attribute_text(e, f, "target-features", e->target->isa_features);
    attribute_text(e, f, "prefer-vector-width", e->target->vector_bits);
    attribute_text(e, f, "min-legal-vector-width", e->target->vector_bits);
    e->function = f;
    LLVMPositionBuilderAtEnd(e->builder, emit_block(e, "entry"));
    return f;
}

ir emit_aside_open(struct emit *e, struct emit_aside *aside, const char *name, ir_type type)
{
    *aside = (struct emit_aside){e->function, LLVMGetInsertBlock(e->builder)};
    return emit_function(e, name, type);
}

void emit_aside_close(struct emit *e, const struct emit_aside *aside, ir result)
{
    LLVMBuildRet(e->builder, result);
    e->function = aside->function;
    LLVMPositionBuilderAtEnd(e->builder, aside->block);
}

ir emit_part(struct emit *e, const char *name, ir_type *parameters, unsigned count)
{
    if (LLVMGetNamedFunction(e->module, name)) return NULL;
    e->kernel_function = e->function;
    e->kernel_block = LLVMGetInsertBlock(e->builder);
    ir f = emit_function(e, name, LLVMFunctionType(e->none, parameters, count, false));
    attribute(e, f, "noinline", 0);
    return f;
}

void emit_part_end(struct emit *e)
{
    e->function = e->kernel_function;
    emit_at(e, e->kernel_block);
}

ir emit_service(struct emit *e, const char *name, ir_type result, ir_type *parameters, unsigned count)
{
    ir f = LLVMGetNamedFunction(e->module, name);
    if (f) return f;
    f = LLVMAddFunction(e->module, name, LLVMFunctionType(result, parameters, count, false));
    attribute(e, f, "nounwind", 0);
    return f;
}

ir emit_call(struct emit *e, ir function, ir *args, unsigned count)
{
    return LLVMBuildCall2(e->builder, LLVMGlobalGetValueType(function), function, args, count, "");
}

static ir libm_function(struct emit *e, const char *name, ir_type element, unsigned count)
{
    char spelled[32];
    ir_type parameters[3] = {element, element, element};
    snprintf(spelled, sizeof spelled, "%s%s", name, element == e->f32 ? "f" : "");
    ir f = LLVMGetNamedFunction(e->module, spelled);
    if (f) return f;
    f = LLVMAddFunction(e->module, spelled, LLVMFunctionType(element, parameters, count, false));
    attribute(e, f, "nounwind", 0);
    attribute(e, f, "willreturn", 0);
    attribute(e, f, "memory", 0); /* none: we never look at errno */
    return f;
}

/* gan_NAME_LANES: a loop over the lanes, a function of its own to keep kernels small. */
static ir libm_lanes(struct emit *e, const char *name, ir_type type, unsigned count)
{
    char spelled[48];
    unsigned lanes = LLVMGetVectorSize(type);
    snprintf(spelled, sizeof spelled, "gan_%s%s_%u", name, scalar_type(type) == e->f32 ? "f" : "", lanes);
    ir f = LLVMGetNamedFunction(e->module, spelled);
    if (f) return f;
    ir scalar = libm_function(e, name, scalar_type(type), count);
    struct emit_aside aside;
    ir_type parameters[3] = {type, type, type};
    f = emit_aside_open(e, &aside, spelled, LLVMFunctionType(type, parameters, count, false));
    ir room[3], result = emit_local(e, type), args[3];
    for (unsigned i = 0; i < count; i++) {
        room[i] = emit_local(e, type);
        LLVMBuildStore(e->builder, LLVMGetParam(f, i), room[i]);
    }
    struct emit_loop loop;
    emit_loop_open(e, &loop, emit_i64(e, 0), emit_i64(e, lanes), 1);
    for (unsigned i = 0; i < count; i++) args[i] = emit_load(e, scalar_type(type), emit_offset(e, room[i], scalar_type(type), loop.index));
    emit_store(e, emit_call(e, scalar, args, count), emit_offset(e, result, scalar_type(type), loop.index));
    emit_loop_close(e, &loop);
    emit_aside_close(e, &aside, LLVMBuildLoad2(e->builder, type, result, ""));
    return f;
}

ir emit_libm(struct emit *e, const char *name, const ir *args, unsigned count)
{
    ir list[3];
    memcpy(list, args, count * sizeof *args);
    if (emit_lanes(args[0]) == 1) return emit_call(e, libm_function(e, name, LLVMTypeOf(args[0]), count), list, count);
    return emit_call(e, libm_lanes(e, name, LLVMTypeOf(args[0]), count), list, count);
}

/* ---- control flow ---- */

LLVMBasicBlockRef emit_block(struct emit *e, const char *name)
{
    return LLVMAppendBasicBlockInContext(e->context, e->function, name);
}

void emit_at(struct emit *e, LLVMBasicBlockRef block)
{
    LLVMPositionBuilderAtEnd(e->builder, block);
}

void emit_go(struct emit *e, LLVMBasicBlockRef block)
{
    LLVMBuildBr(e->builder, block);
    emit_at(e, block);
}

void emit_branch(struct emit *e, ir condition, LLVMBasicBlockRef yes, LLVMBasicBlockRef no)
{
    LLVMBuildCondBr(e->builder, condition, yes, no);
}

/* Tested at the bottom, guarded at the top where it may be empty: the form that loop-invariant code motion wants. */
void emit_loop_open(struct emit *e, struct emit_loop *loop, ir low, ir high, int64_t step)
{
    int64_t from, to;
    LLVMBasicBlockRef before = LLVMGetInsertBlock(e->builder);
    loop->body = emit_block(e, "loop");
    loop->after = emit_block(e, "done");
    loop->high = high;
    loop->step = emit_i64(e, step);
    if (emit_known(low, &from) && emit_known(high, &to) && from < to) LLVMBuildBr(e->builder, loop->body);
    else emit_branch(e, emit_icmp(e, LLVMIntSLT, low, high), loop->body, loop->after);
    emit_at(e, loop->body);
    loop->index = LLVMBuildPhi(e->builder, e->i64, "i");
    LLVMAddIncoming(loop->index, &low, &before, 1);
}

void emit_loop_close(struct emit *e, struct emit_loop *loop)
{
    ir next = LLVMBuildNSWAdd(e->builder, loop->index, loop->step, "");
    LLVMBasicBlockRef last = LLVMGetInsertBlock(e->builder);
    LLVMAddIncoming(loop->index, &next, &last, 1);
    emit_branch(e, emit_icmp(e, LLVMIntSLT, next, loop->high), loop->body, loop->after);
    emit_at(e, loop->after);
}
