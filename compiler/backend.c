/* backend.c: code generation as the driver sees it: the functions of codegen.h, each of which opens libganc_llvm.so at first use.
 *
 * The library stands beside ganc (build tree), or where it was installed. */
#include "base/diag.h"
#include "base/times.h"
#include "codegen/codegen.h"
#include "place.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* NULL: *why says why. */
static const struct codegen *open_library(const char **why)
{
    static const struct codegen *opened;
    static char path[PLACE_LENGTH];
    if (opened) return opened;
    *why = "it is not beside ganc, nor where it was installed";
    if (!place_find("libganc_llvm.so", path)) return NULL;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct codegen *table = library ? dlsym(library, "ganc_codegen") : NULL;
    if (!table) *why = dlerror();
    else if (strcmp(table->build, ganc_build)) *why = "it is of another build of ganc";
    else opened = table;
    return opened;
}

static const struct codegen *backend(struct ganc *g)
{
    struct timing timing;
    const char *why;
    time_begin(g, &timing);
    const struct codegen *c = open_library(&why);
    time_end(g, &timing, "load LLVM");
    if (!c) diag(g, E0860, (struct span){0}, why);
    return c;
}

bool codegen_object(struct ganc *g, const struct kernels *k, struct object *out)
{
    const struct codegen *c = backend(g);
    *out = (struct object){0};
    return c && c->object(g, k, out);
}

void codegen_print_llvm(struct ganc *g, const struct kernels *k, struct buffer *to)
{
    const struct codegen *c = backend(g);
    if (c) c->print_llvm(g, k, to);
}

void codegen_print_asm(struct ganc *g, const struct kernels *k, struct buffer *to)
{
    const struct codegen *c = backend(g);
    if (c) c->print_asm(g, k, to);
}

const char *codegen_host_cpu(void)
{
    const char *why;
    const struct codegen *c = open_library(&why);
    return c ? c->host_cpu() : NULL;
}

const char *codegen_llvm_version(void)
{
    const char *why;
    const struct codegen *c = open_library(&why);
    return c ? c->llvm_version() : NULL;
}
