/* target.h: the processor that code is made for. */
#ifndef GANC_CODEGEN_TARGET_H
#define GANC_CODEGEN_TARGET_H

#include "base/ganc.h"

#include <llvm-c/TargetMachine.h>

struct target {
    LLVMTargetMachineRef machine; /* target_close gives it back */
    const char *cpu;              /* as asked for; the host's name where that is "native" */
    const char *isa;              /* LLVM's name of the instruction set: the attribute target-cpu */
    const char *tune;             /* the processor that instructions are chosen and ordered for: tune-cpu */
    const char *isa_features;     /* the attribute target-features, may be empty */
    const char *features;         /* "avx2,fma,...": what the trainer checks before it runs anything */
    const char *vector_bits;      /* prefer-vector-width */
};

bool target_open(struct ganc *g, struct target *t); /* for g->cpu; reports E0850 to E0852 */
void target_close(struct target *t);

#endif
