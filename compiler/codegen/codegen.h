/* codegen.h: from kernels to machine code, and what is done with it. No LLVM in this header.
 *
 * One object, two ends: jit_load loads exactly the bytes that object_link gives to the linker. Equal kernels, processor and ganc make equal
 * bytes. */
#ifndef GANC_CODEGEN_H
#define GANC_CODEGEN_H

#include "base/buffer.h"
#include "schedule/kernels.h"

struct object {
    char *bytes; /* malloc'ed; codegen_object_free gives them back */
    size_t length;
};

/* Honours g->cpu ("native" or NULL: the host's) and g->check_bounds. Reports E085x and returns false where it cannot. */
bool codegen_object(struct ganc *g, const struct kernels *k, struct object *out);
void codegen_object_free(struct object *o);
void codegen_print_llvm(struct ganc *g, const struct kernels *k, struct buffer *to); /* after the passes: what is made into code */
void codegen_print_asm(struct ganc *g, const struct kernels *k, struct buffer *to);

const char *codegen_host_cpu(void);     /* LLVM's name for this processor */
const char *codegen_llvm_version(void); /* "LLVM 19.1.7" */

/* What needs LLVM stands in a library of its own, libganc_llvm.so, which exports this table alone. ganc opens it when it first compiles
 * (compiler/backend.c): checking a model, or running one from the cache, loads no LLVM. */
struct codegen {
    const char *build; /* ganc_build: both are of one build */
    bool (*object)(struct ganc *g, const struct kernels *k, struct object *out);
    void (*print_llvm)(struct ganc *g, const struct kernels *k, struct buffer *to);
    void (*print_asm)(struct ganc *g, const struct kernels *k, struct buffer *to);
    const char *(*host_cpu)(void), *(*llvm_version)(void);
};
extern const char ganc_build[]; /* a digest of the compiler's sources, its compiler and options (cmake/stamp.cmake) */

/* Loads the object into this process: the struct ganrt_model in it, or NULL after an error. jit_unload(handle) when nothing of it is used any more. */
const void *jit_load(struct ganc *g, const struct object *o, void **handle);
void jit_unload(void *handle);

/* Links the object and the runtime (libganrt.a) to the program `output`, by $CC, else cc. */
bool object_link(struct ganc *g, const struct object *o, const char *output, const char *runtime_library);

#endif
