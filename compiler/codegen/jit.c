/* jit.c: the object loaded into this process: the same bytes that the linker would get, by LLVM's JIT linker.
 *
 * The runtime's services are given by address, so that nothing depends on which symbols this program exports; the C library's functions are
 * looked up in the process. */
#include "codegen/codegen.h"

#include "base/diag.h"

#include <ganrt/model.h>
#include <llvm-c/Core.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Target.h>

static bool jit_failed(struct ganc *g, LLVMErrorRef error)
{
    if (!error) return false;
    char *message = LLVMGetErrorMessage(error);
    diag(g, E0855, (struct span){0}, message);
    LLVMDisposeErrorMessage(message);
    return true;
}

#define SERVICE(name) {#name, (LLVMOrcExecutorAddress)(uintptr_t)name}

static LLVMErrorRef define_services(LLVMOrcLLJITRef jit)
{
    const struct {
        const char *name;
        LLVMOrcExecutorAddress address;
    } services[] = {SERVICE(ganrt_begin), SERVICE(ganrt_parallel), SERVICE(ganrt_serial),
                    SERVICE(ganrt_sgemm), SERVICE(ganrt_dgemm),    SERVICE(ganrt_bounds)};
    LLVMOrcCSymbolMapPair pairs[sizeof services / sizeof *services];
    size_t count = sizeof services / sizeof *services;
    for (size_t i = 0; i < count; i++) {
        LLVMJITSymbolFlags flags = {LLVMJITSymbolGenericFlagsExported | LLVMJITSymbolGenericFlagsCallable, 0};
        pairs[i] = (LLVMOrcCSymbolMapPair){LLVMOrcLLJITMangleAndIntern(jit, services[i].name), {services[i].address, flags}};
    }
    return LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(jit), LLVMOrcAbsoluteSymbols(pairs, count));
}

static LLVMErrorRef load(LLVMOrcLLJITRef jit, const struct object *o, LLVMOrcExecutorAddress *model)
{
    LLVMOrcJITDylibRef library = LLVMOrcLLJITGetMainJITDylib(jit);
    LLVMOrcDefinitionGeneratorRef process;
    LLVMErrorRef error = define_services(jit);
    if (error) return error;
    error = LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(&process, LLVMOrcLLJITGetGlobalPrefix(jit), NULL, NULL);
    if (error) return error;
    LLVMOrcJITDylibAddGenerator(library, process);
    error = LLVMOrcLLJITAddObjectFile(jit, library, LLVMCreateMemoryBufferWithMemoryRangeCopy(o->bytes, o->length, "model"));
    return error ? error : LLVMOrcLLJITLookup(jit, model, "ganrt_model");
}

const void *jit_load(struct ganc *g, const struct object *o, void **handle)
{
    LLVMOrcLLJITRef jit = NULL;
    LLVMOrcExecutorAddress model = 0;
    *handle = NULL;
    LLVMInitializeNativeTarget();
    LLVMInitializeNativeAsmPrinter();
    if (jit_failed(g, LLVMOrcCreateLLJIT(&jit, NULL))) return NULL;
    if (jit_failed(g, load(jit, o, &model))) {
        jit_unload(jit);
        return NULL;
    }
    *handle = jit;
    return (const void *)(uintptr_t)model;
}

void jit_unload(void *handle)
{
    if (handle) LLVMConsumeError(LLVMOrcDisposeLLJIT(handle));
}

int jit_run(struct ganc *g, const struct object *o, int argc, char **argv)
{
    void *handle;
    const struct ganrt_model *model = jit_load(g, o, &handle);
    if (!model) return 1;
    int status = ganrt_main(model, argc, argv);
    jit_unload(handle);
    return status;
}
