/* module.c: one LLVM module for a whole model: kernels, schedule, description; the passes over it; its texts.
 *
 * The kernels are written as they should run, vectors, loops and all; the passes only tidy: locals to registers, equal address arithmetic
 * once, what a loop does not change out of it. More passes cost more than they give (docs/compile_time.md). parts.c makes the object. */
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

#define PASSES "function(sroa,early-cse,simplifycfg,loop-mssa(licm),early-cse,adce)"

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

bool module_write(struct emit *e, struct ganc *g, const struct kernels *k, struct target *target)
{
    struct timing t;
    *e = (struct emit){0};
    if (!target_open(g, target)) return false;
    emit_open(e, g, k, target);
    module_set_target(e);
    time_begin(g, &t);
    bool good = write_module(e);
    time_end(g, &t, "LLVM: emit");
    return good;
}

char *module_optimize(LLVMModuleRef module, LLVMTargetMachineRef machine, bool part)
{
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMErrorRef error = LLVMRunPasses(module, part ? "elim-avail-extern,globaldce," PASSES : PASSES, machine, options);
    LLVMDisposePassBuilderOptions(options);
    if (!error) return NULL;
    char *message = LLVMGetErrorMessage(error), *copy = strdup(message);
    LLVMDisposeErrorMessage(message);
    return copy;
}

/* The whole module after the passes, for readers. */
static bool module_make(struct emit *e, struct ganc *g, const struct kernels *k, struct target *target)
{
    struct timing t;
    if (!module_write(e, g, k, target)) return false;
    time_begin(g, &t);
    char *wrong = module_optimize(e->module, target->machine, false);
    time_end(g, &t, "LLVM: passes");
    if (wrong) diag(g, E0852, (struct span){0}, wrong);
    free(wrong);
    return !wrong;
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
    struct emit e;
    struct target target;
    LLVMMemoryBufferRef made;
    char *message = NULL;
    bool good = module_make(&e, g, k, &target);
    if (good && LLVMTargetMachineEmitToMemoryBuffer(target.machine, e.module, LLVMAssemblyFile, &message, &made)) {
        diag(g, E0852, (struct span){0}, message);
        LLVMDisposeMessage(message);
    } else if (good) {
        buffer_bytes(to, LLVMGetBufferStart(made), LLVMGetBufferSize(made));
        LLVMDisposeMemoryBuffer(made);
    }
    emit_close(&e);
    target_close(&target);
}
