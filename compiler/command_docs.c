/* command_docs.c: `ganc ops`, `ganc passes`: the tables that the compiler is made from, as Markdown. */
#include "base/buffer.h"
#include "command.h"
#include "ops/ops.h"
#include "passes/passes.h"

static int print(struct compilation *c, struct options *o, void (*print_to)(struct buffer *))
{
    struct buffer b = {0};
    print_to(&b);
    write_file(c->g, o->output ? o->output : "-", b.text, b.length);
    buffer_free(&b);
    return command_finish(c, o, 0);
}

int command_ops(struct compilation *c, struct options *o)
{
    return print(c, o, ops_print_docs);
}

int command_passes(struct compilation *c, struct options *o)
{
    return print(c, o, passes_print_docs);
}
