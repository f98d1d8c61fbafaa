/* command_info.c: `ganc info`: what a model is (info.h). */
#include "base/buffer.h"
#include "command.h"
#include "info.h"

int command_info(struct compilation *c, struct options *o)
{
    if (o->files.n != 1) return usage_error("%s", "one model at a time");
    c->path = o->files.at[0];
    if (!compile(c, AT_GRAPH)) return command_finish(c, o, 1);
    if (!compile_on(c, AT_PLAN)) c->kernels = NULL; /* why was reported: what is known is shown all the same */
    struct buffer b = {0};
    if (option_given(o, "--json")) info_json(&b, c);
    else info_text(&b, c);
    write_file(c->g, o->output ? o->output : "-", b.text, b.length);
    buffer_free(&b);
    return command_finish(c, o, 0);
}
