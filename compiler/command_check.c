/* command_check.c: `ganc check`: errors and warnings only. */
#include "command.h"

int command_check(struct compilation *c, struct options *o)
{
    for (uint32_t i = 0; i < o->files.n; i++) {
        c->path = o->files.at[i];
        compile(c, AT_GRAPH);
    }
    return command_finish(c, o, 0);
}
