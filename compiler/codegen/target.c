/* target.c: from the name of a processor to a target machine.
 *
 * On x86-64 a processor stands for two things: one of two instruction sets, x86-64-v3 (AVX2, FMA) or x86-64-v4 (AVX-512 F, BW, CD, DQ, VL),
 * and what to tune for. Nothing beyond the set is emitted, so the list of features that the trainer checks is exact, and the
 * same object runs on every processor of the set. Results do not depend on the set: vectors have one width in lanes on all of them. */
#include "codegen/target.h"

#include "base/diag.h"
#include "codegen/codegen.h"

#include <llvm-c/Core.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <stdio.h>
#include <string.h>

enum isa { ISA_OLD, ISA_V3, ISA_V4 };

/* LLVM's names; those that LLVM spells in several ways stand here in each. */
static const struct {
    const char *name;
    enum isa isa;
} processors[] = {
    {"x86-64-v3", ISA_V3}, {"x86-64-v4", ISA_V4}, {"haswell", ISA_V3}, {"broadwell", ISA_V3}, {"skylake", ISA_V3},
    {"alderlake", ISA_V3}, {"raptorlake", ISA_V3}, {"meteorlake", ISA_V3}, {"arrowlake", ISA_V3}, {"lunarlake", ISA_V3},
    {"pantherlake", ISA_V3}, {"gracemont", ISA_V3}, {"sierraforest", ISA_V3}, {"grandridge", ISA_V3}, {"clearwaterforest", ISA_V3},
    {"znver1", ISA_V3}, {"znver2", ISA_V3}, {"znver3", ISA_V3}, {"znver4", ISA_V4}, {"skylake-avx512", ISA_V4},
    {"cascadelake", ISA_V4}, {"cooperlake", ISA_V4}, {"cannonlake", ISA_V4}, {"icelake-client", ISA_V4}, {"icelake-server", ISA_V4},
    {"rocketlake", ISA_V4}, {"tigerlake", ISA_V4}, {"sapphirerapids", ISA_V4}, {"emeraldrapids", ISA_V4}, {"graniterapids", ISA_V4},
    {"graniterapids-d", ISA_V4}, {"x86-64", ISA_OLD}, {"x86-64-v2", ISA_OLD}, {"core2", ISA_OLD}, {"penryn", ISA_OLD}, {"nehalem", ISA_OLD},
    {"westmere", ISA_OLD}, {"sandybridge", ISA_OLD}, {"ivybridge", ISA_OLD}, {"silvermont", ISA_OLD}, {"goldmont", ISA_OLD},
    {"tremont", ISA_OLD}, {"btver1", ISA_OLD}, {"btver2", ISA_OLD}, {"bdver1", ISA_OLD}, {"bdver2", ISA_OLD}, {"bdver3", ISA_OLD},
    {"bdver4", ISA_OLD}, {"k8", ISA_OLD}, {"amdfam10", ISA_OLD},
};
#define PROCESSORS (sizeof processors / sizeof *processors)

#define V3_FEATURES "avx,avx2,bmi,bmi2,fma,popcnt,sse3,sse4.1,sse4.2,ssse3"
#define V4_FEATURES V3_FEATURES ",avx512bw,avx512cd,avx512dq,avx512f,avx512vl"

const char *codegen_host_cpu(void)
{
    static char name[64];
    if (!name[0]) {
        char *given = LLVMGetHostCPUName();
        snprintf(name, sizeof name, "%s", given);
        LLVMDisposeMessage(given);
    }
    return name;
}

const char *codegen_llvm_version(void)
{
    static char text[48];
    unsigned major, minor, patch;
    LLVMGetVersion(&major, &minor, &patch);
    snprintf(text, sizeof text, "LLVM %u.%u.%u", major, minor, patch);
    return text;
}

/* Is "+name" in LLVM's comma-separated list? */
static bool feature_on(const char *features, const char *name, size_t length)
{
    for (const char *at = features; *at; at += strcspn(at, ","), at += *at == ',')
        if (at[0] == '+' && strcspn(at, ",") == length + 1 && !memcmp(at + 1, name, length)) return true;
    return false;
}

static bool all_on(const char *features, const char *wanted)
{
    for (const char *at = wanted; *at; at += strcspn(at, ","), at += *at == ',')
        if (!feature_on(features, at, strcspn(at, ","))) return false;
    return true;
}

static enum isa host_isa(void)
{
    char *features = LLVMGetHostCPUFeatures(); /* what this machine offers, which may be less than its name says */
    enum isa isa = all_on(features, V4_FEATURES) ? ISA_V4 : all_on(features, V3_FEATURES) ? ISA_V3 : ISA_OLD;
    LLVMDisposeMessage(features);
    return isa;
}

static bool choose_x86(struct ganc *g, struct target *t, bool native)
{
    enum isa isa = ISA_OLD;
    size_t i = 0;
    if (native) isa = host_isa();
    else {
        while (i < PROCESSORS && strcmp(processors[i].name, t->cpu)) i++;
        if (i == PROCESSORS) {
            const char *names[PROCESSORS];
            for (size_t j = 0; j < PROCESSORS; j++) names[j] = processors[j].name;
            const char *near = nearest_name(t->cpu, names, PROCESSORS);
            diag(g, E0850, (struct span){0}, t->cpu);
            if (near) diag_help(g, "did you mean %s?", near);
            diag_help(g, "some that are known: native, x86-64-v3, x86-64-v4, haswell, znver3, znver4, icelake-server, sapphirerapids");
            return false;
        }
        isa = processors[i].isa;
    }
    if (isa == ISA_OLD) {
        diag(g, E0851, (struct span){0}, t->cpu);
        return false;
    }
    t->isa = isa == ISA_V4 ? "x86-64-v4" : "x86-64-v3";
    t->tune = strncmp(t->cpu, "x86-64", 6) ? t->cpu : "generic";
    t->isa_features = "";
    t->features = isa == ISA_V4 ? V4_FEATURES : V3_FEATURES;
    t->vector_bits = isa == ISA_V4 ? "512" : "256";
    return true;
}

/* Other processors: the host as LLVM sees it, or its architecture's least. */
static bool choose_other(struct ganc *g, struct target *t, bool native)
{
    if (!native && strcmp(t->cpu, "generic")) {
        diag(g, E0850, (struct span){0}, t->cpu);
        diag_help(g, "on this architecture: native or generic");
        return false;
    }
    char *features = native ? LLVMGetHostCPUFeatures() : NULL;
    t->isa = t->tune = t->cpu;
    t->isa_features = features ? arena_format(g->mem, "%s", features) : "";
    t->features = "";
    t->vector_bits = "128";
    if (features) LLVMDisposeMessage(features);
    return true;
}

/* Once in a process. Loop strength reduction takes a fifth of the time, and finds nothing: addresses are a pointer that walks and constants. */
static void llvm_begin(void)
{
    static bool ready;
    static const char *const options[] = {"ganc", "-disable-lsr"};
    if (ready) return;
    ready = !LLVMInitializeNativeTarget() && !LLVMInitializeNativeAsmPrinter() && !LLVMInitializeNativeAsmParser();
    LLVMParseCommandLineOptions(sizeof options / sizeof *options, options, NULL);
}

bool target_open(struct ganc *g, struct target *t)
{
    llvm_begin();
    *t = (struct target){0};
    bool native = !g->cpu || !strcmp(g->cpu, "native");
    t->cpu = native ? codegen_host_cpu() : g->cpu;
    char *triple = LLVMGetDefaultTargetTriple(), *message = NULL;
    LLVMTargetRef target = NULL;
    bool good = strncmp(triple, "x86_64", 6) ? choose_other(g, t, native) : choose_x86(g, t, native);
    if (good && LLVMGetTargetFromTriple(triple, &target, &message)) {
        diag(g, E0852, (struct span){0}, message);
        good = false;
    }
    if (good)
        t->machine = LLVMCreateTargetMachine(target, triple, t->isa, t->isa_features, LLVMCodeGenLevelDefault, LLVMRelocPIC, LLVMCodeModelDefault);
    if (good && !t->machine) {
        diag(g, E0852, (struct span){0}, "no target machine for this processor");
        good = false;
    }
    LLVMDisposeMessage(message);
    LLVMDisposeMessage(triple);
    return good;
}

void target_close(struct target *t)
{
    if (t->machine) LLVMDisposeTargetMachine(t->machine);
    t->machine = NULL;
}
