/* module.c: one LLVM module for a whole model: kernels, schedule, description; the passes over it; its three outcomes.
 *
 * The kernels are written as they should run, vectors, loops and all; the passes only tidy: locals to registers, equal address arithmetic
 * once, what a loop does not change out of it. */
#include "codegen/emit.h"

#include "base/diag.h"
#include "base/times.h"
#include "codegen/codegen.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/Error.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSES "function(sroa,early-cse,instcombine<no-verify-fixpoint>,simplifycfg,loop-mssa(licm),early-cse,adce)"

static bool llvm_failed(struct ganc *g, LLVMErrorRef error)
{
    if (!error) return false;
    char *message = LLVMGetErrorMessage(error);
    diag(g, E0852, (struct span){0}, message);
    LLVMDisposeErrorMessage(message);
    return true;
}

/* The verifier finds what only a mistake in this folder can make. */
static void module_verify(struct emit *e)
{
#ifndef NDEBUG
    char *message = NULL;
    if (LLVMVerifyModule(e->module, LLVMReturnStatusAction, &message)) {
        fprintf(stderr, "ganc: internal error: %s\n", message);
        abort();
    }
    LLVMDisposeMessage(message);
#else
    (void)e;
#endif
}

static void module_set_target(struct emit *e)
{
    char *triple = LLVMGetTargetMachineTriple(e->target->machine), *layout;
    LLVMTargetDataRef data = LLVMCreateTargetDataLayout(e->target->machine);
    layout = LLVMCopyStringRepOfTargetData(data);
    LLVMSetTarget(e->module, triple);
    LLVMSetDataLayout(e->module, layout);
    LLVMDisposeMessage(layout);
    LLVMDisposeMessage(triple);
    LLVMDisposeTargetData(data);
}

static bool write_module(struct emit *e)
{
    const struct kernels *k = e->k;
    uint32_t errors = diag_errors(e->g);
    for (uint32_t i = 0; i < k->graphs.n; i++)
        for (uint32_t j = 0; j < k->graphs.at[i].kernels.n; j++) kernel_emit(e, i, j);
    schedule_emit(e);
    descriptor_emit(e);
    if (diag_errors(e->g) > errors) return false;
    module_verify(e);
    return true;
}

bool module_make(struct emit *e, struct ganc *g, const struct kernels *k, struct target *target)
{
    struct timing t;
    *e = (struct emit){0};
    if (!target_open(g, target)) return false;
    emit_open(e, g, k, target);
    module_set_target(e);
    time_begin(g, &t);
    bool good = write_module(e);
    time_end(g, &t, "LLVM: emit");
    if (!good) return false;
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    time_begin(g, &t);
    good = !llvm_failed(g, LLVMRunPasses(e->module, PASSES, target->machine, options));
    time_end(g, &t, "LLVM: passes");
    LLVMDisposePassBuilderOptions(options);
    return good;
}

static bool module_emit(struct ganc *g, const struct kernels *k, LLVMCodeGenFileType type, LLVMMemoryBufferRef *out)
{
    struct emit e;
    struct target target;
    struct timing t;
    char *message = NULL;
    bool good = module_make(&e, g, k, &target);
    time_begin(g, &t);
    if (good && LLVMTargetMachineEmitToMemoryBuffer(target.machine, e.module, type, &message, out)) {
        diag(g, E0852, (struct span){0}, message);
        LLVMDisposeMessage(message);
        good = false;
    }
    time_end(g, &t, "LLVM: instructions");
    emit_close(&e);
    target_close(&target);
    return good;
}

bool codegen_object(struct ganc *g, const struct kernels *k, struct object *out)
{
    LLVMMemoryBufferRef made;
    *out = (struct object){0};
    if (!module_emit(g, k, LLVMObjectFile, &made)) return false;
    out->length = LLVMGetBufferSize(made);
    out->bytes = malloc(out->length);
    if (!out->bytes) diag(g, E0852, (struct span){0}, "out of memory");
    else memcpy(out->bytes, LLVMGetBufferStart(made), out->length);
    LLVMDisposeMemoryBuffer(made);
    return out->bytes != NULL;
}

void codegen_print_llvm(struct ganc *g, const struct kernels *k, struct buffer *to)
{
    struct emit e;
    struct target target;
    if (module_make(&e, g, k, &target)) {
        char *text = LLVMPrintModuleToString(e.module);
        buffer_bytes(to, text, strlen(text));
        LLVMDisposeMessage(text);
    }
    emit_close(&e);
    target_close(&target);
}

void codegen_print_asm(struct ganc *g, const struct kernels *k, struct buffer *to)
{
    LLVMMemoryBufferRef made;
    if (!module_emit(g, k, LLVMAssemblyFile, &made)) return;
    buffer_bytes(to, LLVMGetBufferStart(made), LLVMGetBufferSize(made));
    LLVMDisposeMemoryBuffer(made);
}
