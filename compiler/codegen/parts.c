/* parts.c: a model's object, compiled in parts on several threads.
 *
 * Choosing instructions takes nearly all of the time, and LLVM does it on one thread for each context. So the module is written several times,
 * which is cheap, each time in a context of its own; each copy keeps the bodies of its share of the functions, and has the others as
 * declarations. Which functions are whose follows from their sizes alone, never from the machine: equal kernels make equal bytes. Functions of
 * one part are called from others, so they are hidden symbols rather than internal ones; a table or a text is private to each part that reads it. */
#define _GNU_SOURCE
#include "codegen/parts.h"

#include "base/diag.h"
#include "base/times.h"
#include "codegen/emit.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SMALL 2500  /* instructions: fewer are one part */
#define LARGE 60000 /* more are four; between, two: each further part is one more copy to write */
#define PARTS 4
#define STACK ((size_t)16 << 20) /* of a thread: LLVM walks large expressions by recursion */

static unsigned parts_of(uint64_t instructions)
{
    return instructions < SMALL ? 1 : instructions < LARGE ? 2 : PARTS;
}

struct part {
    struct emit e;
    struct target target;
    bool alone;                 /* the only one */
    double passes, instructions; /* milliseconds */
    char *wrong;                /* malloc'ed */
    LLVMMemoryBufferRef made;
};

struct work {
    struct part *parts;
    unsigned count;
    atomic_uint next;
};

/* ---- which functions are whose ---- */

static uint64_t instructions_of(LLVMValueRef function)
{
    uint64_t n = 0;
    for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(function); b; b = LLVMGetNextBasicBlock(b))
        for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i)) n++;
    return n;
}

static uint64_t module_instructions(LLVMModuleRef module)
{
    uint64_t n = 0;
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) n += instructions_of(f);
    return n;
}

/* Functions in their order, cut into shares of about equal size. */
static void keep_share(LLVMModuleRef module, unsigned part, unsigned count, uint64_t total)
{
    uint64_t before = 0;
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
        if (LLVMIsDeclaration(f)) continue;
        uint64_t size = instructions_of(f), middle = before + size / 2;
        LLVMSetLinkage(f, middle * count / total == part ? LLVMExternalLinkage : LLVMAvailableExternallyLinkage);
        LLVMSetVisibility(f, LLVMHiddenVisibility);
        before += size;
    }
    if (part) LLVMSetLinkage(LLVMGetNamedGlobal(module, "ganrt_model"), LLVMAvailableExternallyLinkage);
}

/* ---- on any thread ---- */

static void compile_part(struct part *p)
{
    char *message = NULL;
    double began = times_now();
    p->wrong = module_optimize(p->e.module, p->target.machine, !p->alone);
    p->passes = times_now() - began;
    if (p->wrong) return;
    if (LLVMTargetMachineEmitToMemoryBuffer(p->target.machine, p->e.module, LLVMObjectFile, &message, &p->made)) p->wrong = strdup(message), p->made = NULL;
    LLVMDisposeMessage(message);
    p->instructions = times_now() - began - p->passes;
}

static void *compile_parts(void *argument)
{
    struct work *w = argument;
    for (unsigned i; (i = atomic_fetch_add(&w->next, 1)) < w->count;) compile_part(&w->parts[i]);
    return NULL;
}

static unsigned processors(void)
{
    cpu_set_t set;
    return LLVMIsMultithreaded() && sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

/* What cannot be started is done by those that run. */
static void compile_all(struct work *w)
{
    pthread_t threads[PARTS];
    pthread_attr_t attributes;
    unsigned started = 0, most = processors();
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    while (started + 1 < most && started + 1 < w->count && !pthread_create(&threads[started], &attributes, compile_parts, w)) started++;
    pthread_attr_destroy(&attributes);
    compile_parts(w);
    for (unsigned i = 0; i < started; i++) pthread_join(threads[i], NULL);
}

/* ---- the whole ---- */

static bool write_parts(struct ganc *g, const struct kernels *k, struct work *w)
{
    if (!module_write(&w->parts[0].e, g, k, &w->parts[0].target)) return false;
    uint64_t total = module_instructions(w->parts[0].e.module);
    w->count = parts_of(total);
    w->parts[0].alone = w->count == 1;
    for (unsigned i = 1; i < w->count; i++)
        if (!module_write(&w->parts[i].e, g, k, &w->parts[i].target)) return false;
    for (unsigned i = 0; w->count > 1 && i < w->count; i++) keep_share(w->parts[i].e.module, i, w->count, total);
    return true;
}

static bool join_parts(struct ganc *g, struct work *w, struct object *out)
{
    struct object objects[PARTS];
    double passes = 0, instructions = 0;
    const char *wrong = NULL;
    for (unsigned i = 0; i < w->count; i++) {
        const struct part *p = &w->parts[i];
        if (p->wrong) wrong = p->wrong;
        else objects[i] = (struct object){(char *)(uintptr_t)LLVMGetBufferStart(p->made), LLVMGetBufferSize(p->made)};
        passes += p->passes;
        instructions += p->instructions;
    }
    time_note(g, arena_format(g->mem, "LLVM: passes, %u part%s", w->count, w->count > 1 ? "s" : ""), passes);
    time_note(g, "LLVM: instructions", instructions);
    if (!wrong && w->count == 1) {
        out->bytes = malloc(objects[0].length);
        out->length = objects[0].length;
        if (out->bytes) memcpy(out->bytes, objects[0].bytes, out->length);
        else wrong = "out of memory";
    } else if (!wrong) wrong = objects_merge(objects, w->count, out);
    if (wrong) diag(g, E0852, (struct span){0}, wrong);
    return !wrong;
}

bool codegen_object(struct ganc *g, const struct kernels *k, struct object *out)
{
    struct part parts[PARTS] = {0};
    struct work work = {.parts = parts};
    struct timing t;
    *out = (struct object){0};
    bool good = write_parts(g, k, &work);
    if (good) {
        time_begin(g, &t);
        compile_all(&work);
        time_end(g, &t, "LLVM: parts, on all threads");
        good = join_parts(g, &work, out);
    }
    for (unsigned i = 0; i < PARTS; i++) {
        if (parts[i].made) LLVMDisposeMemoryBuffer(parts[i].made);
        free(parts[i].wrong);
        emit_close(&parts[i].e);
        target_close(&parts[i].target);
    }
    if (!good) codegen_object_free(out);
    return good;
}
