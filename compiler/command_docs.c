/* command_docs.c: `ganc ops`, `ganc passes`, `ganc library`: what the compiler is made from, as Markdown. */
#include "base/buffer.h"
#include "command.h"
#include "elaborate/library.h"
#include "ops/ops.h"
#include "passes/passes.h"
#include "schedule/rules.h"

static int print(struct compilation *c, struct options *o, struct buffer *b)
{
    write_file(c->g, o->output ? o->output : "-", b->text, b->length);
    buffer_free(b);
    return command_finish(c, o, 0);
}

int command_ops(struct compilation *c, struct options *o)
{
    struct buffer b = {0};
    ops_print_docs(&b);
    return print(c, o, &b);
}

int command_passes(struct compilation *c, struct options *o)
{
    struct buffer b = {0};
    passes_print_docs(&b);
    rules_print_docs(&b);
    return print(c, o, &b);
}

int command_library(struct compilation *c, struct options *o)
{
    struct buffer b = {0};
    library_print_docs(c->g, &b);
    return print(c, o, &b);
}
