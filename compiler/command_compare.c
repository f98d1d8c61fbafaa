/* command_compare.c: `ganc compare`: the compiled code against the reference evaluator (compare.c), or kernel by kernel (compare_kernels.c). */
#include "command.h"
#include "compare.h"

/* Norm-wise, over a whole tensor: some roundings; what is more, compare.c holds against the noise of rounding. */
int command_compare(struct compilation *c, struct options *o)
{
    bool good = true;
    for (uint32_t i = 0; i < o->files.n; i++) {
        c->path = o->files.at[i];
        double bound = c->g->f64 ? 1e-14 : 1e-6;
        good = (option_given(o, "--kernels") ? compare_kernels(c, bound) : compare_model(c, bound)) && good;
    }
    return command_finish(c, o, good ? 0 : 1);
}
