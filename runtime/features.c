/* features.c: may this trainer run here? The features it was compiled for, by LLVM's names, against the processor's.
 *
 * A name that is not in the table is passed over: LLVM lists many that our code never uses (prfchw, invpcid, ...). */
#include "run.h"

#include <stdio.h>

struct feature {
    const char *name;
    bool present;
};

static bool known(const char *name, size_t length, bool *present)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    const struct feature table[] = {
        {"sse3", __builtin_cpu_supports("sse3")},
        {"ssse3", __builtin_cpu_supports("ssse3")},
        {"sse4.1", __builtin_cpu_supports("sse4.1")},
        {"sse4.2", __builtin_cpu_supports("sse4.2")},
        {"popcnt", __builtin_cpu_supports("popcnt")},
        {"avx", __builtin_cpu_supports("avx")},
        {"avx2", __builtin_cpu_supports("avx2")},
        {"fma", __builtin_cpu_supports("fma")},
        {"bmi", __builtin_cpu_supports("bmi")},
        {"bmi2", __builtin_cpu_supports("bmi2")},
        {"avx512f", __builtin_cpu_supports("avx512f")},
        {"avx512vl", __builtin_cpu_supports("avx512vl")},
        {"avx512bw", __builtin_cpu_supports("avx512bw")},
        {"avx512dq", __builtin_cpu_supports("avx512dq")},
        {"avx512cd", __builtin_cpu_supports("avx512cd")},
        {"avx512ifma", __builtin_cpu_supports("avx512ifma")},
        {"avx512vbmi", __builtin_cpu_supports("avx512vbmi")},
        {"avx512vbmi2", __builtin_cpu_supports("avx512vbmi2")},
        {"avx512vnni", __builtin_cpu_supports("avx512vnni")},
        {"avx512bitalg", __builtin_cpu_supports("avx512bitalg")},
        {"avx512vpopcntdq", __builtin_cpu_supports("avx512vpopcntdq")},
        {"vpclmulqdq", __builtin_cpu_supports("vpclmulqdq")},
        {"gfni", __builtin_cpu_supports("gfni")},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strlen(table[i].name) == length && !memcmp(table[i].name, name, length)) {
            *present = table[i].present;
            return true;
        }
#else
    (void)name, (void)length, (void)present;
#endif
    return false;
}

bool run_check(const struct ganrt_model *model, struct error *e)
{
    if (model->abi != GANRT_ABI)
        return error_set(e, "%s was compiled for version %u of the runtime, and this is version %u; compile it again with this ganc",
                         model->name, model->abi, GANRT_ABI);
    char missing[256] = "";
    size_t used = 0;
    for (const char *at = model->features ? model->features : ""; *at;) {
        size_t length = strcspn(at, ",");
        const char *name = *at == '+' ? at + 1 : at;
        size_t own = length - (size_t)(name - at);
        bool present = true;
        if (own && *name != '-' && known(name, own, &present) && !present && used + own + 3 < sizeof missing)
            used += (size_t)snprintf(missing + used, sizeof missing - used, "%s%.*s", used ? ", " : "", (int)own, name);
        at += length + (at[length] == ',');
    }
    if (!used) return true;
    return error_set(e, "%s was compiled for the processor %s, and this one has no %s; compile it with ganc --cpu=NAME for this machine",
                     model->name, model->cpu ? model->cpu : "of another machine", missing);
}
