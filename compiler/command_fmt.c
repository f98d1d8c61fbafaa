/* command_fmt.c: `ganc fmt`: a model in canonical layout. */
#include "base/buffer.h"
#include "command.h"

#include <stdio.h>
#include <string.h>

int command_fmt(struct compilation *c, struct options *o)
{
    int status = 0;
    for (uint32_t i = 0; i < o->files.n; i++) {
        uint32_t file, errors = diag_errors(c->g);
        struct source *s = source_read(c->g, o->files.at[i], &file);
        struct ast *tree = s ? ast_parse(c->g, file, false) : NULL;
        if (!tree || diag_errors(c->g) > errors) continue; /* a file with errors stays as it is */
        struct buffer b = {0};
        ast_format(&b, c->g, tree);
        bool same = b.length == s->length && !memcmp(b.text, s->text, b.length);
        if (option_given(o, "--check")) {
            if (!same) printf("%s\n", o->files.at[i]), status = 1;
        } else if (option_given(o, "-i")) {
            if (!same) write_file(c->g, o->files.at[i], b.text, b.length);
        } else fwrite(b.text ? b.text : "", 1, b.length, stdout);
        buffer_free(&b);
    }
    return command_finish(c, o, status);
}
