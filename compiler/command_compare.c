/* command_compare.c: `ganc compare`: the compiled code against the reference evaluator (compare.c). */
#include "command.h"
#include "compare.h"

/* Norm-wise, over a whole tensor: rounding in f32 through a few layers; in f64 what is left is
 * the order of summation. (A gradient that is a difference of nearly equal sums, as of D's last bias at first, loses digits.) */
int command_compare(struct compilation *c, struct options *o)
{
    bool good = true;
    for (uint32_t i = 0; i < o->files.n; i++) {
        c->path = o->files.at[i];
        good = compare_model(c, c->g->f64 ? 1e-10 : 5e-3, false) && good;
    }
    return command_finish(c, o, good ? 0 : 1);
}
