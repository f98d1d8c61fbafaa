/* command_check.c: `ganc check`: errors and warnings only.
 *
 * A model that can be elaborated is taken on to the plan of its memory, where E0811 and E0812 are found; not one of so many values that this
 * would take seconds: its errors are then all but these. */
#include "command.h"

enum { VALUES = 20000 }; /* about a second, on one core of 2020 */

static uint32_t count_values(const struct program *p)
{
    uint32_t n = 0;
    for (uint32_t i = 0; p && i < p->graphs.n; i++) n += p->graphs.at[i]->nodes.n;
    return n;
}

int command_check(struct compilation *c, struct options *o)
{
    for (uint32_t i = 0; i < o->files.n; i++) {
        c->path = o->files.at[i];
        if (compile(c, AT_GRAPH) && count_values(c->program) <= VALUES) compile_on(c, AT_PLAN);
    }
    return command_finish(c, o, 0);
}
