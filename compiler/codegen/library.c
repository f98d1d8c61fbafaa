/* library.c: what libganc_llvm.so exports: the table by which ganc calls it (codegen.h). */
#include "codegen/codegen.h"

extern const struct codegen ganc_codegen;
__attribute__((visibility("default"))) const struct codegen ganc_codegen = {
    ganc_build, codegen_object, codegen_print_llvm, codegen_print_asm, codegen_host_cpu, codegen_llvm_version,
};
